# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks are tables of contents: they have no programs, and know of roles only what these say of themselves."""

import io
import os
import re

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.listhost.exim_mailman.tests.unit.roles.conftest import trusted

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


def included_roles(tasks):
    for task in tasks:
        yield from included_roles(task.get("block", []) + task.get("always", []))
        if "ansible.builtin.include_role" in task:
            yield task["ansible.builtin.include_role"]


def test_ansible_does_not_read_the_specifications_of_roles_for_nothing():
    """Our plugin checks values. Ansible would read and copy the specification of a role each time that one of its task files is included."""
    roles = [role for play in yaml.safe_load(read("playbooks", "site.yml")) for role in included_roles(play["tasks"])]
    assert len(roles) > 20
    assert [role for role in roles if role.get("rolespec_validate") is not False] == []


@pytest.mark.parametrize("folder", ["tasks", "vars"])
def test_role_mailman_transfer_has_no_programs(folder):
    for name in os.listdir(os.path.join(ROOT, "roles", "mailman_transfer", folder)):
        assert re.findall(r"{%.*", read("roles", "mailman_transfer", folder, name)) == [], name


@pytest.mark.parametrize(("configuration", "has_web", "server", "dns", "names", "web", "services"), [
    ("whole", True, "apache", {}, ["mail.example.com", "www.example.com"], True, ["apache2.service"]),
    ("whole", True, "apache", {"policies": {"mta-sts.example.com": ""}}, ["mail.example.com", "www.example.com", "mta-sts.example.com"], True,
     ["apache2.service"]),
    ("whole", False, "apache", {"skipped": True}, ["mail.example.com"], False, []),
    ("whole", True, "existing", {}, ["mail.example.com", "www.example.com"], False, []),
    # The host's own configuration says what Exim's certificate is.
    ("blocks", True, "apache", {}, ["www.example.com"], True, ["apache2.service"]),
    ("blocks", False, "apache", {}, [], False, []),
])
def test_what_a_list_host_has_its_certificate_for(configuration, has_web, server, dns, names, web, services):
    [play] = [play for play in yaml.safe_load(read("playbooks", "site.yml")) if play["name"] == "Set up list hosts"]
    values = {
        "__site_checked": {"typed": {"mailman_web": has_web}}, "__site_dns": dns, "exim_primary_hostname": "mail.example.com",
        "exim_configuration": configuration,
        "mailman_installation": {"url_hosts": ["www.example.com"]}, "mailman_web_server": server,
        # As role mailman_web sets it, where it looks at the host.
        "mailman_web_installation": {"service": services[0] if services else ""},
    }
    found = Templar(DataLoader(), variables=values).template(trusted(play["vars"]["__site_certificate"]))
    assert found == {"names": names, "web": web, "services": services}
