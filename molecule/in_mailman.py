# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the tests of scenarios ask the Mailman of a list host."""

import json
import subprocess

PREAMBLE = "import sys, json; sys.path.insert(0, %r); import paths; from Mailman import mm_cfg; from Mailman.MailList import MailList\n"


def user_of(host):
    """The user that Mailman runs as."""
    return "mailman" if host.name == "el8" else "list"


def in_mailman(host):
    """Return a function that runs code in Mailman's Python as Mailman's user and returns the JSON that it prints."""
    directory = "/usr/lib/mailman/bin" if host.name == "el8" else "/var/lib/mailman/bin"
    user = user_of(host)

    def mailman(code):
        command = host.enter("setpriv", "--reuid=" + user, "--regid=" + user, "--init-groups", "python2.7", "-B", "-")
        done = subprocess.run(command, input=PREAMBLE % directory + code, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return mailman
