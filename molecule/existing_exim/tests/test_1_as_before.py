# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Exim that somebody else set up goes on as before, and serves lists."""

import pytest
from conftest import HOSTS
from waiting import eventually


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


def test_verification(run):
    assert run("verify.yml") == (0, "")


THIEF = "thief:\\n  driver = redirect\\n  domains = list.example.com\\n  data = anna@%s\\n\\n"
# The file that has the first router, and that router. In a split configuration another file comes before it.
FIRST = {
    "debian11": ("exim4.conf.template", "hubbed_hosts"), "debian12": ("conf.d/router/120_thief", "hubbed_hosts"), "debian13": ("routers", "remote"),
    "el8": ("exim.conf", "gone"),
}


def test_a_router_that_would_take_the_lists_mail_is_found(list_host, run, directory):
    """Its administrator says that those of the lists must stand after it."""
    name, first = FIRST[list_host.name]
    path, thief = "%s/%s" % (directory, name), THIEF % list_host.fqdn
    sums = "find %s -type f -exec md5sum {} + | sort" % directory
    untouched = list_host.check_output(sums)
    again = "[ ! -e %s/update-exim4.conf.conf ] || systemctl restart exim4" % directory
    list_host.check_output("cp --archive %s /root/kept 2> /dev/null || printf '%s' > %s" % (path, thief, path))
    list_host.check_output("[ ! -e /root/kept ] || sed -i 's/^%s:/%s&/' %s" % (first, thief, path))
    list_host.check_output(again)
    try:
        before = list_host.check_output(sums)
        changes, said = run(exim_anchors=dict(HOSTS[list_host.name].get("exim_anchors", {}), router=first))
        assert (changes, list_host.check_output(sums)) == (0, before)
        assert "mailman-bounces@list.example.com: expected router mailman_router, found " in said
    finally:
        list_host.check_output("if [ -e /root/kept ]; then mv /root/kept %s; else rm %s; fi; %s" % (path, path, again))
    assert list_host.check_output(sums) == untouched
