# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Exim and root read about domains and lists, where Mailman's user can put anything."""

import os

import pytest
from conftest import TROPHY, Run

ORG = "lists.example.org"

# What earlier forms of this collection kept there, when the user could still write to both directories.
BAIT = ["{0}/frozen", "{0}/lists/.domains"]


@pytest.fixture(params=["mkfifo %s", "ln -s " + TROPHY + " %s", "ln -s /dev/zero %s"])
def bait(victim, request):
    """These files, as what hangs, leads away or never ends."""
    paths = [path.format(victim.prefix) for path in BAIT]
    for path in paths:
        victim.root((request.param % path) + " && chown -h %s %s" % (victim.user, path))
    yield paths
    victim.root("rm " + " ".join(paths))


def test_exim_waits_for_nobody(victim, bait):
    for option in ("-bt", "-bv"):
        found = victim.machine.run("timeout 20 exim %s announce@%s", option, victim.domain)
        assert found.rc == 0, found.stdout + found.stderr


def replies(victim):
    """What Exim says to two recipients of one message: a list's and another. An SMTP session that ends on the way says nothing to the second."""
    lines = ["EHLO client.example.org", "MAIL FROM:<>"] + ["RCPT TO:<%s@%s>" % (name, victim.domain) for name in ("announce-bounces", "postmaster")] + ["QUIT"]
    dialogue = "printf '%s\\r\\n' " + " ".join("'%s'" % line for line in lines)
    said = victim.machine.run(dialogue + " | timeout 20 exim -bh 192.0.2.1 2>/dev/null").stdout
    return [line[:3] for line in said.splitlines() if line[3:4] == " "][3:-1]


@pytest.mark.parametrize("attempt", ["chmod 700 lists", "mv lists lists.aside && mkfifo lists"])
def test_nobody_keeps_exim_from_looking_for_lists(victim, attempt):
    """Its process would end, also for the other recipients of the message."""
    victim.attack("cd {0} && {1}".format(victim.prefix, attempt))
    try:
        assert replies(victim) == ["250", "250"]
    finally:
        victim.root("cd {0}; if [ -e lists.aside ]; then rm lists; mv lists.aside lists; fi; chmod 2775 lists".format(victim.prefix))


def test_root_neither_waits_nor_follows(victim, bait):
    """Nor believes it: nothing changes."""
    ended = victim.run("site.yml")
    assert not ended.failed, ended.said
    assert "changed=0" in ended.said


def test_what_exim_reads_is_out_of_reach(victim):
    assert victim.attack("touch /etc/listhost || mkdir /etc/listhost").rc != 0
    directory = "/etc/listhost" if victim.user == "list" else "/virtual"
    for path in (directory + "/frozen", directory + "/domains/mine"):
        assert victim.attack("touch " + path).rc != 0


# Mailman runs this when it reads the list. The answer then says that a list and templates are where only root can read.
LIE = """
import json
def extend(mlist):
    true = json.dumps
    def lie(answer, **options):
        try:
            answer["result"]["templates"] = ["../../../../../etc/closed"]
            [one.update(name="../../../../../etc/closed/loot") for one in answer["result"]["lists"] if one["name"] == "loot"]
        except (KeyError, TypeError):
            pass
        return true(answer, **options)
    if true.__name__ == "dumps":
        json.dumps = lie
"""
# Mailman runs this when somebody confirms a subscription, which is where the list is then.
SPRUNG = "/var/tmp/sprung"
TRAP = "cos\nsystem\n(S'touch %s'\ntR." % SPRUNG


@pytest.fixture
def loot(victim, ground):
    """A list that is to move from the shared Mailman."""
    if victim.user != "list":
        pytest.skip("moves from a shared Mailman only")
    separate = ground.machines["separate"]
    # Its Exim has to know the domain.
    assert not victim.run("site.yml", mailman_shared_domains={ORG: ORG}).failed
    victim.root("mkdir -p /etc/closed/loot; chmod 711 /etc/closed; chmod 700 /etc/closed/loot; cp -p /etc/shadow /etc/closed/loot")
    victim.root("runuser -u list -- {0}/bin/newlist -q -e {1} loot owner@example.org secret".format(victim.prefix, ORG))
    yield separate
    victim.root("rm -r /etc/closed; rm -f {0}/lists/loot/extend.py*; runuser -u list -- {0}/bin/rmlist -a loot".format(victim.prefix))
    assert not victim.run("site.yml").failed
    separate.check_output("rm -f /virtual/frozen; rm -rf /virtual/%s/mailman/lists/loot /virtual/%s/mailman/archives/*/loot*", ORG, ORG)


def write(victim, name, text):
    victim.root("runuser -u list -- sh -c 'printf %%%%s \"$1\" > %s/lists/loot/%s' sh %%s" % (victim.prefix, name), text)


def test_a_move_takes_nothing_that_is_roots_and_runs_nothing(victim, loot):
    attacks = [("pending.pck", TRAP, "pending.pck has what Mailman never writes there")]
    if "double" not in os.environ["MAILMAN_ARCHIVE"]:
        # The double has no extensions of lists.
        attacks.append(("extend.py", LIE, "etc/closed/loot"))
    for name, text, complaint in attacks:
        write(victim, name, text)
        ended = Run("move_domain.yml", move_domain=ORG, move_from="shared")
        victim.root("rm %s/lists/loot/%s" % (victim.prefix, name))
        assert ended.failed
        assert complaint in ended.said, ended.said
        assert "lists.example.org was not moved" in ended.said
        assert victim.root("ls /etc/closed/loot") == "shadow"
        assert loot.check_output("find /virtual -name shadow") == ""
        assert not loot.file(TROPHY).exists
        assert not loot.file(SPRUNG).exists
        assert "loot" in victim.root("{0}/bin/list_lists -b".format(victim.prefix)).split()
