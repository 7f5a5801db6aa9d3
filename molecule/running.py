# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the tests of scenarios run a playbook of the collection."""

import json
import os
import pathlib
import subprocess
import types

import pytest

MOLECULE = pathlib.Path(__file__).parent
ROOT = MOLECULE.parent


def run_playbook(scenario, *options, host=None, playbook="site.yml", **variables):
    """Run a playbook for a scenario, or for one of its hosts: how many tasks changed a host, what failed, what was changed, and the rest."""
    command = ["ansible-playbook", "-i", MOLECULE / "shared/ground.yml", "-i", scenario / "inventory.yml", *(["--limit", host.name] if host else []), *options]
    environment = dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
    command += ["-e", json.dumps(variables), ROOT / "playbooks" / playbook]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=900, check=False)
    if not done.stdout.startswith("{"):
        pytest.fail("ansible-playbook printed:\n" + done.stdout + done.stderr)
    report = json.loads(done.stdout)
    results = {task["task"]["name"].split(" : ")[-1]: result for play in report["plays"] for task in play["tasks"] for result in task["hosts"].values()}
    [stats] = report["stats"].values()
    return types.SimpleNamespace(
        changed=stats["changed"],
        failure=" ".join(result.get("msg", "") for result in results.values() if result.get("failed")),
        changes=[name for name, result in results.items() if result.get("changed")],
        results=results,
        output=done.stdout,
    )
