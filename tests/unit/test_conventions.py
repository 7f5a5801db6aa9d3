# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ecosystem expects of a collection: its files are there, and its versions agree."""

import glob
import os
import re

import pytest
import yaml

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")
PLUGINS = sorted(os.path.relpath(path, ROOT) for path in glob.glob(os.path.join(ROOT, "plugins", "modules", "*.py")))
ROLES = sorted(os.listdir(os.path.join(ROOT, "roles")))
# Those that the collection supports and that have been released.
CORES = ("2.16", "2.17", "2.18", "2.19", "2.20", "2.21")


def text(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as stream:
        return stream.read()


def release(version):
    """Return a version in an order."""
    return tuple(int(number) for number in version.split("."))


def versions(node):
    """Yield each version_added of a documentation."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "version_added":
                yield str(value)
            else:
                yield from versions(value)
    elif isinstance(node, list):
        for value in node:
            yield from versions(value)


def documentation(path):
    return yaml.safe_load(re.search(r'^DOCUMENTATION = r?"""\n(.*?)^"""', text(path), re.MULTILINE | re.DOTALL).group(1))


GALAXY = yaml.safe_load(text("galaxy.yml"))


@pytest.mark.parametrize("name", [
    "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "LICENSE", "MAINTAINERS.md", "README.md", "SECURITY.md", "meta/execution-environment.yml",
    "changelogs/config.yaml", "docs/docsite/config.yml", "docs/docsite/extra-docs.yml", "docs/docsite/links.yml",
])
def test_file_is_there(name):
    assert text(*name.split("/")).strip()


@pytest.mark.parametrize("key", ["repository", "documentation", "homepage", "issues"])
def test_galaxy_has_an_address(key):
    assert GALAXY[key].startswith("https://")


@pytest.mark.parametrize("path", PLUGINS)
def test_module_says_since_when_it_is_there(path):
    added = documentation(path)["version_added"]
    assert release("1.0.0") <= release(added) <= release(GALAXY["version"])


@pytest.mark.parametrize("path", PLUGINS)
def test_options_are_not_from_the_future(path):
    assert [version for version in versions(documentation(path)) if release(version) > release(GALAXY["version"])] == []


@pytest.mark.parametrize("role", ROLES)
def test_roles_are_not_from_the_future(role):
    specification = yaml.safe_load(text("roles", role, "meta", "argument_specs.yml"))
    assert [version for version in versions(specification) if release(version) > release(GALAXY["version"])] == []


def test_changelog_has_no_later_release():
    releases = yaml.safe_load(text("changelogs", "changelog.yaml"))["releases"]
    assert [version for version in releases if release(version) > release(GALAXY["version"])] == []


def test_readme_names_the_version():
    assert re.findall(r"exim_mailman-(\d[\d.]*)\.tar", text("README.md") + text("docs", "docsite", "rst", "getting_started.rst")) == 2 * [GALAXY["version"]]


def test_roles_ask_for_the_same_core_as_the_collection():
    asked = re.match(r">=(\d+\.\d+)\.0$", yaml.safe_load(text("meta", "runtime.yml"))["requires_ansible"]).group(1)
    assert asked == CORES[0]
    for role in ROLES:
        assert yaml.safe_load(text("roles", role, "meta", "main.yml"))["galaxy_info"]["min_ansible_version"] == asked


def test_sanity_ignores_nothing_with_any_core():
    ignored = {name: text("tests", "sanity", name) for name in sorted(os.listdir(os.path.join(ROOT, "tests", "sanity")))}
    assert ignored == {"ignore-%s.txt" % core: "" for core in CORES}
