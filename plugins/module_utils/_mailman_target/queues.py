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


def read_list_name(path):
    """The list that a message in a queue is for, or None when Mailman could not read it either: then it is in the queue bad."""
    if not os.path.isfile(path):
        return None
    try:
        with open(path, "rb") as handle:
            pickle.load(handle)
            return (pickle.load(handle).get("listname") or mailman.mm_cfg.MAILMAN_SITE_LIST).lower()
    except Exception:
        return None


def readdress_message(path, renamed):
    """Let a message in a queue name a queue of this installation, and its list as it is called here."""
    with open(path, "rb") as handle:
        pickle.load(handle)
        message_ends = handle.tell()
        data = pickle.load(handle)
        handle.seek(0)
        message = handle.read(message_ends)
    wanted = dict(data)
    if "whichq" in data:
        wanted["whichq"] = os.path.join(mailman.mm_cfg.QUEUE_DIR, os.path.basename(data["whichq"]))
    if data.get("listname") in renamed:
        wanted["listname"] = renamed[data["listname"]]
    if wanted != data:
        with open(path + ".tmp", "wb") as handle:
            handle.write(message)
            pickle.dump(wanted, handle, 1)
        os.rename(path + ".tmp", path)


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
