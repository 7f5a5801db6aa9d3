# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import fcntl
import os

import pytest
from ansible_collections.listhost.exim_mailman.plugins.modules import mailman_frozen

ORG, NET = "lists.example.org", "lists.example.net"


@pytest.fixture
def frozen(run_module, tmp_path):
    """Run the module on a file in a directory that is not there yet."""

    def frozen(**arguments):
        return run_module(mailman_frozen, path=str(frozen.path), **arguments)

    frozen.path = tmp_path / "known" / "frozen"
    return frozen


def test_a_domains_way(frozen):
    for state in ("leaving", "left"):
        for changed in (True, False):
            result = frozen(domain=ORG, state=state)
            assert (result["changed"], result["frozen"], frozen.path.read_text()) == (changed, {ORG: state}, "%s: %s\n" % (ORG, state))
    assert frozen(domain=NET, state="arriving")["diff"]["before"] == "%s: left\n" % ORG
    assert frozen.path.read_text() == "%s: arriving\n%s: left\n" % (NET, ORG)
    assert [frozen(domain=ORG, state="absent")["changed"] for _time in range(2)] == [True, False]
    assert frozen(domain=NET, state="absent")["frozen"] == {}
    assert frozen.path.read_text() == ""
    assert (frozen.path.stat().st_mode & 0o777, frozen.path.parent.stat().st_mode & 0o777) == (0o644, 0o755)


def test_check_mode_writes_nothing(frozen):
    result = frozen(domain=ORG, state="leaving", _ansible_check_mode=True)
    assert (result["changed"], result["frozen"]) == (True, {ORG: "leaving"})
    assert not frozen.path.parent.exists()
    frozen(domain=NET, state="left")
    assert frozen(domain=ORG, state="leaving", _ansible_check_mode=True)["changed"]
    assert frozen.path.read_text() == "%s: left\n" % NET


def test_without_a_domain_there_is_only_the_directory(frozen):
    assert [frozen()["changed"] for _time in range(2)] == [True, False]
    assert os.listdir(str(frozen.path.parent)) == []


def test_others_are_shut_out(frozen):
    frozen.path.parent.mkdir()
    frozen.path.parent.chmod(0o777)
    assert frozen(_ansible_check_mode=True)["changed"]
    assert frozen.path.parent.stat().st_mode & 0o777 == 0o777
    assert frozen()["changed"]
    assert frozen.path.parent.stat().st_mode & 0o777 == 0o755


def test_a_directory_in_one_of_others(frozen):
    frozen.path.parent.mkdir(mode=0o775)
    frozen.path.parent.parent.chmod(0o777)
    assert frozen(domain=ORG, state="leaving")["failed"]
    assert not frozen.path.exists()


def test_a_directory_of_somebody_else(frozen, monkeypatch):
    frozen.path.parent.mkdir()
    frozen.path.parent.chmod(0o777)
    monkeypatch.setattr(mailman_frozen.os, "geteuid", lambda: os.getuid() + 1)
    result = frozen(domain=ORG, state="leaving")
    assert result["failed"]
    assert "path: %s can be written by everybody. Give it to root alone" % frozen.path.parent in result["msg"]
    assert not frozen.path.exists()


def test_what_an_earlier_release_froze(frozen, tmp_path):
    for number, line in enumerate(["%s: left\n" % ORG, "%s: arriving\n" % NET]):
        (tmp_path / "virtual" / str(number)).mkdir(parents=True)
        (tmp_path / "virtual" / str(number) / "frozen").write_text(line)
    (tmp_path / "virtual" / "link").mkdir()
    (tmp_path / "secret").write_text("lists.test: left\n")
    (tmp_path / "virtual" / "link" / "frozen").symlink_to(tmp_path / "secret")
    former = [str(tmp_path / "virtual" / "*" / "frozen")]
    assert frozen(former=former)["frozen"] == {ORG: "left", NET: "arriving"}
    assert frozen.path.read_text() == "%s: arriving\n%s: left\n" % (NET, ORG)
    assert frozen(former=former)["changed"] is False
    # Not again.
    frozen(domain=ORG, state="absent")
    assert frozen(former=former)["frozen"] == {NET: "arriving"}


def test_the_last_one_is_thawed_for_good(frozen, tmp_path):
    (tmp_path / "former").write_text("%s: leaving\n" % ORG)
    assert frozen(domain=ORG, state="absent", former=[str(tmp_path / "former")])["frozen"] == {}
    assert frozen(former=[str(tmp_path / "former")])["frozen"] == {}


def test_one_at_a_time(frozen, monkeypatch):
    """The file is read and written under a lock of its directory."""
    frozen()
    seen = []

    def write(path, text):
        handle = os.open(str(frozen.path.parent), os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            seen.append(text)
        finally:
            os.close(handle)

    monkeypatch.setattr(mailman_frozen, "write", write)
    frozen(domain=ORG, state="left")
    assert seen == ["%s: left\n" % ORG]


@pytest.mark.parametrize("domain", ["", "Lists.test", "a: b", "a.test\n", "../x", "a..test"])
def test_names_that_are_none(frozen, domain):
    assert "domain: " in frozen(domain=domain, state="left")["msg"]
    assert not frozen.path.exists()


def test_a_path_of_nowhere(run_module):
    assert "not absolute" in run_module(mailman_frozen, path="frozen")["msg"]
