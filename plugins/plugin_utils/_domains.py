# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the roles would change nothing for a virtual domain, by a look at its machine that many domains have in common.

The wanted state is what the tasks of the roles say, with the variables of the domain's host. Where anything is in doubt the domain counts as changed: then the
roles look at it themselves, and say what is wrong.
"""

import json
import os

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.template import Templar
from ansible_collections.listhost.exim_mailman.plugins.module_utils._in_parallel import in_parallel
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _hosts, _list_files, _roles
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._controller import Variables
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._known import FOR_ROLES
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._reading import all_options, is_plain, reader, trusted, untrusted, with_defaults
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._unchanged import are_same, is_configured
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import Faulty

ROLES = ("mailman", "mailman_web", "exim_lists")
OURS = "listhost.exim_mailman."
LIMIT = "smtp_accept_queue_per_connection"
# In the place of Ansible's own, which is another in each release.
OMITTED = "(omitted by role mailman)"
# What ansible-core itself sets, which says nothing of how a host is reached.
NO_LOGIN = ("ansible_facts", "ansible_local")


class InDoubt(Exception):
    """The roles are to look at this domain themselves. The argument says why."""


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


def task_with(role, tasks, action):
    """Return the first task with an action in a file of a role's tasks, as it stands there."""
    for task in _roles.load(role, "tasks", tasks + ".yml"):
        if action in task:
            return trusted(task)
    raise LookupError("%s: %s.yml has no %s" % (role, tasks, action))


def arguments_of(role, tasks, action):
    return task_with(role, tasks, action)[action]


def without_omitted(arguments):
    return {name: value for name, value in arguments.items() if value != OMITTED}


class Domain:
    """What the roles want of a virtual domain, and whether it is so."""

    def __init__(self, loader, host, hostvars, facts):
        self.loader, self.facts, self.host = loader, facts, host
        self.said = said = hostvars.raw_get(host)
        internal = {}
        for role in ROLES:
            internal.update(_roles.load(role, "vars", "main.yml"))
            internal.update(_roles.platform_values(role, facts))
        own = [name for name in (*internal, *_roles.FACTS, "checked_values", "mailman_contribution") if name in said]
        if own:
            raise InDoubt("the variables of the roles themselves are set: %s" % ", ".join(own))
        self.options = all_options()
        self.variables = with_defaults(said, self.options)
        self.variables.update(trusted(internal), hostvars=hostvars, ansible_facts=untrusted(facts), omit=OMITTED)
        self.check(["mailman", "mailman_web"], said, self.variables)

    def templar(self, variables):
        """Return a new one. In ansible-core 2.16 lookups of a copied one have the variables of the host that the action is for."""
        return Templar(loader=self.loader, variables=variables)

    def check(self, parts, said, variables):
        """Have the values checked as the roles do, each part by itself."""
        read = reader(self.templar(variables), variables, self.options, self.loader)
        typed, faults = {}, []
        for part in parts:
            of_part, found = _roles.check([part], said, read, self.facts)
            typed.update(of_part)
            faults.extend(found)
        if faults:
            raise InDoubt(faults[0])
        # The roles' templates ask for these again and again, so they are no templates here.
        checked = {"typed": typed, "known": FOR_ROLES}
        self.variables.update(checked_values=checked, __mailman_checks=checked, __mailman_web_checks=checked, __exim_lists_checks=checked)
        self.typed = typed

    def mean(self, template, role="mailman"):
        """Return what something in a role means for this domain."""
        place = os.path.realpath(os.path.join(_roles.ROLES, role))
        variables = dict(self.variables, role_path=place, ansible_search_path=[place])
        return self.templar(variables).template(template)

    def value(self, name, role="mailman"):
        return self.mean(self.variables[name], role)

    def is_true(self, name, role="mailman"):
        return boolean(self.value(name, role))

    def request(self):
        """Return what module mailman_domains_look is to look at."""
        self.domain = self.value("mailman_email_host")
        if self.value("__mailman_method") != "archive" or not self.value("mailman_separate_home"):
            raise InDoubt("it is no virtual domain")
        self.variables.update(
            __mailman_compare=True, __mailman_web_domain=untrusted(self.domain), exim_lists_domains=[self.domain],
            # As far as it is known before the look.
            mailman_installation={
                "separate_domain": self.value("__mailman_separate_domain"), "url_hosts": self.value("__mailman_url_hosts"), "frozen": {},
                "prefix": self.value("__mailman_prefix"), "group": self.value("__mailman_group"),
            },
        )
        asked = without_omitted(self.mean(arguments_of("mailman", "discover", OURS + "mailman_info")))
        # As the action plugin of mailman_info does.
        asked["compare_lists"] = _list_files.with_files(asked["compare_lists"], self.loader)
        request = {"name": self.host, "mailman": asked, "links": [], "addresses": [], "command": []}
        # A domain whose mail waits is left to the roles.
        for test in self.mean(self.variables["__exim_lists_thawed_tests"]["address_tests"], "exim_lists"):
            request["addresses"].extend(test["addresses"])
        if self.typed["mailman_web"]:
            self.request_web(request)
        return request

    def request_web(self, request):
        if self.value("mailman_web_server") != "apache" or self.variables.get("listhost_dns_mta_sts", "none") != "none":
            raise InDoubt("its web server has more than pages")
        script = self.mean(trusted("{{ lookup('ansible.builtin.file', 'look.sh') }}"), "mailman_web")
        # The roles ask again when they know more of Mailman.
        self.asked = look, keys = self.asked_for_web()
        request["command"] = ["sh", "-c", "exec < /dev/null\n" + script, "look", *look]
        request["mailman"]["compare_files"] = [*request["mailman"]["compare_files"], self.value("__mailman_web_path", "mailman_web")]
        request["links"] = [one for one in [self.value("__mailman_web_link", "mailman_web")] if one]
        if keys:
            # What is in them depends on what the look finds.
            files = [self.mean(one["path"], "mailman_web") for one in self.variables["__mailman_web_one_click_files"]]
            request["mailman"]["compare_files"].extend(files)
            request["one_click_keys"] = keys

    def asked_for_web(self):
        """Return what role mailman_web asks the host: the arguments of its look, and of the look at the keys for one-click unsubscription, if it has some."""
        keys = None
        if self.typed["mailman_web_one_click"]:
            keys = without_omitted(self.mean(arguments_of("mailman_web", "one_click_keys", OURS + "mailman_one_click_keys"), "mailman_web"))
        return self.look_of_web(), keys

    def look_of_web(self):
        """Return the arguments of role mailman_web's look."""
        for task in _roles.load("mailman_web", "tasks", "look.yml"):
            if "__mailman_web_look_at" in task.get("vars", ()):
                return [str(one) for one in self.mean(trusted(task["vars"]["__mailman_web_look_at"]), "mailman_web")]
        raise LookupError("mailman_web: look.yml does not say what it looks at")

    def compare(self, found, exim):
        """Raise InDoubt with what differs."""
        info = found["mailman"]
        self.variables["__mailman_info"] = untrusted(info)
        self.judge("mailman", info, "mailman", "discover")
        if not info["installed"] or self.is_true("__mailman_must_install") or info["frozen_formerly"] or self.domain in info["frozen"]:
            raise InDoubt("Mailman is to be installed, or mail waits")
        self.variables["mailman_installation"] = untrusted(self.value("__mailman_as_found"))
        if self.typed["mailman_web"]:
            if self.asked != self.asked_for_web():
                raise InDoubt("role mailman_web would look at something else")
            self.compare_web(found)
        self.compare_mailman(info)
        self.compare_exim(found, exim)

    def judge(self, look, text, role, tasks):
        """Return what was found, if nothing is wrong with it."""
        values = self.mean(arguments_of(role, tasks, OURS + "host_faults")["values"], role)
        found, faults = _hosts.check(look, text, values)
        if faults:
            raise InDoubt(faults[0])
        return found

    def compare_mailman(self, info):
        arguments = without_omitted(self.mean(arguments_of("mailman", "configure", OURS + "mailman_config")))
        configuration = info["configuration"]
        if not is_configured(arguments, configuration):
            raise InDoubt("the configuration of Mailman differs")
        self.variables["__mailman_config"] = {"changed": False, "path": untrusted(configuration["path"]), "changed_paths": []}
        if not self.is_true("__mailman_lists_kept"):
            raise InDoubt("the lists differ")
        if info["service_running"] is not True:
            raise InDoubt("the queue runners do not run")

    def compare_web(self, found):
        self.variables["__mailman_web_look"] = untrusted({"stdout": found["said"]})
        self.variables["__mailman_web_host"] = untrusted({"found": self.judge("mailman_web", found["said"], "mailman_web", "look")})
        answers = self.typed["mailman_web_one_click"]
        if self.is_true("__mailman_web_unprepared", "mailman_web"):
            raise InDoubt("the web server is to be prepared")
        if self.value("__mailman_web_one_click_state", "mailman_web") != ("active,enabled" if answers else ""):
            raise InDoubt("what answers one-click unsubscription is to be started or removed")
        if answers:
            if found["one_click_keys"]["pending"]:
                raise InDoubt("the keys for one-click unsubscription differ")
            self.variables["__mailman_web_keys"] = untrusted(found["one_click_keys"])
        self.variables["mailman_contribution"] = self.mean(
            arguments_of("mailman_web", "look", "ansible.builtin.set_fact")["mailman_web_contribution"], "mailman_web"
        )
        wanted = without_omitted(self.mean(arguments_of("mailman_web", "configure", OURS + "apache_config"), "mailman_web"))
        links = {wanted["link"]: wanted["path"]} if "link" in wanted else {}
        if boolean(wanted["reload"]) or boolean(wanted["restart"]) or found["links"] != links or not are_same(
            [wanted, *wanted["files"]], found["mailman"]["configuration"]["files"]
        ):
            raise InDoubt("the configuration of the web server differs")

    def compare_exim(self, found, exim):
        if not found["routed"] or LIMIT not in exim.get("options", ()):
            raise InDoubt("Exim does not find the domain")
        self.variables["__exim_lists_exim"] = untrusted(exim)
        known = {name: self.mean(value, "exim_lists") for name, value in task_with("exim_lists", "preflight_domain", OURS + "role_values")["vars"].items()}
        self.check(["virtual_domain"], dict(self.said, **known), dict(self.variables, **known))


class Domains:
    """The virtual domains of a machine. Templates take most of the time, so the domains are shared out among the processors."""

    def __init__(self, loader, hosts, hostvars, facts):
        self.start = lambda host: Domain(loader, host, hostvars, facts)
        self.doubts = {}
        self.requests = self.of_each(hosts, lambda host: self.start(host).request())

    def of_each(self, hosts, act):
        """Return what act returns for each host, but for those where it finds a doubt."""
        results = dict(zip(hosts, in_parallel(lambda host: tried(host, act), hosts)))
        for host in hosts:
            doubt = "its process ended" if results[host] is None else results[host][1]
            if doubt:
                self.doubts[host] = doubt
        return [results[host][0] for host in hosts if host not in self.doubts]

    def unchanged(self, found, exim):
        """Return the hosts for which the roles would change nothing."""

        def compare(host):
            if host not in found:
                raise InDoubt("it could not be looked at")
            domain = self.start(host)
            domain.request()
            domain.compare(found[host], exim)
            return host

        return self.of_each([request["name"] for request in self.requests], compare)


def tried(host, act):
    """Return what act returns for a domain, and the doubt that it finds instead. One domain's faults are none of the others'."""
    try:
        return act(host), ""
    except InDoubt as doubt:
        return None, str(doubt)
    except (Faulty, AnsibleError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Values that are not what the roles' templates expect. A role says so, and which of them may be shown.
        return None, type(error).__name__
