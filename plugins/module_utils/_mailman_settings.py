# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The block of module mailman_config in mm_cfg.py, and whether it and the files around it are as they should be.

The host tells (module mailman_info), and the controller compares (action plugin mailman_config).
"""

import grp
import hashlib
import math
import os
import pwd
import re
import stat

from ansible.module_utils.common.text.converters import to_bytes, to_text
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import long_lines
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target.known import BOUNCE_RUNNER
from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import resolve

BEGIN = b"# BEGIN listhost.exim_mailman: these settings come from Ansible; every other line of this file is kept"
END = b"# END listhost.exim_mailman"
BLOCK = re.compile(rb"\n*^" + re.escape(BEGIN) + rb"\n(.*?)^" + re.escape(END) + rb"\n*", re.DOTALL | re.MULTILINE)

# A secret that this module has made.
GENERATED = re.compile(r"^(\w+) = '([0-9a-f]{64})'  # secret$", re.MULTILINE)
# Any.
SECRET = re.compile(r"^(\w+) = .*  # secret$", re.MULTILINE)

# Mailman's own comes from what stands above, be it Defaults.py or a setting.
RUNNERS = """LISTHOST_MAX_DISABLED_PERCENT = %d
QRUNNERS = [(_runner[0] == 'BounceRunner' and '%s' or _runner[0], _runner[1]) for _runner in QRUNNERS]
"""

# What make install puts there.
NEW_FILE = b"from Defaults import *\n"


class Unrepresentable(Exception):
    """A value that no Python literal stands for."""


def literal(value):
    """Return the literal that is the same value in Python 2, where a string is bytes."""
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, int):
        return "%d" % value
    if isinstance(value, float) and not math.isinf(value) and not math.isnan(value):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[%s]" % ", ".join(literal(item) for item in value)
    if isinstance(value, dict):
        return "{%s}" % ", ".join("%s: %s" % (literal(key), literal(value[key])) for key in sorted(value))
    if isinstance(value, str):
        return "'%s'" % "".join(character(number) for number in bytearray(to_bytes(value)))
    raise Unrepresentable("%r is a %s" % (value, type(value).__name__))


def character(number):
    """Return one byte as it stands between single quotes."""
    text = chr(number)
    if text in "\\'":
        return "\\" + text
    if text == "\n":
        return "\\n"
    return text if 32 <= number < 127 else "\\x%02x" % number


def render(settings, secrets, encode_long_lines, bounce_runner):
    """Return the lines between the markers."""
    lines = ["%s = %s%s\n" % (name, literal(settings[name]), "  # secret" if name in secrets else "") for name in sorted(settings)]
    if "DEFAULT_URL_HOST" in settings or "DEFAULT_EMAIL_HOST" in settings:
        lines.append("add_virtualhost(DEFAULT_URL_HOST, DEFAULT_EMAIL_HOST)\n")
    if encode_long_lines:
        lines.append(long_lines.render())
    if bounce_runner:
        lines.append(RUNNERS % (bounce_runner["max_disabled_percent"], BOUNCE_RUNNER))
    return "".join(lines)


def split(content):
    """Return what is not ours in a file, and our block (None when there is none)."""
    match = BLOCK.search(content)
    if match is None:
        return content, None
    before, after = content[: match.start()], content[match.end() :]
    return before + (b"\n" if before else b"") + after, match.group(1)


def join(foreign, block):
    """Return the file with our block at its end, where it wins."""
    if not block:
        return foreign
    return foreign.rstrip(b"\n") + b"\n\n" + BEGIN + b"\n" + block + END + b"\n"


def read(path):
    """Return the content of the file."""
    if not os.path.exists(path):
        return NEW_FILE
    with open(path, "rb") as handle:
        return handle.read()


def is_open(path):
    """Say whether there is such a file, and everybody can read or write it."""
    return os.path.exists(path) and bool(os.stat(path).st_mode & (stat.S_IROTH | stat.S_IWOTH))


def runner_path(prefix):
    """Return the path of the queue runner for bounces."""
    return os.path.join(resolve(os.path.join(prefix, "Mailman", "Queue")), BOUNCE_RUNNER + ".py")


def sum_of(content):
    return hashlib.sha256(to_bytes(content)).hexdigest()


def sum_of_block(block):
    """Return the sum of a block without its secrets: who knows the rest could try which they are. Those that the module has made are told from others."""
    return sum_of(SECRET.sub(r"\1 = (secret)", GENERATED.sub(r"\1 = (generated)", to_text(block, errors="surrogate_or_replace"))))


def look_at_file(path):
    """Return what there is to compare of a file, or None when there is none."""
    live = os.path.realpath(path)
    try:
        status = os.stat(live)
        if not stat.S_ISREG(status.st_mode):
            return None
        with open(live, "rb") as stream:
            content = stream.read()
        owner, group = pwd.getpwuid(status.st_uid).pw_name, grp.getgrgid(status.st_gid).gr_name
    except (OSError, KeyError):
        return None
    return {"sum": sum_of(content), "owner": owner, "group": group, "mode": "%04o" % stat.S_IMODE(status.st_mode)}


def look_at_configuration(installation, paths):
    """Return what there is to compare of mm_cfg.py and what belongs to it. Settled means that only another block would change it."""
    prefix = installation["prefix"]
    path = resolve(os.path.join(prefix, "Mailman", "mm_cfg.py"))
    content = read(path)
    foreign, block = split(content)
    own, runner = look_at_file(path), runner_path(prefix)
    compiled = os.path.join(resolve(os.path.join(prefix, "Mailman")), "mm_cfg.pyc")
    return {
        "path": path,
        "sum": sum_of_block(block or b""),
        "settled": (
            join(foreign, block) == content and BEGIN not in foreign and END not in foreign and os.path.exists(compiled) and not is_open(compiled)
            and own is not None and (own["group"], own["mode"]) == (installation["group"], "0640")
        ),
        "runner": look_at_file(runner),
        "runner_left": os.path.lexists(runner) or os.path.lexists(runner + "c"),
        "files": dict((path, look_at_file(path)) for path in paths),
    }
