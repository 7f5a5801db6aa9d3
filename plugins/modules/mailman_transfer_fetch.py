#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_transfer_fetch
short_description: Write mailing lists into an archive and fetch it
version_added: 1.0.0
description:
  - Writes lists into an archive with M(listhost.exim_mailman.mailman_export), and fetches the archive to the controller. Nothing of it is left on the host.
  - The archive has passwords in it. On the host it is root's, and then that of the user who logs in, who fetches it. On the controller it is in Ansible's own
    temporary directory, which Ansible removes when the run ends.
  - Role P(listhost.exim_mailman.mailman_transfer#role) asks it.
author:
  - listhost.exim_mailman contributors (@listhost)
attributes:
  check_mode:
    support: none
    description: It does nothing in check mode.
  diff_mode:
    support: none
    description: What travels is no text.
  idempotent:
    support: none
    description: Each call writes an archive.
options:
  prefix:
    description: The prefix of the Mailman.
    type: path
    required: true
  lists:
    description: The names of the lists.
    type: list
    elements: str
    required: true
  stay:
    description: Whether to leave the archive on the host, in a directory of root's, for a Mailman on the same machine.
    type: bool
    default: false
seealso:
  - module: listhost.exim_mailman.mailman_transfer_bring
"""

EXAMPLES = r"""
- name: Fetch the lists
  listhost.exim_mailman.mailman_transfer_fetch:
    prefix: /var/lib/mailman
    lists: [announce, board]
  register: fetched
"""

RETURN = r"""
src:
  description: The archive, on the controller or, with O(stay=true), on the host.
  returned: success
  type: str
stayed:
  description: Whether it is on the host.
  returned: success
  type: bool
checksum:
  description: Its checksum, as M(listhost.exim_mailman.mailman_import) takes it.
  returned: success
  type: str
lists:
  description: What M(listhost.exim_mailman.mailman_export) says of the lists.
  returned: success
  type: list
  elements: dict
templates:
  description: The directories of templates in it.
  returned: success
  type: list
  elements: str
"""
