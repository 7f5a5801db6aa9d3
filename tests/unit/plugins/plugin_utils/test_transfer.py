# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What moves with a domain, why it cannot, and whether the copies are the same."""

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
    """A list as mailman_info has it."""
    return dict({
        "name": name, "email_host": host, "fault": "", "files": ["archives/private/" + name, "lists/" + name], "members": 1, "messages": 0,
        "archives": [["archives/private/" + name, 2, 1500000]], "settings": "s", "state": "t"}, **more)


def situation():
    """A domain with two lists in a Mailman with another domain, and a machine that waits for it."""
    return {
        "domain": "lists.example.org",
        "url_host": "www.example.org",
        "moving": ["lists.example.org"],
        "source": {
            "host": "old", "prefix": "/var/lib/mailman", "unit": "mailman", "frozen_file": "/etc/listhost/frozen", "separate": False, "same_machine": False,
            "look": {
                "installed": True, "frozen": {},
                "contents": {"directories": {}, "templates": ["templates/en", "templates/lists.example.net", "templates/lists.example.org", "templates/site"],
                             "lists": [one("announce"), one("board"), one("mailman"), one("news", "lists.example.net")]},
            },
            "exim": "condition = ${lookup{$domain}lsearch{/etc/listhost/frozen}}", "disks": ["   Avail", " 900000000", "Avail", "13000000"],
        },
        "target": {
            "machine": "new", "home": "/virtual", "frozen_file": "/virtual/frozen",
            "look": {"installed": False, "frozen": {}},
            "exim": "domainlist mm_domains = dsearch;/virtual/domains lsearch;/virtual/frozen", "disks": ["Avail", "900000000"],
        },
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
    assert [one["name"] for one in found.pop("lists")] == ["announce", "board"]
    assert found == {
        "names": ["announce", "board"],
        "files": ["archives/private/announce", "lists/announce", "archives/private/board", "lists/board"],
        "templates": ["templates/lists.example.org", "templates/site"],
        "stale": [],
        "addresses": [name + suffix + "@lists.example.org" for name in ("announce", "board") for suffix in ("", "-bounces+luser=example.com", "-request")],
        "addressed": [{"name": name, "email_host": "lists.example.org", "url_host": "www.example.org"} for name in ("announce", "board")],
        "others": ["lists.example.net"],
        "bytes": 13000000,
        "exim_finds": True,
        "left": False,
        "done": False,
    }


def test_a_mailman_of_the_domains_own_moves_as_a_whole():
    found, faults = transfer.plan(**changed(source__separate=True, source__disks=["900000000"]))
    assert faults == []
    assert found["names"] == ["announce", "board", "mailman", "news"]


def test_what_a_killed_run_has_left():
    there = {"lists": [one("board", "", fault="no pickle"), one("mailman")]}
    found, faults = transfer.plan(**changed(target__look={"installed": True, "frozen": {"lists.example.org": "arriving"}, "contents": there}))
    assert faults == []
    assert found["stale"] == ["archives/private/board", "lists/board"]


def test_what_a_run_before_has_ended():
    left = {"lists.example.org": "left"}
    found, faults = transfer.plan(**changed(source__look__frozen=left))
    assert (faults, found["left"], found["done"]) == ([], True, False)
    gone = changed(source__look__frozen=left, source__look__contents__lists=[one("mailman")], source__disks=["0"])
    found, faults = transfer.plan(**gone)
    assert (faults, found["left"], found["done"]) == ([], True, True)
    gone["target"]["look"]["frozen"] = {"lists.example.org": "arriving"}
    assert not transfer.plan(**gone)[0]["done"]


@pytest.mark.parametrize(("changes", "words"), [
    ({"source__look": {"installed": False}}, ["move_from is old, but there is no Mailman in /var/lib/mailman", "Set move_from to the host"]),
    ({"source__look__contents__lists": [one("announce"), one("broken", "", fault="no pickle")]},
     ["The list broken on old cannot be read (no pickle)", "mend or remove it"]),
    ({"domain": "lists.example.edu"}, ["lists.example.edu has no lists in /var/lib/mailman on old", "Set move_from"]),
    ({"target__look__contents": {"lists": [one("board"), one("mailman")]}}, ["lists.example.org has board on new already", "remove_domain.yml"]),
    ({"source__exim": ""}, ["Exim on old cannot make mail wait", "/etc/listhost/frozen", "Run site.yml for this host first"]),
    ({"target__exim": "lsearch;/virtual/frozen"}, ["Exim on new does not look for domains in /virtual/domains", "Set mailman_separate_home"]),
    ({"target__exim": "dsearch;/virtual/domains"}, ["not into /virtual/frozen", "run site.yml for it first"]),
    ({"source__same_machine": True, "target__exim": ""}, ["old has lists of lists.example.net in the same Mailman", "name all these domains in move_domain"]),
    ({"source__same_machine": True, "target__exim": "", "moving": ["lists.example.org", "lists.example.net"]}, []),
    ({"source__disks": ["12999999", "900000000"]}, ["lists.example.org needs 13 MB, and old has 12 MB free", "Make room"]),
    ({"target__disks": ["Avail"]}, ["and new has 0 MB free"]),
])
def test_faults(changes, words):
    faults = transfer.plan(**changed(**changes))[1]
    assert len(faults) == (1 if words else 0), faults
    assert [word for word in words if word not in faults[0]] == [], faults
    assert "\n" not in "".join(faults)


def test_all_faults_at_once():
    assert len(transfer.plan(**changed(source__exim="", target__exim="", source__disks=["0"], target__disks=["0"]))[1]) == 4


def test_copies():
    lists = [one("announce"), one("board")]
    assert list(transfer.differences(lists, [one("board"), one("announce"), one("mailman")], True)) == []
    assert list(transfer.differences(lists, [one("announce", members=0, state="x")], True)) == [
        "announce (members: 1, the copy 0)", "announce (state)", "board (files)", "board (members: 1, the copy none)", "board (messages: 0, the copy none)",
        "board (archives: [['archives/private/board', 2, 1500000]], the copy none)", "board (state)", "board (settings)"]


@pytest.mark.parametrize("key", ["files", "members", "messages", "archives", "state", "settings"])
def test_each_difference_counts(key):
    [difference] = transfer.differences([one("board")], [one("board", **{key: "other"})], True)
    assert difference.startswith("board (" + key)
    assert len(list(transfer.differences([one("board")], [one("board", **{key: "other"})], False))) == (0 if key == "settings" else 1)
