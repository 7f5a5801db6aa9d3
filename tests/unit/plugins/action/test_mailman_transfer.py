# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action plugins that move lists do on a host, step by step."""

import os
import types

import pytest
from ansible import constants
from ansible.plugins.action import ActionBase
from ansible_collections.listhost.exim_mailman.plugins.action import mailman_transfer_bring, mailman_transfer_fetch, mailman_transfer_look

OURS = "listhost.exim_mailman."
EXPORTED = {"archive": {"checksum": "sha256:x"}, "lists": [{"name": "board", "state": "s"}], "templates": ["site"], "left_out": [], "changed": True}
DIRECTORY = "/var/tmp/move-1"
ARCHIVE = DIRECTORY + "/lists.tgz"


class Host:
    """A host that answers, and notes what it is asked: modules by their short names with their arguments, and commands with their users."""

    def __init__(self, local):
        self.asked, self.local = [], local
        self.modules, self.failing = {}, None
        self._shell = types.SimpleNamespace(tmpdir="/home/anna/.ansible/tmp/x", join_path=os.path.join)

    def module(self, name, arguments):
        name = name.rpartition(".")[2]
        self.asked.append((name, arguments))
        return dict(self.modules[name])

    def command(self, text, become):
        self.asked.append(("root" if become else "anna", text))
        if self.failing and text.startswith(self.failing):
            return {"rc": 1, "stdout": "", "stderr": "No space left on device"}
        answer = {"mktemp": DIRECTORY, "id": "1000", "exim": "domainlist", "for": "Avail\n1"}.get(text.split()[0], "")
        return {"rc": 0, "stdout": answer + "\n", "stderr": ""}

    def fetch_file(self, source, place):
        self.asked.append(("fetch", source))
        with open(place, "w") as handle:
            handle.write("an archive")

    def said(self, who):
        return [what for one, what in self.asked if one == who]


@pytest.fixture
def host(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    return Host(tmp_path)


@pytest.fixture
def act(host, monkeypatch):
    """Return a function that runs an action plugin on the host."""

    def act(plugin, **arguments):
        task = types.SimpleNamespace(args=arguments, check_mode=False)
        action = object.__new__(plugin.ActionModule)
        action._task, action._connection = task, host
        monkeypatch.setattr(ActionBase, "run", lambda self, tmp=None, task_vars=None: {})
        monkeypatch.setattr(ActionBase, "_low_level_execute_command", lambda self, text, sudoable=True: host.command(text, sudoable))

        def execute(self, module_name, module_args, task_vars):
            host.check_mode = task.check_mode
            return host.module(module_name, module_args)

        def transfer(self, source, place):
            host.asked.append(("send", place))
            return place

        monkeypatch.setattr(ActionBase, "_execute_module", execute)
        monkeypatch.setattr(ActionBase, "_transfer_file", transfer)
        return action.run(task_vars={})

    return act


def look(act, **place):
    return act(mailman_transfer_look, place=dict({"prefix": "/m", "frozen_file": "/f", "unit": "mailman"}, **place))


def test_look(act, host):
    host.modules = {"mailman_info": {"installed": True, "frozen": {"x": "left"}, "var_prefix": "/v"}, "mailman_export": {"lists": [1], "changed": True}}
    assert look(act) == {"installed": True, "frozen": {"x": "left"}, "lists": [1], "exim": "domainlist\n", "disks": ["Avail", "1"]}
    assert host.said("mailman_info") == [{"prefix": "/m", "frozen_file": "/f"}]
    [asked] = host.said("mailman_export")
    assert (asked["prefix"], asked["unreadable"]) == ("/m", "include")
    # Or it would write an archive.
    assert host.check_mode
    assert "for path in /var/tmp /v;" in host.said("root")[-1]


def test_look_where_there_is_no_mailman(act, host):
    host.modules = {"mailman_info": {"installed": False, "frozen": {}, "var_prefix": None}}
    assert look(act, home="/virtual 1")["lists"] == []
    assert "for path in /var/tmp '/virtual 1';" in host.said("root")[-1]
    look(act)
    assert "for path in /var/tmp /;" in host.said("root")[-1]


def test_look_at_a_mailman_that_does_not_answer(act, host):
    host.modules = {"mailman_info": {"installed": True, "frozen": {}, "var_prefix": "/v"}, "mailman_export": {"failed": True, "msg": "It is broken."}}
    assert look(act) == {"failed": True, "msg": "It is broken."}


def test_look_where_there_is_no_exim(act, host):
    host.modules = {"mailman_info": {"installed": False, "frozen": {}, "var_prefix": None}}
    host.failing = "exim"
    assert look(act)["exim"] == ""


def test_fetch(act, host):
    host.modules = {"mailman_export": EXPORTED}
    found = act(mailman_transfer_fetch, prefix="/m", lists=["board"])
    with open(found.pop("src")) as handle:
        assert handle.read() == "an archive"
    assert found == {"changed": True, "stayed": False, "checksum": "sha256:x", "lists": EXPORTED["lists"], "templates": ["site"]}
    assert host.asked == [
        ("root", "mktemp -d /var/tmp/move-XXXXXXXX"),
        ("mailman_export", {"prefix": "/m", "lists": ["board"], "dest": ARCHIVE, "compressed": True}),
        ("anna", "id -u"),
        # Before that only root sees it.
        ("root", "chmod 711 %s && chown 1000 %s" % (DIRECTORY, ARCHIVE)),
        ("fetch", ARCHIVE),
        ("root", "rm -rf " + DIRECTORY),
    ]
    assert [os.stat(str(path)).st_mode & 0o777 for path in host.local.iterdir()] == [0o600]


def test_an_archive_that_stays(act, host):
    host.modules = {"mailman_export": EXPORTED}
    found = act(mailman_transfer_fetch, prefix="/m", lists=["board"], stay=True)
    assert (found["src"], found["stayed"]) == (ARCHIVE, True)
    assert [who for who, _what in host.asked] == ["root", "mailman_export"]


def test_what_is_left_out_is_told(act, host):
    host.modules = {"mailman_export": dict(EXPORTED, left_out=["lists/board/archive/link"])}
    assert "lists/board/archive/link" in act(mailman_transfer_fetch, prefix="/m", lists=["board"], stay=True)["warnings"][0]


@pytest.mark.parametrize("stay", [False, True])
def test_a_failed_export_leaves_nothing(act, host, stay):
    host.modules = {"mailman_export": {"failed": True, "msg": "It is broken."}}
    assert act(mailman_transfer_fetch, prefix="/m", lists=["board"], stay=stay) == {"failed": True, "msg": "It is broken."}
    assert host.asked[-1] == ("root", "rm -rf " + DIRECTORY)


@pytest.mark.parametrize("command", ["mktemp", "chmod"])
def test_a_failed_command_is_told(act, host, command):
    host.modules, host.failing = {"mailman_export": EXPORTED}, command
    with pytest.raises(Exception, match="%s .* ended with 1: No space left on device" % command):
        act(mailman_transfer_fetch, prefix="/m", lists=["board"])
    assert (host.asked[-1] == ("root", "rm -rf " + DIRECTORY)) is (command == "chmod")


LISTS = [{"name": "board", "email_host": "lists.example.org", "url_host": "www.example.org"}]
MAILMAN = {"prefix": "/m", "python": "/usr/bin/python2.7", "user": "list", "group": "lists", "version": "2.1.39"}


def bring(act, src, stayed=False, templates=()):
    archive = {"src": str(src), "stayed": stayed, "checksum": "sha256:x", "templates": list(templates), "lists": [], "changed": True}
    return act(mailman_transfer_bring, archive=archive, mailman=MAILMAN, lists=LISTS)


IMPORT = {
    "prefix": "/m", "python": "/usr/bin/python2.7", "src": ARCHIVE, "checksum": "sha256:x", "lists": LISTS, "templates": True, "existing": "replace_copy"}


def test_bring(act, host):
    (host.local / "fetched").write_text("an archive")
    host.modules = {"mailman_import": {"changed": True, "lists": [1]}, "file": {}}
    assert bring(act, host.local / "fetched", templates=["lists.example.org", "lists.example.net", "site"]) == {"changed": True, "lists": [1]}
    directory = {"state": "directory", "owner": "list", "group": "lists", "mode": "2775"}
    assert host.asked == [
        ("root", "mktemp -d /var/tmp/move-XXXXXXXX"),
        ("send", "/home/anna/.ansible/tmp/x/lists.tgz"),
        ("root", "mv /home/anna/.ansible/tmp/x/lists.tgz {0} && chown 0:0 {0} && chmod 600 {0}".format(ARCHIVE)),
        # Another domain's are none of this one's business.
        ("file", dict(directory, path="/m/templates/lists.example.org")),
        ("file", dict(directory, path="/m/templates/site")),
        ("mailman_import", IMPORT),
        ("root", "rm -rf " + DIRECTORY),
    ]
    assert list(host.local.iterdir()) == []


def test_bring_what_stayed(act, host):
    host.modules = {"mailman_import": {"changed": True}}
    bring(act, ARCHIVE, stayed=True)
    assert host.asked == [("mailman_import", IMPORT), ("root", "rm -rf " + DIRECTORY)]


def test_a_failed_import_leaves_no_archive(act, host):
    host.modules = {"mailman_import": {"failed": True, "msg": "It is broken."}}
    assert bring(act, ARCHIVE, stayed=True) == {"failed": True, "msg": "It is broken."}
    assert host.asked[-1] == ("root", "rm -rf " + DIRECTORY)


def test_an_archive_that_cannot_be_sent_leaves_none(act, host):
    (host.local / "fetched").write_text("an archive")
    host.failing = "mv"
    with pytest.raises(Exception, match="No space left on device"):
        bring(act, host.local / "fetched")
    assert host.asked[-1] == ("root", "rm -rf " + DIRECTORY)
