# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list host is backed up each night. What goes wrong with that is said, and what is lost comes back."""

import json
import re

import pytest
from conftest import DIRECTORY, SCENARIO
from running import run_playbook
from waiting import eventually, until_mailman_is_idle

LIST = "announce@list.example.com"
MAIL = "To: announce@list.example.com\nSubject: %s\n\nHello\n"
BOUNCE = (
    "From: MAILER-DAEMON@example.org\nTo: announce-bounces@list.example.com\nSubject: Undelivered\nMIME-Version: 1.0\n"
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n--b\nContent-Type: text/plain\n\nFailed\n--b\n'
    "Content-Type: message/delivery-status\n\nReporting-MTA: dns; example.org\n\nFinal-Recipient: rfc822; alice@example.org\nAction: failed\n"
    "Status: 5.1.1\n\n--b--\n"
)
SECRET = "the backups of the tests"

# Nothing in it depends on the layout.
once = pytest.mark.list_hosts("debian12")


def cookie(host):
    """What somebody who wants to be a member was asked to send back, or nothing."""
    return "".join(one[0] for one in host.list("announce")["pending"] if "new@example.net" in str(one))


def repository_size(host):
    return int(host.check_output("du -sb %s", host.repository).split()[0])


def test_the_first_backup_is_taken_at_once(host):
    state = eventually(lambda: host.run("systemctl is-active listhost-backup").stdout != "activating\n" and host.state())
    assert (state["faults"], state["verified"] >= state["taken"]) == ([], True)
    timers = [host.service("listhost-backup%s.timer" % name) for name in ("", "-report")]
    assert [(timer.is_running, timer.is_enabled) for timer in timers] == [(True, True)] * 2
    modes = {path: oct(host.file(path).mode) for path in ("/etc/listhost/backup.json", DIRECTORY, "/usr/local/lib/listhost/backup.pyz")}
    assert modes == {"/etc/listhost/backup.json": "0o600", DIRECTORY: "0o700", "/usr/local/lib/listhost/backup.pyz": "0o644"}
    assert sorted(host.check_output("ls " + DIRECTORY).split()) == ["cache", "state.json"]
    [snapshot] = json.loads(host.restic("snapshots", "--json"))
    assert (snapshot["hostname"], snapshot["tags"]) == (host.name, ["listhost"])
    names = host.restic("ls", "latest").split("\n")
    assert {DIRECTORY + "/lists.tar", DIRECTORY + "/manifest.json", host.exim, host.key, "/etc/aliases", host.mm_cfg, "/etc/hand_made/key"} <= set(names)


def test_the_unit_is_confined_and_tells_no_secret(host):
    exposure = host.check_output("systemd-analyze security --no-pager listhost-backup.service | tail -n 1")
    assert float(exposure.split(": ")[1].split()[0]) < 4, exposure
    assert SECRET not in host.check_output("journalctl --quiet; cat /etc/listhost/backup.json %s/state.json", DIRECTORY)


def test_the_host_has_no_fault(host, verify):
    assert verify() == {}


@pytest.fixture(scope="module")
def busy(host, send):
    """Lists with all that a list can have."""
    assert send(host, LIST, sender="alice@example.org", data=MAIL % "archived").code == 250
    assert send(host, LIST, sender="stranger@example.org", data=MAIL % "held").code == 250
    join = "announce-join@list.example.com"
    assert send(host, join, sender="new@example.net", data="From: new@example.net\nTo: %s\n\n" % join).code == 250
    eventually(lambda: len(host.list("announce")["held"]) == 1 and host.list("announce")["mbox"] and cookie(host))
    assert send(host, "announce-bounces@list.example.com", sender="", data=BOUNCE).code == 250
    eventually(lambda: host.list("announce")["bounces"])
    until_mailman_is_idle(host, host.queues)
    # What costs space again if it is not found to be the same.
    archive = "/var/lib/mailman/archives/private/announce/big"
    host.check_output("head -c 20M /dev/urandom > %s; chown %s: %s", archive, host.user, archive)


@once
def test_an_archive_that_is_unchanged_costs_no_space_again(host, busy):
    before = repository_size(host)
    assert host.back_up()[0] == 0
    first = repository_size(host)
    assert first - before > 20 << 20
    assert host.back_up()[0] == 0
    # Of the exported file the first and the last piece are others, which restic may cut at 8 MB.
    assert repository_size(host) - first < 10 << 20


def failure(host):
    """What a backup that is not taken says. What was there stays as it is, and nothing is left of the new one."""
    snapshots, taken = host.check_output("ls %s/snapshots", host.repository), host.state().get("taken")
    status, said = host.back_up()
    # As soon as the one that the failure has started is through.
    host.check_output("systemctl start listhost-backup-report")
    assert (status, host.check_output("ls %s/snapshots", host.repository), host.state().get("taken")) == (1, snapshots, taken)
    assert not host.file(DIRECTORY + "/lists.tar").exists and not host.file(DIRECTORY + "/lists.tar.part").exists
    return said


@once
def test_a_backup_that_cannot_be_taken_says_why(host, busy, verify, sink):
    mailed = {"since": sink.mark(), "host": host, "to": "postmaster@example.org"}
    host.check_output("cp -p /etc/listhost/backup_password /root/kept; echo another > /etc/listhost/backup_password")
    assert "has another password than the repository" in failure(host)
    [mail] = sink.wait(recipients=1, subject="Backup of the mailing lists on debian12: failed-backup", **mailed)
    assert "has another password than the repository" in mail.content.get_payload(decode=True).decode() and SECRET not in mail.message
    host.check_output("chmod 0644 /etc/listhost/backup_password")
    assert "others can read /etc/listhost/backup_password" in failure(host)
    host.check_output("mv /root/kept /etc/listhost/backup_password; mv /srv/vault/debian12/config /srv/vault/debian12/away")
    assert "There is no repository where there was one" in failure(host)
    assert "There is no repository where there was one" in verify()["failed-backup"][0]
    host.check_output("mv /srv/vault/debian12/away /srv/vault/debian12/config")
    host.privileged("mkdir /tmp/kept; cp -a %s/*.json /tmp/kept; mount -t tmpfs -o size=4m,mode=700 tmpfs %s; mv /tmp/kept/*.json %s; rmdir /tmp/kept"
                    % (DIRECTORY, DIRECTORY, DIRECTORY))
    try:
        assert "No space left on device" in failure(host)
    finally:
        host.privileged("umount " + DIRECTORY)
    # All of that is one mail. What becomes too old without a failure is another.
    state = json.dumps(dict(host.state(), taken=1, faults=[]))
    host.check_output("echo %s > %s/state.json; systemctl reset-failed listhost-backup; systemctl start listhost-backup-report", state, DIRECTORY)
    assert "old-backup" in sink.wait(recipients=2, **mailed)[1].content["Subject"]
    assert host.back_up()[0] == 0
    host.check_output("systemctl start listhost-backup-report")
    assert len(sink.messages(**mailed)) == 2


@once
def test_a_backup_that_is_killed_is_taken_by_the_next_run(host, busy):
    host.check_output("systemctl start --no-block listhost-backup; sleep 1; systemctl kill --kill-who all --signal KILL listhost-backup")
    eventually(lambda: host.run("systemctl is-active listhost-backup").stdout.strip() == "failed")
    assert (host.back_up()[0], host.state()["faults"]) == (0, [])
    assert sorted(host.check_output("ls " + DIRECTORY).split()) == ["cache", "state.json"]


@once
def test_a_repository_that_is_damaged_is_noticed_and_nothing_is_restored(host, busy, play):
    # In the midst of what all snapshots have.
    size, pack = host.check_output("find /srv/vault/debian12/data -type f -printf '%s %p\\n' | sort -n | tail -n 1").split()
    host.check_output("cp -p %s /root/kept; chmod u+w %s; printf torn | dd of=%s bs=1 seek=%s conv=notrunc status=none", pack, pack, pack, str(int(size) // 2))
    try:
        status, said = host.back_up()
        assert (status, "does not verify" in said) == (1, True)
        assert [kind for kind, _found in host.state()["faults"]] == ["broken-backup"]
        before = host.list("announce")
        run = play("restore.yml", mailman_backup_restore_lists=[{"name": "announce", "new_name": "torn"}])
        assert "Nothing was restored. The snapshot" in run.failure
        assert (host.lists(), host.list("announce")) == (["announce", "board", "mailman"], before)
        assert not host.file(DIRECTORY + "/restored").exists
    finally:
        host.check_output("mv /root/kept %s", pack)
    assert host.back_up()[0] == 0
    assert host.state()["faults"] == []


def test_a_drill_restores_the_newest_backup_and_leaves_nothing(host, busy, play):
    assert host.back_up()[0] == 0
    before, files = host.list("announce"), host.check_output("ls -A /var/lib /var/lib/listhost-backup")
    run = play("drill.yml")
    assert run.failure == ""
    assert "can be restored: 3 lists, 4 members, 1 held messages" in run.results["Show what can be restored"]["msg"]
    assert (host.list("announce"), host.check_output("ls -A /var/lib /var/lib/listhost-backup")) == (before, files)


def test_a_host_is_destroyed_and_comes_back(host, busy, play, destroy, sink):
    assert host.back_up()[0] == 0
    lists = ("announce", "board", "mailman")
    before, key, aliases = {name: host.list(name) for name in lists}, host.file(host.key).sha256sum, host.lists()
    hand_made = host.check_output("cd /etc/hand_made; find . -printf '%p %u %g %m %l\\n' | sort; cat key")
    assert before["announce"]["held"] and before["announce"]["pending"] and before["announce"]["bounces"] == {"alice@example.org": 1.0}
    destroy()
    assert "Nothing was changed. password_file: /etc/listhost/backup_password cannot be read" in play("restore.yml").failure
    assert not host.file(host.programs).exists
    host.check_output("mkdir -p /etc/listhost; umask 077; echo %s > /etc/listhost/backup_password", SECRET)
    assert play("restore.yml", "--check").failure == ""
    assert not host.file(host.programs).exists and not host.file("/var/lib/listhost-backup").exists
    mark = sink.mark()
    run = play("restore.yml")
    assert run.failure == ""
    assert "A post to listhost-probe@list.example.com, " in run.results["Show that mail flows"]["msg"]
    assert sink.messages(since=mark, host=host) == []
    after = {name: host.list(name) for name in lists}
    assert [(name, key, before[name][key], after[name][key]) for name in lists for key in before[name] if before[name][key] != after[name][key]] == []
    assert host.lists() == aliases
    assert host.file(host.key).sha256sum == key
    # Neither the user nor the group was there when it came back.
    assert host.check_output("cd /etc/hand_made; find . -printf '%p %l\\n' | sort; cat key") == "\n".join(
        line if " " not in line else " ".join((line.split(" ")[0], *line.split(" ")[4:])) for line in hand_made.split("\n"))
    assert host.service("mailman").is_running and host.service(host.exim_service).is_running


def test_mail_flows_after_that(host, send, sink):
    mark = sink.mark()
    assert send(host, LIST, sender="alice@example.org", data=MAIL % "after the disaster").code == 250
    assert sink.wait(recipients=1, since=mark, host=host, subject="after the disaster")
    # What was asked before the disaster can be answered.
    to = "announce-confirm+%s@list.example.com" % cookie(host)
    assert send(host, to, sender="new@example.net", data="From: new@example.net\nTo: %s\n\n" % to).code == 250
    eventually(lambda: "new@example.net" in host.list("announce")["members"])


@once
def test_mail_that_does_not_flow_after_a_restore_is_named(host, tmp_path):
    task = {"ansible.builtin.include_role": {"name": "listhost.exim_mailman.mailman_backup", "tasks_from": "probe"}}
    known = {"mailman_installation": {"prefix": "/var/lib/mailman", "python": "/usr/bin/python2.7", "domains_file": ""}, "__mailman_backup_probe_tries": 2}
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "list_hosts", "gather_facts": False, "tasks": [task]}]))
    until_mailman_is_idle(host, host.queues)
    before = host.check_output("ls /var/lib/mailman/lists /var/lib/mailman/archives/* /var/lib/mailman/data")
    host.check_output("systemctl stop mailman")
    try:
        failure = run_playbook(SCENARIO, host=host, playbook=tmp_path / "play.yml", **known).failure
    finally:
        # It is for a list that is gone.
        host.check_output("rm /var/lib/mailman/qfiles/in/*; systemctl start mailman")
    assert "a post to listhost-probe@list.example.com has not come back to listhost-probe-held@list.example.com. Mailman's queues with messages: in." in failure
    assert "T=mailman_transport" in failure
    assert host.check_output("ls /var/lib/mailman/lists /var/lib/mailman/archives/* /var/lib/mailman/data") == before


@once
def test_lists_come_back_as_they_were_beside_those_that_are_there_or_in_their_place(host, play):
    assert host.back_up()[0] == 0
    assert "There is a list announce here already" in play("restore.yml", mailman_backup_restore_lists=[{"name": "announce"}]).failure
    before, moment = {name: host.list(name) for name in host.lists()}, host.check_output("date '+%F %T'")
    host.subscribe("announce", "late@example.org")
    host.subscribe("board", "late@example.org")
    assert host.back_up()[0] == 0
    wanted = [{"name": "announce", "new_name": "announce-in-may"}, {"name": "board"}]
    run = play("restore.yml", mailman_backup_restore_lists=wanted, mailman_backup_restore_before=moment, mailman_backup_restore_replace=True)
    assert (run.failure, host.lists()) == ("", ["announce", "announce-in-may", "board", "mailman"])
    assert host.list("board") == before["board"]
    copy = host.list("announce-in-may")
    assert (copy["members"], copy["held"]) == (before["announce"]["members"], before["announce"]["held"])
    assert sorted(host.list("announce")["members"]) == sorted([*before["announce"]["members"], "late@example.org"])
    assert host.check_output("tar -tf %s/replaced-*.tar | grep -c ^lists/board/", DIRECTORY) != "0"
    assert host.service("mailman").is_running


@once
def test_a_repository_on_another_host_over_sftp(host, internet, play):
    internet.check_output("apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends openssh-server")
    internet.check_output("umask 077; mkdir -p /root/.ssh; ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/key; cp /root/.ssh/key.pub /root/.ssh/authorized_keys")
    host.check_output("umask 077; mkdir -p /root/.ssh; echo %s > /root/.ssh/id_ed25519", internet.check_output("cat /root/.ssh/key"))
    host.check_output("echo %s %s > /root/.ssh/known_hosts", internet.ip, internet.check_output("cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub"))
    far = {"mailman_backup_repository": "sftp:root@%s:/srv/lists" % internet.ip}
    # Else a repository that is not there would be one that was lost.
    host.check_output("rm %s/state.json", DIRECTORY)
    assert play("site.yml", **far).failure == ""
    state = eventually(lambda: host.run("systemctl is-active listhost-backup").stdout != "activating\n" and host.state())
    assert (state["faults"], internet.check_output("ls /srv/lists/snapshots | wc -l")) == ([], "1")
    assert "can be restored: 4 lists, " in play("drill.yml", **far).results["Show what can be restored"]["msg"]


@once
def test_a_rest_server_that_asks_for_a_password_and_another_hosts_backup(host, internet, play):
    internet.check_output("DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends rclone")
    internet.check_output("systemd-run --quiet --unit rest rclone serve restic --addr :8000 --user lists --pass geheim /srv/rest")
    eventually(lambda: internet.run("bash -c ': </dev/tcp/127.0.0.1/8000'").rc == 0)
    host.check_output("umask 077; echo %s > /etc/listhost/repository; rm %s/state.json", "rest:http://lists:geheim@%s:8000/lists/" % internet.ip, DIRECTORY)
    # What another host's program is told.
    other = dict(json.loads(host.check_output("cat /etc/listhost/backup.json")), host="other", repository="", repository_file="/etc/listhost/repository")
    host.check_output("umask 077; echo %s > /root/other.json", json.dumps(other))
    said = host.check_output("python3 -I -B /usr/local/lib/listhost/backup.pyz /root/other.json; cat %s/state.json", DIRECTORY)
    assert ("was taken" in said, "geheim" in said, host.state()["faults"]) == (True, False, [])
    far = {"mailman_backup_repository": "", "mailman_backup_repository_file": "/etc/listhost/repository"}
    run = play("drill.yml", mailman_backup_drill_of="other", **far)
    assert re.search("The backup of other of .* can be restored: 4 lists, ", run.results["Show what can be restored"]["msg"])
    assert "geheim" not in run.output
