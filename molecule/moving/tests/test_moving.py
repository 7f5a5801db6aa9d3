# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Domains move: from a shared Mailman to a machine of their own, on the same machine, and from one machine to another.

The tests stand in the order of that life. Every post must reach its members, once, wherever its list is when it comes.
"""

import contextlib
import re
import threading
import uuid

import pytest
from conftest import Run, letter, run
from waiting import eventually

ORG, NET = "lists.example.org", "lists.example.net"
LISTS = ["announce", "board"]
HOME = "/virtual/%s/mailman" % ORG
FROZEN = "/etc/listhost/frozen"


class Sender:
    """Somebody's mail server: posts without end, and tries again later what was not taken."""

    def __init__(self, send, *recipients):
        self.send, self.recipients = send, recipients
        self.posts, self.refused = {}, []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self):
        while not self.stop.is_set():
            for recipient, host in self.recipients:
                subject = "post %s" % uuid.uuid4()
                self.posts[subject] = recipient, self.post(subject, recipient, host)
            self.stop.wait(2)

    def post(self, subject, recipient, host):
        try:
            code = self.send(host, recipient, sender="gustav@example.org", data=letter(subject, recipient)).code
        except pytest.fail.Exception as broken:
            # Exim is being started anew.
            if "Connection refused" not in str(broken):
                raise
            code = 451
        if code >= 500:
            self.refused.append((recipient, code))
        return code

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def waiting(self):
        return {subject: recipient for subject, (recipient, code) in self.posts.items() if code == 451}


def code_of(send, host, *recipients, sender="gustav@example.org"):
    return [send(host, recipient, sender=sender, options=["--quit-after", "RCPT"]).code for recipient in recipients]


def flush(machine):
    """What Exim does in its own time."""
    machine.check_output("exim -qff")
    return eventually(lambda: not machine.check_output("exim -bp"))


def copies(sink, subject, since):
    return sorted(recipient for message in sink.messages(since, subject=subject) for recipient in message.rcpt_tos)


def test_frozen_domain_waits(first, shared, send, sink, request):
    """It and no other: from outside, bounces and all, and in Exim's queue."""
    mark, subject = sink.mark(), "frozen %s" % uuid.uuid4()
    first.check_output("mkdir --parents /etc/listhost; echo '%s: leaving' > %s" % (ORG, FROZEN))
    request.addfinalizer(lambda: first.check_output("rm -f " + FROZEN))
    addresses = ["announce@" + ORG, "announce-request@" + ORG, "nobody@" + ORG, "announce@LISTS.example.org"]
    assert code_of(send, first, *addresses) == [451] * 4
    assert code_of(send, first, "announce-bounces@" + ORG, "announce-bounces+anna=example.org@" + ORG, sender="") == [451] * 2
    assert "451 This domain is being moved: try again later" in send(first, "announce@" + ORG, sender="gustav@example.org").transcript
    assert code_of(send, first, "news@" + NET, "nobody@" + NET) == [250, 550]
    first.check_output("printf %%s %s | exim -f gustav@example.org announce@%s", letter(subject, "announce@" + ORG), ORG)
    eventually(lambda: "being moved" in first.check_output("cat /var/log/exim4/mainlog"))
    assert "announce@" + ORG in first.check_output("exim -bp")
    assert copies(sink, subject, mark) == []
    first.check_output("rm " + FROZEN)
    flush(first)
    sink.wait(1, since=mark, subject=subject)
    assert code_of(send, first, "announce@" + ORG, "nobody@" + ORG) == [250, 550]


def test_mailmans_user_stops_nobodys_mail(first, send):
    """Exim does not look into a directory of that user for the domains whose mail waits."""
    first.check_output("mkfifo /var/lib/mailman/frozen; chown list /var/lib/mailman/frozen")
    try:
        assert code_of(send, first, "announce@" + ORG, "news@" + NET) == [250, 250]
    finally:
        first.check_output("rm /var/lib/mailman/frozen")


def test_site_while_a_move_is_under_way(first, second, send):
    """One that an earlier release began, which wrote in Mailman's directories what stands for root alone to write now. Exim gets its new configuration."""
    elsewhere = "/virtual/lists.test/mailman"
    first.check_output("echo '%s: leaving' > /var/lib/mailman/frozen" % ORG)
    second.check_output("mkdir --parents {0}; echo 'lists.test: left' > {0}/frozen".format(elsewhere))
    try:
        ended = run("site.yml", "--limit", "first,second", exim_message_size_limit="49M")
        assert not ended.failed, ended.said
        assert "Mail for lists.example.org waits" in ended.said
        assert first.file(FROZEN).content_string == "%s: leaving\n" % ORG
        assert second.file("/virtual/frozen").content_string == "lists.test: left\n"
        for machine in (first, second):
            assert machine.check_output("exim -bP message_size_limit") == "message_size_limit = 49M"
        assert code_of(send, first, "announce@" + ORG, "news@" + NET) == [451, 250]
        assert set(run("site.yml", "--limit", "first,second", exim_message_size_limit="49M").changes.values()) == {0}
    finally:
        first.check_output("rm --force /var/lib/mailman/frozen " + FROZEN)
        second.check_output("rm -r /virtual/lists.test; rm --force /virtual/frozen")
    assert code_of(send, first, "announce@" + ORG) == [250]


@pytest.fixture(scope="module")
def cookie(first, shared, send, sink):
    """A subscription that waits for its confirmation, and all else that a list can have."""
    mark = sink.mark()
    assert send(first, "announce@" + ORG, sender="gustav@example.org", data=letter("archived", "announce@" + ORG)).code == 250
    assert send(first, "board@" + ORG, sender="gustav@example.org", data=letter("to be moderated", "board@" + ORG)).code == 250
    join = "announce-join@" + ORG
    assert send(first, join, sender="emil@example.net", data=letter("", join, sender="emil@example.net")).code == 250
    [question] = sink.wait(1, since=mark, to="emil@example.net")
    sink.wait(1, since=mark, to="anna@example.org", subject="archived")
    eventually(lambda: shared.state("board")["held"])
    shared.settle()
    first.check_output("cd %s/templates; mkdir --parents site/en; echo of the site > site/en/verify.txt", shared.prefix)
    # A post that Mailman failed on, as it notes it.
    first.check_output("systemctl stop mailman")
    first.check_output("printf %%s %s | runuser -u list -- %s/mail/mailman post announce", letter("shunted", "announce@" + ORG), shared.prefix)
    shunt = (
        "import glob, os, pickle, sys; sys.path.insert(0, 'bin'); import paths; [path] = glob.glob('qfiles/in/*.pck'); f = open(path, 'rb');"
        "m, d = pickle.load(f), pickle.load(f); d['whichq'] = '%s/qfiles/in'; f = open(path.replace('/in/', '/shunt/'), 'wb');"
        "pickle.dump(m, f, 1); pickle.dump(d, f, 1); f.close(); os.unlink(path)"
    ) % shared.prefix
    first.check_output('cd %s && runuser -u list -- /usr/bin/python2.7 -B -c "%s"' % (shared.prefix, shunt))
    first.check_output("systemctl start mailman")
    return re.search(r"confirm\+([0-9a-f]{40})@", question.content["From"]).group(1)


@pytest.fixture(scope="module")
def before(shared, cookie):
    """The lists as they are before anything moves."""
    return {name: shared.state(name) for name in LISTS}


def without_addresses(state):
    return {key: value for key, value in state.items() if key not in ["url", "host"]}


def test_there_is_something_to_move(before):
    assert before["announce"]["archive"].count("Subject: ") >= 2
    assert "archived" in before["announce"]["digest"]
    assert before["announce"]["public"]
    assert not before["board"]["public"]
    # One for each time that these tests ran by hand before.
    assert {tuple(held) for held in before["board"]["held"]} == {("gustav@example.org", "to be moderated")}
    assert sorted(before["announce"]["members"]) == ["anna@example.org", "berta@example.net", "carla@example.edu"]


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({}, "move_from is ''"),
        ({"move_from": "second"}, "move_from is second, but there is no Mailman in"),
        ({"move_from": "first", "machine": "first"}, "first has lists of lists.example.net in the same Mailman"),
        ({"move_from": "first", "home": "/elsewhere"}, "does not look for domains in /elsewhere/domains"),
        ({"move_from": "first", "mailman_email_host": "lists.example.edu"}, "lists.example.edu has no lists in /var/lib/mailman on first"),
    ],
)
def test_bad_input_is_named_before_anything_changes(variables, complaint):
    ended = run("move_domain.yml", move_domain=ORG, **variables)
    assert complaint in ended.said
    assert ended.failed
    assert set(ended.changes.values()) == {0}


def test_list_that_cannot_be_read(first, before):
    """Nobody knows whether it is one of those that are to move."""
    first.check_output("cd /var/lib/mailman/lists; mkdir broken; echo nothing > broken/config.pck")
    ended = run("move_domain.yml", move_domain=ORG, move_from="first")
    first.check_output("rm -r /var/lib/mailman/lists/broken")
    assert "The list broken on first cannot be read (" in ended.said
    assert ended.failed
    assert set(ended.changes.values()) == {0}


def test_check_mode_changes_nothing(first, second, before):
    ended = run("move_domain.yml", "--check", move_domain=ORG, move_from="first")
    assert "announce, board: from first, /var/lib/mailman, to " in ended.said
    assert not ended.failed
    assert not second.file("/virtual/" + ORG).exists
    assert not first.file(FROZEN).exists


@contextlib.contextmanager
def disturbed(machine, program, when, what):
    """A machine where the program, when it is called so, does this instead."""
    script = '#!/bin/sh\ncase "$*" in *"%s"*) %s ;; esac\nexec /usr/bin/%s "$@"\n' % (when, what, program)
    machine.check_output("printf %%s %s > /usr/local/bin/%s; chmod +x /usr/local/bin/%s", script, program, program)
    try:
        yield
    finally:
        machine.check_output("rm /usr/local/bin/%s", program)


@contextlib.contextmanager
def full(machine, path, options="nr_inodes=1,mode=2771,uid=list,gid=list"):
    """A machine whose disk is full there. Nothing of it can be seen where the playbook looks before."""
    machine.check_output("mount -t tmpfs -o %s none %s", options, path)
    try:
        yield
    finally:
        machine.check_output("umount %s", path)


@contextlib.contextmanager
def filling(machine):
    """A machine whose disk is full when the archive is to be written, and has room again when what there is of it is removed."""
    made = 'made=$(/usr/bin/mktemp "$@"); touch $made/1 $made/2; echo $made; exit'
    with full(machine, "/var/tmp", "nr_inodes=4,mode=1777"), disturbed(machine, "mktemp", "move-", made):
        yield


@contextlib.contextmanager
def elsewhere(machine, name):
    """A machine where Mailman's user has put a link to what only root can read in the place of an archive."""
    archive = "/var/lib/mailman/archives/private/" + name
    machine.check_output("mkdir -p /etc/closed/%s; chmod 711 /etc/closed; chmod 700 /etc/closed/*; cp -p /etc/shadow /etc/closed/*", name)
    machine.check_output("mv {0} {0}.aside; ln -s /etc/closed/{1} {0}".format(archive, name))
    try:
        yield
    finally:
        machine.check_output("rm {0}; mv {0}.aside {0}; rm -r /etc/closed".format(archive))


@contextlib.contextmanager
def blocked(machine, path):
    """A machine where a file is in the way of a directory."""
    machine.check_output("runuser -u list -- touch %s", path)
    try:
        yield
    finally:
        machine.check_output("rm %s", path)


@pytest.mark.parametrize(
    ("culprit", "fault", "complaint"),
    [
        ("first", lambda machine: disturbed(machine, "chown", "lists.tgz", '/usr/bin/chown "$@"; echo >> "$2"; exit'), "lists.tgz has the checksum sha256:"),
        (
            "first",
            lambda machine: disturbed(
                machine,
                "chown",
                "lists.tgz",
                '/usr/bin/chown "$@"; runuser -u list -- /var/lib/mailman/bin/remove_members -n -N board anna@example.org >&2; exit',
            ),
            "These lists were changed on first while they were copied: board",
        ),
        ("first", filling, "No space left on device"),
        ("second", lambda machine: full(machine, HOME + "/archives/private"), "No space left on device"),
        ("first", lambda machine: elsewhere(machine, "announce"), "Permission denied"),
    ],
)
def test_failure_leaves_all_as_it_was(ground, first, second, shared, before, send, sink, culprit, fault, complaint):
    with fault(ground.machines[culprit]):
        ended = run("move_domain.yml", move_domain=ORG, move_from="first")
    assert ended.failed
    assert complaint in ended.said
    assert "lists.example.org was not moved" in ended.said
    if "while they were copied" in complaint:
        first.check_output("echo anna@example.org | runuser -u list -- /var/lib/mailman/bin/add_members -r - -w n -a n board")
        before["board"]["members"] = shared.state("board")["members"]
    assert {name: shared.state(name) for name in LISTS} == before
    assert shared.runs()
    assert first.file(FROZEN).content_string == ""
    # There they wait, here they get through.
    assert code_of(send, second, "announce@" + ORG) == [451]
    assert code_of(send, first, "board@" + ORG, "announce-bounces+anna=example.org@" + ORG) == [250, 250]
    for machine in (first, second):
        assert machine.check_output("find /var/tmp -name 'move-*'") == ""


def killed_at_half(machine):
    """A run that is killed when it has come to half of something on a machine, with what it does there."""
    killed = Run("move_domain.yml", move_domain=ORG, move_from="first")
    eventually(lambda: machine.run("test -s /var/tmp/half").rc == 0, timeout=120)
    killed.kill()
    machine.check_output("kill -9 $(cat /var/tmp/half); pkill sleep; rm /var/tmp/half")


@pytest.fixture(scope="module")
def sender(first, second, before, send, sink):
    """Posts to both domains during the whole move, and a subject that waits in Exim's queue on the first machine.

    The first run is killed when the archive is written, the second when half of the copies are made, the third cannot put the old lists aside when the move
    is final, the fourth ends it.
    """
    with Sender(send, ("announce@" + ORG, first), ("news@" + NET, first)) as sender:
        sender.mark = sink.mark()
        with disturbed(first, "chown", "lists.tgz", "echo $PPID > /var/tmp/half; exec sleep 1000"):
            killed_at_half(first)
        # The copies are beside their places, and not in them.
        with disturbed(second, "sync", "--file-system", "echo $PPID > /var/tmp/half; exec sleep 1000"):
            killed_at_half(second)
        sender.after_kill = [code_of(send, machine, "announce@" + ORG) for machine in (first, second)]
        sender.kept = "kept %s" % uuid.uuid4()
        first.check_output("printf %%s %s | exim -f gustav@example.org announce@%s", letter(sender.kept, "announce@" + ORG), ORG)
        with blocked(first, "/var/lib/mailman/data/moved"):
            sender.failed = run("move_domain.yml", move_domain=ORG, move_from="first")
        sender.after_failure = [code_of(send, machine, "announce@" + ORG) for machine in (first, second)]
        sender.moved = run("move_domain.yml", move_domain=ORG, move_from="first")
    return sender


def test_mail_waits_between_runs(sender):
    assert sender.after_kill == [[451], [451]]
    assert sender.failed.failed
    assert "Put the old lists aside" in sender.failed.said
    assert sender.after_failure == [[451], [451]]


def test_move(first, second, shared, separate, before, sender):
    assert not sender.moved.failed, sender.moved.said
    assert sender.refused == []
    assert sender.waiting()
    assert separate.lists() == ["announce", "board", "mailman"]
    assert shared.lists() == ["mailman", "news"]
    assert shared.runs()
    assert separate.runs()
    aside = "/var/lib/mailman/data/moved"
    assert first.check_output("cd %s; ls -d */lists/*/config.pck | cut -d / -f 2,3 | sort" % aside).split() == ["lists/announce", "lists/board"]
    assert {first.file(aside + "/" + name).mode & 0o777 for name in first.file(aside).listdir()} == {0o700}


def test_lists_are_as_before(separate, before):
    for name in LISTS:
        state = separate.state(name)
        assert without_addresses(dict(state, archive=0, digest=0)) == without_addresses(dict(before[name], archive=0, digest=0))
        assert (state["url"], state["host"]) == ("http://lists.example.org/mailman/", ORG)
        # Posts of the meantime have come to these.
        assert state["archive"].startswith(before[name]["archive"]) if before[name]["archive"] else not state["archive"]
        assert state["digest"] == before[name]["digest"] or state["digest"].startswith(before[name]["digest"])


def test_templates(second, separate, sender):
    assert second.file(separate.prefix + "/templates/site/en/verify.txt").content_string == "of the site\n"
    assert second.check_output("stat -c '%%U:%%G' %s/templates/site" % separate.prefix) == "list:list"


def test_permissions(second, separate):
    found = second.check_output("%s/bin/check_perms || true" % separate.prefix)
    assert "announce" not in found
    assert "board" not in found
    assert second.check_output("stat -c '%%U:%%G %%a' %s/qfiles/shunt" % separate.prefix) == "list:list 2770"
    assert second.check_output("find %s/lists/announce ! -user list -o ! -group list" % separate.prefix) == ""


def test_what_waited_arrives_once(first, second, separate, sender, send, sink):
    """What was put off is sent again to where it belongs now; what the first machine has taken, it sends there when it is no home any more."""
    for subject, recipient in sender.waiting().items():
        assert sender.post(subject, recipient, second) == 250
    assert code_of(send, first, "announce@" + ORG, "news@" + NET) == [451, 250]
    assert sender.kept in first.check_output("exim -bp | awk '/^ *[0-9]/ {print $3}' | xargs -n 1 exim -Mvh")
    ended = run("site.yml", "--limit", "first", organisation=[])
    assert not ended.failed, ended.said
    flush(first)
    organised = [subject for subject, (recipient, _code) in sender.posts.items() if ORG in recipient] + [sender.kept]
    for subject in organised:
        sink.wait(1, since=sender.mark, to="anna@example.org", subject=subject)
    for subject in sender.posts.keys() - set(organised):
        sink.wait(1, since=sender.mark, to="dora@example.net", subject=subject)
    separate.settle()
    flush(second)
    assert {subject: copies(sink, subject, sender.mark) for subject in organised} == {subject: ["anna@example.org"] for subject in organised}


def test_what_was_pending(second, separate, cookie, send, sink):
    """A confirmation, a moderated post and a shunted one, all where the list is now."""
    confirm = "announce-confirm+%s@%s" % (cookie, ORG)
    assert send(second, confirm, sender="emil@example.net", data=letter("Re:", confirm, sender="emil@example.net")).code == 250
    eventually(lambda: "emil@example.net" in separate.state("announce")["members"])
    mark = sink.mark()
    approve = (
        "import sys; sys.path.insert(0, 'bin'); import paths; from Mailman import mm_cfg; from Mailman.MailList import MailList; m = MailList('board');"
        "m.HandleRequest(m.GetHeldMessageIds()[0], mm_cfg.APPROVE); m.Save(); m.Unlock()"
    )
    second.check_output('cd %s && runuser -u list -- /usr/bin/python2.7 -B -c "%s"' % (separate.prefix, approve))
    second.check_output("runuser -u list -- %s/bin/unshunt" % separate.prefix)
    sink.wait(1, since=mark, to="anna@example.org", subject="to be moderated")
    sink.wait(1, since=mark, to="anna@example.org", subject="shunted")


def test_second_run_has_nothing_to_do(separate):
    ended = run("move_domain.yml", move_domain=ORG, move_from="first")
    assert not ended.failed
    assert "lists.example.org was moved from first before. There is nothing to do." in ended.said
    assert set(ended.changes.values()) == {0}


def test_lists_that_are_there_already(first, shared, separate):
    """Somebody has made one anew in the old place. Nothing is overwritten."""
    first.check_output("runuser -u list -- %s/bin/newlist -q --emailhost=%s announce owner@example.org x", shared.prefix, ORG)
    try:
        before = separate.state("announce")
        ended = run("move_domain.yml", move_domain=ORG, move_from="first")
        assert ended.failed
        assert "lists.example.org has announce on" in ended.said
        assert set(ended.changes.values()) == {0}
        assert separate.state("announce") == before
        assert shared.lists() == ["announce", "mailman", "news"]
    finally:
        first.check_output("runuser -u list -- %s/bin/rmlist -a announce", shared.prefix)


def test_same_machine(first, shared, send, sink):
    """The last domain of the shared Mailman gets one of its own, with another Unix user, where it is. Then Exim looks for domains."""
    mark = sink.mark()
    news = shared.state("news")
    with Sender(send, ("news@" + NET, first)) as sender:
        ended = run("move_domain.yml", move_domain=NET, move_from="first")
        assert not ended.failed, ended.said
        assert code_of(send, first, "news@" + NET) == [451]
        assert not shared.runs()
        assert not first.service("mailman").is_enabled
        ended = run("site.yml", "--limit", "first", mailman_separate_home="/virtual", organisation=[])
        assert not ended.failed, ended.said
    assert sender.refused == []
    for subject, recipient in sender.waiting().items():
        assert sender.post(subject, recipient, first) == 250
    flush(first)
    for subject in sender.posts:
        sink.wait(1, since=mark, to="dora@example.net", subject=subject)
        assert copies(sink, subject, mark) == ["dora@example.net"]
    assert first.check_output("stat -c %%U:%%G /virtual/%s/mailman/lists/news/config.pck" % NET) == "list-net:list-net"
    archive = first.file("/virtual/%s/mailman/archives/private/news.mbox/news.mbox" % NET).content_string
    assert archive.startswith(news["archive"])


def test_from_one_separate_machine_to_another(first, second, separate, send, sink):
    mark = sink.mark()
    states = {name: separate.state(name) for name in LISTS + ["mailman"]}
    ended = run("move_domain.yml", move_domain=ORG, move_from="second", machine="first")
    assert not ended.failed, ended.said
    for name, state in states.items():
        moved = type(separate)(first, separate.prefix, separate.unit).state(name)
        assert moved == state
    assert not separate.runs()
    assert code_of(send, second, "announce@" + ORG) == [451]
    ended = run("remove_domain.yml", remove_domain=ORG)
    assert not ended.failed, ended.said
    assert code_of(send, second, "announce@" + ORG) == [550]
    # It may come back.
    assert second.file("/virtual/frozen").content_string == ""
    subject = "home again %s" % uuid.uuid4()
    assert send(first, "announce@" + ORG, sender="gustav@example.org", data=letter(subject, "announce@" + ORG)).code == 250
    sink.wait(1, since=mark, to="anna@example.org", subject=subject, host=first)
