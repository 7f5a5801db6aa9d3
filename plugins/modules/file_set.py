#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: file_set
short_description: Install several text files as one transaction
version_added: 1.0.0
description:
  - Writes a candidate beside every file that differs, checks all candidates, and only then renames them into place. When one candidate
    does not pass its check, or cannot be renamed, every file is as it was before.
  - One call is one module execution, however many files it holds. An unchanged run reads the files and writes nothing.
author:
  - listhost.exim_mailman contributors (@listhost)
attributes:
  check_mode:
    support: full
    description: Candidates are written to a temporary directory and checked there. A check whose program is not installed yet is left out.
  diff_mode:
    support: full
    description: One difference a file.
options:
  files:
    description: The files.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description:
          - Absolute path of the file. Its directory must exist.
          - The target of a symbolic link is replaced, the link stays.
        type: path
        required: true
      content:
        description: The whole content, written as UTF-8.
        type: str
        required: true
      owner:
        description: Name of the user who owns the file. When not set, a new file is root's and an old one keeps its owner.
        type: str
      group:
        description: Name of the group. When not set, a new file has the group of the connecting user and an old one keeps its group.
        type: str
      mode:
        description: Permissions as an octal string, such as V("0644").
        type: str
        default: "0644"
      validate:
        description:
          - A command, as a list of arguments, that says with its exit status whether the content is good.
          - In each argument V(%s) stands for the path of the candidate.
        type: list
        elements: str
        default: []
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

import os
import shutil
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.text.converters import to_bytes, to_text


def read(path):
    """Return the content of a file in bytes, or None when there is none."""
    try:
        with open(path, "rb") as handle:
            return handle.read()
    except (IOError, OSError):
        if os.path.lexists(path):
            raise
        return None


class Transaction:
    """Candidates beside their live files: all of them go live, or none."""

    def __init__(self, module):
        self.module = module
        self.candidates = []

    def prepare(self, spec, live):
        """Write and check the candidate of one file."""
        directory = os.path.dirname(live)
        if self.module.check_mode:
            directory = self.module.tmpdir
        elif not os.path.isdir(directory):
            self.module.fail_json(msg="%s: the directory %s does not exist. Nothing was changed." % (spec["path"], directory))
        # A leading dot keeps programs that read a whole directory (cron, logrotate, run-parts) away from the candidate.
        handle, candidate = tempfile.mkstemp(prefix=".%s." % os.path.basename(live), dir=directory)
        self.candidates.append((candidate, live))
        with os.fdopen(handle, "wb") as stream:
            stream.write(to_bytes(spec["content"]))
        if not self.module.check_mode:
            if os.path.exists(live):
                shutil.copystat(live, candidate)
                status = os.stat(live)
                os.chown(candidate, status.st_uid, status.st_gid)
            # Not atomic_move: it gives a candidate the permissions of the file that it replaces.
            self.module.set_fs_attributes_if_different(attributes(self.module, spec, candidate), False)
            if self.module.selinux_enabled():
                context = self.module.selinux_context(live) if os.path.exists(live) else self.module.selinux_default_context(live)
                self.module.set_context_if_different(candidate, context, False)
        self.check(spec, candidate)

    def check(self, spec, candidate):
        """Run the file's own check against its candidate."""
        argv = [argument.replace("%s", candidate) for argument in spec["validate"]]
        if not argv or (self.module.check_mode and not os.path.exists(argv[0])):
            return
        status, out, err = self.module.run_command(argv)
        if status != 0:
            self.module.fail_json(
                msg="%s: the new content does not pass its check (%s exits %d). Nothing was changed. It says: %s"
                % (spec["path"], " ".join(argv), status, (err + out).replace(candidate, spec["path"]).strip()),
                rc=status, stdout=out, stderr=err,
            )

    def commit(self):
        """Rename every candidate into place; after a failure put back what was replaced."""
        replaced = []
        try:
            for candidate, live in self.candidates:
                before = candidate + ".before"
                if os.path.exists(live):
                    os.link(live, before)
                replaced.append((before, live))
                os.rename(candidate, live)
        except BaseException:
            for before, live in replaced:
                if os.path.exists(before):
                    os.rename(before, live)
                elif os.path.exists(live):
                    os.unlink(live)
            raise
        finally:
            for before, dummy in replaced:
                if os.path.exists(before):
                    os.unlink(before)

    def close(self):
        """Remove the candidates that did not go live."""
        for candidate, dummy in self.candidates:
            if os.path.exists(candidate):
                os.unlink(candidate)


def attributes(module, spec, path):
    """Return the file attributes in the form of AnsibleModule's own helpers."""
    return module.load_file_common_arguments(dict(path=path, mode=spec["mode"], owner=spec["owner"], group=spec["group"]))


def main():
    """Compare, check, and rename."""
    module = AnsibleModule(
        argument_spec=dict(
            files=dict(
                type="list",
                elements="dict",
                required=True,
                options=dict(
                    path=dict(type="path", required=True),
                    content=dict(type="str", required=True),
                    owner=dict(type="str"),
                    group=dict(type="str"),
                    mode=dict(type="str", default="0644"),
                    validate=dict(type="list", elements="str", default=[]),
                ),
            ),
        ),
        supports_check_mode=True,
    )
    changed_paths = []
    diffs = []
    transaction = Transaction(module)
    try:
        for spec in module.params["files"]:
            live = os.path.realpath(spec["path"])
            before = read(live)
            if before != to_bytes(spec["content"]):
                transaction.prepare(spec, live)
                diffs.append(dict(
                    before_header=spec["path"], before=to_text(before or b"", errors="surrogate_or_replace"),
                    after_header=spec["path"], after=spec["content"],
                ))
                changed_paths.append(spec["path"])
        if not module.check_mode:
            transaction.commit()
        for spec in module.params["files"]:
            live = os.path.realpath(spec["path"])
            if spec["path"] not in changed_paths and module.set_fs_attributes_if_different(attributes(module, spec, live), False):
                changed_paths.append(spec["path"])
    finally:
        transaction.close()
    module.exit_json(
        changed=bool(changed_paths), changed_paths=[spec["path"] for spec in module.params["files"] if spec["path"] in changed_paths], diff=diffs,
    )


if __name__ == "__main__":
    main()
