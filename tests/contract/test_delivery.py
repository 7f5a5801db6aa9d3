# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Posts on their way to the members: what goes over SMTP, and in which envelopes."""

import email
import quopri
import re

import pytest
from conftest import PREFIX, header, message
from module_utils._mailman_target import long_lines

BOUNCES = "post-bounces@list.example.com"


@pytest.fixture(scope="module")
def name(installed):
    return installed.newlist("post", ["member@example.org", "Other@example.net"])


def envelopes(mails):
    """(sender, recipients) of each message, in an order that does not depend on Mailman's."""
    return sorted((mail["sender"], sorted(mail["recipients"])) for mail in mails)


def log(mailman, name):
    return mailman.read(f"{PREFIX}/logs/{name}")


# ---- What a member gets


def test_plain_post(mailman, name):
    mails = mailman.post(name)
    assert envelopes(mails) == [(BOUNCES, ["Other@example.net", "member@example.org"])]
    text = mails[0]["message"]
    for field, value in {
        "From": "member@example.org",
        "To": "post@list.example.com",
        "Subject": "[Post] About something",
        "Message-ID": "<contract@example.org>",
        "Errors-To": BOUNCES,
        "Sender": f'"Post" <{BOUNCES}>',
        "Precedence": "list",
        "X-BeenThere": "post@list.example.com",
        "List-Id": "<post.list.example.com>",
        "List-Post": "<mailto:post@list.example.com>",
        "List-Help": "<mailto:post-request@list.example.com?subject=help>",
        "List-Archive": "<http://www.example.com/pipermail/post/>",
        "List-Subscribe": "<http://www.example.com/mailman/listinfo/post>, <mailto:post-request@list.example.com?subject=subscribe>",
        "List-Unsubscribe": "<http://www.example.com/mailman/options/post>, <mailto:post-request@list.example.com?subject=unsubscribe>",
    }.items():
        assert header(text, field) == [value], field
    assert re.match(r"2\.1\.39", header(text, "X-Mailman-Version")[0])
    assert "\r\n\r\nHello.\r\n-- \r\nPost mailing list" in text


def test_log_of_a_post(mailman, name):
    mailman.post(name)
    stamp = r"^\w{3} \d\d \d\d:\d\d:\d\d \d{4} \(\d+\) "
    last = log(mailman, "smtp").splitlines()[-1]
    assert re.fullmatch(stamp + r"<contract@example\.org> smtp to post for 2 recips, completed in \d+\.\d{3} seconds", last)
    last = log(mailman, "post").splitlines()[-1]
    assert re.fullmatch(stamp + r"post to post from member@example\.org, size=\d+, message-id=<contract@example\.org>, success", last)


def test_old_errors_to_and_sender_are_replaced(mailman, name):
    text = mailman.post(name, headers="Errors-To: x@example.org\nSender: y@example.org\n")[0]["message"]
    assert header(text, "Errors-To") == [BOUNCES]
    assert header(text, "Sender") == [f'"Post" <{BOUNCES}>']


def test_description_in_list_id(mailman):
    mailman.newlist("described", ["member@example.org"], description="A description")
    text = mailman.post("described")[0]["message"]
    assert header(text, "List-Id") == ["A description <described.list.example.com>"]


def test_reply_in_the_subject(mailman, name):
    mailman.clear_mail()
    mailman.wrapper(f"post {name}", message(name).replace("Subject: ", "Subject: Re: [Post] "))
    mailman.flush("Incoming", "Outgoing")
    assert header(mailman.mail()[0]["message"], "Subject") == ["Re: [Post] About something"]


def test_reply_goes_to_list(mailman):
    mailman.newlist("replies", ["member@example.org"], reply_goes_to_list=1)
    assert header(mailman.post("replies")[0]["message"], "Reply-To") == ["replies@list.example.com"]


def test_archive(mailman, name):
    mailman.post(name)
    mailman.run(f"cd {PREFIX}; while ls qfiles/archive/*.pck >/dev/null 2>&1; do bin/qrunner -o -r Arch || exit; done")
    mbox = mailman.read(f"{PREFIX}/archives/private/post.mbox/post.mbox")
    assert mbox.startswith("From ")
    assert "\nMessage-ID: <contract@example.org>\n" in mbox


def test_members_who_get_no_post(mailman):
    """Disabled, digest, named in To already, not wanting their own."""
    names = ["plain", "disabled", "digest", "direct", "member"]
    mailman.newlist("some", [f"{name}@example.org" for name in names])
    mailman.python(
        "m = MailList.MailList('some')\nm.setDeliveryStatus('disabled@example.org', MemberAdaptor.BYADMIN)\n"
        "m.setMemberOption('digest@example.org', mm_cfg.Digests, 1)\n"
        "m.setMemberOption('member@example.org', mm_cfg.DontReceiveOwnPosts, 1)\nm.Save()\nm.Unlock()"
    )
    mails = mailman.post("some", headers="Cc: direct@example.org\n")
    assert envelopes(mails) == [("some-bounces@list.example.com", ["plain@example.org"])]


def test_digest(mailman):
    mailman.newlist("digests", ["reader@example.org"])
    mailman.python(
        "m = MailList.MailList('digests')\nm.setMemberOption('reader@example.org', mm_cfg.Digests, 1)\nm.generic_nonmember_action = 0\nm.Save()\nm.Unlock()"
    )
    assert mailman.post("digests") == []
    mailman.run(f"python2.7 -S {PREFIX}/cron/senddigests -l digests")
    mailman.flush("Virgin", "Outgoing")
    mails = mailman.mail()
    assert envelopes(mails) == [("digests-bounces@list.example.com", ["reader@example.org"])]
    assert header(mails[0]["message"], "Subject") == ["Digests Digest, Vol 1, Issue 1"]
    assert "Hello." in mails[0]["message"]


LONG = "word " * 400 + "end"
QUOTED = "MIME-Version: 1.0\nContent-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: quoted-printable\n"
# As a mail program writes it: no line over 76.
QUOTED_BODY = quopri.encodestring(LONG.encode()).decode() + "\n"


def longest(text):
    return max(len(line) for line in text.split("\r\n"))


def paragraph_of(text):
    """The long paragraph, wherever in a message it is."""
    parts = [part.get_payload(decode=True).decode() for part in email.message_from_string(text).walk() if not part.is_multipart()]
    return [line for part in parts for line in part.splitlines() if "word" in line]


def test_text_in_ascii_is_decoded_for_the_footer(mailman, name):
    """Whatever came in, one long line leaves: that is what has to be mended."""
    text = mailman.post(name, headers=QUOTED, body=QUOTED_BODY)[0]["message"]
    assert longest(text) == len(LONG)


@pytest.mark.parametrize("attributes", [{}, {"msg_footer": ""}, {"personalize": 1}, {"msg_footer": "", "scrub_nondigest": 1}], ids=str)
def test_long_line_is_encoded(mailman, attributes):
    name = mailman.newlist("long" + "-".join(attributes).replace("_", ""), ["member@example.org"], **attributes)
    mailman.settings()
    mailman.run(f"cat >>{PREFIX}/Mailman/mm_cfg.py", stdin=long_lines.render())
    text = mailman.post(name, headers=QUOTED, body=QUOTED_BODY)[0]["message"]
    assert longest(text) <= 200
    assert paragraph_of(text) == [LONG]


@pytest.mark.parametrize("plain", [0, 1])
def test_long_line_is_encoded_in_digests(mailman, plain):
    name = mailman.newlist(f"longdigest{plain}", ["reader@example.org"], generic_nonmember_action=0)
    mailman.python(
        f"m = MailList.MailList({name!r})\nm.setMemberOption('reader@example.org', mm_cfg.Digests, 1)\n"
        f"m.setMemberOption('reader@example.org', mm_cfg.DisableMime, {plain})\nm.Save()\nm.Unlock()"
    )
    mailman.settings()
    mailman.run(f"cat >>{PREFIX}/Mailman/mm_cfg.py", stdin=long_lines.render())
    assert mailman.post(name, headers=QUOTED, body=QUOTED_BODY) == []
    mailman.run(f"python2.7 -S {PREFIX}/cron/senddigests -l {name}")
    mailman.flush("Virgin", "Outgoing")
    text = mailman.mail()[0]["message"]
    assert longest(text) <= 200
    assert LONG in paragraph_of(text)


def test_from_is_list(mailman):
    """The list's address in From, for DMARC; replies still find the author."""
    mailman.newlist("munged", ["member@example.org"], from_is_list=1)
    text = mailman.post("munged", sender="Some Body <member@example.org>")[0]["message"]
    assert header(text, "From") == ["Some Body via Munged <munged@list.example.com>"]
    assert header(text, "Reply-To") == ["Some Body <member@example.org>"]


def test_wrapped(mailman):
    mailman.newlist("wrapping", ["member@example.org"], from_is_list=2)
    text = mailman.post("wrapping", sender="Some Body <member@example.org>")[0]["message"]
    assert header(text, "From") == ["Some Body via Wrapping <wrapping@list.example.com>"]
    assert "\r\nContent-Type: message/rfc822" in text
    assert "\r\n\r\nFrom: Some Body <member@example.org>\r\n" in text


def test_dmarc_moderation_addresses(mailman):
    """Munged for these authors only."""
    mailman.newlist("dmarc", ["member@example.org"], dmarc_moderation_action=1, dmarc_moderation_addresses=["^member@"])
    assert header(mailman.post("dmarc")[0]["message"], "From")[0].endswith("<dmarc@list.example.com>")
    mailman.newlist("dmarc-reject", ["member@example.org"], dmarc_moderation_action=3, dmarc_moderation_addresses=["^member@"])
    assert envelopes(mailman.post("dmarc-reject")) == [("dmarc-reject-bounces@list.example.com", ["member@example.org"])]


@pytest.mark.parametrize(("policy", "kept", "renamed"), [(0, ["v=1"], []), (1, ["v=1"], []), (2, [], []), (3, [], ["v=1"])])
def test_dkim_headers(mailman, name, policy, kept, renamed):
    mailman.settings(REMOVE_DKIM_HEADERS=policy)
    text = mailman.post(name, headers="DKIM-Signature: v=1\n")[0]["message"]
    assert header(text, "DKIM-Signature") == kept
    assert header(text, "X-Mailman-Original-DKIM-Signature") == renamed


# ---- Recipients a message, messages a connection


@pytest.fixture(scope="module")
def big(installed):
    """12 members, 4 in .com, 4 in .org and .net, 4 elsewhere, which Mailman never mixes."""
    domains = ["example.com"] * 4 + ["example.org", "example.net"] * 2 + ["example.de", "example.info"] * 2
    members = [f"m{number}@{domain}" for number, domain in enumerate(domains)]
    return installed.newlist("big", members, generic_nonmember_action=0)


@pytest.mark.parametrize(
    ("limit", "sizes"),
    [(500, [4, 4, 4]), (3, [1, 1, 1, 3, 3, 3]), (4, [4, 4, 4]), (1, [1] * 12), (0, [12])],
)
def test_recipients_per_message(mailman, big, limit, sizes):
    mailman.settings(SMTP_MAX_RCPTS=limit)
    mails = mailman.post(big)
    assert sorted(len(mail["recipients"]) for mail in mails) == sizes
    assert len({recipient for mail in mails for recipient in mail["recipients"]}) == 12


@pytest.mark.parametrize(("limit", "sizes"), [(0, [12]), (5, [5, 5, 2]), (12, [12]), (1, [1] * 12)])
def test_messages_per_connection(mailman, big, limit, sizes):
    mailman.settings(SMTP_MAX_RCPTS=1, SMTP_MAX_SESSIONS_PER_CONNECTION=limit)
    connections = [mail["connection"] for mail in mailman.post(big)]
    assert [connections.count(number) for number in sorted(set(connections))] == sizes


def test_helo_is_the_host_name(mailman, name):
    """SMTP_HELO_HOST has no effect on connections without authentication; Python asks for the host's own name."""
    mailman.settings(SMTP_HELO_HOST="helo.example.com")
    assert {mail["helo"] for mail in mailman.post(name)} == {"list.example.com"}


# ---- VERP


def verped(list_name, *recipients):
    return sorted((f"{list_name}-bounces+{recipient.lower().replace('@', '=')}@list.example.com", [recipient]) for recipient in recipients)


def test_verp_by_mailman(mailman, name):
    mailman.settings(VERP_DELIVERY_INTERVAL=1)
    mails = mailman.post(name)
    assert envelopes(mails) == verped("post", "member@example.org", "Other@example.net")
    for mail in mails:
        assert header(mail["message"], "Errors-To") == [mail["sender"]]
        assert header(mail["message"], "Sender") == [f'"Post" <{mail["sender"]}>']


def test_verp_every_third_post(mailman):
    mailman.newlist("third", ["member@example.org"])
    mailman.settings(VERP_DELIVERY_INTERVAL=3)
    plain = [("third-bounces@list.example.com", ["member@example.org"])]
    each = [envelopes(mailman.post("third")) for dummy in range(6)]
    # The count is that of the post before it is counted itself, and it begins at 1.
    assert [post == plain for post in each].count(False) == 2
    verped_posts = [number for number, post in enumerate(each) if post == verped("third", "member@example.org")]
    assert verped_posts[1] - verped_posts[0] == 3


def test_plus_in_the_recipient(mailman):
    mailman.newlist("plus", ["user+tag@example.org"], generic_nonmember_action=0)
    mailman.settings(VERP_DELIVERY_INTERVAL=1)
    assert envelopes(mailman.post("plus")) == verped("plus", "user+tag@example.org")


def test_personalized_without_verp(mailman):
    """One message for each member, all from the same sender."""
    mailman.newlist("personal", ["member@example.org", "other@example.org"], personalize=1, msg_footer="for %(user_address)s")
    mails = mailman.post("personal")
    sender = "personal-bounces@list.example.com"
    assert envelopes(mails) == [(sender, ["member@example.org"]), (sender, ["other@example.org"])]
    for mail in mails:
        assert f"\r\nfor {mail['recipients'][0]}" in mail["message"]
        assert header(mail["message"], "To") == ["personal@list.example.com"]


def test_personalized_with_verp(mailman):
    mailman.newlist("personal2", ["member@example.org", "other@example.org"], personalize=2)
    mailman.settings(VERP_PERSONALIZED_DELIVERIES=1)
    mails = mailman.post("personal2")
    assert envelopes(mails) == verped("personal2", "member@example.org", "other@example.org")
    for mail in mails:
        assert header(mail["message"], "To") == mail["recipients"]
        assert header(mail["message"], "Cc") == ["personal2@list.example.com"]
        assert header(mail["message"], "Errors-To") == [mail["sender"]]


def test_personalized_deliveries_leave_other_lists_alone(mailman, name):
    mailman.settings(VERP_PERSONALIZED_DELIVERIES=1)
    assert len(mailman.post(name)) == 1


@pytest.mark.parametrize("on", [0, 1])
def test_welcome_is_verped_with_personalized_deliveries(mailman, on):
    mailman.settings(VERP_PERSONALIZED_DELIVERIES=on)
    mailman.newlist(f"welcome{on}")
    mailman.clear_mail()
    mailman.tool(f"add_members -r - -w y -a n welcome{on}", stdin="new@example.org\n")
    mailman.flush("Virgin", "Outgoing")
    (mail,) = mailman.mail()
    extra = "+new=example.org" if on else ""
    assert mail["sender"] == f"welcome{on}-bounces{extra}@list.example.com"
    assert header(mail["message"], "Subject") == [f'Welcome to the "Welcome{on}" mailing list']
    assert header(mail["message"], "X-List-Administrivia") == ["yes"]
    assert header(mail["message"], "Precedence") == ["bulk"]
    assert header(mail["message"], "List-Post") == []


@pytest.mark.parametrize("on", [0, 1])
def test_password_reminders(mailman, on):
    mailman.settings(VERP_PASSWORD_REMINDERS=on)
    mailman.newlist(f"reminded{on}", [f"forgetful{on}@example.org"])
    mailman.clear_mail()
    mailman.run(f"python2.7 -S {PREFIX}/cron/mailpasswds -l reminded{on}")
    mailman.flush("Virgin", "Outgoing")
    (mail,) = mailman.mail()
    extra = f"+forgetful{on}=example.org" if on else ""
    assert (mail["sender"], mail["recipients"]) == (
        f"mailman-bounces{extra}@list.example.com",
        [f"forgetful{on}@example.org"],
    )
    assert header(mail["message"], "Subject") == ["list.example.com mailing list memberships reminder"]


# ---- What does not get through at once


def test_refused_recipient_scores_a_bounce(mailman):
    mailman.newlist("refused", ["good@example.org", "refuse@example.org"], generic_nonmember_action=0)
    mails = mailman.post("refused")
    assert envelopes(mails) == [("refused-bounces@list.example.com", ["good@example.org"])]
    assert log(mailman, "smtp-failure").splitlines()[-1].endswith("delivery to refuse@example.org failed with code 550: no such user")
    assert log(mailman, "post").splitlines()[-1].endswith("message-id=<contract@example.org>, 1 failures")
    score = "result(MailList.MailList('refused', lock=0).getBounceInfo('refuse@example.org').score)"
    assert mailman.python(score) == 1.0
    assert log(mailman, "bounce").splitlines()[-1].endswith("refused: refuse@example.org bounce score: 1.0")


def test_a_message_that_is_refused_scores_nobody(mailman):
    """Unlike a recipient. It is lost, and the log says why."""
    mailman.newlist("strict", ["member@example.org"], generic_nonmember_action=0)
    assert mailman.post("strict", headers=QUOTED, body=QUOTED_BODY) == []
    assert "SMTP session failure: 550, line too long, msgid: <contract@example.org>" in log(mailman, "smtp-failure")
    assert mailman.run(f"find {PREFIX}/qfiles -name '*.pck' -path '*/retry/*' -o -name '*.pck' -path '*/shunt/*'").stdout == ""
    assert mailman.python("result(MailList.MailList('strict', lock=0).bounce_info)") == {}


def test_deferred_recipient_waits(mailman):
    mailman.newlist("deferred", ["good@example.org", "defer@example.org"], generic_nonmember_action=0)
    assert envelopes(mailman.post("deferred")) == [("deferred-bounces@list.example.com", ["good@example.org"])]
    code = f"""
import cPickle, glob, time
(path,) = glob.glob({PREFIX!r} + '/qfiles/retry/*.pck')
stream = open(path)
cPickle.load(stream)
data = cPickle.load(stream)
result([data['recips'], round((data['deliver_after'] - time.time()) / 60), data['listname']])
"""
    recips, minutes, listname = mailman.python(code)
    assert (recips, listname) == (["defer@example.org"], "deferred")
    assert 58 <= minutes <= 60
    assert mailman.python("result(MailList.MailList('deferred', lock=0).bounce_info)") == {}
    mailman.clear_mail()


def test_server_that_is_down(mailman, name):
    """Nobody bounces; the message waits for an hour and the log says why."""
    mailman.settings(SMTPPORT=2)
    assert mailman.post(name) == []
    assert len(mailman.run(f"ls {PREFIX}/qfiles/retry").stdout.splitlines()) == 1
    text = log(mailman, "smtp-failure")
    assert "Low level smtp error: [Errno 111] Connection refused, msgid: <contract@example.org>" in text
    assert "delivery to member@example.org failed with code -1: [Errno 111] Connection refused" in text
    assert mailman.python(f"result(MailList.MailList({name!r}, lock=0).bounce_info)") == {}
    mailman.clear_mail()


def test_how_long_it_waits_is_a_setting(mailman, name):
    """And for how long the queue runner sleeps between its looks is none."""
    mailman.settings(SMTPPORT=2, DELIVERY_RETRY_WAIT=0)
    mailman.post(name)
    assert len(mailman.run(f"ls {PREFIX}/qfiles/retry").stdout.splitlines()) == 1
    mailman.settings(DELIVERY_RETRY_WAIT=0)
    mailman.flush("Retry", "Outgoing")
    assert [mail["sender"] for mail in mailman.mail()] == [BOUNCES]


# ---- Moderation


def held(mailman, list_name):
    """Reasons of the posts that wait."""
    return mailman.python(
        f"m = MailList.MailList({list_name!r})\n"
        "try:\n    found = [m.GetRecord(number)[3] for number in m.GetHeldMessageIds()]\nfinally:\n    m.Unlock()\nresult(found)"
    )


def test_stranger_is_held(mailman):
    mailman.newlist("closed", ["member@example.org"])
    mails = mailman.post("closed", sender="stranger@example.org")
    assert envelopes(mails) == [
        ("closed-bounces@list.example.com", ["closed-owner@list.example.com"]),
        ("closed-bounces@list.example.com", ["stranger@example.org"]),
    ]
    subjects = {mail["recipients"][0]: header(mail["message"], "Subject") for mail in mails}
    assert subjects == {
        "closed-owner@list.example.com": ["Closed post from stranger@example.org requires approval"],
        "stranger@example.org": ["Your message to Closed awaits moderator approval"],
    }
    assert held(mailman, "closed") == ["Post by non-member to a members-only list"]
    assert mailman.run(f"stat -c '%a %G' {PREFIX}/data/heldmsg-closed-1.pck").stdout.split() == ["660", "list"]
    assert mailman.exists(f"{PREFIX}/lists/closed/request.pck")
    assert (
        log(mailman, "vette")
        .splitlines()[-1]
        .endswith("Closed post from stranger@example.org held, message-id=<contract@example.org>: Post by non-member to a members-only list")
    )


def cookie_of(mails):
    return re.search(r"^Subject: confirm ([0-9a-f]{40})", "\n".join(mail["message"] for mail in mails), re.MULTILINE).group(1)


@pytest.mark.parametrize(("line", "delivered"), [("Approved: secret\n", True), ("", False)])
def test_held_post_is_approved_or_discarded_by_mail(mailman, line, delivered):
    list_name = f"held{int(delivered)}"
    mailman.newlist(list_name, ["member@example.org"])
    cookie = cookie_of(mailman.post(list_name, sender="stranger@example.org"))
    mailman.clear_mail()
    mailman.wrapper(
        f"request {list_name}",
        f"From: owner@example.com\nTo: {list_name}-request@list.example.com\nSubject: Re: confirm {cookie}\n{line}\n\n",
    )
    mailman.flush("Command", "Incoming", "Outgoing")
    assert held(mailman, list_name) == []
    assert not mailman.exists(f"{PREFIX}/data/heldmsg-{list_name}-1.pck")
    recipients = [mail["recipients"] for mail in mailman.mail()]
    assert (["member@example.org"] in recipients) == delivered
    mailman.clear_mail()


@pytest.mark.parametrize(
    ("attributes", "headers", "body", "reason"),
    [
        ({"max_message_size": 1}, "", "x\n" * 2000, "Message body is too big: 4000 bytes with a limit of 1 KB"),
        ({}, "", "unsubscribe\n", "Message may contain administrivia"),
        ({"max_num_recipients": 3}, "Cc: a@example.org, b@example.org\n", "Hello.\n", "Too many recipients to the message"),
        ({"bounce_matching_headers": "x-bad: yes"}, "X-Bad: yes\n", "Hello.\n", "Message has a suspicious header"),
        ({"max_message_size": 0, "max_num_recipients": 0}, "", "x\n" * 50000, None),
    ],
)
def test_member_is_held(mailman, attributes, headers, body, reason):
    mailman.run(f"{PREFIX}/bin/rmlist -a strict", rc=None)
    mailman.newlist("strict", ["member@example.org"], **attributes)
    mailman.post("strict", headers=headers, body=body)
    assert [" ".join(text.split()) for text in held(mailman, "strict")] == ([reason] if reason else [])


def test_implicit_destination_is_held(mailman, name):
    mailman.clear_mail()
    mailman.wrapper(f"post {name}", message("somebody-else"))
    mailman.flush("Incoming", "Virgin", "Outgoing")
    assert held(mailman, name) == ["Message has implicit destination"]
    mailman.newlist("aliased", ["member@example.org"], acceptable_aliases="^somebody.*")
    mailman.clear_mail()
    mailman.wrapper("post aliased", message("somebody-else"))
    mailman.flush("Incoming", "Outgoing")
    assert [mail["recipients"] for mail in mailman.mail()] == [["member@example.org"]]


def test_moderated_member(mailman):
    mailman.newlist("moderated", ["member@example.org"], default_member_moderation=1)
    mailman.python("m = MailList.MailList('moderated')\nm.setMemberOption('member@example.org', 128, 1)\nm.Save()\nm.Unlock()")
    mailman.post("moderated")
    assert held(mailman, "moderated") == ["Post to moderated list"]


@pytest.mark.parametrize(
    ("attributes", "recipients"),
    [
        ({"generic_nonmember_action": 0}, [["member@example.org"]]),
        ({"generic_nonmember_action": 2}, [["stranger@example.org"]]),
        ({"generic_nonmember_action": 3}, []),
        ({"accept_these_nonmembers": ["^.*@example.org"]}, [["member@example.org"]]),
        ({"discard_these_nonmembers": ["stranger@example.org"]}, []),
        ({"reject_these_nonmembers": ["stranger@example.org"]}, [["stranger@example.org"]]),
        ({"emergency": 1, "generic_nonmember_action": 0}, []),
    ],
)
def test_strangers(mailman, attributes, recipients):
    mailman.run(f"{PREFIX}/bin/rmlist -a strangers", rc=None)
    mailman.newlist("strangers", ["member@example.org"], forward_auto_discards=0, **attributes)
    assert [mail["recipients"] for mail in mailman.post("strangers", sender="stranger@example.org")] == recipients


def test_approved_header(mailman):
    """The list's password lets a stranger post, and is not passed on."""
    mailman.newlist("approved", ["member@example.org"])
    (mail,) = mailman.post("approved", sender="stranger@example.org", headers="Approved: secret\n")
    assert mail["recipients"] == ["member@example.org"]
    assert "secret" not in mail["message"]


def test_loop_is_discarded(mailman, name):
    assert mailman.post(name, headers="X-BeenThere: post@list.example.com\n") == []
    assert "Message discarded, msgid: <contract@example.org>" in "\n".join(log(mailman, "vette").splitlines()[-3:])


# ---- To the owners


def test_owner(mailman):
    """As it came, to owners and moderators, with the site's address for what bounces."""
    mailman.newlist("owned", owner=["owner@example.com", "second@example.com"], moderator=["moderator@example.com"])
    mailman.clear_mail()
    mailman.wrapper("owner owned", message("owned-owner", sender="stranger@example.org"))
    mailman.flush("Incoming", "Outgoing")
    (mail,) = mailman.mail()
    assert mail["sender"] == "mailman-bounces@list.example.com"
    assert sorted(mail["recipients"]) == ["moderator@example.com", "owner@example.com", "second@example.com"]
    assert header(mail["message"], "Subject") == ["About something"]
    assert mail["message"].endswith("\r\n\r\nHello.\r\n")


def test_message_for_a_list_that_is_gone_is_shunted(mailman):
    mailman.newlist("gone")
    mailman.clear_mail()
    mailman.wrapper("post gone", message("gone"))
    mailman.run(f"rm -r {PREFIX}/lists/gone")
    mailman.flush("Incoming")
    assert len(mailman.run(f"ls {PREFIX}/qfiles/shunt").stdout.splitlines()) == 1
    assert "Dequeuing message destined for missing list: gone" in log(mailman, "error")
    mailman.clear_mail()


def test_multipart_without_parts_is_shunted(mailman, name):
    """After it was accepted: nobody hears of it."""
    mailman.clear_mail()
    mailman.wrapper(f"post {name}", message(name, headers='MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n', body="no parts\n"))
    mailman.flush("Incoming", "Outgoing")
    assert mailman.mail() == []
    assert mailman.run(f"ls {PREFIX}/qfiles/shunt").stdout.count(".pck") == 1
    assert "SHUNTING: " in log(mailman, "error")
    mailman.clear_mail()
