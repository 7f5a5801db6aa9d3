# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the roles would change nothing for a list host, by one look at all that they set up."""

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _roles
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._reading import untrusted
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._unchanged import is_installed
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._wanted import OURS, InDoubt, Wanted, arguments_of, task_with, without_omitted

# What this look knows nothing of, with the value at which it is not there.
LEFT_TO_THE_ROLES = {
    "exim_configuration": "whole", "exim_tests": {}, "mailman_separate_home": "", "mailman_shared_domains": {},
}
SET_FACT, INCLUDE = "ansible.builtin.set_fact", "ansible.builtin.include_tasks"


class ListHost(Wanted):
    """A host with an Exim, and with a Mailman that serves all of its domains."""

    roles = ("certificate", "exim", "exim_lists", "mailman", "mailman_backup", "mailman_web")

    def __init__(self, loader, said, typed):
        """Take the variables of the host and the play, and what role_values has made of those that can be written in several ways."""
        super().__init__(loader, said["inventory_hostname"], said, said["hostvars"], said["ansible_facts"])
        self.take(typed)

    def request(self):
        """Return what module machine_look is to look at, as its option domains takes it."""
        for name, usual in LEFT_TO_THE_ROLES.items():
            if (self.typed[name] if name in self.typed else self.value(name)) != usual:
                raise InDoubt("%s is set" % name)
        request = self.request_mailman()
        request["commands"]["exim"] = self.look("exim")
        if self.value("__exim_named_files", "exim"):
            argv = self.mean(arguments_of("exim", "look_at_files", "ansible.builtin.command")["argv"], "exim")
            request["commands"]["exim_files"] = [str(one) for one in argv]
        if self.value("exim_dkim_domains"):
            request["dkim_keys"] = self.mean(arguments_of("exim", "dkim", OURS + "exim_dkim_keys"), "exim")
        if self.typed["certificate_acme"]:
            # As far as it is known before the look.
            self.take_certificate({"made": True, "group": ""})
            request["commands"]["certificate"] = self.ask("certificate", self.look("certificate"))
        if self.typed["mailman_web"]:
            self.request_web(request)
            jails = self.paths("__mailman_web_jails", "mailman_web") if self.typed["mailman_web_fail2ban"] else []
            request["mailman"]["compare_files"].extend([self.value("__mailman_web_robots"), *jails])
        return request

    def take_certificate(self, found):
        """Tell the other roles of the authority's certificate, as site.yml does."""
        self.variables.update(certificate_contribution=self.value("__site_certificate"), __certificate_found=untrusted(found))
        fact = untrusted(self.mean(arguments_of("certificate", "look", SET_FACT), "certificate"))
        self.variables.update(fact, mailman_web_certificate_contribution=fact["certificate_installation"])

    def compare(self, found):
        """Raise InDoubt with what differs."""
        self.compare_look_of_exim(found)
        self.compare_installation(found["mailman"])
        self.settle("exim_lists_domains", "__exim_lists_frozen", "__exim_lists_thawed")
        if self.variables["__exim_lists_frozen"]:
            raise InDoubt("mail waits")
        if self.typed["certificate_acme"]:
            self.take_certificate(self.judge("certificate", found["said"]["certificate"], "certificate", "look"))
        if self.typed["mailman_web"]:
            self.compare_web(found)
            web = self.variables["__mailman_web_found"]
            if not web["running"] or self.typed["mailman_web_fail2ban"] and (not web["bans"] or self.is_true("__mailman_web_jails_changed", "mailman_web")):
                raise InDoubt("the web server or fail2ban is to be started")
        if self.typed["certificate_acme"]:
            self.compare_certificate()
        self.compare_mailman(found["mailman"])
        self.compare_exim()

    def compare_certificate(self):
        # What uses it is known by now.
        self.take_certificate(self.variables["__certificate_found"])
        self.ask_again("certificate", self.look("certificate"))
        if self.is_true("__certificate_unprepared", "certificate") or self.is_true("__certificate_unfinished", "certificate"):
            raise InDoubt("the certificate is to be made or renewed")

    def compare_look_of_exim(self, found):
        said = found["said"]
        self.variables["__exim_found"] = untrusted(self.judge("exim", said["exim"], "exim", "look"))
        if "exim_files" in said:
            self.variables["__exim_files"] = untrusted({"found": self.judge("exim_files", said["exim_files"], "exim", "look_at_files")})
        if "dkim_keys" in found:
            self.variables["__exim_dkim"] = untrusted(found["dkim_keys"])
            if found["dkim_keys"]["pending"]:
                raise InDoubt("the DKIM keys differ")

    def configuration_of_exim(self):
        """Return the options of module exim_config."""
        self.settle("__exim_lists_destinations")
        task = task_with("exim_lists", "apply", SET_FACT)
        fact = untrusted(self.mean(task[SET_FACT], "exim_lists", **task["vars"]))
        tls = {"tls": self.variables["certificate_installation"]} if self.typed["certificate_acme"] else {}
        self.variables.update(fact, exim_contribution=dict(fact["exim_lists_contribution"], **tls))
        self.settle("__exim_issued", "__exim_self_signed")
        return without_omitted(self.mean(arguments_of("exim", "configure", OURS + "exim_config"), "exim"))

    def compare_exim(self):
        wanted = self.configuration_of_exim()
        included = [task["when"] for task in _roles.load("exim", "tasks", "apply.yml") if INCLUDE in task]
        if any(self.is_met(condition, "exim") for condition in included) or self.value("__exim_self_signed_left", "exim"):
            raise InDoubt("the host is to be prepared for Exim, or how often it runs its queue differs")
        if not is_installed(wanted, wanted.get("found")):
            raise InDoubt("the configuration of Exim differs")
        if not self.variables["__exim_found"]["running"]:
            raise InDoubt("Exim is to be started")

    def request_backup(self):
        """Return the options of module mailman_backup, once Mailman is known."""
        return without_omitted(self.mean(arguments_of("mailman_backup", "install", OURS + "mailman_backup"), "mailman_backup"))

    def compare_backup(self, found):
        self.variables["__mailman_backup_installed"] = untrusted(found)
        if self.is_true("__mailman_backup_unprepared", "mailman_backup"):
            raise InDoubt("the backup is to be set up")
