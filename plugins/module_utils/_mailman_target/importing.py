# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The request of module mailman_import: lists out of a file that mailman_export has written are put into this Mailman.

Nothing in the file is believed. Its names can only lead into the stages (staging.py), and each list is compared with its manifest there. All or none of them
get to their places.
"""

from __future__ import absolute_import, division, print_function

import errno
import fcntl
import hashlib
import json
import numbers
import os
import re
import subprocess
import sys

try:
    import cPickle as pickle
except ImportError:
    import pickle

from . import mailman
from .faults import Failure, Stopped
from .locks import Patience
from .pickles import PROGRAM, check_file
from .places import (
    ADDED,
    FORMAT,
    HEADER,
    HELD,
    MANIFEST,
    MANIFEST_SUM,
    MONTH,
    TEMPLATES,
    THREADS,
    VERSION,
    entries_of,
    format_name,
    held_name,
    list_manifest,
    parse_name,
    parse_site_name,
    tree,
)
from .queues import readdress_message
from .staging import (
    Staged,
    clean_up,
    complete_root,
    make_directory,
    read_journal,
    settle,
    site_place,
    site_stage,
    staged_messages,
    staged_path,
    stages,
    use_root,
    write_journal,
    write_receipt,
)
from .tar import Broken, open_tar, show_name
from .text import UNICODE, name_from_json, plain, readable, to_bytes
from .wanted import Existing, Plan

# More than what is said of fifty thousand lists.
LONGEST_MANIFEST = 16 << 20
# More than what a manifest says of one file, apart from its name, of which a byte is at most six characters.
LONGEST_LINE, LONGEST_BYTE = 200, 6
# Errors of the file system that are the names' in the archive.
ABOUT_NAMES = (errno.EEXIST, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT, errno.ENOTDIR, errno.ENOTEMPTY)
# To whom files may belong: Mailman's user and group, and in some directories everybody may read. No bit but these is taken from the archive.
FILE_BITS, DIRECTORY_BITS = 0o664, 0o775


def parse_json(data, **types):
    """A mapping out of the archive in which these entries have these types."""
    try:
        value = json.loads(data.decode("ascii"))
    except (ValueError, RuntimeError):
        # Nested without end: a RuntimeError.
        value = None
    check_types(value, **types)
    return value


def check_types(value, **types):
    """Raise Broken when something out of the archive is no mapping in which these entries have these types."""
    if not isinstance(value, dict) or not all(isinstance(value.get(key), kind) for key, kind in types.items()):
        raise Broken("has a manifest that is none")


def parse_sums(files):
    """What a manifest says of files: {name: (size, sum)}."""
    sums = {}
    for name, found in files.items():
        if not (isinstance(found, list) and len(found) == 2 and isinstance(found[0], numbers.Integral) and isinstance(found[1], UNICODE)):
            raise Broken("has a manifest that is none")
        try:
            sums[name_from_json(name)] = found[0], found[1]
        except UnicodeError:
            raise Broken("has a manifest that is none")
    return sums


class Import(object):
    """One reading of the archive: every file of the lists that are wanted is put into the stage, or only looked at."""

    def __init__(self, handle, asked, existing, templates, site_passwords, write):
        self.reader, self.existing = open_tar(handle), existing
        self.asked, self.templates, self.site_passwords, self.write = asked, templates, site_passwords, write
        self.site = {}
        self.sums = {}

    def read(self):
        """Read all of it. What it has is in the plan afterwards."""
        entries = self.reader.entries()
        self.read_header(next(entries, None))
        for entry in entries:
            if self.read_end(entry):
                break
            name = parse_name(entry.name, entry.is_directory)
            site_name = parse_site_name(entry.name, entry.is_directory)
            if name:
                self.read_part(entry, *name)
            elif site_name:
                self.read_site(entry, site_name)
            elif entry.name.startswith(b"manifests/") and not entry.is_directory:
                self.read_list_manifest(entry)
            else:
                raise Broken("has a file where there can be none: %s" % show_name(entry.name))
        else:
            raise Broken("has no manifest")
        for _entry in entries:
            raise Broken("goes on after its manifest")

    def read_header(self, entry):
        if entry is None or entry.name != to_bytes(HEADER):
            raise Failure("This is no archive of mailman_export.")
        header = self.header = parse_json(entry.text(LONGEST_MANIFEST), format=UNICODE, version=int)
        if header["format"] != FORMAT or header["version"] != VERSION:
            raise Failure("This archive is of version %d of %s, and this release reads version %d. Use the release that wrote it." % (
                header["version"], header["format"], VERSION))  # fmt: skip
        check_types(header, id=UNICODE, lists=list, mailman=UNICODE, created=numbers.Integral)
        there = header["lists"]
        if not all(isinstance(name, UNICODE) for name in there) or not re.match(r"[0-9a-f]{32}\Z", header["id"]):
            raise Broken("has a manifest that is none")
        self.plan = Plan(header["id"], there, self.asked, mailman.mm_cfg.MAILMAN_SITE_LIST, self.existing)
        if self.plan.faults:
            raise Failure("\n".join(self.plan.faults))

    def read_part(self, entry, source, part, path):
        wanted = self.plan.wanted.get(source)
        if not wanted:
            return
        if wanted.facts:
            raise Broken("has files of the list %s after its manifest" % source)
        name = format_name(source, "mbox" if part == ADDED else part, path)
        place = staged_path(wanted.name, "mbox" if part == ADDED else part, wanted.translate(part, path))
        if entry.is_directory:
            self.make(place, entry)
        else:
            self.read_file(entry, wanted.files, name, place, added=part == ADDED)

    def make(self, place, entry):
        if self.write:
            about_names(entry, make_directory, place, 0o2700 | entry.mode & DIRECTORY_BITS)

    def read_file(self, entry, files, name, place, added=False):
        """Put a file into its place in the stage, and note its size and sum."""
        size, total = files.get(name, (0, None)) if added else (0, None)
        total = total or hashlib.sha256()
        handle = about_names(entry, open_staged, place, entry, added) if self.write else None
        try:
            for data in entry.chunks():
                total.update(data)
                if handle:
                    handle.write(data)
        finally:
            if handle:
                handle.close()
        if handle:
            os.utime(place, (entry.time, entry.time))
        files[name] = size + entry.size, total

    def read_site(self, entry, name):
        wanted = self.templates if name.startswith(TEMPLATES) else self.site_passwords
        if wanted and not entry.is_directory:
            self.read_file(entry, self.site, name, os.path.join(site_stage(), name))

    def read_list_manifest(self, entry):
        """Compare what has come of a list with what its manifest says; what that does not name had been removed by then."""
        wanted = [one for one in self.plan.wanted.values() if to_bytes(list_manifest(one.source)) == entry.name]
        if not wanted:
            return
        [wanted] = wanted
        # It names no more than what came. So its length, and the memory for it, is bounded by that.
        text = entry.text(LONGEST_LINE * 20 + sum(LONGEST_LINE + LONGEST_BYTE * len(name) for name in wanted.files))
        manifest = parse_json(text, email_host=UNICODE, fault=UNICODE, files=dict, held=int, members=int, queued=int)
        if wanted.facts or manifest.get("name") != wanted.source:
            raise Broken("has two manifests for the list %s" % wanted.source)
        if manifest["fault"]:
            raise Failure("The list %s could not be read when it was exported (%s): leave it out, or take an older archive." % (
                wanted.source, manifest["fault"]))  # fmt: skip
        compare(wanted.files, parse_sums(manifest.pop("files")))
        for name, (_size, total) in list(wanted.files.items()):
            source, part, path = parse_name(to_bytes(name), is_directory=False)
            place = staged_path(wanted.name, part, wanted.translate(part, path))
            if total is None:
                del wanted.files[name]
                if self.write:
                    os.unlink(place)
            elif self.write:
                check_file(name, place)
        wanted.program = format_name(wanted.source, "list", PROGRAM) in wanted.files
        wanted.facts = dict((key, manifest[key]) for key in ("email_host", "held", "members", "queued"))
        wanted.facts.update(files=len(wanted.files), bytes=sum(size for size, _total in wanted.files.values()))
        wanted.manifest_sum = hashlib.sha256(text).hexdigest()
        # No more of it is needed, and there may be a thousand lists.
        wanted.files = {}

    def read_end(self, entry):
        """Compare all with the archive's own manifest, which is last but for its sum."""
        if entry.name != to_bytes(MANIFEST):
            return False
        text = entry.text(LONGEST_MANIFEST)
        last = next(self.reader.entries(), None)
        if last is None or last.name != to_bytes(MANIFEST_SUM) or last.text(1024).split()[:1] != [hashlib.sha256(text).hexdigest().encode("ascii")]:
            raise Broken("was altered: its manifest has another sum")
        manifest = parse_json(text, id=UNICODE, lists=list, site=dict)
        sums = dict((one.get("name"), one.get("manifest")) for one in manifest["lists"] if isinstance(one, dict))
        for source, wanted in sorted(self.plan.wanted.items()):
            if source not in sums:
                # It was removed while the archive was written.
                if self.asked is not None:
                    raise Failure("The list %s was removed while the archive was written: leave it out." % source)
                del self.plan.wanted[source]
            elif sums[source] != wanted.manifest_sum:
                raise Broken("was altered: the list %s has another manifest" % source)
        site = parse_sums(manifest["site"])
        compare(self.site, dict((name, site[name]) for name in site if name in self.site or self.is_wanted(name)))
        if any(total is None for _size, total in self.site.values()):
            raise Broken("was altered: it has templates or passwords that its manifest does not name")
        return True

    def is_wanted(self, name):
        return self.templates if name.startswith(TEMPLATES) else self.site_passwords


def compare(files, manifest):
    """Compare files that have come with what a manifest says of them. Those that it does not name get None for their sum."""
    for name, (size, total) in manifest.items():
        came = files.get(name)
        if came is None:
            raise Broken("was altered: it lacks %s" % show_name(to_bytes(name)))
        if (came[0], came[1].hexdigest()) != (size, total):
            raise Broken("was altered: %s is another than its manifest says" % show_name(to_bytes(name)))
    for name in set(files) - set(manifest):
        files[name] = files[name][0], None


def about_names(entry, act, *arguments):
    """Do something with a path that is the archive's. What the file system has against it is the archive's fault."""
    try:
        return act(*arguments)
    except EnvironmentError:
        if sys.exc_info()[1].errno not in ABOUT_NAMES:
            raise
        raise Broken("has a file that cannot be: %s (%s)" % (show_name(entry.name), readable(sys.exc_info()[1].strerror)))


def open_staged(place, entry, added):
    """Open a file in the stage, where nothing is but what came out of the archive: directories, and files that are replaced."""
    if not os.path.isdir(os.path.dirname(place)):
        make_directory(os.path.dirname(place))
    if not added and os.path.lexists(place):
        os.unlink(place)
    flags = os.O_WRONLY | os.O_NOFOLLOW | (os.O_APPEND if added else os.O_CREAT | os.O_EXCL)
    handle = os.fdopen(os.open(place, flags, 0o600), "ab" if added else "wb")
    os.fchmod(handle.fileno(), 0o600 | entry.mode & FILE_BITS)
    return handle


def prepare(wanted):
    """Let Mailman read a list in the stage, as it has read it where it was, and give it its new name and addresses."""
    with Staged():
        try:
            if wanted.name != wanted.source:
                rename_requests(os.path.join(tree(wanted.name, "list"), "request.pck"), wanted)
            mlist = mailman.MailList.MailList(wanted.name, lock=0)
            mlist.Lock()
            try:
                found = {"members": len(mlist.getMembers()), "held": len(mlist.GetHeldMessageIds())}
                give_addresses(mlist, wanted)
            finally:
                mlist.Unlock()
        except (Failure, Stopped, EnvironmentError):
            raise
        except Exception:
            # Whatever is in its pickles, and whatever this version of Mailman makes of them.
            raise Failure("This Mailman cannot read the list %s: %s: %s" % (wanted.source, sys.exc_info()[0].__name__, readable(sys.exc_info()[1])))
    for what in sorted(found):
        if found[what] != wanted.facts[what]:
            raise Failure("This Mailman finds %d %s of the list %s, and there were %d." % (found[what], what, wanted.source, wanted.facts[what]))


def give_addresses(mlist, wanted):
    """Set what is new, and save the list when anything is."""
    before = mlist.host_name, mlist.web_page_url, mlist.real_name
    if wanted.email_host:
        mlist.host_name = plain(wanted.email_host)
    if wanted.url_host:
        mlist.web_page_url = (mailman.mm_cfg.DEFAULT_URL_PATTERN % plain(wanted.url_host)).rstrip("/") + "/"
    if wanted.name != wanted.source:
        mlist.real_name = wanted.name
    if before != (mlist.host_name, mlist.web_page_url, mlist.real_name):
        mlist.Save()


def link_months(name):
    """Make the link in each month of an archive that Mailman made when the month began."""
    archive = staged_path(name, "archive", "")
    for entry in entries_of(archive):
        month = os.path.join(archive, entry)
        if os.path.isfile(os.path.join(month, THREADS)) and not os.path.lexists(os.path.join(month, MONTH)):
            os.symlink(THREADS, os.path.join(month, MONTH))


def rename_requests(path, wanted):
    """Let the requests that wait for a moderator name the held messages as they are called now."""
    try:
        with open(path, "rb") as handle:
            requests = pickle.load(handle)
    except IOError:
        if sys.exc_info()[1].errno != errno.ENOENT:
            raise
        return
    pattern = held_name(wanted.source)
    for key, value in list(requests.items()):
        # A held message: when, sender, subject, reason, file, metadata.
        if key != "version" and isinstance(value[1], tuple) and len(value[1]) == 6 and pattern.match(str(value[1][4])):
            data = dict(value[1][5])
            if "listname" in data:
                data["listname"] = wanted.name
            requests[key] = (value[0], value[1][:4] + (wanted.translate(HELD, value[1][4]), data))
    with open(path, "wb") as handle:
        pickle.dump(requests, handle, 1)


def prepare_messages(plan):
    """Let the messages that wait beside the queues name the queues and lists of this Mailman."""
    renamed = dict((wanted.source, wanted.name) for wanted in plan.wanted.values() if wanted.source != wanted.name)
    for path in staged_messages():
        try:
            readdress_message(path, renamed)
        except (Stopped, EnvironmentError):
            raise
        except Exception:
            raise Broken("has a message that Mailman cannot read: %s" % readable(os.path.basename(path)))


def sum_of(path):
    """The sum of a small file, or None when there is none."""
    if os.path.lexists(path) and not os.path.isfile(path):
        raise Failure("%s is in the way of a file from the archive, and is none. Move it away, or leave templates out." % readable(path))
    try:
        with open(path, "rb") as handle:
            return hashlib.sha256(handle.read()).hexdigest()
    except IOError:
        return None


def compare_site(site):
    """What is no list's: the names that are to come, and those of templates that are here with another content, and stay."""
    coming, kept = [], []
    for name, (_size, total) in sorted(site.items()):
        there = sum_of(site_place(name))
        if there != total.hexdigest():
            (kept if there and name.startswith(TEMPLATES) else coming).append(name)
    return coming, kept


def check_site_directories(coming):
    """Directories of templates are root's to make."""
    for name in coming:
        directory = os.path.dirname(site_place(name))
        while not os.path.lexists(directory):
            directory = os.path.dirname(directory)
        if not os.path.isdir(directory) or not os.access(directory, os.W_OK):
            raise Failure("Mailman's user cannot write in %s, where %s is to be. Let the directory of the template be that user's, or leave templates out." % (
                directory, readable(name)))  # fmt: skip


def import_lists(descriptor, root, lists, existing, exported, queued_messages, templates, site_passwords, lock_timeout, check):
    """The request of module mailman_import: put lists out of the archive that is open under this number into this Mailman.

    exported are the lists that may be replaced, with their states; None is for any, when the request is only to tell which these are.
    """
    mailman.load_settings()
    mailman.load_lists()
    if root:
        use_root(root)
        if not check:
            complete_root()
    mailman.mm_cfg.SYNC_AFTER_WRITE = 1
    patience = Patience(lock_timeout)
    # In check mode it need not be there.
    only_one = None if check else os.open(mailman.mm_cfg.LIST_DATA_DIR, os.O_RDONLY)
    try:
        try:
            if only_one is not None:
                fcntl.flock(only_one, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except IOError:
            raise Failure("Another process imports lists into this Mailman: run again when it has ended.")
        try:
            answer = {"finished": finish(patience, check)}
            with os.fdopen(descriptor, "rb") as handle:
                bring(Import(handle, lists, Existing(existing, exported), templates, site_passwords, write=not check), patience, queued_messages, answer)
        except EnvironmentError:
            raise Failure("The lists were not imported: %s. Nothing has changed." % readable(sys.exc_info()[1]))
    finally:
        if only_one is not None:
            os.close(only_one)
    return answer


def finish(patience, check):
    """Do what a call that did not come to its end has left; return the lists that it was about."""
    journal = read_journal()
    if journal and not check:
        finish_settling(journal, patience)
    elif not check:
        clean_up()
    return journal["lists"] if journal else []


def finish_settling(journal, patience):
    try:
        settle(journal, patience)
    except EnvironmentError:
        raise Failure("The lists are not all in their places: %s. Run again to finish." % readable(sys.exc_info()[1]))


def bring(read, patience, queued_messages, answer):
    """Everything up to the journal can be undone; everything after it can be done again."""
    try:
        if read.write:
            for path in stages():
                make_directory(path, 0o2770)
        read.read()
        arriving = sorted(read.plan.wanted.values(), key=lambda one: one.name)
        coming, kept = compare_site(read.site)
        check_site_directories(coming)
        if read.write:
            for name in set(read.site) - set(coming):
                os.unlink(os.path.join(site_stage(), name))
            if not queued_messages:
                for path in staged_messages():
                    os.unlink(path)
            for wanted in arriving:
                prepare(wanted)
                link_months(wanted.name)
                write_receipt(wanted.name, read.header["id"])
            prepare_messages(read.plan)
            read.existing.check(read.plan.replaced, patience)
            # Python 2 has no name for this, and each of a hundred thousand files alone would take too long.
            # There is no run_command in Mailman's Python.
            subprocess.call(["sync", "--file-system", mailman.mm_cfg.QUEUE_DIR] + stages())  # pylint: disable=ansible-bad-function
            journal = write_journal([wanted.name for wanted in arriving], read.plan.replaced, read.existing.choice == "replace_copy")
    except BaseException:
        if read.write:
            clean_up()
        raise
    if read.write:
        finish_settling(journal, patience)
    answer.update(
        archive=dict((key, read.header[key]) for key in ("created", "id", "mailman")),
        lists=[dict(wanted.facts, name=wanted.source, new_name=wanted.name) for wanted in arriving],
        site=[readable(name) for name in coming],
        kept=[readable(name) for name in kept],
        programs=[wanted.name for wanted in arriving if wanted.program],
        replaced=read.plan.replaced,
        unchanged=read.plan.unchanged,
    )
