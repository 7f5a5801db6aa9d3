# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The request of module mailman_export: lists of this Mailman are written into one file.

The archives of a list are copied while everybody goes on working. Then the list is locked, and taken as it is at that moment: its settings and members, its
messages, and what has changed in its archives meanwhile. Mail for it waits so long in Mailman's queues. This part is kept beside until the list is
unlocked, so that a slow place for the file keeps nobody waiting.
"""

from __future__ import absolute_import, division, print_function

import binascii
import errno
import hashlib
import io
import json
import os
import shutil
import stat
import sys
import tempfile
import time

from . import mailman
from .faults import Failure, Stopped
from .locks import Patience
from .pickles import PROGRAM, check_file
from .places import (
    ADDED,
    ARCHIVES,
    FORMAT,
    HEADER,
    HELD,
    MANIFEST,
    MANIFEST_SUM,
    PASSWORDS,
    QUEUES,
    STAYS,
    TEMPLATES,
    TREES,
    VERSION,
    WAITING,
    Queued,
    archive_of,
    can_travel,
    entries_of,
    find_held,
    find_message,
    find_templates,
    format_name,
    is_inside,
    is_months_link,
    list_manifest,
    password_files,
    template_directory,
    tree,
)
from .staging import complete_root, use_root
from .tar import CHUNK, Sink, Writer, compress
from .text import name_to_json, readable, to_bytes

# So much of what is taken under the lock is kept in memory, and more in a file.
KEPT_IN_MEMORY = 8 << 20
# A file that was written so many seconds before it was read may have been written again, with the same time.
CLOCK_SLACK = 2


class Gone(Exception):
    """The list was removed meanwhile."""


class Copied(object):
    """A file that was copied while others could write it."""

    def __init__(self, status, size, total):
        self.status, self.size, self.total = status, size, total
        self.whole = size == status.st_size
        self.settled = self.whole and status.st_ctime < time.time() - CLOCK_SLACK

    def is_still(self, status):
        return self.settled and all(getattr(self.status, field) == getattr(status, field) for field in ("st_ino", "st_size", "st_mtime", "st_ctime"))

    def was_added_to(self, status):
        return self.whole and self.status.st_ino == status.st_ino and self.size <= status.st_size


def walk(directory, excuse):
    """Each directory, file and other thing in a directory: (path below it, status). Links are not followed, but for the directory itself."""
    waiting = [""]
    while waiting:
        below = waiting.pop()
        path = os.path.join(directory, below)
        try:
            status = os.lstat(path) if below else os.stat(path)
            entries = sorted(os.listdir(path), reverse=True) if stat.S_ISDIR(status.st_mode) else ()
        except OSError:
            if not excuse(path):
                raise
            continue
        yield below, status
        waiting.extend(os.path.join(below, entry) for entry in entries)


def copy_file(writer, name, path, start=0, total=None):
    """Copy a file, or what it has from an offset on; return (status, size, sum)."""
    # Not to wait for somebody who writes, if there is something else now than a file.
    # Without a buffer, which would cost more than reading a small file.
    with io.FileIO(os.open(path, os.O_RDONLY | os.O_NONBLOCK)) as source:
        status = os.fstat(source.fileno())
        total = total or hashlib.sha256()
        if start:
            source.seek(start)
        copied = writer.add_file(to_bytes(name), status.st_size - start, stat.S_IMODE(status.st_mode), status.st_mtime, source, total)
    return status, start + copied, total


class Parcel(object):
    """Files that travel together, and what the manifest says of each: its size and its sum."""

    def __init__(self):
        self.files = {}
        # What each of them is in its file system: that changes when the file does.
        self.identities = []
        # What is no file or too deep, and what could not be read.
        self.left_out, self.unreadable = [], []

    def note(self, name, status, size, total):
        self.files[name] = [size, total.hexdigest()]
        self.identify(name, status)

    def identify(self, name, status):
        self.identities.append("%s %d %d %r" % (name, status.st_ino, status.st_size, status.st_mtime))

    def state(self):
        """What stands for the content of all of them, on this host."""
        return hashlib.sha256(to_bytes("\n".join(sorted(self.identities)))).hexdigest()

    def walk(self, directory, name_of, stays=None):
        """Each directory and file in a directory that travels: (name that it travels under, path, status)."""
        for below, status in walk(directory, self.excuse) if os.path.isdir(directory) else ():
            if is_months_link(os.path.join(directory, below)):
                continue
            if not (stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)) or not is_inside(to_bytes(name_of(below))):
                self.left_out.append(name_of(below))
            elif not (stays and stays.match(below)):
                yield name_of(below), os.path.join(directory, below) if below else directory, status

    def copy(self, writer, name, path, **options):
        """Copy a file, and return what was copied; None when it has gone or cannot be read."""
        status = None
        try:
            status = os.lstat(path)
            if not stat.S_ISREG(status.st_mode):
                self.left_out.append(name)
                return None
            return copy_file(writer, name, path, **options)
        except EnvironmentError:
            if not self.excuse(path):
                raise
            if status and sys.exc_info()[1].errno != errno.ENOENT:
                self.identify(name, status)
            return None

    def excuse(self, path):
        """Note that a path cannot be read, unless it has gone since its directory was read. Say whether the error is that path's alone."""
        error = sys.exc_info()[1]
        if error.errno in (errno.EACCES, errno.EIO):
            self.unreadable.append((readable(path), readable(error.strerror)))
        return error.errno in (errno.EACCES, errno.EIO, errno.ENOENT)

    def take(self, writer, name, path):
        """Copy a file that nobody else may write now."""
        copied = self.copy(writer, name, path)
        if copied:
            status, size, total = copied
            if size != status.st_size:
                raise Failure("%s was written by a process that does not take Mailman's locks: run again." % readable(path))
            self.note(name, status, size, total)
        return copied

    def report(self, answer):
        answer["faults"] += ["%s cannot be read (%s)." % one for one in self.unreadable]
        answer["left_out"] += [readable(name) for name in self.left_out]

    def take_tree(self, writer, directory, name_of, stays=None):
        for name, path, status in self.walk(directory, name_of, stays):
            if stat.S_ISDIR(status.st_mode):
                writer.add_directory(to_bytes(name), stat.S_IMODE(status.st_mode), status.st_mtime)
            else:
                self.take(writer, name, path)


class Export(Parcel):
    """One list on its way into the file."""

    def __init__(self, name, patience, queued):
        Parcel.__init__(self)
        self.name, self.patience, self.queued = name, patience, queued
        self.copies = {}
        self.facts = {"email_host": "", "fault": "", "held": 0, "members": 0, "name": readable(name), "queued": 0}

    def name_of(self, part):
        return lambda below: format_name(self.name, part, below)

    def write(self, writer):
        """Write the list, with its manifest last. What was written before something fails is not in the file's manifest, and so not part of it."""
        for part in ARCHIVES:
            self.copy_archive(writer, part)
        # What has been read once need not be read under the lock.
        self.queued.find(self.name)
        with tempfile.SpooledTemporaryFile(KEPT_IN_MEMORY, dir="/var/tmp") as kept:
            lock = mailman.LockFile.LockFile(os.path.join(mailman.mm_cfg.LOCK_DIR, self.name + ".lock"), mailman.mm_cfg.LIST_LOCK_LIFETIME)
            self.patience.again()
            self.patience.lock(self.name, self.name, lock.lock)
            start = time.time()
            try:
                if not mailman.Utils.list_exists(self.name):
                    raise Gone()
                self.take_list(Writer(kept))
            finally:
                lock.unlock(unconditionally=True)
            seconds = time.time() - start
            kept.seek(0)
            shutil.copyfileobj(kept, writer.handle, CHUNK)
        manifest = dict(self.facts, files=dict((name_to_json(name), found) for name, found in self.files.items()))
        text = format_json(manifest)
        writer.add_text(to_bytes(list_manifest(self.name)), text)
        return dict(
            self.facts,
            bytes=sum(size for size, _sum in self.files.values()),
            files=len(self.files),
            locked_seconds=round(seconds, 3),
            state=self.state(),
            manifest=hashlib.sha256(text).hexdigest(),
        )

    def copy_archive(self, writer, part):
        """Copy an archive while it may be written to."""
        for name, path, status in self.walk(tree(self.name, part), self.name_of(part)):
            if stat.S_ISDIR(status.st_mode):
                writer.add_directory(to_bytes(name), stat.S_IMODE(status.st_mode), status.st_mtime)
                continue
            copied = self.copy(writer, name, path)
            if copied:
                self.copies[name] = Copied(*copied)
        # They are looked at again.
        del self.left_out[:], self.unreadable[:], self.identities[:]

    def take_archive(self, writer, part):
        """Copy what has changed in an archive since it was copied."""
        for name, path, status in self.walk(tree(self.name, part), self.name_of(part)):
            if stat.S_ISDIR(status.st_mode):
                continue
            before = self.copies.get(name)
            if before and before.is_still(status):
                self.note(name, status, before.size, before.total)
            elif before and part == "mbox" and before.was_added_to(status):
                copied = self.copy(writer, self.name_of(ADDED)(name.split("/", 3)[3]), path, start=before.size, total=before.total)
                if copied:
                    self.note(name, *copied)
            else:
                self.take(writer, name, path)

    def take_list(self, writer):
        """Take the list as it is now. It is locked."""
        self.describe()
        self.take_tree(writer, tree(self.name, "list"), self.name_of("list"), STAYS)
        for name, path in self.held_messages():
            self.take(writer, name, path)
        for name, path in self.queued_messages():
            if name not in self.files and self.take(writer, name, path):
                self.facts["queued"] += 1
        for part in ARCHIVES:
            self.take_archive(writer, part)

    def held_messages(self):
        return [(self.name_of(HELD)(entry), os.path.join(mailman.mm_cfg.DATA_DIR, entry)) for entry in find_held(self.name)]

    def queued_messages(self):
        for queue, entry in self.queued.find(self.name):
            path = find_message(os.path.join(mailman.mm_cfg.QUEUE_DIR, queue), entry)
            if path:
                # What a runner works on waits again in the copy.
                yield self.name_of(QUEUES)("%s/%s" % (queue, entry if entry.endswith(".psv") else os.path.splitext(entry)[0] + WAITING)), path

    def survey(self):
        """What write() would say of the list, as it is now, without reading its files."""
        self.describe()
        found = [found for part in TREES for found in self.walk(tree(self.name, part), self.name_of(part), STAYS if part == "list" else None)]
        queued = list(self.queued_messages())
        for name, path in self.held_messages() + queued:
            try:
                status = os.lstat(path)
            except OSError:
                # It has gone on since its directory was read.
                continue
            if not stat.S_ISREG(status.st_mode):
                self.left_out.append(name)
            found.append((name, path, status))
        found = [(name, status) for name, _path, status in found if stat.S_ISREG(status.st_mode)]
        for name, status in found:
            self.identify(name, status)
        return dict(self.facts, bytes=sum(status.st_size for _name, status in found), files=len(found), queued=len(queued), state=self.state())

    def describe(self):
        """Let Mailman read the list, which changes nothing."""
        if not can_travel(self.name):
            self.facts["fault"] = "no list can have this name"
            return self.facts
        free_hands = mailman.tie_hands()
        try:
            mlist = mailman.MailList.MailList(self.name, lock=0)
            self.facts.update(email_host=readable(mlist.host_name), members=len(mlist.getMembers()), held=len(mlist.GetHeldMessageIds()))
        except Stopped:
            raise
        except Exception:
            # Whatever is in its pickles.
            self.facts["fault"] = "%s: %s" % (sys.exc_info()[0].__name__, readable(sys.exc_info()[1]))
        finally:
            free_hands()
        return self.facts


def format_json(value):
    return json.dumps(value, sort_keys=True, indent=1).encode("ascii")


def take_site(writer, hosts, passwords):
    """Write the site's templates and those of domains, and the site's passwords when asked."""
    parcel = Parcel()
    for host in find_templates(hosts):
        parcel.take_tree(writer, template_directory(host), lambda below, host=host: "/".join((TEMPLATES, host) + ((below,) if below else ())))
    for name, path in password_files() if passwords else ():
        parcel.take(writer, "%s/%s" % (PASSWORDS, name), path)
    return parcel


def choose(names):
    """The names of the lists that are to be taken: those that are named, or all."""
    existing = sorted(mailman.Utils.list_names())
    if names is None:
        return existing
    known = dict((readable(name), name) for name in existing)
    missing = sorted(set(names) - set(known))
    if missing:
        raise Failure("There is no list %s here." % ", ".join(missing))
    return [known[name] for name in sorted(set(names))]


def check_copy(names):
    """Raise Failure when the files of another Mailman would have this one do something as it reads them."""
    for queue, entry in queued_files():
        check_queued(queue, entry)
    for name in names:
        check_list(name)


def queued_files():
    """Each file in a queue: (queue, file)."""
    return [(queue, entry) for queue in entries_of(mailman.mm_cfg.QUEUE_DIR) for entry in entries_of(os.path.join(mailman.mm_cfg.QUEUE_DIR, queue))]


def check_queued(queue, entry):
    path = os.path.join(mailman.mm_cfg.QUEUE_DIR, queue, entry)
    check_file(format_name("-", QUEUES, "%s/%s" % (queue, entry)), path, path)


def check_list(name):
    """Raise Failure when a list's files would have Mailman do something as it reads them."""
    if os.path.lexists(os.path.join(tree(name, "list"), PROGRAM)):
        raise Failure("root: the list %s has a program of its own, %s, which Mailman would run. Read it, and give it another name." % (name, PROGRAM))
    for part in TREES:
        for below, status in walk(tree(name, part), excuse=lambda path: True):
            if stat.S_ISREG(status.st_mode):
                path = os.path.join(tree(name, part), below)
                check_file(format_name(name, part, below), path, path)
    for entry in find_held(name):
        path = os.path.join(mailman.mm_cfg.DATA_DIR, entry)
        check_file(format_name(name, HELD, entry), path, path)


def export_lists(descriptor, root, lists, compressed, site_passwords, unreadable, lock_timeout, check, origin=None):
    """The request of module mailman_export: write the lists into the file that is open under this number.

    When there are faults and the caller wants none, the file is not to be used. Archives of the same origin count as the same.
    """
    mailman.load_settings()
    mailman.load_lists()
    if root:
        use_root(root)
        if not os.path.isdir(mailman.mm_cfg.LIST_DATA_DIR) or not os.listdir(mailman.mm_cfg.LIST_DATA_DIR):
            raise Failure("root: there are no lists in %s/lists, so that is no copy of what Mailman has." % root)
        if not check:
            complete_root()
    names = choose(lists)
    if root:
        check_copy(names)
    patience, queued = Patience(lock_timeout), Queued()
    # Before anything is written, for what cannot be read is better known at once.
    exports = [Export(name, patience, queued) for name in names]
    facts = [export.survey() if check else export.describe() for export in exports]
    answer = {"faults": describe_faults(facts), "id": "", "left_out": [], "lists": facts if check else [], "size": 0, "sum": "", "templates": []}
    answer["templates"] = find_templates(sorted(set(one["email_host"] for one in facts)))
    for export in exports:
        export.report(answer)
    if check or (answer["faults"] and unreadable == "fail"):
        return answer
    names = [name for name in names if can_travel(name)]
    answer.update(faults=describe_faults(one for one in facts if one["name"] not in names), left_out=[])
    try:
        with os.fdopen(descriptor, "wb", CHUNK) as handle:
            write_archive(handle, names, patience, queued, compressed, site_passwords, answer, origin)
            handle.flush()
            os.fsync(handle.fileno())
    except EnvironmentError:
        raise Failure("The archive was not written: %s." % readable(sys.exc_info()[1]))
    return answer


def describe_faults(lists):
    return ["The list %s cannot be read (%s)." % (facts["name"], facts["fault"]) for facts in lists if facts["fault"]]


def write_archive(handle, names, patience, queued, compressed, site_passwords, answer, origin=None):
    """Write everything, and complete the answer."""
    sink = Sink(handle)
    stream = compress(sink) if compressed else sink
    writer = Writer(stream)
    answer["id"] = archive_of(origin) if origin else binascii.hexlify(os.urandom(16)).decode("ascii")
    header = {
        "created": int(time.time()),
        "format": FORMAT,
        "id": answer["id"],
        "lists": [readable(name) for name in names],
        "mailman": readable(mailman.mm_cfg.VERSION),
        "python": ".".join(str(part) for part in sys.version_info[:3]),
        "version": VERSION,
    }
    writer.add_text(to_bytes(HEADER), format_json(header))
    hosts, sums = set(), []
    for name in names:
        export = Export(name, patience, queued)
        try:
            found = export.write(writer)
        except Gone:
            continue
        sums.append({"name": found["name"], "manifest": found.pop("manifest")})
        answer["lists"].append(found)
        hosts.add(export.facts["email_host"])
        export.report(answer)
    site = take_site(writer, sorted(hosts), site_passwords)
    site.report(answer)
    answer["faults"] += describe_faults(answer["lists"])
    # Without those that were removed meanwhile.
    lists = [dict(found, **one) for found, one in zip(answer["lists"], sums)]
    manifest = dict(header, lists=lists, site=dict((name_to_json(name), found) for name, found in site.files.items()))
    text = format_json(manifest)
    writer.add_text(to_bytes(MANIFEST), text)
    writer.add_text(to_bytes(MANIFEST_SUM), ("%s  %s\n" % (hashlib.sha256(text).hexdigest(), MANIFEST)).encode("ascii"))
    writer.finish()
    if compressed:
        stream.close()
    answer.update(sum=sink.sum.hexdigest(), size=sink.size)
