# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands by mail: -request, -join, -leave, -confirm."""

import itertools
import re

import pytest
from conftest import PREFIX, header

numbers = itertools.count(1)


@pytest.fixture
def name(mailman):
    return mailman.newlist(f"asked{next(numbers)}")


def send(mailman, command, list_name, subject="", body="", sender="new@example.org", to="", headers=""):
    """A message through the wrapper; returns what is sent in answer."""
    mailman.clear_mail()
    to = to or f"{list_name}-{command}@list.example.com"
    mailman.wrapper(
        f"{command} {list_name}",
        f"From: {sender}\nTo: {to}\nSubject: {subject}\nMessage-ID: <ask@example.org>\n{headers}\n{body}",
    )
    mailman.flush("Command", "Virgin", "Outgoing")
    return mailman.mail()


def members(mailman, list_name):
    return mailman.tool(f"list_members {list_name}").stdout.split()


@pytest.mark.parametrize(("subject", "body"), [("help", ""), ("Re: help", ""), ("", "help\n"), ("A subject", "help\nend\nx\n")])
def test_help(mailman, name, subject, body):
    (mail,) = send(mailman, "request", name, subject, body)
    assert (mail["sender"], mail["recipients"]) == (f"{name}-bounces@list.example.com", ["new@example.org"])
    assert header(mail["message"], "Subject") == ["The results of your email commands"]
    assert header(mail["message"], "From") == [f"{name}-owner@list.example.com"]
    assert "subscribe [password]" in mail["message"].lower()


def test_message_without_a_command_is_discarded(mailman, name):
    assert send(mailman, "request", name, "Hello", "How are you?\n") == []
    assert "No command, message discarded, msgid: <ask@example.org>" in mailman.read(f"{PREFIX}/logs/vette")


def test_automatic_message_is_discarded(mailman, name):
    assert send(mailman, "request", name, "help", headers="Precedence: bulk\n") == []
    assert f"Precedence: bulk message discarded by: {name}-request@list.example.com" in mailman.read(f"{PREFIX}/logs/vette")


@pytest.mark.parametrize("way", ["subscribe", "join", "request"])
@pytest.mark.parametrize("verp", [0, 1])
def test_subscribing(mailman, name, way, verp):
    """A confirmation is asked for; with VERP_CONFIRMATIONS its cookie is in the address, else in the subject."""
    mailman.settings(VERP_CONFIRMATIONS=verp)
    (mail,) = send(mailman, way, name, "subscribe" if way == "request" else "")
    text = mail["message"]
    assert (mail["sender"], mail["recipients"]) == (f"{name}-bounces@list.example.com", ["new@example.org"])
    assert header(text, "Auto-Submitted") == ["auto-replied"]
    assert members(mailman, name) == []
    (sender,) = header(text, "From")
    assert header(text, "Reply-To") == [sender]
    (subject,) = header(text, "Subject")
    if verp:
        cookie = re.fullmatch(rf"{name}-confirm\+([0-9a-f]{{40}})@list\.example\.com", sender).group(1)
        assert subject == f"Your confirmation is required to join the {name.capitalize()} mailing list"
        (answer,) = send(mailman, "confirm", name, "Re: " + subject, to=sender)
    else:
        assert sender == f"{name}-request@list.example.com"
        cookie = re.fullmatch(r"confirm ([0-9a-f]{40})", subject).group(1)
        (answer,) = send(mailman, "request", name, "Re: " + subject)
    assert cookie in text.split("\r\n\r\n", 1)[1], "for those who copy it by hand"
    assert members(mailman, name) == ["new@example.org"]
    assert header(answer["message"], "Subject") == [f'Welcome to the "{name.capitalize()}" mailing list']
    log = mailman.read(f"{PREFIX}/logs/subscribe")
    assert f"{name}: pending new@example.org  new@example.org\n" in log
    assert f"{name}: new new@example.org, via email confirmation\n" in log


def test_confirmation_works_once(mailman, name):
    mailman.settings(VERP_CONFIRMATIONS=1)
    (mail,) = send(mailman, "join", name)
    (address,) = header(mail["message"], "From")
    send(mailman, "confirm", name, "Re:", to=address)
    (answer,) = send(mailman, "confirm", name, "Re:", to=address)
    assert "Invalid confirmation string." in answer["message"]


def test_confirmation_needs_the_address_in_to(mailman, name):
    mailman.settings(VERP_CONFIRMATIONS=1)
    (mail,) = send(mailman, "join", name)
    (address,) = header(mail["message"], "From")
    assert send(mailman, "confirm", name, "Re:", to=f"{name}-confirm@list.example.com") == []
    assert members(mailman, name) == []
    send(mailman, "confirm", name, "Re:", to=f"Somebody <{address}>")
    assert members(mailman, name) == ["new@example.org"]


def test_confirmation_is_verped_with_every_other_message(mailman, name):
    """With VERP by Mailman on every post, what Mailman itself writes is VERPed too."""
    mailman.settings(VERP_DELIVERY_INTERVAL=1)
    (mail,) = send(mailman, "join", name)
    assert mail["sender"] == f"{name}-bounces+new=example.org@list.example.com"


@pytest.mark.parametrize("way", ["unsubscribe", "leave", "request"])
@pytest.mark.parametrize("verp", [0, 1])
def test_unsubscribing(mailman, name, way, verp):
    mailman.settings(VERP_CONFIRMATIONS=verp)
    mailman.tool(f"add_members -r - -w n -a n {name}", stdin="new@example.org\n")
    (mail,) = send(mailman, way, name, "unsubscribe" if way == "request" else "")
    assert members(mailman, name) == ["new@example.org"]
    (sender,), (subject,) = header(mail["message"], "From"), header(mail["message"], "Subject")
    if verp:
        assert subject == f"Your confirmation is required to leave the {name.capitalize()} mailing list"
        (answer,) = send(mailman, "confirm", name, "Re:", to=sender)
    else:
        (answer,) = send(mailman, "request", name, "Re: " + subject)
    assert members(mailman, name) == []
    assert header(answer["message"], "Subject") == [f"You have been unsubscribed from the {name.capitalize()} mailing list"]
    assert f"{name}: deleted new@example.org; email confirmation\n" in mailman.read(f"{PREFIX}/logs/subscribe")


def test_unsubscribing_with_password(mailman, name):
    mailman.python(f"m = MailList.MailList({name!r})\nm.ApprovedAddMember(UserDesc('new@example.org', password='mine'), 0, 0)\nm.Save()\nm.Unlock()")
    (answer,) = send(mailman, "request", name, "unsubscribe wrong")
    assert "You gave the wrong password" in answer["message"]
    send(mailman, "request", name, "unsubscribe mine")
    assert members(mailman, name) == []


def test_unsubscribing_a_stranger(mailman, name):
    (answer,) = send(mailman, "leave", name)
    assert f"new@example.org is not a member of the {name.capitalize()} mailing list" in " ".join(answer["message"].split())


@pytest.mark.parametrize("policy", [2, 3])
def test_subscription_that_a_moderator_decides(mailman, name, policy):
    mailman.python(f"m = MailList.MailList({name!r})\nm.subscribe_policy = {policy}\nm.Save()\nm.Unlock()")
    mails = send(mailman, "request", name, "subscribe")
    if policy == 3:
        (subject,) = header(mails[0]["message"], "Subject")
        mails = send(mailman, "request", name, "Re: " + subject)
    assert sorted(mail["recipients"][0] for mail in mails) == [f"{name}-owner@list.example.com", "new@example.org"]
    assert members(mailman, name) == []
    waiting = f"m = MailList.MailList({name!r})\ntry:\n    found = m.GetSubscriptionIds()\nfinally:\n    m.Unlock()\nresult(len(found))"
    assert mailman.python(waiting) == 1
    assert f"{name}: held subscription request from new@example.org\n" in mailman.read(f"{PREFIX}/logs/vette")


def test_open_subscription(mailman, name):
    mailman.python(f"m = MailList.MailList({name!r})\nm.subscribe_policy = 0\nm.Save()\nm.Unlock()")
    send(mailman, "join", name)
    assert members(mailman, name) == ["new@example.org"]


def test_banned(mailman, name):
    mailman.settings(GLOBAL_BAN_LIST=["^.*@example.org$"])
    (answer,) = send(mailman, "request", name, "subscribe")
    assert "is banned from this mailing list" in " ".join(answer["message"].split())
    assert members(mailman, name) == []


def test_answers_a_day(mailman, name):
    mailman.settings(MAX_AUTORESPONSES_PER_DAY=2)
    answers = [send(mailman, "request", name, "help") for dummy in range(3)]
    subjects = [[header(mail["message"], "Subject")[0] for mail in answer] for answer in answers]
    assert subjects[:2] == [["The results of your email commands"]] * 2
    assert "The results of your email commands" not in subjects[2]


def test_invitation(mailman, name):
    mailman.clear_mail()
    mailman.tool(f"add_members -i -r - {name}", stdin="guest@example.org\n")
    mailman.flush("Virgin", "Outgoing")
    (mail,) = mailman.mail()
    (subject,) = header(mail["message"], "Subject")
    send(mailman, "request", name, "Re: " + subject, sender="guest@example.org")
    assert members(mailman, name) == ["guest@example.org"]
    mailman.clear_mail()
