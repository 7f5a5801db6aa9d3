# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role mailman_backup asks of its variables: the kind of each, and rules across several. A rule yields faults."""

import re

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _kinds as kinds


def repository(value):
    """An address of restic's, which is among the facts and arguments of no program, and still is no place for a password."""
    if re.match(r"rest:https?://[^/@]*:[^/@]*@", value):
        return ", which has a password in it. Put the address into a file on the host, and name that in mailman_backup_repository_file."
    if not re.match(r"(/[\w.+@-]+)+/?\Z|sftp:[\x21-\x7e]+\Z|rest:https?://[\x21-\x7e]+\Z", value):
        return (". Set it to a directory as in /srv/backup, to a place over SFTP as in sftp:backup@vault.example.com:lists, or to a rest-server as in "
                "rest:https://vault.example.com/lists.")
    return None


def schedule(value):
    if not re.match(r"[A-Za-z0-9*:,./~ -]+\Z", value):
        return ", which is no calendar event of systemd's. Write it as in *-*-* 03:30:00 or daily."
    return None


def moment(value):
    if not re.match(r"\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?\Z", value):
        return ", which is no moment. Write it in the host's own time, as in 2026-11-26 14:30."
    return None


KINDS = {
    "mailman_backup_repository": repository,
    "mailman_backup_repository_file": kinds.path,
    "mailman_backup_password_file": kinds.path,
    "mailman_backup_schedule": schedule,
    "mailman_backup_paths": kinds.path,
    "mailman_backup_read_days": kinds.at_least(1, "1 (all data in each run) or more; 30 is the default"),
    "mailman_backup_max_age_hours": kinds.at_least(1, "1 or more; 36 is the default"),
    "mailman_backup_restore_before": moment,
    "mailman_backup_drill_of": kinds.line,
}


def one_mailman(v):
    if v["mailman_backup"] and v["mailman_separate_home"]:
        yield ("mailman_backup is true, but virtual domains with a Mailman of their own (mailman_separate_home) are not backed up yet. Set it to false, and "
               "export their lists with mailman_export.")


def one_repository(v):
    if v["mailman_backup"] and bool(v["mailman_backup_repository"]) == bool(v["mailman_backup_repository_file"]):
        yield ("mailman_backup_repository and mailman_backup_repository_file are both %s. Set one of them to say where the backups go."
               % ("set" if v["mailman_backup_repository"] else "empty"))


def retention(v):
    for name, number in sorted(v["mailman_backup_keep"].items()):
        if number is not None and number < 0:
            yield "mailman_backup_keep has %s: %d. Set it to 0 (none) or more." % (name, number)
    if not any(number and number > 0 for number in v["mailman_backup_keep"].values()):
        yield "mailman_backup_keep keeps no backup. Set at least one of its numbers, as in daily: 14."


RULES = (one_mailman, one_repository, retention)
