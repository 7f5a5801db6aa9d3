# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients can do to others: crash, fill, freeze, keep out. And what they learn of Exim."""

import contextlib
import json
import re
import select
import subprocess
import uuid

import pytest
from conftest import letter
from waiting import eventually

LIST = "testlist@list.example.com"
BOUNCES = "testlist-bounces@list.example.com"

# On a machine of the ground: lines of SMTP, word by word, and what is answered; nothing where the connection is gone.
LINES = """
import json, socket, sys
server, lines = json.load(sys.stdin)
replies = []
with socket.create_connection((server, 25), timeout=60) as connection, connection.makefile("rb") as answers:
    for line in [None, *lines]:
        if line is not None:
            connection.sendall(line.encode() + bytes([13, 10]))
        reply = []
        while not reply or reply[-1][3:4] == "-":
            reply.append(answers.readline().decode().strip())
        replies.append(reply)
json.dump(replies, sys.stdout)
"""
# Connections that say nothing, until there is something on standard input: what each was greeted with, and which is sent away first.
HOLD = """
import json, select, socket, sys
server, source, number = json.loads(sys.argv[1])
connections = [socket.create_connection((server, 25), timeout=60, source_address=source and (source, 0)) for _number in range(number)]
print(json.dumps([connection.recv(200).decode()[:3] for connection in connections]), flush=True)
open_ones = [connection for connection in connections]
while True:
    ready = select.select([sys.stdin, *open_ones], [], [])[0]
    if sys.stdin in ready:
        break
    for connection in ready:
        open_ones.remove(connection)
        print(json.dumps(connection.recv(200).decode().strip()), flush=True)
"""


@pytest.fixture
def say(list_host, internet):
    def say(*lines):
        command = internet.enter("python3", "-c", LINES)
        ask = json.dumps([list_host.ip, lines])
        return json.loads(subprocess.run(command, input=ask, capture_output=True, text=True, timeout=60, check=True).stdout)

    return say


class Held:
    """Connections: the codes of their greetings, and what the server says to the next of them."""

    def __init__(self, process):
        self._lines = process.stdout
        self.codes = json.loads(self._lines.readline())

    def next_line(self, seconds):
        assert select.select([self._lines], [], [], seconds)[0], "nothing was said for %d s" % seconds
        return json.loads(self._lines.readline())


@pytest.fixture
def hold(list_host, internet):
    """Open connections from a client and leave them."""

    def count():
        return len(list_host.check_output("ss -Htn 'sport = :25'").splitlines())

    @contextlib.contextmanager
    def hold(number, source="", client=internet, server=list_host.ip):
        command = client.enter("python3", "-c", HOLD, json.dumps([server, source, number]))
        before = count()
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield Held(process)
            finally:
                process.communicate("enough\n", timeout=60)
        # Exim has noticed.
        eventually(lambda: count() <= before)

    return hold


def test_greeting(say, list_host, post):
    """Who speaks SMTP here, not with which version of what; nor do the copies of a post say it."""
    version = list_host.check_output("exim -bV | awk '{print $3; exit}'")
    [greeting], _closed = say("QUIT")
    assert greeting == "220 %s ESMTP" % list_host.fqdn
    [received, *_others] = post()[0].content.get_all("Received")
    assert ("by " + list_host.fqdn in received, "Exim" in received, version in received) == (True, False, False)


def test_chunking_is_not_offered(say):
    """It would kill the process that the client speaks to, with what is said here."""
    replies = say("EHLO client.example.org", "MAIL FROM:<>", "RCPT TO:<%s>" % BOUNCES, "BDAT 5", "RSET", "NOOP")
    assert not [line for line in replies[1] if "CHUNKING" in line or "LIMITS" in line]
    assert [reply[-1][:3] for reply in replies] == ["220", "250", "250", "250", "503", "250", "250"]


def test_exim_warns_of_nothing_when_it_starts(list_host):
    """Where nothing is said about the environment it does, each time."""
    started = list_host.run("exim -bV")
    assert (started.rc, started.stderr, "Warning" in started.stdout) == (0, "", False)


def test_recipients_of_one_message(talk):
    """The HOWTO's bounces as well; Mailman's own posts have more (test_1_receivers.py)."""
    recipients = ["testlist-bounces+m%d=example.org@list.example.com" % number for number in range(102)]
    replies = talk(*recipients, sender="")
    assert [replies[address] for address in recipients] == [(250, "Accepted")] * 100 + [(452, "4.5.3 Too many recipients of one message")] * 2


def test_ipv6_network_is_one_client(list_host):
    """Who has one address there has all of it, and could try each once. The limits of passwords and subscriptions are for what this says."""
    _name, _equals, value = list_host.check_output("exim -bP macro CLIENT_NETWORK").partition("=")
    addresses = "2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:3::1", "192.0.2.1", "192.0.2.2"
    # An address of the command line is tainted, and Exim 4.96 ends when it looks at one of IPv6; a client's is not.
    networks = [list_host.check_output("exim -be %s", value.replace("$sender_host_address", address)) for address in addresses]
    assert networks[0] == networks[1]
    assert (len(set(networks)), networks[3:]) == (4, ["192.0.2.1", "192.0.2.2"])
    ratelimits = re.findall("ratelimit = .*", list_host.check_output("cat $(exim -bP configure_file)"))
    assert [line.rpartition(" / ")[2] for line in ratelimits if "rh_From" not in line] == ["auth-CLIENT_NETWORK"] * 2 + ["subscriptions-CLIENT_NETWORK"]


def test_message_that_goes_round_in_circles(talk, list_host):
    """Exim would take it, and freeze the bounce."""
    rounds = "Received: by mx.example.org\n"
    assert talk(BOUNCES, sender="", data=rounds * 29 + letter()).last[0] == 250
    assert talk(BOUNCES, sender="", data=rounds * 30 + letter()).last == (550, "Too many Received headers: this message goes round in circles")
    assert "frozen" not in list_host.check_output("exim -bp")


def test_message_that_came_a_long_way_reaches_everybody(talk, list_host, sink):
    """Mailman adds to it, and so does Exim once more."""
    subject, mark = "far away " + uuid.uuid4().hex, sink.mark()
    assert talk(LIST, data="Received: by mx.example.org\n" * 29 + letter(subject)).last[0] == 250
    sink.wait(3, since=mark, host=list_host, subject=subject)


@pytest.mark.parametrize("sender", ["testlist-bounces@list.example.com", "root@{fqdn}"])
def test_domain_whose_mail_exchanger_is_this_host(list_host, sender):
    """What it does not know it cannot deliver, and need not freeze."""
    address = "anna@%s.self.test" % list_host.name
    routed = list_host.run("exim -bt -oMa 127.0.0.1 -f %s %s" % (sender.format(fqdn=list_host.fqdn), address))
    assert (routed.rc, address + " is undeliverable" in routed.stdout) == (2, True), routed.stdout


class TestMailmansNotices:
    """Their envelope sender is mailman-loop: bounces are kept in a file, and that is all."""

    ADDRESS = "mailman-loop@list.example.com"
    FILE = "/var/lib/mailman/data/owner-bounces.mbox"

    def test_only_bounces(self, talk):
        assert talk(self.ADDRESS).last == (550, "Only bounces come here")
        assert talk(self.ADDRESS, sender="").last[0] == 250

    def test_small_ones(self, talk):
        body = ("x" * 70 + "\n") * 15000
        assert talk(self.ADDRESS, sender="", data=letter(body=body)).last == (550, "A bounce of a notice is smaller than 1 MB")
        assert talk(BOUNCES, sender="", data=letter(body=body)).last[0] == 250

    def test_file_is_rotated(self, list_host, talk):
        subject = "a bounce " + uuid.uuid4().hex
        talk(self.ADDRESS, sender="", data=letter(subject))
        eventually(lambda: subject in list_host.run("cat " + self.FILE).stdout)
        list_host.check_output("truncate --size 6M %s && rm -f %s.*" % (self.FILE, self.FILE))
        # Exim's own logs, too, would be rotated with the configuration of the host.
        list_host.check_output("grep -lr owner-bounces /etc/logrotate.d | xargs logrotate --verbose --state /tmp/rotated")
        assert not list_host.file(self.FILE).exists
        assert subject in list_host.check_output("zcat %s.1.gz" % self.FILE)

    def test_file_has_an_end(self, list_host, names, talk):
        """What would not fit in is given away, and nobody's bounce waits or freezes."""
        list_host.check_output("runuser -u $(exim -bP macro MM_UID | cut -d= -f2) -- truncate --size 11M " + self.FILE)
        identity = uuid.uuid4().hex
        assert talk(self.ADDRESS, sender="", data=letter(Message_ID="<%s@example.org>" % identity)).last[0] == 250
        entry = list_host.check_output("grep -o '[^ ]* <= .*%s' %s" % (identity, names.exim_log)).split()[0]
        log = eventually(lambda: re.findall("%s (?:=>|==|\\*\\*) .*" % entry, list_host.check_output("cat " + names.exim_log)))
        size = list_host.file(self.FILE).size
        list_host.check_output("rm " + self.FILE)
        assert ":blackhole:" in log[0]
        assert size == 11 * 1024 * 1024


@pytest.fixture(params=["Exim's own", "the host's"])
def alias(request, list_host, names):
    """Give the host an alias, as an administrator could by hand."""
    file = {"Exim's own": "/etc/%s/aliases" % names.exim, "the host's": "/etc/aliases"}[request.param]

    def alias(name, target):
        list_host.check_output("touch %s && cp -p %s /root/aliases" % (file, file))
        list_host.check_output("printf '%s: %s\n' >>%s" % (name, target, file))
        return name + "@" + list_host.fqdn

    yield alias
    list_host.check_output("cp -p /root/aliases " + file)


@pytest.mark.parametrize(("target", "words"), [("|/usr/bin/touch /run/piped", "delivery to pipe forbidden"), ("/run/filed", "delivery to file forbidden")])
def test_aliases_write_no_files_and_run_no_programs(list_host, names, alias, target, words):
    address = alias("tool-" + uuid.uuid4().hex, target)
    list_host.check_output("echo hello | exim -odf -f root@%s %s" % (list_host.fqdn, address))
    assert words in list_host.check_output("grep %s %s" % (address, names.exim_log))
    assert list_host.run("ls /run/piped /run/filed").stdout == ""


def test_aliases_include_no_files(list_host, alias):
    """Exim would read it as root."""
    found = list_host.run("exim -bt " + alias("included", ":include:/etc/hosts"))
    assert "included files not permitted" in found.stdout


def test_one_client_does_not_keep_out_others(hold, talk, post, ground):
    """Who opens connections and says nothing gets six. Mailman, on loopback, and another client are served."""
    with hold(8, source=ground.mail_servers["example.org"]) as idle:
        assert idle.codes == ["220"] * 6 + ["421"] * 2
        assert talk(LIST, source=ground.mail_servers["example.edu"]).last[0] == 250
        post()


def test_all_clients_do_not_keep_out_mailman_and_mail_exchangers(hold, talk, ground, list_host, sink):
    """Of 30 places 12 are for these, and one may have as many of them as there are. When half of the others are taken, clients must hurry."""
    with contextlib.ExitStack() as held:
        crowd = [held.enter_context(hold(6, source=ground.mail_servers[name])) for name in ("example.org", "example.net", "example.edu")]
        assert [client.codes for client in crowd] == [["220"] * 6] * 3
        with hold(1) as stranger:
            assert stranger.codes == ["421"]
        with hold(1, source=ground.mail_servers["backup.test"]) as exchanger:
            assert exchanger.codes == ["220"]
        with hold(13, source=ground.mail_servers["exchanger.test"]) as exchanger:
            assert exchanger.codes == ["220"] * 12 + ["421"]
        for loopback in "127.0.0.1", "::1":
            with hold(12, client=list_host, server=loopback) as local:
                assert local.codes == ["220"] * 12
        subject, mark = "in a crowd " + uuid.uuid4().hex, sink.mark()
        talk(LIST, client=list_host, server="127.0.0.1", data=letter(subject))
        sink.wait(3, since=mark, host=list_host, subject=subject)
        assert crowd[2].next_line(60).startswith("421")
        assert talk(LIST).last[0] == 250
