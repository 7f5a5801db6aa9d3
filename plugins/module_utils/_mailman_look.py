# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What module mailman_info tells of a Mailman beside what that says itself."""

import json
import os
import stat

from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import check_python
from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import owned

LONGEST_STAMP = 65536
PYTHON_VERSION = "import sys; sys.stdout.write('.'.join(str(part) for part in sys.version_info[:3]))"


def read_stamp(prefix):
    """What the role noted after its last complete installation from an archive, or None."""
    try:
        handle = os.open(os.path.join(prefix, ".installed"), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as stream:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or not owned(status):
            return None
        try:
            stamp = json.loads(stream.read(LONGEST_STAMP).decode("utf-8"))
        except (ValueError, RecursionError):
            return None
    return stamp if isinstance(stamp, dict) else None


def python_version(module, python):
    """The version of a Python, or None when it cannot be run."""
    if not python or not os.access(python, os.X_OK):
        return None
    check_python(python)
    rc, out, err = module.run_command([python, "-E", "-S", "-s", "-c", PYTHON_VERSION], cwd="/")
    return out if rc == 0 else None


def ask_systemd(module, unit):
    """Whether a unit is active and enabled, and the files that add to it."""
    rc, out, err = module.run_command(["systemctl", "show", "--property=ActiveState,UnitFileState,DropInPaths", unit])
    state = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
    return dict(
        service_running=(state.get("ActiveState"), state.get("UnitFileState")) == ("active", "enabled"),
        service_drop_ins=state.get("DropInPaths", "").split(),
    )
