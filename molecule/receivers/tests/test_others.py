# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new sending address sends so many a day to all domains together that no other destination has. These tests come last: they leave the host so."""

import datetime
import json
import types
import uuid

import pytest
from conftest import run
from waiting import eventually

NAMED = ["wide%d@example.edu" % number for number in range(7)]
OTHERS = ["wide%d@%s" % (number, domain) for number in range(4) for domain in ("example.org", "example.net")]
LIST = {"name": "wide", "owners": ["wide-owner@example.org"], "members": NAMED + OTHERS, "settings": {"generic_nonmember_action": 0}}
RETRY = "F,2h,15m; G,16h,1h,1.5; F,4d,6h;"


def tries(list_host, name):
    """Return how often Exim has tried what was beyond a destination's number."""
    return int(list_host.run("grep -c 'R=mailman_pace_router defer.*warming up %s: 5 a day' /var/log/exim4/mainlog", name).stdout or 0)


def queue_runs(list_host):
    return int(list_host.check_output("grep -c 'End queue run' /var/log/exim4/mainlog"))


def mail_of_the_host(list_host, sink, recipient, count=1):
    """Send mail that is from no list, and see that it arrives."""
    mark, subject = sink.mark(), uuid.uuid4().hex
    for dummy in range(count):
        list_host.check_output("printf 'Subject: %s\\n\\nHello.\\n' | /usr/sbin/sendmail -f somebody@list.example.com %s", subject, recipient)
    sink.wait(count, since=mark, host=list_host, to=recipient, subject=subject)


@pytest.fixture(scope="module")
def sent(list_host, send, sink):
    """Mail of the host's own, a post, and one more when the numbers of the day are used up."""
    # Today is the second day: 5 messages, of each.
    yesterday = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1)
    warm_up = {"from": yesterday.isoformat(), "messages": 2, "growth": 2.5, "until": 40}
    done = run(list_host, mailman_lists=[LIST], mailman_web_one_click=False, exim_lists_destinations=[
        {"name": "named", "domains": ["example.edu"], "warm_up": warm_up},
        {"name": "others", "domains": ["*"], "pace": "100/2s", "wait": "1s", "longest_wait": "4s", "warm_up": warm_up},
    ])
    assert done.failure == ""
    mark = sink.mark()
    mail_of_the_host(list_host, sink, "other@example.org", 6)
    subjects = []
    for number in (1, 2):
        subjects.append(uuid.uuid4().hex)
        data = "From: somebody@example.org\nTo: wide@list.example.com\nSubject: %s\n\nHello.\n" % subjects[-1]
        assert send(list_host, "wide@list.example.com", sender="somebody@example.org", data=data).code == 250
        # 5 each leave, all of the first post.
        eventually(lambda number=number: tries(list_host, "others") >= 8 * number - 5 and tries(list_host, "named") >= 7 * number - 5)
    sink.wait(10, since=mark, host=list_host, subject=subjects[0])
    found = queue_runs(list_host)
    eventually(lambda: queue_runs(list_host) > found + 3)
    arrived = [[copy.rcpt_tos[0] for copy in sink.messages(mark, list_host, subject=subject)] for subject in subjects]
    return types.SimpleNamespace(first=arrived[0], second=arrived[1])


def test_all_other_domains_share_one_number_a_day(list_host, sent):
    others = [address for address in sent.first if address in OTHERS]
    assert len(others) == len(set(others)) == 5
    assert sent.second == []
    assert len({address.partition("@")[2] for address in others}) == 2


def test_a_named_destination_has_its_own(list_host, sent):
    assert len([address for address in sent.first if address in NAMED]) == 5
    assert tries(list_host, "named") == 7 + 7 - 5


def test_what_waits_is_tried_each_hour(list_host, sent):
    assert tries(list_host, "others") == 8 + 8 - 5
    assert list_host.run("grep -e ' \\*\\* .*wide' /var/log/exim4/mainlog").stdout == ""


def test_other_mail_of_the_host_is_not_counted(list_host, sink, sent):
    """It did not use up the number either: five members got their copies after six such messages."""
    mail_of_the_host(list_host, sink, "other@example.org")
    mail_of_the_host(list_host, sink, OTHERS[0])


@pytest.mark.parametrize(("sender", "key", "error", "rule"), [
    ("wide-bounces@list.example.com", "anybody@example.com", "", "F,4w2d,1h;"), ("wide-bounces@list.example.com", "wide0@example.edu", "", "F,4w2d,1h;"),
    # What is refused waits as the inventory says, of hosts and recipients.
    ("wide-bounces@list.example.com", "mx.example.org", "", "G,3s,1s,2.0; F,4d,4s;"),
    ("wide-bounces@list.example.com", "anybody@example.com", "rcpt_450", "G,3s,1s,2.0; F,4d,4s;"),
    ("wide-bounces@list.example.com", "wide0@example.edu", "rcpt_450", RETRY), ("wide-bounces@list.example.com", "anna@list.example.com", "", RETRY),
    *(("somebody@list.example.com", key, error, RETRY) for key in ("anybody@example.com", "mx.example.org") for error in ("", "rcpt_450")),
])
def test_rules(list_host, sent, sender, key, error, rule):
    assert rule in list_host.check_output("exim4 -f %s -brt %s %s", sender, key, error), key


def test_verify_finds_no_fault_in_it(list_host, sent, tmp_path):
    """Mail to a list's member would wait now, and the test of VERP does not."""
    results = tmp_path / "results.json"
    given = {"mailman_lists": [LIST], "mailman_web_one_click": False, "verify_subscriber": "anna@example.net"}
    assert run(list_host, playbook="verify.yml", verify_results=str(results), **given).changed == 0
    found = json.loads(results.read_text())[list_host.name]
    assert not {"not-delivered", "no-verp"}.intersection(fault["fault"] for fault in found["faults"])
    [lines] = [one["found"] for one in found["advice"] if one["fault"] == "put-off"]
    [line] = [line for line in lines if "warming up others: 5 a day" in line]
    assert " and 1 more since " in line and line.endswith(" addresses or hosts)")
