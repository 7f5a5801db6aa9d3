#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_takeover_look
short_description: Say which lists of another Mailman can come here, and as what
version_added: 1.0.0
description:
  - Unpacks the lists of another Mailman on the managed host with M(listhost.exim_mailman.mailman_unpack), and says what becomes of each by rules of the
    inventory.
  - Fails when a list cannot come, with all that was found and all reasons, one a line, each with what to do.
  - Mailman's own lists stay as they are. Role P(listhost.exim_mailman.mailman_takeover#role) asks it.
author:
  - listhost.exim_mailman contributors (@listhost)
attributes:
  check_mode:
    support: full
    description: It does the same, in a directory that the caller removes.
  diff_mode:
    support: none
    description: Nothing changes but that directory.
  idempotent:
    support: full
    description: Each call makes the directory anew.
options:
  mailman:
    description: The Mailman, with C(prefix), C(python), C(user) and C(group), such as the fact C(mailman_installation). Other keys do not count.
    type: dict
    required: true
  directory:
    description: The directory in which it is done, with its absolute path. It is removed with all that is in it, and made anew. It must be in one of root's.
    type: path
    required: true
  src:
    description: A tar or a directory on the controller.
    type: str
    required: true
  remote_src:
    description: Whether O(src) is a tar on the managed host.
    type: bool
    default: false
  fetched:
    description: Whether O(src) was fetched by M(listhost.exim_mailman.mailman_takeover_fetch), and is removed when it was sent.
    type: bool
    default: false
  origin:
    description: What the lists are from, as O(listhost.exim_mailman.mailman_export#module:origin) has it. By default it is the checksum of the tar.
    type: str
  served:
    description: The mail domains of the managed host.
    type: list
    elements: str
    required: true
  short_names:
    description: Whether C(announce_example.org) of the domain C(example.org) becomes C(announce).
    type: bool
    required: true
  domains:
    description: What becomes of mail domains.
    type: list
    elements: dict
    required: true
    suboptions:
      domain:
        description: The old mail domain.
        type: str
        required: true
      email_host:
        description: The mail domain that its lists get.
        type: str
      url_host:
        description: The host of their web pages that they get.
        type: str
  lists:
    description: What becomes of single lists. This counts more than O(domains).
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The list's name in the old Mailman.
        type: str
        required: true
      new_name:
        description: The name that it gets.
        type: str
      email_host:
        description: The mail domain that it gets.
        type: str
      url_host:
        description: The host of its web pages that it gets.
        type: str
      leave_out:
        description: Whether it stays behind.
        type: bool
        default: false
seealso:
  - module: listhost.exim_mailman.mailman_unpack
"""

EXAMPLES = r"""
- name: Look at the lists of an old machine
  listhost.exim_mailman.mailman_takeover_look:
    mailman: "{{ mailman_installation }}"
    directory: /var/lib/listhost-takeover
    src: old-machine.tar.gz
    served: [lists.example.com]
    short_names: true
    domains:
      - domain: example.com
        email_host: lists.example.com
    lists: []
"""

RETURN = r"""
lists:
  description:
    - The lists that were found, with their C(name), C(members), C(held), C(queued) and C(bytes), what they are to be (C(new_name), C(email_host), C(url_host)),
      and their C(state), which is C(comes), C(came before) or C(is left out).
  returned: success
  type: list
  elements: dict
said:
  description: The same for a person, and what is not taken.
  returned: success
  type: list
  elements: str
names:
  description: The names of those that come or came, in the old Mailman.
  returned: success
  type: list
  elements: str
arriving:
  description: The same lists as O(listhost.exim_mailman.mailman_import#module:lists) takes them.
  returned: success
  type: list
  elements: dict
addresses:
  description: Some addresses that these have here.
  returned: success
  type: list
  elements: str
left_out:
  description: What was not unpacked, with the reason.
  returned: success
  type: list
  elements: str
root:
  description: The directory that they were unpacked into.
  returned: success
  type: str
origin:
  description: What O(origin) is.
  returned: success
  type: str
"""
