# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles want of a host, and whether it is so, by one look that they have in common.

The wanted state is what the tasks of the roles say, with the variables of the host. Where anything is in doubt the host counts as changed: then the roles look
at it themselves, and say what is wrong.
"""

import os

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.template import Templar
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _hosts, _list_files, _roles
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._known import FOR_ROLES
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._reading import all_options, is_plain, reader, trusted, untrusted, with_defaults
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._unchanged import are_same, is_configured
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import Faulty

OURS = "listhost.exim_mailman."
SITE_LIST = "mailman"
# In the place of Ansible's own, which is another in each release.
OMITTED = "(omitted by role mailman)"


class InDoubt(Exception):
    """The roles are to look at this host themselves. The argument says why."""


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


def tried(act, host):
    """Return what act returns for a host, and the doubt that it finds instead. One host's faults are none of the others'."""
    try:
        return act(host), ""
    except InDoubt as doubt:
        return None, str(doubt)
    except (Faulty, AnsibleError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Values that are not what the roles' templates expect. A role says so, and which of them may be shown.
        return None, type(error).__name__


class Wanted:
    """What the roles want of a host that has a Mailman, and whether it is so."""

    # The roles whose variables count, and what besides them nobody else may set.
    roles, reserved = (), ("mailman_contribution",)

    def __init__(self, loader, host, said, hostvars, facts):
        """Take what the variables of the host are, as they were written, and its facts."""
        self.loader, self.host, self.said, self.facts, self.warnings, self.asked = loader, host, said, facts, [], {}
        internal = {}
        for role in self.roles:
            internal.update(_roles.load(role, "vars", "main.yml"))
            internal.update(_roles.platform_values(role, facts))
        own = [name for name in (*internal, *_roles.FACTS, *self.reserved) if name in said]
        if own:
            raise InDoubt("the variables of the roles themselves are set: %s" % ", ".join(own))
        self.options = all_options()
        self.variables = with_defaults(said, self.options)
        self.variables.update(trusted(internal), hostvars=hostvars, ansible_facts=untrusted(facts), omit=OMITTED)

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
        self.take(typed)

    def take(self, typed):
        """Have the values that can be written in several ways, as they are meant. They are asked for again and again, so they are no templates."""
        checked = {"typed": typed, "known": FOR_ROLES}
        self.variables.update({"checked_values": checked}, **{"__%s_checks" % role: checked for role in self.roles},
                              **{"__%s_values" % role: typed for role in self.roles})
        self.typed = typed

    def mean(self, template, role="mailman", **more):
        """Return what something in a role means for this host, where a task of the role may have more variables."""
        place = os.path.realpath(os.path.join(_roles.ROLES, role))
        variables = dict(self.variables, role_path=place, ansible_search_path=[place], **more)
        return self.templar(variables).template(template)

    def value(self, name, role="mailman"):
        return self.mean(self.variables[name], role)

    def is_true(self, name, role="mailman"):
        return boolean(self.value(name, role))

    def settle(self, *names):
        """Put what variables mean in the place of their templates: Ansible compiles one each time that it meets it. What they are made of is known by now."""
        for name in names:
            self.variables[name] = untrusted(self.value(name))

    def paths(self, name, role):
        """Return where the files of a list are. What is in them may depend on what the look finds."""
        return [self.mean(one["path"], role) for one in self.variables[name]]

    def is_met(self, condition, role):
        """Return whether the condition of a task is met."""
        return self.mean(trusted("{%% if %s %%}met{%% endif %%}" % condition), role) == "met"

    def look(self, role):
        """Return the command of a role's look at the host."""
        arguments = self.mean(task_with(role, "look", "ansible.builtin.raw")["vars"]["__%s_look_at" % role], role)
        script = self.mean(trusted("{{ lookup('ansible.builtin.file', 'look.sh') }}"), role)
        return ["sh", "-c", "exec < /dev/null\n" + script, "look", *map(str, arguments)]

    def ask(self, role, question):
        """Return what a role asks the host, and keep it: the role asks again when it knows more."""
        self.asked[role] = question
        return question

    def ask_again(self, role, question):
        """Raise InDoubt if what was found answers another question."""
        if question != self.asked[role]:
            raise InDoubt("role %s would look at something else" % role)

    def judge(self, look, text, role, tasks):
        """Return what was found, if nothing is wrong with it."""
        values = self.mean(arguments_of(role, tasks, OURS + "host_faults")["values"], role)
        found, faults = _hosts.check(look, text, values)
        if faults:
            raise InDoubt(faults[0])
        self.warnings.extend(_hosts.warnings(look, found, values))
        return found

    # --- What is to be looked at ---

    def request_mailman(self):
        """Return what module machine_look is to look at of Mailman, as its option domains takes it."""
        self.variables.update(
            __mailman_compare=True,
            # As far as it is known before the look.
            mailman_installation={
                "separate_domain": self.value("__mailman_separate_domain"), "url_hosts": self.value("__mailman_url_hosts"), "frozen": {},
                "prefix": self.value("__mailman_prefix"), "group": self.value("__mailman_group"),
            },
        )
        # Thousands of members take a template engine seconds. The roles make only of the site list something else than it is.
        said = self.variables["mailman_lists"]
        lists = said if is_plain(said) else self.value("mailman_lists")
        self.variables["mailman_lists"] = [one for one in lists if one["name"] == SITE_LIST]
        asked = without_omitted(self.mean(arguments_of("mailman", "discover", OURS + "mailman_info")))
        asked["compare_lists"]["lists"].extend(one for one in lists if one["name"] != SITE_LIST)
        # As the action plugin of mailman_info does.
        asked["compare_lists"] = _list_files.with_files(asked["compare_lists"], self.loader)
        return {"name": self.host, "mailman": asked, "links": [], "addresses": [], "commands": {}}

    def request_web(self, request):
        if self.value("mailman_web_server") != "apache" or self.variables.get("listhost_dns_mta_sts", "none") != "none":
            raise InDoubt("its web server has more than pages")
        request["commands"]["mailman_web"], keys = self.ask("mailman_web", self.asked_for_web())
        request["mailman"]["compare_files"] = [*request["mailman"]["compare_files"], self.value("__mailman_web_path", "mailman_web")]
        request["links"] = [one for one in [self.value("__mailman_web_link", "mailman_web")] if one]
        if keys:
            request["mailman"]["compare_files"].extend(self.paths("__mailman_web_one_click_files", "mailman_web"))
            request["one_click_keys"] = keys

    def asked_for_web(self):
        """Return what role mailman_web asks the host: its look, and the look at the keys for one-click unsubscription, if it has some."""
        keys = None
        if self.typed["mailman_web_one_click"]:
            keys = without_omitted(self.mean(arguments_of("mailman_web", "one_click_keys", OURS + "mailman_one_click_keys"), "mailman_web"))
        return self.look("mailman_web"), keys

    # --- Whether what was found is what is wanted: InDoubt says what differs ---

    def compare_installation(self, info):
        self.variables["__mailman_info"] = untrusted(info)
        self.judge("mailman", info, "mailman", "discover")
        if not info["installed"] or self.is_true("__mailman_must_install") or info["frozen_formerly"]:
            raise InDoubt("Mailman is to be installed")
        self.variables["mailman_installation"] = untrusted(self.value("__mailman_as_found"))
        self.settle("__mailman_method", "__mailman_prefix", "__mailman_web_url_hosts", "__mailman_web_domain")

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
        self.ask_again("mailman_web", self.asked_for_web())
        said = found["said"]["mailman_web"]
        self.variables["__mailman_web_look"] = untrusted({"stdout": said})
        self.variables["__mailman_web_found"] = untrusted(self.judge("mailman_web", said, "mailman_web", "look"))
        self.settle("__mailman_web_issued", "__mailman_web_file", "__mailman_web_limits")
        answers = self.typed["mailman_web_one_click"]
        if self.is_true("__mailman_web_unprepared", "mailman_web"):
            raise InDoubt("the web server is to be prepared")
        if self.value("__mailman_web_one_click_state", "mailman_web") != ("active,enabled" if answers else ""):
            raise InDoubt("what answers one-click unsubscription is to be started or removed")
        if answers:
            if found["one_click_keys"]["pending"]:
                raise InDoubt("the keys for one-click unsubscription differ")
            self.variables["__mailman_web_keys"] = untrusted(found["one_click_keys"])
        facts = untrusted(self.mean(arguments_of("mailman_web", "look", "ansible.builtin.set_fact"), "mailman_web"))
        self.variables.update(facts, mailman_contribution=facts["mailman_web_contribution"])
        wanted = without_omitted(self.mean(arguments_of("mailman_web", "configure", OURS + "apache_config"), "mailman_web"))
        links = {wanted["link"]: wanted["path"]} if "link" in wanted else {}
        if boolean(wanted["reload"]) or boolean(wanted["restart"]) or found["links"] != links or not are_same(
            [wanted, *wanted["files"]], found["mailman"]["configuration"]["files"]
        ):
            raise InDoubt("the configuration of the web server differs")
