# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether there is a backup that can be restored: what the backup's program noted, which the timer runs."""

import time

from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.settings import SETTINGS, Fault, read_json, read_state

# What a run says of itself.
SAID = ("failed-backup", "incomplete-backup", "broken-backup")


def faults_of_state(settings, state, running, now):
    """Yield what is wrong with a backup, as it said of itself."""
    for kind, found in state.get("faults", []):
        if kind in SAID:
            yield kind, found
    if "taken" not in state:
        # The first one may need hours.
        if not running and not state.get("faults"):
            yield "no-backup", "no backup was taken yet"
        return
    hours = (now - state["taken"]) / 3600
    if hours > settings["max_age_hours"]:
        yield "old-backup", "the newest is %d hours old, and should be no older than %d" % (hours, settings["max_age_hours"])


def check_backup(module, report):
    """See that backups are taken, and can be read."""
    try:
        settings = read_json(SETTINGS)
        if not settings:
            findings = [("no-backup", "it is not set up on this host")]
        else:
            status, out, dummy = module.run_command([module.get_bin_path("systemctl", required=True), "is-active", "listhost-backup.service"])
            findings = list(faults_of_state(settings, read_state(settings["directory"]), out.strip() == "activating", time.time()))
    except (Fault, OSError) as e:
        findings = [("failed-backup", str(e))]
    report.check("backup", 1, findings)
