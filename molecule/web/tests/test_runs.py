# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs with another inventory: what is refused before anything changes, what goes live, and what comes back.

The tests stand in the order of a host's life. The last but one puts back what the inventory says."""

import hashlib
import re

import pytest
import yaml
from conftest import SCENARIO, run
from waiting import eventually

pytestmark = pytest.mark.list_hosts("debian12", "el8")
FAILURES = yaml.safe_load((SCENARIO / "inventory.yml").read_text())["all"]["children"]["list_hosts"]["vars"]["mailman_web_login_failures_per_hour"]
FILES = "/srv/certificates"
GIVEN = {"mailman_web_certificate": FILES + "/good.pem", "mailman_web_certificate_key": FILES + "/good.key"}


class Layout:
    """Where the distribution has Apache's files."""

    def __init__(self, host):
        self.el = host.name == "el8"
        self.directory = "/etc/httpd/conf.d" if self.el else "/etc/apache2/sites-available"
        self.others = "/etc/httpd/conf.d" if self.el else "/etc/apache2/sites-enabled"
        self.unit = "httpd" if self.el else "apache2"


@pytest.fixture(scope="module")
def layout(list_host):
    return Layout(list_host)


@pytest.fixture(scope="module", autouse=True)
def certificates(list_host, site):
    """Certificates of an administrator's own: one that is good, and one for each thing that may be wrong with it."""
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=test -keyout %s.key -out %s.pem"
    list_host.check_output("mkdir -m 0700 -p " + FILES)
    for name, hosts in (("good", [site.name, "www.other." + list_host.fqdn]), ("other", ["www.example.org"]), ("old", [site.name])):
        names = ",".join("DNS:" + host for host in hosts)
        list_host.check_output("cd %s && umask 077 && %s -days 30 -addext subjectAltName=%s 2>&1" % (FILES, make % (name, name), names))
    # (openssl x509 takes a negative number of days, req does not.)
    list_host.check_output("cd %s && openssl x509 -in old.pem -signkey old.key -days -1 -out expired.pem 2>&1 && mv expired.pem old.pem" % FILES)


@pytest.fixture(scope="module")
def state(list_host, layout):
    """Return a function that tells what a run that was refused must not change: Apache's files, and since when it runs."""
    command = "find {0} /etc/listhost -type f -exec md5sum {{}} + | sort; systemctl show --property=MainPID,ActiveEnterTimestamp {1}"
    return lambda: list_host.check_output(command.format("/etc/httpd" if layout.el else "/etc/apache2", layout.unit))


def served(site):
    """The fingerprint of the certificate that a visitor gets."""
    return hashlib.sha256(site.connect()[1]).hexdigest()


def fingerprint(list_host, path):
    return list_host.check_output("openssl x509 -in %s -outform DER | sha256sum | cut -d ' ' -f 1", path)


@pytest.mark.parametrize(
    ("variables", "complaints"),
    [
        (
            {"mailman_web_certificate": "good.pem", "mailman_web_trusted_proxies": ["proxy"], "mailman_web_taken_down": ["../x"], "mailman_url_host": "www_x"},
            ["mailman_web_certificate", "mailman_web_trusted_proxies", "mailman_web_taken_down", "mailman_url_host"],
        ),
        ({"mailman_web_certificate": FILES + "/good.pem"}, ["Set both, or neither"]),
        (dict(GIVEN, mailman_web_certificate=FILES + "/none.pem"), ["none.pem is not on the host"]),
        (dict(GIVEN, mailman_web_certificate_key=FILES + "/other.key"), ["other.key is not the key of mailman_web_certificate"]),
        ({name: value.replace("good", "old") for name, value in GIVEN.items()}, ["old.pem has expired"]),
        ({name: value.replace("good", "other") for name, value in GIVEN.items()}, ["is for www.example.org and not for www."]),
    ],
)
@pytest.mark.list_hosts("debian12")
def test_bad_input_is_named_before_anything_changes(list_host, state, variables, complaints):
    before = state()
    ended = run(list_host, **variables)
    assert [complaint for complaint in complaints if complaint not in ended.failure] == [], ended.failure
    assert ended.changed == 0
    assert state() == before


@pytest.mark.list_hosts("debian12")
def test_a_key_that_everybody_can_read(list_host, state):
    before = state()
    list_host.check_output("chmod 0644 %s/good.key && chmod 0755 %s", FILES, FILES)
    ended = run(list_host, **GIVEN)
    list_host.check_output("chmod 0600 %s/good.key && chmod 0700 %s", FILES, FILES)
    assert "can be read by everybody" in ended.failure
    assert ended.changed == 0
    assert state() == before


@pytest.mark.list_hosts("debian12")
def test_the_group_of_the_programs(list_host, layout, state):
    """It is compared with Apache's own, whatever the distribution's is."""
    list_host.check_output("sed -i.kept s/^export.APACHE_RUN_GROUP=.*/export\\ APACHE_RUN_GROUP=daemon/ /etc/apache2/envvars")
    before = state()
    ended = run(list_host)
    assert state() == before
    list_host.check_output("mv /etc/apache2/envvars.kept /etc/apache2/envvars")
    assert re.search("group www-data, and Apache's group here is daemon", ended.failure)
    assert "--with-cgi-gid=daemon" in ended.failure
    assert ended.changed == 0


@pytest.mark.list_hosts("el8")
def test_another_web_server(list_host, layout):
    list_host.check_output("systemctl stop httpd && systemd-run --quiet --unit=another /usr/libexec/platform-python -m http.server 80")
    try:
        eventually(lambda: list_host.socket("tcp://0.0.0.0:80").is_listening)
        ended = run(list_host)
        assert "(another.service) listens on port 80" in ended.failure
        assert ended.changed == 0
    finally:
        list_host.check_output("systemctl stop another; systemctl start httpd")


@pytest.mark.list_hosts("debian12")
def test_what_apache_does_not_accept(list_host, layout, site, state):
    """An administrator's own file that is broken: ours stays as it is, and Apache runs on."""
    before = state()
    list_host.check_output("echo 'NoSuchWord On' >%s/zz-broken.conf", layout.others)
    ended = run(list_host, mailman_web_taken_down=["news/2026-February/000001.html"])
    list_host.check_output("rm %s/zz-broken.conf", layout.others)
    assert "NoSuchWord" in ended.failure
    assert state() == before
    assert site.ask("/mailman/listinfo").status == 200


def test_what_apache_does_not_start_with(list_host, layout, site):
    """Its own check finds nothing wrong with it: the previous file comes back, and Apache with it."""
    path = layout.directory + "/listhost.conf"
    before = list_host.check_output("md5sum %s", path)
    # An address that the host does not have.
    list_host.check_output("echo 'Listen 192.0.2.1:8080' >%s/zz-broken.conf", layout.others)
    ended = run(list_host, mailman_web_taken_down=["news/2026-February/000001.html"])
    list_host.check_output("rm %s/zz-broken.conf", layout.others)
    assert "previous files were brought back" in ended.failure
    assert list_host.check_output("md5sum %s", path) == before
    list_host.check_output("systemctl reset-failed %s; systemctl start %s", layout.unit, layout.unit)
    assert site.ask("/mailman/listinfo").status == 200


def test_the_administrators_certificate(list_host, site):
    ended = run(list_host, **GIVEN)
    assert ended.failure == ""
    assert ended.changed == 1
    assert eventually(lambda: served(site) == fingerprint(list_host, FILES + "/good.pem"))
    assert "Strict-Transport-Security" in site.ask("/mailman/listinfo").headers
    assert run(list_host, **GIVEN).changed == 0


@pytest.mark.list_hosts("debian12")
def test_people_behind_a_proxy(list_host, site, mailman):
    """Its word for their address is believed; what they themselves say is not."""
    gateway = site.connect()[0].getsockname()[0]
    assert run(list_host, mailman_web_trusted_proxies=[gateway]).failure == ""
    site.ask("/mailman/admin/news", {"adminpw": "behind a proxy"}, X_Forwarded_For="198.51.100.9, 203.0.113.5")
    last = list_host.check_output("tail -n 1 %s/security", mailman("print json.dumps(mm_cfg.LOG_DIR)"))
    assert last.endswith("remote=203.0.113.5")


def test_what_the_inventory_says_again(list_host, site):
    assert run(list_host).failure == ""
    assert eventually(lambda: served(site) == fingerprint(list_host, "/etc/listhost/web.pem"))
    assert "Strict-Transport-Security" not in site.ask("/mailman/listinfo").headers


def test_what_is_at_its_end_and_what_was_not_read(list_host, site):
    """A certificate with few days left is made anew. A jail that fail2ban did not read any more, when a run was stopped, is read."""
    renew = "openssl x509 -in web.pem -signkey web.key -days 20 -out short.pem && mv short.pem web.pem"
    list_host.check_output("cd /etc/listhost && " + renew + " 2>&1")
    jail = "/etc/fail2ban/jail.d/listhost.conf"

    def allowed():
        return list_host.run("fail2ban-client get listhost-login maxretry").stdout.strip()

    list_host.check_output("cp {0} /srv/jail && sed -i 's/^maxretry.*/maxretry = 99/' {0} && systemctl restart fail2ban".format(jail))
    eventually(lambda: allowed() == "99")
    list_host.check_output("cat /srv/jail >{0} && touch -d @$(($(date +%s) + 1)) {0}".format(jail))
    assert run(list_host).failure == ""
    assert eventually(lambda: served(site) == fingerprint(list_host, "/etc/listhost/web.pem"))
    assert list_host.run("openssl x509 -in /etc/listhost/web.pem -noout -checkend %s", str(300 * 86400)).rc == 0
    assert eventually(lambda: allowed() == str(FAILURES))
    assert run(list_host).changed == 0
