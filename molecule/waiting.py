# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the tests of all scenarios wait."""

import time

import pytest


def eventually(question, timeout=60):
    """The first true answer."""
    deadline = time.monotonic() + timeout
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline:
            pytest.fail("no answer but %r after %d s" % (answer, timeout))
        time.sleep(0.5)


def until_mailman_is_idle(host, queues, besides="nothing"):
    """As soon as no message is under way in Mailman: in one of its queues (besides one that may hold some), or (.bak) being worked on."""
    under_way = "find %s -ignore_readdir_race '(' -name '*.pck' -o -name '*.bak' ')' ! -path '*/%s/*'" % (queues, besides)
    # Twice, for one may move while the queues are looked through.
    eventually(lambda: not host.check_output("%s; %s" % (under_way, under_way)))
