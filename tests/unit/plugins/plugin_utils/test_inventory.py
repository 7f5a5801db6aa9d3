# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts of an inventory say together: the routes of mail exchangers, and virtual domains that are one."""

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _rules_inventory as rules

GROUPS = {"list_hosts": ["lists1", "lists2", "machine"], "list_domains": ["one", "other"], "mx_hosts": ["mx"]}
HOSTVARS = {
    "lists1": {"mailman_email_host": "list.example.com", "mailman_shared_domains": {"www.example.org": "list.example.org"},
               "exim_primary_hostname": "lists1.example.com"},
    "lists2": {"mailman_email_host": "unused.example.net", "exim_lists_domains": ["list.example.net"]},
    "machine": {"mailman_separate_home": "/virtual", "ansible_host": "a machine", "exim_primary_hostname": "machine.example.com"},
    "one": {"mailman_email_host": "one.example.edu", "ansible_host": "a machine"},
    "other": {"mailman_email_host": "other.example.edu", "ansible_host": "elsewhere.example.com"},
}
ROUTES = [
    ("list.example.com", "lists1.example.com"), ("list.example.org", "lists1.example.com"), ("list.example.net", "lists2"),
    ("one.example.edu", "machine.example.com"), ("other.example.edu", "elsewhere.example.com"),
]


def test_each_domain_has_its_host_by_the_name_that_it_has_in_mail():
    assert rules.list_domains(GROUPS, HOSTVARS) == ROUTES


def test_old_names_of_variables():
    old = dict(HOSTVARS, machine=dict(HOSTVARS["machine"]), lists1=dict(HOSTVARS["lists1"]))
    old["machine"]["mailman_virtual_home"] = old["machine"].pop("mailman_separate_home")
    old["lists1"]["mailman_virtual_hosts"] = old["lists1"].pop("mailman_shared_domains")
    assert rules.list_domains(GROUPS, old) == ROUTES


def test_no_groups():
    assert rules.list_domains({}, {}) == []


def test_a_good_inventory():
    assert list(rules.faults_of_routes("mx", GROUPS, ROUTES, {})) == []


def test_nothing_to_route():
    [fault] = rules.faults_of_routes("mx", {}, [], {})
    assert "mx is in mx_hosts, but no host" in fault and "exim_relay_routes" in fault
    assert list(rules.faults_of_routes("mx", {}, [], {"list.example.com": ["192.0.2.1"]})) == []


def test_a_list_host():
    [fault] = rules.faults_of_routes("lists1", GROUPS, ROUTES, {})
    assert "lists1 is in mx_hosts and in list_hosts" in fault


def test_a_domain_of_two_hosts():
    routes = ROUTES + [("list.example.com", "lists3.example.com")]
    [fault] = rules.faults_of_routes("mx", GROUPS, routes, {})
    assert "is list.example.com on lists1.example.com and lists3.example.com" in fault
    assert list(rules.faults_of_routes("mx", GROUPS, routes, {"list.example.com": ["192.0.2.1"]})) == []


def test_a_virtual_domain_without_a_domain_has_no_route():
    """Its own check says what it lacks."""
    assert rules.list_domains({"list_domains": ["one"]}, {"one": {"ansible_host": "a machine"}}) == []


def test_virtual_domains_of_one_machine():
    assert list(rules.faults_of_virtual_domains(["one", "other"], HOSTVARS)) == []
    same = dict(HOSTVARS, other={"mailman_email_host": "one.example.edu", "ansible_host": "a machine"}, third={"mailman_email_host": "one.example.edu"},
                bare={})
    [fault] = rules.faults_of_virtual_domains(["one", "other", "third", "bare"], same)
    assert "Two hosts of the group list_domains have the same mailman_email_host" in fault
    assert "one and other are one.example.edu on a machine. Take all but one out" in fault


def test_web_hosts_of_virtual_domains():
    """Where they have no web pages, and on different machines, they may be the same."""
    one, other = ({"mailman_email_host": name + ".example.edu", "mailman_url_host": "www.example.edu", "ansible_host": "a machine", "mailman_web": "yes"}
                  for name in ("one", "other"))

    def faults(**changes):
        return list(rules.faults_of_virtual_domains(["one", "other"], {"one": one, "other": dict(other, **changes)}))

    [fault] = faults()
    assert "mailman_url_host is www.example.edu for one.example.edu and other.example.edu on the machine a machine" in fault
    [fault] = faults(mailman_email_host="www.example.edu", mailman_url_host="")
    assert "for one.example.edu and www.example.edu on" in fault
    for changes in ({"mailman_web": False}, {"mailman_web": "no"}, {"mailman_web": "perhaps"}, {"ansible_host": "elsewhere"}, {"mailman_url_host": ""}):
        assert faults(**changes) == []


def test_neighbours():
    assert rules.neighbours(["machine", "one", "other"], "one", HOSTVARS) == ["machine", "one"]
    assert rules.neighbours(["lists1", "lists2"], "lists1", HOSTVARS) == ["lists1"]
