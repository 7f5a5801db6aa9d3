# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS with the administrator's certificate, and passwords that travel only inside of it."""

import base64
import json
import re
import uuid

import pytest
from conftest import letter
from waiting import eventually

pytestmark = pytest.mark.usefixtures("no_counts")

LIST = "testlist@list.example.com"
STRANGER = "somebody@example.net"
PASSWORD = "open sesame"


@pytest.mark.parametrize("port", [25, 587])
def test_the_administrators_certificate(talk, certificate, port):
    """The client checks it."""
    replies = talk(sender=None, port=port, tls=certificate)
    assert replies["STARTTLS"][0] == 220
    assert replies["EHLO over TLS"][0] == 250


# On the internet, from an address that may have any number of connections: one handshake for each version, and with 1.2 for each cipher that this client has.
SCAN = """
import json, smtplib, ssl, sys, time, warnings
warnings.simplefilter("ignore")
def connect():
    # Exim counts a connection until its process has ended, which takes a busy machine longer than the next connection.
    deadline = time.monotonic() + 60
    while True:
        try:
            return smtplib.SMTP(sys.argv[1], source_address=(sys.argv[2], 0))
        except smtplib.SMTPConnectError as error:
            if error.smtp_code != 421 or time.monotonic() > deadline:
                raise
        time.sleep(0.2)
def shake(version, ciphers):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(ciphers + ":@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with connect() as smtp:
        smtp.ehlo("client.example.org")
        try:
            smtp.starttls(context=context)
        except ssl.SSLError as error:
            smtp.close()
            return error.reason
        return smtp.sock.cipher()[1]
versions = {version.name: shake(version, "ALL:COMPLEMENTOFALL") for version in ssl.TLSVersion if version > ssl.TLSVersion.SSLv3}
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
names = [cipher["name"] for cipher in context.get_ciphers() if cipher["protocol"] != "TLSv1.3"]
json.dump([versions, names, [name for name in names if shake(ssl.TLSVersion.TLSv1_2, name) == "TLSv1.2"]], sys.stdout)
"""


def test_what_tls_is_offered(list_host, internet, ground, names):
    """No version that is known to be broken, no cipher without a key or a secret."""
    versions, asked, taken = json.loads(internet.check_output("python3 -c %s %s %s", SCAN, list_host.ip, ground.mail_servers["exchanger.test"]))
    # Exim counts a connection until the process that served it has ended, and these are more than it has for the next client.
    eventually(lambda: list_host.run("pgrep --parent $(pgrep --oldest --exact %s)" % names.exim).rc == 1)
    assert versions.pop("MAXIMUM_SUPPORTED", None) is None
    refused = "TLSV1_ALERT_PROTOCOL_VERSION"
    assert versions == {"TLSv1": refused, "TLSv1_1": refused, "TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}
    weak = re.compile("NULL|ADH|AECDH|RC4|DES|MD5|EXP")
    assert [name for name in asked if weak.search(name)]
    assert [name for name in taken if weak.search(name)] == []
    assert "ECDHE-RSA-AES256-GCM-SHA384" in taken


def test_mail_over_tls(talk, certificate, list_host, names):
    subject = "over TLS " + uuid.uuid4().hex
    assert talk(LIST, tls=certificate, data=letter(subject, Message_ID="<%s>" % subject.split()[-1])).last[0] == 250
    # Mailman passes the post on with the same id.
    line, *_copies = [line for line in list_host.check_output("cat " + names.exim_log).splitlines() if "id=" + subject.split()[-1] in line]
    assert " P=esmtps X=TLS" in line


@pytest.mark.parametrize("port", [25, 587])
def test_no_password_without_tls(talk, certificate, port):
    """Not asked for; and not taken from a client that gives it all the same."""
    replies = talk(sender=None, port=port)
    assert "STARTTLS" in replies["EHLO"][1].splitlines()
    assert "AUTH" not in replies["EHLO"][1]
    assert talk(sender=None, port=port, auth=["PLAIN", "anna", PASSWORD])["AUTH"][0] == 503
    assert "AUTH PLAIN LOGIN" in talk(sender=None, port=port, tls=certificate)["EHLO over TLS"][1].splitlines()


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_submission(talk, certificate, sink, list_host, mechanism):
    """Who is known may send anywhere, from anywhere, as himself."""
    subject, mark = "submitted " + uuid.uuid4().hex, sink.mark()
    how = {"port": 587, "helo": "laptop", "tls": certificate, "auth": [mechanism, "anna", PASSWORD]}
    replies = talk(STRANGER, sender="anna@" + list_host.fqdn, data=letter(subject, sender="anna@" + list_host.fqdn), **how)
    assert replies["AUTH"][0] == 235
    assert replies.last[0] == 250
    sink.wait(1, since=mark, subject=subject)


@pytest.mark.parametrize(
    ("user", "sender", "headers", "taken"),
    [
        ("anna", "anna@HOST", {"From": "anna@HOST"}, True),
        ("Anna", "Anna@HOST", {"From": "Anna Example <ANNA@HOST>", "Sender": "anna@HOST"}, True),
        ("anna", "", {"From": "anna@HOST"}, True),
        ("anna", "testlist@list.example.com", {"From": "anna@HOST"}, False),
        ("anna", "anna@HOST", {"From": "testlist@list.example.com"}, False),
        ("anna", "", {"From": "testlist@list.example.com"}, False),
        ("anna", "anna@HOST", {"From": "anna@HOST, testlist@list.example.com"}, False),
        ("anna", "anna@HOST", {"From": "team: testlist@list.example.com;"}, False),
        ("anna", "anna@HOST", {"From": "anna@HOST", "Sender": "testlist@list.example.com"}, False),
        ("anna", "anna@HOST", {"From": "anna@HOST", "FROM": "testlist@list.example.com"}, False),
        ("anna", "anna@HOST", {"From": "anna@HOST", "From ": "testlist@list.example.com"}, False),
        ("anna", "anna@HOST", {"From": "=?us-ascii?q?=22?= <testlist@list.example.com>"}, False),
        ("anna", "anna@HOST", {"From": '"anna@HOST <testlist@list.example.com>'}, False),
        ("anna", "anna@sub.HOST", {"From": "anna@HOST"}, False),
        ("berta", "berta@example.net", {"From": "testlist@List.Example.com"}, True),
        ("berta", "berta@HOST", {"From": "berta@example.net"}, False),
        ("berta", "anna@example.net", {"From": "berta@example.net"}, False),
        ("news", "anybody@example.edu", {"From": "somebody@example.org"}, True),
    ],
)
def test_who_logged_in_sends_as_himself(talk, certificate, list_host, user, sender, headers, taken):
    """The login is a name of this host, unless exim_auth_senders says otherwise; and no trick with the headers gets around it."""
    how = {"port": 587, "tls": certificate, "auth": ["PLAIN", user, PASSWORD]}
    lines = ["%s: %s" % (name, value.replace("HOST", list_host.fqdn)) for name, value in headers.items()]
    data = "\n".join([*lines, "Date: Tue, 01 Sep 2026 10:00:00 +0000", "Message-ID: <%s@test.example.org>" % uuid.uuid4(), "", "A test."])
    code, reply = talk(STRANGER, sender=sender.replace("HOST", list_host.fqdn), data=data, **how).last
    assert code == (250 if taken else 550), reply


@pytest.mark.parametrize(("user", "password"), [("anna", "wrong"), ("anna", ""), ("nobody", PASSWORD), ("nobody", ""), ("", "")])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_wrong_password(talk, certificate, mechanism, user, password):
    replies = talk(STRANGER, port=587, tls=certificate, auth=[mechanism, user, password])
    assert replies["AUTH"][0] == 535
    assert replies[STRANGER][0] == 550


def test_guessing_passwords(talk, certificate, list_host, names, ground):
    """Only wrong ones count, one client's for itself. Then no password is looked at, not even the right one."""
    how = {"sender": None, "port": 587, "tls": certificate}
    clients = {"source": ground.mail_servers["example.edu"]}, {"source": ground.mail_servers["example.net"]}

    def log_in(password, client):
        return talk(auth=["PLAIN", "anna", password], **how, **client)["AUTH"][0]

    assert {log_in(PASSWORD, clients[0]) for _number in range(3)} == {235}
    codes = [log_in("guess %d" % number, clients[0]) for number in range(16)]
    assert codes == [535] * 13 + [454] * 3
    assert (log_in(PASSWORD, clients[0]), log_in(PASSWORD, clients[1])) == (454, 235)
    list_host.check_output("rm /var/spool/%s/db/ratelimit*" % names.exim)


@pytest.mark.parametrize(("mechanism", "client"), [("PLAIN", "example.net"), ("LOGIN", "backup.test")])
def test_time_does_not_tell_who_there_is(talk, certificate, ground, mechanism, client):
    """The shortest of five, in turn: others slow them down. An answer without a hash takes a fiftieth."""
    how = {"sender": None, "port": 587, "tls": certificate, "source": ground.mail_servers[client]}
    seconds = [[talk(auth=[mechanism, user, "wrong"], **how).seconds for user in ("anna", "nobody")] for _turn in range(5)]
    anna, nobody = map(min, zip(*seconds, strict=True))
    assert 0.25 < nobody / anna < 4, seconds
    # Long enough to be measured.
    assert anna > 0.05


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_the_password_that_is_computed_for_others_is_not_theirs(talk, certificate, ground, mechanism):
    replies = talk(sender=None, port=587, tls=certificate, source=ground.mail_servers["example.org"], auth=[mechanism, "nobody", PASSWORD])
    assert replies["AUTH"][0] == 535


def test_submission_is_for_those_who_log_in(talk, certificate):
    assert talk(LIST, port=587, tls=certificate).last == (550, "Log in first")
    assert talk(STRANGER, port=587, tls=certificate).last == (550, "Log in first")


def test_passwords_are_not_logged(list_host, names):
    """After the tests above."""
    hashed = list_host.check_output("cut -d: -f2 /etc/ssl/list/passwords")
    for secret in [PASSWORD, hashed, base64.b64encode(b"\0anna\0open sesame").decode()]:
        assert list_host.run("grep -rF -e '%s' /var/log/%s /etc/%s" % (secret, names.exim, names.exim)).stdout == ""
    assert list_host.run("grep -c A=plain:anna " + names.exim_log).stdout.strip() != "0"


def test_only_exim_reads_the_secrets(list_host, names):
    for path in ["/etc/ssl/list/key.pem", "/etc/ssl/list/passwords"]:
        file = list_host.file(path)
        assert (file.user, file.group, oct(file.mode)) == ("root", names.exim_group, "0o640")
