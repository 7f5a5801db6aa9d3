#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: exim_config
short_description: Install a configuration of Exim once it is proven
version_added: 1.0.0
description:
  - Installs Exim's configuration, and files that belong to it, as one transaction. The new configuration must be accepted by Exim, must
    name no transport that it does not have, and must pass all tests, before any file is replaced.
  - When something is wrong, all files and the running daemon are as they were, and the message says what is wrong.
  - When nothing changes, nothing is tested and Exim is not run.
extends_documentation_fragment:
  - listhost.exim_mailman.exim
  - listhost.exim_mailman.exim.tests
  - listhost.exim_mailman.exim.service
  - listhost.exim_mailman.files
  - listhost.exim_mailman.files.file
attributes:
  check_mode:
    description: Everything is done but the last steps, in which the files are renamed and the service is restarted.
options:
  path:
    description: Absolute path of the configuration file. Its directory must exist.
  mode:
    default: "0640"
  files:
    description:
      - Files that go live together with the configuration, such as aliases.
      - The tests find their new contents wherever the configuration names their paths.
    default: []
  backups:
    description:
      - How many previous configurations to keep beside the file, with the time at which they were replaced in their names.
      - Older ones are removed.
    type: int
    default: 5
  found:
    description:
      - What is known of O(path) and the O(files), by their paths. Each has C(sum) (SHA-256), C(owner), C(group) and C(mode) in four digits.
      - If it shows that nothing would change, nothing is run on the host.
    type: dict
seealso:
  - module: listhost.exim_mailman.exim_address_test
  - module: listhost.exim_mailman.exim_smtp_test
  - module: listhost.exim_mailman.exim_delivery_test
  - module: listhost.exim_mailman.file_set
"""

EXAMPLES = r"""
- name: Install the configuration and the aliases if lists keep working with them
  listhost.exim_mailman.exim_config:
    path: /etc/exim4/exim4.conf
    content: "{{ lookup('ansible.builtin.template', 'exim4.conf.j2') }}"
    group: Debian-exim
    files:
      - path: /etc/aliases
        content: "{{ lookup('ansible.builtin.template', 'aliases.j2') }}"
    address_tests:
      - address: testlist@list.example.com
        transport: mailman_transport
      - address: mailman@list.example.com
    smtp_tests:
      - client: 192.0.2.1
        sender: "<>"
        recipients:
          - {address: testlist@list.example.com, code: 550}
    delivery_tests:
      - address: testlist-bounces+luser=example.com@list.example.com
        command: [/var/lib/mailman/mail/mailman, bounces, testlist]
    service: exim4
"""

RETURN = r"""
changed_paths:
  description: The path of every file whose content or attributes changed.
  returned: success
  type: list
  elements: str
  sample: [/etc/exim4/exim4.conf]
backup:
  description: The previous configuration.
  returned: when it was kept
  type: str
  sample: /etc/exim4/exim4.conf.20260131-235959~
proven:
  description: Whether the new configuration was tested. It is not when nothing changes, nor in check mode where there is no Exim yet.
  returned: success
  type: bool
failures:
  description: One line for each thing that is wrong with the new configuration.
  returned: when it is not accepted
  type: list
  elements: str
  sample: ["testlist@list.example.com: expected transport mailman_transport, found remote_smtp"]
"""

import glob
import os
import re
import shutil
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import Exim, EximError
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_proof import (
    TEST_ARGUMENTS,
    Proof,
    checked_tests,
    prove_files,
    put_into_operation,
)
from ansible_collections.listhost.exim_mailman.plugins.module_utils._file_transaction import FILE_ARGUMENTS, FILES, Transaction


def keep(path, backups):
    """Copy the live configuration beside it, remove what is too old, and return the path of the copy."""
    if not backups or not os.path.exists(path):
        return None
    backup = "%s.%s~" % (path, time.strftime("%Y%m%d-%H%M%S"))
    shutil.copy2(path, backup)
    status = os.stat(path)
    os.chown(backup, status.st_uid, status.st_gid)
    copies = sorted(copy for copy in glob.glob(glob.escape(path) + ".*~") if re.search(r"\.\d{8}-\d{6}~$", copy))
    for copy in copies[:-backups]:
        os.unlink(copy)
    return backup


def go_live(module, exim, transaction):
    """Replace the files, and restart Exim when its configuration is among them. Return the path of the previous configuration."""
    is_new = module.params["path"] in transaction.changed_paths
    backup = keep(os.path.realpath(module.params["path"]), module.params["backups"]) if is_new else None
    put_into_operation(module, exim, transaction, module.params["service"] if is_new else None, module.params["path"])
    return backup


def main():
    """Prove, then replace."""
    module = AnsibleModule(
        argument_spec=dict(
            FILE_ARGUMENTS,
            mode=dict(type="str", default="0640"),
            files=dict(FILES, default=[]),
            service=dict(type="str"),
            backups=dict(type="int", default=5),
            exim=dict(type="path"),
            # The action plugin compares with it.
            found=dict(type="dict"),
            **TEST_ARGUMENTS
        ),
        supports_check_mode=True,
    )
    files = [dict((name, module.params[name]) for name in FILE_ARGUMENTS)] + module.params["files"]
    transaction = Transaction(module)
    backup = None
    proven = False
    try:
        if module.params["backups"] < 0:
            raise EximError("backups: %d is not a number of files to keep." % module.params["backups"])
        for spec in files:
            if not re.match(r"0?[0-7]{3,4}\Z", spec["mode"]):
                raise EximError("%s: mode %r is not a permission in octal digits." % (spec["path"], spec["mode"]))
        tests = checked_tests(module)
        transaction.stage(files)
        if transaction.changed_paths:
            exim = exim_to_be(module)
            if exim:
                with Proof(files) as proof:
                    failures = prove_files(proof, exim, transaction.changed_paths, tests)
                if failures:
                    transaction.close()
                    module.fail_json(
                        msg="%s: the new configuration is not installed:\n%s" % (module.params["path"], "\n".join(failures)), failures=failures,
                    )
                proven = True
            if not module.check_mode:
                backup = go_live(module, exim, transaction)
        transaction.settle(files)
    except EximError as error:
        module.fail_json(msg=str(error))
    finally:
        transaction.close()
    changed_paths = transaction.changed_paths
    result = dict(backup=backup) if backup else {}
    module.exit_json(
        changed=bool(changed_paths), changed_paths=[spec["path"] for spec in files if spec["path"] in changed_paths], proven=proven,
        diff=transaction.diffs, **result
    )


def exim_to_be(module):
    """Return the Exim that can prove the configuration. In check mode it may have to be installed first."""
    try:
        return Exim.from_module(module)
    except EximError:
        if module.check_mode and os.geteuid() == 0:
            return None
        raise


if __name__ == "__main__":
    main()
