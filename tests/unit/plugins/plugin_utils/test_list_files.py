# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists in files of the controller: what is read, what is refused, and that what was written is read as the same."""

import os

import pytest
from ansible.parsing import vault as vaults
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._list_files import combine, format_files, read_lists, write_files
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import Faulty

SECRET = VaultSecret(b"opensesame")


@pytest.fixture
def read(tmp_path):
    """Return a function that writes files and reads the lists that they are."""

    def read(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", ".")
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        loader = DataLoader()
        loader.set_vault_secrets([("default", SECRET)])
        return read_lists(str(tmp_path), loader)

    return read


@pytest.fixture
def faults(read, tmp_path):
    """Return a function that tells what is wrong with files, without the directory's name."""

    def faults(**files):
        with pytest.raises(Faulty) as caught:
            read(**files)
        return [text.replace("mailman_lists_dir: %s/" % tmp_path, "") for text in caught.value.args]

    return faults


def test_lists_and_their_members(read):
    lists = read(
        announce__yml="owners: [anna@example.org]\nsettings: {subject_prefix: '[{{ x }}] '}\n",
        announce__txt="\ufeff# Since 1999\n\nDora Müller <dora@example.org>\n emil@example.org \n".encode(),
        board__yml="---\nname: board\nmembers: [fritz@example.org]\n",
        empty__yml="",
        staff__yml="members_mode: exact\n",
        staff__csv='address,name,digest,nomail\ngerda@example.org,"Gross, Gerda",true,\nhans@example.org ,, FALSE,True\n',
        README__md="Not a list",
        **{".announce__yml__swp": b"\xff", "announce__yml~": "x: ["},
    )
    assert lists == [
        {"name": "announce", "owners": ["anna@example.org"], "settings": {"subject_prefix": "[{{ x }}] "},
         "members": ["Dora Müller <dora@example.org>", "emil@example.org"]},
        {"name": "board", "members": ["fritz@example.org"]},
        {"name": "empty"},
        {"name": "staff", "members_mode": "exact", "members": [
            {"address": "gerda@example.org", "name": "Gross, Gerda", "digest": True}, {"address": "hans@example.org", "digest": False, "nomail": True}]},
    ]  # fmt: skip
    assert [type(one) for one in lists[0]["owners"]] == [str]


def test_encrypted_files(read, monkeypatch):
    if hasattr(vaults, "VaultSecretsContext"):
        # As ansible-playbook has it, from ansible-core 2.19 on.
        monkeypatch.setattr(vaults.VaultSecretsContext, "_current", vaults.VaultSecretsContext([("default", SECRET)]))
    vault = VaultLib([("default", SECRET)])
    inline = vault.encrypt("the list's").decode().replace("\n", "\n  ")
    lists = read(
        board__yml="password: !vault |\n  %s\nowners: [anna@example.org]\n" % inline,
        board__txt=vault.encrypt("dora@example.org\n"),
        staff__yml=vault.encrypt("password: the staff's\n"),
    )
    assert lists == [{"name": "board", "password": "the list's", "owners": ["anna@example.org"], "members": ["dora@example.org"]},
                     {"name": "staff", "password": "the staff's"}]
    assert {type(lists[0]["password"])} == {str}


def test_faults_of_files(faults):
    assert faults(
        a__yml="name: b\n",
        b__yaml="owners: []\n",
        c__txt="dora@example.org\n",
        d__yml="[x]\n",
        d__txt="dora@example.org\n",
        e__yml="members: []\n",
        e__txt="",
        f__yml="",
        f__txt="",
        f__csv="address\n",
        g__yml="",
        g__txt=b"J\xfcrgen <j@example.org>\n",
    ) == [
        "a.yml has name 'b', but the file is called after the list. Take the line out, or give the file another name.",
        "b.yaml is no file of a list. Call it NAME.yml, or NAME.txt or NAME.csv if it has members, or take it away.",
        "c.txt has members of a list that is not there. Write c.yml, or take it away.",
        "d.yml has a list and not a mapping. Write the list's options, as in owners: [anna@example.org].",
        "f.txt is beside another file with members of f. Take one of the two away.",
        "g.txt cannot be read: 'utf-8' codec can't decode byte 0xfc in position 1: invalid start byte. Correct it.",
        "e.yml has members, and there is a file with members beside it. Take one of the two away.",
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "fault"), [
    ("", "has no column address in its first line. Write one, as in address,name,digest."),
    ("adress,name\n", "has a column 'adress', which is no key of a member (did you mean address?). Those are ack, address, digest"),
    ("address,address\n", "has a column twice"),
    ("address,digest\nx@example.org,ja\n", "has in line 2 'ja' for digest. Write true or false, or nothing."),
    ("address,name\nx@example.org,Gross, Gerda\n", "has in line 2 another number of fields than in the first line. Put what has a comma in it in quotes."),
    ("address,name\nx@example.org\n", "has in line 2 another number of fields"),
    ('address,name\nx@example.org,"Gerda\n', "cannot be read: unexpected end of data. Correct it."),
])
def test_faults_of_tables(faults, text, fault):
    assert fault in faults(x__yml="", x__csv=text)[0]


def test_faults_of_yaml_are_one_line(faults):
    [fault] = faults(x__yml="owners: [\n")
    assert fault.startswith("x.yml cannot be read: ")
    assert "\n" not in fault


def test_a_directory_is_relative_to_where_ansible_is_started(tmp_path, monkeypatch):
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "board.yml").write_text("owners: [anna@example.org]\n")
    monkeypatch.chdir(tmp_path)
    loader = DataLoader()
    loader.set_basedir("/usr")
    assert read_lists("lists", loader) == [{"name": "board", "owners": ["anna@example.org"]}]
    (tmp_path / "lists" / "board.txt").write_bytes(b"\xff")
    with pytest.raises(Faulty, match="mailman_lists_dir: lists/board.txt cannot be read"):
        read_lists("lists", loader)


def test_a_directory_that_is_not_there(tmp_path):
    with pytest.raises(Faulty) as caught:
        read_lists(str(tmp_path / "none"), DataLoader())
    assert caught.value.args == ("mailman_lists_dir is '%s/none', which cannot be read as a directory of the controller: No such file or directory. "
                                 "Correct it, or make the directory." % tmp_path,)


def test_keys_of_a_file_win():
    assert combine([{"name": "mailman", "owners": ["a"], "description": "x"}, {"name": "board"}], [{"name": "mailman", "owners": ["b"]}, {"name": "new"}]) == [
        {"name": "mailman", "owners": ["b"], "description": "x"}, {"name": "board"}, {"name": "new"}]


DESCRIBED = [
    {"name": "board", "owners": ["anna@example.org"], "description": "Grüße: {{ x }}", "settings": {"info": "a\nb\n", "max_message_size": 0}, "left_out": [],
     "members": ["Dora, the one <dora@example.org>", {"address": "Emil@example.org", "name": 'E "m" <il>', "digest": True, "nomail": False}, "f@example.org"]},
    {"name": "staff", "owners": ["anna@example.org"], "settings": {}, "left_out": [], "members": ["Dora <dora@example.org>", "emil@example.org"]},
    {"name": "v1.5", "owners": ["anna@example.org"], "settings": {}, "left_out": [], "members": []},
]


def test_what_was_written_is_read_as_the_same(tmp_path):
    directory = str(tmp_path / "lists")
    assert write_files(directory, format_files(DESCRIBED), True) == ["board.yml", "board.csv", "staff.yml", "staff.txt", "v1.5.yml", "v1.5.txt"]
    assert not os.path.exists(directory)
    assert len(write_files(directory, format_files(DESCRIBED), False)) == 6
    assert write_files(directory, format_files(DESCRIBED), False) == []
    assert read_lists(directory, DataLoader()) == [
        {"name": "board", "owners": ["anna@example.org"], "description": "Grüße: {{ x }}", "settings": {"info": "a\nb\n", "max_message_size": 0}, "members": [
            {"address": "dora@example.org", "name": "Dora, the one"},
            {"address": "Emil@example.org", "name": 'E "m" <il>', "digest": True, "nomail": False},
            {"address": "f@example.org"}]},
        {"name": "staff", "owners": ["anna@example.org"], "members": ["Dora <dora@example.org>", "emil@example.org"]},
        {"name": "v1.5", "owners": ["anna@example.org"], "members": []},
    ]  # fmt: skip
    assert [oct(os.stat(path).st_mode & 0o777) for path in (directory, directory + "/board.csv")] == ["0o700", "0o600"]
    assert sorted(os.listdir(directory)) == sorted(format_files(DESCRIBED))
    # For people to read.
    assert (tmp_path / "lists" / "board.yml").read_text() == (
        "---\ndescription: 'Grüße: {{ x }}'\nowners:\n- anna@example.org\nsettings:\n  info: 'a\n\n    b\n\n    '\n  max_message_size: 0\n")
    assert (tmp_path / "lists" / "board.csv").read_text() == (
        'address,digest,name,nomail\ndora@example.org,,"Dora, the one",\nEmil@example.org,true,"E ""m"" <il>",false\nf@example.org,,,\n')


def test_nothing_is_overwritten(tmp_path):
    directory = str(tmp_path)
    (tmp_path / "board.yml").write_text("mine\n")
    (tmp_path / "staff.csv").write_text("address\n")
    with pytest.raises(Faulty) as caught:
        write_files(directory, format_files(DESCRIBED), False)
    assert caught.value.args == ("%s/board.yml is there, with another content." % directory,
                                 "%s/staff.csv is there, and the list's members would be written to staff.txt." % directory)
    assert sorted(os.listdir(directory)) == ["board.yml", "staff.csv"]
