# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role mailman_takeover asks of its variables: the kind of each, and rules across several. A rule yields faults."""

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _kinds as kinds
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import label

KINDS = {
    "mailman_takeover_files": kinds.line,
    "mailman_takeover_files_on_host": kinds.path,
    # Whether there is such a host, the role's first tasks know.
    "mailman_takeover_from": kinds.anything,
    "mailman_takeover_directory": kinds.path,
    "mailman_takeover_services": kinds.unit,
}
SOURCES = ("mailman_takeover_files", "mailman_takeover_files_on_host", "mailman_takeover_from")


def one_source(v):
    named = [name for name in SOURCES if v[name]]
    if len(named) != 1:
        yield ("%s. Set one of %s to say where the lists are." % (
            "%s are set" % " and ".join(named) if named else "Nothing says where the lists are", ", ".join(SOURCES)))


def of_a_host(v):
    for name in ("mailman_takeover_directory", "mailman_takeover_freeze"):
        if v[name] and not v["mailman_takeover_from"]:
            yield "%s is set without mailman_takeover_from: there is no old host that it is about. Leave it out." % name


def one_mailman(v):
    if v["mailman_separate_home"]:
        yield ("mailman_separate_home is set, but lists are taken over only into a Mailman of all domains. Take them over there, and move their domain with "
               "move_domain.yml.")


def domains(v):
    named = set()
    for number, one in enumerate(v["mailman_takeover_domains"]):
        where = label("mailman_takeover_domains", number, {"name": one["domain"]}).rstrip(",")
        for key, kind in (("domain", kinds.host_name), ("email_host", kinds.domain), ("url_host", kinds.domain)):
            fault = one.get(key) and kind(one[key])
            if fault:
                yield "%s: %s is '%s'%s" % (where, key, one[key], fault)
        if one["domain"].lower() in named:
            yield "%s: there is a rule for %s already. Leave one of them out." % (where, one["domain"])
        if not (one.get("email_host") or one.get("url_host")):
            yield "%s: nothing says what becomes of %s. Give it email_host or url_host." % (where, one["domain"])
        named.add(one["domain"].lower())


def lists(v):
    named = set()
    for number, one in enumerate(v["mailman_takeover_lists"]):
        where = label("mailman_takeover_lists", number, one).rstrip(",")
        for key, kind in (("new_name", kinds.list_name), ("email_host", kinds.domain), ("url_host", kinds.domain)):
            fault = one.get(key) and kind(one[key])
            if fault:
                yield "%s: %s is '%s'%s" % (where, key, one[key], fault)
        if one["name"] in named:
            yield "%s: there is a rule for %s already. Leave one of them out." % (where, one["name"])
        named.add(one["name"])


RULES = (one_source, of_a_host, one_mailman, domains, lists)
