# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory says about the DNS: hosts and list domains, the addresses that mail leaves from, and all faults."""

import pytest
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _dns_inventory as inventory
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import Faulty

LISTS = {"mailman_email_host": "list.example.com", "listhost_dns_addresses": ["192.0.2.1", "2001:db8::1"]}
MX = {"listhost_dns_addresses": ["192.0.2.2"]}


def names(groups=None, **hostvars):
    """Return what is found in an inventory of lists.example.com and others; underscores stand for dots."""
    hostvars = {host.replace("_", "."): variables for host, variables in dict({"lists_example_com": LISTS}, **hostvars).items()}
    return inventory.names(groups or {"list_hosts": ["lists.example.com"]}, hostvars)


def faults(groups=None, **hostvars):
    with pytest.raises(Faulty) as caught:
        names(groups, **hostvars)
    return list(caught.value.args)


def test_one_list_host():
    found = names()
    [host] = found.hosts.values()
    assert (host.key, host.name, host.addresses, host.senders) == ("lists.example.com", "lists.example.com", LISTS["listhost_dns_addresses"],
                                                                   LISTS["listhost_dns_addresses"])
    [domain] = found.domains
    assert (domain.name, domain.host, domain.machine) == ("list.example.com", "lists.example.com", "lists.example.com")
    assert (domain.exchangers, domain.senders) == (["lists.example.com"], LISTS["listhost_dns_addresses"])


def test_a_name_in_mail_and_several_domains():
    found = names(lists_example_com=dict(LISTS, exim_primary_hostname="mail.example.com", mailman_shared_domains={"www.example.org": "list.example.org"}))
    assert [host.name for host in found.hosts.values()] == ["mail.example.com"]
    assert [(domain.name, domain.exchangers) for domain in found.domains] == [
        ("list.example.com", ["mail.example.com"]), ("list.example.org", ["mail.example.com"])]


GROUPS_WITH_MX = {"list_hosts": ["lists.example.com"], "mx_hosts": ["mx.example.com"]}


def test_mail_exchangers():
    found = names(GROUPS_WITH_MX, mx_example_com=MX)
    assert found.domains[0].exchangers == ["mx.example.com"]
    assert sorted(found.hosts) == ["lists.example.com", "mx.example.com"]
    found = names(GROUPS_WITH_MX, mx_example_com=MX, lists_example_com=dict(LISTS, listhost_dns_mail_exchangers=["in.example.net"]))
    assert found.domains[0].exchangers == ["in.example.net"]


@pytest.mark.parametrize("relay", ["mx.example.com", "192.0.2.2", "10.0.0.2", "out.example.com"])
def test_mail_leaves_from_the_relay(relay):
    relay_host = dict(MX, ansible_host="10.0.0.2", exim_primary_hostname="out.example.com")
    found = names(GROUPS_WITH_MX, mx_example_com=relay_host, lists_example_com=dict(LISTS, exim_smarthost=relay))
    assert found.hosts["lists.example.com"].senders == found.domains[0].senders == ["192.0.2.2"]
    assert found.hosts["lists.example.com"].addresses == LISTS["listhost_dns_addresses"]


def test_a_relay_that_is_nobody_here():
    [fault] = faults(lists_example_com=dict(LISTS, exim_smarthost="relay.example.net"))
    assert "lists.example.com: exim_smarthost is 'relay.example.net'" in fault and "listhost_dns_spf is empty" in fault and "include:" in fault
    found = names(lists_example_com=dict(LISTS, exim_smarthost="relay.example.net", listhost_dns_spf=["include:spf.example.net"]))
    assert found.domains[0].senders == []


def test_relays_in_a_circle():
    both = {"lists_example_com": dict(LISTS, exim_smarthost="mx.example.com"), "mx_example_com": dict(MX, exim_smarthost="lists.example.com")}
    assert len(faults(GROUPS_WITH_MX, **both)) == 2


MACHINE = {"mailman_separate_home": "/virtual", "ansible_host": "192.0.2.7", "listhost_dns_addresses": ["192.0.2.7"]}
VIRTUAL = {"mailman_separate_home": "/virtual", "ansible_host": "192.0.2.7", "mailman_email_host": "list.example.org"}
GROUPS_OF_VIRTUAL = {"list_hosts": ["lists.example.com"], "list_domains": ["one"]}


def test_a_virtual_domain():
    found = names(GROUPS_OF_VIRTUAL, lists_example_com=MACHINE, one=dict(VIRTUAL, listhost_dns_dmarc_policy="reject"))
    [domain] = found.domains
    assert (domain.name, domain.host, domain.machine, domain.exchangers) == ("list.example.org", "one", "lists.example.com", ["lists.example.com"])
    assert (domain.senders, domain.sts_addresses, domain.values["listhost_dns_dmarc_policy"]) == (["192.0.2.7"], ["192.0.2.7"], "reject")


def test_a_virtual_domain_of_a_machine_in_another_inventory():
    alone = {"list_domains": ["one"]}
    assert sorted(fault.partition(" ")[2].partition(" is empty")[0] for fault in faults(alone, one=VIRTUAL)) == [
        "listhost_dns_addresses", "listhost_dns_mail_exchangers"]
    found = names(alone, one=dict(VIRTUAL, ansible_host="lists.example.com", listhost_dns_addresses=["192.0.2.7"]))
    assert found.hosts == {}
    assert (found.domains[0].exchangers, found.domains[0].senders, found.domains[0].machine) == (["lists.example.com"], ["192.0.2.7"], None)


@pytest.mark.parametrize(("variables", "words"), [
    ({"listhost_dns_addresses": []}, ["lists.example.com: listhost_dns_addresses is empty", "192.0.2.1"]),
    ({"listhost_dns_addresses": ["127.0.0.1"]}, ["lists.example.com: listhost_dns_addresses has '127.0.0.1'", "no other host can reach"]),
    ({"listhost_dns_addresses": "192.0.2.1"}, ["listhost_dns_addresses is '192.0.2.1', a string", "Write a list"]),
    ({"listhost_dns_dmarc_policy": "strict"}, ["listhost_dns_dmarc_policy is 'strict'", "none, quarantine, reject"]),
    ({"listhost_dns_ttl": 1}, ["listhost_dns_ttl is 1. Set it to 60"]),
    ({"exim_dkim_selector": "lists."}, ["exim_dkim_selector is 'lists.'", "as in lists."]),
    ({"listhost_dns_old_dkim_selectors": ["lists"]}, ["listhost_dns_old_dkim_selectors has 'lists'"]),
    ({"exim_primary_hostname": "lists"}, ["exim_primary_hostname is 'lists', which is no domain name"]),
    ({"listhost_dns_adresses": ["192.0.2.1"]}, ["listhost_dns_adresses is no variable of role listhost_dns (did you mean listhost_dns_addresses?)"]),
    # What other roles name, too: dns.yml runs without them.
    ({"mailman_email_host": "../list.example.com"}, ["lists.example.com: mailman_email_host is '../list.example.com', which is no domain name"]),
    ({"mailman_email_host": 5}, ["mailman_email_host is 5"]),
    ({"mailman_shared_domains": ["list.example.org"]}, ["mailman_shared_domains is", "Write a mapping"]),
    ({"mailman_shared_domains": {"www.example.org": "list.example.org\n"}}, ["mailman_shared_domains has 'list.example.org\\n', which is no domain name"]),
    ({"mailman_virtual_hosts": {"www.example.org": 5}}, ["mailman_shared_domains has 5, which is no string"]),
    ({"exim_lists_domains": "list.example.com"}, ["exim_lists_domains is 'list.example.com', a string"]),
    ({"exim_primary_hostname": 5}, ["exim_primary_hostname is 5"]),
    ({"mailman_separate_home": 5}, ["mailman_separate_home is 5"]),
    ({"mailman_url_host": "list example"}, ["mailman_url_host is 'list example'"]),
    ({"mailman_web": "perhaps"}, ["mailman_web is 'perhaps'"]),
    ({"listhost_dns_mta_sts": "enforce", "mailman_web": False}, [
        "listhost_dns_mta_sts is enforce, but exim_tls_certificate of lists.example.com is empty", "none"]),
    ({"listhost_dns_mta_sts": "testing", "exim_tls_certificate": "/c"}, [
        "lists.example.com: listhost_dns_mta_sts is testing, but mailman_web_certificate is empty", "for mta-sts.list.example.com, too"]),
])
def test_bad_input(variables, words):
    [fault] = faults(lists_example_com=dict(LISTS, **variables))
    assert [word for word in words if word not in fault] == [], fault


STS = dict(LISTS, listhost_dns_mta_sts="testing", exim_tls_certificate="/c")


@pytest.mark.parametrize(("variables", "serves"), [
    ({"certificate_acme": True}, True), ({"mailman_web_certificate": "/c"}, True), ({"mailman_web_trusted_proxies": ["192.0.2.3"]}, True),
    ({"mailman_web": False}, False), ({"mailman_web_server": "existing"}, False), ({"listhost_dns_mta_sts_addresses": ["192.0.2.9"]}, False),
    ({"certificate_acme": True, "listhost_dns_mta_sts": "none"}, False),
])
def test_who_serves_a_policy(variables, serves):
    [domain] = names(lists_example_com=dict(STS, **variables)).domains
    assert domain.serves_policy is serves


def test_a_name_in_the_inventory_that_is_no_full_name():
    [fault] = faults({"list_hosts": ["lists"]}, lists=LISTS)
    assert "lists: exim_primary_hostname, or without it the name in the inventory, is 'lists'" in fault


def test_addresses_have_the_form_of_answers():
    said = dict(LISTS, listhost_dns_addresses=["2001:DB8:0:0::1", "2001:db8::1", "192.0.2.1"], listhost_dns_mta_sts_addresses=["2001:DB8::2"])
    found = names(lists_example_com=said)
    assert found.hosts["lists.example.com"].addresses == found.domains[0].senders == ["2001:db8::1", "192.0.2.1"]
    assert found.domains[0].sts_addresses == ["2001:db8::2"]


def test_all_faults_at_once():
    found = faults(GROUPS_WITH_MX, lists_example_com=dict(LISTS, listhost_dns_ttl=1, listhost_dns_spf=["x"]), mx_example_com={"listhost_dns_ttl": 2})
    assert [fault.split(" ")[:2] for fault in found] == [
        ["lists.example.com:", "listhost_dns_ttl"], ["lists.example.com:", "listhost_dns_spf"], ["mx.example.com:", "listhost_dns_ttl"]]


def test_what_only_one_can_have():
    other = dict(LISTS, exim_primary_hostname="lists.example.com")
    found = faults({"list_hosts": ["lists.example.com", "other.example.com"]}, other_example_com=other)
    assert found == ["list.example.com is a list domain of lists.example.com and other.example.com: its records can name one of them. Take it from all but "
                     "one.",
                     "lists.example.com and other.example.com have the same exim_primary_hostname, lists.example.com. Give each its own."]


def test_keys_of_one_name_on_two_hosts():
    signing = {"exim_dkim_domains": ["list.example.com"]}
    both = {"lists_example_com": dict(LISTS, **signing), "mx_example_com": dict(MX, **signing)}
    [fault] = faults(GROUPS_WITH_MX, **both)
    assert "list.example.com is in exim_dkim_domains of lists.example.com and mx.example.com" in fault and "called lists" in fault
    both["mx_example_com"]["exim_dkim_selector"] = "mx"
    assert names(GROUPS_WITH_MX, **both).domains
    both["mx_example_com"]["exim_dkim_next_selector"] = "lists"
    assert len(faults(GROUPS_WITH_MX, **both)) == 1


def test_mta_sts_with_tls():
    variables = {"listhost_dns_mta_sts": "testing", "exim_tls_certificate": "/etc/ssl/list.pem", "mailman_web": False}
    assert names(lists_example_com=dict(LISTS, **variables)).domains[0].sts_addresses == LISTS["listhost_dns_addresses"]
    assert names(lists_example_com=dict(LISTS, listhost_dns_mta_sts_addresses=["192.0.2.9"], **variables)).domains[0].sts_addresses == ["192.0.2.9"]


@pytest.mark.parametrize("elsewhere", [{"exim_configuration": "blocks"}, {"certificate_acme": True}, {"certificate_acme": "yes"}])
def test_mta_sts_where_the_certificate_is_an_authoritys_or_in_a_configuration_of_others(elsewhere):
    assert names(lists_example_com=dict(LISTS, listhost_dns_mta_sts="testing", mailman_web=False, **elsewhere)).domains[0].name == "list.example.com"


@pytest.mark.parametrize(("variables", "web_hosts"), [
    ({}, ["list.example.com"]),
    ({"mailman_url_host": "www.example.com"}, ["www.example.com"]),
    ({"mailman_virtual_hosts": {"www.example.org": "list.example.org"}}, ["list.example.com", "www.example.org"]),
    # It has no pages that the inventory says anything of.
    ({"exim_lists_domains": ["list.example.com", "list.example.net"]}, ["list.example.com", ""]),
    ({"mailman_web": "no", "mailman_shared_domains": {"www.example.org": "list.example.org"}}, ["", ""]),
])
def test_web_hosts(variables, web_hosts):
    assert [domain.web_host for domain in names(lists_example_com=dict(LISTS, **variables)).domains] == web_hosts


def test_the_web_host_of_a_virtual_domain():
    [domain] = names(GROUPS_OF_VIRTUAL, lists_example_com=MACHINE, one=dict(VIRTUAL, mailman_url_host="www.example.org")).domains
    assert (domain.web_host, domain.addresses) == ("www.example.org", ["192.0.2.7"])


def test_no_groups():
    [fault] = faults({"web": ["lists.example.com"]})
    assert fault.startswith("No host is in list_hosts")
