# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import queues


@pytest.fixture
def shunt(mm_cfg, tmp_path):
    """A function that puts a message with this metadata into queue shunt, and one that tells what is there of it."""
    mm_cfg.QUEUE_DIR = str(tmp_path)
    (tmp_path / "shunt").mkdir()

    def put(name, **metadata):
        (tmp_path / "shunt" / name).write_bytes(queues.pickle.dumps("message %s" % name, 1) + queues.pickle.dumps(metadata, 1))

    def get(name):
        with open(str(tmp_path / "shunt" / name), "rb") as stream:
            return queues.pickle.load(stream), queues.pickle.load(stream)

    return put, get


def test_messages_of_another_installation_are_told_their_queue_and_list(shunt, tmp_path):
    put, get = shunt
    put("1.pck", listname="news", whichq="/elsewhere/qfiles/in")
    put("2.pck", listname="board", whichq=str(tmp_path / "out"))
    put("3.pck", listname="board")
    before = {name: (tmp_path / "shunt" / name).stat().st_ino for name in ("2.pck", "3.pck")}
    for name in ("1.pck", "2.pck", "3.pck"):
        queues.readdress_message(str(tmp_path / "shunt" / name), {"news": "novel"})
    assert get("1.pck") == ("message 1.pck", {"listname": "novel", "whichq": str(tmp_path / "in")})
    # The others have not been touched, and nothing else is there.
    assert {name: (tmp_path / "shunt" / name).stat().st_ino for name in before} == before
    assert sorted(path.name for path in (tmp_path / "shunt").iterdir()) == ["1.pck", "2.pck", "3.pck"]


def test_a_message_that_is_being_written_is_whole_or_as_it_was(shunt, monkeypatch, tmp_path, fail_at):
    put, get = shunt
    put("1.pck", whichq="/elsewhere/qfiles/in")
    with monkeypatch.context() as context:
        fail_at(context, {"rename": os}, 1)
        with pytest.raises(fail_at.killed):
            queues.readdress_message(str(tmp_path / "shunt" / "1.pck"), {})
    assert get("1.pck")[1] == {"whichq": "/elsewhere/qfiles/in"}
