# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All faults in the values of roles' variables, and the values as their specifications mean them."""

import contextlib
import functools
import io
import os
import re

from ansible.module_utils.common.yaml import yaml_load
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import (
    _renamed,
    _rules_certificate,
    _rules_exim,
    _rules_exim_lists,
    _rules_listhost_dns,
    _rules_mailman,
    _rules_mailman_backup,
    _rules_mailman_takeover,
    _rules_mailman_transfer,
    _rules_mailman_web,
    _rules_verify,
)
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import Faulty, convert, nearest, shown

ROLES = os.path.join(os.path.dirname(__file__), "..", "..", "roles")
RULES = {
    "certificate": _rules_certificate,
    "exim": _rules_exim,
    "mailman": _rules_mailman,
    "exim_lists": _rules_exim_lists,
    "mailman_backup": _rules_mailman_backup,
    "mailman_takeover": _rules_mailman_takeover,
    "mailman_transfer": _rules_mailman_transfer,
    "mailman_web": _rules_mailman_web,
    "verify": _rules_verify,
    "listhost_dns": _rules_listhost_dns,
}
KINDS = {name: kind for rules in RULES.values() for name, kind in rules.KINDS.items()}
# What can be checked: the role whose platforms count, variables (all of the role's where they are not named), rules.
PARTS = {role: (role, None, rules.RULES) for role, rules in RULES.items()}
# A host of virtual domains has no Mailman but theirs.
PARTS["virtual_host"] = ("mailman", ("mailman_separate_home", "mailman_shared_domains"), (_rules_mailman.one_kind_of_domains,))
# Of a virtual domain, too, which no other part of the backup's is asked about.
PARTS["mailman"] = ("mailman", None, (*_rules_mailman.RULES, _rules_mailman_backup.one_mailman))
# It says what is looked at of another role's.
PARTS["verify"] = (
    "verify",
    (
        *_rules_verify.KINDS, "mailman_url_host", "mailman_web", "mailman_web_server", "mailman_web_fail2ban", "mailman_web_one_click", "certificate_acme",
        "mailman_backup", "exim_dane",
    ),
    _rules_verify.RULES,
)
# Of a host of any platform, the Mailman that is there.
PARTS["adopt"] = (
    "verify", ("mailman_lists_dir", "mailman_prefix", "mailman_separate_home", "mailman_email_host"), (_rules_mailman.directory_to_adopt_into,),
)
# Of lists where there is no Mailman yet.
PARTS["new_lists"] = ("mailman", ("mailman_lists",), _rules_mailman.RULES_OF_NEW_LISTS)
# A virtual domain's inventory need not know its machine's, but for what Exim itself tells.
PARTS["virtual_domain"] = (
    "exim_lists", ("exim_smtp_accept_queue_per_connection",), (_rules_exim_lists.sessions, _rules_exim_lists.one_click, _rules_exim_lists.one_click_is_signed),
)
# Where a domain is to be: role mailman checks the rest of its variables itself.
PARTS["mailman_transfer"] = (
    "mailman_transfer", ("mailman_transfer_from", "mailman_email_host", "mailman_separate_home", "mailman_web"), _rules_mailman_transfer.RULES,
)
# Variables with a role's prefix that the roles themselves set.
FACTS = ("mailman_installation", "mailman_web_contribution", "mailman_web_installation", "exim_lists_contribution")
# Not main: Ansible would check that one itself, before anything of ours, and say so with the whole specification.
ENTRY_POINT = "variables"
TYPED = ("bool", "int", "float")


@functools.lru_cache(maxsize=None)
def load(role, *path):
    """Return what a YAML file of a role holds, or nothing where there is no such file. It is the same for all who ask: nobody changes it."""
    try:
        with io.open(os.path.join(ROLES, role, *path), encoding="utf-8") as stream:
            return yaml_load(stream)
    except FileNotFoundError:
        return {}


def specification(role):
    """Return a role's variables, each with its type and so on."""
    options = load(role, "meta", "argument_specs.yml")["argument_specs"][ENTRY_POINT]["options"]
    # A number that is computed is no default to ansible-doc and antsibull-docs: it stands in defaults alone.
    defaults = {name: {"default": default} for name, default in load(role, "defaults", "main.yml").items()}
    return {name: dict(defaults.get(name, {}), **option) for name, option in options.items()}


def for_verification(facts):
    """Return what roles that look at a host take from the other roles' vars. Where there are none a host has what Debian's have."""
    if not load("exim", "vars", facts["os_family"] + ".yml"):
        facts = dict(facts, os_family="Debian")
    exim = platform_values("exim", facts)
    return {"exim_service": exim["__exim_service"],
            "exim_group": exim["__exim_group"],
            "exim_dkim_directory": os.path.join(os.path.dirname(exim["__exim_configuration"]), "dkim"),
            "exim_dkim_selector": specification("exim")["exim_dkim_selector"]["default"],
            "mailman_prefix": platform_values("mailman", facts)["__mailman_platform"]["prefix"],
            "certificate_timer": platform_values("certificate", facts)["__certificate_timer"],
            "web_service": platform_values("mailman_web", facts)["__mailman_web_service"]}


def platform_values(role, facts):
    """Return what a role's vars say of a platform as it is written there, from the least to the most specific."""
    values = {}
    for name in (facts["os_family"], "%s_%s" % (facts["os_family"], facts["distribution_major_version"])):
        values.update(load(role, "vars", name + ".yml"))
    return values


def has_spellings(option):
    """Say whether a variable can be written in several ways: 25 and "25", false, "false" and "no"."""
    return option["type"] in TYPED or option.get("elements") in TYPED or "no" in option.get("choices", ())


class Values(dict):
    """Values by variable, each read, checked by its specification and converted when it is first asked for. A faulty one raises Faulty."""

    def __init__(self, specifications, said, read, platform=None):
        super().__init__()
        self.said = said
        self.options = {name: option for options in specifications.values() for name, option in options.items()}
        self.read = read
        self.platform = platform or {}
        self.faults = {}

    def __missing__(self, name):
        if name not in self.faults:
            found = self.faults[name] = []
            try:
                self.follow_default(name)
                value = convert(name, self.read(name), self.options[name], found.append)
            except Faulty as error:
                # What is not set is named by itself.
                found.extend(error.args if all(self.is_set(other) for other in self.sources(name)) else ())
                raise Faulty from error
            if not found:
                found.extend(faults_of_kind(name, value, self.options[name]))
            if not found:
                self[name] = value
                return value
        raise Faulty

    def is_set(self, name):
        return name in self.said or "default" in self.options[name]

    def sources(self, name):
        """Return the variables that are in the default of one, where it has its default."""
        default = self.options[name].get("default")
        words = re.findall(r"[a-z_]{5,}", str(default)) if default and self.said.get(name, default) == default else ()
        return [word for word in words if word in self.options and word != name]

    def follow_default(self, name):
        """Raise Faulty where a value is a default made of a faulty one, which has been named. One that is not set may not be needed."""
        for other in self.sources(name):
            if self.is_set(other):
                self[other]

    def typed(self):
        """Return those that can be written in several ways: a template must see what they mean."""
        values = {}
        for name, option in self.options.items():
            if has_spellings(option):
                # A faulty one is of a part that is not checked; else the run stops here.
                with contextlib.suppress(Faulty):
                    values[name] = self[name]
        return values


def faults_of_kind(name, value, option):
    """Yield what is wrong with a value, or with the entries of a list."""
    kind = KINDS.get(name)
    # Empty is none, where that is the default.
    if kind and not (value == "" and option.get("default") == ""):
        for one in value if isinstance(value, list) else [value]:
            fault = kind(one)
            if fault:
                yield "%s %s %s%s" % (name, "has" if isinstance(value, list) else "is", shown(one, option.get("no_log")), fault)


def faults_of_variables(names, values):
    for name in names:
        try:
            values[name]
        except Faulty:
            yield from values.faults[name]


def faults_of_rules(rules, values):
    for rule in rules:
        # A variable's own fault is named already, or it is of a part that is not checked.
        with contextlib.suppress(Faulty):
            yield from rule(values)


def faults_of_platform(role, facts):
    """Yield that a role has no values for a host's platform. A relative of Debian's is not Debian. A role that names none is for all."""
    platforms = {one["name"]: one["versions"] for one in load(role, "meta", "main.yml")["galaxy_info"]["platforms"]}
    name = "EL" if facts["os_family"] == "RedHat" else facts["distribution"]
    version = facts["distribution_major_version" if name == "EL" else "distribution_release"]
    if platforms and version not in platforms.get(name, ()):
        yield ("Role %s has no values for %s %s (family %s). It has them for %s. Take the host out of the group."
               % (role, facts["distribution"], facts["distribution_version"], facts["os_family"],
                  " and ".join("%s %s" % (one, ", ".join(versions)) for one, versions in platforms.items())))


def faults_of_names(parts, names, values):
    """Yield variables that begin with the prefix of a role and are none of it."""
    known = set(values.options).union(FACTS)
    for prefix, allowing in (("exim_", "exim_other_variables"), ("mailman_", "mailman_other_variables")):
        if any((part + "_").startswith(prefix) for part in parts):
            try:
                allowed = values[allowing]
            except Faulty:
                continue
            for name in sorted(names):
                if name.startswith(prefix) and name not in known and name not in allowed and name not in _renamed.RENAMED:
                    yield ("%s is no variable of these roles%s. Correct it, or name it in %s if it is one of yours." % (name, nearest(name, known), allowing))


def faults_of_order(parts, said, values):
    """Yield that role exim_lists has nothing to join: it needs what role mailman found or will install, if that is not checked in the same call."""
    with contextlib.suppress(Faulty):
        if parts == ["exim_lists"] and "mailman_installation" not in said and not values["mailman_separate_home"]:
            yield ("mailman_installation is not set. Role mailman sets it, and exim_lists reads there where the lists are: put listhost.exim_mailman.mailman "
                   "before listhost.exim_mailman.exim_lists.")


def check(parts, said, read, facts):
    """Return the values of the roles' variables that can be written in several ways, and all faults of the parts.

    said are all variables there are, as they were written; read(name) returns the value of one, or raises Faulty with what is wrong.
    """
    faults, platform = [], {}
    for part in parts:
        role = PARTS[part][0]
        faults.extend(faults_of_platform(role, facts))
        platform.update(platform_values(role, facts))
    faults.extend(_renamed.faults(said))
    specifications = {role: specification(role) for role in RULES}
    values = Values(specifications, said, read, platform)
    faults.extend(faults_of_names(parts, said, values))
    faults.extend(faults_of_order(parts, said, values))
    for part in parts:
        role, variables, rules = PARTS[part]
        faults.extend(faults_of_variables(variables or specifications[role], values))
        faults.extend(faults_of_rules(rules, values))
    return values.typed(), list(dict.fromkeys(faults))
