# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounces: whose they are, and what comes of them."""

import itertools
import pathlib
import re

import pytest
import yaml
from conftest import PREFIX, header

numbers = itertools.count(1)


@pytest.fixture(autouse=True, params=["Mailman's runner", "role mailman's runner"])
def runner(request, mailman):
    """Each test is for both: what is no bounce about policy fares alike."""
    mailman.bounce_runner = "Bounce" if request.param == "Mailman's runner" else request.getfixturevalue("bounce_runner")


@pytest.fixture
def name(mailman):
    """A list with members, and no bounces yet."""
    list_name = f"bounced{next(numbers)}"
    return mailman.newlist(list_name, ["one@example.org", "two+tag@example.net", "Three@example.edu"])


def bounce(mailman, list_name, headers, body="Nobody here.\n"):
    """Hand a bounce to the wrapper, and let the runner score it; what the runners send stays queued."""
    mailman.clear_mail()
    text = f"From: Mail Delivery System <MAILER-DAEMON@mx.example.org>\nSubject: Returned\nMessage-ID: <bounce@mx>\n{headers}\n{body}"
    mailman.wrapper(f"bounces {list_name}", text)
    mailman.flush(mailman.bounce_runner)


def scores(mailman, list_name):
    return mailman.python(
        f"m = MailList.MailList({list_name!r}, lock=0)\nresult(dict((member, m.getBounceInfo(member).score) for member in m.getBouncingMembers()))"
    )


def dsn(recipient, action="failed"):
    return (
        'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\n',
        f"--b\n\nFailed.\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"
        f"Action: {action}\nFinal-Recipient: rfc822; {recipient}\nStatus: 5.0.0\n\n--b--\n",
    )


@pytest.mark.parametrize("field", ["To", "Delivered-To", "Envelope-To", "Apparently-To"])
def test_verp_in_each_header(mailman, name, field):
    """Exim's envelope_to_add gives Envelope-To, where To is something else."""
    other = "" if field == "To" else f"To: {name}-bounces@list.example.com\n"
    bounce(mailman, name, f"{other}{field}: {name}-bounces+one=example.org@list.example.com\n")
    assert scores(mailman, name) == {"one@example.org": 1.0}


@pytest.mark.parametrize(
    ("local_part", "member"),
    [
        ("+two+tag=example.net", "two+tag@example.net"),
        ("+three=example.edu", "three@example.edu"),
        ("+nobody=example.org", None),
    ],
)
def test_verp_of_different_members(mailman, name, local_part, member):
    bounce(mailman, name, f"Envelope-To: {name}-bounces{local_part}@list.example.com\n")
    assert scores(mailman, name) == ({member: 1.0} if member else {})


ROLE = yaml.safe_load((pathlib.Path(__file__).parents[2] / "roles/mailman/vars/main.yml").read_text())
ODD = ["p=q@example.org", "a-bounces+b=c@example.net", "x/y!z%w@example.edu", "two+tag@example.net"]


@pytest.fixture
def odd(mailman):
    """A list with + in its name, and members whose addresses have what else divides a VERP address."""
    list_name = mailman.newlist(f"plus+{next(numbers)}", ODD)
    yield list_name
    mailman.clear_mail()


def test_upstreams_pattern_loses_bounces(mailman, odd, name):
    mailman.python(f"m = MailList.MailList({name!r})\nm.ApprovedAddMember(UserDesc('p=q@example.org'), 0, 0)\nm.Save()\nm.Unlock()")
    bounce(mailman, odd, f"Envelope-To: {odd}-bounces+two+tag=example.net@list.example.com\n")
    bounce(mailman, name, f"Envelope-To: {name}-bounces+p=q=example.org@list.example.com\n")
    assert (scores(mailman, odd), scores(mailman, name)) == ({}, {})


@pytest.mark.parametrize("member", ODD)
def test_verp_of_odd_addresses(mailman, odd, member):
    """With the pattern of role mailman."""
    mailman.settings(VERP_REGEXP=ROLE["__mailman_verp_regexp"])
    bounce(mailman, odd, f"Envelope-To: {odd}-bounces+{member.replace('@', '=')}@list.example.com\n")
    assert scores(mailman, odd) == {member: 1.0}


def test_probe_of_a_list_with_plus(mailman, odd):
    mailman.settings(VERP_PROBES=1, VERP_REGEXP=ROLE["__mailman_verp_regexp"], VERP_PROBE_REGEXP=ROLE["__mailman_verp_probe_regexp"])
    mailman.python(f"m = MailList.MailList({odd!r})\nm.bounce_score_threshold = 1.0\nm.Save()\nm.Unlock()")
    bounce(mailman, odd, f"Envelope-To: {odd}-bounces+p=q=example.org@list.example.com\n")
    mailman.flush("Virgin", "Outgoing")
    (probe,) = mailman.mail()
    bounce(mailman, odd, f"Envelope-To: {probe['sender']}\n")
    assert mailman.python(f"result(MailList.MailList({odd!r}, lock=0).getDeliveryStatus('p=q@example.org'))") == 4


def test_log_of_a_bounce(mailman, name):
    bounce(mailman, name, f"Envelope-To: {name}-bounces+one=example.org@list.example.com\n")
    last = mailman.read(f"{PREFIX}/logs/bounce").splitlines()[-1]
    assert re.fullmatch(rf"\w{{3}} \d\d \d\d:\d\d:\d\d \d{{4}} \(\d+\) {name}: one@example.org bounce score: 1.0", last)


def test_several_recipients_in_envelope_to(mailman, name):
    """As Exim writes it when a batch was delivered together: the first is read."""
    bounce(
        mailman,
        name,
        f"Envelope-To: {name}-bounces+one=example.org@list.example.com,\n {name}-bounces+three=example.edu@list.example.com\n",
    )
    assert scores(mailman, name) == {"one@example.org": 1.0}


def test_verp_of_another_list(mailman, name):
    bounce(mailman, name, "Envelope-To: other-bounces+one=example.org@list.example.com\n")
    assert scores(mailman, name) == {}


def test_one_score_a_day(mailman, name):
    for dummy in range(2):
        bounce(mailman, name, f"Envelope-To: {name}-bounces+one=example.org@list.example.com\n")
    assert scores(mailman, name) == {"one@example.org": 1.0}
    last = mailman.read(f"{PREFIX}/logs/bounce").splitlines()[-1]
    assert re.search(rf"{name}: one@example.org already scored a bounce for date \d\d-\w{{3}}-\d{{4}}$", last)


def test_score_grows_and_disables(mailman, name):
    """At the threshold delivery stops, and the member and the owners are told."""
    mailman.python(f"m = MailList.MailList({name!r})\nm.bounce_score_threshold = 2.0\nm.Save()\nm.Unlock()")
    headers = f"Envelope-To: {name}-bounces+one=example.org@list.example.com\n"
    bounce(mailman, name, headers)
    yesterday = (
        "import time\n"
        f"m = MailList.MailList({name!r})\ninfo = m.getBounceInfo('one@example.org')\n"
        "info.date = time.localtime(time.time() - 86400)[:3]\nm.setBounceInfo('one@example.org', info)\nm.Save()\nm.Unlock()"
    )
    mailman.python(yesterday)
    bounce(mailman, name, headers)
    status = f"result(MailList.MailList({name!r}, lock=0).getDeliveryStatus('one@example.org') == MemberAdaptor.BYBOUNCE)"
    assert mailman.python(status) is True
    assert f"{name}: one@example.org disabling due to bounce score 2.0 >= 2.0" in mailman.read(f"{PREFIX}/logs/bounce")
    mailman.flush("Virgin", "Outgoing")
    mails = {mail["recipients"][0]: header(mail["message"], "Subject")[0] for mail in mailman.mail()}
    assert set(mails) == {"one@example.org", f"{name}-owner@list.example.com"}
    cookie = re.fullmatch(r"confirm ([0-9a-f]{40})", mails["one@example.org"]).group(1)
    # The answer to it enables delivery again.
    mailman.wrapper(f"request {name}", f"From: one@example.org\nSubject: Re: confirm {cookie}\n\n")
    mailman.flush("Command")
    assert mailman.python(status) is False
    assert scores(mailman, name) == {}
    mailman.clear_mail()


def test_without_verp(mailman, name):
    headers, body = dsn("one@example.org")
    bounce(mailman, name, f"To: {name}-bounces@list.example.com\n{headers}", body)
    assert scores(mailman, name) == {"one@example.org": 1.0}


def test_exim_bounce_without_verp(mailman, name):
    bounce(mailman, name, f"To: {name}-bounces@list.example.com\nX-Failed-Recipients: one@example.org, Three@example.edu\n")
    assert scores(mailman, name) == {"one@example.org": 1.0, "three@example.edu": 1.0}


@pytest.mark.parametrize("verp", ["", "+one=example.org"])
def test_delay_warning_is_no_bounce(mailman, name, verp):
    headers, body = dsn("one@example.org", "delayed")
    bounce(mailman, name, f"To: {name}-bounces{verp}@list.example.com\n{headers}", body)
    assert scores(mailman, name) == {}


def test_bounce_processing_off(mailman, name):
    mailman.python(f"m = MailList.MailList({name!r})\nm.bounce_processing = 0\nm.Save()\nm.Unlock()")
    bounce(mailman, name, f"Envelope-To: {name}-bounces+one=example.org@list.example.com\n")
    assert scores(mailman, name) == {}


def test_unrecognized_bounce_goes_to_the_owners(mailman, name):
    bounce(mailman, name, f"To: {name}-bounces@list.example.com\n")
    mailman.flush("Virgin", "Outgoing")
    (mail,) = mailman.mail()
    assert (mail["sender"], mail["recipients"]) == ("mailman-bounces@list.example.com", ["owner@example.com"])
    assert header(mail["message"], "Subject") == ["Uncaught bounce notification"]
    assert header(mail["message"], "From") == ["mailman-bounces@list.example.com"]
    log = mailman.read(f"{PREFIX}/logs/bounce")
    assert f"{name}: bounce message w/no discernable addresses: <bounce@mx>\n" in log
    assert f"{name}: forwarding unrecognized, message-id: <bounce@mx>\n" in log


def test_bounce_of_a_notice_to_owners_goes_to_the_site_owner(mailman):
    """With mailman-loop as the sender, which breaks a loop if that bounces too."""
    bounce(mailman, "mailman", "To: mailman-bounces@list.example.com\n")
    mailman.flush("Outgoing")
    (mail,) = mailman.mail()
    assert (mail["sender"], mail["recipients"]) == ("mailman-loop@list.example.com", ["root@example.com"])


def test_notice_from_the_site_that_comes_back(mailman, name):
    mailman.clear_mail()
    mailman.wrapper(f"bounces {name}", f"From: mailman-bounces@list.example.com\nTo: {name}-bounces@list.example.com\n\nx\n")
    mailman.flush(mailman.bounce_runner, "Outgoing")
    (mail,) = mailman.mail()
    assert (mail["sender"], mail["recipients"]) == ("mailman-loop@list.example.com", ["mailman-owner@list.example.com"])


def test_admin_is_bounces(mailman, name):
    mailman.clear_mail()
    mailman.wrapper(f"admin {name}", f"From: x@example.org\nTo: {name}-bounces+one=example.org@list.example.com\n\nx\n")
    mailman.flush(mailman.bounce_runner)
    assert scores(mailman, name) == {"one@example.org": 1.0}


def test_probe(mailman, name):
    """With VERP_PROBES a probe is sent at the threshold, and only its bounce disables."""
    mailman.settings(VERP_PROBES=1)
    mailman.python(f"m = MailList.MailList({name!r})\nm.bounce_score_threshold = 1.0\nm.Save()\nm.Unlock()")
    bounce(mailman, name, f"Envelope-To: {name}-bounces+one=example.org@list.example.com\n")
    assert scores(mailman, name) == {"one@example.org": 0}
    mailman.flush("Virgin", "Outgoing")
    (probe,) = mailman.mail()
    assert probe["recipients"] == ["one@example.org"]
    assert re.fullmatch(rf"{name}-bounces\+[0-9a-f]{{40}}@list\.example\.com", probe["sender"])
    bounce(mailman, name, f"Envelope-To: {probe['sender']}\n")
    status = f"result(MailList.MailList({name!r}, lock=0).getDeliveryStatus('one@example.org'))"
    assert mailman.python(status) == 4
    mailman.clear_mail()


def test_cron_tells_the_disabled_and_removes_them(mailman, name):
    mailman.python(
        f"m = MailList.MailList({name!r})\nm.bounce_score_threshold = 1.0\nm.bounce_you_are_disabled_warnings = 1\n"
        "m.bounce_you_are_disabled_warnings_interval = 0\nm.Save()\nm.Unlock()"
    )
    bounce(mailman, name, f"Envelope-To: {name}-bounces+one=example.org@list.example.com\n")
    assert "one@example.org" in mailman.tool(f"list_members {name}").stdout
    mailman.run(f"python2.7 -S {PREFIX}/cron/disabled")
    assert "one@example.org" not in mailman.tool(f"list_members {name}").stdout
    mailman.clear_mail()
