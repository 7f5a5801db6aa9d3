# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify.yml looks at mail exchangers, too: whose mail they pass on, and whom they ask."""

import json
import os
import pathlib
import subprocess

SCENARIO = pathlib.Path(__file__).parents[1]
ROOT = SCENARIO.parents[1]


def verify(results, *options):
    """Run verify.yml; return its exit status, and the results in the file."""
    command = ["ansible-playbook", *options, "--extra-vars", "verify_results=%s" % results, ROOT / "playbooks/verify.yml"]
    for file in [ROOT / "inventories/mx", ROOT / "molecule/shared/ground.yml", SCENARIO / "inventory.yml"]:
        command += ["--inventory", file]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=os.environ)
    assert results.exists(), run.stdout + run.stderr
    return run.returncode, json.loads(results.read_text())


def test_all_is_well(tmp_path):
    status, results = verify(tmp_path / "results.json")
    assert {name: result["faults"] for name, result in results.items()} == {name: [] for name in ("mx.example.com", "lists1.example.com", "lists2.example.com")}
    assert status == 0
    checks = {check["check"]: check["tested"] for check in results["mx.example.com"]["checks"]}
    assert checks["routes to the list hosts"] == 2
    assert checks["recipients at the list hosts"] == 4


def test_a_list_host_that_does_not_answer(ground, tmp_path):
    list_host = ground.machines["lists2.example.com"]
    list_host.check_output("systemctl stop exim4")
    try:
        status, results = verify(tmp_path / "results.json", "--limit", "mx.example.com")
    finally:
        list_host.check_output("systemctl start exim4")
    [fault] = results["mx.example.com"]["faults"]
    assert (status, fault["fault"]) == (2, "unasked-host")
    assert [found for found in fault["found"] if "@list.example.net from " not in found] == []


def test_a_domain_that_it_does_not_pass_on(tmp_path):
    status, results = verify(tmp_path / "results.json", "--limit", "mx.example.com", "--extra-vars", '{"exim_relay_routes": {"other.test": ["192.0.2.1"]}}')
    found = {fault["fault"]: fault["found"] for fault in results["mx.example.com"]["faults"]}
    assert status == 2
    assert [line for line in found["not-relayed"] if not line.startswith("postmaster@other.test: ")] == []
