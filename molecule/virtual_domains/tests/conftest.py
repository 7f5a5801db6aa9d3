# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of the virtual domains, and runs of the inventories first, second and third, each for itself."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import uuid

import pytest

LOCK = "/run/listhost.exim_mailman.lock"
SCENARIO = pathlib.Path(__file__).parents[1]
ROOT = SCENARIO.parents[1]


def letter(body="A test.\n", **headers):
    return "Message-ID: <%s@test.example.org>\n" % uuid.uuid4() + "".join("%s: %s\n" % item for item in headers.items()) + "\n" + body


class Run:
    """A run of ansible-playbook: what it changed and what failed, for each domain."""

    def __init__(self, process):
        output, errors = process.communicate(timeout=900)
        if not output.startswith("{"):
            pytest.fail("ansible-playbook printed:\n" + output + errors)
        report = json.loads(output)
        self.changes = {host: stats["changed"] for host, stats in report["stats"].items()}
        self.failures = {
            host: " ".join(str(result.get(key, "")) for key in ("msg", "stderr"))
            for play in report["plays"] for task in play["tasks"] for host, result in task["hosts"].items() if result.get("failed")
        }  # fmt: skip


def start(inventory, *options, playbook="site.yml", **variables):
    """Start a run for one inventory, by its directory in this scenario or its path."""
    command = ["ansible-playbook", "--inventory", SCENARIO / inventory, "--extra-vars", json.dumps(variables), *options, ROOT / "playbooks" / playbook]
    environment = dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def run(inventory, *options, **variables):
    return Run(start(inventory, *options, **variables))


def verify(results, *options, **variables):
    """Run verify.yml for the domains of first: the kinds of faults of each host."""
    run("first", *options, playbook="verify.yml", verify_results=str(results), **variables)
    return {host: {fault["fault"] for fault in report["faults"]} for host, report in json.loads(results.read_text()).items()}


class Domain:
    """A virtual domain on its host."""

    def __init__(self, host, name):
        self.host, self.name = host, name
        self.home = "/virtual/" + name
        self.unit = "mailman@" + name
        # As the inventories have it.
        self.member = "member-of-%s@example.org" % name.replace(".", "-")

    def pid(self):
        return int(self.host.check_output("systemctl show --property MainPID --value " + self.unit))

    def members(self):
        return self.host.check_output(self.home + "/mailman/bin/list_members announce").split()

    def user(self):
        return self.host.check_output("sed -n 's/user: //p' /virtual/domains/" + self.name)

    def files_for_one_click(self):
        found = "-name '*one?click*{0}*' -o -path '*one_click/{0}'".format(self.name)
        return self.host.run("find /etc/systemd /etc/listhost /virtual/one_click /run " + found).stdout.split()

    def bounce_scores(self):
        code = (
            "import sys; sys.path.insert(0, '%s/mailman/bin'); import paths; from Mailman.MailList import MailList; import json;"
            "m = MailList('announce', lock=0); print json.dumps(dict((a, m.getBounceInfo(a).score) for a in m.getBouncingMembers()))"
        ) % self.home
        return json.loads(self.host.check_output('/usr/bin/python2.7 -B -c "%s"' % code))


class VirtualHost:
    """A machine: its Exim, its domains, and runs for it alone."""

    def __init__(self, host):
        self.host = host
        self.el = host.name.startswith("el")
        self.exim_files, self.exim_pid, self.exim_user = (
            ("/etc/exim", "/run/exim.pid", "exim") if self.el else ("/etc/exim4", "/run/exim4/exim.pid", "Debian-exim"))
        self.web, self.web_files, self.own_web_files = (
            ("httpd", "/etc/httpd", "/etc/httpd/conf.d") if self.el else ("apache2", "/etc/apache2", "/etc/apache2/sites-available"))
        self.prefix = "el" if self.el else "lists"
        self.domains = {name: Domain(host, "%s.example.%s" % (self.prefix, name)) for name in ["org", "net", "edu", "com"]}

    def start(self, inventory, *options, **variables):
        return start(inventory, "--limit", self.prefix + ".*", *options, **variables)

    def run(self, inventory, *options, **variables):
        return Run(self.start(inventory, *options, **variables))

    @contextlib.contextmanager
    def lock_held(self):
        """As by a run that installs packages. Nobody else may do so meanwhile."""
        since = self.host.check_output("date +%s.%N")
        holder = self.host.check_output("nohup flock --no-fork %s sleep 600 > /dev/null 2>&1 & echo $!" % LOCK)
        try:
            yield
            assert not re.search("(apt|dnf): Invoked", self.host.check_output("journalctl --since=@" + since))
        finally:
            self.host.check_output("kill " + holder)

    def waiting_runs(self):
        """How many have the lock's file open besides the one that holds the lock."""
        return len(set(self.host.run("find /proc/[0-9]*/fd -lname %s 2>/dev/null | cut -d / -f 3", LOCK).stdout.split())) - 1

    def start_machine(self):
        """As the machine's administrator does, who knows of no domain."""
        options = ["--inventory", ROOT / "molecule/shared/ground.yml", "--limit", self.host.name]
        return start("inventory.yml", *options, mailman_web=True)

    def web_file(self, name):
        return "%s/listhost_%s.conf" % (self.own_web_files, self.domains[name].name)

    def verify(self, results):
        return verify(results, "--limit", self.prefix + ".*")

    def state(self, *names):
        """What no run for another domain may change: all files of Exim's, Apache's and its certificates but those of other domains, and which processes run."""
        not_theirs = "! -name 'listhost_{0}.conf' ! -name 'web_{0}.*' ! -path '*/one_click_{0}/*'"
        others = " ".join(not_theirs.format(domain.name) for name, domain in self.domains.items() if name not in names)
        web_files = "find %s /etc/listhost -type f %s" % (self.web_files, others)
        return (
            self.host.check_output("%s -exec sha256sum {} + | sort; %s -exec stat -c '%%n %%Y %%i' {} + | sort" % (web_files, web_files)),
            self.host.check_output("systemctl show --property MainPID " + self.web),
            self.host.check_output("find %s -type f -exec sha256sum {} + | sort; stat -c '%%Y %%i' %s/exim*.conf" % (self.exim_files, self.exim_files)),
            self.host.check_output("cat " + self.exim_pid),
            [self.domains[name].pid() for name in names],
        )


@pytest.fixture(scope="module")
def virtual(list_host):
    return VirtualHost(list_host)


@pytest.fixture(scope="module")
def host(list_host):
    return list_host


@pytest.fixture(scope="module")
def domains(virtual):
    return virtual.domains


@pytest.fixture
def post(host, send, sink):
    """Return a function that posts to the list of a domain and returns each member's copy."""

    def post(domain):
        subject, mark, members = "post " + uuid.uuid4().hex, sink.mark(), len(domain.members())
        data = letter(Subject=subject, From="gustav@example.org", To="announce@" + domain.name)
        assert send(host, "announce@" + domain.name, sender="gustav@example.org", data=data).code == 250
        return {copy.rcpt_tos[0]: copy for copy in sink.wait(members, since=mark, host=host, subject=subject)}

    return post
