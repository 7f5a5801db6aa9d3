# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a list's files may make Mailman do. None of these is ever read by anything else than the reader that is tested."""

import email
import email.header
import marshal
import pickle

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import pickles
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target.faults import Failure

SYSTEM = b"cos\nsystem\n(S'touch /nowhere'\ntR"
EVIL = SYSTEM + b"."
MESSAGE = email.message_from_string("Subject: x\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\npart\n")
MESSAGE["From"] = email.header.Header("J\xf6rg", "iso-8859-1")

FILES = [
    "list/config.pck", "list/config.pck.last", "list/request.pck", "list/pending.pck", "held/heldmsg-news-7.pck", "queues/in/1.5+a.pck", "queues/out/1.5+a.bak",
    "queues/shunt/1.5+a.psv", "archive/pipermail.pck",
]  # fmt: skip


@pytest.fixture
def check(tmp_path):
    """A function that looks at a file of a list; it returns what is said against it."""

    def check(name, content):
        path = tmp_path / "file"
        path.write_bytes(content)
        try:
            pickles.check_file("lists/news/" + name, str(path))
        except Failure as failure:
            assert "lists/news/%s has what Mailman never writes there" % name in failure.text
            return failure.text
        return ""

    return check


def index(*articles):
    return marshal.dumps({"<%d@x>" % number: article for number, article in enumerate(articles)}, 0)


def article(state, name=b"Mailman.Archiver.HyperArch\nArticle"):
    """As Python 2 writes it: an object without arguments, and its state."""
    return b"(i" + name + b"\n" + pickle.dumps(state, 0)[:-1] + b"b."


@pytest.mark.parametrize("name", FILES)
def test_what_would_be_called(check, name):
    assert "something else: os.system." in check(name, EVIL)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("protocol", [0, 1, 2])
def test_what_mailman_writes(check, name, protocol):
    assert check(name, pickle.dumps([{"a": [1, 2.5, None, True, ("b", b"c")]}, MESSAGE], protocol)) == ""


@pytest.mark.parametrize(("module", "name"), [
    ("email.errors", "MalformedHeaderDefect"), ("email.Errors", "MessageDefect"),
    *((module, name) for module, names in sorted(pickles.CLASSES.items()) for name in names),
])
def test_each_class_that_mailman_writes(check, module, name):
    for text in ("(i%s\n%s\n.", "c%s\n%s\n(tR.", "c%s\n%s\n."):
        assert check("list/pending.pck", (text % (module, name)).encode()) == ""


@pytest.mark.parametrize("content", [
    # Another way to name it, and in an object of Mailman's.
    b"(S'touch /nowhere'\nios\nsystem\n.",
    b"(cos\nsystem\nS'touch /nowhere'\no.",
    b"(iMailman.UserDesc\nUserDesc\n(dS'address'\n" + SYSTEM + b"sb.",
    b"(dS'a'\n" + SYSTEM + b"s.",
    # A name that is none, in a module that has others.
    b"cMailman.Message\nUtils\n.", b"cMailman.Message\nMessage.__init__\n.", b"cMailman\nMessage\n.", b"cemail.errors\nMessageDefect.__init__\n.",
    b"cemail\nmessage_from_string\n.",
    # What can be done to an object or its class comes before it.
    b"cMailman.Message\nMessage\n(tRS'a'\nS'b'\ns0" + EVIL,
    b"cMailman.Message\nMessage\nS'a'\nS'b'\ns0" + EVIL,
    b"cMailman.UserDesc\nUserDesc\n(dS'a'\nS'b'\nsb0" + EVIL,
    b"cMailman.UserDesc\nUserDesc\n(tR(dS'a'\nS'b'\nsb0" + EVIL,
    b"cMailman.UserDesc\nUserDesc\n(tRS'a'\na0" + EVIL,
    b"cMailman.UserDesc\nUserDesc\n(tR(S'a'\ne0" + EVIL,
    b"cMailman.UserDesc\nUserDesc\n(S'a'\nS'b'\ntR0" + EVIL,
    b"cMailman.UserDesc\nUserDesc\n)\x810" + EVIL,
    b"cMailman.UserDesc\nUserDesc\n(tR(tR0" + EVIL,
])
def test_ways_to_hide_it(check, content):
    assert check("list/pending.pck", content)


def test_the_second_in_a_file(check):
    assert check("queues/in/1.5+a.pck", pickle.dumps("a message", 1) + EVIL)
    # Its names are its own.
    assert check("queues/in/1.5+a.pck", b"S'x'\np1\n." + b"g1\n.") == ""


@pytest.mark.parametrize("content", [b"", b"nothing", b"{", b"(dp0", pickle.dumps({"a": "b"}, 1)[:-3], b"I1\nI2\nx" + EVIL, b"0" + EVIL, b"Pid\n" + EVIL])
def test_what_is_broken_is_for_mailman_to_say(check, content):
    """Nobody's reader comes to what is behind it."""
    assert check("list/pending.pck", content) == ""


def test_what_cannot_be_looked_at(check):
    """A list as a key: Mailman's reader ends there, too, but perhaps another one does not."""
    assert "something that cannot be looked at" in check("list/pending.pck", b"((lI1\nd.")


@pytest.mark.parametrize("name", [
    "list/en/verify.txt", "list/digest.mbox", "mbox/news.mbox", "archive/2024-May/000001.html", "archive/2024-May/x.pck", "held/heldmsg-news-7.txt",
])  # fmt: skip
def test_what_is_no_pickle_is_not_looked_at(check, name):
    assert check(name, EVIL) == ""


@pytest.mark.parametrize("name", ["list/config.pck", "list/config.pck.last", "list/config.db", "list/config.db.last"])
def test_settings(check, name):
    write = marshal.dumps if ".db" in name else pickle.dumps
    assert check(name, write({"real_name": "News", 1: 2})) == ""
    assert "the setting _full_path" in check(name, write({"real_name": "News", "_full_path": "/etc"}))
    assert check("list/pending.pck", pickle.dumps({"_x": 1})) == ""
    # Mailman hands it to a shell, if the site has an archiver of its own.
    assert check(name, write({"host_name": "Lists.example.org"})) == ""
    for value in ("x;touch /nowhere", 1):
        assert "the setting host_name" in check(name, write({"host_name": value}))


PIPELINES = [["Sendmail"], ["Hold", "Sendmail"], ["os.path"], [1], "Sendmail", {"Sendmail": 1}]


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_handlers(check, pipeline):
    """One gives addresses to a shell, and what is noted about a message says which run and what the addresses are."""
    def queue(pipeline):
        return pickle.dumps("a message") + pickle.dumps({"listname": "news", "pipeline": pipeline})

    good = ["Hold", "ToDigest", "ToOutgoing"]
    held = (1.5, "a@example.org", "Subject", "why", "heldmsg-news-7.pck", {"pipeline": pipeline})
    for name, content, well in (
        ("queues/in/1.5+a.pck", queue(pipeline), queue(good)), ("queues/shunt/1.5+a.psv", queue(pipeline), queue(tuple(good))),
        ("list/config.pck", pickle.dumps({"pipeline": pipeline}), pickle.dumps({"pipeline": good})),
        ("list/request.pck", pickle.dumps(requests((1, held))), pickle.dumps(requests((1, held[:5] + ({"pipeline": good},))))),
        ("list/request.pck", pickle.dumps(requests(held)), pickle.dumps(requests(held[:5]))),
    ):
        assert "the pipeline" in check(name, content), name
        assert check(name, well) == "", name


def requests(*records):
    return dict(enumerate(records), version=(0, 1))


@pytest.mark.parametrize("name", ["list/request.pck", "list/request.db"])
def test_requests(check, name):
    write = marshal.dumps if ".db" in name else pickle.dumps
    held = (1.5, "a@example.org", "Subject", "why", "heldmsg-news-7.pck", {"listname": "news"})
    known = requests((1, held), held, (2, (1.5, "a@example.org", "A", "password", 0, "en")), (3, "a@example.org"))
    assert check(name, write(known)) == ""
    elsewhere = held[:4] + ("../archives/private/news/x.pck", {})
    for request in ((1, elsewhere), elsewhere, [1, list(elsewhere)]):
        assert "a held message in ../archives/private/news/x.pck" in check(name, write(requests(request)))
    assert "a request that is none" in check(name, write(requests((1, dict.fromkeys(elsewhere[:5])))))


def test_requests_in_objects(check):
    assert "a request that is none" in check("list/request.pck", b"(dI1\n(I1\n(iMailman.UserDesc\nUserDesc\nts.")


def test_archive(check):
    assert check("archive/pipermail.pck", pickle.dumps({"archives": ["2024-May"], "_dirty_archives": [], "type": "Date"})) == ""
    for value in (["../x"], "2024-May", [1], [".."]):
        for key in ("archives", "_dirty_archives"):
            assert "the periods" in check("archive/pipermail.pck", pickle.dumps({key: value}))
    assert "the setting INDEX_EXT" in check("archive/pipermail.pck", pickle.dumps({"INDEX_EXT": "/../../x"}))


@pytest.mark.parametrize("name", ["archive/database/2024-May-article", "archive/attachments/2024\n/x-article"])
def test_articles(check, name):
    good = article({"subject": "x", "__listname": "news", "filename": "000001.html", "decoded": {}})
    assert check(name, index(good, good)) == ""
    assert check(name, index(article({"__listname": None}))) == ""
    assert "os.system" in check(name, index(good, EVIL))
    for value in ("../archives/private/news", "..", "", 1):
        for key in ("__listname", "filename"):
            assert "an article with the name" in check(name, index(good, article({key: value})))
    # It comes there afterwards.
    late = b"(iMailman.Archiver.HyperArch\nArticle\np1\n(dp2\nbg2\nS'filename'\nS'../x'\ns0g1\n."
    assert "an article with the name ../x" in check(name, index(late))
    assert "an article that is none" in check(name, index(b"(iMailman.UserDesc\nUserDesc\n."))
    assert check("archive/database/2024-May-date", index(EVIL)) == ""


@pytest.mark.parametrize("content", [b"", b"nothing", marshal.dumps([1]), marshal.dumps({"a": 1}), marshal.dumps({"a": b"x"})[:-2], marshal.dumps({"a": b"x"})])
def test_an_index_that_is_broken(check, content):
    assert check("archive/database/2024-May-article", content) == ""


def test_pickles_that_hold_nothing(check):
    for name in FILES:
        assert check(name, pickle.dumps([1])) == ""
