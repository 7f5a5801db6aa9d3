# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stranger: a fresh clone, a home directory with nothing in it, and a host that is reached by SSH."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
WHEEL = ROOT / ".cache/wheels/dnspython-1.16.0-py2.py3-none-any.whl"


def commands(page, heading):
    """What a page has the reader type in a section: each block's lines, without their comments."""
    section = re.search(r"^## %s\n(.*?)(?=^## |\Z)" % re.escape(heading), (ROOT / page).read_text(), re.MULTILINE | re.DOTALL).group(1)
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return [[re.sub(r"\s+#.*", "", line) for line in block.splitlines()] for language, block in blocks if not language]


class Outcome:
    """What came of a command: exit status, and of a playbook what its tasks returned for the only host."""

    def __init__(self, run):
        self.status, self.output = run.returncode, run.stdout + run.stderr
        start = run.stdout.find("{\n")
        record = json.loads(run.stdout[start:]) if start >= 0 else {"plays": [], "stats": {}}
        tasks = [task["hosts"] for play in record["plays"] for task in play["tasks"]]
        results = [result for hosts in tasks for result in hosts.values()]
        self.messages = [result.get("msg", "") for result in results if result.get("failed") and not result.get("ignore_errors")]
        self.changed = sum(stats["changed"] for stats in record["stats"].values())

    @property
    def message(self):
        """Why a playbook stopped."""
        assert self.status != 0 and self.messages, self.output
        return self.messages[-1]


class Stranger:
    """Has a clone and an inventory, and types commands."""

    def __init__(self, home, host):
        self.home, self.clone, self.elsewhere = home, home / "exim_mailman", home / "elsewhere"
        self.clone.mkdir()
        self.elsewhere.mkdir()
        files = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], stdout=subprocess.PIPE, check=True).stdout
        subprocess.run("tar -C '%s' --null --files-from - -c | tar -x" % ROOT, shell=True, input=files, cwd=self.clone, check=True)
        archive = pathlib.Path(os.environ["MAILMAN_ARCHIVE"])
        shutil.copy(archive, self.clone / "mailman-2.1.39.tgz")
        shutil.copy(WHEEL, self.clone)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", home / "key"], check=True)
        host.check_output("install -d -o admin -m 0700 ~admin/.ssh && echo %s > ~admin/.ssh/authorized_keys", (home / "key.pub").read_text())
        (home / "ssh_config").write_text(
            "Host lists.example.com\n  HostName %s\n  User admin\n  IdentityFile %s/key\n  UserKnownHostsFile %s/known_hosts\n"
            "  StrictHostKeyChecking accept-new\n" % (host.ip, home, home)
        )
        # What README.md says is the reader's to fill in.
        self.variables = {
            "vault_mailman_site_password": "correct horse",
            "vault_mailman_archive_sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
            "mailman_python_repository": os.environ["DEBIAN_MIRROR"],
            "mailman_dnspython_wheel": WHEEL.name,
        }

    def type(self, command, directory=None, **variables):
        """Run a command line in the clone, or elsewhere, with more variables in the inventory."""
        group_vars = self.clone / "inventories/example/group_vars"
        group_vars.mkdir(exist_ok=True)
        (group_vars / "list_hosts.yml").write_text(yaml.safe_dump(dict(self.variables, **variables)))
        environment = {
            "HOME": str(self.home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "ANSIBLE_SSH_COMMON_ARGS": "-F %s/ssh_config" % self.home,
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        }
        return Outcome(subprocess.run(
            command, shell=True, cwd=directory or self.clone, env=environment, capture_output=True, text=True, timeout=900, check=False,
        ))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory, ground):
    return Stranger(tmp_path_factory.mktemp("home"), ground.list_hosts[0])
