# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._controller import ControllerAction
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._transfer import plan

# What mailman_transfer_look returns has more in it than is asked for.
PLACE = {
    "look": {"type": "dict", "required": True},
    "host": {"type": "str", "required": True},
    "prefix": {"type": "path", "required": True},
    "frozen_file": {"type": "path", "required": True},
}
SOURCE = dict(PLACE, unit={"type": "str"}, separate={"type": "bool", "required": True}, same_machine={"type": "bool", "required": True})
TARGET = dict(PLACE, machine={"type": "str", "required": True}, home={"type": "path", "required": True})


class ActionModule(ControllerAction):
    """Says on the controller what moves from one Mailman to another, and what is wrong with that."""

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        dummy, arguments = self.validate_argument_spec({
            "domain": {"type": "str", "required": True},
            "url_host": {"type": "str", "required": True},
            "web": {"type": "bool", "default": False},
            "moving": {"type": "list", "elements": "str", "required": True},
            "source": {"type": "dict", "required": True, "options": SOURCE},
            "target": {"type": "dict", "required": True, "options": TARGET},
            "copied": {"type": "list", "elements": "dict"},
        })
        found, faults = plan(**arguments)
        if faults:
            result.update(failed=True, msg="\n".join(faults))
        else:
            result.update(found)
        return result
