# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.listhost.exim_mailman.plugins.test.domain_name import is_domain_name


@pytest.mark.parametrize("value", ["example.com", "list.example.com", "a.b", "x-1.example.org", "xn--bcher-kva.example", "4.example.com", "l" * 63 + ".org"])
def test_a_domain(value):
    assert is_domain_name(value)


@pytest.mark.parametrize("value", [
    "", "example", "example.com.", ".example.com", "-a.example.com", "a-.example.com", "Example.com", "a b.com", "a_b.com", "a..com", "a.com\n",
    "a@b.com", "192.0.2.1", "l" * 64 + ".org", "a." * 130 + "org", "bücher.example", None, 5, ["example.com"], "example.com : *",
])
def test_no_domain(value):
    assert not is_domain_name(value)
