# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Mailman that an attacker has got hold of, as its user: that of a shared Mailman, and that of a virtual domain."""

import json
import os
import pathlib
import subprocess
import uuid

import pytest
from waiting import eventually

SCENARIO = pathlib.Path(__file__).parents[1]
ROOT = SCENARIO.parents[1]

# What an attacker's code writes when root runs it, and only root can make.
TROPHY = "/root/trophy"


def letter(subject, to, sender="anna@example.org"):
    return "Message-ID: <%s@test.example.org>\nSubject: %s\nFrom: %s\nTo: %s\n\nA test.\n" % (uuid.uuid4(), subject, sender, to)


class Run:
    """A run of ansible-playbook: whether it failed, and all that it printed."""

    def __init__(self, playbook, *options, **variables):
        command = ["ansible-playbook", "--inventory", ROOT / "molecule/shared/ground.yml", "--inventory", SCENARIO / "inventory.yml"]
        command += ["--extra-vars", json.dumps(variables), *options, ROOT / "playbooks" / playbook]
        environment = dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"))
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=900, check=False)
        self.failed = done.returncode != 0
        # Words as they were before Ansible broke lines and quoted.
        self.said = " ".join((done.stdout + done.stderr).replace("\\n", " ").replace('\\"', '"').split())


class Victim:
    """A Mailman, its machine, and its user, who is the attacker."""

    def __init__(self, machine, limit, prefix, user, unit, domain):
        self.machine, self.limit, self.prefix, self.user, self.unit, self.domain = machine, limit, prefix, user, unit, domain

    def root(self, command, *arguments):
        """What the administrator does."""
        return self.machine.check_output(command, *arguments)

    def eventually(self, command):
        """The number that a command of root's prints, as soon as it is none of 0."""
        return eventually(lambda: int(self.root(command) or 0))

    def attack(self, command):
        """What Mailman's user tries: the result of the command, a shell's."""
        return self.machine.run("runuser -u %s -- /bin/sh -c %s", self.user, command)

    def run(self, playbook, *options, **variables):
        return Run(playbook, "--limit", self.limit, *options, **variables)

    def trophy(self):
        return self.machine.run("cat " + TROPHY).stdout


@pytest.fixture(scope="module", params=["shared", "separate"])
def victim(request, ground):
    machine = ground.machines[request.param]
    if request.param == "shared":
        return Victim(machine, "shared", "/var/lib/mailman", "list", "mailman", "lists.example.net")
    return Victim(machine, "lists.example.org", "/virtual/lists.example.org/mailman", "list-org", "mailman@lists.example.org", "lists.example.org")


@pytest.fixture(autouse=True)
def nobody_wins(victim):
    """No test leaves a trophy, nor finds one."""
    victim.root("rm -f " + TROPHY)
    yield
    assert victim.trophy() == ""
