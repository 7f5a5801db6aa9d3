# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that have another name now. Their old names go on working until release 2.0.0."""

# Old name: new name. The new one's default in roles/*/defaults takes the value of the old one, for what reads it before or beside action plugin role_values.
RENAMED = {
    "mailman_virtual_home": "mailman_separate_home",
    "mailman_virtual_hosts": "mailman_shared_domains",
}


def has_new_name(new, old, said):
    """Say whether a value was given under a variable's new name. A value that is made of the old name's was not: the role's default is one."""
    return new in said and old not in str(said[new])


def old_names(said):
    """Return the old names that the variables have."""
    return [old for old in RENAMED if old in said]


def by_new_names(said):
    """Return variables with the values of old names under the new ones."""
    return dict(said, **{new: said[old] for old, new in RENAMED.items() if old in said and not has_new_name(new, old, said)})


def get(variables, name, default=None):
    """Return the value of a variable of some host, under whichever name that host has it."""
    for one in [name] + [old for old, new in RENAMED.items() if new == name]:
        if one in variables:
            return variables[one]
    return default


def faults(said):
    """Yield variables that are set under both names."""
    for old in old_names(said):
        new = RENAMED[old]
        if has_new_name(new, old, said):
            yield "%s and %s are both set, and are the same variable: %s is its old name. Take %s out." % (new, old, old, old)
