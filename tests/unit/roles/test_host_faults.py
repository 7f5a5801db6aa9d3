# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles give host_faults what its rules ask for. The rules have tests of their own (test_host_exim.py, test_host_mailman.py)."""

import pytest
import yaml
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _hosts as hosts

FACTS = {"fqdn": "lists.example.com", "os_family": "Debian", "distribution": "Debian", "distribution_major_version": "12", "pkg_mgr": "apt"}
MAILMAN = {
    "installed": True, "prefix": "/var/lib/mailman", "var_prefix": "/var/lib/mailman", "wrapper": "/var/lib/mailman/mail/mailman", "user": "list",
    "group": "list", "mail_groups": ["list"], "python": "/usr/bin/python2.7", "python_available": True, "mm_cfg_error": None, "host_name_fault": None,
    "untrusted": False, "foreign": False, "stamp": {},
}


@pytest.fixture
def faults(render, role_text):
    """Return a function that does what a role's task does."""

    def faults(role, path, **variables):
        [task] = [task for task in yaml.safe_load(role_text(role, "tasks", path)) if "listhost.exim_mailman.host_faults" in task]
        arguments = render(role, task["listhost.exim_mailman.host_faults"], ("main", "Debian"), ansible_facts=FACTS, inventory_hostname="lists", **variables)
        return hosts.check(arguments["look"], arguments["found"], arguments["values"])[1]

    return faults


@pytest.mark.parametrize(("look", "inventory", "words"), [
    ("", {}, []),
    ("other=*:25 nc a.scope", {}, ["nc, which is no service"]),
    ("other=*:25 nc a.service", {}, ["exim_replace_other_mta is false"]),
    ("other=*:25 nc a.service", {"exim_replace_other_mta": True}, []),
    ("other=192.0.2.1:25 nc a.service", {"exim_interfaces": ["127.0.0.1"]}, []),
    ("existing=/etc/exim4/own", {}, ["exim_replace_configuration is false"]),
    ("existing=/etc/exim4/own", {"exim_replace_configuration": True}, []),
])
def test_exim(faults, look, inventory, words):
    found = faults("exim", "look.yml", __exim_look={"stdout": look}, exim_postmaster="admin@example.com", **inventory)
    assert len(found) == len(words) and all(word in fault for word, fault in zip(words, found)), found


@pytest.mark.parametrize("name", [
    "exim_tls_certificate", "exim_tls_privatekey", "exim_auth_file", "exim_smarthost_password_file", "exim_clamd_socket", "exim_spamd_socket"])
def test_files_for_exim(faults, name):
    [fault] = faults("exim", "look_at_files.yml", __exim_stat={"stdout": ""}, **{name: "/gone"})
    assert fault.startswith(name + "=/gone is ")


@pytest.mark.parametrize(("found", "inventory", "words"), [
    # A good one, and another to be built in its place.
    ({}, {"mailman_install_method": "package"}, []), ({}, {}, []),
    ({"installed": False}, {"mailman_install_method": "existing", "mailman_prefix": "/opt/mm"}, ["no Mailman at mailman_prefix=/opt/mm"]),
    ({"stamp": None}, {}, ["mailman_install_method is auto, which is archive here, but the Mailman at mailman_prefix=/var/lib/mailman"]),
    ({"stamp": {"inventory": "other/lists"}}, {"mailman_separate_home": "/virtual", "inventory_dir": "/etc/mine"}, [
        "list.example.com is in two inventories: other/lists (directory/host) set it up, and this one is mine/lists"]),
    ({"stamp": {"inventory": "mine/lists"}}, {"mailman_separate_home": "/virtual", "inventory_dir": "/etc/mine"}, []),
    ({"python_available": False}, {}, ["Debian 12 has no package of it. Set mailman_python_repository to a Debian 11 mirror"]),
    ({"python_available": False}, {"mailman_python_repository": "http://mirror.example.com/debian"}, []),
    ({"python_available": False}, {"mailman_python": "/opt/python"}, ["mailman_python=/opt/python is not on the host"]),
    ({"mm_cfg_error": "No"}, {"mailman_install_method": "existing"}, ["No. Mend that file by hand."]),
    ({"mm_cfg_error": "No"}, {}, []),
    *[({}, {"mailman_install_method": "existing", "mailman_" + name: "other"}, ["mailman_%s is 'other'" % name])
      for name in ("var_prefix", "user", "group", "mail_group")],
])
def test_mailman(faults, found, inventory, words):
    said = faults("mailman", "discover.yml", __mailman_info=dict(MAILMAN, **found), mailman_email_host="list.example.com", **inventory)
    assert len(said) == len(words) and all(word in fault for word, fault in zip(words, said)), said
