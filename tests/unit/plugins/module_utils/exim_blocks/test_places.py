# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_blocks import others, places, reading

# As EPEL's has it, in short: the first router depends on a macro, and the retry rules are last but two.
CONF = """\
domainlist local_domains = @
hostlist relay_from_hosts = localhost
acl_smtp_rcpt = acl_check_rcpt
acl_smtp_data = acl_check_data
begin acl
acl_check_rcpt:
  accept hosts = : \\
    +relay_from_hosts
acl_check_data:
  accept
begin routers
.ifdef ROUTER_SMARTHOST
smarthost:
  driver = manualroute
.else
dnslookup:
  driver = dnslookup
.endif
system_aliases:
  driver = redirect
begin transports
remote_smtp:
  driver = smtp
begin retry
* * F,1h,1h
"""
PLACES = {"main": 0, "acl_rcpt": 6, "acl_data": 9, "routers": 11, "transports": 21, "retry": 24}


def read(text, **files):
    return reading.read(["/etc/exim.conf"], opened=dict({"/etc/exim.conf": text}, **files).get)


def search(text=CONF, wanted=None, **files):
    return places.Search(read(text, **files), "/etc/exim.conf", wanted or {})


def test_places_are_found():
    found = search()
    assert found.faults == []
    assert {name: (place.path, place.line, place.before) for name, place in found.places.items()} == {
        name: ("/etc/exim.conf", line, "") for name, line in PLACES.items()}


def test_places_are_in_included_files():
    text = CONF.replace("begin routers\n", ".include /etc/exim/routers\n").replace("acl_check_rcpt:\n", ".include_if_exists /etc/exim/acl\n")
    found = search(text, **{"/etc/exim/routers": "# ours\nbegin routers\n", "/etc/exim/acl": "acl_check_rcpt:\n"})
    assert found.faults == []
    assert {name: (place.path, place.line) for name, place in found.places.items() if place.path != "/etc/exim.conf"} == {
        "routers": ("/etc/exim/routers", 2), "acl_rcpt": ("/etc/exim/acl", 1)}


def test_a_value_of_a_macro_is_a_name():
    assert search("A = acl_check_rcpt\n" + CONF.replace("= acl_check_rcpt", "= A")).places["acl_rcpt"].line == 7


def test_what_need_not_be_there():
    found = search(CONF.replace("acl_smtp_data = acl_check_data\n", "").replace("begin retry\n* * F,1h,1h\n", ""))
    assert found.faults == []
    assert ("acl_data" in found.places, found.places["acl"].line) == (False, 4)
    assert (found.places["retry"].line, found.places["retry"].before) == (-1, "begin retry\n\n")


@pytest.mark.parametrize(("wanted", "line"), [("system_aliases", 18), ("", 11)])
def test_routers_stand_before_the_one_that_is_named(wanted, line):
    found = search(wanted={"router": wanted})
    assert (found.faults, found.places["routers"].line) == ([], line)


@pytest.mark.parametrize(("text", "wanted", "fault"), [
    (CONF.replace("domainlist local_domains", "domainlist ours"), {}, "exim_anchors.local_domains is local_domains, but the configuration has no domainlist "
     "local_domains. Set it to the list of the domains whose mail stays on this host. There are: ours."),
    (CONF, {"relay_hosts": "local_domains"}, "exim_anchors.relay_hosts is local_domains, but the configuration has no hostlist local_domains. Set it to the "
     "list of the hosts that may send mail to anywhere. There are: relay_from_hosts."),
    (CONF.replace("acl_smtp_rcpt = acl_check_rcpt\n", ""), {}, "acl_smtp_rcpt is not set: Exim refuses all mail that comes by SMTP. Give the configuration an "
     "ACL first."),
    (CONF.replace("= acl_check_rcpt", "= /etc/exim/acl"), {}, "acl_smtp_rcpt is /etc/exim/acl, which is no name of an ACL of this configuration. Set "
     "exim_anchors.acl_rcpt to the ACL that begins it. There are: acl_check_rcpt, acl_check_data."),
    (CONF.replace("= acl_check_rcpt", "= ${if eq{$interface_port}{25}{a}{b}}"), {}, "acl_smtp_rcpt is ${if eq{$interface_port}{25}{a}{b}}, which is no name of "
     "an ACL of this configuration. Set exim_anchors.acl_rcpt to the ACL that begins it. There are: acl_check_rcpt, acl_check_data."),
    (CONF.replace("= acl_check_data", "= none"), {}, "acl_smtp_data is none, and the configuration has no ACL of this name. There are: acl_check_rcpt, "
     "acl_check_data."),
    (CONF, {"acl_data": "none"}, "exim_anchors.acl_data is none, and the configuration has no ACL of this name. There are: acl_check_rcpt, acl_check_data."),
    (CONF.replace("acl_check_data:", "acl_check_rcpt:"), {"acl_data": "acl_check_rcpt", "acl_rcpt": ""}, "acl_smtp_rcpt is acl_check_rcpt, and the "
     "configuration has more than one ACL of this name. There are: acl_check_rcpt, acl_check_rcpt."),
    (CONF.replace("acl_check_data:\n", "acl_check_data: accept\n"), {}, "the ACL acl_check_data begins on the line of its name (line 9 of /etc/exim.conf). Put "
     "its first statement on a line of its own."),
    (CONF.replace("acl_check_data:\n", ".ifndef X\nacl_check_data:\n.endif\n"), {}, "the ACL acl_check_data stands between .ifdef and .endif (line 10 of "
     "/etc/exim.conf): the lists would come and go with that condition. Move it out of there."),
    (CONF.replace("begin transports\n", ".ifndef X\nbegin transports\n.endif\n"), {}, "'begin transports' stands between .ifdef and .endif (line 22 of "
     "/etc/exim.conf): the lists would come and go with that condition. Move it out of there."),
    (CONF.replace("begin transports\n", ""), {}, "the configuration has no line 'begin transports'. It must have one."),
    (CONF + "begin routers\n", {}, "the configuration has more than one line 'begin routers': line 11 of /etc/exim.conf. It must have one."),
    (CONF, {"router": "none"}, "exim_anchors.router is none, but the configuration has no such router. Set it to the router before which those of the lists "
     "are to stand, or leave it empty for the first. There are: dnslookup, system_aliases."),
    (CONF, {"router": "dnslookup"}, "router dnslookup stands between .ifdef and .endif (line 16 of /etc/exim.conf): the lists would come and go with that "
     "condition. Move it out of there."),
])
def test_what_is_not_certain_is_named(text, wanted, fault):
    assert fault in search(text, wanted).faults
    assert len(search(text, wanted).faults) <= 2


def test_an_acl_can_be_named():
    found = search(CONF.replace("= acl_check_rcpt", "= /etc/exim/acl"), {"acl_rcpt": "acl_check_rcpt"})
    assert (found.faults, found.places["acl_rcpt"].line) == ([], 6)


@pytest.mark.parametrize(("block", "taken"), [
    ("MM_HOME = x\nbegin routers\nmailman_router:\n", []),
    ("X = 1\n", ["macro X is there already (line 1 of /etc/exim.conf)."]),
    ("aXb = 1\nMY_X = 1\n", ["macro MY_X and macro X (line 1 of /etc/exim.conf): Exim allows no name of a macro within another."]),
    ("XX = 1\n", ["macro XX and macro X (line 1 of /etc/exim.conf): Exim allows no name of a macro within another."]),
    ("domainlist local_domains = a\n", ["list domainlist local_domains is there already (line 2 of /etc/exim.conf)."]),
    ("begin acl\nacl_check_data:\n", ["acl acl_check_data is there already (line 10 of /etc/exim.conf)."]),
    ("begin routers\ndnslookup:\nsmarthost:\n", ["router dnslookup is there already (line 17 of /etc/exim.conf)."]),
    ("begin transports\nremote_smtp:\n", ["transport remote_smtp is there already (line 23 of /etc/exim.conf)."]),
])
def test_names_that_are_taken_are_named(block, taken):
    assert list(places.is_taken(read("X = 1\n" + CONF), read(block))) == taken


def test_what_is_lost_is_seen():
    before = read(CONF)
    assert places.differences(before, read(CONF.replace("begin routers\n", "begin routers\nnew:\n  driver = accept\n"))) == []
    # A block after a statement that goes on becomes a part of it.
    missing = places.differences(before, read(CONF.replace("driver = redirect\n", "driver = redirect \\\nnew:\n")))
    assert [one.text for one in missing] == ["driver = redirect"]
    changed = read(CONF.replace("acl_smtp_rcpt = acl_check_rcpt", "acl_smtp_rcpt = new"))
    assert [one.place for one in places.differences(before, changed)] == ["line 3 of /etc/exim.conf"]
    assert places.differences(before, changed, ["acl_smtp_rcpt = "]) == []
    # Another order is a loss, too.
    swapped = CONF.replace("acl_check_data:\n  accept\n", "").replace("acl_check_rcpt:\n", "acl_check_data:\n  accept\nacl_check_rcpt:\n")
    assert [one.text for one in places.differences(before, read(swapped))] == ["acl_check_data:", "accept"]


@pytest.mark.parametrize(("wanted", "at", "fault"), [
    ("", "begin routers\n", None),
    ("system_aliases", ".endif\n", None),
    ("", ".endif\n", "the routers are dnslookup, new, system_aliases, but should be new, dnslookup, system_aliases."),
    ("system_aliases", "begin routers\n", "the routers are new, dnslookup, system_aliases, but should be dnslookup, new, system_aliases."),
    # In a condition that does not hold.
    ("", ".ifdef ROUTER_SMARTHOST\n", "the routers are dnslookup, system_aliases, but should be new, dnslookup, system_aliases."),
])
def test_the_order_of_routers_is_seen(wanted, at, fault):
    assert places.order_of(read(CONF), read(CONF.replace(at, at + "new:\n  driver = accept\n")), ["new"], wanted) == fault


@pytest.mark.parametrize(("text", "tool"), [
    ("#!!# cPanel Exim 4 Config\n", "cPanel: line 2 is '#!!# cPanel Exim 4 Config', and cPanel makes this file again and again"),
    ("# SpamBlockerTechnology* powered exim.conf\n", "DirectAdmin: line 2 is 'SpamBlockerTechnology', and DirectAdmin makes this file again with each build"),
    (".include_if_exists /etc/exim.routers.pre.conf\n", "DirectAdmin: line 2 is '.include_if_exists /etc/exim.routers.pre.conf', and DirectAdmin makes this "
     "file again with each build"),
    ("VIRTUAL = /etc/exim4/domains/\n", "Hestia: line 2 is '/etc/exim4/domains/', and Hestia's upgrades replace this file"),
    ("# This file is managed by Puppet\n", "a configuration management: line 2 is '# This file is managed by Puppet', and what it does not have itself will "
     "not stay"),
    ("# Ansible managed\n", "a configuration management: line 2 is '# Ansible managed', and what it does not have itself will not stay"),
])
def test_files_of_other_tools_are_named(text, tool):
    assert list(others.faults_of_tools({"/etc/exim.conf": "a\n" + text, "/etc/other": CONF})) == [
        "/etc/exim.conf is a file of %s. Blocks cannot stay there. Have that tool add what docs/existing_exim.md shows." % tool]


def test_other_files_are_nobodys():
    assert list(others.faults_of_tools({"/etc/exim.conf": CONF + "# /etc/ssl/certs is generated by update-ca-certificates\n# managed by Anna\n"})) == []


def test_mailman_that_is_there_already_is_named():
    text = "MM_HOME = /var/lib/mailman\ndomainlist mm_domains = lists.example.com\n" + CONF.replace("begin routers\n", """\
begin routers
lists:
  driver = accept
  require_files = MM_HOME/lists/$local_part/config.pck
  transport = to_lists
mailman:
  driver = accept
""").replace("begin transports\n", "begin transports\nto_lists:\n  driver = pipe\n  command = MM_HOME/mail/mailman post $local_part\n")
    assert others.of_mailman(read(text)) == [
        "macro MM_HOME (line 1 of /etc/exim.conf)", "domainlist mm_domains (line 2 of /etc/exim.conf)", "router lists (line 14 of /etc/exim.conf)",
        "router mailman (line 18 of /etc/exim.conf)", "transport to_lists (line 30 of /etc/exim.conf)"]
    assert others.of_mailman(read(CONF)) == []
