# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the modules that change Exim's configuration prove a new one, and have the service run with it."""

import grp
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.text.converters import to_bytes
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_address as exim_address
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_delivery as exim_delivery
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_smtp as exim_smtp
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import Exim, EximError, message_of
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_settings import broken_signatures, parse_options, unknown_transports

TEST_ARGUMENTS = dict((name, dict(type="list", elements="dict", default=[])) for name in ("address_tests", "smtp_tests", "delivery_tests"))
SERVICE_TIMEOUT = 120
LISTEN_TIMEOUT = 20
REPLY_TIMEOUT = 60


def checked(module, name, arguments, check):
    """Return the tests of an option in the form that their own module has them."""
    result = ArgumentSpecValidator({name: dict(type="list", elements="dict", options=arguments)}).validate({name: module.params[name]})
    if result.error_messages:
        raise EximError("%s: %s" % (name, "; ".join(result.error_messages)))
    tests = result.validated_parameters[name]
    for number, test in enumerate(tests):
        check("%s[%d]" % (name, number), test)
    return tests


def checked_tests(module):
    """Return all tests of a module that has TEST_ARGUMENTS."""
    return dict(
        address_tests=checked(module, "address_tests", exim_address.TEST_ARGUMENTS, exim_address.check_test),
        smtp_tests=checked(module, "smtp_tests", exim_smtp.DIALOGUE_ARGUMENTS, exim_smtp.check_dialogue),
        delivery_tests=checked(module, "delivery_tests", exim_delivery.TEST_ARGUMENTS, exim_delivery.check_test),
    )


def prove(exim, tests):
    """Return a line for each thing that is wrong with the configuration of this Exim."""
    status, out, err = exim.run("-bV")
    if status != 0:
        message = message_of(err)
        return ["Exim does not accept it: %s%s" % (message, shown_line(exim.config, message))]
    failures = unknown_transports(exim) + broken_signatures(exim, "postmaster")
    if tests["address_tests"]:
        failures += exim_address.run_tests(exim, tests["address_tests"])[1]
    if tests["smtp_tests"]:
        failures += exim_smtp.run_dialogues(exim, "smtp_tests", tests["smtp_tests"], REPLY_TIMEOUT)[1]
    if tests["delivery_tests"]:
        failures += exim_delivery.run_tests(exim, tests["delivery_tests"])[1]
    return failures


def shown_line(config, message):
    """Return the line of the new configuration that a message is about, and its block: there is no file in which to look it up."""
    number = re.search(r"in line (\d+) of (\S+?):", message)
    if not number or number.group(2) != config:
        return ""
    with open(config, encoding="utf-8") as stream:
        lines = stream.read().split("\n")[:int(number.group(1))]
    marks = [match for match in (re.match(r"# (end of )?block: (.*)", line) for line in lines) if match]
    block = " of block '%s'" % marks[-1].group(2) if marks and not marks[-1].group(1) else ""
    return ". This line%s is: %s" % (block, lines[-1].strip())


class Proof:
    """A directory that has the new contents where Exim's own user can read them, and no other user can look around."""

    def __init__(self, files):
        self.files = files
        self.paths = {}

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="exim_config.")
        os.chmod(self.directory, 0o711)
        return self

    def __exit__(self, *dummy):
        shutil.rmtree(self.directory)

    def write(self, spec, content):
        """Write a file of the proof and return its path."""
        path = os.path.join(self.directory, "%d.%s" % (len(self.paths), os.path.basename(spec["path"])))
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(to_bytes(content))
        try:
            user = pwd.getpwnam(spec["owner"]).pw_uid if spec["owner"] else 0
            group = grp.getgrnam(spec["group"]).gr_gid if spec["group"] else 0
        except KeyError:
            raise EximError("%s: this host has no user %s or no group %s." % (spec["path"], spec["owner"], spec["group"])) from None
        os.chown(path, user, group)
        os.chmod(path, int(spec["mode"], 8))
        self.paths[spec["path"]] = path
        return path

    def config(self, changed_paths):
        """Return the path of the configuration that is to be proven; it refers to the new contents of the other files."""
        main, others = self.files[0], self.files[1:]
        content = main["content"]
        for spec in others:
            if spec["path"] in changed_paths:
                content = re.sub(re.escape(spec["path"]) + r"(?![\w./-])", self.write(spec, spec["content"]).replace("\\", r"\\"), content)
        return self.write(main, content)

    def real(self, text):
        """Return a message with the paths as the administrator knows them."""
        for path, proof in self.paths.items():
            text = text.replace(proof, path)
        return text


def prove_files(proof, exim, changed_paths, tests):
    """Return a line for each thing that is wrong with the new files."""
    try:
        failures = prove(Exim(exim.program, proof.config(changed_paths)), tests)
    except EximError as error:
        failures = [str(error)]
    return [proof.real(line) for line in failures]


def restart(module, exim, service):
    """Restart the service; return what went wrong, or None."""
    systemctl = module.get_bin_path("systemctl", required=True)
    before = daemon(exim)
    try:
        # run_command has no time limit.
        process = subprocess.run(  # pylint: disable=ansible-bad-function
            [systemctl, "restart", service], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SERVICE_TIMEOUT, check=False,
        )
    except subprocess.TimeoutExpired:
        return "it did not start within %d seconds" % SERVICE_TIMEOUT
    if process.returncode != 0:
        return process.stdout.decode("utf-8", "replace").strip()
    # systemd is content with a daemon that tries again and again to listen. Exim writes its number down when it does listen.
    deadline = time.time() + LISTEN_TIMEOUT
    while daemon(exim) in (None, before):
        dummy, out, dummy = module.run_command([systemctl, "show", "--property=SubState", service])
        if time.time() > deadline or "SubState=running" not in out:
            return "it does not listen (%s)%s" % (out.strip(), last_words(exim))
        time.sleep(0.1)
    return None


def last_words(exim):
    """Return the last line of Exim's main log, where it has one."""
    options = main_options(exim)
    path = (options.get("log_file_path") or "%s/log/%%slog" % options.get("spool_directory")).replace("%s", "main")
    try:
        with open(path, "rb") as stream:
            lines = stream.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return ", %s ends with: %s" % (path, lines[-1]) if lines else ""


def main_options(exim):
    """Return where the running Exim has its files."""
    dummy, out, dummy = exim.run("-bP", "pid_file_path", "log_file_path", "spool_directory")
    return parse_options(out, set())


def daemon(exim):
    """Return the process number of the running daemon, or None."""
    options = main_options(exim)
    path = options.get("pid_file_path") or "%s/exim-daemon.pid" % options.get("spool_directory")
    try:
        with open(path) as stream:
            number = int(stream.read())
        os.kill(number, 0)
    except (OSError, ValueError):
        return None
    return number


def put_into_operation(module, exim, transaction, service, name):
    """Replace the files, and restart the service with them, if there is one; when it does not start, have all as it was and fail."""
    transaction.commit()
    if not service:
        return
    fault = restart(module, exim, service)
    if fault:
        transaction.rollback()
        # An init script does not stop a daemon that does not listen yet, and may do so at any time, with what was not to be.
        systemctl = module.get_bin_path("systemctl", required=True)
        for action in ("stop", "kill"):
            module.run_command([systemctl, action, service])
        second = restart(module, exim, service)
        module.fail_json(
            msg="%s: the service %s does not start with the new configuration: %s. The previous files were brought back, and %s."
            % (name, service, fault, "it runs with them" if second is None else "it does not start with them either: " + second)
        )
