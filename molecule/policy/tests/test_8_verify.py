# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify.yml finds what goes wrong with policies after site.yml has run."""

import datetime
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

KEY = "/etc/exim4/dkim/list.example.com.pem"
BREAKS = {
    "": {},
    "chmod 0644 " + KEY: {"open-secret": KEY + " has mode 0644"},
    "chgrp root " + KEY: {"unreadable-secret": KEY + " is not Exim's group's to read"},
    "mv %s %s.away" % (KEY, KEY): {"unreadable-secret": KEY + ": No such file or directory"},
    "chgrp root /etc/ssl/list/key.pem": {"unreadable-secret": "/etc/ssl/list/key.pem is not Exim's group's to read"},
    "cp /etc/ssl/list/expired.pem /etc/ssl/list/certificate.pem; systemctl restart exim4": {"no-tls": "certificate has expired"},
    "chmod 0000 /etc/ssl/list/certificate.pem; systemctl restart exim4": {"no-tls": "127.0.0.1 port 25, /etc/ssl/list/certificate.pem: "},
    "sed -i 's/^auth_advertise_hosts.*/auth_advertise_hosts = */' /etc/exim4/exim4.conf": {"open-passwords": "EHLO from 192.0.2.1: AUTH PLAIN LOGIN"},
    "sed -i 's/^  dkim_selector.*/  dkim_selector = $nothing/' /etc/exim4/exim4.conf": {"broken-signature": "transport mailman_verp_smtp: dkim_selector "},
    "sed -i 's/bl.test=/gone.test=/' /etc/exim4/exim4.conf": {"dead-dnsbl": "gone.test does not list 127.0.0.2"},
    "sed -i 's/bl.test=/everybody.test=/' /etc/exim4/exim4.conf": {"dead-dnsbl": "everybody.test lists 127.0.0.1"},
    "systemctl stop clamav-daemon.socket clamav-daemon.service": {"scanner-down": "/run/clamav/clamd.ctl: "},
    "systemctl stop spamd": {"scanner-down": "127.0.0.1 783: Connection refused"},
    "hostname nowhere.invalid": {"slow-host-name": "nowhere.invalid: Name or service not known"},
}
MEND = """
test ! -e KEY.away || mv KEY.away KEY
chmod 0640 KEY; chgrp Debian-exim KEY /etc/ssl/list/key.pem
cp -a /root/exim4.conf /etc/exim4/; cp -a /root/certificate.pem /etc/ssl/list/; hostname FQDN
systemctl start clamav-daemon.socket clamav-daemon.service spamd; systemctl restart exim4
"""


@pytest.fixture(scope="module")
def expired(list_host, ground):
    """A certificate for the host's key that ended yesterday."""
    private = serialization.load_pem_private_key((ground.state / "etc/key.pem").read_bytes(), None)
    name, now = x509.load_pem_x509_certificate((ground.state / "etc/certificate.pem").read_bytes()).subject, datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder(name, name, private.public_key(), 1, now - datetime.timedelta(9), now - datetime.timedelta(1))
    pem = builder.sign(private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    list_host.check_output("cp -a /etc/exim4/exim4.conf /etc/ssl/list/certificate.pem /root; echo '%s' > /etc/ssl/list/expired.pem" % pem)


@pytest.mark.parametrize("broken", BREAKS)
@pytest.mark.usefixtures("expired")
def test_verify(list_host, run_site, tmp_path, broken):
    results, hostname = tmp_path / "results.json", list_host.check_output("hostname")
    try:
        list_host.check_output(broken or "true")
        run_site(list_host.name, playbook="verify.yml", verify_results=str(results), verify_subscriber="anna@example.net")
    finally:
        list_host.check_output(MEND.replace("KEY", KEY).replace("FQDN", hostname))
    faults = json.loads(results.read_text())[list_host.name]["faults"]
    assert {fault["fault"] for fault in faults} == set(BREAKS[broken])
    for fault in faults:
        assert BREAKS[broken][fault["fault"]] in fault["found"][0]
