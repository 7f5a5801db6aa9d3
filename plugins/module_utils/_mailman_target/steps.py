# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps that write, a list each: each leaves the list as it was or as it should be."""

from __future__ import absolute_import, division, print_function

import os
import re
import shutil
import socket
import sys

from . import mailman
from .faults import Failure
from .members import change_members
from .passwords import hash_password
from .text import plain
from .work import Work, complete, report_removal

# A directory under lists/ with this ending was a list; no list name can have it.
REMOVED = ",removed"


def refuse(place, text):
    """A fault that was not there when all lists were checked."""
    raise Failure("%s: %s. It was good a moment before: run again." % (place, text))


def save(mlist):
    """Save a list, leaving nothing behind when that fails."""
    try:
        mlist.Save()
    except BaseException:
        leftover = os.path.join(mlist.fullpath(), "config.pck.tmp.%s.%d" % (socket.gethostname(), os.getpid()))
        if os.path.exists(leftover):
            os.unlink(leftover)
        raise


def tell_mail_server(mlist, event):
    """Let Mailman write the mail server's aliases, where mm_cfg.py names a server that needs them."""
    # Manual only prints what an administrator should do.
    if mailman.mm_cfg.MTA and mailman.mm_cfg.MTA != "Manual":
        module = "Mailman.MTA." + mailman.mm_cfg.MTA
        __import__(module)
        getattr(sys.modules[module], event)(mlist)


def remove_if_empty(path):
    """A function of its own: after an exception that was caught in it, a caller's bare raise still raises the caller's in Python 2."""
    try:
        os.rmdir(path)
    except OSError:
        # It was not made yet, or there is a list in it.
        pass


def create_list(attributes, patience, spec):
    """Create a list with all that it should have; it does not exist before that is complete."""
    spec = complete(spec)
    name = plain(spec["name"])
    languages = [spec["language"]] + [mailman.mm_cfg.DEFAULT_SERVER_LANGUAGE] * (spec["language"] != mailman.mm_cfg.DEFAULT_SERVER_LANGUAGE)
    # Without a password in the request only the site password opens the list.
    password = hash_password(spec["password"]) if spec["password"] else mailman.Utils.sha_new(os.urandom(64)).hexdigest()
    mlist = mailman.MailList.MailList()
    try:
        patience.lock(
            name,
            # One lock for the creation of any list.
            "<site>",
            lambda: mlist.Create(name, plain(spec["owners"][0]), password, [plain(one) for one in languages], plain(spec["email_host"])),
        )
        if mailman.Utils.list_exists(name):
            raise Failure("The list %s was created by somebody else at the same time: run again." % name)
        work = Work(attributes, mlist, spec, True, refuse)
        change_members(mlist, *work.members)
        save(mlist)
    except BaseException:
        remove_if_empty(os.path.join(mailman.mm_cfg.LIST_DATA_DIR, name))
        raise
    finally:
        mlist.Unlock()
    tell_mail_server(mlist, "create")
    return work.report()


def change_list(attributes, patience, spec):
    """Bring an existing list to what it should be; None when somebody else has done it."""
    mlist = mailman.MailList.MailList(plain(spec["name"]), lock=0)
    patience.lock(spec["name"], mlist.internal_name(), mlist.Lock)
    try:
        work = Work(attributes, mlist, spec, False, refuse)
        report = work.report()
        if report:
            change_members(mlist, *work.members)
            if work.password:
                mlist.password = hash_password(spec["password"])
            save(mlist)
    finally:
        mlist.Unlock()
    return report


def remove_list(patience, name, keep_archives):
    """Remove a list; one rename decides, the rest can be finished by a later call."""
    mlist = mailman.MailList.MailList(name, lock=0)
    patience.lock(name, name, mlist.Lock)
    try:
        tell_mail_server(mlist, "remove")
        path = os.path.join(mailman.mm_cfg.LIST_DATA_DIR, name)
        os.rename(path, path + REMOVED)
    finally:
        mlist.Unlock()
    finish_removal(name, keep_archives)
    return report_removal(name)


def finish_removal(name, keep_archives):
    """Delete what a list that was renamed away has left."""
    held = re.compile(r"heldmsg-%s-\d+\.(pck|txt)$" % re.escape(name), re.IGNORECASE)
    doomed = []
    # By now there may be a new list of this name.
    if not mailman.Utils.list_exists(name):
        doomed.extend(os.path.join(mailman.mm_cfg.DATA_DIR, entry) for entry in os.listdir(mailman.mm_cfg.DATA_DIR) if held.match(entry))
        if not keep_archives:
            for directory in (mailman.mm_cfg.PUBLIC_ARCHIVE_FILE_DIR, mailman.mm_cfg.PRIVATE_ARCHIVE_FILE_DIR):
                doomed.extend(os.path.join(directory, name + ending) for ending in ("", ".mbox"))
    # Last, because it is what tells a later call that there is work left.
    doomed.append(os.path.join(mailman.mm_cfg.LIST_DATA_DIR, name + REMOVED))
    for path in doomed:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)


def unfinished_removals():
    return sorted(entry[: -len(REMOVED)] for entry in os.listdir(mailman.mm_cfg.LIST_DATA_DIR) if entry.endswith(REMOVED))
