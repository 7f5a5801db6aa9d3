#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_backup
short_description: Install what backs up Mailman's lists without Ansible
version_added: 1.0.0
description:
  - Installs the program that a timer runs on the host, its settings, and files around it such as units, as one transaction.
  - The program exports all lists as module M(listhost.exim_mailman.mailman_export) does, and gives them to restic, with other files. It is the same code, which
    this module puts into one file of root's.
  - The module opens the repository before it changes anything, and makes it where there is none and there was no backup yet. Without restic on the host it does
    not.
  - The password is a file on the host. Neither this module nor the program has it in its arguments or its results.
extends_documentation_fragment:
  - listhost.exim_mailman.backup
attributes:
  check_mode:
    support: full
    description: The repository is opened and not made.
  diff_mode:
    support: full
    description: One difference a file. Of the program there are only sums.
  idempotent:
    support: full
    description: A second run changes nothing.
options:
  program:
    description: The program's file. The module makes its directory.
    type: path
    default: /usr/local/lib/listhost/backup.pyz
  timers:
    description: The timers' units, about which RV(active) tells.
    type: list
    elements: str
    required: true
  files:
    description: More files that go live with it, each with C(path) and C(content).
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path of the file.
        type: path
        required: true
      content:
        description: The whole content.
        type: str
        required: true
      owner:
        description: Name of the user who owns the file.
        type: str
      group:
        description: Name of its group.
        type: str
      mode:
        description: Permissions as an octal string.
        type: str
        default: "0644"
seealso:
  - module: listhost.exim_mailman.mailman_snapshot
  - module: listhost.exim_mailman.mailman_export
"""

EXAMPLES = r"""
- name: Install the backup's program and settings
  listhost.exim_mailman.mailman_backup:
    settings:
      host: lists.example.com
      prefix: /var/lib/mailman
      python: /usr/bin/python2.7
      directory: /var/lib/listhost-backup
      repository: /srv/backup
      password_file: /etc/listhost/backup_password
      keep: {daily: 14}
    timers: [listhost-backup.timer]
"""

RETURN = r"""
active:
  description: Whether the timers run, and will at the next boot.
  returned: success
  type: bool
changed_paths:
  description: The files that changed.
  returned: success
  type: list
  elements: str
  sample: [/etc/listhost/backup.json]
pending:
  description: Whether the module has found something to do, in check mode.
  returned: success
  type: bool
restic:
  description: Whether restic is on the host, with the program that it needs for this repository.
  returned: success
  type: bool
taken:
  description: Whether a backup was taken.
  returned: success
  type: bool
"""

import json
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._file_transaction import FILES, Transaction
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.packing import pack
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.restic import Repository, is_there
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.settings import (
    ARGUMENTS,
    SETTINGS,
    Fault,
    check_secrets,
    read_state,
)


def are_active(module, units):
    systemctl = module.get_bin_path("systemctl", required=True)
    # Of several, is-active succeeds for one: so one by one.
    return all(module.run_command([systemctl, what, "--quiet", unit])[0] == 0 for unit in units for what in ("is-active", "is-enabled"))


def make_directories(module, settings):
    """Make what is missing, and return whether anything was."""
    wanted = ((os.path.dirname(module.params["program"]), 0o755), (os.path.dirname(SETTINGS), 0o755), (settings["directory"], 0o700))
    missing = [(path, mode) for path, mode in wanted if not os.path.isdir(path)]
    for path, mode in [] if module.check_mode else missing:
        os.makedirs(path, 0o755, exist_ok=True)
        os.chmod(path, mode)
    return bool(missing)


def install(module, settings):
    """Put the files into place, once the repository can be opened."""
    program = pack()
    files = [
        dict(path=module.params["program"], content=program, mode="0644", owner="root", group="root"),
        dict(path=SETTINGS, content=json.dumps(settings, sort_keys=True, indent=1) + "\n", mode="0600", owner="root", group="root"),
        *module.params["files"],
    ]
    changed = make_directories(module, settings)
    transaction = Transaction(module)
    try:
        transaction.stage(files)
        if transaction.changed_paths and is_there(module, settings):
            Repository(module, settings).open(make=not read_state(settings["directory"]))
        if not module.check_mode:
            transaction.commit()
        transaction.settle(files)
    finally:
        transaction.close()
    for diff in transaction.diffs:
        if diff["after_header"] == module.params["program"]:
            diff.update(before="(another program)\n", after="(the program of this release)\n")
    return changed or bool(transaction.changed_paths), transaction


def main():
    module = AnsibleModule(
        argument_spec=dict(
            settings=dict(type="dict", required=True, options=ARGUMENTS),
            program=dict(type="path", default="/usr/local/lib/listhost/backup.pyz"),
            timers=dict(type="list", elements="str", required=True),
            files=dict(FILES, default=[]),
        ),
        supports_check_mode=True,
    )
    settings = module.params["settings"]
    try:
        check_secrets(settings)
        changed, transaction = install(module, settings)
        taken = "snapshot" in read_state(settings["directory"])
    except (Fault, OSError) as e:
        module.fail_json(msg="Nothing was changed. %s" % e)
    module.exit_json(
        changed=changed,
        changed_paths=transaction.changed_paths,
        diff=transaction.diffs,
        pending=changed and module.check_mode,
        active=are_active(module, module.params["timers"]),
        restic=is_there(module, settings),
        taken=taken,
    )


if __name__ == "__main__":
    main()
