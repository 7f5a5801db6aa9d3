# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings in mm_cfg.py: to tell them, and to try new ones."""

from __future__ import absolute_import, division, print_function

import base64
import sys
import traceback
import types

from . import mailman
from .faults import Stopped
from .known import SECRET_SETTING
from .text import readable


def as_json(value):
    """A value of mm_cfg.py in what JSON knows."""
    if isinstance(value, dict):
        return dict((readable(key), as_json(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return readable(value)


def gather_settings():
    """The settings that differ from upstream's and the build's, without secrets."""
    settings = {}
    for name, value in vars(mailman.mm_cfg).items():
        if not name.isupper() or mailman.ORIGINAL_SETTINGS.get(name) == repr(value):
            continue
        # An empty one is none.
        if value and isinstance(value, str) and SECRET_SETTING.search(name):
            value = "(secret)"
        settings[name] = as_json(value)
    return settings


def kind(value):
    """The kind of a setting's value."""
    for name, of_this_kind in (("number", (int, float)), ("list", (list, tuple)), ("mapping", dict)):
        if isinstance(value, of_this_kind):
            return name
    return "string"


def try_settings(path, content):
    """Load the content of a file as mm_cfg.py and return the module. Nothing of this module's is known to it."""
    module = types.ModuleType("Mailman.mm_cfg")
    module.__file__ = path
    sys.modules[module.__name__] = sys.modules["Mailman"].mm_cfg = module
    # Not with this file's __future__.
    exec(compile(content, path, "exec", 0, True), module.__dict__)
    return module


def check_settings(path, content, names):
    """The request of module mailman_config: what is wrong with a file, in Base64, that is to become mm_cfg.py with settings of these names."""
    path = str(path)
    answer = {"fault": "", "mistyped": [], "unknown": []}
    try:
        settings = try_settings(path, base64.b64decode(content))
    except Stopped:
        raise
    except BaseException:
        lines = traceback.format_exc().strip().splitlines()
        place = [line.strip() for line in lines if line.strip().startswith('File "%s"' % path)]
        answer["fault"] = readable(": ".join(place[-1:] + lines[-1:]))
        return answer
    for name in names:
        value, default = getattr(settings, name), getattr(mailman.Defaults, name, None)
        if not hasattr(mailman.Defaults, name):
            answer["unknown"].append(name)
        # None and 0 switch a thing off, whatever its type. The two commands for external archivers are switched off so by default.
        elif not (value in (None, 0) or default is None or name.endswith("_EXTERNAL_ARCHIVER") or kind(value) == kind(default)):
            answer["mistyped"].append("%s is a %s where Mailman has a %s" % (name, kind(value), kind(default)))
    return answer
