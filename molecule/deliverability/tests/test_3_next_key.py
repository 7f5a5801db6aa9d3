# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The next DKIM key is there before Exim signs with it, and then Exim signs with it. That is the last test: afterwards the host has another key."""

import pathlib
import re
import subprocess
import uuid

import dkim
from running import run_playbook

SCENARIO = pathlib.Path(__file__).parents[1]


def site(host, **variables):
    run = run_playbook(SCENARIO, host=host, **variables)
    assert run.failure == "", run.output


def records(host):
    found = {}
    for line in host.check_output("cat /etc/exim4/dkim/records.txt").splitlines():
        name, strings = re.match(r"(\S+) IN TXT (.*)", line).groups()
        found[name] = "".join(re.findall('"([^"]*)"', strings))
    return found


def signed(host, sink):
    """Send mail of a list from the host; return the selector of the signature, once it is right."""
    subject, mark = uuid.uuid4().hex, sink.mark()
    letter = "From: mailman@list.example.com\nTo: dora@example.org\nSubject: %s\n\nA test.\n" % subject
    subprocess.run(host.enter("exim", "-f", "mailman@list.example.com", "dora@example.org"), input=letter, text=True, check=True)
    [message] = sink.wait(recipients=1, since=mark, host=host, subject=subject)
    known = records(host)
    assert dkim.verify(message.message.encode("latin-1"), dnsfunc=lambda name, timeout=5: known.get(name.decode(), "").encode() or None)
    return re.search(r"\bs=([^;]+);", message.content["DKIM-Signature"]).group(1)


def test_the_next_key(list_host, sink):
    assert sorted(records(list_host)) == [selector + "._domainkey." + domain + "." for selector in ("lists", "next")
                                          for domain in ("list.example.com", "list.example.edu")]
    file = list_host.file("/etc/exim4/dkim/next/list.example.com.pem")
    assert (file.user, file.group, file.mode) == ("root", "Debian-exim", 0o640)
    assert signed(list_host, sink) == "lists"
    site(list_host, exim_dkim_selector="next", exim_dkim_next_selector="")
    assert signed(list_host, sink) == "next"
    assert sorted(records(list_host)) == ["next._domainkey.%s." % domain for domain in ("list.example.com", "list.example.edu")]
