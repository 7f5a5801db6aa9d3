# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Queues, and the processes that empty them."""

from __future__ import absolute_import, division, print_function

import os
import re

try:
    import cPickle as pickle
except ImportError:
    import pickle

from . import mailman
from .processes import read_command

# Files of a queue: waiting, being processed, and kept after a failure.
QUEUE_ENDINGS = (".pck", ".bak", ".psv")

RUNNER = re.compile(r"(\S+)/qrunner --runner=(\w+):")


def find_queued(directory):
    """The files of each list in all queues; those without a list are for the site list."""
    found = {}
    for queue in os.listdir(directory):
        for entry in os.listdir(os.path.join(directory, queue)):
            if entry.endswith(QUEUE_ENDINGS):
                try:
                    with open(os.path.join(directory, queue, entry), "rb") as handle:
                        pickle.load(handle)
                        name = pickle.load(handle).get("listname")
                except Exception:
                    # What Mailman could not read either is in the queue bad.
                    continue
                found.setdefault((name or mailman.mm_cfg.MAILMAN_SITE_LIST).lower(), []).append("qfiles/%s/%s" % (queue, entry))
    return found


def readdress_shunted(check):
    """Let each message in queue shunt that came from another installation name the queue of this one into which unshunt is to put it.

    The request of module mailman_shunted: the names of those messages.
    """
    mailman.load_settings()
    # As Mailman has its queues.
    os.umask(0o007)
    directory = mailman.mm_cfg.SHUNTQUEUE_DIR
    messages = []
    for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else ():
        path = os.path.join(directory, name)
        with open(path, "rb") as handle:
            pickle.load(handle)
            message_ends = handle.tell()
            data = pickle.load(handle)
            handle.seek(0)
            message = handle.read(message_ends)
        queue = os.path.join(mailman.mm_cfg.QUEUE_DIR, os.path.basename(data.get("whichq", "")))
        if data.get("whichq", queue) == queue:
            continue
        messages.append(name)
        if not check:
            data["whichq"] = queue
            with open(path + ".tmp", "wb") as handle:
                handle.write(message)
                pickle.dump(data, handle, 1)
            os.rename(path + ".tmp", path)
    return {"messages": messages}


def gather_queues():
    """How many messages wait in every queue; shunt and bad are those that Mailman gave up on."""
    return dict(
        (queue, len([name for name in os.listdir(os.path.join(mailman.mm_cfg.QUEUE_DIR, queue)) if name.endswith(QUEUE_ENDINGS)]))
        for queue in os.listdir(mailman.mm_cfg.QUEUE_DIR)
        if os.path.isdir(os.path.join(mailman.mm_cfg.QUEUE_DIR, queue))
    )


def gather_runners():
    """Whether the master process runs, and which of the queue runners that mm_cfg.py names."""
    try:
        with open(mailman.mm_cfg.PIDFILE) as handle:
            master = int(handle.read())
    except (IOError, ValueError):
        master = None
    if master is not None and "mailmanctl" not in read_command(master):
        # Stopping Mailman leaves the file, and the number may have gone to another process.
        master = None
    wanted, running = {}, {}
    for name, count in mailman.mm_cfg.QRUNNERS:
        wanted[name] = count
    for pid in os.listdir("/proc"):
        match = pid.isdigit() and RUNNER.search(read_command(pid))
        if match and match.group(1) == mailman.mm_cfg.BIN_DIR:
            running[match.group(2)] = running.get(match.group(2), 0) + 1
    return {
        "master_pid": master,
        "running": sorted(running),
        "missing": sorted(name for name in wanted if running.get(name, 0) < wanted[name]),
    }
