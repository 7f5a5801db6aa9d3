# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import datetime

import pytest
from ansible_collections.listhost.exim_mailman.plugins.filter.destinations import FilterModule
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _destinations as destinations


@pytest.mark.parametrize(("text", "seconds"), [
    ("1m", 60), ("1h30m", 5400), ("1w1d1h1m1s", 694861), ("0s", 0), ("90s", 90), ("", None), ("1", None), ("m", None), ("1m1h", None), ("1m\n", None),
    ("-1m", None), ("1.5h", None), (" 1m", None), ("1234567s", None), ("\u0661m", None),
])
def test_times(text, seconds):
    assert destinations.parse_time(text) == seconds
    if seconds is not None:
        assert destinations.parse_time(destinations.show_time(seconds)) == seconds


@pytest.mark.parametrize(("text", "pace"), [
    ("20/1m", (20, 60)), ("600 / 1h", (600, 3600)), ("0/1m", (0, 60)), ("1/0s", (1, 0)), ("20", None), ("/1m", None), ("20/", None), ("20/1m/2", None),
    ("20/ 1m\n", None),
])
def test_paces(text, pace):
    assert destinations.parse_pace(text) == pace


@pytest.mark.parametrize(("text", "day"), [
    ("1970-01-01", 0), ("2026-12-01", 20788), (datetime.date(2026, 12, 1), 20788), ("2026-02-29", None), ("2026-13-01", None), ("0000-01-01", None),
    ("2026-12-1", None), ("2026-12-01\n", None), ("1.12.2026", None), ("tomorrow", None), (datetime.datetime(2026, 12, 1), None), (20261201, None), ("", None),
])
def test_days(text, day):
    assert destinations.parse_day(text) == day


def test_today():
    """By UTC, as Exim reckons it."""
    before, today, after = (int(datetime.datetime.now().timestamp()) // 86400, destinations.today(), int(datetime.datetime.now().timestamp()) // 86400)
    assert today in (before, after)


@pytest.mark.parametrize(("first", "growth", "until", "numbers"), [
    (500, 1.5, 2000, [500, 750, 1125, 1687]), (500, "2", 2000, [500, 1000]), (1, 1.1, 2, [1, 1, 1, 1, 1, 1, 1, 1]), (10, 1.1, 12, [10, 11]), (500, 2, 500, []),
])
def test_numbers_of_days(first, growth, until, numbers):
    assert destinations.numbers_of_days(first, growth, until) == numbers


def test_a_warm_up_that_has_no_end():
    assert len(destinations.numbers_of_days(1, 1.0001, 1000)) == destinations.LONGEST_WARM_UP + 1


@pytest.mark.parametrize(("day", "numbers"), [(20780, [10, 20, 40]), (20788, [10, 20, 40]), (20790, [40]), (20791, []), (30000, [])])
def test_what_is_left_of_a_warm_up(monkeypatch, day, numbers):
    monkeypatch.setattr(destinations, "today", lambda: day)
    assert destinations.days_left({"from": "2026-12-01", "messages": 10, "growth": 2.0, "until": 80}) == numbers


@pytest.mark.parametrize(("members", "numbers", "days"), [
    (0, [10, 20], 1), (10, [10, 20], 1), (11, [10, 20], 2), (30, [10, 20], 2), (31, [10, 20], 3), (9, [], 1),
])
def test_how_many_days_a_post_takes(members, numbers, days):
    assert destinations.days_to_send(members, numbers) == days


@pytest.mark.parametrize(("rule", "end"), [
    ("F,2h,15m; G,16h,1h,1.5; F,4d,6h", 345600), ("F,2h,15m;", 7200), ("G,16h , 1h,1.5 ; ", 57600), ("F, 1w,1h", 604800), ("H", None), ("F,soon,1h", None),
])
def test_when_exim_gives_up(rule, end):
    assert destinations.end_of_rule(rule) == end


@pytest.mark.parametrize(("first", "longest", "end", "rule"), [
    (300, 7200, 345600, "G,2h35m,5m,2; F,4d,2h"), (60, 60, 345600, "F,4d,1m"), (7200, 60, 345600, "F,4d,2h"), (3600, 86400, 10800, "G,3h,1h,2"),
    (1, 4, 60, "G,3s,1s,2; F,1m,4s"),
])
def test_waits_that_double(first, longest, end, rule):
    assert destinations.back_off(first, longest, end) == rule


@pytest.mark.parametrize(("members", "most", "period", "seconds"), [(0, 20, 60, 0), (1, 20, 60, 60), (20, 20, 60, 60), (21, 20, 60, 120), (500, 20, 60, 1500)])
def test_how_long_a_post_takes(members, most, period, seconds):
    assert destinations.seconds_to_send(members, most, period) == seconds


def test_words_of_exim():
    make = FilterModule().filters()["destinations"]
    assert make([], "F,4d,6h") == []
    big, small = make([
        {"name": "big", "domains": ["a.test"], "mx_hosts": ["mx-1.big.test", "b.test"], "pace": "20/1m", "wait": "5m", "longest_wait": "1h",
         "connections": "2"},
        {"name": "small", "domains": ["c.test", "d.test"], "recipients_per_message": 50, "messages_per_connection": 3},
    ], "F,4d,6h")
    assert big == {
        "name": "big", "domains": "a.test", "mx_hosts": r"mx-1\.big\.test|b\.test", "hosts": r"a\.test|([^@]*\.)?mx-1\.big\.test|([^@]*\.)?b\.test",
        "names": r"a\.test", "period": 60, "rate": "20 / 1m", "refusals": "G,1h15m,5m,2; F,4d,1h", "turn": "F,30d,1m", "max_rcpt": 0,
        "connection_max_messages": 0, "max_parallel": 2, "warm_up": {}, "pause": "", "refusal_texts": "",
        "next_day": "", "is_for_all_others": False, "in_last_rule": True, "next_day_in_last_rule": "",
    }
    assert small == {
        "name": "small", "domains": "c.test : d.test", "mx_hosts": "", "hosts": r"c\.test|d\.test", "names": r"c\.test|d\.test", "period": 0, "rate": "",
        "refusals": "F,4d,6h", "turn": "F,4d,6h", "max_rcpt": 50, "connection_max_messages": 3, "max_parallel": 0, "warm_up": {}, "pause": "",
        "refusal_texts": "", "next_day": "", "is_for_all_others": False, "in_last_rule": False, "next_day_in_last_rule": "",
    }


@pytest.mark.parametrize(("given", "turn"), [({}, "F,30d,10m"), ({"pace": "20/1m"}, "F,30d,1m"), ({"pause": "2h"}, "F,30d,2h")])
def test_words_of_exim_for_a_pause(given, turn):
    one = {"name": "big", "domains": ["a.test"], "pause": "10m", "refusal_texts": ["4.7.28", "unusual rate (x)"], **given}
    made = destinations.destinations([one], "F,4d,6h")[0]
    assert (made["pause"], made["refusal_texts"], made["turn"]) == (one["pause"], r"4\.7\.28|unusual\ rate\ \(x\)", turn)
    assert (made["refusals"], made["next_day"]) == ("F,4d,6h", "")


WARM_UP = {"from": datetime.date(2026, 12, 1), "messages": "10", "growth": "1.5", "until": "30"}


@pytest.mark.parametrize(("pace", "period", "turn", "next_day", "by_mail_servers"), [
    (None, 3600, "F,30d,1h", "", ""), ("20/1m", 60, "F,30d,1m", "F,30d,1h", "F,30d,10m"), ("20/15m", 900, "F,30d,15m", "F,30d,1h", ""),
    ("500/2h", 7200, "F,30d,2h", "", ""),
])
def test_words_of_exim_for_a_warm_up(pace, period, turn, next_day, by_mail_servers):
    given = {"name": "big", "domains": ["a.test"], "warm_up": WARM_UP, **({"pace": pace} if pace else {})}
    made = destinations.destinations([given], "F,4d,6h")[0]
    assert made["warm_up"] == {
        "days": "${if and{{>={$acl_arg2}{20788}}{<{$acl_arg2}{20791}}}}", "number": "${listextract{${eval10:$acl_arg2-20787}}{<, 10, 15, 22}}",
    }
    assert [made[name] for name in ("period", "turn", "next_day", "next_day_in_last_rule")] == [period, turn, next_day, ""]
    made = destinations.destinations([{**given, "mx_hosts": ["big.test"]}], "F,4d,6h")[0]
    assert [made[name] for name in ("turn", "next_day", "next_day_in_last_rule")] == [turn, next_day, by_mail_servers]
    # The last rule is its own.
    made = destinations.destinations([{**given, "domains": ["*"]}], "F,4d,6h")[0]
    assert [made[name] for name in ("turn", "next_day_in_last_rule")] == [turn, next_day]


def test_words_of_exim_for_all_other_domains():
    small, others = destinations.destinations([
        {"name": "small", "domains": ["c.test"], "pace": "20/1m"}, {"name": "others", "domains": ["*"], "wait": "5m", "longest_wait": "1h", "pace": "60/1m"},
    ], "F,4d,6h")
    names = ("is_for_all_others", "in_last_rule", "domains", "names", "hosts", "rate", "refusals", "turn")
    assert [others[name] for name in names] == [True, True, "*", "", "", "60 / 1m", "G,1h15m,5m,2; F,4d,1h", "F,30d,1m"]
    assert [small[name] for name in names[:3]] == [False, False, "c.test"]
    # What only waits after a refusal has no turn.
    assert not destinations.destinations([{"name": "others", "domains": ["*"], "wait": "5m"}], "F,4d,6h")[0]["in_last_rule"]


def test_several_destinations_in_the_last_rule():
    """It is as often as the one with the shortest time needs it, and less often while one waits for the next day."""
    given = [{"name": "big", "mx_hosts": ["big.test"], "pace": "20/1m"}, {"name": "others", "domains": ["*"], "warm_up": WARM_UP}]
    assert [one["next_day_in_last_rule"] for one in destinations.destinations(given, "F,4d,6h")] == ["", "F,30d,10m"]
    given[0]["pace"] = "300/15m"
    assert [one["next_day_in_last_rule"] for one in destinations.destinations(given, "F,4d,6h")] == ["", ""]
