# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail that would be lost, or counted against a member, because of a name, an address or a line."""

import quopri
import uuid

import pytest
from conftest import PREFIX
from waiting import eventually

MEMBERS = ["p=q=r@example.org", "two+t=u@example.net", "x/y!z%w@example.edu"]
LONG = "word " * 400 + "end"
ENCODED = "MIME-Version: 1.0\nContent-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: quoted-printable\n\n" + quopri.encodestring(
    LONG.encode()
).decode() + "\n"
TOO_LONG = "x" * 999 + "\n"


# --- Bounces find their member ---


@pytest.mark.parametrize("name", ["a+b", "each+1"], ids=["by Exim", "by Mailman"])
def test_bounces_of_odd_addresses(post, send, list_host, scores, name):
    """A = in front of the @, a + in the name of the list; and characters that are refused in all other addresses. Both forms of VERP."""
    copies = post(name, 3)
    assert sorted((copy.mail_from, copy.rcpt_tos[0]) for copy in copies) == sorted(
        ("%s-bounces+%s@list.example.com" % (name, member.replace("@", "=")), member) for member in MEMBERS
    )
    for copy in copies:
        assert send(list_host, copy.mail_from, sender="").code == 250
    found = []
    eventually(lambda: found.extend(scores(name)) or sorted(found) == MEMBERS)


# --- Long lines ---


def check_paragraph(copies, recipients):
    """It arrived whole, in short lines."""
    assert sorted(recipient for copy in copies for recipient in copy.rcpt_tos) == sorted(recipients)
    for copy in copies:
        assert max(len(line) for line in copy.message.splitlines()) <= 200
        parts = [part.get_payload(decode=True).decode() for part in copy.content.walk() if not part.is_multipart()]
        assert LONG in [line for part in parts for line in part.splitlines()]


def nothing_came_back(list_host, scores, *lists):
    eventually(lambda: list_host.check_output("exim -bpc") == "0")
    assert list_host.check_output("ls %s/qfiles/bounces %s/qfiles/shunt" % (PREFIX, PREFIX)).count(".pck") == 0
    assert [scores(name) for name in lists] == [[] for name in lists]


@pytest.mark.parametrize("name", ["a+b", "each+1"])
def test_a_long_paragraph_reaches_everybody(post, list_host, scores, name):
    """Sent as it should be. With the footer added it would be one line, which Exim does not send: all members would have a score."""
    check_paragraph(post(name, 3, ENCODED), MEMBERS)
    nothing_came_back(list_host, scores, name)


def test_a_long_paragraph_in_digests(list_host, send, sink, scores, mailman):
    data = "From: anna@example.org\nTo: digests@list.example.com\nSubject: for digests\nMessage-ID: <%s@example.org>\n%s" % (uuid.uuid4().hex, ENCODED)
    assert send(list_host, "digests@list.example.com", sender="anna@example.org", data=data).code == 250
    eventually(lambda: list_host.file(PREFIX + "/lists/digests/digest.mbox").exists)
    mark = sink.mark()
    list_host.check_output("runuser -u list -- python2.7 -S %s/cron/senddigests -l digests" % PREFIX)
    check_paragraph(sink.wait(2, since=mark, host=list_host, subject="Digest, Vol"), ["mime@example.org", "plain@example.org"])
    nothing_came_back(list_host, scores, "digests")


def test_a_line_that_no_server_takes_is_refused(list_host, send):
    reply = send(list_host, "a+b@list.example.com", "a+b-bounces@list.example.com", sender="anna@example.org", data="Subject: long\n\n" + TOO_LONG)
    assert (reply.code, reply.reply) == (550, "Maximum allowed line length is 998 octets, got 999")


def test_bounces_may_have_such_lines(list_host, send, scores):
    """A subscriber whose server writes them must get off the list all the same."""
    address = "a+b-bounces+p=q=r=example.org@list.example.com"
    assert send(list_host, address, sender="", data="Subject: Returned\n\n" + TOO_LONG).code == 250
    eventually(lambda: scores("a+b") == ["p=q=r@example.org"])


def test_a_program_of_this_host_is_told(list_host, sink):
    """Nothing has looked at its mail when it comes to a router. Mailman would have sent it on."""
    mark = sink.mark()
    list_host.check_output("(printf 'Subject: long\\n\\n'; printf %999s | tr ' ' x; echo) | exim -f anna@example.org a+b@list.example.com")
    [bounce] = sink.wait(1, since=mark, host=list_host, to="anna@example.org")
    assert "Maximum allowed line length is 998 octets, got 999" in bounce.message


def test_a_refusal_by_our_own_exim_is_nobodys_fault(list_host, scores, sink):
    """Mailman offers a line that is too long: it is told at once, and nobody has a score."""
    dialogue = "EHLO x\\r\\nMAIL FROM:<a+b-bounces@list.example.com>\\r\\nRCPT TO:<p=q=r@example.org>\\r\\nDATA\\r\\nSubject: long\\r\\n\\r\\n"
    command = "(printf '%s'; printf %%999s | tr ' ' x; printf '\\r\\n.\\r\\nQUIT\\r\\n') | timeout 60 exim -bs -oMa 127.0.0.1" % dialogue
    assert "\n550 Maximum allowed line length is 998 octets, got 999" in list_host.run(command).stdout
    nothing_came_back(list_host, scores, "a+b")


# --- Addresses that are nobody's ---


@pytest.mark.parametrize("address", ["a/b", "a+b/c", "nobody-bounces+a/b=example.org", "a/b-bounces"])
def test_a_slash_is_refused_at_once(list_host, send, address):
    for sender in ("anna@example.org", ""):
        assert send(list_host, address + "@list.example.com", sender=sender).code == 550
    found = list_host.run("exim -bt '%s@list.example.com'" % address).stdout
    assert "is undeliverable" in found


@pytest.mark.parametrize("domain", ["list.example.com", "{fqdn}"])
def test_a_sender_with_a_slash_is_refused_at_once(list_host, send, domain):
    sender = "a/b@" + domain.format(fqdn=list_host.fqdn)
    reply = send(list_host, "a+b@list.example.com", sender=sender)
    assert (reply.code, "verify" in reply.reply) == (550, True)
    assert send(list_host, "a/b@" + list_host.fqdn, sender="anna@example.org").code == 550


def test_addresses_not_in_ascii_are_not_offered(list_host, send):
    reply = send(list_host, "a+b@list.example.com", sender="anna@example.org")
    assert "250-SIZE" in reply.transcript
    assert "SMTPUTF8" not in reply.transcript


# --- Mail that Mailman gave up on ---


def test_shunted_mail_is_a_finding(list_host, send, verify):
    """A multipart without parts, which Mailman cannot process."""
    shunted = "ls %s/qfiles/shunt | grep pck || :" % PREFIX
    assert list_host.check_output(shunted) == ""
    data = "From: anna@example.org\nTo: a+b@list.example.com\nMessage-ID: <%s@example.org>\nSubject: broken\nMIME-Version: 1.0\n%s\nno parts\n" % (
        uuid.uuid4().hex, 'Content-Type: multipart/mixed; boundary="b"\n',
    )  # fmt: skip
    assert send(list_host, "a+b@list.example.com", sender="anna@example.org", data=data).code == 250
    eventually(lambda: list_host.check_output(shunted))
    status, report = verify()
    list_host.check_output("rm %s/qfiles/shunt/*.pck" % PREFIX)
    assert status != 0
    # Lists that other tests were interrupted with may be faults, too.
    assert {fault["fault"]: fault["found"] for fault in report["faults"]}["shunted-mail"] == ["messages in Mailman's queue shunt: 1"]


def test_mail_that_waits_is_offered_again_soon(mailman):
    assert mailman("print json.dumps(mm_cfg.DELIVERY_RETRY_WAIT)") == 300
