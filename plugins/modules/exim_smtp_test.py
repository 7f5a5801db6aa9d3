#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: exim_smtp_test
short_description: Test what Exim answers in SMTP dialogues
version_added: 1.0.0
description:
  - Speaks SMTP to Exim as if it were any client in the world (C(exim -bh)), and fails when a reply is not as expected.
  - Exim runs its access control lists for real, as its own user, with real DNS lookups. It accepts no message for delivery, and writes
    nothing to its logs.
  - Authentication and TLS cannot be tested this way. Rate limits count a test like a real message.
extends_documentation_fragment:
  - listhost.exim_mailman.exim
  - listhost.exim_mailman.exim.config
  - listhost.exim_mailman.exim.read_only
options:
  dialogues:
    description:
      - The dialogues, each with what is expected of it.
      - A dialogue ends with the last step that is given, or with a step that Exim refuses, except that a refused recipient does not end it.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What the dialogue shows, for messages and results.
        type: str
      client:
        description: IP address of the client, IPv4 or IPv6.
        type: str
        required: true
      callouts:
        description: Let Exim make its callouts to other mail servers, if its configuration asks for any (C(exim -bhc)).
        type: bool
        default: false
      helo:
        description: Name that the client gives for itself. When not set, it is the client's address as a literal.
        type: str
      sender:
        description: Envelope sender. V(<>) is the null sender, that of a bounce.
        type: str
      recipients:
        description: Envelope recipients, each with the reply that is expected.
        type: list
        elements: dict
        default: []
        suboptions:
          address:
            description: The recipient address.
            type: str
            required: true
          code:
            description: Expected reply code, such as V(250) or V(550), or a class of codes, V(2xx), V(4xx) or V(5xx). It is V(250) when not set.
            type: str
          text:
            description: Regular expression to be found in the text of the reply.
            type: str
      data:
        description: The message. When not set, the dialogue ends before it.
        type: dict
        suboptions:
          headers:
            description: "Header lines, such as V(Subject: test)."
            type: list
            elements: str
            default: []
          body:
            description: The text after the headers.
            type: str
            default: ""
      expect:
        description: The replies that are expected in the other steps. Each has the code V(250), and V(220) at the connection, when not set.
        type: dict
        suboptions:
          connect:
            description: The greeting.
            type: dict
            suboptions: &expectation
              code:
                description: Expected reply code, or V(2xx), V(4xx) or V(5xx).
                type: str
              text:
                description: Regular expression to be found in the text of the reply.
                type: str
          helo:
            description: The reply to the client's name.
            type: dict
            suboptions: *expectation
          sender:
            description: The reply to the sender.
            type: dict
            suboptions: *expectation
          data:
            description: The reply to the whole message.
            type: dict
            suboptions: *expectation
  timeout:
    description: Seconds to wait for each reply.
    type: int
    default: 60
seealso:
  - module: listhost.exim_mailman.exim_address_test
  - module: listhost.exim_mailman.exim_delivery_test
"""

EXAMPLES = r"""
- name: Prove that bounces to the list are refused, but not those to its bounce address
  listhost.exim_mailman.exim_smtp_test:
    dialogues:
      - client: 192.0.2.1
        sender: "<>"
        recipients:
          - address: testlist@list.example.com
            code: 550
            text: never sends mail
          - address: testlist-bounces@list.example.com

- name: Prove that strangers cannot relay, and that loopback can
  listhost.exim_mailman.exim_smtp_test:
    dialogues:
      - name: A stranger sends to a foreign domain
        client: 2001:db8::1
        sender: someone@example.net
        recipients:
          - {address: someone@example.org, code: 5xx}
      - name: Mailman sends to a subscriber
        client: "::1"
        sender: testlist-bounces@list.example.com
        recipients:
          - address: someone@example.org

- name: Prove of a candidate that it refuses a known bad host and a known bad message
  listhost.exim_mailman.exim_smtp_test:
    config: /etc/exim4/exim4.conf.new
    dialogues:
      - client: 203.0.113.66
        expect:
          connect: {code: 5xx}
      - client: 192.0.2.1
        sender: someone@example.net
        recipients:
          - address: testlist@list.example.com
        data:
          headers:
            - "From: someone@example.net"
            - "Subject: you have won"
          body: A line.
        expect:
          data: {code: 550, text: no lottery}
"""

RETURN = r"""
results:
  description: What Exim said, one item a dialogue, in the order given.
  returned: when Exim answered
  type: list
  elements: dict
  contains:
    name:
      description: Name of the dialogue as given.
      type: str
    client:
      description: Address of the client as given.
      type: str
    steps:
      description: The steps of the dialogue as far as it came.
      type: list
      elements: dict
      contains:
        step:
          description: One of V(connect), V(helo), V(sender), V(recipient), V(data).
          type: str
        command:
          description: The command that was sent.
          type: str
          sample: RCPT TO:<testlist@list.example.com>
        code:
          description: Code of the reply. None when Exim ended without one.
          type: str
          sample: "550"
        text:
          description: Text of the reply without its code.
          type: str
          sample: Recipient never sends mail so cannot cause bounces
        met:
          description: Whether the reply is as expected.
          type: bool
    log:
      description: What Exim would have written to its logs.
      type: list
      elements: str
failures:
  description: One line for each reply that was not as expected.
  returned: when Exim answered
  type: list
  elements: str
  sample: ["dialogues[0] (client 192.0.2.1): RCPT TO:<testlist@list.example.com>: expected 550, found 250 Accepted"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import EXIM_ARGUMENTS, EximError, ask_and_compare
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_smtp import DIALOGUE_ARGUMENTS, check_dialogue, run_dialogues


def main():
    """Speak, compare."""
    module = AnsibleModule(
        argument_spec=dict(
            EXIM_ARGUMENTS,
            dialogues=dict(type="list", elements="dict", required=True, options=DIALOGUE_ARGUMENTS),
            timeout=dict(type="int", default=60),
        ),
        supports_check_mode=True,
    )

    def run(exim, dialogues):
        if module.params["timeout"] < 1:
            raise EximError("timeout: %d is not a number of seconds to wait." % module.params["timeout"])
        return run_dialogues(exim, "dialogues", dialogues, module.params["timeout"])

    ask_and_compare(module, "dialogues", check_dialogue, run, "Exim does not answer as expected")


if __name__ == "__main__":
    main()
