# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of this scenario share: a client that speaks SMTP as they say, letters, Mailman's tools, and runs of site.yml."""

import contextlib
import email.utils
import fcntl
import json
import os
import pathlib
import socket
import subprocess
import types
import uuid

import pytest

ROOT = pathlib.Path(__file__).parents[3]

# On a machine of the ground: smtplib reads each reply before it goes on.
CLIENT = """
import json, smtplib, ssl, sys, time
ask = json.load(sys.stdin)
replies = []
start = time.monotonic()
def reply(name, answer):
    replies.append((name, answer[0], answer[1].decode() if isinstance(answer[1], bytes) else answer[1]))
smtp = smtplib.SMTP(ask["server"], ask["port"], timeout=100, source_address=ask["source"] and (ask["source"], 0))
reply("EHLO", smtp.ehlo(ask["helo"]) if ask["helo"] else smtp.noop())
if ask["tls"]:
    context = ssl.create_default_context(cadata=ask["tls"])
    smtp._host = ask["name"]
    reply("STARTTLS", smtp.starttls(context=context))
    reply("EHLO over TLS", smtp.ehlo(ask["helo"]))
if ask["auth"]:
    mechanism, smtp.user, smtp.password = ask["auth"]
    start = time.monotonic()
    try:
        answer = smtp.auth(mechanism, getattr(smtp, "auth_" + mechanism.lower()))
    except smtplib.SMTPAuthenticationError as error:
        answer = error.smtp_code, error.smtp_error
    reply("AUTH", answer)
start = time.monotonic() if ask["sender"] is not None else start
if ask["sender"] is not None:
    reply("MAIL", smtp.mail(ask["sender"]))
    for recipient in ask["recipients"]:
        reply(recipient, smtp.rcpt(recipient))
    if ask["data"]:
        try:
            reply("DATA", smtp.data(ask["data"].encode()))
        except smtplib.SMTPDataError as error:
            reply("DATA", (error.smtp_code, error.smtp_error))
seconds = time.monotonic() - start
smtp.close()
json.dump([replies, seconds], sys.stdout)
"""


@pytest.fixture(scope="module")
def names(list_host):
    """What is called otherwise on EL."""
    if list_host.name.startswith("el"):
        return types.SimpleNamespace(
            exim="exim",
            exim_group="exim",
            exim_log="/var/log/exim/main.log",
            clamd=["clamd@scan.service"],
            clamd_socket="/run/clamd.scan/clamd.sock",
            part="gpasswd -d exim virusgroup && systemctl restart exim",
            spamd=["spamassassin.service"],
            mailman_bin="/usr/lib/mailman/bin",
            mailman_logs="/var/log/mailman",
            python="/usr/libexec/platform-python",
        )
    return types.SimpleNamespace(
        exim="exim4",
        exim_group="Debian-exim",
        exim_log="/var/log/exim4/mainlog",
        clamd=["clamav-daemon.socket", "clamav-daemon.service"],
        clamd_socket="/run/clamav/clamd.ctl",
        part="gpasswd -d clamav Debian-exim && systemctl restart clamav-daemon",
        spamd=["spamd.service"],
        mailman_bin="/var/lib/mailman/bin",
        mailman_logs="/var/lib/mailman/logs",
        python="/usr/bin/python3",
    )


class Replies(dict):
    """The replies as (code, text), by EHLO, STARTTLS, AUTH, MAIL, the recipients and DATA; how long those from MAIL on took, or AUTH where there is no
    sender."""

    def __init__(self, replies, seconds):
        super().__init__((name, (code, text)) for name, code, text in replies)
        self.seconds = seconds

    @property
    def last(self):
        return list(self.values())[-1]


@pytest.fixture(scope="module")
def talk(list_host, internet):
    """An SMTP dialogue with the list host; from the internet, with what a decent client says, unless the test says otherwise."""

    def talk(
        *recipients, sender="anna@example.org", data="", client=None, server=None, port=25, source="", helo="client.example.org", tls="", auth=()
    ):
        ask = {"server": server or list_host.ip, "name": list_host.fqdn, "port": port, "source": source, "helo": helo}
        ask.update(tls=tls, auth=auth, sender=sender, recipients=recipients, data=data)
        command = (client or internet).enter("python3", "-c", CLIENT)
        run = subprocess.run(command, input=json.dumps(ask), capture_output=True, text=True, timeout=150, check=False)
        assert run.returncode == 0, run.stderr
        return Replies(*json.loads(run.stdout))

    return talk


@pytest.fixture(scope="module")
def no_counts(list_host, names):
    """Nobody has done anything too often yet."""
    list_host.check_output("rm -f /var/spool/%s/db/ratelimit*" % names.exim)


def letter(subject="a test", body="A test.\n", sender="anna@example.org", **headers):
    """A letter; a header that is given as None is left out."""
    lines = {"From": sender, "To": "testlist@list.example.com", "Date": email.utils.formatdate(), "Subject": subject}
    lines.update({"Message-ID": "<%s@test.example.org>" % uuid.uuid4()})
    lines.update({name.replace("_", "-"): value for name, value in headers.items()})
    return "".join("%s: %s\n" % (name, value) for name, value in lines.items() if value is not None) + "\n" + body


@pytest.fixture(scope="module")
def post(list_host, talk, sink):
    """Post to a list and wait for the copies."""

    def post(list_name="testlist", copies=3, subject="", sender="anna@example.org", **how):
        subject = subject or "post " + uuid.uuid4().hex
        mark = sink.mark()
        address = list_name + "@list.example.com"
        replies = talk(address, sender=sender, data=letter(subject, sender=sender, To=address, **how))
        assert replies.last[0] == 250, replies
        return sink.wait(copies, since=mark, host=list_host, subject=subject)

    return post


@pytest.fixture(scope="module")
def certificate(ground, list_host):
    """The administrator's, as text."""
    return (ground.state / "etc" / (list_host.name + ".pem")).read_text()


@pytest.fixture
def silence(ground):
    """The mail server of silent.test and s1.silent.test to s6.silent.test: it takes connections and says nothing."""
    address = ground.internet.ip.rsplit(".", 1)[0] + ".1"
    with (ground.state / "etc/silence").open("w") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        with contextlib.closing(socket.create_server((address, 25))) as server:
            server.settimeout(20)
            yield server


def delivery_failure(address):
    """What a mail server sends back when it cannot deliver (RFC 3464)."""
    return letter(
        "Delivery Status Notification (Failure)",
        "--b\n\nThe message could not be delivered.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"
        "Final-Recipient: rfc822; %s\nAction: failed\nStatus: 5.1.1\n--b--\n" % address,
        sender="mailer-daemon@mx.example.org",
        MIME_Version="1.0",
        Content_Type='multipart/report; report-type=delivery-status; boundary="b"',
    )


@pytest.fixture(scope="session")
def run_site():
    """Run site.yml, or another playbook, with changed values or one more inventory. Its results: for each host those of all tasks."""

    def run_site(*limit, inventory=None, playbook="site.yml", **variables):
        command = ["ansible-playbook", "--limit", ",".join(limit), "--extra-vars", json.dumps(variables)]
        for file in [ROOT / "molecule/shared/ground.yml", ROOT / "molecule/policy/inventory.yml", inventory]:
            command += ["--inventory", file] if file else []
        environment = dict(os.environ, ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
        run = subprocess.run([*command, ROOT / "playbooks" / playbook], capture_output=True, text=True, timeout=300, check=False, env=environment)
        assert run.stdout.startswith("{"), run.stdout + run.stderr
        report = json.loads(run.stdout)
        tasks = [task["hosts"] for play in report["plays"] for task in play["tasks"]]
        return report["stats"], {host: [results[host] for results in tasks if host in results] for host in report["stats"]}

    return run_site
