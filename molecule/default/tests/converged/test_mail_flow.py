# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail from outside, through Exim's pipe, to the right command of Mailman, and what comes of it."""

import re
import uuid

import pytest
from helpers import MEMBERS, delivery_failure, letter
from waiting import eventually


@pytest.fixture(scope="module")
def write(list_host, send, sink):
    """Write to an address of the list domain."""

    def write(sender, local_part, subject="", body="\n", data="", to=""):
        """Where the sink's record was before. `to` is for the header, if it differs from the envelope."""
        mark = sink.mark()
        recipient = local_part + "@list.example.com"
        data = data or letter(subject, body, From=sender, To="%s@list.example.com" % (to or local_part))
        reply = send(list_host, recipient, sender=sender, data=data)
        assert reply.code == 250, reply.transcript
        return mark

    return write


@pytest.fixture
def new_list(list_host, mailman):
    """The name of a list made with Mailman's own tools, with a member in each domain."""
    name = "list-" + uuid.uuid4().hex[:8]
    mailman.tool("newlist -q %s owner@example.org secret" % name)
    mailman.add_members(name, "dora@example.org", "emil@example.net", "frida@example.edu")
    yield name
    mailman.remove_list(name)


def test_post_reaches_every_member(post):
    copies, _message_id = post("testlist", copies=35)
    assert sorted(recipient for copy in copies for recipient in copy.rcpt_tos) == sorted(MEMBERS)
    assert {copy.content["List-Id"] for copy in copies} == {"<testlist.list.example.com>"}
    assert all("A test." in copy.message for copy in copies)


def test_post_to_my_admin(post):
    [copy], _message_id = post("my-admin", copies=1)
    assert copy.rcpt_tos == ["anna@example.net"]
    assert copy.content["List-Id"] == "<my-admin.list.example.com>"


def test_post_in_mixed_case(post):
    [copy], _message_id = post("My-Admin", copies=1)
    assert copy.rcpt_tos == ["anna@example.net"]


def test_request(list_host, write, sink):
    mark = write("gustav@example.org", "testlist-request", "help")
    [answer] = sink.wait(1, since=mark, host=list_host, to="gustav@example.org")
    assert answer.content["Subject"] == "The results of your email commands"


@pytest.mark.parametrize("local_part", ["testlist-owner", "my-admin-owner"])
def test_owner(list_host, write, sink, local_part):
    subject = "to the owner " + uuid.uuid4().hex
    mark = write("gustav@example.org", local_part, subject)
    [letter_to_owner] = sink.wait(1, since=mark, host=list_host, subject=subject)
    assert letter_to_owner.rcpt_tos == [local_part + "@example.org"]


@pytest.mark.parametrize(("join", "leave"), [("join", "leave"), ("subscribe", "unsubscribe")])
def test_membership_by_mail(list_host, write, sink, mailman, new_list, join, leave):
    """Both are confirmed with a cookie; to join in the envelope's recipient, to leave in the header only."""
    address = "heidi@example.net"

    def cookie(mark):
        [request] = sink.wait(1, since=mark, host=list_host, to=address)
        return re.search(new_list + r"-confirm\+([0-9a-f]+)@list\.example\.com", request.message).group(1)

    joining = new_list + "-confirm+" + cookie(write(address, "%s-%s" % (new_list, join)))
    assert address not in mailman.members(new_list)
    mark = write(address, joining)
    [welcome] = sink.wait(1, since=mark, host=list_host, to=address)
    assert "Welcome" in welcome.content["Subject"]
    assert address in mailman.members(new_list)

    leaving = new_list + "-confirm+" + cookie(write(address, "%s-%s" % (new_list, leave)))
    assert address in mailman.members(new_list)
    write(address, new_list + "-confirm", to=leaving)
    eventually(lambda: address not in mailman.members(new_list))


def test_verp_bounce_scores_the_member_in_the_address(write, mailman, new_list):
    """Its text names nobody."""
    write("", new_list + "-bounces+emil=example.net", "Undelivered", "Sorry.\n")
    assert eventually(lambda: mailman.bounce_scores(new_list)) == {"emil@example.net": 1.0}


@pytest.mark.parametrize(("suffix", "sender"), [("bounces", ""), ("admin", "mailer-daemon@example.org")])
def test_bounce_scores_the_member_in_its_text(write, mailman, new_list, suffix, sender):
    """-admin is an old name of -bounces."""
    write(sender, "%s-%s" % (new_list, suffix), data=delivery_failure(new_list, "emil@example.net"))
    assert eventually(lambda: mailman.bounce_scores(new_list)) == {"emil@example.net": 1.0}


def test_mailman_loop_is_kept_on_the_host(list_host, write, exim, mailman):
    mailbox = list_host.file(mailman.var + "/data/owner-bounces.mbox")
    subject = "a bounce of a notice " + uuid.uuid4().hex
    write("", "mailman-loop", subject)
    eventually(lambda: mailbox.exists and subject in mailbox.content_string)
    assert (mailbox.user, mailbox.group, mailbox.mode) == (mailman.user, exim.macro("MM_GID"), 0o660)


def test_administrators_read_the_aliases(list_host, send, sink):
    subject = "to the administrators " + uuid.uuid4().hex
    mark = sink.mark()
    for domain in ["list.example.com", list_host.fqdn]:
        recipients = ["%s@%s" % (alias, domain) for alias in ["postmaster", "root", "mailman", "mailman-admin"]]
        for recipient in recipients:
            assert send(list_host, recipient, sender="gustav@example.org", data=letter(subject)).code == 250
    letters = sink.wait(8, since=mark, host=list_host, subject=subject)
    readers = [recipient for message in letters for recipient in message.rcpt_tos]
    assert sorted(readers) == ["mailman-administrator@example.net"] * 4 + ["postmaster@example.org"] * 4


def test_list_made_with_mailmans_own_tools(list_host, internet, dialogue, exim, mailman, post):
    """It receives mail at once, and ceases to as soon as it is removed; Exim notices nothing."""

    def is_known():
        address = "brand-new@list.example.com"
        return dialogue(internet, list_host.ip, "ida@example.edu", address)[address][0] == 250

    configuration, pid = list_host.file(exim.configuration).content_string, exim.pid()
    assert not is_known()
    mailman.tool("newlist -q brand-new owner@example.org secret")
    mailman.add_members("brand-new", "ida@example.edu")
    [copy], _message_id = post("brand-new", copies=1, sender="ida@example.edu")
    assert copy.rcpt_tos == ["ida@example.edu"]
    mailman.remove_list("brand-new")
    assert not is_known()
    assert (list_host.file(exim.configuration).content_string, exim.pid()) == (configuration, pid)


def test_a_failing_wrapper_delays_mail_and_loses_none(list_host, exim, mailman, write, sink):
    subject = "in spite of all " + uuid.uuid4().hex
    incoming = mailman.queue + "/in"
    list_host.check_output("chmod 0555 " + incoming)
    try:
        mark = write("dora@example.org", "open", subject)
        eventually(lambda: re.search(r" == open@list\.example\.com .*mailman_transport.*defer", exim.log()))
    finally:
        list_host.check_output("chmod 2775 " + incoming)
    assert not sink.messages(mark, list_host, subject=subject)
    list_host.check_output("exim -qff")
    copies = sink.wait(3, since=mark, host=list_host, subject=subject)
    assert len(copies) == 3
