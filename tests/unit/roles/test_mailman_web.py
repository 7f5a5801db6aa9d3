# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What variables do to Apache's file, and what the role tells others. What they do to pages is in molecule/web."""

import os
import re
import subprocess

import pytest
import yaml
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _host_mailman_web as web
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _hosts as hosts

ROLE = os.path.join(os.path.dirname(__file__), "..", "..", "..", "roles", "mailman_web")
INSTALLED = {"prefix": "/usr/lib/mailman", "var_prefix": "/var/lib/mailman", "cgi_group": "www-data", "url_hosts": ["www.example.com", "www.example.net"]}
FOUND = {"missing": False, "running": True, "runs_programs": True, "missing_modules": [], "pair": "same", "days": 300, "names": INSTALLED["url_hosts"]}


@pytest.fixture
def value(render, role_text):
    """Return a function that has Ansible work out something of the role's."""

    def value(template, platform="Debian", found=(), **inventory):
        return render("mailman_web", template, ("main", platform), ansible_managed="managed", mailman_installation=INSTALLED,
                      __mailman_web_host={"found": dict(FOUND, **dict(found))}, **inventory)

    return value


@pytest.fixture
def text(value, role_text):
    return lambda **variables: value(role_text("mailman_web", "templates", "virtual_hosts.conf.j2"), **variables)


def test_a_host_of_its_own_for_each_name(text):
    assert re.findall(r"ServerName (\S+)", text()) == ["unknown.invalid"] * 2 + ["www.example.com"] * 2 + ["www.example.net"] * 2
    # The first on each port answers for names that are none of these.
    assert re.findall(r"VirtualHost \*:(\d+)", text())[:2] == ["80", "443"]
    assert text().count("Redirect 404 /\n") == 2


def test_all_of_it_is_within_the_proof(text, value):
    word = value("{{ __mailman_web_proof }}")
    lines = [line for line in text().splitlines() if line and not line.startswith("#")]
    assert (lines[0], lines[-1]) == ("<IfDefine !%s>" % word, "</IfDefine>")
    assert re.fullmatch(r"\w+", word)


@pytest.mark.parametrize(("variables", "words", "others"), [
    ({}, ['SSLCertificateFile "/etc/listhost/web.pem"', 'SSLCertificateKeyFile "/etc/listhost/web.key"'], ["Strict-Transport-Security", "RemoteIP", "451"]),
    ({"mailman_web_certificate": "/c", "mailman_web_certificate_key": "/k"},
     ['SSLCertificateFile "/c"', 'SSLCertificateKeyFile "/k"', "Strict-Transport-Security"], ["/etc/listhost"]),
    ({"mailman_web_trusted_proxies": ["192.0.2.1", "2001:db8::/32"]}, ["RemoteIPInternalProxy 192.0.2.1 2001:db8::/32\n"], []),
    ({"mailman_web_taken_down": ["a/2026-May/1"]}, ['Redirect 451 "/pipermail/a/2026-May/1"', 'Redirect 451 "/mailman/private/a/2026-May/1"'], []),
    ({"platform": "RedHat"}, ["/var/log/httpd/listhost_access.log"], ["apache2"]),
])
def test_what_variables_do(text, variables, words, others):
    said = text(**variables)
    assert [word for word in words if word not in said] == []
    assert [word for word in others if word in said] == []


@pytest.mark.parametrize(("found", "inventory", "missing"), [
    ({}, {}, False),
    ({"pair": ""}, {}, True),
    ({"pair": "different"}, {}, True),
    ({"days": 29}, {}, True),
    ({"names": ["www.example.com"]}, {}, True),
    # The administrator's own is none of the role's business.
    ({"days": 29}, {"mailman_web_certificate": "/c"}, False),
])
def test_when_a_certificate_is_made(value, found, inventory, missing):
    assert value("{{ __mailman_web_certificate_missing }}", found=found, **inventory) is missing
    assert value("{{ __mailman_web_unprepared }}", found=found, **inventory) is missing


@pytest.mark.parametrize("found", [{"missing": True}, {"missing_modules": ["ssl"]}])
def test_when_the_host_is_not_prepared(value, found):
    assert value("{{ __mailman_web_unprepared }}", found=found) is True


def test_what_the_rules_are_given(value, role_text):
    [task] = [task for task in yaml.safe_load(role_text("mailman_web", "tasks", "look.yml")) if "listhost.exim_mailman.host_faults" in task]
    given = {"mailman_web_certificate": "/c", "mailman_web_certificate_key": "/k"}
    look = ("said=*:443 www.example.com (/etc/apache2/sites-enabled/listhost.conf:1)\n"
            "said=*:80 www.example.com (/etc/apache2/sites-available/listhost.conf:1)\n")
    arguments = value(task["listhost.exim_mailman.host_faults"], __mailman_web_look={"stdout": look}, **given)
    found, faults = hosts.check(arguments["look"], arguments["found"], arguments["values"])
    assert [fault.partition(" ")[0] for fault in faults] == ["mailman_web_certificate=/c", "mailman_web_certificate_key=/k"]
    # Its own files are no others'.
    assert (found["virtual_hosts"], found["group"]) == ([], "www-data")


@pytest.fixture
def look(tmp_path):
    """Return a function that runs the look at a host with certificates in a directory."""

    def look(certificate, key):
        (tmp_path / "bin").mkdir(exist_ok=True)
        for name in ("ss", "systemctl"):
            (tmp_path / "bin" / name).write_text("#!/bin/sh\n")
            (tmp_path / "bin" / name).chmod(0o755)
        run = subprocess.run(
            ["sh", os.path.join(ROLE, "files", "look.sh"), "/nonexistent/httpd", "httpd", str(tmp_path), "ssl cgid", str(certificate), str(key)],
            env={"PATH": "%s:/usr/sbin:/usr/bin:/sbin:/bin" % (tmp_path / "bin")}, stdout=subprocess.PIPE, check=True,
        )
        return web.read_look(run.stdout.decode(), {"web_group": "apache", "own_files": []})

    return look


def make(directory, name, *names):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "90", "-subj", "/O=x", "-addext",
                    "subjectAltName=" + ",".join("DNS:" + one for one in names), "-keyout", str(directory / (name + ".key")),
                    "-out", str(directory / (name + ".pem"))], check=True, stderr=subprocess.DEVNULL)


def test_the_look_at_a_certificate(look, tmp_path):
    make(tmp_path, "a", "lists.example.com", "*.example.net")
    make(tmp_path, "b", "lists.example.org")
    found = look(tmp_path / "a.pem", tmp_path / "a.key")
    assert (found["pair"], found["names"]) == ("same", ["lists.example.com", "*.example.net"])
    assert found["days"] in (89, 90)
    assert found["files"] == [str(tmp_path / "a.pem"), str(tmp_path / "a.key")]
    assert found["readable"] == []
    assert look(tmp_path / "a.pem", tmp_path / "b.key")["pair"] == "different"
    assert look(tmp_path / "a.pem", tmp_path / "a.pem")["pair"] == "unreadable"
    (tmp_path / "a.key").chmod(0o644)
    assert look(tmp_path / "a.pem", tmp_path / "a.key")["readable"] == [str(tmp_path / "a.key")]


def test_the_look_at_who_can_write_a_certificate(look, tmp_path):
    make(tmp_path, "a", "lists.example.com")
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "a.pem").write_text((tmp_path / "a.pem").read_text())
    (tmp_path / "open").chmod(0o777)
    assert "%s/open/a.pem %s/open" % (tmp_path, tmp_path) in look(tmp_path / "open" / "a.pem", tmp_path / "a.key")["owners"]


def test_the_look_at_modules(look, tmp_path):
    (tmp_path / "ssl.load").write_text("")
    assert look("/gone", "/gone")["missing_modules"] == ["cgid"]
