# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import contextlib
import ipaddress
import pathlib
import socket
import threading

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_address as exim_address
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_delivery as exim_delivery
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_smtp as exim_smtp
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import EximError
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify import addresses, around, asking, configuration, dialogues, hosts, report
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup import looking
from ansible_collections.listhost.exim_mailman.plugins.modules import exim_mailman_verify

DOMAIN = "list.example.com"
SUBSCRIBER = "anna@example.net"
WRAPPER = "/nonexistent/mail/mailman"
DENIED = "failed to open /var/lib/mailman/lists for directory search: Permission denied (euid=101 egid=102)"


class Host:
    """A host on which all is well. Tests change what one of its methods says."""

    program = "exim"
    config = None
    version = (0, "", "")
    settings = dict(
        routers=[dict(name="mailman_router")],
        transports=[
            dict(name="remote_smtp", driver="smtp", options={}),
            dict(name="mailman_transport", driver="pipe", options=dict(
                command=WRAPPER + " '${if def:local_part_suffix ...' $local_part_data", envelope_to_add=True, temp_errors="*",
            )),
            dict(name="mailman_verp_smtp", driver="smtp", options=dict(
                max_rcpt="1", headers_remove="Errors-To",
                return_path="${local_part:$return_path}+$original_local_part=$original_domain@${domain:$return_path}",
                headers_add="Errors-To: $return_path",
            )),
        ],
        options=dict(smtp_accept_queue_per_connection="30"),
    )
    unknown_transports = []
    broken_signatures = []
    greeting = "lists.example.com Hello\nSIZE 52428800\nHELP"
    domains = {}
    retry = "Retry rule: *  F,2h,15m; G,16h,1h,1.500000; F,4d,6h; \n"

    def run(self, *arguments):
        if "-brt" in arguments:
            assert arguments[0] == "-f" and arguments[1].startswith("testlist-bounces@") and arguments[2:] == ("-brt", SUBSCRIBER)
            return 0, self.retry, ""
        if arguments[0] == "-bP":
            return 0, "", ""
        assert arguments == ("-bV",)
        return self.version

    def kind(self, address):
        """Return list, suffix and command of a list's address, or None for another address."""
        local_part, dummy, domain = address.lower().partition("@")
        for name in ("testlist", "my-admin"):
            for suffix, command in addresses.KINDS:
                if (local_part, domain) == (name + suffix, self.domains.get(name, DOMAIN)):
                    return name, suffix, command
        return None

    def route(self, address, verify):
        """Return outcome, reason, transport."""
        if self.kind(address) or address == "mailman-loop@" + DOMAIN:
            return "routed", None, "mailman_transport"
        return "undeliverable", "Unrouteable address", None

    def deliver(self, address, sender, sender_host):
        """Return outcome, reason, transport, command, group, return path."""
        if self.kind(address):
            name, dummy, command = self.kind(address)
            return "delivered", None, "mailman_transport", [WRAPPER, command, name], "list", sender
        return "delivered", None, "mailman_verp_smtp", None, "exim", "testlist-bounces+anna=example.net@" + self.domains.get("testlist", DOMAIN)

    def reply(self, client, sender, recipient):
        """Return code and text."""
        if self.kind(recipient):
            if sender == "<>" and self.kind(recipient)[1] not in addresses.BOUNCED_TO:
                return "550", "Recipient never sends mail so cannot cause bounces"
            return "250", "Accepted"
        return ("250", "Accepted") if client in asking.LOOPBACK else ("550", "relay not permitted")


@pytest.fixture
def host(monkeypatch):
    class Changed(Host):
        """What a test changes is of this test alone."""

    host = Changed()

    def route_tests(exim, tests, verify):
        results = []
        for test in tests:
            outcome, reason, transport = host.route(test["address"], verify)
            routes = [dict(transport=transport)] if transport else []
            results.append(dict(address=test["address"], outcome=outcome, reason=reason, routes=routes))
        return results

    def run_tests(exim, tests):
        results = []
        for test in tests:
            outcome, reason, transport, command, group, return_path = host.deliver(test["address"], test["sender"], test["sender_host"])
            delivery = dict(transport=transport, command=command, group=group, return_path=return_path)
            results.append(dict(address=test["address"], outcome=outcome, reason=reason, deliveries=[delivery]))
        return results, []

    def run_dialogue(exim, item, dialogue, timeout):
        if dialogue["sender"] is None:
            return dict(steps=[dict(step="helo", code="250", text=host.greeting)]), []
        steps = [dict(step="sender", code="250", text="OK")]
        for recipient in dialogue["recipients"]:
            code, text = host.reply(dialogue["client"], dialogue["sender"], recipient["address"])
            steps.append(dict(step="recipient", code=code, text=text))
            if code is None:
                break
        return dict(steps=steps), []

    monkeypatch.setattr(exim_address, "route_tests", route_tests)
    monkeypatch.setattr(exim_delivery, "run_tests", run_tests)
    monkeypatch.setattr(exim_smtp, "run_dialogue", run_dialogue)
    monkeypatch.setattr(configuration, "read_settings", lambda exim, options: host.settings)
    monkeypatch.setattr(configuration, "unknown_transports", lambda exim: host.unknown_transports)
    monkeypatch.setattr(configuration, "broken_signatures", lambda exim, sender: host.broken_signatures)
    return host


def faults(host, **wanted):
    """Return the kinds of faults with the first thing that was found of each."""
    given = dict(
        domain=DOMAIN, virtual_domain_file=None, wrapper=WRAPPER, subscriber=SUBSCRIBER, mail_groups=["list"], verp="exim", max_sessions=30, sample=5,
        lists=["testlist", "my-admin"], domains={}, relay_from_hosts=[], neighbours=[],
    )
    given.update(wanted)
    given.setdefault("posting_addresses", [addresses.address_of(given, name) for name in given["lists"]])
    return {fault["fault"]: fault["found"][0] for fault in hosts.verify(host, given).faults()}


def change(monkeypatch, host, method, changed):
    """Have a method of the host return something else where the function does not return None."""
    sound = getattr(host, method)
    monkeypatch.setattr(type(host), method, lambda self, *arguments: changed(*arguments) or sound(*arguments))


def test_a_host_where_all_is_well(host):
    assert faults(host) == {}
    assert faults(host, verp=None, max_sessions=None, mail_groups=[]) == {}


@pytest.mark.parametrize("message, fault", [
    ("Exim configuration error in line 9 of /x: unknown ACL verb \"reject\" in ACL \"acl_check_rcpt\"", "unknown-acl-verb"),
    ("Exim configuration error in line 9 of /x: option \"foo\" unknown", "configuration"),
])
def test_a_configuration_that_exim_refuses(host, message, fault):
    host.version = (1, "", "2026-01-01 12:00:00 " + message)
    assert faults(host) == {fault: message}


def test_an_unknown_transport(host):
    host.unknown_transports = ["router r: there is no transport t."]
    assert faults(host) == {"unknown-transport": "router r: there is no transport t."}


def test_a_virtual_domain_that_exim_does_not_know(host, tmp_path):
    """Of which nothing else is said: nothing can be right."""
    known = tmp_path / "list.example.com"
    assert faults(host, virtual_domain_file=str(known), max_sessions=None) == {"unknown-domain": "%s: there is no %s" % (DOMAIN, known)}
    known.write_text("user: list\n")
    assert faults(host, virtual_domain_file=str(known)) == {}


def test_a_signature_that_cannot_be_made(host):
    host.broken_signatures = ["transport t: dkim_domain cannot be expanded: no"]
    assert faults(host) == {"broken-signature": "transport t: dkim_domain cannot be expanded: no"}


def test_passwords_without_tls(host):
    host.greeting = "AUTH.example.com Hello\nSIZE 52428800\nAUTH PLAIN LOGIN"
    assert faults(host) == {"open-passwords": "EHLO from 192.0.2.1: AUTH PLAIN LOGIN"}


def test_no_transport_for_mailman(host):
    host.settings = dict(Host.settings, transports=Host.settings["transports"][:1])
    assert faults(host) == {"no-list-transport": "no pipe transport runs Mailman's wrapper " + WRAPPER}


@pytest.mark.parametrize("limit, sessions, found", [
    ("10", 30, "SMTP_MAX_SESSIONS_PER_CONNECTION is 30, smtp_accept_queue_per_connection is 10"),
    ("10", 0, "SMTP_MAX_SESSIONS_PER_CONNECTION is 0 (no limit), smtp_accept_queue_per_connection is 10"),
    ("0", 0, None),
    ("30", 30, None),
])
def test_limits(host, limit, sessions, found):
    host.settings = dict(Host.settings, options=dict(smtp_accept_queue_per_connection=limit))
    assert faults(host, max_sessions=sessions) == ({"too-many-sessions": found} if found else {})


@pytest.mark.parametrize("rule, fault", [
    ("No retry information found\n", {"no-retry": "No retry information found"}),
    ("", {"no-retry": "nothing"}),
    ("Retry rule: example.net  F,1h,2m; \n", {"short-retry": "example.net  F,1h,2m;"}),
    ("Retry rule: *  F,30m,2m; G,23h59m59s,1h,1.500000; \n", {"short-retry": "*  F,30m,2m; G,23h59m59s,1h,1.500000;"}),
    ("Retry rule: *  F,2h,15m; F,1d,1h; \n", {}),
    ("Retry rule: *  F,1w,1h; \n", {}),
    ("Retry rule: *  H,1d1h,1m,2.000000; \n", {}),
])
def test_times_to_try_again(host, rule, fault):
    host.retry = rule
    assert faults(host) == {name: "testlist-bounces@list.example.com to anna@example.net: " + found for name, found in fault.items()}


def planted(number, **options):
    """The transports, one of them with other options."""
    transports = list(Host.settings["transports"])
    transports[number] = dict(transports[number], options=dict(transports[number]["options"], **options))
    return dict(Host.settings, transports=transports)


RETURN_PATH = Host.settings["transports"][2]["options"]["return_path"]


@pytest.mark.parametrize("number, options, fault", [
    (1, dict(envelope_to_add=False), {"no-envelope-to": "transport mailman_transport: no_envelope_to_add"}),
    (1, dict(temp_errors="75:73"), {"bounced-failures": "transport mailman_transport: temp_errors = 75:73"}),
    (1, dict(temp_errors=None), {"bounced-failures": "transport mailman_transport: temp_errors = None"}),
    (2, dict(max_rcpt="100"), {"verp-in-bulk": "transport mailman_verp_smtp: max_rcpt = 100"}),
    (2, dict(headers_remove=None), {"two-errors-to": "transport mailman_verp_smtp: headers_remove = "}),
    (2, dict(headers_remove="X-Errors-To : To"), {"two-errors-to": "transport mailman_verp_smtp: headers_remove = X-Errors-To : To"}),
    (2, dict(headers_remove="Sender : errors-to"), {}),
    (2, dict(return_path=RETURN_PATH.replace("$original_local", "$local")),
     {"verp-of-alias": "transport mailman_verp_smtp: return_path = ${local_part:$return_path}+$local_part=$original_domain@${domain:$return_path}"}),
    (2, dict(return_path=RETURN_PATH.replace("$original_domain", "${domain}")),
     {"verp-of-alias": "transport mailman_verp_smtp: return_path = ${local_part:$return_path}+$original_local_part=${domain}@${domain:$return_path}"}),
    # That of mail which is not Mailman's.
    (0, dict(temp_errors="75:73", max_rcpt="100"), {}),
])
def test_options_of_transports(host, number, options, fault):
    host.settings = planted(number, **options)
    assert faults(host) == fault


def test_options_of_a_transport_for_verp_where_mailman_does_it(host):
    host.settings = planted(2, max_rcpt="100")
    assert faults(host, verp="mailman") == {}


@pytest.mark.parametrize("character", "!/")
def test_a_bounce_of_a_subscriber_with_a_rare_character(host, monkeypatch, character):
    """By routing, by delivery, or by the ACL."""
    address = "testlist-bounces+some%sone=example.org@list.example.com" % character
    change(monkeypatch, host, "reply", lambda client, sender, recipient: ("550", "Restricted characters in address") if recipient == address else None)
    assert faults(host) == {
        "null-sender-refused": "<> to %s from 192.0.2.1: 550 Restricted characters in address" % address,
        "refused": "anna@example.net to %s from 192.0.2.1: 550 Restricted characters in address" % address,
    }
    change(monkeypatch, host, "deliver", lambda given, *rest: (
        ("delivered", None, "mailman_transport", [WRAPPER, "post", "testlist"], "list", "x") if given == address else None))
    assert faults(host)["wrong-command"] == "%s: %s post testlist instead of %s bounces testlist" % (address, WRAPPER, WRAPPER)
    change(monkeypatch, host, "route", lambda given, verify: ("deferred", "x", None) if given == address else None)
    assert faults(host) == {"not-routed": address + ": deferred: x"}


NEIGHBOURS = ["198.51.100.6", "198.51.100.7"]


@pytest.mark.parametrize("client", list(dialogues.PRIVATE) + NEIGHBOURS)
def test_a_neighbour_that_may_relay(host, monkeypatch, client):
    change(monkeypatch, host, "reply", lambda by, sender, recipient: ("250", "Accepted") if by == client else None)
    assert faults(host, neighbours=NEIGHBOURS)["private-relay"] == "anna@example.net to anna@example.net from %s: 250 Accepted" % client
    # Where that is meant, also among what Exim knows besides.
    meant = ["*.example.com", "mx.example.org", "!10.0.0.1", client + "/" + ("24" if "." in client else "64")]
    assert faults(host, neighbours=NEIGHBOURS, relay_from_hosts=meant) == {}
    assert "private-relay" in faults(host, neighbours=NEIGHBOURS, relay_from_hosts=["203.0.113.0/24", "2001:db8::/32"])


@pytest.mark.parametrize("network", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"])
def test_each_private_network_has_a_neighbour(network):
    assert [address for address in dialogues.PRIVATE if ipaddress.ip_address(address) in ipaddress.ip_network(network)]


def test_where_bounces_come_to():
    kinds = [suffix.partition("+")[0] for suffix in addresses.BOUNCED_TO]
    assert kinds == ["-bounces"] * 4 + ["-confirm"] * 2


def test_an_address_that_is_not_routed_is_reported_once(host, monkeypatch):
    lost = "testlist-leave@" + DOMAIN
    change(monkeypatch, host, "route", lambda address, verify: ("undeliverable", "Unrouteable address", None) if address == lost else None)
    change(monkeypatch, host, "reply", lambda client, sender, recipient: ("550", "unknown user") if recipient == lost else None)
    change(monkeypatch, host, "deliver", lambda address, *rest: ("failed", "Unrouteable address", None, None, None, None) if address == lost else None)
    assert faults(host) == {"not-routed": lost + ": undeliverable: Unrouteable address"}


def test_an_address_that_goes_elsewhere(host, monkeypatch):
    change(monkeypatch, host, "route", lambda address, verify: ("routed", None, "local") if address.startswith("testlist-owner") else None)
    assert faults(host) == {"not-routed": "testlist-owner@list.example.com: routed to local"}


def test_upper_case(host, monkeypatch):
    change(monkeypatch, host, "route", lambda address, verify: ("undeliverable", "x", None) if address != address.lower() else None)
    assert faults(host) == {"not-routed": "TESTLIST@LIST.EXAMPLE.COM: undeliverable: x"}


def test_a_list_whose_name_ends_in_a_suffix(host, monkeypatch):
    change(monkeypatch, host, "route", lambda address, verify: ("undeliverable", "Unrouteable address", None) if address.startswith("my-admin") else None)
    assert faults(host) == {"suffix-name": "my-admin@list.example.com: undeliverable: Unrouteable address"}


def test_a_list_that_does_not_exist(host, monkeypatch):
    change(monkeypatch, host, "route", lambda address, verify: ("routed", None, "mailman_transport"))
    assert faults(host) == {"unknown-list": "no-such-list-xxxxxxxx@list.example.com: routed to mailman_transport"}


def test_mailman_loop(host, monkeypatch):
    change(monkeypatch, host, "route", lambda address, verify: ("undeliverable", "Unrouteable address", None) if address.startswith("mailman-loop") else None)
    assert faults(host) == {"loop-address": "mailman-loop@list.example.com: undeliverable: Unrouteable address"}


def test_lists_that_exims_user_cannot_read(host, monkeypatch):
    def stop(address, verify):
        if verify:
            raise EximError("exim -bv stopped at address 1 of 9, %s (exit status 1): %s" % (address, DENIED))

    change(monkeypatch, host, "route", stop)
    change(monkeypatch, host, "reply", lambda client, sender, recipient: (None, "no reply, Exim has ended: " + DENIED) if DOMAIN in recipient else None)
    assert list(faults(host)) == ["unreadable-lists"]


def test_a_list_that_exims_user_cannot_read(host, monkeypatch):
    reason = "require_files: error for /x/config.pck: Permission denied"
    change(monkeypatch, host, "route", lambda address, verify: ("deferred", reason, None) if verify and address.startswith("testlist@") else None)
    assert faults(host) == {"unreadable-lists": "testlist@list.example.com: deferred: " + reason}


def test_an_address_that_only_verification_refuses(host, monkeypatch):
    change(monkeypatch, host, "route", lambda address, verify: ("undeliverable", "x", None) if verify and address.startswith("testlist@") else None)
    assert faults(host) == {"not-routed": "testlist@list.example.com: undeliverable: x"}


@pytest.mark.parametrize("condition, reason, fault", [
    ("", "Tainted arg 2 for mailman_transport transport command: 'testlist'", "tainted-arguments"),
    ("-bounces+", "Tainted arg 1 for mailman_transport transport command: 'bounces'", "tainted-suffix"),
    ("", "No such file or directory: failed to chdir to /virtual/:list.example.com/mailman", "double-colon-path"),
    ("", "there is no program /var/lib/mailman/mail/mailman", "split-home"),
    ("", "Expansion of x failed", "not-delivered"),
    ("", "No such file or directory: failed to chdir to /gone", "not-delivered"),
])
def test_deliveries_that_fail(host, monkeypatch, condition, reason, fault):
    change(monkeypatch, host, "deliver", lambda address, *rest: (
        ("failed", reason, "mailman_transport", None, None, None) if host.kind(address) and condition in address else None
    ))
    assert list(faults(host)) == [fault]


@pytest.mark.parametrize("command, found", [
    ([WRAPPER, "owner", "testlist"], WRAPPER + " owner testlist"),
    ([WRAPPER, "post", "other"], WRAPPER + " post other"),
    (["/bin/mailman", "post", "testlist"], "/bin/mailman post testlist"),
    (None, "no command"),
])
def test_wrong_commands(host, monkeypatch, command, found):
    change(monkeypatch, host, "deliver", lambda address, *rest: (
        ("delivered", None, "mailman_transport", command, "list", "x") if address == "testlist@" + DOMAIN else None
    ))
    assert faults(host) == {"wrong-command": "testlist@list.example.com: %s instead of %s post testlist" % (found, WRAPPER)}


def test_a_link_to_the_wrapper_will_do(host, monkeypatch, tmp_path):
    (tmp_path / "mailman").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "mailman")
    change(monkeypatch, host, "deliver", lambda address, *rest: (
        ("delivered", None, "mailman_transport", [str(tmp_path / "link")] + list(host.kind(address)[:1:-1]) + [host.kind(address)[0]], "list", "x")
        if host.kind(address) else None
    ))
    assert faults(host, wrapper=str(tmp_path / "mailman")) == {}


def test_the_wrong_group(host):
    assert faults(host, mail_groups=["daemon", "mail"]) == {"wrong-group": "testlist@list.example.com: group list, but the wrapper takes daemon or mail"}


def test_only_a_sample_of_the_lists_is_delivered_to(host, monkeypatch):
    delivered = []
    change(monkeypatch, host, "deliver", lambda address, *rest: delivered.append(address))
    faults(host, sample=1)
    assert not [address for address in delivered if address.startswith("my-admin")]
    faults(host, sample=2)
    assert [address for address in delivered if address.startswith("my-admin")] == ["my-admin@" + DOMAIN]


def test_an_acl_that_never_applies(host, monkeypatch):
    change(monkeypatch, host, "reply", lambda client, sender, recipient: (
        ("250", "Accepted") if sender == "<>" and recipient == "testlist@" + DOMAIN else None
    ))
    assert faults(host) == {"inert-null-sender-acl": "<> to testlist@list.example.com from 192.0.2.1: 250 Accepted"}


def test_null_senders_that_are_accepted(host, monkeypatch):
    change(monkeypatch, host, "reply", lambda client, sender, recipient: ("250", "Accepted") if sender == "<>" else None)
    assert faults(host) == {"null-sender-accepted": "<> to testlist@list.example.com from 192.0.2.1: 250 Accepted"}


def test_null_senders_that_are_refused(host, monkeypatch):
    change(monkeypatch, host, "reply", lambda client, sender, recipient: ("550", "no") if sender == "<>" and ":" in client else None)
    assert faults(host) == {"null-sender-refused": "<> to testlist-bounces@list.example.com from 2001:db8::1: 550 no"}


def test_quotes_in_a_refusal(host, monkeypatch):
    change(monkeypatch, host, "reply", lambda client, sender, recipient: (
        ("550", '"Recipient never sends mail"') if sender == "<>" and recipient.startswith("testlist-join@") else None
    ))
    assert faults(host) == {"quoted-message": '<> to testlist-join@list.example.com from 192.0.2.1: 550 "Recipient never sends mail"'}


def test_mail_to_a_list_that_is_refused(host, monkeypatch):
    change(monkeypatch, host, "reply", lambda client, sender, recipient: (
        ("550", "no") if sender == SUBSCRIBER and recipient.startswith("testlist-request@") else None
    ))
    assert faults(host) == {"refused": "anna@example.net to testlist-request@list.example.com from 192.0.2.1: 550 no"}


def test_an_open_relay(host, monkeypatch):
    change(monkeypatch, host, "reply", lambda client, sender, recipient: ("250", "Accepted") if recipient == SUBSCRIBER else None)
    assert faults(host) == {"open-relay": "anna@example.net to anna@example.net from 192.0.2.1: 250 Accepted"}


@pytest.mark.parametrize("clients, fault", [(["::1"], "ipv4-only-loopback"), (["127.0.0.1"], "no-loopback-trust"), (["127.0.0.1", "::1"], "no-loopback-trust")])
def test_mail_from_loopback(host, monkeypatch, clients, fault):
    change(monkeypatch, host, "reply", lambda client, sender, recipient: ("550", "relay not permitted") if client in clients else None)
    assert faults(host) == {
        fault: "testlist-bounces@list.example.com to anna@example.net from %s: 550 relay not permitted" % clients[0]
    }


@pytest.mark.parametrize("clients, fault", [(["::1"], "ipv4-only-loopback"), (["127.0.0.1"], "no-verp"), (["127.0.0.1", "::1"], "no-verp")])
def test_verp(host, monkeypatch, clients, fault):
    change(monkeypatch, host, "deliver", lambda address, sender, sender_host: (
        ("delivered", None, "remote_smtp", None, "exim", sender) if sender_host in clients else None
    ))
    assert faults(host) == {
        fault: "testlist-bounces@list.example.com to anna@example.net from %s: leaves from testlist-bounces@list.example.com through remote_smtp" % clients[0]
    }
    # Where Mailman does it, there is nothing to test.
    assert faults(host, verp="mailman") == {}


def test_verp_that_is_not_delivered(host, monkeypatch):
    change(monkeypatch, host, "deliver", lambda address, sender, sender_host: ("deferred", "no host", "x", None, None, None) if sender_host else None)
    assert faults(host) == {"not-delivered": "testlist-bounces@list.example.com to anna@example.net from 127.0.0.1: no host"}


def test_verp_that_nobody_does_is_a_fault_only_if_exim_should(host, monkeypatch):
    host.settings = dict(Host.settings, transports=Host.settings["transports"][:2])
    change(monkeypatch, host, "deliver", lambda address, sender, sender_host: (
        ("delivered", None, "remote_smtp", None, "exim", sender) if sender_host else None
    ))
    assert list(faults(host)) == ["no-verp"]
    assert faults(host, verp=None) == {}


def test_errors_to_with_the_address_twice(host):
    transports = [dict(transport) for transport in Host.settings["transports"]]
    transports[2]["options"] = dict(transports[2]["options"], headers_add="Errors-To: ${local_part:$return_path}+$original_local_part")
    host.settings = dict(Host.settings, transports=transports)
    assert faults(host) == {
        "double-errors-to": "transport mailman_verp_smtp: headers_add = Errors-To: ${local_part:$return_path}+$original_local_part"
    }


def test_other_headers_may_have_the_address(host):
    """As Exim tells several: on one line."""
    transports = [dict(transport) for transport in Host.settings["transports"]]
    transports[2]["options"] = dict(transports[2]["options"], headers_add="Errors-To: $return_path\\n${if def:h_List-Unsubscribe: {$original_local_part}}")
    host.settings = dict(Host.settings, transports=transports)
    assert faults(host) == {}


def test_kinds_of_addresses():
    assert addresses.KINDS == (
        ("", "post"),
        ("-admin", "admin"),
        ("-bounces", "bounces"),
        ("-bounces+someone=example.org", "bounces"),
        ("-bounces+some!one=example.org", "bounces"),
        ("-bounces+some/one=example.org", "bounces"),
        ("-confirm", "confirm"),
        ("-confirm+0123456789abcdef", "confirm"),
        ("-join", "join"),
        ("-leave", "leave"),
        ("-owner", "owner"),
        ("-request", "request"),
        ("-subscribe", "subscribe"),
        ("-unsubscribe", "unsubscribe"),
    )


def test_every_fault_has_a_remedy():
    folder = pathlib.Path(report.__file__).parent
    paths = [*(path for path in folder.glob("*.py") if path.name != "report.py"), pathlib.Path(looking.__file__)]
    source = "".join(path.read_text() for path in paths)
    assert [name for name in [*report.REMEDIES, *report.ADVICE] if '"%s"' % name not in source] == []


def test_the_table():
    given = report.Report()
    given.check("limits", 1, [])
    given.check("mail from loopback", 2, [("open-relay", "number %d" % number) for number in range(5)])
    assert report.table(given, "list.example.com") == [
        "list.example.com: kinds of faults: 1",
        "  limits              1 tested    ok",
        "  mail from loopback  2 tested    FAULTS: 5",
        "OPEN-RELAY: " + report.REMEDIES["open-relay"],
        "    number 0", "    number 1", "    number 2", "    and 2 more",
    ]


def test_the_table_with_advice():
    given = report.Report({"bad": "Mend it.", "worse": "Mend it."}, {"hint": "Think of it."})
    given.check("one", 1, [])
    given.check("two", 3, [("hint", "x"), ("hint", "y")])
    advice = ["advice, HINT: Think of it.", "    x", "    y"]
    assert report.table(given, "host") == ["host: no fault, but there is advice", "  one  1 tested    ok", "  two  3 tested    advice: 2", *advice]
    assert (given.faults(), [one["fault"] for one in given.advice()]) == ([], ["hint"])
    given.check("three", 2, [("hint", "z"), ("bad", "b")])
    assert report.table(given, "host")[0] == "host: kinds of faults: 1"
    assert report.table(given, "host")[3:6] == ["  three  2 tested    FAULTS: 1", "BAD: Mend it.", "    b"]


@pytest.fixture
def lists(tmp_path):
    for name in ("users", "my-admin", "mailman", "announce"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.pck").write_text("")
    (tmp_path / "not-a-list").mkdir()
    return tmp_path


def test_the_lists_of_a_directory(lists, tmp_path):
    assert addresses.lists_of(str(lists)) == ["announce", "users", "my-admin"]
    with pytest.raises(EximError) as caught:
        addresses.lists_of(str(lists / "users"))
    assert "there is no list in" in str(caught.value)
    with pytest.raises(EximError) as caught:
        addresses.lists_of(str(tmp_path / "nonexistent"))
    assert str(caught.value) == "lists_dir: %s cannot be read: No such file or directory." % (tmp_path / "nonexistent")


def test_each_list_in_its_own_domain(host):
    host.domains = {"testlist": "lists.test"}
    assert faults(host, domains=host.domains) == {}
    assert faults(host)["not-routed"] == "testlist@list.example.com: undeliverable: Unrouteable address"


@pytest.mark.parametrize("address, route, found", [
    ("testlist@old.test", ("undeliverable", "Unrouteable address", None), "Mailman has testlist@old.test: undeliverable: Unrouteable address"),
    # A domain that others have.
    ("testlist@old.test", ("routed", None, "remote_smtp"), "Mailman has testlist@old.test: routed to remote_smtp"),
    ("testlist@old.test\nmailman-loop@list.example.com", None, "'testlist@old.test\\nmailman-loop@list.example.com' is no address"),
])
def test_a_list_whose_own_domain_is_not_exims(host, monkeypatch, address, route, found):
    change(monkeypatch, host, "route", lambda tested, verify: route if tested == address else None)
    assert faults(host, posting_addresses=["my-admin@" + DOMAIN, address]) == {"foreign-host-name": found}
    assert faults(host, posting_addresses=[]) == {}


def test_domains_of_lists(tmp_path):
    path = tmp_path / ".domains"
    path.write_text("my-admin: lists.test\ntestlist: list.example.com\n")
    assert addresses.domains_of(str(path)) == {"my-admin": "lists.test", "testlist": "list.example.com"}
    assert addresses.domains_of(None) == {}
    path.write_text("nonsense\n")
    for wrong in (path, tmp_path / "nonexistent"):
        with pytest.raises(EximError) as caught:
            addresses.domains_of(str(wrong))
        assert str(caught.value).startswith("domains_file: %s cannot be read: " % wrong)


@pytest.fixture
def arguments(lists, host, monkeypatch):
    monkeypatch.setattr("socket.gethostbyname", lambda name: "192.0.2.1")
    monkeypatch.setattr("socket.getfqdn", lambda: "list.example.com")
    monkeypatch.setattr(exim_mailman_verify.Exim, "from_module", lambda module: host)
    (lists / "testlist").mkdir()
    (lists / "testlist" / "config.pck").write_text("")
    for name in ("users", "announce"):
        (lists / name / "config.pck").unlink()
    (lists / ".domains").write_text("other: lists.test\n")
    return dict(domain=DOMAIN, domains_file=str(lists / ".domains"), lists_dir=str(lists), wrapper=WRAPPER, subscriber=SUBSCRIBER)


@pytest.mark.parametrize("check_mode", [False, True])
def test_the_module(run_module, arguments, host, check_mode):
    result = run_module(exim_mailman_verify, _ansible_check_mode=check_mode, **arguments)
    assert (result["changed"], result["ok"], result["faults"]) == (False, True, [])
    assert result["table"][0] == "list.example.com: all is well"
    assert "deliveries to Mailman" in [check["check"] for check in result["checks"]]
    host.unknown_transports = ["router r: there is no transport t."]
    result = run_module(exim_mailman_verify, _ansible_check_mode=check_mode, **arguments)
    assert (result["ok"], [fault["fault"] for fault in result["faults"]]) == (False, ["unknown-transport"])
    host.unknown_transports = []
    result = run_module(exim_mailman_verify, posting_addresses=["testlist@old.test"], **arguments)
    assert [fault["fault"] for fault in result["faults"]] == ["foreign-host-name"]


RUNNERS = {"master_pid": 1, "running": ["ArchRunner", "ListhostBounceRunner"], "missing": []}


def test_a_queue_without_a_runner(run_module, arguments):
    """As when the file of ours is gone. Where none runs, the service is down and nothing else is said."""
    result = run_module(exim_mailman_verify, runners=RUNNERS, **arguments)
    assert (result["ok"], [check["tested"] for check in result["checks"] if check["check"] == "queue runners"]) == (True, [2])
    result = run_module(exim_mailman_verify, runners=dict(RUNNERS, running=["ArchRunner"], missing=["ListhostBounceRunner"]), **arguments)
    assert [(fault["fault"], fault["found"]) for fault in result["faults"]] == [("runner-missing", ["ListhostBounceRunner"])]
    assert run_module(exim_mailman_verify, runners=dict(RUNNERS, master_pid=None, missing=["ArchRunner"]), **arguments)["ok"] is True


BOUNCES = {
    "name": "news", "policy_bounces": 4, "members": 2, "reasons": [["5.7.26 from mx.example.org", 3], ["5.7.1 from mx.example.net", 1]],
    "senders": [["carla@example.edu", 4]], "kept": [],
}


def test_bounces_about_policy_are_told_and_no_fault(run_module, arguments):
    result = run_module(exim_mailman_verify, bounces={"guarded": True, "lists": [BOUNCES]}, **arguments)
    assert (result["ok"], result["faults"]) == (True, [])
    [advice] = result["advice"]
    found = "news: 4 bounces of 2 members in 7 days: 5.7.26 from mx.example.org (3), 5.7.1 from mx.example.net (1); about mail of carla@example.edu (4)"
    assert (advice["fault"], advice["found"]) == ("policy-bounces", [found])
    assert result["table"][0].endswith("no fault, but there is advice")
    assert result["table"][-2:] == ["advice, POLICY-BOUNCES: " + report.ADVICE["policy-bounces"], "    " + found]


def test_a_day_on_which_too_many_would_have_lost_delivery(run_module, arguments):
    kept = ["m%d@example.org" % number for number in range(5)]
    result = run_module(exim_mailman_verify, bounces={"guarded": True, "lists": [dict(BOUNCES, policy_bounces=0, kept=kept)]}, **arguments)
    assert [(fault["fault"], fault["found"]) for fault in result["faults"]] == [
        ("bounce-storm", ["news: beyond the limit of a day, delivery went on for m0@example.org, m1@example.org, m2@example.org and 2 more"]),
    ]
    assert result["advice"] == []


@pytest.mark.parametrize("bounces", [None, {"guarded": False, "lists": [BOUNCES]}])
def test_where_mailman_scores_all_bounces_nothing_is_told(run_module, arguments, bounces):
    result = run_module(exim_mailman_verify, bounces=bounces, **arguments)
    assert (result["advice"], "bounces of members" in [check["check"] for check in result["checks"]]) == ([], False)


def test_mail_that_mailman_gave_up_on(run_module, arguments):
    result = run_module(exim_mailman_verify, queues={"in": 2, "retry": 1, "shunt": 0, "bad": 0}, **arguments)
    assert result["ok"] is True
    assert "Mailman's queues" in [check["check"] for check in result["checks"]]
    result = run_module(exim_mailman_verify, queues={"in": 0, "shunt": 3, "bad": 1}, **arguments)
    assert [(fault["fault"], fault["found"]) for fault in result["faults"]] == [
        ("shunted-mail", ["messages in Mailman's queue shunt: 3"]),
        ("unreadable-mail", ["messages in Mailman's queue bad: 1"]),
    ]
    assert "bin/unshunt as Mailman's user" in result["faults"][0]["remedy"]


# What systemctl says to is-active and is-enabled.
SERVICES = {
    "exim4": ("active", "enabled"),
    # Debian's init script of Exim, and a unit that a machine has until it is rebooted.
    "script": ("active", "script.service is not a native service, redirecting to systemd-sysv-install.\nenabled"),
    "runtime": ("active", "enabled-runtime"),
    "broken": ("failed", "enabled"),
    "static": ("active", "static"),
    "off": ("active", "disabled"),
    "gone": ("inactive", "not-found"),
    "lost": ("inactive", ""),
}


def test_services(run_module, arguments, tmp_path, monkeypatch):
    systemctl = tmp_path / "systemctl"
    cases = ["'is-active %s') echo '%s';; 'is-enabled %s') echo '%s';;\n" % (name, active, name, enabled) for name, (active, enabled) in SERVICES.items()]
    systemctl.write_text("#!/bin/sh\ncase $* in\n%sesac\n" % "".join(cases))
    systemctl.chmod(0o755)
    monkeypatch.setattr("ansible.module_utils.basic.AnsibleModule.get_bin_path", lambda self, name, required=False: str(systemctl))
    assert run_module(exim_mailman_verify, services=["exim4", "script"], **arguments)["ok"] is True
    result = run_module(exim_mailman_verify, services=list(SERVICES), **arguments)
    assert {fault["fault"]: fault["found"] for fault in result["faults"]} == {
        "service-down": ["broken is failed", "gone is inactive", "lost is inactive"],
        "not-at-boot": ["runtime is enabled-runtime", "static is static", "off is disabled"],
    }


class Server(threading.Thread):
    """A mail server for one connection that replies as it is told, and keeps what it was told."""

    def __init__(self, replies):
        threading.Thread.__init__(self)
        self.daemon, self.replies, self.said = True, replies, []
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(1)
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        connection = self.listener.accept()[0]
        stream = connection.makefile("rwb", 0)
        stream.write(b"220 hello\r\n")
        for line in stream:
            self.said.append(line.decode().strip().lower())
            stream.write((self.replies.get(line[:4].decode().lower(), "250 OK") + "\r\n").encode())
        connection.close()
        self.listener.close()


# In small letters, whatever the version of Python sends.
MAIL, RCPT = "mail from:<testlist-bounces@list.example.com>", "rcpt to:<anna@example.net>"


@pytest.mark.parametrize("replies, found, said", [
    ({}, None, [MAIL, RCPT]),
    ({"mail": "550 not you"}, "550 not you", [MAIL]),
    ({"rcpt": "550 relay not permitted"}, "550 relay not permitted", [MAIL, RCPT]),
    ({"rcpt": "451 later"}, "451 later", [MAIL, RCPT]),
])
def test_the_connection_of_mailman(run_module, arguments, replies, found, said):
    """As far as the recipient: there is never a message."""
    server = Server(replies)
    result = run_module(exim_mailman_verify, smtp_host="127.0.0.1", smtp_port=server.port, **arguments)
    text = "127.0.0.1 port %d: testlist-bounces@list.example.com to anna@example.net: %s" % (server.port, found)
    assert {fault["fault"]: fault["found"] for fault in result["faults"]} == ({"no-connection": [text]} if found else {})
    server.join(10)
    assert server.said == ["ehlo localhost"] + said + ["rset", "quit"]


def test_a_connection_that_is_known_to_end_in_a_refusal(run_module, arguments, host, monkeypatch):
    """It would be logged."""
    change(monkeypatch, host, "reply", lambda client, sender, recipient: ("550", "relay not permitted") if client == "::1" else None)
    server = Server({"rcpt": "550 relay not permitted"})
    faults = run_module(exim_mailman_verify, smtp_host="127.0.0.1", smtp_port=server.port, **arguments)["faults"]
    assert [fault["fault"] for fault in faults] == ["ipv4-only-loopback"]
    server.join(10)
    assert server.said == ["ehlo localhost", "rset", "quit"]


def test_no_connection_for_mailman(run_module, arguments):
    with contextlib.closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        [fault] = run_module(exim_mailman_verify, smtp_host="127.0.0.1", smtp_port=port, **arguments)["faults"]
    assert (fault["fault"], fault["found"]) == ("no-connection", ["127.0.0.1 port %d: [Errno 111] Connection refused" % port])


@pytest.fixture
def exchanger(host, monkeypatch):
    """A mail exchanger in front of two list hosts."""
    host.settings = dict(
        routers=[dict(name="relay_routes", driver="manualroute"), dict(name="dnslookup", driver="dnslookup")],
        transports=[dict(name="remote_smtp", driver="smtp", options={})], options={},
    )
    host.routers = {"list.example.net": "relay_routes", "list.example.org": "relay_routes"}

    def route_tests(exim, tests, verify):
        results = []
        for test in tests:
            router = host.routers[test["address"].partition("@")[2]]
            outcome, transport = ("routed", "remote_smtp") if router else ("undeliverable", None)
            results.append(dict(address=test["address"], outcome=outcome, reason=None, routes=[dict(router=router, transport=transport)]))
        return results

    run_dialogue = exim_smtp.run_dialogue

    def with_callouts(exim, item, dialogue, timeout):
        host.asks = dialogue["callouts"]
        return run_dialogue(exim, item, dialogue, timeout)

    def reply(client, sender, recipient):
        # Without a callout all names are as good.
        known = recipient.startswith("postmaster@" if host.asks else ("postmaster@", "no-such-list-"))
        known = known or recipient == SUBSCRIBER and client in asking.LOOPBACK
        return ("250", "Accepted") if known else ("550", "no")

    monkeypatch.setattr(exim_address, "route_tests", route_tests)
    host.reply = reply
    monkeypatch.setattr(exim_smtp, "run_dialogue", with_callouts)
    monkeypatch.setattr(exim_mailman_verify.Exim, "from_module", lambda module: host)
    return host


def test_a_mail_exchanger(run_module, exchanger):
    arguments = dict(routed_domains=["list.example.net", "list.example.org"], subscriber=SUBSCRIBER)
    result = run_module(exim_mailman_verify, **arguments)
    assert (result.get("msg"), result["ok"], result["faults"]) == (None, True, [])
    assert result["table"][0] == "list.example.net, list.example.org: all is well"
    assert [(check["check"], check["tested"]) for check in result["checks"]] == [
        ("configuration", 2), ("routes to the list hosts", 2), ("recipients at the list hosts", 4), ("relaying for strangers", 2), ("passwords without TLS", 2),
    ]

    sound = exchanger.reply
    exchanger.routers.update({"list.example.net": "dnslookup", "list.example.org": None})
    exchanger.reply = lambda client, sender, recipient: ("250", "OK") if recipient.startswith("no-such-list-") else sound(client, sender, recipient)
    found = {fault["fault"]: fault["found"] for fault in run_module(exim_mailman_verify, **arguments)["faults"]}
    assert found == {
        "not-relayed": ["postmaster@list.example.net: routed to remote_smtp by router dnslookup", "postmaster@list.example.org: undeliverable"],
        "unasked-host": ["%s to no-such-list-xxxxxxxx@%s from 192.0.2.1: 250 OK" % (SUBSCRIBER, domain) for domain in arguments["routed_domains"]],
    }

    exchanger.reply = lambda client, sender, recipient: ("550", "no") if recipient.startswith("postmaster@") else ("250", "OK")
    assert {"refused", "open-relay"} < {fault["fault"] for fault in run_module(exim_mailman_verify, **arguments)["faults"]}
    exchanger.version = (1, "", "option foo unknown")
    assert [fault["fault"] for fault in run_module(exim_mailman_verify, **arguments)["faults"]] == ["configuration"]


@pytest.mark.parametrize("changed, message", [
    (dict(routed_domains=["list.example.net"]), "domain and routed_domains: one of them says what the host is for. Set it, and not both."),
    (dict(domain=None, lists_dir=None, wrapper=None), "domain and routed_domains: one of them says what the host is for. Set it, and not both."),
    (dict(domain=None, lists_dir=None, wrapper=None, routed_domains=["a@b"]), "routed_domains: 'a@b' is not a domain."),
    (
        dict(domain=None, lists_dir=None, wrapper=None, routed_domains=["list.test", "Example.net"]),
        "subscriber: anna@example.net is not an address in another domain than list.test, Example.net.",
    ),
    (dict(domain="list.example.com\n"), "domain: 'list.example.com\\n' is not a domain."),
    (dict(domain="localhost"), "domain: 'localhost' is not a domain."),
    (dict(subscriber="anna@LIST.example.com"), "subscriber: anna@LIST.example.com is not an address in another domain than list.example.com."),
    (dict(subscriber="anna@lists.test"), "subscriber: anna@lists.test is not an address in another domain than list.example.com."),
    (dict(subscriber="anna"), "subscriber: anna is not an address in another domain than list.example.com."),
    (dict(subscriber="a@b\n"), "subscriber: 'a@b\\n' has a control character."),
    (dict(sample=0), "sample: 0 is not a number of lists to test."),
    (dict(lists_dir="/nonexistent"), "lists_dir: /nonexistent cannot be read: No such file or directory."),
])
def test_bad_input(run_module, arguments, changed, message):
    result = run_module(exim_mailman_verify, **dict(arguments, **changed))
    assert result["failed"] is True
    assert result["msg"] == message


@pytest.mark.parametrize(("tools", "version"), [
    ({}, ""), ({"dpkg-query": 'test $1 = -S && echo "exim4-daemon-heavy: $2" || { test "$4" = exim4-daemon-heavy && printf 4.96-15; }'}, "4.96-15"),
    # Debian's tool knows nothing of it, as with the EL layout of the tests.
    ({"dpkg-query": "exit 1", "rpm": 'test $1 = -qf && printf exim || { test "$4" = exim && printf 4.96-3.el8; }'}, "4.96-3.el8"),
    ({"rpm": "echo file is not owned by any package; exit 1"}, ""),
])
def test_the_package_of_exim(run_module, arguments, host, tmp_path, monkeypatch, tools, version):
    (tmp_path / "bin").mkdir()
    for name, text in tools.items():
        (tmp_path / "bin" / name).write_text("#!/bin/sh\n" + text + "\n")
        (tmp_path / "bin" / name).chmod(0o755)
    known = {name: str(tmp_path / "bin" / name) for name in tools}
    monkeypatch.setattr("ansible.module_utils.basic.AnsibleModule.get_bin_path", lambda self, name, required=False: known.get(name))
    host.version = (0, "Exim version 4.96 #2 built 01-Jan-2026\n", "")
    assert run_module(exim_mailman_verify, **arguments)["installed"] == {"version": "4.96", "package": version}


@pytest.mark.parametrize(("lines", "known", "found"), [
    ("dnslists = a.test", {"2.0.0.127.a.test.": ["127.0.0.2"]}, []),
    ("dnslists = a.test=127.0.0.4 : b.test\n", {"2.0.0.127.a.test.": ["127.0.0.2"], "2.0.0.127.b.test.": ["127.0.0.2", "127.0.0.10"]}, []),
    ("dnslists = a.test", {}, [("dead-dnsbl", "a.test does not list 127.0.0.2")]),
    ("dnslists = a.test", {"2.0.0.127.a.test.": ["127.0.0.2"], "1.0.0.127.a.test.": ["127.0.0.2"]}, [("dead-dnsbl", "a.test lists 127.0.0.1")]),
    ("dnslists = a.test", {"2.0.0.127.a.test.": ["192.0.2.1"], "1.0.0.127.a.test.": ["192.0.2.1"]}, [("dead-dnsbl", "a.test does not list 127.0.0.2")]),
    # Answers so to whom it does not serve.
    ("dnslists = a.test", {"2.0.0.127.a.test.": ["127.255.255.254"], "1.0.0.127.a.test.": ["127.255.255.254"]}, [
        ("refusing-dnsbl", "a.test says 127.255.255.254")]),
    ("!dnslists = a.test!&127.255.255.0 : $nothing\n  dnslists = $x", {"2.0.0.127.a.test.": ["127.0.0.2"]}, []),
])
def test_block_lists(monkeypatch, lines, known, found):
    def look_up(name):
        if name not in known:
            raise OSError
        return name, [], known[name]

    monkeypatch.setattr(around, "ask", lambda exim, *arguments: lines)
    monkeypatch.setattr("socket.gethostbyname_ex", look_up)
    given = report.Report()
    around.check_dnsbls(None, given)
    [check] = given.checks
    assert [(one["fault"], one["found"]) for one in check["findings"]] == found
