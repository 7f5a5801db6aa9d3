# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

from ansible.errors import AnsibleActionFail
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._host_action import HostAction
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._list_files import format_files, write_files
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import Faulty


class ActionModule(HostAction):
    """Has the host describe its lists, and writes what it says into files of the controller."""

    SPECIFICATION = {
        "prefix": {"type": "path", "required": True},
        "dest": {"type": "str", "required": True},
    }

    def act(self, prefix, dest):
        found = self.module("listhost.exim_mailman.mailman_info", prefix=prefix, gather=["inventory"])
        if not found["installed"]:
            raise AnsibleActionFail("There is no Mailman in %s. Say in mailman_prefix what it was configured with." % prefix)
        unreadable = ["The list %s cannot be read (%s). Restore its config.pck, or remove it." % (one["name"], one["error"])
                      for one in found["inventory"] if "error" in one]
        if unreadable:
            raise AnsibleActionFail("Nothing was written.\n" + "\n".join(unreadable))
        # What a host says is not where something is written.
        odd = [one["name"] for one in found["inventory"] if os.path.basename(one["name"]) != one["name"] or one["name"].startswith(".")]
        if odd:
            raise AnsibleActionFail("Nothing was written, for these are no names of files: %s" % ", ".join(odd))
        try:
            written = write_files(dest, format_files(found["inventory"]), self._play_context.check_mode)
        except Faulty as error:
            raise AnsibleActionFail("Nothing was written. Name another directory in mailman_lists_dir, or move these files away:\n"
                                    + "\n".join(error.args)) from error
        left_out = ["%s: %s" % (one["name"], text) for one in found["inventory"] for text in one["left_out"]]
        return {
            "changed": bool(written),
            "files": written,
            "lists": [{"name": one["name"], "members": len(one["members"])} for one in found["inventory"]],
            "left_out": left_out,
            "warnings": ["Left out, as an inventory cannot say it: %s" % text for text in left_out],
        }
