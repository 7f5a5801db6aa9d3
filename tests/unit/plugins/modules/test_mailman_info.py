# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import sys

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _mailman_look, _mailman_paths
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import TargetError
from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import Untrusted
from ansible_collections.listhost.exim_mailman.plugins.modules import mailman_info

ANSWER = {"lists_dir": "/x/lists", "python_version": "2.7.18"}

INSTALLATION = {
    "bin_dir": "/x/bin",
    "cgi_group": "www-data",
    "configure_options": "--prefix=/x",
    "group": "list",
    "lists_dir": "/x/lists",
    "mail_groups": ["list"],
    "mm_cfg_path": "/x/Mailman/mm_cfg.py",
    "prefix": "/x",
    "python": sys.executable,
    "user": "list",
    "var_prefix": "/x",
    "version": "2.1.39",
    "wrapper": "/x/mail/mailman",
}


@pytest.fixture
def look(monkeypatch, run_module, tmp_path):
    """Run the module on an installation whose Mailman gives this answer, or this error."""

    def look(installation, answer=None, **arguments):
        def find_installation(prefix):
            if isinstance(installation, Exception):
                raise installation
            return installation

        def run_target(module, installation, do, gather, **more):
            look.asked = [do, installation["python"], gather, *more.values()]
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(_mailman_look, "find_installation", find_installation)
        for part in (_mailman_look, _mailman_paths):
            monkeypatch.setattr(part, "look_up", lambda user, group: (os.geteuid(), os.getegid()))
        monkeypatch.setattr(_mailman_look, "run_target", run_target)
        return run_module(mailman_info, prefix=str(tmp_path), **arguments)

    return look


def test_site_list(look, tmp_path):
    assert look(None)["site_list"] is False
    lists = tmp_path / "lists"
    (lists / "mailman").mkdir(parents=True)
    assert look(INSTALLATION, dict(ANSWER, lists_dir=str(lists)))["site_list"] is False
    (lists / "mailman" / "config.pck").write_text("")
    assert look(INSTALLATION, dict(ANSWER, lists_dir=str(lists)))["site_list"] is True


def test_mailman_has_the_last_word(look, tmp_path):
    os.mkdir(str(tmp_path / "elsewhere"))
    result = look(INSTALLATION, dict(ANSWER, lists_dir=str(tmp_path / "elsewhere"), queues={"in": 1}), gather=["queues"])
    assert (result["changed"], result["installed"], result["version"]) == (False, True, "2.1.39")
    assert (result["lists_dir"], result["python_version"], result["python_available"]) == (str(tmp_path / "elsewhere"), "2.7.18", True)
    assert (result["mm_cfg_error"], result["stamp"], result["prefix"], result["queues"]) == (None, None, str(tmp_path), {"in": 1})
    assert (result["untrusted"], result["foreign"]) == (False, [])
    assert look.asked == ["describe", sys.executable, ["queues"]]


@pytest.mark.parametrize(
    "answer, error",
    [
        ({"python_version": "2.7.18"}, "has no lists_dir"),
        (dict(ANSWER, lists_dir=["/x/lists"]), "has no lists_dir, or not of the type"),
        (dict(ANSWER, python_version="2.7; rm -rf /"), "does not say its version"),
        # The mail server would take its files for lists, and root would look into it.
        (dict(ANSWER, lists_dir="/etc/passwd"), "in /etc/passwd, which cannot be believed: it is no directory of Mailman's"),
        (dict(ANSWER, lists_dir="/tmp/of-others/lists"), "in /tmp/of-others/lists, which cannot be believed"),
        (dict(ANSWER, lists_dir="lists"), "in lists, which cannot be believed"),
        (dict(ANSWER, lists_dir="/nowhere"), "in /nowhere, which cannot be believed"),
        (dict(ANSWER, lists_dir="/x\0y"), "which cannot be believed"),
    ],
)
def test_mailman_is_not_believed_everything(look, answer, error):
    result = look(INSTALLATION, answer)
    assert (result["lists_dir"], result["user"]) == ("/x/lists", "list")
    assert error in result["mm_cfg_error"]


def test_lists_where_others_can_put_something_else_are_not_believed(look, tmp_path):
    """In the place of the directory, that is, however it looks now."""
    (tmp_path / "open" / "lists").mkdir(parents=True)
    os.chmod(str(tmp_path / "open"), 0o777)
    result = look(INSTALLATION, dict(ANSWER, lists_dir=str(tmp_path / "open" / "lists")))
    assert "%s can be written by everybody" % (tmp_path / "open") in result["mm_cfg_error"]
    assert result["lists_dir"] == "/x/lists"


def test_mailman_cannot_set_facts(look):
    result = look(INSTALLATION, dict(ANSWER, ansible_facts={"ansible_python_interpreter": "/tmp/evil"}, user="root", python="/tmp/evil"))
    assert "ansible_facts" not in result
    assert (result["user"], result["python"], result["mm_cfg_error"]) == ("list", sys.executable, None)


def test_a_mailman_that_others_can_write_is_not_asked(look, tmp_path):
    look.asked = None
    result = look(Untrusted(["/x/bin can be written by group list"], ["/x/Mailman/mm_cfg.py is list's"]), ANSWER)
    assert look.asked is None
    assert (result["installed"], result["untrusted"], result["foreign"]) == (True, True, ["/x/Mailman/mm_cfg.py is list's"])
    assert (result["user"], result["python"], result["python_available"]) == (None, None, False)
    assert "is not root's alone, and root would run and believe what others write there: /x/Mailman/mm_cfg.py is list's; /x/bin" in result["mm_cfg_error"]
    assert look(Untrusted(["/x/bin can be written by group list"], []), ANSWER, gather=["lists"])["failed"] is True


def test_without_mailman_all_is_null(look):
    result = look(None)
    assert (result["installed"], result["python_available"], result["python_version"]) == (False, False, None)
    for name in INSTALLATION:
        if name != "prefix":
            assert result[name] is None


def test_a_python_is_looked_at_before_mailman_is_there(look):
    result = look(None, python=sys.executable)
    assert (result["python"], result["python_available"]) == (sys.executable, True)
    assert result["python_version"] == "%d.%d.%d" % sys.version_info[:3]


@pytest.mark.parametrize("python", ["/no/python", "/etc/passwd", "/bin/false"])
def test_a_python_that_does_not_run(look, python):
    result = look(None, python=python)
    assert (result["python"], result["python_available"], result["python_version"]) == (python, False, None)


def test_mailman_that_does_not_answer_is_described_as_it_was_built(look):
    result = look(INSTALLATION, TargetError("mm_cfg.py cannot be read"))
    assert (result["installed"], result["lists_dir"], result["mm_cfg_error"]) == (True, "/x/lists", "mm_cfg.py cannot be read")
    assert result["python_available"] is True


def test_what_cannot_be_gathered_fails(look):
    result = look(INSTALLATION, TargetError("mm_cfg.py cannot be read"), gather=["lists"])
    assert (result["failed"], result["msg"]) == (True, "mm_cfg.py cannot be read")


@pytest.mark.parametrize("text, stamp", [('{"checksum": "abc"}', {"checksum": "abc"}), ('{"half', None), ("[1]", None)])
def test_stamp(look, tmp_path, text, stamp):
    (tmp_path / ".installed").write_text(text)
    assert look(None)["stamp"] == stamp


def test_a_stamp_that_is_a_link_is_not_read(look, tmp_path):
    (tmp_path / "elsewhere").write_text("{}")
    (tmp_path / ".installed").symlink_to(tmp_path / "elsewhere")
    assert look(None)["stamp"] is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
def test_a_stamp_of_others_is_not_read(look, tmp_path):
    (tmp_path / ".installed").write_text("{}")
    os.chown(str(tmp_path / ".installed"), 65534, -1)
    assert look(None)["stamp"] is None


def test_a_stamp_that_is_a_pipe_is_not_waited_for(look, tmp_path):
    os.mkfifo(str(tmp_path / ".installed"))
    assert look(None)["stamp"] is None


@pytest.mark.parametrize(
    "out, running, drop_ins",
    [
        ("ActiveState=active\nDropInPaths=/etc/a.conf /etc/b.conf\nUnitFileState=enabled\n", True, ["/etc/a.conf", "/etc/b.conf"]),
        ("ActiveState=active\nDropInPaths=\nUnitFileState=disabled\n", False, []),
        ("ActiveState=inactive\nUnitFileState=\n", False, []),
        ("", False, []),
    ],
)
def test_service(look, monkeypatch, out, running, drop_ins):
    monkeypatch.setattr(mailman_info.AnsibleModule, "run_command", lambda module, argv, **options: (0, out, ""))
    result = look(None, service="mailman")
    assert (result["service_running"], result["service_drop_ins"]) == (running, drop_ins)


def test_frozen_domains(look, tmp_path):
    path, former = tmp_path / "frozen", tmp_path / "mailman" / "frozen"
    former.parent.mkdir()
    installation = dict(INSTALLATION, var_prefix=str(former.parent))

    def frozen():
        return [look(installation, ANSWER, frozen_file=str(path))[name] for name in ("frozen", "frozen_formerly")]

    assert frozen() == [{}, False]
    former.write_text("lists.example.org: leaving\n")
    assert frozen() == [{"lists.example.org": "leaving"}, True]
    path.write_text("lists.example.net: left\n")
    assert frozen() == [{"lists.example.net": "left"}, False]
    assert look(None, frozen_file=str(path))["frozen"] == {"lists.example.net": "left"}
    assert "frozen" not in look(installation, ANSWER)


WANTED = {"lists": [{"name": "board", "password": "hush", "members": ["dora@example.org"]}], "site_password": "hush", "update_urls": True}


@pytest.mark.parametrize("differ", [True, False])
@pytest.mark.parametrize("check", [True, False])
def test_lists_are_compared_in_the_same_process(look, monkeypatch, differ, check):
    logged = []
    monkeypatch.setattr(mailman_info.AnsibleModule, "log", lambda module, text, **options: logged.append(text))
    result = look(INSTALLATION, dict(ANSWER, differences=differ), compare_lists=WANTED, _ansible_check_mode=check)
    assert result["lists_differ"] is differ
    assert "differences" not in result
    do, dummy, topics, compare = look.asked
    assert (do, topics) == ("describe", ["differences"])
    assert (compare["check_mode"], compare["site_password"], compare["update_urls"], compare["purge"]) == (check, "hush", True, False)
    [board] = compare["lists"]
    assert (board["name"], board["state"], board["members"], board["owners"]) == ("board", "present", '["dora@example.org"]', None)
    assert "hush" not in str(result) + str(logged) and "dora" not in str(result) + str(logged)


@pytest.mark.parametrize("wanted", [{"lists": [{"owners": ["x@example.org"]}]}, {"lists": [{"name": "x", "state": "gone"}]}, {"listen": []}])
def test_options_that_the_module_for_lists_refuses_are_left_to_it(look, wanted):
    assert look(INSTALLATION, ANSWER, compare_lists=wanted)["lists_differ"] is None
    assert look.asked[2:] == [[]]


@pytest.mark.parametrize("installation", [None, Untrusted(["/x/bin can be written by group list"], [])])
def test_what_cannot_be_asked_is_not_compared(look, installation):
    result = look(installation, compare_lists=WANTED, compare_files=["/etc/hostname"])
    assert (result["lists_differ"], result["configuration"]) == (None, None)


def test_a_fault_of_mailmans_says_nothing_of_the_lists(look):
    result = look(INSTALLATION, TargetError("mm_cfg.py cannot be read"), compare_lists=WANTED, compare_files=[])
    assert (result["lists_differ"], result["mm_cfg_error"]) == (None, "mm_cfg.py cannot be read")


def test_a_failure_tells_no_passwords(look):
    result = look(INSTALLATION, TargetError("mm_cfg.py cannot be read"), compare_lists=WANTED, gather=["queues"])
    assert result["failed"] is True
    assert "hush" not in str(result)


def test_what_is_not_asked_for_is_not_told(look):
    assert {"lists_differ", "configuration"}.isdisjoint(look(INSTALLATION, ANSWER))
