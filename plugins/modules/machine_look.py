#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: machine_look
short_description: Look at all that the roles set up on a machine, in one go
version_added: 1.0.0
description:
  - Tells of one or several Mailmans on a machine what M(listhost.exim_mailman.mailman_info) tells of each, what the looks of the other roles tell, and what
    Exim does with addresses of virtual domains. C(playbooks/site.yml) asks it.
  - In a play it is an action plugin, which takes O(machines) or O(typed) and works out the other options from the variables of the hosts. It says for which of
    them the roles would change nothing (RV(unchanged)). Where it is in doubt it does not name the host, and the roles look themselves. With C(-vv) it shows
    the doubts.
  - Nothing is kept from one run to the next.
  - Changes nothing.
options:
  machines:
    description: The hosts of the play, which are virtual domains, each with the one that looks at its machine. For the action plugin.
    type: dict
  typed:
    description: For a list host itself, what M(listhost.exim_mailman.role_values) has returned as C(typed). For the action plugin.
    type: dict
  domains:
    description: The virtual domains, or the one list host.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name under which to return what is found.
        type: str
        required: true
      mailman:
        description: Options of M(listhost.exim_mailman.mailman_info).
        type: dict
        required: true
      links:
        description: Symbolic links of which to tell where they lead.
        type: list
        elements: path
        default: []
      addresses:
        description: Addresses that Exim is to hand over to Mailman.
        type: list
        elements: str
        default: []
      commands:
        description: Commands that tell more, by a name, such as what role mailman_web asks a host. Each is a list.
        type: dict
        default: {}
      dkim_keys:
        description: Options of M(listhost.exim_mailman.exim_dkim_keys), which is asked in check mode.
        type: dict
      one_click_keys:
        description: Options of M(listhost.exim_mailman.mailman_one_click_keys), which is asked in check mode.
        type: dict
  router:
    description: The name of Exim's router for addresses of lists.
    type: str
    default: mailman_router
  transport:
    description: The name of its transport.
    type: str
    default: mailman_transport
  exim_options:
    description: Main options of Exim to tell. Without them, and without O(domains[].addresses), Exim is not asked.
    type: list
    elements: str
    default: []
seealso:
  - module: listhost.exim_mailman.mailman_info
  - module: listhost.exim_mailman.exim_address_test
attributes:
  idempotent:
    support: full
    description: A second run changes nothing.
extends_documentation_fragment:
  - listhost.exim_mailman.mailman.read_only
author:
  - listhost.exim_mailman contributors (@listhost)
"""

EXAMPLES = r"""
- name: Look at all virtual domains of each machine
  listhost.exim_mailman.machine_look:
    machines: "{{ checked.machines }}"
  register: look
"""

RETURN = r"""
unchanged:
  description: The hosts for which the roles would change nothing. Of the action plugin.
  returned: in a play
  type: list
  elements: str
  sample: [lists.example.org]
mailman_installation:
  description: The fact of that name, as role mailman would set it. Of the action plugin, for a list host for which the roles would change nothing.
  returned: in a play
  type: dict
domains:
  description: What was found, by the names of the domains. A domain that could not be looked at is not in it.
  returned: outside of a play
  type: dict
  contains:
    mailman:
      description: What M(listhost.exim_mailman.mailman_info) returns.
      type: dict
    links:
      description: Where the links lead that there are.
      type: dict
    routed:
      description: Whether Exim hands over all of the addresses, also when its own user verifies them.
      type: bool
    said:
      description: What the commands printed, by their names.
      type: dict
    dkim_keys:
      description: What M(listhost.exim_mailman.exim_dkim_keys) returns.
      type: dict
    one_click_keys:
      description: What M(listhost.exim_mailman.mailman_one_click_keys) returns.
      type: dict
exim:
  description: What M(listhost.exim_mailman.exim_info) tells of Exim. Empty where there is no Exim that can be asked.
  returned: outside of a play
  type: dict
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _dkim_keys, _one_click_keys
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import Exim, EximError
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_address import compare, route_tests
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_settings import read_settings
from ansible_collections.listhost.exim_mailman.plugins.module_utils._in_parallel import Part, PartError, in_parallel
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_look import OPTIONS, look

# What looks at keys, by the option that asks for it.
KEYS = {"dkim_keys": _dkim_keys, "one_click_keys": _one_click_keys}


class LookModule(AnsibleModule):
    """Keeps the lists out of the system log, as module mailman_lists does."""

    def _log_invocation(self):
        self.log("Invoked for %s" % " ".join(domain["name"] for domain in self.params["domains"]))


def part(module, options, params):
    """Return the module with other options. Raises PartError where their own module would fail."""
    checked = ArgumentSpecValidator(options).validate(params)
    if checked.error_messages:
        raise PartError(" ".join(checked.error_messages))
    return Part(module, checked.validated_parameters)


def look_at(module, domain):
    """Return what there is of one domain, but for what Exim says. Raises PartError where the module of a part would fail."""
    found = {
        "mailman": look(part(module, OPTIONS, domain["mailman"])),
        "links": dict((link, os.path.realpath(link)) for link in domain["links"] if os.path.islink(link)),
        "said": dict((name, module.run_command(command, cwd="/")[1]) for name, command in domain["commands"].items()),
    }
    # What was asked has passwords in it.
    found["mailman"].pop("invocation", None)
    for name, keys in KEYS.items():
        if domain[name]:
            asked = part(module, keys.OPTIONS, domain[name])
            asked.check_mode = True
            found[name] = keys.keep_keys(asked)
    return found


def ask_exim(module):
    """Return the settings of Exim, and the names of the domains whose addresses it hands over."""
    params = module.params
    tests = [
        dict(name=domain["name"], address=address, outcome="routed", router=params["router"], transport=params["transport"], redirected_to=None, sender=None,
             sender_host=None)
        for domain in params["domains"] for address in domain["addresses"]
    ]
    try:
        exim = Exim.from_module(Part(module, {"exim": None}))
        settings = read_settings(exim, params["exim_options"])
        # Two processes, however many domains there are.
        lost = set(
            test["name"] for test, result, verified in zip(tests, route_tests(exim, tests, False), route_tests(exim, tests, True))
            if compare(test, result) or verified["outcome"] != result["outcome"]
        )
    except EximError:
        # One address is in the way of all others. The test of each domain says which.
        return {}, set()
    return settings, set(test["name"] for test in tests) - lost


def main():
    module = LookModule(
        argument_spec=dict(
            machines=dict(type="dict"),
            typed=dict(type="dict"),
            domains=dict(
                type="list",
                elements="dict",
                default=[],
                options=dict(
                    name=dict(type="str", required=True),
                    mailman=dict(type="dict", required=True),
                    links=dict(type="list", elements="path", default=[]),
                    addresses=dict(type="list", elements="str", default=[]),
                    commands=dict(type="dict", default={}),
                    dkim_keys=dict(type="dict", no_log=False),
                    one_click_keys=dict(type="dict", no_log=False),
                ),
            ),
            router=dict(type="str", default="mailman_router"),
            transport=dict(type="str", default="mailman_transport"),
            exim_options=dict(type="list", elements="str", default=[]),
        ),
        supports_check_mode=True,
    )
    domains = module.params["domains"]
    found = dict(zip([domain["name"] for domain in domains], in_parallel(lambda domain: look_at(module, domain), domains)))
    settings, routed = ask_exim(module) if module.params["exim_options"] or any(domain["addresses"] for domain in domains) else ({}, set())
    for name, one in found.items():
        if one is not None:
            one["routed"] = name in routed
    module.exit_json(
        changed=False, exim=settings, domains=dict((name, one) for name, one in found.items() if one is not None),
        invocation={"module_args": {"domains": sorted(found)}},
    )


if __name__ == "__main__":
    main()
