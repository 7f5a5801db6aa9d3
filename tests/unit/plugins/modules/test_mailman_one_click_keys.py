# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys for one-click unsubscription: made once, replaced in turn, and nobody's but those who need them."""

import grp
import json
import os
import re

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _one_click_keys as keys
from ansible_collections.listhost.exim_mailman.plugins.modules import mailman_one_click_keys

DAY = 86400
NOW = 1800000000
GROUP = grp.getgrgid(1).gr_name


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "one_click"


@pytest.fixture
def keep(run_module, monkeypatch, directory):
    """Return a function that runs the module at some time. Its results never have a key in them."""
    owners = {}
    monkeypatch.setattr(os, "chown", lambda path, user, group: owners.setdefault(os.path.basename(path).split(".")[1], []).append((user, group)))
    monkeypatch.setattr(keys, "resolve", lambda path: path)

    def keep(number=1, now=NOW, check_mode=False, group=GROUP, days=60, **options):
        monkeypatch.setattr(keys.time, "time", lambda: now)
        result = run_module(mailman_one_click_keys, directory=str(directory), number=number, days=days, group=group, _ansible_check_mode=check_mode, **options)
        assert not re.search("[0-9a-f]{40}", json.dumps(result))
        return result

    keep.owners = owners
    return keep


def lines(directory):
    return [line.split() for line in (directory / "keys").read_text().splitlines()]


def test_a_key_is_made_once(keep, directory, monkeypatch):
    result = keep(check_mode=True)
    assert (result["changed"], result["pending"], result["mail_group"]) == (True, True, "")
    assert not directory.exists()
    result = keep()
    assert (result["changed"], result["pending"], result["numbers"]) == (True, False, [1])
    [[number, end, key]] = lines(directory)
    assert (number, end) == ("1", "0") and re.fullmatch("[0-9a-f]{64}", key)
    assert (directory / "mail").read_text() == "1:%s\n" % key
    assert keep.owners == {"keys": [(os.geteuid(), 1)], "mail": [(os.geteuid(), 0)]}
    assert [oct(os.stat(str(directory / name)).st_mode & 0o777) for name in ("keys", "mail")] == ["0o640", "0o600"]
    # What chown would have made.
    monkeypatch.setattr(os, "stat", Stat(os.stat, {"keys": 1}))
    assert keep()["changed"] is False
    assert keep(check_mode=True)["pending"] is False
    assert lines(directory) == [["1", "0", key]]


class Stat:
    """Files with the groups that they would have."""

    def __init__(self, stat, groups):
        self.stat, self.groups = stat, groups

    def __call__(self, path, *arguments, **keywords):
        found = self.stat(path, *arguments, **keywords)
        group = self.groups.get(os.path.basename(str(path)))
        return found if group is None else os.stat_result([*found[:5], group, *found[6:10]])


def test_a_key_is_replaced(keep, directory, monkeypatch):
    keep()
    [[_number, _end, first]] = lines(directory)
    assert keep(number=2)["numbers"] == [1, 2]
    [old, new] = lines(directory)
    assert old == ["1", str(NOW + 60 * DAY), first]
    assert new[:2] == ["2", "0"] and new[2] != first
    assert (directory / "mail").read_text() == "2:%s\n" % new[2]
    monkeypatch.setattr(os, "stat", Stat(os.stat, {"keys": 1}))
    assert keep(number=2, now=NOW + 60 * DAY - 1)["changed"] is False
    # Another time later is for keys that are replaced later.
    assert keep(number=2, days=90)["changed"] is False
    kept = (directory / "keys").read_text()
    keep(number=3, now=NOW + DAY)
    assert [line[:2] for line in lines(directory)] == [["1", str(NOW + 60 * DAY)], ["2", str(NOW + 61 * DAY)], ["3", "0"]]
    (directory / "keys").write_text(kept)
    (directory / "mail").write_text("2:%s\n" % new[2])
    assert keep(number=2, now=NOW + 60 * DAY)["numbers"] == [2]
    assert lines(directory) == [new]
    assert keep(number=5, now=NOW + 61 * DAY, days=30)["numbers"] == [2, 5]
    assert lines(directory)[0] == ["2", str(NOW + 91 * DAY), new[2]]


def test_the_mail_servers_group_stays(keep, directory, monkeypatch):
    keep()
    monkeypatch.setattr(os, "stat", Stat(os.stat, {"mail": 1}))
    result = keep(number=2)
    assert keep.owners["mail"][-1] == (os.geteuid(), 1)
    assert result["mail_group"] == GROUP
    assert (directory / "mail").stat().st_mode & 0o777 == 0o640


def test_the_key_of_the_mail_server_comes_back(keep, directory):
    keep()
    before = (directory / "mail").read_text()
    (directory / "mail").unlink()
    assert keep()["changed"] is True
    assert (directory / "mail").read_text() == before


@pytest.mark.parametrize("name", ["mail", "keys"])
def test_everybody_can_read_it(keep, directory, name):
    keep()
    before = (directory / "keys").read_text()
    (directory / name).chmod(0o644)
    for number in (1, 2):
        assert "%s can be read by everybody on the host (mode 0644)" % (directory / name) in keep(number=number)["msg"]
    assert (directory / "keys").read_text() == before


def test_others_can_write_it(keep, directory, monkeypatch):
    keep()

    def untrusted(path):
        raise keys.Untrusted(["%s can be written by everybody" % directory], [])

    monkeypatch.setattr(keys, "resolve", untrusted)
    assert "one_click can be written by everybody. Take that from others" in keep()["msg"]


@pytest.mark.parametrize(("name", "content"), [("keys", ""), ("keys", "1 0\n"), ("keys", "x 0 y\n"), ("keys", "\xff"), ("mail", ""), ("mail", "y\n")])
def test_a_damaged_file(keep, directory, name, content):
    keep()
    (directory / name).write_text(content, encoding="latin-1")
    assert "%s is damaged" % (directory / name) in keep()["msg"]


def test_a_number_that_was_used(keep):
    keep(number=3)
    message = keep(number=2)["msg"]
    assert "mailman_web_one_click_key is 2, but the host has had key 3" in message
    assert "Set it to 3" in message


def test_a_group_that_is_not_there(keep, directory):
    assert "there is no group nobodys" in keep(group="nobodys")["msg"]
    assert keep(group="nobodys", check_mode=True)["pending"] is True


@pytest.fixture
def domain(tmp_path):
    """What a domain on a machine of several is asked for."""
    (tmp_path / "mail").mkdir()
    return {"mail_path": str(tmp_path / "mail" / "lists.example.org"), "mail_values": {"host": "www.lists.example.org", "exceptions": "board, a+b"}}


def test_a_domains_file_for_the_mail_server(keep, directory, domain, tmp_path, monkeypatch):
    """It is where the mail server looks for domains, and of the group of that directory."""
    monkeypatch.setattr(os, "stat", Stat(os.stat, {"keys": 1, "mail": 2}))
    keep(**domain)
    [[_number, _end, key]] = lines(directory)
    mail = tmp_path / "mail" / "lists.example.org"
    assert mail.read_text() == "exceptions: board, a+b\nhost: www.lists.example.org\nkey: 1:%s\n" % key
    assert keep.owners == {"keys": [(os.geteuid(), 1)], "lists": [(os.geteuid(), 2)]}
    assert mail.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in directory.iterdir()) == ["keys"]
    monkeypatch.setattr(os, "stat", Stat(os.stat, {"keys": 1, "mail": 2, "lists.example.org": 2}))
    assert keep(**domain)["changed"] is False
    domain["mail_values"]["host"] = "lists.example.org"
    assert keep(check_mode=True, **domain)["pending"] is True
    assert "www" in mail.read_text()
    assert keep(number=2, **domain)["changed"] is True
    assert mail.read_text() == "exceptions: board, a+b\nhost: lists.example.org\nkey: 2:%s\n" % lines(directory)[1][2]


@pytest.mark.parametrize("content", ["", "x\n", "key: y\n", "host: \xff\n"])
def test_a_domains_damaged_file_is_made_anew(keep, domain, tmp_path, content):
    keep(**domain)
    mail = tmp_path / "mail" / "lists.example.org"
    before = mail.read_text()
    mail.write_text(content, encoding="latin-1")
    assert keep(**domain)["changed"] is True
    assert mail.read_text() == before


def test_a_domains_file_that_everybody_can_read(keep, domain, tmp_path):
    keep(**domain)
    (tmp_path / "mail" / "lists.example.org").chmod(0o644)
    assert "can be read by everybody on the host (mode 0644)" in keep(**domain)["msg"]


def test_a_machine_without_a_directory_for_domains(keep, domain, tmp_path):
    (tmp_path / "mail").rmdir()
    assert keep(check_mode=True, **domain)["pending"] is True
    assert "No such file" in keep(**domain)["msg"]
