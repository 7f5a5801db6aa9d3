#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_import
short_description: Put mailing lists into a Mailman that mailman_export has written into a file
version_added: 1.0.0
description:
  - Puts lists into a Mailman on the managed host, out of a file that M(listhost.exim_mailman.mailman_export) has written there or elsewhere. They can get
    other names, mail domains and addresses of their web pages.
  - All of the lists come, or none. The module unpacks them beside those of Mailman, compares each file with the manifest, and has Mailman read each list.
    Only then it renames all of it into place. If it is killed while it renames, the next call finishes that first.
  - Overwrites no list unless O(existing) says so, and then exports it first. Without that, it refuses a list when there is one of its name, or archives
    of one. Templates that are there stay.
  - A list that an earlier call has put there from the same archive is left alone, whatever has become of it. So a second call changes nothing.
  - Without O(lists), the site list stays in the archive when there is one here.
  - Nothing in the archive is believed that can be checked. It can hold files and directories only, and each has to be at a place that lists have.
    Pickles may name only the classes that Mailman 2.1 writes, so that reading them runs nothing else. A program that a list has of its own does not run.
  - An owner's settings and a list's web pages come as they are. Take archives from somebody whom you would trust with these lists.
  - Works through Mailman's own Python in one process on the managed host, as Mailman's own user. All that it unpacks belongs to that user.
attributes:
  check_mode:
    description: Reads and checks the whole archive, and writes nothing. Whether Mailman can read the lists, it does not tell. Without a Mailman it only warns.
  diff_mode:
    support: none
    description: The lists are not there before.
options:
  src:
    description:
      - The file, with its absolute path on the managed host. Only root may be able to change it, or to put another in its place.
      - Mailman's user need not be able to read it.
    type: path
    required: true
  checksum:
    description: The checksum of the file, as M(listhost.exim_mailman.mailman_export) returns it. With another one nothing is done.
    type: str
  lists:
    description: The lists that are to come out of the archive. By default all.
    type: list
    elements: dict
    suboptions:
      name:
        description: The list's name in the archive.
        type: str
        required: true
      new_name:
        description:
          - The name that it is to have here. By default it keeps its name. The prefix of its subjects stays as it is.
        type: str
      email_host:
        description: The mail domain that it is to have here. By default it keeps its domain.
        type: str
      url_host:
        description: The host of its web pages here. By default it keeps its host.
        type: str
  root:
    description:
      - A directory into which the lists go, and not into those of the Mailman at O(prefix), which only reads them. Nobody gets mail for them there.
      - This is for a trial whether an archive can be read. The directory must be there and be Mailman's user's. Others may not be able to change it or the
        directories that it is in. Mailman's user makes C(lists), C(archives) and the like there.
    type: path
  existing:
    description:
      - What to do when there is a list of the same name.
      - With V(refuse) the module fails.
      - With V(replace) the module first exports such lists into a file in O(backup). Then it removes them with their archives and held messages, each in
        the moment before the other takes its place. Messages that wait for the list in Mailman's queues go to the new one.
      - If such a list changes after it was exported, as it does with each message, nothing is replaced and the module fails. Stop the queue runners if the
        lists are busy. Then nothing is lost that comes between the export and the replacement.
      - V(replace_copy) is for a copy that nobody has used yet, as of a move that was broken off. The module removes it with its messages in queues, and
        exports nothing.
      - A list that an earlier call has put there from the same archive is left alone all the same.
    type: str
    choices: [refuse, replace, replace_copy]
    default: refuse
  backup:
    description:
      - The directory into which lists are exported that are to be replaced, with its absolute path. Only root may be able to change it. Each call that
        replaces lists writes a new file there, RV(backup).
      - Required with O(existing=replace).
    type: path
  queued_messages:
    description:
      - Whether its messages in Mailman's queues come along. Mailman sends them on when its queue runners run.
      - Say V(false) for an older state of a list, because messages that waited then have been sent since.
    type: bool
    default: true
  templates:
    description:
      - Whether templates of the site and of domains come along. A directory that is to get some must be there, and be Mailman's user's.
    type: bool
    default: false
  site_passwords:
    description: Whether the site's passwords come along and replace those that are here.
    type: bool
    default: false
seealso:
  - module: listhost.exim_mailman.mailman_export
extends_documentation_fragment:
  - listhost.exim_mailman.mailman
  - listhost.exim_mailman.mailman.lock_timeout
  - listhost.exim_mailman.mailman.python
"""

EXAMPLES = r"""
- name: Import all lists
  listhost.exim_mailman.mailman_import:
    prefix: /var/lib/mailman
    src: /var/backups/mailman/lists.tar

- name: Put an older state of a list beside it
  listhost.exim_mailman.mailman_import:
    prefix: /var/lib/mailman
    src: /var/backups/mailman/lists-of-may.tar
    lists:
      - name: announce
        new_name: announce-in-may
    queued_messages: false

- name: Make a directory of Mailman's user for a trial
  ansible.builtin.file:
    path: /var/tmp/trial
    state: directory
    owner: list
    group: list
    mode: "0700"

- name: Try whether an archive can be read
  listhost.exim_mailman.mailman_import:
    prefix: /var/lib/mailman
    src: /var/backups/mailman/lists.tar
    root: /var/tmp/trial

- name: Put an older state of a list into its place
  listhost.exim_mailman.mailman_import:
    prefix: /var/lib/mailman
    src: /var/backups/mailman/lists-of-may.tar
    lists:
      - name: announce
    existing: replace
    backup: /var/backups/mailman
    queued_messages: false
"""

RETURN = r"""
archive:
  description: What the archive says of itself.
  returned: success
  type: dict
  contains:
    id:
      description: What stands for this archive, and no other.
      type: str
      sample: 0e8fb5af5a9aafb4b756ac4d64d1b6da
    created:
      description: When it was written, in seconds since 1970.
      type: int
      sample: 1795669006
    mailman:
      description: The version of the Mailman that the lists are from.
      type: str
      sample: 2.1.39
lists:
  description: The lists that came.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The list's name in the archive.
      type: str
      sample: announce
    new_name:
      description: Its name here.
      type: str
      sample: announce
    email_host:
      description: The mail domain that it had.
      type: str
      sample: lists.example.org
    members:
      description: How many members it has.
      type: int
      sample: 217
    held:
      description: How many of its messages wait for a moderator.
      type: int
      sample: 2
    queued:
      description: How many of its messages are in queues in the archive.
      type: int
      sample: 0
    files:
      description: How many files it has.
      type: int
      sample: 1204
    bytes:
      description: How many bytes these have.
      type: int
      sample: 104857600
backup:
  description: The file with the lists that were replaced, or nothing.
  returned: success
  type: str
  sample: /var/backups/mailman/replaced-20261126T055500.tar
replaced:
  description: Those of the lists that have replaced another, by their names here.
  returned: success
  type: list
  elements: str
  sample: []
unchanged:
  description: Lists, by their names here, that an earlier call has put here from this archive.
  returned: success
  type: list
  elements: str
  sample: []
finished:
  description: Lists, by their names here, that an earlier call had not yet got to all of their places.
  returned: success
  type: list
  elements: str
  sample: []
site:
  description: Templates and passwords that came, by their names in the archive.
  returned: success
  type: list
  elements: str
  sample: [passwords/adm.pw]
programs:
  description:
    - Lists, by their names here, that have a program of their own, C(extend.py). Mailman would run it whenever it opens the list, so it is in the list's
      directory under the name C(extend.py.arrived). Read it, and rename it if you trust it.
  returned: success
  type: list
  elements: str
  sample: []
kept:
  description: Templates that are here with another content than in the archive, and have stayed as they were.
  returned: success
  type: list
  elements: str
  sample: []
"""

import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import TargetError, on_mailman, run_target, take
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_archive import existing_archive, new_archive

ANSWERED = {"archive": dict, "finished": list, "kept": list, "lists": list, "programs": list, "replaced": list, "site": list, "unchanged": list}
# What it says of each list.
OF_LIST = {"bytes": int, "email_host": str, "files": int, "held": int, "members": int, "name": str, "new_name": str, "queued": int}


def sent():
    """Name what Mailman's Python runs; see _mailman_program."""
    from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import exporting, importing

    return exporting, importing


def ask(module, installation, handle, check, exported=None):
    """Have Mailman take the lists out of the archive, or look whether it could, and return what it says."""
    params = module.params
    os.lseek(handle, 0, os.SEEK_SET)
    answer = take(
        run_target(
            module,
            installation,
            "import_lists",
            _handles=(handle,),
            descriptor=handle,
            root=params["root"],
            lists=params["lists"],
            existing=params["existing"],
            exported=exported,
            queued_messages=params["queued_messages"],
            templates=params["templates"],
            site_passwords=params["site_passwords"],
            lock_timeout=params["lock_timeout"],
            check=check,
        ),
        ANSWERED,
    )
    return dict(answer, lists=[take(one, OF_LIST) for one in answer["lists"]])


def bring(module, installation):
    """Import the lists; what they replace is exported first."""
    params = module.params
    with existing_archive(params["src"], params["checksum"]) as handle:
        exported, backup = None, ""
        if params["existing"] == "replace" and not module.check_mode:
            names = [str(name) for name in ask(module, installation, handle, check=True)["replaced"]]
            exported, backup = back_up(module, installation, names) if names else ({}, "")
        answer = ask(module, installation, handle, module.check_mode, exported)
    for name in answer["programs"]:
        module.warn("The list %s has a program of its own, which Mailman does not run under its name here, extend.py.arrived. Read it, and rename it to "
                    "extend.py if you trust it." % name)
    return dict(answer, backup=backup)


def back_up(module, installation, names):
    """Export lists that are to be replaced, and return the state of each, by which a change is seen, and the file."""
    backup = os.path.join(module.params["backup"], time.strftime("replaced-%Y%m%dT%H%M%S.tar"))
    if os.path.lexists(backup):
        raise TargetError("backup: %s is there already: run again." % backup)
    with new_archive(backup, "backup") as (handle, keep):
        answer = take(
            run_target(
                module,
                installation,
                "export_lists",
                _handles=(handle,),
                descriptor=handle,
                root=module.params["root"],
                lists=names,
                compressed=False,
                site_passwords=False,
                unreadable="include",
                lock_timeout=module.params["lock_timeout"],
                check=False,
            ),
            {"faults": list, "lists": list},
        )
        states = dict((str(one["name"]), str(one["state"])) for one in [take(one, {"name": str, "state": str}) for one in answer["lists"]])
        if set(states) != set(names):
            raise TargetError("Other lists are here than a moment before: run again.")
        for fault in answer["faults"]:
            module.warn("%s It is in %s as far as it can be read." % (fault, backup))
        keep()
    return states, backup


def main():
    module = AnsibleModule(
        argument_spec=dict(
            prefix=dict(type="path", required=True),
            python=dict(type="path"),
            src=dict(type="path", required=True),
            checksum=dict(type="str"),
            lists=dict(
                type="list",
                elements="dict",
                options=dict(
                    name=dict(type="str", required=True),
                    new_name=dict(type="str"),
                    email_host=dict(type="str"),
                    url_host=dict(type="str"),
                ),
            ),
            root=dict(type="path"),
            existing=dict(type="str", choices=["refuse", "replace", "replace_copy"], default="refuse"),
            backup=dict(type="path"),
            queued_messages=dict(type="bool", default=True),
            templates=dict(type="bool", default=False),
            # Whether to replace them; none is given.
            site_passwords=dict(type="bool", default=False, no_log=False),
            lock_timeout=dict(type="int", default=30),
        ),
        required_if=[("existing", "replace", ["backup"])],
        supports_check_mode=True,
    )

    def where_none():
        module.warn("prefix: there is no Mailman at %s yet. So what the archive has is not known." % module.params["prefix"])
        return dict({name: kind() for name, kind in ANSWERED.items()}, backup="", changed=True)

    answer = on_mailman(module, where_none, lambda installation: bring(module, installation), "cannot get lists")
    module.exit_json(**dict({"changed": bool(answer["lists"] or answer["finished"] or answer["site"])}, **answer))


if __name__ == "__main__":
    main()
