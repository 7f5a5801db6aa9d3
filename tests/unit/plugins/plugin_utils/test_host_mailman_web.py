# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong on a host for Apache: each rule has a case in which it speaks, and says nothing otherwise."""

import pytest
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _host_mailman_web as web
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _hosts as hosts

VALUES = {
    "domain": "", "one_click": False, "policy_hosts": [], "mailman_web_trusted_proxies": [],
    "mailman_web_certificate": "", "mailman_web_certificate_key": "", "url_hosts": ["lists.example.com", "lists.example.net"], "prefix": "/usr/lib/mailman",
    "cgi_group": "www-data", "web_group": "www-data", "web_server": "apache",
    "own_files": ["/etc/apache2/sites-available/listhost.conf", "/etc/apache2/sites-enabled/listhost.conf"],
}
GIVEN = {"mailman_web_certificate": "/c", "mailman_web_certificate_key": "/k"}
# What Apache 2.4.65 prints.
SAID = """program=yes
said=VirtualHost configuration:
said=*:443                  is a NameVirtualHost
said=         default server unknown.invalid (/etc/apache2/sites-enabled/listhost.conf:12)
said=         port 443 namevhost unknown.invalid (/etc/apache2/sites-enabled/listhost.conf:12)
said=         port 443 namevhost lists.example.com (/etc/apache2/sites-enabled/listhost.conf:26)
said=         port 443 namevhost www.example.com (/etc/apache2/sites-enabled/site.conf:1)
said=                 alias Lists.example.net
said=*:8080                 other.example.com (/etc/apache2/sites-enabled/other.conf:1)
said=ServerRoot: "/etc/apache2"
said=User: name="www-data" id=33
said=Group: name="web" id=1001
"""
CERTIFICATE = "file=/c\nfile=/k\nnow=1000\nexpires=87500\nnames=DNS:*.example.com,DNS:lists.example.net\npair=same\n"

# Rule: what was found, what else is said, and the words of each fault.
CASES = {
    "group_of_wrappers": [
        ("program=yes", {}, []), ("", {"cgi_group": ""}, []),
        (
            'said=Group: name="web" id=1001', {},
            [["/usr/lib/mailman/cgi-bin were compiled for the web server's group www-data, and Apache's group here is web", "--with-cgi-gid=web"]],
        ),
        ("", {"web_server": "existing"}, []), ("", {"web_server": "existing", "cgi_group": ""}, []),
        ("", {"web_server": "existing", "web_group": "nginx"}, [["were compiled for the web server's group www-data", "as group nginx (mailman_web_group)",
                                                                 "Have it run them as www-data, and set mailman_web_group to www-data"]]),
        ("", {"cgi_group": "nobody"}, [["group nobody, and Apache's group here is www-data", "--with-cgi-gid=www-data"]]),
    ],
    "machine_of_domain": [
        ("", {"domain": "lists.example.org"}, [["mailman_web is true for lists.example.org", "First run site.yml with the machine's own inventory"]]),
        ("shared=yes", {"domain": "lists.example.org"}, []), ("", {}, []), ("shared=limits", {"domain": "lists.example.org"}, []),
        ("shared=limits", {"domain": "lists.example.org", "mailman_web_trusted_proxies": ["192.0.2.1"]},
         [["mailman_web_trusted_proxies is set for lists.example.org", "Set mailman_web_trusted_proxies for the machine"]]),
        ("shared=yes", {"domain": "lists.example.org", "mailman_web_trusted_proxies": ["192.0.2.1"]}, []),
        ("shared=limits", {"mailman_web_trusted_proxies": ["192.0.2.1"]}, []),
    ],
    "machine_of_one_click": [
        ("shared=yes", {"domain": "lists.example.org", "one_click": True}, [
            ["mailman_web_one_click is true for lists.example.org", "First run site.yml with the machine's own inventory", "to false here"]]),
        ("shared=yes\none_click_group=root", {"domain": "lists.example.org", "one_click": True}, [["makes no links yet"]]),
        ("shared=yes\none_click_group=Debian-exim", {"domain": "lists.example.org", "one_click": True}, []),
        ("shared=yes", {"domain": "lists.example.org"}, []), ("", {"one_click": True}, []),
        # One fault, not two, where the machine has no web server.
        ("", {"domain": "lists.example.org", "one_click": True}, [["has no web server yet"]]),
    ],
    "other_web_server": [
        ("other=*:80 nginx nginx.service", {}, [["nginx (nginx.service) listens on port 80 of *", "mailman_web to false"]]),
        ("other=127.0.0.1:443 something -", {}, [["something (-) listens on port 443 of 127.0.0.1"]]),
    ],
    "names_of_others": [
        (SAID, {"cgi_group": "web"}, [["lists.example.net is a virtual host in /etc/apache2/sites-enabled/site.conf already", "mailman_url_host"]]),
        (SAID, {"cgi_group": "web", "url_hosts": ["lists.example.com"]}, []),
        (SAID, {"cgi_group": "web", "url_hosts": ["other.example.com"]}, [["other.example.com is a virtual host in /etc/apache2/sites-enabled/other.conf"]]),
        (SAID, {"cgi_group": "web", "url_hosts": [], "policy_hosts": ["other.example.com"]}, [
            ["other.example.com is a virtual host in /etc/apache2/sites-enabled/other.conf", "policy of MTA-STS", "listhost_dns_mta_sts_addresses"]]),
    ],
    "certificate_is_there": [
        ("", GIVEN, [["mailman_web_certificate=/c is not on the host", "empty both"], ["mailman_web_certificate_key=/k is not on the host"]]),
        ("", {}, []),
    ],
    "files_of_others": [("others=/c /srv/www", {}, [["/c: others than root can write /srv/www", "chown root"]])],
    "readable_key": [("readable=/k", {}, [["mailman_web_certificate_key=/k can be read by everybody", "chmod o="]])],
    "pair": [
        (CERTIFICATE, GIVEN, []),
        (CERTIFICATE.replace("=same", "=different"), GIVEN, [["mailman_web_certificate_key=/k is not the key of mailman_web_certificate=/c"]]),
        (CERTIFICATE.replace("=same", "=no key"), GIVEN, [["/k cannot be read as a private key", "passphrase"]]),
        (CERTIFICATE.replace("=same", "=no certificate").replace("expires=87500\n", ""), GIVEN, [["/c cannot be read as a certificate"]]),
        # The role makes its own anew.
        (CERTIFICATE.replace("=same", "=different"), {}, []),
    ],
    "expired": [
        (CERTIFICATE.replace("=87500", "=999"), GIVEN, [["mailman_web_certificate=/c has expired (1 days ago)", "Renew it"]]),
        (CERTIFICATE.replace("=87500", "=999"), {}, []),
    ],
    "names_of_certificate": [
        (CERTIFICATE, dict(GIVEN, url_hosts=["lists.example.org"]),
         [["/c is for *.example.com, lists.example.net and not for lists.example.org", "Have one made"]]),
        (CERTIFICATE.replace("names=DNS:*.example.com,DNS:lists.example.net", "names="), dict(GIVEN, url_hosts=["lists.example.net"]), [["no host name"]]),
        # A star is one label.
        (CERTIFICATE, dict(GIVEN, url_hosts=["a.lists.example.com"]), [["not for a.lists.example.com"]]),
        (CERTIFICATE, {"url_hosts": ["lists.example.org"]}, []),
        (CERTIFICATE, dict(GIVEN, url_hosts=["lists.example.net"], policy_hosts=["mta-sts.lists.example.com", "mta-sts.example.com"]), [
            ["not for mta-sts.lists.example.com"]]),
    ],
}


def test_every_rule_has_a_case():
    assert sorted(CASES) == sorted(rule.__name__ for rule in web.RULES)


@pytest.mark.parametrize(("found", "said", "words"), [case for cases in CASES.values() for case in cases])
def test_rules(found, said, words):
    faults = hosts.check("mailman_web", found, dict(VALUES, **said))[1]
    assert len(faults) == len(words), faults
    assert [(fault, word) for fault, some in zip(faults, words) for word in some if word not in fault] == []


def test_what_is_found():
    found = hosts.check("mailman_web", SAID + CERTIFICATE + "service=active,enabled\nprograms=yes\nmissing=ssl\n", VALUES)[0]
    assert (found["missing"], found["running"], found["runs_programs"], found["missing_modules"], found["group"]) == (False, True, True, ["ssl"], "web")
    assert (found["pair"], found["days"], found["names"]) == ("same", 1, ["*.example.com", "lists.example.net"])
    assert found["virtual_hosts"] == [
        ("www.example.com", "/etc/apache2/sites-enabled/site.conf"), ("lists.example.net", "/etc/apache2/sites-enabled/site.conf"),
        ("other.example.com", "/etc/apache2/sites-enabled/other.conf"),
    ]
    more = hosts.check("mailman_web", "absent=/usr/sbin/nft\nabsent=/usr/bin/openssl\nfail2ban=active,enabled\nauth.log=yes\nunread=/c\n", VALUES)[0]
    assert (more["absent"], more["bans"], more["has_auth_log"]) == (["/usr/sbin/nft", "/usr/bin/openssl"], True, True)
    assert more["unread"] == ["/c"]
    bare = hosts.check("mailman_web", "service=inactive,\nmissing=ssl\n", VALUES)[0]
    assert (bare["missing"], bare["running"], bare["runs_programs"], bare["pair"], bare["days"], bare["names"]) == (True, False, False, "", None, [])
