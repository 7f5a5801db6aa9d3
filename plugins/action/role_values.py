# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible.utils.display import Display
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _renamed, _transfer
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _rules_inventory as inventory
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._controller import ControllerAction
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._domains import machines
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._known import FOR_ROLES
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._reading import all_options, reader, with_defaults
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._roles import PARTS, check, for_verification
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import Faulty

# The parts that look at other hosts of the inventory.
MAIL_EXCHANGER, VIRTUAL_DOMAINS, TRANSFER = "mail_exchanger", "virtual_domains", "mailman_transfer"

display = Display()


class ActionModule(ControllerAction):
    """Checks the variables of roles on the controller."""

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        choices = [*PARTS, MAIL_EXCHANGER, VIRTUAL_DOMAINS]
        dummy, arguments = self.validate_argument_spec({"parts": {"type": "list", "elements": "str", "choices": choices, "required": True}})
        options = all_options()
        read = reader(self._templar, with_defaults(task_vars, options), options, self._loader)

        for name in _renamed.old_names(task_vars):
            display.deprecated("%s is called %s now. Rename it." % (name, _renamed.RENAMED[name]),
                               version="2.0.0", collection_name="listhost.exim_mailman")

        parts, hostvars = arguments["parts"], task_vars["hostvars"]
        typed, faults = check([part for part in parts if part in PARTS], task_vars, read, task_vars["ansible_facts"])
        if VIRTUAL_DOMAINS in parts:
            faults.extend(inventory.faults_of_virtual_domains(task_vars["ansible_play_hosts_all"], hostvars))
            result["machines"] = machines(self._templar, task_vars["ansible_play_batch"], hostvars)
        if MAIL_EXCHANGER in parts or "verify" in parts:
            try:
                said = read("exim_relay_routes")
            except Faulty as error:
                said = {}
                faults.extend(error.args)
            # Role exim names what is no mapping.
            said = said if isinstance(said, dict) else {}
            routes = inventory.list_domains(task_vars["groups"], hostvars)
            result["relay_routes"] = {domain: [host] for domain, host in routes}
            result["routed_domains"] = sorted({*result["relay_routes"], *said})
            if MAIL_EXCHANGER in parts:
                faults.extend(inventory.faults_of_routes(task_vars["inventory_hostname"], task_vars["groups"], routes, said))
        if {"adopt", "verify", "listhost_dns"}.intersection(parts):
            result["platform"] = for_verification(task_vars["ansible_facts"])
        if TRANSFER in parts and not faults:
            host, name = task_vars["inventory_hostname"], read("mailman_transfer_from")
            faults.extend(_transfer.faults_of_hosts(host, name, task_vars["groups"], hostvars))
            if not faults:
                result["transfer_source"] = _transfer.source(read("mailman_email_host"), host, name, hostvars)
        if faults:
            result.update(failed=True, msg="Nothing was changed, because the inventory has faults:\n" + "\n".join(faults))
        else:
            result.update(typed=typed, known=FOR_ROLES)
        return result
