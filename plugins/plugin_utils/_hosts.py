# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All faults of what a role has found on a host."""

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _host_certificate, _host_exim, _host_mailman, _host_mailman_web

# What does not stop a run, by the look.
WARNINGS = {"exim": _host_exim.warnings}
# What can be looked at: how to take its text apart where it is text, and the rules.
LOOKS = {
    "certificate": (_host_certificate.read_look, _host_certificate.RULES),
    "exim": (_host_exim.read_look, _host_exim.RULES),
    "exim_files": (_host_exim.read_files, _host_exim.RULES_OF_FILES),
    "mailman": (None, _host_mailman.RULES),
    "mailman_web": (_host_mailman_web.read_look, _host_mailman_web.RULES),
}


def check(look, found, values):
    """Return what was found, and all faults, each on one line."""
    read, rules = LOOKS[look]
    if read:
        found = read(found, values)
    return found, [" ".join(fault.split()) for rule in rules for fault in rule(found, values)]


def warnings(look, found, values):
    """Return what a look has found that does not stop a run, when it is taken apart."""
    return list(WARNINGS[look](found, values)) if look in WARNINGS else []
