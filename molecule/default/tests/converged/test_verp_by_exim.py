# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mailman_verp: exim. Mailman hands over bulk messages, and each subscriber's server gets one with that subscriber's envelope sender."""

import uuid

import pytest
from helpers import MEMBERS, assert_verp, letter


@pytest.fixture(scope="module")
def posted(post):
    return post("testlist", copies=35)


def test_envelope_sender_names_the_recipient(posted):
    copies, _message_id = posted
    assert [len(copy.rcpt_tos) for copy in copies] == [1] * 35
    assert_verp(copies, "testlist")


def test_errors_to_is_the_envelope_sender(posted):
    copies, _message_id = posted
    assert [copy.content.get_all("Errors-To") for copy in copies] == [[copy.mail_from] for copy in copies]


def test_recipients_per_message_and_messages_per_connection(posted, exim):
    """SMTP_MAX_RCPTS is 15; Mailman makes messages for the domains' ends: 34 in org and net, one in edu."""
    _copies, message_id = posted
    [messages] = exim.arrivals(message_id).values()
    assert sorted(len(recipients) for recipients in messages) == [1, 4, 15, 15]
    assert sorted(recipient for recipients in messages for recipient in recipients) == sorted(MEMBERS)


@pytest.mark.parametrize("loopback", ["127.0.0.1", "::1"])
def test_both_loopback_addresses_are_mailmans(list_host, dialogue, sink, loopback):
    subject = "through loopback " + uuid.uuid4().hex
    mark = sink.mark()
    recipients = ["dora@example.org", "emil@example.net"]
    data = letter(subject, Errors_To="open-bounces@list.example.com")
    dialogue(list_host, loopback, "open-bounces@list.example.com", *recipients, data=data)
    copies = sink.wait(2, since=mark, host=list_host, subject=subject)
    assert_verp(copies, "open")
    assert [copy.content.get_all("Errors-To") for copy in copies] == [[copy.mail_from] for copy in copies]


def test_what_mailman_verps_itself_stays_as_it_is(list_host, dialogue, sink):
    """Personalized messages, for instance."""
    subject = "VERPed already " + uuid.uuid4().hex
    mark = sink.mark()
    sender = "open-bounces+dora=example.org@list.example.com"
    dialogue(list_host, "127.0.0.1", sender, "dora@example.org", data=letter(subject))
    [copy] = sink.wait(1, since=mark, host=list_host, subject=subject)
    assert copy.mail_from == sender


def test_the_address_that_is_subscribed_counts_not_what_an_alias_makes_of_it(list_host, dialogue, sink):
    """Mailman knows no other. Postmaster is an alias of the host's, and read elsewhere."""
    subject, mark, subscriber = "to an alias " + uuid.uuid4().hex, sink.mark(), "postmaster@" + list_host.fqdn
    dialogue(list_host, "127.0.0.1", "open-bounces@list.example.com", subscriber, data=letter(subject))
    [copy] = sink.wait(1, since=mark, host=list_host, subject=subject)
    assert copy.rcpt_tos == ["postmaster@example.org"]
    assert copy.mail_from == "open-bounces+postmaster=%s@list.example.com" % list_host.fqdn
    assert copy.content.get_all("Errors-To") == [copy.mail_from]
