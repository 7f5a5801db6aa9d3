# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pace of list mail to its destinations: what the inventory says of it, in Exim's words."""

import re

SECONDS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
# Mail that waits for its turn was refused by nobody: Exim does not give it up before somebody has looked at it.
PATIENCE = "30d"
# Where the inventory says how long to wait at first, but not how long at most.
LONGEST_WAIT = "2h"


def parse_time(text):
    """Return the seconds of a time as Exim writes it, as in 1h30m, or None."""
    if not text or not re.match(r"([0-9]{1,6}w)?([0-9]{1,6}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?\Z", text):
        return None
    return sum(int(number) * SECONDS[unit] for number, unit in re.findall(r"([0-9]+)([wdhms])", text))


def show_time(seconds):
    """Return a time as Exim reads it."""
    parts = []
    for unit, length in SECONDS.items():
        number, seconds = divmod(seconds, length)
        parts += ["%d%s" % (number, unit)] if number else []
    return "".join(parts) or "0s"


def parse_pace(text):
    """Return the number of messages, and the seconds in which so many leave, of a pace as in 20/1m, or None."""
    match = re.match(r"([0-9]{1,9}) */ *([0-9wdhms]+)\Z", text)
    seconds = match and parse_time(match.group(2))
    return (int(match.group(1)), seconds) if match and seconds is not None else None


def end_of_rule(rule):
    """Return the seconds after which Exim gives up by a retry rule, or None where it does not say."""
    words = rule.strip().rstrip(";").rpartition(";")[2].split(",")
    return parse_time(words[1].strip()) if len(words) > 1 else None


def back_off(first, longest, end):
    """Return the retry rule of waits that double from the first to the longest."""
    if first >= longest:
        return "F,%s,%s" % (show_time(end), show_time(first))
    wait, reached = first, 0
    while wait < longest and reached < end:
        reached += wait
        wait *= 2
    if reached >= end:
        return "G,%s,%s,2" % (show_time(end), show_time(first))
    return "G,%s,%s,2; F,%s,%s" % (show_time(reached), show_time(first), show_time(end), show_time(longest))


def seconds_to_send(members, most, period):
    """Return how long one post to so many members takes: what a queue run lets pass is never more than the pace's number."""
    return -(-members // most) * period


def destinations(given, retry):
    """Return the destinations of the inventory, each with what Exim's configuration says of it."""
    result = []
    for one in given:
        domains, mx_hosts = ([name.replace(".", r"\.") for name in one.get(key) or ()] for key in ("domains", "mx_hosts"))
        pace = parse_pace(one["pace"]) if one.get("pace") else None
        refusals = back_off(parse_time(one["wait"]), parse_time(one.get("longest_wait") or LONGEST_WAIT), end_of_rule(retry)) if one.get("wait") else retry
        result.append({
            "name": one["name"],
            "domains": " : ".join(one.get("domains") or ()),
            "mx_hosts": "|".join(mx_hosts),
            # A host that fails is looked for by its name, and then by the domain of the mail, each as *@NAME.
            "names": "|".join(domains),
            "period": pace[1] if pace else 0,
            "hosts": "|".join(domains + [r"([^@]*\.)?" + name for name in mx_hosts]),
            "rate": "%d / %s" % (pace[0], show_time(pace[1])) if pace else "",
            "refusals": refusals,
            "others": "F,%s,%s" % (PATIENCE, show_time(pace[1])) if pace else refusals,
            "max_rcpt": int(one.get("recipients_per_message") or 0),
            "connection_max_messages": int(one.get("messages_per_connection") or 0),
            "max_parallel": int(one.get("connections") or 0),
        })
    return result
