# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""README.md's commands, in a fresh clone and with the collection installed, against a host that is reached by SSH. In the order of that hour."""

import json
import time

import pytest
from asking import Site
from conftest import commands
from waiting import eventually

SITE = "ansible-playbook -i inventories/example playbooks/site.yml"
[INSTALL] = commands("README.md", "Install")
CHECK_AND_RUN, INSTALLED = commands("README.md", "The smallest inventory")
[[UNDO]] = commands("roles/exim/README.md", "The way back")
LIVE = "/etc/letsencrypt/live/lists.example.com"
TLS = {"exim_tls_certificate": LIVE + "/fullchain.pem", "exim_tls_privatekey": LIVE + "/privkey.pem"}
# What is not from the clone: the host's Exim.
REPLACE = {"exim_replace_configuration": True}


def state(host):
    """Everything that a run could have changed."""
    files = "find /etc /usr /opt /var/lib -xdev \\( -type f -o -type l \\) -printf '%%p %%m %%u %%s %%T@\\n'"
    # The package manager's lists are not the host.
    return host.check_output(files + " | grep -v ^/var/lib/apt/lists/ | sort | sha256sum")


@pytest.fixture(scope="module")
def before(list_host):
    """Exim's configuration as somebody has made it: which file, and what is in it."""
    return configuration(list_host)


def configuration(host):
    return host.check_output('echo "$(exim4 -bP configure_file)"; cat "$(exim4 -bP configure_file)"')


@pytest.mark.parametrize("command", CHECK_AND_RUN)
def test_an_exim_that_somebody_has_configured_stops_the_run(list_host, stranger, before, command):
    then = state(list_host)
    message = stranger.type(command).message
    for words in (
        "exim_replace_configuration is false", "set exim_replace_configuration to true", "/etc/exim4/aliases.replaced", " /etc/exim4/aliases,",
        "/etc/exim4/exim4.conf.localmacros", "/etc/exim4/exim4.conf.template", "/home/anna/.forward",
        "/etc/exim4/update-exim4.conf.conf: dc_eximconfig_configtype=internet", "/etc/exim4/update-exim4.conf.conf: dc_relay_nets=192.0.2.0/24",
    ):
        assert words in message
    # What is as the package has it is nobody's.
    for words in ("passwd.client", "conf.d", "email-addresses", "dc_other_hostnames"):
        assert words not in message
    assert state(list_host) == then


def test_a_certificate_in_closed_directories_stops_the_run(list_host, stranger):
    then = state(list_host)
    message = stranger.type(SITE, **REPLACE, **TLS).message
    for directory in ("live", "archive"):
        assert "exim_tls_certificate=%s/fullchain.pem: Debian-exim cannot pass /etc/letsencrypt/%s" % (LIVE, directory) in message
        assert "exim_tls_privatekey=%s/privkey.pem: Debian-exim cannot pass /etc/letsencrypt/%s" % (LIVE, directory) in message
    assert "chmod go+x" in message
    assert state(list_host) == then
    # As the message says.
    list_host.check_output("chmod go+x /etc/letsencrypt/live /etc/letsencrypt/archive")


@pytest.mark.parametrize(("variables", "words"), [
    (
        {"mailman_python_repository": "http://smarthost.test/debian", "mailman_build_directory": "/mnt/noexec", "mailman_mail_group": "nosuch"},
        [
            "mailman_python_repository is http://smarthost.test/debian, where the host finds no Debian 11",
            "(http://smarthost.test/debian/dists/bullseye/InRelease: ",
            "mailman_build_directory: no program can be run in /mnt/noexec", "mailman_mail_group is 'nosuch'",
        ],
    ),
    ({"mailman_build_directory": "/mnt/small"}, ["mailman_build_directory: /mnt/small has 20 MB free, and Mailman needs 100"]),
    ({"mailman_build_directory": "/mnt/nowhere"}, ["mailman_build_directory: /mnt/nowhere cannot be used", "No such file or directory"]),
    (
        {"mailman_dnspython_wheel": "nowhere/dnspython-1.16.0-py2.py3-none-any.whl"},
        ["mailman_dnspython_wheel is nowhere/dnspython-1.16.0-py2.py3-none-any.whl, and the controller has no such file."],
    ),
])
def test_what_the_build_lacks_is_said_at_once(list_host, stranger, variables, words):
    then, start = state(list_host), time.monotonic()
    message = stranger.type(SITE, **REPLACE, **variables).message
    assert [word for word in words if word not in message] == [], message
    # apt alone tries a mirror that does not answer for longer than this.
    assert time.monotonic() - start < 90
    assert state(list_host) == then


def test_readme_in_a_clone(list_host, stranger, before):
    stranger.variables.update(REPLACE, **TLS, mailman_build_directory="/opt")
    then = state(list_host)
    check, run = CHECK_AND_RUN
    assert stranger.type(check).status == 0
    assert state(list_host) == then
    outcome = stranger.type(run)
    assert outcome.status == 0, outcome.output
    assert list_host.check_output("exim4 -bt testlist@list.example.com").splitlines()[-1] == "  router = mailman_router, transport = mailman_transport"
    assert list_host.file("/opt").listdir() == []


def test_exim_can_read_the_certificate(list_host, internet):
    script = "import smtplib, ssl; print(smtplib.SMTP('%s').starttls(context=ssl._create_unverified_context())[0])" % list_host.ip
    assert internet.check_output("python3 -c %s", script) == "220"


def test_readme_with_the_collection_installed(list_host, stranger):
    [install], [run] = INSTALL, INSTALLED
    assert "exim_mailman" not in stranger.type("ansible-galaxy collection list", directory=stranger.elsewhere).output
    outcome = stranger.type(install, directory=stranger.home)
    assert outcome.status == 0, outcome.output
    (stranger.elsewhere / "inventories").symlink_to(stranger.clone / "inventories")
    # The archive is the clone's.
    stranger.variables.update(mailman_archive=str(stranger.clone / "mailman-2.1.39.tgz"), mailman_dnspython_wheel="")
    outcome = stranger.type(run, directory=stranger.elsewhere)
    assert outcome.status == 0, outcome.output
    assert outcome.changed == 0, outcome.output


def test_the_web_pages_are_there(list_host):
    assert Site(list_host, "lists.example.com").ask("/mailman/listinfo").status == 200
    assert list_host.service("fail2ban").is_running


def test_the_way_back_to_the_packages_configuration(list_host, stranger, before):
    kept = list_host.file("/etc/exim4/aliases.replaced")
    assert (kept.content_string, kept.mode, kept.user) == ("sales: anna\n", 0o600, "root")
    assert configuration(list_host) != before
    outcome = stranger.type(UNDO.replace("INVENTORY", "inventories/example"))
    assert outcome.status == 0, outcome.output
    assert configuration(list_host) == before
    aliases = list_host.file("/etc/exim4/aliases")
    assert (aliases.content_string, aliases.mode) == ("sales: anna\n", 0o600)
    eventually(lambda: list_host.socket("tcp://0.0.0.0:25").is_listening)


@pytest.fixture(scope="module")
def smarthost(list_host, internet, ground):
    """A mail server that takes mail from one user over TLS alone, on port 587; on 588 with a certificate that nobody has signed, on 589 with LOGIN alone."""
    (ground.state / "etc" / "smarthost.py").write_text(SMARTHOST)
    internet.check_output(
        "cd /root && for name in good bad; do openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=smarthost.test"
        " -addext subjectAltName=DNS:smarthost.test -keyout $name.key -out $name.pem; done"
    )
    list_host.check_output("echo %s > /usr/local/share/ca-certificates/smarthost.crt && update-ca-certificates", internet.file("/root/good.pem").content_string)
    internet.check_output("systemd-run --quiet --unit smarthost python3 /etc/ground/smarthost.py")
    eventually(lambda: internet.socket("tcp://0.0.0.0:589").is_listening)
    record = ground.state / "log" / "smarthost.jsonl"
    yield lambda: [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []
    internet.check_output("systemctl stop smarthost")


SMARTHOST = '''
import asyncio, json, ssl
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

class Handler:
    async def handle_DATA(self, server, session, envelope):
        record(port=server.port, mail_from=envelope.mail_from, rcpt_tos=envelope.rcpt_tos, login=session.auth_data.login.decode())
        return "250 OK"

def record(**what):
    with open("/var/log/ground/smarthost.jsonl", "a") as file:
        file.write(json.dumps(what) + "\\n")

def authenticator(server, session, envelope, mechanism, data):
    record(port=server.port, mechanism=mechanism, tls=session.ssl is not None, password=data.password.decode())
    return AuthResult(success=data.login == b"anna@smarthost.test" and data.password == b"a^b:c$d{e^^", auth_data=data)

async def main():
    for port, name, without in (587, "good", []), (588, "bad", []), (589, "good", ["PLAIN"]):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain("/root/%s.pem" % name, "/root/%s.key" % name)
        def factory(port=port, context=context, without=without):
            server = SMTP(Handler(), hostname="smarthost.test", tls_context=context, auth_required=True, authenticator=authenticator,
                          auth_exclude_mechanism=without)
            server.port = port
            return server
        await asyncio.get_running_loop().create_server(factory, "0.0.0.0", port)
    await asyncio.Event().wait()

asyncio.run(main())
'''


def test_a_configuration_in_one_file_is_kept_and_mail_goes_through_a_smarthost_with_a_password(list_host, stranger, smarthost):
    list_host.check_output("install -o root -g Debian-exim -m 0600 /var/lib/exim4/config.autogenerated /etc/exim4/exim4.conf")
    original = list_host.file("/etc/exim4/exim4.conf").content_string
    # Over the message of the first run this has the file alone: Debian's other files had no effect beside it.
    message = stranger.type(SITE, exim_replace_configuration=False).message
    assert "did not write: /etc/exim4/exim4.conf, /etc/exim4/aliases, /home/anna/.forward. " in message
    list_host.check_output("umask 077; echo 'a^b:c$d{e^^' > /etc/smarthost-password")
    stranger.variables.update(
        exim_smarthost="smarthost.test", exim_smarthost_port=587, exim_smarthost_user="anna@smarthost.test",
        exim_smarthost_password_file="/etc/smarthost-password",
    )
    outcome = stranger.type(SITE)
    assert outcome.status == 0, outcome.output
    kept = list_host.file("/etc/exim4/exim4.conf.replaced")
    assert (kept.content_string, kept.mode, kept.group) == (original, 0o600, "Debian-exim")
    password = list_host.file("/etc/smarthost-password")
    assert (password.mode, password.user, password.group) == (0o640, "root", "Debian-exim")
    assert "a^b:c" not in list_host.file("/etc/exim4/exim4.conf").content_string


def mail(host, recipient, sender="root@lists.example.com", over_loopback=False):
    """Mail from the host itself, or as Mailman sends it."""
    if over_loopback:
        script = "import smtplib; smtplib.SMTP('127.0.0.1').sendmail('%s', ['%s'], 'Subject: x\\n\\nx\\n')" % (sender, recipient)
        host.check_output("python3 -c %s", script)
    else:
        host.check_output("printf 'Subject: x\\n\\nx\\n' | exim4 -f %s %s", sender, recipient)


def taken(entries, recipient):
    """What the smarthost has of a message."""
    return [entry for entry in entries if recipient in entry.get("rcpt_tos", ())]


def test_it_logs_in(list_host, smarthost):
    mail(list_host, "berta@example.net")
    mail(list_host, "carla@example.net", sender="testlist-bounces@list.example.com", over_loopback=True)
    [plain] = eventually(lambda: taken(smarthost(), "berta@example.net"))
    [verp] = eventually(lambda: taken(smarthost(), "carla@example.net"))
    assert (plain["mail_from"], plain["login"], plain["port"]) == ("root@lists.example.com", "anna@smarthost.test", 587)
    assert (verp["mail_from"], verp["login"]) == ("testlist-bounces+carla=example.net@list.example.com", "anna@smarthost.test")
    tried = {(entry["mechanism"], entry["password"], entry["tls"]) for entry in smarthost() if "mechanism" in entry}
    assert tried == {("PLAIN", "a^b:c$d{e^^", True)}


def test_it_logs_in_as_others_ask(list_host, smarthost):
    list_host.check_output("sed -i s/smarthost.test::587/smarthost.test::589/ /etc/exim4/exim4.conf")
    mail(list_host, "emil@example.net")
    [sent] = eventually(lambda: taken(smarthost(), "emil@example.net"))
    assert (sent["port"], sent["login"]) == (589, "anna@smarthost.test")
    assert {(entry["mechanism"], entry["password"]) for entry in smarthost() if entry["port"] == 589 and "mechanism" in entry} == {("LOGIN", "a^b:c$d{e^^")}


def test_it_keeps_the_password_from_one_that_cannot_show_who_it_is(list_host, smarthost):
    list_host.check_output("sed -i s/smarthost.test::589/smarthost.test::588/ /etc/exim4/exim4.conf")
    mail(list_host, "dora@example.net")
    eventually(lambda: list_host.run("grep 'dora@example.net.*certificate' /var/log/exim4/mainlog").rc == 0)
    assert [entry for entry in smarthost() if entry["port"] == 588] == []


def test_the_way_back_to_one_file(list_host, stranger):
    original = list_host.file("/etc/exim4/exim4.conf.replaced").content_string
    outcome = stranger.type(UNDO.replace("INVENTORY", "inventories/example"))
    assert outcome.status == 0, outcome.output
    file = list_host.file("/etc/exim4/exim4.conf")
    assert (file.content_string, file.mode, file.group) == (original, 0o600, "Debian-exim")
    eventually(lambda: list_host.socket("tcp://0.0.0.0:25").is_listening)
