# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import json
import os
import pathlib
import subprocess
import uuid

import pytest
import yaml
from waiting import eventually

SCENARIO = pathlib.Path(__file__).parents[1]
ROOT = SCENARIO.parents[1]
HOSTS = yaml.safe_load((SCENARIO / "inventory.yml").read_text())["all"]["children"]["list_hosts"]["hosts"]
MEMBERS = ["anna@example.net", "carla@example.org"]


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """Run a playbook for hosts, all at once, as a run for each would take much longer; return for each how much it changed, and what it said where it failed.

    Variables are those of all, or in `each` those of one.
    """

    def run(playbook="site.yml", *, hosts=HOSTS, each=None, **variables):
        theirs = tmp_path_factory.mktemp("inventory") / "each.yml"
        theirs.write_text(yaml.safe_dump({"all": {"hosts": each or {}}}))
        command = ["ansible-playbook", "--limit", ",".join(hosts), "--extra-vars", json.dumps(variables), ROOT / "playbooks" / playbook]
        for file in (ROOT / "molecule/shared/ground.yml", SCENARIO / "inventory.yml", theirs):
            command += ["--inventory", file]
        environment = dict(os.environ, ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, env=environment)
        report = json.loads(done.stdout)
        said = {name: [] for name in hosts}
        for task in (task for play in report["plays"] for task in play["tasks"]):
            for name, result in task["hosts"].items():
                if result.get("failed"):
                    said[name].append(result["msg"])
        return {name: (report["stats"][name]["changed"], "\n".join(said[name])) for name in hosts}

    return run


@pytest.fixture(scope="module")
def machines(ground):
    return {host.name: host for host in ground.list_hosts}


@pytest.fixture
def directory(list_host):
    return HOSTS[list_host.name]["existing_directory"]


@pytest.fixture
def deliver(list_host, send):
    """Send a message from outside and return its subject."""

    def deliver(address, sender="gustav@example.org", code=250):
        subject = uuid.uuid4().hex
        reply = send(list_host, address, sender=sender, data="Subject: %s\nFrom: %s\nTo: %s\n\nA test.\n" % (subject, sender or "x@example.org", address))
        assert reply.code == code, reply.transcript
        return subject

    return deliver


@pytest.fixture
def assert_lists_work(list_host, deliver, sink):
    """A post reaches every member with VERP."""

    def assert_lists_work():
        mark = sink.mark()
        subject = deliver("testlist@list.example.com", sender=MEMBERS[0])
        copies = sink.wait(len(MEMBERS), since=mark, host=list_host, subject=subject)
        assert sorted((copy.mail_from, copy.rcpt_tos) for copy in copies) == sorted(
            ("testlist-bounces+%s@list.example.com" % member.replace("@", "="), [member]) for member in MEMBERS)

    return assert_lists_work


@pytest.fixture
def assert_no_lists(list_host, deliver):
    """Mail for lists is refused, and people get theirs."""

    def assert_no_lists():
        deliver("testlist@list.example.com", code=550)
        subject = deliver("info@" + list_host.fqdn)
        assert eventually(lambda: subject in list_host.run("cat /var/mail/anna /var/spool/mail/anna").stdout)

    return assert_no_lists


@pytest.fixture
def differences(list_host, directory):
    """What diff says about the administrator's directory, without the last configurations of role exim, which it keeps."""

    def differences(before="/root/before"):
        return list_host.run("diff -r --exclude='*~' %s %s" % (before, directory)).stdout.splitlines()

    return differences
