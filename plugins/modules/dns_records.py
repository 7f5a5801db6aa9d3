#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: dns_records
short_description: Say what an inventory asks to be published in the DNS
version_added: 1.0.0
description:
  - Takes the list domains and hosts of the whole inventory, with the variables of role C(listhost_dns), and returns their records as text of zones.
  - Fails when something is wrong with them, with all faults, one a line, each with the host, the variable and what to do.
  - Looks at no host and changes nothing. It is an action plugin, which runs on the controller alone.
extends_documentation_fragment:
  - listhost.exim_mailman.controller
options:
  keys:
    description:
      - The hosts' DKIM keys, by the hosts' names in the inventory, each as module M(listhost.exim_mailman.exim_dkim_keys) returns it in C(records).
      - The text says which keys are missing.
    type: dict
    default: {}
  directory:
    description: Directory of the files that are returned. They are not written.
    type: path
    default: ""
seealso:
  - module: listhost.exim_mailman.exim_dkim_keys
"""

EXAMPLES = r"""
- name: Take the records of all hosts and list domains
  listhost.exim_mailman.dns_records:
    directory: /tmp/dns
  register: dns
  run_once: true

- name: Write a file for each zone
  listhost.exim_mailman.file_set:
    files: "{{ dns.files }}"
  run_once: true
  delegate_to: localhost
"""

RETURN = r"""
files:
  description: A file for each zone, one with the names of addresses (C(reverse.zone)), and one for each policy of MTA-STS.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Where it belongs.
      type: str
      sample: /tmp/dns/example.com.zone
    content:
      description: Its text.
      type: str
policies:
  description: The policies of MTA-STS that the host's own web server serves, by the names of the hosts at which senders ask for them.
  returned: success
  type: dict
  sample: {mta-sts.list.example.com: "version: STSv1\nmode: testing\nmx: lists.example.com\nmax_age: 604800\n"}
text:
  description: The lines of all zones.
  returned: success
  type: list
  elements: str
"""
