# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail for domains in exim_tls_required_domains leaves over TLS, to the owner of a certificate, or waits. So does what a TLSA record asks for (DANE)."""

import datetime
import pathlib
import subprocess
import uuid

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from running import run_playbook
from waiting import eventually

SCENARIO = pathlib.Path(__file__).parents[1]


@pytest.fixture
def queue(list_host):
    """Nothing waits afterwards: Exim would not ask a host again so soon."""
    yield
    list_host.check_output("exipick -i | xargs -r exim -Mrm; rm -f /var/spool/exim4/db/retry*")


def waiting(host, recipient):
    """Return why Exim keeps mail for a recipient."""
    return host.check_output("grep -hF '%s' /var/log/exim4/mainlog | grep -F ' == ' || true", recipient)


def delivered(host, recipient):
    """Return how Exim delivered mail to a recipient."""
    return host.check_output("grep -hF '%s' /var/log/exim4/mainlog | grep -F ' => ' || true", recipient)


def test_mail_of_the_hosts_own(received, list_host, sink, queue):
    subject, mark = uuid.uuid4().hex, sink.mark()
    letter = "From: mailman@list.example.com\nTo: all\nSubject: %s\n\nA test.\n" % subject
    recipients = ["dora@" + domain for domain in ("secure.test", "forged.test", "plain.test", "example.org")]
    subprocess.run(list_host.enter("exim", "-f", "mailman@list.example.com", *recipients), input=letter, text=True, check=True)
    assert [one.rcpt_tos for one in sink.wait(recipients=1, since=mark, host=list_host, subject=subject)] == [["dora@example.org"]]
    eventually(lambda: received(subject) and waiting(list_host, "dora@forged.test") and waiting(list_host, "dora@plain.test"))
    [one] = received(subject)
    assert (one["recipients"], one["tls"]) == (["dora@secure.test"], True)
    assert "certificate" in waiting(list_host, "dora@forged.test").lower()
    assert "TLS session is required" in waiting(list_host, "dora@plain.test")
    # What is not required goes without.
    assert len(sink.messages(since=mark, host=list_host, subject=subject)) == 1


def test_mail_of_lists(received, send, list_host, sink, queue):
    subject, mark = uuid.uuid4().hex, sink.mark()
    data = "From: anna@example.org\nTo: testlist@list.example.com\nMessage-ID: <%s@example.org>\nSubject: %s\n\nA test.\n" % (subject, subject)
    assert send(list_host, "testlist@list.example.com", sender="anna@example.org", data=data).code == 250
    assert [one.rcpt_tos for one in sink.wait(recipients=1, since=mark, host=list_host, subject=subject)] == [["anna@example.org"]]
    eventually(lambda: len(received(subject)) == 2 and waiting(list_host, "anna@plain.test") and waiting(list_host, "anna@mismatch.signed.test"))
    assert sorted((one["sender"], one["recipients"], one["tls"]) for one in received(subject)) == [
        ("testlist-bounces+anna=%s@list.example.com" % domain, ["anna@" + domain], True) for domain in ("match.signed.test", "secure.test")]
    assert "TLS session is required" in waiting(list_host, "anna@plain.test")
    assert " CV=dane " in delivered(list_host, "anna@match.signed.test")
    assert "certificate" in waiting(list_host, "anna@mismatch.signed.test").lower()
    assert sink.messages(since=mark, host=list_host, to="anna@plain.test") == []


def test_keys_in_the_dns(received, list_host, queue):
    subject = uuid.uuid4().hex
    letter = "From: mailman@list.example.com\nTo: all\nSubject: %s\n\nA test.\n" % subject
    names = {name: "dora@%s.signed.test" % name for name in ("match", "mismatch", "silent")}
    subprocess.run(list_host.enter("exim", "-f", "mailman@list.example.com", *names.values()), input=letter, text=True, check=True)
    eventually(lambda: len(received(subject)) == 2 and waiting(list_host, names["mismatch"]))
    assert sorted(one["recipients"][0] for one in received(subject)) == [names["match"], names["silent"]]
    assert " CV=dane " in delivered(list_host, names["match"])
    assert " CV=no " in delivered(list_host, names["silent"])
    assert "certificate" in waiting(list_host, names["mismatch"]).lower()


@pytest.mark.parametrize("name", ["debian13", "el8"])
def test_a_certificate_that_is_no_use(ground, name):
    """An expired one for another name and with another key is named before anything changes."""
    host, common, now = ground.machines[name], x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "other.example.com")]), datetime.datetime.now()
    key, other = [ec.generate_private_key(ec.SECP256R1()) for dummy in range(2)]
    ended = now - datetime.timedelta(3)
    certificate = x509.CertificateBuilder(common, common, key.public_key(), 1, ended - datetime.timedelta(9), ended).sign(key, hashes.SHA256())
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for file, content in (("bad.pem", certificate.public_bytes(form[0])), ("bad.key", other.private_bytes(*form))):
        subprocess.run(host.enter("sh", "-c", "umask 027 && cat > /etc/ssl/list/" + file), input=content, check=True)
    host.check_output("chmod 644 /etc/ssl/list/bad.pem")
    run = run_playbook(SCENARIO, host=host, exim_tls_certificate="/etc/ssl/list/bad.pem", exim_tls_privatekey="/etc/ssl/list/bad.key")
    named = "exim_tls_certificate=/etc/ssl/list/bad.pem"
    words = (named + " has expired", "exim_tls_privatekey=/etc/ssl/list/bad.key is not the key of " + named, named + " is not for %s.example.com" % name)
    assert [one for one in words if one not in run.failure] == [], run.failure
    assert run.changes == []
