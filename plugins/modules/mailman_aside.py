#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_aside
short_description: Put mailing lists aside, where Mailman does not see them
version_added: 1.0.0
description:
  - Moves lists with their archives, held messages and messages in queues into a directory of Mailman's own. Nobody can post to them or see them on the web,
    and no cron job sends digests or reminders of them. Nothing is removed. A person can do that later, or move a list back.
  - This is for lists that have gone to another Mailman with M(listhost.exim_mailman.mailman_export) and M(listhost.exim_mailman.mailman_import). Stop the queue
    runners first, and make new mail wait, so that no message comes for a list that is not there any more.
  - Each list goes in the moment in which its directory is renamed, under its lock. If the module is killed, the next call first finishes what it began,
    whatever lists that is about.
  - Lists that are not there are no fault. They may have been put aside before.
  - Works through Mailman's own Python in one process on the managed host, as Mailman's own user.
attributes:
  check_mode:
    description: Tells which lists would be put aside. Without a Mailman these are none.
  diff_mode:
    support: none
    description: What moves is no text.
options:
  lists:
    description: Names of the lists. With an empty list the module only finishes what an earlier call has begun.
    type: list
    elements: str
    required: true
  label:
    description: The name of the directory. It is made in C(moved) in Mailman's directory C(data), such as C(/var/lib/mailman/data/moved/lists.example.org).
    type: str
    required: true
seealso:
  - module: listhost.exim_mailman.mailman_export
  - module: listhost.exim_mailman.mailman_import
extends_documentation_fragment:
  - listhost.exim_mailman.mailman
  - listhost.exim_mailman.mailman.lock_timeout
  - listhost.exim_mailman.mailman.python
"""

EXAMPLES = r"""
- name: Put the lists aside that have gone to another machine
  listhost.exim_mailman.mailman_aside:
    prefix: /var/lib/mailman
    lists: [announce, board]
    label: lists.example.org-20261126
"""

RETURN = r"""
lists:
  description: The lists that were put aside, also those that an earlier call had begun with.
  returned: success
  type: list
  elements: str
  sample: [announce, board]
place:
  description: The directory.
  returned: success
  type: str
  sample: /var/lib/mailman/data/moved/lists.example.org-20261126
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import on_mailman, run_target, take


def sent():
    """Name what Mailman's Python runs; see _mailman_program."""
    from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import aside

    return aside


def main():
    module = AnsibleModule(
        argument_spec=dict(
            prefix=dict(type="path", required=True),
            python=dict(type="path"),
            lists=dict(type="list", elements="str", required=True),
            label=dict(type="str", required=True),
            lock_timeout=dict(type="int", default=30),
        ),
        supports_check_mode=True,
    )
    params = module.params

    def act(installation):
        asked = dict(lists=params["lists"], label=params["label"], lock_timeout=params["lock_timeout"], check=module.check_mode)
        return take(run_target(module, installation, "put_aside", **asked), {"lists": list, "place": str})

    answer = on_mailman(module, lambda: {"lists": [], "place": ""}, act)
    module.exit_json(changed=bool(answer["lists"]), lists=[str(name) for name in answer["lists"]], place=answer["place"])


if __name__ == "__main__":
    main()
