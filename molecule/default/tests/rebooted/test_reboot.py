# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a reboot all is as before, without a hand."""

from helpers import MEMBERS, RUNNERS, assert_verp
from waiting import eventually


def test_services_run(list_host, services):
    for service in services:
        assert list_host.service(service).is_running


def test_all_queue_runners_run(mailman):
    assert eventually(lambda: sorted(mailman.runners()) == RUNNERS)


def test_mail_flows(post):
    copies, _message_id = post("testlist", copies=35)
    assert sorted(recipient for copy in copies for recipient in copy.rcpt_tos) == sorted(MEMBERS)
    assert_verp(copies, "testlist")


def test_nothing_went_wrong(list_host, exim, mailman):
    """In all the scenario: Exim did not panic, no mail is stuck, Mailman shunted none."""
    panics = exim.log_file("panic")
    assert not panics.exists or not panics.size
    assert list_host.check_output("exim -bpc") == "0"
    # A queue that was never used need not be there.
    assert list_host.check_output("cd %s && find . -path './shunt/*' -o -path './bad/*'" % mailman.queue) == ""
