# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Exim and root read about domains and lists, where Mailman's user can put anything."""

import pytest
from conftest import TROPHY, Run

ORG = "lists.example.org"

# What earlier releases kept there.
BAIT = ["{0}/frozen", "{0}/lists/.domains"]


@pytest.fixture(params=["mkfifo %s", "ln -s " + TROPHY + " %s", "ln -s /dev/zero %s"])
def bait(victim, request):
    """The files of earlier releases, as what hangs, leads away or never ends."""
    paths = [path.format(victim.prefix) for path in BAIT]
    for path in paths:
        assert victim.attack(request.param % path).rc == 0
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


@pytest.mark.parametrize("what", ["mkfifo lists", "ln -s /proc/1/fd lists", "true"])
def test_lists_that_cannot_be_looked_at_are_their_own_trouble(victim, what):
    assert replies(victim) == ["250", "250"]
    assert victim.attack("cd {0} && mv lists lists.aside && {1}".format(victim.prefix, what)).rc == 0
    try:
        assert replies(victim) == ["451", "250"]
    finally:
        victim.root("cd {0}; rm -f lists; mv lists.aside lists".format(victim.prefix))


def test_root_neither_waits_nor_follows(victim, bait):
    """Nor believes it: nothing changes."""
    ended = victim.run("site.yml")
    assert not ended.failed, ended.said
    assert "changed=0" in ended.said


def test_what_exim_reads_is_out_of_reach(victim):
    assert victim.attack("touch /etc/listhost || mkdir /etc/listhost").rc != 0
    directory = "/etc" if victim.user == "list" else "/virtual"
    for path in (directory + "/frozen", directory + "/domains/mine"):
        assert victim.attack("touch " + path).rc != 0


@pytest.fixture
def loot(victim, ground):
    """A list that is to move from the shared Mailman, and whose archive is one that only root can read: that is what its directory is for Mailman's user."""
    if victim.user != "list":
        pytest.skip("moves from a shared Mailman only")
    separate = ground.machines["separate"]
    victim.root("mkdir -p /etc/closed/loot; chmod 711 /etc/closed; chmod 700 /etc/closed/loot; cp -p /etc/shadow /etc/closed/loot")
    victim.root("{0}/bin/newlist -q -e {1} loot owner@example.org secret".format(victim.prefix, ORG))
    swap = "cd {0} && mv archives/public archives/public.aside && ln -s /etc/closed archives/public && ln -s {1} frozen".format(victim.prefix, TROPHY)
    assert victim.attack(swap).rc == 0
    separate.check_output("runuser -u list-org -- ln -s %s /virtual/%s/mailman/frozen", TROPHY, ORG)
    yield separate
    victim.root("cd {0} && rm archives/public frozen && mv archives/public.aside archives/public; rm -r /etc/closed".format(victim.prefix))
    victim.root("{0}/bin/rmlist -a loot".format(victim.prefix))
    separate.check_output("rm -f /virtual/%s/mailman/frozen /virtual/frozen", ORG)
    separate.check_output("rm -rf /virtual/%s/mailman/lists/loot /virtual/%s/mailman/archives/*/loot*", ORG, ORG)


def test_a_move_takes_nothing_that_is_roots(victim, loot):
    ended = Run("move_domain.yml", move_domain=ORG, move_from="shared")
    assert ended.failed
    assert "Permission denied" in ended.said
    assert "lists.example.org was not moved" in ended.said
    assert victim.root("ls /etc/closed/loot") == "shadow"
    assert loot.check_output("find /virtual -name shadow") == ""
    assert not loot.file(TROPHY).exists
    assert "loot" in victim.root("{0}/bin/list_lists -b".format(victim.prefix)).split()
