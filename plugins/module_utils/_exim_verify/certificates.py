# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long certificates are good for, and whether they are renewed."""

import ssl

# Days. Most authorities' certificates are renewed 30 days before they end.
SHORTEST_VALIDITY = 14


def said_of_end(end, now):
    """Say in words that a certificate ends soon, or nothing. The end is as openssl and Python's ssl write it; without one the certificate counts as ended."""
    days = int(ssl.cert_time_to_seconds(end) - now) // 86400 if end else -1
    if days >= SHORTEST_VALIDITY:
        return ""
    return "it has expired" if days < 0 else "it expires in %d days" % days


def content(path):
    """Return what is in a file, or nothing if there is none."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return b""


def check_renewal(module, report, renewal):
    """See that certbot's timer runs, that the last renewal has not failed, and that services have what certbot has."""
    systemctl = module.get_bin_path("systemctl", required=True)
    findings = []
    for question, wanted in (("is-active", "active"), ("is-enabled", "enabled")):
        state = module.run_command([systemctl, question, renewal["timer"]])[1].strip() or "not there"
        if state != wanted:
            findings.append(("no-renewal", "%s is %s" % (renewal["timer"], state)))
    service = renewal["timer"].replace(".timer", ".service")
    if module.run_command([systemctl, "is-failed", service])[1].strip() == "failed":
        findings.append(("no-renewal", "%s has failed" % service))
    new = content(renewal["renewed"])
    for path in renewal["used"]:
        if not new or content(path) != new:
            findings.append(("unused-certificate", "%s is not %s" % (path, renewal["renewed"])))
    report.check("certificate renewal", 3 + len(renewal["used"]), findings)
