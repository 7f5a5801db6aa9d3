# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists as data: what the inventory says, what the modules do with it, and what they do when something goes wrong."""

import json
import re
import time

import pytest
from conftest import start_mailman
from waiting import eventually, until_mailman_is_idle

OWNER = "anna@example.org"
# Those of the inventory, and the site list.
LISTS = ["a+b", "announce", "deutsch", "digests", "each+1", "mailman"]
# What the text of the inventory becomes in the charset of English, which is us-ascii.
ANNOUNCE = "Neues f&#252;r alle &#9731;"


def wanted(name, **options):
    """A list with the least that is needed to create it."""
    return dict({"name": name, "owners": [OWNER]}, **options)


# --- What the role made of the inventory ---


def test_lists_of_the_inventory(attributes, mailman):
    assert attributes("announce", "description", "owner", "moderator", "max_message_size", "advertised", "host_name", "web_page_url") == [
        ANNOUNCE,
        ["anna@example.org", "otto@example.net"],
        ["mona@example.edu"],
        200,
        0,
        "list.example.com",
        "http://www.example.com/mailman/",
    ]
    assert attributes("announce", "subject_prefix") == ["[Änn] "]
    assert attributes("deutsch", "preferred_language", "description", "msg_footer") == ["de", "Grüße", "Schöne Grüße\n"]
    assert attributes("mailman", "owner") == [["postmaster@example.org"]]
    assert mailman(
        "i = __import__('Mailman.i18n', fromlist=['x']); i.set_language('en')\nprint json.dumps(MailList('announce', lock=0).GetDescription('utf-8'))"
    ) == ("Neues für alle ☃")


def test_members_of_the_inventory(mailman):
    members = mailman(
        "m = MailList('announce', lock=0)\n"
        "print json.dumps(sorted((m.getMemberCPAddress(a), m.getMemberName(a) or '', bool(m.getMemberOption(a, mm_cfg.Digests)),"
        " bool(m.getMemberOption(a, mm_cfg.Moderate)), m.getDeliveryStatus(a) != 0) for a in m.getMembers()))"
    )
    assert members == [
        ["Bob@example.net", "Bob Müller ☃", True, False, False],
        ["alice@example.org", "", False, False, False],
        ["carol@example.edu", "", False, True, True],
    ]
    assert mailman("print json.dumps(MailList('deutsch', lock=0).getMemberName('juergen@example.org'))") == "Jürgen Groß"


def test_passwords_of_the_inventory(mailman):
    code = (
        "m = MailList('announce', lock=0)\n"
        "print json.dumps([m.Authenticate([role], %r) != mm_cfg.UnAuthorized for role in (mm_cfg.AuthListAdmin, mm_cfg.AuthSiteAdmin)])"
    )
    assert mailman(code % "announce for the tests") == [True, False]
    assert mailman(code % "the site for the tests") == [False, True]
    assert mailman(code % "") == [False, False]


def test_files_are_mailmans(list_host):
    for path, mode in {"lists/announce": "0o2775", "lists/announce/config.pck": "0o660", "data/adm.pw": "0o640"}.items():
        file = list_host.file("/var/lib/mailman/" + path)
        assert (file.user, file.group, oct(file.mode)) == ("list", "list", mode)
    assert list_host.check_output("find /var/lib/mailman/lists /var/lib/mailman/archives -mindepth 2 ! -user list") == ""


# --- Create, change, remove ---


def test_a_new_list_receives_mail_at_once(list_host, manage, send, sink, tidy):
    before = list_host.check_output("md5sum /etc/exim4/exim4.conf; systemctl show -p ActiveEnterTimestamp exim4")
    assert send(list_host, "atonce@list.example.com", sender="dora@example.org").code == 550
    manage([wanted("atonce", members=["dora@example.org", "emil@example.net"])])
    mark = sink.mark()
    assert send(list_host, "atonce@list.example.com", sender="dora@example.org", data="To: atonce@list.example.com\nSubject: first\n\nHello\n").code == 250
    messages = sink.wait(recipients=2, since=mark, host=list_host)
    assert sorted(recipient for message in messages for recipient in message.rcpt_tos) == ["dora@example.org", "emil@example.net"]
    assert {message.content["Subject"] for message in messages} == {"[Atonce] first"}
    assert list_host.check_output("md5sum /etc/exim4/exim4.conf; systemctl show -p ActiveEnterTimestamp exim4") == before


def test_check_mode_announces_what_the_real_run_does(manage, fingerprint, tidy):
    manage(
        [
            wanted(
                "change",
                members=["a@example.org", {"address": "b@example.org", "name": "B"}, "c@example.org"],
                settings={"ban_list": ["^.*@example\\.com$", "x@example.com"]},
                password="old",
            ),
            wanted("remove"),
            wanted("same"),
        ]
    )
    lists = [
        wanted("create", description="Ä", members=[{"address": "d@example.org", "digest": True}], initial_settings={"advertised": False}),
        {
            "name": "change",
            "owners": ["otto@example.net"],
            "language": "de",
            "description": "Käse",
            "email_host": "lists.example.com",
            "url_host": "web.example.com",
            "password": "new",
            "update_password": "always",
            "initial_settings": {"max_message_size": 3},
            "settings": {
                "ban_list": ["x@example.com", "^.*@example\\.com$"],
                "bounce_info_stale_after": 3,
                "filter_mime_types": ["image/png"],
                "header_filter_rules": [{"pattern": "^x-spam: ja.*ü", "action": "discard"}],
                "msg_footer": "Ü\n",
                "new_member_options": ["hide", "nodupes"],
                "topics": [{"name": "t", "pattern": "one\ntwo", "description": "d"}],
            },
            "members": [{"address": "b@example.org", "name": "B Ö ☃", "nomail": True}, {"address": "E@example.org", "moderated": True}],
            "members_mode": "exact",
        },
        {"name": "remove", "state": "absent"},
        wanted("same"),
    ]
    before = fingerprint()
    announced = manage(lists, "--check", "--diff", site_password="another site for the tests")
    # Of lists that are not among these.
    announced.pop("warnings")
    assert fingerprint() == before
    assert announced["changed"]
    assert [(one["name"], one["change"]) for one in announced["lists"]] == [("create", "created"), ("change", "changed"), ("remove", "removed")]
    change = announced["lists"][1]
    assert change["settings"]["owner"] == {"before": [OWNER], "after": ["otto@example.net"]}
    assert change["settings"]["bounce_info_stale_after"] == {"before": 7, "after": 3}
    assert "ban_list" not in change["settings"]
    assert "max_message_size" not in change["settings"]
    assert change["members"] == {
        "added": [{"address": "E@example.org", "moderated": True}],
        "removed": ["a@example.org", "c@example.org"],
        "changed": [{"address": "b@example.org", "options": {"name": {"before": "B", "after": "B Ö ☃"}, "nomail": {"before": False, "after": True}}}],
    }
    assert change["password_changed"]
    done = manage(lists, "--diff", site_password="another site for the tests")
    assert done == announced
    assert len(done["diff"]) == 3
    again = manage(lists, "--diff", site_password="another site for the tests")
    assert (again["changed"], again["lists"], again["diff"]) == (False, [], [])
    assert manage([], site_password="the site for the tests")["site_password_changed"]


def test_what_is_not_stated_is_left_to_the_list(manage, mailman, tidy):
    manage([wanted("loose", description="first", initial_settings={"max_message_size": 7}, members=["a@example.org"], password="one")])
    mailman(
        "m = MailList('loose')\n"
        "m.description = 'by hand'; m.max_message_size = 8; m.Save()\n"
        "m.ApprovedAddMember(__import__('Mailman.UserDesc', fromlist=['x']).UserDesc('b@example.org'), 0, 0)\n"
        "m.setMemberOption('a@example.org', mm_cfg.Digests, 1); m.Save(); m.Unlock(); print 0"
    )
    result = manage([wanted("loose", initial_settings={"max_message_size": 7}, members=["A@example.org"], password="two")])
    assert not result["changed"]


def test_a_member_changed_on_the_web(manage, mailman, tidy):
    lists = [wanted("web", members=[{"address": "a@example.org", "name": "Änne", "digest": False, "nomail": False, "hide": False}])]
    manage(lists)
    # The same calls as Mailman's options page makes.
    mailman(
        "m = MailList('web')\n"
        "m.setMemberName('a@example.org', 'Anne'); m.setMemberOption('a@example.org', mm_cfg.Digests, 1)\n"
        "m.setMemberOption('a@example.org', mm_cfg.ConcealSubscription, 1); m.setDeliveryStatus('a@example.org', 2)\n"
        "m.Save(); m.Unlock(); print 0"
    )
    for options in ("--check",), ():
        (report,) = manage(lists, *options)["lists"]
        assert report["members"]["changed"] == [
            {
                "address": "a@example.org",
                "options": {
                    "digest": {"before": True, "after": False},
                    "hide": {"before": True, "after": False},
                    "name": {"before": "Anne", "after": "Änne"},
                    "nomail": {"before": True, "after": False},
                },
            }
        ]
    assert not manage(lists)["changed"]


def test_text_changed_by_a_browser_is_the_same_text(manage, mailman, tidy):
    lists = [wanted("browser", language="de", description="Grüße ☃", settings={"msg_footer": "eins\nzwei\n", "subject_prefix": "[ä] "})]
    manage(lists)
    mailman("m = MailList('browser')\nm.msg_footer = 'eins\\r\\nzwei\\r\\n'; m.description = 'Gr&#252;\\xdfe &#9731;'; m.Save(); m.Unlock(); print 0")
    assert not manage(lists)["changed"]


def test_members_are_added_and_removed_quietly(list_host, manage, sink, tidy):
    mark = sink.mark()
    log = list_host.file("/var/lib/mailman/logs/subscribe")
    logged = log.size
    settings = {"send_welcome_msg": True, "send_goodbye_msg": True, "admin_notify_mchanges": True}
    manage([wanted("quiet", settings=settings, members=["a@example.org", "b@example.org"])])
    manage([wanted("quiet", members=[{"address": "a@example.org", "state": "absent"}, {"address": "never@example.org", "state": "absent"}])])
    manage([wanted("quiet", members=[], members_mode="exact")])
    assert re.findall(r"quiet: (.*?)[,;] \S*Ansible", log.content_string[logged:]) == [
        "new a@example.org",
        "new b@example.org",
        "deleted a@example.org",
        "deleted b@example.org",
    ]
    assert list_host.check_output("find /var/lib/mailman/qfiles -type f") == ""
    assert sink.messages(since=mark) == []


def test_password(manage, mailman, tidy):
    def opens(password):
        code = "m = MailList('secret', lock=0)\nprint json.dumps(m.Authenticate([mm_cfg.AuthListAdmin], %r) != mm_cfg.UnAuthorized)"
        return mailman(code % password)

    manage([wanted("secret")])
    assert not opens("")
    assert manage([wanted("secret", password="one", update_password="always")])["lists"][0]["password_changed"]
    assert opens("one")
    assert not manage([wanted("secret", password="two")])["changed"]
    assert opens("one")


def test_lists_changed_outside_show_in_check_mode(list_host, manage, tidy):
    lists = [wanted("outside"), wanted("stays")]
    manage(lists)
    list_host.check_output("cd /var/lib/mailman/lists && mv outside renamed")
    result = manage(lists, "--check")
    assert [(one["name"], one["change"]) for one in result["lists"]] == [("outside", "created")]
    others = [*LISTS, "renamed"]
    assert result["unlisted"] == others
    assert result["warnings"] == ["/var/lib/mailman has lists that are not among these: %s. They are left alone." % ", ".join(others)]
    list_host.check_output("cd /var/lib/mailman/lists && mv renamed outside")
    assert not manage(lists, "--check")["changed"]


def test_purge_spares_the_site_list_and_archives(list_host, manage, names, tidy):
    kept = [{"name": name} for name in LISTS if name != "mailman"]
    manage([wanted("unwanted"), wanted("unloved")])
    list_host.check_output(
        "cd /var/lib/mailman && touch archives/private/unwanted.mbox/unwanted.mbox data/heldmsg-unwanted-1.pck data/heldmsg-unwanted-more-1.pck"
    )
    result = manage(kept, purge=True)
    assert [(one["name"], one["change"]) for one in result["lists"]] == [("unloved", "removed"), ("unwanted", "removed")]
    assert names() == LISTS
    assert list_host.file("/var/lib/mailman/archives/private/unwanted.mbox/unwanted.mbox").exists
    assert not list_host.file("/var/lib/mailman/data/heldmsg-unwanted-1.pck").exists
    assert list_host.file("/var/lib/mailman/data/heldmsg-unwanted-more-1.pck").exists
    list_host.check_output("rm /var/lib/mailman/data/heldmsg-unwanted-more-1.pck")
    assert list_host.check_output("ls /var/lib/mailman/locks | grep -v ^master-qrunner || :") == ""
    assert not manage(kept, purge=True)["changed"]
    # Its archives are found again when the list comes back, and go when they are told to.
    manage([wanted("unwanted")])
    manage([{"name": "unwanted", "state": "absent"}], keep_archives=False)
    assert list_host.check_output("ls -d /var/lib/mailman/archives/*/unwanted* 2>/dev/null || :") == ""


# --- Refusals ---


def test_every_fault_is_named_and_nothing_is_done(fail, fingerprint):
    before = fingerprint()
    result = fail(
        [
            wanted("good", members=["a@example.org"]),
            wanted("announce-admin"),
            {"name": "Upper"},
            {"name": "mailman", "state": "absent"},
            wanted("typo", settings={"max_mesage_size": 1, "owner": "x", "members": {}, "max_message_size": "much", "reply_goes_to_list": 7}),
            wanted("text", description="one\ntwo", settings={"msg_footer": "ä", "msg_header": "%(nonsense)s", "info": 3}),
            wanted("form", settings={"real_name": "Other", "filter_mime_types": ["a/b/c"], "ban_list": ["^("], "reply_goes_to_list": 2}),
            wanted("codes", language="xx", email_host="a b", url_host="a/b", password=" x"),
            wanted("people", settings={"digestable": False, "ban_list": ["evil@example.org"]}, members=["evil@example.org"], owners=["nobody"]),
            wanted("more", settings={"digestable": False}, members=["bad", "a@example.org", "A@example.org", {"address": "b@example.org", "digest": True}]),
        ],
        site_password="pässword",
    )
    expected = [
        "site_password: must have ASCII characters only",
        'lists (announce-admin): name: "announce-admin": mail to announce-admin@ goes to the list announce,',
        'lists (Upper): name: "Upper": must be in lower case',
        "lists (Upper): owners: are needed to create the list",
        'lists (mailman): name: "mailman": is the site list',
        "lists (typo): settings.max_mesage_size: 1: is no attribute of a list; did you mean max_message_size?",
        'lists (typo): settings.max_message_size: "much": must be a number',
        "lists (typo): settings.members: {}: is no attribute of a list",
        'lists (typo): settings.owner: "x": has an option of its own: use owners',
        "lists (typo): settings.reply_goes_to_list: 7: must be one of 0 (Poster), 1 (This list), 2 (Explicit address)",
        'lists (text): description: "one\\ntwo": must be a single line',
        "lists (text): settings.info: 3: must be a string",
        'lists (text): settings.msg_footer: "ä": has the character "ä", which cannot be written in us-ascii, the charset of language en',
        'lists (text): settings.msg_header: "%(nonsense)s": is refused by Mailman:',
        'lists (form): settings.ban_list: ["^("]: has an address that Mailman refuses: ^(',
        'lists (form): settings.filter_mime_types: ["a/b/c"]: is refused by Mailman:',
        'lists (form): settings.real_name: "Other": is refused by Mailman:',
        "lists (form): settings: You cannot add a Reply-To: to an explicit address if that address is blank.",
        "lists (codes): password: must not be empty, nor begin or end with blanks",
        "lists (codes): url_host: is no domain name",
        'lists (codes): language: "xx": must be one of ',
        'lists (codes): email_host: "a b": is refused by Mailman:',
        'lists (people): owners: ["nobody"]: has an address that Mailman refuses: nobody',
        'lists (people): members[0]: "evil@example.org": is banned by "evil@example.org"',
        'lists (more): members[0]: "bad": is no address that Mailman accepts',
        'lists (more): members[2]: "A@example.org": is there more than once',
        'lists (more): members[3]: {"address": "b@example.org", "digest": true}: digest: the list has no digests',
    ]
    assert [fault[: len(start)] for fault, start in zip(result["faults"], expected)] == expected
    assert len(result["faults"]) == len(expected)
    assert fingerprint() == before


def test_a_list_that_cannot_be_read_is_named(list_host, fail, manage, tidy):
    manage([wanted("broken")])
    list_host.check_output("cp -a /var/lib/mailman/lists/broken/config.pck /root; echo nonsense >/var/lib/mailman/lists/broken/config.pck")
    result = fail([wanted("broken"), wanted("notyet")])
    assert "this list cannot be read" in result["msg"]
    assert not list_host.file("/var/lib/mailman/lists/notyet").exists
    list_host.check_output("mv /root/config.pck /var/lib/mailman/lists/broken/")


def test_secrets_and_addresses_are_kept(list_host, playbook, tidy):
    since = list_host.check_output("date +%s")
    lists = [wanted("hush", password="xyzzy for the tests", members=["hushed@example.org"])]
    call = playbook(list_host, "mailman_lists", {"lists": lists, "site_password": "plugh for the tests"}, "-vvv", "--diff", callback="ansible.builtin.default")
    out, err = call.communicate(timeout=120)
    assert "list hush" in out
    journal = list_host.check_output("journalctl --no-pager --since=@" + since)
    assert "Invoked for 1 lists of /var/lib/mailman" in journal
    for secret in ("xyzzy", "plugh"):
        assert secret not in out + err + journal
    assert "hushed@example.org" in out
    assert "hushed@example.org" not in journal
    call = playbook(list_host, "mailman_lists", {"lists": [], "site_password": "the site for the tests"}, "-vvv", callback="ansible.builtin.default")
    assert "the site for the tests" not in "".join(call.communicate(timeout=120))


# --- Locks, interruptions, full disks ---

HOLD = "m = MailList('held')\nprint os.getpid()\nsys.stdout.flush()\nsys.stdin.read()\n"


@pytest.fixture
def holder(list_host, manage, tidy):
    """A process that holds the lock of the list held."""
    manage([wanted("held", description="before"), wanted("free", description="before")])
    process = start_mailman(list_host, HOLD)
    process.pid_there = process.stdout.readline().strip()
    yield process
    process.stdin.close()
    process.wait(timeout=60)


def test_a_lock_held_elsewhere_is_an_error_that_names_the_holder(list_host, holder, fail, manage, attributes):
    lists = [wanted("held", description="after"), wanted("free", description="after"), wanted("new")]
    assert [one["name"] for one in manage(lists, "--check")["lists"]] == ["held", "free", "new"]
    started = time.monotonic()
    result = fail(lists, lock_timeout=1)
    assert time.monotonic() - started < 15
    assert "The list held is locked by process %s (python2.7" % holder.pid_there in result["msg"]
    assert [one["name"] for one in result["lists"]] == ["free", "new"]
    assert attributes("held", "description") == ["before"]
    assert attributes("free", "description") == ["after"]
    removal = fail([{"name": "held", "state": "absent"}], lock_timeout=1)
    assert "The list held is locked by process" in removal["msg"]
    holder.stdin.close()
    holder.wait(timeout=60)
    list_host.check_output("rm -f /var/lib/mailman/locks/held.lock*")
    assert [one["name"] for one in manage(lists)["lists"]] == ["held"]


def test_a_lock_held_by_a_killed_process_is_removed(list_host, holder, manage, attributes):
    list_host.check_output("kill -KILL " + holder.pid_there)
    holder.wait(timeout=60)
    assert list_host.file("/var/lib/mailman/locks/held.lock").exists
    started = time.monotonic()
    manage([wanted("held", description="after")])
    assert time.monotonic() - started < 15
    assert attributes("held", "description") == ["after"]
    assert list_host.check_output("ls /var/lib/mailman/locks | grep held || :") == ""


@pytest.mark.parametrize("signal", ["TERM", "KILL"])
def test_an_interrupt_between_two_lists(list_host, playbook, manage, mailman, tidy, signal):
    members = ["member%d@example.org" % number for number in range(50)]
    lists = [wanted("many-%03d" % number, description="all or nothing", members=members) for number in range(400)]
    lists[0:0] = [wanted("many-first", description="after", members=members)]
    manage([wanted("many-first", description="before")])
    call = playbook(list_host, "mailman_lists", {"lists": lists})
    # On the host, where all of them are made in less than a second.
    begun = "timeout 60 sh -c 'until [ -e /var/lib/mailman/lists/many-020/config.pck ]; do :; done'"
    list_host.check_output("%s && pkill -%s -f '_mailman[_]target'" % (begun, signal))
    out = call.communicate(timeout=60)[0]
    result = json.loads(out)["plays"][0]["tasks"][0]["hosts"][list_host.name]
    assert result["failed"]
    assert ("Stopped before many-" if signal == "TERM" else "ended with exit code") in result["msg"]
    look = (
        "lists = [MailList(name, lock=0) for name in Utils.list_names() if name.startswith('many-')]\n"
        "print json.dumps([len(lists), sorted(set((m.description, len(m.getMembers())) for m in lists))])"
    )
    count, states = mailman(look)
    assert 20 < count < 400
    assert states == [["all or nothing", 50], ["after", 50]] or states == [["after", 50], ["all or nothing", 50]]
    if signal == "TERM":
        assert list_host.check_output("ls /var/lib/mailman/locks | grep -v ^master-qrunner || :") == ""
        assert list_host.check_output("find /var/lib/mailman/lists -name '*.tmp.*'") == ""
    assert len(manage(lists)["lists"]) == len(lists) - count
    assert mailman(look)[0] == len(lists)
    assert not manage(lists)["changed"]


def test_an_interrupted_removal_is_finished(list_host, manage, tidy):
    manage([wanted("leaving")])
    list_host.check_output("cd /var/lib/mailman && mv lists/leaving lists/leaving,removed && touch data/heldmsg-leaving-3.pck")
    lists = [{"name": "leaving", "state": "absent"}]
    for options in ("--check",), ():
        assert [(one["name"], one["change"]) for one in manage(lists, *options)["lists"]] == [("leaving", "removed")]
    assert not list_host.file("/var/lib/mailman/lists/leaving,removed").exists
    assert not list_host.file("/var/lib/mailman/data/heldmsg-leaving-3.pck").exists
    assert not manage(lists)["changed"]


@pytest.fixture
def small_disk(list_host, manage, tidy):
    """Put the lists on a file system of their own with little room, and yield its fill and free."""

    def privileged(command):
        list_host.backend.run_local("podman exec --privileged %s sh -ec %s", list_host.container, command)

    manage([wanted("small-old", description="before")])
    lists = "/var/lib/mailman/lists"
    # Over the directory, which stays where it is: Mailman's unit has a mount of its own there, and would lose it.
    privileged("cp -a {0} {0}.copy && mount -t tmpfs -o size=2m,mode=2775,gid=list tmpfs {0} && cp -a {0}.copy/* {0}/ && rm -r {0}.copy".format(lists))
    yield
    privileged("umount {0}".format(lists))


def test_a_full_disk(list_host, small_disk, fail, manage, attributes, names):
    disk = "/var/lib/mailman/lists"
    before = names()
    members = ["somebody.with.a.long.address.%d@subdomain.of.example.org" % number for number in range(400)]
    lists = [wanted("small-old", description="after", members=members)] + [wanted("small-%d" % number, members=members) for number in range(3)]
    list_host.run("cat /dev/zero >%s/full; truncate --size=-8K %s/full" % (disk, disk))
    result = fail(lists)
    assert "No space left on device" in result["msg"]
    assert "Everything after it was left as it was" in result["msg"]
    assert result["lists"] == []
    assert "small-0 could not be written" in fail(lists[1:])["msg"]
    assert names() == before
    assert attributes("small-old", "description", "owner") == ["before", [OWNER]]
    assert list_host.check_output("ls %s" % disk).split() == sorted([*before, "full"])
    assert list_host.check_output("find %s -name '*.tmp*'; ls /var/lib/mailman/locks | grep -v ^master-qrunner || :" % disk) == ""
    list_host.check_output("rm %s/full" % disk)
    assert len(manage(lists)["lists"]) == 4
    assert not manage(lists)["changed"]


# --- Many ---


def test_a_thousand_lists(manage, names, mailman, tidy):
    lists = [
        wanted(
            "thousand-%04d" % number,
            description="Liste %d äöü" % number,
            password="password %d" % number,
            members=[{"address": "m%d-%d@example.org" % (number, other), "name": "Müller %d" % other} for other in range(10)],
            members_mode="exact",
        )
        for number in range(1000)
    ]
    assert len(manage(lists)["lists"]) == 1000
    assert len([name for name in names() if name.startswith("thousand-")]) == 1000
    assert mailman("m = MailList('thousand-0999', lock=0)\nprint json.dumps([m.description, len(m.getMembers()), m.getMemberName('m999-3@example.org')])") == [
        "Liste 999 &#228;&#246;&#252;",
        10,
        "Müller 3",
    ]
    assert not manage(lists)["changed"]
    lists[500]["members"].append("late@example.org")
    (report,) = manage(lists, "--check")["lists"]
    assert (report["name"], report["members"]["added"]) == ("thousand-0500", [{"address": "late@example.org"}])


# --- mailman_info ---


@pytest.fixture
def info(call, list_host):
    def info(*gather, **arguments):
        result = call(list_host, "mailman_info", dict(arguments, gather=gather))
        assert not result.get("failed"), result["msg"]
        assert result["changed"] is False
        return result

    return info


def test_what_mailman_is(info, fingerprint):
    before = fingerprint()
    facts = info("lists", "queues", "runners", "settings")
    assert fingerprint() == before
    expected = {
        "installed": True,
        "prefix": "/var/lib/mailman",
        "var_prefix": "/var/lib/mailman",
        "lists_dir": "/var/lib/mailman/lists",
        "bin_dir": "/var/lib/mailman/bin",
        "wrapper": "/var/lib/mailman/mail/mailman",
        "user": "list",
        "group": "list",
        "mail_groups": ["list"],
        "python": "/usr/bin/python2.7",
        "python_available": True,
        "mm_cfg_error": None,
    }
    assert {name: facts[name] for name in expected} == expected
    assert facts["version"].startswith("2.1.")
    assert facts["python_version"].startswith("2.7.")
    assert "--with-mail-gid=list" in facts["configure_options"]


def test_settings_that_differ(list_host, info):
    settings = info("settings")["settings"]
    assert settings["MTA"] is None
    assert settings["SMTP_MAX_RCPTS"] == 15
    assert settings["VERP_CONFIRMATIONS"] == 1
    assert "SMTPHOST" not in settings


def test_lists_that_there_are(info):
    lists = {one.pop("name"): one for one in info("lists")["lists"]}
    assert sorted(lists) == LISTS
    assert lists["announce"] == {
        "address": "announce@list.example.com",
        "members": 2,
        "digest_members": 1,
        "disabled_members": 1,
        "held_messages": 0,
        "held_subscriptions": 0,
        "held_unsubscriptions": 0,
        "settings": {
            "advertised": 0,
            "description": "Neues für alle ☃",
            "max_message_size": 200,
            "moderator": ["mona@example.edu"],
            "owner": ["anna@example.org", "otto@example.net"],
            "subject_prefix": "[Änn] ",
        },
    }
    assert lists["deutsch"]["settings"] == {
        "available_languages": ["de", "en"],
        "description": "Grüße",
        "msg_footer": "Schöne Grüße\n",
        "owner": ["anna@example.org"],
        "preferred_language": "de",
    }


def test_held_and_shunted_messages(list_host, info, manage, send, tidy):
    manage([wanted("holding")])
    assert send(list_host, "holding@list.example.com", sender="stranger@example.org", data="To: holding@list.example.com\nSubject: x\n\nx\n").code == 250
    list_host.check_output("touch /var/lib/mailman/qfiles/shunt/1.pck && chown list: /var/lib/mailman/qfiles/shunt/1.pck")
    eventually(lambda: list_host.run("ls /var/lib/mailman/data/heldmsg-holding-*").rc == 0)
    until_mailman_is_idle(list_host, "/var/lib/mailman/qfiles", "shunt")
    facts = info("lists", "queues")
    list_host.check_output("rm /var/lib/mailman/qfiles/shunt/1.pck")
    assert [one["held_messages"] for one in facts["lists"] if one["name"] == "holding"] == [1]
    assert facts["queues"]["shunt"] == 1
    assert set(facts["queues"]) >= {"in", "out", "shunt", "virgin", "bounces", "retry"}


def test_runners(list_host, info):
    runners = info("runners")["runners"]
    assert str(runners["master_pid"]) == list_host.check_output("cat /var/lib/mailman/data/master-qrunner.pid")
    assert runners["missing"] == []
    assert set(runners["running"]) >= {"IncomingRunner", "OutgoingRunner"}
    list_host.check_output("systemctl stop mailman")
    try:
        stopped = info("runners")["runners"]
    finally:
        list_host.check_output("systemctl start mailman")
    assert (stopped["master_pid"], stopped["running"], stopped["missing"]) == (None, [], runners["running"])


def test_no_mailman(info, call, list_host):
    facts = info("lists", prefix="/opt")
    assert (facts["installed"], facts["version"], facts["wrapper"]) == (False, None, None)
    assert "there is no Mailman at /opt" in call(list_host, "mailman_lists", {"prefix": "/opt", "lists": []})["msg"]
    result = call(list_host, "mailman_lists", {"prefix": "/opt", "lists": [wanted("x")]}, "--check")
    assert (result["changed"], result["lists"]) == (True, [{"name": "x", "change": "created"}])
