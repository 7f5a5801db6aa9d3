# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to the DNS; molecule/deliverability has them with a name server."""

import pytest
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _dns_ask as dns_ask

dns = pytest.importorskip("dns")
message = pytest.importorskip("dns.message")
resolver = pytest.importorskip("dns.resolver")

TEXT = """id 1
opcode QUERY
rcode NOERROR
flags QR RD RA
;QUESTION
%s. IN %s
;ANSWER
%s
;AUTHORITY
;ADDITIONAL
"""


@pytest.fixture
def answer(monkeypatch):
    """Return a function that says what is answered, and returns a resolver."""
    asked = []

    def answer(text=None, error=None):
        def resolve(self, name, kind, search, raise_on_no_answer):
            asked.append((str(name), kind))
            if error:
                raise error
            response = message.from_text(TEXT % (str(name).rstrip("."), kind, text))
            return resolver.Answer(dns.name.from_text(str(name)), dns.rdatatype.from_text(kind), dns.rdataclass.IN, response)

        monkeypatch.setattr(resolver.Resolver, "resolve", resolve)
        return dns_ask.Resolver(["192.0.2.53"])

    answer.asked = asked
    return answer


@pytest.mark.parametrize(("kind", "text", "values"), [
    ("A", "x.test. 1 IN A 192.0.2.1", ["192.0.2.1"]),
    ("AAAA", "x.test. 1 IN AAAA 2001:DB8:0::1", ["2001:db8::1"]),
    ("MX", "x.test. 1 IN MX 10 MX.test.", [(10, "mx.test")]),
    ("MX", "x.test. 1 IN MX 0 .", [(0, "")]),
    ("PTR", "x.test. 1 IN PTR Host.test.", ["host.test"]),
    ("NS", "x.test. 1 IN NS Host.test.", ["host.test"]),
    ("TXT", 'x.test. 1 IN TXT "a" "b c"', ["ab c"]),
    ("TLSA", "x.test. 1 IN TLSA 3 1 1 " + 64 * "A", ["3 1 1 " + 64 * "a"]),
    ("CAA", 'x.test. 1 IN CAA 0 issue "ca.example"', [(0, "issue", "ca.example")]),
])
def test_values(answer, kind, text, values):
    assert answer(text).ask("x.test", kind) == dns_ask.Answer(values, False, "")


def test_signatures_and_aliases(answer):
    signature = "x.test. 1 IN RRSIG A 13 2 1 20300101000000 20200101000000 1 test. AAAA"
    assert answer("x.test. 1 IN A 192.0.2.1\n" + signature).ask("x.test", "A").signed is True
    assert answer("x.test. 1 IN CNAME y.test.\ny.test. 1 IN A 192.0.2.1").ask("x.test", "A") == dns_ask.Answer(["192.0.2.1"], False, "y.test")


def test_a_name_that_there_is_not(answer):
    assert answer(error=resolver.NXDOMAIN()).ask("x.test", "A") == dns_ask.Answer([], False, "")


def test_each_question_is_asked_once(answer):
    one = answer("x.test. 1 IN A 192.0.2.1")
    assert one.ask("x.test", "A") == one.ask("x.test", "A")
    assert answer.asked == [("x.test.", "A")]


def test_silence(answer):
    """Who has said nothing twice is not asked again: else each record would take seconds."""
    one = answer(error=resolver.LifetimeTimeout(timeout=1, errors=[]))
    for name in ("a", "b", "c", "a"):
        with pytest.raises(dns_ask.Unanswered) as caught:
            one.ask(name + ".test", "A")
        assert str(caught.value) == "%s.test A: the resolver does not answer" % name
    assert len(answer.asked) == dns_ask.PATIENCE


def test_silence_about_some_names(answer):
    """Their servers are silent, and not the resolver."""
    assert answer("x.test. 1 IN A 192.0.2.1").ask("x.test", "A").values
    for first in ("x.test. 1 IN A 192.0.2.1", None):
        one = answer(first, error=None if first else resolver.NXDOMAIN())
        one.ask("x.test", "A")
        answer(error=resolver.LifetimeTimeout(timeout=1, errors=[]))
        del answer.asked[:]
        for name in ("a", "b", "c"):
            with pytest.raises(dns_ask.Unanswered):
                one.ask(name + ".test", "A")
        assert len(answer.asked) == 3


def test_names_that_are_none(answer):
    """An include of SPF may have any. A dot at its end is none too many."""
    one = dns_ask.Resolver(["192.0.2.53"])
    for name in ("a..b", 64 * "a" + ".test", "a\\x", 300 * "a."):
        with pytest.raises(dns_ask.Unanswered):
            one.ask(name, "A")
    answer("x.test. 1 IN A 192.0.2.1").ask("x.test.", "A")
    assert answer.asked == [("x.test.", "A")]


def test_a_machine_without_a_resolver(monkeypatch):
    def read_resolv_conf(self, path):
        raise resolver.NoResolverConfiguration

    monkeypatch.setattr(resolver.Resolver, "read_resolv_conf", read_resolv_conf)
    with pytest.raises(dns_ask.Unanswered):
        dns_ask.Resolver([]).ask("x.test", "A")


def test_a_server_that_fails(answer):
    one = answer(error=resolver.NoNameservers())
    for name in ("a", "b", "c"):
        with pytest.raises(dns_ask.Unanswered):
            one.ask(name + ".test", "A")
    assert len(answer.asked) == 3
