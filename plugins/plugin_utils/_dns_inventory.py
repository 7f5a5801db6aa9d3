# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory says about the DNS of its hosts and list domains, and what is wrong with that."""

import collections
import ipaddress

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _kinds as kinds
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _renamed as renamed
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _rules_inventory as inventory
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._roles import RULES, Values, faults_of_rules, faults_of_variables, specification
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import Faulty, nearest, shown

ROLE = "listhost_dns"
GROUPS = ("list_hosts", "list_domains", "mx_hosts")
# What is read of the other roles' variables: with their defaults, and as far as an inventory has them.
OF_EXIM = ("exim_smarthost", "exim_dkim_domains", "exim_dkim_selector", "exim_dkim_next_selector", "exim_dnsbls")
WHERE_SET = ("certificate_acme", "exim_configuration", "exim_primary_hostname", "exim_tls_certificate", "exim_lists_domains", "mailman_email_host",
             "mailman_separate_home", "mailman_shared_domains", "mailman_url_host", "mailman_web", "mailman_web_certificate", "mailman_web_server",
             "mailman_web_trusted_proxies")

# key: its name in the inventory; name: in mail; senders: the addresses that its mail leaves from, its relay's if it has one.
Host = collections.namedtuple("Host", "key name addresses senders tlsa caa values")
# host: the one of the inventory that has its variables; machine: the one that has its Exim, or None; web_host: that of its lists' web pages, or nothing;
# addresses: its machine's; sts_addresses: of the web server with its policy; serves_policy: whether role mailman_web serves that.
Domain = collections.namedtuple("Domain", "name host machine exchangers senders web_host addresses sts_addresses serves_policy values")


def hosts_of(groups):
    """Return the hosts that count here."""
    return list(dict.fromkeys(host for name in GROUPS for host in groups.get(name, ())))


class Names:
    """Hosts and list domains of an inventory: hosts by their names in the inventory, domains in their order, and all faults."""

    def __init__(self, groups, hostvars):
        self.groups, self.hostvars = groups, hostvars
        self.faults = []
        self.options = {role: specification(role) for role in (ROLE, "certificate", "exim", "exim_lists", "mailman", "mailman_web")}
        self.values = {host: self.check(host) for host in hosts_of(groups)}
        self.homes, self.hosts, self.domains = [], {}, []
        if not self.faults:
            self.homes = inventory.homes(groups, hostvars)
            self.check_domains()
        if not self.faults:
            self.hosts = {host: self.host(host) for host in self.mail_servers()}
            self.domains = [self.domain(*home) for home in self.homes]
        if not self.faults:
            self.check_together()

    def mail_servers(self):
        return list(dict.fromkeys([*self.groups.get("list_hosts", ()), *self.groups.get("mx_hosts", ())]))

    def check(self, host):
        """Return a host's values, which are right."""
        said = self.hostvars[host]
        options = {name: option for part in self.options.values() for name, option in part.items()}
        values = Values(self.options, said, lambda name: renamed.get(said, name, options[name].get("default")))
        names = [*self.options[ROLE], *OF_EXIM, *[name for name in WHERE_SET if renamed.get(said, name)]]
        faults = [*faults_of_variables(names, values), *faults_of_rules(RULES[ROLE].RULES, values)]
        faults += ["%s is no variable of role %s%s. Correct it." % (name, ROLE, nearest(name, self.options[ROLE]))
                   for name in said if name.startswith(ROLE + "_") and name not in options]
        self.faults += ["%s: %s" % (host, fault) for fault in dict.fromkeys(faults)]
        return values

    def check_domains(self):
        for domain, host, dummy in self.homes:
            fault = kinds.domain(domain) if isinstance(domain, str) else ", which is no string. Put it in quotes."
            if fault:
                self.faults.append("%s: mailman_shared_domains has %s%s" % (host, shown(domain), fault))

    def addresses(self, host, variable="listhost_dns_addresses"):
        """Return the addresses that a host has in a variable, in the form that answers of the DNS have."""
        return list(dict.fromkeys(str(ipaddress.ip_address(address)) for address in self.values[host][variable]))

    def host(self, host):
        name, values = inventory.name_in_mail(host, self.hostvars), self.values[host]
        if not kinds.is_domain(name):
            self.faults.append("%s: exim_primary_hostname, or without it the name in the inventory, is %s, which is no full name of a host. Set it, as in "
                               "lists.example.com." % (host, shown(name)))
        self.check_addresses(host)
        return Host(host, name, self.addresses(host), self.senders(host), values["listhost_dns_tlsa"], values["listhost_dns_caa"], values)

    def check_addresses(self, host):
        if not self.addresses(host):
            self.faults.append("%s: listhost_dns_addresses is empty. Set it to the public IP addresses of the host, as in [192.0.2.1, '2001:db8::1']." % host)

    def find(self, name):
        """Return the host that a name or address means, or None."""
        for host in self.mail_servers():
            called = [host, inventory.name_in_mail(host, self.hostvars), inventory.machine(host, self.hostvars), *self.addresses(host)]
            if name in called:
                return host
        return None

    def senders(self, host, passed=()):
        """Return the addresses that mail of a host leaves from."""
        relay = self.values[host]["exim_smarthost"]
        if not relay:
            return self.addresses(host)
        found = self.find(relay)
        if found and found not in passed:
            return self.senders(found, (*passed, host))
        if not self.values[host]["listhost_dns_spf"]:
            self.faults.append("%s: exim_smarthost is %s, which is no host of the inventory, and listhost_dns_spf is empty: SPF would name no server that "
                               "sends its mail. Set it to what the relay's operator says, as in include:spf.example.net." % (host, shown(relay)))
        return []

    def domain(self, name, host, machine):
        values = self.values[host]
        if machine is None:
            # Its machine is in another inventory, so what is to be known of it stands here.
            self.check_addresses(host)
        exchangers = values["listhost_dns_mail_exchangers"] or [inventory.name_in_mail(one, self.hostvars) for one in self.groups.get("mx_hosts", ())]
        if not exchangers:
            exchangers = [inventory.name_in_mail(machine, self.hostvars) if machine else inventory.machine(host, self.hostvars)]
            if machine is None and not kinds.is_domain(exchangers[0]):
                self.faults.append("%s: listhost_dns_mail_exchangers is empty, and %s is no full name of a host. Set it, as in [lists.example.com]."
                                   % (host, shown(exchangers[0])))
        addresses = self.addresses(machine or host)
        return Domain(name, host, machine, exchangers, self.senders(machine or host), self.web_host(name, host), addresses,
                      self.addresses(host, "listhost_dns_mta_sts_addresses") or addresses, self.serves_policy(host), values)

    def serves_policy(self, host):
        """Say whether a host's Apache serves the policies of its list domains."""
        values = self.values[host]
        return (values["listhost_dns_mta_sts"] != "none" and not values["listhost_dns_mta_sts_addresses"]
                and values["mailman_web"] and values["mailman_web_server"] == "apache")

    def web_host(self, name, host):
        """Return the name of a list domain's web pages, if its host serves them."""
        said = self.hostvars[host]
        if not self.values[host]["mailman_web"]:
            return ""
        if name == said.get("mailman_email_host"):
            return said.get("mailman_url_host") or name
        return next((web for web, domain in (renamed.get(said, "mailman_shared_domains") or {}).items() if domain == name), "")

    def check_together(self):
        for name in dict.fromkeys(domain.name for domain in self.domains):
            hosts = [domain.host for domain in self.domains if domain.name == name]
            if len(hosts) > 1:
                self.faults.append("%s is a list domain of %s: its records can name one of them. Take it from all but one." % (name, " and ".join(hosts)))
        for name in dict.fromkeys(host.name for host in self.hosts.values()):
            hosts = [host.key for host in self.hosts.values() if host.name == name]
            if len(hosts) > 1:
                self.faults.append("%s have the same exim_primary_hostname, %s. Give each its own." % (" and ".join(hosts), name))
        signing = {}
        for host in self.hosts.values():
            for domain in host.values["exim_dkim_domains"]:
                for selector in {host.values["exim_dkim_selector"], host.values["exim_dkim_next_selector"]} - {""}:
                    signing.setdefault((domain, selector), []).append(host.key)
        for (domain, selector), hosts in sorted(signing.items()):
            if len(hosts) > 1:
                self.faults.append("%s is in exim_dkim_domains of %s, and each has a key of its own, called %s. Give each another name (exim_dkim_selector, "
                                   "exim_dkim_next_selector), or take the domain from all but one." % (domain, " and ".join(hosts), selector))
        self.check_policies()

    def check_policies(self):
        """Mail servers and the web server need certificates for a policy of MTA-STS. Its hosts are those of the MX records."""
        for domain in self.domains:
            values = domain.values
            if domain.serves_policy and not (values["mailman_web_certificate"] or values["certificate_acme"] or values["mailman_web_trusted_proxies"]):
                self.faults.append("%s: listhost_dns_mta_sts is %s, but mailman_web_certificate is empty: nobody believes a policy that comes with a "
                                   "self-signed certificate. Give it one of a known authority for mta-sts.%s, too (certificate_acme fetches one), or set "
                                   "listhost_dns_mta_sts to none." % (domain.host, values["listhost_dns_mta_sts"], domain.name))
        by_name = {host.name: host for host in self.hosts.values()}
        for domain in self.domains:
            if domain.values["listhost_dns_mta_sts"] == "none":
                continue
            for name in domain.exchangers:
                if name in by_name and not self.has_certificate(by_name[name]):
                    self.faults.append("%s: listhost_dns_mta_sts is %s, but exim_tls_certificate of %s is empty: it would get no mail for %s. Give it a "
                                       "certificate of a known authority (certificate_acme fetches one), or set listhost_dns_mta_sts to none."
                                       % (domain.host, domain.values["listhost_dns_mta_sts"], by_name[name].key, domain.name))

    def has_certificate(self, host):
        said = self.hostvars[host.key]
        # With blocks it is in the host's own configuration.
        return said.get("exim_tls_certificate") or self.values[host.key]["certificate_acme"] or said.get("exim_configuration") == "blocks"


def names(groups, hostvars):
    """Return the hosts and domains of an inventory, or raise Faulty with all faults."""
    found = Names(groups, hostvars)
    if not found.homes and not found.hosts and not found.faults:
        raise Faulty("No host is in list_hosts, list_domains or mx_hosts. Correct the names of the groups, or the inventory (-i).")
    if found.faults:
        raise Faulty(*dict.fromkeys(found.faults))
    return found
