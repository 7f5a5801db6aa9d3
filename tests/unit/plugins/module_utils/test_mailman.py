# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import getpass
import grp
import json
import os
import stat
import sys

import pytest
from ansible.module_utils import basic
from ansible_collections.listhost.exim_mailman.plugins.module_utils import mailman

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


@pytest.fixture
def installation(tmp_path):
    """As much of Mailman as the program on the target needs to answer, for the Python of these tests."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "Mailman").mkdir()
    (tmp_path / "bin" / "paths.py").write_text("import sys\nsys.path.insert(0, %r)\nprint('noise')\n" % str(tmp_path))
    (tmp_path / "Mailman" / "__init__.py").write_text("")
    (tmp_path / "Mailman" / "Defaults.py").write_text("NAMES = ['one']\nOTHER = 1\nA_SECRET = None\n")
    (tmp_path / "Mailman" / "mm_cfg.py").write_text(
        "from Mailman.Defaults import *\nLIST_DATA_DIR = '/somewhere/else'\nNAMES.append('two')\nA_SECRET = 'xyzzy'\n"
    )
    return {"prefix": str(tmp_path), "user": getpass.getuser(), "group": grp.getgrgid(os.getgid()).gr_name, "python": sys.executable}


def test_mailman_answers(module, installation):
    answer = mailman.run_target(module, installation, "describe", gather=["settings"])
    assert answer == {
        "lists_dir": "/somewhere/else",
        "python_version": "%d.%d.%d" % sys.version_info[:3],
        "settings": {"A_SECRET": "(secret)", "LIST_DATA_DIR": "/somewhere/else", "NAMES": ["one", "two"]},
    }


def test_a_fault_in_mm_cfg_is_told(module, installation, tmp_path):
    (tmp_path / "Mailman" / "mm_cfg.py").write_text("x = = 1\n")
    with pytest.raises(mailman.TargetError, match="mm_cfg.py cannot be read by Mailman: SyntaxError: invalid syntax"):
        mailman.run_target(module, installation, "describe", gather=[])


def test_a_user_that_is_not_there_is_told(module, installation):
    if os.geteuid() != 0:
        pytest.skip("only root becomes somebody else")
    with pytest.raises(mailman.TargetError, match="user nobody-at-all or group root does not exist"):
        mailman.run_target(module, dict(installation, user="nobody-at-all", group="root"), "describe", gather=[])


def test_only_mailmans_user_handles_lists(module, installation, tmp_path):
    with (tmp_path / "Mailman" / "mm_cfg.py").open("a") as mm_cfg:
        mm_cfg.write("MAILMAN_USER = 'nobody'\n")
    with pytest.raises(mailman.TargetError, match="Only root and Mailman's user nobody may handle lists: run this task as root"):
        mailman.run_target(module, installation, "describe", gather=["lists"])


def test_a_python_that_is_not_there_is_told(module, installation):
    with pytest.raises(mailman.TargetError, match="/no/python, cannot be run: .*No such file"):
        mailman.run_target(module, dict(installation, python="/no/python"), "describe", gather=[])


def test_a_python_that_dies_is_told(module, installation, tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\ncat >/dev/null\necho more >&2\necho 'it is broken' >&2\nexit 3\n")
    python.chmod(stat.S_IRWXU)
    with pytest.raises(mailman.TargetError, match="ended with exit code 3: it is broken$"):
        mailman.run_target(module, dict(installation, python=str(python)), "describe", gather=[])


def test_arguments_and_environment_have_no_secret(module, installation, tmp_path):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\n{ echo "$@"; env; } >%s/seen\ncat >%s/input\necho \'{"result": 1}\'\n' % (tmp_path, tmp_path))
    python.chmod(stat.S_IRWXU)
    assert mailman.run_target(module, dict(installation, python=str(python)), "manage_lists", site_password="xyzzy") == 1
    assert "xyzzy" not in (tmp_path / "seen").read_text()
    assert "xyzzy" in (tmp_path / "input").read_text()


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
