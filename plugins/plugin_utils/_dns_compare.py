# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records that an inventory asks for, compared with those in the DNS.

A fault is what loses mail, sends it elsewhere, has it refused, or lets others send it. The rest is advice.
Ask is a function that returns an Answer (_dns_ask.py) for a name and a type, or raises Unanswered: of such a record nothing is said.
"""

from ansible_collections.listhost.exim_mailman.plugins.module_utils import _dnsbl
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.report import Report
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _dns_records as dns
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._dns_ask import Unanswered
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._dns_spf import evaluate, is_spf

FAULTS = {
    "wrong-mx": "Publish the MX records that dns.yml prints, and take out all others: mail for the lists goes to other hosts, or to none.",
    "lost-exchanger": "Give the mail exchanger's name an A or AAAA record, and no CNAME: others cannot send mail to it.",
    "wrong-address": "Publish the A and AAAA records that dns.yml prints and take out the others, or correct listhost_dns_addresses.",
    "alias": "Give the host's name A and AAAA records of its own: the name of a mail server must be no CNAME.",
    "wrong-ptr": "Ask the provider of the address for this name: receivers refuse mail from an address without a name, or with one that leads elsewhere.",
    "no-spf": "Publish the SPF record that dns.yml prints.",
    "wrong-spf": "Name in SPF the addresses that mail leaves from, as dns.yml prints it: receivers refuse mail from other addresses, or file it as spam.",
    "open-spf": "End SPF with ~all or -all: as it is, everybody may send mail of the domain.",
    "no-dkim": "Publish the DKIM key that dns.yml prints: Exim signs with it, and no receiver can check the signature.",
    "wrong-dkim": "Publish the DKIM key that dns.yml prints, and no other under its name: the signatures are wrong for every receiver.",
    "no-dmarc": "Publish the DMARC record that dns.yml prints: large receivers ask for one.",
    "two-dmarc": "Leave one DMARC record: with several there is none for a receiver.",
    "wrong-tlsa": "Publish the TLSA records that dns.yml prints, or correct listhost_dns_tlsa: senders with DANE keep back mail for a host with another key.",
    "unsigned-tlsa": "Sign the zone with DNSSEC, or take TLSA out: senders believe it in a signed zone alone.",
    "wrong-caa": "Publish the CAA records that dns.yml prints: as they are, the authority may not renew the certificate.",
    "listed": "Find out why the address is on the block list, mend it, and ask the list to take it out: many receivers refuse its mail.",
}
ADVICE = {
    "unsigned-mail": "Add the list domain to exim_dkim_domains: large receivers ask for mail that is signed by its domain.",
    "other-dmarc": "Publish the DMARC record that dns.yml prints, or say in the inventory what the record has.",
    "next-key": "Publish the next DKIM key that dns.yml prints, before Exim signs with it (exim_dkim_selector).",
    "old-key": "Remove the record of the old DKIM key, a week after the last mail that it signed.",
    "web-address": "Publish the A and AAAA records that dns.yml prints, unless another server passes the pages on: nobody finds the lists' web pages.",
    "mta-sts": "Publish the MTA-STS records that dns.yml prints: until then the policy is not in force, or senders keep an older one.",
    "tlsrpt": "Publish the TLSRPT record that dns.yml prints: until then nobody reports.",
    "no-tlsa": "Publish the TLSA records that dns.yml prints: until then DANE is not in force.",
    "other-tlsa": "Put the TLSA records into listhost_dns_tlsa, or remove them: senders with DANE keep back mail when they are not the host's any more.",
    "no-caa": "Publish the CAA records that dns.yml prints: until then any authority may issue certificates.",
    "unsigned-zone": "Sign the zone with DNSSEC, if its provider offers that: then others cannot be given wrong records.",
    "blocklist-refuses": "Ask the block list through a resolver of your own: it does not tell this one anything.",
    "not-asked": "Nothing is known of these records, for the resolver said nothing. Ask others (listhost_dns_resolvers), or again later.",
}
# Addresses of nobody's (RFC 5737, RFC 3849), to see what SPF says of everybody.
STRANGERS = ("198.51.100.77", "2001:db8:ffff:ffff::77")
# Characters of an answer that are shown.
LONGEST = 500


def tags(text):
    """Return the tags of a DKIM or DMARC record."""
    found = {}
    for part in text.split(";"):
        name, dummy, value = part.partition("=")
        found.setdefault(name.strip().lower(), "".join(value.split()))
    return found


def readable(text):
    """Return what is shown of a text that anybody may have written."""
    text = "".join(char if char.isprintable() else "\\x%02x" % ord(char) for char in text)
    return text if len(text) <= LONGEST else text[:LONGEST] + " ..."


def difference(where, found, wanted, show=str):
    """Yield in words what is too much and what is missing."""
    for one in found:
        if one not in wanted:
            yield "%s: the DNS has %s, and the inventory does not" % (where, show(one) or "that there is none (null MX)")
    for one in wanted:
        if one not in found:
            yield "%s: %s is not in the DNS" % (where, show(one))


class Comparison:
    """One host: what is said of it, and of the list domains that are its own."""

    def __init__(self, names, key, keys, ask):
        self.names, self.key, self.ask = names, key, ask
        self.domains = [domain for domain in names.domains if domain.host == key]
        # Nobody else looks at the machine of virtual domains.
        machines = {domain.machine for domain in self.domains if domain.machine} | {key}
        self.hosts = [names.hosts[host] for host in names.hosts if host in machines]
        # The keys are in the one Exim there is.
        exim = next((host for host in machines if host != key), key)
        self.records = [record for record in dns.records(names, {exim: keys}) if record.host in machines]
        self.report = Report(FAULTS, ADVICE)
        self.silent = []

    def wanted(self, about):
        return [record for record in self.records if record.about == about]

    def check(self, title, subjects, compare):
        """Add a check of things, each compared by a function that yields findings; where there is no answer, there is no finding."""
        findings = []
        for subject in subjects:
            try:
                findings.extend((kind, readable(found)) for kind, found in compare(subject))
            except Unanswered as error:
                self.silent.append(readable("%s (%s)" % (error.args[0], title)))
        if subjects:
            self.report.check("DNS: " + title, len(subjects), findings)

    def texts(self, name, begin):
        """Return the TXT records of a name that begin so."""
        return [text for text in self.ask(name, "TXT").values if text.lower().startswith(begin.lower())]

    def is_signed(self, answer):
        """Say whether an answer is signed, or raise Unanswered where the resolver would not show it: it hides the signatures of the root zone, too."""
        if answer.signed:
            return True
        try:
            root = self.ask("", "NS")
        except Unanswered:
            # A server that knows its own zones alone.
            return False
        if not root.signed:
            raise Unanswered("DNSSEC: the resolver leaves signatures out")
        return False

    # What each check compares. They yield pairs of a kind of finding and what was found.

    def mail_exchangers(self, domain):
        found = [name for dummy, name in self.ask(domain.name, "MX").values]
        for one in difference(domain.name + " MX", found, domain.exchangers):
            yield "wrong-mx", one
        missing = [name for name in domain.exchangers if name not in found]
        if missing and domain.values["listhost_dns_mta_sts"] != "none":
            yield "wrong-mx", "%s: the policy of MTA-STS has hosts that are in no MX record: %s" % (domain.name, ", ".join(missing))

    def foreign_exchangers(self, name):
        answers = [self.ask(name, kind) for kind in ("A", "AAAA")]
        if not any(answer.values for answer in answers):
            yield "lost-exchanger", "%s has no address" % name
        for alias in sorted({answer.alias for answer in answers} - {""}):
            yield "lost-exchanger", "%s is a CNAME of %s" % (name, alias)

    def addresses(self, host):
        answers = [self.ask(host.name, kind) for kind in ("A", "AAAA")]
        for alias in sorted({answer.alias for answer in answers} - {""}):
            yield "alias", "%s is a CNAME of %s" % (host.name, alias)
        for one in difference(host.name, [address for answer in answers for address in answer.values], host.addresses):
            yield "wrong-address", one

    def names_of_addresses(self, address_of_host):
        address, host = address_of_host
        found = self.ask(dns.reverse_name(address), "PTR").values
        if host.name not in found:
            yield "wrong-ptr", "%s is %s, not %s" % (address, " and ".join(found) or "without a name", host.name)

    def spf(self, record):
        records = [text for text in self.ask(record.name, "TXT").values if is_spf(text)]
        if not records:
            yield "no-spf", record.name
            return
        # A name that both have has one record, the domain's.
        owner = [one for one in [*self.domains, *self.hosts] if one.name == record.name][0]
        for address in owner.senders:
            result, why = evaluate(address, record.name, self.ask)
            if result not in ("pass", "unknown"):
                yield "wrong-spf", "%s: %s for %s%s" % (record.name, result, address, " (%s)" % why if why else "")
                return
        for address in STRANGERS:
            if evaluate(address, record.name, self.ask)[0] == "pass":
                yield "open-spf", "%s: pass for %s" % (record.name, address)
                return

    def keys(self, record):
        found = self.ask(record.name, "TXT").values
        if not found:
            yield "no-dkim", record.name
        elif len(found) > 1:
            yield "wrong-dkim", "%s has %d records" % (record.name, len(found))
        elif tags(found[0]).get("p") != tags(record.value)["p"]:
            yield "wrong-dkim", "%s has another key%s" % (record.name, "" if tags(found[0]).get("p") else ": none, which takes it back")

    def next_keys(self, record):
        """Nobody needs them yet."""
        for dummy, found in self.keys(record):
            yield "next-key", found

    def unsigned(self, domain):
        if domain.machine and domain.name not in self.names.values[domain.machine]["exim_dkim_domains"]:
            yield "unsigned-mail", domain.name

    def old_keys(self, name):
        if self.ask(name, "TXT").values:
            yield "old-key", name

    def dmarc(self, record):
        found = self.texts(record.name, "v=DMARC1")
        if len(found) > 1:
            yield "two-dmarc", "%s has %d records" % (record.name, len(found))
        elif found:
            has, wanted = tags(found[0]), tags(record.value)
            for name in ("p", "rua"):
                if has.get(name) != wanted.get(name):
                    yield "other-dmarc", "%s: %s is %s, not %s" % (record.name, name, has.get(name, "not there"), wanted.get(name, "not there"))
        else:
            # Receivers take that of a domain above.
            above = record.subject
            while above.count(".") > 1:
                above = above.partition(".")[2]
                if self.texts("_dmarc." + above, "v=DMARC1"):
                    yield "other-dmarc", "%s: there is none, and that of _dmarc.%s counts" % (record.name, above)
                    return
            yield "no-dmarc", record.name

    def sts(self, record):
        for one in difference(record.name, self.texts(record.name, "v=STSv1"), [record.value]):
            yield "mta-sts", one

    def of_web_server(self, name, about, finding):
        wanted = [record.value for record in self.wanted(about) if record.name == name]
        for one in difference(name, [address for kind in ("A", "AAAA") for address in self.ask(name, kind).values], wanted):
            yield finding, one

    def web_addresses(self, name):
        return self.of_web_server(name, "web-address", "web-address")

    def sts_addresses(self, name):
        return self.of_web_server(name, "mta-sts-address", "mta-sts")

    def tlsrpt(self, record):
        for one in difference(record.name, self.texts(record.name, "v=TLSRPTv1"), [record.value]):
            yield "tlsrpt", one

    def tlsa(self, host):
        name = "_25._tcp." + host.name
        answer = self.ask(name, "TLSA")
        if not answer.values:
            if host.tlsa:
                yield "no-tlsa", name
            return
        for one in difference(name, answer.values, host.tlsa):
            yield ("wrong-tlsa" if host.tlsa else "other-tlsa"), one
        if not self.is_signed(answer):
            yield "unsigned-tlsa", name

    def caa(self, host):
        found = [value for dummy, tag, value in self.ask(host.name, "CAA").values if tag == "issue"]
        for authority in host.caa:
            if authority not in [value.partition(";")[0].strip() for value in found]:
                yield ("wrong-caa" if found else "no-caa"), "%s: %s is not in the DNS" % (host.name, authority)

    def signatures(self, subject):
        answer = self.ask(*subject)
        if answer.values and not self.is_signed(answer):
            yield "unsigned-zone", "%s %s" % subject

    def block_list(self, question):
        address, item = question
        zone, dummy, counting = item.partition("=")
        answers = self.ask(_dnsbl.question(address, zone), "A").values
        if any(_dnsbl.is_listed(answer, counting) for answer in answers):
            yield "listed", "%s is on %s (%s)" % (address, zone, ", ".join(answers))
        elif any(_dnsbl.is_refusal(answer) for answer in answers):
            yield "blocklist-refuses", "%s says %s of %s" % (zone, ", ".join(answers), address)

    def run(self):
        """Return the report."""
        known = {host.name for host in self.names.hosts.values()}
        exchangers = dict.fromkeys(name for domain in self.domains for name in domain.exchangers if name not in known)
        old = [name for dummy, name, domain in dns.removals(self.names) if domain in [one.subject for one in self.records]]
        self.check("MX", self.domains, self.mail_exchangers)
        self.check("other mail exchangers", list(exchangers), self.foreign_exchangers)
        self.check("addresses", self.hosts, self.addresses)
        self.check("names of addresses", [(address, host) for host in self.hosts for address in host.addresses], self.names_of_addresses)
        self.check("SPF", self.wanted("spf"), self.spf)
        self.check("DKIM", self.wanted("dkim"), self.keys)
        self.check("next DKIM keys", self.wanted("next-dkim"), self.next_keys)
        self.check("signed mail", self.domains, self.unsigned)
        self.check("old DKIM keys", old, self.old_keys)
        self.check("DMARC", self.wanted("dmarc"), self.dmarc)
        self.check("MTA-STS", self.wanted("mta-sts"), self.sts)
        self.check("web pages", list(dict.fromkeys(record.name for record in self.wanted("web-address"))), self.web_addresses)
        self.check("web server of MTA-STS", list(dict.fromkeys(record.name for record in self.wanted("mta-sts-address"))), self.sts_addresses)
        self.check("TLSRPT", self.wanted("tlsrpt"), self.tlsrpt)
        self.check("TLSA", self.hosts, self.tlsa)
        self.check("CAA", [host for host in self.hosts if host.caa], self.caa)
        self.check("DNSSEC", [(domain.name, "MX") for domain in self.domains] + [(host.name, dns.address_type(host.addresses[0])) for host in self.hosts],
                   self.signatures)
        lists = [(address, item) for host in self.hosts for item in host.values["listhost_dns_blocklists"] or host.values["exim_dnsbls"]
                 for address in host.addresses]
        self.check("block lists", lists, self.block_list)
        if self.silent:
            self.report.check("DNS: no answer", len(self.silent), [("not-asked", one) for one in self.silent])
        return self.report


def compare(names, key, keys, ask):
    """Return the report on a host of the inventory. Keys are its DKIM keys, by name of the record."""
    return Comparison(names, key, keys, ask).run()
