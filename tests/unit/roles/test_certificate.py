# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role certificate finds on a host, and what gives a new certificate to those that use it. The rest is in molecule/certificates."""

import grp
import os
import subprocess

import pytest

ROLE = os.path.join(os.path.dirname(__file__), "..", "..", "..", "roles", "certificate")
FOUND = {"absent": [], "renews": True, "made": True, "group": "root", "deployed": True, "wanted": False, "hook": ""}


@pytest.fixture
def value(render):
    """Return a function that has Ansible work out something of the role's."""

    def value(template, found=(), **variables):
        host = {"found": dict(FOUND, **dict(found))}
        return render("certificate", template, ("main", "Debian"), ansible_managed="managed", __certificate_host=host, **variables)

    return value


class Host:
    """A directory with the files of a host, and programs that say what was asked of them."""

    def __init__(self, root):
        self.root = root
        self.live = root / "letsencrypt/live/listhost"
        self.live.mkdir(parents=True)
        (root / "letsencrypt/renewal").mkdir()
        (root / "bin").mkdir()
        self.certificate, self.key, self.issued = root / "certificate.pem", root / "certificate.key", root / "certificate.issued"
        self.places = {
            "__certificate_certbot": str(root / "letsencrypt"), "__certificate_file": str(self.certificate), "__certificate_key": str(self.key),
            "__certificate_issued": str(self.issued)}

    def program(self, name, text):
        (self.root / "bin" / name).write_text("#!/bin/sh\n" + text)
        (self.root / "bin" / name).chmod(0o755)

    def run(self, *command):
        environment = {"PATH": "%s:/usr/sbin:/usr/bin:/sbin:/bin" % (self.root / "bin")}
        return subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def make(self, certificate, key, names="DNS:www.example.com,DNS:mail.example.com", more=()):
        """As the role makes a self-signed one."""
        subprocess.check_call(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "9", "-subj", "/O=x",
             "-addext", "subjectAltName=" + names, "-keyout", str(key), "-out", str(certificate)] + list(more), stderr=subprocess.DEVNULL)

    def issue(self):
        self.make(self.live / "fullchain.pem", self.live / "privkey.pem")


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


@pytest.fixture
def look(host):
    """Return a function that looks at the host, for some names."""

    def look(names="", webroot="/w", way=""):
        usual = " drwxr-xr-x root root /\n lrwxrwxrwx root root a -> b\n                 www - No such file or directory\n"
        (host.root / "way").write_text("f: x\n" + (way or usual))
        for name, text in (("systemctl", "case $1 in is-active) echo active ;; *) echo enabled ;; esac\n"), ("getent", "test $4 = known.example.com\n"),
                           ("namei", "cat %s\n" % (host.root / "way")), ("ss", 'echo \'LISTEN 0 1 *:80 *:* users:(("nginx",pid=1,fd=1))\'\n')):
            host.program(name, text)
        run = host.run("sh", os.path.join(ROLE, "files", "look.sh"), "certbot.timer", str(host.root / "letsencrypt"), "listhost", str(host.certificate),
                       str(host.key), str(host.issued), str(host.root / "hook"), "/bin/sh /nonexistent/certbot", names, webroot)
        return run.stdout.decode().splitlines()

    return look


def test_a_bare_host(look):
    assert look() == ["absent=/nonexistent/certbot", "timer=active,enabled"]


def test_the_first_certificate(host, look):
    host.make(host.certificate, host.key)
    assert look()[2:] == ["made=yes", "group=" + grp.getgrgid(host.key.stat().st_gid).gr_name]
    host.make(host.certificate, host.live / "other.key")
    assert look()[2:] == []


def test_what_certbot_has(host, look):
    host.issue()
    (host.root / "hook").write_text("hook")
    (host.root / "letsencrypt/renewal/listhost.conf").write_text(
        "version = 2.1.0\n[renewalparams]\nauthenticator = webroot\nserver = https://x/\nwebroot_path = /w,\nrenew_hook = /h\n[[webroot_map]]\na = /w\n")
    found = look()[2:]
    assert found[0] == "hook=" + subprocess.check_output(["sha256sum"], input=b"hook").decode().split()[0]
    assert found[1:5] == ["renewal.authenticator=webroot", "renewal.server=https://x/", "renewal.webroot_path=/w,", "renewal.renew_hook=/h"]
    assert found[5] == "names=DNS:www.example.com,DNS:mail.example.com"
    now, expires = (int(line.partition("=")[2]) for line in found[6:8])
    assert expires - now in range(9 * 86400 - 60, 9 * 86400 + 60)
    assert found[8:] == []


def test_the_name_server_is_asked_about_new_names_alone(host, look):
    host.issue()
    found = look("www.example.com known.example.com new.example.com")
    assert [line for line in found if line.startswith("unknown=")] == ["unknown=new.example.com"]


def test_port_80(look):
    """It is nobody's business but the web server's, unless certbot itself is to listen there."""
    assert [line for line in look() if line.startswith("other=")] == []
    assert [line.rpartition(" ")[0] for line in look(webroot="") if line.startswith("other=")] == ["other=*:80 nginx"]


@pytest.mark.parametrize(("part", "others"), [
    ("drwxr-xr-x root     root     www", []), ("drwxr-xr-x www-data root     www", ["www"]), ("drwxrwxr-x root     www-data www", ["www"]),
    ("drwxrwxrwt root     root     tmp", ["tmp"]), ("drwxr-x-w- root     root     odd", ["odd"]),
    ("lrwxrwxrwx root     root     www -> /srv/www", []), ("lrwxrwxrwx anna     anna     www -> /srv/www", ["www"]),
])
def test_who_can_write_where_certbot_does(look, part, others):
    found = look(way=" drwxr-xr-x root     root     /\n %s\n   -rw-r--r-- root     root     x\n" % part)
    assert [line[len("others="):] for line in found if line.startswith("others=")] == others


@pytest.fixture
def deploy(host, value, role_text):
    """Return a function that runs what certbot would run."""

    def deploy(services=(), fails=""):
        host.program("systemctl", 'echo "$@" >>%s\ntest "$2" != "%s"\n' % (host.root / "asked", fails))
        text = value(role_text("certificate", "templates", "deploy-certificate.j2"), certificate_services=list(services), **host.places)
        (host.root / "hook").write_text(text)
        run = host.run("sh", str(host.root / "hook"))
        asked = (host.root / "asked").read_text().splitlines() if (host.root / "asked").exists() else []
        return run.returncode, run.stdout.decode(), asked

    return deploy


def test_a_new_certificate_is_given_to_what_uses_it(host, deploy, look):
    host.make(host.certificate, host.key)
    host.key.chmod(0o640)
    host.certificate.chmod(0o644)
    if os.geteuid() == 0:
        os.chown(str(host.key), 0, 7)
    before = host.key.stat()
    host.issue()
    assert deploy(["apache2", "dovecot"]) == (0, "deployed\n", ["try-reload-or-restart apache2", "try-reload-or-restart dovecot"])
    for path, live in ((host.certificate, "fullchain.pem"), (host.key, "privkey.pem"), (host.issued, "fullchain.pem")):
        assert path.read_text() == (host.live / live).read_text()
    after = host.key.stat()
    # Whoever could read the key can read it.
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)
    assert host.certificate.stat().st_mode & 0o777 == 0o644
    assert sorted(path.name for path in host.root.glob("certificate*")) == ["certificate.issued", "certificate.key", "certificate.pem"]
    assert "deployed=yes" in look()
    # Once.
    (host.root / "asked").unlink()
    assert deploy(["apache2"]) == (0, "", [])


def test_a_key_that_is_kept_is_not_touched(host, deploy):
    host.make(host.certificate, host.key)
    host.issue()
    assert deploy()[0] == 0
    before = host.key.stat().st_ino
    host.make(host.live / "fullchain.pem", host.live / "unused", more=["-key", str(host.live / "privkey.pem")])
    assert deploy()[:2] == (0, "deployed\n")
    assert host.key.stat().st_ino == before


def test_a_service_that_cannot_be_reloaded(host, deploy, look):
    host.make(host.certificate, host.key)
    host.issue()
    assert deploy(["apache2"], fails="apache2")[:2] == (1, "")
    assert "deployed=yes" not in look()
    assert deploy(["apache2"])[:2] == (0, "deployed\n")


@pytest.mark.parametrize(("found", "unprepared", "unfinished"), [
    ({}, False, False),
    ({"made": False}, True, False),
    ({"absent": ["/usr/bin/openssl"]}, True, False),
    ({"absent": ["/var/www/listhost"]}, True, False),
    ({"absent": ["/usr/bin/certbot"]}, False, True),
    ({"wanted": True}, False, True),
    ({"deployed": False}, False, True),
    ({"renews": False}, False, True),
    ({"hook": "other"}, False, True),
])
def test_when_there_is_something_to_do(value, found, unprepared, unfinished):
    hook = value("{{ __certificate_hook_text | hash('sha256') }}", __certificate_hook_text="hook")
    given = {"found": dict({"hook": hook}, **found), "certificate_contribution": {"web": True}, "__certificate_hook_text": "hook"}
    assert value("{{ __certificate_unprepared }}", **given) is unprepared
    assert value("{{ __certificate_unfinished }}", **given) is unfinished


@pytest.mark.parametrize(("variables", "names", "webroot", "services"), [
    ({"certificate_contribution": {"names": ["a.example.com", "b.example.com", "a.example.com"], "web": True, "services": ["apache2"]}},
     ["a.example.com", "b.example.com"], "/var/www/listhost", ["apache2"]),
    ({"certificate_contribution": {"names": ["a.example.com"], "web": False, "services": []}, "certificate_names": ["c.example.com"],
      "certificate_services": ["dovecot"]}, ["c.example.com"], "", ["dovecot"]),
    ({"certificate_contribution": {"web": True, "services": ["apache2"]}, "certificate_acme_webroot": "/srv", "certificate_services": ["dovecot"]},
     [], "/srv", ["apache2", "dovecot"]),
])
def test_what_the_certificate_is_to_be(value, variables, names, webroot, services):
    assert value("{{ __certificate_all_names }}", **variables) == names
    assert value("{{ __certificate_webroot }}", **variables) == webroot
    assert value("{{ __certificate_all_services }}", **variables) == services
