#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: host_faults
short_description: Say on the controller what is wrong with what a role has found on a host
version_added: 1.0.0
description:
  - Takes what a role's look at a host has found, and fails when something is wrong, with all faults, one a line, each with what to do.
  - Warns of what does not stop a run, as known faults of the installed Exim.
  - Looks at no host and changes nothing. It is an action plugin, which runs on the controller alone.
extends_documentation_fragment:
  - listhost.exim_mailman.controller
options:
  look:
    description:
      - Which look it was. V(exim) and V(exim_files) are those of role C(exim), at its service with its ports and at the files that the inventory names.
      - V(mailman) is what module M(listhost.exim_mailman.mailman_info) returns to role C(mailman).
      - V(mailman_web) is that of role C(mailman_web), at Apache, its ports and the certificate.
    type: str
    choices: [exim, exim_files, mailman, mailman_web]
    required: true
  found:
    description: What the look has found.
    type: raw
    required: true
  values:
    description: What the inventory and the platform say that it is compared with. The roles know what each look needs.
    type: dict
    required: true
seealso:
  - module: listhost.exim_mailman.role_values
"""

EXAMPLES = r"""
- name: Check the files that the inventory names
  listhost.exim_mailman.host_faults:
    look: exim_files
    found: "{{ files.stdout }}"
    values:
      exim_tls_privatekey: /etc/ssl/private/lists.pem
"""

RETURN = r"""
found:
  description: What the look has found, taken apart.
  returned: with V(exim) and V(exim_files), whose looks return text
  type: dict
"""
