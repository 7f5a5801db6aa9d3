# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cgi-bin, which the web server runs: who may, what the programs see, and how they refuse."""

import email
import re
import shlex
import types
import urllib.parse

import pytest
from conftest import PREFIX

PROGRAMS = "admin admindb confirm create edithtml listinfo options private rmlist roster subscribe".split()
# What a wrong password is posted as.
LOGINS = {
    "admin": ("", {"adminpw": "wrong"}),
    "admindb": ("", {"adminpw": "wrong"}),
    "edithtml": ("", {"adminpw": "wrong", "admlogin": "Let me in..."}),
    "options": ("/member%40example.org", {"password": "wrong", "login": "Log in"}),
    "private": ("/", {"username": "member@example.org", "password": "wrong", "submit": "Let me in"}),
    "roster": ("", {"roster-email": "member@example.org", "roster-pw": "wrong"}),
}


@pytest.fixture(scope="module")
def name(installed):
    return installed.newlist("cgi-paged", ["member@example.org"])


@pytest.fixture(scope="module")
def cgi(installed):
    """Return a function that runs a program as the web server does, and tells its exit code, its status and headers as a server reads them, and its page."""

    def cgi(program, path="", form=None, method=None, group="www-data", rc=0, **variables):
        data = urllib.parse.urlencode(form or {})
        environment = {
            "REQUEST_METHOD": method or ("POST" if form else "GET"), "SCRIPT_NAME": "/mailman/" + program, "PATH_INFO": urllib.parse.unquote(path),
            "REQUEST_URI": "/mailman/" + program + path, "HTTP_HOST": "www.example.com", "SERVER_NAME": "www.example.com", "SERVER_PORT": "80",
            "REMOTE_ADDR": "192.0.2.7", "QUERY_STRING": "", "CONTENT_LENGTH": str(len(data)), "CONTENT_TYPE": "application/x-www-form-urlencoded", **variables,
        }  # fmt: skip
        words = " ".join(shlex.quote("%s=%s" % item) for item in environment.items())
        command = f"setpriv --reuid=www-data --regid={group} --clear-groups env -i {words} {PREFIX}/cgi-bin/{program}"
        done = installed.run(command, stdin=data, rc=rc)
        headers, page = re.split(r"\r?\n\r?\n", done.stdout, maxsplit=1)
        headers = email.message_from_string(headers)
        return types.SimpleNamespace(status=int(headers.get("Status", "200").split()[0]), headers=headers, page=page)

    return cgi


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_is_set_group_id(mailman, program):
    assert mailman.run(f"stat -c '%a %G' {PREFIX}/cgi-bin/{program}").stdout.split() == ["2755", "list"]


def test_wrong_group(mailman, cgi, name):
    """A page with status 200: only its text and syslog tell."""
    answer = cgi("listinfo", "/" + name, group="daemon", rc=2)
    assert answer.status == 200
    assert answer.headers.get_content_type() == "text/html"
    assert "<title>Mailman CGI error!!!</title>" in answer.page
    assert "Group mismatch error." in answer.page
    assert re.search(r'executed as group\s+"www-data"', answer.page)
    assert '"daemon"' in answer.page
    assert "--with-cgi-gid" in answer.page
    mailman.wait("journalctl -q -p err | grep -q 'cgi-wrapper (listinfo).*Group mismatch error'")


def test_group_without_a_name(cgi, name):
    assert "GID 4242" in cgi("listinfo", "/" + name, group="4242", rc=8).page


def test_what_the_program_is_told(mailman, cgi):
    """Mailman's group, few variables, and of headers those that it believes."""
    driver = f"{PREFIX}/scripts/driver"
    mailman.run(f"cp -p {driver} {driver}.kept")
    told = "print sys.argv[1], os.getgid() == os.getegid()", "for item in os.environ.items(): print '%s=%s' % item"
    mailman.write(driver, "\n".join(["import os, sys", "print 'Content-type: text/plain\\n'", *told, ""]))
    try:
        page = cgi("options", "/x", HTTP_X_FORWARDED_FOR="1", HTTP_FORWARDED_FOR="2", HTTP_COOKIE="3", HTTPS="on", HTTP_USER_AGENT="4", HTTP_PROXY="5").page
    finally:
        mailman.run(f"mv {driver}.kept {driver}")
    first, *variables = page.splitlines()
    assert first == "options True"
    seen = dict(line.split("=", 1) for line in variables)
    assert seen.pop("PYTHONPATH") == PREFIX
    expected = {
        "CONTENT_LENGTH", "CONTENT_TYPE", "HTTPS", "HTTP_COOKIE", "HTTP_FORWARDED_FOR", "HTTP_HOST", "HTTP_X_FORWARDED_FOR", "PATH_INFO", "QUERY_STRING",
        "REMOTE_ADDR", "REQUEST_METHOD", "REQUEST_URI", "SCRIPT_NAME", "SERVER_NAME", "SERVER_PORT",
    }  # fmt: skip
    assert set(seen) == expected


@pytest.mark.parametrize("program", ["admin", "admindb", "listinfo", "options", "private", "roster", "subscribe"])
def test_unknown_list(cgi, program):
    answer = cgi(program, "/nowhere/")
    assert answer.status == 404
    assert re.search(r"No\s+such\s+list\s+<em>nowhere</em>", answer.page)


@pytest.mark.parametrize("path", ["/%s%%01", "/%s%%80x", "/%s%%0a/x", "//%s", "/%s/%%20/x"])
def test_paths_that_a_web_server_may_read_otherwise(cgi, name, path):
    answer = cgi("listinfo", path % name)
    assert answer.status == 200
    assert name in answer.page.lower()


def test_method(cgi, name):
    assert cgi("listinfo", "/" + name, method="PUT").status == 405


@pytest.mark.parametrize("program", sorted(LOGINS))
def test_wrong_password(mailman, cgi, name, program):
    """401, which the web server's log shows."""
    path, form = LOGINS[program]
    answer = cgi(program, "/" + name + path, form)
    assert answer.status == 401
    assert "Set-Cookie" not in answer.headers
    [line] = mailman.run(f"tail -n 1 {PREFIX}/logs/security").stdout.splitlines()
    assert re.search(r"Authorization failed \(%s\): .*list=%s: remote=192\.0\.2\.7$" % (program, name), line)


@pytest.mark.parametrize(("program", "field"), [("edithtml", "adminpw"), ("private", "password")])
def test_wrong_password_of_who_leaves_out_the_button(mailman, cgi, name, program, field):
    """Neither 401 nor a log line: only the number of such requests tells."""
    before = mailman.run(f"wc -l {PREFIX}/logs/security").stdout
    assert cgi(program, "/" + name + "/", {field: "wrong"}).status == 200
    assert mailman.run(f"wc -l {PREFIX}/logs/security").stdout == before


@pytest.mark.parametrize("program", ["admin", "admindb", "edithtml", "private"])
def test_first_visit(cgi, name, program):
    answer = cgi(program, "/" + name + "/")
    assert answer.status == 200
    assert 'name="%s"' % ("password" if program == "private" else "adminpw") in answer.page.replace("NAME=", "name=")


@pytest.mark.parametrize(("program", "field"), [("admin", "adminpw"), ("admindb", "adminpw"), ("edithtml", "adminpw"), ("private", "password")])
def test_right_password(cgi, name, program, field):
    """A cookie for the whole interface, without what keeps it from scripts."""
    answer = cgi(program, "/" + name + "/", {field: "secret", "submit": "Let me in"})
    [cookie] = answer.headers.get_all("Set-Cookie")
    assert re.fullmatch(r'cgi-paged\+admin="?[0-9a-f-]+"?; Path=/mailman/; Version=1', cookie.replace("Version=1; Path=/mailman/", "Path=/mailman/; Version=1"))


def test_cookie_of_a_list_with_https(mailman, cgi):
    name = mailman.newlist("cgi-closed", web_page_url="https://www.example.com/mailman/")
    assert "secure" in cgi("admin", "/" + name, {"adminpw": "secret"}).headers["Set-Cookie"]


def test_forged_address_is_believed(mailman, cgi, name):
    for variables, remote in (({"HTTP_X_FORWARDED_FOR": "198.51.100.9"}, "198.51.100.9"), ({"HTTP_FORWARDED_FOR": "a", "HTTP_X_FORWARDED_FOR": "b"}, "a")):
        cgi("admin", "/" + name, {"adminpw": "wrong"}, **variables)
        assert mailman.run(f"tail -n 1 {PREFIX}/logs/security").stdout.endswith("remote=%s\n" % remote)


def test_overview(mailman, cgi, name):
    """The lists of the host that was asked for; not those that are hidden."""
    mailman.newlist("cgi-hidden", advertised=0)
    mailman.newlist("cgi-elsewhere", web_page_url="http://www.example.net/mailman/")
    shown = re.findall(r'listinfo/([a-z-]+)"', cgi("listinfo").page)
    assert name in shown
    assert {"cgi-hidden", "cgi-elsewhere"} & set(shown) == set()
    assert set(re.findall(r'listinfo/([a-z-]+)"', cgi("listinfo", HTTP_HOST="www.example.net").page)) == {"cgi-elsewhere"}
    assert cgi("listinfo", "/cgi-elsewhere").status == 200


def test_subscribe(mailman, cgi, name):
    """A mail for each form, or with REFUSE_SECOND_PENDING one for each address."""
    mailman.settings(REFUSE_SECOND_PENDING=0)
    mailman.clear_mail()
    for _again in range(3):
        assert cgi("subscribe", "/" + name, {"email": "first@example.net"}).status == 200
    mailman.flush("Virgin", "Outgoing")
    assert [mail["recipients"] for mail in mailman.mail()] == [["first@example.net"]] * 3
    mailman.settings(REFUSE_SECOND_PENDING=1)
    mailman.clear_mail()
    for _again in range(3):
        assert cgi("subscribe", "/" + name, {"email": "second@example.net"}).status == 200
    mailman.flush("Virgin", "Outgoing")
    assert [mail["recipients"] for mail in mailman.mail()] == [["second@example.net"]]
