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
    loopback, VERP by Exim, times to try again, limits, mail that Mailman gave up on, bounces, destinations that have put mail off, services now and at the
    next boot, scanners, DNS block lists, TLS and its certificate, a resolver for DANE, passwords without TLS, DKIM, who can read Exim's keys, whether the
    host's name resolves, Mailman's web interface, and backups.
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
  runners:
    description: Mailman's queue runners, as module M(listhost.exim_mailman.mailman_info) tells them. When not set, they are not checked.
    type: dict
  bounces:
    description:
      - What Mailman did not count against members, as module M(listhost.exim_mailman.mailman_info) tells it. When not set, it is neither checked nor told.
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
  dane:
    description: Whether mail is meant to leave only to hosts with the key that the DNS names. Then Exim must be able to do that, and a resolver must validate.
    type: bool
    default: false
  web:
    description:
      - What there should be of Mailman's web interface. Without it nothing of that is tested.
      - With it the pages over HTTPS, the group of Mailman's programs, certificates, private archives, jails of fail2ban, and the secret of the form for
        subscriptions are.
    type: dict
    suboptions:
      hosts:
        description: The hosts of the web pages. The web server is asked on loopback.
        type: list
        elements: str
        required: true
      lists:
        description: The lists, as module M(listhost.exim_mailman.mailman_info) tells them. Of O(sample) with private archives pages are asked for.
        type: list
        elements: dict
        required: true
      settings:
        description: Mailman's settings, as module M(listhost.exim_mailman.mailman_info) tells them.
        type: dict
        required: true
      public_archives:
        description: Mailman's directory of public archives.
        type: path
        required: true
      jails:
        description: The jails that fail2ban should have.
        type: list
        elements: str
        default: []
      one_click_key:
        description: The file with the key of the links for one-click unsubscription. Such a link is asked for then, one that names no member.
        type: path
  renewal:
    description: What renews the host's certificate. Without it nothing of that is tested.
    type: dict
    suboptions:
      timer:
        description: The timer of certbot's package. The service that it starts has the same name.
        type: str
        required: true
      renewed:
        description: The certificate as certbot has it.
        type: path
        required: true
      used:
        description: Files that should have the same content.
        type: list
        elements: path
        required: true
  backup:
    description: Whether backups should be taken, as role mailman_backup sets them up.
    type: bool
    default: false
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
installed:
  description: The C(version) of Exim, and that of its C(package), as far as they are known.
  returned: success
  type: dict
  sample: {version: "4.96", package: 4.96-15+deb12u10}
advice:
  description: What is no fault of the host's, and still worth knowing, such as bounces about policy.
  returned: success
  type: list
  elements: dict
  contains:
    fault:
      description: The kind of what was found.
      type: str
      sample: policy-bounces
    remedy:
      description: What can be done about it.
      type: str
    found:
      description: All that was found of it.
      type: list
      elements: str
table:
  description: The same as lines for people.
  returned: success
  type: list
  elements: str
"""

import re

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import (
    EXIM_ARGUMENTS,
    Exim,
    EximError,
    check_address,
)
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.addresses import address_of, domains_of, lists_of
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.around import (
    check_bounces,
    check_connection,
    check_dane,
    check_dnsbls,
    check_host_name,
    check_queues,
    check_runners,
    check_scanners,
    check_secrets,
    check_services,
    check_tls,
    neighbours,
    package_of,
    version_of,
)
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.backup import check_backup
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.certificates import check_renewal
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.hosts import verify, verify_exchanger
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.put_off import check_put_off
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.report import table
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.web import check_web


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
            runners=dict(type="dict"),
            bounces=dict(type="dict"),
            services=dict(type="list", elements="str", default=[]),
            sample=dict(type="int", default=5),
            dane=dict(type="bool", default=False),
            web=dict(type="dict", options=dict(
                hosts=dict(type="list", elements="str", required=True),
                lists=dict(type="list", elements="dict", required=True),
                settings=dict(type="dict", required=True),
                public_archives=dict(type="path", required=True),
                jails=dict(type="list", elements="str", default=[]),
                one_click_key=dict(type="path", no_log=False),
            )),
            renewal=dict(type="dict", options=dict(
                timer=dict(type="str", required=True),
                renewed=dict(type="path", required=True),
                used=dict(type="list", elements="path", required=True),
            )),
            backup=dict(type="bool", default=False),
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
    check_runners(wanted["runners"], report)
    check_bounces(wanted["bounces"], report)
    check_services(module, report)
    check_connection(report, wanted)
    # Of a configuration that Exim refuses nothing can be asked.
    if "configuration" not in [fault["fault"] for fault in report.faults()]:
        check_scanners(exim, report)
        check_dnsbls(exim, report)
        check_tls(exim, report)
        if wanted["dane"]:
            check_dane(exim, report, sender)
        check_secrets(exim, report, sender)
        check_put_off(module, exim, report)
    if wanted["domain"] is not None:
        check_host_name(report)
    if wanted["web"]:
        check_web(module, report, wanted["web"], wanted["sample"])
    if wanted["renewal"]:
        check_renewal(module, report, wanted["renewal"])
    if wanted["backup"]:
        check_backup(module, report)
    faults = report.faults()
    installed = dict(version=version_of(exim), package=package_of(module, exim.program))
    module.exit_json(
        changed=False, installed=installed, ok=not faults, checks=report.checks, faults=faults, advice=report.advice(),
        table=table(report, ", ".join(own)),
    )


if __name__ == "__main__":
    main()
