# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest
from ansible_collections.listhost.exim_mailman.plugins.modules import file_set


@pytest.fixture
def install(run_module):
    """Run the module for files given as keywords of the module's own."""
    return lambda *files, **options: run_module(file_set, files=list(files), **options)


@pytest.fixture
def two(tmp_path):
    """Two files as they are before a run."""
    (tmp_path / "one").write_text("one before\n")
    (tmp_path / "two").write_text("two before\n")
    return tmp_path


def good(path):
    return ["/bin/grep", "-q", "good", path]


def test_what_is_as_wanted_is_left_alone(install, two):
    os.chmod(str(two / "one"), 0o644)
    before = os.stat(str(two / "one"))
    result = install(dict(path=str(two / "one"), content="one before\n"))
    after = os.stat(str(two / "one"))
    assert result["changed"] is False
    assert result["changed_paths"] == []
    assert (before.st_ino, before.st_mtime) == (after.st_ino, after.st_mtime)


def test_only_what_differs_is_written_and_named(install, two):
    os.chmod(str(two / "one"), 0o644)
    result = install(dict(path=str(two / "one"), content="one before\n"), dict(path=str(two / "two"), content="two after é\n", mode="0600"))
    assert result["changed_paths"] == [str(two / "two")]
    assert (two / "two").read_bytes() == "two after é\n".encode("utf-8")
    assert os.stat(str(two / "two")).st_mode & 0o7777 == 0o600
    assert sorted(os.listdir(str(two))) == ["one", "two"]


@pytest.mark.parametrize(("path", "words"), [
    ("etc/aliases", ["path is 'etc/aliases'", "no absolute path"]), ("", ["path is ''", "no absolute path"]), ("{0}", ["is no regular file"]),
    ("{0}/nowhere/file", ["{0}/nowhere does not exist"]), ("{0}/one/file", ["{0}/one does not exist"]), ("{0}/loop", ["is no regular file"]),
])
def test_a_wrong_path_is_named(install, two, path, words):
    (two / "loop").symlink_to(two / "loop")
    result = install(dict(path=str(two / "two"), content="two after\n"), dict(path=path.format(two), content="x\n"))
    assert result["failed"]
    assert [word for word in words + ["Nothing was changed"] if word.format(two) not in result["msg"]] == [], result["msg"]
    assert (two / "two").read_text() == "two before\n"


def test_a_file_is_whole_and_has_its_mode_before_it_has_its_name(install, two, monkeypatch):
    """Also on the disk: after a power failure a name must not be that of an empty file."""
    rename, fsync = os.rename, os.fsync
    synced, named = [], {}

    def see(source, target):
        status = os.stat(source)
        with open(source) as stream:
            named[target] = (stream.read(), oct(status.st_mode & 0o7777), status.st_ino in synced)
        rename(source, target)

    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino) or fsync(descriptor))
    monkeypatch.setattr(os, "rename", see)
    os.chmod(str(two / "one"), 0o600)
    result = install(dict(path=str(two / "new"), content="x\n", mode="0640"), dict(path=str(two / "one"), content="one after\n", mode="0444"))
    assert result["changed_paths"] == [str(two / "new"), str(two / "one")]
    assert named == {str(two / "new"): ("x\n", "0o640", True), str(two / "one"): ("one after\n", "0o444", True)}


def test_a_changed_mode_alone_is_a_change(install, two):
    os.chmod(str(two / "one"), 0o600)
    result = install(dict(path=str(two / "one"), content="one before\n", mode="0644"))
    assert result["changed_paths"] == [str(two / "one")]
    assert os.stat(str(two / "one")).st_mode & 0o7777 == 0o644


def test_one_bad_candidate_leaves_all_files_as_they_were(install, two):
    result = install(
        dict(path=str(two / "one"), content="one good\n", validate=good("%s")),
        dict(path=str(two / "two"), content="two bad\n", validate=["/bin/sh", "-c", "echo complaint about $0; exit 3", "%s"]),
    )
    assert result["failed"]
    assert result["rc"] == 3
    assert "Nothing was changed" in result["msg"]
    assert "complaint about %s" % (two / "two") in result["msg"]
    assert (two / "one").read_text() == "one before\n"
    assert (two / "two").read_text() == "two before\n"
    assert sorted(os.listdir(str(two))) == ["one", "two"]


def test_a_rename_that_fails_puts_back_what_was_replaced(install, two, monkeypatch):
    renamed = []
    rename = os.rename

    def fail_at_third(source, target):
        renamed.append(target)
        if len(renamed) == 3:
            raise OSError("no space left")
        rename(source, target)

    monkeypatch.setattr(os, "rename", fail_at_third)
    with pytest.raises(OSError):
        install(
            dict(path=str(two / "one"), content="one after\n"),
            dict(path=str(two / "new"), content="new\n"),
            dict(path=str(two / "two"), content="two after\n"),
        )
    assert len(renamed) > 3
    assert (two / "one").read_text() == "one before\n"
    assert (two / "two").read_text() == "two before\n"
    assert sorted(os.listdir(str(two))) == ["one", "two"]


def test_whatever_step_fails_all_is_as_it_was_and_can_be_done_again(install, two, monkeypatch, fail_at):
    """Each step in turn, of two files that are there and one that is new."""
    files = [dict(path=str(two / name), content=name + " after\n", mode="0640") for name in ("one", "two", "new")]

    def state():
        return dict((name, ((two / name).read_text(), (two / name).stat().st_mode)) for name in os.listdir(str(two)))

    before, steps = state(), []
    for number in range(1, 99):
        with monkeypatch.context() as context:
            calls = fail_at(context, dict.fromkeys(["fsync", "utime", "chown", "chmod", "link", "rename"], os), number)
            try:
                result = install(*files)
                break
            except fail_at.killed:
                steps.append(calls[number - 1])
        assert state() == before, steps
    assert steps.count("rename") == 3
    assert steps.count("link") == 2
    assert set(result["changed_paths"]) == set(spec["path"] for spec in files)
    assert dict((name, content) for name, (content, dummy) in state().items()) == dict((name, name + " after\n") for name in ("one", "two", "new"))


def test_a_link_stays_and_its_target_changes(install, two):
    os.symlink(str(two / "one"), str(two / "link"))
    result = install(dict(path=str(two / "link"), content="through the link\n"))
    assert result["changed_paths"] == [str(two / "link")]
    assert os.path.islink(str(two / "link"))
    assert (two / "one").read_text() == "through the link\n"


def test_a_missing_directory_is_named(install, two):
    result = install(dict(path=str(two / "none" / "file"), content="x\n"))
    assert result["failed"]
    assert str(two / "none") in result["msg"]


def test_check_mode_checks_shows_and_writes_nothing(install, two):
    result = install(
        dict(path=str(two / "one"), content="one good\n", validate=good("%s")),
        dict(path=str(two / "none" / "file"), content="x\n", validate=["/no/such/program", "%s"]),
        _ansible_check_mode=True, _ansible_diff=True,
    )
    assert result["changed_paths"] == [str(two / "one"), str(two / "none" / "file")]
    assert [(diff["before"], diff["after"]) for diff in result["diff"]] == [("one before\n", "one good\n"), ("", "x\n")]
    assert (two / "one").read_text() == "one before\n"
    assert sorted(os.listdir(str(two))) == ["one", "two"]


def test_check_mode_finds_a_bad_candidate(install, two):
    result = install(dict(path=str(two / "one"), content="bad\n", validate=good("%s")), _ansible_check_mode=True)
    assert result["failed"]
    assert (two / "one").read_text() == "one before\n"
