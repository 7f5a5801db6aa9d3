# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts of an inventory say together: where the mail of each list domain goes, and what is wrong with that and with virtual domains.

hostvars are the variables of all hosts, by their names.
"""

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _renamed as renamed


def machine(host, hostvars):
    """Return the address by which Ansible finds a host. Virtual domains of one machine have the same."""
    return hostvars[host].get("ansible_host", host)


def neighbours(hosts, host, hostvars):
    """Return those of some hosts that are on the same machine as one."""
    return [one for one in hosts if machine(one, hostvars) == machine(host, hostvars)]


def name_in_mail(host, hostvars):
    """Return the name by which other mail servers know a host."""
    return hostvars[host].get("exim_primary_hostname", host)


def homes(groups, hostvars):
    """Return each list domain with the host that has its variables, and with the one that has its Exim, which is None where it is in another inventory."""
    found, machines = [], {}
    for host in groups.get("list_hosts", ()):
        variables = hostvars[host]
        if renamed.get(variables, "mailman_separate_home"):
            machines[machine(host, hostvars)] = host
            continue
        domains = variables.get("exim_lists_domains")
        if domains is None:
            domains = [variables.get("mailman_email_host")] + list((renamed.get(variables, "mailman_shared_domains") or {}).values())
        found.extend((domain, host, host) for domain in domains if domain)
    for host in groups.get("list_domains", ()):
        if hostvars[host].get("mailman_email_host"):
            found.append((hostvars[host]["mailman_email_host"], host, machines.get(machine(host, hostvars))))
    return found


def list_domains(groups, hostvars):
    """Return each list domain with its list host, by the name that this has in mail, as pairs.

    A virtual domain has its machine's; where that is in another inventory, the name by which Ansible finds it.
    """
    return [(domain, name_in_mail(its_machine, hostvars) if its_machine else machine(host, hostvars)) for domain, host, its_machine in homes(groups, hostvars)]


def faults_of_routes(host, groups, routes, said):
    """Yield what is wrong with the routes of a mail exchanger; said are those that its own variable exim_relay_routes has."""
    if not routes and not said:
        yield ("%s is in mx_hosts, but no host of list_hosts or list_domains has a list domain. Put them into the inventory, or name them in exim_relay_routes."
               % host)
    if host in groups.get("list_hosts", ()):
        yield ("%s is in mx_hosts and in list_hosts. Take it from mx_hosts: a list host needs no mail exchanger, and has a configuration of its own." % host)
    for domain in sorted({domain for domain, dummy in routes if domain not in said}):
        hosts = [name for one, name in routes if one == domain]
        if len(hosts) > 1:
            yield ("exim_lists_domains (or mailman_email_host) is %s on %s. Take it from all but one, or say in exim_relay_routes of mx_hosts which of them "
                   "gets its mail." % (domain, " and ".join(hosts)))


def faults_of_virtual_domains(hosts, hostvars):
    """Yield that several hosts of a run are one virtual domain: they would be in one directory. Or that they have one host of web pages."""
    places, web_hosts = {}, {}
    for host in hosts:
        variables = hostvars[host]
        if variables.get("mailman_email_host"):
            places.setdefault((machine(host, hostvars), variables["mailman_email_host"]), []).append(host)
            if boolean(variables.get("mailman_web", False), strict=False):
                web_host = variables.get("mailman_url_host") or variables["mailman_email_host"]
                web_hosts.setdefault((machine(host, hostvars), web_host), []).append(variables["mailman_email_host"])
    for (its_machine, domain), same in places.items():
        if len(same) > 1:
            yield ("Two hosts of the group list_domains have the same mailman_email_host on the same machine (ansible_host), so they would be in one "
                   "directory: %s are %s on %s. Take all but one out, or correct them." % (" and ".join(same), domain, its_machine))
    for (its_machine, web_host), domains in web_hosts.items():
        if len(set(domains)) > 1:
            yield ("mailman_url_host is %s for %s on the machine %s, so visitors would get the pages of one of them only. Give each a web host of its own."
                   % (web_host, " and ".join(domains), its_machine))
