# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lists get another address of their web pages, and which."""

import types

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import attributes, lists, mailman

URLS = {
    "old": "http://www.example.com/mailman/", "port": "http://www.example.com:8080/cgi-bin/mailman/", "new": "https://www.example.com/mailman/",
    "other": "http://www.example.net/mailman/", "odd": "nowhere",
}


class Unreadable(Exception):
    pass


@pytest.fixture(autouse=True)
def installed(monkeypatch, mm_cfg):
    """A Mailman with some lists, one of which cannot be read."""

    def read(name, lock):
        if name == "broken":
            raise Unreadable
        return types.SimpleNamespace(web_page_url=URLS[name], host_name="example.com")

    mm_cfg.DEFAULT_URL_PATTERN = "https://%s/mailman/"
    monkeypatch.setattr(mailman, "Errors", types.SimpleNamespace(MMListError=Unreadable), raising=False)
    monkeypatch.setattr(mailman, "MailList", types.SimpleNamespace(MailList=read), raising=False)


def test_lists_with_an_address_of_another_form():
    hosts = {}
    found = list(lists.with_old_urls([*URLS, "broken"], hosts))
    assert hosts == {"old": "www.example.com", "port": "www.example.com", "new": "www.example.com", "other": "www.example.net", "odd": None}
    assert {spec["name"]: spec["url_host"] for spec in found} == {"old": "www.example.com", "port": "www.example.com", "other": "www.example.net"}
    assert attributes.web_page_url("www.example.net") == "https://www.example.net/mailman/"


def test_what_has_no_form_stays():
    assert lists.url_host(types.SimpleNamespace(web_page_url="nowhere")) is None


@pytest.mark.parametrize(("update", "said", "wanted"), [(True, None, "www.example.com"), (False, None, None), (True, "www.example.org", "www.example.org")])
def test_a_list_of_the_request(monkeypatch, update, said, wanted):
    seen = []

    class Work:
        def __init__(self, dummy, mlist, spec, new, complain):
            seen.append(spec["url_host"])

        def report(self):
            return None

    monkeypatch.setattr(lists, "Work", Work)
    monkeypatch.setattr(lists, "check_names", lambda *dummy: None)
    monkeypatch.setattr(lists, "check_host", lambda host: None)
    spec = dict(lists.UNCHANGED, name="old", url_host=said)
    hosts = {} if update else None
    assert lists.plan(None, [spec], {"old"}, False, None, None, types.SimpleNamespace(now={}, then={}), hosts) == ([], [], [])
    assert (seen, hosts) == ([wanted], {"old": "www.example.com"} if update else None)
    # The request itself stays as it is.
    assert spec["url_host"] == said


@pytest.mark.parametrize(("update", "purge", "asked"), [(True, False, ["new", "old", "other"]), (True, True, ["new"]), (False, False, ["new"])])
def test_lists_that_the_request_does_not_name(monkeypatch, update, purge, asked):
    seen = []

    def plan(dummy, specs, *arguments):
        seen.extend(spec["name"] for spec in specs)
        return [], [], []

    monkeypatch.setattr(mailman, "Utils", types.SimpleNamespace(list_names=lambda: ["new", "old", "other"]), raising=False)
    for owner, name in ((mailman, "load_settings"), (mailman, "load_lists"), (mailman, "tie_hands"), (lists, "Attributes")):
        monkeypatch.setattr(owner, name, lambda: None)
    monkeypatch.setattr(lists, "unfinished_removals", list)
    monkeypatch.setattr(lists, "plan", plan)
    answer = lists.manage_lists([dict(lists.UNCHANGED, name="new", url_host=None)], purge, True, None, {}, update, None, 1, True)
    assert (seen, answer["unlisted"]) == (asked, ["old", "other"])
    # What the plan notes is not among these.
    assert (answer["web_hosts"] or None) == ("old www.example.com\nother www.example.net\n" if len(asked) > 1 else None)


NOTHING = {"faults": [], "lists": [], "problems": [], "site_password_changed": False, "unlisted": [], "warnings": []}


@pytest.mark.parametrize(("answer", "check_mode", "differ"), [
    ({}, False, False),
    ({}, True, False),
    ({"lists": [{"name": "board", "change": "changed"}]}, False, True),
    ({"faults": ["lists (x): wrong"]}, False, True),
    ({"problems": ["locked"]}, False, True),
    ({"warnings": ["mail to x-admin@ goes to the list x"]}, False, True),
    ({"site_password_changed": True}, False, True),
    # Only check mode warns of these.
    ({"unlisted": ["other"]}, False, False),
    ({"unlisted": ["other"]}, True, True),
])
def test_what_the_module_would_do_or_say(monkeypatch, answer, check_mode, differ):
    asked = []
    monkeypatch.setattr(lists, "manage_lists", lambda **arguments: asked.append(arguments) or dict(NOTHING, **answer))
    assert lists.gather_differences(check_mode, lists=[], purge=False) is differ
    assert asked == [{"lists": [], "purge": False, "domains_file": None, "lock_timeout": 0, "check": True}]


def test_a_failure_is_the_modules_to_tell(monkeypatch):
    def fail(**arguments):
        raise ValueError

    monkeypatch.setattr(lists, "manage_lists", fail)
    assert lists.gather_differences(False) is True
