# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import email
import hashlib
import json
import os
import re
import subprocess
import sys
import time

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _mailman_export
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import TargetError
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup import fetching, packing, reporting, restic, taking
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.looking import faults_of_state
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.settings import Fault, read_state, write_json, write_state

# As restic 0.14 says it.
NOTHING = "Fatal: unable to open config file: %s\nIs there a repository at the following location?\n/srv/backup\n"
LOCAL = NOTHING % "stat /srv/backup/config: no such file or directory"
DOWN = NOTHING % 'client.Head: Head "http://127.0.0.1:9/config": dial tcp 127.0.0.1:9: connect: connection refused'
WRONG = "Fatal: wrong password or no key found\n"
EXPORTED = {"faults": [], "id": "ab", "size": 7, "sum": "sha256:" + 64 * "0", "templates": ["site"], "lists": []}


class Module:
    """restic's answers by its first argument, and what it was asked."""

    check_mode = False

    def __init__(self, **answers):
        self.answers, self.asked, self.environment = answers, [], {}

    def get_bin_path(self, name, required=False):
        return "/usr/bin/" + name

    def warn(self, text):
        pass

    def run_command(self, argv, **options):
        self.asked.append(argv[1:])
        self.environment = options.get("environ_update")
        answer = self.answers.get(argv[1], (0, "", ""))
        return answer(argv) if callable(answer) else answer

    def commands(self):
        return [asked[0] for asked in self.asked]


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "password").write_text("a secret\n")
    os.chmod(tmp_path / "password", 0o600)
    (tmp_path / "state").mkdir()
    return {
        "directory": str(tmp_path / "state"), "host": "lists", "keep": {"daily": 14, "weekly": None}, "max_age_hours": 36, "own_paths": [], "paths": [],
        "password_file": str(tmp_path / "password"), "prefix": str(tmp_path / "mailman"), "python": sys.executable, "read_days": 30,
        "repository": "/srv/backup", "repository_file": "",
    }


def test_the_program_runs_without_ansible(settings, tmp_path):
    program = tmp_path / "backup.pyz"
    program.write_bytes(packing.pack())
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    done = subprocess.run([sys.executable, "-I", "-B", program, tmp_path / "settings.json"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "There is no Mailman at %s.\n" % settings["prefix"])
    assert read_state(settings["directory"])["faults"] == [["failed-backup", done.stderr.strip()]]
    assert packing.pack() == packing.pack()


def test_the_program_has_the_whole_engine():
    content = packing.pack()
    for part in ("exporting", "tar", "loader", "request"):
        assert b"_mailman_target/%s.py" % part.encode() in content


@pytest.mark.parametrize(("text", "expected"), [
    ("2026-11-26T11:59:29.77381291Z", 1795694369), ("2026-11-26T12:59:29+01:00", 1795694369), ("2026-11-26T06:29:29.5-05:30", 1795694369),
])
def test_times_of_snapshots(text, expected):
    assert restic.seconds(text) == expected


def test_a_time_that_is_none():
    with pytest.raises(Fault, match="which is no time"):
        restic.seconds("yesterday")


def test_a_repository_is_made_only_where_there_was_none(settings):
    module = Module(cat=(1, "", LOCAL))
    restic.Repository(module, settings).open(make=True)
    assert module.commands() == ["cat", "init"]
    module = Module(cat=(1, "", LOCAL))
    with pytest.raises(Fault, match="There is no repository where there was one"):
        restic.Repository(module, settings).open(make=False)
    assert module.commands() == ["cat"]


def test_in_check_mode_no_repository_is_made(settings):
    module = Module(cat=(1, "", LOCAL))
    module.check_mode = True
    restic.Repository(module, settings).open(make=True)
    assert module.commands() == ["cat"]


@pytest.mark.parametrize(("repository", "programs", "expected"), [
    ("/srv/backup", [], False), ("/srv/backup", ["restic"], True),
    ("sftp:vault:lists", ["restic"], False), ("sftp:vault:lists", ["restic", "ssh"], True),
])
def test_whether_restic_can_reach_a_repository(settings, repository, programs, expected):
    module = Module()
    module.get_bin_path = lambda name: name if name in programs else None
    assert restic.is_there(module, dict(settings, repository=repository)) is expected


@pytest.mark.parametrize("said", [DOWN, WRONG, "Fatal: unable to open repository at sftp:x: unable to start the sftp session, error: EOF\n"])
def test_a_repository_that_does_not_answer_is_not_made(settings, said):
    module = Module(cat=(1, "", said))
    with pytest.raises(Fault, match="The repository cannot be opened: "):
        restic.Repository(module, settings).open(make=True)
    assert module.commands() == ["cat"]


def test_a_wrong_password_is_named_by_its_file(settings):
    with pytest.raises(Fault, match=r"password has another password than the repository\. Put the one there"):
        restic.Repository(Module(cat=(1, "", WRONG)), settings).open(make=True)


ADDRESS = "rest:https://me:geheim@vault.example.com/"


@pytest.fixture
def with_address_file(settings, tmp_path):
    (tmp_path / "address").write_text(ADDRESS + "\n")
    os.chmod(tmp_path / "address", 0o600)
    settings.update(repository="", repository_file=str(tmp_path / "address"))


def test_secrets_are_in_no_argument_and_no_message(settings, with_address_file):
    module = Module(cat=(1, "", "Fatal: unable to open repository at %s: no route\n" % ADDRESS))
    with pytest.raises(Fault) as caught:
        restic.Repository(module, settings).open(make=True)
    assert "unable to open repository at the repository: no route" in str(caught.value)
    assert "geheim" not in json.dumps([module.asked, module.environment])
    assert module.environment["RESTIC_REPOSITORY_FILE"] == settings["repository_file"] and "RESTIC_REPOSITORY" not in module.environment


def test_the_address_of_a_new_repository_is_read_for_a_restic_that_does_not_read_it(settings, with_address_file):
    module = Module(cat=(1, "", LOCAL))
    restic.Repository(module, settings).open(make=True)
    assert module.commands() == ["cat", "init"] and "geheim" not in json.dumps(module.asked)
    assert module.environment["RESTIC_REPOSITORY"] == ADDRESS and "RESTIC_REPOSITORY_FILE" not in module.environment


@pytest.mark.parametrize(("mode", "content", "words"), [(0o640, "x", "others can read"), (0o600, "", "is empty"), (None, "", "cannot be read: No such file")])
def test_a_password_that_others_can_read_is_not_used(settings, tmp_path, mode, content, words):
    os.unlink(settings["password_file"])
    if mode:
        (tmp_path / "password").write_text(content)
        os.chmod(tmp_path / "password", mode)
    with pytest.raises(Fault, match="password_file: .*" + words):
        restic.Repository(Module(), settings)


SUMMARY = (0, '{"message_type":"status"}\n{"message_type":"summary","snapshot_id":"63d05442"}\n', "")


@pytest.fixture
def take(settings, monkeypatch):
    """Return a function that takes a backup where restic gives these answers, and Mailman this one."""

    def take(answer=None, exported=None, **answers):
        def write(module, installation):
            assert (module.params["unreadable"], module.params["site_passwords"], module.params["lists"]) == ("include", True, None)
            if isinstance(exported, Exception):
                raise exported
            with open(module.params["dest"], "w", encoding="utf-8") as handle:
                handle.write("tar")
            return dict(EXPORTED, **exported or {})

        monkeypatch.setattr(taking, "find_installation", lambda prefix: {"prefix": prefix})
        monkeypatch.setattr(_mailman_export, "write", write)
        module = Module(**dict({"backup": SUMMARY}, **answers))
        try:
            taking.take(module, settings)
            take.said = ""
        except Fault as e:
            take.said = str(e)
        assert not [name for name in os.listdir(settings["directory"]) if name not in ("state.json", "cache")]
        return module, read_state(settings["directory"])

    return take


def test_a_backup_is_taken(take, settings, tmp_path):
    (tmp_path / "there").write_text("x")
    settings["paths"] = [str(tmp_path / "there"), str(tmp_path / "not there")]
    # What was mailed of the last fault is over.
    write_json(settings["directory"] + "/mailed.json", {})
    module, state = take()
    assert (take.said, state["snapshot"], state["faults"]) == ("", "63d05442", [])
    assert abs(state["taken"] - time.time()) < 60 and state["verified"] >= state["taken"] >= state["tried"]
    assert module.commands() == ["cat", "unlock", "backup", "check", "forget"]
    assert module.asked[2][-4:] == ["--", settings["directory"] + "/lists.tar", settings["directory"] + "/manifest.json", str(tmp_path / "there")]
    assert [word for word in module.asked[4] if word.startswith("--keep")] == ["--keep-daily=14"]
    assert module.asked[3][-1].endswith("/30")


@pytest.mark.parametrize(("answers", "words"), [
    ({"cat": (1, "", WRONG)}, "another password"),
    ({"cat": (1, "", DOWN)}, "connection refused"),
    ({"cat": (1, "", LOCAL)}, "There is no repository where there was one"),
    ({"backup": (1, "", "Fatal: unable to save snapshot: no space left on device")}, "The snapshot was not taken: .*no space left on device"),
    ({"exported": TargetError("The archive was not written: [Errno 28] No space left on device.")}, "No space left"),
    ({"exported": OSError(5, "Input/output error")}, "Input/output error"),
])
def test_a_backup_that_is_not_taken_leaves_the_state_of_the_last(take, settings, answers, words):
    write_state(settings["directory"], {"taken": 7, "snapshot": "1", "verified": 8})
    module, state = take(**answers)
    assert (state["taken"], state["snapshot"], state["verified"], [kind for kind, _found in state["faults"]]) == (7, "1", 8, ["failed-backup"])
    assert re.search(words, take.said)
    assert not {"forget", "init"} & set(module.commands())


def test_what_cannot_be_read_is_named_and_the_rest_is_backed_up(take):
    said = '{"message_type":"error","error":{},"during":"%s","item":"/etc/x"}\n'
    said = said % "scan" + said % "archival" + "Warning: at least one source file could not be read\n"
    module, state = take(exported={"faults": ["The list old cannot be read (ValueError)."]}, backup=(3, SUMMARY[1], said))
    assert state["faults"] == [
        ["incomplete-backup", "The list old cannot be read (ValueError)."], ["incomplete-backup", "These files cannot be read: /etc/x."]]
    assert (state["snapshot"], module.commands()[-1]) == ("63d05442", "forget")


def test_words_of_another_restic_are_shown_as_they_are(take):
    assert take(backup=(3, SUMMARY[1], "error: open /etc/x: permission denied"))[1]["faults"] == [
        ["incomplete-backup", "error: open /etc/x: permission denied."]]


def test_nothing_is_removed_from_a_damaged_repository(take):
    module, state = take(check=(1, "", "Fatal: repository contains errors"))
    assert [kind for kind, _found in state["faults"]] == ["broken-backup"]
    assert ("verified" in state, module.commands()[-1]) == (False, "check")


def test_two_at_once(take, settings):
    with taking.only_one(settings["directory"]):
        dummy, state = take()
    assert ("Another process makes a backup" in take.said, state) == (True, {})


def test_the_newest_or_that_of_a_moment():
    assert fetching.choose([(100, "a"), (200, "b")], "", "lists") == (200, "b")
    start = time.mktime((2026, 5, 12, 12, 0, 0, 0, 0, -1))
    of_may = [(start - 1, "a"), (start, "b"), (start + 1, "c")]
    assert [fetching.choose(of_may, text, "lists")[1] for text in ("2026-05-12 12:00", "2026-05-12 12:00:01", "2026-05-13")] == ["b", "c", "c"]
    with pytest.raises(Fault, match="There is no backup from before 2026-05-11. The oldest is of 2026-05-12 11:59:59"):
        fetching.choose(of_may, "2026-05-11", "lists")
    with pytest.raises(Fault, match="before: 2026-13-01 is no moment"):
        fetching.choose(of_may, "2026-13-01", "lists")
    with pytest.raises(Fault, match="no backup of lists"):
        fetching.choose([], "", "lists")


@pytest.fixture
def fetch(settings, tmp_path):
    """Return a function that fetches a snapshot whose archive has this content, and whose manifest says this of it."""

    def fetch(content="tar", check_mode=False, restored=(0, "", ""), **manifest):
        sums = {"checksum": "sha256:" + hashlib.sha256(b"tar").hexdigest(), "id": "ab", "size": 3}

        def restore(argv):
            # A host that was lost may have left a lock.
            assert "--no-lock" in argv
            place = argv[-1] + settings["directory"]
            os.makedirs(place)
            if content is not None:
                with open(place + "/lists.tar", "w", encoding="utf-8") as handle:
                    handle.write(content)
            return restored

        text = json.dumps(dict({"archive": sums, "format": 1, "lists": [], "owners": {}}, **manifest))
        snapshots = json.dumps([{"time": "2026-11-26T11:59:29Z", "id": "63d0544246"}])
        module = Module(snapshots=(0, snapshots, ""), dump=(0, text, ""), restore=restore)
        module.check_mode = check_mode
        return fetching.fetch(module, settings, "", str(tmp_path / "restored"))

    return fetch


def test_a_snapshot_that_is_whole(fetch, settings, tmp_path):
    found = fetch()
    assert (found["snapshot"], found["archive"]["path"]) == ("63d05442", str(tmp_path / "restored") + settings["directory"] + "/lists.tar")
    assert oct(os.stat(tmp_path / "restored").st_mode)[-3:] == "700"


@pytest.mark.parametrize(("options", "words"), [
    ({"content": "tan"}, "is damaged: its lists have the checksum"), ({"content": None}, "has no lists in it"),
    ({"restored": (1, "", "Fatal: There were 1 errors")}, "was not restored: Fatal: There were 1 errors"), ({"format": 2}, "of format 2, which this release"),
])
def test_a_snapshot_that_is_not_whole_leaves_nothing(fetch, tmp_path, options, words):
    with pytest.raises(Fault, match=words):
        fetch(**options)
    assert not (tmp_path / "restored").exists()


def test_check_mode_fetches_nothing(fetch, tmp_path):
    assert fetch(check_mode=True)["taken"]
    assert not (tmp_path / "restored").exists()


def test_what_no_inventory_makes_is_put_back_where_nothing_is(tmp_path, settings):
    place, here = str(tmp_path / "restored"), str(tmp_path / "here")
    for path, text in (("/dkim/a.pem", "key"), ("/dkim/sub/b", "b"), ("/cert", "old"), ("/other", "not asked for")):
        os.makedirs(os.path.dirname(place + here + path), exist_ok=True)
        with open(place + here + path, "w", encoding="utf-8") as handle:
            handle.write(text)
    os.symlink("a.pem", place + here + "/dkim/link")
    os.mkdir(here)
    with open(here + "/cert", "w", encoding="utf-8") as handle:
        handle.write("new")
    settings["own_paths"] = [here + "/dkim", here + "/cert", here + "/gone"]
    owners = {here + path: ["root", "no-such-group", mode] for path, mode in (
        ("/dkim", 0o750), ("/dkim/a.pem", 0o640), ("/dkim/link", 0o777), ("/dkim/sub", 0o755), ("/dkim/sub/b", 0o644), ("/cert", 0o644))}
    assert fetching.put_back(Module(), settings, {"owners": owners}, place) == ([here + "/dkim"], [here + "/cert"])
    with open(here + "/dkim/link", encoding="utf-8") as handle:
        assert handle.read() == "key"
    modes = {path: oct(os.stat(here + path).st_mode & 0o777) for path in ("/dkim", "/dkim/a.pem", "/dkim/sub", "/dkim/sub/b")}
    assert modes == {"/dkim": "0o750", "/dkim/a.pem": "0o640", "/dkim/sub": "0o755", "/dkim/sub/b": "0o644"}
    with open(here + "/cert", encoding="utf-8") as handle:
        assert handle.read() == "new"
    assert sorted(os.listdir(here)) == ["cert", "dkim"]


HOUR = 3600


@pytest.mark.parametrize(("state", "activity", "kinds"), [
    ({}, "inactive", ["no-backup"]), ({}, "activating", []), ({"faults": [["failed-backup", "x"]]}, "failed", ["failed-backup"]),
    ({"taken": 100 * HOUR}, "inactive", []), ({"taken": 63 * HOUR}, "inactive", ["old-backup"]), ({"taken": 64 * HOUR}, "inactive", []),
    ({"taken": 63 * HOUR, "faults": [["broken-backup", "x"], ["ansible_facts", "y"]]}, "failed", ["broken-backup", "old-backup"]),
    # Killed: it could note nothing.
    ({}, "failed", ["failed-backup"]), ({"taken": 100 * HOUR, "faults": []}, "failed", ["failed-backup"]),
])
def test_findings(state, activity, kinds):
    assert [kind for kind, _found in faults_of_state({"max_age_hours": 36}, state, activity, 100 * HOUR)] == kinds


class Mailer(Module):
    """systemd says that the backup failed; and what is given to sendmail."""

    def __init__(self, rc=0):
        super().__init__(**{"is-active": (3, "failed\n", "")})
        self.rc, self.mails = rc, []

    def run_command(self, argv, **options):
        if argv[0] == "/usr/bin/sendmail":
            self.mails.append(email.message_from_bytes(options["data"]))
            return self.rc, "", "no route\n"
        return super().run_command(argv, **options)


def note_faults(settings, *kinds):
    write_state(settings["directory"], {"taken": 1, "faults": [[kind, "B\u00fccher is torn"] for kind in kinds]})


def test_faults_are_mailed_once_a_day(settings):
    settings["max_age_hours"] = 10 ** 9
    note_faults(settings, "broken-backup")
    module = Mailer()
    assert "were mailed" in reporting.report(module, settings)
    assert "already today" in reporting.report(module, settings)
    [mail] = module.mails
    assert (mail["To"], mail["Subject"]) == ("root", "Backup of the mailing lists on lists: broken-backup")
    text = mail.get_payload(decode=True).decode("utf-8")
    assert "- broken-backup: B\u00fccher is torn\n" in text and "The newest backup is of 1970-01-01" in text
    # Another one is told at once, and the same when a day is over, or when the clock was wrong.
    note_faults(settings, "broken-backup", "incomplete-backup")
    assert "were mailed" in reporting.report(module, settings)
    kinds = ["broken-backup", "incomplete-backup"]
    for seconds, mails in ((19 * HOUR, 2), (21 * HOUR, 3), (-HOUR, 4)):
        write_json(settings["directory"] + "/mailed.json", {"kinds": kinds, "time": int(time.time()) - seconds})
        reporting.report(module, settings)
        assert len(module.mails) == mails


def test_mail_that_is_not_taken_is_sent_again(settings):
    with pytest.raises(Fault, match="was not sent: no route"):
        reporting.report(Mailer(rc=1), settings)
    module = Mailer()
    reporting.report(module, settings)
    assert "There is no backup yet." in str(module.mails[0])


def test_without_faults_there_is_no_mail(settings):
    write_state(settings["directory"], {"taken": int(time.time()), "faults": []})
    module = Mailer()
    module.answers["is-active"] = (3, "inactive\n", "")
    assert reporting.report(module, settings) == "There is nothing to mail."
    assert (module.mails, os.listdir(settings["directory"])) == ([], ["state.json"])
