# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Exim asks the DNS about clients: SPF, and block lists whose answers do not all mean that the client is listed."""

import email
import pathlib

import pytest
from running import run_playbook

SCENARIO = pathlib.Path(__file__).parents[1]
# It has an alias, and the alias leads to a subscriber's server.
RECIPIENT = "forwarded@debian12.example.com"


def test_spf_says_fail(send, list_host):
    """And postmaster can be told."""
    found = send(list_host, RECIPIENT, sender="anna@refused.test")
    assert (found.code, "SPF of refused.test does not allow" in found.reply) == (550, True)
    assert send(list_host, "postmaster@list.example.com", sender="anna@refused.test").code == 250
    assert send(list_host, "mailman-bounces@list.example.com", sender="").code == 250


@pytest.mark.parametrize(("sender", "result"), [("allowed.test", "pass"), ("doubted.test", "softfail"), ("example.org", "none")])
def test_the_result_is_in_a_header(send, sink, list_host, sender, result):
    mark = sink.mark()
    assert send(list_host, RECIPIENT, sender="anna@" + sender).code == 250
    [message] = sink.wait(recipients=1, since=mark, host=list_host, to="dora@example.org")
    headers = email.message_from_string(message.message).get_all("Received-SPF")
    assert len(headers) == 1
    assert headers[0].split()[0] == result


@pytest.mark.parametrize(("source", "listed"), [
    # 127.255.255.254, 127.0.0.1, 127.0.0.2, and both 127.255.255.254 and 127.0.0.4.
    ("example.org", False), ("example.net", False), ("example.edu", True), ("both.test", True),
])
def test_answers_of_block_lists(send, list_host, ground, source, listed):
    address = ground.mail_servers[source]
    found = send(list_host, RECIPIENT, sender="anna@example.org", options=["--local-interface", address])
    assert (found.code, "is listed by bl.test" in found.reply) == ((550, True) if listed else (250, False)), found.transcript


def test_an_exim_without_spf(ground):
    """Is named before anything is changed."""
    host = ground.machines["el8"]
    before = host.check_output("md5sum /etc/exim/exim.conf /etc/exim/aliases")
    run = run_playbook(SCENARIO, host=host, exim_spf_check="refuse", exim_dane=True, exim_aliases={"other": "dora@example.org"})
    assert [word for word in ("exim_spf_check is refuse, but Exim 4.", "built without SPF", "built without DANE") if word not in run.failure] == []
    assert (run.changes, host.check_output("md5sum /etc/exim/exim.conf /etc/exim/aliases")) == ([], before)
