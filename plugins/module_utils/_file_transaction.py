# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import shutil
import tempfile

from ansible.module_utils.common.text.converters import to_bytes, to_text

FILE_ARGUMENTS = dict(
    path=dict(type="path", required=True),
    content=dict(type="str", required=True),
    owner=dict(type="str"),
    group=dict(type="str"),
    mode=dict(type="str", default="0644"),
)
# An option with several of them, and one in which each has a check of its own. doc_fragments/files.py says what they mean.
FILES = dict(type="list", elements="dict", options=FILE_ARGUMENTS)
VALIDATED_FILES = dict(FILES, options=dict(FILE_ARGUMENTS, validate=dict(type="list", elements="str", default=[])))


def read(path):
    """Return the content of a file in bytes, or None when there is none."""
    try:
        with open(path, "rb") as handle:
            return handle.read()
    except OSError:
        if os.path.lexists(path):
            raise
        return None


def write_candidate(content, live, directory):
    """Write a file that is to be renamed to the live one, and return its path."""
    # A leading dot keeps programs that read a whole directory (cron, logrotate, run-parts) away from the candidate.
    handle, candidate = tempfile.mkstemp(prefix=".%s." % os.path.basename(live), dir=directory)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(to_bytes(content))
            # After a power failure the name must not be that of an empty file.
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        os.unlink(candidate)
        raise
    return candidate


class Transaction:
    """Candidates beside their live files: all of them go live, or none.

    The caller closes it in any case, which removes what did not go live.
    """

    def __init__(self, module):
        self.module = module
        self.candidates = []
        self.replaced = []
        self.changed_paths = []
        self.diffs = []

    def stage(self, files):
        """Write a candidate for each file whose content differs. A file whose content is None is to go."""
        for spec in files:
            if not os.path.isabs(spec["path"]):
                self.module.fail_json(msg="path is %r, which is no absolute path. Write one from / on. Nothing was changed." % spec["path"])
            live = os.path.realpath(spec["path"])
            if os.path.lexists(live) and not os.path.isfile(live):
                self.module.fail_json(
                    msg="%s is there and is no regular file. Correct the path, or move away what is there. Nothing was changed." % spec["path"])
            before, after = read(live), spec["content"]
            if before != (None if after is None else to_bytes(after)):
                if after is None:
                    self.candidates.append((None, live))
                else:
                    self.prepare(spec, live)
                self.diffs.append(dict(
                    before_header=spec["path"], before=to_text(before or b"", errors="replace"),
                    after_header=spec["path"], after=to_text(after or b"", errors="replace"),
                ))
                self.changed_paths.append(spec["path"])

    def prepare(self, spec, live):
        """Write and check the candidate of one file."""
        directory = os.path.dirname(live)
        if self.module.check_mode:
            directory = self.module.tmpdir
        elif not os.path.isdir(directory):
            self.module.fail_json(msg="%s: the directory %s does not exist. Nothing was changed." % (spec["path"], directory))
        candidate = write_candidate(spec["content"], live, directory)
        self.candidates.append((candidate, live))
        if not self.module.check_mode:
            if os.path.exists(live):
                shutil.copystat(live, candidate)
                # What stands in it is new.
                os.utime(candidate, None)
                status = os.stat(live)
                os.chown(candidate, status.st_uid, status.st_gid)
            # Not atomic_move: it gives a candidate the permissions of the file that it replaces.
            self.module.set_fs_attributes_if_different(self.attributes(spec, candidate), False)
            if self.module.selinux_enabled():
                context = self.module.selinux_context(live) if os.path.exists(live) else self.module.selinux_default_context(live)
                self.module.set_context_if_different(candidate, context, False)
        self.check(spec, candidate)

    def check(self, spec, candidate):
        """Run the file's own check, if it has one, against its candidate."""
        argv = [argument.replace("%s", candidate) for argument in spec.get("validate", [])]
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
        try:
            for candidate, live in self.candidates:
                if candidate is None:
                    before = os.path.join(os.path.dirname(live), ".%s.before" % os.path.basename(live))
                    self.replaced.append((before, live))
                    os.rename(live, before)
                    continue
                before = candidate + ".before"
                if os.path.exists(live):
                    os.link(live, before)
                self.replaced.append((before, live))
                os.rename(candidate, live)
        except BaseException:
            self.rollback()
            raise

    def rollback(self):
        """Put back what commit replaced."""
        for before, live in self.replaced:
            if os.path.exists(before):
                os.rename(before, live)
            elif os.path.exists(live):
                os.unlink(live)

    def settle(self, files):
        """Give the files that keep their content the attributes that they should have."""
        for spec in files:
            live = os.path.realpath(spec["path"])
            if spec["content"] is None or spec["path"] in self.changed_paths:
                continue
            if self.module.set_fs_attributes_if_different(self.attributes(spec, live), False):
                self.changed_paths.append(spec["path"])

    def close(self):
        """Remove the candidates that did not go live, and what was kept for a rollback."""
        for path in [candidate for candidate, dummy in self.candidates] + [before for before, dummy in self.replaced]:
            if path and os.path.exists(path):
                os.unlink(path)

    def attributes(self, spec, path):
        """Return the file attributes in the form of AnsibleModule's own helpers."""
        return self.module.load_file_common_arguments(dict(path=path, mode=spec["mode"], owner=spec["owner"], group=spec["group"]))
