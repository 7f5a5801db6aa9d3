# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the roles need not set up a list host: nothing at all differs there."""

import copy
import os

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_settings import sum_of
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _roles
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._host_certificate import renewal
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._list_host import ListHost
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._reading import reader
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._wanted import OURS, InDoubt, arguments_of, tried
from ansible_collections.listhost.exim_mailman.tests.unit.plugins.plugin_utils.as_found import (
    FACTS,
    KEYS,
    HostVars,
    configuration_of,
    mailman_of,
    web_of,
)
from ansible_collections.listhost.exim_mailman.tests.unit.roles.conftest import ROLES, trusted

HOST, PREFIX = "lists.example.com", "/var/lib/mailman"
SAID = {
    "ansible_check_mode": False, "inventory_dir": "/inventories/first",
    "exim_postmaster": "postmaster@example.org", "exim_known_faults": "ignore",
    "mailman_email_host": "list.example.com", "mailman_url_host": "www.lists.example.org", "mailman_web": False,
    "mailman_archive": "/srv/mailman.tgz", "mailman_archive_checksum": "sha256:" + "a" * 64,
    "mailman_site_owner": "anna@example.org", "mailman_site_password": "not for others",
    "mailman_lists": [{"name": "announce", "owners": ["owner@example.org"], "members": ["dora@example.org"]}],
}
LOOK_AT_EXIM = """Exim version 4.96 #2 built 25-Sep-2023
Support for: crypteq iconv() IPv6 GnuTLS move_frozen_messages Content_Scanning DANE DKIM DNSSEC SPF
package=4.96-15+deb12u9
service=active,enabled
sendmail=
queue=QUEUEINTERVAL='5m'
"""
SELF_SIGNED = """self_signed.file=/etc/listhost/mail.pem
self_signed.file=/etc/listhost/mail.key
self_signed.key=Debian-exim 640
self_signed.pair=same
self_signed.now=1700000000
self_signed.expires=1900000000
self_signed.name=same
"""
LOOK_AT_FILES = """/etc/ssl/mail.pem|regular file: root 644
/etc/ssl/mail.key|regular file: Debian-exim 640
pair=same
now=1700000000
expires=1900000000
"""
DKIM = {"changed": False, "pending": False, "key_directory": "/etc/exim4/dkim", "records": {"lists._domainkey.list.example.com": "v=DKIM1; k=rsa; p=x"}}
FORMS = {
    "plain": {},
    "signing": {"exim_queue_interval": "5m", "exim_dkim_domains": ["list.example.com"],
                "exim_tls_certificate": "/etc/ssl/mail.pem", "exim_tls_privatekey": "/etc/ssl/mail.key"},
    "web": {"mailman_web": True},
    "certificate": {"mailman_web": True, "certificate_acme": True, "certificate_acme_contact": "anna@example.org", "mailman_web_fail2ban": False},
    "one-click": {"mailman_web": True, "mailman_web_one_click": True, "exim_dkim_domains": ["list.example.com"], "mailman_web_fail2ban": False},
}
LOOK_AT_CERTIFICATE = """timer=active,enabled
made=yes
group=Debian-exim
names=DNS:machine.example.com,DNS:www.lists.example.org
now=1700000000
expires=1900000000
deployed=yes
"""
with open(os.path.join(ROLES, "..", "playbooks", "site.yml"), encoding="utf-8") as stream:
    PLAY = trusted([play for play in yaml.safe_load(stream) if play["name"] == "Set up list hosts"][0]["vars"])


def start(said):
    """Return a list host, with the values of its variables as role_values has them."""
    hostvars = HostVars({HOST: dict(SAID, **said)})
    host = ListHost(DataLoader(), dict(hostvars.raw_get(HOST), **PLAY, hostvars=hostvars, ansible_facts=FACTS), {})
    read = reader(host.templar(host.variables), host.variables, host.options, host.loader)
    typed, faults = _roles.check(["exim", "mailman", "exim_lists", "mailman_web", "certificate", "mailman_backup"], host.said, read, FACTS)
    assert faults == []
    host.take(typed)
    host.variables["__site_checked"] = {"typed": typed}
    return host


def as_it_should_be(host):
    """Return what a look finds at a host that is as the roles would make it."""
    info, host = mailman_of(host, PREFIX)
    acme = host.typed["certificate_acme"]
    if acme:
        host.take_certificate({"made": True, "group": "Debian-exim"})
    said, files, links = web_of(host, "lists.example.org")
    info["configuration"] = configuration_of(host, PREFIX, files)
    if acme:
        host.take_certificate({"made": True, "group": "Debian-exim"})
        values = host.mean(arguments_of("certificate", "look", OURS + "host_faults")["values"], "certificate")
        said["certificate"] = LOOK_AT_CERTIFICATE + "hook=%s\n" % sum_of(host.value("__certificate_hook_text", "certificate"))
        said["certificate"] += "".join("renewal.%s=%s\n" % one for one in renewal(values).items())
    if host.variables["exim_tls_certificate"]:
        said["exim_files"] = LOOK_AT_FILES
    said["exim"] = LOOK_AT_EXIM + ("" if acme or host.variables["exim_tls_certificate"] else SELF_SIGNED)
    host.variables["__exim_dkim"] = DKIM
    if "exim_files" in said:
        host.variables["__exim_files"] = {"found": host.judge("exim_files", said["exim_files"], "exim", "look_at_files")}
    host.variables["__exim_found"] = host.judge("exim", said["exim"], "exim", "look")
    wanted = host.configuration_of_exim()
    for spec in (dict(wanted, mode="640"), dict(wanted["files"][0], mode="644")):
        said["exim"] += "file=%(mode)s %(owner)s %(group)s %(path)s\n" % spec + "sum=%s  %s\n" % (sum_of(spec["content"]), spec["path"])
    keys = dict({"dkim_keys": DKIM} if host.value("exim_dkim_domains") else {}, **{"one_click_keys": KEYS} if host.typed["mailman_web_one_click"] else {})
    return dict(keys, mailman=info, links=links, said=said)


def ask(said):
    """Return a host that was asked, what was asked, and what a look finds."""
    host = start(said)
    return host, host.request(), as_it_should_be(host)


# Made here: each test is a process of its own, and would make its own.
USUAL = {form: ask(said) for form, said in FORMS.items()}


def compare(form, change=lambda found: None):
    """Compare a host with what was found there. Return the host, and the doubt."""
    usual, dummy, found = USUAL[form]
    host, found = copy.copy(usual), copy.deepcopy(found)
    host.variables, host.warnings = dict(host.variables), []
    change(found)
    return host, tried(lambda dummy: host.compare(found), HOST)[1]


@pytest.mark.parametrize("form", FORMS)
def test_nothing_differs(form):
    host, doubt = compare(form)
    assert doubt == ""
    assert host.variables["mailman_installation"]["version"] == "2.1.39"


def test_what_is_asked():
    dummy, plain, dummy = USUAL["plain"]
    assert (plain["name"], plain["mailman"]["prefix"], plain["mailman"]["service"]) == (HOST, PREFIX, "mailman")
    assert list(plain["commands"]) == ["exim"] and plain["links"] == [] and "dkim_keys" not in plain
    assert plain["commands"]["exim"][3:9] == [
        "look", "/usr/sbin/exim4", "exim4", "sport = :25", "/etc/exim4/exim4.conf", "/etc/exim4/aliases",
    ]
    dummy, signing, dummy = USUAL["signing"]
    assert signing["commands"]["exim_files"][-2:] == ["exim_tls_certificate=/etc/ssl/mail.pem", "exim_tls_privatekey=/etc/ssl/mail.key"]
    assert signing["dkim_keys"]["domains"] == ["list.example.com"] and signing["dkim_keys"]["directory"] == "/etc/exim4/dkim"
    dummy, web, dummy = USUAL["web"]
    assert "/etc/listhost/robots.txt" in web["mailman"]["compare_files"] and "/etc/apache2/sites-available/listhost.conf" in web["mailman"]["compare_files"]
    dummy, certificate, dummy = USUAL["certificate"]
    assert certificate["commands"]["certificate"][-2:] == ["machine.example.com www.lists.example.org", "/var/www/listhost"]
    assert "/etc/listhost/certificate.pem" in certificate["commands"]["mailman_web"]
    dummy, one_click, dummy = USUAL["one-click"]
    assert one_click["one_click_keys"]["directory"] == "/etc/listhost/one_click"


def mailman(**values):
    return lambda found: found["mailman"].update(values)


def answer(look, old, new):
    def change(found):
        assert old in found["said"][look]
        found["said"][look] = found["said"][look].replace(old, new, 1)

    return change


DIFFERENCES = {
    "no Mailman": ("plain", mailman(installed=False)),
    "another build": ("plain", mailman(stamp={"archive_checksum": "sha256:b"})),
    "mail waits": ("plain", mailman(frozen={"list.example.com": "leaving"})),
    "a list": ("plain", mailman(lists_differ=True)),
    "no queue runners": ("plain", mailman(service_running=False)),
    "no configuration of Mailman": ("plain", mailman(configuration=None)),
    "no Exim": ("plain", answer("exim", "Content_Scanning", "")),
    "Exim does not run": ("plain", answer("exim", "service=active", "service=inactive")),
    "Exim does not start at boot": ("plain", answer("exim", ",enabled", ",disabled")),
    "Exim's configuration": ("plain", answer("exim", "sum=", "sum=0")),
    "who owns Exim's configuration": ("plain", answer("exim", "file=640 root Debian-exim", "file=640 root root")),
    "who can read Exim's configuration": ("plain", answer("exim", "file=640", "file=644")),
    "the aliases": ("plain", answer("exim", "file=644 root root", "file=664 root root")),
    "no configuration of Exim": ("plain", answer("exim", "file=640 root Debian-exim /etc/exim4/exim4.conf\n", "")),
    "another mail server": ("plain", answer("exim", "sendmail=", "other=0.0.0.0:25 master postfix.service\nsendmail=")),
    "a configuration of somebody else's": ("plain", answer("exim", "sendmail=", "replaced=/etc/exim4/exim4.conf\nsendmail=")),
    "a self-signed certificate that ends": ("plain", answer("exim", "expires=1900000000", "expires=1700086400")),
    "a self-signed certificate that is missing": ("plain", answer("exim", "self_signed.pair=same\n", "")),
    "a key that Exim cannot read": ("plain", answer("exim", "self_signed.key=Debian-exim 640", "self_signed.key=root 640")),
    "a self-signed certificate that is left": ("signing", answer("exim", "sendmail=", "self_signed.file=/etc/listhost/mail.pem\nsendmail=")),
    "Exim cannot read its key": ("signing", answer("exim_files", "Debian-exim 640", "root 640")),
    "a key of another certificate": ("signing", answer("exim_files", "pair=same", "pair=different")),
    "how often Exim runs its queue": ("signing", answer("exim", "'5m'", "'30m'")),
    "a DKIM key": ("signing", lambda found: found["dkim_keys"].update(pending=True, changed=True)),
    "no answer about DKIM keys": ("signing", lambda found: found.update(dkim_keys={})),
    "the web server does not run": ("web", answer("mailman_web", "service=active,enabled", "service=inactive,enabled")),
    "the certificate of the web pages": ("web", answer("mailman_web", "pair=same", "pair=different")),
    "fail2ban does not run": ("web", answer("mailman_web", "fail2ban=active", "fail2ban=inactive")),
    "a jail that was not read": ("web", answer("mailman_web", "shared=yes", "shared=yes\nunread=/etc/fail2ban/jail.d/listhost.conf")),
    "the link of the virtual hosts": ("web", lambda found: found.update(links={})),
    "what answers one-click": ("one-click", answer("mailman_web", "one_click=active,enabled", "one_click=inactive,enabled")),
    "the keys for one-click": ("one-click", lambda found: found["one_click_keys"].update(pending=True)),
    "no certificate": ("certificate", answer("certificate", "made=yes", "")),
    "a certificate that is not in use": ("certificate", answer("certificate", "deployed=yes", "")),
    "a certificate that nobody renews": ("certificate", answer("certificate", "timer=active", "timer=inactive")),
    "a certificate that ends": ("certificate", answer("certificate", "expires=1900000000", "expires=1600000000")),
    "a certificate without a name": ("certificate", answer("certificate", ",DNS:www.lists.example.org", "")),
    "another authority": ("certificate", answer("certificate", "renewal.server=", "renewal.server=other")),
    "the hook": ("certificate", answer("certificate", "hook=", "hook=0")),
    "no certbot": ("certificate", answer("certificate", "timer=", "absent=/usr/bin/certbot\ntimer=")),
    "a key that Exim cannot read any more": ("certificate", answer("certificate", "group=Debian-exim", "group=root")),
    "an answer without anything": ("plain", lambda found: found.update(said={})),
}


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_each_difference_counts(difference):
    form, change = DIFFERENCES[difference]
    assert compare(form, change)[1]


@pytest.mark.parametrize("form", ["web", "one-click"])
def test_each_file_counts(form):
    files = list(USUAL[form][2]["mailman"]["configuration"]["files"])
    assert len(files) >= 4
    for file in files:

        def change(found, file=file):
            found["mailman"]["configuration"]["files"][file]["sum"] = sum_of("by hand")

        assert compare(form, change)[1]


@pytest.mark.parametrize(
    "said",
    [
        {"exim_configuration": "blocks"},
        {"exim_tests": {"address_tests": [{"addresses": ["postmaster@list.example.com"], "router": "aliases"}]}},
        {"mailman_shared_domains": {"lists.example.net": "list.example.net"}},
        {"exim_malware_scanning": True},
        {"mailman_web": True, "mailman_web_server": "existing"},
        {"mailman_web": True, "listhost_dns_mta_sts": "testing"},
        # Somebody's own, on the command line: the roles' would win here.
        {"__exim_dkim_domain": "x"},
        {"mailman_installation": {}},
        # No look tells anything of them.
        {"mailman_settings": {"RECAPTCHA_PRIVATE_KEY": "secret"}},
    ],
)
def test_what_the_roles_are_to_see_themselves(said):
    def act(dummy):
        host = start(said)
        host.request()
        host.compare(as_it_should_be(host))

    doubt = tried(act, HOST)[1]
    assert doubt and "not for others" not in doubt


def of_backup(found):
    """Return what a host asks about its backup, and the doubt about what was found."""
    host = start({"mailman_backup": True, "mailman_backup_repository": "/srv/backup", "mailman_backup_password_file": "/etc/listhost/password"})
    host.request()
    host.compare(as_it_should_be(host))
    return host.request_backup(), tried(lambda dummy: host.compare_backup(found), HOST)[1]


BACKUP = {"pending": False, "active": True, "restic": True, "taken": True}


def test_the_backup_is_as_it_should_be():
    asked, doubt = of_backup(BACKUP)
    assert doubt == "" and asked["settings"]["repository"] == "/srv/backup" and asked["settings"]["prefix"] == PREFIX
    assert "/etc/systemd/system/listhost-backup.timer" in [one["path"] for one in asked["files"]]


@pytest.mark.parametrize("name", BACKUP)
def test_each_answer_about_the_backup_counts(name):
    assert of_backup(dict(BACKUP, **{name: not BACKUP[name]}))[1]


def test_warnings_are_the_same():
    host = start({"exim_known_faults": "warn"})
    host.request()
    host.compare(as_it_should_be(host))
    assert any("known fault" in one for one in host.warnings)


def test_what_a_host_says_is_no_template():
    host, doubt = compare("plain", mailman(version="{{ mailman_site_password }}"))
    assert doubt == "" and host.value("mailman_installation")["version"] == "{{ mailman_site_password }}"


def test_doubt_says_why():
    host = start({})
    host.request()
    with pytest.raises(InDoubt, match="Exim is to be started"):
        host.compare(dict(as_it_should_be(host), said={"exim": as_it_should_be(host)["said"]["exim"].replace("service=active", "service=inactive")}))
