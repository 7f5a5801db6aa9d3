# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role mailman has compared before it changes anything, and when it relies on that."""

import os

import pytest
from ansible.release import __version__

INVENTORY = {"mailman_email_host": "list.example.com", "mailman_site_owner": "postmaster@example.com", "ansible_facts": {"pkg_mgr": "apt", "dns": {}}}
INSTALLATION = {"var_prefix": "/var/lib/mailman", "user": "list", "python": "/usr/bin/python2.7", "bin_dir": "/usr/lib/mailman/bin", "separate_domain": "",
                "lists_dir": "/var/lib/mailman/lists"}
UNCHANGED = {"__mailman_info": {"lists_differ": False}, "__mailman_config": {"changed": False}}


@pytest.mark.parametrize(("found", "kept"), [
    ({}, True),
    ({"__mailman_info": {"lists_differ": True}}, False),
    # There was no Mailman, or the look is one after an installation, or another role's.
    ({"__mailman_info": {"lists_differ": None}}, False),
    ({"__mailman_info": {}}, False),
    # By other settings Mailman may say otherwise.
    ({"__mailman_config": {"changed": True}}, False),
    ({"__mailman_config": {}}, False),
    # What the look has not compared.
    ({"mailman_web": False, "mailman_contribution": {"update_urls": True}}, False),
    ({"mailman_web": False}, True),
    ({"mailman_contribution": {"update_urls": True}}, True),
    ({"mailman_web": True, "mailman_contribution": {"update_urls": True, "web_hosts_file": ""}}, True),
    ({"mailman_web": True, "mailman_contribution": {"update_urls": True, "web_hosts_file": "/etc/listhost/web_hosts"}}, False),
], ids=str)
def test_lists_are_kept(render, found, kept):
    assert render("mailman", "{{ __mailman_lists_kept | bool }}", **dict(INVENTORY, **dict(UNCHANGED, **found))) in (kept, str(kept))


@pytest.mark.skipif(__version__.startswith("2.16."), reason="it renders the files' contents to name their paths, and too little is set for that here")
@pytest.mark.parametrize("inventory", [
    {},
    {"mailman_python_repository": "https://deb.example.org"},
    {"mailman_separate_home": "/virtual"},
    {"mailman_install_method": "existing"},
    {"mailman_install_method": "package", "family": "RedHat"},
], ids=str)
def test_every_file_around_mailman_is_compared(render, inventory):
    """Another one would have the module run each time."""
    inventory = dict(INVENTORY, **inventory)
    family = inventory.pop("family", "Debian")
    prefix = render("mailman", "{{ __mailman_prefix }}", (family, "main"), **inventory)
    values = dict(inventory, mailman_installation=dict(INSTALLATION, prefix=prefix))
    files = "__mailman_archive_files if __mailman_method == 'archive' else __mailman_adopted_files"
    paths = render("mailman", "{{ (%s) | map(attribute='path') | list }}" % files, (family, "main"), **values)
    assert len(paths) >= 2
    assert set(paths) <= set(render("mailman", "{{ __mailman_compared_files }}", (family, "main"), **values))


def test_lists_are_compared_as_they_are_asked_for(render):
    inventory = dict(INVENTORY, mailman_lists=[{"name": "mailman", "description": "x"}, {"name": "board"}], mailman_site_password="hush", mailman_web=False)
    asked = render("mailman", "{{ __mailman_compared_lists }}", mailman_lists_dir="lists", **inventory)
    assert [one["name"] for one in asked.pop("lists")] == ["mailman", "board"]
    assert asked == {"site_password": "hush", "lists_dir": "lists", "update_urls": False}
    asked = render("mailman", "{{ __mailman_compared_lists }}", **INVENTORY)
    assert sorted(asked) == ["lists", "update_urls"]


def test_only_looks_before_all_changes_compare(role_text):
    """Not the one after an installation, and not those of other roles, which bring lists."""
    tasks = os.path.join(os.path.dirname(__file__), "..", "..", "..", "roles", "mailman", "tasks")
    assert [name for name in sorted(os.listdir(tasks)) if "__mailman_compare: true" in role_text("mailman", "tasks", name)] == ["look.yml", "preflight.yml"]
