# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role mailman's queue runner for bounces in Mailman: what it does otherwise than Mailman's own. test_bounces.py has what it does alike."""

import itertools
import json
import re
import shlex

import pytest
from conftest import CONFIGURE, PREFIX, ROOT
from module_utils import _mailman_program

numbers = itertools.count(1)
MEMBERS = ["one@example.org", "two@example.net", "three@example.edu", "four@example.org"]
# What role mailman writes into mm_cfg.py for it.
SETTINGS = re.search(r'^RUNNERS = """(.*?)"""', (ROOT / "plugins/module_utils/_mailman_settings.py").read_text(), re.MULTILINE | re.DOTALL).group(1)
SETTINGS = SETTINGS.replace("\\n", "\n") % (10, "ListhostBounceRunner")


@pytest.fixture(autouse=True)
def clean(mailman, bounce_runner):
    mailman.clear_mail()
    # Root, as whom other tests have run queue runners, may have made them.
    mailman.run(f"for log in bounce error; do install --owner=list --group=list --mode=664 /dev/null {PREFIX}/logs/$log; done")
    yield
    mailman.clear_mail()
    assert mailman.run(f"ls {PREFIX}/qfiles/shunt").stdout == ""
    assert mailman.read(f"{PREFIX}/logs/error") == ""


@pytest.fixture
def told(mailman):
    """What mailman_info tells."""

    def told(topic):
        loader, given = _mailman_program.pack({"prefix": PREFIX, "do": "describe", "arguments": {"gather": [topic]}})
        command = "cd / && %s -B -c %s" % (CONFIGURE["with-python"], shlex.quote(loader))
        return json.loads(mailman.run(command, stdin=given.decode("ascii"), user="list").stdout)["result"][topic]

    return told


def new_list(mailman, members=MEMBERS, **attributes):
    return mailman.newlist(f"guarded{next(numbers)}", members, **attributes)


def dsn(*blocks):
    """A delivery status notification as this host's own Exim sends it: always with status 5.0.0."""
    text = "--b\nContent-type: text/plain; charset=us-ascii\n\nA message that you sent could not be delivered.\n\n"
    text += "--b\nContent-type: message/delivery-status\n\nReporting-MTA: dns; list.example.com\n\n"
    text += "".join(
        f"Action: failed\nFinal-Recipient: rfc822;{address}\nStatus: 5.0.0\nRemote-MTA: dns; mx.{address.split('@')[1]}\n"
        f"Diagnostic-Code: smtp; {reply}\n\n" for address, reply in blocks
    )
    return text + "--b\nContent-type: message/rfc822\n\nFrom: Carla <carla@example.edu>\nSubject: hello\n\nHello.\n\n--b--\n"


def bounce(mailman, list_name, *blocks, to=""):
    """Such a bounce, to an address of the list."""
    head = f"From: Mail Delivery System <Mailer-Daemon@list.example.com>\nTo: {to or list_name + '-bounces@list.example.com'}\n"
    head += "X-Failed-Recipients: %s\nAuto-Submitted: auto-replied\n" % ",\n  ".join(address for address, dummy in blocks)
    head += 'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\nSubject: Mail delivery failed\n\n'
    mailman.wrapper(f"bounces {list_name}", head + dsn(*blocks))
    mailman.flush("ListhostBounce")


def scores(mailman, list_name):
    return mailman.python(
        f"m = MailList.MailList({list_name!r}, lock=0)\nresult(dict((member, m.getBounceInfo(member).score) for member in m.getBouncingMembers()))"
    )


def disabled(mailman, list_name):
    return sorted(mailman.python(f"result(MailList.MailList({list_name!r}, lock=0).getDeliveryStatusMembers((MemberAdaptor.BYBOUNCE,)))"))


GONE, POLICY = "550 5.1.1 no such user here", "550-5.7.26 Unauthenticated mail is not accepted\n 550 5.7.26 by the policy of the domain"


def test_one_dsn_about_several_members(mailman, told):
    name = new_list(mailman)
    bounce(mailman, name, (MEMBERS[0], GONE), (MEMBERS[1], POLICY), (MEMBERS[2], "550 5.7.1 spam"), (MEMBERS[3], "550 no"))
    assert scores(mailman, name) == {MEMBERS[0]: 1.0, MEMBERS[3]: 1.0}
    log = mailman.read(f"{PREFIX}/logs/bounce")
    assert f"{name}: two@example.net not scored: 5.7.26 from mx.example.net about mail of carla@example.edu\n" in log
    # mailman_info understands this log.
    [found] = told("bounces")["lists"]
    assert (found["name"], found["policy_bounces"], found["members"], found["senders"]) == (name, 2, 2, [["carla@example.edu", 2]])
    assert found["reasons"] == [["5.7.1 from mx.example.edu", 1], ["5.7.26 from mx.example.net", 1]]


@pytest.mark.parametrize("reply, expected", [(POLICY, {}), (GONE, {"one@example.org": 1.0})])
def test_verp(mailman, reply, expected):
    """A receiver's own bounce, also where the member has mail forwarded."""
    name = new_list(mailman)
    bounce(mailman, name, ("other@elsewhere.test", reply), to=f"{name}-bounces+one=example.org@list.example.com")
    assert scores(mailman, name) == expected


@pytest.mark.parametrize("reply, status", [(POLICY, 0), (GONE, 4)])
def test_probe(mailman, reply, status):
    mailman.settings(VERP_PROBES=1)
    name = new_list(mailman, bounce_score_threshold=1.0)
    bounce(mailman, name, (MEMBERS[0], GONE))
    mailman.flush("Virgin", "Outgoing")
    (probe,) = mailman.mail()
    bounce(mailman, name, (MEMBERS[0], reply), to=probe["sender"])
    assert mailman.python(f"result(MailList.MailList({name!r}, lock=0).getDeliveryStatus({MEMBERS[0]!r}))") == status


# --- The limit of a day ---

MANY = [f"m{number}@example.org" for number in range(10)]


def everybody_bounces(mailman, name, members=MANY):
    bounce(mailman, name, *((member, GONE) for member in members))


def a_day_goes_by(mailman, name):
    """For the list: all that has happened was a day earlier."""
    mailman.python(
        f"import time\nm = MailList.MailList({name!r})\nyesterday = time.time() - 86400\n"
        "for member in m.getBouncingMembers():\n"
        "    info = m.getBounceInfo(member)\n    info.date = time.localtime(yesterday)[:3]\n    m.setBounceInfo(member, info)\n"
        "for member, (status, when) in m.delivery_status.items():\n    m.delivery_status[member] = (status, yesterday)\n"
        "m.Save()\nm.Unlock()"
    )


def test_no_day_takes_delivery_from_more_than_the_limit(mailman, told):
    name = new_list(mailman, MANY, bounce_score_threshold=1.0, bounce_notify_owner_on_disable=0)
    everybody_bounces(mailman, name)
    first = disabled(mailman, name)
    assert len(first) == 3
    log = mailman.read(f"{PREFIX}/logs/bounce")
    assert len(re.findall(rf"{name}: \S+ stays enabled: 3 of 10 members were disabled today", log)) == 7
    assert told("bounces")["lists"][0]["kept"] == sorted(set(MANY) - set(first))
    # The list is as Mailman has it, without what the runner has given it in memory.
    assert mailman.python(f"result('disableBouncingMember' in vars(MailList.MailList({name!r}, lock=0)))") is False
    everybody_bounces(mailman, name)
    assert disabled(mailman, name) == first
    a_day_goes_by(mailman, name)
    everybody_bounces(mailman, name)
    assert len(disabled(mailman, name)) == 6


def test_the_limit_grows_with_the_list(mailman):
    mailman.settings(LISTHOST_MAX_DISABLED_PERCENT=50)
    name = new_list(mailman, MANY, bounce_score_threshold=1.0)
    everybody_bounces(mailman, name)
    assert len(disabled(mailman, name)) == 5


def test_members_who_are_removed_at_once_count(mailman):
    name = new_list(mailman, MANY, bounce_score_threshold=1.0, bounce_you_are_disabled_warnings=0, bounce_notify_owner_on_removal=0)
    everybody_bounces(mailman, name)
    assert len(mailman.tool(f"list_members {name}").stdout.split()) == 7


# --- Where it is ---


def test_mailman_runs_it_in_the_place_of_its_own(mailman, told):
    """From a start on, by what role mailman writes into mm_cfg.py, as Mailman's user, who cannot write the file."""
    mailman.settings()
    mailman.run(f"cat >>{PREFIX}/Mailman/mm_cfg.py", stdin=SETTINGS)
    name = new_list(mailman)
    try:
        mailman.run(f"{PREFIX}/bin/mailmanctl -s -q start", user="list")
        mailman.wait(f"grep -q 'ListhostBounceRunner qrunner started' {PREFIX}/logs/qrunner")
        mailman.wait("test $(pgrep -u list -f -- --runner= | wc -l) = 8")
        runners = told("runners")
        assert (runners["missing"], "ListhostBounceRunner" in runners["running"], "BounceRunner" in runners["running"]) == ([], True, False)
        assert told("bounces")["guarded"] is True
        head = f"From: x@mx\nTo: {name}-bounces@list.example.com\nMIME-Version: 1.0\nContent-Type: multipart/report; boundary=b\n\n"
        mailman.wrapper(f"bounces {name}", head + dsn((MEMBERS[0], POLICY), (MEMBERS[1], GONE)))
        mailman.wait(f"grep -q '{name}: one@example.org not scored' {PREFIX}/logs/bounce")
    finally:
        mailman.tool("mailmanctl -q stop", rc=None)
        mailman.wait(f"! pgrep -u list -f -- --runner= && ! test -e {PREFIX}/locks/master-qrunner")
    assert scores(mailman, name) == {MEMBERS[1]: 1.0}


def test_without_the_file_bounces_wait(mailman, told):
    """And verify.yml says so: Mailman does not start the runner again."""
    mailman.settings()
    mailman.run(f"cat >>{PREFIX}/Mailman/mm_cfg.py; rm {PREFIX}/Mailman/Queue/ListhostBounceRunner.py*", stdin=SETTINGS)
    try:
        mailman.run(f"{PREFIX}/bin/mailmanctl -s -q start", user="list")
        mailman.wait(f"grep -q 'Cannot import runner module' {PREFIX}/logs/error && test $(pgrep -u list -f -- --runner= | wc -l) = 7")
        assert told("runners")["missing"] == ["ListhostBounceRunner"]
    finally:
        mailman.tool("mailmanctl -q stop", rc=None)
        mailman.wait(f"! pgrep -u list -f -- --runner= && ! test -e {PREFIX}/locks/master-qrunner")
        mailman.run(f": >{PREFIX}/logs/error")
