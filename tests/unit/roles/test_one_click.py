# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What answers one-click unsubscription, request by request, and what takes a member off a list. Exim's half and Mailman's own are in molecule/receivers and
tests/contract."""

import base64
import hmac
import http.client
import importlib.util
import io
import os
import re
import socket
import sys
import types

import pytest
import yaml
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.web import link_of

FILES = os.path.join(os.path.dirname(__file__), "..", "..", "..", "roles", "mailman_web", "files")
SECRET = {"1": 64 * "a", "2": 64 * "b", "3": 64 * "c"}
LIST, MEMBER = "news@list.example.com", "A+b=c/d@example.net"
FORM = "List-Unsubscribe=One-Click"
NOW = 1800000000


def load(name):
    specification = importlib.util.spec_from_file_location(name, os.path.join(FILES, name + ".py"))
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def program():
    return load("one_click")


@pytest.fixture
def host(program, monkeypatch, tmp_path, capsys):
    """Return an object with ask(): a request of the web server's, its answer, and what became of it."""
    (tmp_path / "keys").write_text("1 %d %s\n2 %d %s\n3 0 %s\n" % (NOW - 1, SECRET["1"], NOW + 1, SECRET["2"], SECRET["3"]))
    host = types.SimpleNamespace(removed=[], outcome="removed", keys=tmp_path / "keys")

    def remove(python, remover, prefix, address, member):
        assert (python, remover, prefix) == ("python2.7", "remove.py", "/mailman")
        host.removed.append((address, member))
        return host.outcome

    monkeypatch.setattr(program, "remove", remove)
    monkeypatch.setattr(program.time, "time", lambda: NOW)
    monkeypatch.setattr(program.Handler, "keys", str(host.keys), raising=False)
    monkeypatch.setattr(program.Handler, "programs", ["python2.7", "remove.py", "/mailman"], raising=False)

    def ask(path, body=None, method=None, raw=None, **headers):
        ours, theirs = socket.socketpair()
        data = (body or "").encode("latin-1")
        lines = ["%s %s HTTP/1.1" % (method or ("GET" if body is None else "POST"), path), "Host: www.example.com"]
        headers = dict({} if body is None else {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(data))},
                       **{name.replace("_", "-"): value for name, value in headers.items()})
        lines += ["%s: %s" % item for item in headers.items() if item[1] is not None]
        ours.sendall(raw if raw is not None else "\r\n".join([*lines, "", ""]).encode("latin-1") + data)
        ours.shutdown(socket.SHUT_WR)
        program.Handler(theirs, "", None)
        theirs.close()
        with ours.makefile("rb") as stream:
            host.octets = stream.read()
        ours.close()
        host.answer = http.client.HTTPResponse(types.SimpleNamespace(makefile=lambda mode: io.BytesIO(host.octets)), method=method)
        host.answer.begin()
        host.page = host.answer.read().decode("utf-8")
        host.log = capsys.readouterr().err
        return host.answer.status

    host.ask = ask
    return host


def link(number="3", address=LIST, member=MEMBER, secret=None):
    return link_of("%s:%s\n" % (number, secret or SECRET[number]), address, member)


def test_the_page_has_a_button_and_changes_nothing(host):
    assert host.ask(link(member="a&b@example.net")) == 200
    assert '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">' in host.page
    assert "a&amp;b@example.net would get no more mail from the list news@list.example.com" in host.page
    assert (host.removed, host.log) == ([], "")
    assert host.answer.headers["Cache-Control"] == "no-store"
    assert host.ask(link(), method="HEAD") == 200
    assert host.octets.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(("body", "content_type"), [
    (FORM, "application/x-www-form-urlencoded"), ("x=y&List-Unsubscribe=One-Click&z", "application/x-www-form-urlencoded; charset=utf-8"), (FORM, None),
    ('--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n', "multipart/form-data; boundary=b"),
    ('--"\r\nContent-Disposition: form-data; name=x\r\n\r\ny\r\n--"\r\ncontent-disposition: form-data; name=List-Unsubscribe\r\n\r\nOne-Click\r\n--"--',
     'Multipart/Form-Data; boundary="\\""'),
])
def test_a_member_leaves(host, body, content_type):
    assert host.ask(link(), body, Content_Type=content_type) == 200
    assert host.removed == [(LIST, MEMBER)]
    assert "%s gets no more mail" % MEMBER in host.page
    assert host.log == "removed: %s, %s\n" % (LIST, MEMBER)


def test_an_address_is_no_html(host):
    assert host.ask(link(member="a&b@example.net"), FORM) == 200
    assert "a&amp;b@example.net gets no more mail" in host.page


@pytest.mark.parametrize(("body", "content_type"), [
    ("", None), ("List-Unsubscribe=", None), ("List-Unsubscribe=One-Click-", None), (FORM, "multipart/form-data"), (FORM, "multipart/form-data; boundary=b"),
    ("--b\r\n\r\nOne-Click\r\n--b--", "multipart/form-data; boundary=b"),
    ("--b\r\nContent-Type: multipart/mixed; boundary=c\r\nContent-Disposition: form-data; name=List-Unsubscribe\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n--b--",
     "multipart/form-data; boundary=b"),
    ("\xff\x00&=%%%", None),
])
def test_another_form(host, body, content_type):
    assert host.ask(link(), body, Content_Type=content_type) == 400
    assert host.removed == []
    assert "Nothing was changed" in host.page


def changed(number, text):
    """A link of which one part is another."""
    parts = link().partition("t=")[2].split(".")
    parts[number] = text
    return "/mailman/one-click?t=" + ".".join(parts)


def coded(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(("path", "said"), [
    (link(secret=SECRET["2"]), "forged, key 3"), (changed(0, "2"), "forged, key 2"), (changed(1, coded("other@list.example.com")), "forged, key 3"),
    (changed(2, coded("anna@example.org")), "forged, key 3"), (changed(3, 40 * "0"), "forged, key 3"),
    # Where the list ends and the member begins is part of what is signed.
    (changed(1, coded(LIST + " x")), "forged, key 3"),
    (link("1"), "no key 1"), (link("4", secret="x"), "no key 4"), (changed(0, "03"), "not a link of ours"), (changed(0, "0"), "not a link of ours"),
    (changed(3, 39 * "0"), "not a link of ours"), (link() + "x", "not a link of ours"),
    (changed(1, ""), "not a link of ours"), (changed(2, "%0a"), "not a link of ours"),
    (changed(1, "AAAAA"), "not a link of ours"), ("/mailman/one-click", "not a link of ours"), ("/mailman/one-click?t=", "not a link of ours"),
    ("/mailman/one-click?" + link().partition("t=")[2], "not a link of ours"), ("/mailman/one-click?t=" + 60000 * "a", "not a link of ours"),
    (link(member="\xffx"), "no addresses"), (link(member="a@b\nc@d"), "no addresses"), (link(address="news"), "no addresses"),
    (link(member="a b@example.org"), "no addresses"),
])
@pytest.mark.parametrize("body", [None, FORM])
def test_links_that_nobody_sent(host, path, said, body):
    assert host.ask(path, body) == 403
    assert (host.removed, host.log) == ([], "refused: %s\n" % said)
    assert "Nothing was changed" in host.page


def test_octets_that_are_no_text(host):
    number, addresses = "3", (b"news@list.example.com", b"\xff@example.org")
    token = hmac.new(SECRET["3"].encode(), b" ".join([b"3", *addresses]), "sha1").hexdigest()
    path = "/mailman/one-click?t=" + ".".join([number, *[base64.urlsafe_b64encode(one).decode().rstrip("=") for one in addresses], token])
    assert host.ask(path, FORM) == 403
    assert host.log == "refused: not a link of ours\n"


def test_a_key_that_was_replaced_works_for_a_time(host):
    assert host.ask(link("2"), FORM) == 200
    assert len(host.removed) == 1


@pytest.mark.parametrize("content", [None, "", "3\n", "3 x %s\n" % SECRET["3"], "3 %s 0\n" % SECRET["3"], "\xff"])
def test_keys_that_cannot_be_read(host, content):
    if content is None:
        host.keys.unlink()
    else:
        host.keys.write_text(content, encoding="latin-1")
    assert host.ask(link(), FORM) == (403 if content == "" else 503)
    assert host.removed == []
    assert SECRET["3"] not in host.log + host.page


@pytest.mark.parametrize(("outcome", "status", "words"), [
    ("no-member", 200, "is not subscribed to the list " + LIST), ("no-list", 404, "There is no list " + LIST),
    ("closed", 403, "write to news-owner@list.example.com"),
    ("busy", 503, "try again in a minute"), ("failed", 503, "news-owner@list.example.com"),
])
def test_what_else_can_become_of_it(host, outcome, status, words):
    host.outcome = outcome
    assert host.ask(link(), FORM) == status
    assert words in host.page
    assert host.log.startswith(outcome + ": ")


@pytest.mark.parametrize(("method", "path", "headers", "status"), [
    ("PUT", None, {}, 405), ("BREW", None, {}, 405), ("GET", "/mailman/one-click/x?t=1", {}, 404), ("GET", "/", {}, 404),
    ("POST", None, {"Content_Length": None}, 411), ("POST", None, {"Content_Length": "-1"}, 411), ("POST", None, {"Content_Length": "9999999999"}, 411),
])
def test_requests_that_are_none(host, method, path, headers, status):
    assert host.ask(path or link(), FORM, method=method, **headers) == status
    assert host.removed == []


@pytest.mark.parametrize(("length", "status"), [(9970, 200), (9980, 413), (100000, 413)])
def test_how_much_can_be_posted(host, length, status):
    assert host.ask(link(), FORM + "&x=" + length * "x") == status
    assert len(host.removed) == (status == 200)


@pytest.mark.parametrize(("raw", "status"), [(b"GET\r\n\r\n", 400), (b"GET / HTTP/9.9.9\r\n\r\n", 400), (b"GET /" + 70000 * b"x" + b" HTTP/1.0\r\n\r\n", 414)])
def test_what_is_no_http(host, raw, status):
    assert host.ask("", raw=raw) == status


def test_a_client_that_says_nothing(program, host):
    ours, theirs = socket.socketpair()
    program.Handler.timeout, before = 0.1, program.Handler.timeout
    try:
        program.Handler(theirs, "", None)
    finally:
        program.Handler.timeout = before
    theirs.close()
    assert ours.recv(10) == b""


@pytest.mark.parametrize(("script", "outcome"), [
    ("import sys; print({'%s\\n%s\\n': 'removed'}[sys.stdin.read()])" % (LIST, MEMBER), "removed"), ("print('busy')", "busy"), ("print('nonsense')", "failed"),
    ("raise SystemExit(1)", "failed"), ("import time; time.sleep(5); print('removed')", "failed"),
    ("print('removed'); raise SystemExit(1)", "failed"), ("import os; os.write(1, b'\\xff')", "failed"),
])
def test_mailmans_program(monkeypatch, tmp_path, script, outcome):
    program = load("one_click")
    monkeypatch.setattr(program, "PATIENCE", 2 if "sleep" in script else 20)
    (tmp_path / "remove.py").write_text(script)
    assert program.remove(sys.executable, str(tmp_path / "remove.py"), "/mailman", LIST, MEMBER) == outcome
    assert load("one_click").remove("/nowhere/python", "x", "/mailman", LIST, MEMBER) == "failed"


class Gone(Exception):
    pass


class InUse(Exception):
    pass


class List:
    """What the program uses of a list."""

    known, patience, policy, last = "news", None, 0, None

    def __init__(self, name, lock=1):
        assert lock == 0
        if name != self.known:
            raise Gone
        self.members, self.saved, self.held, self.unsubscribe_policy = ["anna@example.org", "berta@example.org"], None, False, self.policy
        List.last = self

    def GetListEmail(self):
        return "News@list.example.com"

    def Lock(self, timeout=0):
        List.patience = timeout
        if List.in_use:
            raise InUse
        self.held = True

    def Unlock(self):
        self.held = False

    def isMember(self, address):
        assert self.held
        return address.lower() in self.members

    def ApprovedDeleteMember(self, address, whence):
        assert self.held
        if address == "berta@example.org":
            raise RuntimeError
        self.members.remove(address.lower())

    def Save(self):
        self.saved = list(self.members)


@pytest.fixture
def remover(monkeypatch):
    for name, contents in {"": {}, ".Errors": {"MMUnknownListError": Gone}, ".LockFile": {"TimeOutError": InUse}, ".MailList": {"MailList": List}}.items():
        module = types.ModuleType("Mailman" + name)
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, "Mailman" + name, module)
        if name:
            setattr(sys.modules["Mailman"], name[1:], module)
    monkeypatch.setattr(List, "in_use", False, raising=False)
    monkeypatch.setattr(List, "last", None)
    return load("one_click_remove")


@pytest.mark.parametrize(("address", "member", "outcome"), [
    ("news@list.example.com", "anna@example.org", "removed"), ("NEWS@List.example.com", "Anna@example.org", "removed"),
    ("news@list.example.com", "carla@example.org", "no-member"), ("olds@list.example.com", "anna@example.org", "no-list"),
    # It was moved to another domain.
    ("news@list.example.net", "anna@example.org", "no-list"),
])
def test_one_member_is_removed(remover, address, member, outcome):
    assert remover.remove(address, member) == outcome
    if outcome == "removed":
        assert List.last.saved == ["berta@example.org"]
        assert List.patience == remover.PATIENCE > 0
    assert List.last is None or not List.last.held


def test_a_list_in_use_and_one_that_is_closed(remover, monkeypatch):
    monkeypatch.setattr(List, "policy", 1)
    assert remover.remove("news@list.example.com", "anna@example.org") == "closed"
    assert (List.last.saved, List.last.held) == (None, False)
    monkeypatch.setattr(List, "in_use", True)
    assert remover.remove("news@list.example.com", "anna@example.org") == "busy"


def test_the_lock_is_given_back(remover):
    with pytest.raises(RuntimeError):
        remover.remove("news@list.example.com", "berta@example.org")
    assert (List.last.saved, List.last.held) == (None, False)


def test_the_program_as_a_whole(remover, monkeypatch, tmp_path, capsys):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "paths.py").write_text("")
    monkeypatch.delitem(sys.modules, "paths", raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", ["remove.py", str(tmp_path)])
    monkeypatch.setattr(sys, "stdin", io.StringIO("news@list.example.com\nanna@example.org\n"))
    monkeypatch.setattr(os, "umask", lambda mask: None)
    remover.main()
    assert capsys.readouterr().out == "removed\n"


INSTALLED = {"prefix": "/usr/lib/mailman", "var_prefix": "/var/lib/mailman", "cgi_group": "www-data", "url_hosts": ["www.example.com"], "user": "list",
             "group": "list", "python": "/usr/bin/python2.7"}
FOUND = {"absent": [], "missing_modules": [], "group": "web", "unread": [], "pair": "same", "days": 300, "names": ["www.example.com"]}


@pytest.fixture
def value(render):
    def value(template, platform="Debian", look="", installation=None, **inventory):
        return render("mailman_web", template, ("main", platform), ansible_managed="managed", mailman_installation=installation or INSTALLED,
                      ansible_facts={"python": {"executable": "/usr/bin/python3"}}, __mailman_web_host={"found": FOUND}, mailman_web_fail2ban=False,
                      __mailman_web_look={"stdout": look} if look is not None else {}, __mailman_web_look_at_files={"stdout": "/a\n" + look}, **inventory)

    return value


@pytest.mark.parametrize(("server", "group"), [("apache", "web"), ("existing", "www-data")])
def test_the_units(value, role_text, server, group):
    text, service = [value(role_text("mailman_web", "templates", "one_click." + name), mailman_web_server=server) for name in ("socket.j2", "service.j2")]
    assert "\nSocketGroup=%s\nSocketMode=0660\n" % group in text
    assert re.search(r"ExecStart=(.*) \\+\n +(.*)", service).groups() == (
        "/usr/bin/python3 -I /etc/listhost/one_click/one_click.py /etc/listhost/one_click/keys",
        "/usr/bin/python2.7 /etc/listhost/one_click/one_click_remove.py /usr/lib/mailman")
    assert "\nUser=list\nGroup=list\n" in service and "\nReadWritePaths=/var/lib/mailman\n" in service


@pytest.mark.parametrize(("look", "state"), [("", ""), ("a=b\r\none_click=active,enabled\r\nc=d", "active,enabled"), ("one_click=inactive,", "inactive,")])
def test_its_state(value, look, state):
    assert value("{{ __mailman_web_one_click_state }}", look=look) == state


def test_off_means_absent(value, role_text):
    for name in ("pages.conf.j2", "virtual_hosts.conf.j2", "apache.conf.j2", "nginx.conf.j2"):
        text = role_text("mailman_web", "templates", name)
        off, on = [value(text, mailman_web_one_click=switch, __mailman_web_pages="") for switch in (False, True)]
        assert re.search("one.click|proxy_http|ProxyPass", off) is None, name
        assert re.search("one.click|proxy_http|ProxyPass", on), name
    assert value("{{ __mailman_web_modules }}") == [
        *value("{{ __mailman_web_usual_modules }}"), *value("{{ __mailman_web_qos_modules }}")]
    assert value("{{ __mailman_web_modules }}", mailman_web_one_click=True)[-2:] == ["proxy", "proxy_http"]


DOMAIN = dict(INSTALLED, separate_domain="lists.example.org", url_hosts=["www.lists.example.org"], prefix="/virtual/lists.example.org/mailman")
OF_DOMAIN = {"mailman_separate_home": "/virtual", "mailman_web_one_click": True, "mailman_web_server": "apache"}


def test_a_separate_domain_has_it_for_itself(value, role_text):
    inventory = dict(OF_DOMAIN, installation=DOMAIN, mailman_web_one_click_exceptions=["board", "a+b"])
    files = [{"path": "/x"}]
    assert value("{{ __mailman_web_files }}", **dict(inventory, __mailman_web_one_click_files=files)) == files
    assert value("{{ __mailman_web_one_click_unit }}", **inventory) == "listhost-one-click-lists.example.org"
    socket_unit, service = [value(role_text("mailman_web", "templates", "one_click." + name), **inventory) for name in ("socket.j2", "service.j2")]
    assert "\nListenStream=/run/listhost-one-click-lists.example.org.sock\n" in socket_unit
    assert "\nSyslogIdentifier=listhost-one-click-lists.example.org\n" in service
    assert " /etc/listhost/one_click_lists.example.org/keys " in service and " /virtual/lists.example.org/mailman\n" in service
    assert "unix:/run/listhost-one-click-lists.example.org.sock|" in value(role_text("mailman_web", "templates", "pages.conf.j2"), **inventory)
    assert value("{{ __mailman_web_one_click_mail }}", **inventory) == "/virtual/one_click/lists.example.org"
    assert value("{{ __mailman_web_one_click_mail_values }}", **inventory) == {"host": "www.lists.example.org", "exceptions": "board, a+b"}
    assert value("{{ __mailman_web_files }}", **dict(inventory, __mailman_web_one_click_files=files, mailman_web_one_click=False)) == []


def test_a_machine_of_separate_domains_answers_nothing(value):
    inventory = dict(OF_DOMAIN, installation={})
    assert value("{{ __mailman_web_one_click_answers }}", **inventory) is False
    assert value("{{ __mailman_web_one_click_domains }}", **inventory) == "/virtual/one_click"
    assert value("{{ __mailman_web_modules }}", **inventory)[-2:] == ["proxy", "proxy_http"]


def test_a_host_with_one_mailman(value):
    inventory = {"mailman_separate_home": "", "mailman_web_one_click": True, "mailman_web_server": "apache"}
    assert value("{{ __mailman_web_one_click_mail }}", **inventory) == "/etc/listhost/one_click/mail"
    assert value("{{ __mailman_web_one_click_mail_values }}", **inventory) == {}
    assert value("{{ __mailman_web_one_click_domains }}", **inventory) == ""
    assert value("{{ __mailman_web_one_click_answers }}", **inventory) is True


def test_what_changed(value):
    for name in ("__mailman_web_config", "__mailman_web_included"):
        assert value("{{ __mailman_web_one_click_changed }}", **{name: {"changed_paths": ["/etc/systemd/system/listhost-one-click.socket"]}}) is True
        assert value("{{ __mailman_web_one_click_changed }}", **{name: {"changed_paths": ["/etc/listhost/one_click/one_click.py"]}}) is False
    # A web server need not read what is not its own.
    assert value("{{ __mailman_web_unread_files }}", __mailman_web_included={
        "changed_paths": ["/etc/listhost/nginx.conf", "/etc/listhost/one_click/one_click.py"]}) == ["/etc/listhost/nginx.conf"]


def test_the_two_looks_say_the_same(role_text):
    """Of any connection they need a shell of their own."""
    tasks = [one for one in yaml.safe_load(role_text("mailman_web", "tasks", "look.yml")) if "ansible.builtin.raw" in one]
    assert [one["ansible.builtin.raw"][:6] for one in tasks] == ["sh -c ", "sh -c "]
    assert "one_click=" in role_text("mailman_web", "files", "look.sh")
    assert "one_click=" in tasks[1]["vars"]["__mailman_web_look_at_own"]
