# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to the DNS, by dnspython. It need not be on the controller: then there are no answers."""

import collections
import contextlib

try:
    import dns.exception
    import dns.flags
    import dns.rdatatype
    import dns.resolver
    import dns.version
except ImportError:
    HAS_DNSPYTHON = False
else:
    HAS_DNSPYTHON = True

# values: none where there is no such record; signed: with DNSSEC, by whatever key; alias: the name that the asked one stands for, or nothing.
Answer = collections.namedtuple("Answer", "values signed alias")
SECONDS = 5
# A resolver that has said nothing to so many questions, and has answered none, will not answer the next one.
PATIENCE = 2


class Unanswered(Exception):
    """Why nothing is known of a record."""


def name_of(name):
    """Return a name as text; the root's is empty."""
    return name.to_text().rstrip(".").lower()


def value_of(rdata):
    """Return what a record has, in Python's types."""
    kind = dns.rdatatype.to_text(rdata.rdtype)
    if kind in ("A", "AAAA"):
        return rdata.address
    if kind == "MX":
        return rdata.preference, name_of(rdata.exchange)
    if kind in ("PTR", "NS"):
        return name_of(rdata.target)
    if kind == "TXT":
        return b"".join(rdata.strings).decode("ascii", "backslashreplace")
    if kind == "TLSA":
        return "%d %d %d %s" % (rdata.usage, rdata.selector, rdata.mtype, rdata.cert.hex())
    if kind == "CAA":
        return rdata.flags, rdata.tag.decode("ascii", "replace").lower(), rdata.value.decode("ascii", "replace")
    raise ValueError("no type of this collection's: %s" % kind)


class Resolver:
    """Asks some resolvers, or those of this machine, each question once."""

    def __init__(self, addresses):
        self.resolver = dns.resolver.Resolver(configure=False)
        self.resolver.nameservers = list(addresses)
        if not addresses:
            # A machine without one has no answers.
            with contextlib.suppress(dns.resolver.NoResolverConfiguration):
                self.resolver.read_resolv_conf("/etc/resolv.conf")
        self.resolver.use_edns(0, dns.flags.DO, 1232)
        self.resolver.lifetime = SECONDS
        self.known = {}
        self.silences, self.answered = 0, False

    def ask(self, name, kind):
        """Return the answer, or raise Unanswered."""
        if (name, kind) not in self.known:
            self.known[name, kind] = self.look_up(name, kind)
        answer = self.known[name, kind]
        if isinstance(answer, Unanswered):
            raise Unanswered("%s %s: %s" % (name, kind, answer))
        return answer

    def look_up(self, name, kind):
        if self.silences >= PATIENCE and not self.answered:
            return Unanswered("the resolver does not answer")
        try:
            found = self.resolver.resolve(name.rstrip(".") + ".", kind, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            self.answered = True
            return Answer([], False, "")
        except dns.resolver.LifetimeTimeout:
            self.silences += 1
            return Unanswered("the resolver does not answer")
        except dns.exception.DNSException as error:
            return Unanswered(" ".join(str(error).split()))
        self.answered = True
        signed = any(rrset.rdtype == dns.rdatatype.RRSIG for rrset in found.response.answer)
        alias = name_of(found.canonical_name)
        return Answer([value_of(rdata) for rdata in found.rrset or ()], signed, alias if alias != name else "")
