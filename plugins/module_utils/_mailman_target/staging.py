# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where lists are from the first byte of an archive that was read until all of them are in their place.

They are unpacked beside their places, in directories and under names that Mailman does not look at. When all is there, a journal says so. From then on only
names change, which can be done again, and finished by a later call.
"""

from __future__ import absolute_import, division, print_function

import errno
import json
import os
import shutil
import stat
import sys

from . import mailman
from .faults import Failure
from .places import ARCHIVES, HELD, QUEUES, RECEIPT, TEMPLATES, Queued, password_files, template_directory, tree
from .steps import REMOVED, finish_removal, tell_mail_server
from .text import plain, readable

# No name of a list has a comma, and no queue runner takes a file that ends so.
STAGE = ",arriving"
JOURNAL = ",journal"
SITE = ",site"

# What the directories of lists are called below another root.
BELOW_ROOT = {
    "DATA_DIR": "data",
    "LISTCREATOR_PW_FILE": "data/creator.pw",
    "LIST_DATA_DIR": "lists",
    "LOCK_DIR": "locks",
    "PRIVATE_ARCHIVE_FILE_DIR": "archives/private",
    "PUBLIC_ARCHIVE_FILE_DIR": "archives/public",
    "QUEUE_DIR": "qfiles",
    "SITE_PW_FILE": "data/adm.pw",
    "TEMPLATE_DIR": "templates",
}

STAGED = ("DATA_DIR", "LIST_DATA_DIR", "LOCK_DIR", "PRIVATE_ARCHIVE_FILE_DIR", "PUBLIC_ARCHIVE_FILE_DIR")


def use_root(root):
    """Let another directory have the lists, and all that belongs to them. It is nobody's but a copy's: no mail server and no queue runner looks there."""
    root = check_root(root)
    for name, below in BELOW_ROOT.items():
        setattr(mailman.mm_cfg, name, os.path.join(root, below))
    mailman.mm_cfg.MTA = None


def complete_root():
    """Make what directories are missing there."""
    for name in sorted(BELOW_ROOT):
        path = getattr(mailman.mm_cfg, name)
        if name.endswith("_DIR") and not os.path.isdir(path):
            make_directory(path)


def check_root(root):
    """Where a directory is that may have lists: Mailman's user's, and out of the reach of others, who else would read lists there or choose them."""
    try:
        path = place = os.path.realpath(plain(root))
    except UnicodeError:
        raise Failure("root: %s has other characters than ASCII. Use another path." % root)
    if not os.path.isabs(root) or not os.path.isdir(path):
        raise Failure("root: %s is no directory that Mailman's user can see. Make it, give it to that user, and name it with its absolute path." % root)
    if os.stat(path).st_uid != os.geteuid():
        raise Failure("root: %s is not Mailman's user's. Give it to that user, with all that is in it." % root)
    while path != "/":
        status = os.stat(path)
        others = status.st_mode & stat.S_IWOTH or (status.st_mode & stat.S_IWGRP and status.st_gid not in (0, os.getegid()))
        if status.st_uid not in (0, os.geteuid()) or (others and not status.st_mode & stat.S_ISVTX):
            raise Failure("root: others can change what is in %s. Take a directory that is only Mailman's user's, in one of root's." % readable(path))
        path = os.path.dirname(path)
    return place


def stages():
    """The directories beside those of Mailman. In between lists are in each of them."""
    return [os.path.join(path, STAGE) for path in (mailman.mm_cfg.LIST_DATA_DIR, mailman.mm_cfg.PRIVATE_ARCHIVE_FILE_DIR, mailman.mm_cfg.DATA_DIR)]


def site_stage():
    return os.path.join(mailman.mm_cfg.LIST_DATA_DIR, STAGE, SITE)


def make_directory(path, mode=0o2770):
    """Make a directory of Mailman's, whatever the umask; its parents, too."""
    try:
        os.mkdir(path)
    except OSError:
        if sys.exc_info()[1].errno == errno.ENOENT:
            make_directory(os.path.dirname(path), mode)
            os.mkdir(path)
        elif sys.exc_info()[1].errno != errno.EEXIST or os.path.islink(path) or not os.path.isdir(path):
            raise
    os.chmod(path, mode)


def staged_path(name, part, path):
    """Where a file of a list is while others of it still come."""
    if part == QUEUES:
        return os.path.join(mailman.mm_cfg.QUEUE_DIR, path + STAGE)
    if part == HELD:
        return os.path.join(mailman.mm_cfg.DATA_DIR, STAGE, name, path)
    directory, last = os.path.split(tree(name, part))
    return os.path.join(directory, STAGE, last, *([path] if path else []))


def staged_messages():
    """The messages that wait beside those in queues."""
    directories = [os.path.join(mailman.mm_cfg.QUEUE_DIR, queue) for queue in os.listdir(mailman.mm_cfg.QUEUE_DIR)]
    return [
        os.path.join(directory, entry) for directory in directories if os.path.isdir(directory) for entry in sorted(os.listdir(directory)) if STAGE in entry
    ]


def clean_up():
    """Remove what is beside the lists. The journal goes first, for without it nothing else means anything."""
    unlink_if_there(journal_path())
    for path in staged_messages():
        os.unlink(path)
    for path in stages():
        if os.path.islink(path):
            os.unlink(path)
        elif os.path.isdir(path):
            shutil.rmtree(path)


def unlink_if_there(path):
    try:
        os.unlink(path)
    except OSError:
        if sys.exc_info()[1].errno not in (errno.ENOENT, errno.ENOTDIR):
            raise


class Staged(object):
    """While this is entered, Mailman has its lists in the stages."""

    def __enter__(self):
        self.before = [(name, getattr(mailman.mm_cfg, name)) for name in STAGED]
        for name in STAGED[:2]:
            setattr(mailman.mm_cfg, name, os.path.join(getattr(mailman.mm_cfg, name), STAGE))
        mailman.mm_cfg.PRIVATE_ARCHIVE_FILE_DIR = os.path.join(mailman.mm_cfg.PRIVATE_ARCHIVE_FILE_DIR, STAGE)
        for name in ("LOCK_DIR", "PUBLIC_ARCHIVE_FILE_DIR"):
            setattr(mailman.mm_cfg, name, os.path.join(mailman.mm_cfg.DATA_DIR, "," + name))
            make_directory(getattr(mailman.mm_cfg, name))

    def __exit__(self, *_exception):
        for name, value in self.before:
            setattr(mailman.mm_cfg, name, value)


def journal_path():
    return os.path.join(mailman.mm_cfg.LIST_DATA_DIR, STAGE, JOURNAL)


def write_whole(path, text):
    """Write a small file in one step."""
    with open(path + ".tmp", "w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    os.rename(path + ".tmp", path)


def write_journal(names, replaced, discard):
    """Note which lists are to come, which of them replace one, and whether that one's messages in queues are to go, too."""
    journal = {"lists": names, "replaced": replaced, "discard": discard}
    write_whole(journal_path(), json.dumps(journal))
    return journal


def read_journal():
    """What an earlier call has left to do, or None."""
    try:
        with open(journal_path()) as handle:
            return json.load(handle)
    except (EnvironmentError, ValueError):
        return None


def write_receipt(name, archive):
    """Let a list in the stage say which archive it came out of."""
    write_whole(os.path.join(staged_path(name, "list", ""), RECEIPT), plain(archive))


def has_arrived(name, archive):
    """Whether the list here is that of this archive, or has become of it."""
    try:
        with open(os.path.join(tree(name, "list"), RECEIPT)) as handle:
            return handle.read() == archive
    except EnvironmentError:
        return False


def rename_if_there(path, place):
    try:
        os.rename(path, place)
    except OSError:
        if sys.exc_info()[1].errno in (errno.EEXIST, errno.ENOTEMPTY):
            raise Failure("%s is in the way of a list that is coming, and was made meanwhile. Move it away, and run again." % readable(place))
        if sys.exc_info()[1].errno not in (errno.ENOENT, errno.ENOTDIR):
            raise


def settle(journal, patience):
    """Put all that is in the stages into its place. Each of these steps can be done again."""
    for name in [plain(name) for name in journal["lists"]]:
        # Nobody else makes a list of this name meanwhile, or opens this one before all of it is there.
        lock = mailman.LockFile.LockFile(os.path.join(mailman.mm_cfg.LOCK_DIR, name + ".lock"), mailman.mm_cfg.LIST_LOCK_LIFETIME)
        patience.again()
        patience.lock(name, name, lock.lock)
        try:
            if name in journal["replaced"]:
                remove_former(name, journal["discard"])
            settle_list(name)
        finally:
            lock.unlock(unconditionally=True)
    # Not before their lists are there: runners put messages for unknown lists aside.
    for path in staged_messages():
        place = path[: path.rindex(STAGE)]
        if os.path.exists(place):
            os.unlink(path)
        else:
            os.rename(path, place)
    settle_site()
    clean_up()


def remove_former(name, discard):
    """Remove the list that another is to replace, once: what of the other is in its place already stays."""
    done = os.path.join(os.path.dirname(journal_path()), ",removed-" + name)
    if os.path.exists(done):
        return
    if os.path.isdir(tree(name, "list")):
        # What the removal of yet another one has left.
        finish_removal(name, keep_archives=True)
    rename_if_there(tree(name, "list"), tree(name, "list") + REMOVED)
    if discard:
        for queue, entry in Queued().find(name):
            os.unlink(os.path.join(mailman.mm_cfg.QUEUE_DIR, queue, entry))
    finish_removal(name, keep_archives=False)
    write_whole(done, "")


def settle_list(name):
    if os.path.isdir(staged_path(name, "list", "")) and mailman.Utils.list_exists(name):
        raise Failure("A list %s was made here meanwhile. Remove it with its archives (rmlist -a), and run again." % name)
    for part in ARCHIVES:
        rename_if_there(staged_path(name, part, ""), tree(name, part))
    held = staged_path(name, HELD, "")
    for entry in sorted(os.listdir(held)) if os.path.isdir(held) else ():
        os.rename(os.path.join(held, entry), os.path.join(mailman.mm_cfg.DATA_DIR, entry))
    rename_if_there(staged_path(name, "list", ""), tree(name, "list"))
    free_hands = mailman.tie_hands()
    try:
        mlist = mailman.MailList.MailList(name, lock=0)
    finally:
        free_hands()
    # Makes the links of a public archive.
    mlist.CheckHTMLArchiveDir()
    tell_mail_server(mlist, "create")


def settle_site():
    """Copy what is no list's. It is small, and may have to go to another file system."""
    for below in staged_site_files():
        place = site_place(below)
        if not os.path.isdir(os.path.dirname(place)):
            make_directory(os.path.dirname(place), 0o2775)
        shutil.copy(os.path.join(site_stage(), below), place + ".tmp")
        os.rename(place + ".tmp", place)


def staged_site_files():
    stage = site_stage()
    return [os.path.relpath(os.path.join(directory, entry), stage) for directory, _directories, entries in os.walk(stage) for entry in entries]


def site_place(below):
    """Where a file is that is no list's."""
    kind, name = below.split("/", 1)
    return template_directory(name) if kind == TEMPLATES else dict(password_files())[name]
