# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS from the first run, with a certificate that the role has made itself. What becomes of it later is in changed/test_changes.py."""

from helpers import CERTIFICATE, CERTIFICATE_KEY


def test_mail_over_tls(list_host, starttls):
    """Each connection gets the same certificate: Exim makes none of its own. Nobody is asked for a password, and none is taken."""
    certificate = list_host.file(CERTIFICATE).content_string
    for _connection in range(2):
        assert starttls() == {"offered": True, "certificate": certificate, "passwords": False, "password": 503, "recipient": 250}
    look = "openssl x509 -in %s -noout " % CERTIFICATE
    assert list_host.check_output(look + "-checkhost " + list_host.fqdn) == "Hostname %s does match certificate" % list_host.fqdn
    assert list_host.check_output(look + "-checkend %d" % (9 * 365 * 86400)) == "Certificate will not expire"


def test_the_key_is_for_exim_alone(list_host, exim):
    key, certificate = list_host.file(CERTIFICATE_KEY), list_host.file(CERTIFICATE)
    assert (key.user, key.group, key.mode) == ("root", exim.setting("exim_group"), 0o640)
    assert (certificate.user, certificate.group, certificate.mode) == ("root", "root", 0o644)
    for user, status in ((exim.setting("exim_user"), 0), ("nobody", 1), ("mail", 1)):
        assert list_host.run("runuser -u %s -- cat %s" % (user, CERTIFICATE_KEY)).rc == status
