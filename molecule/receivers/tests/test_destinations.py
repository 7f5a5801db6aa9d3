# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List mail leaves at the receiver's pace, and what waits for one delays no other."""

import collections
import contextlib
import re
import socket
import threading
import time
import uuid

import pytest
from waiting import eventually

# What the receiver of slow.test and shared.test takes in so many seconds. Exim keeps to 6 in 2: after a burst some more may leave in the same time.
MOST, SECONDS = 12, 2.0
Arrival = collections.namedtuple("Arrival", "time recipient sender subject connection")


class Receiver:
    """The mail servers of slow.test, shared.test, narrow.test, warm.test and moody.test, and what they have seen."""

    def __init__(self):
        self.lock = threading.Lock()
        self.taken, self.refused, self.refusals = [], [], collections.Counter()
        self.at_once, self.most_at_once = set(), 0

    def answer_recipient(self, address, connection):
        """Return what the server says to RCPT."""
        with self.lock:
            now = time.monotonic()
            if address.endswith("@narrow.test"):
                self.at_once.add(connection)
                self.most_at_once = max(self.most_at_once, len(self.at_once))
                return "250 OK"
            if address.endswith("@warm.test"):
                return "250 OK"
            if address == "first@moody.test":
                self.refusals[address] += 1
                return {1: "450 4.2.1 Come again", 2: "450-4.7.1 Not now\r\n450 4.7.28 TOO MUCH mail"}.get(self.refusals[address], "250 OK")
            if address == "refused@slow.test":
                self.refusals[address] += 1
                self.refused.append((now, address))
                return "250 OK" if self.refusals[address] > 4 else "450 4.2.1 This user gets mail too fast"
            if sum(now - arrival.time < SECONDS for arrival in self.taken if arrival.recipient.endswith(("@slow.test", "@shared.test"))) < MOST:
                return "250 OK"
            self.refused.append((now, address))
            return "450 4.7.28 Too much mail"

    def speak(self, stream):
        """Speak SMTP on a connection."""
        connection, recipient, sender = uuid.uuid4().hex, "", ""
        with contextlib.closing(stream), stream.makefile("rb") as lines, contextlib.suppress(OSError):
            stream.sendall(b"220 mx.slow.test\r\n")
            for line in lines:
                text, answer = line.decode("latin-1").strip(), "250 OK"
                verb = text[:4].upper()
                if verb == "MAIL":
                    sender = re.search("<(.*?)>", text).group(1)
                elif verb == "RCPT":
                    recipient = re.search("<(.*?)>", text).group(1)
                    answer = self.answer_recipient(recipient, connection)
                elif verb == "DATA":
                    stream.sendall(b"354 Go on\r\n")
                    message = "".join(iter(lambda: lines.readline().decode("latin-1"), ".\r\n"))
                    if recipient.endswith("@narrow.test"):
                        # Long enough for others to come meanwhile.
                        time.sleep(0.5)
                    with self.lock:
                        self.taken.append(Arrival(time.monotonic(), recipient, sender, re.search("(?m)^Subject: (.*?)\r?$", message).group(1), connection))
                elif verb == "QUIT":
                    stream.sendall(b"221 Bye\r\n")
                    break
                stream.sendall(answer.encode() + b"\r\n")
        with self.lock:
            self.at_once.discard(connection)

    def of(self, subject):
        """What has arrived of a post."""
        with self.lock:
            return [arrival for arrival in self.taken if subject in arrival.subject]


@pytest.fixture(scope="module")
def receiver(ground):
    receiver = Receiver()

    def serve(server):
        while True:
            try:
                stream = server.accept()[0]
            except OSError:
                return
            threading.Thread(target=receiver.speak, args=(stream,), daemon=True).start()

    with contextlib.closing(socket.create_server((ground.internet.ip.rpartition(".")[0] + ".1", 25), backlog=100)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        yield receiver
        server.shutdown(socket.SHUT_RDWR)


def post_to(list_host, send, name):
    """Post to a list, and return the post's subject."""
    subject = uuid.uuid4().hex
    data = "From: somebody@example.org\nTo: %s@list.example.com\nSubject: %s\n\nHello.\n" % (name, subject)
    assert send(list_host, name + "@list.example.com", sender="somebody@example.org", data=data).code == 250
    return subject


def expect(*counts):
    return sorted("%s%d@%s" % (name, number, domain) for name, domain, count in counts for number in range(count))


@pytest.fixture(scope="module")
def arrivals(list_host, send, sink, receiver):
    """What each receiver got of one post, when, and what Exim kept of that meanwhile."""
    mark, began = sink.mark(), time.time() - time.monotonic()
    subject = post_to(list_host, send, "many")
    fast = [copy.time - began for copy in sink.wait(20, since=mark, host=list_host, subject=subject)]
    # Exim writes them when it has tried all recipients of a message.
    hints = eventually(lambda: list_host.run("exim_dumpdb /var/spool/exim4 retry | grep 'at the pace of'").stdout)
    found = eventually(lambda: len(receiver.of(subject)) >= 38 and receiver.of(subject))
    assert sorted(copy.rcpt_tos[0] for copy in sink.messages(mark, list_host, subject=subject)) == expect(("fast", "example.net", 20))
    slow, narrow = ([one for one in found if ("narrow" in one.recipient) is is_narrow] for is_narrow in (False, True))
    return {"fast": fast, "hints": hints, "slow": slow, "narrow": narrow}


def test_each_member_has_the_post_once(list_host, arrivals):
    assert sorted(one.recipient for one in arrivals["slow"]) == expect(("slow", "slow.test", 20), ("shared", "shared.test", 10))
    assert sorted(one.recipient for one in arrivals["narrow"]) == expect(("narrow", "narrow.test", 8))
    for one in arrivals["slow"] + arrivals["narrow"]:
        assert one.sender == "many-bounces+%s@list.example.com" % one.recipient.replace("@", "=")
    # Nothing bounced, and nobody was told that it might.
    assert list_host.run("grep -e ' \\*\\* ' -e 'R=mailman_router.*bounces' -e Frozen /var/log/exim4/mainlog").stdout == ""
    assert list_host.run("cat /var/lib/mailman/logs/bounce").stdout == ""


def test_the_slow_one_gets_it_at_its_pace(arrivals, receiver):
    """By domain and by mail server: both domains together."""
    times = sorted(one.time for one in arrivals["slow"])
    # A first burst of 6, and then 3 in a second.
    assert 6 < times[-1] - times[0] < 30
    # Without a pace it was 20.
    assert len(receiver.refused) <= 1


def test_no_other_waits_for_it(arrivals):
    times = sorted(one.time for one in arrivals["slow"])
    assert max(arrivals["fast"]) < times[len(times) // 2]


def test_why_it_waits_is_known(arrivals):
    assert re.search(r"(?m)^ *R:(slow|shared)\d+@(slow|shared)\.test\S* .*at the pace of slow$", arrivals["hints"])
    assert "example.net" not in arrivals["hints"]


def test_few_connections_with_few_messages(arrivals, receiver):
    assert receiver.most_at_once == 2
    counts = collections.Counter(one.connection for one in arrivals["narrow"])
    assert max(counts.values()) <= 3


def test_waits_for_one_who_is_refused_double(list_host, send, sink, receiver):
    mark = sink.mark()
    subject = post_to(list_host, send, "few")
    sink.wait(1, since=mark, host=list_host, to="anna@example.org", subject=subject)
    eventually(lambda: receiver.of(subject))
    times = [moment for moment, address in receiver.refused if address == "refused@slow.test"]
    waits = [later - earlier for earlier, later in zip(times, times[1:])]
    # 1, 2, 4 and 4 seconds by Exim's clock, which has no fractions, and up to the next queue run.
    assert len(waits) == 4
    assert all(wait > least for wait, least in zip(waits, (0.0, 1.0, 3.0, 3.0))), waits
    assert waits[3] < 7, waits


@pytest.fixture(scope="module")
def warmed(list_host, send, sink, receiver):
    """A post to more members than the number of today, and what has left of it, and another one."""
    mark = sink.mark()
    first = post_to(list_host, send, "new")
    eventually(lambda: len(hints_of_warm(list_host)) >= 3)
    hints = hints_of_warm(list_host)
    second = post_to(list_host, send, "new")
    for subject in (first, second):
        sink.wait(1, since=mark, host=list_host, to="anna@example.org", subject=subject)
    eventually(lambda: tries_of_warm(list_host) >= 3 + 8)
    return first, second, hints, re.findall(r"(?m)^ +(warm\d@warm\.test)$", list_host.check_output("exim4 -bp"))


def hints_of_warm(list_host):
    """Return whom Exim keeps a record about: they wait for the next day."""
    return re.findall(r"(?m)R:(warm\d)@warm\.test\S* .*warming up warm: 5 a day$", list_host.run("exim_dumpdb /var/spool/exim4 retry").stdout)


def tries_of_warm(list_host):
    """Return how often Exim has tried what was beyond the day's number."""
    return int(list_host.run("grep -c 'R=mailman_pace_router defer.*warming up warm: 5 a day' /var/log/exim4/mainlog").stdout or 0)


def test_a_new_address_sends_so_many_a_day(receiver, warmed):
    first, second, hints, waiting = warmed
    arrived = [one.recipient for one in receiver.of(first)]
    assert len(arrived) == 5
    assert sorted(arrived + [name + "@warm.test" for name in hints]) == expect(("warm", "warm.test", 8))
    assert receiver.of(second) == []
    assert len(waiting) == 3 + 8


def test_what_waits_for_the_next_day_is_tried_each_hour(list_host, warmed):
    assert "F,4w2d,1h;" in list_host.check_output("exim4 -f new-bounces@list.example.com -brt warm0@warm.test")
    # With the rule of the pace it would have tried the first post again every 2 seconds.
    assert tries_of_warm(list_host) == len(warmed[3])
    assert list_host.run("grep -e ' \\*\\* .*warm.test' /var/log/exim4/mainlog").stdout == ""


def test_all_mail_waits_after_a_refusal_that_counts(list_host, send, receiver):
    """Not after the first one, whose text is another: its recipient alone is tried again a second later, and is then refused with one that counts."""
    first = post_to(list_host, send, "trouble")
    eventually(lambda: receiver.refusals["first@moody.test"] == 2)
    refused = time.monotonic()
    second = post_to(list_host, send, "other")
    times = [one.time - refused for subject in (first, second) for one in eventually(lambda subject=subject: receiver.of(subject))]
    # Exim's clock has no fractions.
    assert len(times) == 2 and all(9 < moment < 40 for moment in times), times
    log = list_host.check_output("grep -e '== [a-z]*@moody.test R=' /var/log/exim4/mainlog")
    said = {name: re.findall("== %s@.*(Come again|TOO MUCH|pause after a refusal of moody)" % name, log) for name in ("first", "second")}
    assert said["first"][:2] == ["Come again", "TOO MUCH"]
    assert set(said["first"][2:]) == set(said["second"]) == {"pause after a refusal of moody"}, log


@pytest.mark.parametrize(("key", "error", "rule"), [
    ("refused@slow.test", "rcpt_450", "G,3s,1s,2.0; F,4d,4s;"), ("refused@slow.test", "", "F,4w2d,2s;"),
    # It belongs there by its mail servers, which Exim does not know at this point.
    ("refused@shared.test", "rcpt_421", "F,2h,15m; G,16h,1h,1.5; F,4d,6h;"), ("refused@shared.test", "", "F,4w2d,2s;"),
    ("mx2.slow.test", "", "G,3s,1s,2.0; F,4d,4s;"), ("mx.narrow.test narrow.test", "", "F,4d,2h;"),
    ("example.org", "", "F,2h,15m; G,16h,1h,1.5; F,4d,6h;"), ("anna@list.example.com", "", "F,2h,15m; G,16h,1h,1.5; F,4d,6h;"),
    ("anna@example.org", "rcpt_450", "F,2h,15m; G,16h,1h,1.5; F,4d,6h;"),
])
def test_rules(list_host, key, error, rule):
    """Refusals of hosts and of recipients have the destination's waits, what waits for its turn tries again once a period."""
    assert rule in list_host.check_output("exim4 -f many-bounces@list.example.com -brt %s %s", *key.split(" ")[:1], *(key.split(" ")[1:] or [error])), key


def test_queue_runs(list_host):
    assert "QUEUEINTERVAL='1s'" in list_host.file("/etc/default/exim4").content_string
    assert "-q1s" in list_host.check_output("ps -C exim4 -o args=")
