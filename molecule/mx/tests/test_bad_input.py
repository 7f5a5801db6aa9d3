# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong about mail exchangers in an inventory is named before anything is changed: variable, value, remedy. And whose route a virtual domain has."""

import json
import os
import pathlib
import subprocess

import pytest

SCENARIO = pathlib.Path(__file__).parents[1]
ROOT = SCENARIO.parents[1]

# Each is a mail exchanger of its own, on the one container.
CASES = {
    "no list": ("exim_relay_routes", {"list.example.com": "lists1.example.com"}, ["'lists1.example.com' for list.example.com", "a list of one host"]),
    "local, too": ("exim_local_domains", ["list.example.net"], ["exim_relay_routes has 'list.example.net'", "exim_local_domains", "Take it from one"]),
    "relay for all": ("exim_relay_from_hosts", ["0.0.0.0/0"], ["exim_relay_from_hosts has '0.0.0.0/0'", "192.0.2.0/24"]),
}


class Run:
    """A run of site.yml: what failed on each host, how much was changed in all, and what was put into files."""

    def __init__(self, inventory, limit, *options):
        command = ["ansible-playbook", *options, "--limit", limit, ROOT / "playbooks/site.yml"]
        for file in [ROOT / "inventories/mx", ROOT / "molecule/shared/ground.yml", SCENARIO / "inventory.yml", inventory]:
            command += ["--inventory", file]
        environment = dict(os.environ, ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
        run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)
        report = json.loads(run.stdout)
        self.changes = sum(stats["changed"] for stats in report["stats"].values())
        results = [item for play in report["plays"] for task in play["tasks"] for item in task["hosts"].items()]
        self.failures = {host: result["msg"] for host, result in results if result.get("failed")}
        self.after = "".join(diff.get("after", "") for _host, result in results for diff in as_list(result.get("diff", [])))


def as_list(diff):
    return diff if isinstance(diff, list) else [diff]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run site.yml with a group of hosts added to the inventory, and more groups."""

    def run(limit, group, hosts, *options, **groups):
        inventory = tmp_path_factory.mktemp("bad") / "inventory.yml"
        inventory.write_text(json.dumps({name: {"hosts": members} for name, members in {group: hosts, **groups}.items()}))
        return Run(inventory, limit, *options)

    return run


@pytest.fixture(scope="module")
def bad_values(run, ground):
    container = ground.machines["mx.example.com"].container
    return run("~case .*", "mx_hosts", {
        "case " + case: {variable: value, "ansible_host": container} for case, (variable, value, _words) in CASES.items()})


@pytest.mark.parametrize("case", CASES)
def test_message_names_variable_value_and_remedy(bad_values, case):
    message = bad_values.failures["case " + case]
    assert [word for word in CASES[case][2] if word not in message] == [], message
    assert bad_values.changes == 0


def test_domain_of_two_list_hosts(run):
    """It stops the list hosts, too."""
    result = run("all", "list_hosts", {"lists3.example.com": {"mailman_email_host": "list.example.com"}})
    message = result.failures["mx.example.com"]
    assert "is list.example.com on lists1.example.com and lists3.example.com" in message
    assert "Take it from all but one, or say in exim_relay_routes" in message
    assert list(result.failures) == ["mx.example.com"]
    assert result.changes == 0


def test_mail_exchanger_that_is_a_list_host(run):
    result = run("mx.example.com", "list_hosts", {"mx.example.com": {"mailman_email_host": "list.example.edu"}})
    assert "mx.example.com is in mx_hosts and in list_hosts" in result.failures["mx.example.com"]
    assert result.changes == 0


def test_route_to_a_host_that_cannot_be_found(run, ground):
    """Nothing is wrong with the inventory; the configuration does not get through its tests."""
    mx = ground.machines["mx.example.com"]
    live = mx.file("/etc/exim4/exim4.conf").content_string
    result = run("mx.example.com", "mx_hosts", {"mx.example.com": {"exim_relay_routes": {"list.example.com": ["lists9.example.com"]}}})
    assert "postmaster@list.example.com" in result.failures["mx.example.com"]
    assert mx.file("/etc/exim4/exim4.conf").content_string == live


def test_virtual_domain_goes_to_its_machine(run):
    """By the name that the machine has in mail; where its machine is in another inventory, by the name that Ansible has for it."""
    machine = {"ansible_host": "a machine", "mailman_separate_home": "/virtual", "exim_primary_hostname": "lists2.example.com"}
    domains = {
        "here": {"ansible_host": "a machine", "mailman_email_host": "one.example.edu"},
        "elsewhere": {"ansible_host": "lists1.example.com", "mailman_email_host": "other.example.edu"},
    }
    result = run("mx.example.com", "list_hosts", {"machine": machine}, "--check", "--diff", list_domains=domains)
    assert not result.failures
    assert 'one.example.edu "<+ lists2.example.com"' in result.after
    assert 'other.example.edu "<+ lists1.example.com"' in result.after
