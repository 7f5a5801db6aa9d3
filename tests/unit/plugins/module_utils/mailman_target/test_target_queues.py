# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import mailman, queues


def test_messages_in_queues_belong_to_lists(tmp_path):
    for queue, name, metadata in [("in", "1.pck", {"listname": "News"}), ("shunt", "2.psv", {"listname": "news"}), ("bad", "3.pck", {})]:
        (tmp_path / queue).mkdir()
        (tmp_path / queue / name).write_bytes(queues.pickle.dumps("a message", 1) + queues.pickle.dumps(metadata, 1))
    (tmp_path / "in" / "4.pck.tmp").write_bytes(b"")
    (tmp_path / "in" / "5.pck").write_bytes(b"rubbish")
    assert {name: sorted(files) for name, files in queues.find_queued(str(tmp_path)).items()} == {
        "news": ["qfiles/in/1.pck", "qfiles/shunt/2.psv"], "mailman": ["qfiles/bad/3.pck"],
    }  # fmt: skip


@pytest.fixture
def shunt(mm_cfg, tmp_path):
    """A function that puts a message with this metadata into queue shunt, and one that tells what is there of it."""
    mm_cfg.QUEUE_DIR = str(tmp_path)
    mm_cfg.SHUNTQUEUE_DIR = str(tmp_path / "shunt")
    (tmp_path / "shunt").mkdir()

    def put(name, **metadata):
        (tmp_path / "shunt" / name).write_bytes(queues.pickle.dumps("message %s" % name, 1) + queues.pickle.dumps(metadata, 1))

    def get(name):
        with open(str(tmp_path / "shunt" / name), "rb") as stream:
            return queues.pickle.load(stream), queues.pickle.load(stream)

    return put, get


@pytest.fixture
def readdress(monkeypatch):
    """The request, by a process whose umask is to be as before."""
    monkeypatch.setattr(mailman, "load_settings", lambda: None)
    umask = os.umask(0o022)
    yield queues.readdress_shunted
    os.umask(umask)


def test_shunted_messages_of_another_installation_are_told_their_queue(shunt, readdress, tmp_path):
    put, get = shunt
    put("1.pck", listname="news", whichq="/elsewhere/qfiles/in")
    put("2.pck", listname="news", whichq=str(tmp_path / "out"))
    put("3.pck", listname="news")
    before = {name: (tmp_path / "shunt" / name).stat().st_ino for name in ("2.pck", "3.pck")}
    assert readdress(check=True) == {"messages": ["1.pck"]}
    assert get("1.pck")[1]["whichq"] == "/elsewhere/qfiles/in"
    assert readdress(check=False) == {"messages": ["1.pck"]}
    assert get("1.pck") == ("message 1.pck", {"listname": "news", "whichq": str(tmp_path / "in")})
    # As Mailman has its queues; the others have not been touched, and nothing else is there.
    assert (tmp_path / "shunt" / "1.pck").stat().st_mode & 0o777 == 0o660
    assert {name: (tmp_path / "shunt" / name).stat().st_ino for name in before} == before
    assert sorted(path.name for path in (tmp_path / "shunt").iterdir()) == ["1.pck", "2.pck", "3.pck"]
    assert readdress(check=False) == {"messages": []}


def test_no_queue_for_shunted_messages_holds_none(shunt, readdress, mm_cfg):
    mm_cfg.SHUNTQUEUE_DIR += "-not-there"
    assert readdress(check=False) == {"messages": []}


def test_a_message_that_is_being_written_is_whole_or_as_it_was(shunt, readdress, monkeypatch, fail_at):
    put, get = shunt
    put("1.pck", whichq="/elsewhere/qfiles/in")
    with monkeypatch.context() as context:
        fail_at(context, {"rename": os}, 1)
        with pytest.raises(fail_at.killed):
            readdress(check=False)
    assert get("1.pck")[1] == {"whichq": "/elsewhere/qfiles/in"}
