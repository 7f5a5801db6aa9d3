# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Posts to lists as their members get them, and what Mailman knows of its members."""

import pathlib
import re
import uuid

import dkim
import pytest
from asking import Site
from in_mailman import in_mailman
from running import run_playbook

SCENARIO = pathlib.Path(__file__).parents[1]


def run(host, **variables):
    """Run a playbook on the list host."""
    return run_playbook(SCENARIO, host=host, **variables)


@pytest.fixture(scope="module")
def site(list_host):
    return Site(list_host)


@pytest.fixture(scope="module")
def mailman(list_host):
    return in_mailman(list_host)


@pytest.fixture(scope="module")
def members(mailman):
    """Return a function that tells who is on which list."""
    return lambda: mailman("print json.dumps(dict((name, sorted(MailList(name, lock=0).getMembers())) for name in ('news', 'my-bounces', 'board')))")


@pytest.fixture(scope="module")
def post(list_host, send, sink):
    """Return a function that posts to a list and returns each member's copy."""

    def post(address, copies, headers=""):
        subject, mark = uuid.uuid4().hex, sink.mark()
        data = "From: somebody@example.org\nTo: %s\nSubject: %s\n%s\nHello.\n" % (address, subject, headers)
        assert send(list_host, address, sender="somebody@example.org", data=data).code == 250
        found = sink.wait(copies, since=mark, host=list_host, subject=subject)
        assert len(found) == copies
        return {copy.rcpt_tos[0].lower(): copy for copy in found}

    return post


@pytest.fixture(scope="module")
def is_signed(list_host):
    """Return a function that says whether the signature of a message verifies."""
    records = {}
    for line in list_host.check_output("cat /etc/exim4/dkim/records.txt").splitlines():
        name, strings = re.match(r"(\S+) IN TXT (.*)", line).groups()
        records[name] = "".join(re.findall('"([^"]*)"', strings))
    return lambda message: dkim.verify(message, dnsfunc=lambda name, timeout=5: records.get(name.decode(), "").encode() or None)
