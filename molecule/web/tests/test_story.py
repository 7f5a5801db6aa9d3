# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person does in a browser, from the form to the archive. The tests stand in the order of that."""

import re
import time
import uuid

import pytest
from conftest import needs_mailman
from waiting import eventually

pytestmark = needs_mailman
NEWCOMER = "newcomer@example.edu"


@pytest.fixture
def owner(browser, site):
    """The browser, logged in as the list's owner."""
    browser.open(site.url + "/mailman/admin/news")
    browser.fill("input[name=adminpw]", "news for the tests")
    browser.follow("input[name=admlogin]")
    return browser


def test_pages_look_as_meant(browser, site):
    """Nothing on them is what the policy keeps the browser from."""
    browser.open(site.url + "/")
    assert browser.url == site.url + "/mailman/listinfo"
    assert "What everybody may read" in browser.text
    assert "Hidden" not in browser.text
    browser.picture("overview")
    browser.follow("link=News")
    assert browser.url == site.url + "/mailman/listinfo/news"
    assert browser.run("return [...document.images].every(image => image.naturalWidth > 0)")
    browser.picture("listinfo")
    assert [said for said in browser.complaints() if "favicon" not in said and "autofocus" not in said] == []


def test_subscribe(browser, site, ground, list_host, sink, mailman):
    address, mark = list_host.name + "-" + NEWCOMER, sink.mark()
    browser.open(site.url + "/mailman/listinfo/news")
    browser.fill("input[name=email]", address)
    # Whoever is faster is taken for a program.
    time.sleep(6)
    browser.follow("input[name=email-button]")
    assert "Your subscription request has been received" in browser.text
    [request] = sink.wait(1, since=mark, host=list_host, to=address)
    [link] = re.findall(r"https://\S+/confirm/\S+", request.content.get_payload(decode=True).decode())
    assert link.startswith(site.url + "/mailman/confirm/news/")
    browser.open(link)
    browser.picture("confirm")
    browser.follow("input[name=submit]")
    assert "successfully confirmed" in browser.text
    assert address in mailman("print json.dumps(MailList('news', lock=0).getMembers())")


def test_log_in_and_change_an_option(owner, site):
    description = "Changed in a browser " + uuid.uuid4().hex
    owner.picture("admin")
    owner.fill("input[name=description]", description)
    owner.follow("input[name=submit]")
    assert owner.value("input[name=description]") == description
    owner.open(site.url + "/mailman/listinfo")
    assert description in owner.text


def test_cookie(owner):
    [cookie] = [cookie for name, cookie in owner.cookies().items() if name == "news+admin"]
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, True, "Lax", "/mailman/")


def test_approve_a_held_post_and_read_it(owner, site, list_host, send, sink):
    subject, mark = "Held " + uuid.uuid4().hex, sink.mark()
    data = "From: gustav@example.org\nTo: news@lists.%s\nSubject: %s\nMessage-ID: <%s@example.org>\n\nA post.\n" % (list_host.fqdn, subject, uuid.uuid4())
    assert send(list_host, "news@lists." + list_host.fqdn, sender="gustav@example.org", data=data).code == 250

    def held():
        owner.open(site.url + "/mailman/admindb/news")
        return subject in owner.text

    eventually(held)
    owner.picture("admindb")
    owner.click("input[type=radio][name='senderaction-gustav%40example.org'][value='1']")
    owner.follow("input[name=submit]")
    assert sink.wait(2, since=mark, host=list_host, subject=subject)

    def archived():
        owner.open(site.url + "/pipermail/news/")
        if "Thread" not in owner.text:
            return False
        owner.follow("link=[ Thread ]")
        return subject in owner.text

    eventually(archived)
    owner.follow("link=[News] " + subject)
    assert "A post." in owner.text
    owner.picture("archive")


def test_log_out(owner, site):
    owner.follow("link=Logout")
    owner.open(site.url + "/mailman/admin/news")
    assert owner.value("input[name=adminpw]") == ""


def test_wrong_password(browser, site):
    browser.open(site.url + "/mailman/admin/news")
    browser.fill("input[name=adminpw]", "guessed")
    browser.follow("input[name=admlogin]")
    assert "Authorization failed" in browser.text


def test_private_archive_is_for_members(browser, site, archives, mailman):
    archives("staff/2026-November/000007.html", b"<html><body>what members may read</body></html>")
    password = mailman("print json.dumps(MailList('staff', lock=0).getMemberPassword('anna@example.org'))")
    browser.open(site.url + "/mailman/private/staff/2026-November/000007.html")
    assert "what members may read" not in browser.text
    browser.fill("input[name=username]", "anna@example.org")
    browser.fill("input[name=password]", password)
    browser.follow("input[name=submit]")
    assert "what members may read" in browser.text
    browser.picture("private")


def test_member_options(browser, site, mailman):
    password = mailman("print json.dumps(MailList('news', lock=0).getMemberPassword('anna@example.org'))")
    browser.open(site.url + "/mailman/options/news/anna%40example.org")
    browser.fill("input[name=password]", password)
    browser.follow("input[name=login]")
    browser.click("input[name=dontreceive][value='1']")
    browser.follow("input[name=options-submit]")
    assert "successfully set your options" in browser.text
