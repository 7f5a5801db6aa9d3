# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records that an inventory asks for, and their text."""

import collections
import hashlib
import ipaddress

from ansible_collections.listhost.exim_mailman.plugins.module_utils import _zone_text as zone_text

# host: whose it is, by the name in the inventory; subject: the list domain or host that it is about; about: which record it is of those that there are.
Record = collections.namedtuple("Record", "zone name type value host subject about")
PREFERENCE = 10
# Seconds for which a sender remembers a policy of MTA-STS.
MAX_AGE = 604800
SIGNED_BY = "._domainkey."
REVERSE = "reverse"


def address_type(address):
    return "AAAA" if ":" in address else "A"


def reverse_name(address):
    return ipaddress.ip_address(address).reverse_pointer


def is_in(name, domain):
    return name == domain or name.endswith("." + domain)


class Zones:
    """In which zone a name is."""

    def __init__(self, names):
        said = [zone for values in names.values.values() for zone in values["listhost_dns_zones"]]
        self.said, self.domains = list(dict.fromkeys(said)), [domain.name for domain in names.domains]

    def of(self, name):
        for zones in (self.said, self.domains):
            around = [zone for zone in zones if is_in(name, zone)]
            if around:
                return max(around, key=len)
        above = name.partition(".")[2]
        return above if "." in above else name


def spf(senders, mechanisms, others):
    """Return an SPF record."""
    addresses = ["ip%s:%s" % ("6" if ":" in address else "4", address) for address in senders]
    return " ".join(["v=spf1", *addresses, *mechanisms, {"softfail": "~all", "fail": "-all"}[others]])


def dmarc(policy, reports):
    return "; ".join(["v=DMARC1", "p=" + policy] + (["rua=mailto:" + reports] if reports else []))


def sts_policy(mode, exchangers):
    """Return the policy of MTA-STS that a web server is to have."""
    return "".join(line + "\n" for line in ["version: STSv1", "mode: " + mode, *["mx: " + name for name in exchangers], "max_age: %d" % MAX_AGE])


def policy(domain):
    """Return the policy of a domain that has one."""
    return sts_policy(domain.values["listhost_dns_mta_sts"], domain.exchangers)


def sts(text):
    """Return the record that tells senders when the policy is another one."""
    return "v=STSv1; id=%s;" % hashlib.sha256(text.encode()).hexdigest()[:20]


def tlsrpt(reports):
    return "v=TLSRPTv1; rua=mailto:" + reports


def records_of_domain(domain, zone):
    def record(prefix, kind, value, about):
        return Record(zone, prefix + domain.name, kind, value, domain.host, domain.name, about)

    values = domain.values
    for name in domain.exchangers:
        yield record("", "MX", (PREFERENCE, name), "mx")
    yield record("", "TXT", spf(domain.senders, values["listhost_dns_spf"], values["listhost_dns_spf_others"]), "spf")
    yield record("_dmarc.", "TXT", dmarc(values["listhost_dns_dmarc_policy"], values["listhost_dns_dmarc_reports"]), "dmarc")
    if values["listhost_dns_mta_sts"] != "none":
        yield record("_mta-sts.", "TXT", sts(policy(domain)), "mta-sts")
        for address in domain.sts_addresses:
            yield record("mta-sts.", address_type(address), address, "mta-sts-address")
    if values["listhost_dns_tls_reports"]:
        yield record("_smtp._tls.", "TXT", tlsrpt(values["listhost_dns_tls_reports"]), "tlsrpt")


def records_of_host(host, zone, is_list_domain):
    def record(prefix, kind, value, about):
        return Record(zone, prefix + host.name, kind, value, host.key, host.name, about)

    for address in host.addresses:
        yield record("", address_type(address), address, "address")
    # Receivers ask for that of the name in HELO when mail has no sender. A name has one.
    if not is_list_domain:
        yield record("", "TXT", spf(host.senders, host.values["listhost_dns_spf"], host.values["listhost_dns_spf_others"]), "spf")
    for value in host.tlsa:
        yield record("_25._tcp.", "TLSA", value, "tlsa")
    for authority in host.caa:
        yield record("", "CAA", (0, "issue", authority), "caa")
    for address in host.addresses:
        yield Record(REVERSE, reverse_name(address), "PTR", host.name, host.key, host.name, "ptr")


def records_of_web_host(domain, zone):
    for address in domain.addresses:
        yield Record(zone, domain.web_host, address_type(address), address, domain.host, domain.name, "web-address")


def records_of_keys(host, domains, keys, values, zones):
    """Yield the records of DKIM. Keys are those of a host, by the names of their records. A virtual domain's is its own."""
    owners = {domain.name: domain.host for domain in domains if (domain.machine or domain.host) == host}
    for domain in values["exim_dkim_domains"]:
        for about, variable in (("dkim", "exim_dkim_selector"), ("next-dkim", "exim_dkim_next_selector")):
            name = values[variable] + SIGNED_BY + domain
            if name in keys:
                yield Record(zones.of(domain), name, "TXT", keys[name], owners.get(domain, host), domain, about)


def records(names, keys):
    """Return all records, those of list domains first. Keys are the hosts' DKIM keys: by host, by name of the record."""
    zones, found = Zones(names), []
    list_domains = {domain.name for domain in names.domains}
    mail_servers = {host.name for host in names.hosts.values()}
    for domain in names.domains:
        found.extend(records_of_domain(domain, zones.of(domain.name)))
        # A mail server's own name has its addresses already.
        if domain.web_host and domain.web_host not in mail_servers:
            found.extend(records_of_web_host(domain, zones.of(domain.web_host)))
    for host in names.hosts.values():
        found.extend(records_of_host(host, zones.of(host.name), host.name in list_domains))
    for host, its_keys in keys.items():
        found.extend(records_of_keys(host, names.domains, its_keys, names.values[host], zones))
    return found


def data(record):
    """Return a record's data as a zone file has them."""
    if record.type == "MX":
        return "%d %s." % record.value
    if record.type == "PTR":
        return record.value + "."
    if record.type == "CAA":
        return "%d %s %s" % (record.value[0], record.value[1], zone_text.quoted(record.value[2]))
    if record.type == "TXT":
        return zone_text.txt(record.value)
    return record.value


def removals(names):
    """Return the names of old DKIM records, with their zones and domains."""
    zones = Zones(names)
    return list(dict.fromkeys(
        (zones.of(domain), selector + SIGNED_BY + domain, domain)
        for host in names.hosts.values() for domain in host.values["exim_dkim_domains"] for selector in host.values["listhost_dns_old_dkim_selectors"]
    ))


def missing_keys(names, keys):
    """Return the domains whose mail is to be signed and whose key is not known, with their hosts."""
    return [(domain, host.key) for host in names.hosts.values() for domain in host.values["exim_dkim_domains"]
            if host.values["exim_dkim_selector"] + SIGNED_BY + domain not in keys.get(host.key, {})]


def beside(domain):
    """Yield what a domain needs besides records in its own zone."""
    values = domain.values
    reports = values["listhost_dns_dmarc_reports"].rpartition("@")[2].lower()
    if reports and not is_in(reports, domain.name) and not is_in(domain.name, reports):
        yield ("Where %s and %s are not of one owner, reports are sent only if that zone has: %s"
               % (reports, domain.name, zone_text.line("%s._report._dmarc.%s" % (domain.name, reports), None, "TXT", zone_text.txt("v=DMARC1")).rstrip()))
    if values["listhost_dns_mta_sts"] != "none":
        if domain.serves_policy:
            yield "Run site.yml before you publish _mta-sts.%s: it has the web server serve the policy." % domain.name
        else:
            yield "Serve the file %s as https://mta-sts.%s/.well-known/mta-sts.txt." % (policy_file(domain.name), domain.name)


def policy_file(domain):
    return "mta-sts.%s.txt" % domain


def policies(names, host):
    """Return the policies that a host's Apache serves, by the names at which senders ask for them."""
    return {"mta-sts." + domain.name: policy(domain) for domain in names.domains if domain.host == host and domain.serves_policy}


TITLES = {
    REVERSE: "Ask the provider of the addresses for these names.",
    None: "Zone %s. Each line has its full name: it can be pasted into the zone, or the file included.",
}


def text(zone, all_records, names, keys):
    """Return the text of a zone."""
    lines = ["; " + (TITLES.get(zone) or TITLES[None] % zone) + "\n"]
    found = [record for record in all_records if record.zone == zone]
    removed = [(name, domain) for its_zone, name, domain in removals(names) if its_zone == zone]
    unknown = [(domain, host) for domain, host in missing_keys(names, keys) if Zones(names).of(domain) == zone]
    for subject in dict.fromkeys([record.subject for record in found] + [domain for dummy, domain in removed] + [domain for domain, dummy in unknown]):
        lines.append("\n; %s\n" % subject)
        for record in found:
            if record.subject == subject:
                ttl = names.values[record.host]["listhost_dns_ttl"]
                if record.about == "next-dkim":
                    lines.append("; The next key (exim_dkim_next_selector): Exim does not sign with it yet.\n")
                lines.append(zone_text.line(record.name, ttl, record.type, data(record)))
        lines += ["; The DKIM key is not known: let site.yml make it on %s, and run this again.\n" % host for domain, host in unknown if domain == subject]
        lines += ["; %s\n" % advice for domain in names.domains if domain.name == subject and zone != REVERSE for advice in beside(domain)]
        lines += ["; Remove a week after the last mail that it signed: %s. IN TXT\n" % name for name, domain in removed if domain == subject]
    return "".join(lines)


def files(names, keys):
    """Return the files to write, by their names: the zones, and the policies of MTA-STS."""
    all_records = records(names, keys)
    zones = dict.fromkeys([record.zone for record in all_records] + [zone for zone, dummy, dummy in removals(names)])
    found = {zone + ".zone": text(zone, all_records, names, keys) for zone in sorted(zones, key=lambda zone: (zone == REVERSE, zone))}
    for domain in names.domains:
        if domain.values["listhost_dns_mta_sts"] != "none":
            found[policy_file(domain.name)] = policy(domain)
    return found
