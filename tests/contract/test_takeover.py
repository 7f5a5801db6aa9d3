# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of a Mailman of others are unpacked from a tar, looked at, and put into this one, by its own code."""

import base64
import io
import json
import shlex
import tarfile

import pytest
from conftest import CONFIGURE, PREFIX, message
from module_utils import _mailman_program
from test_travel import AS_LIST, STATE

TAR, ARCHIVE, ROOT = "/root/files.tar", "/root/lists.tar", "/run/takeover"
NAME = "board_example.com"
HELD = """
from Mailman import Message
import email
mlist = MailList.MailList(%r, lock=1)
mlist.HoldMessage(email.message_from_string('From: x@example.org\\nSubject: held\\n\\nHello.\\n', Message.Message), 'why', {'listname': %r})
mlist.Save()
mlist.Unlock()
result(None)
"""
# What Mailman 2.0 left, with the version that a list had then.
OLDEST = """
import marshal
path = os.path.join(mm_cfg.LIST_DATA_DIR, %r)
mlist = MailList.MailList(%r, lock=0)
plain = (str, int, float, list, dict, tuple, type(None))
def is_plain(value):
    parts = list(value.items()) if isinstance(value, dict) else list(value) if isinstance(value, (list, tuple)) else ()
    return isinstance(value, plain) and all(is_plain(one) for one in parts)
state = dict((key, value) for key, value in mlist.__dict__.items() if not key.startswith('_') and is_plain(value))
state['data_version'] = 19
for key in ('bounce_info', 'delivery_status', 'usernames', 'header_filter_rules', 'from_is_list'):
    state.pop(key, None)
with open(os.path.join(path, 'config.db'), 'wb') as handle:
    marshal.dump(state, handle)
for entry in os.listdir(path):
    if entry.startswith('config.pck'):
        os.unlink(os.path.join(path, entry))
result(None)
"""


def ask(mailman, do, file, mode="<", **arguments):
    loader, given = _mailman_program.pack({"prefix": PREFIX, "do": do, "arguments": dict(arguments, descriptor=9)})
    command = "cd / && exec %s %s -B -c %s 9%s%s" % (AS_LIST, CONFIGURE["with-python"], shlex.quote(loader), mode, file)
    return json.loads(mailman.run("umask 077; " + command, stdin=given.decode("ascii")).stdout)


@pytest.fixture
def unpack(mailman):
    """A function that unpacks the tar into an empty directory."""

    def unpack(origin="there"):
        mailman.run(f"rm -rf {ROOT}; mkdir -m 700 {ROOT}; chown list:list {ROOT}")
        return ask(mailman, "unpack_lists", TAR, root=ROOT, origin=origin)

    yield unpack
    clean(mailman)


def clean(mailman):
    mailman.run(
        f"cd {PREFIX}; rm -rf lists/*board* lists/news* lists/odd archives/*/*board* archives/*/news* archives/*/odd* data/heldmsg-* qfiles/*/*.pck"
        f" locks/*board* {ROOT} {TAR} {ARCHIVE} /root/pack"
    )


@pytest.fixture
def cpanel(mailman):
    """A list as cPanel has it, with all that it has, in a tar as somebody makes it; it is not here any more."""
    clean(mailman)
    mailman.newlist(NAME, ["anna@example.org", "berta@example.org"], host_name="example.com", web_page_url="http://example.com/mailman/", archive_private=0)
    mailman.python(HELD % (NAME, NAME), user="list")
    mailman.wrapper(f"post {NAME}", message(NAME))
    mailman.run(
        f"cd {PREFIX}/archives/private; mkdir -p {NAME}/2024-May; echo threads >{NAME}/2024-May/thread.html; ln -s thread.html {NAME}/2024-May/index.html;"
        f" mkdir -m 2750 {NAME}/closed; chmod 2770 {PREFIX}/lists/{NAME};"
        f" ln -s /etc/passwd {NAME}/link; echo 'From x' >{NAME}.mbox/{NAME}.mbox; ln {NAME}/2024-May/thread.html {NAME}/second; mkdir former;"
        f" echo 'os.system(1)' >{PREFIX}/lists/{NAME}/extend.py; chown -R list:list {NAME}* former {PREFIX}/lists/{NAME}/extend.py"
    )
    pack(mailman)
    return mailman


def pack(mailman, options=""):
    """A tar of all lists but the site's, somewhere below cPanel's directory."""
    mailman.run(
        f"umask 077; mkdir -p /root/pack/usr/local/cpanel/3rdparty/; cd /root/pack; ln -s {PREFIX} usr/local/cpanel/3rdparty/mailman;"
        f" tar {options} -cf {TAR} --exclude=lists/mailman --exclude='private/mailman*' usr/local/cpanel/3rdparty/mailman/lists"
        " usr/local/cpanel/3rdparty/mailman/archives usr/local/cpanel/3rdparty/mailman/data usr/local/cpanel/3rdparty/mailman/qfiles; rm -r /root/pack"
    )
    mailman.run(f"cd {PREFIX}; rm -rf lists/*board* archives/*/*board* archives/private/former data/heldmsg-* qfiles/*/*.pck")


def put_in(mailman, *lists, origin="there", check=False):
    """What the role does with what was unpacked."""
    names = [one["name"] for one in lists]
    exported = ask(mailman, "export_lists", ARCHIVE, ">", root=ROOT, lists=names, compressed=False, site_passwords=False, unreadable="fail", lock_timeout=5,
                   check=False, origin=origin)
    assert exported["result"]["faults"] == []
    return ask(mailman, "import_lists", ARCHIVE, root=None, lists=list(lists), existing="refuse", exported=None, queued_messages=True, templates=False,
               site_passwords=False, lock_timeout=5, check=check)


BOARD = {"name": NAME, "new_name": "board", "email_host": "lists.example.com", "url_host": "www.example.com"}


@pytest.mark.parametrize("options", ["", "--format=posix", "--format=ustar", "-z"])
def test_a_list_of_cpanel_is_looked_at_and_comes(cpanel, unpack, options):
    if options:
        cpanel.run(f"mkdir /root/again; tar -xf {TAR} -C /root/again; tar {options} -cf {TAR} -C /root/again .; rm -r /root/again")
    found = unpack()["result"]
    [one] = of_boards(found["lists"])
    files, size = one.pop("files"), one.pop("bytes")
    assert one == {"name": NAME, "email_host": "example.com", "url_host": "example.com", "members": 2, "held": 1, "queued": 1, "program": True, "fault": ""}
    assert (files > 6, size > 1000) == (True, True)
    base = f"archives/private/{NAME}"
    left_out = [text for text in found["left_out"] if base in text or "former" in text]
    assert sorted(left_out) == [f"{base}/link: it is no file", "archives/private/former: there is no list former"]
    assert {"name": "mailman", "arrived": False} in found["here"]
    # Nothing has come of it yet.
    assert cpanel.run(f"cd {PREFIX}; ls -d lists/*board* archives/*/*board*", rc=None).stdout == ""
    assert cpanel.run(f"find {ROOT} -type l; find {ROOT} ! -user list").stdout == ""
    assert [one["new_name"] for one in put_in(cpanel, BOARD)["result"]["lists"]] == ["board"]
    state = cpanel.python(STATE + "result(state('board'))", user="list")
    assert (sorted(state["members"]), state["host"], state["url"]) == (
        ["anna@example.org", "berta@example.org"], "lists.example.com", cpanel.python("result(mm_cfg.DEFAULT_URL_PATTERN % 'www.example.com')"))
    assert [one[1] for one in state["held"]] == ["held"]
    assert {path.split("/")[-1] for path in state["files"]} >= {"thread.html", "index.html", "second", "LIST.mbox"}
    assert cpanel.run(f"cd {PREFIX}; cat lists/board/extend.py.arrived; ls qfiles/in | wc -l").stdout == "os.system(1)\n1\n"
    # The mail server sees it, and others see no more of its archive than before.
    modes = cpanel.run(f"cd {PREFIX}; stat -c %a lists/board archives/private/board/closed").stdout
    assert modes == "2775\n2750\n"


def test_a_second_takeover_from_the_same_place_leaves_what_came(cpanel, unpack):
    unpack()
    put_in(cpanel, BOARD)
    cpanel.tool("add_members -w n -a n -r - board", stdin="late@example.org\n", user="list")
    assert {"name": "board", "arrived": True} in unpack()["result"]["here"]
    answer = put_in(cpanel, BOARD)["result"]
    assert (answer["lists"], answer["unchanged"]) == ([], ["board"])
    assert "late@example.org" in cpanel.tool("list_members board", user="list").stdout
    # From elsewhere it is another list.
    assert {"name": "board", "arrived": False} in unpack("elsewhere")["result"]["here"]
    assert "There is a list board here already" in put_in(cpanel, BOARD, origin="elsewhere")["error"]


def test_a_takeover_that_was_killed_is_finished_by_the_next(cpanel, unpack):
    unpack()
    put_in(cpanel, BOARD)
    # As after the journal, when the last of the renames was not done yet.
    journal = json.dumps({"lists": ["board"], "replaced": [], "discard": False})
    cpanel.run(f"cd {PREFIX}/lists; mkdir ,arriving; mv board ,arriving/; cat >,arriving/,journal; chown -R list:list ,arriving", stdin=journal)
    assert {"name": "board", "arrived": True} not in unpack()["result"]["here"]
    answer = put_in(cpanel, BOARD)["result"]
    assert (answer["lists"], answer["finished"], answer["unchanged"]) == ([], ["board"], ["board"])
    assert "board" in cpanel.tool("list_lists -b", user="list").stdout.split()


def test_a_list_of_the_oldest_format_is_converted_by_mailman(mailman, unpack):
    clean(mailman)
    mailman.newlist("board", ["anna@example.org", "berta@example.org"], host_name="example.com", description="of old")
    mailman.python(OLDEST % ("board", "board"), user="list")
    pack(mailman)
    [one] = of_boards(unpack()["result"]["lists"])
    assert (one["members"], one["fault"], one["email_host"]) == (2, "", "example.com")
    assert mailman.run(f"ls {ROOT}/lists/board").stdout.split() == ["config.db"]
    assert put_in(mailman, dict(BOARD, name="board"))["result"]["lists"]
    assert mailman.python("mlist = MailList.MailList('board', lock=0)\nresult([mlist.description, mlist.data_version == mm_cfg.DATA_FILE_VERSION,"
                          " sorted(mlist.getMembers())])", user="list") == ["of old", True, ["anna@example.org", "berta@example.org"]]
    assert "config.pck" in mailman.run(f"ls {PREFIX}/lists/board").stdout.split()


def test_lists_that_cannot_be_read_are_told_one_by_one(mailman, unpack):
    clean(mailman)
    for name in ("board", "board2", "board3", "board4"):
        mailman.newlist(name, ["anna@example.org"])
    evil = "cPickle.dump({'x': os.system}, open(%r, 'wb'))" % f"{PREFIX}/lists/board2/config.pck"
    mailman.python("import cPickle\n" + evil + "\nresult(None)", user="list")
    mailman.run(f"cd {PREFIX}/lists; echo torn | tee board3/config.pck >board3/config.pck.last; rm -f board3/*.safety board4/config.pck*")
    pack(mailman)
    found = {one["name"]: one["fault"] for one in of_boards(unpack()["result"]["lists"])}
    assert found.pop("board") == ""
    assert "posix.system" in found.pop("board2") and "MMCorruptListDatabaseError" in found.pop("board3")
    assert found == {"board4": "it has no config.pck"}


def of_boards(lists):
    """Those of these tests: others leave lists behind, which are in the tar, too."""
    return [one for one in lists if "board" in one["name"]]


def entry(name, content=b"x", **fields):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, content


def write(mailman, *entries, tail=b"", cut=None):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for info, content in entries:
            tar.addfile(info, io.BytesIO(content) if info.isreg() else None)
    mailman.run(f"base64 -d >{TAR}", stdin=base64.b64encode((data.getvalue() + tail)[:cut]).decode("ascii"))


CONFIG = entry("lists/odd/config.pck", b"torn")


@pytest.mark.parametrize("name", ["../../../../etc/owned", "/etc/owned", "lists/../../../etc/owned", "lists/odd/../../../../etc/owned",
                                  "archives/private/../../../../etc/owned", "qfiles/../../../etc/owned", "data/heldmsg-../../etc/owned-1.pck"])
def test_no_name_leads_out(mailman, unpack, name):
    write(mailman, CONFIG, entry(name))
    found = unpack()["result"]
    assert [one["name"] for one in found["lists"]] == ["odd"]
    assert mailman.run("ls /etc/owned /run/etc", rc=None).stdout == ""
    assert mailman.run(f"find {ROOT} -name 'owned*'").stdout == ""


@pytest.mark.parametrize("fields", [{"type": tarfile.SYMTYPE, "linkname": "/etc"}, {"type": tarfile.LNKTYPE, "linkname": "/etc/passwd"},
                                    {"type": tarfile.LNKTYPE, "linkname": "lists/../../../etc/passwd"}, {"type": tarfile.CHRTYPE}, {"type": tarfile.FIFOTYPE}])
def test_no_link_leads_out_and_nothing_but_files_is_made(mailman, unpack, fields):
    write(mailman, CONFIG, entry("archives/private/odd", b"", **fields), entry("archives/private/odd2/x", b"", **fields))
    found = unpack()["result"]
    assert len([what for what in found["left_out"] if what.startswith(("archives/private/odd: it is", "archives/private/odd2/x: it is"))]) == 2
    assert mailman.run(f"find {ROOT} ! -type f ! -type d; find {ROOT}/archives -type f").stdout == ""


@pytest.mark.parametrize(("entries", "options", "words"), [
    ([entry("home/x")], {}, "The archive has no lists"),
    ([CONFIG, entry("old/lists/odd/config.pck")], {}, "lists of several Mailmans, in ., old"),
    ([CONFIG, entry("lists/odd/config.pck/x")], {}, "has a file that cannot be"),
    ([CONFIG, entry("lists/odd/big", b"x" * 9000)], {"cut": 6000}, "ends in the middle"),
    ([CONFIG], {"tail": b"more" * 128}, "goes on after its end"),
    ([CONFIG, entry("lists/odd/holes", b"", type=tarfile.GNUTYPE_SPARSE)], {}, "a file with holes"),
])
def test_a_torn_or_strange_archive(mailman, unpack, entries, options, words):
    write(mailman, *entries, **options)
    assert words in unpack()["error"]


def test_an_altered_archive(mailman, unpack):
    write(mailman, CONFIG, entry("lists/odd/other"))
    mailman.run(f"printf evil | dd of={TAR} bs=1 seek=1030 conv=notrunc status=none")
    assert "a header has another sum" in unpack()["error"]
    mailman.run(f"gzip -c {TAR} | head -c 100 >{TAR}.gz; mv {TAR}.gz {TAR}")
    assert "cannot be uncompressed" in unpack()["error"]
    mailman.run(f"printf 'BZh91AY' >{TAR}")
    assert "compressed with bzip2" in unpack()["error"]


def test_what_is_in_an_archive_is_no_mailman(mailman, unpack):
    write(mailman, CONFIG, entry("archives/private/odd/attachments/lists/x/config.pck"))
    assert [one["name"] for one in unpack()["result"]["lists"]] == ["odd"]


def test_a_directory_that_is_not_empty(mailman, unpack):
    write(mailman, CONFIG)
    unpack()
    assert "there is something in" in ask(mailman, "unpack_lists", TAR, root=ROOT, origin="x")["error"]
