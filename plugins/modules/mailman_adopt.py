#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_adopt
short_description: Write the lists of a host into files of the inventory
version_added: 1.0.0
description:
  - Writes a file for each list of a Mailman, and one with its members beside it, into a directory of the controller, as
    O(listhost.exim_mailman.mailman_lists#module:lists_dir) takes them. A call of M(listhost.exim_mailman.mailman_lists) with them changes nothing.
  - A file has only what a list would not have that is created now. Passwords are left out.
  - Nothing on the host is changed, and no file on the controller. If a file is there with another content, none is written.
author:
  - listhost.exim_mailman contributors (@listhost)
attributes:
  check_mode:
    support: full
    description: Tells which files would be written.
  diff_mode:
    support: none
    description: The files are new.
  idempotent:
    support: full
    description: Files that are there with the same content stay.
options:
  prefix:
    description: The prefix of the Mailman.
    type: path
    required: true
  dest:
    description:
      - The directory on the controller (absolute, or relative to the directory in which C(ansible-playbook) is started). It is made when it is missing.
      - The directory and the files are for their owner alone, because they have members' addresses in them.
    type: str
    required: true
seealso:
  - module: listhost.exim_mailman.mailman_lists
  - module: listhost.exim_mailman.mailman_info
"""

EXAMPLES = r"""
- name: Write the lists into the inventory
  listhost.exim_mailman.mailman_adopt:
    prefix: /var/lib/mailman
    dest: "{{ inventory_dir }}/lists"
"""

RETURN = r"""
files:
  description: The names of the files that were written, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [announce.yml, announce.txt]
lists:
  description: The lists, each with its C(name) and how many C(members) are in its file.
  returned: success
  type: list
  elements: dict
  sample: [{name: announce, members: 217}]
left_out:
  description: What a list has and an inventory cannot say, with the reason.
  returned: success
  type: list
  elements: str
  sample: ["announce: members: old@localhost is no address that Mailman takes today"]
"""
