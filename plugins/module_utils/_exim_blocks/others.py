# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else writes an Exim configuration, what of Mailman is in one already, and which way a host's mail goes to others."""

import re

# What only the configuration of some tool has, and why it is no place for blocks.
TOOLS = (
    ("cPanel", r"^#!!# cPanel Exim 4 Config", "cPanel makes this file again and again"),
    ("DirectAdmin", r"SpamBlockerTechnology|^\.include_if_exists /etc/exim\.\w+(?:\.pre)?\.conf", "DirectAdmin makes this file again with each build"),
    ("Hestia", r"^#.*\bHestia\b|/etc/exim4/domains/", "Hestia's upgrades replace this file"),
    ("a configuration management", r"^#.*\b(?:Ansible managed|(?:managed|generated|maintained) (?:by|with) (?:Ansible|Puppet|Chef|Salt|CFEngine))\b",
     "what it does not have itself will not stay"),
)
OF_MAILMAN = re.compile(r"MM_(?:HOME|UID|GID|WRAP|LISTCHK|USER)\Z|domainlist (?:mm|mailman)\w*\Z|mailman\w*\Z", re.IGNORECASE)

# Options of a transport to other hosts that change nothing of what is sent or to whom. Packages of the distributions limit long lines by the size.
HARMLESS = {
    "driver", "debug_print", "dnssec_request_domains", "hosts_try_dane", "hosts_try_prdr", "message_linelength_limit", "message_size_limit", "multi_domain",
    "tls_resumption_hosts",
}


def faults_of_tools(texts):
    """Yield which files another tool makes. texts are {path: text}."""
    for path, text in texts.items():
        for tool, mark, reason in TOOLS:
            match = re.search(mark, text, re.MULTILINE | re.IGNORECASE)
            if match:
                yield ("%s is a file of %s: line %d is %r, and %s. Blocks cannot stay there. Have that tool add what docs/existing_exim.md shows."
                       % (path, tool, text.count("\n", 0, match.start()) + 1, match.group(0).strip()[:60], reason))


def names_of_mailman(configuration, kind):
    """Return the names of what is Mailman's of a kind: macro, list, router, transport."""
    names = configuration.names(kind)
    if kind in ("macro", "list"):
        return [name for name in names if OF_MAILMAN.match(name)]
    transports = names_of_mailman(configuration, "transport") if kind == "router" else []
    return [driver.name for driver in configuration.drivers[kind + "s"] if OF_MAILMAN.match(driver.name) or driver.options.get("transport") in transports
            or re.search(r"config\.pck|mail/(?:wrapper|mailman)\b", " ".join(value or "" for value in driver.options.values()))]


def of_mailman(configuration):
    """Return what a configuration has of Mailman, each with its place."""
    return ["%s (%s)" % (name if kind == "list" else "%s %s" % (kind, name), configuration.statement_of(kind, name).place)
            for kind in ("macro", "list", "router", "transport") for name in names_of_mailman(configuration, kind)]


def faults_of_ways_out(configuration, leading):
    """Yield that a block would send mail to other hosts by another way than the host does. leading are the names of those that lead there."""
    drivers = configuration.drivers
    smtp = dict((one.name, one) for one in drivers["transports"] if one.options.get("driver") == "smtp")
    ways = [one for one in drivers["routers"] if one.options.get("transport") in smtp]
    by_dns = [one for one in ways if one.options.get("driver") == "dnslookup"]
    if not leading or not ways:
        return
    advice = "Do without block '%s'; for lists that is mailman_verp: mailman." % leading[0]
    if not by_dns:
        yield "this host sends its mail by router %s, and not to the hosts that the DNS names. %s" % (ways[-1].name, advice)
        return
    transport = smtp[by_dns[-1].options["transport"]]
    more = sorted(set(transport.options) - HARMLESS)
    if more:
        yield "transport %s has options that mail by another transport would lack: %s. %s" % (transport.name, ", ".join(more), advice)
