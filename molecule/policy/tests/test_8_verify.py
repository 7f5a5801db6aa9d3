# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify.yml finds what goes wrong with policies after site.yml has run."""

import datetime
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

# What is done to the host, and what is found then, by fault. In braces what fixture `words` has.
BREAKS = {
    "nothing": ([], {}),
    "much": (
        [
            "chmod 0644 {key}",
            "cp /etc/ssl/list/expired.pem /etc/ssl/list/certificate.pem",
            "systemctl restart {exim}",
            "sed -i 's/^auth_advertise_hosts.*/auth_advertise_hosts = */' {config}",
            "sed -i 's/^  dkim_selector.*/  dkim_selector = $nothing/' {config}",
            "sed -i 's/bl.test=/gone.test=/' {config}",
            "systemctl stop {clamd} {spamd}",
            "hostname nowhere.invalid",
            # As a list that was copied from another host has it.
            "echo \"host_name = 'elsewhere.test'\" > /run/settings; {mailman_bin}/config_list -i /run/settings switch2",
        ],
        {
            "open-secret": ["{key} has mode 0644"],
            "no-tls": ["certificate has expired"],
            "open-passwords": ["EHLO from 192.0.2.1: AUTH PLAIN LOGIN", "EHLO from 2001:db8::1: AUTH PLAIN LOGIN"],
            "broken-signature": ["transport mailman_verp_smtp: dkim_selector cannot", "transport remote_smtp: dkim_selector cannot"],
            "dead-dnsbl": ["gone.test does not list 127.0.0.2"],
            "scanner-down": ["{clamd_socket}: ", "127.0.0.1 783: Connection refused"],
            "slow-host-name": ["nowhere.invalid: Name or service not known"],
            "foreign-host-name": ["Mailman has switch2@elsewhere.test: "],
        },
    ),
    "the same in other ways": (
        [
            "mv {key} {key}.away",
            "chgrp root /etc/ssl/list/key.pem",
            "rm /etc/ssl/list/certificate.pem",
            "sed -i 's/bl.test=/everybody.test=/' {config}",
        ],
        {
            "unreadable-secret": ["{key}: No such file or directory", "/etc/ssl/list/key.pem is not Exim's group's to read"],
            "no-tls": ["/etc/ssl/list/certificate.pem: "],
            "dead-dnsbl": ["everybody.test lists 127.0.0.1"],
        },
    ),
}
MEND = """
test ! -e {key}.away || mv {key}.away {key}
chmod 0640 {key}; chgrp {exim_group} {key} /etc/ssl/list/key.pem
cp -a /root/sound/exim.conf {config}; cp -a /root/sound/certificate.pem /etc/ssl/list/; hostname {hostname}
systemctl start {clamd} {spamd}; systemctl restart {exim}
echo "host_name = 'list.example.com'" > /run/settings; {mailman_bin}/config_list -i /run/settings switch2
"""


@pytest.fixture(scope="module")
def words(list_host, names, ground):
    """What the commands name; and the files that they break, as they were, and a certificate for the host's key that ended yesterday."""
    words = {name: value if isinstance(value, str) else " ".join(value) for name, value in vars(names).items()}
    words.update(key="/etc/%s/dkim/list.example.com.pem" % names.exim, hostname=list_host.check_output("hostname"))
    words.update(config=list_host.check_output("exim -bP configure_file"))
    key, certificate = [(ground.state / "etc" / (list_host.name + suffix)).read_bytes() for suffix in (".key", ".pem")]
    private, name = serialization.load_pem_private_key(key, None), x509.load_pem_x509_certificate(certificate).subject
    now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(1)
    expired = x509.CertificateBuilder(name, name, private.public_key(), 1, now - 9 * day, now - day).sign(private, hashes.SHA256())
    list_host.check_output("echo '%s' > /etc/ssl/list/expired.pem" % expired.public_bytes(serialization.Encoding.PEM).decode())
    list_host.check_output("mkdir -p /root/sound; cp -a %(config)s /root/sound/exim.conf; cp -a /etc/ssl/list/certificate.pem /root/sound" % words)
    return words


@pytest.mark.parametrize("broken", BREAKS)
def test_verify(list_host, run_site, words, tmp_path, broken):
    (commands, expected), results = BREAKS[broken], tmp_path / "results.json"
    try:
        list_host.check_output("true; " + "; ".join(commands).format(**words))
        run_site(list_host.name, playbook="verify.yml", verify_results=str(results), verify_subscriber="anna@example.net")
    finally:
        list_host.check_output(MEND.format(**words))
    faults = {fault["fault"]: fault["found"] for fault in json.loads(results.read_text())[list_host.name]["faults"]}
    assert {fault: len(found) for fault, found in faults.items()} == {fault: len(found) for fault, found in expected.items()}, faults
    for fault, found in faults.items():
        for line, part in zip(found, expected[fault]):
            assert part.format(**words) in line
