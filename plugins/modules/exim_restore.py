#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: exim_restore
short_description: Bring back the configuration of Exim that role exim has replaced
version_added: 1.0.0
description:
  - Puts back the files that role C(exim) has kept as NAME.replaced, with owner and mode, as one transaction.
  - A file that the role has made where there was none is removed. On Debian the configuration is then again the one that C(update-exim4.conf) makes.
  - Exim must accept the configuration that comes back, and start with it. Otherwise all files and the running daemon are as they were.
  - Nothing is changed where the configuration is not that of the role.
extends_documentation_fragment:
  - listhost.exim_mailman.exim
  - listhost.exim_mailman.exim.service
attributes:
  check_mode:
    support: full
    description: Everything is done but the last steps, in which the files are renamed and the service is restarted.
  diff_mode:
    support: none
    description: What somebody else has written may be secret.
  idempotent:
    support: full
    description: A second run changes nothing.
options:
  path:
    description: Absolute path of the configuration file that the role writes, such as V(/etc/exim4/exim4.conf).
    type: path
    required: true
  files:
    description: Absolute paths of the files that the role writes with it, such as aliases.
    type: list
    elements: path
    default: []
seealso:
  - module: listhost.exim_mailman.exim_config
"""

EXAMPLES = r"""
- name: Go back to the configuration that was there before
  listhost.exim_mailman.exim_restore:
    path: /etc/exim4/exim4.conf
    files: [/etc/exim4/aliases]
    service: exim4
"""

RETURN = r"""
changed_paths:
  description: The path of every file that came back or was removed.
  returned: success
  type: list
  elements: str
  sample: [/etc/exim4/exim4.conf, /etc/exim4/exim4.conf.replaced]
"""

import grp
import os
import stat

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _trust
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import Exim, EximError, message_of
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_blocks import layouts, marks, reading
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_delivery import exim_user
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_proof import Proof, put_into_operation
from ansible_collections.listhost.exim_mailman.plugins.module_utils._file_transaction import Transaction, read

NOTHING = ("%(path)s is the configuration of role exim, and there is no %(path)s.replaced: the file of Exim's package was there before. To have that "
           "one: remove %(path)s, have the package manager install the package again (dnf reinstall exim), and restart Exim.")


def going_back(path):
    """Return what a file that the role writes is to be, as files of a transaction: nothing when it is not the role's."""
    if not marks.OWN.search(reading.text_of(path) or ""):
        return []
    kept = path + layouts.KEPT
    if not os.path.lexists(kept):
        return [dict(path=path, content=None)]
    try:
        _trust.resolve(kept)
    except _trust.Untrusted as error:
        raise EximError("only root should be able to write what Exim reads, but %s." % error) from None
    status = os.stat(kept)
    return [
        dict(path=path, content=read(kept), owner=str(status.st_uid), group=str(status.st_gid), mode="%04o" % stat.S_IMODE(status.st_mode)),
        dict(path=kept, content=None),
    ]


def check(module, exim, path):
    """Stop where Exim does not accept what is to come back."""
    kept = path + layouts.KEPT
    if os.path.lexists(kept):
        # In its own directory, where it may include files by their names alone.
        refuse(Exim(exim.program, kept), str)
        return
    layout = layouts.Template(path, lambda directory: layouts.generate(module, directory))
    if not os.path.isfile(layout.settings_file):
        raise EximError(NOTHING % dict(path=path))
    for one in layout.candidates():
        layout.opened(one)
    content = layout.generated(layout.live).encode("utf-8", "surrogateescape")
    with Proof([dict(path=layouts.GENERATED, content=content, owner="root", group=grp.getgrgid(exim_user(exim)[1]).gr_name, mode="0640")]) as proof:
        refuse(Exim(exim.program, proof.config([])), proof.real)


def refuse(exim, real):
    """Fail when an Exim does not accept its configuration."""
    status, dummy, err = exim.run("-bV")
    if status != 0:
        raise EximError("Exim does not accept the configuration that would come back, and nothing was changed: %s" % real(message_of(err)))


def main():
    """Bring back what the role has replaced."""
    module = AnsibleModule(
        argument_spec=dict(
            path=dict(type="path", required=True), files=dict(type="list", elements="path", default=[]), service=dict(type="str"), exim=dict(type="path"),
        ),
        supports_check_mode=True,
    )
    transaction = Transaction(module)
    try:
        specs = going_back(module.params["path"])
        if specs:
            exim = Exim.from_module(module)
            check(module, exim, module.params["path"])
            for path in module.params["files"]:
                specs += going_back(path)
            transaction.stage(specs)
            if not module.check_mode:
                put_into_operation(module, exim, transaction, module.params["service"], module.params["path"])
    except EximError as error:
        module.fail_json(msg=str(error))
    finally:
        transaction.close()
    module.exit_json(changed=bool(specs), changed_paths=[spec["path"] for spec in specs])


if __name__ == "__main__":
    main()
