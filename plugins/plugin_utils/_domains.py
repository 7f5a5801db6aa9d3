# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the roles would change nothing for a virtual domain, by a look at its machine that many domains have in common."""

import json

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._controller import Variables
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._conversation import converse
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._reading import all_options, is_plain, untrusted
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import Faulty
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._wanted import OURS, InDoubt, Wanted, task_with, tried

LIMIT = "smtp_accept_queue_per_connection"
# What ansible-core itself sets, which says nothing of how a host is reached.
NO_LOGIN = ("ansible_facts", "ansible_local")


def login(templar, host, hostvars):
    """Return how Ansible gets to a host, in a form that can be compared."""
    said = hostvars.raw_get(host)
    names = sorted(name for name in said if name.startswith("ansible_") and name not in NO_LOGIN)
    meant = Variables(templar, dict(said, hostvars=hostvars))
    values = [(name, said[name] if is_plain(said[name]) else meant[name]) for name in names]
    return json.dumps([said.get("ansible_host") and meant["ansible_host"] or host, values], default=str)


def machines(templar, hosts, hostvars):
    """Return each host with the first of those that are on the same machine and that are reached in the same way."""
    firsts, found = {}, {}
    for host in hosts:
        try:
            key = login(templar, host, hostvars)
        except Faulty:
            # It fails by itself.
            key = host
        found[host] = firsts.setdefault(key, host)
    return found


def of_the_play(variables, said):
    """Return the roles' variables that a play has set for all of its hosts, for example by import_playbook. No host's own variables tell of them."""
    missing = object()
    return [name for name in all_options() if variables.get(name, missing) != said.get(name, missing)]


class Domain(Wanted):
    """A virtual domain, which has a Mailman of its own."""

    roles, reserved = ("mailman", "mailman_web", "exim_lists"), (*Wanted.reserved, "checked_values")

    def __init__(self, loader, host, hostvars, facts):
        super().__init__(loader, host, hostvars.raw_get(host), hostvars, facts)
        self.check(["mailman", "mailman_web"], self.said, self.variables)

    def request(self):
        """Return what module machine_look is to look at, as its option domains takes it."""
        self.domain = self.value("mailman_email_host")
        if self.value("__mailman_method") != "archive" or not self.value("mailman_separate_home"):
            raise InDoubt("it is no virtual domain")
        self.variables.update(__mailman_web_domain=untrusted(self.domain), exim_lists_domains=[self.domain])
        request = self.request_mailman()
        # A domain whose mail waits is left to the roles.
        for test in self.mean(self.variables["__exim_lists_thawed_tests"]["address_tests"], "exim_lists"):
            request["addresses"].extend(test["addresses"])
        if self.typed["mailman_web"]:
            self.request_web(request)
        return request

    def compare(self, found, exim):
        """Raise InDoubt with what differs."""
        info = found["mailman"]
        self.compare_installation(info)
        if self.domain in info["frozen"]:
            raise InDoubt("mail waits")
        if self.typed["mailman_web"]:
            self.compare_web(found)
        self.compare_mailman(info)
        self.compare_exim(found, exim)

    def compare_exim(self, found, exim):
        if not found["routed"] or LIMIT not in exim.get("options", ()):
            raise InDoubt("Exim does not find the domain")
        self.variables["__exim_lists_exim"] = untrusted(exim)
        known = {name: self.mean(value, "exim_lists") for name, value in task_with("exim_lists", "preflight_domain", OURS + "role_values")["vars"].items()}
        self.check(["virtual_domain"], dict(self.said, **known), dict(self.variables, **known))


class Domains:
    """The virtual domains of a machine. Templates take most of the time, so the domains are shared out among the processors."""

    def __init__(self, loader, hosts, hostvars, facts):
        self.hosts = hosts
        self.start = lambda host: Domain(loader, host, hostvars, facts)
        self.doubts = {}

    def begin(self, host):
        domain = self.start(host)
        return domain, domain.request()

    def talk(self, host):
        """Yield what is to be looked at of a domain, and return the doubt that there is then; an empty one if the roles would change nothing."""
        begun, doubt = tried(self.begin, host)
        if not begun:
            return doubt
        domain, request = begun
        found = yield request
        if not found:
            return "it could not be looked at"
        return tried(lambda dummy: domain.compare(*found), host)[1]

    def unchanged(self, look, tell):
        """Return the hosts for which the roles would change nothing.

        look() gets what is to be looked at of all domains, and returns what it found of each, and of Exim. tell() is told for how many that is known, and how
        many are compared.
        """

        def answer(requests):
            found, exim = look(list(requests.values()))
            return {host: (of_domain, exim) for host, of_domain in found.items()}

        said = converse(self.talk, self.hosts, answer, tell)
        for host in self.hosts:
            doubt = said.get(host)
            if doubt != "":
                self.doubts[host] = doubt or "its wanted state could not be worked out"
        return [host for host in self.hosts if host not in self.doubts]
