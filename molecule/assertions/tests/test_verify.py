# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify.yml says exactly what is wrong with the HOWTO's configuration, and nothing of a host that site.yml made."""

import json

import pytest
from helpers import ROOT

# Faults of the HOWTO that every current Exim has, in the order in which the report has them.
EVERYWHERE = [
    "suffix-name",
    "loop-address",
    "no-envelope-to",
    "bounced-failures",
    "inert-null-sender-acl",
    "quoted-message",
    "ipv4-only-loopback",
    "double-errors-to",
]
# Exim refuses tainted arguments from 4.96 on.
EXPECTED = {
    "debian11": EVERYWHERE,
    "debian13": EVERYWHERE[:2] + ["tainted-arguments"] + EVERYWHERE[2:],
    "debian12": [],
}


@pytest.fixture(scope="module")
def verified(ansible_playbook, tmp_path_factory):
    """The exit status, what the tasks returned, and the results in the file."""
    results = tmp_path_factory.mktemp("verify") / "results.json"
    options = ["--extra-vars", json.dumps({"verify_results": str(results), "verify_subscriber": "anna@example.net"})]
    status, tasks = ansible_playbook(ROOT / "playbooks/verify.yml", *options)
    return status, tasks, json.loads(results.read_text())


def test_the_faults_are_exactly_these(list_host, verified):
    dummy, dummy, results = verified
    assert [fault["fault"] for fault in results[list_host.name]["faults"]] == EXPECTED[list_host.name]


def test_faults_say_what_was_found_and_what_to_do(verified):
    dummy, dummy, results = verified
    faults = {fault["fault"]: fault for fault in results["debian13"]["faults"]}
    assert all(fault["remedy"] and fault["found"] for fault in faults.values())
    assert "testlist@list.example.com: Tainted arg 2 for mailman_transport transport command: 'testlist'" in faults["tainted-arguments"]["found"]
    assert faults["loop-address"]["found"] == ["mailman-loop@list.example.com: undeliverable: Unrouteable address"]
    assert "<> to testlist@list.example.com from 192.0.2.1: 250 Accepted" in faults["inert-null-sender-acl"]["found"]
    assert any(
        found.startswith("<> to testlist-owner@list.example.com from 2001:db8::1: 550 \"Recipient never sends mail")
        for found in faults["quoted-message"]["found"]
    )


def test_the_table_names_them_too(list_host, verified):
    dummy, tasks, dummy = verified
    lines = tasks["Show what was found"][list_host.name]["msg"]
    assert [fault for fault in EXPECTED["debian13"] if fault.upper() + ": " in "\n".join(lines)] == EXPECTED[list_host.name]
    # Known faults of Exim and the DNS have tables of their own. The certificate is Exim's own, which is no fault.
    assert ("no fault, but there is advice" in lines[0]) == (not EXPECTED[list_host.name])
    assert ("SELF-SIGNED: " in "\n".join(lines)) == (not EXPECTED[list_host.name])


def test_the_exit_status_is_for_ci(verified, ansible_playbook, tmp_path):
    assert verified[0] != 0
    failed = verified[1]["Fail when there are faults"]
    assert {name: bool(result.get("failed")) for name, result in failed.items()} == {"debian11": True, "debian12": False, "debian13": True}
    options = ["--limit", "debian12", "--check", "--extra-vars", json.dumps({"verify_results": str(tmp_path / "results.json")})]
    assert ansible_playbook(ROOT / "playbooks/verify.yml", *options)[0] == 0


def test_nothing_is_changed(list_host, verified, ansible_playbook, tmp_path):
    """Neither queue, logs nor anything else of Exim's, by a further run."""
    look = "find /var/spool/exim4/input /var/spool/exim4/msglog /var/log/exim4 /etc/exim4 -type f -newer /etc/exim4/exim4.conf | sort | xargs md5sum"
    before = list_host.check_output(look)
    options = ["--limit", list_host.name, "--extra-vars", json.dumps({"verify_results": str(tmp_path / "results.json")})]
    dummy, tasks = ansible_playbook(ROOT / "playbooks/verify.yml", *options)
    assert not tasks["Test Exim and collect its state"][list_host.name]["changed"]
    assert list_host.check_output(look) == before
    assert list_host.run("ls /tmp/exim_delivery_test.*").rc != 0
