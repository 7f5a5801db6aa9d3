# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of playbooks and calls of modules by Ansible, and faults planted into Exim's configuration."""

import json
import os
import subprocess

import pytest
from helpers import LIVE, PLANTED, ROOT, SCENARIO


@pytest.fixture(scope="session")
def ansible_playbook():
    """Return a function that runs a playbook and returns its exit status and what each task returned for each host."""

    def ansible_playbook(playbook, *options):
        command = ["ansible-playbook", "-i", ROOT / "molecule/shared/ground.yml", "-i", SCENARIO / "inventory.yml", playbook, *options]
        environment = dict(
            os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_STDOUT_CALLBACK="ansible.posix.json", ANSIBLE_CALLBACK_RESULT_INDENTATION="0",
        )
        run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
        try:
            plays = json.loads(run.stdout)["plays"]
        except ValueError:
            pytest.fail(run.stdout + run.stderr)
        return run.returncode, {task["task"]["name"].split(" : ")[-1]: task["hosts"] for play in plays for task in play["tasks"]}

    return ansible_playbook


@pytest.fixture(scope="session")
def call(ansible_playbook, tmp_path_factory):
    """Return a function that calls a module of the collection on a host and returns what it returned."""

    def call(host, module, *options, **arguments):
        play = tmp_path_factory.mktemp("call") / "play.json"
        if "content" in arguments:
            # Exim's braces are not those of a template.
            arguments["content"] = "{%% raw %%}%s{%% endraw %%}" % arguments["content"]
        task = {"name": "Call", "listhost.exim_mailman." + module: arguments}
        play.write_text(json.dumps([{"hosts": host.name, "gather_facts": False, "tasks": [task]}]))
        return ansible_playbook(play, *options)[1]["Call"][host.name]

    return call


@pytest.fixture(scope="module")
def by_site(ground):
    """The host that site.yml made."""
    return ground.machines["debian12"]


@pytest.fixture
def plant(by_site):
    """Return a function that makes a configuration with a fault: the live one, with a text replaced by another."""

    def plant(sound, faulty):
        content = by_site.file(LIVE).content_string
        assert sound in content
        subprocess.run(
            by_site.enter("install", "-m", "640", "-g", "Debian-exim", "/dev/stdin", PLANTED),
            input=content.replace(sound, faulty), text=True, check=True,
        )
        # Exim itself has nothing against any of these.
        assert by_site.run("/usr/sbin/exim4 -C %s -bV", PLANTED).rc == 0
        return PLANTED

    yield plant
    by_site.run("rm -f %s", PLANTED)


@pytest.fixture
def closed_lists(by_site):
    """Close the lists directory to Exim's own user."""
    assert by_site.run("chmod 2770 /var/lib/mailman/lists").rc == 0
    yield
    assert by_site.run("chmod 2775 /var/lib/mailman/lists").rc == 0
