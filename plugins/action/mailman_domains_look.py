# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._domains import LIMIT, Domains

display = Display()


class ActionModule(ActionBase):
    """Looks at all domains of a machine in one go, and says for which of them the roles would change nothing."""

    TRANSFERS_FILES = False
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        result = dict(super().run(tmp, task_vars), changed=False, unchanged=[])
        dummy, arguments = self.validate_argument_spec({"machines": {"type": "dict", "required": True}})
        own = task_vars["inventory_hostname"]
        hosts = [host for host, first in arguments["machines"].items() if first == own]
        facts = self._execute_module(module_name="ansible.legacy.setup", module_args={"gather_subset": ["!all"]}, task_vars=task_vars)
        if facts.get("failed"):
            return self.left(result, facts)
        # As Ansible itself keeps them.
        named = {name[len("ansible_"):] if name.startswith("ansible_") else name: value for name, value in facts["ansible_facts"].items()}
        domains = Domains(self._loader, hosts, task_vars["hostvars"], named)
        if domains.requests:
            found = self._execute_module(module_args={"domains": domains.requests, "exim_options": [LIMIT]}, task_vars=task_vars)
            if found.get("failed"):
                return self.left(result, found)
            result["unchanged"] = domains.unchanged(found["domains"], found["exim"])
        for host, doubt in domains.doubts.items():
            display.vv("the roles set up %s: %s" % (host, doubt), host=own)
        return result

    def left(self, result, failed):
        """Leave all to the roles, whose errors are of one domain each."""
        result["warnings"] = ["The domains of a machine cannot be looked at in one go, but one by one: %s" % failed.get("msg", "the module failed")]
        return result
