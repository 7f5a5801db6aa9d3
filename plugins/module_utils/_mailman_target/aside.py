# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The request of module mailman_aside: lists are put where Mailman does not see them, with all that they have.

They go to moved/LABEL in Mailman's directory for data. A journal there says which lists are on their way, until all that they have has arrived.
"""

from __future__ import absolute_import, division, print_function

import errno
import json
import os
import re
import shutil
import sys

from . import mailman
from .faults import Failure
from .locks import Patience
from .places import ARCHIVES, Queued, find_held, tree
from .staging import JOURNAL, make_directory, unlink_if_there, write_whole
from .steps import tell_mail_server
from .text import plain, readable

LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")


def aside():
    return os.path.join(mailman.mm_cfg.DATA_DIR, "moved")


def find_unfinished():
    """The places in which a journal says that something has not arrived yet."""
    labels = sorted(os.listdir(aside())) if os.path.isdir(aside()) else ()
    return [os.path.join(aside(), label) for label in labels if os.path.exists(os.path.join(aside(), label, JOURNAL))]


def read_names(place):
    with open(os.path.join(place, JOURNAL)) as handle:
        return [plain(name) for name in json.load(handle)]


def belongings(name, queued):
    """What a list has, in the order in which it goes: (where it is, its place among what is put aside). First the list itself: then it is none any more."""
    yield tree(name, "list"), "lists/" + name
    for part in ARCHIVES:
        path = tree(name, part)
        yield path, "archives/private/" + os.path.basename(path)
        yield os.path.join(mailman.mm_cfg.PUBLIC_ARCHIVE_FILE_DIR, os.path.basename(path)), "archives/public/" + os.path.basename(path)
    for entry in find_held(name):
        yield os.path.join(mailman.mm_cfg.DATA_DIR, entry), "data/" + entry
    for queue, entry in queued.find(name):
        yield os.path.join(mailman.mm_cfg.QUEUE_DIR, queue, entry), "qfiles/%s/%s" % (queue, entry)


def move(path, place):
    """Move a file or directory, perhaps to another file system. What is there already is what an earlier call has copied in part."""
    if not os.path.lexists(path):
        return
    make_directory(os.path.dirname(place), 0o700)
    try:
        os.rename(path, place)
    except OSError:
        if sys.exc_info()[1].errno != errno.EXDEV:
            raise
        if os.path.isdir(place) and not os.path.islink(place):
            shutil.rmtree(place)
        shutil.move(path, place)


def finish(place, patience):
    """Put aside what the journal there names. Each step can be done again."""
    for name in read_names(place):
        lock = mailman.LockFile.LockFile(os.path.join(mailman.mm_cfg.LOCK_DIR, name + ".lock"), mailman.mm_cfg.LIST_LOCK_LIFETIME)
        patience.again()
        patience.lock(name, name, lock.lock)
        try:
            if mailman.mm_cfg.MTA and mailman.Utils.list_exists(name):
                free_hands = mailman.tie_hands()
                try:
                    tell_mail_server(mailman.MailList.MailList(name, lock=0), "remove")
                finally:
                    free_hands()
            for path, below in belongings(name, Queued()):
                move(path, os.path.join(place, below))
        finally:
            lock.unlock(unconditionally=True)
    unlink_if_there(os.path.join(place, JOURNAL))


def put_aside(lists, label, lock_timeout, check):
    """The request of module mailman_aside: put these lists aside under a label, and finish what an earlier call has left. Lists that are not here are there."""
    mailman.load_settings()
    mailman.load_lists()
    if not LABEL.match(label):
        raise Failure("label: %s can be no name of a directory here. Use letters, digits, and . _ - inside." % readable(label))
    names = sorted(name for name in mailman.Utils.list_names() if readable(name) in lists)
    place = os.path.join(aside(), plain(label))
    unfinished = find_unfinished()
    begun = set().union(*[read_names(one) for one in unfinished])
    coming = sorted(begun.union(names))
    queued = Queued()
    clash = [below for name in names if name not in begun for _path, below in belongings(name, queued) if os.path.lexists(os.path.join(place, below))]
    if clash:
        raise Failure("There is something in %s already: %s. Choose another label." % (readable(place), ", ".join(readable(below) for below in clash)))
    if not check:
        patience = Patience(lock_timeout)
        try:
            for one in unfinished:
                finish(one, patience)
            if names:
                make_directory(aside(), 0o700)
                make_directory(place, 0o700)
                write_whole(os.path.join(place, JOURNAL), json.dumps(names))
                finish(place, patience)
        except EnvironmentError:
            raise Failure("The lists are not all put aside: %s. Run again to finish." % readable(sys.exc_info()[1]))
    return {"lists": [readable(name) for name in coming], "place": readable(place)}
