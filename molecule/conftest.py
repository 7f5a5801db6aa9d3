# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of all scenarios share: the hosts, mail sent and mail received.

    def test_post(list_host, send, sink):      # runs once for each list host
        mark = sink.mark()
        assert send(list_host, "test@list.example.com", sender="anna@example.org").code == 250
        messages = sink.wait(recipients=3, since=mark, host=list_host)
"""

import dataclasses
import email
import functools
import json
import os
import pathlib
import re
import subprocess
import time

import pytest
import testinfra
import testinfra.backend.base
import yaml
from xdist.scheduler import LoadScopeScheduling


def enter(container, *command):
    return [str(pathlib.Path(__file__).parent / "shared/enter"), container, *command]


class Backend(testinfra.backend.base.BaseBackend):
    """How testinfra gets there: as Ansible does."""

    NAME = "ground"

    def __init__(self, container):
        self.container = container
        super().__init__(container)

    def run(self, command, *args, **_kwargs):
        line = self.encode(self.get_command(command, *args))
        run = subprocess.run(enter(self.container, "/bin/sh", "-c", line), stdin=subprocess.DEVNULL, capture_output=True, check=False)
        return self.result(run.returncode, line, run.stdout, run.stderr)


class Machine:
    """A host of the ground: name, container, fqdn, ip, and all that a testinfra host has."""

    def __init__(self, name, container, fqdn, ip):
        self.name, self.container, self.fqdn, self.ip = name, container, fqdn, ip
        backend = Backend(container)
        self._testinfra = testinfra.host.Host(backend)
        backend.set_host(self._testinfra)

    def enter(self, *command):
        """The command that runs this one there."""
        return enter(self.container, *command)

    def __getattr__(self, name):
        return getattr(self._testinfra, name)


@dataclasses.dataclass
class Message:
    """A message as the sink received it; the fields are those of shared/internet/sink.py."""

    time: float
    peer_ip: str
    local_ip: str
    helo: str
    connection: str
    sequence: int
    mail_from: str
    rcpt_tos: list
    message: str

    @property
    def content(self):
        """The message parsed, as Python's email.message.Message."""
        return email.message_from_bytes(self.message.encode("latin-1"))


class Sink:
    """The subscribers' mail servers."""

    def __init__(self, record):
        self._record = record

    def mark(self):
        """Where the record ends now: `since` for a later look."""
        return self._record.stat().st_size

    def messages(self, since=0, host=None, to="", subject=""):
        """What arrived since the mark: from a host, to a recipient, with a text in the subject, where these are given."""
        with self._record.open(encoding="utf-8") as record:
            record.seek(since)
            # A line without its end is still being written.
            messages = [Message(**json.loads(line)) for line in record if line.endswith("\n")]
        return [
            message
            for message in messages
            if (host is None or message.peer_ip == host.ip)
            and (not to or to in message.rcpt_tos)
            and subject in (message.content["Subject"] or "")
        ]

    def wait(self, recipients, since, host=None, to="", subject="", timeout=60):
        """Such messages that arrived since the mark, as soon as they have so many recipients in all."""
        deadline = time.monotonic() + timeout
        while True:
            messages = self.messages(since, host, to, subject)
            arrived = [recipient for message in messages for recipient in message.rcpt_tos]
            if len(arrived) >= recipients:
                return messages
            if time.monotonic() > deadline:
                pytest.fail("%d of %d recipients after %d s: %s" % (len(arrived), recipients, timeout, arrived))
            time.sleep(0.2)


@dataclasses.dataclass
class Dialogue:
    """An SMTP dialogue. `code` and `reply` are the first refusal's, or the last acceptance's."""

    code: int
    reply: str
    transcript: str


def parse_dialogue(transcript, complete):
    """Read the transcript of swaks: `<-  ` before a reply as hoped for, `<** ` before a refusal."""
    replies, text = [], []
    before_quit = re.split(r"^ .> QUIT$", transcript, flags=re.MULTILINE)[0]
    for mark, code, more, line in re.findall(r"^<(\S+) +(\d{3})([ -])(.*)$", before_quit, re.MULTILINE):
        text.append(line)
        if more == " ":
            replies.append((mark.endswith("*"), Dialogue(int(code), "\n".join(text), transcript)))
            text = []
    refusals = [dialogue for refused, dialogue in replies if refused]
    if not refusals and not complete:
        pytest.fail("the SMTP dialogue broke off:\n" + transcript)
    return refusals[0] if refusals else replies[-1][1]


class Ground:
    """The ground of one scenario, as shared/create.yml described it in .cache/ground."""

    def __init__(self, scenario):
        name = os.environ["GROUND_CLONE"] + "-" + yaml.safe_load((scenario / "inventory.yml").read_text())["all"]["vars"]["ground"]
        self.state = scenario.parent.parent / ".cache" / "ground" / name
        description = json.loads((self.state / "etc" / "ground.json").read_text())
        self.mail_servers = description["mail_servers"]
        self.machines = {name: Machine(name, **host) for name, host in description["hosts"].items()}
        self.list_hosts = [self.machines[name] for name in description["list_hosts"]]
        self.internet = self.machines["internet"]


@functools.cache
def ground_of(test_file):
    scenario = next(path for path in test_file.parents if path.parent.name == "molecule")
    return Ground(scenario)


def pytest_configure(config):
    config.addinivalue_line("markers", "list_hosts(*names): run the test for these list hosts only, because it would show the same on the others.")
    config.addinivalue_line("markers", "one_run_for_all_hosts: run each test for all list hosts before the next test: they share runs of Ansible.")


def pytest_generate_tests(metafunc):
    if "list_host" in metafunc.fixturenames:
        only = metafunc.definition.get_closest_marker("list_hosts")
        hosts = [host for host in ground_of(metafunc.definition.path).list_hosts if only is None or host.name in only.args]
        scope = "function" if metafunc.definition.get_closest_marker("one_run_for_all_hosts") else "module"
        metafunc.parametrize("list_host", hosts, ids=lambda host: host.name, scope=scope)


class HostByHost(LoadScopeScheduling):
    """A list host's tests run one after the other, those of different hosts at the same time."""

    def _split_scope(self, nodeid):
        # Other parameters may come before the host.
        host = re.search(r"[\[-](debian\d+|el\d+)", nodeid)
        return host.group(1) if host else "all hosts"


def pytest_xdist_make_scheduler(config, log):
    return HostByHost(config, log)


def pytest_report_header():
    archive = os.environ.get("MAILMAN_ARCHIVE", "")
    return "Mailman: " + ("THE DOUBLE OF THE TESTS, not the real one" if "/mailman-double" in archive else archive)


@pytest.fixture(scope="module")
def ground(request):
    return ground_of(request.path)


@pytest.fixture(scope="module")
def internet(ground):
    return ground.internet


@pytest.fixture(scope="module")
def sink(ground):
    return Sink(ground.state / "log" / "messages.jsonl")


@pytest.fixture(scope="module")
def send(ground):
    """Send mail from the internet to port 25 of a host, as a stranger's mail server does."""

    def send(host, *recipients, sender, data="Subject: a test\n\nA test.\n", helo="client.example.org", options=()):
        """Return the Dialogue. Sender "" is the null sender; `options` are more options for swaks."""
        command = ground.internet.enter("swaks")
        command += ["--server", host.ip, "--helo", helo, "--from", sender or "<>", "--to", ",".join(recipients)]
        command += ["--data", "-", *options]
        run = subprocess.run(command, input=data, capture_output=True, text=True, timeout=120, check=False)
        return parse_dialogue(run.stdout + run.stderr, complete=run.returncode == 0)

    return send
