# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether SPF allows an address to send mail of a domain."""

import pytest
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._dns_ask import Answer, Unanswered
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._dns_spf import evaluate

OTHERS = {
    ("a.example", "A"): ["192.0.2.1"], ("a.example", "AAAA"): ["2001:db8::1"],
    ("mx.example", "MX"): [(10, "a.example"), (20, "")],
    ("many.example", "MX"): [(10, "%d.example" % number) for number in range(11)],
    ("in.example", "TXT"): ["v=spf1 ip4:192.0.2.1 -all"],
    ("soft.example", "TXT"): ["v=spf1 ~all"],
    ("loop.example", "TXT"): ["v=spf1 include:loop.example -all"],
    ("round.example", "TXT"): ["v=spf1 redirect=round.example"],
    ("two.example", "TXT"): ["v=spf1 -all", "v=spf1 +all"],
}


def result(record, address="192.0.2.1", **others):
    known = dict(OTHERS, **others)
    known["x.example", "TXT"] = record if isinstance(record, list) else [record]

    def ask(name, kind):
        if name == "silent.example":
            raise Unanswered("silence")
        return Answer(known.get((name, kind), []), False, "")

    return evaluate(address, "x.example", ask)


@pytest.mark.parametrize(("record", "wanted"), [
    ("v=spf1 ip4:192.0.2.1 -all", "pass"), ("v=spf1 ip4:192.0.2.0/24 -all", "pass"), ("V=SPF1 IP4:192.0.2.1 -ALL", "pass"), ("v=spf1 +all", "pass"),
    ("v=spf1 all", "pass"), ("v=spf1 ip4:192.0.2.2 -all", "fail"), ("v=spf1 ip4:192.0.2.2 ~all", "softfail"), ("v=spf1 ?all", "neutral"), ("v=spf1", "neutral"),
    ("v=spf1 -ip4:192.0.2.1 +all", "fail"), ("v=spf1 ip6:2001:db8::1 -all", "fail"),
    ("v=spf1 a:a.example -all", "pass"), ("v=spf1 a -all", "fail"), ("v=spf1 a:a.example/24//64 -all", "pass"), ("v=spf1 mx:mx.example -all", "pass"),
    ("v=spf1 mx -all", "fail"),
    ("v=spf1 include:in.example -all", "pass"), ("v=spf1 include:soft.example -all", "fail"), ("v=spf1 redirect=in.example", "pass"),
    ("v=spf1 redirect=in.example -all", "fail"), ("v=spf1 exp=why.example -all", "fail"), ("v=spf1 unknown=x ip4:192.0.2.1", "pass"),
    (["something else", "v=spf10 +all", "v=spf1 -all"], "fail"), (["something else"], "none"), ([], "none"),
    # What needs more than an address and a domain.
    ("v=spf1 exists:%{i}.x.example -all", "unknown"), ("v=spf1 ptr -all", "unknown"), ("v=spf1 ip4:192.0.2.1 ptr -all", "pass"),
    ("v=spf1 include:%{d}.x.example -all", "unknown"), ("v=spf1 redirect=%{d}.x.example", "unknown"),
])
def test_results(record, wanted):
    assert result(record) == (wanted, "")


@pytest.mark.parametrize(("record", "wanted"), [
    ("v=spf1 ip6:2001:db8::/32 -all", "pass"), ("v=spf1 ip4:192.0.2.1 -all", "fail"), ("v=spf1 a:a.example -all", "pass"),
    ("v=spf1 a:a.example//128 -all", "pass"), ("v=spf1 mx:mx.example -all", "pass"),
])
def test_ipv6(record, wanted):
    assert result(record, "2001:db8::1") == (wanted, "")


def test_networks_around_hosts():
    assert result("v=spf1 a:a.example/24 -all", "192.0.2.77") == ("pass", "")
    assert result("v=spf1 a:a.example -all", "192.0.2.77") == ("fail", "")
    assert result("v=spf1 a:a.example/24//64 -all", "2001:db8::77") == ("pass", "")
    assert result("v=spf1 a:a.example/24 -all", "2001:db8::77") == ("fail", "")


@pytest.mark.parametrize(("record", "words"), [
    (["v=spf1 -all", "v=spf1 +all"], "x.example has 2 records"), ("v=spf1 include:two.example -all", "two.example has 2 records"),
    ("v=spf1 include:none.example -all", "include:none.example leads to no record"),
    ("v=spf1 redirect=none.example", "redirect=none.example leads to no record"),
    ("v=spf1 ipv4:192.0.2.1 -all", "ipv4:192.0.2.1 is no mechanism"), ("v=spf1 ip4:192.0.2.256 -all", "ip4:192.0.2.256 is no network"),
    ("v=spf1 mx:many.example -all", "many.example has more than 10 MX records"),
    ("v=spf1 include:loop.example -all", "more than 10 lookups"), ("v=spf1 redirect=round.example", "more than 10 lookups"),
    ("v=spf1 " + 11 * "a:b.example " + "-all", "more than 10 lookups"),
])
def test_records_with_which_nobody_can_do_anything(record, words):
    found, why = result(record)
    assert found == "permerror" and words in why


def test_ten_lookups_will_do():
    assert result("v=spf1 " + 10 * "a:b.example " + "-all") == ("fail", "")


def test_silence_is_no_result():
    with pytest.raises(Unanswered):
        result("v=spf1 include:silent.example -all")
