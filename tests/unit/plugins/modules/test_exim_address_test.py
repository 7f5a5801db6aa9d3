# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import Exim
from ansible_collections.listhost.exim_mailman.plugins.modules import exim_address_test


class Replay:
    """An Exim that gives for each address what a real one printed."""

    ROUTERS = ["system_aliases", "mailman_router", "mailman_verp_router", "dnslookup"]
    TRANSPORTS = ["mailman_transport", "mailman_verp_smtp", "remote_smtp"]

    def __init__(self, exim_output, addresses):
        self.blocks = {
            mode: dict(zip(addresses, exim_output(name)[2:].split("\n> ")))
            for mode, name in (("-bt", "address_test.txt"), ("-bv", "address_verify.txt"))
        }
        self.calls = []

    def run(self, *arguments, **keywords):
        self.calls.append((arguments, keywords["data"]))
        return 0, "".join("> %s\n" % self.blocks[arguments[0]][address] for address in keywords["data"].splitlines()) + "> ", ""

    def names(self, kind):
        self.calls.append(kind)
        return self.ROUTERS if kind == "router" else self.TRANSPORTS


@pytest.fixture
def replay(exim_output, monkeypatch):
    with open(os.path.join(os.path.dirname(__file__), "..", "module_utils", "exim_output", "addresses")) as stream:
        replay = Replay(exim_output, stream.read().splitlines())
    monkeypatch.setattr(Exim, "from_module", lambda module: replay)
    return replay


def test_what_is_as_expected_passes(run_module, replay):
    tests = [
        dict(address="testlist@list.example.com", router="mailman_router", transport="mailman_transport"),
        dict(address="nosuch@list.example.com", outcome="undeliverable"),
        dict(address="soon@list.example.com", outcome="deferred"),
        dict(address="hole@list.example.com", outcome="discarded"),
        dict(address="postmaster@list.example.com", redirected_to=["admin@example.org"], router="dnslookup"),
        dict(address="team@list.example.com", redirected_to=["admin@example.org", "testlist@list.example.com"]),
        dict(address="piped@list.example.com", redirected_to=["|/usr/bin/logger -t x y"], transport="address_pipe"),
        dict(address="author@example.org"),
    ]
    result = run_module(exim_address_test, tests=tests)
    assert not result.get("failed")
    assert result["changed"] is False
    assert result["failures"] == []
    assert [(item["addresses"], item["outcome"]) for item in result["results"]] == [([test["address"]], test.get("outcome", "routed")) for test in tests]
    # One process, and no look at the configuration.
    assert len(replay.calls) == 1


def test_addresses_that_fare_alike_are_together(run_module, replay):
    result = run_module(exim_address_test, tests=[
        dict(address=["testlist@list.example.com", "testlist-bounces+luser=example.com@list.example.com"], router="mailman_router"),
        dict(address="postmaster@list.example.com"),
        dict(addresses=["nosuch@list.example.com", "author@nosuch.example"], outcome="undeliverable"),
        dict(address="hole@list.example.com", outcome="discarded", sender="<>"),
    ])
    hosts = [
        dict(name="mx1.example.org", address="2001:db8::25", mx=10, port=None), dict(name="mx1.example.org", address="192.0.2.25", mx=10, port=None),
        dict(name="mx2.example.org", address="192.0.2.26", mx=20, port=None),
    ]
    assert result["results"] == [
        dict(
            addresses=["testlist@list.example.com", "testlist-bounces+luser=example.com@list.example.com"], outcome="routed",
            routes=[dict(outcome="routed", router="mailman_router", transport="mailman_transport")],
        ),
        dict(addresses=["postmaster@list.example.com"], outcome="routed", routes=[dict(
            address="admin@example.org", outcome="routed", router="dnslookup", transport="remote_smtp", hosts=hosts,
            parents=["root@list.example.com", "postmaster@list.example.com"],
        )]),
        dict(
            addresses=["nosuch@list.example.com", "author@nosuch.example"], outcome="undeliverable", reason="Unrouteable address",
            routes=[dict(outcome="undeliverable", reason="Unrouteable address")],
        ),
        dict(addresses=["hole@list.example.com"], outcome="discarded", sender="<>", routes=[]),
    ]


@pytest.mark.parametrize("test, failure", [
    (
        dict(address="testlist@list.example.com", router="dnslookup"),
        "testlist@list.example.com: expected router dnslookup, found mailman_router",
    ),
    (
        dict(address="testlist@list.example.com", transport="remote_smtp"),
        "testlist@list.example.com: expected transport remote_smtp, found mailman_transport",
    ),
    (
        dict(address="testlist@list.example.com", outcome="undeliverable"),
        "testlist@list.example.com: expected undeliverable, found routed",
    ),
    (
        dict(address="nosuch@list.example.com", router="mailman_router"),
        "nosuch@list.example.com: expected routed, found undeliverable: Unrouteable address",
    ),
    (
        dict(address="foo bar@example.org", outcome="undeliverable"),
        'foo bar@example.org: expected undeliverable, found malformed: syntax error: missing or malformed local part (expected word or "<")',
    ),
    (
        dict(address="mixed@list.example.com"),
        "mixed@list.example.com: expected routed, found undeliverable: Unrouteable address",
    ),
    (
        dict(address="team@list.example.com", router="mailman_router"),
        "team@list.example.com: expected router mailman_router, found dnslookup, mailman_router",
    ),
    (
        dict(address="team@list.example.com", redirected_to=["testlist@list.example.com"]),
        "team@list.example.com: expected redirected to testlist@list.example.com, found admin@example.org, testlist@list.example.com",
    ),
    (
        dict(address="piped@list.example.com", router="system_aliases"),
        "piped@list.example.com: expected router system_aliases, found none",
    ),
    (
        dict(address="author@example.org", sender="testlist-bounces@list.example.com", sender_host="127.0.0.1", transport="mailman_verp_smtp"),
        "author@example.org from testlist-bounces@list.example.com by host 127.0.0.1: expected transport mailman_verp_smtp, found remote_smtp",
    ),
])
def test_what_is_not_as_expected_fails_with_one_line(run_module, replay, test, failure):
    result = run_module(exim_address_test, tests=[dict(address="author@example.org"), test])
    assert result["failed"] is True
    assert result["failures"] == [failure]
    assert result["msg"] == "Exim does not route as expected:\n" + failure
    assert sum(len(item["addresses"]) for item in result["results"]) == 2


@pytest.mark.parametrize("kind, known", [
    ("router", "system_aliases, mailman_router, mailman_verp_router, dnslookup"),
    ("transport", "mailman_transport, mailman_verp_smtp, remote_smtp"),
])
def test_an_unknown_name_is_named(run_module, replay, kind, known):
    result = run_module(exim_address_test, tests=[{"address": "testlist@list.example.com", kind: "mailman_ruter"}])
    assert result["failures"] == [
        "Exim's configuration has no %s mailman_ruter. It has: %s." % (kind, known),
        "testlist@list.example.com: expected %s mailman_ruter, found mailman_%s" % (kind, kind),
    ]


def test_tests_with_the_same_envelope_share_a_process(run_module, replay):
    run_module(exim_address_test, tests=[
        dict(address="testlist@list.example.com"),
        dict(address="author@example.org", sender="testlist-bounces@list.example.com", sender_host="127.0.0.1"),
        dict(address="hole@list.example.com", outcome="discarded"),
        dict(address="author@example.net", sender="<>"),
        dict(address="author@example.net", sender="testlist-bounces@list.example.com", sender_host="127.0.0.1"),
    ])
    assert sorted(replay.calls) == [
        (("-bt",), "testlist@list.example.com\nhole@list.example.com\n"),
        (("-bt", "-f", "<>"), "author@example.net\n"),
        (("-bt", "-f", "testlist-bounces@list.example.com", "-oMa", "127.0.0.1"), "author@example.org\nauthor@example.net\n"),
    ]


def test_verification_that_differs_is_a_failure(run_module, replay):
    tests = [dict(address="testlist@list.example.com"), dict(address="author@probe.example", outcome="undeliverable")]
    assert run_module(exim_address_test, tests=tests)["failures"] == []
    result = run_module(exim_address_test, tests=tests, verify=True)
    assert result["failures"] == ["author@probe.example: expected undeliverable also when Exim's own user verifies it, found routed"]


def test_check_mode_does_the_same(run_module, replay):
    result = run_module(exim_address_test, _ansible_check_mode=True, tests=[dict(address="nosuch@list.example.com")])
    assert result["failures"] == ["nosuch@list.example.com: expected routed, found undeliverable: Unrouteable address"]


@pytest.mark.parametrize("test, message", [
    (dict(address="a@b\nc@d"), "tests[1].address: 'a@b\\nc@d' has a control character."),
    (dict(address=["a@b", "c@d\n"]), "tests[1].address: 'c@d\\n' has a control character."),
    (dict(address=[]), "tests[1].address is empty: nothing would be tested."),
    (dict(address="a@b", sender="c@d\r"), "tests[1].sender: 'c@d\\r' has a control character."),
    (dict(address="a@b", sender=""), "tests[1].sender: '' is not a bare mail address"),
    (dict(address="a@b", sender_host="localhost"), "tests[1].sender_host: 'localhost' is not an IP address."),
    (dict(address="a@b", outcome="undeliverable", router="r"), "tests[1] (a@b): router cannot be met, because the outcome should be undeliverable."),
    (dict(address="a@b", outcome="discarded", redirected_to=["c@d"]), "tests[1] (a@b): redirected_to cannot be met"),
    (dict(address="a@b", redirected_to=[]), "tests[1] (a@b): redirected_to is empty."),
])
def test_a_test_that_cannot_mean_what_it_says_is_refused(run_module, replay, test, message):
    result = run_module(exim_address_test, tests=[dict(address="x@y"), test])
    assert result["failed"] is True
    assert result["msg"].startswith(message)
    assert replay.calls == []


def test_no_test_is_no_pass(run_module, replay):
    assert run_module(exim_address_test, tests=[])["msg"] == "tests is empty: nothing would be tested."


@pytest.fixture
def as_root(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)


def test_no_exim(run_module, as_root, monkeypatch):
    monkeypatch.setattr("ansible.module_utils.basic.AnsibleModule.get_bin_path", lambda self, name, opt_dirs: None)
    result = run_module(exim_address_test, tests=[dict(address="a@b")])
    assert result["failed"] is True
    assert result["msg"].startswith("There is no Exim on this host")


@pytest.mark.parametrize("arguments, message", [
    (dict(exim="/nonexistent/exim"), "exim: /nonexistent/exim is not a program."),
    (dict(exim="/"), "exim: / is not a program."),
    (dict(exim="/bin/sh", config="/nonexistent/exim.conf"), "config: there is no file /nonexistent/exim.conf."),
    (dict(exim="/bin/sh", config="exim.conf"), "config: exim.conf is not an absolute path."),
])
def test_no_program_and_no_configuration(run_module, as_root, arguments, message):
    result = run_module(exim_address_test, tests=[dict(address="a@b")], **arguments)
    assert result["failed"] is True
    assert result["msg"].startswith(message)


def test_no_privilege(run_module, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    result = run_module(exim_address_test, exim="/bin/sh", tests=[dict(address="a@b")])
    assert result["failed"] is True
    assert "needs root" in result["msg"]
