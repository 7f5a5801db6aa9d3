# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import stat

import pytest
from ansible_collections.listhost.exim_mailman.plugins.modules import mailman_directories

if os.geteuid() != 0:
    pytest.skip("only root can give files to others", allow_module_level=True)

GROUP, GID = "nogroup", 65534
OTHER = 65534


@pytest.fixture
def prefix(tmp_path):
    """What make install leaves, on a umask of its own."""
    prefix = tmp_path / "mailman"
    for directory in ("Mailman/Handlers", "bin", "mail", "cgi-bin", "templates/en", "data", "lists"):
        (prefix / directory).mkdir(parents=True)
    for name, mode in (
        ("Mailman/mm_cfg.py", 0o644), ("Mailman/mm_cfg.pyc", 0o644), ("Mailman/Handlers/Decorate.py", 0o640), ("bin/mailmanctl", 0o775),
        ("mail/mailman", 0o755), ("cgi-bin/admin", 0o755), ("data/last_mailman_version", 0o644), ("lists/of-mailman", 0o666),
    ):  # fmt: skip
        (prefix / name).write_text("")
        os.chmod(str(prefix / name), mode)
    for directory in [prefix, *prefix.rglob("*")]:
        if directory.is_dir():
            os.chmod(str(directory), 0o2775)
            os.chown(str(directory), 0, GID)
    return prefix


def state(path):
    status = os.lstat(str(path))
    return status.st_uid, status.st_gid, "%04o" % stat.S_IMODE(status.st_mode)


@pytest.fixture
def settle(prefix, run_module):
    def settle(**options):
        options.setdefault("var_prefix", str(prefix))
        return run_module(mailman_directories, prefix=str(prefix), group=GROUP, web_user="www-data", **options)

    return settle


def test_code_is_roots_and_data_mailmans(settle, prefix):
    assert settle()["changed"] is True
    assert {name: state(prefix / name) for name in (
        ".", "Mailman", "Mailman/Handlers", "Mailman/Handlers/Decorate.py", "Mailman/mm_cfg.py", "Mailman/mm_cfg.pyc", "bin/mailmanctl", "mail/mailman",
        "cgi-bin/admin", "templates/en", "archives", "archives/private", "archives/public", "data", "lists", "locks", "logs", "qfiles", "spam",
        "data/last_mailman_version", "lists/of-mailman",
    )} == {
        ".": (0, GID, "2755"),
        "Mailman": (0, GID, "2755"),
        "Mailman/Handlers": (0, GID, "2755"),
        "Mailman/Handlers/Decorate.py": (0, GID, "0644"),
        "Mailman/mm_cfg.py": (0, GID, "0640"),
        "Mailman/mm_cfg.pyc": (0, GID, "0640"),
        "bin/mailmanctl": (0, GID, "0755"),
        "mail/mailman": (0, GID, "2755"),
        "cgi-bin/admin": (0, GID, "2755"),
        "templates/en": (0, GID, "2755"),
        "archives": (0, GID, "2755"),
        "archives/private": (33, GID, "2770"),
        "archives/public": (0, GID, "2775"),
        "data": (0, GID, "2775"),
        "lists": (0, GID, "2775"),
        "locks": (0, GID, "2775"),
        "logs": (0, GID, "2775"),
        "qfiles": (0, GID, "2775"),
        "spam": (0, GID, "2775"),
        "data/last_mailman_version": (0, GID, "0664"),
        # What is in the directories for data stays.
        "lists/of-mailman": (0, 0, "0666"),
    }  # fmt: skip
    assert settle() == dict(settle(), changed=False, changed_paths=[])


def test_a_domains_messages_are_its_own(settle, prefix):
    settle(private=True)
    assert [state(prefix / name)[2] for name in ("data", "locks", "logs", "qfiles", "lists")] == ["2770"] * 4 + ["2775"]


def test_check_mode_changes_nothing(settle, prefix):
    before = {path: state(path) for path in prefix.rglob("*")}
    assert settle(_ansible_check_mode=True)["changed"] is True
    assert {path: state(path) for path in prefix.rglob("*")} == before


def test_a_link_in_the_place_of_a_directory_hands_nothing_over(settle, prefix, tmp_path):
    foreign = tmp_path / "foreign"
    foreign.mkdir(mode=0o700)
    (prefix / "archives").mkdir()
    (prefix / "archives" / "private").symlink_to(foreign)
    result = settle()
    assert result["failed"] is True
    assert "%s/archives/private is a link or a file where Mailman has a directory" % prefix in result["msg"]
    assert state(foreign) == (0, 0, "0700")


@pytest.mark.parametrize("name", ["bin/mailmanctl", "Mailman/Handlers", "Mailman/mm_cfg.py"])
def test_what_is_of_others_is_left_and_named(settle, prefix, name):
    os.chown(str(prefix / name), OTHER, -1)
    result = settle()
    assert result["failed"] is True
    assert "%s is nobody's" % (prefix / name) in result["msg"]
    assert state(prefix / name)[0] == OTHER


def test_what_others_compiled_is_removed(settle, prefix):
    compiled = prefix / "bin" / "paths.pyc"
    compiled.write_text("")
    os.chown(str(compiled), OTHER, -1)
    assert str(compiled) in settle()["changed_paths"]
    assert not compiled.exists()


@pytest.mark.parametrize("kind", ["hard link", "pipe"])
def test_what_is_no_plain_file_is_left_and_named(settle, prefix, tmp_path, kind):
    (tmp_path / "shadow").write_text("")
    os.chmod(str(tmp_path / "shadow"), 0o600)
    if kind == "pipe":
        os.mkfifo(str(prefix / "bin" / "odd"))
    else:
        os.link(str(tmp_path / "shadow"), str(prefix / "bin" / "odd"))
    result = settle()
    assert "bin/odd is no plain file with one name" in result["msg"]
    assert state(tmp_path / "shadow") == (0, 0, "0600")


def test_a_link_among_the_code_is_not_followed(settle, prefix, tmp_path):
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    os.chmod(str(foreign), 0o777)
    (prefix / "bin" / "link").symlink_to(foreign)
    settle()
    assert state(foreign)[2] == "0777"


@pytest.mark.parametrize("name, stays", [("site", True), ("lists.example.org", True), ("en", False)])
def test_templates_that_a_domain_brought_are_mailmans(settle, prefix, name, stays):
    path = prefix / "templates" / name
    path.mkdir(exist_ok=True)
    (path / "own.txt").write_text("")
    os.chown(str(path / "own.txt"), OTHER, -1)
    result = settle()
    assert ("own.txt is nobody's" in result.get("msg", "")) is not stays
    assert state(path / "own.txt")[0] == OTHER


def test_the_directories_above_must_be_roots(settle, prefix, tmp_path):
    os.chmod(str(tmp_path), 0o777)
    result = settle()
    assert result["failed"] is True
    assert "%s can be written by everybody" % tmp_path in result["msg"]


@pytest.fixture
def package(tmp_path, prefix):
    """As Debian's: what is under the prefix are links, and the settings are elsewhere."""
    top = tmp_path / "var"
    top.mkdir()
    os.chmod(str(prefix), 0o755)
    for name in ("Mailman", "bin", "mail"):
        (top / name).symlink_to(prefix / name)
    (prefix / "Mailman" / "mm_cfg.py").unlink()
    (prefix / "Mailman" / "mm_cfg.py").symlink_to(tmp_path / "etc" / "mm_cfg.py")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "mm_cfg.py").write_text("")
    for path in (top, tmp_path / "etc", tmp_path / "etc" / "mm_cfg.py"):
        os.chown(str(path), 0, GID)
        os.chmod(str(path), 0o2775 if path.is_dir() else 0o664)
    return top


def test_a_packages_code_is_closed_where_it_is(package, prefix, tmp_path, run_module):
    result = run_module(mailman_directories, prefix=str(package), group=GROUP)
    assert result["changed"] is True
    assert [state(path)[2] for path in (package, prefix / "Mailman", prefix / "bin/mailmanctl", prefix / "mail/mailman")] == ["2755", "2755", "0755", "0755"]
    # Mailman writes its passwords there.
    assert [state(tmp_path / "etc" / name)[2] for name in (".", "mm_cfg.py")] == ["3775", "0644"]
    assert state(prefix / "data")[2] == "2775"
    assert run_module(mailman_directories, prefix=str(package), group=GROUP)["changed"] is False


def test_a_packages_link_that_others_made_is_not_followed(package, run_module, tmp_path):
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    os.chmod(str(foreign), 0o777)
    (package / "scripts").symlink_to(foreign)
    os.lchown(str(package / "scripts"), OTHER, OTHER)
    result = run_module(mailman_directories, prefix=str(package), group=GROUP)
    assert "%s is nobody's" % (package / "scripts") in result["msg"]
    assert state(foreign)[2] == "0777"


def test_a_host_without_the_package(run_module, tmp_path):
    assert run_module(mailman_directories, prefix=str(tmp_path / "nothing"), group=GROUP)["changed"] is False
