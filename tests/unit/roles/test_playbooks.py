# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks are tables of contents: they have no programs, and know of roles only what these say of themselves."""

import io
import os
import re

import pytest

ROOT = os.path.join(os.path.dirname(__file__), "..", "..", "..")
PLAYBOOKS = sorted(name for name in os.listdir(os.path.join(ROOT, "playbooks")) if name.endswith(".yml"))


def read(*path):
    with io.open(os.path.join(ROOT, *path), encoding="utf-8") as stream:
        return stream.read()


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_playbook_reads_no_variables_that_are_a_roles_own(name):
    roles = "|".join(os.listdir(os.path.join(ROOT, "roles")))
    assert re.findall(r"\b__(?:%s)_\w+" % roles, read("playbooks", name)) == []


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_playbook_has_no_programs(name):
    assert re.findall(r"{%.*", read("playbooks", name)) == []


@pytest.mark.parametrize("folder", ["tasks", "vars"])
def test_role_mailman_transfer_has_no_programs(folder):
    for name in os.listdir(os.path.join(ROOT, "roles", "mailman_transfer", folder)):
        assert re.findall(r"{%.*", read("roles", "mailman_transfer", folder, name)) == [], name
