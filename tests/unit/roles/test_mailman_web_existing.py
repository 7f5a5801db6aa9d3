# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files for a web server of the administrator's, and how the role's own virtual hosts go away. What servers make of them is in molecule/web."""

import os
import re
import subprocess

import pytest

ROLE = os.path.join(os.path.dirname(__file__), "..", "..", "..", "roles", "mailman_web")
INSTALLED = {"prefix": "/usr/lib/mailman", "var_prefix": "/var/lib/mailman", "cgi_group": "www-data", "url_hosts": ["www.example.com", "www.example.net"]}
TAKEN_DOWN = ["open/2026-May/1.html", "a+b/2026-May", "open/2026-May.txt.gz"]


@pytest.fixture
def value(render):
    def value(template, platform="Debian", server="existing", **inventory):
        return render("mailman_web", template, ("main", platform), ansible_managed="managed", mailman_installation=INSTALLED, mailman_web_server=server,
                      **inventory)

    return value


@pytest.fixture
def text(value, role_text):
    """Return a function that makes a file of a template, with what all virtual hosts have in common."""

    def text(name, **variables):
        pages = value(role_text("mailman_web", "templates", "pages.conf.j2"), **variables)
        return value(role_text("mailman_web", "templates", name), __mailman_web_pages=pages, **variables)

    return text


def test_one_home_for_what_both_apaches_are_told(text):
    given = {"mailman_web_taken_down": TAKEN_DOWN}
    ours = text("virtual_hosts.conf.j2", server="apache", __mailman_web_self_signed=True, **given)
    included = text("apache.conf.j2", **given)
    told = [line for line in included.splitlines() if line and not line.startswith("#")]
    lines = [line.strip() for line in ours.splitlines()]
    assert [line for line in told if line.strip() not in lines] == ['<LocationMatch "^/(mailman|pipermail|icons)(/|$)">']
    # The rest of a host of the administrator's is his own.
    assert '<LocationMatch "^/">' in lines
    for word in ("VirtualHost", "SSL", "DocumentRoot", "RedirectMatch ^/$", "robots.txt", "QS_", "CustomLog", "Strict-Transport", "RemoteIP"):
        assert not any(word in line for line in told), word


@pytest.mark.parametrize("name", ["apache.conf.j2", "nginx.conf.j2"])
def test_what_is_not_covered_is_at_the_head(text, name):
    head = "".join(line for line in text(name).splitlines(True) if line.startswith("#"))
    head = head[:head.index("Strict-Transport") if name == "nginx.conf.j2" else None]
    for word in ("certificate", "limits", "fail2ban", "access log", "robots.txt", "group www-data", "www.example.com"):
        assert word in head, word
    assert "group apache" in text(name, platform="RedHat")
    assert "group web" in text(name, mailman_web_group="web")


def test_nginx_is_told_the_same(text, value):
    said = text("nginx.conf.j2")
    assert "location ^~ /pipermail/" in said and "alias /var/lib/mailman/archives/public/;" in said and "alias /usr/lib/mailman/icons/;" in said
    # Where a location has a header of its own, nginx gives it none of those around it.
    locations = re.split(r"(?m)^ *location ", said)[1:]
    headers = value("{{ __mailman_web_headers }}")
    with_headers = [one.split(" {")[0] for one in locations if "add_header" in one]
    assert with_headers == ["^~ /mailman/", "^~ /pipermail/", r'~ "\.(?:mbox|gz)$"', "^~ /icons/"]
    for one in locations:
        for name, header in headers.items():
            assert ('add_header %s "%s" always;' % (name, header) in one) is ("add_header" in one)
    # Of headers Mailman believes too many.
    assert "fastcgi_pass_request_headers off;" in said
    assert re.findall(r"fastcgi_param (HTTP_\w+)", said) == ["HTTP_COOKIE", "HTTP_HOST"]
    assert said.count("{") == said.count("}")


@pytest.mark.parametrize(("variables", "socket"), [
    ({}, "/run/fcgiwrap.socket"), ({"platform": "RedHat"}, "/run/fcgiwrap/fcgiwrap-apache.sock"),
    ({"platform": "RedHat", "mailman_web_group": "web"}, "/run/fcgiwrap/fcgiwrap-web.sock"), ({"mailman_web_fcgiwrap_socket": "/s"}, "/s"),
])
def test_socket(text, variables, socket):
    assert "fastcgi_pass unix:%s;" % socket in text("nginx.conf.j2", **variables)


@pytest.mark.parametrize("name", ["apache.conf.j2", "nginx.conf.j2"])
def test_pages_that_were_taken_down(text, name):
    """However the list is spelt, which Mailman would know."""
    expressions = re.findall(r'"(\(\?i\)\S+)"', text(name, mailman_web_taken_down=TAKEN_DOWN))
    assert len(expressions) == len(TAKEN_DOWN)
    for path, gone in (("/pipermail/open/2026-May/1.html", True), ("/mailman/private/OPEN/2026-May/1.html", True),
                       ("/mailman/private/a+b/2026-May/7.html", True), ("/pipermail/open/2026-May/1xhtml", False),
                       # As it is without .gz Mailman's program unpacks it.
                       ("/mailman/private/open/2026-May.txt", True), ("/pipermail/open/2026-May.txt.gz", True), ("/pipermail/open/2026-May.txt2", False),
                       ("/pipermail/open/2026-May/1.html5", False), ("/pipermail/a+b/2026-May.txt", False)):
        assert any(re.search(one, path) for one in expressions) is gone, path


@pytest.mark.parametrize(("hosts", "asks"), [(["www.example.com"], False), (["www.example.com", "www.example.net"], True)])
def test_lists_of_several_hosts(text, value, hosts, asks):
    said = text("nginx.conf.j2", __mailman_web_url_hosts=hosts)
    assert ('if (-e "/etc/listhost/web_hosts.d/$listhost_list@$host")' in said) is asks
    assert value("{{ __mailman_web_hosts_directory }}", __mailman_web_url_hosts=hosts) == ("/etc/listhost/web_hosts.d" if asks else "")
    assert value("{{ __mailman_web_hosts_directory }}", server="apache", __mailman_web_url_hosts=hosts) == ""


@pytest.mark.parametrize(("platform", "there", "left"), [
    ("Debian", ["/etc/listhost"], []),
    ("Debian", ["/etc/listhost", "/etc/apache2/sites-enabled/listhost.conf\r"], ["/etc/apache2/sites-enabled/listhost.conf"]),
    ("RedHat", ["/etc/httpd/conf.d/listhost.conf", "/etc/listhost/robots.txt"], ["/etc/httpd/conf.d/listhost.conf", "/etc/listhost/robots.txt"]),
])
def test_what_an_earlier_run_has_left(value, platform, there, left):
    assert sorted(value("{{ __mailman_web_left }}", platform, __mailman_web_look_at_files={"stdout_lines": there})) == left


PROGRAM = r"""#!/bin/sh
echo "I am $(basename $0) with $PATH_INFO" >&2
printf 'Set-Cookie: news+admin=x; Path=/mailman/; secure; Version=1\nset-cookie: a=b\nContent-type: text/html\n\nSet-Cookie: said=on the page\n\000\377'
cat
"""


@pytest.fixture
def program(value, role_text, tmp_path):
    """Return a function that runs a program of Mailman's as fcgiwrap does."""
    (tmp_path / "cgi-bin").mkdir()
    (tmp_path / "cgi-bin" / "admin").write_text(PROGRAM)
    (tmp_path / "cgi-bin" / "admin").chmod(0o755)
    script = value(role_text("mailman_web", "templates", "cgi.sh.j2")).replace(INSTALLED["prefix"], str(tmp_path))

    def program(name):
        return subprocess.run(["sh", "-c", script], input=b"what was posted", stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True,
                              env={"PATH": "/usr/bin:/bin", "LISTHOST_PROGRAM": name, "PATH_INFO": "/news"})

    return program


def test_cookies_of_programs_behind_nginx(program):
    done = program("admin")
    assert done.stderr == b"I am admin with /news\n"
    headers, dummy, page = done.stdout.partition(b"\n\n")
    assert headers.splitlines() == [b"Set-Cookie: news+admin=x; Path=/mailman/; secure; Version=1; HttpOnly; SameSite=Lax",
                                    b"set-cookie: a=b; Secure; HttpOnly; SameSite=Lax", b"Content-type: text/html"]
    assert page == b"Set-Cookie: said=on the page\n\x00\xffwhat was posted"


def test_no_such_program(program):
    assert program("nothing").stdout.startswith(b"Status: 404 ")


SSHD = "# head\n[sshd]\nbackend = systemd\n\n"
JAILS = "[listhost-login]\nenabled = true\n\n[listhost-limits]\nenabled = true\n\n"


@pytest.fixture
def host(tmp_path):
    """A host that an earlier run has set up. Its Apache does not accept a configuration with the word "broken"."""

    class Host:
        files = {name: tmp_path / name for name in ("vhosts", "link", "robots", "jail.d/listhost.conf", "filter.d/listhost-login.conf", "jail.d/own.conf")}
        calls = tmp_path / "calls"

        def withdraw(self, link="link"):
            paths = [str(tmp_path / name) if name else "" for name in ("jail.d/listhost.conf", "robots", "vhosts", link)]
            return subprocess.run(["sh", os.path.join(ROLE, "files", "withdraw.sh"), str(tmp_path / "httpd"), "Proof", "apache2", *paths],
                                  env={"PATH": "%s:/usr/bin:/bin" % tmp_path}, stdout=subprocess.DEVNULL, check=False).returncode

        def present(self):
            return sorted(name for name, path in self.files.items() if path.exists())

    for name, body in (("httpd", "! [ -e $here/broken ]"), ("systemctl", 'case " $(cat $here/deaf 2>/dev/null) " in *" $2 "*) exit 1 ;; esac')):
        (tmp_path / name).write_text('#!/bin/sh\nhere=%s\necho "%s $*" >>$here/calls\n%s\n' % (tmp_path, name, body))
        (tmp_path / name).chmod(0o755)
    for path in Host.files.values():
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    Host.files["jail.d/listhost.conf"].write_text("# head\n" + JAILS)
    Host.here = tmp_path
    return Host()


def test_virtual_hosts_go_away(host):
    assert host.withdraw() == 0
    assert host.present() == ["jail.d/own.conf"]
    # Apache is asked before, and reads it afterwards. What does not run is not started.
    assert host.calls.read_text().splitlines() == ["httpd -t -D Proof", "systemctl try-reload-or-restart apache2", "systemctl try-restart fail2ban"]


def test_the_jail_of_sshd_stays(host):
    host.files["jail.d/listhost.conf"].write_text(SSHD + JAILS)
    assert host.withdraw(link="") == 0
    assert host.files["jail.d/listhost.conf"].read_text() == SSHD
    assert "link" in host.present()


def test_apache_that_needs_the_virtual_hosts(host):
    (host.here / "broken").write_text("")
    assert host.withdraw() != 0
    assert sorted(host.files) == host.present()


@pytest.mark.parametrize("unit", ["apache2", "fail2ban"])
def test_an_interrupted_withdrawal_is_known_to_the_next_run(host, unit):
    (host.here / "deaf").write_text(unit)
    assert host.withdraw() != 0
    assert "robots" in host.present()
    host.calls.unlink()
    (host.here / "deaf").unlink()
    assert host.withdraw() == 0
    assert host.present() == ["jail.d/own.conf"]
    assert any(unit in call for call in host.calls.read_text().splitlines())


def test_an_apache_that_is_gone(host):
    (host.here / "httpd").unlink()
    assert host.withdraw() == 0
    assert host.present() == ["jail.d/own.conf"]
