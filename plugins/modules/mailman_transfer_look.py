#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_transfer_look
short_description: Say what a host has that a domain moves from or to
version_added: 1.0.0
description:
  - Says what M(listhost.exim_mailman.mailman_transfer_plan) must know of a host. It asks M(listhost.exim_mailman.mailman_info),
    M(listhost.exim_mailman.mailman_export) in check mode, Exim and C(df).
  - Changes nothing. It is an action plugin, which runs those on the host. Role P(listhost.exim_mailman.mailman_transfer#role) asks it.
extends_documentation_fragment:
  - listhost.exim_mailman.controller
options:
  place:
    description: The Mailman that there is or will be. C(prefix) is its prefix and C(frozen_file) the file that says for which domains mail waits. C(home) is
      the directory of all domains on the machine, if they have Mailmans of their own. Other keys do not count.
    type: dict
    required: true
seealso:
  - module: listhost.exim_mailman.mailman_transfer_plan
"""

EXAMPLES = r"""
- name: Collect the state of the old place
  listhost.exim_mailman.mailman_transfer_look:
    place:
      prefix: /var/lib/mailman
      frozen_file: /etc/listhost/frozen
  register: old
"""

RETURN = r"""
installed:
  description: Whether there is a Mailman.
  returned: success
  type: bool
frozen:
  description: The domains whose mail waits, with V(arriving), V(leaving) or V(left).
  returned: success
  type: dict
lists:
  description: What M(listhost.exim_mailman.mailman_export) says of all lists.
  returned: success
  type: list
  elements: dict
exim:
  description: What Exim says of its router for frozen domains and its list domains.
  returned: success
  type: str
disks:
  description: How many bytes are free where something is to be written, as C(df) prints it.
  returned: success
  type: list
  elements: str
"""
