# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an action plugin reads variables of the roles: with their defaults where a role is not loaded, and by their new names."""

import re

from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible.module_utils.common.text.converters import to_text
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _renamed
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._list_files import read_lists
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._roles import RULES, specification
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import Faulty, is_secret

try:
    from ansible.template import trust_as_template

    # What comes from a host is none there.
    def untrusted(value):
        """Return what a host has said as what is never a template."""
        return value
except ImportError:
    # Before ansible-core 2.19 all is a template, but for what is wrapped.
    from ansible.utils.unsafe_proxy import wrap_var

    def untrusted(value):
        """Return what a host has said as what is never a template."""
        return wrap_var(value)

    def trust_as_template(value):
        return value


def trusted(value):
    """Return a value of a file of the roles as one that may be a template."""
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, list):
        return [trusted(one) for one in value]
    if isinstance(value, dict):
        return {name: trusted(one) for name, one in value.items()}
    return value


def is_plain(value):
    """Say whether there is nothing to template: thousands of members take a template engine seconds."""
    if isinstance(value, str):
        return "{{" not in value and "{%" not in value and "{#" not in value
    if isinstance(value, dict):
        return all(is_plain(name) and is_plain(one) for name, one in value.items())
    if isinstance(value, (list, tuple)):
        return all(is_plain(one) for one in value)
    return value is None or isinstance(value, (bool, int, float))


def with_files(lists, directory, loader):
    """Return the lists of the variable, and those in a directory where one is named."""
    if not directory or not isinstance(lists, list):
        return lists
    if not isinstance(directory, str):
        raise Faulty
    return lists + read_lists(directory, loader)


def plain_text(description):
    """Return the first sentences of a description without its markup."""
    return re.sub(r"[A-Z]\(([^()]*)\)", r"\1", description if isinstance(description, str) else description[0])


def all_options():
    """Return the variables of all roles with their specifications."""
    return {name: option for role in RULES for name, option in specification(role).items()}


def with_defaults(said, options):
    """Return the variables of a host, with the defaults of roles that are not loaded yet."""
    variables = {name: trusted(option["default"]) for name, option in options.items() if "default" in option}
    variables.update(_renamed.by_new_names(said))
    return variables


def reader(templar, variables, options, loader):
    """Return a function that returns the value of a variable, or raises Faulty with what is wrong."""
    templar = templar.copy_with_new_env(available_variables=variables)

    def read(name):
        if name not in variables:
            raise Faulty("%s is not set. It is this: %s" % (name, plain_text(options[name]["description"])))
        if name == "mailman_lists":
            return with_files(read_variable(name), read("mailman_lists_dir"), loader)
        return read_variable(name)

    def read_variable(name):
        if is_plain(variables[name]):
            return variables[name]
        try:
            return templar.template(variables[name])
        except AnsibleError as error:
            # Other errors may show what they are about.
            undefined = isinstance(error, AnsibleUndefinedVariable) or not is_secret(options[name])
            reason = to_text(error).split(". ")[0].rstrip(".") if undefined else type(error).__name__
            raise Faulty("%s cannot be worked out: %s. Correct it, or set what it refers to." % (name, reason)) from error

    return read
