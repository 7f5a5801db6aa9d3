# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._controller import ControllerAction
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._hosts import LOOKS, check, warnings


class ActionModule(ControllerAction):
    """Says on the controller what is wrong with what a role has found on a host."""

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        dummy, arguments = self.validate_argument_spec({
            "look": {"type": "str", "choices": list(LOOKS), "required": True},
            "found": {"type": "raw", "required": True},
            "values": {"type": "dict", "required": True},
        })
        found, faults = check(arguments["look"], arguments["found"], arguments["values"])
        if found is not arguments["found"]:
            result["found"] = found
        if faults:
            result.update(failed=True, msg="\n".join(faults))
        result["warnings"] = warnings(arguments["look"], found, arguments["values"])
        return result
