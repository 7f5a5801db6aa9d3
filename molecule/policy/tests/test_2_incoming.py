# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of mail from outside. Addresses for bounces are exempt from all of them: a subscriber whose server does things wrong must get off the list."""

import uuid

import pytest
from conftest import letter

LIST = "testlist@list.example.com"
BOUNCES = ["testlist-bounces@list.example.com", "testlist-bounces+luser=example.com@list.example.com"]


def somebody(domain="example.org", kind=""):
    """An address that no callout has asked for yet."""
    return "%s%s@%s" % (kind, uuid.uuid4().hex, domain)


@pytest.fixture(scope="module", autouse=True)
def no_counts(list_host, names):
    list_host.check_output("rm -f /var/spool/%s/db/ratelimit*" % names.exim)


def test_dns_block_list(talk, ground):
    """With the answer that counts; postmaster can be told that it is wrong."""
    [listed, otherwise] = [ground.mail_servers["example.net"], ground.mail_servers["example.edu"]]
    replies = talk(LIST, "postmaster@list.example.com", *BOUNCES, source=listed)
    assert replies[LIST] == (550, listed + " is listed by bl.test")
    assert [code for code, _text in list(replies.values())[-3:]] == [250, 250, 250]
    assert talk(LIST, source=otherwise).last[0] == 250
    assert talk(LIST).last[0] == 250


@pytest.mark.parametrize("helo", ["mailer", "{address}", "list.example.com", "{fqdn}"])
def test_helo_is_refused(talk, list_host, internet, helo):
    replies = talk(LIST, *BOUNCES, helo=helo.format(fqdn=list_host.fqdn, address=internet.ip))
    assert replies[LIST][0] == 550
    assert "HELO" in replies[LIST][1]
    assert [replies[address][0] for address in BOUNCES] == [250, 250]


def test_addresses_not_in_ascii_are_offered_when_asked(talk):
    """Scenario lists has the default."""
    assert "SMTPUTF8" in talk(LIST)["EHLO"][1].split()


def test_no_helo_at_all(talk):
    assert talk(LIST, helo="").last[0] in (503, 550)


@pytest.mark.parametrize("helo", ["client.example.org", "[{address}]", "[IPv6:2001:db8::1]"])
def test_helo_is_accepted(talk, internet, helo):
    assert talk(LIST, helo=helo.format(address=internet.ip)).last[0] == 250


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"From": None}, "no From header"),
        ({"Date": None}, "no Date header"),
        ({"Cc": "<anna@example.org"}, "Cc"),
        ({"Reply_To": "anna@@example.org"}, "Reply-To"),
    ],
)
def test_headers(talk, headers, words):
    code, text = talk(LIST, data=letter(**headers)).last
    assert code == 550
    assert words in text
    for address in BOUNCES:
        assert talk(address, sender="", data=letter(**headers)).last[0] == 250


@pytest.mark.parametrize("recipients", [[LIST, BOUNCES[0]], [BOUNCES[0], LIST]])
def test_a_post_is_checked_whoever_else_it_is_for(talk, recipients):
    code, text = talk(*recipients, data=letter(Date=None)).last
    assert (code, text) == (550, "There is no Date header")


def test_sender_callout(talk):
    """The sender's own server knows no such sender."""
    unknown = somebody(kind="reject-")
    replies = talk(LIST, *BOUNCES, sender=unknown)
    assert replies[LIST][0] == 550
    assert [replies[address][0] for address in BOUNCES] == [250, 250]
    assert talk(LIST, sender=somebody()).last[0] == 250


def test_callout_that_is_put_off(talk):
    assert talk(LIST, sender=somebody(kind="defer-")).last[0] == 250
    assert talk(LIST, data=letter(sender=somebody(kind="defer-"))).last[0] == 250


def test_header_callout(talk):
    unknown = somebody(kind="reject-")
    assert talk(LIST, data=letter(sender=unknown)).last == (550, "The sender in the headers does not exist")
    for address in BOUNCES:
        assert talk(address, sender="", data=letter(sender=unknown)).last[0] == 250


@pytest.mark.parametrize("who", ["sender", "header"])
def test_callout_of_a_silent_server(talk, silence, who):
    """Three seconds, not the minutes that SMTP allows."""
    silent = somebody("silent.test")
    replies = talk(LIST, sender=silent) if who == "sender" else talk(LIST, data=letter(sender=silent))
    silence.accept()[0].close()
    assert replies.last[0] == 250
    assert 2.5 < replies.seconds < 10


@pytest.mark.parametrize("who", ["one client", "one sender"])
def test_subscription_bomb(talk, ground, who):
    """One client in the names of many, and many clients in the name of one. Six recipients of one message count as six."""
    kinds = ["testlist-subscribe", "testlist-join", "testlist-request", "mailman-request", "testlist-subscribe", "testlist-join", "testlist-request"]
    victim = somebody()
    sources = [ground.mail_servers["example.edu"], ground.internet.ip]
    codes = []
    for number, kind in enumerate(kinds):
        one_client = {"source": ground.mail_servers["example.org"], "sender": somebody()}
        one_sender = {"source": sources[number % 2], "sender": victim}
        codes.append(talk(kind + "@list.example.com", **(one_client if who == "one client" else one_sender)).last[0])
    assert codes == [250] * 5 + [451] * 2
    others = {"source": ground.mail_servers["example.org"]} if who == "one client" else {"sender": victim}
    assert [code for code, _text in talk(LIST, "testlist-leave@list.example.com", **others).values()][-2:] == [250, 250]


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "Auto-Replied (vacation)"},
        {"Precedence": "auto_reply"},
        {"X_Autoreply": "yes"},
        {"X_Autorespond": "x"},
    ],
    ids=str,
)
def test_automatic_replies_do_not_go_to_the_list(talk, headers):
    assert talk(LIST, data=letter(**headers)).last == (550, "Automatic replies do not go to the list")
    assert talk("testlist-owner@list.example.com", data=letter(**headers)).last[0] == 250


@pytest.mark.parametrize("headers", [{"Auto_Submitted": "auto-generated"}, {"Auto_Submitted": "no"}], ids=str)
def test_automatic_posts_do(talk, headers):
    assert talk(LIST, data=letter(**headers)).last[0] == 250
