#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: exim_delivery_test
short_description: Test how Exim would deliver to addresses
version_added: 1.0.0
description:
  - Has Exim receive a message for each address, route it, and run the transport up to the last step (C(exim -N)), and fails when one of
    them would not be delivered as expected.
  - This shows what an address test cannot see - data that Exim considers tainted, expansions that fail, users, groups, directories and
    programs that are missing, and the command line of a pipe as it would be run.
  - Nothing is delivered and no bounce goes to anyone. Exim works with a copy of its configuration in a private directory, with a queue,
    logs and retry data of its own, which is removed at the end. Queue and logs of the host stay as they are, also when the test is killed.
  - What the configuration does while it expands strings, such as running programs or changing databases, it does in a test as well.
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
        description: The recipient address. Exim adds its own domain to a local part alone.
        type: str
        required: true
      outcome:
        description:
          - What should become of the message. When the address is an alias, one delivery behind it that fails decides the outcome.
          - V(discarded) is mail that an alias or a filter throws away.
        type: str
        choices: [delivered, failed, deferred, discarded]
        default: delivered
      router:
        description: Name of the router that should accept every address that the message goes to.
        type: str
      transport:
        description: Name of the transport that should make every delivery.
        type: str
      command:
        description: The program that a pipe should run, and its arguments, after expansion.
        type: list
        elements: str
      user:
        description: Name of the user that the delivery should be made as.
        type: str
      group:
        description:
          - Name of the group that the delivery should be made as.
          - Mailman's wrapper accepts only the group that it was configured with (C(--with-mail-gid)).
        type: str
      return_path:
        description: Envelope sender that the message should leave with, such as that of VERP.
        type: str
      sender:
        description: Envelope sender. V(<>) is the null sender, that of a bounce. When not set, it is root of this host.
        type: str
      sender_host:
        description: IP address of the host that sends the message. When not set, the message is a local one.
        type: str
notes:
  - A message to a remote host ends where Exim would connect to it. Whether that host answers is not tested.
seealso:
  - module: listhost.exim_mailman.exim_address_test
  - module: listhost.exim_mailman.exim_smtp_test
"""

EXAMPLES = r"""
- name: Prove that posts and bounces reach the right command of Mailman
  listhost.exim_mailman.exim_delivery_test:
    tests:
      - address: testlist@list.example.com
        transport: mailman_transport
        command: [/var/lib/mailman/mail/mailman, post, testlist]
        group: list
      - address: testlist-bounces+luser=example.com@list.example.com
        command: [/var/lib/mailman/mail/mailman, bounces, testlist]
        group: list

- name: Prove that list mail leaves with the subscriber's address in the envelope sender
  listhost.exim_mailman.exim_delivery_test:
    tests:
      - address: luser@example.com
        sender: testlist-bounces@list.example.com
        sender_host: 127.0.0.1
        return_path: testlist-bounces+luser=example.com@list.example.com
"""

RETURN = r"""
results:
  description: What would become of each message, one item a test, in the order given.
  returned: when Exim could test the addresses
  type: list
  elements: dict
  contains:
    address:
      description: The address that was tested.
      type: str
      sample: testlist@list.example.com
    sender:
      description: The envelope sender as given.
      type: str
    sender_host:
      description: The sender host as given.
      type: str
    outcome:
      description: One of V(delivered), V(failed), V(deferred), V(discarded).
      type: str
      sample: failed
    reason:
      description: Why the message would not be delivered, mostly in Exim's words.
      type: str
      sample: "Tainted arg 1 for mailman_transport transport command: 'post'"
    deliveries:
      description: The deliveries of the message. For an address that is no alias there is one.
      type: list
      elements: dict
      contains:
        address:
          description: The address, pipe or file that the message goes to.
          type: str
        outcome:
          description: One of V(delivered), V(failed), V(deferred), V(discarded).
          type: str
        reason:
          description: Why it would not be delivered.
          type: str
        router:
          description: The router that accepted the address.
          type: str
        transport:
          description: The transport that would deliver the message.
          type: str
        host:
          description: The host to which the message would be sent first.
          type: str
          sample: mx1.example.org [192.0.2.25]
        return_path:
          description: The envelope sender that the message would leave with.
          type: str
        command:
          description: The program that a pipe would run, and its arguments.
          type: list
          elements: str
          sample: [/var/lib/mailman/mail/mailman, post, testlist]
        user:
          description: The user that the delivery would be made as.
          type: str
          sample: list
        group:
          description: The group that the delivery would be made as.
          type: str
          sample: list
failures:
  description: One line for each expectation that was not met.
  returned: when Exim could test the addresses
  type: list
  elements: str
  sample: ["testlist@list.example.com: expected delivered, found failed: Tainted arg 1 for mailman_transport transport command: 'post'"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import EXIM_ARGUMENTS, ask_and_compare
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_delivery import TEST_ARGUMENTS, check_test, run_tests


def main():
    """Let Exim almost deliver, compare."""
    module = AnsibleModule(
        argument_spec=dict(
            EXIM_ARGUMENTS,
            tests=dict(type="list", elements="dict", required=True, options=TEST_ARGUMENTS),
        ),
        supports_check_mode=True,
    )
    ask_and_compare(module, "tests", check_test, run_tests, "Exim does not deliver as expected")


if __name__ == "__main__":
    main()
