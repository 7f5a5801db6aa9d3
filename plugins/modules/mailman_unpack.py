#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_unpack
short_description: Unpack the files of another Mailman and say what lists there are
version_added: 1.0.0
description:
  - Unpacks lists from a tar of another Mailman's directories C(lists), C(archives), C(data) and C(qfiles) into an empty directory, and says of each list what
    it has, or why Mailman cannot read it. From there M(listhost.exim_mailman.mailman_export) makes an archive, for M(listhost.exim_mailman.mailman_import).
  - The tar can be of any program that writes GNU's, the POSIX or the oldest format, and be compressed with gzip. These directories can be anywhere in it, as
    long as they are in one.
  - Only what belongs to lists is unpacked, and only as files and directories. Nothing leads out of the directory, whatever the tar says. Links are left out,
    but for a second name of a file of a list.
  - A program that a list has of its own, C(extend.py), is called C(extend.py.arrived), so that Mailman does not run it.
  - Works through Mailman's own Python in one process on the managed host, as Mailman's own user. Mailman reads a pickle after it was seen that it names only
    the classes that Mailman 2.1 writes. Nothing of Mailman's own lists changes.
  - Role P(listhost.exim_mailman.mailman_takeover#role) asks it.
attributes:
  check_mode:
    support: none
    description: It does nothing in check mode.
  diff_mode:
    support: none
    description: What is unpacked is no text.
  idempotent:
    support: none
    description: The directory must be empty.
options:
  src:
    description:
      - The tar, with its absolute path on the managed host. Only root may be able to change it, or to put another in its place.
      - Mailman's user need not be able to read it.
    type: path
    required: true
  root:
    description: The directory. It must be empty, and be Mailman's user's. Others may not be able to change it or the directories that it is in.
    type: path
    required: true
  origin:
    description:
      - What the lists are from, as O(listhost.exim_mailman.mailman_export#module:origin) has it. By default it is the checksum of the tar.
    type: str
seealso:
  - module: listhost.exim_mailman.mailman_export
  - module: listhost.exim_mailman.mailman_import
extends_documentation_fragment:
  - listhost.exim_mailman.mailman
  - listhost.exim_mailman.mailman.python
"""

EXAMPLES = r"""
- name: Unpack the lists of an old machine
  listhost.exim_mailman.mailman_unpack:
    prefix: /var/lib/mailman
    src: /root/old-machine.tar.gz
    root: /var/lib/listhost-takeover/files
  register: unpacked
"""

RETURN = r"""
lists:
  description: The lists that there are.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The list's name.
      type: str
      sample: announce_example.org
    email_host:
      description: Its mail domain.
      type: str
      sample: example.org
    url_host:
      description: The host of its web pages.
      type: str
      sample: www.example.org
    members:
      description: How many members it has.
      type: int
      sample: 217
    held:
      description: How many of its messages wait for a moderator.
      type: int
      sample: 2
    queued:
      description: How many of its messages are in queues.
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
    program:
      description: Whether it has a program of its own.
      type: bool
      sample: false
    fault:
      description: Why Mailman cannot read it, or nothing.
      type: str
      sample: ""
here:
  description: The lists of the Mailman on the managed host, each with its C(name), and C(arrived) if it came out of an archive of the same origin.
  returned: success
  type: list
  elements: dict
left_out:
  description: What is among the files of lists and was not unpacked, with the reason. These are the first hundred.
  returned: success
  type: list
  elements: str
  sample: ["archives/private/board/link: it is no file"]
origin:
  description: What O(origin) is.
  returned: success
  type: str
  sample: sha256:5b3779839af14b5768e9ea83d508c513c4333a1a9c6b3cf0bb22c61e8b97d431
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import on_mailman, run_target, take
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_archive import checksum_of, existing_archive

ANSWERED = {"here": list, "left_out": list, "lists": list}
OF_LIST = {
    "bytes": int, "email_host": str, "fault": str, "files": int, "held": int, "members": int, "name": str, "program": bool, "queued": int, "url_host": str,
}


def sent():
    """Name what Mailman's Python runs; see _mailman_program."""
    from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import takeover

    return takeover


def unpack(module, installation):
    params = module.params
    with existing_archive(params["src"], None) as handle:
        origin = params["origin"] or checksum_of(handle)
        answer = take(
            run_target(module, installation, "unpack_lists", _handles=(handle,), descriptor=handle, root=params["root"], origin=origin), ANSWERED
        )
    return {
        "here": [take(one, {"arrived": bool, "name": str}) for one in answer["here"]],
        "left_out": [str(one) for one in answer["left_out"]],
        "lists": [take(one, OF_LIST) for one in answer["lists"]],
        "origin": origin,
    }


def main():
    module = AnsibleModule(
        argument_spec=dict(
            prefix=dict(type="path", required=True),
            python=dict(type="path"),
            src=dict(type="path", required=True),
            root=dict(type="path", required=True),
            origin=dict(type="str"),
        ),
    )
    answer = on_mailman(module, dict, lambda installation: unpack(module, installation), "cannot look at lists")
    module.exit_json(changed=True, **answer)


if __name__ == "__main__":
    main()
