#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: file_set
short_description: Install several text files as one transaction
version_added: 1.0.0
description:
  - Writes a candidate beside every file that differs, checks all candidates, and only then renames them into place. When one candidate
    does not pass its check, or cannot be renamed, every file is as it was before.
  - One call is one module execution, however many files it holds. An unchanged run reads the files and writes nothing.
extends_documentation_fragment:
  - listhost.exim_mailman.files.validated
attributes:
  check_mode:
    description: Candidates are written to a temporary directory and checked there. A check whose program is not installed yet is left out.
options:
  files:
    required: true
seealso:
  - module: ansible.builtin.copy
"""

EXAMPLES = r"""
- name: Install Exim's configuration and aliases together
  listhost.exim_mailman.file_set:
    files:
      - path: /etc/aliases
        content: "{{ lookup('ansible.builtin.template', 'aliases.j2') }}"
      - path: /etc/exim4/exim4.conf
        content: "{{ lookup('ansible.builtin.template', 'exim4.conf.j2') }}"
        group: Debian-exim
        mode: "0640"
        validate: [/usr/sbin/exim4, -C, "%s", -bV]
  register: files

- name: Say which files are new
  ansible.builtin.debug:
    var: files.changed_paths
"""

RETURN = r"""
changed_paths:
  description: The O(files[].path) of every file whose content or attributes changed, in the order given.
  returned: success
  type: list
  elements: str
  sample: [/etc/exim4/exim4.conf]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._file_transaction import VALIDATED_FILES, Transaction


def main():
    """Compare, check, and rename."""
    module = AnsibleModule(
        argument_spec=dict(files=dict(VALIDATED_FILES, required=True)),
        supports_check_mode=True,
    )
    files = module.params["files"]
    transaction = Transaction(module)
    try:
        transaction.stage(files)
        if not module.check_mode:
            transaction.commit()
        transaction.settle(files)
    finally:
        transaction.close()
    changed_paths = transaction.changed_paths
    module.exit_json(
        changed=bool(changed_paths), changed_paths=[spec["path"] for spec in files if spec["path"] in changed_paths], diff=transaction.diffs,
    )


if __name__ == "__main__":
    main()
