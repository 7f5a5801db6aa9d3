# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a certificate and its key that an inventory names, by what a look has found of them. A function yields faults.

A certificate or key is what a message begins with: the variable and its value (exim_tls_certificate=/etc/ssl/c.pem).
"""


def faults_of_pair(pair, certificate, key, service):
    if pair == "no certificate":
        yield "%s cannot be read as a certificate. Give %s one in PEM." % (certificate, service)
    if pair == "no key":
        yield "%s cannot be read as a private key. Give %s one in PEM, without a passphrase." % (key, service)
    if pair == "different":
        yield "%s is not the key of %s. Name the two that belong together." % (key, certificate)


def days_left(now, expires):
    """Return the whole days that are left by two times of day, or nothing where there are none."""
    return (int(expires) - int(now)) // 86400 if now and expires else None


def faults_of_days(days, certificate):
    if days is not None and days < 0:
        yield "%s has expired (%d days ago). Renew it." % (certificate, -days)
