# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VERP: personalization, probes, and the way from each mode to each other with mail in the queue."""

import contextlib
import subprocess
import uuid

import pytest
from conftest import delivery_failure, letter
from waiting import eventually

MEMBERS = ["anna@example.org", "berta@example.net", "carla@example.edu"]


def verped(list_name, recipient):
    return "%s-bounces+%s@list.example.com" % (list_name, recipient.replace("@", "="))


def test_personalized_posts_are_verped_once(post):
    """By Mailman, which must make a message for each member anyway. Exim leaves them alone."""
    copies = post("personal")
    assert sorted(recipient for copy in copies for recipient in copy.rcpt_tos) == MEMBERS
    for copy in copies:
        [recipient] = copy.rcpt_tos
        assert copy.mail_from == verped("personal", recipient)
        assert copy.content["Errors-To"] == copy.mail_from
        assert "To %s alone" % recipient in copy.content.as_string()


def test_owners_may_personalize(list_host, names):
    """Else Mailman does not offer it, nor does it print it here."""
    assert "personalize = 1" in list_host.check_output(names.mailman_bin + "/config_list -o - personal").splitlines()


@pytest.fixture
def bounce(talk):
    def bounce(copy, about):
        assert talk(copy.mail_from, sender="", data=delivery_failure(about)).last[0] == 250

    return bounce


def test_probe(post, bounce, sink, list_host, names):
    """A member whose mail bounces is asked once more, and loses delivery when that bounces."""
    mark = sink.mark()
    [copy] = post("probed", copies=1)
    bounce(copy, "dora@example.org")
    [probe] = sink.wait(1, since=mark, host=list_host, to="dora@example.org", subject="probe message")
    sender, domain = probe.mail_from.split("@")
    assert domain == "list.example.com"
    assert sender.startswith("probed-bounces+")
    assert "=" not in sender
    disabled = names.mailman_bin + "/list_members --nomail=bybounce probed"
    assert list_host.check_output(disabled) == ""
    bounce(probe, "nobody@example.org")
    eventually(lambda: list_host.check_output(disabled) == "dora@example.org")


def waiting(list_host, list_name):
    """The recipients of a list's mail in Exim's queue."""
    entries = list_host.check_output("exim -bp").split("\n\n")
    return [recipient for entry in entries if "<%s-bounces" % list_name in entry for recipient in entry.split("\n", 1)[1].split()]


@contextlib.contextmanager
def cut_off(list_host, servers):
    """The list host, and no other, has no way to the subscribers' servers."""

    def routes(change):
        commands = " && ".join("ip route %s prohibit %s" % (change, server) for server in servers)
        subprocess.run(["podman", "exec", "--privileged", list_host.container, "sh", "-c", commands], check=True)

    routes("add")
    try:
        yield
    finally:
        routes("del")


# One way round and the other: both hosts have the same Exim.
MODES = {"debian12": ["exim", "mailman", "none", "exim"], "el8": ["exim", "none", "mailman", "exim"]}


@pytest.mark.parametrize("number", range(3))
def test_from_one_mode_to_another(number, run_site, talk, ground, list_host, names, sink, bounce):
    """What is in the queue leaves once, and when it bounces Mailman knows whose it was."""
    old, new = MODES[list_host.name][number:number + 2]
    list_name, subject = "switch%d" % number, "switch " + uuid.uuid4().hex
    address = list_name + "@list.example.com"
    with cut_off(list_host, ground.mail_servers.values()):
        assert talk(address, data=letter(subject, To=address)).last[0] == 250
        eventually(lambda: sorted(waiting(list_host, list_name)) == MEMBERS)
        stats, _results = run_site(list_host.name, mailman_verp=new)
        assert stats[list_host.name]["failures"] == 0
        mark = sink.mark()
    list_host.check_output("exim -qff")
    copies = sink.wait(3, since=mark, host=list_host, subject=subject)
    assert sorted(recipient for copy in copies for recipient in copy.rcpt_tos) == MEMBERS
    for copy in copies:
        for recipient in copy.rcpt_tos:
            # Mailman has done it before the change, or Exim does it now.
            named = old == "mailman" or new == "exim"
            assert copy.mail_from == (verped(list_name, recipient) if named else list_name + "-bounces@list.example.com")
            bounce(copy, "nobody@example.org" if named else recipient)
    log = names.mailman_logs + "/bounce"
    scores = "grep -h '%s: .* bounce score: 1' %s | grep -o '%s: [^ ]*' | sort -u" % (list_name, log, list_name)
    eventually(lambda: list_host.run(scores).stdout.split()[1::2] == MEMBERS)
