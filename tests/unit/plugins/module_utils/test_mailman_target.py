# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import ast
import os
import socket
import subprocess
import time
import types

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import mailman_target as target

KINDS = (
    "Checkbox", "Email", "EmailList", "EmailListEx", "HeaderFilter", "Host", "Number", "Radio", "String", "Text", "Toggle", "Topics",
)  # fmt: skip


def refused(function, *arguments):
    """What is said against a value."""
    with pytest.raises(target.Wrong) as caught:
        function(*arguments)
    return caught.value.text


@pytest.fixture(autouse=True)
def mm_cfg(monkeypatch, tmp_path):
    """The part of Mailman's settings that pure functions look at."""
    settings = types.SimpleNamespace(
        ACCEPTABLE_LISTNAME_CHARACTERS="[-+_.=a-z0-9]",
        MAILMAN_SITE_LIST="mailman",
        LC_DESCRIPTIONS={"en": (), "de": ()},
        LOCK_DIR=str(tmp_path),
        DEFER=0, APPROVE=1, REJECT=2, DISCARD=3, HOLD=6, ACCEPT=7,
    )  # fmt: skip
    monkeypatch.setattr(target, "mm_cfg", settings)
    return settings


@pytest.fixture
def mlist(monkeypatch):
    """A list in a language with a small charset."""
    monkeypatch.setattr(target, "Utils", types.SimpleNamespace(GetCharSet=lambda language: "latin-1"))
    return types.SimpleNamespace(preferred_language="de")


def spec(name, **options):
    return dict({"name": name, "state": "present"}, **options)


def judge(specs, existing=(), purge=False):
    """The complaints and warnings about names."""
    complaints, warnings = [], []
    target.check_names(specs, set(existing), purge, lambda number, place, text: complaints.append((number, place, text)), warnings.append)
    return complaints, warnings


def test_good_names():
    assert judge([spec(name) for name in ("mailman", "my-admin", "a.b_c+d", "x" * 64)], existing=["m"]) == ([], [])


@pytest.mark.parametrize(
    "name, text",
    [
        ("Upper", "lower case"),
        ("..", "no name that Mailman accepts"),
        ("-x", "no name that Mailman accepts"),
        ("a/b", "no name that Mailman accepts"),
        ("späm", "no name that Mailman accepts"),
        ("", "no name that Mailman accepts"),
        ("x" * 65, "longer than 64"),
    ],
)
def test_bad_names(name, text):
    (complaint,) = judge([spec(name)])[0]
    assert complaint[:2] == (0, "name: " + target.show(name))
    assert text in complaint[2]


def test_a_name_twice():
    ((number, dummy, text),) = judge([spec("x"), spec("x")])[0]
    assert (number, text) == (1, "is there more than once")


def test_the_site_list_stays():
    assert "cannot be absent" in judge([spec("mailman", state="absent")])[0][0][2]


@pytest.mark.parametrize("suffix", ["admin", "bounces", "bounces+a=b", "confirm", "confirm+1", "join", "leave", "owner", "request", "subscribe", "unsubscribe"])
def test_a_new_name_hidden_by_a_suffix_of_another_list(suffix):
    hidden = "x-" + suffix
    for specs, existing in (([spec("x"), spec(hidden)], []), ([spec(hidden)], ["x"]), ([spec("x")], [hidden])):
        complaints = [complaint for complaint in judge(specs, existing)[0] if "goes to" in complaint[2]]
        assert len(complaints) == 1
        assert "mail to %s@ goes to the list x" % hidden in complaints[0][2]


def test_hidden_names_that_are_there_already_or_go_away():
    assert judge([spec("x"), spec("x-admin")], existing=["x", "x-admin"])[0] == []
    assert "mail to x-admin@ goes to the list x" in judge([spec("x")], existing=["x", "x-admin"])[1][0]
    assert judge([spec("x", state="absent"), spec("x-admin")], existing=["x"]) == ([], [])
    assert judge([spec("x-admin")], existing=["x"], purge=True) == ([], [])
    assert judge([spec("x-admin")], existing=["x"], purge=False)[0] != []


@pytest.mark.parametrize("name", ["x-bounces+y", "x-confirm+y", "a+b-bounces+c"])
def test_a_name_that_exim_takes_for_an_address_of_another_list(name):
    """Its bounces would be lost. One that is there already is named."""
    ((number, place, text),) = judge([spec("other"), spec(name)])[0]
    assert (number, place) == (1, "name: " + target.show(name))
    assert "is taken for mail to the list %s: choose a name without -" % name.split("-")[0] in text
    for specs in ([spec(name)], []):
        complaints, (warning,) = judge(specs, existing=[name])
        assert complaints == []
        assert name in warning
    assert judge([spec(name, state="absent")], existing=[name]) == ([], [])


@pytest.mark.parametrize("value, number", [(0, 0), (7, 7), (1.5, 1.5), ("12", 12), ("1.5", 1.5)])
def test_numbers(value, number):
    assert target.convert_number(value) == number


@pytest.mark.parametrize("value", [-1, True, "x", "", None, [1], "-1"])
def test_no_numbers(value):
    assert refused(target.convert_number, value) == "must be a number, 0 or more"


def choose(value, choices=("No", "Yes"), name="advertised", open_subscription=0):
    attributes = types.SimpleNamespace(open_subscription=open_subscription)
    return target.Attributes.convert_choice(attributes, name, choices, value)


@pytest.mark.parametrize("value, number", [(0, 0), (1, 1), (True, 1), (False, 0), ("yes", 1), ("Off", 0), ("1", 1)])
def test_choices_of_two(value, number):
    chosen = choose(value)
    assert chosen == number
    assert not isinstance(chosen, bool)


@pytest.mark.parametrize("value", [2, -1, "maybe", None, 1.0, "2"])
def test_no_choices_of_two(value):
    assert refused(choose, value) == "must be one of 0 (No), 1 (Yes)"


def test_choices_of_three():
    assert choose(2, ("A", "B", "C")) == 2
    assert refused(choose, True, ("A", "B", "C")) == "must be one of 0 (A), 1 (B), 2 (C)"


def test_open_subscription_must_be_allowed_by_the_site():
    choices = ("None", "Confirm", "Require approval")
    assert choose(0, choices, "subscribe_policy", open_subscription=1) == 0
    assert choose(1, choices, "subscribe_policy") == 1
    assert "ALLOW_OPEN_SUBSCRIBE" in refused(choose, 0, choices, "subscribe_policy")


def test_text_is_stored_in_the_charset_of_the_language(mlist):
    assert target.convert_text(mlist, "Grüße\n") == b"Gr\xfc\xdfe\n"
    assert target.convert_text(mlist, "Grüße ☃", references=True) == b"Gr\xfc\xdfe &#9731;"
    complaint = refused(target.convert_text, mlist, "Grüße ☃")
    assert '"☃"' in complaint
    assert "latin-1, the charset of language de" in complaint
    assert refused(target.convert_text, mlist, 3) == "must be a string"


def test_text_is_shown_as_it_was_meant(mlist):
    assert target.show_text(mlist, b"Gr\xfc\xdfe &#9731;\r\n", references=True) == "Grüße ☃\n"
    assert target.show_text(mlist, b"&#9731; &#99999999;") == "&#9731; &#99999999;"
    assert target.show_text(mlist, "&#99999999;", references=True) == "&#99999999;"
    assert target.show_text(mlist, "schon ☃") == "schon ☃"


def test_lines():
    assert target.convert_lines("a\nb\n") == ["a", "b"]
    assert target.convert_lines(["a", "b"]) == ["a", "b"]
    assert refused(target.convert_lines, ["a", 1]) == "must be a list of strings"
    assert refused(target.convert_lines, None) == "must be a list of strings"


def test_addresses():
    assert target.convert_addresses("owner", ["a@example.org", "b@example.org"]) == ["a@example.org", "b@example.org"]
    assert target.convert_addresses("owner", "a@example.org\nb@example.org\n") == ["a@example.org", "b@example.org"]
    assert target.convert_addresses("moderator", []) == []


@pytest.mark.parametrize("value", [[""], ["a@example.org", " "], "\n", "a@example.org\n\nb@example.org"])
@pytest.mark.parametrize("name", ["owner", "moderator", "accept_these_nonmembers"])
def test_addresses_that_are_empty(name, value):
    """Mailman would pass over them: a list with the owner "" would have none."""
    assert refused(target.convert_addresses, name, value).startswith("has an empty address")


@pytest.mark.parametrize("value", [[], ""])
def test_a_list_keeps_an_owner(value):
    assert refused(target.convert_addresses, "owner", value).startswith("must name at least one address")


def test_no_addresses_at_all():
    assert refused(target.convert_addresses, "owner", [None]) == "must be a list of strings"


def test_an_empty_list_of_lines(mlist):
    """In Python 2 nothing joined by a string of bytes is a string of bytes, which no request has."""
    attributes = object.__new__(target.Attributes)
    target.mm_cfg.__dict__.update((kind, number) for number, kind in enumerate(KINDS))
    mlist.filter_mime_types = ["text/html"]
    assert attributes.convert(mlist, "filter_mime_types", target.mm_cfg.Text, None, []) == b""


def handlers_that_hide(tree):
    """Bare raises after an inner try in the same handler: in Python 2 they raise what the inner one has caught."""
    for handler in (node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)):
        within = [node for statement in handler.body for node in ast.walk(statement)]
        inner = [node.lineno for node in within if isinstance(node, ast.Try) and node.handlers]
        own = [node for node in within if isinstance(node, ast.Raise) and node.exc is None]
        for node in own:
            if any(line < node.lineno for line in inner):
                yield node.lineno


def test_no_exception_hides_another_in_python_2():
    assert list(handlers_that_hide(ast.parse("try:\n  x\nexcept E:\n  try:\n    y\n  except F:\n    pass\n  raise\n"))) == [8]
    with open(target.__file__, encoding="utf-8") as source:
        assert list(handlers_that_hide(ast.parse(source.read()))) == []


def test_header_filter_rules():
    assert target.convert_rule({"pattern": "^X-Spam: [yY]", "action": "discard"}) == ("^X-Spam: [yY]", 3, False)
    assert target.show_action(6) == "hold"
    assert "must be of defer, hold" in refused(target.convert_rule, {"pattern": "x", "action": "burn"})
    assert 'the pattern "(", which is no regular expression' in refused(target.convert_rule, {"pattern": "(", "action": "hold"})
    assert refused(target.convert_rule, {"pattern": 1, "action": "hold"}) == "must have strings as patterns"


def test_topics(mlist):
    topic = {"name": "n", "pattern": "one\ntwo", "description": "ä"}
    assert target.convert_mappings([topic], ("name", "pattern", "description")) == [topic]
    for wrong in ("x", ["x"], [{"name": "n"}], [dict(topic, more=1)]):
        assert "list of mappings with the keys" in refused(target.convert_mappings, wrong, ("name", "pattern", "description"))


def test_members():
    assert target.check_member("a@example.org") == {"address": "a@example.org"}
    assert target.check_member("Ä. Ö <a@example.org>") == {"address": "a@example.org", "name": "Ä. Ö"}
    assert target.check_member('"Ä, Ö" <a@example.org>') == {"address": "a@example.org", "name": "Ä, Ö"}
    assert target.check_member("<a@example.org>") == {"address": "a@example.org", "name": ""}
    assert target.check_member("a@b <a@example.org> c") == {"address": "a@b <a@example.org> c"}
    entry = {"address": "a@example.org", "name": "Ä", "digest": True, "language": "de", "state": "absent"}
    assert target.check_member(dict(entry)) == entry


@pytest.mark.parametrize(
    "entry, text",
    [
        (3, "must be an address"),
        ({"name": "x"}, "must be an address"),
        ({"address": 1}, "must be an address"),
        ({"address": "a@b.c", "digest": 1}, "digest: must be true or false"),
        ({"address": "a@b.c", "name": "a\nb"}, "name: must be a single line"),
        ({"address": "a@b.c", "language": "xx"}, "language: must be one of de, en"),
        ({"address": "a@b.c", "state": "gone"}, "state: must be present or absent"),
        ({"address": "a@b.c", "admin": True}, "admin: is no option of a member; those are ack, address,"),
    ],
)
def test_no_members(entry, text):
    assert text in refused(target.check_member, entry)


@pytest.mark.parametrize("password", ["", " x", "x ", "pässword"])
def test_passwords_that_nobody_could_type(password):
    assert refused(target.check_password, password).startswith("must ")


def test_complaints_are_freed_of_html():
    complaints = target.Complaints()
    complaints.addError("<b>real_name</b> attribute\n     not %s!", None, "changed")
    assert complaints == ["real_name attribute not changed!"]


def lock(directory, host, pid):
    path = str(directory / "x.lock")
    claim = "%s.%s.%d.0" % (path, host, pid)
    (directory / os.path.basename(claim)).write_text(claim)
    os.link(claim, path)
    return path


@pytest.fixture
def dead_pid():
    child = subprocess.Popen(["true"])
    child.wait()
    return child.pid


def test_a_lock_of_a_living_process(tmp_path):
    path = lock(tmp_path, socket.gethostname(), os.getpid())
    holder = target.read_lock(path)
    assert (holder["host"], holder["pid"], holder["dead"]) == (socket.gethostname(), os.getpid(), False)
    text = target.describe_lock("x", path, holder)
    assert "The list x is locked by process %d (" % os.getpid() in text
    assert "python" in text
    assert path in text


def test_a_lock_of_a_dead_process(tmp_path, dead_pid):
    path = lock(tmp_path, socket.gethostname(), dead_pid)
    holder = target.read_lock(path)
    assert holder["dead"] is True
    target.break_lock(path, holder)
    assert list(tmp_path.iterdir()) == []


def test_a_lock_of_a_process_that_nobody_waited_for(tmp_path):
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    try:
        assert target.read_lock(lock(tmp_path, socket.gethostname(), child.pid))["dead"] is True
    finally:
        child.wait()


def test_a_lock_of_another_host_is_never_dead(tmp_path, dead_pid):
    holder = target.read_lock(lock(tmp_path, "web.example.1.com", dead_pid))
    assert (holder["host"], holder["dead"]) == ("web.example.1.com", False)


def test_a_lock_that_is_not_mailmans(tmp_path):
    (tmp_path / "x.lock").write_text("")
    holder = target.read_lock(str(tmp_path / "x.lock"))
    assert holder["dead"] is False
    assert "an unknown process" in target.describe_lock("x", str(tmp_path / "x.lock"), holder)


def test_no_lock(tmp_path):
    assert target.read_lock(str(tmp_path / "x.lock")) is None
    assert "run again" in target.describe_lock("x", str(tmp_path / "x.lock"), None)


@pytest.fixture
def domains(monkeypatch, mm_cfg, tmp_path):
    """A function that makes lists of domains with another domain each, written so many seconds ago, and their file; it counts what is read."""
    mm_cfg.LIST_DATA_DIR = str(tmp_path)

    class MMListError(Exception):
        pass

    def domains(text, age, **lists):
        read = []
        for name in lists:
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / "config.pck").write_text("")

        def load(name, lock):
            read.append(name)
            if lists[name] is None:
                raise MMListError()
            return types.SimpleNamespace(host_name=lists[name])

        monkeypatch.setattr(target, "Errors", types.SimpleNamespace(MMListError=MMListError))
        monkeypatch.setattr(target, "MailList", types.SimpleNamespace(MailList=load))
        made = target.Domains(text, time.time() - age)
        made.look(lists)
        return made, sorted(read)

    return domains


def test_domains_are_read_where_the_file_is_older_or_silent(domains):
    assert domains("a: a.test\n", 60, a="x.test", b="B.test")[1] == ["a", "b"]
    made, read = domains("a: a.test\n", -60, a="x.test", b="B.test")
    assert read == ["b"]
    assert made.wanted() == "a: a.test\nb: b.test\n"


def test_lines_that_would_mislead_are_not_written(domains):
    made = domains("", 60, a="a.test\nb: evil.test", b="", c="c test", d=None)[0]
    assert made.wanted() == ""


def test_a_damaged_list_keeps_its_line(domains):
    assert domains("a: a.test\n", 60, a=None)[0].wanted() == "a: a.test\n"


def test_a_list_that_was_left_as_it_was_keeps_its_line(domains):
    made = domains("a: a.test\nb: b.test\n", -60, a="a.test", b="b.test")[0]
    made.then.update(a="new.test", c="c.test")
    del made.then["b"]
    assert made.wanted() == "a: new.test\nc: c.test\n"
    for name in "abc":
        made.failed(name)
    assert made.wanted() == made.text


class Score:
    def __init__(self, score):
        self.score = score


def test_the_same_content_has_the_same_text():
    one, other = {"a": [Score(1.5)], "b": ("x", None)}, {"b": ["x", None], "a": (Score(1.5),)}
    assert target.canonical(one) == target.canonical(other)
    assert target.canonical(one) != target.canonical(dict(one, a=[Score(2.5)]))


def test_a_sum_of_files_has_their_names_and_their_content(tmp_path):
    def total():
        return target.digest_files(lambda name: str(tmp_path / name), ["one", "two"])

    (tmp_path / "one").write_text("1")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "three").write_text("3")
    before = total()
    assert total() == before
    (tmp_path / "two" / "three").write_text("4")
    changed = total()
    (tmp_path / "two" / "three").rename(tmp_path / "two" / "four")
    assert len({before, changed, total()}) == 3


def test_a_sum_of_files_does_without_those_that_have_gone(tmp_path):
    assert target.digest_files(lambda name: str(tmp_path / name), ["gone"]) == target.digest_files(str, [])


def test_archives_are_measured_and_links_are_not_followed(tmp_path):
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "page").write_text("12345")
    (tmp_path / "archive" / "link").symlink_to("/etc")
    (tmp_path / "public").symlink_to(tmp_path / "archive")
    assert target.measure(str(tmp_path / "archive")) == [1, 5]
    assert target.measure(str(tmp_path / "public")) == [0, 0]


def test_messages_in_queues_belong_to_lists(tmp_path):
    for queue, name, metadata in [("in", "1.pck", {"listname": "News"}), ("shunt", "2.psv", {"listname": "news"}), ("bad", "3.pck", {})]:
        (tmp_path / queue).mkdir()
        (tmp_path / queue / name).write_bytes(target.pickle.dumps("a message", 1) + target.pickle.dumps(metadata, 1))
    (tmp_path / "in" / "4.pck.tmp").write_bytes(b"")
    (tmp_path / "in" / "5.pck").write_bytes(b"rubbish")
    assert {name: sorted(files) for name, files in target.find_queued(str(tmp_path)).items()} == {
        "news": ["qfiles/in/1.pck", "qfiles/shunt/2.psv"], "mailman": ["qfiles/bad/3.pck"],
    }  # fmt: skip
