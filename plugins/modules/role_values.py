#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: role_values
short_description: Check the variables of this collection's roles on the controller
version_added: 1.0.0
description:
  - Takes the values that the variables of roles have for a host, and checks them by the roles' specifications and rules.
  - Fails when something is wrong, with all faults, one a line, each with the variable, its value, what is wrong and what to do.
  - Looks at no host and changes nothing. It is an action plugin, which runs on the controller alone.
extends_documentation_fragment:
  - listhost.exim_mailman.controller
options:
  parts:
    description:
      - What is checked. V(certificate), V(exim), V(mailman), V(exim_lists), V(mailman_takeover), V(mailman_transfer), V(mailman_web), V(verify) and
        V(listhost_dns) are the roles of these names.
      - V(adopt) is what C(playbooks/adopt.yml) reads.
      - V(virtual_host) is what a host of virtual domains reads of role C(mailman), and V(virtual_domain) what must be true of one of them beside its
        machine's Exim.
      - V(virtual_domains) is what must be true of all hosts of a play that are virtual domains.
      - V(mail_exchanger) is what must be true of the list domains of the whole inventory for a host that takes their mail.
      - V(new_lists) is what must be true of lists that are all to be created.
    type: list
    elements: str
    choices:
      [certificate, exim, mailman, exim_lists, mailman_takeover, mailman_transfer, mailman_web, verify, listhost_dns, virtual_host, new_lists,
       virtual_domain, mail_exchanger, virtual_domains, adopt]
    required: true
seealso:
  - module: ansible.builtin.validate_argument_spec
"""

EXAMPLES = r"""
- name: Check the variables of role exim
  listhost.exim_mailman.role_values:
    parts: [exim]
"""

RETURN = r"""
typed:
  description:
    - The values of all variables that can be written in several ways (truth values, numbers, choices), as what they mean. A template that is given them
      sees no string V(false) that counts as true.
  returned: success
  type: dict
known:
  description: What Python knows of Mailman and templates need, too - the suffixes of a list's addresses, the pattern of names of secret settings, and the
    names of queues.
  returned: success
  type: dict
relay_routes:
  description: Each list domain of the inventory with the host that gets its mail.
  returned: with V(mail_exchanger) or V(verify)
  type: dict
routed_domains:
  description: All domains that a mail exchanger routes, those of its own variable C(exim_relay_routes) among them.
  returned: with V(mail_exchanger) or V(verify)
  type: list
  elements: str
platform:
  description: Where Mailman and Exim's keys are and what Exim's unit and group are called on the host's platform, unless somebody decided otherwise.
  returned: with V(verify) or V(listhost_dns)
  type: dict
machines:
  description: Each host of the play, or of its present batch, with the first of those that are on the same machine and that Ansible reaches in the same way.
  returned: with V(virtual_domains)
  type: dict
transfer_source:
  description:
    - With V(mailman_transfer), where the lists are that are to move - C(host), C(prefix) and C(unit) of their Mailman, whether it is
      the domain's own (C(separate)) and on the same machine as the new one (C(same_machine)), and the file of the domains whose mail
      waits there (C(frozen_file)).
  returned: with V(mailman_transfer)
  type: dict
"""
