# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _dns_records
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._controller import ControllerAction
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._dns_inventory import hosts_of, names
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import Faulty


class ActionModule(ControllerAction):
    """Says on the controller what an inventory asks to be published in the DNS."""

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        dummy, arguments = self.validate_argument_spec({"keys": {"type": "dict", "default": {}}, "directory": {"type": "path", "default": ""}})
        groups = task_vars["groups"]
        try:
            found = names(groups, self.variables_of(hosts_of(groups), task_vars["hostvars"]))
        except Faulty as faulty:
            result.update(failed=True, msg="Nothing was written, because the inventory has faults:\n" + "\n".join(faulty.args))
            return result
        files = _dns_records.files(found, arguments["keys"])
        result["files"] = [{"path": "%s/%s" % (arguments["directory"], name), "content": text} for name, text in files.items()]
        result["text"] = "\n".join(text for name, text in files.items() if name.endswith(".zone")).split("\n")
        result["policies"] = _dns_records.policies(found, task_vars["inventory_hostname"])
        return result
