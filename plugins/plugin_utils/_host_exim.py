# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role exim finds on a host: the lines of its looks, and what is wrong with it. A rule yields faults.

v has what the inventory says, by the names of variables.
"""

import re

# Of these a socket is connected to; the others are files.
SOCKETS = ("exim_clamd_socket", "exim_spamd_socket")
SECRETS = ("exim_tls_privatekey", "exim_auth_file", "exim_smarthost_password_file")
LISTENER = re.compile(r"(?P<address>.+):(?P<port>[0-9]+) (?P<process>.+) (?P<unit>.+)")


def values_of(text, name):
    """Return what the lines NAME=VALUE have."""
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(name + "=")]


def is_contended(address, interfaces):
    """Say whether Exim is to listen there: on that address, or one of the two is all addresses."""
    address = address.partition("%")[0].strip("[]")
    return not interfaces or bool({"0.0.0.0", "::"}.intersection(interfaces)) or address in ("*", "0.0.0.0", "::") or address in interfaces


def listeners(text, interfaces):
    """Return what else listens where Exim is to."""
    found = [LISTENER.fullmatch(line) for line in values_of(text, "other")]
    return [one.groupdict() for one in found if one and is_contended(one["address"], interfaces)]


def is_service(listener):
    return re.fullmatch(r".+[.]service", listener["unit"]) is not None


def read_look(text, v):
    """Return what files/look.sh has found."""
    others = listeners(text, v["exim_interfaces"])
    return {
        # A daemon without content scanning is the light one.
        "missing": "Content_Scanning" not in text,
        "running": "active,enabled" in values_of(text, "service"),
        "sendmail": "".join(values_of(text, "sendmail")),
        "others": others,
        # An instance such as postfix@-.service belongs to the unit that its name begins with.
        "other_services": list(dict.fromkeys(re.sub(r"@.*", ".service", one["unit"]) for one in others if is_service(one))),
        # Somebody else's: what the role's files replace, and that with all else that they deprive of its effect.
        "replaced": values_of(text, "replaced"),
        "existing": [line.partition("=")[2] for line in text.splitlines() if line.startswith(("replaced=", "existing="))],
    }


def no_service(found, dummy):
    for one in found["others"]:
        if not is_service(one):
            yield ("%(process)s, which is no service, listens on port %(port)s of %(address)s, where exim_ports and exim_interfaces have Exim. Stop it, and "
                   "see that it does not start again." % one)


def other_mail_server(found, v):
    for one in found["others"]:
        if is_service(one) and not v["exim_replace_other_mta"]:
            yield ("exim_replace_other_mta is false, but %(unit)s (%(process)s) listens on port %(port)s of %(address)s, where exim_ports and exim_interfaces "
                   "have Exim. Stop and disable it, or set exim_replace_other_mta to true: then the role does." % one)


def other_configuration(found, v):
    if found["existing"] and not v["exim_replace_configuration"]:
        yield ("exim_replace_configuration is false, but Exim on this host has a configuration that this collection did not write: %s. With the role's own "
               "none of it would have an effect any more. Put what you need of it into the inventory, then set exim_replace_configuration to true. What the "
               "role replaces is kept beside it as %s; nothing else is touched."
               % (", ".join(found["existing"]), " and ".join(path + ".replaced" for path in v["files"])))


def read_files(text, v):
    """Return what files/look_at_files.sh has found: what the files are, what keeps Exim's user from them, and those that the role gives to Exim's group."""
    files = dict(line.split("|", 1) for line in text.splitlines() if "|" in line and not line.startswith("closed="))
    secrets = list(dict.fromkeys(v[name] for name in SECRETS if v.get(name)))
    unshared = [path for path in secrets if re.search(r": root [46][04]0\Z", files.get(path, ""))]
    return {"files": files, "closed": values_of(text, "closed"), "unshared": unshared}


def files_that_are_not_there(found, v):
    for name, path in v.items():
        if name not in SOCKETS and "regular file:" not in found["files"].get(path, ""):
            yield ("%s=%s is not on the host. Put the file there first, or empty the variable%s."
                   % (name, path, " and its partner, for no TLS" if "tls" in name else ""))


def secrets_for_everybody(found, v):
    for name, path in v.items():
        about = found["files"].get(path, "0")
        if name in SECRETS and not about.endswith("0"):
            yield "%s=%s can be read by everybody on the host (%s). Let only root and Exim's group read it, as with mode 0640." % (name, path, about)


def no_sockets(found, v):
    for name, path in v.items():
        if name in SOCKETS and "socket:" not in found["files"].get(path, ""):
            yield "%s=%s is no socket on the host. Start the scanner that makes it, or empty the variable to have the role install one." % (name, path)


def closed_files(found, dummy):
    for one in found["closed"]:
        yield ("%s. Let everybody pass such a directory (chmod go+x; of certbot's both live and archive, in which the keys stay closed). A certificate is for "
               "everybody to read (chmod go+r). A key or a file of passwords belongs to the group root with mode 0640: then the role gives it to Exim's group."
               % one)


RULES = (no_service, other_mail_server, other_configuration)
RULES_OF_FILES = (files_that_are_not_there, secrets_for_everybody, no_sockets, closed_files)
