# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the list host, as root: `fill LISTS MEGABYTES` gives the lists archives; `watch SECONDS` looks at what is new until /tmp/stop is there.

What it has seen it prints as JSON: the memory that all new processes of a program had together at most, and the longest time that a list was locked.
"""

import base64
import json
import os
import pwd
import sys
import time

MAILMAN = "/var/lib/mailman"
PAGE = os.sysconf("SC_PAGE_SIZE")
POST = 4096
# So much of all archives is one list's.
LARGEST = 0.1
# Seconds between two looks.
GRAIN = 0.005
# The master of the queue runners has one always.
OTHER_LOCKS = ("master-qrunner",)


def post():
    # As well compressed as text in a natural language, or less; never the same twice.
    return base64.encodebytes(os.urandom(POST * 3 // 4 - 64))


def fill(lists, megabytes):
    """Half of an archive is its mbox, the other half are pages, one a post."""
    user = pwd.getpwnam("list")
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.umask(0o002)
    size = megabytes * 10 ** 6
    for number in range(lists):
        name = "bench-%04d" % number
        own = size * LARGEST if number == 0 else size * (1 - LARGEST) / (lists - 1)
        place = "%s/archives/private/%s" % (MAILMAN, name)
        os.makedirs(place + "/2026-November")
        with open("%s.mbox/%s.mbox" % (place, name), "wb") as mbox:
            for page in range(int(own / 2 / POST)):
                text = post()
                mbox.write(b"From somebody\n" + text)
                with open("%s/2026-November/%06d.html" % (place, page), "wb") as handle:
                    handle.write(text)


def new_processes(old):
    """The program and the memory of each process that is not among the old ones."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if pid not in old:
            try:
                with open("/proc/%s/stat" % pid, encoding="latin-1") as stat:
                    before, _paren, after = stat.read().rpartition(")")
                yield before.partition("(")[2], int(after.split()[21]) * PAGE
            except OSError:
                continue


def watch(limit):
    old = {pid for pid in os.listdir("/proc") if pid.isdigit()}
    memory, locked, longest = {}, {}, 0.0
    looks, slowest, last = 0, 0.0, time.monotonic()
    end = last + limit
    while not os.path.exists("/tmp/stop") and last < end:
        now = time.monotonic()
        slowest, last, looks = max(slowest, now - last), now, looks + 1
        locks = {name[:-5] for name in os.listdir(MAILMAN + "/locks") if name.endswith(".lock")}.difference(OTHER_LOCKS, ["<site>"])
        for name in list(locked):
            if name not in locks:
                longest = max(longest, now - locked.pop(name))
        for name in locks:
            locked.setdefault(name, now)
        if looks % 10 == 0:
            found = {}
            for program, size in new_processes(old):
                found[program] = found.get(program, 0) + size
            for program, size in found.items():
                memory[program] = max(memory.get(program, 0), size)
        time.sleep(GRAIN)
    memory = {name: size / 1e6 for name, size in memory.items()}
    print(json.dumps({"memory": memory, "locked": longest, "slowest_look": slowest, "still_locked": sorted(locked)}))


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        fill(int(sys.argv[2]), int(sys.argv[3]))
    else:
        watch(int(sys.argv[2]))
