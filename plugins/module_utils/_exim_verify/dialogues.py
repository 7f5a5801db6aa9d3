# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may send what to whom over SMTP."""

import contextlib
import ipaddress
import re

from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_smtp as exim_smtp
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.addresses import BOUNCED_TO, KINDS, address_of
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.asking import (
    LOOPBACK,
    REPLY_TIMEOUT,
    STRANGERS,
    accepted,
    denied,
    dialogue,
    replies,
    reply_text,
)

# Addresses of no host in particular, as a neighbour has one (RFC 1918, RFC 6598, RFC 4193).
PRIVATE = ("10.255.255.254", "172.31.255.254", "192.168.255.254", "100.127.255.254", "fd00::ffff")


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
