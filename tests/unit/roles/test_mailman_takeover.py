# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which domains lists that are taken over may be in, and what is said of the old Mailman."""

import pytest


@pytest.mark.parametrize(("inventory", "domains"), [
    ({}, ["list.example.com"]),
    ({"mailman_shared_domains": {"www.b.example": "b.example"}}, ["list.example.com", "b.example"]),
    ({"exim_lists_domains": ["c.example"]}, ["c.example"]),
])
def test_domains(render, inventory, domains):
    inventory = dict({"mailman_email_host": "list.example.com", "mailman_shared_domains": {}}, **inventory)
    assert render("mailman_takeover", "{{ __mailman_takeover_served }}", **inventory) == domains


@pytest.mark.parametrize(("inventory", "words"), [
    ({"mailman_takeover_freeze": True, "mailman_takeover_from": "old"}, "The old Mailman on old is stopped and disabled. What still comes"),
    ({"mailman_takeover_from": "old"}, "The old Mailman was not stopped. What its lists get from now on does not come here. Stop it (mailmanctl stop)"),
    ({"mailman_takeover_files": "x.tar"}, "The old Mailman was not stopped."),
])
def test_what_is_left_to_do(render, inventory, words):
    said = render("mailman_takeover", "{{ __mailman_takeover_remaining }}", **inventory)
    assert said.startswith(words) and "MX records" in said


@pytest.mark.parametrize(("inventory", "src", "remote", "fetched"), [
    ({"mailman_takeover_files": "x.tar"}, "x.tar", False, False),
    ({"mailman_takeover_files_on_host": "/root/x.tar"}, "/root/x.tar", True, False),
    ({"mailman_takeover_from": "old", "__mailman_takeover_fetched": {"src": "/tmp/x"}}, "/tmp/x", False, True),
    # As it is where the task was skipped.
    ({"mailman_takeover_files": "x.tar", "__mailman_takeover_fetched": {"skipped": True}}, "x.tar", False, False),
])
def test_what_is_looked_at(render, role_text, inventory, src, remote, fetched):
    task = role_text("mailman_takeover", "tasks", "look.yml")

    def value(name):
        return str(render("mailman_takeover", task.split("    %s: " % name)[1].split("\n")[0].strip('"'), **inventory))

    assert (value("src"), value("remote_src"), value("fetched")) == (src, str(remote), str(fetched))
