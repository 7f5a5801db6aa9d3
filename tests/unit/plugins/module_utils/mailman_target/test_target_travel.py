# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists go from one Mailman to another: whole, or not at all, whatever the archive is like and wherever it ends."""

import contextlib
import errno
import hashlib
import io
import json
import os
import pickle
import shutil
import types

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import aside, exporting, importing, mailman, places, staging, steps, tar
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target.faults import Failure

DIRECTORIES = {
    "DATA_DIR": "data", "LIST_DATA_DIR": "lists", "LOCK_DIR": "locks", "QUEUE_DIR": "qfiles", "TEMPLATE_DIR": "templates",
    "PRIVATE_ARCHIVE_FILE_DIR": "archives/private", "PUBLIC_ARCHIVE_FILE_DIR": "archives/public",
}  # fmt: skip


class List:
    """A list as far as travelling looks at it. Its config.pck is JSON."""

    def __init__(self, name, lock=1):
        self.name = name
        if not mailman.Utils.list_exists(name):
            raise mailman.Errors.MMUnknownListError
        with open(os.path.join(mailman.mm_cfg.LIST_DATA_DIR, name, "config.pck")) as handle:
            self.data = json.load(handle)
        self.host_name, self.web_page_url, self.real_name = (self.data[key] for key in ("host_name", "web_page_url", "real_name"))

    def getMembers(self):
        return self.data["members"]

    def GetHeldMessageIds(self):
        return self.data["held"]

    def Lock(self):
        pass

    Unlock = Lock

    def Save(self):
        self.data.update(host_name=self.host_name, web_page_url=self.web_page_url, real_name=self.real_name)
        with open(os.path.join(mailman.mm_cfg.LIST_DATA_DIR, self.name, "config.pck"), "w") as handle:
            json.dump(self.data, handle)

    def CheckHTMLArchiveDir(self):
        link = os.path.join(mailman.mm_cfg.PUBLIC_ARCHIVE_FILE_DIR, self.name)
        if not os.path.lexists(link):
            os.symlink(os.path.join(mailman.mm_cfg.PRIVATE_ARCHIVE_FILE_DIR, self.name), link)


class Lock:
    """Nobody else is there; what is held is known."""

    held = []

    def __init__(self, path, lifetime):
        self.path = path

    def lock(self, timeout=0):
        self.held.append(os.path.basename(self.path))

    def unlock(self, unconditionally):
        self.held.remove(os.path.basename(self.path))


class Mailman:
    """One of several installations."""

    def __init__(self, path):
        self.path = path
        self.mm_cfg = types.SimpleNamespace(
            ACCEPTABLE_LISTNAME_CHARACTERS="[-+_.=a-z0-9]", DEFAULT_URL_PATTERN="http://%s/mailman/", LIST_LOCK_LIFETIME=1, MAILMAN_SITE_LIST="mailman",
            MTA=None, VERSION="2.1.39", SITE_PW_FILE=str(path / "data" / "adm.pw"), LISTCREATOR_PW_FILE=str(path / "data" / "creator.pw"),
            **{name: str(path / directory) for name, directory in DIRECTORIES.items()}
        )
        for directory in DIRECTORIES.values():
            (path / directory).mkdir(parents=True)
        self.write("qfiles/in/1.5+other.pck", self.message("other"))

    @staticmethod
    def message(name, **data):
        return pickle.dumps("a message", 1) + pickle.dumps(dict(data, listname=name), 1)

    def write(self, name, content):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def make(self, name, members=("anna@example.org",), held=True, page="page of %s"):
        """A list with one of everything."""
        config = {"host_name": "lists.example.org", "web_page_url": "http://lists.example.org/mailman/", "real_name": name.title(), "members": members}
        self.write("lists/%s/config.pck" % name, json.dumps(dict(config, held=[7] if held else [])))
        self.write("lists/%s/en/verify.txt" % name, "of the list")
        self.write("archives/private/%s/2024-May/000001.html" % name, page % name)
        self.write("archives/private/%s.mbox/%s.mbox" % (name, name), "mailbox of %s" % name)
        if held:
            self.write("data/heldmsg-%s-7.pck" % name, "held")
            record = (1.5, "a@example.org", "Subject", "why", "heldmsg-%s-7.pck" % name, {"listname": name})
            self.write("lists/%s/request.pck" % name, pickle.dumps({"version": (0, 1), 7: (1, record), 8: (2, (1.5, "b@example.org"))}, 1))
        self.write("qfiles/in/1.5+%s.pck" % name, self.message(name))
        self.write("qfiles/shunt/1.6+%s.pck" % name, self.message(name, whichq=str(self.path / "qfiles/in")))

    def tree(self):
        """All there is, with the content of files."""
        found = {}
        for directory, directories, files in os.walk(str(self.path)):
            for name in directories + files:
                path = os.path.join(directory, name)
                relative = os.path.relpath(path, str(self.path))
                if os.path.islink(path):
                    found[relative] = "-> " + os.readlink(path).replace(str(self.path), "")
                elif os.path.isdir(path):
                    found[relative + "/"] = ""
                else:
                    with open(path, "rb") as handle:
                        found[relative] = handle.read().replace(str(self.path).encode(), b"")
        return found

    def files(self):
        return {name: content for name, content in self.tree().items() if not name.endswith("/")}

    def of_list(self, name):
        """The files that have the list's name in theirs, with that name left out."""
        return {path.replace(name, "LIST"): content for path, content in self.files().items()
                if name in path and "," not in path and not path.startswith("archives/public") and not path.endswith("/arrived")}

    def lists(self):
        return sorted(path.parent.name for path in (self.path / "lists").glob("*/config.pck") if "," not in path.parent.name)


@pytest.fixture
def use(monkeypatch):
    """A function that makes one of the installations the one that is there."""

    def use(one):
        monkeypatch.setattr(mailman, "mm_cfg", types.SimpleNamespace(**vars(one.mm_cfg)))

    def list_exists(name):
        return "," not in name and os.path.exists(os.path.join(mailman.mm_cfg.LIST_DATA_DIR, name, "config.pck"))

    def list_names():
        return [name for name in os.listdir(mailman.mm_cfg.LIST_DATA_DIR) if list_exists(name)]

    def validate(address):
        if " " in address:
            raise mailman.Errors.EmailAddressError

    for name in ("load_settings", "load_lists"):
        monkeypatch.setattr(mailman, name, lambda: None)
    monkeypatch.setattr(mailman, "tie_hands", lambda: lambda: None)
    monkeypatch.setattr(mailman, "Utils", types.SimpleNamespace(list_exists=list_exists, list_names=list_names, ValidateEmail=validate))
    monkeypatch.setattr(mailman, "Errors", types.SimpleNamespace(
        **{name: type(name, (Exception,), {}) for name in ("EmailAddressError", "MMUnknownListError")}))
    monkeypatch.setattr(mailman, "MailList", types.SimpleNamespace(MailList=List))
    monkeypatch.setattr(mailman, "LockFile", types.SimpleNamespace(LockFile=Lock))
    monkeypatch.setattr(exporting, "Patience", Patience)
    monkeypatch.setattr(importing, "Patience", Patience)
    monkeypatch.setattr(aside, "Patience", Patience)
    monkeypatch.setattr(importing.subprocess, "call", lambda command: 0)
    # It takes seconds where much is written.
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    # As if all had been there for a while.
    monkeypatch.setattr(exporting, "CLOCK_SLACK", -10)
    return use


class Patience:
    """Counts for how many locks one may wait anew."""

    def __init__(self, seconds):
        Patience.times = []

    def again(self):
        self.times.append(len(Lock.held))

    def lock(self, name, lock_name, take):
        take()


@pytest.fixture
def old(use, tmp_path):
    (tmp_path / "old").mkdir()
    one = Mailman(tmp_path / "old")
    one.make("news")
    one.make("board", members=("berta@example.org", "carla@example.org"))
    one.make("mailman", held=False)
    return one


@pytest.fixture
def new(use, tmp_path):
    (tmp_path / "new").mkdir()
    return Mailman(tmp_path / "new")


@pytest.fixture
def export(use, tmp_path):
    """A function that exports lists of an installation; it returns the archive's bytes and the answer."""

    def export(one, lists=None, root=None, compressed=False, site_passwords=False, unreadable="fail", check=False):
        use(one)
        path = str(tmp_path / "archive")
        answer = exporting.export_lists(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC), root, lists, compressed, site_passwords, unreadable, 5, check)
        with open(path, "rb") as handle:
            return handle.read(), answer

    return export


@pytest.fixture
def bring(use, tmp_path):
    """A function that imports lists into an installation."""

    def bring(one, archive, lists=None, root=None, existing="refuse", exported=None, queued_messages=True, templates=False, site_passwords=False, check=False):
        use(one)
        path = str(tmp_path / "archive-there")
        with open(path, "wb") as handle:
            handle.write(archive)
        if lists is not None:
            lists = [dict({"new_name": None, "email_host": None, "url_host": None}, **one) for one in lists]
        return importing.import_lists(os.open(path, os.O_RDONLY), root, lists, existing, exported, queued_messages, templates, site_passwords, 5, check)

    return bring


@pytest.fixture
def refused(bring):
    """A function that returns what is said against an import, which changes nothing."""

    def refused(one, archive, **options):
        before = one.files()
        with pytest.raises(Failure) as caught:
            bring(one, archive, **options)
        assert one.files() == before
        assert not [name for name in one.tree() if "," in name]
        return caught.value.text

    return refused


def contents(archive):
    return {entry.name: b"".join(entry.chunks()) for entry in tar.open_tar(io.BytesIO(archive)).entries()}


def repack(archive, change):
    """The archive as somebody makes it who knows how: with other files, and the sums that belong to them."""
    files = contents(archive)
    change(files)
    lists = json.loads(files["manifest.json".encode()])
    for one in lists["lists"]:
        name = ("manifests/%s.json" % one["name"]).encode()
        if name in files:
            try:
                manifest = json.loads(files[name])
            except RecursionError:
                manifest = {}
            start = ("lists/%s/" % one["name"]).encode()
            if isinstance(manifest.get("files"), dict):
                manifest["files"] = {path.decode("latin-1"): [len(content), hashlib.sha256(content).hexdigest()]
                                     for path, content in files.items() if path.startswith(start) and not path.endswith(b"/")}
                files[name] = exporting.format_json(manifest)
            one["manifest"] = hashlib.sha256(files[name]).hexdigest()
    text = exporting.format_json(lists)
    files[b"manifest.json"] = text
    files[b"manifest.sha256"] = hashlib.sha256(text).hexdigest().encode()
    return pack(files)


def pack(files):
    handle = io.BytesIO()
    writer = tar.Writer(handle)
    last = (b"manifest.json", b"manifest.sha256")
    for name, content in sorted(files.items(), key=lambda item: (item[0] != b"header.json", item[0] in last, item[0].startswith(b"manifests/"), item[0])):
        if name.endswith(b"/"):
            writer.add_directory(name.rstrip(b"/"), 0o2775, 0)
        else:
            writer.add_text(name, content)
    writer.finish()
    return handle.getvalue()


# --- There and back ---------------------------------------------------------------------------------------


COUNTS = [("board", 2, 1, 2), ("mailman", 1, 0, 2), ("news", 1, 1, 2)]


@pytest.mark.parametrize("compressed", [False, True])
def test_lists_arrive_as_they_were(old, new, export, bring, compressed):
    archive, exported = export(old, compressed=compressed)
    # The copy of one list's archive may take longer than one waits for a lock.
    assert Patience.times == [0, 0, 0]
    assert [(one["name"], one["members"], one["held"], one["queued"]) for one in exported["lists"]] == COUNTS
    assert (exported["faults"], exported["left_out"]) == ([], [])
    assert (exported["sum"], exported["size"]) == (hashlib.sha256(archive).hexdigest(), len(archive))
    answer = bring(new, archive)
    assert [(one["name"], one["members"], one["held"], one["queued"]) for one in answer["lists"]] == COUNTS
    assert (answer["archive"]["id"], answer["archive"]["mailman"]) == (exported["id"], "2.1.39")
    after = new.files()
    assert {name: after[name] for name in old.files()} == old.files()
    assert set(after) - set(old.files()) == {name % one for name in ("archives/public/%s", "lists/%s/arrived") for one in ("board", "mailman", "news")}
    assert Lock.held == []


def test_a_second_call_changes_nothing_whatever_has_become_of_the_list(old, new, export, bring):
    archive, _answer = export(old, ["news"])
    bring(new, archive)
    new.write("lists/news/config.pck", "changed")
    before = new.tree()
    answer = bring(new, archive)
    assert (answer["lists"], answer["unchanged"], answer["finished"]) == ([], ["news"], [])
    assert new.tree() == before
    # Removed, it may come again; another archive's is another list, and so is one that was made meanwhile.
    (new.path / "lists/news/config.pck").unlink()
    with pytest.raises(Failure) as caught:
        bring(new, archive)
    left = ["lists/news", "archives/private/news", "archives/private/news.mbox", "data/heldmsg-news-7.pck"]
    assert sorted(caught.value.text.splitlines()) == sorted("A former list news has left %s. Move it away, or remove it." % (new.path / name) for name in left)
    for name in left:
        (shutil.rmtree if (new.path / name).is_dir() else os.unlink)(str(new.path / name))
    assert bring(new, archive)["lists"]
    shutil.rmtree(str(new.path / "lists/news"))
    new.write("lists/news/config.pck", "{}")
    with pytest.raises(Failure) as caught:
        bring(new, archive)
    assert "There is a list news here already" in caught.value.text
    with pytest.raises(Failure) as caught:
        bring(new, export(old, ["news"])[0])
    assert "There is a list news here already" in caught.value.text


def test_a_list_that_came_may_go_on(old, new, export, bring, tmp_path):
    bring(new, export(old, ["news"])[0])
    archive, _answer = export(new, ["news"])
    assert b"lists/news/list/arrived" not in contents(archive)
    (tmp_path / "third").mkdir()
    third = Mailman(tmp_path / "third")
    bring(third, archive)
    assert third.lists() == ["news"]


def test_lists_get_other_names_and_addresses(old, new, export, bring):
    answer = bring(new, export(old)[0], [dict(name="news", new_name="novel", email_host="example.net", url_host="www.example.net")])
    assert [(one["name"], one["new_name"], one["email_host"]) for one in answer["lists"]] == [("news", "novel", "lists.example.org")]
    assert new.lists() == ["novel"]
    mlist = json.loads(new.files()["lists/novel/config.pck"])
    assert (mlist["host_name"], mlist["web_page_url"], mlist["real_name"]) == ("example.net", "http://www.example.net/mailman/", "novel")
    before, after = old.of_list("news"), new.of_list("novel")
    assert set(before) - {"qfiles/in/1.5+LIST.pck", "qfiles/shunt/1.6+LIST.pck"} == set(after)
    for name in ("archives/private/LIST.mbox/LIST.mbox", "archives/private/LIST/2024-May/000001.html", "data/heldmsg-LIST-7.pck"):
        assert after[name] == before[name]
    requests = pickle.loads(after["lists/LIST/request.pck"])
    assert requests[7][1][4:] == ("heldmsg-novel-7.pck", {"listname": "novel"})
    assert requests[8] == (2, (1.5, "b@example.org"))
    for queue, name in (("in", "1.5+news.pck"), ("shunt", "1.6+news.pck")):
        with open(str(new.path / "qfiles" / queue / name), "rb") as handle:
            pickle.load(handle)
            assert pickle.load(handle)["listname"] == "novel"


def test_shunted_messages_name_the_queue_here(old, new, export, bring):
    bring(new, export(old, ["news"])[0])
    with open(str(new.path / "qfiles/shunt/1.6+news.pck"), "rb") as handle:
        pickle.load(handle)
        assert pickle.load(handle)["whichq"] == str(new.path / "qfiles/in")


def test_queued_messages_can_stay(old, new, export, bring):
    before = new.files()
    bring(new, export(old, ["news"])[0], queued_messages=False)
    assert {name for name in new.files() if name.startswith("qfiles")} == {name for name in before if name.startswith("qfiles")}


def test_a_site_list_that_is_here_stays(old, new, export, bring, refused):
    new.make("mailman", members=())
    before = new.of_list("mailman")
    archive, _answer = export(old)
    assert "There is a list mailman here already." in refused(new, archive, lists=[dict(name="mailman")])
    bring(new, archive)
    assert (new.lists(), new.of_list("mailman")) == (["board", "mailman", "news"], before)


def test_check_mode_reads_all_and_writes_nothing(old, new, export, bring, refused):
    assert export(old, check=True)[0] == b""
    archive, _answer = export(old)
    before = new.tree()
    answer = bring(new, archive, check=True)
    assert [one["name"] for one in answer["lists"]] == ["board", "mailman", "news"]
    assert new.tree() == before
    assert "was altered" in refused(new, archive.replace(b"page of news", b"page of NEWS"), check=True)


def test_lists_go_from_and_to_another_root(old, new, export, bring, tmp_path):
    """By this Mailman, whose own lists nobody touches."""
    old.write("data/adm.pw", "secret")
    new.make("mailman")
    before = new.files()
    archive, exported = export(new, root=str(old.path), site_passwords=True)
    assert [one["name"] for one in exported["lists"]] == ["board", "mailman", "news"]
    (tmp_path / "trial").mkdir()
    answer = bring(new, archive, root=str(tmp_path / "trial"), site_passwords=True)
    assert [one["name"] for one in answer["lists"]] == ["board", "mailman", "news"]
    assert new.files() == before
    trial = Mailman.__new__(Mailman)
    trial.path = tmp_path / "trial"
    for name in ("board", "news"):
        there, here = trial.of_list(name), old.of_list(name)
        # It has the path of a queue in it.
        assert there.pop("qfiles/shunt/1.6+LIST.pck") != here.pop("qfiles/shunt/1.6+LIST.pck")
        assert there == here
    assert trial.files()["data/adm.pw"] == b"secret"
    assert bring(new, archive, root=str(tmp_path / "trial"))["unchanged"] == ["board", "news"]


def test_a_root_is_mailmans_users_alone_and_check_mode_makes_nothing_there(old, new, export, bring, tmp_path, monkeypatch):
    archive, _answer = export(old)
    trial = tmp_path / "trial"

    def fault(act, *arguments, **options):
        with pytest.raises(Failure) as caught:
            act(*arguments, **options)
        return caught.value.text

    for root in (str(trial), os.path.relpath(str(old.path)), "/n\xe9"):
        assert fault(bring, new, archive, root=root).startswith("root: ")
    trial.mkdir(mode=0o700)
    assert [one["name"] for one in bring(new, archive, root=str(trial), check=True)["lists"]] == ["board", "mailman", "news"]
    assert fault(export, new, root=str(trial)).startswith("root: there are no lists in ")
    assert fault(export, new, root=str(trial), check=True).startswith("root: there are no lists in ")
    assert list(trial.iterdir()) == []
    (trial / "lists").mkdir()
    assert fault(export, new, root=str(trial)).startswith("root: there are no lists in ")
    for place in (trial, tmp_path):
        mode = place.stat().st_mode
        place.chmod(0o777)
        assert fault(bring, new, archive, root=str(trial)).startswith("root: others can change what is in %s" % place)
        place.chmod(mode)
    real = os.geteuid()
    with monkeypatch.context() as context:
        context.setattr(staging.os, "geteuid", lambda: real + 1)
        assert "is not Mailman's user's" in fault(bring, new, archive, root=str(trial))
    bring(new, archive, root=str(trial))
    # A copy need not have queues or messages.
    for name in ("qfiles", "data"):
        shutil.rmtree(str(trial / name))
    assert len(export(new, root=str(trial), check=True)[1]["lists"]) == 3
    assert not (trial / "qfiles").exists() and not (trial / "data").exists()
    assert len(export(new, root=str(trial))[1]["lists"]) == 3


def test_a_survey_says_what_an_export_says(old, export):
    def without_seconds(lists):
        return [{key: value for key, value in one.items() if key != "locked_seconds"} for one in lists]

    exported = export(old)[1]["lists"]
    assert without_seconds(exported) == without_seconds(export(old, check=True)[1]["lists"])
    states = {one["name"]: one["state"] for one in exported}
    assert len(set(states.values())) == 3
    for change in (
        lambda: old.write("lists/news/digest.mbox", "x"), lambda: old.write("lists/news/digest.mbox", "y"), lambda: old.write("data/heldmsg-news-9.pck", ""),
        lambda: old.write("archives/private/news/x", ""), lambda: old.write("qfiles/out/7+x.pck", old.message("news")),
        (old.path / "qfiles/out/7+x.pck").unlink, lambda: (old.path / "archives/private/news/x").rename(old.path / "archives/private/news/y"),
    ):
        change()
        now = {one["name"]: one["state"] for one in export(old, check=True)[1]["lists"]}
        assert now["news"] != states["news"] and {name: now[name] for name in ("board", "mailman")} == {name: states[name] for name in ("board", "mailman")}
        states = now


def test_templates_and_passwords(old, new, export, bring, refused):
    for name in ("site", "lists.example.org", "elsewhere.example.org", "en"):
        old.write("templates/%s/en/verify.txt" % name, "of " + name)
    old.write("data/adm.pw", "secret")
    assert b"passwords/adm.pw" not in contents(export(old, ["news"])[0])
    archive, answer = export(old, ["news"], site_passwords=True)
    assert answer["templates"] == export(old, ["news"], check=True)[1]["templates"] == ["site", "lists.example.org"]
    assert sorted(name for name in contents(archive) if name.startswith((b"templates", b"passwords")) and not name.endswith(b"/")) == [
        b"passwords/adm.pw", b"templates/lists.example.org/en/verify.txt", b"templates/site/en/verify.txt"]
    before = new.files()
    assert bring(new, archive)["site"] == []
    assert {name for name in new.files() if not name.startswith(("lists", "archives", "qfiles"))} == {name for name in before if name[0] == "d"} | {
        "data/heldmsg-news-7.pck"}
    new.write("templates/site/en/verify.txt", "another")
    new.write("data/adm.pw", "another")
    for check in (True, False):
        answer = bring(new, archive, templates=True, site_passwords=True, check=check)
        assert (answer["site"], answer["kept"]) == (["passwords/adm.pw", "templates/lists.example.org/en/verify.txt"], ["templates/site/en/verify.txt"])
    files = new.files()
    assert (files["templates/site/en/verify.txt"], files["templates/lists.example.org/en/verify.txt"], files["data/adm.pw"]) == (
        b"another", b"of lists.example.org", b"secret")
    assert bring(new, archive, templates=True, site_passwords=True)["site"] == []


def test_templates_need_a_directory(old, new, export, refused, monkeypatch):
    old.write("templates/site/en/verify.txt", "of the site")
    monkeypatch.setattr(importing.os, "access", lambda path, mode: not path.endswith("templates"))
    assert "Mailman's user cannot write in %s/templates, where templates/site/en/verify.txt is to be" % new.path in refused(new, export(old)[0], templates=True)


@pytest.mark.parametrize("make, text", [
    (lambda templates: (templates / "site/en/verify.txt").mkdir(parents=True), "verify.txt is in the way of a file from the archive, and is none"),
    (lambda templates: ((templates / "site").mkdir(), (templates / "site/en").write_text("")), "Mailman's user cannot write in"),
])
def test_what_is_in_the_way_of_templates_is_told_before(old, new, export, refused, make, text):
    old.write("templates/site/en/verify.txt", "of the site")
    make(new.path / "templates")
    assert text in refused(new, export(old)[0], templates=True)


def test_modes_are_mailmans(old, new, export, bring):
    """No bit comes along that lets others write, or that gives anything to whoever runs the file."""
    modes = {
        "lists/news/config.pck": (0o660, 0o660), "lists/news/en/verify.txt": (0o4777, 0o664), "lists/news": (0o2775, 0o2775),
        "archives/private/news/2024-May": (0o777, 0o2775),
    }  # fmt: skip
    for name, (before, _after) in modes.items():
        os.chmod(str(old.path / name), before)
    bring(new, export(old, ["news"])[0])
    assert {name: (new.path / name).stat().st_mode & 0o7777 for name in modes} == {name: after for name, (_before, after) in modes.items()}
    assert int((new.path / "lists/news/config.pck").stat().st_mtime) == int((old.path / "lists/news/config.pck").stat().st_mtime)


def test_names_that_are_no_text(old, new, export, bring):
    for name in (b"caf\xe9", b"caf\xc3\xa9", b"x" * 200):
        with open(os.path.join(os.fsencode(str(old.path / "archives/private/news")), name), "wb") as handle:
            handle.write(name)
    bring(new, export(old, ["news"])[0])
    assert sorted(os.listdir(os.fsencode(str(new.path / "archives/private/news")))) == [b"2024-May", b"caf\xc3\xa9", b"caf\xe9", b"x" * 200]


# --- In the place of another ------------------------------------------------------------------------------


@pytest.fixture
def other(new):
    """There is a list of the name, with a message that waits and one that the archive has, too, and with more pages."""
    new.make("news", members=("dora@example.org",), page="other page of %s")
    new.write("archives/private/news/2025-May/000001.html", "only here")
    new.write("data/heldmsg-news-8.pck", "only here")
    new.write("qfiles/in/2.5+news.pck", new.message("news"))
    return new


def states(answer):
    return {one["name"]: one["state"] for one in answer["lists"]}


@pytest.mark.parametrize("choice", ["replace", "replace_copy"])
def test_a_list_comes_into_the_place_of_another(old, other, export, bring, refused, choice):
    exported = states(export(other, ["news"])[1]) if choice == "replace" else None
    archive, _answer = export(old, ["news"])
    # The removal of yet another one was killed.
    other.write("lists/news,removed/config.pck", "x")
    (other.path / "lists/news,removed").rename(other.path / "removed")
    assert "There is a list news here already" in refused(other, archive)
    before = other.tree()
    assert bring(other, archive, existing=choice, check=True)["replaced"] == ["news"]
    assert other.tree() == before
    (other.path / "removed").rename(other.path / "lists/news,removed")
    answer = bring(other, archive, existing=choice, exported=exported)
    assert not (other.path / "lists/news,removed").exists()
    assert (answer["replaced"], [one["name"] for one in answer["lists"]]) == (["news"], ["news"])
    found = other.of_list("news")
    # What waits for it stays, or goes with a copy that nobody has used.
    assert (found.pop("qfiles/in/2.5+LIST.pck", None) is None) is (choice == "replace_copy")
    assert found == old.of_list("news")
    assert bring(other, archive, existing=choice, exported=exported)["unchanged"] == ["news"]


def test_a_list_that_was_made_after_the_export_is_not_replaced(old, other, export, refused):
    other.make("board")
    archive, _answer = export(old, ["news", "board"])
    assert "There is a list board here already" in refused(other, archive, existing="replace", exported=states(export(other, ["news"])[1]))


@pytest.mark.parametrize("change", ["lists/news/config.pck", "archives/private/news/new", "qfiles/in/3.5+news.pck", "data/heldmsg-news-9.pck"])
def test_a_list_that_has_changed_since_its_export_is_not_replaced(old, other, export, refused, change):
    archive, _answer = export(old, ["news"])
    exported = states(export(other, ["news"])[1])
    other.write(change, other.message("news") if change.startswith("q") else (other.path / "lists/news/config.pck").read_bytes())
    assert refused(other, archive, existing="replace", exported=exported).startswith(
        "There was mail for news, or another change, after it was exported. Nothing was replaced. Run again")


def test_what_a_former_list_has_left_is_not_replaced(old, other, export, refused):
    (other.path / "lists/news/config.pck").unlink()
    assert "A former list news has left" in refused(other, export(old, ["news"])[0], existing="replace", exported={"news": ""})


# --- While others work ------------------------------------------------------------------------------------


@pytest.fixture
def meanwhile(monkeypatch):
    """A function that has something happen between the copy of the archives and the lock."""

    def meanwhile(act):
        real = exporting.Export.take_list

        def take_list(self, writer):
            assert Lock.held == [self.name + ".lock"]
            act()
            real(self, writer)

        monkeypatch.setattr(exporting.Export, "take_list", take_list)

    return meanwhile


def test_the_list_is_taken_as_it_is_when_it_is_locked(old, new, export, bring, meanwhile):
    archive = old.path / "archives/private/news"
    old.write("archives/private/news/gone/page", "gone")
    old.write("archives/private/news/replaced", "before")

    def act():
        old.write("archives/private/news/2024-May/000001.html", "page of NEWS")
        old.write("archives/private/news/new", "new")
        shutil.rmtree(str(archive / "gone"))
        (archive / "other").write_text("after!")
        (archive / "other").rename(archive / "replaced")
        with open(str(old.path / "archives/private/news.mbox/news.mbox"), "a") as handle:
            handle.write(" and more")
        old.write("lists/news/digest.mbox", "digest")

    meanwhile(act)
    packed, _answer = export(old, ["news"])
    assert contents(packed)[b"lists/news/mbox-added/news.mbox"] == b" and more"
    bring(new, packed)
    after = new.files()
    assert {name: after[name] for name in old.of_list("news") if "LIST" not in name} == {}
    assert {name: after.get(name) for name in old.files() if "news" in name} == {name: content for name, content in old.files().items() if "news" in name}
    assert "archives/private/news/gone/page" not in after


def test_a_mailbox_that_was_made_anew_is_copied_whole(old, new, export, bring, meanwhile):
    path = old.path / "archives/private/news.mbox/news.mbox"

    def act():
        path.rename(path.with_name("aside"))
        path.write_text("quite another and longer mailbox")

    meanwhile(act)
    packed, _answer = export(old, ["news"])
    assert b"lists/news/mbox-added/news.mbox" not in contents(packed)
    bring(new, packed)
    assert new.files()["archives/private/news.mbox/news.mbox"] == b"quite another and longer mailbox"


def test_what_was_just_written_is_copied_again_under_the_lock(old, export, monkeypatch):
    """Its time may be the same after another change."""
    monkeypatch.setattr(exporting, "CLOCK_SLACK", 3600)
    names = [entry.name for entry in tar.open_tar(io.BytesIO(export(old, ["news"])[0])).entries()]
    assert names.count(b"lists/news/archive/2024-May/000001.html") == 2
    monkeypatch.setattr(exporting, "CLOCK_SLACK", -10)
    names = [entry.name for entry in tar.open_tar(io.BytesIO(export(old, ["news"])[0])).entries()]
    assert names.count(b"lists/news/archive/2024-May/000001.html") == 1


def test_what_a_runner_has_in_hand_waits_again(old, new, export, bring):
    (old.path / "qfiles/in/1.5+news.pck").rename(old.path / "qfiles/in/1.5+news.bak")
    bring(new, export(old, ["news"])[0])
    assert (new.path / "qfiles/in/1.5+news.pck").exists()


def test_a_list_that_is_removed_meanwhile_is_not_there(old, new, export, bring, refused, monkeypatch):
    real = exporting.Export.copy_archive

    def copy_archive(self, writer, part):
        real(self, writer, part)
        if self.name == "news" and part == "mbox":
            shutil.rmtree(str(old.path / "lists/news"))

    monkeypatch.setattr(exporting.Export, "copy_archive", copy_archive)
    archive, answer = export(old)
    assert [one["name"] for one in answer["lists"]] == ["board", "mailman"]
    assert "The list news was removed while the archive was written" in refused(new, archive, lists=[dict(name="news")])
    bring(new, archive)
    assert new.lists() == ["board", "mailman"]
    assert not (new.path / "archives/private/news").exists()


def test_what_shrinks_under_the_lock_is_told(old, export, monkeypatch):
    real = exporting.copy_file

    def copy_file(writer, name, path, **options):
        status, size, total = real(writer, name, path, **options)
        return status, size - path.endswith("config.pck"), total

    monkeypatch.setattr(exporting, "copy_file", copy_file)
    with pytest.raises(Failure) as caught:
        export(old, ["news"])
    assert "config.pck was written by a process that does not take Mailman's locks" in caught.value.text
    assert Lock.held == []


def test_what_is_no_file_is_left_out_and_told(old, new, export, bring):
    (old.path / "archives/private/news/link").symlink_to("/etc/passwd")
    os.mkfifo(str(old.path / "archives/private/news/fifo"))
    (old.path / "data/heldmsg-news-8.pck").symlink_to("/etc/passwd")
    os.mkfifo(str(old.path / "data/heldmsg-news-9.pck"))
    archive, answer = export(old, ["news"])
    assert answer["left_out"] == [
        "lists/news/held/heldmsg-news-8.pck", "lists/news/held/heldmsg-news-9.pck", "lists/news/archive/fifo", "lists/news/archive/link"]
    surveyed = export(old, ["news"], check=True)[1]
    assert (states(answer), sorted(answer["left_out"])) == (states(surveyed), sorted(surveyed["left_out"]))
    bring(new, archive)
    assert os.listdir(str(new.path / "archives/private/news")) == ["2024-May"]


def test_what_is_too_deep_is_left_out_and_told(old, new, export, bring):
    """An import would not take it, for nobody could remove it."""
    old.write("archives/private/news/" + "a/" * 110 + "x", "")
    archive, answer = export(old, ["news"])
    assert answer["left_out"][0] == "lists/news/archive/" + "/".join("a" * 98) and len(answer["left_out"]) == 14
    bring(new, archive)
    assert (new.path / "archives/private/news/2024-May/000001.html").exists()


def test_what_was_not_finished_stays_and_an_attachment_of_such_a_name_comes(old, new, export, bring):
    stay = ["lists/news/config.pck.tmp.host.17", "lists/news/request.pck.tmp"]
    come = ["archives/private/news/attachments/report.tmp", "archives/private/news/a.tmp/b", "lists/news/en/verify.tmp"]
    for name in stay + come:
        old.write(name, "x")
    bring(new, export(old, ["news"])[0])
    assert {name: (new.path / name).exists() for name in stay + come} == dict(dict.fromkeys(stay, False), **dict.fromkeys(come, True))


def test_an_archive_that_is_elsewhere_comes_along(old, new, export, bring):
    (old.path / "archives/private/news").rename(old.path / "elsewhere")
    (old.path / "archives/private/news").symlink_to(old.path / "elsewhere")
    bring(new, export(old, ["news"])[0])
    assert (new.path / "archives/private/news/2024-May/000001.html").read_text() == "page of news"
    assert not (new.path / "archives/private/news").is_symlink()


# --- What cannot be read or written -----------------------------------------------------------------------


def test_a_list_that_cannot_be_read(old, new, export, bring, refused):
    old.write("lists/news/config.pck", "rubbish")
    archive, answer = export(old)
    assert archive == b""
    assert [fault.startswith("The list news cannot be read (JSONDecodeError: ") for fault in answer["faults"]] == [True]
    archive, answer = export(old, unreadable="include")
    assert [fault.startswith("The list news cannot be read (JSONDecodeError: ") for fault in answer["faults"]] == [True]
    assert contents(archive)[b"lists/news/list/config.pck"] == b"rubbish"
    assert "The list news could not be read when it was exported (JSONDecodeError: " in refused(new, archive)
    bring(new, archive, [dict(name="board")])
    assert new.lists() == ["board"]


def test_a_list_of_a_name_that_cannot_be(old, new, export, bring):
    """It would be in the way of all others."""
    old.make("old list")
    answer = export(old)[1]
    assert answer["faults"] == ["The list old list cannot be read (no list can have this name)."]
    archive, again = export(old, unreadable="include")
    assert again["faults"] == answer["faults"] and [one["name"] for one in again["lists"]] == ["board", "mailman", "news"]
    bring(new, archive)
    assert new.lists() == ["board", "mailman", "news"]


def test_a_file_that_cannot_be_read(old, export, monkeypatch):
    real = exporting.copy_file

    def copy_file(writer, name, path, **options):
        if path.endswith("000001.html"):
            raise OSError(errno.EACCES, "Permission denied")
        return real(writer, name, path, **options)

    monkeypatch.setattr(exporting, "copy_file", copy_file)
    _archive, answer = export(old, ["news"])
    assert answer["faults"] == ["%s/archives/private/news/2024-May/000001.html cannot be read (Permission denied)." % old.path]
    assert states(answer) == states(export(old, ["news"], check=True)[1])


def test_a_directory_that_cannot_be_read(old, new, export, bring, refused, monkeypatch):
    real = os.listdir

    def listdir(path):
        if path.endswith("private/news/2024-May"):
            raise OSError(errno.EACCES, "Permission denied")
        return real(path)

    monkeypatch.setattr(exporting.os, "listdir", listdir)
    for options in ({}, {"check": True}, {"unreadable": "include"}):
        assert export(old, ["news"], **options)[1]["faults"] == ["%s/archives/private/news/2024-May cannot be read (Permission denied)." % old.path]


def test_lists_that_are_not_there(old, new, export, refused):
    with pytest.raises(Failure) as caught:
        export(old, ["news", "olds", "x"])
    assert caught.value.text == "There is no list olds, x here."
    assert "The archive has no list olds. It has board, news." in refused(new, export(old, ["news", "board"])[0], lists=[dict(name="olds")])


@contextlib.contextmanager
def full_disk(monkeypatch, room):
    """A disk on which there is room for so many files more."""
    left = [room]
    real = os.open

    def full(path, flags, *mode, **options):
        if flags & os.O_CREAT:
            left[0] -= 1
            if left[0] < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, flags, *mode, **options)

    with monkeypatch.context() as context:
        context.setattr(importing.os, "open", full)
        yield


@pytest.mark.parametrize("room", range(0, 20, 3))
def test_a_disk_that_is_full_when_lists_come(old, new, export, bring, refused, monkeypatch, room):
    archive, _answer = export(old)
    with full_disk(monkeypatch, room):
        assert refused(new, archive) == "The lists were not imported: [Errno 28] No space left on device. Nothing has changed."
    bring(new, archive)
    assert new.lists() == ["board", "mailman", "news"]


def test_a_disk_that_is_full_when_lists_go(old, export, monkeypatch):
    def write(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tar.Sink, "write", write)
    with pytest.raises(Failure) as caught:
        export(old)
    assert caught.value.text == "The archive was not written: [Errno 28] No space left on device."
    assert Lock.held == []


@pytest.mark.parametrize("asked, text", [
    ([dict(name="news"), dict(name="news", new_name="other")], "The list news is asked for twice."),
    ([dict(name="news", new_name="board"), dict(name="board")], "The lists board and news would have the same name"),
    ([dict(name="news", new_name="x"), dict(name="board", new_name="x.mbox")], "The lists board and news would have the same name or the same archives here"),
    ([dict(name="news", new_name="News")], "The list news cannot be called News here, in the domain that it has: must be in lower case"),
    ([dict(name="news", new_name="../x")], "is no name that Mailman accepts"),
    ([dict(name="news", new_name=",arriving")], "is no name that Mailman accepts"),
    ([dict(name="news", email_host="not a domain")], "cannot be called news here, in the domain not a domain: is no domain name"),
    ([dict(name="n\xe9ws")], "is no name"),
    ([dict(name="olds"), dict(name="news", new_name="News")],
     "The archive has no list olds. It has board, mailman, news.\nThe list news cannot be called News"),
])
def test_names_that_cannot_be(old, new, export, refused, asked, text):
    assert text in refused(new, export(old)[0], lists=asked)


def test_two_imports_at_once(old, new, export, refused):
    archive, _answer = export(old)
    handle = os.open(str(new.path / "lists"), os.O_RDONLY)
    importing.fcntl.flock(handle, importing.fcntl.LOCK_EX)
    assert refused(new, archive) == "Another process imports lists into this Mailman: run again when it has ended."
    os.close(handle)


# --- Archives that are not as they were written -----------------------------------------------------------


def test_wherever_it_is_torn_nothing_comes(old, new, export, refused):
    archive, _answer = export(old, ["news"])
    for size in range(0, len(archive) - 1, 512):
        text = refused(new, archive[:size])
        assert "ends in the middle" in text or "This is no archive" in text
    assert "ends in the middle" in refused(new, archive[:-1])


def test_wherever_it_is_altered_that_is_told(old, new, export, refused):
    """One bit in each of its blocks; what is only a file's time or mode in a header has the header's sum."""
    archive, _answer = export(old, ["news"])
    for place in range(0, len(archive) - 1024, 97):
        altered = bytearray(archive)
        altered[place] ^= 4
        assert refused(new, bytes(altered), check=True)


@pytest.mark.parametrize("version, format, text", [
    (2, "listhost.exim_mailman lists", "This archive is of version 2 of listhost.exim_mailman lists, and this release reads version 1"),
    (1, "other", "This archive is of version 1 of other"),
    (None, "other", "has a manifest that is none"),
])
def test_another_version(old, new, export, refused, version, format, text):
    def change(files):
        files[b"header.json"] = json.dumps(dict(json.loads(files[b"header.json"]), version=version, format=format)).encode()

    assert text in refused(new, repack(export(old)[0], change))


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"\x1f\x8b", b"\x1f\x8b\x08\0", b"\0" * 10240, b"x" * 5000])
def test_no_archive(new, refused, content):
    assert refused(new, content)


def test_an_ordinary_tar(new, refused):
    assert refused(new, pack({b"etc/passwd": b"x"})) == "This is no archive of mailman_export."


def put(name, content):
    """A change of an archive: one more file."""
    return lambda files: files.update({name: content})


DEEP = b"[" * 100000 + b"]" * 100000


@pytest.mark.parametrize("change, text", [
    (put(b"../../etc/cron.d/x", b"x"), "a file where there can be none: '../../etc/cron.d/x'"),
    (put(b"/etc/cron.d/x", b"x"), "a file where there can be none: '/etc/cron.d/x'"),
    (put(b"lists/news/list/../../../x", b"x"), "a file where there can be none"),
    (put(b"lists/news/list/a/../x", b"x"), "a file where there can be none"),
    (put(b"lists/news/queues/../data/x.pck", b"x"), "a file where there can be none"),
    (put(b"lists/news/held/adm.pw", b"x"), "a file where there can be none: 'lists/news/held/adm.pw'"),
    (put(b"lists/,arriving/list/,journal", b"x"), "a file where there can be none"),
    (put(b"Mailman/mm_cfg.py", b"x"), "a file where there can be none: 'Mailman/mm_cfg.py'"),
    (put(b"templates/../Mailman/mm_cfg.py", b"x"), "a file where there can be none"),
    (put(b"lists/news/list/config.pck/x", b"x"), "a file that cannot be: 'lists/news/list/config.pck/x' ("),
    (put(b"lists/news/list/en/", b""), ""),
    (put(b"lists/news/list/" + b"x" * 300, b"x"), "a file that cannot be: 'lists/news/list/xxx"),
    (put(b"lists/news/mbox-added/other.mbox", b"x"), "a file that cannot be: 'lists/news/mbox-added/other.mbox' (No such file or directory)"),
    (put(b"manifests/news.json", b"{}"), "has a manifest that is none"),
    (put(b"manifests/news.json", DEEP), "has a file 'manifests/news.json' of 200000 bytes"),
    (put(b"header.json", b" " * (17 << 20)), "has a file 'header.json' of 17825792 bytes"),
    (put(b"lists/news/list/" + b"a/" * 1000 + b"x", b"x"), "a file where there can be none: 'lists/news/list/a/a"),
    (put(b"lists/news/archive", b"x"), "a file where there can be none: 'lists/news/archive'"),
    (put(b"templates/site", b"x"), "a file where there can be none: 'templates/site'"),
    (put(b"header.json", DEEP), "has a manifest that is none"),
    (put(b"header.json", b"\xff"), "has a manifest that is none"),
    (lambda files: files.pop(b"lists/news/list/config.pck"), "This Mailman cannot read the list news"),
    (lambda files: files.pop(b"manifests/news.json"), "was altered: the list news has another manifest"),
    (lambda files: files.update({b"lists/news/queues/in/1.5+news.pck": b"rubbish"}), "a message that Mailman cannot read: 1.5+news.pck"),
    (lambda files: files.update({b"lists/news/list/config.pck": b"rubbish"}), "This Mailman cannot read the list news: JSONDecodeError"),
    (lambda files: files.update({b"lists/news/list/config.pck": files[b"lists/board/list/config.pck"]}),
     "This Mailman finds 2 members of the list news, and there were 1"),
])
def test_hostile_archives(old, new, export, bring, refused, change, text):
    """They have the right sums. Nothing is anywhere afterwards, or the one list that they may have made."""
    archive = repack(export(old, ["news", "board"])[0], change)
    if text:
        assert text in refused(new, archive)
    else:
        bring(new, archive)
        assert new.lists() == ["board", "news"]


@pytest.mark.parametrize("name, content", [
    ("lists/news/list/config.pck", b"another"), ("lists/news/held/heldmsg-news-7.pck", b""), ("lists/news/mbox/news.mbox", b"mailbox of NEWS"),
    ("manifests/news.json", b"{}"), ("manifest.json", b"{}"), ("manifest.sha256", b""), ("manifest.sha256", b"0" * 64),
])
def test_files_that_were_exchanged(old, new, export, refused, name, content):
    files = contents(export(old, ["news"])[0])
    assert refused(new, pack(dict(files, **{name: content}) if isinstance(name, bytes) else {**files, name.encode(): content}))


@pytest.mark.parametrize("name", ["lists/news/list/config.pck", "lists/news/archive/2024-May/000001.html", "manifest.json", "manifest.sha256", "header.json"])
def test_files_that_are_missing(old, new, export, refused, name):
    files = contents(export(old, ["news"])[0])
    del files[name.encode()]
    assert refused(new, pack(files))


EVIL = b"cos\nsystem\n(S'touch /nowhere'\ntR."


@pytest.mark.parametrize("name", [
    "list/config.pck", "list/request.pck", "list/pending.pck", "held/heldmsg-news-7.pck", "held/heldmsg-news-8.pck", "queues/in/1.5+news.pck",
    "queues/shunt/1.7+news.psv", "archive/pipermail.pck",
])
@pytest.mark.parametrize("new_name", ["news", "other"])
def test_pickles_that_mailman_does_not_write(old, new, export, bring, refused, monkeypatch, name, new_name):
    """Nothing reads them, and the other lists can come."""
    archive = repack(export(old)[0], lambda files: files.update({b"lists/news/" + name.encode(): EVIL}))
    with monkeypatch.context() as patch:
        patch.setattr(os, "system", lambda command: pytest.fail("It ran."))
        said = refused(new, archive, lists=[dict(name="board"), dict(name="news", new_name=new_name)])
    assert "lists/news/%s has what Mailman never writes there" % name in said
    assert [one["name"] for one in bring(new, archive, [dict(name="board")])["lists"]] == ["board"]


def test_a_file_that_was_removed_while_the_list_was_copied_is_not_looked_at(old, new, export, bring):
    files = contents(export(old, ["news"])[0])
    files[b"lists/news/list/pending.pck"] = EVIL
    bring(new, pack(files))


@pytest.mark.parametrize("new_name", ["news", "other"])
def test_a_program_does_not_run(old, new, export, bring, new_name):
    old.write("lists/news/extend.py", "a program")
    archive, _answer = export(old, ["news", "board"])
    assert bring(new, archive, [dict(name="board"), dict(name="news", new_name=new_name)])["programs"] == [new_name]
    assert (new.path / "lists" / new_name / "extend.py.arrived").read_text() == "a program"
    assert not (new.path / "lists" / new_name / "extend.py").exists()


def test_check_mode_tells_a_program(old, new, export, bring):
    old.write("lists/news/extend.py", "a program")
    assert bring(new, export(old, ["news", "board"])[0], check=True)["programs"] == ["news"]


@pytest.mark.parametrize("name", [
    "lists/news/config.pck", "lists/news/request.pck", "archives/private/news/pipermail.pck", "data/heldmsg-news-7.pck", "qfiles/in/1.9+board.pck"])
def test_a_copy_of_files_is_looked_at_before_it_is_read(old, new, export, monkeypatch, name):
    path = old.write(name, EVIL)
    monkeypatch.setattr(os, "system", lambda command: pytest.fail("It ran."))
    for check in (True, False):
        with pytest.raises(Failure) as caught:
            export(new, ["news"], root=str(old.path), check=check)
        assert "%s has what Mailman never writes there" % path in caught.value.text


def test_a_copy_of_files_with_a_program_is_not_read(old, new, export):
    old.write("lists/news/extend.py", "a program")
    with pytest.raises(Failure) as caught:
        export(new, ["news"], root=str(old.path))
    assert caught.value.text.startswith("root: the list news has a program of its own, extend.py, which Mailman would run.")
    assert export(new, ["board"], root=str(old.path))[1]["lists"]


def test_stowaways_stay_behind(old, new, export, bring):
    """A file that the manifest does not name is as one that was removed before the list was locked."""
    files = contents(export(old, ["news"])[0])
    files[b"lists/news/list/extend.py"] = b"x"
    bring(new, pack(files))
    assert not (new.path / "lists/news/extend.py").exists()
    files[b"templates/site/en/x.html"] = b"x"
    with pytest.raises(Failure) as caught:
        bring(new, pack(files), [dict(name="news", new_name="other")], templates=True)
    assert "it has templates or passwords that its manifest does not name" in caught.value.text


def test_links_in_the_stage_are_not_followed(old, new, export, bring, refused, tmp_path):
    """Somebody was there before, with Mailman's rights."""
    archive, _answer = export(old, ["news"])
    (tmp_path / "outside").mkdir()
    (new.path / "lists/,arriving").symlink_to(tmp_path / "outside")
    bring(new, archive)
    assert list((tmp_path / "outside").iterdir()) == []
    assert new.lists() == ["news"]


@pytest.mark.parametrize("files", [{"\u1234": [1, ""]}, {"x": [1]}, {"x": 1}, {"x": ["1", ""]}, {"x": [1, 2]}])
def test_sums_that_are_none(files):
    with pytest.raises(tar.Broken):
        importing.parse_sums(files)


# --- Killed -----------------------------------------------------------------------------------------------


STEPS = {"mkdir": os, "open": os, "rename": os, "unlink": os, "utime": os, "symlink": os, "rmdir": os}


def killed_at(number, act):
    """Do this in a process that is killed at its step of this number; say whether it got so far."""
    child = os.fork()
    if child == 0:
        calls = []

        def step(real):
            def call(*arguments, **keywords):
                calls.append(1)
                if len(calls) == number:
                    os._exit(9)
                return real(*arguments, **keywords)

            return call

        for name, owner in STEPS.items():
            setattr(owner, name, step(getattr(owner, name)))
        try:
            act()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1] != 0


def test_a_replacement_that_is_killed_is_finished_by_the_next(old, other, export, bring, tmp_path):
    """The list is whole as it was, or whole as it is to be; in between it is not there, and it comes."""
    archive, _answer = export(old, ["news"])
    options = dict(existing="replace_copy")
    shutil.copytree(str(other.path), str(tmp_path / "start"), symlinks=True)
    start = other.of_list("news")
    bring(other, archive, **options)
    wanted, whole, seen = other.files(), other.of_list("news"), set()
    for number in range(1, 1000):
        shutil.rmtree(str(other.path))
        shutil.copytree(str(tmp_path / "start"), str(other.path), symlinks=True)
        if not killed_at(number, lambda: bring(other, archive, **options)):
            break
        if not os.path.exists(staging_journal(other)) and other.lists():
            assert other.of_list("news") in (start, whole)
        seen.add((bool(other.lists()), os.path.exists(staging_journal(other))))
        bring(other, archive, **options)
        assert other.files() == wanted, number
        assert not [path for path in other.tree() if "," in path]
    assert seen == {(True, False), (True, True), (False, True)}


def staging_journal(one):
    return str(one.path / "lists" / staging.STAGE / staging.JOURNAL)


@pytest.mark.parametrize("renamed", [False, True])
def test_an_import_that_is_killed_is_finished_by_the_next(old, new, export, bring, tmp_path, renamed):
    archive, _answer = export(old, ["news", "board"])
    asked = [dict(name="news", new_name="novel"), dict(name="board")] if renamed else None
    names = ["board", "novel"] if renamed else ["board", "news"]
    shutil.copytree(str(new.path), str(tmp_path / "empty"), symlinks=True)
    bring(new, archive, asked)
    wanted, kills, finished = new.files(), 0, 0
    for number in range(1, 1000):
        shutil.rmtree(str(new.path))
        shutil.copytree(str(tmp_path / "empty"), str(new.path), symlinks=True)
        if not killed_at(number, lambda: bring(new, archive, asked)):
            break
        kills += 1
        # A list is there with all that it has under its lock, or it is not there.
        for name in new.lists():
            assert {path: content for path, content in new.files().items() if path.startswith(("lists/%s/" % name, "data/heldmsg-" + name))} == {
                path: content for path, content in wanted.items() if path.startswith(("lists/%s/" % name, "data/heldmsg-" + name))}
        # Runners would put a message aside whose list is not there.
        for queue, name in (("in", "1.5+%s.pck"), ("shunt", "1.6+%s.pck")):
            for one in ("board", "news"):
                assert not (new.path / "qfiles" / queue / (name % one)).exists() or (one if one == "board" or not renamed else "novel") in new.lists()
        answer = bring(new, archive, asked)
        assert new.files() == wanted, number
        assert sorted([one["new_name"] for one in answer["lists"]] + answer["unchanged"]) == names
        finished += bool(answer["finished"])
        assert not [path for path in new.tree() if "," in path]
    assert kills > 40 and 10 < finished < kills


def test_a_call_in_check_mode_finishes_nothing(old, new, export, bring, monkeypatch):
    archive, _answer = export(old, ["news"])
    with monkeypatch.context() as context:
        context.setattr(importing, "settle", lambda journal, patience: None)
        bring(new, archive)
    before = new.tree()
    assert bring(new, archive, check=True)["finished"] == ["news"]
    assert new.tree() == before
    assert bring(new, archive)["finished"] == ["news"]
    assert new.lists() == ["news"]


@pytest.mark.parametrize("made, text", [
    ("lists/news/config.pck", "A list news was made here meanwhile. Remove it with its archives (rmlist -a), and run again."),
    ("archives/private/news/x", "archives/private/news is in the way of a list that is coming, and was made meanwhile. Move it away, and run again."),
])
def test_what_was_made_meanwhile_is_not_overwritten(old, new, export, bring, monkeypatch, made, text):
    archive, _answer = export(old, ["news"])
    with monkeypatch.context() as context:
        context.setattr(importing, "settle", lambda journal, patience: None)
        bring(new, archive)
    new.write(made, "of another")
    for _time in range(2):
        with pytest.raises(Failure) as caught:
            bring(new, archive)
        assert caught.value.text.endswith(text)
        assert new.files()[made] == b"of another"
    (new.path / made).unlink()
    assert bring(new, archive)["finished"] == ["news"]
    assert new.of_list("news") == old.of_list("news")


def test_what_stands_in_the_way_at_the_end_is_told_and_the_rest_waits(old, new, export, bring, monkeypatch):
    def read_only(mlist, event):
        raise OSError(errno.EROFS, "Read-only file system")

    archive, _answer = export(old, ["news"])
    real = steps.tell_mail_server
    monkeypatch.setattr(staging, "tell_mail_server", read_only)
    with pytest.raises(Failure) as caught:
        bring(new, archive)
    assert caught.value.text == "The lists are not all in their places: [Errno 30] Read-only file system. Run again to finish."
    monkeypatch.setattr(staging, "tell_mail_server", real)
    assert bring(new, archive)["finished"] == ["news"]
    assert (new.path / "qfiles/in/1.5+news.pck").exists()


def test_the_manifest_says_what_there_is(old, export):
    files = contents(export(old, ["news"])[0])
    manifest = json.loads(files[b"manifests/news.json"])
    assert {name: found[0] for name, found in manifest["files"].items()} == {
        name.decode(): len(content) for name, content in files.items() if name.startswith(b"lists/") and not name.endswith(b"/")}
    assert (manifest["members"], manifest["held"], manifest["queued"], manifest["email_host"]) == (1, 1, 2, "lists.example.org")
    whole = json.loads(files[b"manifest.json"])
    assert whole["lists"][0]["manifest"] == hashlib.sha256(files[b"manifests/news.json"]).hexdigest()
    assert (whole["format"], whole["version"], whole["mailman"]) == (places.FORMAT, 1, "2.1.39")
    assert files[b"manifest.sha256"].split()[0].decode() == hashlib.sha256(files[b"manifest.json"]).hexdigest()


# --- Put aside --------------------------------------------------------------------------------------------


ASIDE = {
    "lists/news/config.pck", "lists/news/en/verify.txt", "lists/news/request.pck", "archives/private/news/2024-May/000001.html",
    "archives/private/news.mbox/news.mbox", "archives/public/news", "data/heldmsg-news-7.pck", "qfiles/in/1.5+news.pck", "qfiles/shunt/1.6+news.pck",
}  # fmt: skip


@pytest.fixture
def public(old, use):
    """An installation where the list has its link to the archive."""
    use(old)
    List("news").CheckHTMLArchiveDir()
    return old


def put_aside(*names, **options):
    return aside.put_aside(**dict(dict(lists=list(names), label="x", lock_timeout=5, check=False), **options))


def check_aside(one, before, label="x"):
    """All of list news is aside, and all else is as it was."""
    moved = "data/moved/%s/" % label
    assert one.files() == {moved + name if name in ASIDE else name: content for name, content in before.items()}
    assert {(one.path / name).stat().st_mode & 0o777 for name in ("data/moved", moved, moved + "lists")} == {0o700}


def test_lists_are_put_aside(public):
    before = public.files()
    assert put_aside("news", "olds", check=True)["lists"] == ["news"]
    assert public.files() == before
    assert put_aside("news", "olds") == {"lists": ["news"], "place": str(public.path / "data/moved/x")}
    check_aside(public, before)
    assert put_aside("news")["lists"] == []
    check_aside(public, before)
    assert Lock.held == []


def test_nothing_is_overwritten_aside(public):
    public.write("data/moved/x/lists/news/config.pck", "another")
    before = public.files()
    with pytest.raises(Failure) as caught:
        put_aside("news")
    assert caught.value.text == "There is something in %s/data/moved/x already: lists/news. Choose another label." % public.path
    assert public.files() == before


def test_no_archive_is_overwritten_aside(public):
    """Somebody has moved the list alone back."""
    public.write("data/moved/x/archives/private/news/x", "another")
    before = public.files()
    with pytest.raises(Failure) as caught:
        put_aside("news")
    assert "already: archives/private/news. Choose another label." in caught.value.text
    assert public.files() == before


@pytest.mark.parametrize("label", ["", "..", "a/b", ".x", "x\n", "x y"])
def test_labels(public, label):
    with pytest.raises(Failure) as caught:
        put_aside("news", label=label)
    assert "can be no name of a directory here" in caught.value.text


def test_what_is_on_another_file_system(public, monkeypatch):
    before, real = public.files(), os.rename

    def rename(path, place):
        if "archives" in path:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        real(path, place)

    monkeypatch.setattr(aside.os, "rename", rename)
    # A piece of a copy that was not finished.
    public.write("data/moved/x/" + staging.JOURNAL, '["news"]')
    public.write("data/moved/x/archives/private/news/piece", "")
    put_aside("news")
    check_aside(public, before)


def test_a_putting_aside_that_is_killed_is_finished_by_the_next(public, tmp_path):
    shutil.copytree(str(public.path), str(tmp_path / "start"), symlinks=True)
    before, finished = public.files(), 0
    for number in range(1, 1000):
        shutil.rmtree(str(public.path))
        shutil.copytree(str(tmp_path / "start"), str(public.path), symlinks=True)
        if not killed_at(number, lambda: put_aside("news")):
            break
        begun = os.path.exists(str(public.path / "data/moved/x" / staging.JOURNAL))
        # Whatever it is about.
        assert put_aside(label="other")["lists"] == ["news"] * begun
        if not begun:
            put_aside("news")
        check_aside(public, before)
        finished += begun
    assert finished > 15
