# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Further runs of site.yml with other values: what each changes on the wire, and which services it restarts.

The tests of a host stand in the order of its runs: each compares with what the one before left.
"""

import contextlib

import pytest
from helpers import MEMBERS, assert_verp

CONFIGURATION = "/etc/exim4/exim4.conf"


@pytest.fixture(scope="module")
def change(list_host, run_site, exim, mailman):
    """Run site.yml with changed values."""

    def change(**variables):
        """The services that were restarted."""
        before = {"exim": exim.pid(), "mailman": mailman.pid()}
        run = run_site(list_host.name, **variables)
        assert not run.failure(list_host.name)
        assert run.changes[list_host.name] > 0
        after = {"exim": exim.pid(), "mailman": mailman.pid()}
        return {service for service, pid in before.items() if after[service] != pid}

    return change


def assert_errors_to(copies):
    assert [copy.content.get_all("Errors-To") for copy in copies] == [[copy.mail_from] for copy in copies]


def by_domain(recipients):
    """Those of each domain: one message to one server."""
    domains = {recipient.split("@")[1] for recipient in recipients}
    return [sorted(recipient for recipient in recipients if recipient.endswith("@" + domain)) for domain in domains]


def test_verp_by_mailman(change, post, exim):
    """Every post is VERPed; as each message has one recipient, they take more than one connection."""
    assert change(mailman_verp="mailman") == {"exim", "mailman"}
    copies, message_id = post("testlist", copies=35)
    assert_verp(copies, "testlist")
    assert_errors_to(copies)
    messages = exim.arrivals(message_id)
    assert [len(recipients) for message in messages.values() for recipients in message] == [1] * 35
    # SMTP_MAX_SESSIONS_PER_CONNECTION.
    assert sorted(len(connection) for connection in messages.values()) == [5, 30]
    # What is beyond smtp_accept_queue_per_connection waits for a queue run.
    assert "no immediate delivery" not in exim.log()


def test_verp_by_mailman_at_intervals(change, post):
    """Every third post. It is Mailman's business alone."""
    assert change(mailman_verp="mailman", mailman_verp_interval=3) == {"mailman"}
    verped = 0
    for _number in range(3):
        copies, _message_id = post("open", copies=3)
        assert_errors_to(copies)
        with contextlib.suppress(AssertionError):
            assert_verp(copies, "open")
            verped += 1
    assert verped == 1


def test_no_verp(change, post, exim, list_host):
    """The bulk messages that Mailman hands over leave as they are. An alias that is added restarts nothing: Exim reads it when it needs it."""
    assert change(mailman_verp="none", exim_aliases={"help": "helpdesk@example.net"}) == {"mailman"}
    copies, message_id = post("testlist", copies=35)
    assert {copy.mail_from for copy in copies} == {"testlist-bounces@list.example.com"}
    assert_errors_to(copies)
    [messages] = exim.arrivals(message_id).values()
    assert sorted(len(recipients) for recipients in messages) == [1, 4, 15, 15]
    assert sorted(recipient for recipients in messages for recipient in recipients) == sorted(MEMBERS)
    assert sorted(sorted(copy.rcpt_tos) for copy in copies) == sorted(group for message in messages for group in by_domain(message))
    assert exim.routes("help@" + list_host.fqdn).startswith("helpdesk@example.net\n")


def test_aliases_alone_restart_nothing(change, exim, list_host):
    assert change(mailman_verp="none", exim_aliases={"help": "others@example.net"}) == set()
    assert exim.routes("help@" + list_host.fqdn).startswith("others@example.net\n")


def test_exims_own_business(change, list_host, internet, dialogue):
    assert change(mailman_verp="none", exim_aliases={"help": "others@example.net"}, exim_message_size_limit="200K") == {"exim"}
    assert "SIZE 204800" in dialogue(internet, list_host.ip, "gustav@example.org")["EHLO"][1]


def test_configuration_that_exim_refuses_does_not_go_live(list_host, run_site, exim):
    """The HOWTO's verb, for one."""
    live, pid = list_host.file(CONFIGURATION).content_string, exim.pid()
    block = {"slot": "acl_rcpt_local", "name": "the HOWTO's verb", "content": "  reject\n    senders = :"}
    message = run_site(list_host.name, mailman_verp="none", exim_blocks=[block]).failure(list_host.name)
    assert "Exim configuration error in line" in message
    assert "reject" in message
    assert list_host.file(CONFIGURATION).content_string == live
    assert exim.pid() == pid


def test_wrapper_that_was_built_for_another_group(list_host, run_site, mailman):
    prefix = mailman.prefix
    message = run_site(list_host.name, mailman_install_method="existing", mailman_mail_group="daemon", exim_message_size_limit="300K").failure(list_host.name)
    assert "mailman_mail_group is 'daemon'" in message
    assert "%s/mail/mailman was built for list" % prefix in message
    assert "300K" not in list_host.file(CONFIGURATION).content_string


def test_verp_by_exim_again(change, post):
    """The inventory's own values."""
    assert change() == {"exim", "mailman"}
    copies, _message_id = post("testlist", copies=35)
    assert_verp(copies, "testlist")
    assert_errors_to(copies)
