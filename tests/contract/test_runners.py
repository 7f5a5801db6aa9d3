# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mailmanctl and the queue runners: start, stop, restart, locks, PID file, what is logged."""

import re

import pytest
from conftest import CONFIGURE, PREFIX, header, message

NAMES = ["Arch", "Bounce", "Command", "Incoming", "News", "Outgoing", "Virgin", "Retry"]
PID_FILE = f"{PREFIX}/data/master-qrunner.pid"
LOCK = f"{PREFIX}/locks/master-qrunner"
RUNNERS = f"pgrep -u list -f '^{CONFIGURE['with-python']} {PREFIX}/bin/qrunner --runner='"


def runners(mailman):
    """The command lines of the queue runners."""
    return sorted(line.split(" ", 1)[1] for line in mailman.run(f"{RUNNERS} -a", rc=None).stdout.splitlines())


def pids(mailman):
    return set(mailman.run(RUNNERS, rc=None).stdout.split())


def command_lines(*counts):
    return sorted(
        f"{CONFIGURE['with-python']} {PREFIX}/bin/qrunner --runner={name}Runner:{number}:{count} -s" for name, count in counts for number in range(count)
    )


def wait_for_runners(mailman, count):
    """Until so many run and have set up their signals, which is when they log that they started."""
    mailman.wait(f"test $({RUNNERS} | wc -l) = {count}")
    mailman.wait(f'for pid in $({RUNNERS}); do grep -q "($pid) .*Runner qrunner started" {PREFIX}/logs/qrunner || exit 1; done')


@pytest.fixture
def stopped(mailman):
    """No master before the test, and none after it."""
    yield mailman
    mailman.tool("mailmanctl -q stop", rc=None)
    mailman.wait(f"! {RUNNERS} && ! test -e {LOCK}")
    mailman.run(f"rm -f {PID_FILE}")


@pytest.fixture
def running(stopped):
    stopped.tool("mailmanctl -s -q start")
    wait_for_runners(stopped, 8)
    return stopped


def test_start(stopped):
    done = stopped.tool("mailmanctl -s start")
    assert done.stdout == "Starting Mailman's master qrunner.\n"
    wait_for_runners(stopped, 8)
    assert runners(stopped) == command_lines(*((name, 1) for name in NAMES))
    pid = stopped.read(PID_FILE).strip()
    assert stopped.run(f"ps -o user=,group=,ppid= {pid}").stdout.split() == ["list", "list", "1"]
    assert stopped.run(f"stat -c '%a %U %G' {PID_FILE}").stdout.split() == ["660", "list", "list"]
    claim = stopped.read(LOCK)
    assert claim == f"{LOCK}.list.example.com.{pid}"
    assert stopped.run(f"stat -c %h {LOCK} {claim}").stdout.split() == ["2", "2"]
    log = stopped.read(f"{PREFIX}/logs/qrunner")
    assert re.search(r"^\w{3} \d\d \d\d:\d\d:\d\d \d{4} \(\d+\) IncomingRunner qrunner started\.$", log, re.MULTILINE)


def test_start_while_running(running):
    """Exit 0, a message, and nothing else."""
    before = pids(running)
    done = running.tool("mailmanctl -s start")
    assert re.search(r"appears as if another\s+master qrunner is already running", done.stderr)
    assert pids(running) == before


def test_start_as_the_list_user(stopped):
    stopped.run(f"{PREFIX}/bin/mailmanctl -s -q start", user="list")
    wait_for_runners(stopped, 8)


def test_stale_lock(stopped):
    """Without -s nothing starts, and the exit code is 0 all the same."""
    stopped.tool("mailmanctl -s -q start")
    wait_for_runners(stopped, 8)
    stopped.run(f"kill -9 $(cat {PID_FILE}) $({RUNNERS})")
    stopped.wait(f"! {RUNNERS}")
    done = stopped.tool("mailmanctl start")
    assert re.search(r"appears as though there is\s+a stale master qrunner lock", done.stderr)
    assert runners(stopped) == []
    stopped.tool("mailmanctl -s -q start")
    wait_for_runners(stopped, 8)
    assert stopped.read(LOCK).endswith("." + stopped.read(PID_FILE).strip())


def test_lock_of_another_host(stopped):
    stopped.run(f"echo -n {LOCK}.other.example.com.1 >{LOCK}; ln {LOCK} {LOCK}.other.example.com.1; touch -d 'next year' {LOCK}")
    done = stopped.tool("mailmanctl -s start")
    assert "process on some other host" in done.stderr
    assert runners(stopped) == []
    stopped.run(f"rm {LOCK}*")


def test_stop(running):
    """The runners end, the lock goes, the PID file stays."""
    pid = running.read(PID_FILE).strip()
    assert running.tool("mailmanctl stop").stdout == "Shutting down Mailman's master qrunner\n"
    running.wait(f"! {RUNNERS} && ! kill -0 {pid}")
    assert not running.exists(LOCK)
    assert running.read(PID_FILE).strip() == pid
    done = running.tool("mailmanctl stop")
    assert "Stale pid file removed." in done.stderr
    assert not running.exists(PID_FILE)
    assert "Is qrunner even running?" in running.tool("mailmanctl stop").stderr


def test_stop_by_signal(running):
    """What systemd does."""
    running.run(f"kill -TERM $(cat {PID_FILE})")
    running.wait(f"! {RUNNERS} && ! test -e {LOCK}")


def test_restart(running):
    """New runners, with the settings of now, under the old master and with its QRUNNERS."""
    before, pid = pids(running), running.read(PID_FILE)
    running.settings(QRUNNERS=[("IncomingRunner", 2)])
    assert running.tool("mailmanctl restart").stdout == "Restarting Mailman's master qrunner\n"
    for old in before:
        running.wait(f"! kill -0 {old}")
    wait_for_runners(running, 8)
    assert not pids(running) & before
    assert running.read(PID_FILE) == pid
    assert runners(running) == command_lines(*((name, 1) for name in NAMES))


def test_restart_reads_settings(running):
    """A runner that is not restarted keeps its settings; after a restart it has the new ones."""
    running.newlist("settings", ["a@example.org"], generic_nonmember_action=0)
    running.clear_mail()
    running.settings(VERP_DELIVERY_INTERVAL=1)
    senders = []
    for number in (1, 2):
        running.wrapper("post settings", message("settings"))
        running.wait(f"test $(wc -l </run/sink.jsonl) = {number}")
        senders.append(running.mail()[-1]["sender"])
        if number == 1:
            running.tool("mailmanctl restart")
            running.wait(f"grep -q 'Master watcher caught SIGINT' {PREFIX}/logs/qrunner")
            wait_for_runners(running, 8)
    assert senders == ["settings-bounces@list.example.com", "settings-bounces+a=example.org@list.example.com"]


def test_qrunners_setting(stopped):
    stopped.settings(QRUNNERS=[("IncomingRunner", 2), ("OutgoingRunner", 1)])
    stopped.tool("mailmanctl -s -q start")
    wait_for_runners(stopped, 3)
    assert runners(stopped) == command_lines(("Incoming", 2), ("Outgoing", 1))


def test_slices_share_a_queue(mailman):
    """Each of two runners takes the messages of its half, and between them all."""
    mailman.newlist("sliced")
    mailman.clear_mail()
    for number in range(8):
        mailman.wrapper("post sliced", message("sliced", headers=f"X-Number: {number}\n"))
    digests = mailman.run(f"ls {PREFIX}/qfiles/in").stdout.split()
    halves = [sum((int(name.split("+")[1][0], 16) >= 8) == half for name in digests) for half in (False, True)]
    for half, count in enumerate(halves):
        before = len(mailman.run(f"ls {PREFIX}/qfiles/in").stdout.split())
        # With --once a runner may take one message only.
        for _ in range(8):
            mailman.tool(f"qrunner -r Incoming:{half}:2 -o")
        assert before - len(mailman.run(f"ls {PREFIX}/qfiles/in").stdout.split()) == count
    mailman.clear_mail()


def test_master_starts_a_killed_runner_again(running):
    victim = running.run("pgrep -u list -f -- --runner=IncomingRunner:0:1").stdout.strip()
    running.run(f"kill -9 {victim}")
    running.wait(f"test $({RUNNERS} | wc -l) = 8 && ! kill -0 {victim}")
    log = running.read(f"{PREFIX}/logs/qrunner")
    assert re.search(
        rf"Master qrunner detected subprocess exit\n"
        rf"\(pid: {victim}, sig: 9, sts: None, class: IncomingRunner, slice: 1/1\) \[restarting\]\n",
        log,
    )


def test_runner_that_got_sigterm_is_left_stopped(running):
    victim = running.run("pgrep -u list -f -- --runner=NewsRunner:0:1").stdout.strip()
    running.run(f"kill -TERM {victim}")
    running.wait(f"grep -q '(pid: {victim}, sig: None, sts: 15, class: NewsRunner' {PREFIX}/logs/qrunner")
    assert len(pids(running)) == 7


def test_message_of_a_killed_runner_is_not_lost(mailman):
    """What a runner has in its hands is a .bak file, which the next runner takes up."""
    mailman.newlist("rescued", ["a@example.org"], generic_nonmember_action=0)
    mailman.clear_mail()
    mailman.wrapper("post rescued", message("rescued"))
    mailman.run(f"cd {PREFIX}/qfiles/in && for file in *.pck; do mv $file ${{file%.pck}}.bak; done")
    mailman.tool("qrunner -o -r Incoming")
    mailman.flush("Outgoing")
    assert [mail["recipients"] for mail in mailman.mail()] == [["a@example.org"]]
    assert mailman.run(f"ls {PREFIX}/qfiles/in").stdout == ""


def test_reopen(running):
    """After log rotation."""
    running.run(f"mv {PREFIX}/logs/qrunner {PREFIX}/logs/qrunner.1")
    assert running.tool("mailmanctl reopen").stdout == "Re-opening all log files\n"
    running.wait(f"test $(grep -c 'Reopening logs' {PREFIX}/logs/qrunner) = 8")
    assert "Master watcher caught SIGHUP.  Re-opening log files." in running.read(f"{PREFIX}/logs/qrunner")


def test_no_site_list(stopped):
    stopped.run(f"mv {PREFIX}/lists/mailman /run/mailman.list")
    try:
        assert "Site list is missing: mailman" in stopped.tool("mailmanctl -s start", rc=1).stderr
    finally:
        stopped.run(f"mv /run/mailman.list {PREFIX}/lists/mailman")
    assert not stopped.exists(LOCK)


def test_usage(mailman):
    assert "No command given." in mailman.tool("mailmanctl", rc=1).stderr
    # There is no group nobody on Debian.
    done = mailman.tool("mailmanctl stop", user="daemon", rc=1)
    assert "Run this program as root or as the list user" in done.stderr


def test_whole_way_with_daemons(running):
    """Post to member's SMTP server, with nothing but what runs on a list host."""
    running.newlist("whole", ["a@example.org"], generic_nonmember_action=0)
    running.clear_mail()
    running.wrapper("post whole", message("whole"))
    running.wait("test -s /run/sink.jsonl")
    sent = running.mail()[0]
    assert header(sent["message"], "Subject") == ["[Whole] About something"]
    running.wait(f"! ls {PREFIX}/qfiles/*/*.pck")
    modes = running.run(f"cd {PREFIX}/qfiles && stat -c '%n %a %G' *").stdout.splitlines()
    queues = "archive bounces commands in news out retry shunt virgin"
    assert [line for line in modes if not line.startswith("bad ")] == [f"{queue} 2770 list" for queue in queues.split()]
