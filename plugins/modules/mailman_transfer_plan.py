#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_transfer_plan
short_description: Say which lists a domain takes along to another Mailman
version_added: 1.0.0
description:
  - Says what moves when a mail domain goes from one Mailman to another, from what is known of both hosts.
  - Fails when it cannot be moved, with all reasons, one a line, each with what to do.
  - Looks at no host and changes nothing. It is an action plugin, which runs on the controller alone. Role
    P(listhost.exim_mailman.mailman_transfer#role) asks it.
extends_documentation_fragment:
  - listhost.exim_mailman.controller
options:
  domain:
    description: The mail domain.
    type: str
    required: true
  url_host:
    description: The host of the lists' web pages where they are to be.
    type: str
    required: true
  moving:
    description: All domains that move in this run.
    type: list
    elements: str
    required: true
  source:
    description: Where the lists are now.
    type: dict
    required: true
    suboptions:
      host:
        description: The host's name in the inventory.
        type: str
        required: true
      prefix:
        description: The prefix of its Mailman.
        type: str
        required: true
      unit:
        description: The systemd unit of its Mailman.
        type: str
      frozen_file:
        description: The file that says for which domains its mail server defers mail.
        type: str
        required: true
      separate:
        description: Whether its Mailman has lists of this domain alone.
        type: bool
        required: true
      same_machine:
        description: Whether the new Mailman is on the same machine.
        type: bool
        required: true
      look:
        description: What M(listhost.exim_mailman.mailman_info) says of its Mailman, with C(contents) and C(frozen_file).
        type: dict
        required: true
      exim:
        description: What Exim says of its router for frozen domains and its list domains.
        type: str
        required: true
      disks:
        description: How many bytes are free where something is to be written, as C(df) prints it.
        type: list
        elements: str
        required: true
  target:
    description: Where they are to be.
    type: dict
    required: true
    suboptions:
      machine:
        description: The machine's name.
        type: str
        required: true
      home:
        description: The directory of all domains on the machine.
        type: str
        required: true
      frozen_file:
        description: The file that says for which domains its mail server defers mail.
        type: str
        required: true
      look:
        description: What M(listhost.exim_mailman.mailman_info) says of its Mailman, with C(contents) and C(frozen_file).
        type: dict
        required: true
      exim:
        description: What Exim says of its router for frozen domains and its list domains.
        type: str
        required: true
      disks:
        description: How many bytes are free where something is to be written, as C(df) prints it.
        type: list
        elements: str
        required: true
seealso:
  - module: listhost.exim_mailman.mailman_transfer_compare
"""

EXAMPLES = r"""
- name: Plan the move
  listhost.exim_mailman.mailman_transfer_plan:
    domain: lists.example.org
    url_host: lists.example.org
    moving: [lists.example.org]
    source:
      host: old.example.com
      prefix: /var/lib/mailman
      frozen_file: /etc/listhost/frozen
      separate: false
      same_machine: false
      look: "{{ old_mailman }}"
      exim: "{{ old_exim.stdout }}"
      disks: "{{ old_disks.stdout_lines }}"
    target:
      machine: new.example.com
      home: /virtual
      frozen_file: /virtual/frozen
      look: "{{ new_mailman }}"
      exim: "{{ new_exim.stdout }}"
      disks: "{{ new_disks.stdout_lines }}"
  register: plan
"""

RETURN = r"""
lists:
  description: The lists that move, as M(listhost.exim_mailman.mailman_info) has them.
  returned: success
  type: list
  elements: dict
names:
  description: Their names.
  returned: success
  type: list
  elements: str
files:
  description: The files and directories that are theirs.
  returned: success
  type: list
  elements: str
templates:
  description: Directories of templates that go along.
  returned: success
  type: list
  elements: str
stale:
  description: Files that a run which did not come to its end has left in the new place.
  returned: success
  type: list
  elements: str
addresses:
  description: Addresses that each of the lists has for mail.
  returned: success
  type: list
  elements: str
addressed:
  description: The lists with the domain and the host for the web that they are to have, for M(listhost.exim_mailman.mailman_lists).
  returned: success
  type: list
  elements: dict
others:
  description: Domains that stay in the old Mailman.
  returned: success
  type: list
  elements: str
bytes:
  description: How much room is needed.
  returned: success
  type: int
exim_finds:
  description: Whether the new machine's Exim looks for domains where this one is to be.
  returned: success
  type: bool
left:
  description: Whether a run before this one has made the move final.
  returned: success
  type: bool
done:
  description: Whether there is nothing left to do.
  returned: success
  type: bool
"""
