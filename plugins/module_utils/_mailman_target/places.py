# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What belongs to a list: where each part of it is in this Mailman, and under which name it travels."""

from __future__ import absolute_import, division, print_function

import hashlib
import os
import re

from . import mailman
from .queues import QUEUE_ENDINGS, read_list_name
from .text import to_bytes, to_native

# What another version of this program must not take for its own.
FORMAT, VERSION = "listhost.exim_mailman lists", 1

# The first file of an archive, and the last two.
HEADER, MANIFEST, MANIFEST_SUM = "header.json", "manifest.json", "manifest.sha256"

# The parts of a list that are directories of its own.
ARCHIVES = ("archive", "mbox")
TREES = ARCHIVES + ("list",)
# An archive mailbox is only ever added to. What was added while the rest was copied travels as a file of this part.
ADDED = "mbox-added"
# Files of the list among those of others.
HELD, QUEUES = "held", "queues"

# What is no list's.
TEMPLATES, PASSWORDS = "templates", "passwords"
HOST = r"[A-Za-z0-9][A-Za-z0-9.-]*"
SITE_NAME = re.compile(r"templates/%s(/.+)?\Z|passwords/(adm|creator)\.pw\Z" % HOST, re.DOTALL)

# A name as it travels: a list, a part of it, and a path below that.
NAME = re.compile(r"lists/([-+_.=a-z0-9]+)/(archive|mbox|mbox-added|list|held|queues)(?:/(.+))?\Z", re.DOTALL)
QUEUE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*/[^/]+\Z")

# A message in a queue: waiting, and while a runner works on it.
WAITING, IN_WORK = ".pck", ".bak"

# A file in the directory of a list that came out of an archive: which one that was.
RECEIPT = "arrived"

# What stays behind of a list's directory: that file, and what Mailman and these modules write before they rename it.
STAYS = re.compile(r"%s\Z|[^/]+\.tmp(\.[^/]*)?\Z" % RECEIPT)

# In an archive's directory of each month: a link that Mailman makes once, and where it leads. It does not travel, and is made again.
MONTH, THREADS = "index.html", "thread.html"

# A path in a list has no more parts than this. Nobody can make one that is too deep to be removed.
DEEPEST = 100


def archive_of(origin):
    """What stands for all archives of the same origin."""
    return hashlib.sha256(to_bytes(origin)).hexdigest()[:32]


def tree(name, part):
    """The directory that is this part of a list."""
    if part == "list":
        return os.path.join(mailman.mm_cfg.LIST_DATA_DIR, name)
    return os.path.join(mailman.mm_cfg.PRIVATE_ARCHIVE_FILE_DIR, name + {"archive": "", "mbox": ".mbox"}[part])


def held_name(name):
    """What the names of a list's held messages look like."""
    return re.compile(r"heldmsg-%s-([0-9]+)\.(pck|txt)\Z" % re.escape(name), re.IGNORECASE)


def is_months_link(path):
    """Whether this is the link to an archive's month by threads."""
    return os.path.basename(path) == MONTH and os.path.islink(path) and os.readlink(path) == THREADS


def entries_of(directory):
    """The names in a directory; none when it is not there, as in a copy that has no messages."""
    return sorted(os.listdir(directory)) if os.path.isdir(directory) else []


def find_held(name):
    """The names of a list's held messages in Mailman's directory for data."""
    pattern = held_name(name)
    return [entry for entry in entries_of(mailman.mm_cfg.DATA_DIR) if pattern.match(entry)]


class Queued(object):
    """Which messages in queues belong to a list. Each is read once, however often one asks."""

    def __init__(self):
        self.seen = {}

    def find(self, name):
        """The messages of a list: pairs of a queue and a file in it."""
        found = []
        for queue in entries_of(mailman.mm_cfg.QUEUE_DIR):
            directory = os.path.join(mailman.mm_cfg.QUEUE_DIR, queue)
            for entry in entries_of(directory):
                if entry.endswith(QUEUE_ENDINGS) and self.list_of(directory, entry) == name:
                    found.append((queue, entry))
        return found

    def list_of(self, directory, entry):
        base = os.path.splitext(entry)[0]
        if base not in self.seen:
            path = find_message(directory, entry)
            if path is None:
                return None
            self.seen[base] = read_list_name(path)
        return self.seen[base]


def find_message(directory, entry):
    """Where a message of a queue is now: while a runner works on it, it has another ending. None when it has gone."""
    base, ending = os.path.splitext(entry)
    paths = [os.path.join(directory, base + one) for one in (ending, IN_WORK, WAITING)]
    return next((path for path in paths if os.path.lexists(path)), None)


def list_manifest(name):
    """The file of an archive that says what the list has."""
    return "manifests/%s.json" % name


def template_directory(host):
    return os.path.join(mailman.mm_cfg.TEMPLATE_DIR, host)


def find_templates(hosts):
    """The directories of templates that are the site's or a domain's. The others are Mailman's own."""
    names = ["site"] + [str(host) for host in hosts if re.match(HOST + r"\Z", host)]
    return [name for name in names if os.path.isdir(template_directory(name))]


def password_files():
    """The files with the passwords of the site's administrator and of who may create lists: (name, path)."""
    return [("adm.pw", mailman.mm_cfg.SITE_PW_FILE), ("creator.pw", mailman.mm_cfg.LISTCREATOR_PW_FILE)]


def is_inside(path):
    """Whether a path from outside, in bytes, leads nowhere but into the directory that it begins in, and not too deep."""
    parts = path.split(b"/")
    return len(parts) <= DEEPEST and not any(part in (b"", b".", b"..") for part in parts) and b"\0" not in path


def format_name(name, part, path):
    """A name as it travels."""
    return "/".join(("lists", name, part) + ((path,) if path else ()))


def parse_name(travelling, is_directory):
    """The list, the part of it and the path below that of a name that has come from outside, or None when it can be none of a list."""
    inside = without_slash(travelling, is_directory)
    match = NAME.match(to_native(inside))
    if not match or not is_inside(inside):
        return None
    name, part, path = match.groups()
    if is_directory:
        return None if part not in TREES else (name, part, path)
    if not path or (part == HELD and not held_name(name).match(path)):
        return None
    if part == QUEUES and not (QUEUE.match(path) and path.endswith(QUEUE_ENDINGS)):
        return None
    return name, part, path


def parse_site_name(travelling, is_directory):
    """The name of a template or a password that has come from outside, or None when it can be none."""
    inside = to_native(without_slash(travelling, is_directory))
    match = SITE_NAME.match(inside)
    # What is at the place of a domain's directory is one, and a password is none.
    if not match or not is_inside(to_bytes(inside)) or (inside.startswith(PASSWORDS) if is_directory else not any(match.groups())):
        return None
    return inside


def without_slash(travelling, is_directory):
    """Names of directories have a slash at their end."""
    return travelling[:-1] if is_directory and travelling.endswith(b"/") else travelling


def can_travel(name):
    """Whether mailman_import would know the name of a list for one."""
    return bool(parse_name(to_bytes(format_name(name, "list", "")), is_directory=True))
