#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_takeover_fetch
short_description: Fetch the files of a Mailman that somebody else has set up
version_added: 1.0.0
description:
  - Looks on a host where a Mailman has lists, packs them with their archives, held messages and messages in queues into a tar, and fetches that to the
    controller. Nothing of it is left on the host.
  - Needs no Python on the host, but a shell, C(tar) and C(setpriv). Root reads no file of a list there. The user whose the directory C(lists) is packs them.
  - The tar has passwords in it. On the controller it is in Ansible's own temporary directory, which Ansible removes when the run ends.
  - Role P(listhost.exim_mailman.mailman_takeover#role) asks it.
author:
  - listhost.exim_mailman contributors (@listhost)
attributes:
  check_mode:
    support: full
    description: It does the same, because nothing changes.
  diff_mode:
    support: none
    description: Nothing changes.
  idempotent:
    support: full
    description: Each call fetches what is there.
options:
  host:
    description: What the host is called in messages.
    type: str
    required: true
  directory:
    description: The directory with C(lists) and C(archives). By default those are searched that Debian, EL, upstream and cPanel have.
    type: str
    default: ""
seealso:
  - module: listhost.exim_mailman.mailman_takeover_look
"""

EXAMPLES = r"""
- name: Fetch the lists of the old host
  listhost.exim_mailman.mailman_takeover_fetch:
    host: old.example.com
  delegate_to: old.example.com
  register: fetched
"""

RETURN = r"""
src:
  description: The tar on the controller.
  returned: success
  type: str
directory:
  description: The directory of the host that the lists are in.
  returned: success
  type: str
  sample: /var/lib/mailman
"""
