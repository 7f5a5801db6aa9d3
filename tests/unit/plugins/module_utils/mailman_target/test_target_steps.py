# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left when a step of mailman_lists fails or the process is killed there: each step fails in turn, then the call is made again."""

import os
import shutil
import types

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import lists, mailman, passwords, steps
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target.faults import Failure


class Files:
    """Mailman's directories, and its module Utils as far as it looks at them."""

    def __init__(self, path):
        for name in ("lists", "data", "public", "private"):
            (path / name).mkdir()
        self.path = path
        self.mm_cfg = types.SimpleNamespace(
            LIST_DATA_DIR=str(path / "lists"), DATA_DIR=str(path / "data"), LOCK_DIR=str(path), MTA=None, SYNC_AFTER_WRITE=0,
            PUBLIC_ARCHIVE_FILE_DIR=str(path / "public"), PRIVATE_ARCHIVE_FILE_DIR=str(path / "private"), DEFAULT_SERVER_LANGUAGE="en",
            SITE_PW_FILE=str(path / "data" / "adm.pw"),
        )

    def list_exists(self, name):
        return (self.path / "lists" / name / "config.pck").exists()

    def make(self, name):
        (self.path / "lists" / name).mkdir()
        (self.path / "lists" / name / "config.pck").write_text("")

    def all(self):
        """Every path below, for comparison."""
        return sorted(os.path.relpath(os.path.join(directory, name), str(self.path))
                      for directory, directories, names in os.walk(str(self.path)) for name in directories + names)


@pytest.fixture
def files(tmp_path, monkeypatch):
    files = Files(tmp_path)
    monkeypatch.setattr(mailman, "mm_cfg", files.mm_cfg)
    monkeypatch.setattr(mailman, "Utils", types.SimpleNamespace(
        list_exists=files.list_exists, sha_new=lambda text=b"": types.SimpleNamespace(hexdigest=lambda: "digest"), get_global_password=lambda: None,
        list_names=lambda: ["kept"],
    ))
    return files


class Patience:
    """Gets every lock at once."""

    def lock(self, name, lock_name, take):
        take()


@pytest.fixture
def leaving(files, monkeypatch):
    """A list with all that removing it has to find, and a neighbour; both stay where the removal does not reach."""
    for name in ("leaving", "kept"):
        files.make(name)
        for held in ("pck", "txt"):
            (files.path / "data" / ("heldmsg-%s-7.%s" % (name, held))).write_text("")
        (files.path / "private" / name).mkdir()
        (files.path / "private" / name / "index.html").write_text("")
        (files.path / "private" / (name + ".mbox")).mkdir()
        (files.path / "public" / name).symlink_to(files.path / "private" / name)
    monkeypatch.setattr(mailman, "MailList", types.SimpleNamespace(MailList=lambda name, lock: types.SimpleNamespace(Lock=None, Unlock=lambda: None)))
    monkeypatch.setattr(Patience, "lock", lambda self, name, lock_name, take: None)
    return files


REMOVING = {"rename": os, "unlink": os, "rmtree": shutil}


@pytest.mark.parametrize("keep_archives", [False, True])
def test_a_removal_that_is_killed_is_finished_by_the_next_call(leaving, monkeypatch, fail_at, keep_archives):
    """Whatever the step: until the first the list is whole, after it the rest is known to be left."""
    before = leaving.all()
    after = [path for path in before if "leaving" not in path or (keep_archives and path.startswith(("public", "private")))]
    kills = 0
    for number in range(1, 99):
        with monkeypatch.context() as context:
            calls = fail_at(context, REMOVING, number)
            try:
                steps.remove_list(Patience(), "leaving", keep_archives)
                break
            except fail_at.killed:
                kills += 1
        if number == 1:
            assert (calls[0], leaving.all()) == ("rename", before)
            continue
        # The list has gone, and what tells the next call that there is work left is still there.
        assert not leaving.list_exists("leaving")
        assert steps.unfinished_removals() == ["leaving"]
        steps.finish_removal("leaving", keep_archives)
        assert leaving.all() == after
        restore(leaving)
        assert leaving.all() == before
    assert leaving.all() == after
    # The rename, two held messages, three of the archives, what tells of it; some of them take more than one.
    assert 20 > kills >= (4 if keep_archives else 7)


def restore(files):
    """Make the list again that a round has removed."""
    files.make("leaving")
    for held in ("pck", "txt"):
        (files.path / "data" / ("heldmsg-leaving-7." + held)).write_text("")
    if not (files.path / "private" / "leaving").exists():
        (files.path / "private" / "leaving").mkdir()
        (files.path / "private" / "leaving" / "index.html").write_text("")
        (files.path / "private" / "leaving.mbox").mkdir()
        (files.path / "public" / "leaving").symlink_to(files.path / "private" / "leaving")


def test_a_new_list_of_the_same_name_keeps_what_is_its_own(leaving):
    """Between the two calls somebody has made one."""
    os.rename(str(leaving.path / "lists" / "leaving"), str(leaving.path / "lists" / "leaving,removed"))
    leaving.make("leaving")
    before = leaving.all()
    steps.finish_removal("leaving", False)
    assert leaving.all() == [path for path in before if ",removed" not in path]


@pytest.fixture
def creation(files, monkeypatch):
    """Steps of a creation: what Mailman does is made visible in the directory of lists."""
    directory = files.path / "lists" / "new"

    class MailList:
        locked = False

        def Create(self, *arguments):
            self.locked = True
            directory.mkdir()

        def fullpath(self):
            return str(directory)

        def Save(self):
            """As Mailman: a file beside, then a rename."""
            temporary = directory / ("config.pck.tmp.%s.%d" % (steps.socket.gethostname(), os.getpid()))
            temporary.write_text("")
            os.rename(str(temporary), str(directory / "config.pck"))

        def Unlock(self):
            self.locked = False

    mlist = MailList()
    monkeypatch.setattr(mailman, "MailList", types.SimpleNamespace(MailList=lambda: mlist))
    monkeypatch.setattr(steps, "complete", lambda spec: dict(spec, language="en", email_host="list.example.com"))
    monkeypatch.setattr(steps, "Work", lambda *arguments: types.SimpleNamespace(members=([], [], []), report=lambda: "created"))
    monkeypatch.setattr(steps, "change_members", lambda *arguments: None)
    monkeypatch.setattr(steps, "tell_mail_server", lambda *arguments: None)
    return mlist


NEW = {"name": "new", "owners": ["owner@example.org"], "password": None}


@pytest.mark.parametrize("step", ["change_members", "Work", "Save", "rename"])
def test_a_creation_that_fails_leaves_nothing(files, creation, monkeypatch, fail_at, step):
    before = files.all()
    with monkeypatch.context() as context:
        fail_at(context, {step: {"Save": creation, "rename": os}.get(step, steps)}, 1)
        with pytest.raises(fail_at.killed):
            steps.create_list(None, Patience(), NEW)
    assert (files.all(), creation.locked) == (before, False)
    assert steps.create_list(None, Patience(), NEW) == "created"
    assert (files.list_exists("new"), creation.locked) == (True, False)


def test_a_list_that_somebody_else_creates_meanwhile_is_theirs(files, creation, monkeypatch):
    """Mailman itself looks before it has the lock. Theirs is neither overwritten nor removed."""
    monkeypatch.setattr(creation, "Create", lambda *arguments: files.make("new"))
    saved = []
    monkeypatch.setattr(creation, "Save", lambda: saved.append("Save"))
    with pytest.raises(Failure) as caught:
        steps.create_list(None, Patience(), NEW)
    assert caught.value.text == "The list new was created by somebody else at the same time: run again."
    assert (saved, files.list_exists("new")) == ([], True)


def test_a_list_is_told_to_the_mail_server_when_it_is_there(files, creation, monkeypatch):
    told = []
    monkeypatch.setattr(steps, "tell_mail_server", lambda mlist, event: told.append((event, files.list_exists("new"), creation.locked)))
    steps.create_list(None, Patience(), NEW)
    assert told == [("create", True, False)]


@pytest.mark.parametrize("step", ["open", "fsync", "rename"])
def test_a_file_is_whole_or_as_it_was(files, monkeypatch, fail_at, step):
    path = files.path / "data" / "adm.pw"
    path.write_text("before\n")
    with monkeypatch.context() as context:
        fail_at(context, {step: os}, 1)
        with pytest.raises(fail_at.killed):
            passwords.write_site_password("secret")
    assert files.all() == ["data", "data/adm.pw", "lists", "private", "public"]
    assert path.read_text() == "before\n"
    passwords.write_site_password("secret")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("digest\n", 0o640)


def test_a_file_is_on_the_disk_before_it_has_its_name(files, monkeypatch, fail_at):
    calls = fail_at(monkeypatch, {"fsync": os, "rename": os}, 0)
    passwords.write_site_password("secret")
    assert calls == ["fsync", "rename"]


def test_a_file_is_written_where_nobody_has_put_another(files):
    """A link in its place would be followed."""
    trap = files.path / "data" / ("adm.pw.%d" % os.getpid())
    trap.symlink_to(files.path / "elsewhere")
    with pytest.raises(OSError):
        passwords.write_site_password("secret")
    assert not (files.path / "elsewhere").exists()


def test_lists_are_on_the_disk_before_they_have_their_name(files, monkeypatch):
    """Mailman asks its setting whether to. Nothing is written before that, and hands are free."""
    seen = []
    for owner, name in ((mailman, "load_settings"), (mailman, "load_lists"), (lists, "Attributes")):
        monkeypatch.setattr(owner, name, lambda: None)
    monkeypatch.setattr(lists, "Patience", lambda seconds: None)
    monkeypatch.setattr(mailman, "tie_hands", lambda: lambda: seen.append("free"))
    monkeypatch.setattr(lists, "plan", lambda *arguments: ([], [dict(name="kept"), dict(name="new")], ["old"]))

    def act(name):
        return lambda *arguments: seen.append((name, files.mm_cfg.SYNC_AFTER_WRITE)) or {"name": name}

    for name in ("change_list", "create_list", "remove_list"):
        monkeypatch.setattr(lists, name, act(name))
    specs = [dict(name=name, members=None, url_host=None, email_host=None) for name in ("kept", "new")]
    answer = lists.manage_lists(specs, False, True, None, {}, False, None, 1, False)
    assert seen == ["free", ("change_list", 1), ("create_list", 1), ("remove_list", 1)]
    assert [report["name"] for report in answer["lists"]] == ["change_list", "create_list", "remove_list"]
