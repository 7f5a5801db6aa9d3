# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Malware and spam, judged by a real ClamAV and a real SpamAssassin."""

import uuid

import pytest
from conftest import letter
from waiting import eventually

LIST = "testlist@list.example.com"
# The strings with which all scanners are tested; no malware, and no spam. In halves for the sake of those that look at this file.
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*\n"
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n"
# prepare.yml gives SpamAssassin a rule for it, with a score between the two of the inventory.
MARKED = "two-scores-to-mark\n"


def test_malware_is_refused(talk):
    code, text = talk(LIST, data=letter(body=EICAR)).last
    assert (code, text.split(": ")[0]) == (550, "This message has malware")
    assert "Eicar-Test-Signature" in text
    assert talk("testlist-bounces@list.example.com", sender="", data=letter(body=EICAR)).last[0] == 550


def test_spam_is_refused(talk):
    code, text = talk(LIST, data=letter(body=GTUBE)).last
    assert (code, text[:28]) == (550, "This message looks like spam")


def test_what_may_be_spam_is_marked(post):
    """With one short header."""
    for copy in post(body=MARKED):
        spam = [(name, value) for name, value in copy.content.items() if "spam" in name.lower()]
        assert [name for name, value in spam] == ["X-Spam-Score"]
        assert 5 <= float(spam[0][1]) < 10


def test_other_mail_is_not(post):
    assert [name for copy in post() for name in copy.content if "spam" in name.lower()] == []


def test_mailmans_own_mail_is_not_scanned(talk, list_host, sink):
    subject, mark = "Mailman's " + uuid.uuid4().hex, sink.mark()
    data = letter(subject, body=EICAR + GTUBE)
    replies = talk("anna@example.org", client=list_host, server="127.0.0.1", sender="testlist-bounces@list.example.com", data=data)
    assert replies.last[0] == 250
    [copy] = sink.wait(1, since=mark, subject=subject)
    assert "GTUBE" in copy.message
    assert "X-Spam-Score" not in copy.message


@pytest.fixture
def stopped(list_host, names, request):
    """A scanner that is down."""
    services = getattr(names, request.param)
    list_host.check_output("systemctl stop " + " ".join(services))
    yield request.param
    list_host.check_output("systemctl start " + " ".join(services))
    # clamd takes its time to read signatures.
    eventually(lambda: list_host.run("test -S " + names.clamd_socket).succeeded)


@pytest.mark.parametrize("stopped", ["clamd", "spamd"], indirect=True)
def test_mail_waits_for_a_scanner_that_is_down(talk, stopped):
    code, _text = talk(LIST, data=letter()).last
    assert 400 <= code < 500


OWN_SCANNERS = """
mkdir -p /run/own
printf '%s\\n' 'LocalSocket /run/own/clamd.ctl' 'LocalSocketMode 666' 'DatabaseDirectory /var/lib/clamav' > /run/own/clamd.conf
systemd-run --quiet --unit=own-clamd clamd --foreground --config-file=/run/own/clamd.conf
systemd-run --quiet --unit=own-spamd spamd --socketpath=/run/own/spamd.sock --socketmode=0666
"""


def test_scanners_of_the_administrators_own(talk, run_site, list_host, names):
    """Those that the role would run are stopped, and stay so."""
    sockets = {"exim_clamd_socket": "/run/own/clamd.ctl", "exim_spamd_socket": "/run/own/spamd.sock"}
    list_host.check_output(OWN_SCANNERS + "systemctl stop " + " ".join(names.clamd + names.spamd))
    try:
        eventually(lambda: list_host.run("test -S %s -a -S %s" % tuple(sockets.values())).succeeded)
        stats, _results = run_site(list_host.name, **sockets)
        assert stats[list_host.name]["failures"] == 0
        assert not any(list_host.service(service).is_running for service in names.clamd + names.spamd)
        assert talk(LIST, data=letter(body=EICAR)).last[1].startswith("This message has malware")
        assert talk(LIST, data=letter(body=GTUBE)).last[1].startswith("This message looks like spam")
        assert talk(LIST, data=letter()).last[0] == 250
    finally:
        list_host.check_output("systemctl stop own-clamd own-spamd; systemctl start " + " ".join(names.clamd + names.spamd))
        run_site(list_host.name)
    eventually(lambda: talk(LIST, data=letter(body=EICAR)).last[0] == 550)


def test_mail_passes_a_scanner_that_is_down(talk, run_site, list_host, names):
    """When the inventory says so. The run has started the scanners, and both are used."""
    _stats, _results = run_site(list_host.name, exim_scanner_down="accept")
    assert talk(LIST, data=letter(body=GTUBE)).last[0] == 550
    assert talk(LIST, data=letter(body=EICAR)).last[0] == 550
    list_host.check_output("systemctl stop " + " ".join(names.clamd + names.spamd))
    try:
        assert talk(LIST, data=letter(body=GTUBE)).last[0] == 250
    finally:
        run_site(list_host.name)
    for service in (names.clamd[-1], names.spamd[-1]):
        assert list_host.service(service).is_running
        assert list_host.service(service).is_enabled
    eventually(lambda: talk(LIST, data=letter(body=EICAR)).last[0] == 550)
