# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Further runs of site.yml with other values: what each changes on the wire, and which services it restarts.

The tests of a host stand in the order of its runs: each compares with what the one before left. What shows Exim's or systemd's own part in it runs on
all hosts. What is the role's or Mailman's alone runs on EL and one Debian, in turn.
"""

import contextlib
import gzip
import hashlib
import os
import re

import pytest
from helpers import CERTIFICATE, CERTIFICATE_KEY, MEMBERS, RUNNERS, assert_verp, letter
from waiting import eventually


@pytest.fixture(scope="module")
def change(list_host, run_site, exim, mailman):
    """Run site.yml with changed values."""

    def change(**variables):
        """The services that were restarted."""
        before = {"exim": exim.pid(), "mailman": mailman.pid()}
        run = run_site(list_host.name, **variables)
        assert not run.failure(list_host.name)
        assert run.changes[list_host.name] > 0
        after = {"exim": exim.pid(), "mailman": mailman.pid()}
        return {service for service, pid in before.items() if after[service] != pid}

    return change


@pytest.fixture(scope="module", autouse=True)
def first_certificate(list_host):
    """The self-signed certificate of the first run."""
    return list_host.file(CERTIFICATE).content_string


def assert_errors_to(copies):
    assert [copy.content.get_all("Errors-To") for copy in copies] == [[copy.mail_from] for copy in copies]


def by_domain(recipients):
    """Those of each domain: one message to one server."""
    domains = {recipient.split("@")[1] for recipient in recipients}
    return [sorted(recipient for recipient in recipients if recipient.endswith("@" + domain)) for domain in domains]


def test_verp_by_mailman(change, post, exim):
    """Every post is VERPed; as each message has one recipient, they take more than one connection."""
    assert change(mailman_verp="mailman") == {"exim", "mailman"}
    copies, message_id = post("testlist", copies=35)
    assert_verp(copies, "testlist")
    assert_errors_to(copies)
    messages = exim.arrivals(message_id)
    assert [len(recipients) for message in messages.values() for recipients in message] == [1] * 35
    # SMTP_MAX_SESSIONS_PER_CONNECTION.
    assert sorted(len(connection) for connection in messages.values()) == [5, 30]
    # What is beyond smtp_accept_queue_per_connection waits for a queue run.
    assert "no immediate delivery" not in exim.log()


@pytest.mark.list_hosts("debian11", "el8")
def test_verp_by_mailman_at_intervals(change, post):
    """Every third post. It is Mailman's business alone."""
    assert change(mailman_verp="mailman", mailman_verp_interval=3) == {"mailman"}
    verped = 0
    for _number in range(3):
        copies, _message_id = post("open", copies=3)
        assert_errors_to(copies)
        with contextlib.suppress(AssertionError):
            assert_verp(copies, "open")
            verped += 1
    assert verped == 1


def test_no_verp(change, post, exim, list_host):
    """The bulk messages that Mailman hands over leave as they are. An alias that is added restarts nothing: Exim reads it when it needs it."""
    assert change(mailman_verp="none", exim_aliases={"help": "helpdesk@example.net"}) == {"mailman"}
    copies, message_id = post("testlist", copies=35)
    assert {copy.mail_from for copy in copies} == {"testlist-bounces@list.example.com"}
    assert_errors_to(copies)
    [messages] = exim.arrivals(message_id).values()
    assert sorted(len(recipients) for recipients in messages) == [1, 4, 15, 15]
    assert sorted(recipient for recipients in messages for recipient in recipients) == sorted(MEMBERS)
    assert sorted(sorted(copy.rcpt_tos) for copy in copies) == sorted(group for message in messages for group in by_domain(message))
    assert exim.routes("help@" + list_host.fqdn).startswith("helpdesk@example.net\n")


@pytest.mark.list_hosts("debian12", "el8")
def test_aliases_alone_restart_nothing(change, exim, list_host):
    assert change(mailman_verp="none", exim_aliases={"help": "others@example.net"}) == set()
    assert exim.routes("help@" + list_host.fqdn).startswith("others@example.net\n")


@pytest.mark.list_hosts("debian13", "el8")
def test_exims_own_business(change, list_host, internet, dialogue):
    assert change(mailman_verp="none", exim_aliases={"help": "others@example.net"}, exim_message_size_limit="200K") == {"exim"}
    assert "SIZE 204800" in dialogue(internet, list_host.ip, "gustav@example.org")["EHLO"][1]


def test_configuration_that_exim_refuses_does_not_go_live(list_host, run_site, exim):
    """The HOWTO's verb, for one."""
    live, pid = list_host.file(exim.configuration).content_string, exim.pid()
    block = {"slot": "acl_rcpt_local", "name": "the HOWTO's verb", "content": "  reject\n    senders = :"}
    message = run_site(list_host.name, mailman_verp="none", exim_blocks=[block]).failure(list_host.name)
    assert "Exim configuration error in line" in message
    assert "reject" in message
    assert list_host.file(exim.configuration).content_string == live
    assert exim.pid() == pid


def test_configuration_that_takes_the_lists_their_mail_does_not_go_live(list_host, run_site, exim):
    """Exim has nothing against it. The addresses of the site list are tried first, as role exim_lists asks for."""
    live, pid = list_host.file(exim.configuration).content_string, exim.pid()
    block = {"slot": "routers_remote", "name": "too much", "content": "taken:\n  driver = redirect\n  domains = +mm_domains\n  data = :blackhole:"}
    message = run_site(list_host.name, mailman_verp="none", exim_blocks=[block]).failure(list_host.name)
    assert "mailman-bounces+luser=example.com@list.example.com: expected routed, found discarded" in message
    assert list_host.file(exim.configuration).content_string == live
    assert exim.pid() == pid


@pytest.mark.list_hosts("debian11", "el8")
def test_configuration_that_fails_a_test_of_the_inventory_does_not_go_live(list_host, run_site, exim):
    """The catch-all of the role's README, in a domain that is not Exim's own, so that it never gets there."""
    pid = exim.pid()
    block = {
        "slot": "routers_local", "name": "catch-all of the old domain",
        "content": "old_domain:\n  driver = redirect\n  domains = old.example.com\n  data = postmaster@$qualify_domain",
    }
    tests = {"address_tests": [{"address": "anybody@old.example.com", "redirected_to": ["postmaster@example.org"]}]}
    values = {"mailman_verp": "none", "exim_blocks": [block], "exim_tests": tests}
    message = run_site(list_host.name, **values).failure(list_host.name)
    assert "anybody@old.example.com: expected routed, found undeliverable" in message
    assert exim.pid() == pid
    assert not run_site(list_host.name, exim_local_domains=[list_host.fqdn, "old.example.com"], **values).failure(list_host.name)
    assert exim.pid() != pid


def test_configuration_that_exim_does_not_start_with_is_taken_back(list_host, run_site, exim, dialogue, internet):
    live = list_host.file(exim.configuration).content_string
    message = run_site(list_host.name, mailman_verp="none", exim_interfaces=["127.0.0.1", "198.51.100.25"]).failure(list_host.name)
    assert "does not start with the new configuration: it does not listen" in message
    assert "bind() to port 25 for address 198.51.100.25 failed" in message
    assert message.endswith("The previous files were brought back, and it runs with them.")
    assert list_host.file(exim.configuration).content_string == live
    assert dialogue(internet, list_host.ip, "gustav@example.org")["EHLO"][0] == 250


@pytest.mark.list_hosts("debian12", "el8")
def test_wrapper_that_was_built_for_another_group(list_host, run_site, exim, mailman):
    prefix = mailman.prefix
    message = run_site(list_host.name, mailman_install_method="existing", mailman_mail_group="sys", exim_message_size_limit="300K").failure(list_host.name)
    assert "mailman_mail_group is 'sys'" in message
    assert re.search(r"%s/mail/mailman was built for (\w+, )*%s(, \w+)* and refuses" % (prefix, exim.macro("MM_GID")), message)
    assert "300K" not in list_host.file(exim.configuration).content_string


def test_verp_by_exim_again(change, post):
    """The inventory's own values."""
    assert change() == {"exim", "mailman"}
    copies, _message_id = post("testlist", copies=35)
    assert_verp(copies, "testlist")
    assert_errors_to(copies)


@pytest.mark.list_hosts("debian12", "el8")
def test_another_mail_server_is_taken_out_of_service(change, list_host):
    """Only when the inventory allows it, and for good."""
    unit = "[Service]\nExecStart=python3 -c \"import socket, time; s = socket.socket(); s.bind(('', 2525)); s.listen(); time.sleep(3600)\"\n"
    unit = "[Unit]\nDescription=another mail server\n" + unit + "[Install]\nWantedBy=multi-user.target\n"
    list_host.check_output("printf %%s %s >/etc/systemd/system/othermta.service && systemctl enable --now othermta", unit)
    try:
        eventually(lambda: list_host.socket("tcp://0.0.0.0:2525").is_listening)
        assert change(exim_ports=[25, 2525], exim_replace_other_mta=True) == {"exim"}
        assert not list_host.service("othermta").is_running
        assert not list_host.service("othermta").is_enabled
        assert "exim" in list_host.check_output("ss -Hltnp 'sport = :2525'")
    finally:
        list_host.check_output("systemctl disable --now othermta; rm /etc/systemd/system/othermta.service; systemctl daemon-reload")
    assert change() == {"exim"}
    assert not list_host.socket("tcp://0.0.0.0:2525").is_listening


@pytest.mark.list_hosts("debian13", "el8")
def test_the_self_signed_certificate(change, exim, list_host, starttls, first_certificate):
    """It is kept until it is about to end or is for another name, and is gone when the inventory does not want it. Exim notices a new one by itself."""
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=x -addext subjectAltName=DNS:%%s -days %%d -keyout %s -out %s"
    make %= (CERTIFICATE_KEY, CERTIFICATE)

    def is_new(other):
        found = starttls()["certificate"]
        key = list_host.file(CERTIFICATE_KEY)
        assert (key.user, key.group, key.mode) == ("root", exim.setting("exim_group"), 0o640)
        return found == list_host.file(CERTIFICATE).content_string != other

    assert starttls()["certificate"] == list_host.file(CERTIFICATE).content_string == first_certificate
    list_host.check_output(make % (list_host.fqdn, 29))
    ending = list_host.file(CERTIFICATE).content_string
    assert change() == set()
    eventually(lambda: is_new(ending), timeout=30)

    assert change(exim_tls_self_signed=False) == {"exim"}
    assert starttls() == {"offered": False}
    assert list_host.run("ls %s %s" % (CERTIFICATE, CERTIFICATE_KEY)).stdout == ""

    list_host.check_output(make % ("other.example.com", 3650))
    foreign = list_host.file(CERTIFICATE).content_string
    assert change() == {"exim"}
    assert is_new(foreign)


@pytest.fixture
def new_release(list_host, run_site, tmp_path):
    """Install another release of Mailman: EL's of the package, or else another archive, with the same content."""

    def new_release():
        """The variables that say so."""
        if list_host.file("/etc/redhat-release").exists:
            before = list_host.check_output("rpm --query mailman")
            list_host.check_output("dnf --assumeyes --enablerepo ground-update upgrade mailman")
            assert list_host.check_output("rpm --query mailman") != before
            return {}
        archive = tmp_path / "mailman.tgz"
        with gzip.open(os.environ["MAILMAN_ARCHIVE"]) as content:
            archive.write_bytes(gzip.compress(content.read(), mtime=1))
        return {"mailman_archive": str(archive), "mailman_archive_checksum": "sha256:" + hashlib.sha256(archive.read_bytes()).hexdigest()}

    return new_release


@pytest.mark.list_hosts("debian13", "el8")
def test_new_release_of_mailman_keeps_lists_settings_and_mail(list_host, run_site, mailman, new_release, send, sink):
    """Also a post that waits in the queue, since the queue runners are stopped."""
    settings = "/usr/bin/python2.7 -c 'import hashlib, sys; print hashlib.sha1(open(sys.argv[1]).read()).hexdigest()' %s/Mailman/mm_cfg.py" % mailman.prefix
    members, before = mailman.members("testlist"), list_host.check_output(settings)
    mailman.tool("newlist -q by-hand owner@example.org secret")
    mailman.add_members("by-hand", "dora@example.org")
    list_host.check_output("systemctl stop mailman")
    mark, subject = sink.mark(), "through another release"
    data = letter(subject, From="dora@example.org", To="by-hand@list.example.com")
    assert send(list_host, "by-hand@list.example.com", sender="dora@example.org", data=data).code == 250
    eventually(lambda: list_host.check_output("find %s/in -name '*.pck'" % mailman.queue))

    variables = new_release()
    assert not sink.messages(mark, list_host, subject=subject)
    run = run_site(list_host.name, **variables)
    assert not run.failure(list_host.name)
    # EL's package gives its code and the settings to Mailman's group again, which the role takes back: stream, code, settings, queue runners.
    assert (run.changes[list_host.name] == 4) == (not variables)
    assert run_site(list_host.name, **variables).changes == {list_host.name: 0}
    assert len(sink.wait(1, since=mark, host=list_host, subject=subject)) == 1
    assert mailman.members("testlist") == members
    assert list_host.check_output(settings) == before
    assert sorted(mailman.runners()) == RUNNERS
    mailman.remove_list("by-hand")
