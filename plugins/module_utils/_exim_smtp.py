# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import contextlib
import os
import re
import select
import subprocess
import tempfile
import time

from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import (
    EximError,
    check_address,
    check_host,
    check_sender,
    check_text,
    log_lines,
    message_of,
)

# The dialogues of exim_smtp_test, which exim_config runs as well.
EXPECTATION = dict(
    code=dict(type="str"),
    text=dict(type="str"),
)
DIALOGUE_ARGUMENTS = dict(
    name=dict(type="str"),
    client=dict(type="str", required=True),
    callouts=dict(type="bool", default=False),
    helo=dict(type="str"),
    sender=dict(type="str"),
    recipients=dict(
        type="list",
        elements="dict",
        default=[],
        options=dict(address=dict(type="str", required=True), **EXPECTATION),
    ),
    data=dict(type="dict", options=dict(headers=dict(type="list", elements="str", default=[]), body=dict(type="str", default=""))),
    expect=dict(type="dict", options=dict((step, dict(type="dict", options=EXPECTATION)) for step in ("connect", "helo", "sender", "data"))),
)

REPLY_LINE = re.compile(r"^(\d{3})(?:([- ])(.*))?$")


class Reply:
    """What Exim answers to one command. Without a code, the connection has ended and the text says why."""

    def __init__(self, code, text):
        self.code = code
        self.text = text

    def __str__(self):
        return " ".join(word for word in (self.code, self.text.replace("\n", " ")) if word)

    def meets(self, expectation):
        """Say whether this is what is expected, which always has a code."""
        if self.code is None or not re.match(expectation["code"].replace("x", "[0-9]") + "\\Z", self.code):
            return False
        return expectation["text"] is None or re.search(expectation["text"], self.text) is not None


class Session:
    """A connection to Exim that comes, as far as Exim knows, from the client (exim -bh)."""

    def __init__(self, exim, client, callouts, timeout):
        self.timeout = timeout
        self.buffer = b""
        self.trace = tempfile.TemporaryFile()  # noqa: SIM115 __exit__ closes it.
        # What is sent next depends on the reply, which run_command would not wait for.
        self.process = subprocess.Popen(  # pylint: disable=ansible-bad-function
            exim.argv("-bhc" if callouts else "-bh", client), env={}, cwd="/", bufsize=0,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.trace,
        )

    def __enter__(self):
        return self

    def __exit__(self, *dummy):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.trace.close()

    def send(self, text):
        """Send lines to Exim, which may already have gone."""
        with contextlib.suppress(OSError):
            self.process.stdin.write(text.encode("utf-8"))

    def reply(self):
        """Wait for the next reply and return it."""
        lines = []
        deadline = time.time() + self.timeout
        while True:
            line = self.line(deadline)
            if line is None:
                return Reply(None, "no reply, Exim has ended: %s" % self.last_words())
            match = REPLY_LINE.match(line)
            # What is no reply is a remark of the test mode.
            if match:
                lines.append(match.group(3) or "")
                if match.group(2) != "-":
                    return Reply(match.group(1), "\n".join(lines))

    def line(self, deadline):
        """Return the next line of output, or None at its end."""
        while b"\n" not in self.buffer:
            if not select.select([self.process.stdout], [], [], max(0, deadline - time.time()))[0]:
                raise EximError("Exim did not answer within %d seconds." % self.timeout)
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                return None
            self.buffer += data
        line, dummy, self.buffer = self.buffer.partition(b"\n")
        return line.decode("utf-8", "replace").rstrip("\r")

    def stderr(self):
        """Return the trace and the log lines so far."""
        self.trace.seek(0)
        return self.trace.read().decode("utf-8", "replace")

    def last_words(self):
        """Say why Exim ended."""
        self.process.wait()
        return (log_lines(self.stderr()) or [message_of(self.stderr())])[-1]


def check_dialogue(item, dialogue):
    """Refuse a dialogue that could not mean what it says, and fill in what is expected by default. The item is its name in messages."""
    if dialogue["name"] is not None:
        check_text(item + ".name", dialogue["name"])
    check_host(item + ".client", dialogue["client"])
    if dialogue["helo"] is not None:
        check_word(item + ".helo", dialogue["helo"])
    if dialogue["sender"] is not None:
        check_sender(item + ".sender", dialogue["sender"])
    for number, recipient in enumerate(dialogue["recipients"]):
        name = "%s.recipients[%d]" % (item, number)
        check_address(name + ".address", recipient["address"])
        check_expectation(name, recipient, "250")
    for number, header in enumerate((dialogue["data"] or {}).get("headers", [])):
        check_text("%s.data.headers[%d]" % (item, number), header)
        if not re.match(r"[!-9;-~]+:", header):
            raise EximError("%s.data.headers[%d]: %r is not a header line such as \"Subject: test\"." % (item, number, header))
    if re.search(r"[\x00\r]", (dialogue["data"] or {}).get("body", "")):
        raise EximError("%s.data.body has a control character. Its lines end with a newline alone." % item)
    if dialogue["expect"] is None:
        dialogue["expect"] = {}
    for step, code in (("connect", "220"), ("helo", "250"), ("sender", "250"), ("data", "250")):
        if dialogue["expect"].get(step) is None:
            dialogue["expect"][step] = dict(code=None, text=None)
        elif (step == "sender" and dialogue["sender"] is None) or (step == "data" and dialogue["data"] is None):
            raise EximError("%s.expect.%s cannot be met, because the dialogue has no %s." % (item, step, step))
        check_expectation("%s.expect.%s" % (item, step), dialogue["expect"][step], code)
    check_order(item, dialogue)


def check_word(name, value):
    """Refuse what is not one word of an SMTP command."""
    check_text(name, value)
    if not value or re.search(r"\s", value):
        raise EximError("%s: %r is not a host name." % (name, value))


def check_expectation(name, expectation, code):
    """Refuse what no reply can be."""
    if expectation["code"] is None:
        expectation["code"] = code
    if not re.match(r"[245](\d\d|xx)\Z", expectation["code"]):
        raise EximError("%s.code: no reply can have the code %r. Give three digits, or 2xx, 4xx or 5xx." % (name, expectation["code"]))
    try:
        re.compile(expectation["text"] or "")
    except re.error as error:
        raise EximError("%s.text: %r is not a regular expression: %s." % (name, expectation["text"], error)) from None


def check_order(item, dialogue):
    """Refuse steps that come after the expected end of the dialogue, or that lack the one before."""
    steps = [("recipients", bool(dialogue["recipients"])), ("data", dialogue["data"] is not None)]
    if dialogue["sender"] is None and any(given for dummy, given in steps):
        raise EximError("%s: recipients and data need a sender, which may be the null sender <>." % item)
    if dialogue["data"] is not None and not dialogue["recipients"]:
        raise EximError("%s: data needs recipients." % item)
    for refused in ("connect", "helo", "sender"):
        if dialogue["expect"][refused]["code"][0] != "2":
            if refused != "sender":
                steps = [("sender", dialogue["sender"] is not None)] + steps
            if refused == "connect":
                steps = [("helo", dialogue["helo"] is not None)] + steps
            for step, given in steps:
                if given:
                    raise EximError("%s.%s is never reached, because %s should be refused." % (item, step, refused))
            return
    if dialogue["data"] is not None and all(recipient["code"][0] != "2" for recipient in dialogue["recipients"]):
        raise EximError("%s.data is never reached, because all recipients should be refused." % item)


def commands(dialogue):
    """Return the steps of a dialogue: kind, command, expectation."""
    expect = dialogue["expect"]
    client = dialogue["client"]
    yield "connect", None, expect["connect"]
    yield "helo", "EHLO " + (dialogue["helo"] or ("[IPv6:%s]" if ":" in client else "[%s]") % client), expect["helo"]
    if dialogue["sender"] is not None:
        yield "sender", "MAIL FROM:<%s>" % dialogue["sender"].strip("<>"), expect["sender"]
    for recipient in dialogue["recipients"]:
        yield "recipient", "RCPT TO:<%s>" % recipient["address"], recipient
    if dialogue["data"] is not None:
        yield "data", "DATA", expect["data"]


def content(message):
    """Return a message as it goes over the wire."""
    lines = message["headers"] + [""] + message["body"].split("\n")
    if lines[-1] == "":
        lines.pop()
    return "".join(("." + line if line.startswith(".") else line) + "\r\n" for line in lines) + ".\r\n"


def run_dialogue(exim, item, dialogue, timeout):
    """Hold a checked dialogue; return its result, and a line for each expectation that was not met."""
    title = dialogue["name"] or "%s (client %s)" % (item, dialogue["client"])
    steps = []
    failures = []
    with Session(exim, dialogue["client"], dialogue["callouts"], timeout) as session:
        for kind, command, expectation in commands(dialogue):
            if command is not None:
                session.send(command + "\r\n")
            try:
                reply = session.reply()
                if kind == "data" and reply.code == "354":
                    session.send(content(dialogue["data"]))
                    reply = session.reply()
            except EximError as error:
                raise EximError("%s, %s: %s" % (title, command or "connection", error)) from None
            if kind == "connect" and reply.code is None:
                raise EximError("%s: %s" % (title, reply))
            met = reply.meets(expectation)
            steps.append(dict(step=kind, command=command, code=reply.code, text=reply.text, met=met))
            if not met:
                wanted = expectation["code"] + (" with text %r" % str(expectation["text"]) if expectation["text"] is not None else "")
                failures.append("%s: %s: expected %s, found %s" % (title, command or "connection", wanted, reply))
            if reply.code is None or (kind != "recipient" and reply.code[0] != "2"):
                break
        session.send("QUIT\r\n")
        session.process.stdin.close()
        session.process.stdout.read()
        session.process.wait()
        log = log_lines(session.stderr())
    return dict(name=dialogue["name"], client=dialogue["client"], steps=steps, log=log), failures


def run_dialogues(exim, option, dialogues, timeout):
    """Hold the checked dialogues of an option one after the other; return results, and a line for each expectation that was not met."""
    results = []
    failures = []
    for number, dialogue in enumerate(dialogues):
        result, lines = run_dialogue(exim, "%s[%d]" % (option, number), dialogue, timeout)
        results.append(result)
        failures.extend(lines)
    return results, failures
