# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Exim that somebody else set up goes on as before, and serves lists."""

import contextlib

import pytest
from conftest import HOSTS
from waiting import eventually

pytestmark = pytest.mark.one_run_for_all_hosts


def test_only_lines_were_added(differences):
    found = differences()
    assert found
    assert [line for line in found if line.startswith("<")] == []


def test_the_administrators_files_are_as_open_as_before(list_host, directory):
    def modes(place):
        return dict(line.split(" ", 1) for line in list_host.check_output("cd %s && find . -type f -printf '%%p %%m %%u %%g\\n'" % place).splitlines())

    before, after = modes("/root/before"), modes(directory)
    assert {path: after[path] for path in before} == before
    assert {after[path] for path in set(after) - set(before)} <= {"644 root root"}


@pytest.mark.parametrize("local_part", ["anna", "info"])
def test_people_and_aliases_get_their_mail(list_host, deliver, local_part):
    subject = deliver("%s@%s" % (local_part, list_host.fqdn))
    assert eventually(lambda: subject in list_host.run("cat /var/mail/anna /var/spool/mail/anna").stdout)


def test_mail_is_relayed(list_host, deliver, sink):
    mark = sink.mark()
    subject = deliver("berta@example.edu")
    [copy] = sink.wait(1, since=mark, host=list_host, subject=subject)
    assert (copy.mail_from, copy.rcpt_tos) == ("gustav@example.org", ["berta@example.edu"])


def test_strangers_cannot_relay(deliver):
    deliver("somebody@example.net", code=550)


def test_post_reaches_every_member(assert_lists_work):
    assert_lists_work()


def test_bounces_are_accepted_with_all_characters(deliver):
    deliver("testlist-bounces+a#b=example.net@list.example.com", sender="")


@pytest.mark.parametrize(("address", "sender"), [
    ("nolist@list.example.com", "gustav@example.org"), ("testlist@list.example.com", ""), ("testlist-request@list.example.com", ""),
    ("mailman-loop@list.example.com", "gustav@example.org"), ("anna@list.example.com", "gustav@example.org"),
])
def test_what_lists_do_not_take_is_refused(deliver, address, sender):
    deliver(address, sender, code=550)


def test_postmaster_of_the_lists(list_host, deliver, sink):
    mark = sink.mark()
    subject = deliver("postmaster@list.example.com")
    [copy] = sink.wait(1, since=mark, host=list_host, subject=subject)
    assert copy.rcpt_tos == ["postmaster@example.org"]


@pytest.fixture(scope="module")
def verified(run):
    return run("verify.yml")


def test_verification(list_host, verified):
    assert verified[list_host.name] == (0, "")


THIEF = "thief:\\n  driver = redirect\\n  domains = list.example.com\\n  data = anna@%s\\n\\n"
# The file that has the first router, and that router. In a split configuration another file comes before it.
FIRST = {
    "debian11": ("exim4.conf.template", "hubbed_hosts"), "debian12": ("conf.d/router/120_thief", "hubbed_hosts"), "debian13": ("routers", "remote"),
    "el8": ("exim.conf", "gone"),
}


class Robbed:
    """A host with a router before all others that takes the lists' mail."""

    def __init__(self, host):
        self.host, self.directory = host, HOSTS[host.name]["existing_directory"]
        name, self.first = FIRST[host.name]
        self.path = "%s/%s" % (self.directory, name)
        # The administrator says that the routers of the lists must stand after it.
        self.anchors = dict(HOSTS[host.name].get("exim_anchors", {}), router=self.first)
        self.sums = [self.sum()]

    def sum(self):
        return self.host.check_output("find %s -type f -exec md5sum {} + | sort" % self.directory)

    def restart(self):
        self.host.check_output("[ ! -e %s/update-exim4.conf.conf ] || systemctl restart exim4" % self.directory)

    def rob(self):
        thief = THIEF % self.host.fqdn
        self.host.check_output("cp --archive %s /root/kept 2> /dev/null || printf '%s' > %s" % (self.path, thief, self.path))
        self.host.check_output("[ ! -e /root/kept ] || sed -i 's/^%s:/%s&/' %s" % (self.first, thief, self.path))
        self.restart()
        self.sums.append(self.sum())

    def restore(self):
        self.sums.append(self.sum())
        self.host.check_output("if [ -e /root/kept ]; then mv /root/kept %s; else rm -f %s; fi" % (self.path, self.path))
        self.restart()
        self.sums.append(self.sum())


@pytest.fixture(scope="module")
def robbed(run, machines):
    """What a run says while each host has such a router, and what the files are before that, with it, after the run and at the end."""
    hosts = {name: Robbed(host) for name, host in machines.items() if name in HOSTS}
    with contextlib.ExitStack() as stack:
        for host in hosts.values():
            host.rob()
            stack.callback(host.restore)
        said = run(each={name: {"exim_anchors": host.anchors} for name, host in hosts.items()})
    return {name: (said[name], host.sums) for name, host in hosts.items()}


def test_a_router_that_would_take_the_lists_mail_is_found(list_host, robbed):
    (changes, said), (untouched, before, during, restored) = robbed[list_host.name]
    assert (changes, during) == (0, before)
    assert "mailman-bounces@list.example.com: expected router mailman_router, found " in said
    assert before != untouched
    assert restored == untouched
