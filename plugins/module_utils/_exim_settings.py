# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import re

from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import EximError, message_of

HIDDEN = "(hidden)"


def read_settings(exim, options):
    """Return what Exim is and how it is configured, with the values of the named main options."""
    settings = parse_version(ask(exim, "-bV"))
    config = parse_config(ask(exim, "-bP", "config"))
    hidden = config.pop("hidden")
    own = parse_options(ask(exim, "-bP", "exim_user", "exim_group"), set())
    settings.update(config, program=exim.program, user=own.get("exim_user"), group=own.get("exim_group"))
    if exim.config:
        settings["config"] = exim.config
    for kind in ("router", "transport"):
        settings[kind + "s"] = parse_drivers(ask(exim, "-bP", kind + "s"), kind, hidden)
    settings["options"] = parse_options(ask(exim, "-bP", *options), hidden) if options else {}
    missing = [name for name in options if name not in settings["options"]]
    if missing:
        raise EximError("options: this Exim has no option %s." % ", ".join(missing))
    return settings


def ask(exim, *arguments):
    """Return what Exim prints, or say why it does not."""
    status, out, err = exim.run(*arguments)
    if status != 0 and "is not a known option" not in out + err:
        raise EximError("Exim cannot read its configuration: %s" % message_of(err + out))
    return out


def parse_version(text):
    """Return what exim -bV says as data."""
    lists = dict(re.findall(r"^ ?(Support for|Lookups \(built-in\)|Authenticators|Routers|Transports): (.*)$", text, re.M))
    version = re.search(r"^Exim version (\S+)", text, re.M)
    config = re.search(r"^Configuration file is (.*)$", text, re.M)
    if not version:
        raise EximError("This program does not say that it is an Exim: %s" % message_of(text))
    return dict(
        version=version.group(1),
        config=config.group(1) if config else None,
        features=lists.get("Support for", "").split(),
        lookups=lists.get("Lookups (built-in)", "").split(),
        authenticator_drivers=lists.get("Authenticators", "").split(),
        router_drivers=lists.get("Routers", "").split(),
        # appendfile/maildir/mailstore/mbx is one driver, with the formats that it knows.
        transport_drivers=[name.partition("/")[0] for name in lists.get("Transports", "").split()],
    )


def parse_config(text):
    """Return the ACLs, the named lists and the names of hidden options from exim -bP config."""
    acls = []
    lists = dict(address={}, domain={}, host={}, localpart={})
    hidden = set()
    section = "main"
    for line in text.splitlines():
        words = line.split()
        if line.startswith("begin "):
            section = words[1]
        elif section == "acl" and re.match(r"\s*[\w-]+:$", line):
            acls.append(line.strip()[:-1])
        match = re.match(r"\s*(hide\s+)?(\w+)(?:\s+(\w+))?\s*=\s*(.*)$", line)
        if not match:
            continue
        hide, name, list_name, value = match.groups()
        if section == "main" and list_name and name.endswith("list") and name[:-4] in lists:
            lists[name[:-4]][list_name] = HIDDEN if hide else value
        elif hide:
            hidden.add(name)
    return dict(acls=acls, lists=lists, hidden=hidden)


def parse_drivers(text, kind, hidden):
    """Return the routers or transports from exim -bP, in their order."""
    # The text before the first heading, then headings and blocks in turn.
    parts = re.split(r"^(\S+) %s:$" % kind, text, flags=re.M)
    drivers = []
    for name, block in zip(parts[1::2], parts[2::2]):
        options = parse_options(block, hidden)
        drivers.append(dict(name=name, driver=options.pop("driver"), options=options))
    return drivers


def parse_options(text, hidden):
    """Return options from exim -bP: text for one with a value, None for one without, true or false for a switch."""
    options = {}
    for line in text.splitlines():
        match = re.match(r"\*?(\w+) =(?: (.*))?$", line)
        if match:
            name, value = match.groups()
            options[name] = (HIDDEN if name in hidden else value) if value else None
        elif re.match(r"\w+$", line):
            options[line[3:] if line.startswith("no_") else line] = not line.startswith("no_")
    return options


def unknown_transports(exim):
    """Return a line for each router that names a transport which is not there. Exim itself notices at the first message."""
    names = exim.names("transport")
    lines = []
    for router in parse_drivers(ask(exim, "-bP", "routers"), "router", set()):
        for option in ("transport", "file_transport", "directory_transport", "pipe_transport", "reply_transport"):
            name = router["options"].get(option)
            if name and "$" not in name and name not in names:
                lines.append("router %s: there is no %s %s. There are: %s." % (router["name"], option, name, ", ".join(names) or "none"))
    return lines


def broken_signatures(exim, sender):
    """Return a line for each option about DKIM that Exim cannot expand, for mail of the sender. Exim itself notices as it sends, and sends unsigned."""
    lines = []
    for transport in parse_drivers(ask(exim, "-bP", "transports"), "transport", set()):
        for option, value in sorted(transport["options"].items()):
            if option.startswith("dkim_") and isinstance(value, str) and "$" in value:
                answer = expand(exim, sender, value)
                if answer.startswith("Failed: "):
                    lines.append("transport %s: %s cannot be expanded: %s" % (transport["name"], option, answer[len("Failed: "):]))
    return lines


def expand(exim, sender, value):
    """Return what Exim makes of a string for mail of the sender, or its words of failure."""
    # Not as an argument: those are limited to 256 characters.
    dummy, out, err = exim.run("-be", "-f", sender, data=value + "\n")
    answers = [line[2:].strip() for line in out.splitlines() if line.startswith("> ")]
    if not answers:
        raise EximError("Exim does not expand %s: %s" % (value, message_of(err + out)))
    return answers[0]
