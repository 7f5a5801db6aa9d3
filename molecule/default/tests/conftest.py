# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of this scenario share: Exim and Mailman on a list host, SMTP dialogues, runs of site.yml.

Where the faults of the HOWTO on a current Exim (docs/howto.md) have their tests:

 1 reject is no verb                 a configuration that Exim refuses never goes live (changed/test_changes.py); it runs (all)
 2 tainted pipe arguments            test_mail_flow.py: test_post_reaches_every_member
 3 tainted wildcard suffixes         test_mail_flow.py: test_verp_bounce_scores_the_member_in_the_address, test_membership_by_mail
 4 inert ACL against null senders    test_smtp_policy.py: test_null_sender_is_refused
 5 quotes in the SMTP reply          test_smtp_policy.py: test_null_sender_is_refused
 6 Errors-To VERPed twice            test_verp_by_exim.py: test_errors_to_is_the_envelope_sender
 7 127.0.0.1 misses ::1              test_smtp_policy.py: test_loopback_may_relay; test_verp_by_exim.py: test_both_loopback_addresses_are_mailmans
 8 a list called my-admin            test_routing.py: test_list_whose_name_ends_in_a_suffix; test_mail_flow.py: test_post_to_my_admin
 9 ${lc::...} in current_directory   test_mail_flow.py: every delivery by the pipe
10 mailman-loop is unroutable        test_routing.py: test_mailman_loop; test_mail_flow.py: test_mailman_loop_is_kept_on_the_host
11 code and lists in two places      all tests on el8, and on debian13, whose mailman_prefix is not where its lists are
"""

import functools
import json
import os
import pathlib
import re
import subprocess
import uuid

import pytest
from helpers import DIALOGUE, LIST_DOMAIN, STARTTLS, Exim, Mailman, Run, letter

ROOT = pathlib.Path(__file__).parents[3]


@pytest.fixture(scope="module")
def dialogue():
    """An SMTP dialogue from a machine of the ground. The reply to each recipient, and to EHLO, MAIL and DATA, as (code, text)."""

    def dialogue(client, server, sender, *recipients, data=""):
        command = client.enter("python3", "-c", DIALOGUE)
        request = json.dumps([server, sender, recipients, data])
        run = subprocess.run(command, input=request, capture_output=True, text=True, timeout=120, check=False)
        assert run.returncode == 0, run.stderr
        return {name: tuple(reply) for name, reply in json.loads(run.stdout).items()}

    return dialogue


@pytest.fixture(scope="module")
def starttls(list_host, internet):
    """Return a function that returns what TLS a client gets."""
    return lambda: json.loads(internet.check_output("python3 -c %s %s postmaster@%s", STARTTLS, list_host.ip, list_host.fqdn))


@pytest.fixture(scope="module")
def exim(list_host):
    return Exim(list_host)


@pytest.fixture(scope="module")
def mailman(list_host):
    return Mailman(list_host)


@pytest.fixture(scope="module")
def services(list_host, exim):
    """The units that a list host needs."""
    return [exim.service, "mailman", "crond" if list_host.service("crond").exists else "cron"]


@pytest.fixture(scope="module")
def post(list_host, send, sink):
    """Post to a list from outside and wait for the copies."""

    def post(list_name, copies, sender="member1@example.org", **headers):
        """The copies at the sink, and the post's Message-ID."""
        subject = "post " + uuid.uuid4().hex
        data = letter(subject, From=sender, To="%s@%s" % (list_name, LIST_DOMAIN), **headers)
        mark = sink.mark()
        reply = send(list_host, "%s@%s" % (list_name, LIST_DOMAIN), sender=sender, data=data)
        assert reply.code == 250, reply.transcript
        messages = sink.wait(copies, since=mark, host=list_host, subject=subject)
        return messages, re.search("Message-ID: <(.*)>", data).group(1)

    return post


@pytest.fixture(scope="session")
def run_playbook():
    """Run a playbook against a list host, or against the hosts of one more inventory."""

    def run_playbook(playbook, limit, inventory=None, **variables):
        command = ["ansible-playbook", "--limit", limit, "--extra-vars", json.dumps(variables)]
        for file in [ROOT / "molecule/shared/ground.yml", ROOT / "molecule/default/inventory.yml", inventory]:
            command += ["--inventory", file] if file else []
        environment = dict(os.environ, ANSIBLE_STDOUT_CALLBACK="ansible.posix.json")
        run = subprocess.run([*command, ROOT / "playbooks" / playbook], capture_output=True, text=True, timeout=600, check=False, env=environment)
        return Run(run.stdout, run.stderr)

    return run_playbook


@pytest.fixture(scope="session")
def run_site(run_playbook):
    return functools.partial(run_playbook, "site.yml")
