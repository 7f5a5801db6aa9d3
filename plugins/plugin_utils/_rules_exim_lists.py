# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role exim_lists asks of its variables and of those of the other two roles that it reads."""

import collections
import re

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _destinations
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _kinds as kinds
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import label, shown

KINDS = {
    "exim_lists_domains": kinds.domain,
    "exim_lists_in_all_domains": kinds.list_name_or_all,
    "exim_lists_mail_exchangers": kinds.host_name,
    "exim_lists_subscriptions_per_hour": kinds.at_least(0, "0 (no limit) or more; 50 is the default"),
    "exim_lists_retry": kinds.retry_rule,
}
# What can be said of a destination.
LIMITS = ("pace", "warm_up", "pause", "connections", "messages_per_connection", "recipients_per_message", "wait")


def domains(v):
    if not v["exim_lists_domains"] and not v["mailman_separate_home"]:
        yield "exim_lists_domains is empty. Set it to the mail domains of the lists."
    if v["exim_lists_domains"] and v["mailman_separate_home"]:
        yield ("exim_lists_domains is %s, but mailman_separate_home is '%s': Exim finds the domains there. Take one of the two out."
               % (shown(v["exim_lists_domains"]), v["mailman_separate_home"]))


def domains_of_mailman(v):
    for domain in v["mailman_shared_domains"].values():
        if domain not in v["exim_lists_domains"]:
            yield ("mailman_shared_domains has %s, which is not in exim_lists_domains: no list there would get mail. Add it, or leave exim_lists_domains at "
                   "its default." % shown(domain))


def domains_of_lists(v):
    if not v["mailman_shared_domains"]:
        return
    for number, one in enumerate(v["mailman_lists"], 1):
        if "email_host" in one and one["email_host"] not in v["exim_lists_domains"]:
            yield ("%s has email_host %s, which is none of the domains %s. Correct it, or add the domain and its web host to mailman_shared_domains."
                   % (label("mailman_lists", number, one), shown(one["email_host"]), ", ".join(v["exim_lists_domains"])))


def sessions(v):
    """What Mailman sends at most in one SMTP connection, wherever the inventory says it, and what Exim delivers at once of it."""
    found = v["mailman_settings"].get("SMTP_MAX_SESSIONS_PER_CONNECTION", v["mailman_smtp_max_sessions_per_connection"])
    limit = v["exim_smtp_accept_queue_per_connection"]
    if isinstance(found, int) and (found < 1 or 0 < limit < found):
        yield ("mailman_smtp_max_sessions_per_connection (SMTP_MAX_SESSIONS_PER_CONNECTION) is %d and exim_smtp_accept_queue_per_connection is %d. "
               "Exim queues, "
               "and so delays, what comes beyond its limit in one connection, and 0 is no limit for Mailman. Set Mailman's to 1 or more and at most Exim's; 30 "
               "and 30 are the defaults." % (found, limit))


def loopback(v):
    if v["exim_interfaces"] and not {"127.0.0.1", "0.0.0.0", "::"}.intersection(v["exim_interfaces"]):
        yield ("exim_interfaces is %s: without 127.0.0.1 Mailman cannot hand its mail to Exim. Add it." % shown(v["exim_interfaces"]))


def port_of_mailman(v):
    port = v["mailman_settings"].get("SMTPPORT", 0) or 25
    if port not in v["exim_ports"]:
        yield ("exim_ports is %s: Mailman hands its mail to port %s. Add that port, or set mailman_settings.SMTPPORT to one of these."
               % (shown(v["exim_ports"]), shown(port)))


def taking_out(v):
    if v["exim_lists_state"] == "absent" and v["exim_configuration"] != "blocks":
        yield ("exim_lists_state is absent, but exim_configuration is %s: there are no blocks to take out. Set exim_configuration to blocks; "
               "playbooks/undo.yml brings back what a whole configuration replaced." % v["exim_configuration"])


def one_click(v):
    """Exim writes the link into each member's copy, and signs it. The machine of separate domains has no list domains of its own."""
    if not v["mailman_web_one_click"]:
        return
    if v["exim_configuration"] == "blocks":
        yield ("mailman_web_one_click is true, but exim_configuration is blocks: an Exim that somebody else configured does not sign the links. Set "
               "mailman_web_one_click to false.")
    elif v["mailman_verp"] != "exim" and v["exim_lists_domains"]:
        yield ("mailman_web_one_click is true, but mailman_verp is '%s': only the copies that Exim makes for each member have a link of the member's own. Set "
               "mailman_verp to exim, or mailman_web_one_click to false." % v["mailman_verp"])


def one_click_is_signed(v):
    missing = [domain for domain in v["exim_lists_domains"] if domain not in v["exim_dkim_domains"]]
    if v["mailman_web_one_click"] and missing:
        yield ("mailman_web_one_click is true, but exim_dkim_domains%s does not have %s: receivers accept no link without a DKIM signature. Add the list "
               "domains, publish their keys (playbooks/dns.yml), or set mailman_web_one_click to false."
               % (" of the machine" if v["mailman_separate_home"] else "", " and ".join(missing)))


def destinations(v):
    """What is said of one destination."""
    for number, one in enumerate(v["exim_lists_destinations"], 1):
        where = label("exim_lists_destinations", number, one)
        if not re.match(r"[a-z][a-z0-9_]{0,30}\Z", one["name"]):
            yield "%s has this name, which Exim could not use. Begin with a letter, and write lower-case letters, digits and underscores." % where
        if not one.get("domains") and not one.get("mx_hosts"):
            yield "%s has no domains and no mx_hosts, so no mail is for it. Add domains, or take it out." % where
        for key in ("domains", "mx_hosts"):
            for name in one.get(key) or ():
                fault = kinds.domain(name)
                if fault and (key, name) != ("domains", _destinations.ALL_OTHERS):
                    yield "%s has %s in %s%s" % (where, shown(name), key, fault)
        if not set(one).intersection(LIMITS):
            yield "%s limits nothing. Add one of %s, or take it out." % (where, ", ".join(LIMITS))
        pace = _destinations.parse_pace(one.get("pace", "1/1m"))
        if not pace or not pace[0] or not pace[1]:
            yield ("%s has pace %s, which is none. Write a number of messages, more than 0, and a time of Exim's, as in 20/1m. For no limit take it out."
                   % (where, shown(one["pace"])))
        for key in ("recipients_per_message", "messages_per_connection", "connections"):
            if one.get(key, 1) < 1:
                yield "%s has %s %d. Set it to 1 or more, or take it out for no limit of its own." % (where, key, one[key])
        for key in ("wait", "longest_wait"):
            if key in one and kinds.interval(one[key]):
                yield "%s has %s %s%s" % (where, key, shown(one[key]), kinds.interval(one[key]))


def warm_ups(v):
    """Numbers that grow from day to day."""
    for number, one in enumerate(v["exim_lists_destinations"], 1):
        if not one.get("warm_up"):
            continue
        where, given = label("exim_lists_destinations", number, one), one["warm_up"]
        if _destinations.parse_day(given["from"]) is None:
            yield "%s has warm_up from %s, which is no day. Write year, month and day, as in 2026-12-01." % (where, shown(str(given["from"])))
        if given["messages"] < 1:
            yield "%s has warm_up with %d messages: nothing would leave on the first day. Set messages to 1 or more." % (where, given["messages"])
        if not 1 < given["growth"] <= 10:
            yield ("%s has warm_up with growth %s: a day's number is multiplied by it for the next. Set growth to more than 1, as in 1.5, and to 10 at most."
                   % (where, given["growth"]))
        elif given["messages"] > 0 and given["until"] <= given["messages"]:
            yield ("%s has warm_up with %d messages until %d: it ends before it begins. Set until to more than messages, or take warm_up out."
                   % (where, given["messages"], given["until"]))
        elif given["messages"] > 0 and len(_destinations.numbers_of_days(given["messages"], given["growth"], given["until"])) > _destinations.LONGEST_WARM_UP:
            yield ("%s has warm_up with %d messages, growth %s, until %d: that takes more than %d days. Set growth to more, or until to less."
                   % (where, given["messages"], given["growth"], given["until"], _destinations.LONGEST_WARM_UP))


def pauses(v):
    """What makes all mail to a destination wait."""
    for number, one in enumerate(v["exim_lists_destinations"], 1):
        where = label("exim_lists_destinations", number, one)
        if "pause" in one and kinds.interval(one["pause"]):
            yield "%s has pause %s%s" % (where, shown(one["pause"]), kinds.interval(one["pause"]))
        if bool(one.get("pause")) != bool(one.get("refusal_texts")):
            yield ("%s has %s alone. Set both: refusal_texts are parts of replies after which all list mail there waits, and pause is for how long."
                   % (where, "pause" if one.get("pause") else "refusal_texts"))
        for text in one.get("refusal_texts") or ():
            if not re.match(r"[A-Za-z0-9.,:;()'/_@+=%-][A-Za-z0-9 .,:;()'/_@+=%-]{1,98}[A-Za-z0-9.,:;()'/_@+=%-]\Z", text):
                yield ("%s has %s in refusal_texts. Write 3 to 100 letters, digits, spaces and punctuation marks of the reply, such as its code 4.7.28."
                       % (where, shown(text)))


def waits_of_destinations(v):
    """How long refused mail waits."""
    end = _destinations.end_of_rule(v["exim_lists_retry"])
    for number, one in enumerate(v["exim_lists_destinations"], 1):
        where = label("exim_lists_destinations", number, one)
        first, longest = _destinations.parse_time(one.get("wait", "")), _destinations.parse_time(one.get("longest_wait", ""))
        if "longest_wait" in one and "wait" not in one:
            yield "%s has longest_wait but no wait. Add how long Exim waits at first, or take it out." % where
        elif first and longest and longest < first:
            yield "%s has wait %s and longest_wait %s. Set the second to no less than the first." % (where, one["wait"], one["longest_wait"])
        elif first and not end:
            yield ("%s has wait %s, but exim_lists_retry is %s: it cannot be told when Exim gives up. Write its last part as in F,4d,6h."
                   % (where, one["wait"], shown(v["exim_lists_retry"])))
        elif first and max(first, longest or 0) >= end:
            yield ("%s has waits of up to %s, but by exim_lists_retry Exim gives up after %s. Set longest_wait to less."
                   % (where, _destinations.show_time(max(first, longest or 0)), _destinations.show_time(end)))


def one_destination_each(v):
    """Two rules for one destination."""
    names, domains, hosts = {}, {}, {}
    for number, one in enumerate(v["exim_lists_destinations"], 1):
        where = label("exim_lists_destinations", number, one)
        if names.setdefault(one["name"], number) != number:
            yield "%s has the name of entry %d. Give it another one." % (where, names[one["name"]])
        for name in one.get("domains") or ():
            if domains.setdefault(name, number) != number:
                yield "%s has %s in domains, as entry %d has. Take it from one of them." % (where, shown(name), domains[name])
        for name in one.get("mx_hosts") or ():
            for other, entry in hosts.items():
                if entry != number and (("." + name).endswith("." + other) or ("." + other).endswith("." + name)):
                    yield ("%s has %s in mx_hosts, and entry %d has %s: both are for the same hosts. Take it from one of them."
                           % (where, shown(name), entry, shown(other)))
            hosts.setdefault(name, number)


def all_other_destinations(v):
    """The one for all domains that no destination before it takes."""
    given = v["exim_lists_destinations"]
    for number, one in enumerate(given, 1):
        if not _destinations.is_for_all_others(one):
            continue
        where = label("exim_lists_destinations", number, one)
        if len(one["domains"]) > 1:
            yield ("%s has '*' in domains beside others. It is for all domains that no entry before it takes: have it alone, and the others in an entry before."
                   % where)
        if one.get("mx_hosts"):
            yield "%s has '*' in domains and also mx_hosts, whose domains it takes anyway. Take mx_hosts out, or have them in an entry before." % where
        # Two of them are said elsewhere.
        if number < len(given) and not any(_destinations.is_for_all_others(other) for other in given[number:]):
            yield "%s has '*' in domains, so no mail is for the entries after it. Put it last." % where


def destinations_that_exim_reaches(v):
    if not v["exim_lists_destinations"]:
        return
    if v["exim_configuration"] == "blocks":
        yield ("exim_lists_destinations is set, but exim_configuration is blocks: in a configuration that somebody else wrote it has no effect. Take it out.")
    elif v["exim_smarthost"]:
        yield ("exim_lists_destinations is set, but exim_smarthost is '%s': this host sends to nobody else, and the relay decides about the pace. Take the "
               "first out, and have it on the relay." % v["exim_smarthost"])


def recipients_of_copies(v):
    for number, one in enumerate(v["exim_lists_destinations"], 1):
        if "recipients_per_message" in one and v["mailman_verp"] == "exim":
            yield ("%s has recipients_per_message %d, but mailman_verp is exim: each copy has one recipient. Take it out, or set mailman_verp to none."
                   % (label("exim_lists_destinations", number, one), one["recipients_per_message"]))


def queue_runs_at_that_pace(v):
    """What waits for its turn leaves with the next queue run."""
    interval = _destinations.parse_time(v["exim_queue_interval"])
    for number, one in enumerate(v["exim_lists_destinations"], 1):
        pace = _destinations.parse_pace(one.get("pace", ""))
        if pace and pace[0] and pace[1] and not (interval and interval <= pace[1]):
            yield ("%s has pace %s, but exim_queue_interval is '%s'. What waits leaves with a queue run, so these must be as often: set it to %s, or write the "
                   "pace for a longer time." % (label("exim_lists_destinations", number, one), one["pace"], v["exim_queue_interval"],
                                                _destinations.show_time(min(60, pace[1]))))


def members_there(v, chosen):
    """Yield each list of the inventory with each of these destinations, and how many of its members are there."""
    named = {domain for one in v["exim_lists_destinations"] for domain in one.get("domains") or ()}
    named.update(v["exim_lists_domains"], v["exim_local_domains"], v["exim_relay_routes"])
    for place, found in enumerate(v["mailman_lists"], 1):
        domains = collections.Counter(address_of(member).rpartition("@")[2].lower() for member in found.get("members") or ())
        for destination in chosen:
            there = set(domains) - named if _destinations.is_for_all_others(destination[1]) else destination[1].get("domains") or ()
            yield place, found, destination, sum(domains[domain] for domain in there)


def members_at_that_pace(v):
    """A post must have left before Exim gives up, as far as the inventory says who is on the lists."""
    end, interval = _destinations.end_of_rule(v["exim_lists_retry"]), _destinations.parse_time(v["exim_queue_interval"])
    paces = [(number, one, _destinations.parse_pace(one.get("pace", ""))) for number, one in enumerate(v["exim_lists_destinations"], 1)]
    paces = [(number, one, *pace) for number, one, pace in paces if pace and pace[0]]
    if not (end and interval and paces):
        return
    for place, found, (number, one, most, period), members in members_there(v, paces):
        needed = _destinations.seconds_to_send(members, most, max(period, interval))
        if needed >= end:
            yield ("%s has pace %s, and %s has %d members there: one post takes %s, but by exim_lists_retry Exim gives up after %s. Set a faster pace, "
                   "or have Exim try for longer." % (label("exim_lists_destinations", number, one), one["pace"], label("mailman_lists", place, found),
                                                     members, _destinations.show_time(needed), _destinations.show_time(end)))


def members_while_it_warms_up(v):
    """The same, with the numbers of today and of the days after it."""
    end = _destinations.end_of_rule(v["exim_lists_retry"])
    growing = [(number, one, one["warm_up"]) for number, one in enumerate(v["exim_lists_destinations"], 1) if one.get("warm_up")]
    growing = [(number, one, _destinations.days_left(given)) for number, one, given in growing if _destinations.is_warm_up(given)]
    growing = [(number, one, days) for number, one, days in growing if days]
    if not (end and growing):
        return
    for place, found, (number, one, days), members in members_there(v, growing):
        needed = _destinations.days_to_send(members, days) * _destinations.DAY
        if needed >= end:
            yield ("%s warms up with %d messages a day, and %s has %d members there: one post takes %s, but by exim_lists_retry Exim gives up after %s. "
                   "Set messages or growth to more, or have Exim try for longer."
                   % (label("exim_lists_destinations", number, one), days[0], label("mailman_lists", place, found), members,
                      _destinations.show_time(needed), _destinations.show_time(end)))


def address_of(member):
    """Return the address of a member, who may be a mapping with more."""
    return str(member.get("address", "") if isinstance(member, dict) else member)


RULES = (destinations, warm_ups, pauses, waits_of_destinations, one_destination_each, all_other_destinations, destinations_that_exim_reaches,
         recipients_of_copies, queue_runs_at_that_pace, members_at_that_pace, members_while_it_warms_up, one_click, one_click_is_signed, taking_out, domains,
         domains_of_mailman, domains_of_lists, sessions, loopback, port_of_mailman)
