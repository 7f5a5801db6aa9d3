# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.report import table
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _dns_ask
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._controller import ControllerAction
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._dns_compare import compare
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._dns_inventory import hosts_of, names
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import Faulty

NOTHING = {"ok": True, "checks": [], "faults": [], "advice": []}


class ActionModule(ControllerAction):
    """Compares, on the controller, what an inventory asks to be published with what the DNS has."""

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        dummy, arguments = self.validate_argument_spec({"keys": {"type": "dict", "default": {}}})
        key, groups = task_vars["inventory_hostname"], task_vars["groups"]
        hostvars = self.variables_of(hosts_of(groups), task_vars["hostvars"])
        if not any(variables.said.get("listhost_dns_addresses") for variables in hostvars.values()):
            return dict(result, table=["The DNS was not compared: no host of the inventory has listhost_dns_addresses."], **NOTHING)
        if not _dns_ask.HAS_DNSPYTHON:
            return dict(result, table=["The DNS was not compared: this Python has no dnspython. Install it on the controller (pip install dnspython)."],
                        **NOTHING)
        try:
            found = names(groups, hostvars)
        except Faulty as faulty:
            return dict(result, failed=True, msg="The DNS cannot be compared, because the inventory has faults:\n" + "\n".join(faulty.args))
        resolver = _dns_ask.Resolver(found.values[key]["listhost_dns_resolvers"])
        report = compare(found, key, arguments["keys"], resolver.ask)
        result.update(ok=not report.faults(), checks=report.checks, faults=report.faults(), advice=report.advice())
        return dict(result, table=table(report, key + " in the DNS"))
