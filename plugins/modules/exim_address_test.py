#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: exim_address_test
short_description: Test how Exim routes addresses
version_added: 1.0.0
description:
  - Asks Exim (C(exim -bt)) how it routes addresses, and fails when one of them does not go where it is expected to go.
  - Nothing is sent. All addresses with the same sender and sender host are tested in one Exim process, however many there are.
  - An address test ends where a transport is chosen. It does not see faults of the transport itself, for which there is
    M(listhost.exim_mailman.exim_delivery_test), nor what the access control lists refuse, for which there is
    M(listhost.exim_mailman.exim_smtp_test).
extends_documentation_fragment:
  - listhost.exim_mailman.exim
  - listhost.exim_mailman.exim.config
  - listhost.exim_mailman.exim.read_only
options:
  tests:
    description: The addresses, each with what is expected of it.
    type: list
    elements: dict
    required: true
    suboptions:
      address:
        description:
          - The recipient address, or a list of addresses of which the same is expected.
          - Exim adds its own domain to a local part alone. An address that has a comma must be an item of a list.
        type: list
        elements: str
        required: true
        aliases: [addresses]
      outcome:
        description:
          - What should become of the address. When it is an alias, V(routed) means that every address behind it can be routed, and one
            of them that cannot decides the outcome.
          - V(discarded) is mail that an alias or a filter throws away.
        type: str
        choices: [routed, undeliverable, deferred, discarded]
        default: routed
      router:
        description: Name of the router that should accept the address and, if it is an alias, every address behind it.
        type: str
      transport:
        description: Name of the transport that should deliver to the address and, if it is an alias, to every address behind it.
        type: str
      redirected_to:
        description: All the addresses, pipes (V(|command)) and files that the address should end in, in any order.
        type: list
        elements: str
      sender:
        description: Envelope sender. V(<>) is the null sender, that of a bounce. When not set, it is root of this host.
        type: str
      sender_host:
        description:
          - IP address of the host that sends the message. When not set, the message is a local one, submitted through the command line.
          - Routers for mail that comes in over loopback SMTP, such as C(mailman_verp_router), can only be seen when it is V(127.0.0.1).
        type: str
  verify:
    description:
      - Ask a second time, the way Exim verifies a recipient while it receives a message (C(exim -bv)). The outcome must be the same.
      - C(exim -bt) works with root's privileges. Only this second look shows a directory that Exim's own user cannot read, which breaks
        the SMTP session, and routers that are not used for verification.
      - It costs as much as the test itself.
    type: bool
    default: false
seealso:
  - module: listhost.exim_mailman.exim_smtp_test
  - module: listhost.exim_mailman.exim_delivery_test
"""

EXAMPLES = r"""
- name: Prove that Exim finds the list
  listhost.exim_mailman.exim_address_test:
    tests:
      - address: testlist@list.example.com
        router: mailman_router
        transport: mailman_transport
      - address: testlist-bounces+luser=example.com@list.example.com
        router: mailman_router
      - addresses: [testlist-owner@list.example.com, testlist-request@list.example.com, testlist-join@list.example.com]
        router: mailman_router
      - address: nosuchlist@list.example.com
        outcome: undeliverable
      - address: mailman@list.example.com
        redirected_to: [postmaster@example.com]

- name: Prove that list mail from Mailman leaves through the VERP transport
  listhost.exim_mailman.exim_address_test:
    tests:
      - address: luser@example.com
        sender: testlist-bounces@list.example.com
        sender_host: 127.0.0.1
        transport: mailman_verp_smtp

- name: Prove a candidate before it goes live, also for the user that Exim runs as
  listhost.exim_mailman.exim_address_test:
    config: /etc/exim4/exim4.conf.new
    verify: true
    tests:
      - address: announce@list.example.com
        router: mailman_router
"""

RETURN = r"""
results:
  description: What Exim says, one item for all addresses that fared alike. What an item does not have is left out.
  returned: when Exim could test the addresses
  type: list
  elements: dict
  contains:
    addresses:
      description: The addresses that were tested.
      type: list
      elements: str
      sample: [mailman@list.example.com]
    sender:
      description: The envelope sender as given.
      type: str
    sender_host:
      description: The sender host as given.
      type: str
    outcome:
      description: One of V(routed), V(undeliverable), V(deferred), V(discarded), V(malformed).
      type: str
      sample: routed
    reason:
      description: Why the address cannot be routed, in Exim's words.
      type: str
      sample: Unrouteable address
    rewritten:
      description: The address that a rewriting rule made of it.
      type: str
    routes:
      description: The places where the routing ends. For an address that is no alias there is one.
      type: list
      elements: dict
      contains:
        address:
          description: The address, pipe or file that the mail goes to, where it is not the address that was tested.
          type: str
          sample: postmaster@example.com
        outcome:
          description: One of V(routed), V(undeliverable), V(deferred).
          type: str
        reason:
          description: Why it cannot be routed.
          type: str
        router:
          description: The router that accepted it. A pipe or file behind an alias has none.
          type: str
        transport:
          description: The transport that will deliver it.
          type: str
        parents:
          description: The addresses that led to it, from the nearest to the one that was tested.
          type: list
          elements: str
        hosts:
          description: The hosts to which it will be sent, each with C(name), C(address), C(mx) and C(port).
          type: list
          elements: dict
failures:
  description: One line for each expectation that was not met.
  returned: when Exim could test the addresses
  type: list
  elements: str
  sample: ["testlist@list.example.com: expected router mailman_router, found dnslookup"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import EXIM_ARGUMENTS, ask_and_compare
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_address import TEST_ARGUMENTS, check_test, grouped, run_tests


def main():
    """Ask Exim, compare."""
    module = AnsibleModule(
        argument_spec=dict(
            EXIM_ARGUMENTS,
            tests=dict(type="list", elements="dict", required=True, options=TEST_ARGUMENTS),
            verify=dict(type="bool", default=False),
        ),
        supports_check_mode=True,
    )

    def run(exim, tests):
        results, failures = run_tests(exim, tests, module.params["verify"])
        return grouped(results), failures

    ask_and_compare(module, "tests", check_test, run, "Exim does not route as expected")


if __name__ == "__main__":
    main()
