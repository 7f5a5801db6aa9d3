#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: exim_dkim_keys
short_description: See that there are DKIM keys that Exim can use
version_added: 1.0.0
description:
  - Makes an RSA key of 2048 bits for each domain that has none, lets Exim's group read the keys and nobody else, and writes what to publish
    in the DNS to the file C(records.txt) beside them.
  - The keys of a selector are in O(directory), or in a directory of the selector's name below it where there is one. That of O(next_selector) is made, so
    that these keys can be published before they are used.
  - A key that is there is used, and never replaced. One that is no RSA key, or that everybody could have read, is an error.
  - Keys are made by C(openssl), and do not leave the host.
author:
  - listhost.exim_mailman contributors (@listhost)
attributes:
  check_mode:
    support: full
    description: The keys that are there are checked, with C(openssl) where it is installed.
  diff_mode:
    support: none
    description: There is no diff.
options:
  directory:
    description: Where the keys are, each as DOMAIN.pem. It is created when it is missing.
    type: path
    required: true
  domains:
    description: The domains.
    type: list
    elements: str
    required: true
  selector:
    description: Name of the keys in the DNS.
    type: str
    required: true
  next_selector:
    description: Name in the DNS of keys that are to be used later. Empty means that there are none.
    type: str
    default: ""
  group:
    description: Name of the group that Exim runs as. It need not exist in check mode.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Make keys for two list domains
  listhost.exim_mailman.exim_dkim_keys:
    directory: /etc/exim4/dkim
    domains: [list.example.com, lists.example.org]
    selector: lists
    group: Debian-exim
"""

RETURN = r"""
key_directory:
  description: Where the keys of O(selector) are.
  returned: success
  type: str
  sample: /etc/exim4/dkim
pending:
  description: Whether there is something to do, in check mode.
  returned: success
  type: bool
records:
  description: The names and contents of the TXT records to publish, also of O(next_selector). Keys that are still to be made are missing.
  returned: success
  type: dict
  sample: {lists._domainkey.list.example.com: "v=DKIM1; k=rsa; p=MIIB..."}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._dkim_keys import OPTIONS, keep_keys


def main():
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    module.exit_json(**keep_keys(module))


if __name__ == "__main__":
    main()
