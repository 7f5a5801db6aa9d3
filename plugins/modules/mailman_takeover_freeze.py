#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_takeover_freeze
short_description: Stop the Mailman of a host that somebody else has set up
version_added: 1.0.0
description:
  - Stops services of a host whose lists are taken over, and sees that no queue runner of Mailman runs any more. Or starts those again, or disables them.
  - Needs no Python on the host, but a shell, and systemd or C(service).
  - Role P(listhost.exim_mailman.mailman_takeover#role) asks it.
author:
  - listhost.exim_mailman contributors (@listhost)
attributes:
  check_mode:
    support: none
    description: It does nothing in check mode.
  diff_mode:
    support: none
    description: Services are no text.
  idempotent:
    support: full
    description: A service that is stopped stays so.
options:
  services:
    description: The services.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(frozen) stops those that run. If queue runners run afterwards, it starts them again and fails.
      - V(thawed) starts all that are named.
      - V(left) disables them, so that they do not start at boot.
    type: str
    choices: [frozen, thawed, left]
    required: true
seealso:
  - module: listhost.exim_mailman.mailman_takeover_fetch
"""

EXAMPLES = r"""
- name: Stop the old Mailman
  listhost.exim_mailman.mailman_takeover_freeze:
    services: [mailman]
    state: frozen
  delegate_to: old.example.com
  register: frozen
"""

RETURN = r"""
services:
  description: The services that were stopped, started or disabled.
  returned: success
  type: list
  elements: str
  sample: [mailman]
"""
