# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moving a domain's lists from one Mailman to another: where they are, what moves, whether it can, and whether the copies are the same."""

import re

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _renamed
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._roles import for_verification, load

# What mailman_info says of a domain in the file of frozen domains.
ARRIVING, LEFT = "arriving", "left"
# For what is made besides the archives: lists, messages, and Mailman itself.
MARGIN = 10000000


def machine_of(name, variables):
    """Return the machine that a host of the inventory is on."""
    return variables.get("ansible_host", name)


def faults_of_hosts(host, name, groups, hostvars):
    """Yield what is wrong with a host of the inventory and the one, called name, that its lists are on."""
    if host not in groups.get("list_domains", ()):
        yield "%s is not in the group list_domains: only a domain's own host says where the domain is to be. Name one of that group." % host
    if name not in hostvars:
        yield "mailman_transfer_from (move_from) is '%s', which is no host of the inventory. Set it to the host that the domain is on now." % name
    elif not hostvars[name].get("ansible_facts"):
        yield "Nothing is known of %s (mailman_transfer_from, move_from). See that Ansible reaches it, and have a play gather facts there first." % name


def source(domain, host, name, hostvars):
    """Return where the domain's lists are now: in a Mailman of its own on the host called name, or in the one that is all domains' there."""
    variables = hostvars[name]
    same_machine = machine_of(name, variables) == machine_of(host, hostvars[host])
    home = "" if same_machine else _renamed.get(variables, "mailman_separate_home") or ""
    found = {"host": name, "same_machine": same_machine, "separate": bool(home)}
    # As role mailman has them.
    if home:
        found.update(prefix="%s/%s/mailman" % (home, domain), unit="mailman@" + domain, frozen_file=home + "/frozen")
    else:
        prefix = variables.get("mailman_prefix") or for_verification(variables["ansible_facts"])["mailman_prefix"]
        found.update(prefix=prefix, unit="mailman", frozen_file=load("mailman", "vars", "main.yml")["__mailman_known"] + "/frozen")
    return found


def plan(domain, url_host, moving, source, target):
    """Return what moves, and what is wrong with that.

    moving are the domains of the whole run. source is what the function of that name says, and of both hosts there are: look, what mailman_info says with its
    contents; exim, what Exim says of domains and frozen domains; disks, what df says of the bytes that are free. target has machine, home (of all domains on
    the machine) and frozen_file, too.
    """
    contents = source["look"].get("contents") or {"lists": [], "directories": {}, "templates": []}
    there = (target["look"].get("contents") or {"lists": []})["lists"]
    lists = [one for one in contents["lists"] if source["separate"] or (one["email_host"] == domain and one["name"] != "mailman")]
    names = [one["name"] for one in lists]
    files = [name for one in lists for name in one["files"]]
    templates = [name for name in contents["templates"] if name in ("templates/site", "templates/" + domain)]
    left = (source["look"].get("frozen") or {}).get(domain) == LEFT
    arriving = (target["look"].get("frozen") or {}).get(domain) == ARRIVING
    found = {
        "lists": lists,
        "names": names,
        "files": files,
        "templates": templates,
        # What a run that did not come to its end has left in the new place.
        "stale": [name for one in there if one["name"] in names for name in one["files"]],
        "addresses": [name + suffix + "@" + domain for name in names for suffix in ("", "-bounces+luser=example.com", "-request")],
        "addressed": [{"name": name, "email_host": domain, "url_host": url_host} for name in names],
        # Domains that stay in a shared Mailman. Its site list is none of them.
        "others": sorted({one["email_host"] for one in contents["lists"] if one["name"] != "mailman"}.difference(moving)),
        "bytes": MARGIN + sum(int(entry[-1]) for one in lists for entry in one.get("archives", ())),
        "exim_finds": target["home"] + "/domains" in target["exim"],
        "left": left,
        "done": left and not names and not arriving,
    }
    return found, list(faults(domain, source, target, contents["lists"], [one["name"] for one in there], arriving, found))


def faults(domain, source, target, there, names_in_target, arriving, found):
    """Yield why the lists cannot be moved."""
    host, machine = source["host"], target["machine"]
    if not source["look"]["installed"]:
        yield "move_from is %s, but there is no Mailman in %s. Set move_from to the host that %s is on now." % (host, source["prefix"], domain)
        return
    # Nobody knows whose they are.
    for one in there:
        if one["fault"]:
            yield "The list %s on %s cannot be read (%s): mend or remove it." % (one["name"], host, one["fault"])
    if not found["names"] and not found["left"]:
        yield "%s has no lists in %s on %s (move_from). Set move_from to the host that the domain is on now." % (domain, source["prefix"], host)
    clash = [name for name in names_in_target if name in found["names"]]
    if clash and not arriving:
        yield ("%s has %s on %s already, and move_domain.yml overwrites no lists. Take them away with rmlist, or all of the domain there with "
               "remove_domain.yml." % (domain, ", ".join(clash), machine))
    if source["frozen_file"] not in source["exim"]:
        yield ("Exim on %s cannot make mail wait: it has no mailman_frozen_router that looks into %s. Run site.yml for this host first."
               % (host, source["frozen_file"]))
    if not source["same_machine"] and not (found["exim_finds"] and target["frozen_file"] in target["exim"]):
        yield ("Exim on %s does not look for domains in %s/domains, and not into %s for those whose mail is to wait. Set mailman_separate_home for its host of "
               "the group list_hosts, and run site.yml for it first." % (machine, target["home"], target["frozen_file"]))
    if source["same_machine"] and not found["exim_finds"] and found["others"]:
        yield ("%s has lists of %s in the same Mailman. Exim finds lists there or in %s, not in both: name all these domains in move_domain."
               % (host, ", ".join(found["others"]), target["home"]))
    for name, disks in ((machine, target["disks"]), (host, source["disks"])):
        free = min([int(line) for line in disks if re.match(r" *[0-9]+ *\Z", line)], default=0)
        if free < found["bytes"] and not found["left"]:
            yield ("%s needs %d MB, and %s has %d MB free in /var/tmp or where lists are. Make room."
                   % (domain, found["bytes"] // 1000000, name, free // 1000000))


def differences(lists, found, same_version):
    """Yield each list and what a second look at it, or at its copy, finds otherwise. Another version of Mailman may read the same settings differently."""
    again = {one["name"]: one for one in found}
    for one in lists:
        other = again.get(one["name"], {})
        for key in ("files", "members", "messages", "archives", "state") + (("settings",) if same_version else ()):
            if one[key] != other.get(key):
                # The rest is long, or a digest.
                values = ": %s, the copy %s" % (one[key], other.get(key, "none")) if key in ("members", "messages", "archives") else ""
                yield "%s (%s%s)" % (one["name"], key, values)
