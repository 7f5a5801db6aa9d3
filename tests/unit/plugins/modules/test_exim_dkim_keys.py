# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import base64
import grp
import os

import pytest
from ansible_collections.listhost.exim_mailman.plugins.modules import exim_dkim_keys


def test_record():
    assert exim_dkim_keys.record(b"public") == "v=DKIM1; k=rsa; p=" + base64.b64encode(b"public").decode()


def test_strings_of_a_zone_file_have_at_most_255_characters():
    line = exim_dkim_keys.zone_line("lists._domainkey.example.com", 255 * "a" + 255 * "b" + "c")
    assert line == 'lists._domainkey.example.com. IN TXT ( "%s" "%s" "c" )\n' % (255 * "a", 255 * "b")


@pytest.fixture
def make_keys(run_module, monkeypatch, tmp_path):
    """Return a function that runs the module with an openssl that makes a key of nothing."""
    openssl = tmp_path / "bin" / "openssl"
    openssl.parent.mkdir()
    openssl.write_text("#!/bin/sh\ntest $1 = genrsa && echo the key || head -c 300 /dev/zero\n")
    openssl.chmod(0o755)
    monkeypatch.setenv("PATH", str(openssl.parent), prepend=os.pathsep)
    monkeypatch.setattr(os, "chown", lambda path, user, group: None)

    def make_keys():
        return run_module(
            exim_dkim_keys, directory=str(tmp_path / "dkim"), domains=["list.example.com"], selector="lists", group=grp.getgrgid(os.getgid()).gr_name,
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
