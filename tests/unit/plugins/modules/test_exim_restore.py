# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_proof as proof_of
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _trust
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_blocks import layouts
from ansible_collections.listhost.exim_mailman.plugins.modules import exim_restore

EXIM = """#!/bin/sh
PATH=/usr/bin:/bin
here=%s
if [ "$1" = -C ]; then config=$2; shift 2; fi
case "$*" in
    -bV) cp $config $here/proven
        if grep -q broken $config; then echo "option broken unknown in $config" >&2; exit 1; fi ;;
    "-bP exim_user exim_group") printf 'exim_user = 0\\nexim_group = 0\\n' ;;
    "-bP pid_file_path"*) printf 'pid_file_path = %%s\\nlog_file_path = %%s\\n' "$here/pid" "$here/%%slog" ;;
esac
"""
SYSTEMCTL = """#!/bin/sh
PATH=/usr/bin:/bin
here=%s
echo "systemctl $*" >>$here/calls
case "$1" in
    show) echo SubState=running ;;
    restart) if grep -q failing $here/etc/exim.conf; then echo no luck; exit 1; fi
        [ "$(cat $here/pid)" = %d ] && echo %d >$here/pid || echo %d >$here/pid ;;
esac
"""
GENERATE = "#!/bin/sh\nPATH=/usr/bin:/bin\ncat $2/exim4.conf.template >$4\n"
ROLES = b"# Ansible managed\n# %s. Role exim writes this file: change the inventory.\n"


class Host:
    """A host on which role exim has replaced a configuration and aliases."""

    def __init__(self, here, run):
        self.here, self.run, self.etc = here, run, here / "etc"

    def __call__(self, **arguments):
        arguments = dict(dict(path=str(self.etc / "exim.conf"), files=[str(self.etc / "aliases")], exim=str(self.here / "exim"), service="exim"), **arguments)
        return self.run(exim_restore, **arguments)

    def write(self, **files):
        for name, content in files.items():
            (self.etc / name).write_bytes(content)
            (self.etc / name).chmod(0o644)

    def files(self):
        return dict((path.name, path.read_bytes()) for path in self.etc.iterdir())

    def restarts(self):
        return (self.here / "calls").read_text().count("restart") if (self.here / "calls").exists() else 0


@pytest.fixture
def host(tmp_path, monkeypatch, run_module):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda path, user, group: None)
    monkeypatch.setattr(proof_of, "LISTEN_TIMEOUT", 0.5)
    monkeypatch.setattr(_trust.Look, "end", lambda self: None)
    monkeypatch.setattr(layouts, "GENERATED", str(tmp_path / "generated"))
    monkeypatch.setattr("ansible.module_utils.basic.AnsibleModule.get_bin_path", lambda self, name, required=False, opt_dirs=None: str(tmp_path / name))
    (tmp_path / "etc").mkdir()
    (tmp_path / "pid").write_text(str(os.getppid()))
    scripts = {"exim": EXIM % tmp_path, "systemctl": SYSTEMCTL % (tmp_path, os.getpid(), os.getppid(), os.getpid()), "update-exim4.conf": GENERATE}
    for name, text in scripts.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    found = Host(tmp_path, run_module)
    found.write(**{"exim.conf": ROLES, "aliases": ROLES, "exim.conf.replaced": b"by Anna \xe9\n", "aliases.replaced": b"info: anna\n", "other": b"x"})
    (found.etc / "exim.conf.replaced").chmod(0o640)
    return found


def test_what_was_replaced_comes_back(host):
    result = host()
    assert result.get("msg") is None
    assert (result["changed"], [os.path.basename(path) for path in result["changed_paths"]]) == (
        True, ["exim.conf", "exim.conf.replaced", "aliases", "aliases.replaced"])
    assert host.files() == {"exim.conf": b"by Anna \xe9\n", "aliases": b"info: anna\n", "other": b"x"}
    assert [(host.etc / name).stat().st_mode & 0o777 for name in ("exim.conf", "aliases")] == [0o640, 0o644]
    assert (host.restarts(), (host.here / "proven").read_bytes()) == (1, b"by Anna \xe9\n")
    again = host()
    assert (again["changed"], again["changed_paths"], host.restarts()) == (False, [], 1)


def test_what_the_role_has_made_goes(host):
    """Debian makes a configuration of the other files then."""
    for name in ("exim.conf.replaced", "aliases.replaced"):
        (host.etc / name).unlink()
    others = {"other": b"x", "update-exim4.conf.conf": b"dc_eximconfig_configtype='local'\n", "exim4.conf.template": b"by Debian\n"}
    host.write(**others)
    assert host().get("msg") is None
    assert host.files() == others
    assert (host.restarts(), (host.here / "proven").read_bytes()) == (1, b"by Debian\n")


def test_nothing_is_left_of_a_package(host):
    (host.etc / "exim.conf.replaced").unlink()
    before = host.files()
    assert "there is no %s/exim.conf.replaced: the file of Exim's package was there before." % host.etc in host()["msg"]
    assert host.files() == before


def test_somebody_elses_configuration_stays(host):
    """Also its aliases, which are the role's where it has added blocks."""
    host.write(**{"exim.conf": b"by Berta\n"})
    before = host.files()
    assert (host()["changed"], host.files()) == (False, before)


def test_check_mode_changes_nothing(host):
    before = host.files()
    assert (host(_ansible_check_mode=True)["changed"], host.files(), host.restarts()) == (True, before, 0)


def test_what_exim_refuses_does_not_come_back(host):
    host.write(**{"exim.conf.replaced": b"broken\n"})
    before = host.files()
    assert "nothing was changed: option broken unknown in %s/exim.conf.replaced" % host.etc in host()["msg"]
    assert host.files() == before
    assert host.restarts() == 0


def test_what_exim_does_not_start_with_goes_again(host):
    host.write(**{"exim.conf.replaced": b"failing\n"})
    before = host.files()
    said = host()["msg"]
    assert "the service exim does not start with the new configuration: no luck. The previous files were brought back, and it runs with them" in said
    assert host.files() == before


def test_what_others_can_write_does_not_come_back(host, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr("os.geteuid", lambda: 0)
    before = host.files()
    (host.etc / "exim.conf.replaced").chmod(0o666)
    assert "only root should be able to write what Exim reads, but %s/exim.conf.replaced can be written by everybody" % host.etc in host()["msg"]
    assert host.files() == before
