# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DKIM and DMARC: what subscribers' servers see of who a post is from."""

import collections
import re
import uuid

import dkim
import pytest
from conftest import letter


@pytest.fixture(scope="module")
def records(list_host, names):
    """What is to be published, as the DNS would have it: names and texts, from a zone file."""
    lines = list_host.check_output("cat /etc/%s/dkim/records.txt" % names.exim).splitlines()
    return {name: "".join(re.findall('"(.*?)"', strings)) for name, strings in (line.split(" IN TXT ") for line in lines)}


@pytest.fixture(scope="module")
def signer(records):
    """The domain that a message is signed for, with a signature that verifies; else None."""

    def signer(message):
        signatures = message.content.get_all("DKIM-Signature", [])
        if not signatures:
            return None
        [signature] = signatures
        assert dkim.verify(message.message.encode("latin-1"), dnsfunc=lambda name, timeout=5: records.get(name.decode(), "").encode() or None)
        return re.search(r"\bd=([^;\s]+)", signature).group(1)

    return signer


def test_records(records, list_host):
    assert sorted(records) == ["lists._domainkey.%s." % domain for domain in (list_host.fqdn, "list.example.com")]
    assert {text[:18] for text in records.values()} == {"v=DKIM1; k=rsa; p="}
    assert len(set(records.values())) == 2


def test_posts_are_signed_for_the_list_domain(post, signer):
    """Each copy, though its envelope sender and its Errors-To are made as it leaves."""
    copies = post()
    assert [signer(copy) for copy in copies] == ["list.example.com"] * 3
    assert len({copy.mail_from for copy in copies}) == 3


def test_who_wrote_it_cannot_be_changed_and_list_headers_can_be_added(post, signer, records):
    copy = post()[0]
    signed = re.sub(r"\s", "", re.search(r"\bh=([^;]+)", copy.content["DKIM-Signature"]).group(1)).lower().split(":")
    counts = collections.Counter(signed)
    assert (counts["from"], counts["subject"], counts["date"], counts["list-id"]) == (2, 2, 2, 1)
    assert [name for name in signed if name.startswith("list-") and counts[name] > len(copy.content.get_all(name, []))] == []
    found = copy.message.encode("latin-1")
    assert dkim.verify(b"List-Owner: <mailto:other@example.org>\r\n" + found, dnsfunc=lambda name, timeout=5: records[name.decode()].encode())
    assert not dkim.verify(b"From: other@example.org\r\n" + found, dnsfunc=lambda name, timeout=5: records[name.decode()].encode())


# What a signature vouches for when it is there. Others may add it where it is not: another list on the way, for one.
OPTIONAL = """Sender Reply-To Message-ID To Cc MIME-Version Content-Type Content-Transfer-Encoding In-Reply-To References
    List-Id List-Help List-Unsubscribe List-Unsubscribe-Post List-Subscribe List-Post List-Owner List-Archive""".split()
# What nobody may add to.
COMPLETE = ["From", "Subject", "Date"]


@pytest.fixture(scope="module")
def vouched(talk, list_host, sink, records):
    """Say whether the signature of a message with these headers still holds when it has come with others before, or instead."""

    def send(headers):
        subject, mark = "signed " + uuid.uuid4().hex, sink.mark()
        sender = "root@" + list_host.fqdn
        lines = {"From": sender, "Date": "Wed, 25 Nov 2026 18:00:00 +0000", "Subject": subject, **headers}
        data = "".join("%s: %s\n" % line for line in lines.items()) + "\nA test.\n"
        assert talk("berta@example.net", client=list_host, server="127.0.0.1", sender=sender, data=data).last[0] == 250
        [message] = sink.wait(1, since=mark, subject=subject)
        return message.message.encode("latin-1")

    def vouched(headers, change):
        message = send(headers) if str(headers) not in sent else sent[str(headers)]
        sent[str(headers)] = message
        return dkim.verify(change(message), dnsfunc=lambda name, timeout=5: records[name.decode()].encode())

    sent = {}
    return vouched


def test_headers_that_are_not_there_may_be_added_but_for_those_that_say_who_wrote_what_when(vouched):
    def add(name):
        return lambda message: b"%s: <x@example.org>\r\n%s" % (name.encode(), message)

    assert vouched({}, lambda message: message)
    # Exim itself has added a Message-ID.
    found = {name: vouched({}, add(name)) for name in OPTIONAL + COMPLETE}
    assert found == {**dict.fromkeys(OPTIONAL, True), **dict.fromkeys(COMPLETE, False)}


def test_headers_that_are_there_cannot_be_changed(vouched):
    headers = {name: "<y@example.org>" for name in OPTIONAL}
    headers.update({"MIME-Version": "1.0", "Content-Type": "text/plain", "Content-Transfer-Encoding": "7bit"})

    def change(name):
        return lambda message: re.sub(rb"(?im)^(%s:.*?)\r$" % name.encode(), rb"\1x\r", message)

    assert vouched(headers, lambda message: message)
    assert [name for name in OPTIONAL + COMPLETE if vouched(headers, change(name))] == []


def test_each_domain_has_its_own_key(talk, list_host, signer, sink):
    subject, mark = "from the host " + uuid.uuid4().hex, sink.mark()
    talk("berta@example.net", client=list_host, server="127.0.0.1", sender="root@" + list_host.fqdn, data=letter(subject))
    [message] = sink.wait(1, since=mark, subject=subject)
    assert signer(message) == list_host.fqdn


def test_mail_of_those_who_logged_in_is_signed(talk, certificate, list_host, signer, sink):
    subject, mark = "submitted " + uuid.uuid4().hex, sink.mark()
    how = {"port": 587, "tls": certificate, "auth": ["PLAIN", "anna", "open sesame"]}
    assert talk("berta@example.net", sender="anna@" + list_host.fqdn, data=letter(subject, sender="anna@" + list_host.fqdn), **how).last[0] == 250
    [message] = sink.wait(1, since=mark, subject=subject)
    assert signer(message) == list_host.fqdn


@pytest.mark.parametrize("sender", ["anna@example.org", "testlist-bounces@list.example.com"])
def test_what_others_send_through_an_alias_is_not_signed(talk, list_host, signer, sink, sender):
    """Else everybody could have it signed, with a list domain in the sender's address."""
    subject, mark = "forwarded " + uuid.uuid4().hex, sink.mark()
    assert talk("postmaster@" + list_host.fqdn, sender=sender, data=letter(subject, sender="testlist@list.example.com")).last[0] == 250
    [message] = sink.wait(1, since=mark, subject=subject)
    assert signer(message) is None


def test_other_senders_domains_are_not_signed(talk, list_host, signer, sink):
    subject, mark = "other domain " + uuid.uuid4().hex, sink.mark()
    talk("berta@example.net", client=list_host, server="127.0.0.1", sender="somebody@example.edu", data=letter(subject))
    [message] = sink.wait(1, since=mark, subject=subject)
    assert signer(message) is None


def test_keys_are_exims_alone(list_host, names):
    for domain in ("list.example.com", list_host.fqdn):
        file = list_host.file("/etc/%s/dkim/%s.pem" % (names.exim, domain))
        assert (file.user, file.group, oct(file.mode)) == ("root", names.exim_group, "0o640")


def test_posts_from_a_domain_with_a_dmarc_policy_come_from_the_list(post, signer):
    """example.edu says p=reject; the signature is aligned with the new From."""
    copies = post(sender="carla@example.edu")
    assert {copy.content["From"].split("<")[1] for copy in copies} == {"testlist@list.example.com>"}
    assert {signer(copy) for copy in copies} == {"list.example.com"}
    assert {copy.content["From"] for copy in post(sender="anna@example.org")} == {"anna@example.org"}


# Mailman's alone.
@pytest.mark.list_hosts("debian12")
def test_posts_come_from_the_list_when_the_inventory_says_so(post, signer, run_site, list_host):
    """Of everybody, in lists that are made with it."""
    munged = {"name": "munged", "owners": ["owner@example.org"], "members": ["anna@example.org"], "settings": {"generic_nonmember_action": 0}}
    stats, _results = run_site(list_host.name, mailman_from_is_list="munge", mailman_lists=[munged])
    assert stats[list_host.name]["failures"] == 0
    [copy] = post("munged", copies=1, sender="anna@example.org")
    assert copy.content["From"].endswith("<munged@list.example.com>")
    assert "anna@example.org" in copy.content["Reply-To"] + (copy.content["Cc"] or "")
    assert signer(copy) == "list.example.com"
    run_site(list_host.name)
