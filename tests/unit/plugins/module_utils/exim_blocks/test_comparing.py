# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pwd

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import EximError
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_blocks import comparing, reading
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_smtp import Reply

CONF = """\
domainlist local_domains = @ : localhost : mail.example.com
domainlist relay_to_domains = <; relay.example.net ; ^.*\\.example ; lsearch;/etc/x
hostlist relay_from_hosts = 192.0.2.1
begin routers
system_aliases:
  driver = redirect
  data = ${lookup{$local_part}lsearch{%s}}
remote:
  driver = dnslookup
  transport = remote_smtp
begin transports
remote_smtp:
  driver = smtp
local_delivery:
  driver = appendfile
"""


class Fake:
    """An Exim: what becomes of addresses by their domains or themselves, and what it answers."""

    def __init__(self, fates=(), answers=(), answer_of_domains="yes"):
        self.fates, self.answers, self.answer_of_domains = dict(fates), dict(answers), answer_of_domains

    def run(self, *arguments, **keywords):
        if arguments[0] == "-bP":
            return 0, "qualify_domain = mail.example.com\nprimary_hostname = host.example.com\n", ""
        lines = keywords["data"].splitlines()
        return 0, "".join("> %s\n" % (self.answer_of_domains if "{lists.example.com}{+mm_domains}" in line else "no") for line in lines) + "> \n", ""

    def fate(self, address, host):
        for key in ((address, host), address, address.rpartition("@")[2]):
            if key in self.fates:
                return self.fates[key]
        return "remote", "remote_smtp"


@pytest.fixture(autouse=True)
def found(monkeypatch):
    def route(exim, addresses, sender, host):
        results = []
        for address in addresses:
            fate = exim.fate(address, host)
            outcome = "routed" if isinstance(fate, tuple) else fate
            router, transport = fate if outcome == "routed" else (None, None)
            results.append(dict(address=address, outcome=outcome, routes=[
                dict(address=address, outcome=outcome, router=router, transport=transport, hosts=[dict(name="mx.example.net")] if router == "remote" else [])]))
        return results

    monkeypatch.setattr(comparing, "route_addresses", route)
    monkeypatch.setattr(comparing, "dialogues", lambda exim, addresses: dict(dict.fromkeys(addresses, Reply("250", "OK")), **exim.answers))
    users = [("anna", "x", 1000, 1000, "", "/home/anna", "/bin/sh"), ("bin", "x", 2, 2, "", "/bin", "/bin/sh"), ("a b", "x", 1001, 1001, "", "/", "/bin/sh")]
    monkeypatch.setattr(pwd, "getpwall", lambda: [pwd.struct_passwd(user) for user in users])


@pytest.fixture
def configuration(tmp_path):
    (tmp_path / "aliases").write_text("# no\ninfo: anna\n\"sales\": anna\n  more: x\nmailer-daemon: postmaster\n")
    return reading.read(["/x"], opened=lambda dummy: CONF % (tmp_path / "aliases"))


LOCAL = {"mail.example.com": ("local_users", "local_delivery"), "lists.example.com": "undeliverable"}
GIVEN = ["boss@relay.example.net", "test@lists.example.com"]


def compare(configuration, after, before=None, without=None, lists=("+mm_domains",), answers=()):
    before = LOCAL if before is None else before
    old, new = Fake(before), Fake({**before, **after}, answers)
    return comparing.compare(old, new, Fake(without or before), [new], configuration, GIVEN, list(lists))


def test_addresses_that_are_asked_about(configuration):
    assert comparing.addresses(Fake(), configuration, GIVEN) == GIVEN + [
        one + "@mail.example.com" for one in ("root", "postmaster", "daemon", "anna", "info", "sales", "mailer-daemon", comparing.NOBODY)
    ] + [one + "@" + domain for domain in ("host.example.com", "relay.example.net") for one in ("postmaster", "root", comparing.NOBODY)] + [comparing.OUTSIDE]


def test_what_is_no_file_has_no_aliases(configuration, tmp_path):
    (tmp_path / "aliases").unlink()
    (tmp_path / "aliases").mkdir()
    assert comparing.aliases(configuration) == []


def test_what_is_as_before(configuration):
    assert compare(configuration, {}) == []


def test_what_lists_are_for_may_be_theirs(configuration):
    assert compare(configuration, {"test@lists.example.com": ("mailman_router", "mailman_transport")}) == []
    # Somewhere else it may have been relayed to.
    assert compare(configuration, {"test@lists.example.com": ("mailman_router", "mailman_transport")}, dict(LOCAL, **{
        "lists.example.com": ("remote", "remote_smtp")})) == []


def test_what_was_a_lists_may_be_anybodys(configuration):
    """Where blocks are taken out, changed, or take the place of another Mailman's: what counts is whose the mail is without lists."""
    was = dict(LOCAL, **{"lists.example.com": ("mailman", "to_mailman")})
    assert compare(configuration, {"test@lists.example.com": "undeliverable"}, was, LOCAL) == []
    assert len(compare(configuration, {"test@lists.example.com": "undeliverable"}, was)) == 4


def test_domains_that_are_no_longer_the_lists_may_be_anybodys(configuration):
    was, new = Fake(dict(LOCAL, **{"lists.example.com": ("mailman_router", "mailman_transport")})), Fake(LOCAL)
    for having in ([was], [was, Fake(answer_of_domains="no")]):
        assert comparing.compare(was, new, new, having, configuration, GIVEN, ["+mm_domains"]) == []
    assert len(comparing.compare(was, new, new, [], configuration, GIVEN, ["+mm_domains"])) == 4


def test_what_is_somebodys_must_stay_theirs(configuration):
    was = dict(LOCAL, **{"lists.example.com": ("local_users", "local_delivery")})
    after = {"test@lists.example.com": ("mailman_router", "mailman_transport")}
    lines = compare(configuration, after, was)
    assert lines[0] == ("test@lists.example.com: test@lists.example.com by local_users, local_delivery without lists, "
                        "test@lists.example.com by mailman_router, mailman_transport with them")
    # Also where they have had them already.
    assert len(compare(configuration, {}, dict(LOCAL, **after), was)) == 4
    assert compare(configuration, {}, was, was) == []


def test_an_alias_is_somebodys_wherever_it_leads():
    question = "Info@lists.example.com by host ::1"
    assert comparing.is_somebodys(question, "anna@example.org by dnslookup, remote_smtp to mx.example.org", ["remote_smtp"])
    assert comparing.is_somebodys(question, "|/usr/bin/run it by system_aliases, address_pipe", ["remote_smtp"])
    assert comparing.is_somebodys(question, "info@lists.example.com by people, remote_smtp_of_mine", ["remote_smtp"])
    assert not comparing.is_somebodys(question, "Info@lists.example.com by dnslookup, remote_smtp to mx.example.org", ["remote_smtp"])
    assert not comparing.is_somebodys(question, "info@lists.example.com undeliverable", ["remote_smtp"])


def test_hosts_of_one_preference_have_no_order():
    def route(order):
        return dict(outcome="routed", routes=[dict(address="a@b.c", outcome="routed", router="r", transport="t", hosts=[dict(name=name) for name in order])])

    assert comparing.shown(route("xy")) == comparing.shown(route("yx")) == "a@b.c by r, t to x to y"


@pytest.mark.parametrize(("after", "line"), [
    ({"anna@mail.example.com": ("mailman_router", "mailman_transport")}, "anna@mail.example.com: anna@mail.example.com by local_users, local_delivery before, "
     "anna@mail.example.com by mailman_router, mailman_transport now"),
    ({"info@mail.example.com": "undeliverable"}, "info@mail.example.com: info@mail.example.com by local_users, local_delivery before, "
     "info@mail.example.com undeliverable now"),
    ({"boss@relay.example.net": "deferred"}, "boss@relay.example.net: boss@relay.example.net by remote, remote_smtp to mx.example.net before, "
     "boss@relay.example.net deferred now"),
])
def test_what_fares_otherwise_is_named(configuration, after, line):
    lines = compare(configuration, after)
    assert lines == [line] + [line.replace(":", " by host %s:" % host, 1) for host in comparing.CLIENTS]


def test_what_fares_otherwise_from_one_host_is_named(configuration):
    after = {(comparing.OUTSIDE, "::1"): ("mailman_verp_router", "mailman_verp_smtp")}
    assert [line.partition(": ")[0] for line in compare(configuration, after)] == [comparing.OUTSIDE + " by host ::1"]


@pytest.mark.parametrize(("code", "text", "is_named"), [
    ("550", "no", True), ("250", "at your service", False), ("251", "OK", True), (None, "no reply, Exim has ended", True),
])
def test_another_answer_is_named(configuration, code, text, is_named):
    answer = Reply(code, text)
    assert compare(configuration, {}, answers={"anna@mail.example.com": answer}) == ["anna@mail.example.com: 250 OK before, %s now" % answer] * is_named


@pytest.mark.parametrize(("one", "other", "is_same"), [
    ("no relay", "administrative prohibition", False), ("refused at 08:15:02, ticket 11", "refused at 09:16:33, ticket 12", True),
])
def test_refusals_must_say_the_same(one, other, is_same):
    assert (comparing.sense(Reply("550", one)) == comparing.sense(Reply("550", other))) is is_same


def test_without_domains_of_their_own_blocks_change_nothing(configuration):
    assert len(compare(configuration, {"test@lists.example.com": ("mailman_router", "mailman_transport")}, lists=())) == 4


def test_an_exim_that_does_not_answer(configuration):
    class Silent(Fake):
        def run(self, *arguments, **keywords):
            return (0, "> \n", "") if arguments[0] == "-be" else Fake.run(self, *arguments, **keywords)

    with pytest.raises(EximError) as error:
        comparing.compare(Fake(LOCAL), Silent(LOCAL), Fake(LOCAL), [Silent(LOCAL)], configuration, GIVEN, ["+mm_domains"])
    assert str(error.value).startswith("Exim does not say which domains are those of the lists")
