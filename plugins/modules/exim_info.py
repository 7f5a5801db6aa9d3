#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: exim_info
short_description: Tell what Exim is and how it is configured
version_added: 1.0.0
description:
  - Returns version, features, routers, transports, access control lists, named lists and chosen options of Exim as data, the way Exim
    itself understands its configuration - macros replaced, included files read.
  - The value of what the configuration marks with C(hide) is V((hidden)).
extends_documentation_fragment:
  - listhost.exim_mailman.exim
  - listhost.exim_mailman.exim.config
  - listhost.exim_mailman.exim.read_only
options:
  options:
    description: Names of main options whose values are wanted, such as V(smtp_accept_queue_per_connection).
    type: list
    elements: str
    default: []
  files:
    description: Whether to read the files in which routers and lists of domains look something up, such as aliases.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Look at Exim
  listhost.exim_mailman.exim_info:
    options: [smtp_accept_queue_per_connection, remote_max_parallel]
  register: exim

- name: See that content scanning is possible and mailman_router comes before the routers for remote domains
  ansible.builtin.assert:
    that:
      - "'Content_Scanning' in exim.features"
      - names.index('mailman_router') < names.index('dnslookup')
  vars:
    names: "{{ exim.routers | map(attribute='name') }}"
"""

RETURN = r"""
program:
  description: Path of the Exim program.
  returned: success
  type: str
  sample: /usr/sbin/exim4
version:
  description: Version of Exim.
  returned: success
  type: str
  sample: "4.96"
config:
  description: Path of the configuration file.
  returned: success
  type: str
  sample: /etc/exim4/exim4.conf
user:
  description: The user that Exim runs as when it needs no other.
  returned: success
  type: str
  sample: Debian-exim
group:
  description: The group that Exim runs as when it needs no other.
  returned: success
  type: str
  sample: Debian-exim
features:
  description: What this Exim was built with.
  returned: success
  type: list
  elements: str
  sample: [Content_Scanning, DKIM, IPv6]
lookups:
  description: Kinds of lookups that this Exim knows.
  returned: success
  type: list
  elements: str
  sample: [lsearch, dsearch]
authenticator_drivers:
  description: Kinds of authenticators that this Exim knows.
  returned: success
  type: list
  elements: str
router_drivers:
  description: Kinds of routers that this Exim knows.
  returned: success
  type: list
  elements: str
  sample: [accept, dnslookup, manualroute, redirect]
transport_drivers:
  description: Kinds of transports that this Exim knows.
  returned: success
  type: list
  elements: str
  sample: [appendfile, pipe, smtp]
routers:
  description: The routers in the order in which an address meets them.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the router.
      type: str
      sample: mailman_router
    driver:
      description: Its kind.
      type: str
      sample: accept
    options:
      description: All its options by name. A switch is true or false. An option without a value is none.
      type: dict
transports:
  description: The transports.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the transport.
      type: str
      sample: mailman_transport
    driver:
      description: Its kind.
      type: str
      sample: pipe
    options:
      description: All its options by name. A switch is true or false. An option without a value is none.
      type: dict
acls:
  description: Names of the access control lists.
  returned: success
  type: list
  elements: str
  sample: [acl_check_rcpt, acl_check_data]
lists:
  description: The named lists, in V(address), V(domain), V(host) and V(localpart), each with its definition.
  returned: success
  type: dict
  sample: {"address": {}, "domain": {"mm_domains": "list.example.com"}, "host": {}, "localpart": {}}
files:
  description: The files, and directories (dsearch), in which routers and lists of domains look something up. Only those that root alone can write.
  returned: when O(files)
  type: list
  elements: dict
  contains:
    path:
      description: Path of the file.
      type: str
      sample: /etc/aliases
    of:
      description: Whether V(local_parts) or V(domains) are looked up in it.
      type: str
      sample: local_parts
    names:
      description: What there is in it, not more than 1000.
      type: list
      elements: str
      sample: [info, testlist]
    programs:
      description: Those of the names that lead to a program or a file, other than to Mailman.
      type: list
      elements: str
      sample: []
    lists:
      description: Those of the names that lead to Mailman's wrapper.
      type: list
      elements: str
      sample: [testlist]
options:
  description: The main options that O(options) names. A switch is true or false. An option without a value is none.
  returned: success
  type: dict
  sample: {"smtp_accept_queue_per_connection": "30"}
"""

import re

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import EXIM_ARGUMENTS, Exim, EximError
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_lookups import look_up
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_settings import read_settings


def main():
    """Ask Exim."""
    module = AnsibleModule(
        argument_spec=dict(
            EXIM_ARGUMENTS,
            options=dict(type="list", elements="str", default=[]),
            files=dict(type="bool", default=False),
        ),
        supports_check_mode=True,
    )
    try:
        for number, name in enumerate(module.params["options"]):
            if not re.match(r"[a-z0-9_]+\Z", name):
                raise EximError("options[%d]: %r is not the name of an option." % (number, name))
        settings = read_settings(Exim.from_module(module), module.params["options"])
        if module.params["files"]:
            settings["files"] = look_up(settings["routers"], settings["lists"]["domain"])
    except EximError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **settings)


if __name__ == "__main__":
    main()
