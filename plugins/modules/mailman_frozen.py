#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_frozen
short_description: Keep the file that says for which domains the mail server defers mail
version_added: 1.0.0
description:
  - Mail for a domain waits while the domain is in the file, as when its lists are being moved. The mail server reads the file for every message, so
    nothing has to be restarted.
  - The file lies in a directory to which only root can write. The module makes that directory, or closes one of root's to others. One of somebody
    else's is refused.
  - Without O(domain) the module only does that, and takes over what O(former) say.
author:
  - listhost.exim_mailman contributors (@listhost)
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    support: full
    description: The file, before and after.
  idempotent:
    support: full
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
options:
  path:
    description: Absolute path of the file. There need not be one while no domain is frozen.
    type: path
    required: true
  domain:
    description: A domain, in lower case.
    type: str
  state:
    description:
      - Where the domain stands. V(arriving) is where it is to be, V(leaving) and then V(left) is where it was. For the mail server all three are the same.
      - With V(absent), mail for it gets through.
    type: str
    choices: [arriving, leaving, left, absent]
  former:
    description:
      - Patterns of files in which an earlier release said so, in directories of Mailman's user. When there is no O(path) yet, it begins with what they say.
      - They are only believed when they are regular files of root. They stay.
    type: list
    elements: path
    default: []
"""

EXAMPLES = r"""
- name: Make mail for the domain wait
  listhost.exim_mailman.mailman_frozen:
    path: /etc/listhost/frozen
    domain: lists.example.org
    state: leaving
"""

RETURN = r"""
frozen:
  description: The domains for which the mail server defers mail, and where each stands.
  returned: always
  type: dict
  sample: {lists.example.org: leaving}
"""

import contextlib
import fcntl
import glob
import os
import re

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_domains import (
    STATES,
    directory_fault,
    format_frozen,
    frozen_domains,
    make_directory,
    write,
)


def close_directory(module, path):
    """Make the directory, or shut others out of it where it is ours; whether that changes anything."""
    directory = os.path.dirname(path)
    if not os.path.isdir(directory):
        if not module.check_mode:
            make_directory(path)
        return True
    fault = directory_fault(path)
    if not fault:
        return False
    if os.stat(directory).st_uid == os.geteuid():
        if module.check_mode:
            return True
        os.chmod(directory, 0o755)
        fault = directory_fault(path)
    if fault:
        module.fail_json(msg="path: %s. Give it to root alone, for whoever can write there can stop all mail." % fault)
    return True


@contextlib.contextmanager
def only_one(directory):
    """Let no other process change the file meanwhile: several domains can be moved in one run."""
    if not os.path.isdir(directory):
        # Check mode, on a host where there is nothing yet.
        yield
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def main():
    module = AnsibleModule(
        argument_spec=dict(
            path=dict(type="path", required=True),
            domain=dict(type="str"),
            state=dict(type="str", choices=[*STATES, "absent"]),
            former=dict(type="list", elements="path", default=[]),
        ),
        required_together=[("domain", "state")],
        supports_check_mode=True,
    )
    path, domain, state = (module.params[name] for name in ("path", "domain", "state"))
    if not os.path.isabs(path):
        module.fail_json(msg="path: %s is not absolute." % path)
    if domain is not None and not re.match(r"[a-z0-9-]+(\.[a-z0-9-]+)*\Z", domain):
        module.fail_json(msg="domain: %r is no domain in lower case." % domain)
    try:
        changed = close_directory(module, path)
        with only_one(os.path.dirname(path)):
            former = [other for pattern in module.params["former"] for other in sorted(glob.glob(pattern))]
            frozen, adopted = frozen_domains(path, former)
            before = {} if adopted else dict(frozen)
            if state == "absent":
                frozen.pop(domain, None)
            elif domain is not None:
                frozen[domain] = state
            # Also when the only one that an earlier release froze is thawed: else it would be taken over again.
            if frozen != before or adopted:
                changed = True
                if not module.check_mode:
                    write(path, format_frozen(frozen))
    except OSError as error:
        module.fail_json(msg="path: %s. Run this task as root." % error)
    diff = dict(before_header=path, before=format_frozen(before), after_header=path, after=format_frozen(frozen))
    module.exit_json(changed=changed, frozen=frozen, diff=diff)


if __name__ == "__main__":
    main()
