# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import ipaddress
import os
import re
import subprocess

EXIM_ARGUMENTS = dict(
    exim=dict(type="path"),
    config=dict(type="path"),
)

# A test that takes longer waits for something that will not come, such as an answer of a dead name server for each of very many addresses.
TIMEOUT = 600


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
        program, config = module.params["exim"], module.params["config"]
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
        # Exim writes a warning to its log when it has to purge the environment: give it none.
        process = subprocess.Popen(
            self.argv(*arguments), env={}, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        try:
            out, err = process.communicate(keywords.get("data", "").encode("utf-8"), timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            raise EximError("%s did not end within %d seconds." % (" ".join(self.argv(*arguments)), TIMEOUT))
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
        return process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")

    def names(self, kind):
        """Return the names of all routers, or of all transports, in the order of the configuration."""
        status, out, err = self.run("-bP", kind + "_list")
        if status != 0:
            raise EximError("Exim cannot read its configuration: %s" % message_of(err + out))
        return out.split()


def find_exim(module):
    """Return the path of the Exim program."""
    for name in ("exim4", "exim"):
        path = module.get_bin_path(name, opt_dirs=["/usr/sbin", "/usr/local/sbin", "/usr/exim/bin"])
        if path:
            return path
    raise EximError("There is no Exim on this host: neither exim4 nor exim was found. Install it, or give its path in the option exim.")


def message_of(text):
    """Return what Exim says on stderr in one line, without the time stamps."""
    lines = []
    for line in text.splitlines():
        line = re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S*( [+-]\d{4})?( \[\d+\])? ", "", line).strip()
        if line and not line.startswith("LOG: "):
            lines.append(line)
    return " ".join(lines) or "(nothing)"


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
    try:
        ipaddress.ip_address(value)
    except ValueError:
        raise EximError("%s: %r is not an IP address." % (name, value))


def envelope_arguments(sender, sender_host):
    """Return Exim's options for a message from this sender, which came from this host."""
    arguments = []
    if sender is not None:
        arguments += ["-f", sender]
    if sender_host is not None:
        arguments += ["-oMa", sender_host]
    return arguments


# exim -bt and -bv

# Exim marks what it has seen before as a duplicate, also from one address of a batch to the next, so that the mark says nothing.
ADDRESS = re.compile(r"^(.*?)(?:   \[duplicate, would not be delivered\])?$")
FAULT = re.compile(
    r"^(?P<address>.*?) (?:(?P<undeliverable>is undeliverable|failed to verify)|cannot be resolved at this time)(?:: (?P<reason>.*))?$"
)
GENERATED = re.compile(r"^(?P<parent>.*?) -> (?P<address>[|/].*?|mail .*?)(?P<forbidden> \*\*\* forbidden \*\*\*)?$")
HOST = re.compile(r"^  host (?P<name>\S+) +(?:\[(?P<address>[^]]*)\])?(?: +MX=(?P<mx>\d+))?(?: +port=(?P<port>\d+))?")
PARENT = re.compile(r"^    <-- (.*)$")
ROUTER = re.compile(r"^  router = (\S+), transport = (\S+)$")
TRANSPORT = re.compile(r"^  transport = (\S+)$")
GENERATED_FAULT = "*** Error in setting up pipe, file, or autoreply:"


def route_addresses(exim, addresses, sender=None, sender_host=None, verify=False):
    """Have one Exim route all addresses; return a result for each, in their order.

    With verify, Exim does it as its own user, the way it verifies recipients while it receives a message.
    """
    mode = ["-bv", "-v"] if verify else ["-bt"]
    # Exim reads the addresses from its standard input and prompts for each: their number has no limit, and each result has its place.
    status, out, err = exim.run(*(mode + envelope_arguments(sender, sender_host)), data="".join(address + "\n" for address in addresses))
    results = out.split("\n> ")
    if not results[0].startswith("> "):
        raise EximError("Exim tested no address: %s" % message_of(err + out))
    results[0] = results[0][2:]
    if len(results) <= len(addresses):
        raise EximError(
            "exim %s stopped at address %d of %d, %s (exit status %d): %s"
            % (mode[0], len(results), len(addresses), addresses[len(results) - 1], status, message_of(err))
        )
    if len(results) != len(addresses) + 1 or results.pop().strip():
        raise EximError("Exim's output for %d addresses cannot be told apart: %s" % (len(addresses), message_of(err + out)))
    return [parse_address_test(address, text) for address, text in zip(addresses, results)]


def parse_address_test(address, text):
    """Return what Exim prints for one address as data."""
    routes = []
    rewritten = None
    malformed = None
    discarded = False
    lines = text.splitlines()
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        route = routes[-1] if routes else None
        match = PARENT.match(line)
        if match and route:
            route["parents"].append(match.group(1))
            continue
        match = ROUTER.match(line)
        if match and route:
            route["router"] = match.group(1)
            route["transport"] = None if match.group(2) == "unset" else match.group(2)
            continue
        match = HOST.match(line)
        if match and route:
            route["hosts"].append(dict(match.groupdict(), mx=number_or_none(match.group("mx")), port=number_or_none(match.group("port"))))
            continue
        match = TRANSPORT.match(line)
        if match and route:
            route["transport"] = match.group(1)
            continue
        if PARENT.match(following) or ROUTER.match(following):
            # A fault below an alias is followed by its parents as well.
            match = FAULT.match(line)
            if not match:
                routes.append(new_route(ADDRESS.match(line).group(1)))
                continue
        match = FAULT.match(line)
        if match:
            outcome = "undeliverable" if match.group("undeliverable") else "deferred"
            routes.append(new_route(match.group("address"), outcome=outcome, reason=match.group("reason")))
            continue
        match = GENERATED.match(line)
        if match:
            routes.append(new_route(match.group("address"), parents=[match.group("parent")]))
            if match.group("forbidden"):
                routes[-1].update(outcome="undeliverable", reason="forbidden")
            continue
        if line == GENERATED_FAULT and route:
            route.update(outcome="deferred", reason="")
        elif line.startswith("Address rewritten as: "):
            rewritten = line.partition(": ")[2]
        elif line.startswith("syntax error: "):
            malformed = line
        elif line.startswith("mail to ") and line.endswith(" is discarded"):
            discarded = True
        elif route and route["outcome"] != "routed":
            # The reason that an alias or a filter gives may have several lines.
            route["reason"] = ((route["reason"] or "") + " " + line).strip()
        else:
            raise EximError("Exim's output for %s cannot be understood: %s" % (address, line))

    outcomes = [route["outcome"] for route in routes]
    if malformed:
        outcome = "malformed"
    elif discarded:
        outcome = "discarded"
    elif not routes:
        raise EximError("Exim says nothing about %s." % address)
    else:
        # One recipient that fails below an alias is a fault of the alias.
        outcome = next((bad for bad in ("undeliverable", "deferred") if bad in outcomes), "routed")
    if not (malformed or rewritten or address.lower() in text.lower()):
        raise EximError("Exim answers for another address than %s: %s" % (address, text.strip()))
    reason = malformed or next((route["reason"] for route in routes if route["outcome"] == outcome and route["reason"]), None)
    return dict(address=address, outcome=outcome, reason=reason, rewritten=rewritten, routes=routes)


def new_route(address, **values):
    """Return a place where the routing of an address can end."""
    route = dict(address=address, outcome="routed", reason=None, router=None, transport=None, parents=[], hosts=[])
    route.update(values)
    return route


def number_or_none(text):
    """Return the number that the text holds, if any."""
    return int(text) if text else None
