# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is each list's, so that it can be moved and the copy compared with it."""

from __future__ import absolute_import, division, print_function

import hashlib
import os
import re
import sys

from . import mailman
from .queues import find_queued
from .text import readable


def gather_contents():
    """What is each list's, so that it can be moved and the copy compared with it."""
    mailman.load_lists()
    mailman.tie_hands()
    # Not everywhere are they all below Mailman's var prefix.
    directories = {
        "archives/private": mailman.mm_cfg.PRIVATE_ARCHIVE_FILE_DIR,
        "archives/public": mailman.mm_cfg.PUBLIC_ARCHIVE_FILE_DIR,
        "data": mailman.mm_cfg.DATA_DIR,
        "lists": mailman.mm_cfg.LIST_DATA_DIR,
        "qfiles": mailman.mm_cfg.QUEUE_DIR,
        "templates": mailman.mm_cfg.TEMPLATE_DIR,
    }

    def place(name):
        directory, base = re.match(r"(archives/\w+|\w+)/(.*)", name).groups()
        return os.path.join(directories[directory], base)

    queued = find_queued(directories["qfiles"])
    held = os.listdir(directories["data"])
    lists = []
    for name in sorted(mailman.Utils.list_names()):
        held_name = re.compile(r"heldmsg-%s-\d+\.(pck|txt)$" % re.escape(name), re.IGNORECASE)
        # By what they hold, for a message keeps its name from queue to queue.
        messages = ["data/" + entry for entry in sorted(held) if held_name.match(entry)] + sorted(queued.get(name, ()))
        archives = ["%s/%s%s" % (directory, name, ending) for directory in ("archives/private", "archives/public") for ending in ("", ".mbox")]
        archives = [entry for entry in archives if os.path.lexists(place(entry))]
        found = {"name": name, "email_host": "", "fault": "", "files": archives + messages + ["lists/" + name]}
        lists.append(found)
        try:
            mlist = mailman.MailList.MailList(name, lock=0)
            state = ["lists/%s/%s" % (name, entry) for entry in sorted(os.listdir(mlist.fullpath())) if not entry.startswith("config.pck")]
            found.update(
                {
                    "email_host": readable(mlist.host_name),
                    "members": len(mlist.getMembers()),
                    "messages": len(messages),
                    # Of each archive its files and their bytes: to read them all would take too long.
                    "archives": [[entry] + measure(place(entry)) for entry in archives],
                    # Of all else what is in it.
                    "settings": digest(canonical(dict(item for item in vars(mlist).items() if not item[0].startswith("_")))),
                    "state": digest_files(place, messages + state),
                }
            )
        except (mailman.Errors.MMListError, EnvironmentError):
            found["fault"] = "%s: %s" % (sys.exc_info()[0].__name__, readable(sys.exc_info()[1]))
    hosts = ["site"] + sorted(set(one["email_host"] for one in lists if not one["fault"]))
    return {
        "directories": directories,
        "lists": lists,
        "templates": ["templates/" + host for host in hosts if os.path.isdir(place("templates/" + host))],
    }


def canonical(value):
    """Text that is the same for the same content."""
    if isinstance(value, dict):
        return "{%s}" % ",".join(sorted("%s:%s" % (canonical(key), canonical(item)) for key, item in value.items()))
    if isinstance(value, (list, tuple)):
        return "[%s]" % ",".join(canonical(item) for item in value)
    return canonical(vars(value)) if hasattr(value, "__dict__") else repr(value)


def digest(text):
    return hashlib.sha256(text if isinstance(text, bytes) else text.encode("utf-8")).hexdigest()


def digest_files(place, names):
    """One sum of what is in these files and directories, and of their names."""
    parts = []
    for name in names:
        if os.path.isdir(place(name)):
            parts.append(digest_files(place, [name + "/" + entry for entry in sorted(os.listdir(place(name)))]))
        else:
            try:
                with open(place(name), "rb") as handle:
                    parts.append(name + " " + digest(handle.read()))
            except IOError:
                # A message goes from queue to queue while the queue runners run.
                if os.path.exists(place(name)):
                    raise
    return digest("\n".join(parts))


def measure(path):
    """How many files there are, and their bytes. A link counts as itself."""
    count = size = 0
    for directory, _directories, files in os.walk(path) if os.path.isdir(path) and not os.path.islink(path) else ():
        count += len(files)
        paths = [os.path.join(directory, name) for name in files]
        size += sum(os.lstat(path).st_size for path in paths if os.path.lexists(path))
    return [count, size]
