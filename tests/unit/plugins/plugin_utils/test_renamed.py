# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old names of variables go on working: their values are those of the new names, and never of both."""

import pytest
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _renamed as renamed
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _roles as roles

OPTIONS = {name for role in roles.RULES for name in roles.specification(role)}
DEFAULT = "{{ mailman_virtual_home | default('') }}"


def test_new_names_are_variables_and_old_ones_are_not():
    assert OPTIONS.issuperset(renamed.RENAMED.values())
    assert OPTIONS.isdisjoint(renamed.RENAMED)


@pytest.mark.parametrize(("said", "home"), [
    ({}, None),
    ({"mailman_virtual_home": "/old"}, "/old"),
    ({"mailman_virtual_home": "/old", "mailman_separate_home": DEFAULT}, "/old"),
    ({"mailman_virtual_home": "/old", "mailman_separate_home": "/new"}, "/new"),
    ({"mailman_separate_home": "/new"}, "/new"),
])
def test_values_of_old_names(said, home):
    assert renamed.by_new_names(said).get("mailman_separate_home") == home
    assert renamed.old_names(said) == [name for name in said if "virtual" in name]
    assert len(list(renamed.faults(said))) == (len(said) == 2 and home == "/new")


def test_variables_of_another_host():
    shared = {"www.example.org": "lists.example.org"}
    assert renamed.get({"mailman_virtual_hosts": shared}, "mailman_shared_domains") == shared
    assert renamed.get({"mailman_shared_domains": {}}, "mailman_shared_domains") == {}
    assert renamed.get({}, "mailman_shared_domains", {}) == {}
