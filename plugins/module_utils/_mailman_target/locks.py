# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Locks of lists: to take them, and to name who holds them."""

from __future__ import absolute_import, division, print_function

import errno
import os
import re
import socket
import sys
import time

from . import mailman
from .faults import Failure
from .processes import is_running, read_command


class Patience(object):
    """Waits for the locks of lists that others hold, for so many seconds in one call, or from again() on."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.again()
        wait = mailman.LockFile.LockFile.lock

        def lock(lock_file, timeout=0):
            # Zero would wait without end, and Mailman itself calls it so in places.
            wait(lock_file, timeout or max(self.deadline - time.time(), 0.01))

        mailman.LockFile.LockFile.lock = lock

    def again(self):
        """Wait as long again for what comes next."""
        self.deadline = time.time() + self.seconds

    def lock(self, name, lock_name, take):
        """Take a lock for a list; what a process that was killed has left in its place is removed before."""
        lock_path = os.path.join(mailman.mm_cfg.LOCK_DIR, lock_name + ".lock")
        holder = read_lock(lock_path)
        if holder and holder["dead"]:
            break_lock(lock_path, holder)
        try:
            take()
        except mailman.LockFile.TimeOutError:
            raise Failure(describe_lock(name, lock_path, read_lock(lock_path)))


def read_lock(lock_path):
    """Who holds a lock: claim (the file it was taken with), host, pid, and whether that process is known to be dead."""
    try:
        with open(lock_path) as handle:
            claim = handle.read()
    except IOError:
        return None
    match = re.match(r"\.(.+)\.(\d+)\.\d+$", claim[len(lock_path):])  # fmt: skip
    if not match:
        return {"claim": claim, "host": None, "pid": None, "dead": False}
    host, pid = match.group(1), int(match.group(2))
    return {"claim": claim, "host": host, "pid": pid, "dead": host == socket.gethostname() and not is_running(pid)}


def break_lock(lock_path, holder):
    """Remove the lock of a process that is dead."""
    for path in (lock_path, holder["claim"]):
        try:
            os.unlink(path)
        except OSError:
            if sys.exc_info()[1].errno != errno.ENOENT:
                raise


def describe_lock(name, lock_path, holder):
    """What to tell the administrator about a lock that was not given up in time."""
    if not holder:
        return "The list %s was locked by others all the time: run again." % name
    if not holder["pid"]:
        return "The list %s is locked by %s. When that is not in use any more, remove %s." % (
            name, holder["claim"] or "an unknown process", lock_path,
        )  # fmt: skip
    return "The list %s is locked by process %d (%s) on host %s. Run again when it has ended; if it does not use Mailman, remove %s." % (
        name, holder["pid"], read_command(holder["pid"]).strip(), holder["host"], lock_path,
    )  # fmt: skip
