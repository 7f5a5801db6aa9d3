# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of the modules by Ansible, and looks at Mailman that do not go through them."""

import json
import os
import subprocess
import uuid

import pytest
from waiting import until_mailman_is_idle

PREFIX = "/var/lib/mailman"
SCENARIO = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(os.path.dirname(SCENARIO))

# Run by Mailman's Python as Mailman's user, before what a test has to say.
PREAMBLE = """
import json, os, sys, time
sys.path.insert(0, %r)
os.umask(002)
import paths
from Mailman import mm_cfg, Utils
from Mailman.MailList import MailList
""" % (PREFIX + "/bin")


@pytest.fixture(scope="module")
def playbook(tmp_path_factory):
    """Return a function that starts ansible-playbook for one call of a module on one host."""

    def playbook(host, module, arguments, *options, callback="ansible.posix.json"):
        play = tmp_path_factory.mktemp("call") / "play.json"
        task = {"name": "Call", "listhost.exim_mailman." + module: dict({"prefix": PREFIX}, **arguments)}
        play.write_text(json.dumps([{"hosts": host.name, "gather_facts": False, "tasks": [task]}]))
        command = ["ansible-playbook", "-i", ROOT + "/molecule/shared/ground.yml", "-i", SCENARIO + "/inventory.yml", str(play), *options]
        environment = dict(os.environ, ANSIBLE_CONFIG=ROOT + "/ansible.cfg", ANSIBLE_STDOUT_CALLBACK=callback, ANSIBLE_CALLBACK_RESULT_INDENTATION="0")
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return playbook


@pytest.fixture(scope="module")
def call(playbook):
    """Return a function that calls a module and returns what it returned."""

    def call(host, module, arguments, *options):
        out, err = playbook(host, module, arguments, *options).communicate(timeout=300)
        try:
            return json.loads(out)["plays"][0]["tasks"][0]["hosts"][host.name]
        except (ValueError, LookupError):
            pytest.fail("no result: %s%s" % (out, err))

    return call


@pytest.fixture
def manage(call, list_host):
    """Return a function that calls mailman_lists and expects it to succeed."""

    def manage(lists, *options, **arguments):
        result = call(list_host, "mailman_lists", dict(arguments, lists=lists), *options)
        assert not result.get("failed"), result["msg"]
        return result

    return manage


@pytest.fixture
def fail(call, list_host):
    """Return a function that calls mailman_lists and expects it to fail."""

    def fail(lists, *options, **arguments):
        result = call(list_host, "mailman_lists", dict(arguments, lists=lists), *options)
        assert result.get("failed"), result
        return result

    return fail


def start_mailman(host, code, **options):
    """Start code in Mailman's Python as Mailman's user; its standard input stays open."""
    as_list = "user = pwd.getpwnam('list'); os.setgid(user.pw_gid); os.setuid(user.pw_uid)\n"
    program = "import os, pwd\n" + as_list + PREAMBLE + code
    command = host.enter("python2.7", "-B", "-c", program)
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


@pytest.fixture
def mailman(list_host):
    """Return a function that runs code in Mailman's Python and returns the JSON that it prints."""

    def mailman(code):
        out, err = start_mailman(list_host, code).communicate(timeout=60)
        try:
            return json.loads(out)
        except ValueError:
            pytest.fail("no JSON: %s%s" % (out, err))

    return mailman


@pytest.fixture
def attributes(mailman):
    """Return a function that reads attributes of a list, undecoded text as Latin-1."""

    def attributes(name, *names):
        return mailman("print json.dumps([getattr(MailList(%r, lock=0), name) for name in %r], encoding='latin-1')" % (name, names))

    return attributes


@pytest.fixture
def names(mailman):
    """Return a function that tells the names of all lists."""
    return lambda: sorted(mailman("print json.dumps(Utils.list_names())"))


@pytest.fixture
def fingerprint(list_host):
    """Return a function that sums up every file that Mailman may write, but for its logs, and their owners and times.

    The directory of locks has another time whenever a job of cron's has held one.
    """

    def fingerprint():
        command = "find lists data archives locks qfiles Mailman ! -path locks -printf '%p %u %g %m %T@ %s %l\\n' | sort | md5sum"
        return list_host.check_output("cd " + PREFIX + " && " + command)

    return fingerprint


@pytest.fixture
def tidy(list_host, manage, names):
    """Remove what a test has created, when Mailman is done with it."""
    before = names()
    yield
    until_mailman_is_idle(list_host, PREFIX + "/qfiles", "shunt")
    manage([{"name": name, "state": "absent"} for name in names() if name not in before], keep_archives=False)


@pytest.fixture
def verify(list_host, tmp_path):
    """Return a function that runs verify.yml: what it says."""

    def verify():
        variables = {"verify_results": str(tmp_path / "results.json"), "verify_subscriber": "anna@example.net"}
        command = ["ansible-playbook", "-i", ROOT + "/molecule/shared/ground.yml", "-i", SCENARIO + "/inventory.yml", "--limit", list_host.name]
        command += ["--extra-vars", json.dumps(variables), ROOT + "/playbooks/verify.yml"]
        run = subprocess.run(command, env=dict(os.environ, ANSIBLE_CONFIG=ROOT + "/ansible.cfg"), capture_output=True, text=True, timeout=300, check=False)
        assert (tmp_path / "results.json").exists(), run.stdout + run.stderr
        return run.returncode, json.loads((tmp_path / "results.json").read_text())[list_host.name]

    return verify


@pytest.fixture
def post(list_host, send, sink):
    """Return a function that posts to a list and waits for the copies."""

    def post(name, copies, body="\nA test.\n"):
        subject, mark = "post " + uuid.uuid4().hex, sink.mark()
        address = name + "@list.example.com"
        data = "From: anna@example.org\nTo: %s\nMessage-ID: <%s@example.org>\nSubject: %s\n%s" % (address, uuid.uuid4().hex, subject, body)
        reply = send(list_host, address, sender="anna@example.org", data=data)
        assert reply.code == 250, reply.reply
        return sink.wait(copies, since=mark, host=list_host, subject=subject)

    return post


@pytest.fixture
def scores(mailman):
    """Return a function that tells the members of a list who have a bounce score, and forgets the scores."""

    def scores(name):
        return mailman(
            "m = MailList(%r)\nbouncing = sorted(m.getBouncingMembers())\n[m.setBounceInfo(a, None) for a in bouncing]\nm.Save()\nm.Unlock()\n"
            "print json.dumps(bouncing)" % name
        )

    return scores
