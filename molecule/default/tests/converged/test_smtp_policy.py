# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Exim accepts and refuses in an SMTP dialogue, from outside and from the host itself."""

import pytest
from helpers import letter

REFUSAL = (550, "Recipient never sends mail so cannot cause bounces")


def local_parts(*suffixes):
    return ["testlist" + suffix for suffix in suffixes]


@pytest.fixture(scope="module")
def from_outside(list_host, internet, dialogue):
    """The replies to recipients of the list domain, to a stranger's mail server."""

    def from_outside(sender, *local_parts):
        recipients = [local_part + "@list.example.com" for local_part in local_parts]
        replies = dialogue(internet, list_host.ip, sender, *recipients)
        return [replies[recipient] for recipient in recipients]

    return from_outside


def test_null_sender_is_refused(from_outside):
    """Where nothing is ever sent from. Without quotes around the reply's text."""
    refused = local_parts("", "-admin", "-join", "-leave", "-owner", "-request", "-subscribe", "-unsubscribe")
    refused += ["TestList", "Testlist-REQUEST", "my-admin", "my-admin-owner"]
    replies = from_outside("", *refused)
    assert dict(zip(refused, replies)) == dict.fromkeys(refused, REFUSAL)


def test_null_sender_is_accepted(from_outside):
    """Where bounces and answers to confirmations go, whatever characters a member's address has."""
    accepted = local_parts("-bounces", "-bounces+luser=example.com", "-confirm", "-confirm+0123456789abcdef")
    accepted += ["mailman-loop", "my-admin-bounces", "testlist-bounces+o'hara!x=example.com", "testlist-bounces+a/b=example.com"]
    replies = from_outside("", *accepted)
    assert {name: code for name, (code, _text) in zip(accepted, replies)} == dict.fromkeys(accepted, 250)


def test_mail_with_a_sender_is_accepted(from_outside):
    replies = from_outside("member1@example.org", *local_parts("", "-admin", "-owner", "-request"), "my-admin", "postmaster", "mailman")
    assert [code for code, _text in replies] == [250] * 7


def test_unknown_list_is_refused(from_outside):
    for sender in ["member1@example.org", ""]:
        replies = from_outside(sender, "nolist", "nolist-bounces", "nolist-bounces+luser=example.com")
        assert [code for code, _text in replies] == [550, 550, 550]


def test_mailmans_own_senders_are_verified(from_outside):
    """As Exim's and EPEL's default configurations also ask for."""
    for sender in ["testlist-bounces", "testlist-bounces+luser=example.com", "testlist-confirm", "testlist-owner", "mailman-bounces", "mailman-loop"]:
        assert from_outside(sender + "@list.example.com", "open")[0][0] == 250, sender
    assert "Sender verify failed" in from_outside("nolist-bounces@list.example.com", "open")[0][1]


def test_sender_of_an_unknown_domain_is_refused(from_outside):
    [(code, text)] = from_outside("someone@unknown.test", "testlist")
    assert code == 550
    assert "Sender verify failed" in text


@pytest.mark.parametrize("sender", ["someone@example.net", "", "testlist-bounces@list.example.com", "root@{fqdn}"])
def test_strangers_may_not_relay(list_host, internet, dialogue, sender):
    recipients = ["member1@example.org", "member1%example.org@list.example.com", "@list.example.com:member1@example.org", "member1@unknown.test"]
    replies = dialogue(internet, list_host.ip, sender.format(fqdn=list_host.fqdn), *recipients)
    assert [replies[recipient][0] for recipient in recipients] == [550] * 4, replies
    assert replies["member1@example.org"][1] == "Relay not permitted"


@pytest.mark.parametrize("loopback", ["127.0.0.1", "::1"])
def test_loopback_may_relay(list_host, dialogue, loopback):
    """Also without a look at the recipients' domains, which would take Mailman's time."""
    recipients = ["member1@example.org", "member1@unknown.test", "o'hara!x@example.edu"]
    replies = dialogue(list_host, loopback, "testlist-bounces@list.example.com", *recipients)
    assert [replies[recipient][0] for recipient in recipients] == [250, 250, 250], replies


def test_the_hosts_own_address_may_not_relay(list_host, dialogue):
    replies = dialogue(list_host, list_host.ip, "testlist-bounces@list.example.com", "member1@example.org")
    assert replies["member1@example.org"] == (550, "Relay not permitted")


def test_message_size_limit(list_host, internet, dialogue):
    sender, recipient = "member1@example.org", "open@list.example.com"
    replies = dialogue(internet, list_host.ip, sender, recipient, data=letter("large", body="0123456789\r\n" * 10000))
    assert "SIZE 102400" in replies["EHLO"][1].splitlines()
    assert replies["DATA"] == (552, "Message size exceeds maximum permitted")
