# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's argument_specs, defaults and README say the same."""

import io
import os
import re

import pytest
import yaml
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._renamed import RENAMED

ROLES = os.path.join(os.path.dirname(__file__), "..", "..", "..", "roles")


def text(role, *path):
    with io.open(os.path.join(ROLES, role, *path), encoding="utf-8") as stream:
        return stream.read()


def options(role):
    return yaml.safe_load(text(role, "meta", "argument_specs.yml"))["argument_specs"]["variables"]["options"]


def defaults(role):
    return yaml.safe_load(text(role, "defaults", "main.yml"))


def is_computed_number(option, default):
    """Tell defaults that a specification cannot have: antsibull-docs takes an expression for text."""
    return option["type"] in ("int", "float", "bool") and isinstance(default, str) and default.startswith("{{")


def markdown(option):
    """Return an option's description as a cell of a table."""
    description = option["description"]
    if isinstance(description, list):
        description = " ".join(description)
    description = re.sub(r"O\([^()]*#\w+:(?:variables:)?(\w+)\)", r"`\1`", description)
    description = re.sub(r"M\(([^()]+)\)", r"`\1`", description)
    description = re.sub(r"[VO]\((\w+)=(\w+)\)", r"`\1: \2`", description)
    return re.sub(r"[CVO]\(((?:[^()]|\([^()]*\))+)\)", r"`\1`", description)


def table(role):
    """Return the table of variables that the README must have."""
    rows = ["| variable | type | default | |", "|---|---|---|---|"]
    for name, option in options(role).items():
        kind = ", ".join("`%s`" % choice for choice in option["choices"]) if "choices" in option else option["type"]
        default = "required" if option.get("required") else "`%s`" % yaml.safe_dump(
            option.get("default", defaults(role).get(name)), default_flow_style=True, width=500).split("\n...")[0].strip()
        cells = ["`%s`" % name, kind, default, markdown(option)]
        rows.append("| %s |" % " | ".join(cell.replace("|", "\\|") for cell in cells))
    return "\n".join(rows) + "\n"


@pytest.fixture(params=sorted(os.listdir(ROLES)))
def role(request):
    return request.param


def test_defaults_are_those_of_the_specification(role):
    specified = dict((name, option.get("default")) for name, option in options(role).items() if not option.get("required"))
    computed = dict((name, default) for name, default in defaults(role).items() if specified[name] is None)
    assert all(is_computed_number(options(role)[name], default) for name, default in computed.items())
    specified.update(computed)
    # What has an old name takes the value of that.
    specified.update((new, "{{ %s | default(%r) }}" % (old, specified[new])) for old, new in RENAMED.items() if new in specified)
    assert specified == defaults(role)


def test_ansible_checks_nothing_before_the_role_does():
    """It would check an entry point that has the name of a task file, and say what is wrong with the whole specification."""
    for role in os.listdir(ROLES):
        assert list(yaml.safe_load(text(role, "meta", "argument_specs.yml"))["argument_specs"]) == ["variables"]


# Variables that only the check reads.
CHECKED = ("exim_other_variables", "mailman_other_variables")


def sources(role, *folders):
    """Yield the files of a role's folders, each with its text."""
    for folder in folders:
        for directory, dummy, files in os.walk(os.path.join(ROLES, role, folder)):
            for name in files:
                path = os.path.relpath(os.path.join(directory, name), os.path.join(ROLES, role))
                yield path, text(role, path)


def expressions(node, key=""):
    """Yield the Jinja expressions of a YAML file, without their strings."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from expressions(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from expressions(value, key)
    elif isinstance(node, str):
        for found in [node] if key in ("when", "that", "failed_when", "changed_when", "until") else re.findall(r"\{[{%](.*?)[%}]\}", node, re.DOTALL):
            yield re.sub(r"'[^']*'|\"[^\"]*\"", "", found)


def has_spellings(option):
    return option["type"] in ("bool", "int", "float") or option.get("elements") in ("bool", "int", "float") or "no" in option.get("choices", ())


def test_what_has_several_spellings_is_read_as_what_it_means(role):
    """Of a string like "false" nothing but the check knows that it is false."""
    names = [name for one in os.listdir(ROLES) for name, option in options(one).items() if has_spellings(option)]
    raw = re.compile(r"(?<![\w.])(%s)(?![\w:])" % "|".join(names))
    looked_up = ""
    for path, source in sources(role, "tasks", "vars", "handlers"):
        looked_up += source
        assert [found for found in expressions(yaml.safe_load(source)) if raw.search(found)] == [], path
    for path, source in sources(role, "templates"):
        for call in re.findall(r"lookup\('listhost.exim_mailman.rendered', '%s'.*?\)" % re.escape(os.path.basename(path)), looked_up):
            assert not raw.search(source) or call.endswith(", template_vars=__%s_values)" % role), (path, call)


def test_templates_are_rendered_without_a_copy_of_all_variables(role):
    """Each copy costs the controller some 50 ms."""
    for path, source in sources(role, "tasks", "vars", "handlers"):
        assert "'ansible.builtin.template'" not in source, path


def test_public_variables_begin_with_the_name_of_the_role(role):
    assert [name for name in options(role) if not (name + "_").startswith(role + "_")] == []


def test_readme_has_the_table_of_the_specification(role):
    assert table(role) in text(role, "README.md")


# Roles whose variables are read, for all hosts at once, on the controller.
READERS = {"listhost_dns": ("_dns_inventory.py", "_dns_records.py", "_dns_compare.py", "_rules_listhost_dns.py", "../action/dns_compare.py")}


def test_every_variable_is_read(role):
    used = "".join(source for dummy, source in sources(role, "tasks", "templates", "vars", "handlers"))
    # A kind is no use.
    used += "".join(re.sub(r'(?m)^    "\w+": kinds.*$', "", text(role, "..", "..", "plugins", "plugin_utils", name)) for name in READERS.get(role, ()))
    assert [name for name in options(role) if name not in CHECKED and not re.search(r"\b%s\b" % name, used)] == []


@pytest.mark.parametrize(("page", "example"), [("README.md", "example"), ("docs/mx.md", "mx")])
def test_page_shows_the_inventory(page, example):
    with io.open(os.path.join(ROLES, "..", "inventories", example, "hosts.yml"), encoding="utf-8") as stream:
        inventory = stream.read()
    with io.open(os.path.join(ROLES, "..", page), encoding="utf-8") as stream:
        assert "```yaml\n%s```\n" % inventory.replace("---\n", "", 1) in stream.read()


@pytest.mark.parametrize("role", ["certificate", "exim", "exim_lists", "mailman", "mailman_web"])
def test_what_was_checked_is_read_in_one_place(role):
    """playbooks/site.yml has checked the values of all roles, and then no role does."""
    name = "__%s_checked" % role
    files = [(directory, file) for directory in ("tasks", "templates", "vars") for file in os.listdir(os.path.join(ROLES, role, directory))]
    lines = [line.strip() for path in files for line in text(role, *path).splitlines() if name in line]
    assert sorted(lines) == ['__%s_checks: "{{ checked_values if checked_values is defined else %s }}"' % (role, name), "register: " + name]
