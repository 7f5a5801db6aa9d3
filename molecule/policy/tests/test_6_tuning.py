# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tuning: what the variables do to Exim, to its queue and to Mailman's processes."""

import re
import time
import uuid

import pytest
from conftest import letter
from waiting import eventually

BOUNCES = "testlist-bounces@list.example.com"


def test_exims_limits(list_host):
    options = "remote_max_parallel queue_run_max split_spool_directory smtp_accept_queue_per_connection"
    assert list_host.check_output("exim -bP " + options).splitlines() == [
        "remote_max_parallel = 8",
        "queue_run_max = 3",
        "split_spool_directory",
        "smtp_accept_queue_per_connection = 30",
    ]


def test_processes_of_a_queue(list_host, post):
    """Two for Outgoing, which share the posts, one for each of the others."""
    runners = re.findall(r"--runner=(\w+):(\d):(\d)", list_host.check_output("pgrep --full --list-full -- --runner="))
    assert sorted(runner for runner in runners if runner[2] == "2") == [("OutgoingRunner", "0", "2"), ("OutgoingRunner", "1", "2")]
    assert len(runners) == 9
    for _number in range(3):
        post()


def test_recipients_of_a_message(list_host, names, post):
    """One message for all, not one for each 15 of them."""
    subject = "many " + uuid.uuid4().hex
    copies = post("many", copies=20, subject=subject)
    received = "grep -c '<= many-bounces@.*id=%s' %s" % (copies[0].content["Message-ID"].strip("<>"), names.exim_log)
    assert list_host.check_output(received) == "1"


def test_deliveries_at_once(list_host, talk, silence):
    """To six servers of which none says a word. By default Exim would have to do with four."""
    recipients = ["somebody@s%d.silent.test" % number for number in range(1, 7)]
    talk(*recipients, client=list_host, server="127.0.0.1", sender="root@" + list_host.fqdn, data=letter())
    for connection, _client in [silence.accept() for _recipient in recipients]:
        connection.close()
    remove = "exiqgrep -i -r silent.test | xargs --no-run-if-empty exim -Mrm"
    eventually(lambda: list_host.run(remove).succeeded and list_host.check_output("exiqgrep -i -r silent.test") == "")


@pytest.fixture
def deferred(list_host, talk):
    """A message that its recipient's server puts off: its identity in the queue."""

    def deferred(sender, **headers):
        recipient = "defer-%s@example.net" % uuid.uuid4().hex
        talk(recipient, client=list_host, server="127.0.0.1", sender=sender, data=letter("deferred", **headers))
        entry = eventually(lambda: re.search(r"(\S+) <.*>(?: \*\*\*.*)?\n +%s" % recipient, list_host.run("exim -bp").stdout)).group(1)
        eventually(lambda: "defer" in list_host.run("exim -Mvl " + entry).stdout)
        entries.append(entry)
        return entry, recipient

    entries = []
    yield deferred
    for entry in entries:
        # While Exim tries it again it is locked.
        eventually(lambda entry=entry: list_host.run("exim -Mrm " + entry).succeeded)


def test_the_spool_has_subdirectories(list_host, names, deferred):
    entry, _recipient = deferred(BOUNCES)
    directory = "/var/spool/%s/input/" % names.exim
    assert list_host.check_output("find %s -name %s-H" % (directory, entry)).startswith("%s%s/" % (directory, entry[5]))


def test_list_mail_has_its_own_times_to_try_again(list_host, names, deferred):
    """Two minutes, as the inventory says, against a quarter of an hour."""
    minutes = {}
    for kind, sender in {"list": BOUNCES, "VERPed": BOUNCES.replace("@", "+x=example.net@"), "other": "root@" + list_host.fqdn}.items():
        _entry, recipient = deferred(sender)
        command = "exim_dumpdb /var/spool/%s retry | grep -A1 %s" % (names.exim, recipient)
        hints = eventually(lambda command=command: list_host.run(command).stdout)
        [last, following] = re.findall(r"\d\d-\w{3}-\d{4} \d\d:\d\d:\d\d", hints)[1:3]
        read = [time.mktime(time.strptime(when, "%d-%b-%Y %H:%M:%S")) for when in (last, following)]
        minutes[kind] = round((read[1] - read[0]) / 60)
    assert minutes == {"list": 2, "VERPed": 2, "other": 15}


def test_nobody_is_warned_of_delays_of_list_mail(list_host, names, deferred, sink):
    """Others are. Mailman marks all that it sends with Precedence."""
    mark = sink.mark()
    bounce = deferred(BOUNCES, Precedence="bulk")[0]
    marked = [deferred("berta@example.net", Precedence="list")[0], deferred("carla@example.net", List_Id="<testlist.list.example.com>")[0], bounce]
    youngest = deferred("anna@example.net")[0]

    def warned():
        list_host.check_output("exim -M " + youngest)
        return sink.messages(mark, list_host, to="anna@example.net", subject="delayed")

    # When it is old enough, so are the others.
    eventually(warned)
    for entry in marked:
        list_host.check_output("exim -M " + entry)
    # A warning would be in the queue by now, and leaves it for the sink.
    eventually(lambda: "<>" not in list_host.check_output("exim -bp"))
    assert [message.rcpt_tos for message in sink.messages(mark, list_host, subject="delayed")] == [["anna@example.net"]]
    assert "Message %s delayed" % bounce not in list_host.check_output("cat " + names.exim_log)


def test_the_hosts_name_resolves_at_once(list_host):
    """Mailman's SMTP looks it up for each connection."""
    seconds = list_host.check_output("python3 -c 'import socket, time; t = time.time(); socket.gethostbyname(socket.getfqdn()); print(time.time() - t)'")
    assert float(seconds) < 1
