# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify.yml finds what goes wrong with policies after site.yml has run."""

import datetime
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

# In braces what fixture `words` has.
BREAKS = {
    "": {},
    "chmod 0644 {key}": {"open-secret": "{key} has mode 0644"},
    "chgrp root {key}": {"unreadable-secret": "{key} is not Exim's group's to read"},
    "mv {key} {key}.away": {"unreadable-secret": "{key}: No such file or directory"},
    "chgrp root /etc/ssl/list/key.pem": {"unreadable-secret": "/etc/ssl/list/key.pem is not Exim's group's to read"},
    "cp /etc/ssl/list/expired.pem /etc/ssl/list/certificate.pem; systemctl restart {exim}": {"no-tls": "certificate has expired"},
    "rm /etc/ssl/list/certificate.pem; systemctl restart {exim}": {"no-tls": "127.0.0.1 port 25, /etc/ssl/list/certificate.pem: No such file"},
    "sed -i 's/^auth_advertise_hosts.*/auth_advertise_hosts = */' {config}": {"open-passwords": "EHLO from 192.0.2.1: AUTH PLAIN LOGIN"},
    "sed -i 's/^  dkim_selector.*/  dkim_selector = $nothing/' {config}": {"broken-signature": "transport mailman_verp_smtp: dkim_selector "},
    "sed -i 's/bl.test=/gone.test=/' {config}": {"dead-dnsbl": "gone.test does not list 127.0.0.2"},
    "sed -i 's/bl.test=/everybody.test=/' {config}": {"dead-dnsbl": "everybody.test lists 127.0.0.1"},
    "systemctl stop {clamd}": {"scanner-down": "{clamd_socket}: "},
    "systemctl stop {spamd}": {"scanner-down": "127.0.0.1 783: Connection refused"},
    "hostname nowhere.invalid": {"slow-host-name": "nowhere.invalid: Name or service not known"},
}
MEND = """
test ! -e {key}.away || mv {key}.away {key}
chmod 0640 {key}; chgrp {exim_group} {key} /etc/ssl/list/key.pem
cp -a /root/sound/exim.conf {config}; cp -a /root/sound/certificate.pem /etc/ssl/list/; hostname {hostname}
systemctl start {clamd} {spamd}; systemctl restart {exim}
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
    results = tmp_path / "results.json"
    try:
        list_host.check_output(broken.format(**words) or "true")
        run_site(list_host.name, playbook="verify.yml", verify_results=str(results), verify_subscriber="anna@example.net")
    finally:
        list_host.check_output(MEND.format(**words))
    faults = json.loads(results.read_text())[list_host.name]["faults"]
    assert {fault["fault"] for fault in faults} == set(BREAKS[broken])
    for fault in faults:
        assert BREAKS[broken][fault["fault"]].format(**words) in fault["found"][0]
