# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What moves with a domain, and why it cannot."""

import copy

import pytest
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _transfer as transfer

DEBIAN = {"os_family": "Debian", "distribution": "Debian", "distribution_major_version": "12"}
EL = {"os_family": "RedHat", "distribution": "AlmaLinux", "distribution_major_version": "8"}
GROUPS = {"list_domains": ["lists.example.org"]}
HOSTVARS = {
    "lists.example.org": {"ansible_host": "new"},
    "old": {"ansible_facts": DEBIAN},
    "el": {"ansible_facts": EL},
    "prefixed": {"ansible_facts": DEBIAN, "mailman_prefix": "/opt/mailman"},
    "separate": {"ansible_facts": DEBIAN, "mailman_separate_home": "/domains"},
    "formerly": {"ansible_facts": DEBIAN, "mailman_virtual_home": "/domains"},
    "here": {"ansible_facts": DEBIAN, "ansible_host": "new", "mailman_separate_home": "/virtual"},
    "unreachable": {"ansible_facts": {}},
}


@pytest.mark.parametrize(("host", "name", "words"), [
    ("lists.example.org", "old", []),
    ("lists.example.org", "", ["mailman_transfer_from (move_from) is ''", "no host of the inventory", "Set it to the host"]),
    ("lists.example.org", "typo", ["is 'typo'"]),
    ("lists.example.org", "unreachable", ["Nothing is known of unreachable", "gather facts there first"]),
    ("old", "old", ["old is not in the group list_domains", "Name one of that group"]),
])
def test_hosts(host, name, words):
    faults = list(transfer.faults_of_hosts(host, name, GROUPS, HOSTVARS))
    assert len(faults) == (1 if words else 0)
    assert [word for word in words if word not in faults[0]] == [], faults


@pytest.mark.parametrize(("name", "prefix", "unit", "frozen_file", "separate", "same_machine"), [
    ("old", "/var/lib/mailman", "mailman", "/etc/listhost/frozen", False, False),
    ("el", "/usr/lib/mailman", "mailman", "/etc/listhost/frozen", False, False),
    ("prefixed", "/opt/mailman", "mailman", "/etc/listhost/frozen", False, False),
    ("separate", "/domains/lists.example.org/mailman", "mailman@lists.example.org", "/domains/frozen", True, False),
    ("formerly", "/domains/lists.example.org/mailman", "mailman@lists.example.org", "/domains/frozen", True, False),
    # The domain is to have the place of its own there, so it is in the other.
    ("here", "/var/lib/mailman", "mailman", "/etc/listhost/frozen", False, True),
])
def test_source(name, prefix, unit, frozen_file, separate, same_machine):
    assert transfer.source("lists.example.org", "lists.example.org", name, HOSTVARS) == {
        "host": name, "prefix": prefix, "unit": unit, "frozen_file": frozen_file, "separate": separate, "same_machine": same_machine}


def one(name, host="lists.example.org", **more):
    """A list as mailman_export has it."""
    return dict({"name": name, "email_host": host, "fault": "", "files": 2, "bytes": 1500000, "members": 1, "held": 0, "queued": 0, "state": "t"}, **more)


def situation():
    """A domain with two lists in a Mailman with another domain, and a machine that waits for it."""
    return {
        "domain": "lists.example.org",
        "url_host": "www.example.org",
        "web": False,
        "moving": ["lists.example.org"],
        "source": {
            "host": "old", "prefix": "/var/lib/mailman", "unit": "mailman", "frozen_file": "/etc/listhost/frozen", "separate": False, "same_machine": False,
            "look": {
                "installed": True, "frozen": {}, "lists": [one("announce"), one("board"), one("mailman"), one("news", "lists.example.net")],
                "exim": "condition = ${lookup{$domain}lsearch{/etc/listhost/frozen}}", "disks": ["   Avail", " 900000000", "Avail", "13000000"],
            },
        },
        "target": {
            "host": "lists.example.org", "machine": "new", "home": "/virtual", "prefix": "/virtual/lists.example.org/mailman", "frozen_file": "/virtual/frozen",
            "look": {
                "installed": False, "frozen": {}, "lists": [],
                "exim": "domainlist mm_domains = dsearch;/virtual/domains lsearch;/virtual/frozen", "disks": ["Avail", "900000000"],
            },
        },
        "copied": None,
    }


def changed(**changes):
    """The situation with other values; a__b__c is one inside."""
    variables = copy.deepcopy(situation())
    for path, value in changes.items():
        place = variables
        *parents, name = path.split("__")
        for parent in parents:
            place = place[parent]
        place[name] = value
    return variables


def test_plan():
    found, faults = transfer.plan(**situation())
    assert faults == []
    assert found.pop("announcement") == "announce, board: from old, /var/lib/mailman, to new, /virtual/lists.example.org/mailman"
    assert found.pop("remaining").startswith("lists.example.org is in /virtual/lists.example.org/mailman on new. Mail that still comes to old waits.")
    assert found == {
        "names": ["announce", "board"],
        "addresses": [name + suffix + "@lists.example.org" for name in ("announce", "board") for suffix in ("", "-bounces+luser=example.com", "-request")],
        "arriving": [{"name": name, "email_host": "lists.example.org", "url_host": "www.example.org"} for name in ("announce", "board")],
        "others": ["lists.example.net"],
        "stay": True,
        "bytes": 13000000,
        "exim_finds": True,
        "left": False,
        "done": False,
    }


def test_a_mailman_of_the_domains_own_moves_as_a_whole():
    found, faults = transfer.plan(**changed(source__separate=True, source__look__disks=["900000000"]))
    assert faults == []
    assert found["names"] == ["announce", "board", "mailman", "news"]


@pytest.mark.parametrize(("changes", "stay"), [
    ({}, True),
    ({"source__look__lists": [one("announce"), one("mailman")]}, True),
    ({"source__same_machine": True}, True),
    ({"source__same_machine": True, "moving": ["lists.example.org", "lists.example.net"]}, False),
    ({"source__separate": True}, False),
])
def test_whether_the_old_mailman_is_used_any_more(changes, stay):
    assert transfer.plan(**changed(**changes))[0]["stay"] is stay


@pytest.mark.parametrize(("changes", "words"), [
    ({}, "take the domain out of exim_lists_domains there and run site.yml"),
    ({"source__separate": True}, "end the domain there with remove_domain.yml."),
    ({"target__look__exim": ""}, "Exim here still looks elsewhere: take exim_lists_domains out for old, set mailman_separate_home, and run site.yml."),
])
@pytest.mark.parametrize("web", [False, True])
def test_what_is_left_to_do(changes, words, web):
    remaining = transfer.plan(**changed(web=web, **changes))[0]["remaining"]
    assert words in remaining
    assert ("Run site.yml for the domain, which sets up its web pages." in remaining) is web


def test_lists_that_were_changed_meanwhile():
    """Other faults do not count any more: the copy has taken its room."""
    copied = [one("announce", state="a"), one("board", state="b")]
    now = [one("board", state="b"), one("announce", state="a"), one("news", "lists.example.net", state="n")]
    assert transfer.plan(**changed(copied=copied, source__look__lists=now, target__look__disks=["0"]))[1] == []
    now[1]["state"] = "c"
    assert transfer.plan(**changed(copied=copied, source__look__lists=now))[1] == ["These lists were changed on old while they were copied: announce"]
    [fault] = transfer.plan(**changed(copied=copied, source__look__lists=now[2:]))[1]
    assert fault.endswith(": announce, board")


def test_what_a_killed_run_has_left():
    there = [one("board", "", fault="no pickle"), one("mailman")]
    assert transfer.plan(**changed(target__look__frozen={"lists.example.org": "arriving"}, target__look__lists=there))[1] == []


def test_what_a_run_before_has_ended():
    left = {"lists.example.org": "left"}
    found, faults = transfer.plan(**changed(source__look__frozen=left))
    assert (faults, found["left"], found["done"]) == ([], True, False)
    gone = changed(source__look__frozen=left, source__look__lists=[one("mailman")], source__look__disks=["0"])
    found, faults = transfer.plan(**gone)
    assert (faults, found["left"], found["done"]) == ([], True, True)
    assert found["announcement"] == "lists.example.org was moved from old before. There is nothing to do."
    gone["target"]["look"]["frozen"] = {"lists.example.org": "arriving"}
    found = transfer.plan(**gone)[0]
    assert not found["done"]
    assert found["announcement"].startswith("The rest of lists.example.org: from old")


@pytest.mark.parametrize(("changes", "words"), [
    ({"source__look__installed": False, "source__look__lists": []},
     ["move_from is old, but there is no Mailman in /var/lib/mailman", "Set move_from to the host"]),
    ({"source__look__lists": [one("announce"), one("broken", "", fault="no pickle")]},
     ["The list broken on old cannot be read (no pickle)", "mend or remove it"]),
    ({"domain": "lists.example.edu"}, ["lists.example.edu has no lists in /var/lib/mailman on old", "Set move_from"]),
    ({"target__look__lists": [one("board"), one("mailman")]}, ["lists.example.org has board on new already", "remove_domain.yml"]),
    ({"source__look__exim": ""}, ["Exim on old cannot make mail wait", "/etc/listhost/frozen", "Run site.yml for this host first"]),
    ({"target__look__exim": "lsearch;/virtual/frozen"}, ["Exim on new does not look for domains in /virtual/domains", "Set mailman_separate_home"]),
    ({"target__look__exim": "dsearch;/virtual/domains"}, ["not into /virtual/frozen", "run site.yml for it first"]),
    ({"source__same_machine": True, "target__look__exim": ""},
     ["old has lists of lists.example.net in the same Mailman", "name all these domains in move_domain"]),
    ({"source__same_machine": True, "target__look__exim": "", "moving": ["lists.example.org", "lists.example.net"]}, []),
    ({"source__look__disks": ["12999999", "900000000"]}, ["lists.example.org needs 13 MB, and old has 12 MB free", "Make room"]),
    ({"target__look__disks": ["Avail"]}, ["and new has 0 MB free"]),
])
def test_faults(changes, words):
    faults = transfer.plan(**changed(**changes))[1]
    assert len(faults) == (1 if words else 0), faults
    assert [word for word in words if word not in faults[0]] == [], faults
    assert "\n" not in "".join(faults)


def test_all_faults_at_once():
    assert len(transfer.plan(**changed(source__look__exim="", target__look__exim="", source__look__disks=["0"], target__look__disks=["0"]))[1]) == 4
