# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the files in which routers and named lists look addresses and domains up, such as aliases and hubbed_hosts."""

import os
import re

from ansible_collections.listhost.exim_mailman.plugins.module_utils import _trust

# Of one file not more than this.
MOST_OCTETS = 1000000
MOST_KEYS = 1000
TYPES = r"(?P<type>[\w-]*lsearch|dsearch)[*@]*(?:,[\w=,]*)?"
# ${lookup{KEY}lsearch{FILE}, and lsearch;FILE in a list.
EXPANDED = re.compile(r"\{(?P<key>(?:[^{}]|\{[^{}]*\})*)\}\s*" + TYPES + r"\s*\{(?P<path>/[^\s{}$:;]+)\}")
LISTED = re.compile(r"\b" + TYPES + r";\s*(?P<path>/[^\s{}$:;]+)")
# What the key of a line may be; others are no addresses and no domains.
KEY = re.compile(r'"?([\w.+*@=~!#$%&\'^/-]{1,100})"?[ \t]*(?:[: \t]|\Z)')
PROGRAM = re.compile(r'(?:^|[,\s"])[|/]|:include:')
# Lists have these without aliases.
MAILMAN = re.compile(r"/mail/(?:wrapper|mailman)\b")


def uses(routers, lists):
    """Yield (path, type of lookup, local_parts or domains) for each file in which one of them is looked up.

    routers are those of exim_info, lists are its lists of domains.
    """
    for router in routers:
        for option, value in sorted(router["options"].items()):
            for match in EXPANDED.finditer(value) if isinstance(value, str) else ():
                key = match.group("key")
                if "sender" not in key and ("local_part" in key or "domain" in key):
                    yield match.group("path"), match.group("type"), "local_parts" if "local_part" in key else "domains"
            for match in LISTED.finditer(value or "") if option in ("domains", "local_parts") else ():
                yield match.group("path"), match.group("type"), option
    for dummy, value in sorted(lists.items()):
        for match in LISTED.finditer(value or ""):
            yield match.group("path"), match.group("type"), "domains"


def lines_of(path):
    """Return the lines of a file, each with those that continue it."""
    with open(path, "rb") as stream:
        text = stream.read(MOST_OCTETS).decode("utf-8", "replace")
    return re.sub(r"\n[ \t]+", " ", text).split("\n")


def entries(path, kind):
    """Return {key: value} of a file, or of the names in a directory. Nothing where there is none, or where others than root could have chosen it."""
    try:
        path = _trust.resolve(path)
        if kind == "dsearch":
            return dict.fromkeys(sorted(os.listdir(path)), "")
        lines = lines_of(path) if os.path.isfile(path) else []
    except (_trust.Untrusted, OSError):
        return {}
    found = {}
    for line in lines:
        match = KEY.match(line)
        if match and not line.startswith("#"):
            found.setdefault(match.group(1), line[match.end():].strip())
    return found


def look_up(routers, lists):
    """Return what is in the files, as exim_info returns it."""
    found = []
    for path, kind, keys in dict.fromkeys(uses(routers, lists)):
        items = list(entries(path, kind).items())[:MOST_KEYS]
        if items:
            found.append(dict(path=path, of=keys, names=[key for key, dummy in items],
                              programs=[key for key, value in items if PROGRAM.search(value) and not MAILMAN.search(value)],
                              lists=[key for key, value in items if MAILMAN.search(value)]))
    return found
