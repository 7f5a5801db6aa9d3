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
  web:
    description: Whether the domain has web pages.
    type: bool
    default: false
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
        type: path
        required: true
      unit:
        description: The systemd unit of its Mailman.
        type: str
      frozen_file:
        description: The file that says for which domains its mail server defers mail.
        type: path
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
        description: What M(listhost.exim_mailman.mailman_transfer_look) says of it.
        type: dict
        required: true
  target:
    description: Where they are to be.
    type: dict
    required: true
    suboptions:
      host:
        description: The host's name in the inventory.
        type: str
        required: true
      machine:
        description: The machine's name.
        type: str
        required: true
      home:
        description: The directory of all domains on the machine.
        type: path
        required: true
      prefix:
        description: The prefix of its Mailman.
        type: path
        required: true
      frozen_file:
        description: The file that says for which domains its mail server defers mail.
        type: path
        required: true
      look:
        description: What M(listhost.exim_mailman.mailman_transfer_look) says of it.
        type: dict
        required: true
  copied:
    description: What M(listhost.exim_mailman.mailman_transfer_fetch) has returned as C(lists). Then the module only fails if a list has changed since.
    type: list
    elements: dict
seealso:
  - module: listhost.exim_mailman.mailman_transfer_look
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
      look: "{{ old }}"
    target:
      host: lists.example.org
      machine: new.example.com
      home: /virtual
      prefix: /virtual/lists.example.org/mailman
      frozen_file: /virtual/frozen
      look: "{{ new }}"
  register: plan
"""

RETURN = r"""
names:
  description: The names of the lists that move.
  returned: success
  type: list
  elements: str
addresses:
  description: Addresses that each of the lists has for mail.
  returned: success
  type: list
  elements: str
arriving:
  description: The lists with the domain and the host for the web that they are to have, for M(listhost.exim_mailman.mailman_import).
  returned: success
  type: list
  elements: dict
others:
  description: Domains that stay in the old Mailman.
  returned: success
  type: list
  elements: str
stay:
  description: Whether the old Mailman has something to do when these lists are gone.
  returned: success
  type: bool
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
announcement:
  description: What the move is about to do.
  returned: success
  type: str
remaining:
  description: What is left for a person to do when the move is done.
  returned: success
  type: str
"""
