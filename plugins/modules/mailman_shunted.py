#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_shunted
short_description: Tell Mailman's shunted messages of another installation where their queues are now
version_added: 1.0.0
description:
  - Mailman puts a message that it could not process into the queue C(shunt) and notes the path of the queue that the message was in. C(bin/unshunt) puts
    it back there.
  - This module corrects the path in messages that came from another installation, such as with a domain that was moved. The name of the queue stays.
  - Works through Mailman's own Python in one process on the managed host, as Mailman's own user. Messages of this installation are left alone.
attributes:
  check_mode:
    description: Tells which messages would be changed.
  diff_mode:
    support: none
    description: Messages are not shown.
seealso:
  - module: listhost.exim_mailman.mailman_info
extends_documentation_fragment:
  - listhost.exim_mailman.mailman
  - listhost.exim_mailman.mailman.python
"""

EXAMPLES = r"""
- name: Let shunted messages name the queues of the installation that they are in now
  listhost.exim_mailman.mailman_shunted:
    prefix: /var/lib/mailman-example.com
"""

RETURN = r"""
messages:
  description: The files in queue C(shunt) that named a queue of another installation.
  returned: success
  type: list
  elements: str
  sample: [1700000000.5+0123456789abcdef0123456789abcdef01234567.pck]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import TargetError, explain, find_installation, run_target, take
from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import Untrusted


def main():
    module = AnsibleModule(
        argument_spec=dict(
            prefix=dict(type="path", required=True),
            python=dict(type="path"),
        ),
        supports_check_mode=True,
    )
    prefix = module.params["prefix"]
    try:
        installation = find_installation(prefix)
        if installation is None:
            module.fail_json(msg="prefix: there is no Mailman at %s. Install it first." % prefix)
        installation["python"] = module.params["python"] or installation["python"]
        answer = take(run_target(module, installation, "readdress_shunted", check=module.check_mode), {"messages": list})
    except OSError as e:
        module.fail_json(msg="The Mailman at %s cannot be read: %s. Run this task as root." % (prefix, e))
    except Untrusted as e:
        module.fail_json(msg=explain(prefix, e))
    except TargetError as e:
        module.fail_json(msg=str(e))
    messages = [str(name) for name in answer["messages"]]
    module.exit_json(changed=bool(messages), messages=messages)


if __name__ == "__main__":
    main()
