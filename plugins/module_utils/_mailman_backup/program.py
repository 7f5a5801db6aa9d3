# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the timers run on the host, without Ansible: a backup as a file of settings says, or mail about what is wrong with it."""

import os
import shutil
import subprocess
import sys

from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.reporting import report
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.settings import Fault, read_json
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.taking import take


class Host:
    """What the engine asks of an AnsibleModule."""

    check_mode = False
    params = {}

    def get_bin_path(self, name, required=False):
        found = shutil.which(name)
        if required and not found:
            raise Fault("%s is not on the host. Install it." % name)
        return found

    def warn(self, text):
        """All that is wrong comes with the answer, too."""

    def run_command(self, argv, data=None, encoding="utf-8", cwd=None, environ_update=None, pass_fds=(), **_options):
        # There is no AnsibleModule here.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            argv, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd, env=dict(os.environ, **environ_update or {}), pass_fds=pass_fds,
            check=False, **({"stdin": subprocess.DEVNULL} if data is None else {}),
        )
        said = [text if encoding is None else text.decode(encoding, "replace") for text in (done.stdout, done.stderr)]
        return (done.returncode, *said)


def main():
    """The arguments are the file of settings, and "report" for mail about what is wrong."""
    os.umask(0o077)
    try:
        settings = read_json(sys.argv[1])
        said = report(Host(), settings) if sys.argv[2:] == ["report"] else "The snapshot %s was taken." % take(Host(), settings)["snapshot"]
    except (Fault, OSError) as e:
        raise SystemExit(str(e)) from e
    sys.stdout.write(said + "\n")
