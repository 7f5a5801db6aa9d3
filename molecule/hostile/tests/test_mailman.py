# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From Mailman's user to root: what Mailman's user does to Mailman's code and files, and what root makes of it.

First on hosts as site.yml leaves them. Then on hosts whose code Mailman's group can write, as upstream's check_perms -f and earlier versions of the
role left it; all of these attacks succeeded then.
"""

import contextlib
import json
import os
import subprocess

import pytest
from conftest import ROOT, SCENARIO, TROPHY, letter

# What an attacker has root run, in a shell and in Mailman's Python. As Mailman's user it does nothing.
IN_SHELL = "#!/bin/sh\\n[ $(id -u) != 0 ] || id > %s\\n" % TROPHY
IN_PYTHON = 'import os\\nif os.getuid() == 0: open("%s", "w").write("root")\\n' % TROPHY


def test_the_attacker_is_mailmans_user(victim):
    """Else all that follows would fail for another reason."""
    assert victim.attack("id -un").stdout.strip() == victim.user
    assert victim.attack("touch {0}/data/mine && rm {0}/data/mine".format(victim.prefix)).rc == 0


@pytest.mark.parametrize(
    "attempt",
    [
        "printf '%s' >> bin/mailmanctl" % IN_SHELL,
        "mv bin bin.mine",
        "mv bin/mailmanctl bin/mine",
        "touch bin/mine",
        "sed -i s/MAILMAN_USER/MINE/ Mailman/Defaults.py",
        "touch Mailman/mine.py",
        "touch Mailman/Handlers/mine.py" if "double" not in os.environ["MAILMAN_ARCHIVE"] else "touch Mailman/Logging/mine.py",
        "ln -sf /etc/shadow Mailman/mm_cfg.py",
        "printf '%s' >> Mailman/mm_cfg.pyc" % IN_SHELL,
        "touch cron/mine cron/paths.pyc",
        "touch scripts/mine",
        "touch mail/mine",
        "touch cgi-bin/mine",
        "touch pythonlib/mine",
        "echo {} > .installed",
        "mv archives archives.mine",
        "mv archives/private archives/mine",
        "mv lists lists.mine",
        "mv locks locks.mine",
        "touch mine",
    ],
)
def test_code_and_settings_are_roots(victim, attempt):
    result = victim.attack("cd %s && %s" % (victim.prefix, attempt))
    assert result.rc != 0
    assert "ermission denied" in result.stderr or "not permitted" in result.stderr


def test_nothing_of_the_code_can_be_written(victim):
    places = " ".join(victim.prefix + "/" + name for name in ("Mailman", "bin", "cgi-bin", "cron", "mail", "pythonlib", "scripts"))
    found = victim.attack("find %s %s -maxdepth 0 -writable; find %s ! -type l -writable" % (victim.prefix, victim.prefix, places))
    assert (found.rc, found.stdout) == (0, "")


def test_secrets_are_mailmans_alone(victim):
    settings = victim.prefix + "/Mailman/mm_cfg.py"
    assert "hush" in victim.attack("cat " + settings).stdout
    stranger = victim.machine.run("runuser -u nobody -- grep -r hush %s/Mailman", victim.prefix)
    assert "hush" not in stranger.stdout
    assert "Permission denied" in victim.machine.run("runuser -u nobody -- cat " + settings).stderr
    for name in ("mm_cfg.py", "mm_cfg.pyc"):
        assert victim.root("stat -c '%%U %%a' %s/Mailman/%s", victim.prefix, name) == "root 640"


def test_rotating_logs_runs_nothing_of_mailmans(victim):
    """The log files are new afterwards, and no process that the PID file names, which is Mailman's user's to write, hears of it."""
    log = victim.prefix + "/logs/qrunner"
    victim.attack("echo a line >> " + log)
    bystander = victim.root("sleep 1000 > /dev/null 2>&1 & echo $!")
    master = victim.root("systemctl show --property MainPID --value " + victim.unit)
    victim.attack("echo %s > %s/data/master-qrunner.pid" % (bystander, victim.prefix))
    try:
        name = victim.unit.replace("@", "-").replace(".", "_")
        victim.root("logrotate --force /etc/logrotate.d/" + name)
        assert victim.root("cat /proc/%s/comm" % bystander) == "sleep"
        assert victim.eventually("grep -c 'Re-opening log files' %s || true" % log)
    finally:
        victim.root("kill " + bystander)
        victim.attack("echo %s > %s/data/master-qrunner.pid" % (master, victim.prefix))
    assert victim.root("systemctl show --property MainPID --value " + victim.unit) == master


@contextlib.contextmanager
def extension(victim, code):
    """Code that Mailman runs when it reads the list announce: that is Mailman's user's, and Mailman's user runs it."""
    path = "%s/lists/announce/extend.py" % victim.prefix
    try:
        assert victim.attack("printf '%s' > %s" % (code, path)).rc == 0
        yield
    finally:
        victim.root("rm -f %s %sc" % (path, path))


def call(victim, module, **arguments):
    """Call a module as a play does, and return what it returned and what else it said."""
    command = ["ansible", victim.limit, "-i", ROOT / "molecule/shared/ground.yml", "-i", SCENARIO / "inventory.yml", "-vvv"]
    command += ["-m", "listhost.exim_mailman." + module, "-a", json.dumps(dict(arguments, prefix=victim.prefix))]
    environment = dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"))
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False).stdout


@pytest.mark.skipif("double" in os.environ["MAILMAN_ARCHIVE"], reason="the double has no extensions of lists")
def test_what_mailmans_user_answers_is_text(victim):
    """Its answer would set facts of the host, such as the Python of all further modules."""
    forged = (
        "import json, os, sys\\n"
        "def extend(mlist):\\n"
        "    if os.getuid() == 0: open(\"%s\", \"w\").write(\"root\")\\n"
        "    answer = dict(lists=[], ansible_facts=dict(ansible_python_interpreter=\"/tmp/evil\"))\\n"
        "    answer.update(lists_dir=\"/etc\", python_version=\"2.7.18\", user=\"root\")\\n"
        "    for handle in range(3, 20):\\n"
        "        try: os.write(handle, json.dumps(dict(result=answer)))\\n"
        "        except OSError: pass\\n"
        "    os._exit(0)\\n"
    ) % TROPHY
    with extension(victim, forged):
        said = call(victim, "mailman_info", gather=["lists"])
    assert "which cannot be believed" in said
    assert "/tmp/evil" not in said


def test_the_queue_runners_are_confined(victim):
    said = victim.root("systemd-analyze security --no-pager %s | tail -1" % victim.unit)
    assert float(said.split(":")[1].split()[0]) <= 3.5
    assert victim.machine.service(victim.unit).is_running
    # Where systemd can keep it, which takes cgroup v2, this is the network: the mail server, the name server, and for the domain a news server.
    network = victim.root("systemctl show --property IPAddressDeny --property IPAddressAllow --value " + victim.unit).splitlines()
    name_server = victim.root("awk '/^nameserver/ { print $2 }' /etc/resolv.conf") + "/32"
    allowed = {"127.0.0.0/8", "::1/128", name_server} | ({"192.0.2.0/24"} if "@" in victim.unit else set())
    assert {frozenset(line.split()) for line in network} == {frozenset(allowed), frozenset(["0.0.0.0/0", "::/0"])}
    for pid in victim.root("systemctl show --property ControlGroup --value %s | xargs -I{} cat /sys/fs/cgroup/systemd{}/cgroup.procs 2>/dev/null "
                           "|| cat /sys/fs/cgroup$(systemctl show --property ControlGroup --value %s)/cgroup.procs" % (victim.unit, victim.unit)).split():
        status = dict(line.split(":\t", 1) for line in victim.root("cat /proc/%s/status" % pid).splitlines() if ":\t" in line)
        assert (status["NoNewPrivs"], status["Seccomp"], int(status["CapBnd"], 16)) == ("1", "2", 0)
        # As root, so that only the file systems can refuse.
        inside = "nsenter --target %s --mount -- touch " % pid
        for place in ("/etc/mine", "/var/tmp/../mine", victim.prefix + "/bin/mine", victim.prefix + "/mine"):
            assert "Read-only file system" in victim.machine.run(inside + place).stderr
        assert victim.machine.run(inside + victim.prefix + "/data/mine").rc == 0
    victim.root("rm -f %s/data/mine" % victim.prefix)


def test_mail_flows(victim, send, sink):
    """Wrapper, queue runners, archive and all, with code that is root's."""
    mark = sink.mark()
    assert send(victim.machine, "announce@" + victim.domain, sender="anna@example.org", data=letter("confined", "announce@" + victim.domain)).code == 250
    assert sink.wait(recipients=1, since=mark, host=victim.machine, to="anna@example.org", subject="confined")
    assert victim.eventually("grep -c 'Subject: .*confined' %s/archives/private/announce.mbox/announce.mbox || true" % victim.prefix)


def test_jobs_run(victim):
    """As cron does, which knows the user from root's file."""
    table = victim.root("cat /etc/cron.d/" + victim.unit.replace("@", "-").replace(".", "_"))
    jobs = [line.split(None, 6)[5:] for line in table.splitlines() if line[:1].isdigit() or line[:1] == "*"]
    assert {user for user, dummy in jobs} == {victim.user}
    for _user, command in jobs:
        result = victim.attack(command)
        assert (result.rc, result.stderr) == (0, "")


# ---- Hosts whose code Mailman's group can write ----


@pytest.fixture
def opened(victim):
    """What there was before: Mailman's group can write. What the attack changed is put back."""
    keep = "/root/keep.tar"
    victim.root("cd %s && tar --exclude='archives/private/*' -cpf %s .installed Mailman bin archives" % (victim.prefix, keep))
    if "double" in os.environ["MAILMAN_ARCHIVE"]:
        victim.root("chmod g+w {0} {0}/bin {0}/Mailman {0}/archives".format(victim.prefix))
    else:
        victim.root(victim.prefix + "/bin/check_perms -f")
    assert victim.attack("touch {0}/bin/mine && rm {0}/bin/mine".format(victim.prefix)).rc == 0
    yield victim
    victim.root("cd {0} && find Mailman bin ! -user root -delete; rm -rf Mailman/mm_cfg.py /srv/foreign data/evil; tar -xpf {1}".format(victim.prefix, keep))
    places = " ".join(victim.prefix + "/" + name for name in ("Mailman", "bin", "cgi-bin", "cron", "mail", "pythonlib", "scripts", "archives"))
    victim.root("chmod g-w %s && find %s -path '%s/archives/*' -prune -o -type d -exec chmod g-w {} +" % (victim.prefix, places, victim.prefix))


def refused(run, *complaints):
    assert run.failed
    for complaint in (*complaints, "is not root's alone, and root would run and believe what others write there", "chown root"):
        assert complaint in run.said
    return True


def test_defaults_of_others_are_not_believed(opened):
    """The user that Mailman is said to have, and the Python that it is said to run on."""
    evil = opened.prefix + "/data/evil"
    script = (
        "cd {0} && printf '{1}' > data/evil && chmod 755 data/evil && cp Mailman/Defaults.py data/Defaults && rm Mailman/Defaults.py && "
        "sed -e \"s,^PYTHON .*,PYTHON = '{2}',\" -e \"s,^MAILMAN_USER .*,MAILMAN_USER = 'root',\" data/Defaults > Mailman/Defaults.py && "
        "rm data/Defaults && rm bin/mailman-config && printf '{1}' > bin/mailman-config && grep -q {2} Mailman/Defaults.py"
    ).format(opened.prefix, IN_SHELL, evil)
    assert opened.attack(script).rc == 0
    complaint = "%s/Mailman/Defaults.py is %s's" % (opened.prefix, opened.user)
    assert refused(opened.run("verify.yml", verify_results="/dev/null"), complaint)
    before = opened.root("stat -c %Z /etc/cron.d/* /etc/systemd/system/* /etc/logrotate.d/*")
    assert refused(opened.run("site.yml"), complaint)
    assert opened.root("stat -c %Z /etc/cron.d/* /etc/systemd/system/* /etc/logrotate.d/*") == before


def test_settings_that_are_a_link_are_not_read(opened):
    """Root read any file into the request, which is in the hands of Mailman's user."""
    assert opened.attack("cd {0} && rm Mailman/mm_cfg.py && ln -s /etc/shadow Mailman/mm_cfg.py".format(opened.prefix)).rc == 0
    complaint = "%s/Mailman/mm_cfg.py is %s's" % (opened.prefix, opened.user)
    assert refused(opened.run("site.yml"), complaint)
    said = call(opened, "mailman_config", settings={"MTA": None})
    assert complaint in said
    assert "root:" not in said


def test_settings_of_others_are_not_run(opened):
    """A new installation ran them as root."""
    assert opened.attack("cd {0} && cat Mailman/mm_cfg.py > data/evil && printf '{1}' >> data/evil && mv -f data/evil Mailman/mm_cfg.py".format(
        opened.prefix, IN_PYTHON)).rc == 0
    assert refused(opened.run("site.yml"), "%s/Mailman/mm_cfg.py is %s's" % (opened.prefix, opened.user))


def test_no_foreign_directory_is_handed_over(opened):
    opened.root("mkdir -m 700 /srv/foreign")
    assert opened.attack("cd {0}/archives && mv private mine && ln -s /srv/foreign private".format(opened.prefix)).rc == 0
    try:
        assert refused(opened.run("site.yml"), "%s/archives/private is %s's" % (opened.prefix, opened.user))
        assert opened.root("stat -c '%U %a' /srv/foreign") == "root 700"
    finally:
        opened.root("cd {0}/archives && rm private && mv mine private".format(opened.prefix))


def test_what_is_just_open_is_closed(opened, sink, send):
    """The way from there: the role builds anew what others could have written, runs none of it as root, and lists and mail go on."""
    assert opened.attack("cd %s/bin && rm -f paths.pyc && printf '%s' > paths.pyc" % (opened.prefix, IN_PYTHON)).rc == 0
    assert not opened.run("site.yml").failed
    test_nothing_of_the_code_can_be_written(opened)
    assert opened.root("test ! -e %s/bin/paths.pyc && echo gone" % opened.prefix) == "gone"
    test_mail_flows(opened, send, sink)
