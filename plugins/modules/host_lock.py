#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: host_lock
short_description: Hold a lock on the host over several tasks
version_added: 1.0.0
description:
  - Lets one run at a time do what runs must not do side by side on a host, such as installing packages. Other runs wait.
  - A process on the host holds the lock until a later task releases it. It ends by itself after an hour, in case that task never comes.
  - The lock is that of C(flock) on the file C(/run/listhost.exim_mailman.lock).
author:
  - listhost.exim_mailman contributors (@listhost)
attributes:
  check_mode:
    support: none
    description: The task is skipped.
  diff_mode:
    support: none
    description: The module changes no file.
options:
  state:
    description: Whether to take the lock, or to let others have it.
    type: str
    choices: [held, released]
    default: held
  timeout:
    description: Seconds to wait for the lock.
    type: int
    default: 1800
  holder:
    description: Which lock to release, RV(holder) of the task that took it. Required with O(state=released).
    type: int
"""

EXAMPLES = r"""
- name: Take the lock
  listhost.exim_mailman.host_lock:
  register: lock

- name: Install packages under the lock
  block:
    - name: Install the packages
      ansible.builtin.package:
        name: exim
        state: present
  always:
    - name: Release the lock
      listhost.exim_mailman.host_lock:
        state: released
        holder: "{{ lock.holder }}"
"""

RETURN = r"""
holder:
  description: Number of the process that holds the lock.
  returned: with O(state=held)
  type: int
  sample: 4711
"""

import contextlib
import fcntl
import os
import signal
import time

from ansible.module_utils.basic import AnsibleModule

LOCK = "/run/listhost.exim_mailman.lock"
HOLDER = "sleep 3600"


def hold(module):
    """Return the number of a process that holds the lock, or None when another one did so all the time."""
    deadline = time.time() + module.params["timeout"]
    with open(LOCK, "a") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.time() >= deadline:
                    return None
                time.sleep(0.2)
            else:
                # It inherits the open file, whose lock it is, and outlives this process.
                start = "setsid %s </dev/null >/dev/null 2>&1 & echo $!" % HOLDER
                return int(module.run_command(["/bin/sh", "-c", start], pass_fds=[lock.fileno()], check_rc=True)[1])


def main():
    """Take the lock, or give it back."""
    module = AnsibleModule(
        argument_spec=dict(
            state=dict(type="str", choices=["held", "released"], default="held"),
            timeout=dict(type="int", default=1800),
            holder=dict(type="int"),
        ),
        required_if=[["state", "released", ["holder"]]],
    )
    if module.params["state"] == "released":
        # One that is gone holds nothing.
        with contextlib.suppress(ProcessLookupError):
            os.kill(module.params["holder"], signal.SIGTERM)
        module.exit_json(changed=False)
    holder = hold(module)
    if holder is None:
        module.fail_json(
            msg="Another run on this host has held the lock %s for %d seconds. Wait until it has ended. Without one, end the process that `fuser %s` names."
            % (LOCK, module.params["timeout"], LOCK)
        )
    module.exit_json(changed=False, holder=holder)


if __name__ == "__main__":
    main()
