# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nobody leaves a list for what somebody else has done: bounces about policy, and a day on which everybody bounces."""

import contextlib
import re
import socket
import threading

import pytest
from conftest import PREFIX
from waiting import eventually

FILE = PREFIX + "/Mailman/Queue/ListhostBounceRunner.py"
REPLY = b"550-5.7.26 Unauthenticated email from this domain is not accepted\r\n550 5.7.26 due to its DMARC policy.\r\n"


def refuse(connection):
    """Speak SMTP, and refuse each recipient."""
    with contextlib.closing(connection), connection.makefile("rb") as lines, contextlib.suppress(OSError):
        connection.sendall(b"220 mx.strict.example.org\r\n")
        for line in lines:
            connection.sendall(REPLY if line.upper().startswith(b"RCPT") else b"250 OK\r\n")


@pytest.fixture
def strict(ground):
    """The mail server of strict.example.org."""

    def serve(server):
        while True:
            try:
                connection = server.accept()[0]
            except OSError:
                return
            threading.Thread(target=refuse, args=(connection,), daemon=True).start()

    with contextlib.closing(socket.create_server((ground.internet.ip.rpartition(".")[0] + ".1", 25))) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        yield
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def log(list_host):
    """Mailman's log of bounces, empty before and after: verify.yml reads it."""
    # Mailman's user makes it, who is to write it.
    empty = "truncate --no-create --size 0 %s/logs/bounce" % PREFIX
    list_host.check_output(empty)
    yield lambda: list_host.check_output("cat %s/logs/bounce || true" % PREFIX)
    list_host.check_output(empty)


@pytest.fixture
def waiting(list_host):
    """The address of a member whose server puts mail off. What waits for it is removed afterwards."""
    yield "defer-a-while@example.net"
    list_host.check_output("exiqgrep -i -r defer-a-while@example.net | xargs --no-run-if-empty exim4 -Mrm")


def test_nobody_leaves_a_list_for_what_others_have_done(list_host, manage, tidy, post, strict, waiting, log, scores, mailman, verify):
    """What Exim could not deliver comes back as one message, always with status 5.0.0, about members whom their servers refused for different reasons."""
    gone = ["reject-%d@example.org" % number for number in range(8)]
    manage([
        {"name": "policies", "owners": ["anna@example.org"], "settings": {"generic_nonmember_action": 0},
         "members": ["alice@example.org", "reject-me@example.org", "bob@strict.example.org", "carol@strict.example.org", waiting]},
        {"name": "storm", "owners": ["anna@example.org"], "members": ["alice@example.org", *gone],
         "settings": {"generic_nonmember_action": 0, "bounce_score_threshold": 1}},
    ])
    for name in ("policies", "storm"):
        assert [copy.rcpt_tos for copy in post(name, 1)] == [["alice@example.org"]]
    eventually(lambda: log().count("policies: ") >= 3 and log().count(" stays enabled: ") >= 5)
    for name in ("bob", "carol"):
        text = "policies: %s@strict.example.org not scored: 5.7.26 from mx.strict.example.org about mail of anna@example.org\n" % name
        assert text in log() + "\n"
    disabled = "print json.dumps(sorted(MailList(%r, lock=0).getDeliveryStatusMembers((4,))))"
    assert len(mailman(disabled % "storm")) == 3
    assert set(mailman(disabled % "storm")) < set(gone)
    assert mailman(disabled % "policies") == []
    eventually(lambda: waiting in list_host.check_output("exiqgrep -i -r %s && exim_dumpdb /var/spool/exim4 retry" % waiting))
    status, report = verify()
    assert scores("policies") == ["reject-me@example.org"]
    assert status != 0
    [found] = {fault["fault"]: fault["found"] for fault in report["faults"]}["bounce-storm"]
    assert found.startswith("storm: beyond the limit of a day, delivery went on for reject-")
    assert found.endswith(" and 2 more")
    advice = {advice["fault"]: advice["found"] for advice in report["advice"]}
    [found] = [one for one in advice["put-off"] if one.startswith("example.net since 20")]
    assert re.search(r", next try 20[0-9-]+ [0-9:]+: 451 4\.2\.1 <", found)
    assert advice["policy-bounces"] == [
        "policies: 2 bounces of 2 members in 7 days: 5.7.26 from mx.strict.example.org (2); about mail of anna@example.org (2)",
    ]


def test_mailmans_user_cannot_change_what_it_runs(list_host):
    look = list_host.file(FILE)
    assert (look.user, look.mode) == ("root", 0o644)
    assert list_host.run("runuser -u list -- sh -c 'echo >> %s'" % FILE).rc != 0
    assert list_host.run("runuser -u list -- touch %s/Mailman/Queue/x" % PREFIX).rc != 0
    assert "--runner=ListhostBounceRunner:0:1" in list_host.check_output("pgrep --full --list-full -- --runner=Listhost")
