# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Mailman's log tells of bounces that did not count against a member: those that role mailman's ListhostBounceRunner logs."""

from __future__ import absolute_import, division, print_function

import io
import os
import re
import time

from . import mailman
from .known import BOUNCE_RUNNER

LINE = re.compile(
    r"(?P<time>\w{3} [\d ]\d \d\d:\d\d:\d\d \d{4}) \(\d+\) (?P<list>\S+): (?P<member>\S+) "
    r"(?:not scored: (?P<code>[45]\.7\.\d+) from (?P<receiver>\S+) about mail of (?P<sender>\S+)|stays enabled: .*)$"
)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# What is older than this says nothing about today.
DAYS_OF_BOUNCES = 7
DAYS_OF_STOPS = 2

# Of the reasons these many, the most frequent ones, are told.
REASONS = 3


def seconds_of(stamp):
    """When a line was logged. Mailman's months are English, whatever the locale."""
    month, day, clock, year = stamp.split()
    try:
        return time.mktime((int(year), MONTHS.index(month) + 1, int(day)) + tuple(int(part) for part in clock.split(":")) + (0, 0, -1))
    except (OverflowError, ValueError):
        return 0


def read_log(lines, now):
    """What the lines tell of each list: (policy bounces as (member, code, receiver, sender), members who stayed enabled)."""
    found = {}
    for line in lines:
        match = LINE.match(line)
        if not match:
            continue
        age = (now - seconds_of(match.group("time"))) / 86400
        spared, kept = found.setdefault(match.group("list"), ([], set()))
        if match.group("code"):
            if age < DAYS_OF_BOUNCES:
                spared.append(match.group("member", "code", "receiver", "sender"))
        elif age < DAYS_OF_STOPS:
            kept.add(match.group("member"))
    return found


def most_frequent(things):
    """The most frequent things, each with how often it is there."""
    counts = {}
    for thing in things:
        counts[thing] = counts.get(thing, 0) + 1
    return [[thing, counts[thing]] for thing in sorted(counts, key=lambda thing: (-counts[thing], thing))[:REASONS]]


def gather_bounces():
    """What did not count against members: of each list that has any, by its name."""
    found = {}
    for log in ("bounce.1", "bounce"):
        path = os.path.join(mailman.mm_cfg.LOG_DIR, log)
        # A tool that somebody ran as root may have made it.
        if os.path.isfile(path) and os.access(path, os.R_OK):
            with io.open(path, encoding="latin-1") as lines:
                for name, (spared, kept) in read_log(lines, time.time()).items():
                    of_list = found.setdefault(name, ([], set()))
                    of_list[0].extend(spared)
                    of_list[1].update(kept)
    return {
        "guarded": BOUNCE_RUNNER in [runner[0] for runner in mailman.mm_cfg.QRUNNERS],
        "lists": [
            {
                "name": name,
                "policy_bounces": len(spared),
                "members": len(set(bounce[0] for bounce in spared)),
                "reasons": most_frequent("%s from %s" % bounce[1:3] for bounce in spared),
                "senders": most_frequent(bounce[3] for bounce in spared),
                "kept": sorted(kept),
            }
            for name, (spared, kept) in sorted(found.items())
            if spared or kept
        ],
    }
