#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_transfer_compare
short_description: Check that copies of lists are the same as the lists
version_added: 1.0.0
description:
  - Compares two looks at lists, of M(listhost.exim_mailman.mailman_info) with C(contents), and fails when they differ, with all differences, one a line.
  - Looks at no host and changes nothing. It is an action plugin, which runs on the controller alone. Role
    P(listhost.exim_mailman.mailman_transfer#role) asks it.
extends_documentation_fragment:
  - listhost.exim_mailman.controller
options:
  lists:
    description: The lists as they were.
    type: list
    elements: dict
    required: true
  copies:
    description: Their copies, or the lists when they were looked at again. There may be others among them.
    type: list
    elements: dict
    required: true
  same_version:
    description: Whether both were looked at by the same version of Mailman. Another may read the same settings differently.
    type: bool
    default: true
  fail_msg:
    description: What to say of each difference.
    type: str
    required: true
seealso:
  - module: listhost.exim_mailman.mailman_transfer_plan
"""

EXAMPLES = r"""
- name: Compare the copies with the lists
  listhost.exim_mailman.mailman_transfer_compare:
    lists: "{{ old_mailman.contents.lists }}"
    copies: "{{ new_mailman.contents.lists }}"
    fail_msg: The copies are not the same
"""

RETURN = r"""#"""
