# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may send to whom: receiver verification, and null senders for every kind of address."""

import pytest
from conftest import letter
from waiting import eventually

NEVER_SENDS = (550, "Recipient never sends mail so cannot cause bounces")


def test_receivers_are_verified_for_mail_from_outside(talk, list_host):
    unknown = ["nolist@list.example.com", "nolist-request@list.example.com", "nobody-here@" + list_host.fqdn]
    replies = talk(*unknown, "testlist@list.example.com", "root@" + list_host.fqdn)
    assert [replies[address][0] for address in unknown] == [550, 550, 550]
    assert [code for code, _text in list(replies.values())[-2:]] == [250, 250]
    assert talk("somebody@example.net").last == (550, "Relay not permitted")


@pytest.mark.parametrize("loopback", ["127.0.0.1", "::1"])
def test_mailmans_receivers_are_not(talk, list_host, names, loopback):
    """Not one of 500 domains is asked for, and none of them can be mailed to."""

    def datagrams():
        return int(list_host.check_output("awk '/^Udp:/ {sent = $5} END {print sent}' /proc/net/snmp"))

    recipients = ["subscriber@nowhere%d.test" % number for number in range(500)]
    how = {"client": list_host, "server": loopback, "sender": "testlist-bounces@list.example.com"}
    before = datagrams()
    replies = talk(*recipients, **how)
    assert {replies[recipient] for recipient in recipients} == {(250, "Accepted")}
    after = datagrams()
    unroutable = list_host.run("exim -bv " + " ".join(recipients)).stdout
    assert unroutable.count("Unrouteable address") == 500
    # Who asks for each has questions to send.
    assert after - before < 100 and datagrams() - after >= 500
    code, text = talk(*recipients, data=letter(Precedence="list"), **how).last
    assert code == 250
    # Then Exim asks, beside the next test.
    completed = text.rpartition("id=")[2] + " Completed"
    eventually(lambda: completed in list_host.check_output("cat " + names.exim_log))


REFUSED = ["testlist", "TestList", "mailman", "mailman-admin", "mailman-owner", "mailman-request", "nolist", "nolist-bounces"]
REFUSED += ["testlist-" + kind for kind in ("admin", "join", "leave", "owner", "request", "subscribe", "unsubscribe", "Request")]
ACCEPTED = ["testlist-" + kind for kind in ("bounces", "bounces+luser=example.com", "bounces+o'hara!x=a/b", "confirm", "confirm+0123456789abcdef")]
ACCEPTED += ["mailman-bounces", "mailman-loop", "postmaster", "abuse", "root", "mailer-daemon"]


def test_null_sender(talk):
    """All kinds of addresses: where nothing is sent from no bounce is accepted, with no quotes around the reply's text."""
    replies = talk(*[name + "@list.example.com" for name in REFUSED + ACCEPTED], sender="")
    codes = {name: replies[name + "@list.example.com"][0] for name in REFUSED + ACCEPTED}
    assert codes == {**dict.fromkeys(REFUSED, 550), **dict.fromkeys(ACCEPTED, 250)}
    texts = {replies[name + "@list.example.com"] for name in REFUSED if not name.startswith("nolist")}
    assert texts == {NEVER_SENDS}


def test_null_sender_for_people(talk, list_host):
    """Those do send."""
    assert talk("root@" + list_host.fqdn, sender="").last[0] == 250


@pytest.mark.parametrize("options", ["", "-f testlist-bounces@list.example.com -oMa 127.0.0.1"], ids=["other mail", "list mail"])
@pytest.mark.parametrize("domain", ["loopback4.test", "loopback6.test", "zero.test"])
def test_no_mail_for_others_goes_to_loopback(list_host, domain, options):
    """Whoever makes the DNS say that it should: it would be trusted there."""
    assert list_host.check_output("getent ahosts " + domain)
    answer = list_host.run("exim -bt %s somebody@%s" % (options, domain))
    assert (answer.rc, answer.stdout.split(": ")[0]) == (2, "somebody@%s is undeliverable" % domain)
