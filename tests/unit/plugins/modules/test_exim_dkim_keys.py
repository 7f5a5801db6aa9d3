# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import base64
import grp
import os

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._dkim_keys import record
from ansible_collections.listhost.exim_mailman.plugins.modules import exim_dkim_keys


def test_record():
    assert record(b"public") == "v=DKIM1; k=rsa; p=" + base64.b64encode(b"public").decode()


@pytest.fixture
def make_keys(run_module, monkeypatch, tmp_path):
    """Return a function that runs the module with an openssl that makes a key of nothing."""
    openssl = tmp_path / "bin" / "openssl"
    openssl.parent.mkdir()
    openssl.write_text("#!/bin/sh\ntest $1 = genrsa && echo the key || head -c 300 /dev/zero\n")
    openssl.chmod(0o755)
    monkeypatch.setenv("PATH", str(openssl.parent), prepend=os.pathsep)
    monkeypatch.setattr(os, "chown", lambda path, user, group: None)

    def make_keys(selector="lists", next_selector="", check_mode=False):
        return run_module(
            exim_dkim_keys, directory=str(tmp_path / "dkim"), domains=["list.example.com"], selector=selector, next_selector=next_selector,
            group=grp.getgrgid(os.getgid()).gr_name, _ansible_check_mode=check_mode,
        )

    return make_keys


def test_keys_are_made_once(make_keys, tmp_path):
    result = make_keys()
    assert result["changed"] is True
    assert list(result["records"]) == ["lists._domainkey.list.example.com"]
    assert (tmp_path / "dkim" / "list.example.com.pem").read_text() == "the key\n"
    assert sorted(path.name for path in (tmp_path / "dkim").iterdir()) == ["list.example.com.pem", "records.txt"]
    assert make_keys()["records"] == result["records"]
    assert (tmp_path / "dkim" / "list.example.com.pem").read_text() == "the key\n"


def test_a_power_failure_leaves_no_empty_key(make_keys, monkeypatch, tmp_path):
    written, renamed = [], []
    fsync, rename = os.fsync, os.rename

    def note_fsync(descriptor):
        fsync(descriptor)
        written.append(os.path.getsize("/proc/self/fd/%d" % descriptor))

    def note_rename(source, target):
        # All that has its name is on the disk.
        assert written[len(renamed):] == [os.path.getsize(source)]
        renamed.append(os.path.basename(target))
        rename(source, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "rename", note_rename)
    make_keys()
    assert renamed == ["list.example.com.pem", "records.txt"]


def test_a_candidate_that_cannot_be_written_is_removed(make_keys, monkeypatch, tmp_path):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left" in make_keys()["msg"]
    assert list((tmp_path / "dkim").iterdir()) == []


def test_a_directory_that_came_back_from_a_backup_is_given_to_exims_group(make_keys, monkeypatch, tmp_path):
    directory, given = str(tmp_path / "dkim"), []
    make_keys()
    monkeypatch.setattr(os, "chown", lambda path, user, group: given.append((path, user, group)))
    make_keys()
    assert directory not in [path for path, _user, _group in given]
    stat = os.stat

    def stat_of_another_group(path, **options):
        status = list(stat(path, **options))
        status[5] += path == directory
        return os.stat_result(status)

    monkeypatch.setattr(os, "stat", stat_of_another_group)
    assert make_keys()["changed"] is True
    assert (directory, 0, os.getgid()) in given


def test_the_next_key_is_made_before_it_is_used(make_keys, tmp_path):
    directory = tmp_path / "dkim"
    assert make_keys()["key_directory"] == str(directory)
    assert make_keys(next_selector="next", check_mode=True)["pending"] is True
    assert not (directory / "next").exists()
    result = make_keys(next_selector="next")
    assert sorted(result["records"]) == ["lists._domainkey.list.example.com", "next._domainkey.list.example.com"]
    # Exim signs with the old one.
    assert (result["changed"], result["key_directory"]) == (True, str(directory))
    assert sorted(str(path.relative_to(directory)) for path in directory.rglob("*")) == [
        "list.example.com.pem", "next", "next/list.example.com.pem", "records.txt"]
    assert (directory / "next").stat().st_mode & 0o777 == 0o750
    assert "next._domainkey.list.example.com. IN TXT" in (directory / "records.txt").read_text()
    assert make_keys(next_selector="next")["changed"] is False
    # And now with this one.
    result = make_keys(selector="next")
    assert (list(result["records"]), result["key_directory"]) == (["next._domainkey.list.example.com"], str(directory / "next"))
    assert "lists._domainkey" not in (directory / "records.txt").read_text()
    # The one after that.
    assert make_keys(selector="next", next_selector="third")["key_directory"] == str(directory / "next")


def test_another_selector_of_the_same_key(make_keys, tmp_path):
    make_keys()
    result = make_keys(selector="other")
    assert (list(result["records"]), result["key_directory"]) == (["other._domainkey.list.example.com"], str(tmp_path / "dkim"))
