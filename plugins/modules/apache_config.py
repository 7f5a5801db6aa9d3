#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: apache_config
short_description: Install a configuration file of Apache once Apache accepts it
version_added: 1.0.0
description:
  - Installs one of the files that Apache's configuration includes, and files that belong to it, as one transaction. Apache must accept its whole
    configuration with the new file before any file is replaced.
  - Afterwards Apache reads them (a graceful reload). When it does not run with the new files, the previous ones are brought back, and it is started with them.
  - When nothing changes, Apache is neither asked nor reloaded, unless O(reload) or O(restart) is set.
  - Several runs on a host do this one after the other, so that none takes the fault of another's file for its own.
extends_documentation_fragment:
  - listhost.exim_mailman.files
  - listhost.exim_mailman.files.file
attributes:
  check_mode:
    description: Everything is done but the last steps, in which the files are renamed and the service is reloaded.
options:
  link:
    description: A symbolic link to O(path) that Apache includes, as Debian has them in C(sites-enabled). It is made with the files.
    type: path
  proof:
    description:
      - A word around which O(content) is made - everything in it stands in C(<IfDefine !WORD>).
      - By it Apache is asked about the new file in place of the live one.
    type: str
    required: true
  reload:
    description: Whether to have Apache read its files in any case, as after a certificate has changed.
    type: bool
    default: false
  restart:
    description: Whether to restart Apache in any case, as after modules were enabled. Not every module works after a mere reload.
    type: bool
    default: false
  program:
    description: Apache's program, which takes the options of C(httpd).
    type: path
    required: true
  service:
    description: Name of Apache's service.
    type: str
    required: true
  files:
    description: Files that go live together with the configuration, and that it names.
    default: []
seealso:
  - module: listhost.exim_mailman.file_set
"""

EXAMPLES = r"""
- name: Install a virtual host
  listhost.exim_mailman.apache_config:
    path: /etc/apache2/sites-available/lists.conf
    link: /etc/apache2/sites-enabled/lists.conf
    content: |
      <IfDefine !ProofOfLists>
      <VirtualHost *:80>
          ServerName lists.example.com
      </VirtualHost>
      </IfDefine>
    proof: ProofOfLists
    program: /usr/sbin/apache2ctl
    service: apache2
"""

RETURN = r"""
changed_paths:
  description: The path of every file whose content or attributes changed, and of the link when it was made.
  returned: success
  type: list
  elements: str
  sample: [/etc/apache2/sites-available/lists.conf]
"""

import contextlib
import fcntl
import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._file_transaction import FILE_ARGUMENTS, FILES, Transaction

# Apache ends when it has read again what it cannot work with, such as a key of another certificate, and says nothing of it to who reloads it.
# So it is looked at for two seconds.
LOOKS = 20
# Not the lock of module host_lock, which other tasks may hold for minutes.
LOCK = "/run/listhost.exim_mailman.apache.lock"


def is_link(link, path):
    """Say whether there is such a link."""
    return os.path.islink(link) and os.path.realpath(link) == os.path.realpath(path)


def make_link(link, path):
    """Make a relative link, as a2ensite does."""
    os.symlink(os.path.relpath(path, os.path.dirname(link)), link)


@contextlib.contextmanager
def only_one(module):
    """Let no other run do the same meanwhile: it would take an Apache that ends with another's file for one that ends with its own."""
    if module.check_mode:
        yield
        return
    # Whoever can open a file can lock it.
    lock = os.open(LOCK, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def prove(module, transaction):
    """Fail when Apache does not accept its configuration with the new file in the place of the live one."""
    params = module.params
    if module.check_mode and not os.path.exists(params["program"]):
        return
    live = os.path.realpath(params["path"])
    candidate = dict((place, name) for name, place in transaction.candidates).get(live, live)
    argv = [params["program"], "-t", "-D", params["proof"], "-c", "UnDefine %s" % params["proof"], "-c", 'Include "%s"' % candidate]
    status, out, err = module.run_command(argv)
    if status != 0:
        # What it warns of is none of this file's faults.
        said = [line for line in (err + out).replace(candidate, params["path"]).splitlines() if not line.startswith("AH00558")]
        module.fail_json(msg="%s: Apache does not accept its configuration with the new file. Nothing was changed. It says: %s"
                         % (params["path"], " ".join(said).strip()), rc=status)


def systemctl(module, action):
    """Run systemctl for the service and return its exit status."""
    return module.run_command([module.get_bin_path("systemctl", required=True), action, "--quiet", module.params["service"]])[0]


def is_running(module):
    """Say whether Apache goes on running."""
    for dummy in range(LOOKS):
        if systemctl(module, "is-active") != 0:
            return False
        time.sleep(0.1)
    return True


def go_live(module, transaction, link_missing):
    """Replace the files and have Apache read them; if it does not run with them, have it as it was."""
    params = module.params
    transaction.commit()
    if link_missing:
        make_link(params["link"], params["path"])
    if systemctl(module, "restart" if params["restart"] else "reload-or-restart") == 0 and is_running(module):
        return
    why = module.run_command([module.get_bin_path("journalctl", required=True), "--quiet", "--no-pager", "--output=cat", "--lines=5",
                              "--unit=%s" % params["service"]])[1]
    transaction.rollback()
    if link_missing:
        os.unlink(params["link"])
    systemctl(module, "restart")
    module.fail_json(msg="%s: %s does not run with the new configuration. The previous files were brought back, and %s. Its log says: %s"
                     % (params["path"], params["service"], "it runs with them" if is_running(module) else "it does not run with them either",
                        " ".join(why.split()) or "nothing. Look into Apache's error log"))


def main():
    """Compare, prove, rename, reload."""
    module = AnsibleModule(
        argument_spec=dict(
            FILE_ARGUMENTS,
            link=dict(type="path"),
            proof=dict(type="str", required=True),
            reload=dict(type="bool", default=False),
            restart=dict(type="bool", default=False),
            program=dict(type="path", required=True),
            service=dict(type="str", required=True),
            files=dict(FILES, default=[]),
        ),
        supports_check_mode=True,
    )
    params = module.params
    files = [dict((name, params[name]) for name in FILE_ARGUMENTS)] + params["files"]
    transaction = Transaction(module)
    try:
        transaction.stage(files)
        link_missing = bool(params["link"]) and not is_link(params["link"], params["path"])
        if link_missing and os.path.lexists(params["link"]):
            module.fail_json(msg="%s is there, and is no link to %s. Remove it. Nothing was changed." % (params["link"], params["path"]))
        in_any_case = params["reload"] or params["restart"]
        if transaction.changed_paths or link_missing or in_any_case:
            with only_one(module):
                prove(module, transaction)
                if not module.check_mode:
                    go_live(module, transaction, link_missing)
        transaction.settle(files)
    finally:
        transaction.close()
    changed_paths = [spec["path"] for spec in files if spec["path"] in transaction.changed_paths] + ([params["link"]] if link_missing else [])
    module.exit_json(changed=bool(changed_paths or in_any_case), changed_paths=changed_paths, diff=transaction.diffs)


if __name__ == "__main__":
    main()
