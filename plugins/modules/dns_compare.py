#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: dns_compare
short_description: Compare what an inventory asks to be published in the DNS with what the DNS has
version_added: 1.0.0
description:
  - Asks the DNS for the records of a host and its list domains, the same that module M(listhost.exim_mailman.dns_records) returns as text.
  - Says of each difference whether it is a fault, which loses mail or has it refused, or advice, and what to do.
  - For SPF counts whether it allows the addresses that mail leaves from, and not how it does so.
  - A resolver that does not answer is no finding about records.
  - It does not fail when there are faults. RV(ok) says whether there are any.
  - Looks at no host and changes nothing. It is an action plugin, which runs on the controller alone, and needs the Python library C(dnspython) there. Without
    it nothing is compared.
extends_documentation_fragment:
  - listhost.exim_mailman.controller
options:
  keys:
    description: The host's DKIM keys, as module M(listhost.exim_mailman.exim_dkim_keys) returns them in C(records).
    type: dict
    default: {}
seealso:
  - module: listhost.exim_mailman.dns_records
  - module: listhost.exim_mailman.exim_mailman_verify
"""

EXAMPLES = r"""
- name: Compare the DNS with the inventory
  listhost.exim_mailman.dns_compare:
  register: dns

- name: Show what was found
  ansible.builtin.debug:
    var: dns.table
"""

RETURN = r"""
ok:
  description: Whether no fault was found.
  returned: success
  type: bool
checks:
  description: What was compared, as in module M(listhost.exim_mailman.exim_mailman_verify).
  returned: success
  type: list
  elements: dict
faults:
  description: The kinds of faults, each with C(fault), C(remedy) and all that was C(found).
  returned: success
  type: list
  elements: dict
advice:
  description: The same of what is no fault.
  returned: success
  type: list
  elements: dict
table:
  description: All of it as lines for people.
  returned: success
  type: list
  elements: str
"""
