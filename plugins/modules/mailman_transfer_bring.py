#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_transfer_bring
short_description: Put mailing lists that were fetched into a Mailman
version_added: 1.0.0
description:
  - Sends an archive that M(listhost.exim_mailman.mailman_transfer_fetch) has fetched, and puts its lists into a Mailman with
    M(listhost.exim_mailman.mailman_import). Templates of the site and of the lists' domains come along. The archive is removed, also when the module fails.
  - Replaces lists of these names, which an earlier call may have left.
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
    description: Each call needs an archive, and removes it.
options:
  archive:
    description: What M(listhost.exim_mailman.mailman_transfer_fetch) has returned.
    type: dict
    required: true
  mailman:
    description: The Mailman, with C(prefix), C(python), C(user) and C(group), such as the fact C(mailman_installation). Other keys do not count.
    type: dict
    required: true
  lists:
    description: The lists, as O(listhost.exim_mailman.mailman_import#module:lists) takes them. Each must have C(email_host).
    type: list
    elements: dict
    required: true
seealso:
  - module: listhost.exim_mailman.mailman_import
"""

EXAMPLES = r"""
- name: Put the lists into the new Mailman
  listhost.exim_mailman.mailman_transfer_bring:
    archive: "{{ fetched }}"
    mailman: "{{ mailman_installation }}"
    lists:
      - name: announce
        email_host: lists.example.org
        url_host: lists.example.org
"""

RETURN = r"""
lists:
  description: The lists that came. There is all else that M(listhost.exim_mailman.mailman_import) returns, too.
  returned: success
  type: list
  elements: dict
"""
