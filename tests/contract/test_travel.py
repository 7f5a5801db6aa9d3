# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists travel: Mailman writes them into an archive and takes them out of one, sent and loaded as the modules do."""

import base64
import hashlib
import io
import json
import os
import shlex

import pytest
from conftest import CONFIGURE, PREFIX, SINK_FILE, header, message
from module_utils import _mailman_program
from module_utils._mailman_target import tar

ARCHIVE = "/root/lists.tar"
AS_LIST = "setpriv --reuid=list --regid=list --clear-groups"
APPROVE = """
mlist = MailList.MailList(%r)
mlist.HandleRequest(mlist.GetHeldMessageIds()[0], mm_cfg.APPROVE)
mlist.Save()
mlist.Unlock()
result(None)
"""

# All that a list has, by what Mailman itself finds; and what its files hold.
STATE = """
import hashlib
def scores(info):
    return info and [info.score, list(info.date), info.noticesleft]
def state(name):
    mlist = MailList.MailList(name, lock=1)
    try:
        answer = {
            'members': dict((one, [mlist.getMemberPassword(one), repr(mlist.getMemberName(one)), mlist.getDeliveryStatus(one),
                                   one in mlist.getDigestMemberKeys(), scores(mlist.getBounceInfo(one))]) for one in mlist.getMembers()),
            'password': mlist.password, 'topics': mlist.topics, 'url': mlist.web_page_url, 'host': mlist.host_name, 'prefix': mlist.subject_prefix,
            'held': [[str(part) for part in mlist.GetRecord(number)[1:4]] for number in mlist.GetHeldMessageIds()],
            'subscriptions': [list(mlist.GetRecord(number)[1:3]) for number in mlist.GetSubscriptionIds()],
            'public': os.path.realpath(mm_cfg.PUBLIC_ARCHIVE_FILE_DIR + '/' + name) == os.path.realpath(mm_cfg.PRIVATE_ARCHIVE_FILE_DIR + '/' + name),
        }
    finally:
        mlist.Unlock()
    files = {}
    for top in (mm_cfg.LIST_DATA_DIR + '/' + name, mm_cfg.PRIVATE_ARCHIVE_FILE_DIR + '/' + name, mm_cfg.PRIVATE_ARCHIVE_FILE_DIR + '/' + name + '.mbox'):
        for directory, _directories, entries in os.walk(top):
            for entry in entries:
                path = os.path.join(directory, entry)
                if not entry.startswith('config.pck') and entry != 'arrived':
                    status = os.stat(path)
                    files[path.replace('/' + name, '/LIST')] = [hashlib.sha1(open(path).read()).hexdigest(), oct(status.st_mode), int(status.st_mtime)]
    answer['files'] = files
    return answer
"""


@pytest.fixture
def run(mailman):
    """A function that has the program do something with an archive, as Mailman's user, which cannot open it."""

    def run(do, mode="", limit="", **arguments):
        arguments = dict(arguments, descriptor=9) if mode else arguments
        loader, given = _mailman_program.pack({"prefix": PREFIX, "do": do, "arguments": arguments})
        command = "cd / && exec %s %s -B -c %s %s" % (AS_LIST, CONFIGURE["with-python"], shlex.quote(loader), mode and "9%s%s" % (mode, ARCHIVE))
        return json.loads(mailman.run("umask 077; " + limit + command, stdin=given.decode("ascii")).stdout)

    return run


@pytest.fixture
def export(run):
    def export(lists=None, root=None, compressed=False, site_passwords=False, unreadable="fail", check=False, **options):
        arguments = dict(lists=lists, root=root, compressed=compressed, site_passwords=site_passwords, unreadable=unreadable, check=check)
        return run("export_lists", ">", lock_timeout=5, **arguments, **options)

    return export


@pytest.fixture
def bring(run):
    def bring(lists=None, root=None, existing="refuse", exported=None, queued_messages=True, templates=False, site_passwords=False, check=False, **options):
        if lists is not None:
            lists = [dict({"new_name": None, "email_host": None, "url_host": None}, **one) for one in lists]
        arguments = dict(lists=lists, existing=existing, exported=exported, queued_messages=queued_messages, templates=templates, check=check)
        return run("import_lists", "<", lock_timeout=5, root=root, site_passwords=site_passwords, **arguments, **options)

    return bring


@pytest.fixture
def full(mailman):
    """A list that has everything."""
    clean(mailman)
    mailman.newlist("full", ["anna@example.org", "berta@example.org"], topics=[("News", "news", "d", 0)], archive_private=0, generic_nonmember_action=0)
    mailman.newlist("shut", ["anna@example.org"], archive_private=1)
    mailman.clear_mail()
    mailman.python(
        "from Mailman.Bouncer import _BounceInfo\n"
        "mlist = MailList.MailList('full', lock=1)\n"
        "mlist.passwords['anna@example.org'] = 'secret of anna'\nmlist.setMemberName('anna@example.org', 'Anna M\\xfcller')\n"
        "mlist.setMemberOption('berta@example.org', mm_cfg.Digests, 1)\n"
        "mlist.setBounceInfo('anna@example.org', _BounceInfo('anna@example.org', 2.0, (2026, 1, 2), 3))\n"
        "mlist.HoldSubscription('carla@example.org', 'Carla', 'password', 0, 'en')\ngetattr(mlist, 'HoldUnsubscription', str)('berta@example.org')\n"
        "from Mailman import Message\nimport email\n"
        "mlist.HoldMessage(email.message_from_string('From: x@example.org\\nSubject: held\\n\\nHello.\\n', Message.Message), 'why', {'listname': 'full'})\n"
        "open(os.path.join(mlist.fullpath(), 'digest.mbox'), 'w').write('digest')\n"
        "mlist.Save()\nmlist.Unlock()\nresult(None)",
        user="list",
    )
    mailman.run(
        f"mkdir -p {PREFIX}/archives/private/full/2024-May {PREFIX}/lists/full/en; echo page >{PREFIX}/archives/private/full/2024-May/000001.html;"
        f" cd {PREFIX}/archives/private/full/2024-May; echo threads >thread.html; ln -s thread.html index.html; mkdir ../empty; cd /;"
        f" echo 'From x' >{PREFIX}/archives/private/full.mbox/full.mbox; echo template >{PREFIX}/lists/full/en/verify.txt;"
        f" chown -R list:list {PREFIX}/archives/private/full* {PREFIX}/lists/full"
    )
    mailman.run(f"rm -f {PREFIX}/qfiles/*/*.pck")
    mailman.wrapper("post full", message("full"))
    yield "full"
    clean(mailman)


def clean(mailman):
    mailman.run(
        f"cd {PREFIX}; rm -rf lists/full lists/shut lists/beside archives/*/full* archives/*/shut* archives/*/beside* data/heldmsg-*"
        f" locks/full.lock* qfiles/*/*.pck {ARCHIVE}"
    )


def state(mailman, name):
    return mailman.python(STATE + "result(state(%r))" % name, user="list")


def remove(mailman, *names):
    for name in names:
        mailman.tool(f"rmlist -a {name}", user="list")
    mailman.run(f"rm -f {PREFIX}/qfiles/*/*.pck")


@pytest.mark.parametrize("compressed", [False, True])
def test_lists_that_were_lost_come_back(mailman, full, export, bring, compressed):
    before = {name: state(mailman, name) for name in ("full", "shut")}
    assert (before["full"]["public"], before["shut"]["public"], len(before["full"]["files"]) >= 5) == (True, False, True)
    exported = export(["full", "shut"], compressed=compressed)["result"]
    assert [(one["name"], one["members"], one["held"], one["queued"], one["email_host"], one["fault"]) for one in exported["lists"]] == [
        ("full", 2, 1, 1, "list.example.com", ""), ("shut", 1, 0, 0, "list.example.com", "")]
    assert max(one["locked_seconds"] for one in exported["lists"]) < 1
    assert exported["sum"] == mailman.run("sha256sum " + ARCHIVE).stdout.split()[0]
    assert exported["size"] == int(mailman.run("stat -c %s " + ARCHIVE).stdout)
    assert "already" in bring()["error"]
    remove(mailman, "full", "shut")
    for check in (True, False):
        imported = bring(check=check)["result"]
        assert [(one["name"], one["new_name"], one["members"], one["held"], one["queued"]) for one in imported["lists"]] == [
            ("full", "full", 2, 1, 1), ("shut", "shut", 1, 0, 0)]
        assert mailman.exists(f"{PREFIX}/lists/full") is not check
    assert {name: state(mailman, name) for name in before} == before
    assert mailman.run(f"cd {PREFIX}; find lists archives data qfiles -name '*,*'").stdout == ""
    assert mailman.run(f"cd {PREFIX}; find lists/full archives/private/full* data/heldmsg-full-* ! -user list -o ! -group list").stdout == ""
    # What waited is sent, and what was held can be approved.
    mailman.run(f": >{SINK_FILE}")
    mailman.flush("Incoming", "Outgoing")
    assert [header(one["message"], "Subject") for one in mailman.mail()] == [["[Full] About something"]]
    mailman.python(APPROVE % "full", user="list")
    assert bring()["result"]["unchanged"] == ["full", "shut"]


def test_a_list_comes_back_beside_itself(mailman, full, export, bring):
    before = state(mailman, "full")
    export(["full"])
    new = dict(name="full", new_name="beside", email_host="list.example.net", url_host="www.example.net")
    assert bring([new], queued_messages=False)["result"]["lists"][0]["new_name"] == "beside"
    after = state(mailman, "beside")
    assert (after["host"], after["url"]) == ("list.example.net", "http://www.example.net/mailman/")
    same = ("members", "password", "topics", "held", "subscriptions", "public", "prefix")
    assert {key: after[key] for key in same} == {key: before[key] for key in same}
    differing = {name for name in after["files"] if after["files"][name][0] != before["files"].get(name, [0])[0]}
    # It names the held messages.
    assert {name.rpartition("/")[2] for name in differing} <= {"request.pck", "pending.pck"}
    assert mailman.run(f"ls {PREFIX}/qfiles/in | wc -l").stdout.strip() == "1"
    mailman.python(APPROVE % "beside", user="list")
    assert mailman.python("result([data for data in os.listdir(mm_cfg.DATA_DIR) if data.startswith('heldmsg-beside')])") == []
    assert state(mailman, "full") == before


def test_a_list_comes_into_its_own_place(mailman, full, export, bring):
    before = state(mailman, "full")
    export(["full"])
    mailman.tool("remove_members -n -N full anna@example.org", user="list")
    mailman.run(f"rm {PREFIX}/lists/full/digest.mbox {PREFIX}/data/heldmsg-full-*; echo more >{PREFIX}/archives/private/full/more; cp {ARCHIVE} /root/first")
    old_state, new_state = ({one["name"]: one["state"] for one in export(["full"])["result"]["lists"]} for _time in range(2))
    assert old_state == new_state
    mailman.run(f"mv /root/first {ARCHIVE}")
    assert "after it was exported. Nothing was replaced" in bring(existing="replace", exported={"full": "x"}, queued_messages=False)["error"]
    assert bring(existing="replace", exported=new_state, queued_messages=False)["result"]["replaced"] == ["full"]
    assert state(mailman, "full") == before
    assert mailman.run(f"ls {PREFIX}/qfiles/in | wc -l; ls {PREFIX}/data/heldmsg-full-* | wc -l").stdout == "1\n1\n"
    assert mailman.run(f"cd {PREFIX}; find lists archives data qfiles -name '*,*'").stdout == ""


def test_lists_go_to_another_root_and_come_from_there(mailman, full, export, bring):
    """A trial of a restore; and lists of which there are only files."""
    before = {name: state(mailman, name) for name in ("full", "shut", "mailman")}
    export(["full", "shut", "mailman"])
    mailman.run("rm -rf /run/trial; mkdir -m 700 /run/trial; chown list:list /run/trial")
    assert [one["name"] for one in bring(root="/run/trial")["result"]["lists"]] == ["full", "mailman", "shut"]
    assert {name: state(mailman, name) for name in before} == before
    remove(mailman, "full", "shut")
    exported = export(["full", "shut"], root="/run/trial")["result"]
    assert [(one["name"], one["members"], one["held"], one["queued"]) for one in exported["lists"]] == [("full", 2, 1, 1), ("shut", 1, 0, 0)]
    bring()
    assert {name: state(mailman, name) for name in before} == before


def test_lists_are_put_aside(mailman, full, run):
    files = mailman.run(f"cd {PREFIX}; find lists/full archives/*/full* data/heldmsg-full-* qfiles -type f | sort").stdout
    assert run("put_aside", lists=["full"], label="x", lock_timeout=5, check=False)["result"]["lists"] == ["full"]
    assert mailman.run(f"cd {PREFIX}/data/moved/x; find -type f | sed 's,^./,,' | sort").stdout == files
    assert mailman.run(f"cd {PREFIX}; find lists archives qfiles -name 'full*'; ls data/heldmsg-full-*", rc=None).stdout == ""
    assert "full" not in mailman.tool("list_lists -b").stdout.split()
    mailman.run(f"rm -r {PREFIX}/data/moved")


def test_a_list_that_cannot_be_read(mailman, full, export, bring):
    mailman.run(f"cd {PREFIX}/lists/shut; cp -a config.pck /root/good; head -c 100 /root/good | tee config.pck >config.pck.last")
    answer = export()["result"]
    assert [fault.split(" (")[0] for fault in answer["faults"]] == ["The list shut cannot be read"]
    assert mailman.run("stat -c %s " + ARCHIVE).stdout == "0\n"
    answer = export(unreadable="include")["result"]
    assert answer["faults"]
    assert mailman.run(f"cd {PREFIX}/lists/shut; ls | tr '\\n' ' '; stat -c %s config.pck").stdout == "config.pck config.pck.last 100\n"
    remove(mailman, "full")
    assert "The list shut could not be read when it was exported" in bring([dict(name="full"), dict(name="shut", new_name="beside")])["error"]
    assert not mailman.exists(f"{PREFIX}/lists/full")
    assert bring([dict(name="full")])["result"]["lists"]
    assert not mailman.exists(f"{PREFIX}/lists/,arriving")


def test_a_list_that_mailman_has_locked_waits(mailman, full, export):
    hold = "import sys\nsys.path.insert(0, %r)\nimport paths, time\nfrom Mailman.MailList import MailList\nm = MailList('full')\ntime.sleep(60)\n"
    mailman.write("/run/hold.py", hold % (PREFIX + "/bin"))
    locked = mailman.run(f"{AS_LIST} {CONFIGURE['with-python']} /run/hold.py >/dev/null 2>&1 & echo $!").stdout.strip()
    mailman.wait(f"test -e {PREFIX}/locks/full.lock")
    answer = export(["full"])
    assert "The list full is locked by process " + locked in answer["error"]
    mailman.run(f"kill -9 {locked}")
    # It left its lock behind.
    assert export(["full"])["result"]["lists"]
    assert not mailman.exists(f"{PREFIX}/locks/full.lock")


@pytest.mark.parametrize("damage, text", [
    ("truncate --size=-2000 {0}", "ends in the middle"),
    ("sed -i 's/template$/Template/' {0}", "was altered: 'lists/full/list/en/verify.txt' is another than its manifest says"),
    ("sed -i '0,/\"version\": 1/s//\"version\": 2/' {0}", "of version 2"),
    ("echo x >{0}", "ends in the middle"),
])
def test_an_archive_that_is_damaged(mailman, full, export, bring, damage, text):
    export(["full"])
    remove(mailman, "full")
    mailman.run(damage.format(ARCHIVE))
    before = mailman.run(f"cd {PREFIX}; find lists archives data qfiles | sort").stdout
    assert text in bring()["error"]
    assert mailman.run(f"cd {PREFIX}; find lists archives data qfiles | sort").stdout == before


SPRUNG = "/tmp/sprung"
EVIL = b"cos\nsystem\n(S'touch /tmp/sprung'\ntR."


def forge(mailman, name, content):
    """Exchange a file of the list full in the archive, or add it, as somebody does who can work out sums."""
    entries = tar.open_tar(io.BytesIO(base64.b64decode(mailman.run("base64 -w 0 " + ARCHIVE).stdout))).entries()
    files = {entry.name: (entry.is_directory, b"".join(entry.chunks())) for entry in entries}
    last = {key: json.loads(files.pop(key)[1]) for key in (b"manifests/full.json", b"manifest.json")}
    del files[b"manifest.sha256"]
    path = "lists/full/" + name
    files[path.encode()] = False, content
    last[b"manifests/full.json"]["files"][path] = [len(content), hashlib.sha256(content).hexdigest()]
    files[b"manifests/full.json"] = False, json.dumps(last[b"manifests/full.json"]).encode()
    last[b"manifest.json"]["lists"][0]["manifest"] = hashlib.sha256(files[b"manifests/full.json"][1]).hexdigest()
    files[b"manifest.json"] = False, json.dumps(last[b"manifest.json"]).encode()
    files[b"manifest.sha256"] = False, hashlib.sha256(files[b"manifest.json"][1]).hexdigest().encode()
    handle = io.BytesIO()
    writer = tar.Writer(handle)
    for place, (is_directory, text) in files.items():
        if is_directory:
            writer.add_directory(place.rstrip(b"/"), 0o2770, 0)
        else:
            writer.add_text(place, text)
    writer.finish()
    mailman.run(f"base64 -d >{ARCHIVE}", stdin=base64.b64encode(handle.getvalue()).decode())


def index(*articles):
    """The index of an archive, as Python 2's marshal writes it, with articles as pickles."""
    return b"{" + b"".join(b"".join(b"s%s%s" % (len(text).to_bytes(4, "little"), text) for text in (b"<%d>" % number, article))
                           for number, article in enumerate(articles)) + b"0"


ARTICLE = b"(iMailman.Archiver.HyperArch\nArticle\n(dS'__listname'\nS'%s'\nsb."


@pytest.mark.parametrize(("name", "content", "what"), [
    ("list/config.pck", EVIL, "os.system"),
    ("list/config.pck.last", EVIL, "os.system"),
    ("list/request.pck", EVIL, "os.system"),
    ("list/pending.pck", b"(dS'evictions'\n(dsS'x'\n" + EVIL[:-1] + b"s.", "os.system"),
    ("held/heldmsg-full-77.pck", b"(iMailman.Message\nMessage\n(dS'_headers'\n" + EVIL[:-1] + b"sb.", "os.system"),
    ("queues/in/1.5+0123456789012345678901234567890123456789.pck", b"S'x'\n." + EVIL, "os.system"),
    ("queues/shunt/1.5+0123456789012345678901234567890123456789.psv", EVIL, "os.system"),
    ("archive/pipermail.pck", b"(ios\n_exit\n.", "os._exit"),
    ("archive/database/2024-May-article", index(ARTICLE % b"full", EVIL), "os.system"),
    ("archive/database/2024-May-article", index(ARTICLE % b"../archives/private/full"), "an article with the name ../archives/private/full"),
    ("list/config.pck", b"(dS'_full_path'\nS'/etc'\ns.", "the setting _full_path"),
    ("queues/in/1.5+0123456789012345678901234567890123456789.pck", b"S'x'\n.(dS'pipeline'\n(lS'Sendmail'\nas.", "the pipeline ['Sendmail']"),
    # What is done to an object or a class of Mailman's comes before it.
    ("list/pending.pck", b"(iMailman.Message\nMessage\n(dS'_headers'\n(lsbS'a'\nS'b'\ns0" + EVIL, "something that cannot be looked at ("),
    ("list/pending.pck", b"cMailman.UserDesc\nUserDesc\n(dS'a'\nS'b'\nsb0" + EVIL, "something that cannot be looked at ("),
])
def test_an_archive_that_would_run_a_command(mailman, full, export, bring, name, content, what):
    """Mailman's own reader would; what comes before Mailman does not."""
    mailman.run(f"rm -f {SPRUNG}")
    export(["full"])
    forge(mailman, name, content)
    remove(mailman, "full")
    before = mailman.run(f"cd {PREFIX}; find lists archives data qfiles -type f | sort").stdout
    answer = bring()
    said = f"lists/full/{name} has what Mailman never writes there, and what would have it run or read something else: {what}"
    assert said in answer.get("error", ""), answer
    assert mailman.run(f"cd {PREFIX}; find lists archives data qfiles -type f | sort").stdout == before
    assert not mailman.exists(SPRUNG)
    if EVIL[:-1] in content and not name.startswith("archive"):
        mailman.write("/run/evil.pck", content.decode("latin-1"))
        mailman.python("import cPickle\nhandle = open('/run/evil.pck')\nfor time in (1, 2):\n    try:\n        cPickle.load(handle)\n"
                       "    except Exception:\n        pass\nresult(None)")
        assert mailman.exists(SPRUNG)


def test_what_mailman_itself_writes_comes(mailman, full, export, bring):
    """An archive that Mailman has made, and a confirmation that somebody waits for."""
    mailman.python(
        "from Mailman import Pending, UserDesc\nmlist = MailList.MailList('full', lock=1)\n"
        "mlist.pend_new(Pending.SUBSCRIPTION, UserDesc.UserDesc('dora@example.org', 'Dora', 'password', 0, 'en'))\nmlist.Save()\nmlist.Unlock()\nresult(None)",
        user="list",
    )
    mailman.write("/run/mbox", "From x@example.org Thu Jan  1 00:00:00 2026\n" + message("full"))
    if mailman.exists(f"{PREFIX}/bin/arch"):
        mailman.tool("arch --wipe full /run/mbox", user="list")
        assert mailman.run(f"ls {PREFIX}/archives/private/full/database").stdout
    links = f"cd {PREFIX}/archives/private/full; find . -type l -printf '%p %l\\n' | sort"
    before = mailman.run(links).stdout
    assert before.endswith("/index.html thread.html\n")
    assert export(["full"])["result"]["left_out"] == []
    remove(mailman, "full")
    assert bring()["result"]["lists"]
    assert mailman.run(links).stdout == before


def test_a_program_of_a_list_does_not_run(mailman, full, export, bring):
    export(["full"])
    forge(mailman, "list/extend.py", f"open({SPRUNG!r}, 'w')\n".encode())
    remove(mailman, "full")
    mailman.run(f"rm -f {SPRUNG}")
    assert bring()["result"]["programs"] == ["full"]
    state(mailman, "full")
    assert not mailman.exists(SPRUNG)
    mailman.run(f"mv {PREFIX}/lists/full/extend.py.arrived {PREFIX}/lists/full/extend.py")
    state(mailman, "full")
    # The double has no programs of lists.
    assert mailman.exists(SPRUNG) is ("double" not in os.environ.get("MAILMAN_ARCHIVE", "double"))


def test_a_compressed_archive_that_is_torn(mailman, full, export, bring):
    """Python 2 has an error of another kind for each place."""
    whole = export(["full"], compressed=True)["result"]["size"]
    remove(mailman, "full")
    for size in (whole - 1, whole - 8, whole - 9, whole // 2, 30, 12, 9, 5, 3, 2, 1, 0):
        mailman.run(f"truncate --size={size} {ARCHIVE}")
        assert "Take another copy of it." in bring()["error"], size
    assert not mailman.exists(f"{PREFIX}/lists/full")


def test_a_full_disk(mailman, full, export, bring):
    mailman.run(f"dd if=/dev/urandom of={PREFIX}/archives/private/full/big bs=1M count=3 status=none; chown list:list {PREFIX}/archives/private/full/big")
    export(["full"])
    remove(mailman, "full")
    mailman.run(f"mv {PREFIX}/archives/private /root/private; mkdir -m 2770 {PREFIX}/archives/private; chown list:list {PREFIX}/archives/private")
    mailman.run(f"mount -t tmpfs -o size=2M,uid=38,gid=38,mode=2770 none {PREFIX}/archives/private", rc=None)
    if mailman.run(f"mountpoint -q {PREFIX}/archives/private", rc=None).returncode:
        mailman.run(f"rmdir {PREFIX}/archives/private; mv /root/private {PREFIX}/archives/private")
        pytest.skip("this container cannot mount")
    try:
        assert "No space left on device. Nothing has changed." in bring()["error"].replace("u'", "'")
        assert mailman.run(f"find {PREFIX}/archives/private {PREFIX}/lists -name '*,*'").stdout == ""
    finally:
        mailman.run(f"umount {PREFIX}/archives/private; rmdir {PREFIX}/archives/private; mv /root/private {PREFIX}/archives/private")
    assert bring()["result"]["lists"]


def test_memory_is_bounded_by_one_file_at_a_time(mailman, full, export, bring):
    """A mailbox of 300 MB goes through a process that may have 200 MB."""
    mailman.run(f"head -c 300M /dev/zero >{PREFIX}/archives/private/full.mbox/full.mbox")
    assert export(["full"], limit="ulimit -v 200000; ")["result"]["lists"][0]["bytes"] > 300 << 20
    assert bring([dict(name="full", new_name="beside")], limit="ulimit -v 200000; ")["result"]["lists"]
