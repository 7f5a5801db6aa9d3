# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moving a domain's lists from one Mailman to another: where they are, what moves, and whether it can."""

import re

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _renamed
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._roles import for_verification, load

# What mailman_info says of a domain in the file of frozen domains.
ARRIVING, LEFT = "arriving", "left"
# For what is made besides the lists: Mailman itself.
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


def plan(domain, url_host, web, moving, source, target, copied):
    """Return what moves, and what is wrong with that.

    web says whether the domain has web pages, and moving are the domains of the whole run. source is what the function of that name says, and target says the
    same of the new place, with the machine and the home of all domains on it. Both have what mailman_transfer_look says. copied is what mailman_export
    has said of the lists when it copied them, if it did.
    """
    there = source["look"]["lists"]
    names = [one["name"] for one in there if source["separate"] or (one["email_host"] == domain and one["name"] != "mailman")]
    left = source["look"]["frozen"].get(domain) == LEFT
    arriving = target["look"]["frozen"].get(domain) == ARRIVING
    # Domains that stay in a shared Mailman. Its site list is none of them.
    others = sorted({one["email_host"] for one in there if one["name"] != "mailman"}.difference(moving))
    found = {
        "names": names,
        "addresses": [name + suffix + "@" + domain for name in names for suffix in ("", "-bounces+luser=example.com", "-request")],
        "arriving": [{"name": name, "email_host": domain, "url_host": url_host} for name in names],
        "others": others,
        # Whether the old Mailman has something to do when these lists are gone.
        "stay": not source["separate"] and (bool(others) or not source["same_machine"]),
        "bytes": MARGIN + sum(one["bytes"] for one in there if one["name"] in names),
        "exim_finds": target["home"] + "/domains" in target["look"]["exim"],
        "left": left,
        "done": left and not names and not arriving,
    }
    found.update(announcement=announcement(domain, source, target, found), remaining=remaining(domain, web, source, target, found))
    if copied is not None:
        return found, list(changes(source, copied))
    return found, list(faults(domain, source, target, arriving, found))


def announcement(domain, source, target, found):
    """Return what the move is about to do."""
    if found["done"]:
        return "%s was moved from %s before. There is nothing to do." % (domain, source["host"])
    return "%s: from %s, %s, to %s, %s" % (
        ", ".join(found["names"]) or "The rest of " + domain, source["host"], source["prefix"], target["machine"], target["prefix"])


def remaining(domain, web, source, target, found):
    """Return what is left for a person to do when the move is done."""
    said = ["%s is in %s on %s." % (domain, target["prefix"], target["machine"])]
    if not found["exim_finds"]:
        said.append("Exim here still looks elsewhere: take exim_lists_domains out for %s, set mailman_separate_home, and run site.yml. Until then mail waits."
                    % source["host"])
    elif source["separate"]:
        said.append("Mail that still comes to %s waits. When the MX record names the new machine, end the domain there with remove_domain.yml."
                    % source["host"])
    else:
        said.append("Mail that still comes to %s waits. When the MX record names the new machine, take the domain out of exim_lists_domains there and run "
                    "site.yml: Exim then sends what waits in its queue to the new one." % source["host"])
    if web:
        said.append("Run site.yml for the domain, which sets up its web pages.")
    return " ".join(said)


def changes(source, copied):
    """Yield what is wrong when lists are others now than when they were copied."""
    states = [one["state"] for one in source["look"]["lists"]]
    changed = [one["name"] for one in copied if one["state"] not in states]
    if changed:
        yield "These lists were changed on %s while they were copied: %s" % (source["host"], ", ".join(changed))


def faults(domain, source, target, arriving, found):
    """Yield why the lists cannot be moved."""
    host, machine = source["host"], target["machine"]
    if not source["look"]["installed"]:
        yield "move_from is %s, but there is no Mailman in %s. Set move_from to the host that %s is on now." % (host, source["prefix"], domain)
        return
    # Nobody knows whose they are.
    for one in source["look"]["lists"]:
        if one["fault"]:
            yield "The list %s on %s cannot be read (%s): mend or remove it." % (one["name"], host, one["fault"])
    if not found["names"] and not found["left"]:
        yield "%s has no lists in %s on %s (move_from). Set move_from to the host that the domain is on now." % (domain, source["prefix"], host)
    clash = [one["name"] for one in target["look"]["lists"] if one["name"] in found["names"]]
    if clash and not arriving:
        yield ("%s has %s on %s already, and move_domain.yml overwrites no lists. Take them away with rmlist, or all of the domain there with "
               "remove_domain.yml." % (domain, ", ".join(clash), machine))
    if source["frozen_file"] not in source["look"]["exim"]:
        yield ("Exim on %s cannot make mail wait: it has no mailman_frozen_router that looks into %s. Run site.yml for this host first."
               % (host, source["frozen_file"]))
    if not source["same_machine"] and not (found["exim_finds"] and target["frozen_file"] in target["look"]["exim"]):
        yield ("Exim on %s does not look for domains in %s/domains, and not into %s for those whose mail is to wait. Set mailman_separate_home for its host of "
               "the group list_hosts, and run site.yml for it first." % (machine, target["home"], target["frozen_file"]))
    if source["same_machine"] and not found["exim_finds"] and found["others"]:
        yield ("%s has lists of %s in the same Mailman. Exim finds lists there or in %s, not in both: name all these domains in move_domain."
               % (host, ", ".join(found["others"]), target["home"]))
    for name, disks in ((machine, target["look"]["disks"]), (host, source["look"]["disks"])):
        free = min([int(line) for line in disks if re.match(r" *[0-9]+ *\Z", line)], default=0)
        if free < found["bytes"] and not found["left"]:
            yield ("%s needs %d MB, and %s has %d MB free in /var/tmp or where lists are. Make room."
                   % (domain, found["bytes"] // 1000000, name, free // 1000000))
