# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking over the lists of a Mailman of others: what each of them is to be called here, in which domain, and why it cannot come."""

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._kinds import list_name

SITE_LIST = "mailman"
# What becomes of a list.
COMES, CAME, STAYS = "comes", "came before", "is left out"


def short_name(name, email_host):
    """Return a list's name without the domain that cPanel adds to it, as in announce_example.org."""
    ending = "_" + email_host.lower()
    return name[: -len(ending)] if email_host and name.endswith(ending) and name != ending else name


def rename(one, short_names, domains, lists):
    """Return a list that was found with what it is to be here: new_name, email_host and url_host, and whether it is left_out."""
    own = lists.get(one["name"], {})
    domain = domains.get(one["email_host"].lower(), {})
    wanted = {
        "new_name": own.get("new_name") or (short_name(one["name"], one["email_host"]) if short_names else one["name"]),
        "email_host": own.get("email_host") or domain.get("email_host") or one["email_host"].lower(),
        "url_host": own.get("url_host") or domain.get("url_host") or one["url_host"].lower(),
    }
    # Each Mailman has its own, of which nothing but a rule of the inventory says that it is another list.
    site = one["name"] in (SITE_LIST, SITE_LIST + "_" + one["email_host"].lower()) and one["name"] not in lists
    return {
        "name": one["name"], "former_email_host": one["email_host"], "members": one["members"], "held": one["held"], "queued": one["queued"],
        "bytes": one["bytes"], "program": one["program"], "fault": one["fault"], "left_out": site or bool(own.get("leave_out")), **wanted,
    }


def plan(found, here, served, short_names, domains, lists):
    """Return what becomes of each list that was found, and what is wrong with that.

    found and here are what mailman_unpack has said. served are the mail domains of this host; domains and lists are the rules of the inventory.
    """
    by_domain, by_name = {one["domain"].lower(): one for one in domains}, {one["name"]: one for one in lists}
    planned = [rename(one, short_names, by_domain, by_name) for one in found]
    arrived = {one["name"] for one in here if one["arrived"]}
    for one in planned:
        one["state"] = STAYS if one["left_out"] else CAME if one["new_name"] in arrived else COMES
    return planned, list(faults(planned, {one["name"] for one in here} - arrived, served, by_name))


def faults(planned, others, served, rules):
    """Yield why lists cannot come. others are lists here that are none of theirs."""
    for name in sorted(set(rules).difference(one["name"] for one in planned)):
        yield "mailman_takeover_lists has '%s', and there is no list of this name. There are %s." % (
            name, ", ".join(one["name"] for one in planned) or "none")
    coming = [one for one in planned if one["state"] != STAYS]
    advice = "{name: %s, leave_out: true} in mailman_takeover_lists leaves it out."
    for one in coming:
        if one["fault"]:
            yield "The list %s cannot be read (%s). Mend it where it is from. %s" % (one["name"], one["fault"].rstrip("."), advice % one["name"])
            continue
        fault = list_name(one["new_name"])
        if fault:
            yield "The list %s would be called '%s' here%s Give it a new_name in mailman_takeover_lists." % (one["name"], one["new_name"], fault)
        if one["email_host"] not in served:
            yield ("The list %s is in the domain %s, of which this host gets no mail. Say in mailman_takeover_domains which domain becomes of it, or let the "
                   "host have it (mailman_email_host, mailman_shared_domains). This host has %s."
                   % (one["name"], one["email_host"] or "(none)", ", ".join(served)))
        if not one["url_host"]:
            yield "Nothing says which host the web pages of the list %s are on. Give it a url_host in mailman_takeover_lists." % one["name"]
        if one["new_name"] in others:
            yield ("There is a list %s here already, and a takeover overwrites none. Give %s another new_name in mailman_takeover_lists, or remove the list "
                   "that is here (rmlist -a)." % (one["new_name"], one["name"]))
    names = {}
    for one in coming:
        names.setdefault(one["new_name"], []).append(one["name"])
    for name, sources in sorted(names.items()):
        if len(sources) > 1:
            yield "The lists %s would all be called %s here. Give each of them a new_name of its own in mailman_takeover_lists." % (", ".join(sources), name)


def size(number):
    """Return a number of bytes as people say it."""
    if number < 1000:
        return "%d bytes" % number
    factor, unit = next(((factor, unit) for factor, unit in ((10 ** 9, "GB"), (10 ** 6, "MB")) if number >= factor), (1000, "kB"))
    return "%.1f %s" % (number / factor, unit)


def say(planned, left_out):
    """Return what becomes of each list, one a line, and what is not taken."""
    lines = []
    for one in planned:
        has = "%d members, %d held messages, %d in queues, %s" % (one["members"], one["held"], one["queued"], size(one["bytes"]))
        if one["fault"]:
            has = "cannot be read: " + one["fault"]
        goes = "%s@%s %s" % (one["new_name"], one["email_host"], one["state"]) if one["state"] != STAYS else STAYS
        lines.append("%s (%s): %s. %s" % (one["name"], one["former_email_host"] or "no domain", goes, has))
        if one["program"]:
            lines.append("%s: its program extend.py comes under the name extend.py.arrived, which Mailman does not run" % one["name"])
    return lines + ["Not taken: %s" % what for what in left_out]
