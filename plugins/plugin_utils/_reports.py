# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found of hosts in several places, as one report a host."""


def join(reports):
    """Return one report with what several have. One that was skipped has nothing."""
    joined = {"ok": all(report.get("ok", True) for report in reports)}
    for part in ("checks", "faults", "advice"):
        joined[part] = [one for report in reports for one in report.get(part, ())]
    return joined


def joined_reports(hosts, hostvars, names):
    """Return the report of each host, by its name. Names are those of the variables with the reports."""
    return {host: join([hostvars[host].get(name, {}) for name in names]) for host in hosts}
