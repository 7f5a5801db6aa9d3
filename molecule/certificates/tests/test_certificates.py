# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate for web and mail from an authority: issued, renewed while both are used, extended; and what happens while there is no authority."""

import hashlib
import re
import socket
import ssl
import threading
import time

import pytest
from conftest import LIVE, run
from waiting import eventually

KEY = "/etc/listhost/certificate.key"
ANSWERS = "/var/www/listhost/.well-known/acme-challenge"


def on(*names):
    """Name the hosts for which a test runs. A host's tests run in the order of this file."""
    return pytest.mark.parametrize("machine", names, indirect=True)


everywhere = on("debian11", "debian12", "debian13")


@everywhere
def test_one_certificate_for_web_and_mail(machine, served):
    certificates = served.certificates()
    assert len(certificates) == 1 + served.has_web
    assert len(set(certificates)) == 1
    assert served.names() == served.expected
    if served.has_web:
        with served.https(machine.fqdn):
            pass


@on("debian11")
def test_submission_where_tls_starts_at_once(served):
    connection = socket.create_connection((served.host.ip, 465), timeout=60)
    with served.context().wrap_socket(connection, server_hostname=served.host.fqdn) as connection, connection.makefile("rw", newline="\r\n") as lines:
        assert lines.readline().startswith("220 ")
        answers = []
        for line in ("EHLO client.example.org", "MAIL FROM:<anna@example.org>", "RCPT TO:<news@lists.debian12.example.com>"):
            lines.write(line + "\n")
            lines.flush()
            answer = lines.readline()
            while answer[3] == "-":
                answer = lines.readline()
            answers.append(answer)
    assert answers[2].startswith("550 Log in first")


@on("debian12")
def test_web_pages_with_it(served):
    answer = served.ask("/mailman/listinfo")
    assert answer.status == 200
    assert re.fullmatch(r"max-age=\d{7,}", answer.headers["Strict-Transport-Security"])
    answer = served.ask("/mailman/listinfo/news?language=de", port=80)
    assert (answer.status, answer.headers["Location"]) == (301, "https://%s/mailman/listinfo/news?language=de" % served.web_name)
    # A promise by HTTP is nobody's.
    assert "Strict-Transport-Security" not in answer.headers


@on("debian12")
def test_a_policy_of_mta_sts(machine, served, tmp_path):
    """Which senders ask for by HTTPS alone, and of which dns.yml writes the number."""
    shown = run(machine, "dns.yml", listhost_dns_directory=str(tmp_path))
    assert shown.failure == ""
    policy = (tmp_path / (served.policy_name + ".txt")).read_text()
    assert re.findall("mx: (.*)", policy) == ["debian11.example.com", "debian13.example.com"]
    answer = served.ask("/.well-known/mta-sts.txt", name=served.policy_name)
    assert (answer.status, answer.page, answer.headers["Content-Type"]) == (200, policy, "text/plain")
    number = hashlib.sha256(policy.encode()).hexdigest()[:20]
    assert 'IN TXT "v=STSv1; id=%s;"' % number in (tmp_path / "lists.debian12.example.com.zone").read_text()
    for path in ("/", "/robots.txt", "/mailman/listinfo", "/.well-known/mta-sts.txt/x"):
        assert served.ask(path, name=served.policy_name).status == 404
    assert served.ask("/.well-known/mta-sts.txt", port=80, name=served.policy_name).status == 404
    assert served.ask("/.well-known/mta-sts.txt").status == 404


@on("debian12")
def test_what_an_authority_asks_is_answered_and_nothing_else(machine, served):
    # As certbot makes it while it asks.
    machine.run_expect([0], "mkdir -p %s && cd %s && echo answer >token && ln -s /etc/passwd link" % (ANSWERS, ANSWERS))
    for name in (served.web_name, machine.fqdn):
        answer = served.ask("/.well-known/acme-challenge/token", port=80, name=name)
        assert (answer.status, answer.page, answer.headers["Content-Type"]) == (200, "answer\n", "text/plain")
        for path in ("", "link", "../../../../etc/passwd", "none"):
            assert served.ask("/.well-known/acme-challenge/" + path, port=80, name=name).status in (301, 400, 403, 404)
    machine.run_expect([0], "rm -r /var/www/listhost/.well-known")


@everywhere
def test_keys_are_closed(machine, served):
    """The account's and the certificate's. Exim reads one by its group."""
    assert machine.file(KEY).mode == 0o640
    assert (machine.file(KEY).user, machine.file(KEY).group) == ("root", "Debian-exim")
    for path in machine.check_output("find /etc/letsencrypt/ -name '*key*.json' -o -name 'privkey*.pem'").split():
        machine.run_expect([1], "setpriv --reuid=65534 --regid=65534 --clear-groups cat " + path)
    assert machine.check_output("find /etc/letsencrypt/accounts -name private_key.json")
    # debian12 had Exim's self-signed one, as a host has that gets its first certificate.
    assert machine.run("ls /etc/listhost/mail.pem /etc/listhost/mail.key").stdout == ""
    # Nobody but root can change what root runs and what services read.
    places = "/etc/listhost" + " /var/www/listhost" * served.has_web
    assert not machine.check_output("find %s ! -user root -o -perm /022 ! -type l" % places)


@everywhere
def test_the_timer_of_the_package_renews(machine):
    assert machine.check_output("systemctl is-active certbot.timer; systemctl is-enabled certbot.timer").split() == ["active", "enabled"]


class Flow(threading.Thread):
    """Does something again and again until it is told to stop, and keeps how often it did and what went wrong."""

    def __init__(self, step):
        super().__init__(daemon=True)
        self.step, self.done, self.failures, self.over = step, 0, [], threading.Event()

    def run(self):
        while not self.over.is_set():
            try:
                self.step(self.done)
            except Exception as error:
                self.failures.append(repr(error))
            self.done += 1
            time.sleep(0.02)


@everywhere
def test_renewal_while_requests_and_mail_flow(machine, served, sink, due):
    """By the unit that the timer starts. Each connection expects a certificate of the authority's, and none fails."""
    before, key, since = served.certificates(), served.key(), sink.mark()

    def post(number):
        with served.smtp() as client:
            address = "news@lists." + machine.fqdn
            client.sendmail("anna@example.org", [address], "From: anna@example.org\nTo: %s\nSubject: post %d\n\nText.\n" % (address, number))
        time.sleep(0.5)

    def shake_hands(_number):
        with served.smtp() as client:
            assert client.ehlo()[0] == 250

    # Apache's own answer: a program's may be 503 for the moment in which a reload replaces the daemon that starts programs (mod_cgid).
    def visit(_number):
        assert served.ask("/robots.txt").status == 200

    # The posts of a mail exchanger would have to pass a host on which other tests run.
    flows = [Flow(step) for step in [shake_hands] + [post, visit] * served.has_web]
    for flow in flows:
        flow.start()
    machine.run_expect([0], "systemctl start certbot.service")
    eventually(lambda: not set(served.certificates()) & set(before), timeout=30)
    time.sleep(1)
    for flow in flows:
        flow.over.set()
        flow.join()
    assert [flow.failures for flow in flows] == [[]] * len(flows)
    assert min(flow.done for flow in flows) > 2
    assert len(set(served.certificates())) == 1
    # A record in the DNS that names the key stays true.
    assert served.key() == key
    for flow in [flow for flow in flows if flow.step is post]:
        posts = {message.content["Subject"].split("post ")[-1] for message in sink.wait(flow.done, since, machine, subject="post")}
        assert posts == {str(number) for number in range(flow.done)}
    assert machine.file(KEY).group == "Debian-exim"


@everywhere
def test_a_renewal_that_fails(machine, served, due, no_authority):
    before = served.certificates()
    machine.run_expect([1], "systemctl start certbot.service")
    assert machine.check_output("systemctl is-failed certbot.service") == "failed"
    assert served.certificates() == before
    machine.run_expect([0], "systemctl reset-failed certbot.service")


@on("debian12")
def test_what_verify_yml_says(request, machine, verify):
    assert verify() == {}
    request.getfixturevalue("due")
    request.getfixturevalue("no_authority")
    machine.run_expect([0], "systemctl start certbot.service; systemctl stop certbot.timer && mv /etc/listhost/certificate.issued /root")
    found = verify()
    machine.run_expect([0], "systemctl start certbot.timer && mv /root/certificate.issued /etc/listhost && systemctl reset-failed certbot.service")
    assert found == {
        "no-renewal": ["certbot.timer is inactive", "certbot.service has failed"],
        "unused-certificate": ["/etc/listhost/certificate.issued is not %sfullchain.pem" % LIVE],
    }


@on("debian13")
def test_a_name_that_an_authority_does_not_certify(machine, served, no_authority):
    before = served.certificates()
    failed = run(machine, certificate_names=[machine.fqdn, "more." + machine.fqdn])
    assert "https://authority.example.com:14000/dir gave no certificate for debian13.example.com, more.debian13.example.com." in failed.failure
    assert "The host goes on with the certificate that it has" in failed.failure
    assert "refused" in failed.failure
    assert failed.changes == []
    assert served.certificates() == before


@on("debian12")
def test_a_hook_that_failed_is_run_again(machine, served):
    """As if Apache could not be reloaded. Nobody is promised HTTPS until it can."""
    machine.run_expect([0], "rm /etc/listhost/certificate.issued && systemctl reload apache2")
    eventually(lambda: "Strict-Transport-Security" not in served.ask("/mailman/listinfo").headers, timeout=10)
    again = run(machine)
    assert again.failure == ""
    assert again.changes == ["Ensure that the certificate is in use"]
    eventually(lambda: "Strict-Transport-Security" in served.ask("/mailman/listinfo").headers, timeout=10)


@on("debian13")
def test_a_name_is_added(machine, served):
    key = served.key()
    changed = run(machine, certificate_names=[machine.fqdn, "more." + machine.fqdn])
    assert (changed.failure, changed.changes) == ("", ["Ask the authority for the certificate"])
    eventually(lambda: served.has({machine.fqdn, "more." + machine.fqdn}), timeout=30)
    assert served.key() == key


@pytest.mark.parametrize(
    ("machine", "variables", "words"),
    [
        ("debian11", {"certificate_acme_contact": ""}, ["certificate_acme_contact is empty"]),
        ("debian11", {"certificate_names": ["nobody.example.com"]}, ["finds no address of nobody.example.com in the DNS", "Publish one"]),
        ("debian12", {"certificate_acme_contact": "", "mailman_url_host": "www_x"}, ["certificate_acme_contact is empty", "mailman_url_host is 'www_x'"]),
        # The name comes of the web host.
        ("debian12", {"mailman_url_host": "nobody.example.com"}, ["finds no address of nobody.example.com in the DNS"]),
    ],
    ids=["debian11-contact", "debian11-name", "debian12-contact", "debian12-name"],
    indirect=["machine"],
)
def test_bad_input_is_named_before_anything_changes(machine, variables, words):
    # A run that goes on would change Exim's configuration.
    failed = run(machine, exim_log_selector=["+all"], **variables)
    assert [word for word in words if word not in failed.failure] == []
    assert failed.changes == []


@on("debian12")
def test_a_first_run_without_an_authority(request, machine, served):
    """The host comes up with a self-signed certificate, and gets the authority's at the next run."""
    machine.run_expect([0], "cd /etc/letsencrypt && rm -r live archive renewal accounts /etc/listhost/certificate.*")
    request.getfixturevalue("no_authority")
    failed = run(machine)
    assert "The host goes on with a self-signed certificate, and all else is set up." in failed.failure
    with pytest.raises(ssl.SSLCertVerificationError):
        served.certificates()
    assert len(served.certificates(believe=False)) == 2
    answer = served.ask("/mailman/listinfo", believe=False)
    assert (answer.status, answer.headers["Strict-Transport-Security"]) == (200, None)
    machine.run_expect([0], "cat /root/hosts >/etc/hosts")
    again = run(machine)
    assert again.failure == ""
    eventually(lambda: served.has(served.expected), timeout=30)
    assert machine.check_output("cat %sfullchain.pem" % LIVE) == machine.check_output("cat /etc/listhost/certificate.pem")
