# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible on this machine in the tests: the archive of a module that goes to a host is built once for all runs, not once in each.

Ansible keeps the archives of a run in a directory, which is here the same for all runs with the same code. To build them is a quarter of what a run costs.
"""

import hashlib
import pathlib
import sys

from ansible import constants
from ansible.plugins.callback import CallbackBase
from ansible.release import __version__

try:
    # Of the first ansible-core in which runs may share the directory: it locks what it builds.
    from ansible._internal._locking import named_mutex
except ImportError:
    named_mutex = None

DOCUMENTATION = """
name: built_once
type: aggregate
short_description: Keeps the archives of modules
description: Keeps the archives of modules from one run to the next.
author: listhost.exim_mailman contributors (@listhost)
"""

ROOT = pathlib.Path(__file__).resolve().parents[3]


def key():
    """Return a name for all that the archives are made of: the project's modules, and Ansible's and the other collections'."""
    plugins = ROOT / "plugins"
    sums = hashlib.sha256(repr((__version__, sys.version, sys.prefix, constants.COLLECTIONS_PATHS)).encode())
    for path in [ROOT / "requirements.txt", *sorted(plugins.glob("module*/**/*.py"))]:
        sums.update(b"%s\0%s\0" % (bytes(path.relative_to(ROOT)), hashlib.sha256(path.read_bytes()).digest()))
    return sums.hexdigest()[:16]


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "built_once"

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        own = pathlib.Path(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache")
        if named_mutex and not own.exists():
            kept = ROOT / ".cache/modules" / key()
            kept.mkdir(parents=True, exist_ok=True)
            own.symlink_to(kept)
