# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import copy
import sys

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils.mailman import TargetError
from ansible_collections.listhost.exim_mailman.plugins.modules import mailman_info

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
        def run_target(module, installation, do, gather):
            if isinstance(answer, Exception):
                raise answer
            return dict(answer, asked=[do, installation["python"], gather])

        monkeypatch.setattr(mailman_info, "find_installation", lambda prefix: installation)
        monkeypatch.setattr(mailman_info, "run_target", run_target)
        return run_module(mailman_info, prefix=str(tmp_path), **arguments)

    return look


def test_mailman_has_the_last_word(look, tmp_path):
    result = look(INSTALLATION, {"lists_dir": "/elsewhere", "python_version": "2.7.18"}, gather=["queues"])
    assert (result["changed"], result["installed"], result["version"]) == (False, True, "2.1.39")
    assert (result["lists_dir"], result["python_version"], result["python_available"]) == ("/elsewhere", "2.7.18", True)
    assert (result["mm_cfg_error"], result["stamp"], result["prefix"]) == (None, None, str(tmp_path))
    assert result["asked"] == ["describe", sys.executable, ["queues"]]


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


@pytest.mark.parametrize("text, stamp", [('{"checksum": "abc"}', {"checksum": "abc"}), ('{"half', None)])
def test_stamp(look, tmp_path, text, stamp):
    (tmp_path / ".installed").write_text(text)
    assert look(None)["stamp"] == stamp


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
    monkeypatch.setattr(mailman_info.AnsibleModule, "run_command", lambda module, argv: (0, out, ""))
    result = look(None, service="mailman")
    assert (result["service_running"], result["service_drop_ins"]) == (running, drop_ins)


CONTENTS = {
    "directories": {
        "archives/private": "/x/archives/private", "archives/public": "/x/archives/public/", "data": "/x/data", "lists": "/x/lists",
        "qfiles": "/var/spool/x", "templates": "/x/templates",
    },
    "lists": [
        {"name": "a", "files": ["archives/private/a", "archives/public/a.mbox", "data/heldmsg-a-1.pck", "qfiles/in/1+a.pck", "lists/a"]},
        {"name": "b", "files": ["lists/b"]},
    ],
    "templates": ["templates/site"],
}  # fmt: skip


def test_contents_are_told(look):
    contents = look(INSTALLATION, {"contents": copy.deepcopy(CONTENTS)}, gather=["contents"])["contents"]
    assert contents == dict(CONTENTS, directories=dict(CONTENTS["directories"], **{"archives/public": "/x/archives/public"}))


@pytest.mark.parametrize(
    "change",
    [
        lambda contents: contents["directories"].update({"a; touch /tmp/x #": "/x"}),
        lambda contents: contents["directories"].pop("data"),
        lambda contents: contents["directories"].update(lists="lists"),
        lambda contents: contents["directories"].update(lists="/x/$(id)"),
        lambda contents: contents["directories"].update(lists="/x\n/y"),
        lambda contents: contents["templates"].append("templates/../../etc"),
        lambda contents: contents["templates"].append("templates/.."),
        lambda contents: contents["lists"][1]["files"].append("Mailman/mm_cfg.py"),
        lambda contents: contents["lists"][1]["files"].append("/etc/shadow"),
        lambda contents: contents["lists"][1]["files"].append("lists/.."),
        lambda contents: contents["lists"][1]["files"].append("lists/."),
        lambda contents: contents["lists"][1]["files"].append("lists/"),
        lambda contents: contents["lists"][1]["files"].append("qfiles/../data"),
        lambda contents: contents["lists"][1]["files"].append("lists/a\nMailman"),
        lambda contents: contents["lists"][1]["files"].append("lists/a\n"),
    ],
)
def test_contents_that_are_none_of_mailmans(look, change):
    contents = copy.deepcopy(CONTENTS)
    change(contents)
    result = look(INSTALLATION, {"contents": contents}, gather=["contents"])
    assert result["failed"]
    assert "Mailman's user" in result["msg"]


def test_frozen_domains(look, tmp_path):
    path, former = tmp_path / "frozen", tmp_path / "mailman" / "frozen"
    former.parent.mkdir()
    installation = dict(INSTALLATION, var_prefix=str(former.parent))

    def frozen():
        return [look(installation, {}, frozen_file=str(path))[name] for name in ("frozen", "frozen_formerly")]

    assert frozen() == [{}, False]
    former.write_text("lists.example.org: leaving\n")
    assert frozen() == [{"lists.example.org": "leaving"}, True]
    path.write_text("lists.example.net: left\n")
    assert frozen() == [{"lists.example.net": "left"}, False]
    assert look(None, frozen_file=str(path))["frozen"] == {"lists.example.net": "left"}
    assert "frozen" not in look(installation, {})
