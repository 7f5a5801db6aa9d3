#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_export
short_description: Write mailing lists into one file
version_added: 1.0.0
description:
  - Writes lists of a Mailman into one file on the managed host, from which M(listhost.exim_mailman.mailman_import) puts them into this or another Mailman.
  - A list has its settings and members with passwords and options, subscriptions and other requests that wait, held messages, bounce scores, the digest in
    the making, templates of its own, its messages in Mailman's queues, and its archives, as mailboxes and as web pages. Templates of the site and of the
    lists' domains come along, and the site's passwords if you ask for them.
  - Each list is taken as it is at one moment. The module copies the archives while Mailman goes on working. Then it locks the list, and copies the rest and
    what has changed in the archives. Mail for the list waits so long. RV(lists[].locked_seconds) says how long that was.
  - A message that a queue runner has in hand at that moment may be both in its queue and where it goes next. So it is never lost, and in rare cases it is
    sent twice after an import. Stop the queue runners if that must not be.
  - The file is a tar with a manifest of all files, their sizes and their sums. It has the passwords of lists and members in it. Only root can read it.
  - Works through Mailman's own Python in one process on the managed host, as Mailman's own user. That process has the archive of one list in hand at a time,
    so it needs no more memory for a thousand lists than for the largest.
attributes:
  check_mode:
    description: Reads the lists, and writes nothing. RV(lists) is what it would be, without RV(lists[].locked_seconds). Without a Mailman it only warns.
  diff_mode:
    support: none
    description: There is no file to compare with.
  idempotent:
    support: none
    description: Each call writes the file anew.
options:
  dest:
    description:
      - The file to write, with its absolute path, in a directory which only root can change.
      - A file that is there is replaced when the new one is complete. Until then the new one is beside it, with the ending C(.part). A call that was killed
        may leave that; the next one replaces it.
    type: path
    required: true
  lists:
    description: Names of the lists. By default all.
    type: list
    elements: str
  root:
    description:
      - A directory that has C(lists), C(archives), C(data) and C(qfiles) of another Mailman, such as a copy of files from a machine that is gone. The module
        exports lists from there, and not those of the Mailman at O(prefix), which only reads them.
      - It must be Mailman's user's, who makes what is missing there. Others may not be able to change it or the directories that it is in.
      - Pickles there may name only the classes that Mailman 2.1 writes, as in an archive that M(listhost.exim_mailman.mailman_import) takes.
    type: path
  origin:
    description:
      - What the lists are from, in words of yours. All archives of the same origin have the same RV(archive.id). So M(listhost.exim_mailman.mailman_import)
        leaves a list alone that came from an earlier one of them. This is for a takeover that is run again.
      - By default each archive has an identifier of its own.
    type: str
  compressed:
    description: Whether to compress the file. A program for backups finds what is unchanged since the last one only in a file that is not.
    type: bool
    default: false
  site_passwords:
    description: Whether to take along the passwords of the site's administrator and of those who may create lists.
    type: bool
    default: false
  unreadable:
    description:
      - What to do when a list or a file cannot be read. With V(fail) the module fails, names all of them, and writes no file.
      - With V(include) it warns, and takes the files of such a list as they are, without those that cannot be read. M(listhost.exim_mailman.mailman_import)
        does not accept such a list.
    type: str
    choices: [fail, include]
    default: fail
seealso:
  - module: listhost.exim_mailman.mailman_import
  - module: listhost.exim_mailman.mailman_info
extends_documentation_fragment:
  - listhost.exim_mailman.mailman
  - listhost.exim_mailman.mailman.lock_timeout
  - listhost.exim_mailman.mailman.python
"""

EXAMPLES = r"""
- name: Export all lists
  listhost.exim_mailman.mailman_export:
    prefix: /var/lib/mailman
    dest: /var/backups/mailman/lists.tar
    site_passwords: true

- name: Export the lists of an old machine, of which there are only files
  listhost.exim_mailman.mailman_export:
    prefix: /var/lib/mailman
    root: /srv/old-machine/var/lib/mailman
    dest: /root/old-machine.tar

- name: Export two lists
  listhost.exim_mailman.mailman_export:
    prefix: /var/lib/mailman
    dest: /root/lists.tgz
    lists: [announce, board]
    compressed: true
"""

RETURN = r"""
archive:
  description: The file, or in check mode the file that would be written.
  returned: success
  type: dict
  contains:
    dest:
      description: Where it is.
      type: str
      sample: /var/backups/mailman/lists.tar
    id:
      description: What stands for this archive, and no other. M(listhost.exim_mailman.mailman_import) knows by it which lists it has put into place before.
      type: str
      sample: 0e8fb5af5a9aafb4b756ac4d64d1b6da
    checksum:
      description: The checksum of the file, as M(listhost.exim_mailman.mailman_import) takes it.
      type: str
      sample: sha256:5b3779839af14b5768e9ea83d508c513c4333a1a9c6b3cf0bb22c61e8b97d431
    size:
      description: Its bytes.
      type: int
      sample: 34304
lists:
  description: The lists in it. Of a list that cannot be read RV(lists[].fault) says why, and the counts are zero.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The list's name.
      type: str
      sample: announce
    email_host:
      description: Its mail domain.
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
      description: How many of its messages are in Mailman's queues.
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
    locked_seconds:
      description: How long the list was locked. Not in check mode.
      type: float
      sample: 0.004
    state:
      description:
        - Stands for all that the list has. It is another after each change. So a later call in check mode tells whether a list has changed since.
        - It is of this host alone. A copy of the list has another.
      type: str
      sample: 4016f796795f7d4c70a04c25fa730be03a1de009405d95c6a3637afecbc91044
    fault:
      description: Why the list cannot be read.
      type: str
      sample: ""
templates:
  description: The directories of templates in it, V(site) and domains of the lists.
  returned: success
  type: list
  elements: str
  sample: [site]
left_out:
  description: What is among the lists' files and is none, such as a link in an archive, or is more than 100 directories deep. It is not in the archive.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import on_mailman
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_export import ANSWERED, write


def main():
    module = AnsibleModule(
        argument_spec=dict(
            prefix=dict(type="path", required=True),
            python=dict(type="path"),
            dest=dict(type="path", required=True),
            lists=dict(type="list", elements="str"),
            root=dict(type="path"),
            origin=dict(type="str"),
            compressed=dict(type="bool", default=False),
            # Whether to take them along; none is given.
            site_passwords=dict(type="bool", default=False, no_log=False),
            unreadable=dict(type="str", choices=["fail", "include"], default="fail"),
            lock_timeout=dict(type="int", default=30),
        ),
        supports_check_mode=True,
    )

    def where_none():
        module.warn("prefix: there is no Mailman at %s yet. So what would be exported is not known." % module.params["prefix"])
        return {name: kind() for name, kind in ANSWERED.items()}

    answer = on_mailman(module, where_none, lambda installation: write(module, installation), "cannot be exported")
    archive = dict(dest=module.params["dest"], id=answer["id"], checksum=answer["sum"], size=answer["size"])
    left_out, templates = ([str(name) for name in answer[key]] for key in ("left_out", "templates"))
    module.exit_json(changed=True, archive=archive, lists=answer["lists"], left_out=left_out, templates=templates)


if __name__ == "__main__":
    main()
