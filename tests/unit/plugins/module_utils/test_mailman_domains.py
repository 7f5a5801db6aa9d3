# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _mailman_domains as mailman_domains

TEXT = "lists.example.org: leaving\n"


def test_lines_that_say_where_a_domain_stands():
    text = TEXT + "lists.example.net: left\nlists.test: arriving\n\nother.test: gone\nOther.test: left\na.test: left \n../b: left\n"
    frozen = {"lists.example.org": "leaving", "lists.example.net": "left", "lists.test": "arriving"}
    assert mailman_domains.parse_frozen(text) == frozen
    assert mailman_domains.parse_frozen(mailman_domains.format_frozen(frozen)) == frozen


def test_a_file_that_is_not_there_is_empty(tmp_path):
    assert mailman_domains.read(str(tmp_path / "frozen")) == ("", 0)
    (tmp_path / "directory").mkdir()
    with pytest.raises(OSError):
        mailman_domains.read(str(tmp_path / "directory"))


def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "frozen"
    path.write_text("before")
    old = path.open()
    mailman_domains.write(str(path), TEXT, 1000000000)
    assert old.read() == "before"
    assert (path.read_text(), path.stat().st_mode & 0o777, path.stat().st_mtime) == (TEXT, 0o644, 1000000000)
    assert os.listdir(str(tmp_path)) == ["frozen"]


def test_what_could_not_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "frozen" / "directory").mkdir(parents=True)
    with pytest.raises(OSError):
        mailman_domains.write(str(tmp_path / "frozen"), TEXT)
    assert os.listdir(str(tmp_path)) == ["frozen"]


@pytest.mark.parametrize("mode, at_fault", [(0o755, False), (0o700, False), (0o775, True), (0o757, True), (0o1777, True)])
def test_directories_that_others_can_write_to(tmp_path, mode, at_fault):
    tmp_path.chmod(mode)
    fault = mailman_domains.directory_fault(str(tmp_path / "frozen"))
    assert bool(fault) == at_fault
    assert not at_fault or str(tmp_path) in fault


def test_directories_of_others(tmp_path, monkeypatch):
    monkeypatch.setattr(mailman_domains.os, "geteuid", lambda: 12345)
    assert bool(mailman_domains.directory_fault(str(tmp_path / "frozen"))) == (tmp_path.stat().st_uid != 0)
    assert mailman_domains.directory_fault(str(tmp_path / "none" / "frozen")) == ""


@pytest.fixture
def former(tmp_path):
    """A file of an earlier release, in a directory of Mailman's user."""
    path = tmp_path / "frozen"
    path.write_text(TEXT)
    return path


def test_a_former_file_of_roots(former):
    assert mailman_domains.read_former(str(former)) == TEXT


def test_a_link_is_not_followed(former, tmp_path):
    (tmp_path / "link").symlink_to(former)
    assert mailman_domains.read_former(str(tmp_path / "link")) == ""


def test_a_second_name_of_another_file_is_not_believed(former, tmp_path):
    os.link(str(former), str(tmp_path / "other"))
    assert mailman_domains.read_former(str(former)) == ""


def test_a_pipe_hangs_nobody(tmp_path):
    os.mkfifo(str(tmp_path / "frozen"))
    assert mailman_domains.read_former(str(tmp_path / "frozen")) == ""


def test_a_directory_and_nothing_are_no_file(tmp_path):
    assert mailman_domains.read_former(str(tmp_path)) == mailman_domains.read_former(str(tmp_path / "none")) == ""


def test_another_users_file_is_not_believed(former, monkeypatch):
    monkeypatch.setattr(mailman_domains.os, "geteuid", lambda: former.stat().st_uid + 1)
    assert mailman_domains.read_former(str(former)) == ""


def test_a_file_that_is_too_long_is_not_read(former):
    with former.open("a") as stream:
        stream.write("#" * (mailman_domains.LONGEST_FORMER - len(TEXT)))
    assert mailman_domains.read_former(str(former)).startswith(TEXT)
    with former.open("a") as stream:
        stream.write("#")
    assert mailman_domains.read_former(str(former)) == ""


def test_what_an_earlier_release_froze_counts_until_there_is_a_file(former, tmp_path):
    path = str(tmp_path / "new")
    assert mailman_domains.frozen_domains(path, [str(tmp_path / "none")]) == ({}, False)
    assert mailman_domains.frozen_domains(path, [str(tmp_path / "none"), str(former)]) == ({"lists.example.org": "leaving"}, True)
    mailman_domains.write(path, "")
    assert mailman_domains.frozen_domains(path, [str(former)]) == ({}, False)
