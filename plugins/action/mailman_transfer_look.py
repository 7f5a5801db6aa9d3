# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import shlex

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._host_action import HostAction

# Of a directory that is not there yet, the one that it will be in.
FREE = 'for path in %s; do while [ ! -e "$path" ]; do path=$(dirname "$path"); done; df --output=avail --block-size=1 "$path"; done'


class ActionModule(HostAction):
    """Says what a host has that a domain moves from or to."""

    SPECIFICATION = {"place": {"type": "dict", "required": True}}

    def act(self, place):
        prefix = place["prefix"]
        # What runs on the host only looks.
        self._task.check_mode = True
        mailman = self.module("listhost.exim_mailman.mailman_info", prefix=prefix, frozen_file=place["frozen_file"])
        lists = []
        if mailman["installed"]:
            lists = self.module("listhost.exim_mailman.mailman_export", prefix=prefix, dest="/var/tmp/move.tgz", unreadable="include")["lists"]
        places = ["/var/tmp", place.get("home") or mailman["var_prefix"] or "/"]
        # Where there is no Exim, or another one, the answer is empty.
        exim = self._low_level_execute_command("exim -bP router mailman_frozen_router +mm_domains")
        disks = self.command(FREE % " ".join(shlex.quote(path) for path in places)).splitlines()
        return {"installed": mailman["installed"], "frozen": mailman["frozen"], "lists": lists, "exim": exim["stdout"], "disks": disks}
