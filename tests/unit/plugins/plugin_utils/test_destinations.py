# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

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
        "names": r"a\.test", "period": 60, "rate": "20 / 1m", "refusals": "G,1h15m,5m,2; F,4d,1h", "others": "F,30d,1m", "max_rcpt": 0,
        "connection_max_messages": 0, "max_parallel": 2,
    }
    assert small == {
        "name": "small", "domains": "c.test : d.test", "mx_hosts": "", "hosts": r"c\.test|d\.test", "names": r"c\.test|d\.test", "period": 0, "rate": "",
        "refusals": "F,4d,6h", "others": "F,4d,6h", "max_rcpt": 50, "connection_max_messages": 3, "max_parallel": 0,
    }
