# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether SPF allows an address to send mail of a domain (RFC 7208)."""

import ipaddress
import re

RESULTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
MOST_LOOKUPS = 10


class PermError(Exception):
    """A record with which receivers can do nothing."""


class Unknown(Exception):
    """A record whose result depends on more than the address and the domain."""


def is_spf(text):
    return re.match(r"v=spf1( |\Z)", text, re.IGNORECASE) is not None


class Evaluation:
    """One address. Ask is the function that asks the DNS."""

    def __init__(self, address, ask):
        self.address, self.ask = ipaddress.ip_address(address), ask
        self.lookups = 0

    def count(self):
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise PermError("it needs more than %d lookups" % MOST_LOOKUPS)

    def result(self, domain):
        records = [text for text in self.ask(domain, "TXT").values if is_spf(text)]
        if not records:
            return "none"
        if len(records) > 1:
            raise PermError("%s has %d records of SPF" % (domain, len(records)))
        redirect, terms = None, []
        for term in records[0].split()[1:]:
            modifier = re.match(r"([A-Za-z][A-Za-z0-9._-]*)=(.*)", term)
            if modifier and modifier.group(1).lower() == "redirect":
                redirect = modifier.group(2)
            elif not modifier:
                terms.append(term)
        for term in terms:
            qualifier, mechanism = (term[0], term[1:]) if term[0] in RESULTS else ("+", term)
            if self.matches(mechanism, domain):
                return RESULTS[qualifier]
        return self.redirected(redirect) if redirect else "neutral"

    def redirected(self, domain):
        self.count()
        if "%" in domain:
            raise Unknown
        result = self.result(domain)
        if result == "none":
            raise PermError("redirect=%s leads to no record" % domain)
        return result

    def matches(self, mechanism, domain):
        name, dummy, argument = mechanism.partition(":")
        name, slash, length = name.lower().partition("/")
        if name == "all":
            return True
        if name in ("ip4", "ip6"):
            return self.is_in(argument, mechanism)
        if name not in ("a", "mx", "include", "exists", "ptr"):
            raise PermError("%s is no mechanism" % mechanism)
        self.count()
        if name in ("exists", "ptr") or "%" in argument:
            raise Unknown
        if name == "include":
            result = self.result(argument)
            if result == "none":
                raise PermError("include:%s leads to no record" % argument)
            return result == "pass"
        if argument:
            argument, slash, length = argument.partition("/")
        return self.is_address_of(name, argument or domain, slash + length)

    def is_in(self, network, mechanism):
        try:
            network = ipaddress.ip_network(network, strict=False)
        except ValueError:
            raise PermError("%s is no network" % mechanism) from None
        return self.address.version == network.version and self.address in network

    def is_address_of(self, name, domain, lengths):
        """Say whether the address is one of a host's, or of a domain's mail exchangers; lengths are those of networks around these."""
        hosts = [host for dummy, host in self.ask(domain, "MX").values if host] if name == "mx" else [domain]
        if len(hosts) > MOST_LOOKUPS:
            raise PermError("%s has more than %d MX records" % (domain, MOST_LOOKUPS))
        four, dummy, six = lengths.partition("//")
        length = six if self.address.version == 6 else four.lstrip("/")
        kind = "AAAA" if self.address.version == 6 else "A"
        found = [address for host in hosts for address in self.ask(host, kind).values]
        return any(self.is_in(address + ("/" + length if length else ""), name) for address in found)


def evaluate(address, domain, ask):
    """Return the result for an address, as RFC 7208 names it, and why in words where it is permerror. Where nobody can say it is unknown."""
    try:
        return Evaluation(address, ask).result(domain), ""
    except PermError as error:
        return "permerror", str(error)
    except Unknown:
        return "unknown", ""
