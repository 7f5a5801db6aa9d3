# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import re

from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible.module_utils.common.text.converters import to_text
from ansible.utils.display import Display
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _renamed, _transfer
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _rules_inventory as inventory
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._controller import ControllerAction
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._known import FOR_ROLES
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._list_files import read_lists
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._roles import PARTS, RULES, check, for_verification, specification
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import Faulty, is_secret

# The parts that look at other hosts of the inventory.
MAIL_EXCHANGER, VIRTUAL_DOMAINS, TRANSFER = "mail_exchanger", "virtual_domains", "mailman_transfer"

display = Display()

try:
    from ansible.template import trust_as_template
except ImportError:
    # Before ansible-core 2.19 all is.
    def trust_as_template(value):
        return value


def trusted(value):
    """Return a default of a specification as one that may be a template."""
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, list):
        return [trusted(one) for one in value]
    return value


def is_plain(value):
    """Say whether there is nothing to template: thousands of members take a template engine seconds."""
    if isinstance(value, str):
        return "{{" not in value and "{%" not in value and "{#" not in value
    if isinstance(value, dict):
        return all(is_plain(name) and is_plain(one) for name, one in value.items())
    if isinstance(value, (list, tuple)):
        return all(is_plain(one) for one in value)
    return value is None or isinstance(value, (bool, int, float))


def with_files(lists, directory, loader):
    """Return the lists of the variable, and those in a directory where one is named."""
    if not directory or not isinstance(lists, list):
        return lists
    if not isinstance(directory, str):
        raise Faulty
    return lists + read_lists(directory, loader)


def plain_text(description):
    """Return the first sentences of a description without its markup."""
    return re.sub(r"[A-Z]\(([^()]*)\)", r"\1", description if isinstance(description, str) else description[0])


class ActionModule(ControllerAction):
    """Checks the variables of roles on the controller."""

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        choices = [*PARTS, MAIL_EXCHANGER, VIRTUAL_DOMAINS]
        dummy, arguments = self.validate_argument_spec({"parts": {"type": "list", "elements": "str", "choices": choices, "required": True}})
        options = {name: option for role in RULES for name, option in specification(role).items()}
        # Where a role is not loaded yet its defaults count all the same.
        variables = {name: trusted(option["default"]) for name, option in options.items() if "default" in option}
        variables.update(_renamed.by_new_names(task_vars))
        templar = self._templar.copy_with_new_env(available_variables=variables)

        def read(name):
            if name not in variables:
                raise Faulty("%s is not set. It is this: %s" % (name, plain_text(options[name]["description"])))
            if name == "mailman_lists":
                return with_files(read_variable(name), read("mailman_lists_dir"), self._loader)
            return read_variable(name)

        def read_variable(name):
            if is_plain(variables[name]):
                return variables[name]
            try:
                return templar.template(variables[name])
            except AnsibleError as error:
                # Other errors may show what they are about.
                undefined = isinstance(error, AnsibleUndefinedVariable) or not is_secret(options[name])
                reason = to_text(error).split(". ")[0].rstrip(".") if undefined else type(error).__name__
                raise Faulty("%s cannot be worked out: %s. Correct it, or set what it refers to." % (name, reason)) from error

        for name in _renamed.old_names(task_vars):
            display.deprecated("%s is called %s now. Rename it." % (name, _renamed.RENAMED[name]),
                               version="2.0.0", collection_name="listhost.exim_mailman")

        parts, hostvars = arguments["parts"], task_vars["hostvars"]
        typed, faults = check([part for part in parts if part in PARTS], task_vars, read, task_vars["ansible_facts"])
        if VIRTUAL_DOMAINS in parts:
            faults.extend(inventory.faults_of_virtual_domains(task_vars["ansible_play_hosts_all"], hostvars))
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
