# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role exim finds on a host: the lines of its looks, and what is wrong with it. A rule yields faults.

v has what the inventory says, by the names of variables.
"""

import re

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _kinds as kinds
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._advisories import advisories, applying
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._certificates import days_left, faults_of_days, faults_of_pair

# Of these a socket is connected to; the others are files.
SOCKETS = ("exim_clamd_socket", "exim_spamd_socket")
SECRETS = ("exim_tls_privatekey", "exim_auth_file", "exim_smarthost_password_file")
# What the packages of the distributions bring along, and the role has in its own way.
STOCK_ROUTERS = {
    "domain_literal", "hubbed_hosts", "dnslookup_relay_to_domains", "dnslookup", "nonlocal", "smarthost", "real_local", "system_aliases", "hub_user",
    "hub_user_smarthost", "userforward", "procmail", "maildrop", "lowuid_aliases", "local_user", "mail4root", "localuser",
}
# The role's configuration reads these, too, and sends no mail to programs and files that it names.
SYSTEM_ALIASES = "/etc/aliases"
# Days. The role makes a self-signed certificate anew before it ends, and no authority renews it.
SHORTEST_VALIDITY = 30
# In a message.
MOST_NAMES = 20
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


def read_self_signed(text, v):
    """Return what is there of the role's own certificate: its files, whether they can stay, and whether Exim's group alone shares the key."""
    values = dict(line[len("self_signed."):].split("=", 1) for line in text.splitlines() if line.startswith("self_signed."))
    days = days_left(values.get("now"), values.get("expires"))
    group, dummy, mode = values.get("key", "").partition(" ")
    same = (values.get("pair"), values.get("name")) == ("same", "same")
    return {
        "files": values_of(text, "self_signed.file"),
        # A key that others could read is nobody's secret any more.
        "good": same and days is not None and days >= SHORTEST_VALIDITY and mode.endswith("0"),
        "shared": (group, mode) == (v["group"], "640"),
        "others": values_of(text, "self_signed.others"),
    }


def read_own_files(text):
    """Return what there is to compare of files: by their paths, as plugin_utils/_unchanged.py takes it."""
    sums = dict(reversed(line.split("  ", 1)) for line in values_of(text, "sum"))
    lines = [line.split(" ", 3) for line in values_of(text, "file")]
    return {path: {"sum": sums.get(path), "owner": owner, "group": group, "mode": mode.zfill(4)} for mode, owner, group, path in lines}


def read_look(text, v):
    """Return what files/look.sh has found."""
    others = listeners(text, v["exim_interfaces"])
    return {
        # A daemon without content scanning is the light one. Blocks do without.
        "missing": "Content_Scanning" not in text and not (v["exim_configuration"] == "blocks" and "Exim version" in text),
        "running": "active,enabled" in values_of(text, "service"),
        "features": " ".join(re.findall(r"(?m)^Support for:(.*)", text)).split(),
        "version": "".join(re.findall(r"(?m)^Exim version (\d[\d.]*)", text)[:1]),
        "package": "".join(values_of(text, "package")),
        "sendmail": "".join(values_of(text, "sendmail")),
        "queue": "".join(values_of(text, "queue")),
        "self_signed": read_self_signed(text, v),
        "files": read_own_files(text),
        "others": others,
        # An instance such as postfix@-.service belongs to the unit that its name begins with.
        "other_services": list(dict.fromkeys(re.sub(r"@.*", ".service", one["unit"]) for one in others if is_service(one))),
        # Somebody else's: what the role's files replace, and that with all else that they deprive of its effect.
        "replaced": values_of(text, "replaced") if v["exim_configuration"] == "whole" else [],
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


def no_exim(found, v):
    if v["exim_configuration"] == "blocks" and found["missing"]:
        yield ("exim_configuration is blocks, but there is no Exim on the host whose configuration could have blocks. Install and configure it first, or set "
               "exim_configuration to whole.")


def enumerate_names(names):
    """Return some of the names, and how many more there are."""
    return ", ".join(names[:MOST_NAMES]) + (" and %d more" % (len(names) - MOST_NAMES) if len(names) > MOST_NAMES else "")


def lost_keys(one, v):
    """Return the aliases, or the domains, in a file that the role's own configuration does not read. /etc/aliases it does read, but for programs."""
    if one["of"] == "domains":
        return [name for name in one["names"] if name.lower() not in v["domains"]]
    names = one["programs"] if one["path"] == SYSTEM_ALIASES else [name for name in one["names"] if name not in one["lists"]]
    return [name for name in names if name.lower() not in v["aliases"]]


def lost(now, v):
    """Return what module exim_info has found that the role's own configuration has no counterpart of, as a part of a sentence."""
    routers = [one["name"] for one in now.get("routers", ()) if one["name"] not in STOCK_ROUTERS]
    named = [re.split(r"\s*[:;]\s*", value or "") for value in now.get("lists", {}).get("domain", {}).values()]
    others = dict.fromkeys(one.strip() for items in named for one in items if kinds.is_domain(one.strip()) and one.strip() not in v["domains"])
    words = ["the %s %s" % (word, enumerate_names(list(names))) for word, names in (("routers", routers), ("domains", others)) if names]
    for one in now.get("files", ()):
        names = lost_keys(one, v)
        words += ["the %s %s (%s)" % ("domains" if one["of"] == "domains" else "aliases", enumerate_names(names), one["path"])] if names else []
    return ", among it " + ", ".join(words[:-1]) + (" and " if words[1:] else "") + words[-1] if words else ""


def other_configuration(found, v):
    if v["exim_configuration"] == "whole" and found["existing"] and not v["exim_replace_configuration"]:
        yield ("exim_replace_configuration is false, but Exim on this host has a configuration that this collection did not write: %s. With the role's own "
               "none of it would have an effect any more%s. Put what you need of it into the inventory, then set exim_replace_configuration to true. What the "
               "role replaces is kept beside it as %s; nothing else is touched. playbooks/undo.yml brings it back."
               % (", ".join(found["existing"]), lost(v["now"], v), " and ".join(path + ".replaced" for path in v["files"])))


def self_signed_of_others(found, v):
    wanted = v["exim_configuration"] == "whole" and v["exim_tls_self_signed"] and not v["exim_tls_certificate"]
    for one in found["self_signed"]["others"] if wanted else ():
        path, dummy, part = one.partition(" ")
        yield ("Others than root can write %s on the way to %s, where the role has the key of Exim's self-signed certificate. Take that from them (chown root, "
               "chmod go-w), or set exim_tls_self_signed to false." % (part, path))


def no_feature(found, v):
    """What a bare host will get is not known."""
    for name, off, feature in (("exim_spf_check", "none", "SPF"), ("exim_dane", False, "DANE")):
        if v[name] != off and not found["missing"] and feature not in found["features"]:
            yield ("%s is %s, but Exim %s on this host is built without %s. Set it to %s."
                   % (name, str(v[name]).lower(), found["version"], feature, str(off).lower()))


def faults_of_exim(found, v):
    """Yield in words the known faults that the installed Exim has."""
    if found["version"]:
        yield from applying(advisories(), found["version"], found["package"], v["distribution"], v["release"])


def known_faults(found, v):
    if v["exim_known_faults"] == "fail":
        for one in faults_of_exim(found, v):
            yield "exim_known_faults is fail, and Exim on this host has a known fault: %s" % one


def warnings(found, v):
    """Yield what does not stop a run. What an update of the package mends has a line of its own."""
    if v["exim_known_faults"] != "warn":
        return
    all_faults = list(faults_of_exim(found, v))
    for one in all_faults:
        if "Update the package" in one:
            yield "Exim has a known fault: " + one
    others = [one.partition(":")[0] for one in all_faults if "Update the package" not in one]
    if others:
        installed = found["package"] or found["version"]
        yield "Exim %s has known faults that no update is known to mend: %s. verify.yml says more." % (installed, ", ".join(others))


def read_files(text, v):
    """Return what files/look_at_files.sh has found: what the files are, what keeps Exim's user from them, and those that the role gives to Exim's group."""
    files = dict(line.split("|", 1) for line in text.splitlines() if "|" in line and not line.startswith(("closed=", "others=")))
    secrets = list(dict.fromkeys(v[name] for name in SECRETS if v.get(name)))
    unshared = [path for path in secrets if re.search(r": root [46][04]0\Z", files.get(path, ""))]
    return {
        "files": files, "closed": values_of(text, "closed"), "unshared": unshared, "others": values_of(text, "others"),
        "pair": "".join(values_of(text, "pair")), "foreign": values_of(text, "foreign"),
        "days": days_left("".join(values_of(text, "now")), "".join(values_of(text, "expires"))),
    }


def files_that_are_not_there(found, v):
    for name, path in v.items():
        if name not in SOCKETS and "regular file:" not in found["files"].get(path, ""):
            yield ("%s=%s is not on the host. Put the file there first, or empty the variable%s."
                   % (name, path, " and its partner" if "tls" in name else ""))


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


def files_of_others(found, dummy):
    for one in found["others"]:
        variable, dummy, part = one.rpartition(" ")
        yield ("%s: others than root can write %s on the way there, and the role is to give the file to Exim's group. Take that from them (chown root, chmod "
               "go-w)." % (variable, part))


def named(name, v):
    return "%s=%s" % (name, v.get(name, ""))


def certificate_and_key(found, v):
    yield from faults_of_pair(found["pair"], named("exim_tls_certificate", v), named("exim_tls_privatekey", v), "Exim")


def expired(found, v):
    yield from faults_of_days(found["days"], named("exim_tls_certificate", v))


def name_of_certificate(found, v):
    for host in found["foreign"]:
        yield ("%s is not for %s. Have one made that has this name, too, or set exim_primary_hostname to a name that it has."
               % (named("exim_tls_certificate", v), host))


RULES = (no_service, other_mail_server, no_exim, other_configuration, self_signed_of_others, no_feature, known_faults)
RULES_OF_FILES = (
    files_that_are_not_there, secrets_for_everybody, no_sockets, closed_files, files_of_others, certificate_and_key, expired, name_of_certificate,
)
