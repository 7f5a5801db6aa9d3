# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the DNS against what an inventory asks for. molecule/deliverability has the same with a name server, record by record."""

import pytest
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _dns_compare as compare
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _dns_records as records
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._dns_ask import Answer, Unanswered
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._dns_inventory import names

HOST, LIST = "lists.example.com", "list.example.com"
KEYS = {"lists._domainkey.list.example.com": "v=DKIM1; k=rsa; p=AAAA"}
TLSA = "3 1 1 " + 64 * "0"
VARIABLES = {
    "mailman_email_host": LIST, "listhost_dns_addresses": ["192.0.2.1", "2001:db8::1"], "exim_dkim_domains": [LIST],
    "listhost_dns_mail_exchangers": [HOST, "mx.test"],
    "listhost_dns_dmarc_reports": "d@example.com", "listhost_dns_mta_sts": "testing", "exim_tls_certificate": "/c", "mailman_web_certificate": "/c",
    "listhost_dns_tls_reports": "t@example.com",
    "listhost_dns_tlsa": [TLSA], "listhost_dns_caa": ["ca.example"], "listhost_dns_old_dkim_selectors": ["old"],
    "exim_dnsbls": ["bl.test", "some.test=127.0.0.3"],
}
GROUPS = {"list_hosts": [HOST]}


def inventory(**variables):
    return names(GROUPS, {HOST: dict(VARIABLES, **variables)})


def published(wanted):
    """Return a DNS that has what is asked for."""
    dns = {("mx.test", "A"): ["192.0.2.2"]}
    for record in records.records(wanted, {HOST: KEYS}):
        dns.setdefault((record.name, record.type), []).append(record.value)
    return dns


def found(changes=(), keys=None, silent=(), unsigned=(), aliases=(), **variables):
    """Return the kinds of findings, each with what was found, and the report."""
    wanted = inventory(**variables)
    dns = {**published(wanted), **dict(changes)}

    def ask(name, kind):
        if name in silent:
            raise Unanswered("%s %s: silence" % (name, kind))
        return Answer(dns.get((name, kind), []), name not in unsigned, dict(aliases).get(name, ""))

    report = compare.compare(wanted, HOST, KEYS if keys is None else keys, ask)
    return {one["fault"]: one["found"] for one in report.faults() + report.advice()}, report


def test_all_is_well():
    kinds, report = found()
    assert kinds == {}
    assert {check["check"][5:]: check["tested"] for check in report.checks} == {
        "MX": 1, "other mail exchangers": 1, "addresses": 1, "names of addresses": 2, "SPF": 2, "DKIM": 1, "signed mail": 1, "old DKIM keys": 1, "DMARC": 1,
        "MTA-STS": 1, "web pages": 1, "web server of MTA-STS": 1, "TLSRPT": 1, "TLSA": 1, "CAA": 1, "DNSSEC": 2, "block lists": 4,
    }


SPF = "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 ~all"
DMARC = "v=DMARC1; p=none; rua=mailto:d@example.com"
PTR = "1.2.0.192.in-addr.arpa"
DKIM = "lists._domainkey." + LIST
# What the DNS has instead: the kind that is found, and its words.
CASES = [
    ({(LIST, "MX"): [(10, HOST)]}, "wrong-mx", [
        "list.example.com MX: mx.test is not in the DNS", "list.example.com: the policy of MTA-STS has hosts that are in no MX record: mx.test"]),
    ({(LIST, "MX"): [(10, HOST), (20, "mx.test"), (30, "x.test")]}, "wrong-mx", ["list.example.com MX: the DNS has x.test, and the inventory does not"]),
    ({(LIST, "MX"): [(0, "")]}, "wrong-mx", [
        "list.example.com MX: the DNS has that there is none (null MX), and the inventory does not", "list.example.com MX: lists.example.com is not in the DNS",
        "list.example.com MX: mx.test is not in the DNS",
        "list.example.com: the policy of MTA-STS has hosts that are in no MX record: lists.example.com, mx.test"]),
    # Others may order them as they like.
    ({(LIST, "MX"): [(5, "mx.test"), (7, HOST)]}, None, None),
    ({("mx.test", "A"): []}, "lost-exchanger", ["mx.test has no address"]),
    ({(HOST, "A"): ["192.0.2.9"]}, "wrong-address", ["lists.example.com: the DNS has 192.0.2.9, and the inventory does not",
                                                     "lists.example.com: 192.0.2.1 is not in the DNS"]),
    ({(HOST, "AAAA"): []}, "wrong-address", ["lists.example.com: 2001:db8::1 is not in the DNS"]),
    ({(PTR, "PTR"): []}, "wrong-ptr", ["192.0.2.1 is without a name, not lists.example.com"]),
    ({(PTR, "PTR"): ["a.test", "b.test"]}, "wrong-ptr", ["192.0.2.1 is a.test and b.test, not lists.example.com"]),
    ({(PTR, "PTR"): ["a.test", HOST]}, None, None),
    ({(LIST, "TXT"): ["something"]}, "no-spf", [LIST]),
    ({(HOST, "TXT"): []}, "no-spf", [HOST]),
    ({(LIST, "TXT"): ["v=spf1 ip4:192.0.2.1 ~all"]}, "wrong-spf", ["list.example.com: softfail for 2001:db8::1"]),
    ({(LIST, "TXT"): ["v=spf1 include:none.test ~all"]}, "wrong-spf", ["list.example.com: permerror for 192.0.2.1 (include:none.test leads to no record)"]),
    ({(LIST, "TXT"): ["v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 all"]}, "open-spf", ["list.example.com: pass for 198.51.100.77"]),
    # In other words, and in more of them.
    ({(LIST, "TXT"): ["x", "v=spf1 mx a:lists.example.com -all"]}, None, None),
    ({(LIST, "TXT"): ["v=spf1 exists:%{i}.test -all"]}, None, None),
    ({(DKIM, "TXT"): []}, "no-dkim", [DKIM]),
    ({(DKIM, "TXT"): ["v=DKIM1; p=BBBB"]}, "wrong-dkim", [DKIM + " has another key"]),
    ({(DKIM, "TXT"): ["v=DKIM1; p="]}, "wrong-dkim", [DKIM + " has another key: none, which takes it back"]),
    ({(DKIM, "TXT"): 2 * ["v=DKIM1; p=AAAA"]}, "wrong-dkim", [DKIM + " has 2 records"]),
    ({(DKIM, "TXT"): ["p=AA AA; k=rsa"]}, None, None),
    ({("old._domainkey." + LIST, "TXT"): ["v=DKIM1; p="]}, "old-key", ["old._domainkey." + LIST]),
    ({("_dmarc." + LIST, "TXT"): []}, "no-dmarc", ["_dmarc." + LIST]),
    ({("_dmarc." + LIST, "TXT"): [], ("_dmarc.example.com", "TXT"): [DMARC]}, "other-dmarc", [
        "_dmarc.list.example.com: there is none, and that of _dmarc.example.com counts"]),
    ({("_dmarc." + LIST, "TXT"): [DMARC, DMARC]}, "two-dmarc", ["_dmarc.list.example.com has 2 records"]),
    ({("_dmarc." + LIST, "TXT"): ["v=DMARC1;p=reject"]}, "other-dmarc", [
        "_dmarc.list.example.com: p is reject, not none", "_dmarc.list.example.com: rua is not there, not mailto:d@example.com"]),
    ({("_dmarc." + LIST, "TXT"): ["v=dmarc1 ; p = none; sp=reject; rua = mailto:d@example.com"]}, None, None),
    ({("_mta-sts." + LIST, "TXT"): ["v=STSv1; id=1;"]}, "mta-sts", None),
    ({("mta-sts." + LIST, "A"): []}, "mta-sts", ["mta-sts.list.example.com: 192.0.2.1 is not in the DNS"]),
    ({(LIST, "A"): ["192.0.2.9"], (LIST, "AAAA"): []}, "web-address", [
        "list.example.com: the DNS has 192.0.2.9, and the inventory does not", "list.example.com: 192.0.2.1 is not in the DNS",
        "list.example.com: 2001:db8::1 is not in the DNS"]),
    ({("_smtp._tls." + LIST, "TXT"): []}, "tlsrpt", ["_smtp._tls.list.example.com: v=TLSRPTv1; rua=mailto:t@example.com is not in the DNS"]),
    ({("_25._tcp." + HOST, "TLSA"): []}, "no-tlsa", ["_25._tcp.lists.example.com"]),
    ({("_25._tcp." + HOST, "TLSA"): ["3 1 1 " + 64 * "1"]}, "wrong-tlsa", None),
    ({(HOST, "CAA"): []}, "no-caa", ["lists.example.com: ca.example is not in the DNS"]),
    ({(HOST, "CAA"): [(0, "issue", "other.example"), (0, "iodef", "ca.example")]}, "wrong-caa", ["lists.example.com: ca.example is not in the DNS"]),
    ({(HOST, "CAA"): [(0, "issue", "ca.example; validationmethods=http-01"), (0, "issue", "more.example")]}, None, None),
    ({("1.2.0.192.bl.test", "A"): ["127.0.0.4"]}, "listed", ["192.0.2.1 is on bl.test (127.0.0.4)"]),
    ({("1.2.0.192.some.test", "A"): ["127.0.0.4"]}, None, None),
    ({("1.2.0.192.some.test", "A"): ["127.0.0.3"]}, "listed", ["192.0.2.1 is on some.test (127.0.0.3)"]),
    ({("1.2.0.192.bl.test", "A"): ["127.255.255.254"]}, "blocklist-refuses", ["bl.test says 127.255.255.254 of 192.0.2.1"]),
]


@pytest.mark.parametrize(("changes", "kind", "words"), CASES)
def test_each_difference_is_named_and_nothing_else(changes, kind, words):
    kinds, dummy = found(changes)
    assert list(kinds) == ([kind] if kind else [])
    assert words is None or kinds[kind] == words


def test_every_kind_has_a_case():
    elsewhere = {"alias", "unsigned-tlsa", "other-tlsa", "next-key", "unsigned-mail", "unsigned-zone", "not-asked"}
    assert {kind for dummy, kind, dummy in CASES if kind} | elsewhere == {*compare.FAULTS, *compare.ADVICE}


def test_aliases():
    assert found(aliases={HOST: "other.test"})[0] == {"alias": ["lists.example.com is a CNAME of other.test"]}
    assert found(aliases={"mx.test": "other.test"})[0] == {"lost-exchanger": ["mx.test is a CNAME of other.test"]}


def test_zones_without_dnssec():
    assert found(unsigned=[LIST])[0] == {"unsigned-zone": ["list.example.com MX"]}
    assert found(unsigned=["_25._tcp." + HOST])[0] == {"unsigned-tlsa": ["_25._tcp.lists.example.com"]}


def test_a_resolver_that_hides_signatures():
    """Says nothing about the zones. A server that does not know the root zone does."""
    kinds, dummy = found(unsigned=["", LIST, HOST, "_25._tcp." + HOST])
    assert kinds == {"not-asked": ["DNSSEC: the resolver leaves signatures out (%s)" % check for check in ("TLSA", "DNSSEC", "DNSSEC")]}
    assert found(unsigned=[LIST], silent=[""])[0] == {"unsigned-zone": ["list.example.com MX"]}


def test_tlsa_that_the_inventory_does_not_know():
    assert found({("_25._tcp." + HOST, "TLSA"): [TLSA]}, listhost_dns_tlsa=[])[0] == {
        "other-tlsa": ["_25._tcp.lists.example.com: the DNS has %s, and the inventory does not" % TLSA]}


def test_mail_that_nobody_signs():
    assert found(keys={}, exim_dkim_domains=[], listhost_dns_old_dkim_selectors=[])[0] == {"unsigned-mail": [LIST]}


def test_faults_and_advice():
    report = found({(LIST, "MX"): [], ("_smtp._tls." + LIST, "TXT"): []})[1]
    assert ([one["fault"] for one in report.faults()], [one["fault"] for one in report.advice()]) == (["wrong-mx"], ["tlsrpt"])
    assert set(compare.FAULTS).isdisjoint(compare.ADVICE)


def test_silence_is_no_finding_about_records():
    kinds, report = found({(LIST, "MX"): []}, silent=[LIST, PTR, "bl.test", DKIM])
    assert kinds == {"not-asked": ["list.example.com MX: silence (MX)", "1.2.0.192.in-addr.arpa PTR: silence (names of addresses)",
                                   "list.example.com TXT: silence (SPF)", DKIM + " TXT: silence (DKIM)", "list.example.com A: silence (web pages)",
                                   "list.example.com MX: silence (DNSSEC)"]}
    assert report.faults() == []


def test_what_others_wrote_is_shown_on_one_line():
    """As it is in the DNS anybody may have written it, and it is as long as he likes."""
    kinds, dummy = found({("_smtp._tls." + LIST, "TXT"): ["v=TLSRPTv1; \x1b[2J\n" + 1000 * "x"], (PTR, "PTR"): ["\x07.test"]})
    assert kinds["wrong-ptr"] == ["192.0.2.1 is \\x07.test, not lists.example.com"]
    assert kinds["tlsrpt"][0].startswith("_smtp._tls.list.example.com: the DNS has v=TLSRPTv1; \\x1b[2J\\x0axxx")
    assert len(kinds["tlsrpt"][0]) == compare.LONGEST + 4


def test_only_what_is_the_hosts_own():
    groups = {"list_hosts": [HOST, "other.example.com"], "mx_hosts": ["mx.test"]}
    other = {"mailman_email_host": "list.example.org", "listhost_dns_addresses": ["192.0.2.9"]}
    wanted = names(groups, {HOST: VARIABLES, "other.example.com": other, "mx.test": {"listhost_dns_addresses": ["192.0.2.2"], "exim_tls_certificate": "/c"}})
    asked = []

    def ask(name, kind):
        asked.append(name)
        return Answer([], True, "")

    compare.compare(wanted, "other.example.com", {}, ask)
    assert [name for name in asked if not name.endswith(("other.example.com", "list.example.org", "9.2.0.192.in-addr.arpa", "example.org"))] == []
    del asked[:]
    compare.compare(wanted, "mx.test", {}, ask)
    assert set(asked) == {"mx.test", "_25._tcp.mx.test", "2.2.0.192.in-addr.arpa"}


def test_the_next_key():
    """It is needed later, so it is advice now."""
    keys = dict(KEYS, **{"next._domainkey.list.example.com": "v=DKIM1; k=rsa; p=BBBB"})
    name = ("next._domainkey." + LIST, "TXT")
    assert found({name: ["v=DKIM1; p=BBBB"]}, keys=keys, exim_dkim_next_selector="next")[0] == {}
    assert found(keys=keys, exim_dkim_next_selector="next")[0] == {"next-key": ["next._domainkey.list.example.com"]}
    assert found({name: ["v=DKIM1; p=CCCC"]}, keys=keys, exim_dkim_next_selector="next")[0] == {
        "next-key": ["next._domainkey.list.example.com has another key"]}
    # In use.
    assert found(keys=keys, exim_dkim_selector="next")[0] == {"no-dkim": ["next._domainkey.list.example.com"]}


def test_a_virtual_domain():
    """With its machine, of which nobody else says anything, and with no key of another domain."""
    groups = {"list_hosts": [HOST], "list_domains": ["one", "two"]}
    virtual = {"mailman_separate_home": "/virtual", "ansible_host": HOST}
    machine = {"mailman_separate_home": "/virtual", "listhost_dns_addresses": ["192.0.2.1"], "exim_dkim_domains": ["one.test", "two.test"],
               "exim_dkim_next_selector": "next"}
    wanted = names(groups, {HOST: machine, "one": dict(virtual, mailman_email_host="one.test"), "two": dict(virtual, mailman_email_host="two.test")})
    keys = {selector + "._domainkey." + domain: "v=DKIM1; p=A" for selector in ("lists", "next") for domain in ("one.test", "two.test")}
    report = compare.compare(wanted, "one", keys, lambda name, kind: Answer([], True, ""))
    found = {one["fault"]: one["found"] for one in report.faults() + report.advice()}
    assert found == {
        "wrong-mx": ["one.test MX: lists.example.com is not in the DNS"], "wrong-address": ["lists.example.com: 192.0.2.1 is not in the DNS"],
        "wrong-ptr": ["192.0.2.1 is without a name, not lists.example.com"], "no-spf": ["one.test", "lists.example.com"],
        "no-dkim": ["lists._domainkey.one.test"], "next-key": ["next._domainkey.one.test"], "no-dmarc": ["_dmarc.one.test"],
        "web-address": ["one.test: 192.0.2.1 is not in the DNS"],
    }
