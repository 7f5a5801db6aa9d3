# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each statement of the ACLs, and each line of each, decides something: these dialogues have other replies without it.

Whoever adds a statement adds the dialogue in which it matters. On one host: the statements are the same on all.
"""

import json
import re
import subprocess

import pytest
from conftest import ROOT, letter
from test_5_content import EICAR, GTUBE, MARKED

# That host's other tests, which stop its scanners, come before.
pytestmark = pytest.mark.list_hosts("debian12")

# What no reply shows; and where it shows.
UNSEEN = {
    # Mail to what is no list is refused before its headers are looked at.
    "set acl_m_list_post = yes, without condition = ${if exists{MM_LISTCHK}}",
    # Where there is no answer, none is counted.
    "subscriptions-${md5:${lc:${address:$rh_From:}}}, without condition = ${if def:acl_m_answers}",
    # A header: test_5_content.py.
    "add_header = X-Spam-Score: $spam_score",
    # Passwords, which exim -bh does not take: test_3_tls.py.
    "/ 1h / per_cmd / readonly / auth-CLIENT_NETWORK",
    "acl_check_auth: accept",
    "/ 1h / strict / per_cmd / auth-CLIENT_NETWORK",
    "acl_wrong_password: accept",
}


def address(recipient):
    return recipient if "@" in recipient else recipient + "@list.example.com"


def mail(*recipients, sender="anna@example.org", data=None):
    """The commands of one message; without data it ends with the recipients."""
    commands = ["MAIL FROM:<%s>" % sender, *["RCPT TO:<%s>" % address(recipient) for recipient in recipients]]
    return commands + (["RSET"] if data is None else ["DATA", data.rstrip("\n").replace("\n", "\r\n") + "\r\n."])


def session(*commands, client="192.0.2.1", helo="client.example.org", options=()):
    """A connection of a stranger; commands are lists of them."""
    return {"client": client, "options": options, "commands": ["EHLO " + helo, *[command for part in commands for command in part]]}


SUBSCRIPTIONS = ["testlist-subscribe", "testlist-join", "testlist-request", "mailman-join", "testlist-join", "mailman-request"]
# To the port of this host, which exim -bh has not of its own accord.
PORT_25, PORT_587 = ["-oMi", "192.0.2.7.25"], ["-oMi", "192.0.2.7.587"]
LOGGED_IN = [*PORT_587, "-oMaa", "plain", "-oMai", "berta"]
LONG = letter(body="x" * 999 + "\n")
RECEIVED = "Received: by x.example.org; Wed, 25 Nov 2026 18:00:00 +0000\n"
LARGE = letter(body=GTUBE + ("x" * 70 + "\n") * 15500)


NEVER = "550 Recipient never sends mail so cannot cause bounces"
RELAY = "550 Relay not permitted"
TOO_MANY = "451 Too many subscriptions at once: try again later"
HELO = "550 Name yourself in HELO with your fully qualified name or [address]"
ME = "550 In HELO you name yourself as me"
TOO_LONG = "550 Maximum allowed line length is 998 octets, got 999"
UNCLEAR = "550-Mailman would answer the address in the From header"
BERTA = "berta@example.net"
NO_HEADER_SENDER = "550 The sender in the headers does not exist"


def dialogues(ground, list_host):
    """Sessions, and the replies to recipients and messages, or how they begin. The list `half` is a directory without config.pck."""
    exchanger = list_host.ip.rpartition(".")[0] + ".6"
    listed, here = ground.mail_servers["example.net"], "@" + list_host.fqdn
    half, rest = SUBSCRIPTIONS[:3], SUBSCRIPTIONS[3:]
    return [
        # Bounces, and what looks like one.
        (["250", "250"], session(mail("testlist-bounces+o!x=a/b", sender="", data=letter(Date=None)), helo="mailer")),
        (["550 Unknown user"], session(mail("nolist-bounces", sender=""))),
        ([RELAY], session(mail("testlist-bounces@example.net"))),
        # The host itself, and those who would be.
        (["250"] * 3, session(
            mail("member@unknown.test", "a!b@example.net", sender="testlist-bounces@list.example.com", data=letter(Date=None)), client="127.0.0.1", helo="x",
        )),
        (["250"] * 101, session(mail(*["member@example.net"] * 101), client="127.0.0.1")),
        (["250"] * 100 + ["452 4.5.3 Too many recipients of one message"], session(mail(*["testlist"] * 101))),
        ([RELAY], session(mail("member@example.net"))),
        (["550 Restricted characters in address"] * 2 + ["250"], session(mail("a!b", ".a", "testlist"))),
        # Null senders.
        ([NEVER, "550 Unknown user", "250", NEVER, RELAY, RELAY], session(
            mail("testlist", "half", "testlist-confirm", "testlist-owner", "testlist@example.net", "testlist-admin@example.net", sender=""),
        )),
        (["550 Only bounces come here", RELAY], session(mail("mailman-loop", "mailman-loop@example.net"))),
        (["250", "250"], session(mail("mailman-loop", sender="", data=letter()))),
        (["250", "550 A bounce of a notice is smaller than 1 MB"], session(mail("mailman-loop", sender="", data=LARGE))),
        (["250", "250"], session(mail("testlist", data=LARGE))),
        # Subscriptions: of one client, of one sender, of nobody in particular, and what is none.
        (["250"] * 5 + [TOO_MANY], session(*[mail(to, sender="a%d@example.org" % number) for number, to in enumerate(SUBSCRIPTIONS)], options=PORT_25)),
        (["250"] * 6, session(*[mail(to, sender="a%d@example.org" % number) for number, to in enumerate(SUBSCRIPTIONS)], client=exchanger, options=PORT_25)),
        (["250"] * 7 + [TOO_MANY], *[
            session(mail(*part, data=letter()), client=client, options=PORT_25) for part, client in ((half, "192.0.2.1"), (rest, "192.0.2.2"))
        ]),
        (["250"] * 7, session(mail(*SUBSCRIPTIONS, data=letter()))),
        (["250"] * 12, session(*[mail("testlist", data=letter())] * 6, options=PORT_25)),
        (["250", UNCLEAR], session(mail("testlist-join", data=letter(sender="anna@example.org, berta@example.net")))),
        (["250", "250"], session(mail("testlist", data=letter(sender="anna@example.org, berta@example.net")))),
        (["250"] * 6, session(*[mail("testlist", sender="b%d@example.org" % number) for number in range(6)], options=PORT_25)),
        (["250"] * 6, *[session(mail(*["testlist"] * 3), client=client, options=PORT_25) for client in ("192.0.2.1", "192.0.2.2")]),
        ([RELAY] * 6, session(*[mail("testlist-join@example.net", sender="b%d@example.org" % number) for number in range(6)], options=PORT_25)),
        ([RELAY] * 6, *[session(mail(*["testlist-join@example.net"] * 3), client=client, options=PORT_25) for client in ("192.0.2.1", "192.0.2.2")]),
        # People of this host, who need not say when they wrote, and who they should be on port 587.
        *[([*["250"] * len(to), reply], session(mail(*to, sender=sender, data=data), helo="laptop", options=LOGGED_IN)) for reply, to, sender, data in (
            ("250", ["member@example.net"], BERTA, letter(sender=BERTA, Date=None)),
            ("550-You logged in as berta", ["member@example.net"], "anna@example.net", letter(sender=BERTA)),
            ("550-Write one From header", ["member@example.net"], BERTA, "From: %s\n" % BERTA + letter(sender=BERTA)),
            ("550-Error in the headers: ", ["testlist-bounces"], BERTA, letter(sender=BERTA, Cc="<anna@example.org")),
        )],
        (["250"] * 7, session(mail(*["x-join@example.net"] * 6, sender=BERTA, data=letter(sender=BERTA)), options=LOGGED_IN)),
        (["550 Log in first"], session(mail("testlist"), options=PORT_587)),
        # Postmaster hears everybody, here alone.
        (["250", "250", "550 %s is listed by bl.test" % listed], session(mail("postmaster", "postmaster" + here, "postmaster@example.net"), client=listed)),
        *[([reply], session(mail("testlist"), helo=helo)) for reply, helo in (
            (HELO, "mailer"), (HELO, "192.0.2.1"), ("250", "[192.0.2.1]"), (ME, "list.example.com"), (ME, list_host.fqdn),
        )],
        *[(["550-Verification failed for <%s>" % sender], session(mail("testlist", sender=sender))) for sender in (
            "somebody@unknown.test", "reject-somebody@example.org",
        )],
        (["550 Unknown user"], session(mail("nolist"))),
        # Headers and content, of posts and of bounces.
        (["250", "250"], session(mail("testlist", data=letter()))),
        (["250", "250"], session(mail("testlist", data="From: anna@example.org\n" + letter()))),
        (["250", "250", "550 There is no Date header"], session(mail("testlist-bounces", "testlist", data=letter(Date=None)))),
        (["250", "550 There is no From header"], session(mail("testlist", data=letter(From=None)))),
        (["250", "250"], session(mail("testlist-bounces", data=letter(From=None)))),
        (["250", TOO_LONG], session(mail("testlist", data=LONG))),
        (["250", "250"], session(mail("testlist-bounces", sender="", data=LONG))),
        (["250", "250", TOO_LONG], session(mail("testlist-bounces", "member@example.net", data=LONG), client="127.0.0.1")),
        (["250", "250", TOO_LONG], session(mail("testlist-bounces", "member@example.net", sender=BERTA, data=LONG), options=LOGGED_IN)),
        (["250", "250", "550 There is no Date header"], session(mail("testlist-bounces", "postmaster", data=letter(Date=None)))),
        (["250", "550 Too many Received headers"], session(mail("testlist", data=RECEIVED * 31 + letter()))),
        (["250", "550-Error in the headers: "], session(mail("testlist", data=letter(Cc="<anna@example.org")))),
        (["250", "250"], session(mail("testlist-bounces", data=letter(Cc="<anna@example.org")))),
        (["250", NO_HEADER_SENDER], session(mail("testlist", data=letter(sender="reject-header@example.org")))),
        (["250", "250"], session(mail("testlist-bounces", data=letter(sender="reject-header@example.org")))),
        (["250", "550 Automatic replies do not go to the list"], session(mail("testlist", data=letter(Precedence="auto_reply")))),
        *[(["250", "250"], session(mail(to, data=letter(Precedence="auto_reply")))) for to in ("testlist-owner", "mailman" + here)],
        *[(["250", reply], session(mail("testlist", data=letter(body=body)))) for reply, body in (
            ("550 This message has malware: ", EICAR), ("550 This message looks like spam (", GTUBE), ("250", MARKED),
        )],
    ]


def about(replies):
    """Those to recipients and messages: not to EHLO, MAIL, RSET, DATA and QUIT."""
    return [reply for reply in replies if not re.match(r"id$|250-.*\n|250 (OK|Reset OK)$|354 |221 ", reply)]


@pytest.fixture(scope="module")
def expected(ground, list_host):
    return dialogues(ground, list_host)


@pytest.fixture(scope="module")
def tried(list_host, expected):
    """What molecule/shared/statements.py finds."""
    request = {"config": list_host.check_output("exim -bP configure_file"), "dialogues": [sessions for _replies, *sessions in expected]}
    list_host.check_output("mkdir /var/lib/mailman/lists/half")
    try:
        command = list_host.enter("python3", "-c", (ROOT / "molecule/shared/statements.py").read_text())
        run = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, timeout=900, check=False)
    finally:
        list_host.check_output("rmdir /var/lib/mailman/lists/half")
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_replies(tried, expected):
    found = [about(replies) for replies in tried["replies"]]
    wrong = [
        (sessions, replies, answers) for (replies, *sessions), answers in zip(expected, found)
        if len(replies) != len(answers) or not all(answer.startswith(reply) for answer, reply in zip(answers, replies))
    ]
    assert wrong == []


def test_each_statement_decides_something(tried):
    assert tried["unstable"] == []
    unseen = {what: [line for line in tried["unnoticed"] if line.endswith(what)] for what in UNSEEN}
    assert {what: len(found) for what, found in unseen.items()} == dict.fromkeys(UNSEEN, 1)
    known = [line for found in unseen.values() for line in found]
    assert [line for line in tried["unnoticed"] if line not in known] == []
