# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import time

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._domains import LIMIT, Domains, of_the_play
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._list_host import ListHost
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._wanted import InDoubt, tried

display = Display()

# After so many seconds without a word of it, the user is told how far the look is.
WORD_EVERY = 5


class ActionModule(ActionBase):
    """Looks at all that the roles set up on a machine in one go, and says for which hosts they would change nothing."""

    TRANSFERS_FILES = False
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        result = dict(super().run(tmp, task_vars), changed=False, unchanged=[])
        dummy, arguments = self.validate_argument_spec(
            {"machines": {"type": "dict"}, "typed": {"type": "dict"}}, mutually_exclusive=[("machines", "typed")], required_one_of=[("machines", "typed")]
        )
        self.variables, self.own = task_vars, task_vars["inventory_hostname"]
        if arguments["typed"] is None:
            return self.look_at_domains(result, arguments["machines"])
        doubt = tried(lambda dummy: self.look_at_host(result, arguments["typed"]), self.own)[1]
        return self.show_doubts(result, {self.own: doubt} if doubt else {})

    def look_at_host(self, result, typed):
        """Add to the result that the roles would change nothing. Otherwise raise InDoubt, or what a wrong value raises."""
        host = ListHost(self._loader, self.variables, typed)
        found = self._execute_module(module_args={"domains": [host.request()]}, task_vars=self.variables)
        if found.get("failed") or self.own not in found["domains"]:
            raise InDoubt("it could not be looked at: %s" % found.get("msg", ""))
        host.compare(found["domains"][self.own])
        if typed["mailman_backup"]:
            # Its program is packed of files that only this module has.
            host.compare_backup(self.in_check_mode("listhost.exim_mailman.mailman_backup", host.request_backup()))
        result.update(unchanged=[self.own], warnings=host.warnings, mailman_installation=host.variables["mailman_installation"])

    def in_check_mode(self, name, arguments):
        """Return the result of a module that is asked what it would do."""
        before, self._task.check_mode = self._task.check_mode, True
        try:
            found = self._execute_module(module_name=name, module_args=arguments, task_vars=self.variables)
        finally:
            self._task.check_mode = before
        if found.get("failed"):
            raise InDoubt(found["msg"])
        return found

    def look_at_domains(self, result, machines):
        hosts = [host for host, first in machines.items() if first == self.own]
        of_play = of_the_play(self.variables, self.variables["hostvars"].raw_get(self.own))
        if of_play:
            return self.show_doubts(result, dict.fromkeys(hosts, "the play sets %s" % ", ".join(of_play)))
        facts = self._execute_module(module_name="ansible.legacy.setup", module_args={"gather_subset": ["!all"]}, task_vars=self.variables)
        if facts.get("failed"):
            return self.left(result, facts)
        # As Ansible itself keeps them.
        named = {name[len("ansible_"):] if name.startswith("ansible_") else name: value for name, value in facts["ansible_facts"].items()}
        domains = Domains(self._loader, hosts, self.variables["hostvars"], named)

        def look(requests):
            found = self._execute_module(module_args={"domains": requests, "exim_options": [LIMIT]}, task_vars=self.variables)
            if found.get("failed"):
                self.left(result, found)
                return {}, {}
            return found["domains"], found["exim"]

        result["unchanged"] = domains.unchanged(look, self.teller(len(hosts)))
        return self.show_doubts(result, domains.doubts)

    def teller(self, number):
        """Return what tells the user from time to time how far the look is. Not among the output, which may be JSON."""
        last = time.monotonic()

        def tell(begun, ended):
            nonlocal last
            now = time.monotonic()
            if now - last >= WORD_EVERY and ended < number:
                last = now
                word = "[%s] of %d domains, what %d should be is worked out, and %d are compared" % (self.own, number, begun, ended)
                display.display(word, stderr=True)

        return tell

    def show_doubts(self, result, doubts):
        for host, doubt in doubts.items():
            display.vv("the roles set up %s: %s" % (host, doubt), host=self.own)
        return result

    def left(self, result, failed):
        """Leave all to the roles, whose errors are of one domain each."""
        result["warnings"] = ["The domains of a machine cannot be looked at in one go, but one by one: %s" % failed.get("msg", "the module failed")]
        return result
