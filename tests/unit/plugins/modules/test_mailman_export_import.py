# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import contextlib
import os

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _mailman, _mailman_archive, _mailman_export
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import TargetError
from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import Untrusted
from ansible_collections.listhost.exim_mailman.plugins.modules import mailman_export, mailman_import

PREFIX = "/var/lib/mailman"
INSTALLATION = {"prefix": PREFIX, "python": "/usr/bin/python2.7"}
SUM = "0" * 64
EXPORTED = {"faults": [], "id": "ab", "left_out": ["lists/news/archive/link"], "size": 3, "sum": SUM, "templates": ["site"], "ansible_facts": {}}
FACTS = {"bytes": 7, "email_host": "lists.example.org", "files": 2, "held": 0, "members": 1, "name": "news", "queued": 0}
EXPORTED["lists"] = [dict(FACTS, fault="", state="ab", locked_seconds=0.1)]
IMPORTED = {"archive": {"id": "ab"}, "finished": [], "kept": [], "programs": [], "replaced": [], "site": [], "unchanged": [], "ansible_facts": {}}
IMPORTED["lists"] = [dict(FACTS, new_name="news")]


@pytest.fixture
def run(run_module, monkeypatch, tmp_path):
    """Return a function that runs a module on a Mailman that gives this answer, which may be an exception, and says what Mailman was asked."""
    monkeypatch.setattr(_mailman_archive, "resolve", os.path.realpath)

    def run(module, answer, found=(INSTALLATION,), **arguments):
        asked = {}
        history = run.history = []

        def find_installation(prefix):
            if isinstance(found[0], Exception):
                raise found[0]
            return found[0]

        def run_target(ansible, installation, do, _handles=(), **given):
            history.append((do, given["check"], given.get("exported"), given["lists"]))
            asked.update(given, do=do, python=installation["python"], content=None)
            if _handles:
                assert _handles == (given["descriptor"],)
                with contextlib.suppress(OSError):
                    os.write(_handles[0], b"tar")
                with open("/proc/self/fd/%d" % _handles[0], "rb") as there:
                    asked["content"] = there.read()
            given_back = answer[do] if isinstance(answer, dict) and do in answer else answer
            if isinstance(given_back, Exception):
                raise given_back
            return given_back

        monkeypatch.setattr(_mailman, "find_installation", find_installation)
        monkeypatch.setattr(_mailman_export if module is mailman_export else module, "run_target", run_target)
        place = "dest" if module is mailman_export else "src"
        return run_module(module, **dict({"prefix": PREFIX, place: str(tmp_path / "lists.tar")}, **arguments)), asked

    return run


def test_lists_are_exported(run, tmp_path):
    result, asked = run(mailman_export, EXPORTED, lists=["news"], root="/srv/old", compressed=True, site_passwords=True, unreadable="include", lock_timeout=7)
    assert result["archive"] == {"dest": str(tmp_path / "lists.tar"), "id": "ab", "checksum": "sha256:" + SUM, "size": 3}
    assert (result["changed"], result["lists"], result["left_out"], "ansible_facts" in result) == (True, EXPORTED["lists"], ["lists/news/archive/link"], False)
    assert (result["templates"], (tmp_path / "lists.tar").read_bytes()) == (["site"], b"tar")
    del asked["descriptor"]
    assert asked == dict(do="export_lists", python="/usr/bin/python2.7", content=b"tar", root="/srv/old", lists=["news"], compressed=True, site_passwords=True,
                         unreadable="include", lock_timeout=7, check=False, origin=None)


def test_an_export_in_check_mode_writes_nothing(run, tmp_path):
    result, asked = run(mailman_export, dict(EXPORTED, sum=""), _ansible_check_mode=True)
    assert (result["changed"], asked["check"], asked["descriptor"], asked["lists"]) == (True, True, None, None)
    assert list(tmp_path.iterdir()) == []
    assert "dest: x is not absolute" in run(mailman_export, dict(EXPORTED, sum=""), _ansible_check_mode=True, dest="x")[0]["msg"]


@pytest.mark.parametrize("check", [False, True])
def test_what_cannot_be_exported_is_told(run, tmp_path, check):
    answer = dict(EXPORTED, faults=["The list news cannot be read (x).", "The list olds cannot be read (y)."])
    result = run(mailman_export, answer, _ansible_check_mode=check)[0]
    assert result["failed"] and result["msg"].splitlines() == answer["faults"] + [
        "Nothing was written. Mend or remove them, or take the rest with unreadable: include."]
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_exported_can_be_included(run, tmp_path):
    result = run(mailman_export, dict(EXPORTED, faults=["The list news cannot be read (x)."]), unreadable="include")[0]
    assert result["changed"] and "The list news cannot be read (x)." in str(result["warnings"])
    assert (tmp_path / "lists.tar").exists()


@pytest.mark.parametrize("answer, text", [
    ({}, "Mailman's answer has no faults"),
    (dict(EXPORTED, lists={}), "Mailman's answer has no lists"),
    (dict(EXPORTED, lists=["news"]), "Mailman's answer is no mapping"),
    (dict(EXPORTED, lists=[dict(EXPORTED["lists"][0], bytes="7")]), "Mailman's answer has no bytes, or not of the type that it should be"),
    (dict(EXPORTED, sum="x"), "Mailman's answer has no checksum"),
    (TargetError("The disk is full."), "The disk is full."),
])
def test_an_export_that_fails_leaves_nothing(run, tmp_path, answer, text):
    result = run(mailman_export, answer)[0]
    assert result["failed"] and text in result["msg"]
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def archive(tmp_path):
    (tmp_path / "lists.tar").write_bytes(b"tar")


def test_lists_are_imported(run, archive):
    result, asked = run(mailman_import, IMPORTED, lists=[dict(name="news", new_name="novel")], templates=True, queued_messages=False, site_passwords=True,
                        lock_timeout=7, python="/opt/python2.7")
    assert {key: result[key] for key in IMPORTED if key != "ansible_facts"} == {key: IMPORTED[key] for key in IMPORTED if key != "ansible_facts"}
    assert (result["changed"], "ansible_facts" in result) == (True, False)
    del asked["descriptor"]
    assert asked == dict(do="import_lists", python="/opt/python2.7", content=b"tar",
                         lists=[dict(name="news", new_name="novel", email_host=None, url_host=None)], templates=True,
                         root=None, existing="refuse", exported=None, queued_messages=False, site_passwords=True, lock_timeout=7, check=False)


REPLACED = dict(IMPORTED, replaced=["news"])


def test_what_is_replaced_is_exported_first(run, archive, tmp_path):
    answers = {"import_lists": REPLACED, "export_lists": EXPORTED}
    result = run(mailman_import, answers, existing="replace", backup=str(tmp_path))[0]
    assert run.history == [("import_lists", True, None, None), ("export_lists", False, None, ["news"]), ("import_lists", False, {"news": "ab"}, None)]
    [written] = tmp_path.glob("replaced-*.tar")
    assert (result["backup"], written.read_bytes()) == (str(written), b"tar")


def test_what_has_not_been_exported_is_not_replaced(run, archive, tmp_path):
    for lists in ([], [dict(FACTS, name="other", state="ab")], [{"name": "news"}], ["news"]):
        answers = {"import_lists": REPLACED, "export_lists": dict(EXPORTED, lists=lists)}
        assert run(mailman_import, answers, existing="replace", backup=str(tmp_path))[0]["failed"]
        assert [do for do, _check, _exported, _lists in run.history] == ["import_lists", "export_lists"]
        assert list(tmp_path.glob("replaced-*")) == []


def test_what_cannot_be_exported_is_not_replaced(run, archive, tmp_path):
    answers = {"import_lists": REPLACED, "export_lists": TargetError("The disk is full.")}
    assert run(mailman_import, answers, existing="replace", backup=str(tmp_path))[0]["msg"] == "The disk is full."
    assert [do for do, _check, _exported, _lists in run.history] == ["import_lists", "export_lists"]
    assert "missing: backup" in run(mailman_import, answers, existing="replace")[0]["msg"]
    assert list(tmp_path.glob("replaced-*")) == []


def test_nothing_is_exported_when_nothing_is_replaced(run, archive, tmp_path):
    for options, history in (
        (dict(existing="replace", backup=str(tmp_path)), [True, False]), (dict(existing="replace_copy"), [False]),
        (dict(existing="replace", backup=str(tmp_path), _ansible_check_mode=True), [True]),
    ):
        result = run(mailman_import, REPLACED if history != [True, False] else IMPORTED, **options)[0]
        assert ([check for _do, check, _exported, _lists in run.history], result["backup"]) == (history, "")


@pytest.mark.parametrize("answer, changed", [
    (dict(IMPORTED, lists=[], unchanged=["news"], kept=["templates/x"]), False), (dict(IMPORTED, lists=[], finished=["news"]), True),
    (dict(IMPORTED, lists=[], site=["passwords/adm.pw"]), True),
])
@pytest.mark.parametrize("check", [False, True])
def test_what_has_changed_is_told(run, archive, answer, changed, check):
    result, asked = run(mailman_import, answer, _ansible_check_mode=check)
    assert (result["changed"], asked["check"], asked["lists"]) == (changed, check, None)


def test_a_program_of_a_list_is_told(run, archive, monkeypatch):
    told = []
    monkeypatch.setattr(mailman_import.AnsibleModule, "warn", lambda module, text: told.append(text))
    assert run(mailman_import, dict(IMPORTED, programs=["news"]))[0]["programs"] == ["news"]
    assert "The list news has a program of its own" in told[0] and "extend.py.arrived" in told[0]


def test_what_mailman_says_of_lists_is_of_the_types_that_it_should_be(run, archive):
    for lists in (["news"], [dict(FACTS, new_name=[])]):
        result = run(mailman_import, dict(IMPORTED, lists=lists))[0]
        assert result["failed"] and "Mailman's answer" in result["msg"]


def test_a_checksum_is_looked_at_first(run, archive):
    result, asked = run(mailman_import, IMPORTED, checksum="sha256:" + SUM)
    assert result["failed"] and "has the checksum" in result["msg"]
    assert asked == {}


@pytest.mark.parametrize("module", [mailman_export, mailman_import], ids=["export", "import"])
def test_check_mode_on_a_bare_host(run, tmp_path, module):
    result = run(module, {}, found=(None,), _ansible_check_mode=True)[0]
    assert result["changed"] and not result.get("failed") and "there is no Mailman at %s yet" % PREFIX in str(result["warnings"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("module", [mailman_export, mailman_import], ids=["export", "import"])
@pytest.mark.parametrize("installation, answer, text", [
    (None, {}, "prefix: there is no Mailman at %s. Install it first." % PREFIX),
    (Untrusted(["Mailman is bin's"], []), {}, "The Mailman at %s is not root's alone, and root would run and believe what others write there: " % PREFIX),
    (OSError(13, "Permission denied"), {}, "[Errno 13] Permission denied. Run this task as root."),
    (INSTALLATION, TargetError("It is broken."), "It is broken."),
    (INSTALLATION, {}, "Mailman's answer has no "),
], ids=["none", "untrusted", "unreadable", "broken", "strange"])
def test_what_is_in_the_way_is_told(run, archive, module, installation, answer, text):
    result = run(module, answer, found=(installation,))[0]
    assert result["failed"] and text in result["msg"]
