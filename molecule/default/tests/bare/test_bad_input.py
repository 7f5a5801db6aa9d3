# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bare hosts: what is wrong in an inventory stops the run before anything is changed, and is named all at once.

One run for all: each case is a host of the inventory of its own, on one of the list hosts. A case is what stops the run together: variables,
their values, and what the message must hold of each: its name, its value, the remedy.
"""

import json

import pytest
from waiting import eventually

OTHER_MAIL_SERVER = [("exim_replace_other_mta", False, ["exim_replace_other_mta is false, but postfix.service", "port 25 of 0.0.0.0", "disable it"])]
NO_PYTHON = [("mailman_python_repository", "", ["mailman_python=/usr/bin/python2.7", "Set mailman_python_repository"])]
CASES = {
    # One of each role and of each way to be wrong; the unit tests have the rest (test_roles.py).
    "values": [
        ("exim_required_headers", "From", ["exim_required_headers is 'From', a string", "[From]"]),
        ("exim_mailboxes", "cloud", ["exim_mailboxes is 'cloud'", "mbox, maildir, none"]),
        ("exim_postmaster", "me", ["exim_postmaster is 'me'", "admin@example.com"]),
        ("exim_smarthos", "mail.example.com", ["exim_smarthos is no variable", "did you mean exim_smarthost?"]),
        ("mailman_site_password", 7, ["mailman_site_password is (not shown)", "Put it in quotes"]),
        ("mailman_verp_interval", 0, ["mailman_verp_interval is 0", "1 (every post)"]),
        ("mailman_lists", [{"name": "My", "nam": "x"}], ["mailman_lists (My) has 'nam'", "did you mean name?"]),
        ("exim_lists_retry", "often", ["exim_lists_retry is 'often'", "F,2h,15m"]),
        ("mailman_smtp_max_sessions_per_connection", 31, ["mailman_smtp_max_sessions_per_connection", "is 31", "at most Exim's"]),
    ],
    "lists that cannot be made": [
        ("mailman_lists", [{"name": "my", "owners": []}, {"name": "my-owner", "owners": ["a@example.org"]}],
         ["mailman_lists (my) has no owners", "mailman_lists has my and my-owner", "Rename one of them"]),
    ],
    "checksum": [("mailman_archive_checksum", "sha256:" + 64 * "0", ["mailman_archive_checksum", "is sha256:000000", "correct"])],
    "no archive": [("mailman_archive", "/nowhere/mailman.tgz", ["mailman_archive is /nowhere/mailman.tgz", "Put it there"])],
    "no Mailman": [("mailman_install_method", "existing", ["mailman_install_method is existing", "choose archive or package"])],
    "no Python, debian12": NO_PYTHON,
    "no Python, debian13": NO_PYTHON,
    "another mail server, debian12": OTHER_MAIL_SERVER,
    "another mail server, el8": OTHER_MAIL_SERVER,
    "no such Python": [("mailman_python", "/opt/bin/python2.7", ["mailman_python=/opt/bin/python2.7", "not on the host"])],
}


@pytest.fixture(scope="module")
def postfix(ground):
    """Something of that name on port 25. On EL it is there already."""
    listener = "import socket, time; server = socket.socket(); server.bind(('', 25)); server.listen(); time.sleep(3600)"
    hosts = [host for host in ground.list_hosts if not host.service("postfix").is_running]
    for host in hosts:
        host.check_output("systemd-run --quiet --unit postfix python3 -c %s", listener)
    eventually(lambda: all(host.socket("tcp://0.0.0.0:25").is_listening for host in hosts))
    yield
    for host in hosts:
        host.check_output("systemctl stop postfix")


@pytest.fixture(scope="module")
def run(run_site, ground, postfix, tmp_path_factory):
    hosts = {}
    for number, (case, faults) in enumerate(CASES.items()):
        list_host = ground.machines.get(case.split(", ")[-1]) or ground.list_hosts[number % len(ground.list_hosts)]
        # What would stop the run, or keep it from looking, for another reason.
        hosts[case] = {"exim_replace_other_mta": True, "mailman_install_method": "archive"}
        hosts[case].update({variable: value for variable, value, _words in faults})
        hosts[case].update(ansible_host=list_host.container, ground_image="localhost/listhost-" + list_host.name)
    inventory = tmp_path_factory.mktemp("bad") / "bad_input.yml"
    inventory.write_text(json.dumps({"list_hosts": {"children": {"bad_input": {"hosts": hosts}}}}))
    return run_site("bad_input", inventory)


@pytest.mark.parametrize(("case", "variable", "words"), [(case, variable, words) for case in CASES for variable, _value, words in CASES[case]])
def test_message_names_variable_value_and_remedy(run, case, variable, words):
    message = run.failure(case)
    assert [word for word in words if word not in message] == [], message


def test_each_fault_has_a_line_of_its_own(run):
    lines = run.failure("values").splitlines()
    assert lines[0] == "Nothing was changed, because the inventory has faults:"
    assert len(lines) == 1 + len(CASES["values"])


def test_nothing_was_changed(run, ground):
    """Neither by this run nor by the one in check mode before it; since the hosts were up."""
    changes = 'find / -xdev -mindepth 1 -newerct "$(systemctl show --property FinishTimestamp --value) + 1 second"'
    assert set(run.changes.values()) == {0}
    for host in ground.list_hosts:
        changed = set(host.check_output(changes).splitlines())
        assert changed <= {"/tmp", "/root", "/root/.ansible", "/root/.ansible/tmp"}, host.name
