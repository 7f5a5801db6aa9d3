# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role mailman's queue runner for bounces, with stand-ins for Mailman's classes; tests/contract has it run in Mailman."""

import email
import os
import sys
import time
import types

import pytest

PATH = os.path.join(os.path.dirname(__file__), "..", "..", "..", "roles", "mailman", "files", "ListhostBounceRunner.py")
BYUSER, BYBOUNCE = 2, 4


class BounceRunner:
    """Mailman's, as far as it is built upon."""

    def __init__(self, slice=None, numslices=1):
        self.scored, self.probed, self.lists = [], [], {}

    def _queue_bounces(self, listname, addrs, msg):
        self.scored.append((listname, addrs))

    def _probe_bounce(self, mlist, token):
        self.probed.append(token)

    def _open_list(self, listname):
        return self.lists.get(listname)

    def _dispose(self, mlist, msg, msgdata):
        self._probe_bounce(mlist, msgdata["token"])


class MailList:
    """A list whose members are numbered."""

    def __init__(self, members):
        self.members, self.status, self.pending = ["m%d@example.org" % number for number in range(members)], {}, {}

    def internal_name(self):
        return "news"

    def getMembers(self):
        return self.members

    def getDeliveryStatusMembers(self, status):
        return [member for member in self.members if self.status.get(member, (0, 0))[0] in status]

    def getDeliveryStatusChangeTime(self, member):
        return self.status[member][1]

    def disableBouncingMember(self, member, info, msg):
        self.status[member] = (BYBOUNCE, time.time())

    def pend_confirm(self, token, expunge=True):
        return self.pending.pop(token, None) if expunge else self.pending.get(token)

    def disabled(self):
        return len(self.getDeliveryStatusMembers((BYBOUNCE,)))


@pytest.fixture
def log():
    return []


@pytest.fixture
def runner(monkeypatch, log):
    """The file as a module."""

    def module(name, **contents):
        found = types.ModuleType(name)
        vars(found).update(contents)
        monkeypatch.setitem(sys.modules, name, found)
        return found

    settings = types.SimpleNamespace(LISTHOST_MAX_DISABLED_PERCENT=10)
    module("Mailman", MemberAdaptor=types.SimpleNamespace(BYBOUNCE=BYBOUNCE), mm_cfg=settings)
    module("Mailman.Logging")
    module("Mailman.Logging.Syslog", syslog=lambda kind, text, *values: log.append((kind, text % values)))
    module("Mailman.Queue")
    module("Mailman.Queue.BounceRunner", BounceRunner=BounceRunner)
    loaded = module("Mailman.Queue.ListhostBounceRunner")
    with open(PATH, encoding="utf-8") as stream:
        exec(compile(stream.read(), PATH, "exec"), vars(loaded))
    return loaded


def block(recipient="anna@example.org", status="5.0.0", diagnostic="", **more):
    """What a delivery status notification says of a recipient."""
    lines = {"Action": "failed", "Final-Recipient": "rfc822; " + recipient, "Status": status}
    if diagnostic:
        lines["Diagnostic-Code"] = "smtp; " + diagnostic
    lines.update((name.replace("_", "-"), value) for name, value in more.items())
    return "".join("%s: %s\n" % (name, value) for name, value in lines.items() if value is not None)


def dsn(*blocks, returned="From: Carla <carla@example.edu>\nSubject: hello\n\nHello.\n", kind="message/rfc822"):
    """A bounce as mail servers send it (RFC 3464)."""
    text = 'From: mailer-daemon@example.org\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
    text += "--b\n\nIt could not be delivered.\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n" + "\n".join(blocks)
    return email.message_from_string(text + "\n--b\nContent-Type: %s\n\n%s\n--b--\n" % (kind, returned))


MX = {"Remote_MTA": "dns; mx.example.org"}
# As receivers write them: what is about policy or content, with code and receiver.
POLICY = {
    "by Status": (dsn(block(status="5.7.26")), "5.7.26", "example.org"),
    "by Exim": (dsn(block(diagnostic="550-5.7.26 Unauthenticated email from example.edu is not accepted\n 550 5.7.26 due to its DMARC policy.", **MX)),
                "5.7.26", "mx.example.org"),
    "Outlook": (dsn(block(status="5.7.515", diagnostic="550 5.7.515 Access denied, sending domain does not meet the required level", **MX)),
                "5.7.515", "mx.example.org"),
    "spam": (dsn(block(diagnostic="554 5.7.1 Message rejected as spam.")), "5.7.1", "example.org"),
    "after days": (dsn(block(status="4.7.0", diagnostic="421 4.7.0 Our system has detected an unusual rate")), "4.7.0", "example.org"),
    "a Status of its own": (dsn(block(status="5.1.1", diagnostic="550 5.7.1 content refused")), "5.7.1", "example.org"),
    "only in Status": (dsn(block(status="5.7.0", diagnostic="550 no")), "5.7.0", "example.org"),
    "forwarded": (dsn(block("other@elsewhere.test", diagnostic="550 5.7.26 DMARC", **MX)), "5.7.26", "mx.example.org"),
    "original recipient": (dsn(block("other@elsewhere.test", diagnostic="550 5.7.26 DMARC", Original_Recipient="rfc822;Anna@Example.org"),
                               block("x@elsewhere.test", diagnostic="550 5.1.1 no")), "5.7.26", "example.org"),
    "brackets": (dsn(block("<ANNA@example.org>", diagnostic="550 5.7.26 DMARC"), block("x@example.org", "5.1.1")), "5.7.26", "example.org"),
    "no Action": (dsn(block(status="5.7.26", Action=None)), "5.7.26", "example.org"),
    "one got it": (dsn(block(diagnostic="550 5.7.26 DMARC"), block(status="2.0.0", Action="relayed")), "5.7.26", "example.org"),
}
# What is about the address, or cannot be told.
ADDRESS = {
    "by Status": dsn(block(status="5.1.1")),
    "by Exim": dsn(block(diagnostic="550 5.1.1 <anna@example.org>: no such user here", **MX)),
    "Exim without a code": dsn(block(diagnostic="550 no such user")),
    "full": dsn(block(status="5.2.2", diagnostic="552 5.2.2 mailbox full")),
    "policy mentioned later": dsn(block(diagnostic="550 5.1.1 no such user; see also 5.7.1")),
    "an IP address": dsn(block(diagnostic="550 mail from 5.7.26.1 not for this user")),
    "another IP address": dsn(block(diagnostic="550 mail from 15.7.26.1 and 1.5.7.2 not for this user")),
    "both": dsn(block(diagnostic="550 5.7.26 DMARC"), block(diagnostic="550 5.1.1 no such user")),
    "others only": dsn(block("x@example.org", diagnostic="550 5.7.26 DMARC"), block("y@example.org", diagnostic="550 5.1.1 no")),
    "delayed only": dsn(block(diagnostic="421 4.7.0 later", Action="delayed")),
    "plain text": email.message_from_string("From: postmaster@example.org\nSubject: failed\n\nanna@example.org: 550 5.7.26 DMARC\n"),
    "in the post that came back": dsn(block(diagnostic="550 5.1.1 no"), returned=dsn(block(diagnostic="550 5.7.26 DMARC")).as_string()),
    "no code": dsn(block(status=None, diagnostic="550 no")),
    "no blocks": dsn(),
    "broken": email.message_from_string("Content-Type: multipart/report; boundary=b\n\nno part\n"),
    "broken status": email.message_from_string(
        "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n!\n--b--\n"),
}


@pytest.mark.parametrize("name", POLICY)
def test_bounces_about_policy_do_not_score(runner, log, name):
    bounce, code, receiver = POLICY[name]
    one = runner.ListhostBounceRunner()
    one._queue_bounces("news", ["anna@example.org"], bounce)
    assert one.scored == []
    assert log == [("bounce", "news: anna@example.org not scored: %s from %s about mail of carla@example.edu" % (code, receiver))]


@pytest.mark.parametrize("name", ADDRESS)
def test_bounces_about_the_address_score(runner, log, name):
    one = runner.ListhostBounceRunner()
    one._queue_bounces("news", ["anna@example.org"], ADDRESS[name])
    assert one.scored == [("news", ["anna@example.org"])]
    assert log == []


def test_one_bounce_about_several_members(runner, log):
    """As this host's own Exim sends it: each member by what was said of him."""
    bounce = dsn(
        block("anna@example.org", diagnostic="550 5.1.1 no such user"), block("berta@example.net", diagnostic="550 5.7.26 DMARC", **MX),
        block("carla@example.edu", diagnostic="550 5.7.1 spam"), block("dora@example.org", diagnostic="550 gone"),
    )
    one = runner.ListhostBounceRunner()
    one._queue_bounces("news", ["anna@example.org", "berta@example.net", "carla@example.edu", "dora@example.org"], bounce)
    assert one.scored == [("news", ["anna@example.org", "dora@example.org"])]
    assert [text.split(" about")[0] for dummy, text in log] == [
        "news: berta@example.net not scored: 5.7.26 from mx.example.org", "news: carla@example.edu not scored: 5.7.1 from example.edu"]


@pytest.mark.parametrize("returned, kind, sender", [
    ("From: carla@example.edu\n\n", "message/rfc822", "carla@example.edu"),
    ("From: =?utf-8?q?C?= <carla@example.edu>\nTo: x\n", "text/rfc822-headers", "carla@example.edu"),
    ("Subject: none\n\n", "message/rfc822", "-"),
    ("From: a b\n\tc\n\n", "message/rfc822", "a?b?c"),
    ("From: carla@example.edu\n", "text/plain", "-"),
])
def test_the_sender_is_logged(runner, log, returned, kind, sender):
    runner.ListhostBounceRunner()._queue_bounces("news", ["anna@example.org"], dsn(block(status="5.7.26"), returned=returned, kind=kind))
    assert log[0][1].endswith(" about mail of " + sender)


def test_a_bounce_cannot_write_lines_of_its_own_into_the_log(runner, log):
    receiver = "dns; mx\n\tx (1) news: x@x stays"
    runner.ListhostBounceRunner()._queue_bounces("news", ["an\nna@example.org"], dsn(block("o@o.test", status="5.7.1", Remote_MTA=receiver)))
    assert log == [("bounce", "news: an?na@example.org not scored: 5.7.1 from mx about mail of carla@example.edu")]


@pytest.mark.parametrize("status, probed", [("5.7.26", []), ("5.1.1", ["cookie"])])
def test_a_probe_that_comes_back(runner, status, probed):
    mlist, one = MailList(1), runner.ListhostBounceRunner()
    mlist.pending["cookie"] = ("P", "anna@example.org", None)
    one._dispose(mlist, dsn(block(status=status)), {"token": "cookie"})
    assert one.probed == probed
    assert "cookie" in mlist.pending


def test_a_probe_of_long_ago(runner):
    one = runner.ListhostBounceRunner()
    one._dispose(MailList(1), dsn(block(status="5.7.26")), {"token": "cookie"})
    assert one.probed == ["cookie"]


# --- The limit of a day ---


def disable(one, mlist, numbers):
    """A round of the runner, which opens the list anew."""
    one.lists["news"] = mlist
    vars(mlist).pop("disableBouncingMember", None)
    opened = one._open_list("news")
    for number in numbers:
        opened.disableBouncingMember("m%d@example.org" % number, None, None)


@pytest.mark.parametrize("members, percent, most", [(1, 10, 1), (4, 10, 3), (30, 10, 3), (49, 10, 4), (50, 10, 5), (50, 100, 50), (50, 1, 3)])
def test_so_many_at_most(runner, log, members, percent, most):
    runner.mm_cfg.LISTHOST_MAX_DISABLED_PERCENT = percent
    mlist = MailList(members)
    disable(runner.ListhostBounceRunner(), mlist, range(members))
    assert mlist.disabled() == most
    assert [text for dummy, text in log] == [
        "news: m%d@example.org stays enabled: %d of %d members were disabled today" % (number, most, members) for number in range(most, members)]


def test_several_rounds_and_runners_of_a_day_count_together(runner):
    mlist, one = MailList(50), runner.ListhostBounceRunner()
    for start in (0, 2):
        disable(one, mlist, range(start, start + 2))
    disable(runner.ListhostBounceRunner(), mlist, range(10, 20))
    assert mlist.disabled() == 5


def test_who_was_removed_at_once_counts(runner):
    """As with bounce_you_are_disabled_warnings = 0: the list knows nothing of them any more."""
    mlist, one = MailList(50), runner.ListhostBounceRunner()
    for start in (0, 4, 8):
        disable(one, mlist, range(start, start + 4))
        mlist.status.clear()
    disable(one, mlist, range(20, 30))
    assert mlist.disabled() == 0


def test_other_days_and_other_reasons_do_not_count(runner, monkeypatch):
    mlist, one, now = MailList(50), runner.ListhostBounceRunner(), time.time()
    mlist.status.update(("m%d@example.org" % number, (BYBOUNCE, now - 3 * 86400)) for number in range(40, 50))
    mlist.status.update(("m%d@example.org" % number, (BYUSER, now)) for number in range(30, 40))
    disable(one, mlist, range(10))
    assert mlist.disabled() == 10 + 5
    monkeypatch.setattr(time, "time", lambda: now + 2 * 86400)
    real = time.localtime
    monkeypatch.setattr(time, "localtime", lambda seconds=None: real(now + 2 * 86400 if seconds is None else seconds))
    disable(one, mlist, range(10, 20))
    assert mlist.disabled() == 10 + 5 + 5


def test_a_list_that_is_gone(runner):
    assert runner.ListhostBounceRunner()._open_list("gone") is None
