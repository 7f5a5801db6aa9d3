# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import threading

EXIM_ARGUMENTS = dict(
    exim=dict(type="path"),
    config=dict(type="path"),
)

# A test that takes longer waits for something that will not come, such as an answer of a dead name server for each of very many addresses.
TIMEOUT = 600


# What asks a module to end: Ansible's own time limit, a lost connection, a person.
ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


class EximError(Exception):
    """Something that an administrator has to put right; the text is for them."""


class Exim:
    """Runs one Exim, with the live configuration or with another one."""

    def __init__(self, program, config=None):
        self.program = program
        self.config = config

    @classmethod
    def from_module(cls, module):
        """Return the Exim that the module's arguments name."""
        program, config = module.params["exim"], module.params.get("config")
        if program is None:
            program = find_exim(module)
        elif not os.access(program, os.X_OK) or os.path.isdir(program):
            raise EximError("exim: %s is not a program. Give the path of the Exim program, or leave the option out." % program)
        if os.geteuid() != 0:
            raise EximError("This module needs root: Exim ignores a sender host and hides its reasons otherwise. Use become.")
        if config is not None and not os.path.isabs(config):
            raise EximError("config: %s is not an absolute path." % config)
        if config is not None and not os.path.isfile(config):
            raise EximError("config: there is no file %s." % config)
        return cls(program, config)

    def argv(self, *arguments):
        """Return a command line for this program and configuration."""
        argv = [self.program]
        if self.config:
            argv += ["-C", self.config]
        return argv + list(arguments)

    def run(self, *arguments, **keywords):
        """Run Exim to its end and return exit status, stdout and stderr. Keyword: data, the text for its stdin."""
        process = timer = None
        # Through pipes each line that Exim writes would wake this process: for a thousand addresses that takes as long as Exim itself.
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            try:
                with undisturbed():
                    # Exim writes a warning to its log when it has to purge the environment: give it none.
                    # As a session of its own it can be ended together with the processes that it started.
                    # run_command has no time limit.
                    process = subprocess.Popen(  # pylint: disable=ansible-bad-function
                        self.argv(*arguments), env={}, cwd="/", start_new_session=True, stdin=subprocess.PIPE, stdout=out, stderr=err,
                    )
                # subprocess has time limits as well, but then it looks only now and then whether the process has ended.
                timer = threading.Timer(TIMEOUT, os.killpg, (process.pid, signal.SIGKILL))
                timer.daemon = True
                timer.start()
                process.communicate(keywords.get("data", "").encode("utf-8"))
                if process.returncode == -signal.SIGKILL:
                    raise EximError("%s did not end within %d seconds." % (" ".join(self.argv(*arguments)), TIMEOUT))
            finally:
                with undisturbed():
                    if timer:
                        timer.cancel()
                    if process and process.poll() is None:
                        os.killpg(process.pid, signal.SIGKILL)
                        process.wait()
            return process.returncode, content_of(out), content_of(err)

    def names(self, kind):
        """Return the names of all routers, or of all transports, in the order of the configuration."""
        status, out, err = self.run("-bP", kind + "_list")
        if status != 0:
            raise EximError("Exim cannot read its configuration: %s" % message_of(err + out))
        return out.split()


@contextlib.contextmanager
def undisturbed():
    """Let a signal that ends the module wait for the end of the block, so that nothing is left of which nobody knows."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def content_of(stream):
    """Return the text of a file that another process has written."""
    stream.seek(0)
    return stream.read().decode("utf-8", "replace")


def find_exim(module):
    """Return the path of the Exim program."""
    for name in ("exim4", "exim"):
        path = module.get_bin_path(name, opt_dirs=["/usr/sbin", "/usr/local/sbin", "/usr/exim/bin"])
        if path:
            return path
    raise EximError("There is no Exim on this host: neither exim4 nor exim was found. Install it, or give its path in the option exim.")


LOG_MARK = r"^LOG:(?: (?:MAIN|REJECT|PANIC|DIE))* ?"
TIME_STAMP = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S*( [+-]\d{4})?( \[\d+\])? "


def log_lines(text):
    """Return what Exim would write to its logs, from what it prints on stderr in a test mode."""
    entries = []
    open_entry = False
    for line in text.splitlines():
        if re.match(LOG_MARK, line):
            entries.append([re.sub(LOG_MARK, "", line)])
            open_entry = True
        elif open_entry and line.startswith("  "):
            entries[-1].append(line.strip())
        else:
            open_entry = False
    return [" ".join(word for word in entry if word) for entry in entries]


def message_of(text):
    """Return in one line what Exim complains about on stderr, without time stamps and trace."""
    lines = [re.sub(TIME_STAMP, "", re.sub(LOG_MARK, "", line)).strip() for line in text.splitlines() if not line.startswith(">>>")]
    return " ".join(line for line in lines if line) or "(nothing)"


def check_text(name, value):
    """Refuse text that could end a line or a string on its way into Exim."""
    if re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", value):
        raise EximError("%s: %r has a control character." % (name, value))


def check_address(name, value):
    """Refuse what is not one bare mail address. What is right about a bare address is left to Exim."""
    check_text(name, value)
    if not value or value != value.strip() or value[0] == "<" or value[-1] in ">)\\":
        raise EximError("%s: %r is not a bare mail address such as list@example.org." % (name, value))


def check_sender(name, value):
    """Refuse what is neither a bare mail address nor the null sender."""
    if value != "<>":
        check_address(name, value)


def check_host(name, value):
    """Refuse what is not an IP address."""
    # It takes its time to be imported, and most tests have no host.
    import ipaddress

    try:
        ipaddress.ip_address(value)
    except ValueError:
        raise EximError("%s: %r is not an IP address." % (name, value)) from None


def ask_and_compare(module, option, check, run, complaint):
    """Be a module that asks Exim about each item of an option, and fails with the complaint when something is not as the items expect.

    Check refuses an item, by its name, that cannot be asked. Run takes the Exim and the items, and returns results and failures.
    """
    items = module.params[option]
    try:
        if not items:
            raise EximError("%s is empty: nothing would be tested." % option)
        for number, item in enumerate(items):
            check("%s[%d]" % (option, number), item)
        results, failures = run(Exim.from_module(module), items)
    except EximError as error:
        module.fail_json(msg=str(error))
    # What Ansible shows of a call with -vvv. It looks at each value, and what was asked is in the results already.
    shown = {"module_args": dict((name, value) for name, value in module.params.items() if name != option)}
    if failures:
        module.fail_json(msg=complaint + ":\n" + "\n".join(failures), failures=failures, results=results, invocation=shown)
    module.exit_json(changed=False, failures=failures, results=results, invocation=shown)


def envelope_arguments(sender, sender_host):
    """Return Exim's options for a message from this sender, which came from this host."""
    arguments = []
    if sender is not None:
        arguments += ["-f", sender]
    if sender_host is not None:
        arguments += ["-oMa", sender_host]
    return arguments


def envelope(test):
    """Return the test's address with what else distinguishes it from another test of the same address."""
    words = [test["address"]]
    if test["sender"] is not None:
        words.append("from " + test["sender"])
    if test["sender_host"] is not None:
        words.append("by host " + test["sender_host"])
    return " ".join(words)


def unknown_names(exim, tests):
    """Return a line for each router and transport that is expected, but is not in the configuration."""
    lines = []
    for kind in ("router", "transport"):
        known = exim.names(kind)
        for name in sorted(set(test[kind] for test in tests if test[kind] is not None) - set(known)):
            lines.append("Exim's configuration has no %s %s. It has: %s." % (kind, name, ", ".join(known) or "none"))
    return lines
