# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that go in a transaction. How files come and change is tested with file_set and exim_config."""

import os

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._file_transaction import Transaction


class Module:
    """Of a module what a transaction asks it for."""

    check_mode = False

    def selinux_enabled(self):
        return False

    def load_file_common_arguments(self, arguments):
        return arguments

    def set_fs_attributes_if_different(self, arguments, dummy):
        if arguments["mode"]:
            os.chmod(arguments["path"], int(arguments["mode"], 8))
        return False


@pytest.fixture
def files(tmp_path):
    """A file that goes, one that is not there, and one that changes and keeps its mode."""
    (tmp_path / "one").write_bytes(b"one \xe9\n")
    (tmp_path / "two").write_text("two\n")
    (tmp_path / "two").chmod(0o640)
    return [dict(path=str(tmp_path / name), content=content, owner=None, group=None, mode=None)
            for name, content in (("one", None), ("none", None), ("two", b"two \xe9\n"))]


def contents(directory):
    return dict((name, (directory / name).read_bytes()) for name in os.listdir(str(directory)))


BEFORE = {"one": b"one \xe9\n", "two": b"two\n"}
AFTER = {"two": b"two \xe9\n"}


def test_a_file_goes(files, tmp_path):
    transaction = Transaction(Module())
    transaction.stage(files)
    assert transaction.changed_paths == [files[0]["path"], files[2]["path"]]
    assert [(diff["before"], diff["after"]) for diff in transaction.diffs] == [("one \ufffd\n", ""), ("two\n", "two \ufffd\n")]
    transaction.commit()
    transaction.settle(files)
    transaction.close()
    assert contents(tmp_path) == AFTER
    assert (tmp_path / "two").stat().st_mode & 0o777 == 0o640


def test_a_file_that_went_comes_back(files, tmp_path):
    transaction = Transaction(Module())
    transaction.stage(files)
    transaction.commit()
    transaction.rollback()
    transaction.close()
    assert contents(tmp_path) == BEFORE


def test_a_file_that_went_comes_back_when_another_cannot_change(files, tmp_path, monkeypatch):
    transaction = Transaction(Module())
    transaction.stage(files)
    real = os.rename
    monkeypatch.setattr(os, "rename", lambda old, new: real(old, new) if new != files[2]["path"] or old.endswith(".before") else os.mkdir("/"))
    with pytest.raises(OSError):
        transaction.commit()
    transaction.close()
    assert contents(tmp_path) == BEFORE


def test_a_file_that_is_not_to_go_after_all_stays(files, tmp_path):
    transaction = Transaction(Module())
    transaction.stage(files)
    transaction.close()
    assert contents(tmp_path) == BEFORE
