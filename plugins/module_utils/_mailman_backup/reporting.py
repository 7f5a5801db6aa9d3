# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mail to root about a backup that was not taken, is too old or does not verify. The host's own mail server takes it."""

import os
import time
from email.message import EmailMessage

from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.looking import look
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.settings import MAILED, Fault, read_json, read_state, write_json

# A day, less what timers are late: no more than one mail a day about the same.
PAUSE = 20 * 3600
TEXT = """\
The backup of the mailing lists on %s has these faults:

%s

%s
On the host, "journalctl -u listhost-backup" shows what the runs said, and "systemctl start listhost-backup" takes a backup now.
This mail comes once a day, until there is a backup without faults.
"""


def compose(settings, state, faults):
    """The mail, as bytes."""
    mail = EmailMessage()
    mail["From"] = mail["To"] = "root"
    mail["Subject"] = "Backup of the mailing lists on %s: %s" % (settings["host"], ", ".join(kind for kind, _found in faults))
    mail["Auto-Submitted"] = "auto-generated"
    newest = "The newest backup is of %s." % time.strftime("%Y-%m-%d %H:%M", time.localtime(state["taken"])) if "taken" in state else "There is no backup yet."
    mail.set_content(TEXT % (settings["host"], "\n".join("- %s: %s" % fault for fault in faults), newest))
    return mail.as_bytes()


def report(module, settings):
    """Mail what is wrong, if anything is and nobody was told today, and return what was done."""
    faults = look(module, settings)
    if not faults:
        return "There is nothing to mail."
    note = os.path.join(settings["directory"], MAILED)
    kinds, mailed, now = sorted(kind for kind, _found in faults), read_json(note), time.time()
    if mailed.get("kinds") == kinds and 0 <= now - mailed["time"] < PAUSE:
        return "The same was mailed already today."
    sendmail = module.get_bin_path("sendmail", required=True)
    # Delivered before it returns: the unit ends then.
    rc, out, err = module.run_command([sendmail, "-t", "-oi", "-odi"], data=compose(settings, read_state(settings["directory"]), faults))
    if rc:
        raise Fault("The mail about the backup was not sent: %s" % " ".join((err or out).split()))
    write_json(note, {"kinds": kinds, "time": int(now)})
    return "The faults of the backup were mailed to root."
