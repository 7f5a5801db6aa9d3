# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The package _mailman_target in Mailman's own Python, sent and loaded as the modules do, with Mailman itself."""

import base64
import json
import shlex

import pytest
from conftest import CONFIGURE, PREFIX, ROOT
from module_utils import _mailman_program

LIST = {
    "name": "sent", "state": "present", "email_host": None, "url_host": None, "language": None, "owners": ["owner@example.com"], "moderators": None,
    "description": "Grüße", "settings": {"subject_prefix": "[x] ", "generic_nonmember_action": 2}, "initial_settings": {}, "members_mode": "exact",
    "members": json.dumps(["Dora Müller <dora@example.org>", {"address": "emil@example.org", "nomail": True}]),
    "password": "secret", "update_password": "on_create",
}  # fmt: skip
REST = {
    "purge": False, "keep_archives": False, "site_password": None, "virtual_hosts": {}, "update_urls": False, "domains_file": {"text": "", "seconds": 0},
    "lock_timeout": 5,
}  # fmt: skip


@pytest.fixture
def target(mailman):
    """A function that has the program do something as Mailman's user and returns its answer."""

    def target(do, user="list", **arguments):
        loader, given = _mailman_program.pack({"prefix": PREFIX, "do": do, "arguments": arguments})
        command = "cd / && %s -B -c %s" % (CONFIGURE["with-python"], shlex.quote(loader))
        return json.loads(mailman.run(command, stdin=given.decode("ascii"), user=user).stdout)

    return target


def test_every_file_compiles(mailman):
    """Those that are not sent as parts, too."""
    files = sorted((ROOT / "plugins/module_utils/_mailman_target").glob("*.py"))
    texts = json.dumps([[path.name, path.read_text()] for path in files])
    code = "import json\nfor name, text in json.loads(%r):\n    compile(text, name, 'exec')\nresult(%d)" % (texts, len(files))
    assert mailman.python(code) == len(files) >= 20


def test_the_loader_does_nothing_as_root(target):
    assert target("describe", user="root", gather=[]) == {"error": "Root does not run Mailman's code."}


def test_mailman_is_described(target):
    result = target("describe", gather=["lists", "queues", "runners", "settings"])["result"]
    assert result["python_version"].startswith("2.7.")
    assert result["lists_dir"] == PREFIX + "/lists"
    assert "mailman" in [one["name"] for one in result["lists"]]
    assert (result["settings"]["SMTPPORT"], result["queues"]["shunt"]) == (2525, 0)


def test_a_list_is_made_changed_and_removed(target, mailman):
    for check in (True, False):
        result = target("manage_lists", lists=[dict(LIST)], check=check, **REST)["result"]
        assert (result["faults"], result["problems"]) == ([], [])
        assert [(one["name"], one["change"]) for one in result["lists"]] == [("sent", "created")]
        assert mailman.exists(PREFIX + "/lists/sent/config.pck") is not check
    assert "sent: list.example.com\n" in result["domains"]
    assert target("manage_lists", lists=[dict(LIST)], check=False, **REST)["result"]["lists"] == []
    changed = dict(LIST, description="Café", members=json.dumps(["emil@example.org"]))
    [report] = target("manage_lists", lists=[changed], check=False, **REST)["result"]["lists"]
    assert report["settings"] == {"description": {"before": "Grüße", "after": "Café"}}
    assert report["members"]["removed"] == ["dora@example.org"]
    wanted = {name: value for name, value in REST.items() if name not in ("domains_file", "lock_timeout")}
    for spec, differs in ((changed, False), (dict(LIST), True)):
        said = target("describe", gather=["differences"], compare=dict(wanted, lists=[dict(spec)], check_mode=False))["result"]
        assert said["differences"] is differs
    wrong = dict(LIST, settings={"subject_prefiks": "x", "generic_nonmember_action": 9})
    assert len(target("manage_lists", lists=[wrong], check=False, **REST)["result"]["faults"]) == 2
    [report] = target("manage_lists", lists=[dict(LIST, state="absent")], check=False, **REST)["result"]["lists"]
    assert report == {"name": "sent", "change": "removed"}
    assert not mailman.exists(PREFIX + "/lists/sent")


def test_a_members_language(target, mailman):
    for language in ("en", "de"):
        spec = dict(LIST, name="tongues", language="de", members=json.dumps([{"address": "emil@example.org", "language": language}]))
        for changes in (1, 0):
            result = target("manage_lists", lists=[spec], check=False, **REST)["result"]
            assert (result["faults"], result["problems"], len(result["lists"])) == ([], [], changes)
        assert mailman.python("result(MailList.MailList('tongues', lock=0).getMemberLanguage('emil@example.org'))") == language
    target("manage_lists", lists=[dict(LIST, name="tongues", state="absent")], check=False, **REST)


def test_a_list_is_described_as_it_would_be_asked_for(target, mailman):
    """With what a request can say, and without what it cannot: passwords, and what bounces have done."""
    asked = dict(LIST, name="adopted", language="de", description="Grüße", moderators=["mona@example.edu"], members=json.dumps([
        {"address": "Bob@example.net", "name": "Bob Müller", "digest": True},
        {"address": "carol@example.edu", "moderated": True, "nomail": True},
        "Dora <dora@example.org>",
        "emil@example.org",
        "gone@example.org",
    ]), settings={"max_message_size": 200, "new_member_options": ["nodupes", "hide"], "topics": [{"name": "Wald", "pattern": "Wald", "description": "Bäume"}],
                  "header_filter_rules": [{"pattern": "^x-spam: yes", "action": "hold"}], "subject_prefix": "[{{ x }}] "})
    assert target("manage_lists", lists=[asked], check=False, **REST)["result"]["problems"] == []
    mailman.python(
        "m = MailList.MailList('adopted', lock=1)\n"
        "m.setDeliveryStatus('gone@example.org', MemberAdaptor.BYBOUNCE)\n"
        "m.setMemberName('emil@example.org', 'E <m> \"il\"')\n"
        "m.addNewMember('old@localhost', password='x')\n"
        "m.Save()\nm.Unlock()\nresult(1)", user="list")
    lists = target("describe", gather=["inventory"])["result"]["inventory"]
    [found] = [one for one in lists if one["name"] == "adopted"]
    assert found.pop("members") == [
        {"address": "Bob@example.net", "digest": True, "name": "Bob Müller"},
        {"address": "carol@example.edu", "moderated": True, "nomail": True},
        "Dora <dora@example.org>",
        {"address": "emil@example.org", "name": 'E <m> "il"'},
        "gone@example.org",
    ]
    assert found.pop("left_out") == ["members: old@localhost is no address that Mailman takes today"]
    assert dict(found.pop("settings"), available_languages=None) == dict(asked["settings"], new_member_options=["hide", "nodupes"], available_languages=None)
    assert found == {"name": "adopted", "language": "de", "description": "Grüße", "owners": LIST["owners"], "moderators": ["mona@example.edu"]}
    [again] = [one for one in target("describe", gather=["inventory"])["result"]["inventory"] if one["name"] == "adopted"]
    again = dict(LIST, **again)
    again["members"] = json.dumps(again["members"])
    for one in (dict(again, members_mode="additive"), again):
        result = target("manage_lists", lists=[one], check=True, **REST)["result"]
        assert result["faults"] == []
        # The one whose address is none.
        assert [report["members"]["removed"] for report in result["lists"]] == ([["old@localhost"]] if one["members_mode"] == "exact" else [])
    target("manage_lists", lists=[dict(LIST, name="adopted", state="absent")], check=False, **REST)


def test_a_list_that_cannot_be_read_is_named(target, mailman):
    target("manage_lists", lists=[dict(LIST, name="broken")], check=False, **REST)
    mailman.run("cd %s/lists/broken && echo x >config.pck && rm -f config.pck.last" % PREFIX)
    [found] = [one for one in target("describe", gather=["inventory"])["result"]["inventory"] if one["name"] == "broken"]
    assert set(found) == {"name", "error"}
    mailman.run("rm -r %s/lists/broken" % PREFIX)


def check(target, text, *names):
    content = base64.b64encode(("from Defaults import *\n" + text).encode()).decode()
    return target("check_settings", path=PREFIX + "/Mailman/mm_cfg.py", content=content, names=names)["result"]


def test_settings_are_read_as_mailman_reads_them(target):
    """Python 2 divides whole numbers, prints by a statement and imports neighbours; our own files do not."""
    text = "print 'noise', 3\nSMTP_MAX_RCPTS = 1 / 2\nassert SMTP_MAX_RCPTS == 0 and type(SMTP_MAX_RCPTS) is int\nMTA = None\nNO_SUCH = 'x'\n"
    names = ["MTA", "NO_SUCH", "SMTP_MAX_RCPTS"]
    assert check(target, text, *names) == {"fault": "", "mistyped": [], "unknown": ["NO_SUCH"]}
    found = check(target, "SMTP_MAX_RCPTS = 'many'\n", "SMTP_MAX_RCPTS")
    assert found["mistyped"] == ["SMTP_MAX_RCPTS is a string where Mailman has a number"]
    assert check(target, "\nX = = 1\n")["fault"] == 'File "%s/Mailman/mm_cfg.py", line 3: SyntaxError: invalid syntax' % PREFIX


def test_settings_are_tried_where_those_in_force_are_broken(target, mailman):
    mailman.run("rm -f %s/Mailman/mm_cfg.pyc; echo 'x = = 1' >%s/Mailman/mm_cfg.py" % (PREFIX, PREFIX))
    assert "Mailman/mm_cfg.py cannot be read by Mailman: SyntaxError" in target("describe", gather=[])["error"]
    assert check(target, "SMTPPORT = 25\n", "SMTPPORT") == {"fault": "", "mistyped": [], "unknown": []}
