# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the list hosts, by a program and by a browser, and what Mailman knows afterwards."""

import http.client
import json
import os
import pathlib
import socket
import ssl
import subprocess
import types
import urllib.parse

import pytest
from browser import Browser

SCENARIO = pathlib.Path(__file__).parents[1]
ROOT = SCENARIO.parents[1]
DOUBLE = "/mailman-double" in os.environ["MAILMAN_ARCHIVE"]
# For tests of pages that only the real Mailman has.
needs_mailman = pytest.mark.skipif(DOUBLE, reason="needs the real Mailman: the double has none of its pages")


def pytest_terminal_summary(terminalreporter):
    left_out = len(terminalreporter.stats.get("skipped", []))
    if left_out:
        terminalreporter.write_sep("!", "%d tests of Mailman's pages were LEFT OUT for want of the real Mailman (MAILMAN_ARCHIVE)" % left_out)


def run(host, *options, playbook="site.yml", **variables):
    """Run a playbook on one host: how many tasks changed it, what failed, what was changed, and all the rest that modules returned."""
    command = ["ansible-playbook", "-i", ROOT / "molecule/shared/ground.yml", "-i", SCENARIO / "inventory.yml", "--limit", host.name]
    environment = dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
    command += ["-e", json.dumps(variables), *options, ROOT / "playbooks" / playbook]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=900, check=False)
    if not done.stdout.startswith("{"):
        pytest.fail("ansible-playbook printed:\n" + done.stdout + done.stderr)
    report = json.loads(done.stdout)
    results = {task["task"]["name"].split(" : ")[-1]: result for play in report["plays"] for task in play["tasks"] for result in task["hosts"].values()}
    [stats] = report["stats"].values()
    return types.SimpleNamespace(
        changed=stats["changed"],
        failure=" ".join(result.get("msg", "") for result in results.values() if result.get("failed")),
        changes=[name for name, result in results.items() if result.get("changed")],
        output=done.stdout,
    )


class Site:
    """The web host of a list host, or another name of its Apache's. What a request asks for and what it says are the test's; certificates are believed."""

    def __init__(self, host, name=None):
        self.host, self.name = host, name or "www." + host.fqdn
        self.url = "https://" + self.name

    def connect(self, port=443, name=None):
        """A connection of its own, as TLS for port 443: (socket, certificate as DER)."""
        connection = socket.create_connection((self.host.ip, port), timeout=60)
        if port != 443:
            return connection, None
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = context.wrap_socket(connection, server_hostname=name or self.name)
        return connection, connection.getpeercert(binary_form=True)

    def ask(self, path, form=None, method=None, port=443, **headers):
        """The answer to one request: status, headers, and the page as text."""
        for name in list(headers):
            headers[name.replace("_", "-")] = headers.pop(name)
        name = headers.setdefault("Host", self.name)
        body = None if form is None else urllib.parse.urlencode(form)
        if body is not None:
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection = http.client.HTTPConnection(self.host.ip, port)
        connection.sock, _certificate = self.connect(port, name)
        try:
            connection.request(method or ("GET" if form is None else "POST"), path, body=body, headers=headers)
            answer = connection.getresponse()
            # One character per byte: what is said of a charset is looked at, not used.
            answer.page = answer.read().decode("latin-1")
            return answer
        finally:
            connection.close()


@pytest.fixture(scope="module")
def site(list_host):
    return Site(list_host)


@pytest.fixture(scope="module")
def mailman(list_host):
    """Return a function that runs code in Mailman's Python as Mailman's user and returns the JSON that it prints."""
    prefix, user = ("/usr/lib/mailman", "mailman") if list_host.name == "el8" else ("/var/lib/mailman", "list")

    def mailman(code):
        preamble = "import sys, json; sys.path.insert(0, %r); import paths; from Mailman import mm_cfg; from Mailman.MailList import MailList\n" % (
            prefix + "/bin"
        )
        command = list_host.enter("setpriv", "--reuid=" + user, "--regid=" + user, "--init-groups", "python2.7", "-B", "-")
        done = subprocess.run(command, input=preamble + code, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    mailman.user = user
    return mailman


@pytest.fixture(scope="module")
def archives(list_host, mailman):
    """Return a function that writes a file as Mailman's archiver would, by its path below archives/private."""
    directory = mailman("print json.dumps(mm_cfg.PRIVATE_ARCHIVE_FILE_DIR)")

    def write(path, content):
        script = 'mkdir -p "$(dirname "$1")" && cat >"$1"'
        command = list_host.enter("runuser", "-u", mailman.user, "--", "sh", "-c", script, "-", directory + "/" + path)
        subprocess.run(command, input=content, check=True)

    return write


@pytest.fixture
def browser(ground, list_host):
    """A visitor without a past. What it saw is kept in .cache/web."""
    pictures = ROOT / ".cache/web" / list_host.name
    pictures.mkdir(parents=True, exist_ok=True)
    visitor = Browser(ground.machines["browser"].ip, pictures)
    yield visitor
    visitor.close()
