# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._controller import ControllerAction
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._transfer import differences


class ActionModule(ControllerAction):
    """Fails, on the controller, when lists are not the same as when they were looked at before."""

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        dummy, arguments = self.validate_argument_spec({
            "lists": {"type": "list", "elements": "dict", "required": True},
            "copies": {"type": "list", "elements": "dict", "required": True},
            "same_version": {"type": "bool", "default": True},
            "fail_msg": {"type": "str", "required": True},
        })
        found = list(differences(arguments["lists"], arguments["copies"], arguments["same_version"]))
        if found:
            result.update(failed=True, msg="\n".join("%s: %s" % (arguments["fail_msg"], one) for one in found))
        return result
