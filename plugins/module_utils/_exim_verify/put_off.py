# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which destinations have put mail off, and since when, by what Exim itself keeps of that (its retry hints)."""

import datetime
import pwd
import re

from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_settings import ask, parse_options

# A line each: the key, numbers of an error, its text; and the times of the first and the last failure and of the next try.
RECORD = re.compile(r" *([RT]):(\S+) -?\d+ -?\d+ (.*)\Z")
TIMES = re.compile(r"(\S+ \S+)  (\S+ \S+)  (\S+ \S+) ?\*? *\Z")
# Whatever the locale.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Exim keeps records of mail that has gone another way, too. What was not tried for so long no longer waits.
RECENT = datetime.timedelta(days=1)
# Characters of a reply that are shown.
LONGEST = 160
# The host itself has mail wait, for a destination of exim_lists_destinations that may have many domains.
OWN_DOING = re.compile(r"(?:at the pace of|warming up|pause after a refusal of) (\w+)")


def parse_time(text):
    """Return the time that Exim writes as in 26-Nov-2026 16:17:27, or None."""
    match = re.match(r"(\d\d)-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d)\Z", text)
    if not match or match.group(2) not in MONTHS:
        return None
    day, month, year, hour, minute, second = match.groups()
    return datetime.datetime(int(year), MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second))


def destination(kind, key):
    """Return what a record is about: the domain of an address, or a host."""
    if kind == "R":
        # After the address there may be a sender.
        return key.partition(":<")[0].rpartition("@")[2]
    return key.partition("]" if key.startswith("[") else ":")[0].strip("[")


def reason(text):
    """Return what the other side said, on one line of a terminal."""
    text = text.replace("\\n", " ").partition("SMTP error from remote mail server ")
    said = re.sub(r"^(after|in reply to) .*?: (?=\d{3}[ -])", "", text[2]) if text[1] else text[0]
    return "".join(char if char.isprintable() else "?" for char in said)[:LONGEST]


def read_records(lines):
    """Yield destination, first failure, last failure, next try and reason of each record."""
    for line, times in zip(lines, lines[1:]):
        record, times = RECORD.match(line), TIMES.match(times)
        moments = [parse_time(one) for one in times.groups()] if record and times else [None]
        if all(moments):
            kind, key, text = record.groups()
            yield (destination(kind, key), *moments, reason(text))


def describe(records, now):
    """Return a line for each destination that has put mail off lately, those with most records first. Domains share one where this host has them wait."""
    found = {}
    for name, first, last, following, said in records:
        if now - last < RECENT:
            own = OWN_DOING.match(said)
            found.setdefault(("own", own.group(1)) if own else ("", name), []).append((first, following, said, name))
    lines = []
    for several in sorted(found.values(), key=lambda several: (-len(several), sorted(one[3] for one in several))):
        said, names = [one[2] for one in several], [one[3] for one in several]
        others = len(set(names)) - 1
        lines.append("%s%s since %s, next try %s: %s%s" % (
            most_frequent(names), " and %d more" % others if others else "", min(one[0] for one in several), min(one[1] for one in several),
            most_frequent(said), " (%d addresses or hosts)" % len(several) if len(several) > 1 else ""))
    return lines


def most_frequent(words):
    """Return what is there most often, and of several the first by the alphabet."""
    return max(sorted(set(words)), key=words.count)


def check_put_off(module, exim, report):
    """See which destinations have put mail off. Exim's own program reads the hints, as Exim's user, who writes them."""
    program = module.get_bin_path("exim_dumpdb")
    options = parse_options(ask(exim, "-bP", "spool_directory", "exim_user"), set())
    if not program or not options.get("spool_directory") or not options.get("exim_user"):
        return
    try:
        user = pwd.getpwnam(options["exim_user"])
    except KeyError:
        return
    if user.pw_uid == 0:
        return
    argv = [module.get_bin_path("timeout", required=True), "60"]
    argv += [module.get_bin_path("setpriv", required=True), "--reuid=%d" % user.pw_uid, "--regid=%d" % user.pw_gid, "--clear-groups", "--"]
    # Without hints it fails, and there is nothing to tell.
    dummy, out, dummy = module.run_command(argv + [program, options["spool_directory"], "retry"], cwd="/", errors="replace")
    lines = describe(read_records(out.splitlines()), datetime.datetime.now())
    report.check("destinations", len(lines), [("put-off", line) for line in lines])
