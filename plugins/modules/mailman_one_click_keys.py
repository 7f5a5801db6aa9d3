#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_one_click_keys
short_description: Keep the keys for one-click unsubscription
version_added: 1.0.0
description:
  - Makes the keys with which links for one-click unsubscription (RFC 8058) are signed. They are random, made on the host, and in no result and no log.
  - Keeps two files in O(directory). C(mail) has the present key for the mail server, C(keys) all valid keys for what answers the links.
  - Where a mail server has several domains, each with keys of its own, the first of these is elsewhere (O(mail_path)) and says more (O(mail_values)).
  - A new O(number) makes a new key. The one before stays valid for O(days) days.
  - Fails when others than root can write the files, or everybody can read them.
author:
  - listhost.exim_mailman contributors (@listhost)
attributes:
  check_mode:
    support: full
    description: Names what is wrong with the keys that are there, and makes none.
  diff_mode:
    support: none
    description: Shows nothing, for a difference would show the keys.
options:
  directory:
    description: Where the files are. It is made when it is not there, but not what is above it.
    type: path
    required: true
  number:
    description: The number of the present key. To have a new one made, raise it.
    type: int
    default: 1
  days:
    description: How long a key stays valid after a new one has taken its place.
    type: int
    default: 60
  group:
    description: The group that can read C(keys). The group of C(mail) stays what it is, and is that of its directory for a new file.
    type: str
    required: true
  mail_path:
    description: The file for the mail server. Its directory must be there. Without it the file is C(mail) in O(directory).
    type: path
  mail_values:
    description:
      - What else the mail server reads in its file. Each is a line with name, colon and value, and so is the key then, with the name C(key).
      - Without it the file has the key alone.
    type: dict
"""

EXAMPLES = r"""
- name: Ensure that there is a key
  listhost.exim_mailman.mailman_one_click_keys:
    directory: /etc/listhost/one_click
    group: list

- name: Ensure that a domain has a key, where the mail server looks for a file of the domain's name
  listhost.exim_mailman.mailman_one_click_keys:
    directory: /etc/listhost/one_click_lists.example.org
    group: list-org
    mail_path: /virtual/one_click/lists.example.org
    mail_values: {host: www.lists.example.org}
"""

RETURN = r"""
numbers:
  description: The numbers of the valid keys.
  returned: success
  type: list
  elements: int
  sample: [1, 2]
pending:
  description: Whether something would be changed, in check mode.
  returned: success
  type: bool
mail_group:
  description: The group that can read the file C(mail), or an empty string while it is not there.
  returned: success
  type: str
  sample: Debian-exim
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._one_click_keys import OPTIONS, keep_keys


def main():
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    module.exit_json(**keep_keys(module))


if __name__ == "__main__":
    main()
