# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong on a host for its certificate, and when an authority is asked for one."""

import pytest
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _host_certificate as certificate
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _hosts as hosts

VALUES = {
    "names": ["mail.example.com", "www.example.com"], "server": "https://acme.example.net/dir", "webroot": "/var/www/listhost", "certificate_acme_webroot": "",
    "hook": "/etc/listhost/deploy-certificate",
}
# As certbot 2.1 writes it.
GOOD = """timer=active,enabled
hook=0123
renewal.authenticator=webroot
renewal.webroot_path=/var/www/listhost,
renewal.server=https://acme.example.net/dir
renewal.renew_hook=/etc/listhost/deploy-certificate
made=yes
group=Debian-exim
names=DNS:www.example.com,DNS:mail.example.com
now=1000
expires=87500
deployed=yes
"""

CASES = {
    "no_names": [("", {"names": []}, ["certificate_names is empty", "Set it to"]), (GOOD, {}, [])],
    "unknown_names": [("unknown=www.example.com", {}, ["finds no address of www.example.com in the DNS", "Publish one", "certificate_names"])],
    "webroot_is_there": [
        ("absent=/srv/www", {"certificate_acme_webroot": "/srv/www"}, ["certificate_acme_webroot=/srv/www is not on the host", "empty the variable"]),
        # The role makes its own.
        ("absent=/var/www/listhost", {}, []), ("absent=/usr/bin/certbot", {"certificate_acme_webroot": "/srv/www"}, []),
    ],
    "webroot_of_others": [
        ("others=www", {}, ["Others than root can write www on the way to /var/www/listhost/.well-known/acme-challenge", "chmod", "certificate_acme_webroot"]),
    ],
    "port_80": [("other=*:80 nginx nginx.service", {}, ["nginx (nginx.service) listens on port 80 of *", "certificate_acme_webroot", "stop and disable"]),
                ("other=", {}, [])],
}


def test_every_rule_has_a_case():
    assert sorted(CASES) == sorted(rule.__name__ for rule in certificate.RULES)


@pytest.mark.parametrize(("found", "said", "words"), [case for cases in CASES.values() for case in cases])
def test_rules(found, said, words):
    faults = hosts.check("certificate", found, dict(VALUES, **said))[1]
    assert len(faults) == bool(words), faults
    assert [word for word in words if word not in faults[0]] == []


@pytest.mark.parametrize(("text", "said", "wanted"), [
    (GOOD, {}, False),
    ("", {}, True),
    # A name more, and one less.
    (GOOD, {"names": ["mail.example.com", "www.example.com", "www.example.net"]}, True),
    (GOOD, {"names": ["www.example.com"]}, True),
    (GOOD, {"server": "https://other.example.net/dir"}, True),
    (GOOD, {"webroot": ""}, True),
    (GOOD, {"webroot": "/srv/www"}, True),
    (GOOD.replace("=webroot\nrenewal.webroot_path=/var/www/listhost,", "=standalone"), {"webroot": ""}, False),
    (GOOD.replace("renewal.renew_hook=/etc/listhost/deploy-certificate\n", ""), {}, True),
    # What is no name counts for nothing.
    (GOOD.replace("names=", "names=IP Address:192.0.2.1,"), {}, False),
    # Expired, though a timer should have renewed it.
    (GOOD.replace("=87500", "=999"), {}, True),
    # On its last day.
    (GOOD.replace("=87500", "=1001"), {}, False),
    # What is missing but the certificate itself is no reason to ask.
    (GOOD.replace("deployed=yes", "").replace("timer=active,enabled", "timer=inactive,disabled"), {}, False),
])
def test_when_the_authority_is_asked(text, said, wanted):
    assert hosts.check("certificate", text, dict(VALUES, **said))[0]["wanted"] is wanted


def test_what_is_found():
    found = hosts.check("certificate", GOOD + "absent=/usr/bin/openssl\n", VALUES)[0]
    assert {name: found[name] for name in ("renews", "hook", "made", "group", "deployed", "absent")} == {
        "renews": True, "hook": "0123", "made": True, "group": "Debian-exim", "deployed": True, "absent": ["/usr/bin/openssl"]}
    bare = hosts.check("certificate", "timer=inactive,\n", VALUES)[0]
    assert {name: bare[name] for name in ("renews", "hook", "made", "group", "deployed", "absent")} == {
        "renews": False, "hook": "", "made": False, "group": "", "deployed": False, "absent": []}
