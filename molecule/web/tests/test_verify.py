# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify.yml finds nothing wrong with what site.yml made, and names what goes wrong later."""

import json

import pytest
from conftest import run

pytestmark = pytest.mark.list_hosts("debian12", "el8")


@pytest.fixture
def verify(list_host, tmp_path):
    """Return a function that runs verify.yml: what was found of each kind of fault."""

    def verify():
        results = tmp_path / "results.json"
        assert run(list_host, playbook="verify.yml", verify_results=str(results), verify_subscriber="anna@example.net").changed == 0
        return {fault["fault"]: fault["found"] for fault in json.loads(results.read_text())[list_host.name]["faults"]}

    return verify


@pytest.fixture(scope="module")
def apache(list_host):
    return "httpd" if list_host.name == "el8" else "apache2"


@pytest.mark.list_hosts("debian12")
def test_a_host_where_all_is_well(verify):
    assert verify() == {}


def test_what_goes_wrong_later(list_host, verify, mailman, archives, apache, site):
    archives("staff/index.html", b"what members may read")
    prefix, public = mailman("print json.dumps([mm_cfg.PREFIX, mm_cfg.PUBLIC_ARCHIVE_FILE_DIR])")
    settings = list_host.check_output("realpath %s/Mailman/mm_cfg.py", prefix)
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=x -days 13"
    try:
        list_host.check_output("cd /etc/listhost && cp -p web.pem web.key /srv && %s -keyout web.key -out web.pem 2>&1" % make)
        list_host.check_output("cp -p %s /srv/mm_cfg.py && echo SUBSCRIBE_FORM_SECRET = None >>%s", settings, settings)
        list_host.check_output("ln -s ../private/staff %s/staff", public)
        list_host.check_output("systemctl reload %s && fail2ban-client stop listhost-login", apache)
        found = verify()
    finally:
        list_host.check_output("cp -p /srv/web.pem /srv/web.key /etc/listhost && cp -p /srv/mm_cfg.py %s", settings)
        list_host.check_output("rm -f %s/staff && systemctl reload %s && systemctl restart fail2ban", public, apache)
    assert found.pop("no-jail")[0].startswith("listhost-login: ")
    # One host has two web hosts with the same certificate.
    assert {fault: texts[0] for fault, texts in found.items()} == {
        "old-certificate": site.url + ": it expires in 12 days",
        "foreign-certificate": site.url + ": the certificate is not for this name",
        "open-archive": "%s/staff is there, and the list's archive is private" % public,
        "open-form": "SUBSCRIBE_FORM_SECRET is not set",
    }
    assert found["open-archive"][1:] == [site.url + "/pipermail/staff/ asks for no password"]


@pytest.mark.list_hosts("debian12")
def test_a_group_that_the_programs_refuse(list_host, verify):
    list_host.check_output("sed -i.kept s/^export.APACHE_RUN_GROUP=.*/export\\ APACHE_RUN_GROUP=daemon/ /etc/apache2/envvars && systemctl restart apache2")
    try:
        found = verify()
    finally:
        list_host.check_output("mv /etc/apache2/envvars.kept /etc/apache2/envvars && systemctl restart apache2")
    assert list(found) == ["wrong-web-group"]
    assert "daemon" in found["wrong-web-group"][0]


@pytest.mark.list_hosts("el8")
def test_no_web_server(list_host, verify, apache):
    """Nothing else is wrong on the host."""
    list_host.check_output("systemctl stop " + apache)
    try:
        found = verify()
    finally:
        list_host.check_output("systemctl start " + apache)
    assert set(found) == {"service-down", "no-web"}
