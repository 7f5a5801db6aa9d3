# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs besides mail: services, cron jobs, log rotation, permissions."""

import json

from helpers import RUNNERS
from waiting import eventually


def test_services_run_now_and_at_boot(list_host, services):
    """Not `static`: that counts as enabled, and nothing starts it. Debian says more where a service is an init script."""
    states = [(list_host.service(service).is_running, list_host.run("systemctl is-enabled " + service).stdout.split()[-1:]) for service in services]
    assert states == [(True, ["enabled"])] * len(services)


def test_all_queue_runners_run(mailman):
    assert sorted(mailman.runners()) == RUNNERS


def test_killed_queue_runner_comes_back(list_host, mailman):
    master, killed = mailman.pid(), mailman.runners()["OutgoingRunner"]
    list_host.check_output("kill -KILL %d" % killed)
    eventually(lambda: mailman.runners().get("OutgoingRunner", killed) != killed)
    assert mailman.pid() == master


def test_killed_master_comes_back_with_its_runners(list_host, mailman):
    killed = mailman.pid()
    list_host.check_output("kill -KILL %d" % killed)
    eventually(lambda: mailman.pid() not in (0, killed))
    eventually(lambda: sorted(mailman.runners()) == RUNNERS)


def test_cron_jobs(list_host, mailman):
    """All of upstream's, with the user that a file in cron.d names."""
    jobs = [line.split(maxsplit=6) for line in list_host.file("/etc/cron.d/mailman").content_string.splitlines() if line[:1] in "0123456789*"]
    assert sorted(job[6].split("/")[-1] for job in jobs) == [
        "checkdbs", "cull_bad_shunt", "disabled", "gate_news", "mailpasswds", "nightly_gzip", "senddigests",
    ]  # fmt: skip
    assert {job[5] for job in jobs} == {mailman.user}
    assert "MAILTO=mailman-administrator@example.net\n" in list_host.file("/etc/cron.d/mailman").content_string
    for job in jobs:
        run = list_host.run("runuser -u %s -- " % mailman.user + job[6])
        assert (run.rc, run.stdout, run.stderr) == (0, "", ""), job


def test_a_restart_by_hand_keeps_the_cron_jobs_and_compiles_the_settings(list_host, mailman):
    """EL's unit writes the cron jobs anew, and compiles the settings as root, as Mailman may not write there."""
    jobs = list_host.file("/etc/cron.d/mailman").content_string
    list_host.check_output("systemctl restart mailman")
    eventually(lambda: sorted(mailman.runners()) == RUNNERS)
    assert list_host.file("/etc/cron.d/mailman").content_string == jobs
    # Python compiles a file anew when it is not of the second that the compiled one names.
    source = "mm_cfg.__file__.rstrip('c')"
    named, present = mailman.python("[struct.unpack('<l', open(%s + 'c').read(8)[4:])[0], int(os.stat(%s).st_mtime)]" % (source, source))
    assert named == present


def test_only_exim_is_a_mail_server(list_host):
    """On EL Postfix is installed, and was running."""
    listening = list_host.check_output("ss -Hltnp 'sport = :25'").splitlines()
    assert listening
    assert [line for line in listening if '(("exim' not in line] == []
    assert list_host.run("systemctl is-enabled postfix").stdout.strip() in ("", "disabled", "not-found")
    assert list_host.check_output("/usr/sbin/sendmail -bV").startswith("Exim version 4.")


def test_nothing_is_there_of_what_is_off(list_host):
    """The hosts were bare, and have neither certificate_acme nor mailman_web."""
    places = "/usr/bin/certbot /etc/letsencrypt /etc/listhost/certificate* /etc/listhost/deploy-certificate /var/www/listhost /usr/sbin/apache2"
    assert list_host.run("ls -d " + places).stdout == ""
    # EL's package of Mailman needs the package of httpd.
    assert list_host.run("systemctl is-active httpd").stdout.strip() in ("inactive", "unknown")


def test_verify_finds_no_fault(list_host, run_playbook, tmp_path):
    run = run_playbook("verify.yml", list_host.name, verify_results=str(tmp_path / "verify.json"))
    assert not run.failure(list_host.name)
    advice = {one["fault"]: one["found"] for one in json.loads((tmp_path / "verify.json").read_text())[list_host.name]["advice"]}
    assert advice["self-signed"] == ["127.0.0.1 port 25, /etc/listhost/mail.pem"]


def test_log_rotation(list_host, mailman):
    """The runners write into the new logs."""
    # On Debian 11 it counts as an error that the state file is not there before the first rotation.
    trial = list_host.run("logrotate --debug /etc/logrotate.d/mailman")
    assert trial.rc == 0
    assert not [line for line in trial.stderr.splitlines() if line.startswith("error:") and "state file" not in line]
    log = mailman.logs + "/qrunner"
    before = list_host.check_output("stat -c %i " + log)
    # How many are kept may be left to logrotate.conf, which would rotate Exim's as well.
    list_host.check_output("printf 'rotate 4\ninclude /etc/logrotate.d/mailman\n' >/tmp/rotate && logrotate --force /tmp/rotate")
    # Not one that an earlier run by hand has left.
    assert list_host.check_output("stat -c %%i %s.1" % log) == before
    eventually(lambda: "Re-opening log files" in mailman.log("qrunner"))
    log = list_host.file(log)
    assert (log.user, log.group, log.mode) == (mailman.user, mailman.group, 0o664)


def test_mailmans_permissions(mailman):
    assert mailman.permission_faults() == []


def test_exims_user_may_look_for_lists(list_host, exim):
    """Root's exim -bt may always."""
    assert list_host.run("runuser -u %s -- exim -bv testlist@list.example.com", exim.setting("exim_user")).rc == 0
