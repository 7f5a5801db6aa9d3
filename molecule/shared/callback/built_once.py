# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible on this machine in the tests: what a run builds and throws away is built once for all runs.

This is the archive of each module that goes to a host, and the code that Jinja makes of each template. To build them is a third of what a run costs.
A tenth is Python's search for garbage, of which a run leaves little.
"""

import dataclasses
import gc
import hashlib
import marshal
import os
import pathlib
import sys

import jinja2
from ansible import constants
from ansible.plugins.callback import CallbackBase
from ansible.release import __version__

try:
    # Ansible-core 2.19 is the first in which runs may share the directory of archives: it locks what it builds. Its templates never have constants folded.
    from ansible._internal._locking import named_mutex
    from ansible._internal._templating._jinja_bits import AnsibleEnvironment, TemplateOverrides, _TemplateCompileContext
except ImportError:
    named_mutex = None

DOCUMENTATION = """
name: built_once
type: aggregate
short_description: Keeps what a run builds
description: Keeps the archives of modules and the code of templates from one run to the next.
author: listhost.exim_mailman contributors (@listhost)
"""

ROOT = pathlib.Path(__file__).resolve().parents[3]
# Where all runs of this tree keep it. Its own test has a place of its own.
KEPT = pathlib.Path(os.environ.get("BUILT_ONCE") or ROOT / ".cache/built")


def key():
    """Return a name for all that they are made of: the project's plugins, and Ansible's and the other collections'."""
    sums = hashlib.sha256(repr((__version__, sys.version, sys.prefix, constants.COLLECTIONS_PATHS)).encode())
    for path in [ROOT / "requirements.txt", pathlib.Path(__file__), *sorted((ROOT / "plugins").glob("**/*.py"))]:
        sums.update(b"%s\0%s\0" % (bytes(path.relative_to(ROOT)), hashlib.sha256(path.read_bytes()).digest()))
    return sums.hexdigest()[:16]


def compile_once(kept):
    """Let Jinja take the code of a template from this directory, if it is there."""
    compile_template, settings = jinja2.Environment.compile, [field.name for field in dataclasses.fields(TemplateOverrides)]

    def compile_kept(self, source, *arguments, **options):
        if not isinstance(source, str) or not isinstance(self, AnsibleEnvironment) or options.get("raw"):
            return compile_template(self, source, *arguments, **options)
        context = _TemplateCompileContext.current(optional=True)
        stands_for = (source, arguments, options, bool(context and context.escape_backslashes), [getattr(self, name) for name in settings])
        path = kept / hashlib.sha256(repr(stands_for).encode("utf-8", "surrogateescape")).hexdigest()
        try:
            return marshal.loads(path.read_bytes())
        except OSError:
            code = compile_template(self, source, *arguments, **options)
            new = path.with_suffix(".%d" % os.getpid())
            new.write_bytes(marshal.dumps(code))
            new.rename(path)
            return code

    jinja2.Environment.compile = compile_kept


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "built_once"

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        # The processes for tasks are forks of this one, and have it from here.
        gc.freeze()
        gc.set_threshold(100000, 50, 50)
        archives = pathlib.Path(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache")
        if named_mutex and not archives.exists():
            kept = KEPT / key()
            for part in ("modules", "templates"):
                (kept / part).mkdir(parents=True, exist_ok=True)
            archives.symlink_to(kept / "modules")
            compile_once(kept / "templates")
