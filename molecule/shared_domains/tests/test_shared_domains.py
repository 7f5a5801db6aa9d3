# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Domains that share a Mailman: whose a list is, on the wire; and what becomes of that when lists come, go and move.

The tests stand in the order of a host's life. The last puts back what the inventory says."""

import re
import uuid

import pytest
from conftest import FILE, LISTS, lists_with, run
from waiting import eventually

COM, TEST, OTHER = ALL = ["lists.example.com", "lists.test", "other.test"]
AS_INSTALLED = {"com": COM, "everywhere": COM, "mailman": COM, "my-admin": TEST, "test": TEST}
TASK = "Create and update the site list and the inventory's lists"
KINDS = [
    "", "-admin", "-bounces", "-bounces+gustav=example.org", "-confirm", "-confirm+0123456789", "-join", "-leave", "-owner", "-request", "-subscribe",
    "-unsubscribe",
]  # fmt: skip


def letter(body="A test.\n", **headers):
    return "Message-ID: <%s@test.example.org>\n" % uuid.uuid4() + "".join("%s: %s\n" % item for item in headers.items()) + "\n" + body


@pytest.mark.parametrize(
    ("variables", "complaints"),
    [
        (
            {"mailman_shared_domains": {"www.lists.test": "Lists.test", "Web.test": "lists.test"}, "mailman_settings": {"VIRTUAL_HOSTS": {}}},
            ["has 'Lists.test', which is no domain name", "has 'Web.test', which is no domain name", "mailman_shared_domains says it, too"],
        ),
        (
            {"mailman_shared_domains": {"a.test": "lists.test", "b.test": "lists.test", "c.test": COM, "www.example.com": "d.test"}},
            [
                "mailman_shared_domains has lists.test more than once", "mailman_shared_domains has lists.example.com more than once",
                "mailman_shared_domains has www.example.com, which is the web host of lists.example.com",
            ],
        ),
        ({"mailman_lists": lists_with("test", email_host="Lists.test")}, ["mailman_lists (test) has email_host 'Lists.test', which is none of the domains"]),
        ({"exim_lists_domains": [COM, TEST]}, ["mailman_shared_domains has 'other.test', which is not in exim_lists_domains"]),
        ({"exim_lists_in_all_domains": ["Test"]}, ["exim_lists_in_all_domains has 'Test', which is no name of a list"]),
        ({"mailman_separate_home": "/virtual"}, ["but mailman_separate_home is '/virtual'"]),
    ],
)  # fmt: skip
def test_bad_input_is_named_before_anything_changes(variables, complaints):
    ended = run(**variables)
    assert [complaint for complaint in complaints if complaint not in ended.failure] == []
    assert ended.changed == 0


def test_the_file_names_the_domain_of_every_list(domains):
    assert domains() == AS_INSTALLED


@pytest.mark.parametrize(
    ("name", "expected"),
    [("com", [COM, "www.example.com"]), ("test", [TEST, "www.lists.test"]), ("my-admin", [TEST, "www.example.com"]), ("mailman", [COM, "www.example.com"])],
)
def test_mailman_has_the_domain_and_its_web_host(place, name, expected):
    assert place(name) == expected


def test_each_list_answers_in_its_own_domain(answers):
    for kind in KINDS:
        for name in ("com", "test"):
            assert answers(name + kind) == [AS_INSTALLED[name]]
            assert answers((name + kind).upper()) == [AS_INSTALLED[name]]
    for kind in ("", "-owner", "-bounces+a=example.org"):
        assert answers("my-admin" + kind) == [TEST]


def test_some_lists_answer_in_all_domains(answers):
    for address in ("everywhere", "everywhere-bounces+a=example.org", "mailman-owner", "mailman-bounces", "mailman-confirm+0123456789"):
        assert answers(address) == ALL


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_domain_is_refused(host, send, kind):
    """Whoever writes, and as if there were no such list."""
    for sender in ("gustav@example.org", ""):
        for address in ("test%s@%s" % (kind, COM), "Com%s@Lists.Test" % kind):
            reply = send(host, address, sender=sender)
            assert reply.code == 550
            if sender:
                assert "Unknown user" in reply.reply or "Unrouteable address" in reply.reply


def test_null_sender(host, send):
    """A list is protected from it where it is, and elsewhere it is nobody."""
    assert "Recipient never sends mail" in send(host, "test@" + TEST, sender="").reply
    assert "Recipient never sends mail" not in send(host, "test@" + COM, sender="").reply
    assert "Recipient never sends mail" in send(host, "everywhere@" + OTHER, sender="").reply
    assert send(host, "test-bounces@" + TEST, sender="").code == 250


def test_mailmans_user_stops_nobodys_mail(host, answers):
    """Exim does not look for it where the lists are, and root does not write there."""
    host.check_output("runuser -u list -- mkfifo /var/lib/mailman/lists/.domains")
    try:
        assert answers("test") == [TEST]
        assert run().changed == 0
    finally:
        host.check_output("rm /var/lib/mailman/lists/.domains")


@pytest.mark.parametrize(("name", "domain"), [("com", COM), ("test", TEST)])
def test_post(host, send, sink, name, domain):
    """Envelope sender and List headers are of the list's own domain."""
    subject, member = "post " + uuid.uuid4().hex, "member-of-%s@example.org" % name
    mark = sink.mark()
    data = letter(Subject=subject, From="gustav@example.org", To="%s@%s" % (name, domain))
    assert send(host, "%s@%s" % (name, domain), sender="gustav@example.org", data=data).code == 250
    [copy] = sink.wait(1, since=mark, host=host, subject=subject)
    assert copy.rcpt_tos == [member]
    assert copy.mail_from == "%s-bounces+%s@%s" % (name, member.replace("@", "="), domain)
    assert copy.content["List-Id"] == "<%s.%s>" % (name, domain)
    others = "|".join(re.escape(other) for other in ALL if other != domain)
    assert re.findall(r"(?<=[@.])(%s)" % others, copy.message.split("Received:")[0] + str(copy.content["List-Unsubscribe"])) == []


@pytest.mark.parametrize(("name", "domain"), [("com", COM), ("test", TEST)])
def test_bounce_scores_the_member(host, send, mailman, name, domain):
    recipient = "%s-bounces+member-of-%s=example.org@%s" % (name, name, domain)
    assert send(host, recipient, sender="", data=letter("Sorry.\n", Subject="Undelivered", To=recipient)).code == 250
    code = "m = MailList(%r, lock=0)\nprint json.dumps(dict((a, m.getBounceInfo(a).score) for a in m.getBouncingMembers()))" % name
    assert eventually(lambda: mailman(code)) == {"member-of-%s@example.org" % name: 1.0}


def test_request_is_answered_from_the_lists_domain(host, send, sink):
    mark = sink.mark()
    assert send(host, "test-request@" + TEST, sender="heidi@example.net", data=letter(Subject="help", From="heidi@example.net")).code == 250
    [answer] = sink.wait(1, since=mark, host=host, to="heidi@example.net")
    assert answer.mail_from.startswith("test-bounces+heidi=example.net@" + TEST)
    assert "test-request@" + TEST in answer.message


def test_without_the_file_no_mail_is_lost(host, answers):
    host.check_output("mv {0} {0}.aside".format(FILE))
    assert answers("test") == ALL
    assert run("--check").changes == [TASK]
    assert run().changes == [TASK]
    assert host.check_output("cmp {0} {0}.aside; rm {0}.aside; stat -c '%a %U' {0}".format(FILE)) == "644 root"
    assert answers("test") == [TEST]


def test_a_list_made_by_hand(host, answers, place, domains):
    """It gets mail at once, wherever it is asked for, and with the next run in its own domain. newlist knows the domain of a web host."""
    assert answers("byhand") == []
    host.check_output("/var/lib/mailman/bin/newlist -q -u www.other.test byhand owner@example.org secret")
    assert place("byhand") == [OTHER, "www.other.test"]
    assert answers("byhand") == answers("byhand-request") == ALL
    [announced] = run("--check", "--diff").results[TASK]["diff"]
    assert (announced["before_header"], announced["after"]) == (FILE, "byhand: other.test\n" + announced["before"])
    assert answers("byhand") == ALL
    ended = run()
    assert ended.changes == [TASK]
    assert ended.results[TASK]["domains_changed"]
    assert answers("byhand") == answers("byhand-request") == [OTHER]
    assert domains() == dict(AS_INSTALLED, byhand=OTHER)
    assert run().changed == 0


def test_a_list_moved_by_hand(host, answers, mailman):
    """The next run sees that the list has been written to."""
    mailman("m = MailList('byhand')\nm.host_name = 'Lists.test'\nm.Save(); m.Unlock()\nprint 0")
    assert answers("byhand") == [OTHER]
    assert run().changes == [TASK]
    assert answers("byhand") == [TEST]
    mailman("m = MailList('byhand')\nm.host_name = 'elsewhere.test'\nm.Save(); m.Unlock()\nprint 0")
    run()
    assert answers("byhand") == ALL


def test_a_list_moved_in_the_inventory(host, answers, place, domains):
    """Web pages and addresses follow; neither Exim nor the queue runners restart."""
    pids = "systemctl show --property MainPID mailman; cat /run/exim4/exim.pid; md5sum /etc/exim4/exim4.conf"
    before = host.check_output(pids)
    lists = lists_with("test", email_host=OTHER)
    announced = run("--check", "--diff", mailman_lists=lists).results[TASK]
    assert answers("test") == [TEST]
    ended = run(mailman_lists=lists).results[TASK]
    assert [one["settings"] for one in ended["lists"]] == [one["settings"] for one in announced["lists"]] == [
        {"host_name": {"before": TEST, "after": OTHER}, "web_page_url": {"before": "http://www.lists.test/mailman/", "after": "http://www.other.test/mailman/"}}
    ]
    assert announced["domains_changed"]
    assert ended["domains_changed"]
    assert place("test") == [OTHER, "www.other.test"]
    assert answers("test") == answers("test-request") == [OTHER]
    assert domains()["test"] == OTHER
    assert host.check_output(pids) == before


def test_a_list_that_is_removed(host, answers, domains):
    host.check_output("/var/lib/mailman/bin/rmlist -a byhand")
    assert answers("byhand") == []
    ended = run("--diff", mailman_lists=lists_with("test", state="absent"))
    assert ended.results[TASK]["domains_changed"]
    assert domains() == {name: domain for name, domain in AS_INSTALLED.items() if name != "test"}
    assert answers("test") == []


def test_all_lists_in_all_domains(host, answers):
    assert run(exim_lists_in_all_domains=["*"]).failure == ""
    assert answers("com") == ALL


def test_what_the_inventory_says_again(answers, domains):
    assert run().failure == ""
    assert domains() == AS_INSTALLED
    assert answers("com") == [COM]
    assert answers("test") == [TEST]


def test_verify(tmp_path):
    variables = {"verify_results": str(tmp_path / "results.json"), "verify_subscriber": "anna@example.net"}
    ended = run(playbook="verify.yml", **variables)
    assert ended.failure == ""
    checks = {check["check"]: check["tested"] for check in ended.results["Test Exim and collect its state"]["checks"]}
    # Of the addresses for bounces it tries two more.
    assert checks["addresses of the lists"] == len(LISTS) * (len(KINDS) + 2) + 1
