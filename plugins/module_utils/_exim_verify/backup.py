# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.looking import look
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.settings import SETTINGS, Fault, read_json


def check_backup(module, report):
    """See that backups are taken, and can be read."""
    try:
        settings = read_json(SETTINGS)
        findings = look(module, settings) if settings else [("no-backup", "it is not set up on this host")]
    except (Fault, OSError) as e:
        findings = [("failed-backup", str(e))]
    report.check("backup", 1, findings)
