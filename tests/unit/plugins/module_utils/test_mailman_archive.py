# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import fcntl
import hashlib
import os

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _mailman_archive as archive
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import TargetError
from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import Untrusted


@pytest.fixture(autouse=True)
def trusted(monkeypatch):
    """The directories of tests are not root's alone, and are believed all the same."""
    monkeypatch.setattr(archive, "resolve", os.path.realpath)


def write(dest, text=b"new", fail=False):
    with archive.new_archive(str(dest)) as (handle, keep):
        os.write(handle, text)
        if fail:
            raise RuntimeError
        keep()


def test_a_new_archive_is_there_when_it_is_complete(tmp_path):
    dest = tmp_path / "lists.tar"
    dest.write_text("old")
    with pytest.raises(RuntimeError):
        write(dest, fail=True)
    assert ([path.name for path in tmp_path.iterdir()], dest.read_text()) == (["lists.tar"], "old")
    write(dest)
    assert ([path.name for path in tmp_path.iterdir()], dest.read_text()) == (["lists.tar"], "new")
    assert dest.stat().st_mode & 0o7777 == 0o600


def test_what_a_call_has_left_that_was_killed_is_replaced(tmp_path):
    (tmp_path / "lists.tar.part").write_text("a long piece of an archive")
    (tmp_path / "lists.tar.part").chmod(0o666)
    write(tmp_path / "lists.tar")
    assert ((tmp_path / "lists.tar").read_text(), (tmp_path / "lists.tar").stat().st_mode & 0o777) == ("new", 0o600)


def test_two_do_not_write_the_same(tmp_path):
    with open(str(tmp_path / "lists.tar.part"), "w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(TargetError, match="another process writes"):
            write(tmp_path / "lists.tar")
    assert (tmp_path / "lists.tar.part").exists()


def test_what_others_have_put_there_is_not_written(tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("not to be changed")
    (tmp_path / "link.tar.part").symlink_to(outside)
    os.link(str(outside), str(tmp_path / "hard.tar.part"))
    os.mkfifo(str(tmp_path / "fifo.tar.part"))
    for name in ("link", "hard", "fifo"):
        with pytest.raises(TargetError, match=r"dest: .*/%s.tar.part (cannot be written|is there, and is no file that this module has left)" % name):
            write(tmp_path / (name + ".tar"))
    assert outside.read_text() == "not to be changed"


@pytest.mark.parametrize("dest, text", [
    ("lists.tar", "dest: lists.tar is not absolute"), ("{0}/none/lists.tar", "dest: there is no directory {0}/none"),
    ("{0}/directory", "dest: {0}/directory is there, and is no file"),
    ("{0}/link", "dest: {0}/link is there, and is no file"),
])
def test_places_that_cannot_be(tmp_path, dest, text):
    (tmp_path / "directory").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with pytest.raises(TargetError) as caught:
        write(dest.format(tmp_path))
    assert text.format(tmp_path) in str(caught.value)


def test_a_directory_that_others_can_write(tmp_path, monkeypatch):
    def resolve(path):
        raise Untrusted([path + " can be written by everybody"], [])

    monkeypatch.setattr(archive, "resolve", resolve)
    with pytest.raises(TargetError, match="dest: others can change what is in .*can be written by everybody.*name a directory of root's"):
        write(tmp_path / "lists.tar")


def test_an_archive_that_others_can_change_is_not_opened(tmp_path, monkeypatch):
    """Mailman's user would get what they have put in its place."""
    monkeypatch.undo()
    directory, elsewhere = tmp_path / "directory", tmp_path / "elsewhere"
    for one in (directory, elsewhere):
        one.mkdir(mode=0o700)
    (elsewhere / "lists.tar").write_bytes(b"content")
    (elsewhere / "lists.tar").chmod(0o600)
    (directory / "lists.tar").symlink_to(elsewhere / "lists.tar")

    def fault():
        try:
            with archive.existing_archive(str(directory / "lists.tar"), None):
                return ""
        except TargetError as e:
            return str(e)

    assert fault() == ""
    for one, mode in ((directory, 0o777), (elsewhere, 0o777), (elsewhere / "lists.tar", 0o666)):
        before = one.stat().st_mode
        one.chmod(mode)
        assert "src: others can change %s: %s can be written by everybody. Who writes an archive" % (directory / "lists.tar", one) in fault()
        one.chmod(before)
    monkeypatch.chdir(elsewhere)
    with pytest.raises(TargetError, match="src: lists.tar is not absolute"), archive.existing_archive("lists.tar", None):
        pass


def test_an_archive_is_read_from_its_beginning(tmp_path):
    (tmp_path / "lists.tar").write_bytes(b"content")
    checksum = "sha256:" + hashlib.sha256(b"content").hexdigest()
    for asked in (None, checksum):
        with archive.existing_archive(str(tmp_path / "lists.tar"), asked) as handle:
            assert os.read(handle, 100) == b"content"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(handle)


@pytest.mark.parametrize("name, checksum, text", [
    ("lists.tar", "sha256:" + 64 * "0", "has the checksum sha256:ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73, and not sha256:0000"),
    ("lists.tar", "md5:00", "checksum: must be sha256: and 64 digits"),
    ("none.tar", None, "none.tar cannot be read: No such file or directory"),
    ("", None, "is no file"),
    ("fifo", None, "fifo is no file"),
])
def test_what_is_no_archive(tmp_path, name, checksum, text):
    (tmp_path / "lists.tar").write_bytes(b"content")
    os.mkfifo(str(tmp_path / "fifo"))
    with pytest.raises(TargetError) as caught, archive.existing_archive(str(tmp_path / name), checksum):
        pass
    assert text in str(caught.value)
