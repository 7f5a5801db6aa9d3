# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two list hosts behind a mail exchanger, which is one's relay, too: inventories/mx on the wire."""

import json
import uuid

import pytest
from waiting import eventually, until_mailman_is_idle

DOMAINS = {"lists1.example.com": "list.example.com", "lists2.example.com": "list.example.net"}
MEMBERS = {
    "lists1.example.com": ["alice@example.org", "bob@example.net", "carol@example.edu"],
    "lists2.example.com": ["dave@example.org", "erin@example.net"],
}
# From where the copies of each come to the subscribers' servers: lists1 has a relay.
LAST_HOP = {"lists1.example.com": "mx.example.com", "lists2.example.com": "lists2.example.com"}
BIN = "/var/lib/mailman/bin/"


def letter(subject, **headers):
    lines = ["Subject: " + subject, "Message-ID: <%s@test.example.org>" % uuid.uuid4()]
    return "\n".join(lines + ["%s: %s" % header for header in headers.items()]) + "\n\nA test.\n"


@pytest.fixture(scope="module")
def mx(ground):
    return ground.machines["mx.example.com"]


@pytest.fixture(scope="module")
def domain(list_host):
    return DOMAINS[list_host.name]


@pytest.fixture(scope="module")
def last_hop(ground, list_host):
    return ground.machines[LAST_HOP[list_host.name]]


@pytest.fixture
def make_list(list_host):
    """Make a list with Mailman's own tools, which everyone may post to."""
    made = []

    def make_list(*members):
        name = "list-" + uuid.uuid4().hex[:8]
        list_host.check_output(BIN + "newlist -q %s admin@example.org secret" % name)
        made.append(name)
        list_host.check_output("echo 'generic_nonmember_action = 0' > /run/settings && " + BIN + "config_list -i /run/settings " + name)
        list_host.check_output("printf '%%s\\n' %s | %sadd_members -w n -a n -r - %s" % (" ".join(members), BIN, name))
        return name

    yield make_list
    until_mailman_is_idle(list_host, "/var/lib/mailman/qfiles")
    for name in made:
        list_host.run(BIN + "rmlist -a " + name)


@pytest.fixture
def post(mx, send, sink, domain, last_hop):
    """Post to a list from the internet, by way of the mail exchanger, and wait for the copies that the last hop sends."""

    def post(name, copies, sender="alice@example.org", last_hop=last_hop):
        subject, mark = "post " + uuid.uuid4().hex, sink.mark()
        address = "%s@%s" % (name, domain)
        reply = send(mx, address, sender=sender, data=letter(subject, From=sender, To=address))
        assert reply.code == 250, reply.transcript
        return sink.wait(copies, since=mark, host=last_hop, subject=subject)

    return post


def bouncing(list_host, name):
    """The members with a bounce score."""
    code = (
        "import sys; sys.path.insert(0, '%s'); import paths, json; from Mailman.MailList import MailList;"
        "print json.dumps(MailList('%s', lock=0).getBouncingMembers())"
    ) % (BIN, name)
    return json.loads(list_host.check_output('/usr/bin/python2.7 -B -c "%s"' % code))


def test_post_reaches_every_member(list_host, domain, post):
    """By the last hop that the inventory says, and with the recipient in the envelope sender after it."""
    members = MEMBERS[list_host.name]
    copies = post("announce", len(members), sender=members[0])
    assert sorted((copy.mail_from, copy.rcpt_tos) for copy in copies) == sorted(
        ("announce-bounces+%s@%s" % (member.replace("@", "="), domain), [member]) for member in members)


def test_unknown_list_is_refused_with_the_words_of_its_host(mx, list_host, domain, send):
    for sender in ["alice@example.org", ""]:
        for local_part in ["nolist", "nolist-request", "nolist-bounces+alice=example.org"]:
            recipient = "%s@%s" % (local_part, domain)
            reply, words = send(mx, recipient, sender=sender), send(list_host, recipient, sender=sender).reply
            assert (reply.code, reply.reply) == (550, "Callout verification failed:\n550 " + words), reply.transcript


def test_bounces_are_refused_where_nothing_is_sent_from(mx, list_host, domain, send):
    for suffix in ["", "-request", "-owner"]:
        reply = send(mx, "announce%s@%s" % (suffix, domain), sender="")
        assert reply.code == 550, reply.transcript
        assert "Recipient never sends mail so cannot cause bounces" in reply.reply


def test_bounces_are_accepted_whatever_characters_or_sender_they_have(mx, list_host, domain, send):
    for detail in ["", "+alice=example.org", "+o'hara!x=example.com", "+a/b=example.com"]:
        for sender in ["", "somebody@unknown.test"]:
            reply = send(mx, "announce-bounces%s@%s" % (detail, domain), sender=sender)
            assert reply.code == 250, reply.transcript


def test_postmaster_is_the_list_hosts(mx, list_host, domain, send, sink, last_hop):
    subject, mark = "to the postmaster " + uuid.uuid4().hex, sink.mark()
    assert send(mx, "postmaster@" + domain, sender="gustav@example.org", data=letter(subject)).code == 250
    [copy] = sink.wait(1, since=mark, host=last_hop, subject=subject)
    assert copy.rcpt_tos == ["admin@example.org"]


def test_verp_bounce_scores_the_member_in_the_address(mx, list_host, domain, send, make_list):
    name = make_list("emil@example.net", "frida@example.edu")
    assert send(mx, "%s-bounces+emil=example.net@%s" % (name, domain), sender="", data=letter("Undelivered")).code == 250
    assert eventually(lambda: bouncing(list_host, name)) == ["emil@example.net"]


def test_relay_takes_many_connections_of_a_list_host_at_once(mx, ground):
    """The copies of a large list come so. By default there is room for 20, and for as many that wait to be let in."""
    code = "import smtplib; print(len([smtplib.SMTP('%s') for number in range(40)]))" % mx.ip
    assert ground.machines["lists1.example.com"].check_output('python3 -c "%s"' % code) == "40"
    [backlog] = {line.split()[2] for line in mx.check_output("ss -Hltn 'sport = :25'").splitlines()}
    assert backlog == "1024"


def test_stranger_gets_no_more_connections_than_others(mx, internet):
    """Of the relay's 1000 it may have 20. In a loop, as the list hosts' above."""
    code = (
        "import smtplib\n"
        "def greeting():\n"
        " smtp = smtplib.SMTP(); smtps.append(smtp); return smtp.connect('%s')[0]\n"
        "smtps = []; print(*[greeting() for number in range(22)])"
    ) % mx.ip
    assert internet.check_output('python3 -c "%s"' % code).split() == ["220"] * 20 + ["421"] * 2


def test_list_host_that_a_route_leads_back_to(mx):
    """Whatever made the list host's name one of the mail exchanger's own: mail waits, and is not frozen."""
    assert mx.check_output("exim -bP router relay_routes | grep self") == "self = defer"


def test_relay_lets_none_of_many_messages_in_a_connection_wait(mx, ground, sink):
    """The copies of a large message come so."""
    subject, mark = "large " + uuid.uuid4().hex, sink.mark()
    code = (
        "import smtplib; s = smtplib.SMTP('%s')\n"
        "for n in range(40): s.sendmail('announce-bounces@list.example.com', 'member%%d@example.org' %% n, 'Subject: %s')"
    ) % (mx.ip, subject)
    ground.machines["lists1.example.com"].check_output('python3 -c "%s"' % code)
    sink.wait(40, since=mark, host=mx, subject=subject)


def test_refusal_of_a_copy_scores_its_member(list_host, post, make_list):
    """At the last hop: the relay's bounce finds its way back to the list host."""
    name = make_list("reject-rudi@example.org", "emil@example.net")
    post(name, 1)
    assert eventually(lambda: bouncing(list_host, name)) == ["reject-rudi@example.org"]


def test_list_of_one_host_is_member_of_a_list_of_the_other(list_host, domain, make_list, post, ground):
    """The one finds the other by the MX record."""
    [other] = [host for host in ground.list_hosts if host is not list_host]
    name = make_list("announce-owner@" + DOMAINS[other.name])
    [copy] = post(name, 1, last_hop=ground.machines[LAST_HOP[other.name]])
    assert copy.rcpt_tos == ["admin@example.org"]


def test_new_list_is_known_at_once_and_a_removed_one_no_more(mx, list_host, domain, send):
    """The mail exchanger remembers no answer."""

    def code():
        return send(mx, "brand-new@" + domain, sender="alice@example.org", options=["--quit-after", "RCPT"]).code

    assert code() == 550
    list_host.check_output(BIN + "newlist -q brand-new admin@example.org secret")
    assert code() == 250
    list_host.check_output(BIN + "rmlist -a brand-new")
    assert code() == 550


def test_mail_waits_while_the_list_host_is_down(mx, list_host, domain, send, sink, last_hop):
    members = MEMBERS[list_host.name]
    subject, mark = "when it was down " + uuid.uuid4().hex, sink.mark()
    data = letter(subject, From=members[0], To="announce@" + domain)
    list_host.check_output("systemctl stop exim4")
    try:
        assert send(mx, "announce@" + domain, sender=members[0], data=data).code == 250
        eventually(lambda: "announce@" + domain in mx.check_output("exim -bp"))
    finally:
        list_host.check_output("systemctl start exim4")
    mx.check_output("exim -qff")
    sink.wait(len(members), since=mark, host=last_hop, subject=subject)
    assert mx.check_output("exim -bpc") == "0"


def test_mail_exchanger_is_not_taken_for_one_client(ground, mx, list_host, domain):
    """Others are when they come with too many subscriptions, even of many people. Nothing is sent."""

    def codes(machine, address):
        code = (
            "import smtplib\n"
            "for n in range(15):\n"
            " s = smtplib.SMTP('%s', source_address=('%s', 0)); s.ehlo(); s.mail('%%d%s@example.org' %% n); print(s.rcpt('announce-join@%s')[0]); s.quit()"
        ) % (list_host.ip, address, uuid.uuid4().hex, domain)
        return set(machine.check_output('python3 -c "%s"' % code).split())

    assert codes(ground.internet, ground.mail_servers["example.edu"]) == {"250", "451"}
    assert codes(mx, mx.ip) == {"250"}


def test_without_certificate_acme_nothing_of_it_is_there(mx):
    assert mx.run("ls -d /usr/bin/certbot /etc/letsencrypt /etc/listhost/certificate* /etc/listhost/deploy-certificate").stdout == ""


@pytest.mark.parametrize("sender", ["someone@example.net", "", "announce-bounces@list.example.com", "root@lists1.example.com"])
def test_strangers_may_not_relay(mx, send, sender):
    for recipient in ["gustav@example.org", "gustav@lists1.example.com", "gustav%example.org@list.example.com"]:
        reply = send(mx, recipient, sender=sender, options=["--quit-after", "RCPT"])
        assert reply.code == 550, reply.transcript


def test_only_the_host_that_the_inventory_names_may_relay(mx, ground):
    code = "import smtplib; s = smtplib.SMTP('%s'); s.ehlo(); s.mail('a@example.org'); print(s.rcpt('gustav@example.org')[0])" % mx.ip
    codes = {host.name: host.check_output('python3 -c "%s"' % code) for host in ground.list_hosts}
    assert codes == {"lists1.example.com": "250", "lists2.example.com": "550"}
