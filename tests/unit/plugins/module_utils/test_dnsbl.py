# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _dnsbl as dnsbl


@pytest.mark.parametrize(("answer", "counting", "listed"), [
    ("127.0.0.2", "", True), ("127.0.0.11", "", True), ("127.0.1.2", "", True),
    ("127.255.255.254", "", False), ("127.255.255.252", "", False), ("127.0.0.1", "", False),
    # What is no list's answer, as of a domain that has been sold.
    ("192.0.2.1", "", False),
    ("127.0.0.2", "127.0.0.2", True), ("127.0.0.4", "127.0.0.2", False), ("127.0.0.4", "127.0.0.2,127.0.0.4", True), ("127.0.0.9", "127.0.0.0/24", True),
    ("127.0.0.9", "127.0.0.2/24,", True), ("127.0.1.9", "127.0.0.2/24,", False),
    # Who says so means it.
    ("127.0.0.1", "127.0.0.1", True),
])
def test_what_means_listed(answer, counting, listed):
    assert dnsbl.is_listed(answer, counting) is listed


def test_refusals():
    assert [dnsbl.is_refusal(answer) for answer in ("127.255.255.254", "127.255.255.0", "127.0.0.1", "127.0.0.2", "127.255.254.1")] == [
        True, True, True, False, False]


def test_questions():
    assert dnsbl.question("192.0.2.1", "bl.test") == "1.2.0.192.bl.test"
    assert dnsbl.question("2001:db8::1", "bl.test") == "1." + 23 * "0." + "8.b.d.0.1.0.0.2.bl.test"
