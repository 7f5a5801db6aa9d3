# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action plugins that take over lists do on a host, step by step."""

import os
import subprocess
import tarfile
import types

import pytest
from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.listhost.exim_mailman.plugins.action import mailman_takeover_fetch, mailman_takeover_freeze, mailman_takeover_look
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _old_host as old_host

FOUND = {
    "lists": [{"name": "board_example.com", "email_host": "example.com", "url_host": "x.example", "members": 3, "held": 1, "queued": 0, "bytes": 7, "files": 2,
               "program": False, "fault": ""}],
    "here": [], "left_out": ["archives/private/x: it is no file"], "origin": "sum",
}  # fmt: skip
MAILMAN = {"prefix": "/m", "python": "/py", "user": "list", "group": "list"}
RULES = {"mailman": MAILMAN, "directory": "/place", "served": ["example.com"], "short_names": True, "domains": [], "lists": []}


class Host:
    """A host that answers, and notes what it is asked."""

    def __init__(self):
        self.asked, self.answers, self.modules = [], [], {}
        self._shell = types.SimpleNamespace(tmpdir="/home/anna/tmp", join_path=os.path.join)

    def command(self, text, become):
        self.asked.append(text if become else "anna: " + text)
        return dict({"rc": 0, "stdout": "", "stderr": ""}, **next((answer for start, answer in self.answers if start in text), {}))

    def fetch_file(self, source, place):
        self.asked.append("fetch " + source)


@pytest.fixture
def host(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    return Host()


@pytest.fixture
def act(host, monkeypatch):
    """Return a function that runs an action plugin on the host."""

    def act(plugin, **arguments):
        task = types.SimpleNamespace(args=arguments, check_mode=True)
        action = object.__new__(plugin.ActionModule)
        action._task, action._connection = task, host
        monkeypatch.setattr(ActionBase, "run", lambda self, tmp=None, task_vars=None: {})
        monkeypatch.setattr(ActionBase, "_low_level_execute_command", lambda self, text, sudoable=True: host.command(text, sudoable))

        def execute(self, module_name, module_args, task_vars):
            assert not task.check_mode
            host.asked.append((module_name.rpartition(".")[2], module_args))
            return host.modules[module_name.rpartition(".")[2]]

        def transfer(self, source, place):
            if tarfile.is_tarfile(source):
                with tarfile.open(source) as tar:
                    host.asked.append("send " + " ".join(tar.getnames()))
            return place

        monkeypatch.setattr(ActionBase, "_execute_module", execute)
        monkeypatch.setattr(ActionBase, "_transfer_file", transfer)
        return action.run(task_vars={})

    return act


def test_look_at_a_tar_on_the_host(act, host):
    host.modules["mailman_unpack"] = FOUND
    found = act(mailman_takeover_look, src="/root/x.tar", remote_src=True, **RULES)
    assert host.asked == [
        "rm -rf /place && mkdir -m 711 /place && mkdir -m 700 /place/files && chown list:list /place/files",
        ("mailman_unpack", {"prefix": "/m", "python": "/py", "src": "/root/x.tar", "root": "/place/files", "origin": None}),
    ]
    assert found["names"] == ["board_example.com"] and found["origin"] == "sum" and not found["changed"]
    assert found["arriving"] == [{"name": "board_example.com", "new_name": "board", "email_host": "example.com", "url_host": "x.example"}]
    assert found["addresses"] == ["board@example.com", "board-request@example.com"]
    assert found["said"][-1] == "Not taken: archives/private/x: it is no file"


def test_look_at_a_directory_of_the_controller(act, host, tmp_path):
    host.modules["mailman_unpack"] = FOUND
    directory = tmp_path / "old"
    (directory / "lists/board").mkdir(parents=True)
    (directory / "lists/board/config.pck").write_text("x")
    act(mailman_takeover_look, src=str(directory), **RULES)
    sent = "mv /home/anna/tmp/files.tar {0} && chown 0:0 {0} && chmod 600 {0}".format("/place/files.tar")
    assert host.asked[1:3] == ["send . ./lists ./lists/board ./lists/board/config.pck", sent]
    assert host.asked[3][1]["src"] == "/place/files.tar"
    # Of the tar nothing is left.
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize("fetched", [False, True])
def test_only_what_was_fetched_is_removed(act, host, tmp_path, fetched):
    host.modules["mailman_unpack"] = FOUND
    file = tmp_path / "x.tar"
    file.write_text("x")
    act(mailman_takeover_look, src=str(file), fetched=fetched, origin="host old", **RULES)
    assert file.exists() is not fetched
    assert host.asked[-1][1]["origin"] == "host old"


def test_look_with_faults(act, host):
    host.modules["mailman_unpack"] = FOUND
    found = act(mailman_takeover_look, src="/x", remote_src=True, **dict(RULES, served=["other.example"]))
    assert found["failed"] and "What was found:\nboard_example.com (example.com)" in found["msg"]
    assert "What is in the way:\nThe list board_example.com is in the domain example.com" in found["msg"]
    found = act(mailman_takeover_look, src="/x", remote_src=True, **dict(RULES, lists=[{"name": "board_example.com", "leave_out": True}]))
    assert "There is no list to take over" in found["msg"]


def test_no_such_file(act):
    with pytest.raises(AnsibleActionFail, match="no such file or directory"):
        act(mailman_takeover_look, src="/nonexistent/x", **RULES)


def answer_look(host, *mailmans):
    host.answers.append(("for directory in", {"stdout": "".join("%s\n%d %d\n%s\n.\n" % one for one in mailmans)}))
    host.answers += [("mktemp", {"stdout": "/var/tmp/move-1\n"}), ("id -u", {"stdout": "1000\n"})]


def test_fetch(act, host):
    answer_look(host, ("/var/lib/mailman", 38, 38, "lists\narchives/private\ndata\nqueues"))
    found = act(mailman_takeover_fetch, host="old")
    assert found["directory"] == "/var/lib/mailman" and os.path.exists(found["src"])
    [packed] = [text for text in host.asked if " tar " in text]
    assert "setpriv --reuid=38 --regid=38 --clear-groups -- tar -C /var/lib/mailman -czf -" in packed
    assert "lists archives/private data" in packed and "-C /var/spool mailman >/var/tmp/move-1/files.tar.gz" in packed
    assert host.asked[-2:] == ["fetch /var/tmp/move-1/files.tar.gz", "rm -rf /var/tmp/move-1"]


@pytest.mark.parametrize(("mailmans", "words"), [
    ([], "old has no lists of a Mailman in /var/lib/mailman, /usr/local/mailman"),
    ([("/a", 1, 1, "lists"), ("/b", 1, 1, "lists")], "old has lists in /a, /b. Say in mailman_takeover_directory"),
    ([("/a", 0, 0, "lists")], "is of root's group"),
])
def test_what_cannot_be_fetched(act, host, mailmans, words):
    answer_look(host, *mailmans)
    with pytest.raises(AnsibleActionFail, match=words):
        act(mailman_takeover_fetch, host="old")
    assert len(host.asked) == 1


def test_a_tar_that_fails_leaves_nothing(act, host):
    answer_look(host, ("/usr/local/mailman", 0, 41, "lists"))
    host.answers.insert(0, (" tar ", {"rc": 2, "stderr": "No space left on device"}))
    with pytest.raises(AnsibleActionFail, match="No space left"):
        act(mailman_takeover_fetch, host="old")
    assert "--reuid=65534 --regid=41" in host.asked[-2] and host.asked[-1] == "rm -rf /var/tmp/move-1"


def test_freeze(act, host):
    host.answers = [("is-active", {"stdout": "mailman\n"}), ("runne[r]", {"stdout": "0\n"})]
    assert act(mailman_takeover_freeze, services=["mailman", "postfix"], state="frozen") == {"changed": True, "services": ["mailman"]}


def test_a_mailman_that_goes_on_is_not_frozen(act, host):
    host.answers = [("is-active", {"stdout": "postfix\n"}), ("runne[r]", {"stdout": "8\n"})]
    with pytest.raises(AnsibleActionFail, match="Queue runners of Mailman still run when postfix is stopped"):
        act(mailman_takeover_freeze, services=["postfix"], state="frozen")
    assert "systemctl start" in host.asked[-1]


@pytest.mark.parametrize(("state", "word"), [("thawed", "systemctl start"), ("left", "systemctl disable")])
def test_thaw_and_leave(act, host, state, word):
    assert act(mailman_takeover_freeze, services=["mailman"], state=state)["changed"]
    assert word in host.asked[0]
    assert act(mailman_takeover_freeze, services=[], state=state) == {"changed": False, "services": []}
    assert len(host.asked) == 1


@pytest.fixture
def mailman(tmp_path):
    """A directory as a Mailman has it."""
    for path in ("lists/board/config.pck", "archives/private/board.mbox/board.mbox", "data/adm.pw", "data/heldmsg-board-1.pck", "qfiles/in/1.pck"):
        (tmp_path / "m" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "m" / path).write_text(path)
    return tmp_path / "m"


def run(command):
    return subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True).stdout


def test_the_shell_finds_and_packs(mailman, tmp_path):
    [found] = old_host.parse(run(old_host.look(str(mailman))))
    assert found["directory"] == str(mailman) and found["parts"] == ["lists", "archives/private", "data", "qfiles"]
    assert old_host.parse(run(old_host.look(str(tmp_path)))) == []
    # As this user, who may not be able to become another.
    command = old_host.pack(dict(found, user=1, group=1), str(tmp_path / "x.tar.gz"))
    run(command.replace("setpriv --reuid=1 --regid=1 --clear-groups --", ""))
    with tarfile.open(str(tmp_path / "x.tar.gz")) as tar:
        assert [name for name in tar.getnames() if "." in os.path.basename(name)] == [
            "lists/board/config.pck", "archives/private/board.mbox", "archives/private/board.mbox/board.mbox", "data/heldmsg-board-1.pck", "qfiles/in/1.pck"]


def test_a_tar_with_an_error_is_no_success(mailman, tmp_path):
    command = old_host.pack({"directory": str(mailman), "user": 1, "group": 1, "parts": ["nonexistent"]}, str(tmp_path / "x"))
    with pytest.raises(subprocess.CalledProcessError):
        run(command.replace("setpriv --reuid=1 --regid=1 --clear-groups --", ""))
