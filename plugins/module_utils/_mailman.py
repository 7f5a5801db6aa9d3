# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the Mailman modules share: finding an installation and running code inside it.

Everything that needs Mailman itself is done by the package _mailman_target, in one process of Mailman's own Python on the managed host. That process is
started with the package's loader; the texts of the other files and the request come on standard input, so that nothing is written for it and no secret is
ever an argument.

That process is Mailman's user's from its first instruction on, and so is what it answers: root takes it for text, of
certain names and types, and follows no path in it unseen. What root does believe are Mailman's own files, if nobody but root
can write them (trust.py).
"""

import grp
import json
import os
import pwd
import re
import socket
import time

from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_program import pack
from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import Untrusted, check_code, resolve

ASSIGNMENT = re.compile(r"""^([A-Z][A-Z_]*)\s*=\s*(['"])(.*)\2\s*$""", re.MULTILINE)
REPORTED = re.compile(r"""^print\W+(\w[\w ]*):\s+"?%s"?' % '(.*)'\)?\s*$""", re.MULTILINE)


# The users of mail servers and web servers: what strangers send is theirs, and Mailman's lists are not.
SERVERS = ("Debian-exim", "exim", "www-data", "apache", "nginx")

# More than the longest answer, which is about thousands of lists.
LONGEST_ANSWER = 256 * 1024 * 1024


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
    """What was compiled into the Mailman at prefix, read from its files; None when there is no Mailman.

    Raises Untrusted when somebody else than root can write them.
    """
    bin_dir = os.path.join(prefix, "bin")
    if not os.path.exists(os.path.join(bin_dir, "mailmanctl")):
        return None
    check_code(prefix)
    version = parse_assignments(read_text(os.path.join(prefix, "Mailman", "Version.py"))).get("VERSION")
    defaults = parse_assignments(read_text(os.path.join(prefix, "Mailman", "Defaults.py")))
    if not (version and "VAR_PREFIX" in defaults):
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


def explain(prefix, untrusted):
    """Say what is wrong with the Mailman at prefix that others can write, and what to do."""
    return (
        "The Mailman at %s is not root's alone, and root would run and believe what others write there: %s. See that nobody has changed it, then take it "
        "from them: chown root, and chmod go-w (Mailman's check_perms -f opens it again)." % (prefix, untrusted)
    )


def look_up(user, group):
    """Return the numbers of Mailman's user and group. Raises TargetError when they are not there, or not fit to be Mailman's."""
    try:
        uid, gid = pwd.getpwnam(user).pw_uid, grp.getgrnam(group).gr_gid
    except KeyError as e:
        raise TargetError("Mailman's user %s or group %s does not exist on this host." % (user, group)) from e
    if uid == 0 or gid == 0 or is_servers(uid):
        raise TargetError("Mailman's user is %s and its group %s. Neither may be root's, nor the user the mail server's or the web server's." % (user, group))
    return uid, gid


def is_servers(uid):
    """Say whether a mail server or a web server runs as this user. One user can have two names."""
    for name in SERVERS:
        try:
            if pwd.getpwnam(name).pw_uid == uid:
                return True
        except KeyError:
            pass
    return False


def check_python(python):
    """Raise TargetError when somebody else than root can change what runs as this Python."""
    try:
        resolve(python)
    except Untrusted as e:
        raise TargetError("Mailman's Python, %s, is not root's alone: %s. Name one that is, or correct that." % (python, e)) from e


def run_as_mailman(module, installation, program, data, handles=()):
    """Run a program in Mailman's own Python, as Mailman's own user, and return its exit code, output and errors.

    The program gets these files open, under their numbers. Raises TargetError when that cannot be.
    """
    python = installation["python"]
    check_python(python)
    argv = [python, "-B", "-c", program]
    if os.geteuid() == 0:
        uid, gid = look_up(installation["user"], installation["group"])
        # Before the Python starts, which may read files of that user's.
        argv = [module.get_bin_path("setpriv", required=True), "--reuid=%d" % uid, "--regid=%d" % gid, "--groups=%d" % gid, "--"] + argv
    try:
        os.stat(python)
        rc, out, err = module.run_command(
            argv,
            data=data,
            binary_data=True,
            encoding=None,
            cwd="/",
            handle_exceptions=False,
            pass_fds=handles,
            # Ansible's PYTHONPATH is for another Python, and Mailman does not start with a locale it lacks.
            environ_update={"LC_ALL": "C", "LANGUAGE": "en", "PYTHONPATH": ""},
        )
    except OSError as e:
        raise TargetError("Mailman's Python, %s, cannot be run: %s" % (python, e)) from e
    if len(out) > LONGEST_ANSWER:
        raise TargetError("Mailman's Python, %s, answered with %d bytes." % (python, len(out)))
    return rc, out, err.decode("utf-8", "replace")


def run_target(module, installation, do, _handles=(), **arguments):
    """Carry out a request in Mailman's own Python, as Mailman's own user, with some files open, and return its result.

    The result is what that user says. Raises TargetError with what the program said when it could not do it.
    """
    rc, out, err = run_as_mailman(module, installation, *pack({"prefix": installation["prefix"], "do": do, "arguments": arguments}), handles=_handles)
    try:
        answer = json.loads(out.decode("utf-8"))
    except (ValueError, RecursionError) as e:
        said = err.strip().splitlines()
        raise TargetError(
            "Mailman's Python, %s, ended with exit code %s: %s" % (installation["python"], rc, said[-1] if said else "it said nothing")
        ) from e
    if isinstance(answer, dict) and isinstance(answer.get("error"), str):
        raise TargetError(answer["error"])
    return take(answer, {"result": dict})["result"]


def take(answer, expected):
    """Return of an answer the entries that are expected, by name, if each is of the type that it should be.

    No others: among a module's results there are names that Ansible acts upon, such as ansible_facts.
    """
    if not isinstance(answer, dict):
        raise TargetError("Mailman's answer is no mapping.")
    for name, types in expected.items():
        if not isinstance(answer.get(name), types):
            raise TargetError("Mailman's answer has no %s, or not of the type that it should be." % name)
    return dict((name, answer[name]) for name in expected)


def on_mailman(module, where_none, act, fault="cannot be read"):
    """Return what act(installation) does with the Mailman at the module's prefix; in check mode, where there is none yet, what where_none() says.

    What is in the way ends the module.
    """
    prefix = module.params["prefix"]
    try:
        installation = find_installation(prefix)
        if installation is not None:
            return act(dict(installation, python=module.params["python"] or installation["python"]))
    except OSError as e:
        module.fail_json(msg="The Mailman at %s %s: %s. Run this task as root." % (prefix, fault, e))
    except Untrusted as e:
        module.fail_json(msg=explain(prefix, e))
    except TargetError as e:
        module.fail_json(msg=str(e))
    if not module.check_mode:
        module.fail_json(msg="prefix: there is no Mailman at %s. Install it first." % prefix)
    return where_none()
