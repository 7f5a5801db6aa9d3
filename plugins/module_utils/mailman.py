# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the Mailman modules share: finding an installation and running code inside it.

Everything that needs Mailman itself is done by mailman_target.py, in one process of Mailman's own Python on the
managed host. Program and request go to that process on standard input, so that no secret is ever an argument.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import inspect
import json
import os
import re
import socket
import time

# Imported so that Ansible sends it along; only its text is used here.
from ansible_collections.listhost.exim_mailman.plugins.module_utils import mailman_target

# Reads the program from the rest of standard input; the program reads the request after it.
LOADER = "import sys; source = getattr(sys.stdin, 'buffer', sys.stdin); exec(compile(source.read(int(source.readline())), 'mailman_target.py', 'exec'))"

ASSIGNMENT = re.compile(r"""^([A-Z][A-Z_]*)\s*=\s*(['"])(.*)\2\s*$""", re.MULTILINE)
REPORTED = re.compile(r"""^print\W+(\w[\w ]*):\s+"?%s"?' % '(.*)'\)?\s*$""", re.MULTILINE)


class TargetError(Exception):
    """The program on the target did not do its work; the message is for the administrator."""


def parse_assignments(text):
    """The plain string assignments of a Python file such as Defaults.py."""
    return dict((name, value) for name, quote, value in ASSIGNMENT.findall(text))


def parse_mailman_config(text):
    """What bin/mailman-config would print, taken from its source so that no Python 2 has to be started."""
    return dict(REPORTED.findall(text))


def read_text(path):
    """The content of a file, or an empty string when there is no such file."""
    try:
        with open(path, "rb") as handle:
            return handle.read().decode("utf-8", "replace")
    except OSError:
        if os.path.exists(path):
            raise
        return ""


def host_name_fault():
    """What is wrong with the host's name, which Mailman's SMTP looks up for each connection, or an empty string."""
    name = socket.gethostname()
    start = time.time()
    try:
        socket.gethostbyname(name)
        socket.getfqdn()
    except OSError as error:
        return "%s: %s" % (name, error.strerror or error)
    seconds = time.time() - start
    return "%s: answered after %.0f s" % (name, seconds) if seconds > 2 else ""


def find_installation(prefix):
    """What was compiled into the Mailman at prefix, read from its files; None when there is no Mailman."""
    version = parse_assignments(read_text(os.path.join(prefix, "Mailman", "Version.py"))).get("VERSION")
    defaults = parse_assignments(read_text(os.path.join(prefix, "Mailman", "Defaults.py")))
    bin_dir = os.path.join(prefix, "bin")
    if not (version and "VAR_PREFIX" in defaults and os.path.exists(os.path.join(bin_dir, "mailmanctl"))):
        return None
    # Since 2.1.26; on an older Mailman nothing says which groups its wrappers were compiled for.
    reported = parse_mailman_config(read_text(os.path.join(bin_dir, "mailman-config")))
    mail_groups = reported.get("mail_group")
    return {
        "bin_dir": bin_dir,
        "cgi_group": reported.get("cgi_group"),
        "configure_options": reported.get("configure_opts"),
        "group": defaults["MAILMAN_GROUP"],
        "lists_dir": os.path.join(defaults["VAR_PREFIX"], "lists"),
        # One name, or several that a patched configure may keep in quotes.
        "mail_groups": mail_groups and re.findall(r"[\w.-]+", mail_groups),
        "mm_cfg_path": os.path.realpath(os.path.join(prefix, "Mailman", "mm_cfg.py")),
        "prefix": prefix,
        "python": defaults["PYTHON"],
        "user": defaults["MAILMAN_USER"],
        "var_prefix": defaults["VAR_PREFIX"],
        "version": version,
        "wrapper": os.path.join(prefix, "mail", "mailman"),
    }


def run_target(module, installation, do, **arguments):
    """Run a request in Mailman's own Python, as Mailman's own user, and return its result.

    Raises TargetError with what the program said when it could not do it.
    """
    source = inspect.getsource(mailman_target).encode("utf-8")
    request = dict((key, installation[key]) for key in ("prefix", "user", "group"))
    request.update(do=do, arguments=arguments)
    data = b"%d\n" % len(source) + source + json.dumps(request).encode("ascii")
    argv = [installation["python"], "-B", "-c", LOADER]
    try:
        rc, out, err = module.run_command(
            argv,
            data=data,
            binary_data=True,
            encoding=None,
            cwd="/",
            handle_exceptions=False,
            # Ansible's PYTHONPATH is for another Python, and Mailman does not start with a locale it lacks.
            environ_update={"LC_ALL": "C", "LANGUAGE": "en", "PYTHONPATH": ""},
        )
    except OSError as e:
        raise TargetError("Mailman's Python, %s, cannot be run: %s" % (installation["python"], e)) from e
    try:
        answer = json.loads(out.decode("utf-8"))
    except ValueError as e:
        said = err.decode("utf-8", "replace").strip().splitlines()
        raise TargetError("Mailman's Python, %s, ended with exit code %s: %s" % (installation["python"], rc, said[-1] if said else "it said nothing")) from e
    if "error" in answer:
        raise TargetError(answer["error"])
    return answer["result"]
