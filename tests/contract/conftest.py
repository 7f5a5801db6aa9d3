# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection relies on in Mailman 2.1, tested on a Mailman built from source in a container.

The archive is the one that MAILMAN_ARCHIVE names, or the project's own double.  The tests do not know which: where the
two differ, the double is wrong."""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time
import types

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# For what the collection gives Mailman's Python.
sys.path.insert(0, str(ROOT / "plugins"))
PREFIX = "/var/lib/mailman"
SOURCE = "/usr/src/mailman"
SINK_PORT = 2525
SINK_FILE = "/run/sink.jsonl"
# mm_cfg.py in all tests; what a test needs beside it comes after.
SETTINGS = {
    "MTA": None,
    "SMTPPORT": SINK_PORT,
    "DEFAULT_EMAIL_HOST": "list.example.com",
    "DEFAULT_URL_HOST": "www.example.com",
    # Of role mailman's queue runner for bounces.
    "LISTHOST_MAX_DISABLED_PERCENT": 10,
}
CONFIGURE = {
    "prefix": PREFIX,
    "with-var-prefix": PREFIX,
    "with-python": "/usr/bin/python2.7",
    "with-username": "list",
    "with-groupname": "list",
    "with-mail-gid": "mail",
    "with-cgi-gid": "www-data",
    "with-mailhost": "list.example.com",
    "with-urlhost": "www.example.com",
}


os.environ.setdefault("CONTAINERS_CONF", str(ROOT / "molecule/shared/containers.conf"))


def podman(*arguments, check=True, **options):
    done = subprocess.run(["podman", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    assert not check or done.returncode == 0, f"podman {' '.join(arguments)}: {done.stderr}"
    return done


def pytest_report_header():
    archive = os.environ.get("MAILMAN_ARCHIVE", "")
    if "double" in pathlib.Path(archive).name or not archive:
        return "Mailman: the project's DOUBLE, not the real one (set MAILMAN_ARCHIVE for that)"
    return f"Mailman: {archive}"


class Container:
    """A Debian 11 host with Mailman's source, and after build() with Mailman."""

    def __init__(self, name):
        command = ["podman", "exec", "-i", name, "python3", "-u", "/contract/agent.py"]
        self.agent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def run(self, command, stdin="", rc=0, user="root"):
        """Run a command line; the result has returncode, stdout, stderr.  rc None accepts any exit code."""
        if user != "root":
            command = f"setpriv --reuid={user} --regid={user} --clear-groups bash -c {shlex.quote(command)}"
        self.agent.stdin.write(json.dumps({"command": command, "stdin": stdin}) + "\n")
        done = types.SimpleNamespace(**json.loads(self.agent.stdout.readline()))
        if rc is not None:
            assert done.returncode == rc, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def tool(self, line, **options):
        """Run one of Mailman's programs."""
        return self.run(f"cd {PREFIX} && bin/{line}", **options)

    def python(self, code, **options):
        """Run code inside Mailman, with its modules imported and names for them.  It returns what result() got."""
        code = PREAMBLE + code
        done = self.run(f"cd / && {CONFIGURE['with-python']} -", stdin=code, **options)
        lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        return json.loads(lines[-1][7:]) if lines else done

    def read(self, path):
        return self.run(f"cat {shlex.quote(path)}").stdout

    def write(self, path, text):
        self.run(f"cat >{shlex.quote(path)}", stdin=text)

    def exists(self, path):
        return self.run(f"test -e {path}", rc=None).returncode == 0

    def configure(self, source, **changes):
        """Run configure; a flag that is None is left out, and one that is True stands alone."""
        flags = []
        for flag, value in {**CONFIGURE, **{key.replace("_", "-"): value for key, value in changes.items()}}.items():
            if value is not None:
                flags.append(f"--{flag}" if value is True else f"--{flag}={value}")
        return self.run(f"cd {source} && ./configure {' '.join(flags)}", rc=None)

    def settings(self, **changes):
        """Write mm_cfg.py.  Its compiled copy goes away: two versions within a second look the same to Python 2."""
        lines = ["from Defaults import *"]
        lines += [f"{name} = {value!r}" for name, value in {**SETTINGS, **changes}.items()]
        lines += ["add_virtualhost(DEFAULT_URL_HOST, DEFAULT_EMAIL_HOST)", ""]
        self.run(
            f"rm -f {PREFIX}/Mailman/mm_cfg.pyc; cat >{PREFIX}/Mailman/mm_cfg.py",
            stdin="\n".join(lines),
        )

    def newlist(self, name, members=(), **attributes):
        """A list with members (no welcome) and attributes."""
        self.tool(f"newlist -q {name} owner@example.com secret")
        code = f"mlist = MailList.MailList({name!r}, lock=1)\n"
        code += "".join(f"mlist.{attribute} = {value!r}\n" for attribute, value in attributes.items())
        for address in members:
            code += f"mlist.ApprovedAddMember(UserDesc({address!r}), ack=0, admin_notif=0)\n"
        self.python(code + "mlist.Save()\nmlist.Unlock()\n")
        return name

    def wrapper(self, command, message="", user="nobody", group="mail", rc=0):
        """Hand a message to the wrapper as the MTA does."""
        return self.run(
            f"setpriv --reuid={user} --regid={group} --clear-groups {PREFIX}/mail/mailman {command}",
            stdin=message,
            rc=rc,
        )

    def flush(self, *runners):
        """Let runners, one after the other, process what is in their queues now."""
        queues = {
            "Incoming": "in", "Outgoing": "out", "Virgin": "virgin", "Bounce": "bounces", "ListhostBounce": "bounces", "Command": "commands", "Retry": "retry",
        }  # fmt: skip
        for runner in runners:
            # One call may process one message only.
            self.run(
                f"cd {PREFIX}; for n in $(seq 50); do ls qfiles/{queues[runner]}/*.pck >/dev/null 2>&1 || exit 0;"
                f" bin/qrunner -o -r {runner} || exit; done; exit 1"
            )

    def post(self, name, sender="member@example.org", headers="", body="Hello.\n"):
        """A post from the wrapper to the SMTP server; returns what that got."""
        self.clear_mail()
        self.wrapper(f"post {name}", message(name, sender, headers, body))
        self.flush("Incoming", "Virgin", "Outgoing")
        return self.mail()

    def clear_mail(self):
        self.run(f": >{SINK_FILE}; rm -f {PREFIX}/qfiles/*/*.pck")

    def mail(self):
        """What the SMTP server got, a dictionary for each message."""
        return [json.loads(line) for line in self.read(SINK_FILE).splitlines()]

    def wait(self, command, seconds=60):
        """Wait until a command line succeeds."""
        end = time.time() + seconds
        while self.run(command, rc=None).returncode != 0:
            assert time.time() < end, f"not within {seconds} s: {command}"
            time.sleep(0.2)


PREAMBLE = f"""
import json, os, sys
sys.path.insert(0, {PREFIX + "/bin"!r})
import paths
from Mailman import mm_cfg, MailList, Utils, Errors, LockFile, MemberAdaptor
from Mailman.UserDesc import UserDesc
os.umask(2)
def result(value):
    print('RESULT ' + json.dumps(value))
"""


def message(name, sender="member@example.org", headers="", body="Hello.\n"):
    return f"From: {sender}\nTo: {name}@list.example.com\nSubject: About something\nMessage-ID: <contract@example.org>\n{headers}\n{body}"


def header(text, name):
    """All values of a header in a message as it was sent, unfolded."""
    head = re.sub(r"\r?\n[ \t]+", " ", text.split("\r\n\r\n", 1)[0])
    return re.findall(rf"(?im)^{re.escape(name)}: *(.*?)\r?$", head)


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    given = os.environ.get("MAILMAN_ARCHIVE")
    if given:
        return pathlib.Path(given).resolve()
    packed = tmp_path_factory.mktemp("double") / "double.tgz"
    subprocess.run([ROOT / "molecule/shared/double/pack.sh", packed], check=True)
    return packed


@pytest.fixture(scope="session")
def host(archive):
    """A container with the unpacked source, everything that a build needs, and an SMTP server."""
    image = "localhost/listhost-contract"
    name = f"{os.environ['GROUND_CLONE']}-contract-{os.getpid()}"
    wheels = ROOT / ".cache/wheels"
    podman(
        *("run", "--detach", "--rm", "--name", name, "--hostname", "list.example.com", "--systemd=always"),
        *("--volume", f"{HERE}:/contract:ro", "--volume", f"{wheels}:/srv/wheels:ro"),
        *("--volume", f"{archive}:/srv/mailman.tgz:ro", image),
    )
    try:
        container = Container(name)
        container.wait("test -S /dev/log")
        container.run(
            f"cd / && python3 -m zipfile -e /srv/wheels/dnspython-1.16.0-*.whl /usr/local/lib/python2.7/dist-packages"
            f" && mkdir {SOURCE} && tar -xzf /srv/mailman.tgz -C {SOURCE} --strip-components=1 --no-same-owner"
            f" && mkdir {PREFIX} && chgrp list {PREFIX} && chmod 2775 {PREFIX} && : >{SINK_FILE}"
        )
        podman("exec", "--detach", name, "python3", "/contract/sink.py", str(SINK_PORT), SINK_FILE)
        yield container
        container.agent.stdin.close()
    finally:
        podman("rm", "--force", "--time", "0", name, check=False)


@pytest.fixture(scope="session")
def installed(host):
    """The host with Mailman built and installed, its permissions corrected, and the site list."""
    done = host.configure(SOURCE)
    assert done.returncode == 0, done.stdout + done.stderr
    host.run(f"cd {SOURCE} && make && make install")
    host.found_perms = host.tool("check_perms")
    host.fixed_perms = host.tool("check_perms -f")
    host.settings()
    host.tool("newlist -q mailman root@example.com secret")
    return host


@pytest.fixture
def bounce_runner(installed):
    """Role mailman's queue runner for bounces, where the role puts it."""
    path = f"{PREFIX}/Mailman/Queue/ListhostBounceRunner.py"
    installed.write(path, (ROOT / "roles/mailman/files/ListhostBounceRunner.py").read_text())
    yield "ListhostBounce"
    installed.run(f"rm -f {path} {path}c")


@pytest.fixture
def mailman(installed):
    """An installed Mailman, with the settings that all tests have."""
    yield installed
    installed.settings()
