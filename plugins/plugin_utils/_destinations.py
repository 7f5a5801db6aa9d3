# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pace of list mail to its destinations: what the inventory says of it, in Exim's words."""

import datetime
import fractions
import re

SECONDS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
# Mail that waits for its turn was refused by nobody: Exim does not give it up before somebody has looked at it.
PATIENCE = "30d"
# Where the inventory says how long to wait at first, but not how long at most.
LONGEST_WAIT = "2h"
# How often Exim looks whether what is beyond a day's number may leave, and how often where one rule is for several destinations, some with their own pace.
NEXT_DAY, NEXT_DAY_IN_SHARED_RULE = "1h", "10m"
# In the domains of a destination: all domains that no destination before it takes.
ALL_OTHERS = "*"
# Exim's configuration has a number for each day.
LONGEST_WARM_UP = 366
DAY = 86400


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


def parse_day(text):
    """Return the number of a day since 1970 as in 2026-12-01, or None."""
    # YAML makes a date of it where it has no quotes.
    match = re.match(r"([0-9]{4})-([0-9]{2})-([0-9]{2})\Z", str(text))
    try:
        return match and (datetime.date(*map(int, match.groups())) - datetime.date(1970, 1, 1)).days
    except ValueError:
        return None


def today():
    """Return the number of this day since 1970, as Exim reckons it: days begin at midnight UTC."""
    return (datetime.datetime.now(datetime.timezone.utc).date() - datetime.date(1970, 1, 1)).days


def numbers_of_days(first, growth, until):
    """Return the number of messages of each day of a warm-up. It ends before the day that would have so many, or when it is too long."""
    numbers, number, growth = [], fractions.Fraction(first), fractions.Fraction(str(growth))
    while number < until and len(numbers) <= LONGEST_WARM_UP:
        numbers.append(int(number))
        number *= growth
    return numbers


def is_warm_up(given):
    """Return whether there is such a warm-up."""
    return parse_day(given["from"]) is not None and given["messages"] > 0 and given["growth"] > 1


def days_left(given):
    """Return the numbers of today and the days after it. Before a warm-up these are all of them, and after it there is none."""
    return numbers_of_days(given["messages"], given["growth"], given["until"])[max(0, today() - parse_day(given["from"])):]


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


def wait_of(period):
    """Return the retry rule of mail that was refused by nobody."""
    return "F,%s,%s" % (PATIENCE, period)


def seconds_to_send(members, most, period):
    """Return how long one post to so many members takes: what a queue run lets pass is never more than the pace's number."""
    return -(-members // most) * period


def days_to_send(members, numbers):
    """Return how many days one post to so many members takes, if it may use all of each day's number. After the last one there is none."""
    days = 1
    for number in numbers:
        members -= number
        if members <= 0:
            break
        days += 1
    return days


def is_for_all_others(one):
    """Return whether a destination takes what no destination before it takes."""
    return ALL_OTHERS in (one.get("domains") or ())


def warm_up(given):
    """Return what Exim's configuration says of a warm-up: the days, and the number of the day that $acl_arg2 is."""
    if not given:
        return {}
    first = parse_day(given["from"])
    numbers = numbers_of_days(int(given["messages"]), given["growth"], int(given["until"]))
    return {
        "days": "${if and{{>={$acl_arg2}{%d}}{<{$acl_arg2}{%d}}}}" % (first, first + len(numbers)),
        "number": "${listextract{${eval10:$acl_arg2-%d}}{<, %s}}" % (first - 1, ", ".join("%d" % number for number in numbers)),
    }


def destinations(given, retry):
    """Return the destinations of the inventory, each with what Exim's configuration says of it."""
    result = []
    for one in given:
        domains, mx_hosts = ([name.replace(".", r"\.") for name in one.get(key) or () if name != ALL_OTHERS] for key in ("domains", "mx_hosts"))
        pace = parse_pace(one["pace"]) if one.get("pace") else None
        refusals = back_off(parse_time(one["wait"]), parse_time(one.get("longest_wait") or LONGEST_WAIT), end_of_rule(retry)) if one.get("wait") else retry
        pause = parse_time(one.get("pause", ""))
        # How often Exim tries again what waits for its turn.
        period = pace[1] if pace else min([parse_time(NEXT_DAY)] * bool(one.get("warm_up")) + [pause] * bool(pause), default=0)
        result.append({
            "name": one["name"],
            "is_for_all_others": is_for_all_others(one),
            "domains": " : ".join(one.get("domains") or ()),
            "mx_hosts": "|".join(mx_hosts),
            # A host that fails is looked for by its name, and then by the domain of the mail, each as *@NAME.
            "names": "|".join(domains),
            "period": period,
            "warm_up": warm_up(one.get("warm_up")),
            "hosts": "|".join(domains + [r"([^@]*\.)?" + name for name in mx_hosts]),
            "rate": "%d / %s" % (pace[0], show_time(pace[1])) if pace else "",
            "refusals": refusals,
            # What waits for its turn.
            "turn": wait_of(show_time(period)) if period else refusals,
            # While a day's number is used up: each try is a line in the log.
            "next_day": wait_of(NEXT_DAY) if one.get("warm_up") and period < parse_time(NEXT_DAY) else "",
            # Whether that has the last retry rule for list mail: by an address alone Exim does not know where it belongs.
            "in_last_rule": bool(period and (mx_hosts or is_for_all_others(one))),
            "next_day_in_last_rule": "",
            "pause": show_time(pause) if pause else "",
            "refusal_texts": "|".join(re.escape(text) for text in one.get("refusal_texts") or ()),
            "max_rcpt": int(one.get("recipients_per_message") or 0),
            "connection_max_messages": int(one.get("messages_per_connection") or 0),
            "max_parallel": int(one.get("connections") or 0),
        })
    sharing = [one for one in result if one["in_last_rule"]]
    longest = NEXT_DAY if all(one["is_for_all_others"] for one in sharing) else NEXT_DAY_IN_SHARED_RULE
    if min((one["period"] for one in sharing), default=0) < parse_time(longest):
        for one in sharing:
            one["next_day_in_last_rule"] = wait_of(longest) if one["warm_up"] else ""
    return result
