#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: exim_mailman_verify
short_description: Verify that Exim serves Mailman's lists
version_added: 1.0.0
description:
  - Looks for everything that is known to go wrong between Exim and Mailman 2.1, and says what to do about it.
  - Tests the address kinds of all lists, deliveries to Mailman's wrapper, who may send what to whom over SMTP, mail from Mailman through
    loopback, VERP by Exim, limits and services.
  - It works on any host, also one that was set up by hand, and does not fail when it finds faults - RV(ok) says whether there are any.
extends_documentation_fragment:
  - listhost.exim_mailman.exim
  - listhost.exim_mailman.exim.config
  - listhost.exim_mailman.exim.read_only
options:
  domain:
    description: A domain in which all lists can be reached.
    type: str
    required: true
  lists_dir:
    description: Mailman's directory of lists.
    type: path
    required: true
  wrapper:
    description: Mailman's wrapper for mail.
    type: path
    required: true
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
  services:
    description: Names of services that should run.
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

import re

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils.exim import (
    EXIM_ARGUMENTS,
    Exim,
    EximError,
    check_address,
)
from ansible_collections.listhost.exim_mailman.plugins.module_utils.exim_verify import lists_of, table, verify


def check_services(module, report):
    """See that the services run."""
    services = module.params["services"]
    if not services:
        return
    systemctl = module.get_bin_path("systemctl", required=True)
    findings = []
    for service in services:
        dummy, out, dummy = module.run_command([systemctl, "is-active", service])
        if out.strip() != "active":
            findings.append(("service-down", "%s is %s" % (service, out.strip() or "unknown")))
    report.check("services", len(services), findings)


def main():
    """Look, and report."""
    module = AnsibleModule(
        argument_spec=dict(
            EXIM_ARGUMENTS,
            domain=dict(type="str", required=True),
            lists_dir=dict(type="path", required=True),
            wrapper=dict(type="path", required=True),
            subscriber=dict(type="str", required=True),
            mail_groups=dict(type="list", elements="str", default=[]),
            verp=dict(type="str", choices=["none", "mailman", "exim"]),
            max_sessions=dict(type="int"),
            services=dict(type="list", elements="str", default=[]),
            sample=dict(type="int", default=5),
        ),
        supports_check_mode=True,
    )
    wanted = module.params
    try:
        if not re.match(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+\Z", wanted["domain"]):
            raise EximError("domain: %r is not a domain." % wanted["domain"])
        check_address("subscriber", wanted["subscriber"])
        if wanted["subscriber"].rpartition("@")[2].lower() in ("", wanted["domain"].lower()) or "@" not in wanted["subscriber"]:
            raise EximError("subscriber: %s is not an address in another domain than %s." % (wanted["subscriber"], wanted["domain"]))
        if wanted["sample"] < 1:
            raise EximError("sample: %d is not a number of lists to test." % wanted["sample"])
        exim = Exim.from_module(module)
        report = verify(exim, dict(wanted, lists=lists_of(wanted["lists_dir"])))
    except EximError as error:
        module.fail_json(msg=str(error))
    check_services(module, report)
    faults = report.faults()
    module.exit_json(changed=False, ok=not faults, checks=report.checks, faults=faults, table=table(report, wanted["domain"]))


if __name__ == "__main__":
    main()
