# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible.errors import AnsibleActionFail
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _old_host
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._host_action import HostAction


class ActionModule(HostAction):
    """Packs the lists of a Mailman that somebody else has set up, and fetches them to the controller."""

    SPECIFICATION = {"host": {"type": "str", "required": True}, "directory": {"type": "str", "default": ""}}

    def act(self, host, directory):
        found = _old_host.parse(self.command(_old_host.look(directory)))
        faults = list(_old_host.faults(found, host, directory))
        if faults:
            raise AnsibleActionFail("\n".join(faults))
        with self.directory() as place:
            path = place + "/files.tar.gz"
            self.command(_old_host.pack(found[0], path))
            src = self.fetch(path)
            self.remove(place)
        return {"changed": False, "src": src, "directory": found[0]["directory"]}
