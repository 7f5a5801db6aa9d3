# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import io
import os

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._known import FOR_ROLES

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19

    def trust_as_template(text):
        return text


ROLES = os.path.join(os.path.dirname(__file__), "..", "..", "..", "roles")


def trusted(value):
    """Return a value of a file as Ansible itself has it when it has read the file."""
    if isinstance(value, dict):
        return dict((key, trusted(item)) for key, item in value.items())
    if isinstance(value, list):
        return [trusted(item) for item in value]
    return trust_as_template(value) if isinstance(value, str) else value


def read_role(role, *path):
    """Return the text of a file of a role."""
    with io.open(os.path.join(ROLES, role, *path), encoding="utf-8") as stream:
        return stream.read()


@pytest.fixture
def role_text():
    """Return the function that reads a file of a role."""
    return read_role


@pytest.fixture
def render(role_text):
    """Return a function that has Ansible make something of a template of a role, with what the role and an inventory say."""

    def render(role, template, vars_files=("main",), **inventory):
        variables = trusted(yaml.safe_load(role_text(role, "defaults", "main.yml")))
        for name in vars_files:
            variables.update(trusted(yaml.safe_load(role_text(role, "vars", name + ".yml"))))
        variables.update(inventory)
        # What role_values makes of them has tests of its own.
        variables.setdefault("__%s_checked" % role, {"known": FOR_ROLES})
        variables["__%s_values" % role] = dict((name, value) for name, value in variables.items() if name.startswith(role + "_"))
        # Where a play looks for what lookups name.
        variables["ansible_search_path"] = [os.path.join(ROLES, role)]
        return Templar(DataLoader(), variables=variables).template(trusted(template))

    return render
