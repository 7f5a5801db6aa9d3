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


pytestmark = pytest.mark.usefixtures("no_counts")


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


def test_addresses_not_in_ascii_are_offered_when_asked(talk, list_host):
    """By an Exim that can, as that of the EL layout cannot. Scenario lists has the default."""
    assert ("SMTPUTF8" in talk(LIST)["EHLO"][1].split()) == ("I18N" in list_host.check_output("exim -bV")) == (list_host.name == "debian12")


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


def test_no_callout_for_who_may_not_send_that(talk, silence):
    """Nobody has us ask other servers by naming a recipient that is none of ours."""
    assert talk("somebody@example.net", sender=somebody("silent.test")).last == (550, "Relay not permitted")
    silence.setblocking(False)
    with pytest.raises(BlockingIOError):
        silence.accept()


ANSWERED = ["testlist-" + kind for kind in ("subscribe", "join", "request", "leave", "unsubscribe")]


def test_subscriptions_of_one_client(talk, ground):
    """In the names of many. Each recipient counts."""
    source = ground.mail_servers["example.org"]
    codes = [talk(name + "@list.example.com", source=source, sender=somebody()).last[0] for name in [*ANSWERED, "mailman-leave", "testlist-join"]]
    assert codes == [250] * 5 + [451] * 2
    replies = talk(LIST, "testlist-confirm+0123@list.example.com", source=source)
    assert [code for code, _text in list(replies.values())[-2:]] == [250, 250]


def test_mail_exchanger_is_not_one_client(talk, ground):
    codes = [talk(ANSWERED[0] + "@list.example.com", source=ground.mail_servers["exchanger.test"], sender=somebody()).last[0] for _number in range(7)]
    assert codes == [250] * 7


def test_subscriptions_of_one_person(talk, ground):
    """Of many clients, with another envelope sender each time: Mailman answers whom From names. A message to two counts as two."""
    victim, clients = somebody(), ["exchanger.test", "backup.test", "example.edu"]
    codes = []
    for number, name in enumerate([*ANSWERED[:3], "mailman-confirm+0123", "testlist-confirm", "testlist-leave"]):
        data = letter(sender=("%s (Vic)" % victim, "Vic Tim <%s>" % victim.upper())[number % 2])
        codes.append(talk(name + "@list.example.com", source=ground.mail_servers[clients[number % 2]], sender=somebody(), data=data).last)
    assert [code for code, _text in codes] == [250] * 5 + [451]
    assert codes[-1][1] == "Too many subscriptions at once: try again later"
    assert talk(LIST, sender=victim, data=letter(sender=victim)).last[0] == 250
    six = [name + "@list.example.com" for name in [*ANSWERED[:3], "mailman-leave", "mailman-join", "testlist-confirm"]]
    source = ground.mail_servers["exchanger.test"]
    assert talk(*six, source=source, data=letter(sender=somebody())).last[0] == 451
    assert talk(*six[:4], source=source, data=letter(sender=somebody())).last[0] == 250


@pytest.mark.parametrize("sender", ["a@example.org, b@example.org", "Group: a@example.org, b@example.org;", "a@example.org\nFrom: b@example.org"])
def test_whom_mailman_would_answer_must_be_clear(talk, ground, sender):
    """It would be the first of them, and could not be counted."""
    source = ground.mail_servers["exchanger.test"]
    code, text = talk("testlist-request@list.example.com", source=source, data=letter(sender=sender)).last
    assert (code, "From header" in text) == (550, True)
    assert talk("testlist-owner@list.example.com", source=source, data=letter(sender=sender)).last[0] == 250


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
