#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_snapshot
short_description: Fetch a backup of Mailman's lists from its repository
version_added: 1.0.0
description:
  - Takes a snapshot out of the repository that the program of M(listhost.exim_mailman.mailman_backup) has put it into. Needs restic and the password on the
    host, and nothing else of the backup.
  - All that the snapshot has comes into O(dest). RV(archive.path) is the file with the lists, which M(listhost.exim_mailman.mailman_import) takes. Its sum
    is that of the manifest, or the module fails.
  - With O(put_back) also copies what no inventory can make again, O(settings.own_paths), to where it was. What is there already stays as it is.
extends_documentation_fragment:
  - listhost.exim_mailman.backup
attributes:
  check_mode:
    support: full
    description: Tells which snapshot it would be, and changes nothing. Without restic it only warns.
  diff_mode:
    support: none
    description: There is nothing to compare with.
  idempotent:
    support: none
    description: Each call fetches the snapshot anew.
options:
  dest:
    description: A directory of root's. What is there is removed before.
    type: path
    required: true
  before:
    description:
      - A moment in the host's own time, as V(2026-11-26 14:30). The newest snapshot from before that is taken.
      - By default the newest of all.
    type: str
    default: ""
  put_back:
    description: Whether to copy files of O(settings.own_paths) to where they were, if nothing is there.
    type: bool
    default: false
seealso:
  - module: listhost.exim_mailman.mailman_backup
  - module: listhost.exim_mailman.mailman_import
"""

EXAMPLES = r"""
- name: Fetch the backup of a day in May
  listhost.exim_mailman.mailman_snapshot:
    settings:
      host: lists.example.com
      prefix: /var/lib/mailman
      python: /usr/bin/python2.7
      directory: /var/lib/listhost-backup
      repository: /srv/backup
      password_file: /etc/listhost/backup_password
    before: "2026-05-12 12:00"
    dest: /var/lib/listhost-backup/restored
  register: snapshot

- name: Put a list of it beside the one that is there
  listhost.exim_mailman.mailman_import:
    prefix: /var/lib/mailman
    src: "{{ snapshot.archive.path }}"
    checksum: "{{ snapshot.archive.checksum }}"
    lists:
      - {name: announce, new_name: announce-in-may}
    queued_messages: false
"""

RETURN = r"""
snapshot:
  description: The short name of the snapshot, or nothing in check mode without restic.
  returned: success
  type: str
  sample: 63d05442
taken:
  description: When it was taken, in the host's own time.
  returned: success
  type: str
  sample: "2026-11-26 03:31:07"
archive:
  description: The file with the lists.
  returned: success
  type: dict
  contains:
    path:
      description: Where it is.
      type: str
    checksum:
      description: Its sum.
      type: str
    id:
      description: What stands for this archive, and no other.
      type: str
    size:
      description: Its bytes.
      type: int
lists:
  description: The lists in it, as M(listhost.exim_mailman.mailman_export) told of them.
  returned: success
  type: list
  elements: dict
put_back:
  description: What was copied to where it was.
  returned: success
  type: list
  elements: str
  sample: [/etc/exim4/dkim]
kept:
  description: What is there already, and has stayed as it is.
  returned: success
  type: list
  elements: str
  sample: []
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.fetching import fetch, put_back
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.restic import is_there
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.settings import ARGUMENTS, Fault, check_secrets
from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import Untrusted, resolve


def make_directory(path):
    """Make the backup's directory, which others may not change."""
    os.makedirs(path, 0o700, exist_ok=True)
    try:
        resolve(path)
    except Untrusted as e:
        raise Fault("directory: others can change %s: %s." % (path, e)) from e


def main():
    module = AnsibleModule(
        argument_spec=dict(
            settings=dict(type="dict", required=True, options=ARGUMENTS),
            dest=dict(type="path", required=True),
            before=dict(type="str", default=""),
            put_back=dict(type="bool", default=False),
        ),
        supports_check_mode=True,
    )
    params, answer = module.params, dict(snapshot="", taken="", archive={}, lists=[], put_back=[], kept=[])
    settings = params["settings"]
    try:
        check_secrets(settings)
        if module.check_mode and not is_there(module, settings):
            module.warn("restic is not on the host yet, or not what it needs for this repository. So what the repository has is not known.")
        else:
            if not module.check_mode:
                make_directory(settings["directory"])
            found = fetch(module, settings, params["before"], params["dest"])
            answer.update((name, found[name]) for name in ("snapshot", "taken", "archive", "lists"))
            if params["put_back"]:
                answer["put_back"], answer["kept"] = put_back(module, settings, found, params["dest"])
    except (Fault, OSError) as e:
        module.fail_json(msg="Nothing was restored. %s" % e)
    module.exit_json(changed=True, **answer)


if __name__ == "__main__":
    main()
