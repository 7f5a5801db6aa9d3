# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The request of module mailman_unpack: the files of another Mailman, in a tar that somebody has made, are put into a directory and looked at there.

Names in the tar can only lead into that directory, and only to places that lists have. Mailman reads no file that has not been looked at before.
"""

from __future__ import absolute_import, division, print_function

import os
import re
import sys

from . import mailman
from .exporting import Export, check_list, check_queued, queued_files
from .faults import Failure, Stopped
from .foreign_tar import open_foreign
from .importing import DIRECTORY_BITS, about_names, open_staged
from .lists import url_host
from .locks import Patience
from .pickles import PROGRAM
from .places import MONTH, THREADS, Queued, archive_of, can_travel, entries_of, is_inside, tree
from .staging import complete_root, has_arrived, make_directory, use_root
from .text import readable, to_bytes, to_native

# By where a list's settings are the directory is known that all lists are in.
SETTINGS = re.compile(r"(?:(.*)/)?lists/[^/]+/config\.(?:pck|db)(?:\.last)?\Z", re.DOTALL)
# What is inside of one of those is no such directory.
INSIDE = re.compile(r"(lists|archives|data|qfiles)(/|\Z)")
# Below that directory, what belongs to lists: of each kind the setting that says where it is here.
PLACES = (
    (re.compile(r"lists/([^,./][^/]*(?:/.+)?)\Z", re.DOTALL), "LIST_DATA_DIR"),
    (re.compile(r"archives/private/([^,./][^/]*(?:/.+)?)\Z", re.DOTALL), "PRIVATE_ARCHIVE_FILE_DIR"),
    (re.compile(r"data/(heldmsg-[^/]+-[0-9]+\.(?:pck|txt))\Z"), "DATA_DIR"),
    (re.compile(r"qfiles/([A-Za-z0-9_][A-Za-z0-9_.-]*/[^,/][^/]*)\Z"), "QUEUE_DIR"),
)
PROGRAM_OF = re.compile(r"lists/([^/]+)/%s\Z" % re.escape(PROGRAM))
# So many names are told of what was left out.
MOST_TOLD = 100


def clean(name):
    """A name in a tar as others would be written that mean the same: without ./ and what is double, and not absolute. In bytes, or None if it leads out."""
    parts = [part for part in name.split(b"/") if part not in (b"", b".")]
    return b"/".join(parts) if parts and is_inside(b"/".join(parts)) else None


def find_base(reader):
    """The directory in the tar that has the lists in it."""
    bases = set()
    for entry in reader.entries():
        name = clean(entry.name)
        match = name and entry.is_file and SETTINGS.match(to_native(name))
        if match:
            bases.add(match.group(1) or "")
    # What is in an archive, say, is a file like any other.
    bases = sorted(base for base in bases if not any(is_within(base, other) for other in bases))
    if not bases:
        raise Failure(
            "The archive has no lists: no lists/NAME/config.pck is in it. Make it of the directories lists, archives and data of the old Mailman, which are in "
            "/var/lib/mailman (Debian, EL), /usr/local/mailman, or /usr/local/cpanel/3rdparty/mailman."
        )
    if len(bases) > 1:
        raise Failure("The archive has lists of several Mailmans, in %s. Make an archive of each." % ", ".join(readable(base) or "." for base in bases))
    return bases[0]


def is_within(base, other):
    """Whether a directory is among the files of another one's lists."""
    start = other + "/" if other else ""
    return base != other and base.startswith(start) and bool(INSIDE.match(base[len(start):]))


class Unpacking(object):
    """One reading of the tar, in which all that belongs to lists is put into its place."""

    def __init__(self, base):
        self.base = base + "/" if base else ""
        self.left_out, self.programs = [], set()

    def leave_out(self, what):
        self.left_out.append(what)

    def below(self, name):
        """A name below the directory that has the lists, or None."""
        inside = clean(name)
        inside = inside and to_native(inside)
        return inside[len(self.base):] if inside and inside.startswith(self.base) else None

    def place(self, below):
        """Where something belongs that is below that directory, or None if it is no list's."""
        for pattern, setting in PLACES:
            match = pattern.match(below)
            if match:
                return os.path.join(getattr(mailman.mm_cfg, setting), match.group(1))
        return None

    def take(self, entry):
        below = self.below(entry.name)
        place = below and self.place(below)
        if not place:
            if clean(entry.name) is None and entry.name.strip(b"./"):
                self.leave_out("%s: it leads out of the archive" % readable(to_native(entry.name)))
            return
        program = PROGRAM_OF.match(below)
        if program:
            # Mailman would run it whenever it opens the list.
            place += ".arrived"
            self.programs.add(program.group(1))
        if entry.is_directory:
            about_names(entry, make_directory, place, 0o2700 | entry.mode & DIRECTORY_BITS)
        elif entry.is_file:
            with about_names(entry, open_staged, place, entry, False) as handle:
                for data in entry.chunks():
                    handle.write(data)
            os.utime(place, (entry.time, entry.time))
        elif entry.is_link:
            self.link(entry, below, place)
        elif not (entry.is_symlink and os.path.basename(below) == MONTH and entry.target == to_bytes(THREADS)):
            # The link of each month is made again.
            self.leave_out("%s: it is no file" % readable(below))

    def link(self, entry, below, place):
        """A second name of a file that came before."""
        other = self.below(entry.target)
        source = other and self.place(other)
        if not source or PROGRAM_OF.match(other) or PROGRAM_OF.match(below) or os.path.islink(source) or not os.path.isfile(source) or source == place:
            self.leave_out("%s: it is a link to something else than a file of a list" % readable(below))
            return
        if not os.path.isdir(os.path.dirname(place)):
            about_names(entry, make_directory, os.path.dirname(place))
        if os.path.lexists(place):
            about_names(entry, os.unlink, place)
        os.link(source, place)


def unpack(handle):
    """Put what belongs to lists from an open tar into this root; return what the unpacking knows."""
    unpacking = Unpacking(find_base(open_foreign(handle)))
    for entry in open_foreign(handle).entries():
        unpacking.take(entry)
    return unpacking


def drop_unsafe_messages(unpacking):
    """No list is lost by a message in a queue."""
    for queue, entry in queued_files():
        try:
            check_queued(queue, entry)
        except Failure:
            os.unlink(os.path.join(mailman.mm_cfg.QUEUE_DIR, queue, entry))
            unpacking.leave_out("qfiles/%s/%s: it has what Mailman never writes there" % (readable(queue), readable(entry)))


def survey(unpacking):
    """What there is of each list, as Mailman reads it, and why it cannot be read."""
    patience, queued = Patience(0), Queued()
    found = []
    for name in entries_of(mailman.mm_cfg.LIST_DATA_DIR):
        export = Export(name, patience, queued)
        facts = dict(export.facts, url_host="", bytes=0, files=0, program=name in unpacking.programs)
        facts["fault"] = look_at(name, export, facts)
        found.append(facts)
    names = set(one["name"] for one in found)
    for entry in entries_of(mailman.mm_cfg.PRIVATE_ARCHIVE_FILE_DIR):
        name = re.sub(r"\.mbox\Z", "", entry)
        if readable(name) not in names:
            unpacking.leave_out("archives/private/%s: there is no list %s" % (readable(entry), readable(name)))
    return found


def look_at(name, export, facts):
    """Complete what is known of a list; return why Mailman cannot read it, if so."""
    if not os.path.isdir(tree(name, "list")) or not mailman.Utils.list_exists(name):
        return "it has no config.pck"
    if not can_travel(name):
        return "no list can have this name"
    # As Mailman makes it, so that the mail server sees whether there is a list, however closed the old place was.
    os.chmod(tree(name, "list"), 0o2775)
    try:
        check_list(name)
    except Failure:
        return sys.exc_info()[1].text
    facts.update((key, value) for key, value in export.survey().items() if key in facts or key == "fault")
    if facts["fault"]:
        return facts["fault"]
    free_hands = mailman.tie_hands()
    try:
        facts["url_host"] = readable(url_host(mailman.MailList.MailList(name, lock=0)) or "")
    except Stopped:
        raise
    except Exception:
        return readable(sys.exc_info()[1]) or sys.exc_info()[0].__name__
    finally:
        free_hands()
    return "; ".join("%s cannot be read (%s)" % one for one in export.unreadable)


def unpack_lists(descriptor, root, origin):
    """The request of module mailman_unpack: put lists from the tar that is open under this number into a directory, and say what there is of each.

    And say which lists are in Mailman itself, and which of them came from an archive of this origin.
    """
    mailman.load_settings()
    mailman.load_lists()
    here = [{"name": readable(name), "arrived": has_arrived(name, archive_of(origin))} for name in sorted(mailman.Utils.list_names())]
    use_root(root)
    if os.listdir(root):
        raise Failure("root: there is something in %s already. Name an empty directory." % root)
    complete_root()
    try:
        with os.fdopen(descriptor, "rb") as handle:
            unpacking = unpack(handle)
    except EnvironmentError:
        raise Failure("The archive cannot be unpacked: %s." % readable(sys.exc_info()[1]))
    drop_unsafe_messages(unpacking)
    lists = survey(unpacking)
    told, more = unpacking.left_out[:MOST_TOLD], len(unpacking.left_out) - MOST_TOLD
    return {"here": here, "lists": lists, "left_out": told + (["and %d more" % more] if more > 0 else [])}
