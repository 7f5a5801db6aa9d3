# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what worked before works after: what becomes of addresses of the host, with the configuration that it has and with the new one."""

import os
import pwd
import re

from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import EximError
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_address import route_addresses
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_blocks.reading import text_of
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_settings import parse_options
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_smtp import Session

# Of each kind not more than these.
MOST = 50
# A server may refuse all further recipients of a session after some bad ones.
MOST_OF_A_SESSION = 8
# Nobody has it, anywhere.
NOBODY = "exim-mailman-nobody"
OUTSIDE = "someone@example.com"
CLIENTS = ("127.0.0.1", "::1", "198.51.100.1")
SENDERS = ("someone@example.org", "<>")
TIMEOUT = 60
DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+\Z", re.IGNORECASE)
ALIASES = re.compile(r"lsearch\*?(?:\{|;\s*)(/[^\s{}$:;]+)")


def items(value):
    """Return the domains that stand in a list of Exim's as they are."""
    separator = re.match(r"<(\S)", value)
    found = (value[2:] if separator else value).split(separator.group(1) if separator else ":")
    return [item.strip() for item in found if DOMAIN.match(item.strip())]


def users():
    """Return the names of people and of a few accounts of the system."""
    found = [one.pw_name for one in pwd.getpwall() if 1000 <= one.pw_uid < 60000 and re.match(r"[\w.-]+\Z", one.pw_name)]
    return ["root", "postmaster", "daemon"] + sorted(found)[:MOST]


def aliases(configuration):
    """Return local parts from the files of aliases that redirecting routers name."""
    names = []
    for router in configuration.drivers["routers"]:
        if router.options.get("driver") == "redirect":
            for path in filter(os.path.isfile, ALIASES.findall(router.options.get("data") or "")):
                names += re.findall(r"^\"?([\w.+-]+)\"?\s*:", text_of(path) or "", re.MULTILINE)[:MOST]
    return names


def addresses(exim, configuration, given):
    """Return addresses of the host, those of the inventory first."""
    status, out, dummy = exim.run("-bP", "qualify_domain", "primary_hostname")
    own = [value for value in parse_options(out, set()).values() if value]
    # A few domains of each list, whatever it is for.
    others = own[1:] + [domain for key, (value, dummy) in configuration.lists.items() if key[0] == "domain" for domain in items(value)[:5]]
    found = list(given) + ["%s@%s" % (one, domain) for domain in own[:1] for one in users() + aliases(configuration) + [NOBODY]]
    found += ["%s@%s" % (one, domain) for domain in others for one in ("postmaster", "root", NOBODY)]
    return list(dict.fromkeys(found + [OUTSIDE]))


def of_blocks(exim, lists, found):
    """Return those of the addresses whose domains the blocks are about. lists are items of Exim's domain lists, exim is one that has the blocks."""
    domains = sorted(set(address.rpartition("@")[2] for address in found))
    text = "".join("${if match_domain{%s}{%s}{yes}{no}}\n" % (domain, " : ".join(lists)) for domain in domains) if lists else ""
    if not text:
        return set()
    status, out, dummy = exim.run("-be", data=text)
    answers = [line.replace("> ", "").strip() for line in out.splitlines()]
    answers = [line for line in answers if line in ("yes", "no")]
    if len(answers) != len(domains):
        raise EximError("Exim does not say which domains are those of the lists: %s" % out.strip())
    return set(address for address in found if answers[domains.index(address.rpartition("@")[2])] == "yes")


def shown(result):
    """Return what becomes of an address in words that can be compared."""
    routes = ["%s by %s, %s%s" % (route["address"], route["router"] or "no router", route["transport"] or "no transport",
                                  # Exim takes hosts of one preference in any order.
                                  "".join(sorted(" to " + host["name"] for host in route["hosts"])))
              if route["outcome"] == "routed" else "%s %s" % (route["address"], route["outcome"]) for route in result["routes"]]
    return "; ".join(sorted(routes)) or result["outcome"]


def routes(exim, found):
    """Return {what was asked: what became of it} for all addresses."""
    answers = {}
    for host in (None,) + CLIENTS:
        for result in route_addresses(exim, found, "someone@example.org", host):
            answers["%s%s" % (result["address"], " by host " + host if host else "")] = shown(result)
    return answers


def dialogues(exim, found):
    """Return {what was asked: the Reply} for all addresses, from hosts of all kinds."""
    answers = {}
    for client in CLIENTS:
        for sender in SENDERS:
            for start in range(0, len(found), MOST_OF_A_SESSION):
                with Session(exim, client, False, TIMEOUT) as session:
                    session.reply()
                    for command in ["EHLO client.example.com", "MAIL FROM:<%s>" % sender.strip("<>")] + [
                            "RCPT TO:<%s>" % address for address in found[start:start + MOST_OF_A_SESSION]]:
                        session.send(command + "\r\n")
                        answers["%s from %s by host %s" % (command, sender, client)] = session.reply()
    return dict((question, answer) for question, answer in answers.items() if not question.startswith("EHLO"))


def sense(reply):
    """Return what must be the same in two replies: not the greeting of an acceptance, and not times and the numbers of processes and messages."""
    return reply.code, "" if (reply.code or "").startswith("2") else re.sub(r"\d+", "0", reply.text)


def is_somebodys(question, answer, elsewhere):
    """Say whether an address has somebody on the host: it leads to another address, or to a transport that does not send mail elsewhere."""
    asked = question.partition(" ")[0].lower()
    return any(address.lower() != asked or transport not in elsewhere for address, transport in re.findall(r"(\S+) by [^,]+, ([\w-]+)", answer))


def compare(before, after, without, having, configuration, given, lists):
    """Return a line for each address that fares otherwise with the new configuration.

    before and after are Exims, having are those of them that have blocks. without is one that has none and reads configuration. given are addresses, lists are
    domains of the blocks, as in a list of Exim's.
    """
    found = addresses(before, configuration, given)
    ours = set().union(*(of_blocks(exim, lists, found) for exim in having))
    others = [address for address in found if address not in ours]
    was, is_now = routes(before, others), routes(after, others)
    lines = ["%s: %s before, %s now" % (question, answer, is_now[question]) for question, answer in was.items() if is_now[question] != answer]
    # An address of a list's domain may come to be a list's, but not where it is somebody's without lists.
    elsewhere = [one.name for one in configuration.drivers["transports"] if one.options.get("driver") == "smtp"]
    theirs = [address for address in found if address in ours]
    was, is_now = routes(without, theirs), routes(after, theirs)
    lines += ["%s: %s without lists, %s with them" % (question, answer, is_now[question]) for question, answer in was.items()
              if is_now[question] != answer and is_somebodys(question, answer, elsewhere)]
    # Not all of them, in each of the ways in which mail comes in.
    some = [address for address in others if address in given] + [address for address in others if address not in given][:3 * MOST_OF_A_SESSION] + [OUTSIDE]
    some = list(dict.fromkeys(some))
    was, is_now = dialogues(before, some), dialogues(after, some)
    return lines + ["%s: %s before, %s now" % (question, answer, is_now[question]) for question, answer in was.items()
                    if sense(is_now[question]) != sense(answer)]
