# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import email.charset
import email.message
import grp
import os

import pytest
from ansible_collections.listhost.exim_mailman.plugins.modules import mailman_config

# One of the tests' own, as which they may give a file away.
GROUP = grp.getgrgid(os.getgid()).gr_name
DISTRIBUTION = "# of the distribution\nfrom Defaults import *\nDEFAULT_SERVER_LANGUAGE = 'de'\n"


@pytest.fixture
def mailman(tmp_path, monkeypatch):
    """A Mailman whose Python accepts every file; Molecule tests the real one."""
    (tmp_path / "Mailman").mkdir()
    (tmp_path / "Mailman" / "mm_cfg.py").write_text(DISTRIBUTION)
    monkeypatch.setattr(mailman_config, "find_installation", lambda prefix: dict(prefix=prefix, group=GROUP))
    monkeypatch.setattr(mailman_config, "check", lambda *arguments: None)
    return tmp_path


@pytest.fixture
def configure(mailman, run_module):
    return lambda settings, **options: run_module(mailman_config, prefix=str(mailman), settings=settings, **options)


def settings_of(mailman):
    """Return what the file sets, as Python reads it."""
    names = {}
    code = (mailman / "Mailman" / "mm_cfg.py").read_text().replace("from Defaults import *", "")
    exec(compile(code, "mm_cfg.py", "exec"), dict(add_virtualhost=lambda url, email: None), names)
    return names


def test_settings_are_read_back_as_given(configure, mailman):
    settings = dict(MTA=None, SMTP_MAX_RCPTS=15, VERP_PROBES=True, TEXT="it's \\ \"quoted\"\nand more", QRUNNERS=["a", ["b", 2]], MAPPING=dict(x=1.5))
    assert configure(settings)["changed"]
    assert settings_of(mailman) == dict(settings, DEFAULT_SERVER_LANGUAGE="de")


def test_what_others_wrote_is_kept_and_settings_no_longer_given_leave(configure, mailman):
    configure(dict(A=1, B=2))
    configure(dict(B=3))
    assert settings_of(mailman) == dict(B=3, DEFAULT_SERVER_LANGUAGE="de")
    assert (mailman / "Mailman" / "mm_cfg.py").read_text().startswith(DISTRIBUTION)
    assert configure({})["changed"]
    assert (mailman / "Mailman" / "mm_cfg.py").read_text() == DISTRIBUTION


def test_a_second_run_writes_nothing(configure, mailman):
    configure(dict(A=1))
    before = os.stat(str(mailman / "Mailman" / "mm_cfg.py"))
    result = configure(dict(A=1))
    assert (result["changed"], result["changed_paths"], result["diff"]) == (False, [], [])
    assert os.stat(str(mailman / "Mailman" / "mm_cfg.py")).st_ino == before.st_ino


def test_the_host_names_are_made_known(configure, mailman):
    configure(dict(DEFAULT_URL_HOST="www.example.com"))
    assert "add_virtualhost(DEFAULT_URL_HOST, DEFAULT_EMAIL_HOST)\n" in (mailman / "Mailman" / "mm_cfg.py").read_text()


def test_a_secret_is_written_but_not_shown(configure, mailman):
    result = configure(dict(A=1), secret_settings=dict(SUBSCRIBE_FORM_SECRET="hush"), _ansible_check_mode=False)
    assert settings_of(mailman)["SUBSCRIBE_FORM_SECRET"] == "hush"
    assert "hush" not in str(result["diff"])
    assert "SUBSCRIBE_FORM_SECRET" in str(result["diff"])


# What Ansible itself would mask if it were given is not enough: the value before is in the file alone.
SECRETS = ["hush", "it's hush", 'say "hush"', "hush\nhush", "hush  # secret", "\\'hush", "hüsh hush", ["hush", {"key": "hush"}]]


@pytest.mark.parametrize("old", SECRETS)
@pytest.mark.parametrize("new", [dict(SUBSCRIBE_FORM_SECRET="other"), {}], ids=["another", "none"])
def test_a_secret_that_goes_is_not_shown(configure, mailman, old, new):
    configure(dict(A=1), secret_settings=dict(SUBSCRIBE_FORM_SECRET=old))
    assert "hush" in (mailman / "Mailman" / "mm_cfg.py").read_text()
    [diff] = configure(dict(A=2), secret_settings=new)["diff"]
    assert diff["before"] == "A = 1\nSUBSCRIBE_FORM_SECRET = (not shown)  # secret\n"
    assert diff["after"] == "A = 2\n" + "SUBSCRIBE_FORM_SECRET = (not shown)  # secret\n" * len(new)


def test_a_setting_that_has_become_a_secret_is_not_shown(configure):
    """As when a role learns another name of a secret."""
    configure(dict(A=1, LDAP_PASSWD="hush"))
    [diff] = configure(dict(A=1), secret_settings=dict(LDAP_PASSWD="other"))["diff"]
    assert diff["before"] == diff["after"].replace("  # secret", "") == "A = 1\nLDAP_PASSWD = (not shown)\n"


def test_a_secret_is_made_once_and_kept(configure, mailman):
    result = configure(dict(A=1), generated_secrets=["SUBSCRIBE_FORM_SECRET"])
    made = settings_of(mailman)["SUBSCRIBE_FORM_SECRET"]
    assert len(made) == 64 and made not in str(result)
    result = configure(dict(A=2), generated_secrets=["SUBSCRIBE_FORM_SECRET", "OTHER"])
    assert settings_of(mailman)["SUBSCRIBE_FORM_SECRET"] == made != settings_of(mailman)["OTHER"]
    assert made not in str(result)
    assert configure(dict(A=2), generated_secrets=["SUBSCRIBE_FORM_SECRET", "OTHER"])["changed"] is False
    # The inventory's own, and none.
    configure({}, secret_settings=dict(SUBSCRIBE_FORM_SECRET="said"), generated_secrets=["SUBSCRIBE_FORM_SECRET"])
    assert settings_of(mailman)["SUBSCRIBE_FORM_SECRET"] == "said"
    assert made not in str(configure({}))


def test_no_secret_is_kept_that_somebody_has_chosen(configure, mailman):
    configure({}, secret_settings=dict(SUBSCRIBE_FORM_SECRET="said"))
    configure({}, generated_secrets=["SUBSCRIBE_FORM_SECRET"])
    assert len(settings_of(mailman)["SUBSCRIBE_FORM_SECRET"]) == 64


def test_a_generated_secret_has_a_name_of_mailmans(configure):
    assert "Not the name of a Mailman setting: x y" in configure({}, generated_secrets=["x y"])["msg"]


def test_the_files_around_it_go_live_with_it(configure, mailman):
    unit = dict(path=str(mailman / "mailman.service"), content="[Unit]\n")
    result = configure(dict(A=1), files=[unit])
    assert result["changed_paths"] == sorted([result["path"], unit["path"]])
    assert (mailman / "mailman.service").read_text() == "[Unit]\n"
    assert configure(dict(A=1), files=[dict(unit, content="[Unit]\n# more\n")])["changed_paths"] == [unit["path"]]


def test_a_file_that_cannot_be_installed_leaves_the_settings_as_they_were(configure, mailman):
    result = configure(dict(A=1), files=[dict(path=str(mailman / "none" / "mailman.service"), content="x\n")])
    assert result["failed"]
    assert (mailman / "Mailman" / "mm_cfg.py").read_text() == DISTRIBUTION


def test_check_mode_shows_and_writes_nothing(configure, mailman):
    result = configure(dict(A=1), files=[dict(path=str(mailman / "unit"), content="x\n")], _ansible_check_mode=True)
    assert len(result["changed_paths"]) == 2
    assert "A = 1" in result["diff"][0]["after"]
    assert (mailman / "Mailman" / "mm_cfg.py").read_text() == DISTRIBUTION
    assert not (mailman / "unit").exists()


@pytest.mark.parametrize("settings, fault", [({"a": 1}, "Not the name of a Mailman setting: a"), ({"A": float("nan")}, "Setting A: ")])
def test_bad_settings_are_named(configure, mailman, settings, fault):
    result = configure(settings)
    assert result["failed"]
    assert fault in result["msg"]
    assert (mailman / "Mailman" / "mm_cfg.py").read_text() == DISTRIBUTION


def test_line_ends_of_windows_are_named(configure, mailman):
    path = mailman / "Mailman" / "mm_cfg.py"
    configure(dict(A=1))
    content = path.read_bytes().replace(b"\n", b"\r\n")
    path.write_bytes(content)
    result = configure(dict(A=2))
    assert result["failed"]
    assert "has the line ends of Windows" in result["msg"] and "sed -i 's/\\r$//' " + str(path) in result["msg"]
    assert path.read_bytes() == content


def test_a_marker_without_the_other_is_named(configure, mailman):
    with open(str(mailman / "Mailman" / "mm_cfg.py"), "ab") as stream:
        stream.write(mailman_config.BEGIN + b"\n")
    result = configure(dict(A=1))
    assert result["failed"]
    assert "Remove that line" in result["msg"]


RUNNER = dict(source="class ListhostBounceRunner:\n    pass\n", max_disabled_percent=7)


@pytest.fixture
def queue(mailman):
    (mailman / "Mailman" / "Queue").mkdir()
    return mailman / "Mailman" / "Queue"


def runners_of(mailman):
    """Return the queue runners and the limit, where Defaults.py has two runners."""
    names = dict(QRUNNERS=[("ArchRunner", 1), ("BounceRunner", 2)])
    exec(compile((mailman / "Mailman" / "mm_cfg.py").read_text().replace("from Defaults import *", ""), "mm_cfg.py", "exec"), names)
    return names["QRUNNERS"], names.get("LISTHOST_MAX_DISABLED_PERCENT")


def test_a_queue_runner_for_bounces(configure, mailman, queue):
    result = configure(dict(A=1), bounce_runner=RUNNER)
    path = queue / "ListhostBounceRunner.py"
    assert result["changed_paths"] == sorted([result["path"], str(path)])
    assert (path.read_text(), oct(path.stat().st_mode)[-3:]) == (RUNNER["source"], "644")
    assert runners_of(mailman) == ([("ArchRunner", 1), ("ListhostBounceRunner", 2)], 7)
    assert configure(dict(A=1), bounce_runner=RUNNER)["changed"] is False
    # A new release of the collection.
    assert configure(dict(A=1), bounce_runner=dict(RUNNER, source="# new\n"))["changed_paths"] == [str(path)]


def test_the_inventorys_own_queue_runners_keep_their_numbers(configure, mailman, queue):
    configure(dict(QRUNNERS=[["BounceRunner", 4], ["OtherRunner", 1]]), bounce_runner=RUNNER)
    assert runners_of(mailman)[0] == [("ListhostBounceRunner", 4), ("OtherRunner", 1)]


def test_without_the_option_nothing_of_it_is_there(configure, mailman, queue):
    configure(dict(A=1), bounce_runner=RUNNER)
    (queue / "ListhostBounceRunner.pyc").write_bytes(b"compiled by make install")
    (queue / "BounceRunner.pyc").write_bytes(b"Mailman's")
    assert configure(dict(A=1), _ansible_check_mode=True)["changed"] is True
    assert sorted(path.name for path in queue.iterdir()) == ["BounceRunner.pyc", "ListhostBounceRunner.py", "ListhostBounceRunner.pyc"]
    assert str(queue / "ListhostBounceRunner.py") in configure(dict(A=1))["changed_paths"]
    assert [path.name for path in queue.iterdir()] == ["BounceRunner.pyc"]
    assert runners_of(mailman) == ([("ArchRunner", 1), ("BounceRunner", 2)], None)
    assert configure(dict(A=1))["changed"] is False


def test_a_queue_runner_that_cannot_be_installed_leaves_the_settings_as_they_were(configure, mailman):
    result = configure(dict(A=1), bounce_runner=RUNNER)
    assert "Queue does not exist. Nothing was changed." in result["msg"]
    assert (mailman / "Mailman" / "mm_cfg.py").read_text() == DISTRIBUTION


@pytest.fixture
def encoding(configure, mailman, monkeypatch):
    """Python's way to encode a body, as the file leaves it."""
    monkeypatch.setattr(email.charset, "encode_7or8bit", email.charset.encode_7or8bit)
    configure(dict(A=1), encode_long_lines=True)
    code = (mailman / "Mailman" / "mm_cfg.py").read_text().replace("from Defaults import *", "")
    exec(compile(code, "mm_cfg.py", "exec"), {})

    def encode(text, charset):
        message = email.message.Message()
        message.set_payload(text, charset)
        return message

    return encode


@pytest.mark.parametrize("charset", ["us-ascii", "iso-2022-jp", "iso-8859-1", "utf-8"])
@pytest.mark.parametrize("text", ["x" * 991 + "\n", "short\n\n" + "word " * 400 + " \n.\n=3D \n-- \nfooter\n"], ids=["a line", "a post"])
def test_long_lines_are_encoded_whatever_the_charset(encoding, charset, text):
    message = encoding(text, charset)
    assert max(len(line) for line in message.as_string().splitlines()) <= 76
    assert message.get_payload(decode=True).decode(charset) == text


def test_short_lines_are_left_as_they_are(encoding):
    message = encoding("x" * 990 + "\n", "us-ascii")
    assert (message["Content-Transfer-Encoding"], message.get_payload()) == ("7bit", "x" * 990 + "\n")
    assert encoding("", "us-ascii")["Content-Transfer-Encoding"] == "7bit"


def test_encoding_is_left_alone_unless_asked(configure, mailman):
    configure(dict(A=1))
    assert "encode" not in (mailman / "Mailman" / "mm_cfg.py").read_text()


def mode_of(mailman, name):
    return "%04o" % (os.stat(str(mailman / "Mailman" / name)).st_mode & 0o7777)


def test_secrets_are_mailmans_groups_alone(configure, mailman):
    os.chmod(str(mailman / "Mailman" / "mm_cfg.py"), 0o644)
    assert configure(dict(A=1))["changed"]
    assert (mode_of(mailman, "mm_cfg.py"), mode_of(mailman, "mm_cfg.pyc")) == ("0640", "0640")
    os.chmod(str(mailman / "Mailman" / "mm_cfg.py"), 0o644)
    os.chmod(str(mailman / "Mailman" / "mm_cfg.pyc"), 0o644)
    assert len(configure(dict(A=1))["changed_paths"]) == 2
    assert (mode_of(mailman, "mm_cfg.py"), mode_of(mailman, "mm_cfg.pyc")) == ("0640", "0640")
    assert not configure(dict(A=1))["changed"]


def test_what_the_package_compiled_is_left_if_it_is_closed(configure, mailman):
    """It does so whenever its unit starts: it would be a change in each run."""
    configure(dict(A=1))
    os.chmod(str(mailman / "Mailman" / "mm_cfg.pyc"), 0o600)
    assert not configure(dict(A=1))["changed"]
    assert mode_of(mailman, "mm_cfg.pyc") == "0600"


def test_what_was_compiled_of_other_settings_goes(configure, mailman):
    configure(dict(A=1))
    (mailman / "Mailman" / "mm_cfg.pyc").write_text("of A=1")
    assert not configure(dict(A=1))["changed"]
    assert (mailman / "Mailman" / "mm_cfg.pyc").read_text() == "of A=1"
    configure(dict(A=2))
    assert (mailman / "Mailman" / "mm_cfg.pyc").read_text() == ""


def test_check_mode_leaves_modes_alone(configure, mailman):
    os.chmod(str(mailman / "Mailman" / "mm_cfg.py"), 0o644)
    assert configure(dict(A=1), _ansible_check_mode=True)["changed"]
    assert mode_of(mailman, "mm_cfg.py") == "0644"
    assert not (mailman / "Mailman" / "mm_cfg.pyc").exists()


@pytest.mark.parametrize("place", ["Mailman", "Mailman/mm_cfg.py"])
def test_a_file_that_others_can_write_is_left_alone(configure, mailman, place):
    os.chmod(str(mailman / place), 0o777)
    result = configure(dict(A=1))
    assert result["failed"]
    assert "%s can be written by everybody" % (mailman / place) in result["msg"]
    assert (mailman / "Mailman" / "mm_cfg.py").read_text() == DISTRIBUTION


@pytest.fixture
def answer(monkeypatch):
    """Return a function that runs the check on what Mailman's Python answers; it returns what the module says, by its way."""

    class Module:
        said = None

        def fail_json(self, msg):
            self.said = "failed", msg

        def warn(self, text):
            self.said = "warned", text

    def answer(given, content=b"A = 1\n"):
        asked = {}

        def run_target(module, installation, do, **arguments):
            asked.update(arguments, do=do)
            return given

        monkeypatch.setattr(mailman_config, "run_target", run_target)
        module = Module()
        check(module, dict(python="/usr/bin/python2.7", version="2.1.39"), "/etc/mm_cfg.py", content, dict(B=1, A=2))
        assert asked == dict(do="check_settings", path="/etc/mm_cfg.py", content="QSA9IDEK", names=["A", "B"])
        return module.said

    check = mailman_config.check
    return answer


def test_what_the_check_finds_is_told(answer):
    good = dict(fault="", mistyped=[], unknown=[])
    assert answer(good) is None
    way, text = answer(dict(good, fault="line 1: NameError"))
    assert way == "failed"
    assert text.startswith("/etc/mm_cfg.py was not changed, because /usr/bin/python2.7 cannot load what it would be: line 1: NameError. Mend the line")
    way, text = answer(dict(good, mistyped=["A is x", "B is y"]))
    assert (way, text) == ("failed", "/etc/mm_cfg.py was not changed: A is x, B is y. Correct the value in the inventory.")
    assert answer(dict(good, unknown=["A", "B"])) == ("warned", "Mailman 2.1.39 has no setting A, B; nothing will read it")


@pytest.mark.parametrize("given", [
    {}, {"fault": "", "mistyped": []}, {"fault": [], "mistyped": [], "unknown": []}, {"fault": "", "mistyped": "x", "unknown": []},
])
def test_the_check_must_answer_as_it_does(answer, given):
    with pytest.raises(mailman_config.TargetError, match="Mailman's answer has no"):
        answer(given)
