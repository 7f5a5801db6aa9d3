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
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._captchas import captchas

ROLE = os.path.join(os.path.dirname(__file__), "..", "..", "..", "roles", "mailman_web")
INSTALLED = {"prefix": "/usr/lib/mailman", "var_prefix": "/var/lib/mailman", "cgi_group": "www-data", "url_hosts": ["www.example.com", "www.example.net"]}
ACME = {"certificate": "/a.pem", "key": "/a.key", "key_group": "root", "issued": "/a.issued", "webroot": "/srv/acme", "made": False}
FOUND = {"absent": [], "bans": True, "has_auth_log": False, "missing": False, "running": True, "runs_programs": True,
         "missing_modules": [], "unread": [], "shared": "yes", "pair": "same", "days": 300, "names": INSTALLED["url_hosts"]}


@pytest.fixture
def value(render, role_text):
    """Return a function that has Ansible work out something of the role's."""

    def value(template, platform="Debian", found=(), **inventory):
        installed = inventory.pop("installed", INSTALLED)
        if installed:
            inventory["mailman_installation"] = installed
        inventory["__mailman_web_host"] = {"found": dict(FOUND, **dict(found))}
        return render("mailman_web", template, ("main", platform), ansible_managed="managed", **inventory)

    return value


@pytest.fixture
def file(value, role_text):
    """Return a function that makes a file of a template, with what virtual hosts have in common."""

    def file(name, **variables):
        # A machine of separate domains has none.
        pages = value(role_text("mailman_web", "templates", "pages.conf.j2"), **variables) if variables.get("installed", INSTALLED) else None
        return value(role_text("mailman_web", "templates", name), __mailman_web_pages=pages, **variables)

    return file


@pytest.fixture
def text(file):
    return lambda **variables: file("virtual_hosts.conf.j2", **variables)


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
     ['SSLCertificateFile "/c"', 'SSLCertificateKeyFile "/k"', "Strict-Transport-Security"], ["/etc/listhost/web.", "<IfFile"]),
    # Of another role's certificate Apache itself finds out whether it is an authority's.
    ({"mailman_web_certificate_contribution": ACME}, [
        'SSLCertificateFile "/a.pem"', 'SSLCertificateKeyFile "/a.key"', '<IfFile "/a.issued">\n        Header always set Strict-Transport-Security',
        'Alias /.well-known/acme-challenge/ "/srv/acme/.well-known/acme-challenge/"',
        'RedirectMatch permanent "(?s)^(?!/\\.well-known/acme-challenge/)/?(.*)$" "https://www.example.com/$1"',
        '<Directory "/srv/acme/.well-known/acme-challenge">'], ["/etc/listhost/web.", "Redirect permanent /"]),
    ({"mailman_web_certificate_contribution": dict(ACME, webroot="")}, ["Redirect permanent / https://www.example.com/\n"], ["acme-challenge"]),
    ({"mailman_web_certificate_contribution": ACME, "mailman_web_certificate": "/c", "mailman_web_certificate_key": "/k"},
     ['SSLCertificateFile "/c"', 'SSLCertificateKeyFile "/k"', "acme-challenge"], ["/a.", "<IfFile"]),
    ({"mailman_web_trusted_proxies": ["192.0.2.1", "2001:db8::/32"]}, ["RemoteIPInternalProxy 192.0.2.1 2001:db8::/32\n"], []),
    ({"mailman_web_taken_down": ["a/2026-May/1.html"]},
     [r'RedirectMatch 451 "(?i)^/(?:pipermail|mailman/private)/a/2026\-May/1\.html(?:[.]gz)?(?:/|$)"'], []),
    ({"platform": "RedHat"}, ["/var/log/httpd/listhost_access.log"], ["apache2"]),
])
def test_what_variables_do(text, variables, words, others):
    said = text(**variables)
    assert [word for word in words if word not in said] == []
    assert [word for word in others if word in said] == []


POLICY = {"mta-sts.list.example.com": "version: STSv1\n"}


def test_a_policy_of_mta_sts(text, value):
    said = text(mailman_web_mta_sts_contribution=POLICY)
    assert re.findall(r"ServerName (\S+)", said)[-2:] == ["mta-sts.list.example.com"] * 2
    last = said[said.rindex("<VirtualHost"):]
    words = ("*:443>", 'Alias /.well-known/mta-sts.txt "/etc/listhost/mta-sts.list.example.com.txt"', "listhost_access.log")
    assert [word for word in words if word not in last] == []
    # Nothing else is there.
    [expression] = re.findall('RedirectMatch 404 "(.*?)"', last)
    paths = ("/.well-known/mta-sts.txt", "/", "/.well-known/mta-sts.txt/", "/.well-known/mta-stsxtxt", "/x\n/.well-known/mta-sts.txt", "/mailman/listinfo")
    assert [path for path in paths if not re.search(expression, path)] == ["/.well-known/mta-sts.txt"]
    file = {"path": "/etc/listhost/mta-sts.list.example.com.txt", "content": "version: STSv1\n"}
    for installed in (INSTALLED, DOMAIN):
        files, names = value("{{ [__mailman_web_policies, __mailman_web_own_names] }}", installed=installed, mailman_web_mta_sts_contribution=POLICY)
        assert (files, names) == ([file], installed["url_hosts"] + list(POLICY))
    assert value("{{ __mailman_web_files }}", installed=DOMAIN, mailman_web_mta_sts_contribution=POLICY) == [file]


@pytest.mark.parametrize(("host", "hosts_of_acme"), [("unknown.invalid", 1), ("www.example.com", 1), ("www.example.net", 1), ("mta-sts.list.example.com", 1)])
def test_an_authority_finds_the_answers_under_each_name(text, host, hosts_of_acme):
    """By HTTP, also under a name that is none of Mailman's, which may be the mail server's."""
    said = text(mailman_web_certificate_contribution=ACME, mailman_web_mta_sts_contribution=POLICY)
    virtual_hosts = re.findall(r"<VirtualHost \*:(\d+)>\n    ServerName %s\n(.*?)</VirtualHost>" % host, said, re.DOTALL)
    assert [port for port, content in virtual_hosts if "Alias /.well-known/acme-challenge/" in content] == ["80"] * hosts_of_acme


@pytest.mark.parametrize(("path", "goal"), [
    ("/", ""), ("/mailman/listinfo", "mailman/listinfo"), ("/.well-known/security.txt", ".well-known/security.txt"), ("/.well-known/acme-challenge/x", None),
    ("/xwell-known/acme-challenge/x", "xwell-known/acme-challenge/x"), ("/a\nb", "a\nb"),
])
def test_all_but_the_answers_lead_to_https(text, path, goal):
    [expression, *dummy] = re.findall(r'RedirectMatch permanent "(.*?)"', text(mailman_web_certificate_contribution=ACME))
    found = re.search(expression, path)
    assert (found.group(1) if found else None) == goal


@pytest.mark.parametrize(("found", "inventory", "missing"), [
    ({}, {}, False),
    ({"pair": ""}, {}, True),
    ({"pair": "different"}, {}, True),
    ({"days": 29}, {}, True),
    ({"names": ["www.example.com"]}, {}, True),
    ({"pair": ""}, {"mailman_web_certificate_contribution": ACME}, False),
    # The administrator's own is none of the role's business.
    ({"days": 29}, {"mailman_web_certificate": "/c"}, False),
])
def test_when_a_certificate_is_made(value, found, inventory, missing):
    assert value("{{ __mailman_web_certificate_missing }}", found=found, **inventory) is missing
    assert value("{{ __mailman_web_unprepared }}", found=found, **inventory) is missing


@pytest.mark.parametrize("found", [{"absent": ["/usr/sbin/apache2ctl"]}, {"missing_modules": ["ssl"]}])
def test_when_the_host_is_not_prepared(value, found):
    assert value("{{ __mailman_web_unprepared }}", found=found) is True


def test_what_the_rules_are_given(value, role_text):
    [task] = [task for task in yaml.safe_load(role_text("mailman_web", "tasks", "look.yml")) if "listhost.exim_mailman.host_faults" in task]
    given = {"mailman_web_certificate": "/c", "mailman_web_certificate_key": "/k"}
    look = ("said=*:443 www.example.com (/etc/apache2/sites-enabled/listhost.conf:1)\n"
            "said=*:80 www.example.com (/etc/apache2/sites-available/listhost.conf:1)\n")
    task = task["listhost.exim_mailman.host_faults"]
    arguments = value(task, __mailman_web_look={"stdout": look}, ansible_check_mode=False, **given)
    found, faults = hosts.check(arguments["look"], arguments["found"], arguments["values"])
    assert [fault.partition(" ")[0] for fault in faults] == ["mailman_web_certificate=/c", "mailman_web_certificate_key=/k"]
    # Its own files are no others'.
    assert (found["virtual_hosts"], found["group"]) == ([], "www-data")
    for installed, checking, domain in ((INSTALLED, False, ""), (None, False, ""), (DOMAIN, False, "lists.example.org"), (DOMAIN, True, "")):
        arguments = value(task, __mailman_web_look={"stdout": look}, ansible_check_mode=checking, installed=installed)
        assert arguments["values"]["domain"] == domain


# Programs of a host on which everything is root's but a directory "foreign", and nobody else can write the directories above that of the test. Apache has
# read its files at a certain time.
PROGRAMS = {
    "ss": "",
    "systemctl": 'case "$*" in *StateChangeTimestamp*) [ "$TZ" = UTC ] && echo "Thu 2026-11-26 04:00:00 UTC" ;; esac\n',
    "stat": 'case "$2 $3" in "%u "*/foreign) echo 1000 ;; "%u "*) echo 0 ;; *) exec /usr/bin/stat "$@" ;; esac\n',
    "find": 'case "$*" in *$here*) exec /usr/bin/find "$@" ;; esac\n',
}
READ_AT = 1795665600


@pytest.fixture
def look(tmp_path):
    """Return a function that runs the look at a host with certificates in a directory."""

    def look(certificate, key, live="/nonexistent/listhost.conf"):
        (tmp_path / "bin").mkdir(exist_ok=True)
        for name, script in PROGRAMS.items():
            (tmp_path / "bin" / name).write_text("#!/bin/sh\nhere=%s\n%s" % (tmp_path, script))
            (tmp_path / "bin" / name).chmod(0o755)
        run = subprocess.run(
            ["sh", os.path.join(ROLE, "files", "look.sh"), "/nonexistent/httpd", "httpd", str(tmp_path), "ssl cgid", str(certificate), str(key),
             "/nonexistent/nft /bin/sh", str(live), str(tmp_path / "shared.conf")],
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
    assert look(tmp_path / "a.pem", tmp_path / "a.pem")["pair"] == "no key"
    (tmp_path / "c.pem").write_text("no certificate")
    found = look(tmp_path / "c.pem", tmp_path / "a.key")
    assert (found["pair"], found["days"], found["names"]) == ("no certificate", None, [])
    (tmp_path / "a.key").chmod(0o644)
    assert look(tmp_path / "a.pem", tmp_path / "a.key")["readable"] == [str(tmp_path / "a.key")]


def test_the_look_at_who_can_write_a_certificate(look, tmp_path):
    """A link counts, and the way to it, however the goal is. What is not root's is not opened."""
    make(tmp_path, "a", "lists.example.com")
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "a.pem").write_text((tmp_path / "a.pem").read_text())
    (tmp_path / "open" / "link").symlink_to("../a.pem")
    (tmp_path / "open" / "up").symlink_to(tmp_path)
    (tmp_path / "to_open").symlink_to("open")
    (tmp_path / "open").chmod(0o777)
    for path in ("open/a.pem", "open/link", "open/up/a.pem", "to_open/up/./to_open/../a.pem"):
        found = look("%s/%s" % (tmp_path, path), tmp_path / "a.key")
        assert set(found["owners"]) == {"%s/%s %s/open" % (tmp_path, path, tmp_path)}, path
        assert (found["pair"], found["days"]) == ("", None)
    (tmp_path / "open").chmod(0o755)
    found = look(tmp_path / "to_open" / "up" / "open" / "link", tmp_path / "a.key")
    assert (found["owners"], found["pair"]) == ([], "same")
    (tmp_path / "open").rename(tmp_path / "foreign")
    assert look(tmp_path / "foreign" / "link", tmp_path / "a.key")["owners"] == ["%s/foreign/link %s/foreign" % (tmp_path, tmp_path)]


def test_the_look_at_what_apache_has_not_read(look, tmp_path):
    make(tmp_path, "a", "lists.example.com")
    (tmp_path / "listhost.conf").write_text("")
    paths = [tmp_path / name for name in ("a.pem", "a.key", "listhost.conf")]
    for path in paths:
        os.utime(str(path), (READ_AT, READ_AT + 0.9))
    assert look(*paths)["unread"] == []
    for path in paths:
        os.utime(str(path), (READ_AT, READ_AT + 1))
        assert look(*paths)["unread"] == [str(path)]
        os.utime(str(path), (READ_AT, READ_AT))


DOMAIN = {"prefix": "/virtual/lists.example.org/mailman", "var_prefix": "/virtual/lists.example.org/mailman", "cgi_group": "www-data",
          "url_hosts": ["www.example.org"], "separate_domain": "lists.example.org"}


def test_a_machine_of_separate_domains(text, value):
    """It has what they share, and no Mailman."""
    said = text(installed=None)
    assert re.findall(r"ServerName (\S+)", said) == ["unknown.invalid"] * 2
    assert "QS_CondClientEventLimitCount" in said and "ScriptAlias" not in said
    assert value("{{ [__mailman_web_path, __mailman_web_own_certificate] }}", installed=None) == [
        "/etc/apache2/sites-available/listhost.conf", "/etc/listhost/web.pem"]
    # Its certificate is for no name that anybody asks for.
    assert value("{{ __mailman_web_certificate_missing }}", found={"names": ["unknown.invalid"]}, installed=None) is False
    assert value("{{ __mailman_web_certificate_missing }}", found={"names": []}, installed=None) is True


def test_a_separate_domain(text, value):
    """It has a virtual host, and nothing of what is shared."""
    said = text(installed=DOMAIN)
    assert re.findall(r"ServerName (\S+)", said) == ["www.example.org"] * 2
    assert [word for word in ("QS_", "unknown.invalid", "RewriteMap") if word in said] == []
    assert 'ScriptAlias /mailman/ "/virtual/lists.example.org/mailman/cgi-bin/"' in said
    assert 'SSLCertificateFile "/etc/listhost/web_lists.example.org.pem"' in said
    path, shared, word, files, needs, modules = value(
        "{{ [__mailman_web_file, __mailman_web_shared_file, __mailman_web_proof, __mailman_web_files, __mailman_web_needs, __mailman_web_modules] }}",
        installed=DOMAIN)
    # As Apache sorts them.
    assert sorted([path, shared]) == [shared, "listhost_lists.example.org.conf"]
    assert (word, files, needs, modules) == ("Proof_of_listhost_lists_example_org_conf", [], {}, [])
    assert value("{{ __mailman_web_unprepared }}", found={"names": ["www.example.org"]}, installed=DOMAIN) is False
    assert value("{{ __mailman_web_unprepared }}", found={"names": ["www.example.org"], "shared": ""}, installed=DOMAIN) is True


@pytest.mark.parametrize(("found", "changed", "apache", "jails"), [
    ({}, [], False, False),
    ({}, ["/etc/apache2/sites-available/listhost.conf", "/etc/fail2ban/jail.d/listhost.conf"], False, True),
    ({"unread": ["/etc/listhost/web.pem"]}, [], True, False),
    # A run was stopped before fail2ban's restart.
    ({"unread": ["/etc/fail2ban/filter.d/listhost-login.conf"]}, [], False, True),
    # It is made in this run.
    ({"days": 29}, [], True, False),
])
def test_what_has_to_be_read(value, found, changed, apache, jails):
    read = value("{{ [__mailman_web_unread, __mailman_web_jails_changed] }}", found=found, __mailman_web_config={"changed_paths": changed})
    assert read == [apache, jails]


def test_a_certificate_that_another_role_makes_in_this_run_is_read(value):
    for made in (True, False):
        assert value("{{ __mailman_web_unread }}", mailman_web_certificate_contribution=dict(ACME, made=made)) is not made


def test_the_look_at_modules(look, tmp_path):
    (tmp_path / "ssl.load").write_text("")
    found = look("/gone", "/gone")
    assert (found["missing_modules"], found["absent"]) == (["cgid"], ["/nonexistent/nft"])


def test_the_look_at_what_domains_share(look, tmp_path, text):
    assert look("/gone", "/gone")["shared"] == ""
    for inventory, shared in (({}, "limits"), ({"mailman_web_trusted_proxies": ["192.0.2.1"]}, "yes")):
        (tmp_path / "shared.conf").write_text(text(installed=None, **inventory))
        assert look("/gone", "/gone")["shared"] == shared


@pytest.mark.parametrize(("installed", "found", "missing"), [
    (DOMAIN, {"names": ["www.example.org"], "shared": ""}, "['what the machine of lists.example.org has for all domains']"),
    (DOMAIN, {}, "['a self-signed certificate for www.example.org']"),
    (None, {"absent": ["/usr/bin/openssl"], "missing_modules": ["ssl"], "names": ["unknown.invalid"], "shared": ""}, "['openssl', 'module ssl']"),
])
def test_what_check_mode_says(value, role_text, installed, found, missing):
    task = yaml.safe_load(role_text("mailman_web", "tasks", "prepare.yml"))[0]
    assert value(task["ansible.builtin.debug"]["msg"], found=found, installed=installed) == missing + " would be added"


def test_lists_of_several_hosts(text, value):
    said = text()
    rules = re.findall(r'RewriteRule "(.*?)" - (.*)', said)
    assert len(rules) == 4 and {flags for dummy, flags in rules} == {"[R=404,L]"}
    rule = rules[1][0]
    for path, name in (("/mailman/admin/open/members", "open"), ("/mailman/listinfo/open", "open"), ("/pipermail/open/", "open"),
                       ("/pipermail/open.mbox/x", "open"), ("/mailman/private/a.b/2026-May/1.html", "a.b"),
                       ("/mailman/listinfo/open/\nx", "open"), ("/mailman/listinfo/open\n", "open"),
                       ("/mailman/private/open.MBOX/open.mbox", "open"),
                       ("/mailman/listinfo", None), ("/mailman/listinfo/", None), ("/icons/x", None)):
        match = re.search(rule, path)
        assert (match and match.group(1)) == name, path
    # What the file has of a list, and the host that was asked: these are fine, and others not.
    condition = re.search(r'%{SERVER_NAME}" "!(.*?)" \[NC\]', said).group(1)
    assert all(re.search(condition, one) for one in ("www.example.com www.example.com", " www.example.net"))
    assert not re.search(condition, "www.example.com www.example.net") and not re.search(condition, "www.example.com example.com")
    one = value("{{ __mailman_web_hosts_file }}", __mailman_web_url_hosts=["www.example.com"])
    assert (one, "RewriteMap" in text(__mailman_web_url_hosts=["www.example.com"])) == ("", False)


@pytest.mark.parametrize(("path", "refused"), [
    ("/mailman/private/n\x01ews/x", True), ("/mailman/listinfo/news\n", True), ("/mailman/admin/news\n/x", True), ("/mailman/admin/n\x80ews", True),
    ("/mailman/list info/news", True), ("/mailman/options/news/a+b=c@example.org", False), ("/mailman/listinfo", False), ("/pipermail/a b", False),
    ("/mailman/private//var/x", True), ("//mailman/listinfo", True), ("/pipermail/news\n//x", True), ("/icons//x", True), ("/other//x", False),
    ("/mailman-other//x", False),
])
def test_paths_that_mailman_reads_otherwise_than_a_web_server(text, file, path, refused):
    rule = re.search('RewriteRule "(.*?)" - ', text(__mailman_web_url_hosts=["www.example.com"])).group(1)
    assert bool(re.search(rule, path)) is refused
    assert 'if ($uri ~ "%s") { return 404; }' % rule in file("nginx.conf.j2")


LIMITS = ("QS_", "SetEnvIfExpr")


@pytest.mark.parametrize(("variables", "wanted"), [
    ({}, ["31 3600 listhost_form ^form$", "301 60 listhost_page ^page$"]),
    ({"mailman_web_forms_per_hour": 0}, ["301 60 listhost_page ^page$"]),
    ({"mailman_web_archive_pages_per_minute": 0}, ["31 3600 listhost_form ^form$"]),
    ({"mailman_web_archive_pages_per_minute": 0, "mailman_web_forms_per_hour": 0}, []),
    # All clients are one.
    ({"mailman_web_trusted_proxies": ["192.0.2.1"]}, []),
])
def test_limits(text, value, variables, wanted):
    said = text(**variables)
    assert re.findall(r"QS_CondClientEventLimitCount (.*)", said) == wanted
    assert all((word in said) is bool(wanted) for word in LIMITS)
    for platform, module in (("Debian", "libapache2-mod-qos"), ("RedHat", "mod_qos")):
        assert (module in value("{{ __mailman_web_needs }}", platform, **variables).values()) is bool(wanted)
    assert ("qos" in value("{{ __mailman_web_modules }}", **variables)) is bool(wanted)


def test_which_packages_are_installed(value):
    absent = ["/usr/sbin/httpd", "/etc/httpd/conf.modules.d/00-ssl.conf", "/etc/pki/tls/certs/localhost.crt", "/usr/bin/fail2ban-client"]
    assert value("{{ __mailman_web_packages }}", "RedHat", {"absent": absent}) == ["httpd", "mod_ssl", "fail2ban-server"]
    assert "fail2ban" not in value("{{ __mailman_web_needs }}", mailman_web_fail2ban=False).values()


@pytest.mark.parametrize("banning", [True, False])
def test_files_of_fail2ban(value, banning):
    paths = "{{ __mailman_web_files | map(attribute='path') | list }}"
    files = value(paths, __mailman_web_jails=[{"path": "/etc/fail2ban/jail"}], mailman_web_fail2ban=banning)
    assert files == ["/etc/listhost/robots.txt"] + (["/etc/fail2ban/jail"] if banning else [])


@pytest.mark.parametrize(("found", "platform", "repaired"), [({}, "Debian", True), ({"has_auth_log": True}, "Debian", False), ({}, "RedHat", False)])
def test_jails(value, role_text, found, platform, repaired):
    said = value(role_text("mailman_web", "templates", "jail.conf.j2"), platform, found, ansible_facts={"os_family": platform},
                 mailman_web_login_failures_per_hour=7, mailman_web_trusted_proxies=["192.0.2.1"])
    assert re.findall("maxretry = (.*)", said) == ["7", "30"]
    assert said.count("ignoreip = 127.0.0.0/8 ::1 192.0.2.1\n") == 2
    assert ("[sshd]" in said) is repaired


# As Apache writes it, and without the time, as fail2ban reads it.
LINE = 'www.example.com:443 192.0.2.1 - -  "%s HTTP/1.1" %d 3607 "-" "curl"'


@pytest.mark.parametrize(("name", "request_line", "status", "counts"), [
    ("login", "POST /mailman/admin/announce", 401, True), ("login", "GET /mailman/admindb/announce", 401, True),
    ("login", "POST /mailman/options/announce/anna--at--example.org", 401, True), ("login", r"POST /mailman/admin/announce/\"x", 401, True),
    ("login", r"POST /mailman/roster/announce/\\", 401, True), ("login", "POST /mailman/edithtml", 401, True),
    ("login", "POST /mailman/private/announce", 401, True), ("login", "POST /mailman/private/announce", 200, True),
    ("login", "POST /mailman/create", 200, True), ("login", "POST /mailman/rmlist/announce", 200, True),
    ("login", "GET /mailman/create", 200, False), ("login", "POST /mailman/admin/announce", 200, False),
    ("login", "GET /mailman/private/announce/", 200, False),
    ("login", "POST /mailman/administration", 401, False), ("login", "GET /mailman/listinfo", 401, False),
    ("limits", "GET /pipermail/announce/", 429, True), ("limits", r"GET /pipermail/\"", 429, True), ("limits", "GET /pipermail/announce/", 200, False),
    # What the client writes is not the answer.
    ("limits", r'GET /\" 429 \"', 404, False), ("login", r'GET /mailman/admin/x HTTP/1.1\" 401 \"', 200, False),
])
def test_what_counts_for_a_ban(value, role_text, name, request_line, status, counts):
    said = value(role_text("mailman_web", "templates", "filter-%s.conf.j2" % name))
    expressions = re.findall(r"(\^\S.*)", re.search(r"(?ms)^failregex = (.*?)^ignoreregex", said).group(1))
    assert len(expressions) == {"login": 2, "limits": 1}[name]
    found = [re.search(one.replace("<HOST>", r"(?P<host>\S+)"), LINE % (request_line, status)) for one in expressions]
    assert [one.group("host") for one in found if one][:1] == (["192.0.2.1"] if counts else [])


def test_what_mailman_is_told(value):
    settings = value("{{ __mailman_web_settings }}")
    assert settings["DEFAULT_URL_PATTERN"] == "https://%s/mailman/" and "CAPTCHAS" not in settings
    assert (settings["REFUSE_SECOND_PENDING"], settings["WARN_MEMBER_OF_SUBSCRIBE"]) == (1, 0)


@pytest.mark.parametrize(("answers", "right", "wrong"), [
    (["12", "twelve"], ["12", " Twelve "], ["1", "122", "12 twelve", "", "12x"]),
    (["C++", "a.b"], ["c++", "A.B"], ["c", "axb", "C"]),
])
def test_answers(answers, right, wrong):
    pairs = captchas([{"question": "What?", "answers": answers}, {"language": "de", "question": "Was?", "answers": ["x"]}])
    assert sorted(pairs) == ["de", "en"] and pairs["en"][0][0] == "What?"
    # As Mailman does.
    expression = pairs["en"][0][1] + "$"
    assert [one for one in right if not re.match(expression, one)] == []
    assert [one for one in wrong if re.match(expression, one)] == []
