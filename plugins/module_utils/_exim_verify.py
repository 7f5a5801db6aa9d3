# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import contextlib
import ipaddress
import os
import re

from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_address as exim_address
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_delivery as exim_delivery
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_smtp as exim_smtp
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import EximError, message_of
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_settings import ask, broken_signatures, read_settings, unknown_transports
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target.known import SUFFIXES

# Some of what may follow a + there.
MORE = {
    # The last two have characters that a subscriber's address may have, and that a configuration likes to refuse.
    "bounces": ("someone=example.org", "some!one=example.org", "some/one=example.org"),
    "confirm": ("0123456789abcdef",),
}
# What addresses of a list have after its name, and the command of Mailman's wrapper that they should run.
KINDS = (("", "post"),) + tuple(
    (kind, suffix) for suffix in SUFFIXES for kind in ["-" + suffix] + ["-%s+%s" % (suffix, more) for more in MORE.get(suffix, ())]
)
# Addresses that never send mail cannot cause bounces. The others get them for good reasons.
BOUNCED_TO = tuple(suffix for suffix, command in KINDS if command in ("bounces", "confirm"))

# Addresses of no host in the world (RFC 5737, RFC 3849).
STRANGERS = ("192.0.2.1", "2001:db8::1")
LOOPBACK = ("127.0.0.1", "::1")
# Addresses of no host in particular, as a neighbour has one (RFC 1918, RFC 6598, RFC 4193).
PRIVATE = ("10.255.255.254", "172.31.255.254", "192.168.255.254", "100.127.255.254", "fd00::ffff")
REPLY_TIMEOUT = 60
# A server that is down over a night must not cost its subscribers their membership.
SHORTEST_RETRY = 24 * 3600

# What is known to go wrong, most of it with the configuration of the HOWTO on a current Exim, and what to do about it.
REMEDIES = {
    "configuration": "Correct the configuration where Exim says so.",
    "unknown-acl-verb": "Exim 4 has no ACL verb reject: write deny.",
    "unknown-transport": "Name a transport that is in the configuration.",
    "unknown-domain": "Set the virtual domain up again (site.yml): its run ends with the file that makes it known.",
    "no-list-transport": "Add a pipe transport whose command is Mailman's wrapper, and a router that uses it.",
    "not-routed": "Let a router accept this address and hand it to the transport for Mailman.",
    "foreign-host-name":
        "Give the list the mail domain by which Exim knows it (its host_name: mailman_lists, email_host): replies go where Mailman says that it is.",
    "suffix-name": "After the router with suffixes add one without, for lists whose own name ends like one.",
    "unknown-list": "Let the router require the list's config.pck, so that mail for other names is refused.",
    "loop-address": "Route mailman-loop in the list domains: Mailman sends its own notices with it as envelope sender.",
    "unreadable-lists": "Let Exim's own user read and enter the lists directory (mode 2775), without which its SMTP process fails.",
    "not-delivered": "Correct the transport as Exim says.",
    "tainted-arguments": "Exim from 4.96 on refuses $local_part in a command: look the list up in its directory and use $local_part_data.",
    "tainted-suffix": "A suffix that a wildcard matched is tainted too: have the command use the words bounces and confirm for it.",
    "double-colon-path": "In this option ${lc::...} has one colon too many; $domain_data needs no lc.",
    "split-home": "Name the wrapper and the lists directory where they are: they are not below one home on this host.",
    "wrong-command": "Have the transport run Mailman's wrapper with the command that belongs to the suffix and with the list's name.",
    "wrong-group": "Run the transport as a group for which the wrapper was compiled (--with-mail-gid).",
    "no-envelope-to": "Set envelope_to_add on the transport to Mailman: bounces whose To says something else have the subscriber there alone.",
    "bounced-failures": "Set temp_errors = * on the transport to Mailman: else a full disk or a wrong group bounces mail instead of delaying it.",
    "inert-null-sender-acl": "In exists{} a path needs ${lc:...} with one colon, unlike in require_files. As it is, the statement never applies.",
    "null-sender-accepted": "Deny null senders for the addresses of a list that send no mail themselves.",
    "null-sender-refused": "Accept null senders for -bounces, -confirm and mailman-loop: that is how Mailman learns of bounces.",
    "quoted-message": "Remove the quotes from message in the ACL: they become part of the reply.",
    "refused": "Accept mail from everywhere for the addresses of a list.",
    "not-relayed": "Route the domain to its list host by name (exim_relay_routes, or the list host in the inventory): by the DNS its mail comes back here.",
    "unasked-host": "See that the list host answers on port 25, and ask it about each recipient (callout): mail for any name is taken now, and bounced later.",
    "open-relay": "Deny recipients that are neither local nor in a list domain to hosts that may not relay.",
    "private-relay": "Take the address out of what may relay, or name it in exim_relay_from_hosts if it is meant to send to everybody through this host.",
    "no-loopback-trust": "Accept all mail from 127.0.0.1 and ::1 early: it is Mailman's.",
    "ipv4-only-loopback": "Add ::1 to what names 127.0.0.1, in lists separated by semicolons (<; 127.0.0.1 ; ::1).",
    "no-connection": "Have Exim listen on loopback where Mailman hands over its mail (SMTPHOST and SMTPPORT in mm_cfg.py), and take it from there.",
    "no-verp": "Let a router before dnslookup hand mail from *-bounces over loopback to a transport that sets return_path.",
    "verp-in-bulk": "Set max_rcpt = 1 on the transport for VERP: a message for several has one envelope sender, which can name but one of them.",
    "verp-of-alias": "Write $original_local_part=$original_domain in return_path: the others name what an alias made of the address that is subscribed.",
    "two-errors-to": "Set headers_remove = Errors-To on the transport for VERP: the one that Mailman wrote names no subscriber.",
    "double-errors-to": "Set Errors-To: $return_path: the header already sees the rewritten return path.",
    "too-many-sessions": "Set SMTP_MAX_SESSIONS_PER_CONNECTION to at most smtp_accept_queue_per_connection: what comes beyond it waits for a queue run.",
    "no-retry": "Add a retry rule for all addresses (*  *  F,2h,15m; G,16h,1h,1.5; F,4d,6h): without one mail bounces when a server is busy for a moment.",
    "short-retry": "Let Exim try for a day or longer (exim_lists_retry): a server that is down over a night would cost its subscribers their membership.",
    "shunted-mail":
        "Read in Mailman's log error why it could not process this mail (bin/show_qfiles shows it), and when that is mended run bin/unshunt as Mailman's user: "
        "Mailman tries it again. Mailman's cron job deletes it after a week.",
    "unreadable-mail": "Look at the files in qfiles/bad, which Mailman could not read from its queues. Mailman's cron job deletes them after a week.",
    "service-down": "Start the service.",
    "not-at-boot": "Enable the service, so that it also starts at the next boot (systemctl enable). A unit that is static needs a section [Install] for that.",
    "scanner-down": "Start the scanner, or correct av_scanner or spamd_address: as it is, mail is put off or taken unscanned.",
    "open-passwords": "Offer AUTH over TLS alone, as with auth_advertise_hosts = ${if def:tls_in_cipher {*}{}}: passwords travel in the clear.",
    "no-tls": "Give Exim a certificate that is valid and belongs to its key, both readable for Exim's group, and restart it.",
    "broken-signature": "Correct the option: as it is, mail leaves unsigned.",
    "dead-dnsbl": "Take the block list out, or correct its domain: one that works lists 127.0.0.2 and does not list 127.0.0.1 (RFC 5782).",
    "open-secret": "Let nobody but root and Exim's group read the file (chmod 0640), and make a new key if somebody can have read this one.",
    "unreadable-secret": "Put the file there, and let Exim's group read it (chgrp, chmod 0640).",
    "slow-host-name": "Put the host's name into the DNS or /etc/hosts: Mailman looks it up for each connection to Exim.",
}


class Report:
    """The checks, each with what was found wrong."""

    def __init__(self):
        self.checks = []

    def check(self, name, tested, findings):
        """Add a check: how many things it looked at, and pairs of a fault and what was found."""
        self.checks.append(dict(check=name, tested=tested, findings=[dict(fault=fault, found=found) for fault, found in findings]))

    def faults(self):
        """Return each kind of fault once, with its remedy and all that was found of it."""
        found = {}
        for check in self.checks:
            for finding in check["findings"]:
                found.setdefault(finding["fault"], []).append(finding["found"])
        return [dict(fault=fault, remedy=REMEDIES[fault], found=found[fault]) for fault in REMEDIES if fault in found]


def lists_of(directory):
    """Return the names of the lists in Mailman's directory, those first whose names do not end in a suffix, without the site list."""
    try:
        names = sorted(os.listdir(directory))
    except OSError as error:
        raise EximError("lists_dir: %s cannot be read: %s." % (directory, error.strerror)) from None
    names = [name for name in names if name != "mailman" and os.path.exists(os.path.join(directory, name, "config.pck"))]
    if not names:
        raise EximError("lists_dir: there is no list in %s. Name the directory of Mailman's lists, or make a list first." % directory)
    return sorted(names, key=lambda name: has_suffix(name, [name]))


def domains_of(path):
    """Return the domain of each list that the file of module mailman_lists names."""
    if not path:
        return {}
    try:
        with open(path, encoding="ascii") as lines:
            return dict(line.rstrip("\n").split(": ") for line in lines)
    except (OSError, ValueError) as error:
        raise EximError("domains_file: %s cannot be read: %s." % (path, error)) from None


def address_of(wanted, name, suffix=""):
    """Return an address of a list in its own domain."""
    return "%s%s@%s" % (name, suffix, wanted["domains"].get(name, wanted["domain"]))


def verify(exim, wanted):
    """Return the report on a host. Wanted says what is known of it, as the options of exim_mailman_verify."""
    report = Report()
    settings = check_configuration(report, exim, address_of(wanted, wanted["lists"][0], "-bounces"))
    if not settings:
        return report
    check_limits(report, settings, wanted)
    check_retry(report, exim, wanted)
    if wanted["virtual_domain_file"]:
        missing = not os.path.isfile(wanted["virtual_domain_file"])
        report.check("virtual domain", 1, [("unknown-domain", "%s: there is no %s" % (wanted["domain"], wanted["virtual_domain_file"]))] if missing else [])
        if missing:
            return report
    transports = list_transports(settings)
    if not transports:
        report.check("routing", 1, [("no-list-transport", "no pipe transport runs Mailman's wrapper %s" % wanted["wrapper"])])
        return report
    check_pipes(report, settings, transports)
    routed = check_routing(report, exim, wanted, transports)
    check_list_domains(report, exim, wanted, transports)
    check_deliveries(report, exim, wanted, routed)
    check_null_senders(report, exim, wanted, routed)
    if not check_strangers(report, exim, wanted, routed):
        check_neighbours(report, exim, wanted)
    check_passwords(report, exim)
    check_loopback(report, exim, wanted)
    check_verp(report, exim, wanted, settings)
    return report


def verify_exchanger(exim, wanted):
    """Return the report on a mail exchanger in front of list hosts: it has no lists, but domains that it relays."""
    report = Report()
    settings = check_configuration(report, exim, "postmaster@" + wanted["routed_domains"][0])
    if settings:
        check_routes(report, exim, wanted["routed_domains"], settings)
        check_asking(report, exim, wanted)
        check_passwords(report, exim)
    return report


def check_configuration(report, exim, sender):
    """See that Exim can work with its configuration. Return what it says of itself, or None when it refuses it."""
    status, dummy, err = exim.run("-bV")
    if status != 0:
        message = message_of(err)
        report.check("configuration", 1, [("unknown-acl-verb" if "reject" in message else "configuration", message)])
        return None
    settings = read_settings(exim, ["smtp_accept_queue_per_connection"])
    findings = [("unknown-transport", line) for line in unknown_transports(exim)]
    findings += [("broken-signature", line) for line in broken_signatures(exim, sender)]
    report.check("configuration", len(settings["routers"]), findings)
    return settings


def check_routes(report, exim, domains, settings):
    """See that mail for the domains goes to hosts that the configuration names."""
    drivers = dict((router["name"], router["driver"]) for router in settings["routers"])
    findings = []
    for result in exim_address.route_tests(exim, [address_test("postmaster@" + domain) for domain in domains], False):
        # What is undeliverable has a route without a router.
        routers = sorted(set(route["router"] for route in result["routes"] if route["router"]))
        if result["outcome"] != "routed" or [router for router in routers if drivers.get(router) != "manualroute"]:
            findings.append(("not-relayed", "%s: %s%s" % (result["address"], describe(result), " by router " + ", ".join(routers) if routers else "")))
    report.check("routes to the list hosts", len(domains), findings)


def check_asking(report, exim, wanted):
    """See that each list host is asked which addresses it has, and that nobody else gets mail through this host."""
    findings = []
    for domain in wanted["routed_domains"]:
        known, unknown = "postmaster@" + domain, "no-such-list-%s@%s" % ("x" * 8, domain)
        for address, step in replies(exim, STRANGERS[0], wanted["subscriber"], [known, unknown], callouts=True):
            if accepted(step) != (address == known):
                what = "%s to %s from %s: %s" % (wanted["subscriber"], address, STRANGERS[0], reply_text(step))
                findings.append(("refused" if address == known else "unasked-host", what))
    report.check("recipients at the list hosts", 2 * len(wanted["routed_domains"]), findings)
    relayed = []
    for client in STRANGERS:
        for address, step in replies(exim, client, wanted["subscriber"], [wanted["subscriber"]]):
            if accepted(step):
                relayed.append(("open-relay", "%s to %s from %s: %s" % (wanted["subscriber"], address, client, reply_text(step))))
    report.check("relaying for strangers", len(STRANGERS), relayed)


def list_transports(settings):
    """Return the names of the transports that run Mailman's wrapper."""
    return [
        transport["name"]
        for transport in settings["transports"]
        if transport["driver"] == "pipe" and os.path.basename((transport["options"].get("command") or "").split(" ")[0]) == "mailman"
    ]


def check_limits(report, settings, wanted):
    """See that Exim does not put list mail aside because too much of it comes in one connection."""
    if wanted["max_sessions"] is None:
        return
    limit = int(settings["options"]["smtp_accept_queue_per_connection"] or 0)
    sessions = wanted["max_sessions"]
    findings = []
    if limit and (sessions == 0 or sessions > limit):
        findings.append((
            "too-many-sessions",
            "SMTP_MAX_SESSIONS_PER_CONNECTION is %s, smtp_accept_queue_per_connection is %d" % (sessions or "0 (no limit)", limit),
        ))
    report.check("limits", 1, findings)


def check_pipes(report, settings, names):
    """See that the transports to Mailman lose neither bounces nor mail."""
    findings = []
    for transport in settings["transports"]:
        if transport["name"] in names:
            if not transport["options"].get("envelope_to_add"):
                findings.append(("no-envelope-to", "transport %s: no_envelope_to_add" % transport["name"]))
            if transport["options"].get("temp_errors") != "*":
                findings.append(("bounced-failures", "transport %s: temp_errors = %s" % (transport["name"], transport["options"].get("temp_errors"))))
    report.check("transports to Mailman", len(names), findings)


def check_retry(report, exim, wanted):
    """See that list mail waits for a server that is down."""
    sender = address_of(wanted, wanted["lists"][0], "-bounces")
    rule = re.sub(r"^Retry rule: ", "", ask(exim, "-f", sender, "-brt", wanted["subscriber"]).strip())
    seconds = [duration(words[1]) for words in re.findall(r"\b([FGH]),(\w+),", rule)]
    what = "%s to %s: %s" % (sender, wanted["subscriber"], rule or "nothing")
    findings = []
    if not seconds:
        findings.append(("no-retry", what))
    elif max(seconds) < SHORTEST_RETRY:
        findings.append(("short-retry", what))
    report.check("times to try again", 1, findings)


def duration(text):
    """Return the seconds of a time as Exim prints it, such as 4d or 1h30m."""
    units = dict(w=7 * 24 * 3600, d=24 * 3600, h=3600, m=60, s=1)
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([wdhms])", text))


def address_test(address, **values):
    """Return an address test, with what is not given as the module has it by default."""
    test = dict((name, None) for name in exim_address.TEST_ARGUMENTS)
    test.update(address=address, outcome="routed", **values)
    return test


def check_routing(report, exim, wanted, transports):
    """See that the addresses of the lists, and only those, reach Mailman; also for the user as whom Exim receives mail.

    Return the addresses that do: what is not routed is not to be reported again and again.
    """
    domain = wanted["domain"]
    tests = [address_test(address_of(wanted, name, suffix)) for name in wanted["lists"] for suffix, dummy in KINDS]
    tests += [address_test(address_of(wanted, name).upper()) for name in wanted["lists"][:1]]
    findings = []
    results = exim_address.route_tests(exim, tests, False)
    for test, result in zip(tests, results):
        found = set(route["transport"] for route in result["routes"])
        if result["outcome"] != "routed" or not found <= set(transports):
            fault = "suffix-name" if has_suffix(test["address"].partition("@")[0], wanted["lists"]) else "not-routed"
            findings.append((fault, "%s: %s" % (test["address"], describe(result))))
    report.check("addresses of the lists", len(tests), findings)

    findings = []
    try:
        for result, verified in zip(results, exim_address.route_tests(exim, tests, True)):
            if result["outcome"] == "routed" and verified["outcome"] != "routed":
                findings.append((denied(verified["reason"]) or "not-routed", "%s: %s" % (result["address"], describe(verified))))
    except EximError as error:
        findings.append((denied(str(error)) or "not-routed", str(error)))
    report.check("addresses, for Exim's user", len(tests), findings)

    unknown = "no-such-list-%s@%s" % ("x" * 8, domain)
    result = exim_address.route_tests(exim, [address_test(unknown)], False)[0]
    report.check("a list that does not exist", 1, [("unknown-list", "%s: %s" % (unknown, describe(result)))] if result["outcome"] == "routed" else [])

    loop = "mailman-loop@" + domain
    result = exim_address.route_tests(exim, [address_test(loop)], False)[0]
    report.check("mailman-loop", 1, [] if result["outcome"] == "routed" else [("loop-address", "%s: %s" % (loop, describe(result)))])
    return set(result["address"] for result in results if result["outcome"] == "routed")


def check_list_domains(report, exim, wanted, transports):
    """See that the addresses that Mailman itself has for its lists, in the headers of mail and on its pages, are those that Exim has."""
    addresses = wanted["posting_addresses"]
    if not addresses:
        return
    # A list's own data: it may hold anything.
    asked = [address for address in addresses if re.match(r"[^@\s]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\Z", address)]
    findings = [("foreign-host-name", "%r is no address" % address) for address in addresses if address not in asked]
    # Those that are as they should be have been tested with all others of their lists.
    tested = set(address_of(wanted, name) for name in wanted["lists"])
    for result in exim_address.route_tests(exim, [address_test(address) for address in asked if address not in tested], False):
        if result["outcome"] != "routed" or not set(route["transport"] for route in result["routes"]) <= set(transports):
            findings.append(("foreign-host-name", "Mailman has %s: %s" % (result["address"], describe(result))))
    report.check("the lists' own domains", len(addresses), findings)


def has_suffix(local_part, lists):
    """Say whether this is the name of a list, or an address of a list, whose name ends in a suffix."""
    return any(name.endswith(tuple("-" + suffix for suffix in SUFFIXES)) and local_part.startswith(name) for name in lists)


def describe(result):
    """Say in one line what became of an address."""
    if result["outcome"] == "routed":
        return "routed to " + ", ".join(sorted(set(route["transport"] or "none" for route in result["routes"])))
    return result["outcome"] + (": " + result["reason"] if result["reason"] else "")


def denied(text):
    """Return the fault of a directory that Exim's own user cannot use, if that is what the text is about."""
    return "unreadable-lists" if "Permission denied" in (text or "") else None


def delivery_test(address, **values):
    """Return a delivery test, with what is not given as the module has it by default."""
    test = dict((name, None) for name in exim_delivery.TEST_ARGUMENTS)
    test.update(address=address, outcome="delivered", **values)
    return test


def check_deliveries(report, exim, wanted, routed):
    """See that mail for the first list reaches every command of the wrapper, and mail for the others the command post."""
    kinds = [(wanted["lists"][0], suffix, command) for suffix, command in KINDS]
    kinds += [(name, "", "post") for name in wanted["lists"][1:wanted["sample"]]]
    kinds = [(name, suffix, command) for name, suffix, command in kinds if address_of(wanted, name, suffix) in routed]
    tests = [delivery_test(address_of(wanted, name, suffix)) for name, suffix, dummy in kinds]
    results = exim_delivery.run_tests(exim, tests)[0]
    findings = []
    post_is_tainted = any("Tainted" in (result["reason"] or "") for (dummy, suffix, dummy), result in zip(kinds, results) if not suffix)
    for (name, suffix, command), result in zip(kinds, results):
        if result["outcome"] != "delivered":
            findings.append((delivery_fault(result["reason"] or "", suffix, post_is_tainted), "%s: %s" % (result["address"], result["reason"])))
            continue
        delivery = result["deliveries"][0]
        expected = [wanted["wrapper"], command, name]
        # A link to the wrapper is as good.
        real = [os.path.realpath(argument) if number == 0 else argument for number, argument in enumerate(delivery["command"] or [])]
        if real != [os.path.realpath(wanted["wrapper"])] + expected[1:]:
            found = " ".join(delivery["command"] or ["no command"])
            findings.append(("wrong-command", "%s: %s instead of %s" % (result["address"], found, " ".join(expected))))
        elif wanted["mail_groups"] and delivery["group"] not in wanted["mail_groups"]:
            findings.append((
                "wrong-group", "%s: group %s, but the wrapper takes %s" % (result["address"], delivery["group"], " or ".join(wanted["mail_groups"])),
            ))
    report.check("deliveries to Mailman", len(tests), findings)


def delivery_fault(reason, suffix, post_is_tainted):
    """Return the fault behind Exim's reason."""
    if "Tainted" in reason or "tainted" in reason:
        return "tainted-suffix" if suffix and not post_is_tainted else "tainted-arguments"
    if "failed to chdir" in reason and "/:" in reason:
        return "double-colon-path"
    if "there is no program" in reason:
        return "split-home"
    return "not-delivered"


def dialogue(client, sender, recipients, callouts=False):
    """Return an SMTP dialogue in which nothing in particular is expected."""
    given = dict(name=None, client=client, callouts=callouts, helo=None, sender=sender, data=None, expect=None)
    given["recipients"] = [dict(address=address, code=None, text=None) for address in recipients]
    exim_smtp.check_dialogue("dialogue", given)
    return given


def replies(exim, client, sender, recipients, callouts=False):
    """Return the reply to each recipient; for those that the dialogue does not reach, the reply that ended it."""
    result = exim_smtp.run_dialogue(exim, "dialogue", dialogue(client, sender, recipients, callouts), REPLY_TIMEOUT)[0]
    steps = [step for step in result["steps"] if step["step"] == "recipient"]
    steps += [result["steps"][-1]] * (len(recipients) - len(steps))
    return list(zip(recipients, steps))


def reply_text(step):
    """Return a reply in one line."""
    return " ".join(word for word in (step["code"], step["text"].replace("\n", " ")) if word)


def accepted(step):
    """Say whether the reply is an acceptance of a recipient."""
    return step["step"] == "recipient" and (step["code"] or "").startswith("2")


def check_null_senders(report, exim, wanted, routed):
    """See that bounces are refused where they make no sense, and taken where Mailman waits for them."""
    name = wanted["lists"][0]
    addresses = [(suffix, address_of(wanted, name, suffix)) for suffix, dummy in KINDS]
    senseless = [address for suffix, address in addresses if suffix not in BOUNCED_TO and address in routed]
    sensible = [address for suffix, address in addresses if suffix in BOUNCED_TO and address in routed]
    findings = []
    quoted = []
    for client in STRANGERS:
        answers = replies(exim, client, "<>", senseless)
        for address, step in answers:
            if accepted(step):
                # Where the statement for the other addresses works, the one for the posting address was meant to.
                inert = address == addresses[0][1] and any(not accepted(other) for dummy, other in answers)
                findings.append(("inert-null-sender-acl" if inert else "null-sender-accepted", "<> to %s from %s: %s" % (address, client, reply_text(step))))
            elif step["text"].startswith('"'):
                quoted.append(("quoted-message", "<> to %s from %s: %s" % (address, client, reply_text(step))))
        for address, step in replies(exim, client, "<>", sensible):
            if not accepted(step):
                findings.append((denied(step["text"]) or "null-sender-refused", "<> to %s from %s: %s" % (address, client, reply_text(step))))
    report.check("bounces", 2 * len(senseless + sensible), findings)
    report.check("texts of refusals", 2 * len(senseless), quoted)


def check_strangers(report, exim, wanted, routed):
    """See that strangers can write to the lists, and to nobody else through this host. Return whether everybody can."""
    name, subscriber = wanted["lists"][0], wanted["subscriber"]
    own = [address for address in (address_of(wanted, name, suffix) for suffix, dummy in KINDS) if address in routed]
    findings = []
    relayed = []
    for client in STRANGERS:
        for address, step in replies(exim, client, subscriber, own):
            if not accepted(step):
                findings.append((denied(step["text"]) or "refused", "%s to %s from %s: %s" % (subscriber, address, client, reply_text(step))))
        for address, step in replies(exim, client, subscriber, [subscriber]):
            if accepted(step):
                relayed.append(("open-relay", "%s to %s from %s: %s" % (subscriber, address, client, reply_text(step))))
    report.check("mail from everywhere to the lists", 2 * len(own), findings)
    report.check("relaying for strangers", 2, relayed)
    return bool(relayed)


def check_neighbours(report, exim, wanted):
    """See that hosts which only happen to have a private address, or one near this host's, do not send through it."""
    meant = []
    for item in wanted["relay_from_hosts"]:
        # The others are names, and what Exim knows besides.
        with contextlib.suppress(ValueError):
            meant.append(ipaddress.ip_network(item, strict=False))
    clients = [client for client in PRIVATE + tuple(wanted["neighbours"]) if not any(ipaddress.ip_address(client) in network for network in meant)]
    findings = []
    for client in clients:
        for address, step in replies(exim, client, wanted["subscriber"], [wanted["subscriber"]]):
            if accepted(step):
                findings.append(("private-relay", "%s to %s from %s: %s" % (wanted["subscriber"], address, client, reply_text(step))))
    report.check("relaying for neighbours", len(clients), findings)


def check_passwords(report, exim):
    """See that nobody is asked for a password without TLS."""
    findings = []
    for client in STRANGERS:
        greeting = exim_smtp.run_dialogue(exim, "dialogue", dialogue(client, None, []), REPLY_TIMEOUT)[0]["steps"][-1]
        findings += [("open-passwords", "EHLO from %s: %s" % (client, line)) for line in greeting["text"].splitlines() if re.match(r"AUTH( |$)", line)]
    report.check("passwords without TLS", len(STRANGERS), findings)


def check_loopback(report, exim, wanted):
    """See that Mailman can send through both loopback addresses."""
    sender = address_of(wanted, wanted["lists"][0], "-bounces")
    answers = {client: replies(exim, client, sender, [wanted["subscriber"]])[0][1] for client in LOOPBACK}
    findings = []
    for client in LOOPBACK:
        if not accepted(answers[client]):
            fault = "ipv4-only-loopback" if client == "::1" and accepted(answers["127.0.0.1"]) else "no-loopback-trust"
            findings.append((fault, "%s to %s from %s: %s" % (sender, wanted["subscriber"], client, reply_text(answers[client]))))
    report.check("mail from loopback", len(LOOPBACK), findings)


def check_verp(report, exim, wanted, settings):
    """See that Exim puts the subscriber's address into the envelope sender, if it is Exim that does it."""
    verp = [transport for transport in settings["transports"] if "local_part" in (transport["options"].get("return_path") or "")]
    if wanted["verp"] not in (None, "exim") or (wanted["verp"] is None and not verp):
        return
    sender, subscriber = address_of(wanted, wanted["lists"][0], "-bounces"), wanted["subscriber"]
    expected = address_of(wanted, wanted["lists"][0], "-bounces+" + subscriber.replace("@", "="))
    tests = [delivery_test(subscriber, sender=sender, sender_host=client) for client in LOOPBACK]
    findings = []
    found = {}
    for test, result in zip(tests, exim_delivery.run_tests(exim, tests)[0]):
        client = test["sender_host"]
        delivery = result["deliveries"][0]
        found[client] = delivery["return_path"]
        if result["outcome"] != "delivered":
            findings.append(("not-delivered", "%s to %s from %s: %s" % (sender, subscriber, client, result["reason"])))
        elif delivery["return_path"] != expected:
            fault = "ipv4-only-loopback" if client == "::1" and found["127.0.0.1"] == expected else "no-verp"
            how = "leaves from %s through %s" % (delivery["return_path"], delivery["transport"])
            findings.append((fault, "%s to %s from %s: %s" % (sender, subscriber, client, how)))
    for transport in verp:
        name, options = transport["name"], transport["options"]
        if options.get("max_rcpt") != "1":
            findings.append(("verp-in-bulk", "transport %s: max_rcpt = %s" % (name, options.get("max_rcpt"))))
        if re.search(r"\$\{?(local_part|domain)\b(?!:)", options["return_path"]):
            findings.append(("verp-of-alias", "transport %s: return_path = %s" % (name, options["return_path"])))
        if not re.search(r"(?i)(^|:)\s*errors-to\s*(:|$)", options.get("headers_remove") or ""):
            findings.append(("two-errors-to", "transport %s: headers_remove = %s" % (name, options.get("headers_remove") or "")))
        header = re.search(r"Errors-To:(.*)", transport["options"].get("headers_add") or "")
        if header and "local_part" in header.group(1):
            findings.append(("double-errors-to", "transport %s: headers_add = Errors-To:%s" % (transport["name"], header.group(1))))
    report.check("VERP", len(tests), findings)


def table(report, title):
    """Return the report as lines for a terminal."""
    width = max(len(check["check"]) for check in report.checks)
    lines = ["%s: %s" % (title, "all is well" if not report.faults() else "kinds of faults: %d" % len(report.faults()))]
    for check in report.checks:
        count = "%d tested" % check["tested"]
        lines.append("  %-*s  %-10s  %s" % (width, check["check"], count, "FAULTS: %d" % len(check["findings"]) if check["findings"] else "ok"))
    for fault in report.faults():
        lines.append("%s: %s" % (fault["fault"].upper(), fault["remedy"]))
        lines += ["    " + found for found in fault["found"][:3]]
        if len(fault["found"]) > 3:
            lines.append("    and %d more" % (len(fault["found"]) - 3))
    return lines
