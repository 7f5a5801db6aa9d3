# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of what a host says of its lists: it may say anything."""

import os
import types

import pytest
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.listhost.exim_mailman.plugins.action.mailman_adopt import ActionModule

BOARD = {"name": "board", "owners": ["anna@example.org"], "settings": {}, "members": ["dora@example.org"], "left_out": ["members: x is no address"]}


@pytest.fixture
def adopt(monkeypatch, tmp_path):
    """Return a function that has a host say something, and tells what the action returns."""

    def adopt(*lists, check=False, installed=True):
        def execute(self, module_name, module_args, task_vars):
            assert (module_name, module_args) == ("listhost.exim_mailman.mailman_info", {"prefix": "/x", "gather": ["inventory"]})
            return {"installed": installed, "inventory": list(lists)} if installed else {"installed": False}

        monkeypatch.setattr(ActionBase, "run", lambda self, tmp=None, task_vars=None: {})
        monkeypatch.setattr(ActionBase, "_execute_module", execute)
        action = object.__new__(ActionModule)
        action._task = types.SimpleNamespace(args={"prefix": "/x", "dest": str(tmp_path / "lists")}, check_mode=check)
        action._play_context = types.SimpleNamespace(check_mode=check)
        return action.run(task_vars={})

    return adopt


def test_files_are_written_once(adopt, tmp_path):
    expected = {"changed": True, "files": ["board.yml", "board.txt"], "lists": [{"name": "board", "members": 1}],
                "left_out": ["board: members: x is no address"]}
    for check in (True, False):
        assert {key: value for key, value in adopt(BOARD, check=check).items() if key != "warnings"} == expected
        assert (tmp_path / "lists").exists() is not check
    result = adopt(BOARD)
    assert (result["changed"], result["files"], len(result["warnings"])) == (False, [], 1)


@pytest.mark.parametrize(("one", "message"), [
    (dict(BOARD, name="../board"), "no names of files: ../board"),
    (dict(BOARD, name=".board"), "no names of files: .board"),
    ({"name": "broken", "error": "EOFError"}, r"Nothing was written.\nThe list broken cannot be read \(EOFError\). Restore its config.pck, or remove it."),
])
def test_nothing_is_written_when_one_list_is_odd(adopt, tmp_path, one, message):
    with pytest.raises(AnsibleActionFail, match=message):
        adopt(BOARD, one)
    assert os.listdir(str(tmp_path)) == []


def test_files_of_others_are_left_alone(adopt, tmp_path):
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "board.yml").write_text("mine\n")
    with pytest.raises(AnsibleActionFail, match="board.yml is there, with another content"):
        adopt(BOARD)
    assert os.listdir(str(tmp_path / "lists")) == ["board.yml"]


def test_no_mailman(adopt):
    with pytest.raises(AnsibleActionFail, match="There is no Mailman in /x. Say in mailman_prefix what it was configured with."):
        adopt(installed=False)
