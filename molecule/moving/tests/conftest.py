# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two machines, runs of the playbooks that move domains, and what a list has."""

import json
import os
import pathlib
import signal
import subprocess
import uuid

import pytest
from waiting import until_mailman_is_idle

SCENARIO = pathlib.Path(__file__).parents[1]
ROOT = SCENARIO.parents[1]

# What of a list must be the same wherever it is.
STATE = """
import sys, os, json
prefix, name = sys.argv[1:]
sys.path.insert(0, os.path.join(prefix, 'bin'))
import paths
from Mailman import mm_cfg
from Mailman.MailList import MailList
mlist = MailList(name)
try:
    answer = {
        'members': dict((one, [mlist.getMemberPassword(one), mlist.getMemberName(one), mlist.getDeliveryStatus(one), one in mlist.getDigestMemberKeys()])
                        for one in mlist.getMembers()),
        'password': mlist.password,
        'held': [list(mlist.GetRecord(number)[1:3]) for number in mlist.GetHeldMessageIds()],
        'url': mlist.web_page_url, 'host': mlist.host_name,
    }
finally:
    mlist.Unlock()
def read(*parts):
    path = os.path.join(prefix, *parts)
    return os.path.exists(path) and open(path).read()
answer['archive'] = read('archives', 'private', name + '.mbox', name + '.mbox')
answer['digest'] = read('lists', name, 'digest.mbox')
answer['public'] = os.path.realpath(os.path.join(prefix, 'archives', 'public', name)) == os.path.realpath(os.path.join(prefix, 'archives', 'private', name))
print(json.dumps(answer))
"""


def letter(subject, to, sender="gustav@example.org"):
    return "Message-ID: <%s@test.example.org>\nSubject: %s\nFrom: %s\nTo: %s\n\nA test.\n" % (uuid.uuid4(), subject, sender, to)


class Run:
    """A run of ansible-playbook: what it changed, said and whether it failed."""

    def __init__(self, playbook, *options, **variables):
        command = ["ansible-playbook", "--inventory", ROOT / "molecule/shared/ground.yml", "--inventory", SCENARIO / "inventory.yml"]
        command += ["--inventory", SCENARIO / "domains", "--extra-vars", json.dumps(variables), *options, ROOT / "playbooks" / playbook]
        environment = dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True)

    def kill(self):
        """With all of its processes, as when the controller loses its power."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def end(self):
        output, errors = self.process.communicate(timeout=900)
        if not output.startswith("{"):
            pytest.fail("ansible-playbook printed:\n" + output + errors)
        report = json.loads(output)
        self.changes = {host: stats["changed"] for host, stats in report["stats"].items()}
        self.failed = any(stats["failures"] or stats["unreachable"] for stats in report["stats"].values())
        results = [(task["task"]["name"], result) for play in report["plays"] for task in play["tasks"] for result in task["hosts"].values()]
        self.said = "\n".join("%s: %s %s" % (name, result.get("msg", ""), result.get("stderr", "")) for name, result in results)
        return self


def run(playbook, *options, **variables):
    return Run(playbook, *options, **variables).end()


class Installation:
    """A Mailman on a machine."""

    def __init__(self, machine, prefix, unit):
        self.machine, self.prefix, self.unit = machine, prefix, unit

    def state(self, name):
        return json.loads(self.machine.check_output("runuser -u list -- /usr/bin/python2.7 -B -c %s %s %s", STATE, self.prefix, name))

    def lists(self):
        return sorted(self.machine.check_output("%s/bin/list_lists -b" % self.prefix).split())

    def runs(self):
        return self.machine.service(self.unit).is_running

    def settle(self):
        until_mailman_is_idle(self.machine, self.prefix + "/qfiles", besides="shunt")


@pytest.fixture(scope="module")
def first(ground):
    return ground.machines["first"]


@pytest.fixture(scope="module")
def second(ground):
    return ground.machines["second"]


@pytest.fixture(scope="module")
def shared(first):
    return Installation(first, "/var/lib/mailman", "mailman")


@pytest.fixture(scope="module")
def separate(second):
    return Installation(second, "/virtual/lists.example.org/mailman", "mailman@lists.example.org")
