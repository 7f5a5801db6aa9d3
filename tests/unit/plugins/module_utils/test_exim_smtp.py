# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import time

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_smtp as exim_smtp
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import Exim, EximError

OUTPUT = os.path.join(os.path.dirname(__file__), "exim_output")


@pytest.fixture
def replay(tmp_path, exim_output):
    """Return a function that makes an Exim which says what a real one said, and records what it is told."""

    def make(name, rest="cat >%s/sent" % tmp_path):
        path = tmp_path / "exim4"
        path.write_text(
            "#!/bin/sh\nPATH=/usr/bin:/bin\necho \"$@\" >%s/arguments\ncd %s/%s\nsed 's/$/\\r/' %s.txt\ncat %s.stderr.txt >&2\n%s\n"
            % (tmp_path, OUTPUT, exim_output.version, name, name, rest)
        )
        path.chmod(0o755)
        return Exim(str(path))

    return make


def dialogue(**values):
    """Return a dialogue as the module's argument specification hands it over."""
    recipients = [dict(dict(code=None, text=None), **recipient) for recipient in values.pop("recipients", [])]
    expect = values.pop("expect", None)
    if expect is not None:
        expect = {
            step: expect.get(step) and dict(dict(code=None, text=None), **expect[step]) for step in ("connect", "helo", "sender", "data")
        }
    given = dict(name=None, client="192.0.2.9", callouts=False, helo=None, sender=None, recipients=recipients, data=None, expect=expect)
    given.update(values)
    return given


def checked(**values):
    given = dialogue(**values)
    exim_smtp.check_dialogue("dialogues[0]", given)
    return given


WHOLE = dict(
    sender="<>",
    recipients=[
        dict(address="testlist@list.example.com", code="550", text="never sends mail"),
        dict(address="testlist-bounces@list.example.com"),
        dict(address="later@list.example.com", code="4xx", text="again\nin an"),
        dict(address="author@example.org", code="550"),
    ],
    data=dict(headers=["Subject: the lottery"], body="A line.\n.hidden\n"),
    expect=dict(data=dict(code="5xx", text="^no lottery")),
)


def test_a_dialogue_that_is_as_expected(replay, tmp_path):
    result, failures = exim_smtp.run_dialogue(replay("smtp_dialogue"), "dialogues[0]", checked(**WHOLE), 10)
    assert failures == []
    assert [(step["step"], step["code"], step["met"]) for step in result["steps"]] == [
        ("connect", "220", True), ("helo", "250", True), ("sender", "250", True), ("recipient", "550", True), ("recipient", "250", True),
        ("recipient", "451", True), ("recipient", "550", True), ("data", "550", True),
    ]
    assert result["steps"][5] == dict(
        step="recipient", command="RCPT TO:<later@list.example.com>", code="451", text="try again\nin an hour", met=True,
    )
    assert result["steps"][1]["text"].startswith("list.example.com Hello [192.0.2.9] [192.0.2.9]\nSIZE ")
    assert result["steps"][1]["text"].endswith("\nHELP")
    assert [line for line in result["log"] if "rejected RCPT" in line] == [
        "H=([192.0.2.9]) [192.0.2.9] F=<> rejected RCPT <testlist@list.example.com>: Recipient never sends mail so cannot cause bounces",
        "H=([192.0.2.9]) [192.0.2.9] F=<> temporarily rejected RCPT <later@list.example.com>: try again",
        "H=([192.0.2.9]) [192.0.2.9] F=<> rejected RCPT <author@example.org>: relay not permitted",
    ]
    assert (tmp_path / "sent").read_bytes() == (
        b"EHLO [192.0.2.9]\r\nMAIL FROM:<>\r\nRCPT TO:<testlist@list.example.com>\r\nRCPT TO:<testlist-bounces@list.example.com>\r\n"
        b"RCPT TO:<later@list.example.com>\r\nRCPT TO:<author@example.org>\r\nDATA\r\n"
        b"Subject: the lottery\r\n\r\nA line.\r\n..hidden\r\n.\r\nQUIT\r\n"
    )
    assert (tmp_path / "arguments").read_text() == "-bh 192.0.2.9\n"


@pytest.mark.parametrize("number, expectation, failure", [
    (0, dict(code="250"), "RCPT TO:<testlist@list.example.com>: expected 250, found 550 Recipient never sends mail so cannot cause bounces"),
    (0, dict(code="4xx"), "RCPT TO:<testlist@list.example.com>: expected 4xx, found 550 Recipient never sends mail so cannot cause bounces"),
    (
        0, dict(text="relay"),
        "RCPT TO:<testlist@list.example.com>: expected 550 with text 'relay', found 550 Recipient never sends mail so cannot cause bounces",
    ),
    (1, dict(code="550"), "RCPT TO:<testlist-bounces@list.example.com>: expected 550, found 250 Accepted"),
    (2, dict(code="450"), "RCPT TO:<later@list.example.com>: expected 450, found 451 try again in an hour"),
])
def test_a_reply_that_is_not_as_expected(replay, number, expectation, failure):
    recipients = list(WHOLE["recipients"])
    recipients[number] = dict(dict(recipients[number], text=None), **expectation)
    given = checked(**dict(WHOLE, name="bounces"))
    given["recipients"] = [dict(dict(code="250", text=None), **recipient) for recipient in recipients]
    result, failures = exim_smtp.run_dialogue(replay("smtp_dialogue"), "dialogues[0]", given, 10)
    assert failures == ["bounces: " + failure]
    # The rest of the dialogue takes place all the same.
    assert [step["met"] for step in result["steps"]].count(False) == 1
    assert result["steps"][-1]["step"] == "data"


def test_a_message_that_is_not_refused_as_expected(replay):
    given = checked(**WHOLE)
    given["expect"]["data"] = dict(code="250", text=None)
    dummy, failures = exim_smtp.run_dialogue(replay("smtp_dialogue"), "dialogues[7]", given, 10)
    assert failures == ["dialogues[7] (client 192.0.2.9): DATA: expected 250, found 550 no lottery here"]


def test_a_refused_connection(replay, tmp_path):
    given = checked(client="203.0.113.66", expect=dict(connect=dict(code="5xx", text="go away")))
    result, failures = exim_smtp.run_dialogue(replay("smtp_refused"), "dialogues[0]", given, 10)
    assert failures == []
    assert [(step["step"], step["code"], step["text"]) for step in result["steps"]] == [("connect", "550", "go away")]
    assert result["log"] == ['H=[203.0.113.66] rejected connection in "connect" ACL: go away']
    given = checked(client="203.0.113.66", sender="a@b", recipients=[dict(address="c@d")])
    result, failures = exim_smtp.run_dialogue(replay("smtp_refused"), "dialogues[0]", given, 10)
    assert failures == ["dialogues[0] (client 203.0.113.66): connection: expected 220, found 550 go away"]
    # Nothing is said to an Exim that has refused the connection.
    assert (tmp_path / "sent").read_bytes() == b"QUIT\r\n"


@pytest.mark.parametrize("capture, values, steps, failure", [
    ("smtp_no_name", dict(helo="a_b", sender="author@example.org"), ["220", "501"], "EHLO a_b: expected 250, found 501 Syntactically invalid EHLO argument(s)"),
    ("smtp_no_sender", dict(sender="author"), ["220", "250", "501"],
     "MAIL FROM:<author>: expected 250, found 501 <author>: sender address must contain a domain"),
])
def test_nothing_comes_after_a_refusal_that_ends_the_dialogue(replay, tmp_path, capture, values, steps, failure):
    """What Exim replies to a client that goes on says nothing about recipients: 4.94 even accepts them after a refused EHLO."""
    values.update(recipients=[dict(address="testlist@list.example.com", code="503")], data=dict(headers=[], body=""), expect=dict(data=dict(code="503")))
    values["recipients"].append(dict(address="other@list.example.com"))
    result, failures = exim_smtp.run_dialogue(replay(capture), "dialogues[0]", checked(**values), 10)
    assert [step["code"] for step in result["steps"]] == steps
    assert failures == ["dialogues[0] (client 192.0.2.9): " + failure]
    assert b"RCPT" not in (tmp_path / "sent").read_bytes()


def test_a_message_is_not_sent_where_data_is_refused(replay, tmp_path):
    """As after recipients that are all refused: its lines would be commands."""
    (tmp_path / "refused.txt").write_text(
        "220 hello\n250 Hello\n250 OK\n550 relay not permitted\n503-All RCPT commands were rejected with this error:\n"
        "503-550 relay not permitted\n503 Valid RCPT command must precede DATA\n221 closing connection\n")
    (tmp_path / "refused.stderr.txt").write_text("")
    given = checked(sender="a@b", recipients=[dict(address="c@d")], data=dict(headers=["QUIT: x"], body="QUIT\n"))
    result, failures = exim_smtp.run_dialogue(replay(str(tmp_path / "refused")), "dialogues[0]", given, 10)
    assert [step["code"] for step in result["steps"]] == ["220", "250", "250", "550", "503"]
    assert failures[1].startswith("dialogues[0] (client 192.0.2.9): DATA: expected 250, found 503 All RCPT commands were rejected")
    assert (tmp_path / "sent").read_bytes() == b"EHLO [192.0.2.9]\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nQUIT\r\n"


def test_an_exim_that_dies(replay):
    given = checked(sender="author@example.org", recipients=[dict(address="testlist@list.example.com"), dict(address="c@d")])
    result, failures = exim_smtp.run_dialogue(replay("smtp_stopped", "sleep 0.2; exit 1"), "dialogues[0]", given, 10)
    assert len(failures) == 1
    assert failures[0].startswith(
        "dialogues[0] (client 192.0.2.9): RCPT TO:<testlist@list.example.com>: expected 250, found no reply, Exim has ended: "
        "failed to open /var/lib/mailman/lists for directory search: Permission denied"
    )
    assert result["steps"][-1]["code"] is None


def test_an_exim_that_never_starts(replay):
    exim = replay("stopped", "exit 1")
    with pytest.raises(EximError) as caught:
        exim_smtp.run_dialogue(exim, "dialogues[0]", checked(), 10)
    assert str(caught.value).startswith("dialogues[0] (client 192.0.2.9): no reply, Exim has ended: ")


def test_an_exim_that_does_not_answer(replay):
    exim = replay("smtp_dialogue", "exec sleep 60")
    start = time.time()
    with pytest.raises(EximError) as caught:
        exim_smtp.run_dialogue(exim, "dialogues[0]", checked(sender="<>", recipients=[dict(address="a@b", code="2xx")] * 9), 1)
    assert "RCPT TO:<a@b>: Exim did not answer within 1 seconds." in str(caught.value)
    assert time.time() - start < 10


def test_callouts_are_made_only_when_asked_for(replay, tmp_path):
    exim_smtp.run_dialogue(replay("smtp_dialogue"), "dialogues[0]", checked(callouts=True), 10)
    assert (tmp_path / "arguments").read_text() == "-bhc 192.0.2.9\n"


@pytest.mark.parametrize("values, greeting", [
    (dict(client="192.0.2.1"), "EHLO [192.0.2.1]"),
    (dict(client="2001:db8::1"), "EHLO [IPv6:2001:db8::1]"),
    (dict(client="2001:db8::1", helo="mail.example.net"), "EHLO mail.example.net"),
])
def test_the_client_says_who_it_is(values, greeting):
    assert [command for dummy, command, dummy in exim_smtp.commands(checked(**values))] == [None, greeting]


def test_expectations_have_defaults():
    given = checked(sender="a@b", recipients=[dict(address="c@d")], data=dict(headers=[], body=""))
    assert given["expect"] == {
        "connect": dict(code="220", text=None), "helo": dict(code="250", text=None),
        "sender": dict(code="250", text=None), "data": dict(code="250", text=None),
    }
    assert given["recipients"] == [dict(address="c@d", code="250", text=None)]


def test_an_empty_message_is_still_a_message():
    assert exim_smtp.content(dict(headers=[], body="")) == "\r\n.\r\n"


@pytest.mark.parametrize("values, message", [
    (dict(name="two\nlines"), "dialogues[0].name: 'two\\nlines' has a control character."),
    (dict(client="mail.example.net"), "dialogues[0].client: 'mail.example.net' is not an IP address."),
    (dict(helo="a\r\nMAIL FROM:<>"), "dialogues[0].helo: 'a\\r\\nMAIL FROM:<>' has a control character."),
    (dict(helo="two words"), "dialogues[0].helo: 'two words' is not a host name."),
    (dict(helo=""), "dialogues[0].helo: '' is not a host name."),
    (dict(sender="a@b>\nRCPT TO:<c@d"), "dialogues[0].sender: 'a@b>\\nRCPT TO:<c@d' has a control character."),
    (dict(sender=""), "dialogues[0].sender: '' is not a bare mail address"),
    (dict(sender="a@b", recipients=[dict(address="c@d"), dict(address="c@d\nDATA")]), "dialogues[0].recipients[1].address: 'c@d\\nDATA' has a"),
    (dict(sender="a@b", recipients=[dict(address="c@d", code="200 OK")]), "dialogues[0].recipients[0].code: no reply can have the code '200 OK'."),
    (dict(sender="a@b", recipients=[dict(address="c@d", code="250\n")]), "dialogues[0].recipients[0].code: no reply can have the code '250\\n'."),
    (dict(sender="a@b", recipients=[dict(address="c@d", code="354")]), "dialogues[0].recipients[0].code: no reply can have the code '354'."),
    (dict(sender="a@b", recipients=[dict(address="c@d", text="(")]), "dialogues[0].recipients[0].text: '(' is not a regular expression:"),
    (dict(expect=dict(helo=dict(code="25x"))), "dialogues[0].expect.helo.code: no reply can have the code '25x'."),
    (dict(expect=dict(connect=dict(text="*"))), "dialogues[0].expect.connect.text: '*' is not a regular expression:"),
    (dict(expect=dict(sender=dict(code="550"))), "dialogues[0].expect.sender cannot be met, because the dialogue has no sender."),
    (dict(sender="a@b", expect=dict(data=dict(code="550"))), "dialogues[0].expect.data cannot be met, because the dialogue has no data."),
    (dict(recipients=[dict(address="c@d")]), "dialogues[0]: recipients and data need a sender"),
    (dict(sender="a@b", data=dict(headers=[], body="")), "dialogues[0]: data needs recipients."),
    (
        dict(sender="a@b", recipients=[dict(address="c@d")], data=dict(headers=["Subject: x\nBcc: y"], body="")),
        "dialogues[0].data.headers[0]: 'Subject: x\\nBcc: y' has a control character.",
    ),
    (
        dict(sender="a@b", recipients=[dict(address="c@d")], data=dict(headers=["no header"], body="")),
        "dialogues[0].data.headers[0]: 'no header' is not a header line",
    ),
    (dict(sender="a@b", recipients=[dict(address="c@d")], data=dict(headers=[], body="a\r\nb")), "dialogues[0].data.body has a control character."),
    (dict(sender="a@b", expect=dict(connect=dict(code="550"))), "dialogues[0].sender is never reached, because connect should be refused."),
    (dict(helo="a", expect=dict(connect=dict(code="550"))), "dialogues[0].helo is never reached, because connect should be refused."),
    (dict(sender="a@b", expect=dict(helo=dict(code="5xx"))), "dialogues[0].sender is never reached, because helo should be refused."),
    (
        dict(sender="a@b", recipients=[dict(address="c@d")], expect=dict(sender=dict(code="550"))),
        "dialogues[0].recipients is never reached, because sender should be refused.",
    ),
    (
        dict(sender="a@b", recipients=[dict(address="c@d", code="550")], data=dict(headers=[], body="")),
        "dialogues[0].data is never reached, because all recipients should be refused.",
    ),
])
def test_a_dialogue_that_cannot_mean_what_it_says_is_refused(values, message):
    with pytest.raises(EximError) as caught:
        checked(**values)
    assert str(caught.value).startswith(message)
