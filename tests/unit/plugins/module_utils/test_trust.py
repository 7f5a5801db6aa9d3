# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import Untrusted, check_code, resolve

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
OTHER = 65534


@pytest.fixture
def place(tmp_path):
    """A directory in a directory, and a file in it, all of whoever runs this."""
    path = tmp_path / "one"
    path.mkdir(mode=0o755)
    (path / "file").write_text("")
    os.chmod(str(path / "file"), 0o644)
    return path


def faults(path):
    with pytest.raises(Untrusted) as caught:
        resolve(str(path))
    return caught.value.writable, caught.value.foreign


def test_what_is_roots_leads_there(place, tmp_path):
    (tmp_path / "link").symlink_to("one")
    (tmp_path / "absolute").symlink_to(place)
    for path in ("one/file", "link/file", "absolute/file", "one/../one/./file", "link/../one//file"):
        assert resolve(str(tmp_path / path)) == str(place / "file")
    # What root could make there.
    assert resolve(str(place / "new" / "file")) == str(place / "new" / "file")


@pytest.mark.parametrize("mode, who", [(0o757, "can be written by everybody"), (0o775, "can be written by group")])
def test_a_directory_that_others_can_write(place, mode, who):
    if os.geteuid() == 0:
        os.chown(str(place), -1, OTHER)
    os.chmod(str(place), mode)
    writable, foreign = faults(place / "file")
    assert [text.startswith("%s %s" % (place, who)) for text in writable] == [True]
    assert foreign == []


def test_a_file_that_others_can_write(place):
    os.chmod(str(place / "file"), 0o646)
    assert faults(place / "file") == (["%s can be written by everybody" % (place / "file")], [])


@needs_root
@pytest.mark.parametrize("name", ["one", "one/file"])
def test_what_is_of_others(place, tmp_path, name):
    os.chown(str(tmp_path / name), OTHER, -1)
    assert faults(place / "file") == ([], ["%s is nobody's" % (tmp_path / name)])


@needs_root
def test_a_link_of_others(place, tmp_path):
    (tmp_path / "link").symlink_to(place)
    os.lchown(str(tmp_path / "link"), OTHER, OTHER)
    assert faults(tmp_path / "link" / "file") == ([], ["%s is nobody's" % (tmp_path / "link")])


@needs_root
def test_a_link_of_roots_to_where_others_can_write(place, tmp_path):
    (tmp_path / "link").symlink_to(place / "file")
    os.chown(str(place), OTHER, -1)
    assert faults(tmp_path / "link") == ([], ["%s is nobody's" % place])


def test_with_the_sticky_bit_what_is_there_stays(place):
    """As in /tmp: nobody can take away a file of root's, but make what is not there."""
    os.chmod(str(place), 0o1777)
    assert resolve(str(place / "file")) == str(place / "file")
    assert faults(place / "new") == (["%s can be written by everybody" % place], [])


def test_a_link_that_leads_nowhere(place):
    (place / "link").symlink_to("link")
    assert faults(place / "link") == ([], ["%s is a link that leads nowhere" % (place / "link")])


@pytest.fixture
def prefix(tmp_path):
    for directory in ("Mailman/Handlers", "bin", "archives/private"):
        (tmp_path / directory).mkdir(parents=True)
    for name in ("Mailman/mm_cfg.py", "Mailman/Handlers/Decorate.py", "bin/mailmanctl"):
        (tmp_path / name).write_text("")
    return tmp_path


def test_code_that_is_roots(prefix):
    check_code(str(prefix))


@pytest.mark.parametrize("name", ["bin/mailmanctl", "Mailman/Handlers", "Mailman/Handlers/Decorate.py", "Mailman/mm_cfg.py"])
def test_code_that_others_can_write_is_named(prefix, name):
    os.chmod(str(prefix / name), 0o777)
    with pytest.raises(Untrusted) as caught:
        check_code(str(prefix))
    assert (caught.value.writable, caught.value.foreign) == (["%s can be written by everybody" % (prefix / name)], [])
    assert str(caught.value) == caught.value.writable[0]


@needs_root
@pytest.mark.parametrize("name", ["bin/mailmanctl", "Mailman/Handlers", "Mailman/Handlers/Decorate.py", "Mailman/mm_cfg.py"])
def test_code_of_others_is_foreign(prefix, name):
    os.chown(str(prefix / name), OTHER, -1)
    with pytest.raises(Untrusted) as caught:
        check_code(str(prefix))
    assert (caught.value.writable, caught.value.foreign) == ([], ["%s is nobody's" % (prefix / name)])


@needs_root
def test_what_others_compiled_can_go(prefix):
    compiled = prefix / "Mailman" / "mm_cfg.pyc"
    compiled.write_text("")
    os.chown(str(compiled), OTHER, -1)
    with pytest.raises(Untrusted) as caught:
        check_code(str(prefix))
    assert (caught.value.writable, caught.value.foreign) == (["%s is nobody's" % compiled], [])


@needs_root
def test_a_link_of_others_in_the_place_of_data_is_foreign(prefix):
    (prefix / "archives" / "private").rmdir()
    (prefix / "archives" / "private").symlink_to("/etc")
    check_code(str(prefix))
    os.lchown(str(prefix / "archives" / "private"), OTHER, OTHER)
    with pytest.raises(Untrusted) as caught:
        check_code(str(prefix))
    assert caught.value.foreign == ["%s is nobody's" % (prefix / "archives" / "private")]


def test_only_a_few_of_many_are_told(prefix):
    for number in range(9):
        (prefix / "bin" / str(number)).write_text("")
        os.chmod(str(prefix / "bin" / str(number)), 0o666)
    with pytest.raises(Untrusted, match="bin/4 can be written by everybody; and 4 more$"):
        check_code(str(prefix))
