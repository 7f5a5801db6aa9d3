# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import subprocess
import time

import pytest
from ansible_collections.listhost.exim_mailman.plugins.modules import apache_config


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host with an Apache, a file of its configuration, and a systemctl.

    Apache refuses a file with the word "broken". It does not reload one with "refused", and ends a moment after it has read one with "deadly".
    """
    monkeypatch.setattr(apache_config, "LOOKS", 3)
    monkeypatch.setattr(apache_config, "LOCK", str(tmp_path / "lock"))

    class Host:
        path = tmp_path / "available" / "lists.conf"
        link = tmp_path / "enabled" / "lists.conf"
        robots = tmp_path / "robots.txt"
        program = tmp_path / "apache2ctl"
        calls = tmp_path / "calls"
        lock = tmp_path / "lock"

        def arguments(self, content="new\n", **arguments):
            return dict(dict(path=str(self.path), link=str(self.link), content=content, proof="Proof", program=str(self.program), service="apache2"),
                        **arguments)

        def called(self):
            return self.calls.read_text().splitlines() if self.calls.exists() else []

    programs = {
        "apache2ctl": 'for file; do :; done; file=${file#Include \\"}; file=${file%\\"}\n'
                      'echo "apache $1 $2 $3 $4 $5 $6 $(cat $file)" >> $here/calls\nif grep -q broken "$file"; then echo AH00558: no name >&2; '
                      'echo "Syntax error in $file" >&2; exit 1; fi\n',
        "systemctl": 'echo "systemctl $*" >> $here/calls\nlive=$here/enabled/lists.conf\ncase $1 in\n'
                     'reload-or-restart) if grep -q refused $live; then exit 1; fi; touch $here/read ;;\n'
                     'is-active) if grep -q deadly $live && [ -e $here/asked ]; then exit 3; fi; touch $here/asked ;;\nesac\n',
        "journalctl": "echo AH02565: key of another certificate\n",
    }
    # Each tells whether another run could do the same meanwhile.
    free = "if [ -e $here/lock ] && flock --nonblock $here/lock true; then touch $here/unlocked; fi\n"
    for name, text in programs.items():
        (tmp_path / name).write_text("#!/bin/sh\nPATH=/usr/bin:/bin\nhere=%s\n%s%s" % (tmp_path, free, text))
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr("ansible.module_utils.basic.AnsibleModule.get_bin_path", lambda self, name, required=False, opt_dirs=None: str(tmp_path / name))
    for directory in (Host.path.parent, Host.link.parent):
        directory.mkdir()
    Host.path.write_text("old\n")
    Host.path.chmod(0o644)
    Host.link.symlink_to("../available/lists.conf")
    return Host()


def test_what_apache_accepts_goes_live(run_module, host):
    result = run_module(apache_config, **host.arguments(files=[dict(path=str(host.robots), content="robots\n")]))
    assert result["changed_paths"] == [str(host.path), str(host.robots)]
    assert (host.path.read_text(), host.robots.read_text()) == ("new\n", "robots\n")
    calls = host.called()
    # Apache has seen the new file, and not the old one, before it was reloaded.
    assert calls[0] == "apache -t -D Proof -c UnDefine Proof -c new"
    assert calls[1] == "systemctl reload-or-restart --quiet apache2"
    assert sorted(os.listdir(str(host.path.parent))) == ["lists.conf"]


@pytest.mark.parametrize("content", ["new\n", "broken\n", "deadly\n"])
def test_one_run_after_the_other(run_module, host, tmp_path, content):
    """From the proof to the last look at Apache, also when that ends with the old files. Only root can hold the lock."""
    first = subprocess.Popen(["flock", "--no-fork", str(host.lock), "sleep", "1"])
    while subprocess.call(["flock", "--nonblock", str(host.lock), "true"]) == 0:
        time.sleep(0.01)
    host.lock.chmod(0o600)
    run_module(apache_config, **host.arguments(content))
    assert first.poll() == 0 and host.called()
    assert not (tmp_path / "unlocked").exists()
    subprocess.check_call(["flock", "--nonblock", str(host.lock), "true"])
    host.lock.unlink()
    run_module(apache_config, **host.arguments(content + "#\n"))
    assert host.lock.stat().st_mode & 0o777 == 0o600


def test_what_is_as_wanted_costs_nothing(run_module, host):
    assert run_module(apache_config, **host.arguments("old\n"))["changed"] is False
    assert host.called() == []


@pytest.mark.parametrize(("arguments", "action"), [
    ({"restart": True}, "restart"), ({"reload": True}, "reload-or-restart"), ({"reload": True, "restart": True}, "restart"),
])
def test_apache_reads_what_has_not_changed(run_module, host, arguments, action):
    result = run_module(apache_config, _ansible_check_mode=True, **host.arguments("old\n", **arguments))
    assert (result["changed"], len(host.called())) == (True, 1)
    result = run_module(apache_config, **host.arguments("old\n", **arguments))
    assert (result["changed"], result["changed_paths"]) == (True, [])
    assert host.called()[1:3] == ["apache -t -D Proof -c UnDefine Proof -c old", "systemctl %s --quiet apache2" % action]


def test_a_missing_link_is_made(run_module, host):
    os.unlink(str(host.link))
    assert run_module(apache_config, **host.arguments("old\n"))["changed_paths"] == [str(host.link)]
    assert os.readlink(str(host.link)) == "../available/lists.conf"
    assert host.called()[0] == "apache -t -D Proof -c UnDefine Proof -c old"


def test_what_stands_in_the_place_of_the_link_stays(run_module, host):
    os.unlink(str(host.link))
    host.link.write_text("somebody's\n")
    result = run_module(apache_config, **host.arguments())
    assert "is no link to" in result["msg"]
    assert (host.link.read_text(), host.path.read_text(), host.called()) == ("somebody's\n", "old\n", [])


def test_what_apache_refuses_changes_nothing(run_module, host):
    result = run_module(apache_config, **host.arguments("broken\n", files=[dict(path=str(host.robots), content="robots\n")]))
    assert result["msg"] == ("%s: Apache does not accept its configuration with the new file. Nothing was changed. It says: Syntax error in %s"
                             % (host.path, host.path))
    assert host.path.read_text() == "old\n" and not host.robots.exists()
    assert [call for call in host.called() if call.startswith("systemctl")] == []


@pytest.mark.parametrize("content", ["refused\n", "deadly\n"])
def test_previous_files_come_back_when_apache_does_not_run(run_module, host, content):
    result = run_module(apache_config, **host.arguments(content, files=[dict(path=str(host.robots), content="robots\n")]))
    assert "apache2 does not run with the new configuration. The previous files were brought back, and it runs with them." in result["msg"]
    assert "key of another certificate" in result["msg"]
    assert host.path.read_text() == "old\n" and not host.robots.exists()
    assert "systemctl restart --quiet apache2" in host.called()
    assert sorted(os.listdir(str(host.path.parent))) == ["lists.conf"]


def test_a_first_file_leaves_no_trace_when_apache_does_not_run(run_module, host):
    os.unlink(str(host.link))
    os.unlink(str(host.path))
    assert run_module(apache_config, **host.arguments("refused\n"))["failed"]
    assert not os.path.lexists(str(host.link)) and not host.path.exists()


def test_check_mode(run_module, host):
    result = run_module(apache_config, _ansible_check_mode=True, **host.arguments())
    assert result["changed_paths"] == [str(host.path)]
    assert host.path.read_text() == "old\n"
    assert host.called() == ["apache -t -D Proof -c UnDefine Proof -c new"]
    assert "Apache does not accept" in run_module(apache_config, _ansible_check_mode=True, **host.arguments("broken\n"))["msg"]
    assert not host.lock.exists()
    # Before it is installed nobody can be asked.
    assert run_module(apache_config, _ansible_check_mode=True, **host.arguments("broken\n", program="/nonexistent/httpd"))["changed"]
