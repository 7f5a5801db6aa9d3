# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What takes a member off a list for one-click unsubscription, in Mailman's own Python and as Mailman's user."""

import shlex

import pytest
from conftest import PREFIX, ROOT, header

PROGRAM = "/run/one_click_remove.py"


@pytest.fixture(scope="module")
def remove(installed):
    """Return a function that runs the program, and returns what it says."""
    installed.write(PROGRAM, (ROOT / "roles/mailman_web/files/one_click_remove.py").read_text())

    def remove(address, member, rc=0):
        done = installed.run(f"cd / && /usr/bin/python2.7 {PROGRAM} {PREFIX}", stdin=f"{address}\n{member}\n", user="list", rc=rc)
        return done.stdout.strip() if rc == 0 else done.stderr

    return remove


def members(mailman, name):
    return mailman.python(f"result(sorted(MailList.MailList({name!r}, lock=0).getMembers()))")


def test_one_member_leaves(mailman, remove):
    """Whatever case the address is in, with the list's own goodbye; the owners are told when the list says so."""
    name = mailman.newlist("leave", ["Anna@example.org", "berta@example.org", "A+b=c/d@example.net"], send_goodbye_msg=1, admin_notify_mchanges=1)
    mailman.clear_mail()
    assert remove("leave@list.example.com", "a+b=c/d@example.net") == "removed"
    assert members(mailman, name) == ["anna@example.org", "berta@example.org"]
    mailman.flush("Virgin", "Outgoing")
    goodbye, notice = sorted(mailman.mail(), key=lambda mail: mail["recipients"][0])
    assert goodbye["recipients"][0].lower() == "a+b=c/d@example.net"
    assert "nsubscribed" in header(goodbye["message"], "Subject")[0]
    assert notice["recipients"] == ["owner@example.com"]
    assert "deleted a+b=c/d@example.net; one-click unsubscription" in mailman.run(f"tail -n 1 {PREFIX}/logs/subscribe").stdout


def test_a_list_without_a_goodbye(mailman, remove):
    mailman.newlist("leave-quietly", ["anna@example.org"], send_goodbye_msg=0, admin_notify_mchanges=0)
    mailman.clear_mail()
    assert remove("leave-quietly@list.example.com", "Anna@Example.org") == "removed"
    mailman.flush("Virgin", "Outgoing")
    assert mailman.mail() == []


def test_who_is_no_member(mailman, remove):
    name = mailman.newlist("leave-twice", ["anna@example.org"])
    assert remove("leave-twice@list.example.com", "anna@example.org") == "removed"
    assert remove("leave-twice@list.example.com", "anna@example.org") == "no-member"
    assert members(mailman, name) == []


@pytest.mark.parametrize("address", ["nowhere@list.example.com", "../leave-elsewhere@list.example.com", "leave-elsewhere@www.example.com", "@list.example.com"])
def test_no_list(mailman, remove, address):
    if not mailman.exists(f"{PREFIX}/lists/leave-elsewhere"):
        mailman.newlist("leave-elsewhere", ["anna@example.org"])
    assert remove(address, "anna@example.org") == "no-list"
    assert members(mailman, "leave-elsewhere") == ["anna@example.org"]


def test_names_in_capitals(mailman, remove):
    mailman.newlist("leave-big", ["anna@example.org"])
    assert remove("LEAVE-BIG@List.Example.com", "anna@example.org") == "removed"


def test_a_list_whose_owners_decide(mailman, remove):
    name = mailman.newlist("leave-not", ["anna@example.org"], unsubscribe_policy=1)
    assert remove("leave-not@list.example.com", "anna@example.org") == "closed"
    assert members(mailman, name) == ["anna@example.org"]


def test_a_list_in_use(mailman, remove):
    """It waits, and not without end."""
    name = mailman.newlist("leave-busy", ["anna@example.org"])
    mailman.run(f"sed -i 's/^PATIENCE = .*/PATIENCE = 2/' {PROGRAM}")
    code = f"import sys, time; sys.path.insert(0, '{PREFIX}/bin'); import paths; from Mailman import MailList; "
    code += f"MailList.MailList('{name}', lock=1); time.sleep(30)"
    mailman.run(f"setpriv --reuid=list --regid=list --clear-groups /usr/bin/python2.7 -c {shlex.quote(code)} >/dev/null 2>&1 & echo $! >/run/holder")
    mailman.wait(f"test -e {PREFIX}/locks/{name}.lock")
    try:
        assert remove("leave-busy@list.example.com", "anna@example.org") == "busy"
    finally:
        mailman.run(f"kill $(cat /run/holder); sleep 0.2; rm -f {PREFIX}/locks/{name}.lock*")
    assert remove("leave-busy@list.example.com", "anna@example.org") == "removed"
