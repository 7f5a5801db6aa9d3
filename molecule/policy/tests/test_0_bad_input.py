# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies that cannot be: each stops the run before anything is changed, and is named with its value and the remedy.

One run for all: each case is a host of the inventory of its own, on the scenario's list host. A case is what stops the run together.
"""

import json

import pytest

CASES = {
    "policies that contradict each other": [
        ("exim_sender_callout_timeout", 0, ["exim_header_sender_callout is true", "exim_sender_callout_timeout is 0", "such as 30"]),
        ("exim_malware_scanning", False, ["exim_malware_scanning is false"]),
        ("exim_clamd_socket", "/run/clamav/clamd.ctl", ["exim_clamd_socket is /run/clamav/clamd.ctl", "Set it to true"]),
    ],
    "files that are not there": [
        ("exim_tls_certificate", "/etc/ssl/list/nothing.pem", ["exim_tls_certificate=/etc/ssl/list/nothing.pem is not on the host"]),
        ("exim_auth_file", "/etc/ssl", ["exim_auth_file=/etc/ssl is not on the host"]),
        ("exim_clamd_socket", "/run/nothing.ctl", ["exim_clamd_socket=/run/nothing.ctl is no socket", "Start the scanner"]),
        ("exim_spamd_socket", "/etc/hosts", ["exim_spamd_socket=/etc/hosts is no socket"]),
    ],
    "secrets that are none": [
        ("exim_tls_privatekey", "/etc/ssl/list/open.pem", ["exim_tls_privatekey=/etc/ssl/list/open.pem can be read by everybody", "0640"]),
        ("exim_auth_file", "/etc/ssl/list/open.pem", ["exim_auth_file=/etc/ssl/list/open.pem can be read by everybody"]),
    ],
    "an open DKIM key": [("exim_dkim_domains", ["open.test"], ["dkim/open.test.pem can be read by everybody", "chmod 0640"])],
    "a broken DKIM key": [("exim_dkim_domains", ["broken.test"], ["dkim/broken.test.pem is no RSA private key", "remove the file"])],
    "a short DKIM key": [("exim_dkim_domains", ["short.test"], ["dkim/short.test.pem is a key of less than 1024 bits", "Remove the file"])],
}

FILES = """
set -e
cd /etc/{0.exim}/dkim
cp list.example.com.pem open.test.pem && chmod 0644 open.test.pem
echo hello > broken.test.pem && chmod 0600 broken.test.pem
umask 077; openssl genrsa 512 > short.test.pem 2>/dev/null
cp /etc/ssl/list/key.pem /etc/ssl/list/open.pem && chmod 0644 /etc/ssl/list/open.pem
touch /run/before
"""
# What has changed since.
CHANGED = "find /etc /usr /var/lib/mailman/lists -xdev -cnewer /run/before -not -type d"


@pytest.fixture(scope="module")
def run(run_site, list_host, names, tmp_path_factory):
    list_host.check_output(FILES.format(names))
    hosts = {}
    for case, faults in CASES.items():
        hosts[case] = {variable: value for variable, value, _words in faults}
        hosts[case].update(ansible_host=list_host.container, ground_image="localhost/listhost-" + list_host.name, ground_fqdn=list_host.fqdn)
        hosts[case].update(ansible_python_interpreter=names.python)
    variables = json.dumps({"list_hosts": {"children": {"bad_input": {"hosts": hosts}}}})
    inventory = tmp_path_factory.mktemp("bad") / "bad_input.yml"
    inventory.write_text(variables)
    yield run_site("bad_input", inventory=inventory)
    list_host.check_output("rm /etc/%s/dkim/*.test.pem /etc/ssl/list/open.pem" % names.exim)


@pytest.mark.parametrize(("case", "words"), [(case, words) for case in CASES for _variable, _value, words in CASES[case]])
def test_message_names_variable_value_and_remedy(run, case, words):
    stats, results = run
    message = " ".join(str(result.get("msg", "")) for result in results[case] if result.get("failed"))
    assert [word for word in words if word not in message] == [], message
    assert stats[case]["changed"] == 0


@pytest.mark.usefixtures("run")
def test_nothing_is_changed(list_host):
    """Whatever Ansible calls a change."""
    assert list_host.check_output(CHANGED) == ""


def test_a_host_name_that_cannot_be_looked_up(run_site, list_host):
    """Mailman does so for each connection to Exim."""
    hostname = list_host.check_output("hostname")
    try:
        list_host.check_output("hostname nowhere.invalid")
        # The name in Exim's certificate, which would be missed first.
        stats, results = run_site(list_host.name, exim_primary_hostname=list_host.fqdn)
    finally:
        list_host.check_output("hostname " + hostname)
    [failed] = [result["msg"] for result in results[list_host.name] if result.get("failed")]
    assert [word for word in ["nowhere.invalid: Name or service not known", "/etc/hosts"] if word not in failed] == [], failed
    assert stats[list_host.name]["changed"] == 0
