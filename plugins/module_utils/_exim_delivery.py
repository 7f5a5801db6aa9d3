# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import grp
import os
import pwd
import re
import shutil
import signal
import tempfile

from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import (
    ENDING,
    Exim,
    EximError,
    check_address,
    check_host,
    check_sender,
    check_text,
    envelope,
    envelope_arguments,
    message_of,
    undisturbed,
    unknown_names,
)

TEST_ARGUMENTS = dict(
    address=dict(type="str", required=True),
    outcome=dict(type="str", choices=["delivered", "failed", "deferred", "discarded"], default="delivered"),
    router=dict(type="str"),
    transport=dict(type="str"),
    command=dict(type="list", elements="str"),
    user=dict(type="str"),
    group=dict(type="str"),
    return_path=dict(type="str"),
    sender=dict(type="str"),
    sender_host=dict(type="str"),
)

# What an address that is delivered can be expected to show.
DETAILS = ("router", "transport", "command", "user", "group", "return_path")

# Main options that lead out of the private directory, that would deliver on their own, or that change the form of the log lines.
OVERRIDDEN = ("event_action", "log_file_path", "log_selector", "queue_only", "remote_max_parallel", "spool_directory")

MESSAGE = "Subject: delivery test\n\nThis message is made by exim_delivery_test and never delivered.\n"


def check_test(item, test):
    """Refuse a test that could not mean what it says. The item is its name in messages."""
    check_address(item + ".address", test["address"])
    if '"' not in test["address"] and re.search(r"[\s,]", test["address"]):
        raise EximError("%s.address: %r is not one bare mail address." % (item, test["address"]))
    if test["sender"] is not None:
        check_sender(item + ".sender", test["sender"])
    if test["sender_host"] is not None:
        check_host(item + ".sender_host", test["sender_host"])
    for name in DETAILS:
        if test[name] is None:
            continue
        if test["outcome"] != "delivered":
            raise EximError("%s (%s): %s cannot be met, because the outcome should be %s." % (item, test["address"], name, test["outcome"]))
        for text in test[name] if name == "command" else [test[name]]:
            check_text("%s.%s" % (item, name), text)
    for name, lookup in (("user", pwd.getpwnam), ("group", grp.getgrnam)):
        if test[name] is not None:
            try:
                lookup(test[name])
            except KeyError:
                raise EximError("%s (%s): this host has no %s %s." % (item, test["address"], name, test[name])) from None


def run_tests(exim, tests):
    """Run checked tests; return a result for each, and a line for each expectation that was not met."""
    results = []
    failures = []
    with PrivateExim(exim) as private:
        for test in tests:
            result = deliver(private, test)
            results.append(result)
            for difference in compare(test, result):
                failures.append("%s: expected %s, found %s" % ((envelope(test),) + difference))
    if failures:
        # A name that does not exist is never found, so that this needs a look only now.
        failures = unknown_names(exim, tests) + failures
    return results, failures


class PrivateExim:
    """An Exim with the real configuration, but with a spool and logs of its own.

    Whatever it does, queue, logs and retry data of the host stay as they are, also when it is killed.
    """

    def __init__(self, exim):
        self.exim = exim
        self.directory = None

    def __enter__(self):
        # By default Python ends at these without tidying up.
        for number in ENDING:
            signal.signal(number, stop)
        try:
            with undisturbed():
                self.directory = tempfile.mkdtemp(prefix="exim_delivery_test.")
            self.fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *dummy):
        if self.directory:
            with undisturbed():
                shutil.rmtree(self.directory)

    def fill(self):
        """Make what Exim needs in the private directory."""
        self.lines = private_lines(self.exim)
        user, self.group = exim_user(self.exim)
        # Exim's own user passes through to what is its own. Nobody else can read what the configuration hides.
        os.chmod(self.directory, 0o711)
        for name in ("spool", "log"):
            path = os.path.join(self.directory, name)
            os.mkdir(path, 0o700)
            os.chown(path, user, self.group)
        self.delivering = self.configured("config", {})

    def configured(self, name, additions):
        """Write a private configuration and return its Exim. Additions are option lines by name of a transport."""
        path = os.path.join(self.directory, name)
        lines = [
            "spool_directory = %s/spool" % self.directory,
            "log_file_path = %s/log/%%s" % self.directory,
            "log_selector = +return_path_on_delivery",
            # A bounce is accepted for the private queue, and goes with it.
            "queue_only",
            # Without it the traces of several deliveries mix.
            "remote_max_parallel = 1",
        ]
        section = None
        for line in self.lines:
            lines.append(line)
            if line.startswith("begin "):
                section = line.split()[1]
            match = re.match(r"\s*([\w-]+)\s*:$", line)
            if section == "transports" and match and match.group(1) in additions:
                lines.append(additions[match.group(1)])
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(("\n".join(lines) + "\n").encode("utf-8", "surrogateescape"))
        os.chown(path, 0, self.group)
        os.chmod(path, 0o640)
        return Exim(self.exim.program, path)

    def send(self, exim, address, sender, sender_host):
        """Have a message received and delivered up to the last step; return the trace of the delivery, or why there is none."""
        self.clear()
        # Reception and delivery are two commands: a delivery that Exim starts on its own would lose root with a configuration of ours.
        arguments = ["-odq", "-oi", "-oep"] + envelope_arguments(sender, sender_host) + ["--", address]
        dummy, out, err = exim.run(*arguments, data=MESSAGE)
        messages = [name[:-2] for dummy, dummy, names in os.walk(os.path.join(self.directory, "spool", "input")) for name in names if name.endswith("-H")]
        if len(messages) != 1:
            return None, message_of(err + out)
        return exim.run("-N", "-d-all+transport+uid", "-M", messages[0])[2], None

    def clear(self):
        """Remove the messages of the test before, and the hints: what waits for its turn after one message would put the next off."""
        for name in ("input", "msglog", "db"):
            shutil.rmtree(os.path.join(self.directory, "spool", name), ignore_errors=True)


def stop(number, dummy):
    """End the module in an orderly way."""
    raise SystemExit("ended by signal %d" % number)


def private_lines(exim):
    """Return the configuration as Exim reads it: one file, macros replaced, without what a private copy overrides."""
    status, out, err = exim.run("-bP", "config")
    if status != 0 or "\nbegin " not in out:
        raise EximError("Exim cannot read its configuration: %s" % message_of(err + out))
    lines = []
    main = True
    for line in out.splitlines():
        if line.startswith("begin "):
            main = False
        macro = re.match(r"\s*[A-Z]\w*\s*==?", line)
        override = re.match(r"\s*(?:hide\s+)?(?:no_|not_)?(?:%s)\b" % "|".join(OVERRIDDEN), line)
        # The values of macros are in their places already.
        if not line.startswith("#") and not macro and not (main and override):
            lines.append(line)
    return lines


def exim_user(exim):
    """Return the numbers of the user and group that Exim runs as."""
    status, out, err = exim.run("-bP", "exim_user", "exim_group")
    values = re.findall(r"^exim_(?:user|group) = (\S+)$", out, re.M)
    if len(values) != 2:
        raise EximError("Exim does not say which user it runs as: %s" % message_of(err + out))
    user, group = values
    try:
        return (
            int(user) if user.isdigit() else pwd.getpwnam(user).pw_uid,
            int(group) if group.isdigit() else grp.getgrnam(group).gr_gid,
        )
    except KeyError:
        raise EximError("Exim runs as user %s and group %s, of which this host lacks one." % (user, group)) from None


def deliver(private, test):
    """Return what becomes of a message to the address."""
    trace, refusal = private.send(private.delivering, test["address"], test["sender"], test["sender_host"])
    if trace is None:
        deliveries = [dict(new_delivery(test["address"]), outcome="failed", reason="not received: " + refusal)]
    else:
        deliveries = parse_trace(trace)
        if not deliveries:
            raise EximError("%s: Exim delivers to nothing: %s" % (envelope(test), message_of(trace.partition("admin user\n")[2])))
        for delivery in deliveries:
            if delivery["outcome"] == "delivered":
                delivery["reason"] = program_fault(delivery) or taint_fault(private, test, delivery)
                if delivery["reason"]:
                    delivery["outcome"] = "failed"
    outcomes = [delivery["outcome"] for delivery in deliveries]
    outcome = next(outcome for outcome in ("failed", "deferred", "delivered", "discarded") if outcome in outcomes)
    reason = next((delivery["reason"] for delivery in deliveries if delivery["outcome"] == outcome and delivery["reason"]), None)
    return dict(
        address=test["address"], sender=test["sender"], sender_host=test["sender_host"], outcome=outcome, reason=reason, deliveries=deliveries,
    )


# The trace of exim -N -d-all+transport+uid

ARGUMENT = re.compile(r"^  argv\[(\d+)\] = (.*)$")
DELIVERY = re.compile(r"^changed uid/gid: (?:local delivery to .* <(?P<local>.*)> transport=|remote delivery to )")
IDS = re.compile(r"^  uid=(\d+) gid=(\d+) ")
LOGGED = re.compile(
    r"^  (?P<mark>\*>|=>|->|\*\*|==) (?P<address>:blackhole:|.+?)(?: <(?P<original>[^>]*)>)?(?: P=<(?P<return_path>[^>]*)>)?"
    r"(?: R=(?P<router>\S+))?(?: T=(?P<transport>\S+))?(?: H=(?P<host>\S+ \[[^]]*\]\S*))?(?P<rest>(?::| defer | C=).*)?$"
)


def parse_trace(text):
    """Return the deliveries of one message as data."""
    deliveries = []
    context = {}
    shell = logged = False
    for line in text.splitlines():
        if DELIVERY.match(line):
            # The log has just the local part of a local address.
            context = dict(command=[], address=DELIVERY.match(line).group("local"))
        elif "user" not in context and context and IDS.match(line):
            user, group = (int(number) for number in IDS.match(line).groups())
            context.update(user=name_of(pwd.getpwuid, user), group=name_of(grp.getgrgid, group))
        elif ARGUMENT.match(line) and context:
            number, argument = ARGUMENT.match(line).groups()
            # The command comes once before and, where there is something to expand, once after its expansion.
            if number == "0":
                context["command"] = []
            # Exim 4.94 quotes only the former.
            if len(argument) > 1 and argument[0] == argument[-1] == "'":
                argument = argument[1:-1]
            context["command"].append(argument)
        elif shell:
            context["command"] = ["/bin/sh", "-c", line.strip()]
        elif logged and LOGGED.match(line):
            deliveries.append(logged_delivery(LOGGED.match(line), context))
            context = {}
        shell = line == "shell pipe command after expansion:"
        logged = line.startswith("LOG: MAIN")
    return deliveries


def logged_delivery(match, context):
    """Return one delivery: what the log says, with what the trace said before."""
    delivery = new_delivery(match.group("address"))
    for name in ("router", "transport", "host", "return_path"):
        delivery[name] = match.group(name)
    if delivery["return_path"] == "":
        delivery["return_path"] = "<>"
    rest = match.group("rest") or ""
    if match.group("mark") == "**":
        delivery.update(outcome="failed", reason=rest.lstrip(": "))
    elif match.group("mark") == "==":
        delivery.update(outcome="deferred", reason=re.sub(r"^ defer \(-?\d+\):? ?", "", rest) or "deferred")
    elif match.group("address") == ":blackhole:":
        delivery.update(outcome="discarded", address=match.group("original"))
    if context.get("address"):
        delivery["address"] = context["address"]
    if delivery["outcome"] == "delivered":
        delivery.update(command=context.get("command") or None, user=context.get("user"), group=context.get("group"))
    return delivery


def new_delivery(address):
    """Return one delivery of which nothing is known yet."""
    return dict(
        address=address, outcome="delivered", reason=None, router=None, transport=None, host=None, return_path=None, command=None, user=None, group=None,
    )


def name_of(lookup, number):
    """Return the name of a user or group, or its number when it has none."""
    try:
        return lookup(number)[0]
    except KeyError:
        return str(number)


# Faults that exim -N does not meet

def program_fault(delivery):
    """Say why the program of a pipe could not be started."""
    if not delivery["command"] or not delivery["command"][0].startswith("/"):
        return None
    program, user, group = delivery["command"][0], delivery["user"], delivery["group"]
    if not os.path.exists(program):
        return "there is no program %s" % program
    user_id = pwd.getpwnam(user).pw_uid if not user.isdigit() else int(user)
    group_id = grp.getgrnam(group).gr_gid if not group.isdigit() else int(group)
    child = os.fork()
    if child == 0:
        # In a process of its own, which becomes the user that Exim would run the program as.
        status = 2
        try:
            os.setgroups([])
            os.setgid(group_id)
            os.setuid(user_id)
            status = 0 if os.access(program, os.X_OK) and os.path.isfile(program) else 1
        finally:
            os._exit(status)
    if os.waitpid(child, 0)[1] != 0:
        return "user %s, group %s cannot execute %s" % (user, group, program)
    return None


def taint_fault(private, test, delivery):
    """Say why Exim would not open the mailbox file: from 4.96 on, -N ends before the name is checked for taint.

    A lookup in the file checks it at once, so this has the transport's working directory depend on one.
    """
    path = private_path(private, delivery["transport"])
    if path is None:
        return None
    probe = "current_directory = ${lookup{x}lsearch{%s}{/}{/}}" % path
    exim = private.configured("config." + delivery["transport"], {delivery["transport"]: probe})
    try:
        trace, dummy = private.send(exim, test["address"], test["sender"], test["sender_host"])
    finally:
        os.unlink(exim.config)
    match = re.search(r"^  Tainted filename for search: '(.*)'$", trace or "", re.M)
    return "the name of the mailbox is tainted: %s (%s)" % (match.group(1), path) if match else None


def private_path(private, transport):
    """Return the file or directory of an appendfile transport, when it is made from variables and its working directory is not set."""
    status, out, dummy = private.exim.run("-bP", "transport", transport)
    options = dict(re.findall(r"^(driver|file|directory|current_directory) = (.*)$", out, re.M))
    path = options.get("file") or options.get("directory") or ""
    if status != 0 or options.get("driver") != "appendfile" or "$" not in path or options.get("current_directory"):
        return None
    return path


def compare(test, result):
    """Return what is not as expected, as pairs of what was expected and what was found."""
    if result["outcome"] != test["outcome"]:
        return [(test["outcome"], result["outcome"] + (": " + result["reason"] if result["reason"] else ""))]
    differences = []
    for name in DETAILS:
        if test[name] is None:
            continue
        found = []
        for delivery in result["deliveries"]:
            if delivery["outcome"] == "delivered" and delivery[name] not in found:
                found.append(delivery[name])
        if found != [test[name]]:
            differences.append(("%s %s" % (name.replace("_", " "), shown(test[name])), ", ".join(shown(value) for value in found)))
    return differences


def shown(value):
    """Return a value as text for a message."""
    if value is None:
        return "none"
    return " ".join(value) if isinstance(value, list) else value
