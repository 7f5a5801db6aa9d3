# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Apache serves and what it does not, whatever Mailman's pages say."""

import gzip
import re
import subprocess

import pytest
from conftest import DOUBLE

LATIN = b'<META http-equiv="Content-Type" content="text/html; charset=iso-8859-1">'
POLICY = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
CONTENT = {
    "news/2026-November/000000.html": b"<html><head>" + LATIN + b"</head><body>Gr\xfc\xdfe</body></html>",
    "news/2026-November/utf8.html": b"<html><head>" + LATIN.replace(b"iso-8859-1", b"utf-8") + b"</head><body>Gr\xc3\xbc\xc3\x9fe</body></html>",
    "news/2026-November.txt.gz": gzip.compress(b"From gustav@example.org\n"),
    "news/2026-November.mbox": b"From gustav@example.org\n",
    "news/attachments/20261126/0001/picture.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>document.title="run"</script></svg>',
    "news/2026-January/000001.html": b"what was taken down",
    "staff/2026-November/000000.html": b"what members may read",
}


@pytest.fixture(scope="module", autouse=True)
def archived(archives):
    for path, content in CONTENT.items():
        archives(path, content)


@pytest.mark.parametrize(
    ("path", "goal"),
    [
        ("/", "/mailman/listinfo"),
        ("/mailman", "/mailman/listinfo"),
        ("/mailman/", "/mailman/listinfo"),
        ("/cgi-bin/mailman/listinfo/news", "/mailman/listinfo/news"),
        ("/cgi-bin/mailman/", "/mailman/listinfo"),
    ],
)
def test_old_and_short_paths(site, path, goal):
    answer = site.ask(path)
    for _hop in range(2):
        if answer.status in (301, 302) and answer.headers["Location"] != site.url + goal:
            answer = site.ask(answer.headers["Location"].removeprefix(site.url))
    assert answer.headers["Location"] == site.url + goal


@pytest.mark.parametrize("path", ["/mailman/listinfo/news?language=de", "/pipermail/news/", "/"])
def test_http_leads_to_https(site, path):
    answer = site.ask(path, port=80)
    assert answer.status == 301
    assert answer.headers["Location"] in (site.url + path, site.url + "/mailman/listinfo")


def test_http_never_runs_a_program(site):
    assert site.ask("/mailman/admin/news", {"adminpw": "news for the tests"}, port=80).status in (301, 308, 403)


@pytest.mark.parametrize("program", ["admin/news", "admindb/news", "confirm/news", "create", "edithtml/news", "listinfo", "listinfo/news", "rmlist/news"])
def test_programs_run_as_the_group_that_they_expect(site, program):
    answer = site.ask("/mailman/" + program)
    assert answer.status == 200
    assert "Mailman CGI error!!!" not in answer.page
    if DOUBLE:
        assert "the test double of Mailman" in answer.page


def test_unknown_list(site):
    assert site.ask("/mailman/listinfo/no-such-list").status == 404


@pytest.mark.parametrize("port", [80, 443])
@pytest.mark.parametrize("path", ["/mailman/listinfo", "/pipermail/news/2026-November/000000.html", "/"])
def test_other_names_show_nothing_of_mailman(list_host, site, path, port):
    """Neither its address nor a name that somebody lets point here."""
    for name in ("evil.example.org", list_host.ip):
        answer = site.ask(path, port=port, Host=name)
        assert answer.status == 404, answer.headers["Location"]
        assert not re.search("listinfo|Gr.{1,2}.{1,2}e|double of Mailman", answer.page)
        assert "evil" not in str(answer.headers)


def test_host_with_a_port_and_in_capitals(site):
    assert site.ask("/mailman/listinfo/news", Host=site.name.upper() + ":443").status == 200


@pytest.mark.parametrize(
    "path", ["/mailman/listinfo", "/mailman/admin/news", "/mailman/private/staff/", "/pipermail/news/2026-November/000000.html", "/mailman/no-such"]
)
def test_headers(site, path):
    headers = site.ask(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] in ("same-origin", "no-referrer", "strict-origin", "origin")
    assert headers.get_all("Content-Security-Policy") == [POLICY]


def test_headers_of_other_pages(site):
    assert site.ask("/no-such").headers.get_all("Content-Security-Policy") == [POLICY]


@pytest.mark.parametrize(("program", "field"), [("admin/news", "adminpw"), ("private/news/", "password")])
def test_cookies_are_kept_from_scripts_and_other_sites(site, program, field):
    answer = site.ask("/mailman/" + program, {field: "news for the tests", "submit": "Let me in"})
    [cookie] = answer.headers.get_all("Set-Cookie")
    words = {word.strip().lower() for word in cookie.split(";")[1:]}
    assert {"secure", "httponly", "samesite=lax", "path=/mailman/"} <= words


def test_address_cannot_be_forged(list_host, site, mailman):
    """Mailman believes headers before the address of the connection."""
    forged = {"X_Forwarded_For": "198.51.100.9", "Forwarded_For": "198.51.100.8", "Forwarded": "for=198.51.100.7"}
    answer = site.ask("/mailman/admin/news", {"adminpw": "forged"}, **forged)
    assert answer.status == 401
    last = list_host.check_output("tail -n 1 %s/security" % mailman("print json.dumps(mm_cfg.LOG_DIR)"))
    assert re.fullmatch(r".*Authorization failed \(admin\): list=news: remote=[0-9.]+", last)
    assert "198.51.100" not in last
    if DOUBLE:
        assert "FORWARDED" not in answer.page


def test_public_archive(site):
    assert site.ask("/pipermail/news/2026-November/000000.html").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/pipermail/staff/2026-November/000000.html", "/pipermail/../private/staff/2026-November/000000.html",
        "/pipermail/news/../staff/2026-November/000000.html", "/pipermail/%2e%2e/private/staff/2026-November/000000.html", "/pipermail/staff.mbox/staff.mbox",
        "/private/staff/2026-November/000000.html",
    ],
)  # fmt: skip
def test_private_archive_is_closed(site, path):
    answer = site.ask(path)
    assert answer.status in (400, 403, 404)
    assert "what members may read" not in answer.page


def test_private_archive_asks_for_a_password(site):
    answer = site.ask("/mailman/private/staff/2026-November/000000.html")
    assert 'name="password"' in answer.page.lower()
    assert "what members may read" not in answer.page


@pytest.mark.parametrize(("name", "said"), [("000000.html", "Gr\xfc\xdfe"), ("utf8.html", "Gr\xc3\xbc\xc3\x9fe")])
def test_pages_say_their_charset_themselves(site, name, said):
    answer = site.ask("/pipermail/news/2026-November/" + name)
    assert answer.headers["Content-Type"] == "text/html"
    assert said in answer.page


@pytest.mark.parametrize("name", ["2026-November.txt.gz", "2026-November.mbox"])
def test_text_and_mailboxes_are_downloads(site, name):
    """As they are: a browser neither shows nor unpacks them."""
    answer = site.ask("/pipermail/news/" + name)
    assert answer.status == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Encoding"] is None
    assert answer.page.encode("latin-1") == CONTENT["news/" + name]


def test_a_posters_script_does_not_run(browser, site):
    path = "/pipermail/news/attachments/20261126/0001/picture.svg"
    assert site.ask(path).headers["Content-Type"] == "image/svg+xml"
    browser.open(site.url + path)
    # It was shown, and the policy kept its script from running.
    assert [said for said in browser.complaints() if "Content Security Policy" in said]
    assert browser.title != "run"


@pytest.mark.parametrize(
    "path", ["/pipermail/news/attachments/", "/pipermail/", "/icons/", "/mailman/listinfo/../../bin/", "/server-status", "/.ht", "/cgi-bin/"]
)
def test_no_directory_is_listed(site, path):
    answer = site.ask(path)
    assert answer.status in (301, 302, 400, 403, 404)
    assert "Index of" not in answer.page


def test_icons(site):
    answer = site.ask("/icons/mailman.jpg")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")


@pytest.mark.parametrize(
    ("archive", "status"), [("pipermail/news", 451), ("mailman/private/news", 451), ("mailman/private/News", 451), ("mailman/private/news%01", 404)]
)
def test_what_was_taken_down(site, archive, status):
    answer = site.ask("/%s/2026-January/000001.html" % archive)
    assert answer.status == status
    assert "what was taken down" not in answer.page


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE"])
def test_methods(site, method):
    assert site.ask("/mailman/listinfo", method=method).status in (403, 405, 501)


def test_certificate(list_host, site):
    """Of the name, for at least a year, and its key is root's."""
    _connection, certificate = site.connect()
    told = subprocess.run(
        ["openssl", "x509", "-inform", "DER", "-noout", "-checkend", str(300 * 86400), "-ext", "subjectAltName"],
        input=certificate,
        capture_output=True,
        check=False,
    )
    assert told.returncode == 0, told
    assert b"DNS:" + site.name.encode() in told.stdout
    assert list_host.check_output("stat -c '%a %U' /etc/listhost/web.key") in ("600 root", "640 root", "400 root")


def test_lists_know_their_address(site, mailman):
    urls = "print json.dumps([MailList(name, lock=0).web_page_url for name in ('news', 'staff', 'mailman')])"
    assert mailman(urls) == [site.url + "/mailman/"] * 3
    assert mailman("print json.dumps(MailList('news', lock=0).GetBaseArchiveURL())") == site.url + "/pipermail/news/"


def test_the_overview_has_the_hosts_lists(site):
    page = site.ask("/mailman/listinfo").page
    assert set(re.findall(r'listinfo/([a-z]+)"', page)) == {"news", "staff"}


def test_units(list_host):
    unit = list_host.service("httpd" if list_host.name == "el8" else "apache2")
    assert unit.is_running
    assert unit.is_enabled
