# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether there is a backup that can be restored: what the backup's program noted, which the timer runs."""

import time

from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.settings import read_state

# What a run says of itself.
SAID = ("failed-backup", "incomplete-backup", "broken-backup")
UNIT = "listhost-backup.service"


def faults_of_state(settings, state, activity, now):
    """Yield what is wrong with a backup, as it said of itself, and as systemd says what its unit does."""
    for kind, found in state.get("faults", []):
        if kind in SAID:
            yield kind, found
    if activity == "failed" and not state.get("faults"):
        yield "failed-backup", "the last run was ended before it could say why; systemctl status %s shows how" % UNIT
    if "taken" not in state:
        # The first one may need hours.
        if activity not in ("activating", "failed") and not state.get("faults"):
            yield "no-backup", "no backup was taken yet"
        return
    hours = (now - state["taken"]) / 3600
    if hours > settings["max_age_hours"]:
        yield "old-backup", "the newest is %d hours old, and should be no older than %d" % (hours, settings["max_age_hours"])


def look(module, settings):
    """Return what is wrong now, as pairs of their kind and what was found."""
    _rc, out, _err = module.run_command([module.get_bin_path("systemctl", required=True), "is-active", UNIT])
    return list(faults_of_state(settings, read_state(settings["directory"]), out.strip(), time.time()))
