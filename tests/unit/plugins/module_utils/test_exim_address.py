# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_address as exim_address
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import EximError


class Replay:
    """An Exim that says what another one said."""

    def __init__(self, out, err="", status=0):
        self.answer = (status, out, err)

    def run(self, *arguments, **keywords):
        self.arguments = arguments
        self.data = keywords.get("data")
        return self.answer


def asked():
    """Return the addresses that were asked when the output was captured."""
    with open(os.path.join(os.path.dirname(__file__), "exim_output", "addresses")) as stream:
        return stream.read().splitlines()


def results(exim_output, name, verify=False):
    """Return the parsed results of a captured run, by address."""
    addresses = asked()
    parsed = exim_address.route_addresses(Replay(exim_output(name)), addresses, verify=verify)
    assert [result["address"] for result in parsed] == addresses
    return dict(zip(addresses, parsed))


def route(address, router, transport, parents=(), hosts=()):
    return dict(address=address, outcome="routed", reason=None, router=router, transport=transport, parents=list(parents), hosts=list(hosts))


def fault(address, outcome, reason, parents=()):
    return dict(address=address, outcome=outcome, reason=reason, router=None, transport=None, parents=list(parents), hosts=[])


MX = [
    dict(name="mx1.example.org", address="2001:db8::25", mx=10, port=None),
    dict(name="mx1.example.org", address="192.0.2.25", mx=10, port=None),
    dict(name="mx2.example.org", address="192.0.2.26", mx=20, port=None),
]

ROUTES = {
    "testlist@list.example.com": [route("testlist@list.example.com", "mailman_router", "mailman_transport")],
    "TestList-Request@List.example.com": [route("TestList-Request@List.example.com", "mailman_router", "mailman_transport")],
    "testlist-bounces+luser=example.com@list.example.com": [
        route("testlist-bounces+luser=example.com@list.example.com", "mailman_router", "mailman_transport")
    ],
    "nosuch@list.example.com": [fault("nosuch@list.example.com", "undeliverable", "Unrouteable address")],
    "postmaster@list.example.com": [
        route("admin@example.org", "dnslookup", "remote_smtp", ["root@list.example.com", "postmaster@list.example.com"], MX)
    ],
    "team@list.example.com": [
        route("testlist@list.example.com", "mailman_router", "mailman_transport", ["half@list.example.com", "team@list.example.com"]),
        route("testlist@list.example.com", "mailman_router", "mailman_transport", ["team@list.example.com"]),
        route("admin@example.org", "dnslookup", "remote_smtp", ["team@list.example.com"], MX),
    ],
    "hole@list.example.com": [],
    "gone@list.example.com": [fault("gone@list.example.com", "undeliverable", "this user has left")],
    "soon@list.example.com": [fault("soon@list.example.com", "deferred", "try again soon")],
    "piped@list.example.com": [route("|/usr/bin/logger -t x y", None, "address_pipe", ["piped@list.example.com"])],
    "filed@list.example.com": [route("/var/mail/archive", None, "address_file", ["filed@list.example.com"])],
    "mixed@list.example.com": [
        route("|/bin/true", None, "address_pipe", ["mixed@list.example.com"]),
        route("/var/mail/archive", None, "address_file", ["mixed@list.example.com"]),
        fault("nosuch@list.example.com", "undeliverable", "Unrouteable address", ["mixed@list.example.com"]),
        route("testlist@list.example.com", "mailman_router", "mailman_transport", ["mixed@list.example.com"]),
    ],
    "onlybad@list.example.com": [fault("nosuch@list.example.com", "undeliverable", "Unrouteable address", ["onlybad@list.example.com"])],
    "old@list.example.com": [route("testlist@list.example.com", "mailman_router", "mailman_transport")],
    "author@reply.example": [
        fault("author@reply.example", "undeliverable", "Unrouteable address", ["author@reply.example"]),
        route("mail author@example.org", None, "address_reply", ["author@reply.example"]),
    ],
    "author@forbidden.example": [fault("|/bin/true", "undeliverable", "forbidden", ["author@forbidden.example"])],
    "author@nameless.example": [
        fault("|/bin/true", "deferred", "pipe_transport unset in nameless_pipe router", ["author@nameless.example"])
    ],
    "author@probe.example": [fault("author@probe.example", "undeliverable", "Unrouteable address")],
    "author@example.org": [route("author@example.org", "dnslookup", "remote_smtp", hosts=MX)],
    "author@example.net": [
        route("author@example.net", "dnslookup", "remote_smtp", hosts=[dict(name="mx.example.net", address="198.51.100.7", mx=5, port=None)])
    ],
    "author@nosuch.example": [fault("author@nosuch.example", "undeliverable", "Unrouteable address")],
    "foo bar@example.org": [],
    "testlist": [route("testlist@list.example.com", "mailman_router", "mailman_transport")],
    '"quoted part"@example.org': [route('"quoted part"@example.org', "dnslookup", "remote_smtp", hosts=MX)],
}

OUTCOMES = {
    "nosuch@list.example.com": ("undeliverable", "Unrouteable address"),
    "hole@list.example.com": ("discarded", None),
    "gone@list.example.com": ("undeliverable", "this user has left"),
    "soon@list.example.com": ("deferred", "try again soon"),
    "mixed@list.example.com": ("undeliverable", "Unrouteable address"),
    "onlybad@list.example.com": ("undeliverable", "Unrouteable address"),
    "author@reply.example": ("undeliverable", "Unrouteable address"),
    "author@forbidden.example": ("undeliverable", "forbidden"),
    "author@nameless.example": ("deferred", "pipe_transport unset in nameless_pipe router"),
    "author@probe.example": ("undeliverable", "Unrouteable address"),
    "author@nosuch.example": ("undeliverable", "Unrouteable address"),
    "foo bar@example.org": ("malformed", 'syntax error: missing or malformed local part (expected word or "<")'),
}


def lines_of_reason(version):
    """Return the reason that has two lines, of which Exim 4.94 keeps one."""
    return "the first line" if version == "4.94.2" else "the first line the second line"


def test_address_test(exim_output):
    found = results(exim_output, "address_test.txt")
    lines = lines_of_reason(exim_output.version)
    expected_routes = dict(ROUTES, **{"author@lines.example": [fault("author@lines.example", "undeliverable", lines)]})
    assert {address: result["routes"] for address, result in found.items()} == expected_routes
    expected_outcomes = dict(OUTCOMES, **{"author@lines.example": ("undeliverable", lines)})
    assert {address: (result["outcome"], result["reason"]) for address, result in found.items()} == {
        address: expected_outcomes.get(address, ("routed", None)) for address in asked()
    }
    rewritten = {address: result["rewritten"] for address, result in found.items() if result["rewritten"]}
    assert rewritten == {"old@list.example.com": "testlist@list.example.com"}


def test_verification(exim_output):
    found = results(exim_output, "address_verify.txt", verify=True)
    differ = {address: result["routes"] for address, result in found.items() if result["routes"] != ROUTES.get(address)}
    assert differ.pop("author@lines.example")[0]["outcome"] == "undeliverable"
    # Verification is done without root: Exim cannot become the user whose filter it should read.
    assert differ.pop("author@reply.example")[0]["outcome"] == "deferred"
    # A router for verification only is used here, and has no transport.
    assert differ == {"author@probe.example": [route("author@probe.example", "verify_only", None)]}


def test_exim_that_stops(exim_output):
    replay = Replay(exim_output("stopped.txt"), exim_output("stopped.stderr.txt"), 1)
    with pytest.raises(EximError) as caught:
        exim_address.route_addresses(replay, asked(), verify=True)
    assert str(caught.value).startswith("exim -bv stopped at address 1 of 25, testlist@list.example.com (exit status 1): failed to open ")
    assert "/var/lib/mailman/lists for directory search: Permission denied" in str(caught.value)


def test_a_chain_of_aliases_that_ends_in_a_file():
    """As with Debian's own router for root's mail: Exim names the last alias only."""
    [result] = exim_address.route_addresses(Replay("> root@b -> /var/mail/mail\n  transport = address_file\n> "), ["postmaster@b"])
    assert (result["outcome"], result["routes"]) == ("routed", [route("/var/mail/mail", None, "address_file", ["root@b"])])


def test_addresses_go_to_stdin_and_the_envelope_to_the_command_line():
    replay = Replay("> a@b\n  router = r, transport = t\n> \n")
    exim_address.route_addresses(replay, ["a@b"], "<>", "192.0.2.1")
    assert replay.arguments == ("-bt", "-f", "<>", "-oMa", "192.0.2.1")
    assert replay.data == "a@b\n"


@pytest.mark.parametrize("out, message", [
    ("", "Exim tested no address: broken"),
    ("> ", "exim -bt stopped at address 1 of 2, a@b (exit status 1): broken"),
    ("> a@b\n  router = r, transport = t\n> ", "exim -bt stopped at address 2 of 2, c@d (exit status 1): broken"),
    ("> a@b\n  router = r, transport = t\n> c@d\n  router = r, transport = t\n> d@e\n  router = r, transport = t\n> ", "cannot be told apart"),
    ("> a@b\n  router = r, transport = t\n> c@d\n  router = r, transport = t\n> more", "cannot be told apart"),
    ("> a@b\n  router = r, transport = t\n> \n> ", "Exim says nothing about c@d."),
    ("> c@d\n  router = r, transport = t\n> a@b\n  router = r, transport = t\n> ", "Exim answers for another address than a@b"),
    ("> a@b\n  router = r, transport = t\nsomething new\n> c@d\n> ", "Exim's output for a@b cannot be understood: something new"),
])
def test_output_that_does_not_answer_every_address_is_an_error(out, message):
    with pytest.raises(EximError) as caught:
        exim_address.route_addresses(Replay(out, "2026-01-01 12:00:00 broken\n", 1), ["a@b", "c@d"])
    assert message in str(caught.value)
