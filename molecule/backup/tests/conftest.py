# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host that is backed up, what its lists have, and runs of the playbooks."""

import json
import os
import pathlib
import subprocess

import pytest
from in_mailman import user_of
from running import run_playbook

SCENARIO = pathlib.Path(__file__).parents[1]
ROOT = SCENARIO.parents[1]
DIRECTORY = "/var/lib/listhost-backup"

# What of a list must be the same when it has come back.
STATE = """
import sys, os, json, pickle, hashlib
sys.path.insert(0, sys.argv[1])
import paths
from Mailman import mm_cfg
from Mailman.MailList import MailList
prefix, name = mm_cfg.VAR_PREFIX, sys.argv[2]
mlist = MailList(name)
def read(path):
    return os.path.exists(path) and hashlib.md5(open(path, 'rb').read()).hexdigest()
def tree(*parts):
    top = os.path.join(prefix, *parts)
    # But for links, which no archive of lists has.
    files = [os.path.join(where, one) for where, _, files in os.walk(top) for one in files if not os.path.islink(os.path.join(where, one))]
    return sorted((os.path.relpath(path, top), read(path)) for path in files)
def pending(path):
    found = os.path.exists(path) and pickle.load(open(path, 'rb')) or {}
    # Somebody who wants to be a member is an object.
    return sorted([cookie] + [repr(getattr(one, '__dict__', one)) for one in found[cookie]] for cookie in found if cookie not in ('evictions', 'version'))
print(json.dumps({
    'members': dict((one, [mlist.getMemberPassword(one), mlist.getMemberName(one), mlist.getDeliveryStatus(one), one in mlist.getDigestMemberKeys()])
                    for one in mlist.getMembers()),
    'password': mlist.password,
    'bounces': dict((one, mlist.getBounceInfo(one).score) for one in mlist.getBouncingMembers()),
    'held': sorted([one[1], one[2], read(os.path.join(mm_cfg.DATA_DIR, one[4]))] for one in map(mlist.GetRecord, mlist.GetHeldMessageIds())),
    'pending': pending(os.path.join(mlist.fullpath(), 'pending.pck')),
    'host': mlist.host_name,
    'digest': read(os.path.join(mlist.fullpath(), 'digest.mbox')),
    'archive': tree('archives', 'private', name), 'mbox': tree('archives', 'private', name + '.mbox'),
}, sort_keys=True))
mlist.Unlock()
"""


class Host:
    """The host, and what its backup says."""

    def __init__(self, machine):
        self.machine = machine
        self.user = user_of(machine)
        self.repository = "/srv/vault/" + machine.name
        self.programs, self.mm_cfg, self.queues, self.exim, self.exim_service = (
            ("/usr/lib/mailman/bin", "/etc/mailman/mm_cfg.py", "/var/spool/mailman", "/etc/exim/exim.conf", "exim")
            if machine.name == "el8"
            else ("/var/lib/mailman/bin", "/var/lib/mailman/Mailman/mm_cfg.py", "/var/lib/mailman/qfiles", "/etc/exim4/exim4.conf", "exim4")
        )
        self.key = self.exim.rpartition("/")[0] + "/dkim/list.example.com.pem"

    def __getattr__(self, name):
        return getattr(self.machine, name)

    def list(self, name):
        """What a list has."""
        return json.loads(self.check_output("runuser -u %s -- /usr/bin/python2.7 -B -c %s %s %s", self.user, STATE, self.programs, name))

    def lists(self):
        return sorted(self.check_output("runuser -u %s -- %s/list_lists -b", self.user, self.programs).split())

    def subscribe(self, name, address):
        self.check_output("echo %s | runuser -u %s -- %s/add_members -w n -a n -r - %s", address, self.user, self.programs, name)

    def state(self):
        return json.loads(self.check_output("cat %s/state.json || echo {}", DIRECTORY))

    def back_up(self):
        """Take a backup, as the timer does. Return its exit status and what it said."""
        mark = self.check_output("date +%s.%N")
        status = self.run("systemctl start listhost-backup.service").rc
        return status, self.check_output("journalctl --quiet --output cat --unit listhost-backup.service --since @%s", mark)

    def restic(self, *arguments):
        words = " ".join(arguments)
        return self.check_output("RESTIC_PASSWORD_FILE=/etc/listhost/backup_password restic --no-cache --repo %s " % self.repository + words)

    def privileged(self, command):
        """For what only this machine may do in a container, such as to mount something."""
        self.backend.run_local("podman exec --privileged %s sh -ec %s", self.container, command)


@pytest.fixture(scope="module")
def host(list_host):
    return Host(list_host)


@pytest.fixture
def play(host, tmp_path):
    """Return a function that runs a playbook of the collection for the host."""
    return lambda playbook, *options, **variables: run_playbook(
        SCENARIO, *options, host=host, playbook=playbook, verify_results=str(tmp_path / "verify.json"), **variables)


@pytest.fixture
def verify(play):
    """Return a function that verifies the host, and returns what was found of faults by their kind."""
    return lambda: {fault["fault"]: fault["found"] for fault in play("verify.yml").results["Test Exim and collect its state"]["faults"]}


@pytest.fixture
def destroy(host, internet):
    """Return a function that puts a bare host in the place of this one."""

    def destroy():
        subprocess.run(["podman", "rm", "--force", "--time", "0", host.container], check=True, capture_output=True)
        command = ["ansible-playbook", "-i", ROOT / "molecule/shared/ground.yml", "-i", SCENARIO / "inventory.yml", "--limit", host.name]
        command += ["-e", "ground_image=localhost/listhost-" + host.name, ROOT / "molecule/shared/create.yml"]
        subprocess.run(command, check=True, capture_output=True, env=dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg")))
        # The bridge has the lowest address of those that are on it, and nobody is told when it is another.
        internet.check_output("ip neigh flush all")

    return destroy
