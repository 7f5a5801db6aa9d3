#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: exim_mailman_verify
short_description: Verify that Exim serves Mailman's lists
version_added: 1.0.0
description:
  - Looks for everything that is known to go wrong between Exim and Mailman 2.1, and says what to do about it.
  - Tests the address kinds of all lists, deliveries to Mailman's wrapper, who may send what to whom over SMTP, mail from Mailman through
    loopback, VERP by Exim, times to try again, limits, mail that Mailman gave up on, services now and at the next boot, scanners, DNS block lists, TLS
    and its certificate, passwords without TLS, DKIM, who can read Exim's keys, and whether the host's name resolves.
  - It works on any host, also one that was set up by hand, and does not fail when it finds faults - RV(ok) says whether there are any.
extends_documentation_fragment:
  - listhost.exim_mailman.exim
  - listhost.exim_mailman.exim.config
  - listhost.exim_mailman.exim.read_only
options:
  domain:
    description: A domain in which all lists can be reached that are not in O(domains_file). Required unless the host has no lists, but O(routed_domains).
    type: str
  routed_domains:
    description:
      - For a mail exchanger without Mailman, the domains whose mail it passes on to list hosts. They are asked for a recipient.
      - With it O(domain), O(lists_dir) and O(wrapper) are left out.
    type: list
    elements: str
    default: []
  virtual_domain_file:
    description: The file by which Exim knows the domain, where it is one of several virtual domains. Without it nothing else is tested.
    type: path
  domains_file:
    description: File that says in which domain a list can be reached, as module M(listhost.exim_mailman.mailman_lists) keeps it.
    type: path
  lists_dir:
    description: Mailman's directory of lists. Required together with O(domain).
    type: path
  wrapper:
    description: Mailman's wrapper for mail. Required together with O(domain).
    type: path
  posting_addresses:
    description:
      - The addresses of the lists as Mailman itself has them, by each list's C(host_name).
      - In them a list may have a domain that Exim does not know, as after it was copied from another host. When not set, that is not checked.
    type: list
    elements: str
    default: []
  subscriber:
    description:
      - Address of a subscriber, in a domain that is not this host's and that receives mail.
      - Nothing is sent to it, but its domain is looked up.
    type: str
    required: true
  mail_groups:
    description: The groups for which the wrapper was compiled. When not set, the group is not checked.
    type: list
    elements: str
    default: []
  verp:
    description: Who puts subscribers' addresses into envelope senders. When not set, Exim is tested if its configuration does it.
    type: str
    choices: [none, mailman, exim]
  max_sessions:
    description: Mailman's C(SMTP_MAX_SESSIONS_PER_CONNECTION), where V(0) means no limit. When not set, it is not checked.
    type: int
  smtp_host:
    description: Mailman's C(SMTPHOST). Mail is handed over there, up to the recipient. When not set, this is not tried.
    type: str
  smtp_port:
    description: Mailman's C(SMTPPORT), where V(0) means 25.
    type: int
    default: 0
  relay_from_hosts:
    description: Addresses and networks that are meant to send mail to everybody through this host. Names count for nothing here.
    type: list
    elements: str
    default: []
  queues:
    description:
      - How many messages are in each of Mailman's queues, as module M(listhost.exim_mailman.mailman_info) tells it. When not set, they are not checked.
    type: dict
  services:
    description: Names of services that should run now and start at boot.
    type: list
    elements: str
    default: []
  sample:
    description:
      - For how many lists to test a delivery. One delivery costs a tenth of a second.
      - Routing is tested for all.
    type: int
    default: 5
seealso:
  - module: listhost.exim_mailman.exim_address_test
  - module: listhost.exim_mailman.exim_smtp_test
  - module: listhost.exim_mailman.exim_delivery_test
"""

EXAMPLES = r"""
- name: Verify a list host
  listhost.exim_mailman.exim_mailman_verify:
    domain: list.example.com
    lists_dir: /var/lib/mailman/lists
    wrapper: /var/lib/mailman/mail/mailman
    mail_groups: [list]
    subscriber: someone@example.org
    smtp_host: localhost
    services: [exim4, mailman]
  register: verified

- name: Show what was found
  ansible.builtin.debug:
    var: verified.table
"""

RETURN = r"""
ok:
  description: Whether no fault was found.
  returned: success
  type: bool
checks:
  description: What was checked.
  returned: success
  type: list
  elements: dict
  contains:
    check:
      description: Name of the check.
      type: str
      sample: deliveries to Mailman
    tested:
      description: How many things were tested.
      type: int
      sample: 12
    findings:
      description: What is wrong, each with the kind of C(fault) and what was C(found).
      type: list
      elements: dict
faults:
  description: The kinds of faults.
  returned: success
  type: list
  elements: dict
  contains:
    fault:
      description: The kind of fault.
      type: str
      sample: tainted-arguments
    remedy:
      description: What to do about it.
      type: str
    found:
      description: All that was found of it.
      type: list
      elements: str
      sample: ["testlist@list.example.com: Tainted arg 2 for mailman_transport transport command: 'testlist'"]
table:
  description: The same as lines for people.
  returned: success
  type: list
  elements: str
"""

import contextlib
import glob
import grp
import ipaddress
import os
import re
import smtplib
import socket
import ssl
import stat

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import (
    EXIM_ARGUMENTS,
    Exim,
    EximError,
    check_address,
)
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_settings import ask, expand, parse_drivers, parse_options
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify import (
    STRANGERS,
    address_of,
    domains_of,
    lists_of,
    table,
    verify,
    verify_exchanger,
)
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import host_name_fault


def check_queues(queues, report):
    """See that there is no mail that Mailman gave up on: nobody else hears of it."""
    if queues is None:
        return
    given_up = (("shunted-mail", "shunt"), ("unreadable-mail", "bad"))
    findings = [(fault, "messages in Mailman's queue %s: %d" % (queue, queues[queue])) for fault, queue in given_up if queues.get(queue)]
    report.check("Mailman's queues", len(queues), findings)


def check_services(module, report):
    """See that the services run, and will after a reboot."""
    services = module.params["services"]
    if not services:
        return
    systemctl = module.get_bin_path("systemctl", required=True)
    findings = []
    for service in services:
        dummy, out, dummy = module.run_command([systemctl, "is-active", service])
        if out.strip() != "active":
            findings.append(("service-down", "%s is %s" % (service, out.strip() or "unknown")))
        # Its exit status is 0 for a unit that is static, too, which nothing starts. Of a service that is not there enough has been said.
        dummy, out, dummy = module.run_command([systemctl, "is-enabled", service])
        state = (out.split() or ["not-found"])[-1]
        if state not in ("enabled", "not-found"):
            findings.append(("not-at-boot", "%s is %s" % (service, state)))
    report.check("services", len(services), findings)


def check_connection(report, wanted):
    """See that Mailman, which is no test mode, can hand over mail. Ends before there is any."""
    if wanted["smtp_host"] is None:
        return
    sender, port = address_of(wanted, wanted["lists"][0], "-bounces"), wanted["smtp_port"] or smtplib.SMTP_PORT
    where = "%s port %d" % (wanted["smtp_host"], port)
    # What is known to be refused would only come into Exim's log.
    refused = {"no-loopback-trust", "ipv4-only-loopback"} & {fault["fault"] for fault in report.faults()}
    findings = []
    try:
        with contextlib.closing(smtplib.SMTP(wanted["smtp_host"], port, local_hostname="localhost", timeout=30)) as client:
            client.ehlo()
            code, text = (250, b"") if refused else client.mail(sender)
            if code == 250 and not refused:
                code, text = client.rcpt(wanted["subscriber"])
            if code != 250:
                reply = "%d %s" % (code, text.decode("utf-8", "replace"))
                findings.append(("no-connection", "%s: %s to %s: %s" % (where, sender, wanted["subscriber"], reply)))
            client.rset()
            client.quit()
    except OSError as error:
        findings.append(("no-connection", "%s: %s" % (where, error)))
    report.check("connection of Mailman's", 1, findings)


def neighbours():
    """Return the address by which this host reaches the world, and one beside it. Nothing is sent."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect((STRANGERS[0], 9))
        except OSError:
            return []
        own = ipaddress.ip_address(probe.getsockname()[0])
    return [] if own.is_loopback else [str(own), str(ipaddress.ip_address(int(own) ^ 1))]


def check_scanners(exim, report):
    """See that what Exim asks about malware and spam answers."""
    options = parse_options(ask(exim, "-bP", "av_scanner", "spamd_address"), set())
    addresses = [(options.get("av_scanner") or "").replace("clamd:", "", 1), options.get("spamd_address") or ""]
    # A scanner is asked only where the configuration has such a condition; av_scanner has a default.
    conditions = re.findall(r"^\s*(malware|spam)\s*=", ask(exim, "-bP", "config"), re.M)
    asked = [address for address, name in zip(addresses, ("malware", "spam")) if name in conditions and re.match(r"/\S+|[\d.]+ \d+", address)]
    findings = []
    for address in asked:
        words = address.split()
        if address.startswith("/"):
            client, target = socket.socket(socket.AF_UNIX), words[0]
        else:
            client, target = socket.socket(), (words[0], int(words[1]))
        with contextlib.closing(client):
            client.settimeout(10)
            try:
                client.connect(target)
            except OSError as error:
                findings.append(("scanner-down", "%s: %s" % (address, error.strerror or error)))
    if asked:
        report.check("scanners", len(asked), findings)


def check_dnsbls(exim, report):
    """See that the DNS block lists are there, and do not list everybody."""
    zones = []
    for value in re.findall(r"^\s*!?\s*dnslists\s*=\s*(.*)$", ask(exim, "-bP", "config"), re.M):
        zones += [re.split(r"[=!&/]", item)[0].strip() for item in value.split(":")]
    zones = sorted(set(zone for zone in zones if re.match(r"[\w-]+(\.[\w-]+)+\Z", zone)))
    findings = []
    for zone in zones:
        if not listed("127.0.0.2", zone):
            findings.append(("dead-dnsbl", "%s does not list 127.0.0.2" % zone))
        elif listed("127.0.0.1", zone):
            findings.append(("dead-dnsbl", "%s lists 127.0.0.1" % zone))
    if zones:
        report.check("DNS block lists", len(zones), findings)


def listed(address, zone):
    """Say whether a DNS block list has an address."""
    try:
        socket.gethostbyname(".".join(reversed(address.split("."))) + "." + zone + ".")
    except OSError:
        return False
    return True


def check_tls(exim, report):
    """See that other servers get TLS from Exim, with a certificate that has not expired."""
    options = parse_options(ask(exim, "-bP", "tls_advertise_hosts", "tls_certificate", "daemon_smtp_ports"), set())
    certificate = options.get("tls_certificate") or ""
    # One that depends on the client cannot be known here.
    if not options.get("tls_advertise_hosts") or not re.match(r"/[^$]+\Z", certificate):
        return
    port = (re.findall(r"\d+", options.get("daemon_smtp_ports") or "") or ["25"])[0]
    findings = []
    try:
        context = ssl.create_default_context(cafile=certificate)
        context.check_hostname = False
        # Whoever has signed it: X509_V_FLAG_PARTIAL_CHAIN, which Python names from 3.10 on.
        context.verify_flags |= 0x80000
        with contextlib.closing(smtplib.SMTP("127.0.0.1", int(port), timeout=30)) as client:
            client.starttls(context=context)
    except OSError as error:
        findings.append(("no-tls", "127.0.0.1 port %s, %s: %s" % (port, certificate, error)))
    report.check("TLS", 1, findings)


def dkim_keys(exim, sender):
    """Return the files with the keys that Exim signs with, and the one that it wants for mail of the sender."""
    paths = []
    for transport in parse_drivers(ask(exim, "-bP", "transports"), "transport", set()):
        options = transport["options"]
        if options.get("dkim_private_key") and options.get("dkim_domain"):
            domain = expand(exim, sender, options["dkim_domain"])
            paths += glob.glob(options["dkim_private_key"].replace("$dkim_domain", "*"))
            paths += [options["dkim_private_key"].replace("$dkim_domain", domain)] if domain else []
    return paths


def check_secrets(exim, report, sender):
    """See that Exim, and nobody else, can read its keys."""
    paths = [parse_options(ask(exim, "-bP", "tls_privatekey"), set()).get("tls_privatekey") or ""] + dkim_keys(exim, sender)
    paths = sorted(set(path for path in paths if re.match(r"/[^${}]+\Z", path)))
    group = parse_options(ask(exim, "-bP", "exim_group"), set()).get("exim_group") or "0"
    gid = int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
    findings = []
    for path in paths:
        try:
            status = os.stat(path)
        except OSError as error:
            findings.append(("unreadable-secret", "%s: %s" % (path, error.strerror)))
            continue
        if status.st_mode & stat.S_IROTH:
            findings.append(("open-secret", "%s has mode %04o" % (path, stat.S_IMODE(status.st_mode))))
        elif not (status.st_gid == gid and status.st_mode & stat.S_IRGRP):
            findings.append(("unreadable-secret", "%s is not Exim's group's to read" % path))
    if paths:
        report.check("secrets", len(paths), findings)


def check_host_name(report):
    """See that Mailman's SMTP, which asks for the host's name, need not wait for it."""
    fault = host_name_fault()
    report.check("host name", 1, [("slow-host-name", fault)] if fault else [])


def main():
    """Look, and report."""
    module = AnsibleModule(
        argument_spec=dict(
            EXIM_ARGUMENTS,
            domain=dict(type="str"),
            routed_domains=dict(type="list", elements="str", default=[]),
            virtual_domain_file=dict(type="path"),
            domains_file=dict(type="path"),
            lists_dir=dict(type="path"),
            wrapper=dict(type="path"),
            posting_addresses=dict(type="list", elements="str", default=[]),
            subscriber=dict(type="str", required=True),
            mail_groups=dict(type="list", elements="str", default=[]),
            verp=dict(type="str", choices=["none", "mailman", "exim"]),
            max_sessions=dict(type="int"),
            smtp_host=dict(type="str"),
            smtp_port=dict(type="int", default=0),
            relay_from_hosts=dict(type="list", elements="str", default=[]),
            queues=dict(type="dict"),
            services=dict(type="list", elements="str", default=[]),
            sample=dict(type="int", default=5),
        ),
        required_together=[["domain", "lists_dir", "wrapper"]],
        supports_check_mode=True,
    )
    wanted = module.params
    try:
        option, own = ("domain", [wanted["domain"]]) if wanted["domain"] is not None else ("routed_domains", wanted["routed_domains"])
        for domain in own:
            if not re.match(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+\Z", domain):
                raise EximError("%s: %r is not a domain." % (option, domain))
        if (wanted["domain"] is not None) == bool(wanted["routed_domains"]):
            raise EximError("domain and routed_domains: one of them says what the host is for. Set it, and not both.")
        check_address("subscriber", wanted["subscriber"])
        domains = domains_of(wanted["domains_file"])
        foreign = wanted["subscriber"].rpartition("@")[2].lower()
        if foreign in ("", *[domain.lower() for domain in own], *domains.values()) or "@" not in wanted["subscriber"]:
            raise EximError("subscriber: %s is not an address in another domain than %s." % (wanted["subscriber"], ", ".join(own)))
        if wanted["sample"] < 1:
            raise EximError("sample: %d is not a number of lists to test." % wanted["sample"])
        exim = Exim.from_module(module)
        if wanted["routed_domains"]:
            report = verify_exchanger(exim, wanted)
            sender = "postmaster@" + own[0]
        else:
            wanted.update(lists=lists_of(wanted["lists_dir"]), domains=domains, neighbours=neighbours())
            report = verify(exim, wanted)
            sender = address_of(wanted, wanted["lists"][0], "-bounces")
    except EximError as error:
        module.fail_json(msg=str(error))
    check_queues(wanted["queues"], report)
    check_services(module, report)
    check_connection(report, wanted)
    # Of a configuration that Exim refuses nothing can be asked.
    if "configuration" not in [fault["fault"] for fault in report.faults()]:
        check_scanners(exim, report)
        check_dnsbls(exim, report)
        check_tls(exim, report)
        check_secrets(exim, report, sender)
    if wanted["domain"] is not None:
        check_host_name(report)
    faults = report.faults()
    module.exit_json(changed=False, ok=not faults, checks=report.checks, faults=faults, table=table(report, ", ".join(own)))


if __name__ == "__main__":
    main()
