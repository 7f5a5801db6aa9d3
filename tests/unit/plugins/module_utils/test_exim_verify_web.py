# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verify.yml says of a web interface: each fault has a case, and nothing is said where all is well."""

import contextlib
import http.server
import ssl
import subprocess
import threading

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify import web
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.report import Report

HOST = "lists.example.com"
OVERVIEW = "<title>%s Mailing Lists</title>" % HOST
LOGIN = '<INPUT TYPE="password" NAME="adminpw" SIZE="30">'
BAD = "<head>\n<title>Mailman CGI error!!!</title>\n</head><body>\n<h1>Mailman CGI error!!!</h1>\nIt encountered a fatal error:\n<pre>\n%s</pre>\n"
MISMATCH = BAD % """Group mismatch error.  Mailman expected the CGI
wrapper script to be executed as group "www-data", but the system's web server executed the CGI script as group "daemon"."""
SAID = "notAfter=Nov 26 00:00:00 2026 GMT\nHostname lists.example.com does match certificate\n"
END = 1795651200
DAY = 86400


class Module:
    """A host with programs, each by its arguments."""

    def __init__(self, jails=("listhost-login",), said=SAID, programs=("openssl", "fail2ban-client")):
        self.jails, self.said, self.programs = jails, said, programs

    def get_bin_path(self, name):
        return name if name in self.programs else None

    def run_command(self, argv, data=None):
        if argv[0] == "openssl":
            assert argv[-1] == HOST and data.startswith("-----BEGIN CERTIFICATE-----")
            return 0, self.said, ""
        return (0, "", "") if argv[2] in self.jails else (255, "", "ERROR   NOK: ('%s',)\nSorry but the jail '%s' does not exist\n" % (argv[2], argv[2]))


@pytest.fixture
def found(monkeypatch, tmp_path):
    """Return a function that tells the faults of a host with some pages, its other pages being as they should be."""
    monkeypatch.setattr(web.time, "time", lambda: END - 90 * DAY)

    def found(pages=(), settings=(), lists=("staff", "news"), module=None, sample=5, key=None, advice=False):
        sound = {"/mailman/listinfo": (200, OVERVIEW), "/mailman/admin/mailman": (200, LOGIN),
                 "/mailman/private/staff/": (200, '<input type="password" name="password">')}

        def ask(host, path):
            answer = dict(sound, **dict(pages)).get(path, (404, "Not Found"))
            if isinstance(answer, Exception):
                raise answer
            return answer + (b"certificate",)

        monkeypatch.setattr(web, "ask", ask)
        report = Report()
        some = [{"name": name, "settings": {"archive_private": 1} if name == "staff" else {}} for name in lists] + [{"name": "broken", "error": "x"}]
        web.check_web(module or Module(), report, {
            "hosts": [HOST], "lists": some, "settings": dict({"SUBSCRIBE_FORM_SECRET": "(secret)"}, **dict(settings)), "public_archives": str(tmp_path),
            "jails": ["listhost-login"], "one_click_key": key and str(key)}, sample)
        return {fault["fault"]: fault["found"] for fault in (report.advice() if advice else report.faults())}

    return found


def test_a_host_where_all_is_well(found):
    assert found() == {}


@pytest.mark.parametrize(("path", "answer", "fault", "words"), [
    ("/mailman/listinfo", (200, MISMATCH), "wrong-web-group",
     'Group mismatch error. Mailman expected the CGI wrapper script to be executed as group "www-data", but the system\'s web server executed the CGI script '
     'as group "daemon".'),
    ("/mailman/listinfo", (200, BAD % "execve: No such file"), "no-web", "execve: No such file"),
    ("/mailman/listinfo", (200, "<title>Mailman CGI error!!!</title>"), "no-web", "Mailman CGI error!!!"),
    ("/mailman/listinfo", (200, "<head><title>Bug in Mailman version 2.1.39</title></head>"), "no-web", "Mailman's program fails. Its log error says why"),
    ("/mailman/listinfo", (503, ""), "no-web", "status 503"),
    ("/mailman/listinfo", ConnectionRefusedError(111, "Connection refused"), "no-web", "[Errno 111] Connection refused"),
    ("/mailman/admin/mailman", (200, "It works!"), "no-web", "it asks for no password of Mailman's"),
    ("/mailman/admin/mailman", (200, "&lt;input name=adminpw&gt;"), "no-web", "it asks for no password of Mailman's"),
    ("/mailman/admin/mailman", web.http.client.BadStatusLine("x"), "no-web", "x"),
])
def test_pages(found, path, answer, fault, words):
    assert found({path: answer}) == {fault: ["https://%s%s: %s" % (HOST, path, words)]}


def test_what_an_owner_has_written(found):
    assert found({"/mailman/listinfo": (200, OVERVIEW + "Group mismatch error &lt;title&gt;Mailman CGI error Bug in Mailman version")}) == {}


@pytest.mark.parametrize(("path", "answer", "fault"), [
    ("/pipermail/staff/", (200, "posts"), "open-archive"),
    ("/mailman/private/staff/", (200, "posts"), "open-archive"),
    ("/mailman/private/staff/", (200, "My subject is name=password"), "open-archive"),
    ("/mailman/private/staff/", (404, ""), None),
    # That is said of other pages.
    ("/mailman/private/staff/", (200, MISMATCH), None),
    ("/mailman/private/staff/", ConnectionResetError(104, "reset"), "no-web"),
    # Everybody's.
    ("/pipermail/news/", (200, "posts"), None),
])
def test_private_archives(found, path, answer, fault):
    faults = found({path: answer})
    assert list(faults) == ([fault] if fault else [])
    assert not fault or "https://%s%s" % (HOST, path) in faults[fault][0]


def test_private_by_default(found):
    pages = {"/pipermail/news/": (200, "posts")}
    assert list(found(pages, {"DEFAULT_ARCHIVE_PRIVATE": 1})) == ["open-archive"]
    # The first list alone is asked for.
    assert found(pages, {"DEFAULT_ARCHIVE_PRIVATE": 1}, sample=1) == {}


def test_links_to_private_archives(found, tmp_path):
    """They are looked for of all lists, also where no page is asked for."""
    (tmp_path / "staff").symlink_to("nowhere")
    (tmp_path / "news").symlink_to("nowhere")
    assert found(sample=0) == {"open-archive": ["%s/staff is there, and the list's archive is private" % tmp_path]}


@pytest.mark.parametrize(("said", "days", "faults"), [
    (SAID, 14, {}),
    (SAID, 13, {"old-certificate": "it expires in 13 days"}),
    (SAID, -1, {"old-certificate": "it has expired"}),
    (SAID.replace("does match", "does NOT match"), 90, {"foreign-certificate": "the certificate is not for this name"}),
    ("", 90, {"old-certificate": "it has expired", "foreign-certificate": "the certificate is not for this name"}),
])
def test_certificates(said, days, faults):
    assert dict(web.faults_of_certificate(said, END - days * DAY)) == faults


def test_what_is_said_of_certificates(found):
    assert found(module=Module(said="")) == {
        "old-certificate": ["https://%s: it has expired" % HOST], "foreign-certificate": ["https://%s: the certificate is not for this name" % HOST]}
    assert found(module=Module(said="", programs=["fail2ban-client"])) == {}


def test_jails(found):
    assert found(module=Module(jails=[])) == {"no-jail": ["listhost-login: ERROR NOK: ('listhost-login',) Sorry but the jail 'listhost-login' does not exist"]}
    assert found(module=Module(programs=["openssl"])) == {"no-jail": ["listhost-login: there is no fail2ban-client"]}


def test_the_form(found):
    assert found(settings={"SUBSCRIBE_FORM_SECRET": None}) == {"open-form": ["SUBSCRIBE_FORM_SECRET is not set"]}


@pytest.mark.parametrize("closing", [False, True])
def test_asking(monkeypatch, tmp_path, closing):
    """The name is the host's, for TLS and for HTTP, wherever the server is, and however it ends the connection."""
    names = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            names.append(self.headers["Host"])
            self.send_response(418)
            self.send_header("Content-Length", str(len(self.path)))
            if closing:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(self.path.encode())

        def log_message(self, *arguments):
            pass

    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=x", "-keyout", "key",
                    "-out", "pem"], cwd=str(tmp_path), check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(tmp_path / "pem"), str(tmp_path / "key"))
    context.set_servername_callback(lambda channel, name, dummy: names.append(name))
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    monkeypatch.setattr(web, "PLACE", server.server_address)
    status, page, certificate = web.ask(HOST, "/path")
    thread.join()
    with contextlib.closing(server.socket):
        assert (status, page, names) == (418, "/path", [HOST, HOST])
    assert ssl.DER_cert_to_PEM_cert(certificate) == (tmp_path / "pem").read_text()


LINK = "/mailman/one-click?t=2.dmVyaWZ5QGxpc3Rob3N0LmludmFsaWQ.bm9ib2R5QGxpc3Rob3N0LmludmFsaWQ.46c62b51ce7ca8ee97e987e71eda760cd2120dd9"
BUTTON = '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'


@pytest.fixture
def key(tmp_path):
    (tmp_path / "mail").write_text("2:secret\n")
    return tmp_path / "mail"


def test_a_link_for_nobody_is_asked_for(found, key):
    link = web.link_of("2:secret\n", "verify@listhost.invalid", "nobody@listhost.invalid")
    # openssl dgst -sha1 -hmac secret says so, too.
    assert link == LINK
    assert found(key=key, pages={link: (200, BUTTON)}) == {}


@pytest.mark.parametrize(("answer", "words"), [
    ((403, "Not unsubscribed"), "status 403"), ((200, OVERVIEW), "status 200"), (OSError("Connection refused"), "Connection refused"),
])
def test_a_link_that_does_not_work(found, key, answer, words):
    link = web.link_of("2:secret\n", "verify@listhost.invalid", "nobody@listhost.invalid")
    assert found(key=key, pages={link: answer}) == {"no-one-click": ["https://%s/mailman/one-click: %s" % (HOST, words)]}


def test_a_key_that_is_gone(found, tmp_path):
    [text] = found(key=tmp_path / "nowhere")["no-one-click"]
    assert "No such file" in text


def test_a_domains_file_has_more_than_the_key():
    names = ("verify@listhost.invalid", "nobody@listhost.invalid")
    assert web.link_of("exceptions: 1:a\nhost: www.example.com\nkey: 2:secret\n", *names) == LINK
    assert web.link_of("", *names) != LINK


def test_lists_whose_posts_have_no_link(found, key, monkeypatch):
    link = web.link_of("2:secret\n", "verify@listhost.invalid", "nobody@listhost.invalid")
    pages = {link: (200, BUTTON)}
    assert found(key=key, pages=pages, advice=True) == {}
    monkeypatch.setattr(web, "private_lists", lambda lists, settings: lists[0]["settings"].update(personalize=1) or [])
    assert found(key=key, pages=pages, advice=True) == {"personal-posts": ["staff"]}
    # Without links nobody misses them.
    assert found(pages=pages, advice=True) == {}
