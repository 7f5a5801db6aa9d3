# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import base64
import getpass
import grp
import json
import os
import pwd
import shutil
import sys
import tempfile

import pytest
from ansible.module_utils import basic
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _mailman as mailman
from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import Untrusted

VERSION = "# The VERSION\nVERSION = '2.1.39'\n\nALPHA = 0xa\n"
DEFAULTS = """
DEFAULT_EMAIL_HOST = 'list.example.com'
PYTHON          = '/usr/bin/python2.7'
PREFIX          = '/usr/lib/mailman'
VAR_PREFIX      = '/var/lib/mailman'
MAILMAN_USER = 'list'
MAILMAN_GROUP = 'lists'
LIST_DATA_DIR   = os.path.join(VAR_PREFIX, 'lists')
"""
# As the installations of 2.1.39 and of the packages for EL 8 have it.
CONFIG = """
print 'Mailman version: %s' % '2.1.39'
print 'mailman_user:    %s' % 'list'
print 'mail_group:      %s' % '{mail_group}'
print 'cgi_group:       %s' % 'www-data'
print ''

print 'configure_opts: "%s"' % '--prefix=/x --with-mail-gid=mail postfix'
"""


@pytest.fixture
def prefix(tmp_path):
    """The files of an installation that are read as text."""
    (tmp_path / "Mailman").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "Mailman" / "Version.py").write_text(VERSION)
    (tmp_path / "Mailman" / "Defaults.py").write_text(DEFAULTS)
    (tmp_path / "bin" / "mailmanctl").write_text("")
    (tmp_path / "bin" / "mailman-config").write_text(CONFIG.format(mail_group="list"))
    return tmp_path


def test_an_installation_is_found(prefix):
    (prefix / "real_mm_cfg.py").write_text("")
    (prefix / "Mailman" / "mm_cfg.py").symlink_to(prefix / "real_mm_cfg.py")
    assert mailman.find_installation(str(prefix)) == {
        "bin_dir": str(prefix / "bin"),
        "cgi_group": "www-data",
        "configure_options": "--prefix=/x --with-mail-gid=mail postfix",
        "group": "lists",
        "lists_dir": "/var/lib/mailman/lists",
        "mail_groups": ["list"],
        "mm_cfg_path": str(prefix / "real_mm_cfg.py"),
        "prefix": str(prefix),
        "python": "/usr/bin/python2.7",
        "user": "list",
        "var_prefix": "/var/lib/mailman",
        "version": "2.1.39",
        "wrapper": str(prefix / "mail" / "mailman"),
    }


@pytest.mark.parametrize(
    "compiled", ["mail postfix mailman nobody daemon", "mail,postfix,mailman,nobody,daemon", '"mail", "postfix", "mailman", "nobody", "daemon"']
)
def test_several_mail_groups(prefix, compiled):
    (prefix / "bin" / "mailman-config").write_text(CONFIG.format(mail_group=compiled))
    assert mailman.find_installation(str(prefix))["mail_groups"] == ["mail", "postfix", "mailman", "nobody", "daemon"]


def test_a_mailman_that_cannot_tell_its_groups(prefix):
    (prefix / "bin" / "mailman-config").unlink()
    found = mailman.find_installation(str(prefix))
    assert (found["mail_groups"], found["cgi_group"], found["configure_options"]) == (None, None, None)
    assert found["version"] == "2.1.39"


@pytest.mark.parametrize("lacking", ["Mailman/Version.py", "Mailman/Defaults.py", "bin/mailmanctl"])
def test_half_an_installation_is_none(prefix, lacking):
    (prefix / lacking).unlink()
    assert mailman.find_installation(str(prefix)) is None


def test_nothing_is_none(tmp_path):
    assert mailman.find_installation(str(tmp_path / "nothing")) is None


@pytest.fixture
def module(monkeypatch):
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": {}}).encode("ascii"))
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    return basic.AnsibleModule({})


def test_a_mailman_that_others_can_write_is_not_read(prefix):
    os.chmod(str(prefix / "Mailman" / "Defaults.py"), 0o666)
    with pytest.raises(Untrusted, match="Mailman/Defaults.py can be written by everybody"):
        mailman.find_installation(str(prefix))


@pytest.fixture
def home():
    """A directory that is root's, or whose the tests are, and that Mailman's user can read."""
    path = tempfile.mkdtemp()
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path)


def write(path, text, mode=0o644):
    with open(path, "w") as stream:
        stream.write(text)
    os.chmod(path, mode)


@pytest.fixture
def installation(home):
    """As much of Mailman as the program on the target needs to answer, for the Python of these tests."""
    os.mkdir(home + "/bin", 0o755)
    os.mkdir(home + "/Mailman", 0o755)
    write(home + "/bin/paths.py", "import sys\nsys.path.insert(0, %r)\nprint('noise')\n" % home)
    write(home + "/Mailman/__init__.py", "")
    write(home + "/Mailman/Defaults.py", "NAMES = ['one']\nOTHER = 1\nA_SECRET = None\nNO_SECRET = None\n")
    write(home + "/Mailman/mm_cfg.py",
          "from Mailman.Defaults import *\nLIST_DATA_DIR = '/somewhere/else'\nNAMES.append('two')\nA_SECRET = 'xyzzy'\nNO_SECRET = ''\n")
    user = pwd.getpwnam("nobody" if os.geteuid() == 0 else getpass.getuser())
    # Not that of a virtual environment, in which nobody may look.
    python = os.path.realpath(sys.executable)
    return {"prefix": home, "user": user.pw_name, "group": grp.getgrgid(user.pw_gid).gr_name, "python": python}


@pytest.fixture
def stand_in(home, installation):
    """Return a function that puts a shell script in the place of Mailman's Python."""

    def stand_in(script):
        write(home + "/python", "#!/bin/sh\n" + script, 0o755)
        return dict(installation, python=home + "/python")

    return stand_in


def test_mailman_answers(module, installation):
    answer = mailman.run_target(module, installation, "describe", gather=["settings"])
    assert answer == {
        "lists_dir": "/somewhere/else",
        "python_version": "%d.%d.%d" % sys.version_info[:3],
        "settings": {"A_SECRET": "(secret)", "LIST_DATA_DIR": "/somewhere/else", "NAMES": ["one", "two"], "NO_SECRET": ""},
    }


def test_a_fault_in_mm_cfg_is_told(module, installation, home):
    write(home + "/Mailman/mm_cfg.py", "x = = 1\n")
    with pytest.raises(mailman.TargetError, match="mm_cfg.py cannot be read by Mailman: SyntaxError: invalid syntax"):
        mailman.run_target(module, installation, "describe", gather=[])


def test_settings_are_tried_before_they_are_in_force(module, installation, home):
    """Not those in force, which may be what is to be mended. What the file prints is not taken for the answer."""
    write(home + "/Mailman/mm_cfg.py", "x = = 1\n")

    def tried(text, *names):
        content = base64.b64encode(text.encode()).decode()
        return mailman.run_target(module, installation, "check_settings", path=home + "/Mailman/mm_cfg.py", content=content, names=names)

    assert tried("from Mailman.Defaults import *\nprint('noise')\nNAMES = ['x']\n", "NAMES") == {"fault": "", "mistyped": [], "unknown": []}
    # (Python 3.13 says more.)
    assert "mm_cfg.py\", line 2, in <module>: NameError: name 'NONE' is not defined" in tried("print('noise')\nNAMES = NONE\n")["fault"]
    with pytest.raises(mailman.TargetError, match="ended with exit code 3: noise"):
        tried("import os, sys\nprint('noise')\nsys.stdout.flush()\nos._exit(3)\n")


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")


@needs_root
def test_a_user_that_is_not_there_is_told(module, installation):
    with pytest.raises(mailman.TargetError, match="user nobody-at-all or group root does not exist"):
        mailman.run_target(module, dict(installation, user="nobody-at-all", group="root"), "describe", gather=[])


@needs_root
def test_the_python_is_mailmans_users_from_its_start(module, stand_in, installation, monkeypatch):
    """Not a moment as root: what stands for the Python here sees who it is, and of which groups."""
    script = stand_in("echo \"{\\\"result\\\": {\\\"ids\\\": \\\"$(id -u) $(id -g) $(id -G)\\\"}}\"\ncat >/dev/null\n")
    user = pwd.getpwnam(installation["user"])
    assert mailman.run_target(module, script, "describe", gather=[]) == {"ids": "%d %d %d" % (user.pw_uid, user.pw_gid, user.pw_gid)}


@needs_root
def test_the_program_does_nothing_as_root(module, installation):
    loader, data = mailman.pack({"prefix": installation["prefix"], "do": "describe", "arguments": {"gather": []}})
    out = module.run_command([installation["python"], "-B", "-c", loader], data=data, binary_data=True)[1]
    assert json.loads(out) == {"error": "Root does not run Mailman's code."}


@needs_root
@pytest.mark.parametrize("user, group", [("root", "nogroup"), ("nobody", "root"), ("www-data", "nogroup")])
def test_some_users_are_not_mailmans(module, installation, user, group, monkeypatch):
    def find(name):
        return pwd.struct_passwd((name, "x", {"root": 0, "www-data": 33, "nobody": 65534}[name], 65534, "", "/", "/bin/sh"))

    monkeypatch.setattr(mailman.pwd, "getpwnam", find)
    monkeypatch.setattr(mailman.grp, "getgrnam", lambda name: grp.struct_group((name, "x", 0 if name == "root" else 65534, [])))
    with pytest.raises(mailman.TargetError, match="Mailman's user is %s and its group %s. Neither may be root's" % (user, group)):
        mailman.run_target(module, dict(installation, user=user, group=group), "describe", gather=[])


def test_only_mailmans_user_handles_lists(module, installation, home):
    with open(home + "/Mailman/mm_cfg.py", "a") as mm_cfg:
        mm_cfg.write("MAILMAN_USER = 'daemon'\n")
    with pytest.raises(mailman.TargetError, match="Only root and Mailman's user daemon may handle lists: run this task as root"):
        mailman.run_target(module, installation, "describe", gather=["lists"])


def test_a_python_that_is_not_there_is_told(module, installation):
    with pytest.raises(mailman.TargetError, match="/no/python, cannot be run: .*No such file"):
        mailman.run_target(module, dict(installation, python="/no/python"), "describe", gather=[])


def test_a_python_that_others_can_write_is_not_run(module, stand_in, home):
    script = stand_in("touch %s/ran\n" % home)
    os.chmod(script["python"], 0o777)
    with pytest.raises(mailman.TargetError, match="/python, is not root's alone: .*/python can be written by everybody"):
        mailman.run_target(module, script, "describe", gather=[])
    assert not os.path.exists(home + "/ran")


def test_a_python_that_dies_is_told(module, stand_in):
    script = stand_in("cat >/dev/null\necho more >&2\necho 'it is broken' >&2\nexit 3\n")
    with pytest.raises(mailman.TargetError, match="ended with exit code 3: it is broken$"):
        mailman.run_target(module, script, "describe", gather=[])


@pytest.mark.parametrize("answer", ["1", "[]", '{"result": 1}', '{"error": {}}', "[" * 100000])
def test_an_answer_of_another_form_is_refused(module, stand_in, home, answer):
    write(home + "/answer", answer)
    script = stand_in("cat >/dev/null\ncat %s/answer\n" % home)
    with pytest.raises(mailman.TargetError, match="Mailman's answer|ended with exit code 0"):
        mailman.run_target(module, script, "describe", gather=[])


def test_an_answer_without_end_is_refused(module, stand_in, monkeypatch):
    monkeypatch.setattr(mailman, "LONGEST_ANSWER", 10)
    script = stand_in('cat >/dev/null\necho \'{"result": {}}\'\n')
    with pytest.raises(mailman.TargetError, match="answered with 15 bytes"):
        mailman.run_target(module, script, "describe", gather=[])


def test_only_what_is_expected_is_taken():
    answer = {"lists": [], "ansible_facts": {"ansible_python_interpreter": "/tmp/evil"}}
    assert mailman.take(answer, {"lists": list}) == {"lists": []}
    for wrong in ({"lists": {}}, {}, [], None):
        with pytest.raises(mailman.TargetError, match="Mailman's answer"):
            mailman.take(wrong, {"lists": list})


def test_arguments_and_environment_have_no_secret(module, stand_in, home):
    os.mkdir(home + "/out")
    os.chmod(home + "/out", 0o777)
    script = stand_in('{ echo "$@"; env; } >%s/out/seen\ncat >%s/out/input\necho \'{"result": {}}\'\n' % (home, home))
    assert mailman.run_target(module, script, "manage_lists", site_password="xyzzy") == {}
    with open(home + "/out/seen") as seen, open(home + "/out/input") as given:
        assert "xyzzy" not in seen.read()
        assert "xyzzy" in given.read()


class Lookups:
    """What takes its time to say a host's name; or what it says instead."""

    def __init__(self, seconds, error=None):
        self.times, self.error = iter([100, 100 + seconds]), error

    def time(self):
        return next(self.times)

    def gethostname(self):
        return "lists"

    def gethostbyname(self, name):
        if self.error:
            raise self.error

    getfqdn = gethostname


@pytest.mark.parametrize("lookups, fault", [
    (Lookups(1), ""),
    (Lookups(10), "lists: answered after 10 s"),
    (Lookups(0, OSError(-2, "Name or service not known")), "lists: Name or service not known"),
])
def test_the_hosts_name(monkeypatch, lookups, fault):
    monkeypatch.setattr(mailman, "socket", lookups)
    monkeypatch.setattr(mailman, "time", lookups)
    assert mailman.host_name_fault() == fault
