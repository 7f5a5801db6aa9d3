# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lists of another Mailman are to be called here, and why they cannot come."""

import pytest
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _takeover as takeover

LIST = {
    "name": "board", "email_host": "example.com", "url_host": "www.example.com", "members": 3, "held": 1, "queued": 0, "bytes": 1234, "files": 2,
    "program": False, "fault": "",
}  # fmt: skip


def plan(*found, here=(), served=("example.com",), short_names=True, domains=(), lists=()):
    return takeover.plan([dict(LIST, **one) for one in found], [dict({"arrived": False}, **one) for one in here], list(served), short_names, domains, lists)


def faults(*found, **rules):
    return plan(*found, **rules)[1]


def target(*found, **rules):
    planned, wrong = plan(*found, **rules)
    assert wrong == []
    return ["%(new_name)s@%(email_host)s %(url_host)s %(state)s" % one for one in planned]


@pytest.mark.parametrize(("name", "email_host", "short"), [
    ("board", "example.com", "board"),
    ("board_example.com", "example.com", "board"),
    ("board_example.com", "Example.com", "board"),
    ("my_board_example.com", "example.com", "my_board"),
    ("board_example.com", "lists.example.com", "board_example.com"),
    ("board_example.com", "com", "board_example.com"),
    ("_example.com", "example.com", "_example.com"),
    ("board_", "", "board_"),
])
def test_short_names(name, email_host, short):
    assert takeover.short_name(name, email_host) == short


def test_a_list_keeps_what_no_rule_changes():
    assert target({}) == ["board@example.com www.example.com comes"]
    assert target({"name": "board_example.com"}, short_names=False) == ["board_example.com@example.com www.example.com comes"]


def test_rules():
    domains = [{"domain": "Old.example", "email_host": "example.com", "url_host": None}]
    lists = [{"name": "two_old.example", "new_name": "second", "email_host": None, "url_host": "two.example.com", "leave_out": False}]
    found = ({"name": "one_old.example", "email_host": "old.example"}, {"name": "two_old.example", "email_host": "OLD.example"})
    assert target(*found, domains=domains, lists=lists) == ["one@example.com www.example.com comes", "second@example.com two.example.com comes"]


def test_what_is_left_out():
    found = ({}, {"name": "test", "fault": "it is torn", "email_host": ""}, {"name": "mailman", "email_host": "old"}, {"name": "mailman_example.com"})
    assert [one.split()[-1] for one in target(*found, lists=[{"name": "test", "leave_out": True}])] == ["comes", "out", "out", "out"]


def test_a_site_list_that_a_rule_names_comes_as_another_list():
    assert target({"name": "mailman"}, here=[{"name": "mailman"}], lists=[{"name": "mailman", "new_name": "old-site"}]) == [
        "old-site@example.com www.example.com comes"]


def test_what_came_before():
    assert target({}, here=[{"name": "board", "arrived": True}]) == ["board@example.com www.example.com came before"]


@pytest.mark.parametrize(("found", "options", "words"), [
    ([{"fault": "it has no config.pck."}], {}, ["The list board cannot be read (it has no config.pck)", "{name: board, leave_out: true}"]),
    ([{"name": "-board"}], {}, ["would be called '-board' here, which is no name of a list"]),
    ([{"email_host": "other.example"}], {}, ["in the domain other.example, of which this host gets no mail", "mailman_takeover_domains"]),
    ([{"email_host": ""}], {}, ["in the domain (none)"]),
    ([{"url_host": ""}], {}, ["url_host"]),
    ([{}], {"here": [{"name": "board"}]}, ["There is a list board here already, and a takeover overwrites none"]),
    ([{}, {"name": "board_example.com"}], {}, ["The lists board, board_example.com would all be called board here"]),
    ([{}], {"lists": [{"name": "bord"}]}, ["mailman_takeover_lists has 'bord', and there is no list of this name. There are board."]),
    ([{"name": "news"}, {"new": 1}], {"lists": [{"name": "news", "new_name": "board"}]}, ["The lists news, board would all be called board here"]),
])
def test_faults(found, options, words):
    wrong = faults(*found, **options)
    assert len(wrong) == 1
    assert [word for word in words if word not in wrong[0]] == [], wrong


def test_what_is_said():
    planned = plan({"name": "board_example.com", "bytes": 2500000, "program": True}, {"name": "torn", "fault": "it is torn"}, {"name": "mailman"})[0]
    assert takeover.say(planned, ["archives/private/x: it is no file"]) == [
        "board_example.com (example.com): board@example.com comes. 3 members, 1 held messages, 0 in queues, 2.5 MB",
        "board_example.com: its program extend.py comes under the name extend.py.arrived, which Mailman does not run",
        "torn (example.com): torn@example.com comes. cannot be read: it is torn",
        "mailman (example.com): is left out. 3 members, 1 held messages, 0 in queues, 1.2 kB",
        "Not taken: archives/private/x: it is no file",
    ]


@pytest.mark.parametrize(("number", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (10 ** 6, "1.0 MB"), (25 * 10 ** 11, "2500.0 GB")])
def test_size(number, text):
    assert takeover.size(number) == text
