# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong on a host for Exim: each rule has a case in which it speaks, and says nothing otherwise."""

import pytest
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _host_exim as exim
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _hosts as hosts

INVENTORY = {"exim_configuration": "whole", "now": {}, "domains": ["mail.example.com"], "aliases": ["postmaster", "help"],
             "exim_interfaces": [], "exim_replace_other_mta": False, "exim_replace_configuration": False,
             "files": ["/etc/exim4/exim4.conf", "/etc/exim4/aliases"], "exim_spf_check": "none", "exim_dane": False, "exim_known_faults": "warn",
             "distribution": "Debian", "release": "bookworm", "group": "Debian-exim", "exim_tls_self_signed": True, "exim_tls_certificate": ""}
# As the look prints it.
SELF_SIGNED = {"file": "/m.key", "key": "Debian-exim 640", "pair": "same", "now": "0", "expires": str(30 * 86400), "name": "same"}
OLD = "Exim version 4.96 #2 built\npackage=4.96-15+deb12u8\n"
FILES = {"/k": "regular file: root 640", "/c": "regular file: root 644", "/p": "regular file: root 640", "/s": "socket: clamav 666"}
NAMED = {"exim_tls_certificate": "/c", "exim_tls_privatekey": "/k", "exim_auth_file": "/p", "exim_smarthost_password_file": "/p", "exim_clamd_socket": "/s",
         "exim_spamd_socket": "/s"}


def files(without="", **others):
    """What look_at_files.sh prints."""
    found = {path: about for path, about in dict(FILES, **others).items() if path not in without}
    return "".join("%s|%s\n" % item for item in found.items())


# Rule: what was found, what the inventory says, and the words of each fault.
CASES = {
    "no_service": ("exim", [
        ("", {}, []),
        ("other=*:25 exim4 session-1.scope", {}, [["exim4, which is no service, listens on port 25 of *", "Stop it"]]),
        ("other=192.0.2.1:25 nc a.scope\nother=192.0.2.2:25 nc b.scope", {"exim_interfaces": ["192.0.2.2"]}, [["nc, which", "port 25 of 192.0.2.2"]]),
        ("other=192.0.2.1:25 nc a.scope\nother=192.0.2.2:587 nc b.scope", {}, [["port 25 of 192.0.2.1"], ["port 587 of 192.0.2.2"]]),
    ]),
    "other_mail_server": ("exim", [
        ("other=127.0.0.1:587 master postfix@-.service", {}, [
            ["exim_replace_other_mta is false, but postfix@-.service (master)", "port 587 of 127.0.0.1", "set exim_replace_other_mta to true"]]),
        ("other=127.0.0.1:587 master postfix@-.service", {"exim_replace_other_mta": True}, []),
        ("other=127.0.0.1:587 master postfix@-.service", {"exim_interfaces": ["127.0.0.2"]}, []),
    ]),
    "no_exim": ("exim", [
        ("service=inactive,", {"exim_configuration": "blocks"}, [
            ["exim_configuration is blocks, but there is no Exim on the host", "Install and configure it first, or set exim_configuration to whole"]]),
        # The light daemon will do.
        ("Exim version 4.96\n", {"exim_configuration": "blocks"}, []),
    ]),
    "other_configuration": ("exim", [
        ("replaced=/etc/exim4/exim4.conf\nexisting=/etc/exim4/own", {}, [
            ["exim_replace_configuration is false", "did not write: /etc/exim4/exim4.conf, /etc/exim4/own.", "set exim_replace_configuration to true",
             "kept beside it as /etc/exim4/exim4.conf.replaced and /etc/exim4/aliases.replaced;"]]),
        ("existing=/a", {"now": {"routers": [{"name": "own"}, {"name": "dnslookup"}, {"name": "last"}], "lists": {"domain": {
            "local_domains": "@ : localhost : mail.example.com : old.example.com", "x": None, "relay": "<; relay.example.net;^.*x ; lsearch;/x"}}}}, [
            ["an effect any more, among it the routers own, last and the domains old.example.com, relay.example.net. Put what you need"]]),
        ("existing=/a", {"now": {"routers": [], "lists": {"domain": {"local_domains": "old.example.com"}}}}, [
            ["an effect any more, among it the domains old.example.com. Put"]]),
        ("existing=/a", {"now": {"routers": [{"name": "own"}], "files": [
            {"path": "/etc/exim4/virtual", "of": "local_parts", "names": ["info", "Postmaster", "testlist", "sales"], "programs": [], "lists": ["testlist"]},
            {"path": "/etc/aliases", "of": "local_parts", "names": ["info", "backup", "help"], "programs": ["backup", "help"], "lists": []},
            {"path": "/etc/exim4/hubbed_hosts", "of": "domains", "names": ["example.edu", "Mail.example.com"], "programs": [], "lists": []},
            {"path": "/etc/exim4/no", "of": "domains", "names": ["mail.example.com"], "programs": [], "lists": []}]}}, [
            ["among it the routers own, the aliases info, sales (/etc/exim4/virtual), the aliases backup (/etc/aliases) and the domains example.edu "
             "(/etc/exim4/hubbed_hosts). Put"]]),
        ("existing=/a", {"now": {"files": [{"path": "/v", "of": "local_parts", "names": ["a%d" % one for one in range(23)], "programs": [], "lists": []}]}}, [
            ["among it the aliases a0, a1,", ", a18, a19 and 3 more (/v). Put"]]),
        ("existing=/a", {"now": {"failed": True, "routers": [{"name": "local_user"}]}}, [["an effect any more. Put"]]),
        ("replaced=/etc/exim4/exim4.conf", {"exim_replace_configuration": True}, []),
        ("Exim version 4.96\nreplaced=/etc/exim4/exim4.conf", {"exim_configuration": "blocks"}, []),
    ]),
    "self_signed_of_others": ("exim", [
        ("self_signed.others=/m.key srv\n", {}, [["Others than root can write srv on the way to /m.key", "chmod go-w", "exim_tls_self_signed to false"]]),
        *[("self_signed.others=/m.key srv\n", {name: value}, []) for name, value in (
            ("exim_tls_self_signed", False), ("exim_tls_certificate", "/c"))],
        ("Exim version 4.96\nself_signed.others=/m.key srv\n", {"exim_configuration": "blocks"}, []),
    ]),
    "no_feature": ("exim", [
        ("Exim version 4.96 #2\nSupport for: Content_Scanning DANE SRS", {"exim_dane": True}, []),
        ("Exim version 4.96 #2\nSupport for: Content_Scanning SRS", {"exim_dane": True}, [
            ["exim_dane is true, but Exim 4.96", "built without DANE", "Set it to false"]]),
        ("Exim version 4.96 #2\nSupport for: Content_Scanning SPF SRS", {"exim_spf_check": "refuse"}, []),
        ("Exim version 4.94.2 #2\nSupport for: Content_Scanning SRS", {}, []),
        ("Exim version 4.94.2 #2\nSupport for: Content_Scanning SRS", {"exim_spf_check": "header"}, [
            ["exim_spf_check is header, but Exim 4.94.2", "built without SPF", "Set it to none"]]),
        # One that will be replaced by the heavy one.
        ("Exim version 4.96 #2\nSupport for: SRS", {"exim_spf_check": "refuse"}, []),
    ]),
    "known_faults": ("exim", [
        (OLD, {}, []), (OLD, {"exim_known_faults": "ignore"}, []), ("", {"exim_known_faults": "fail"}, []),
        (OLD, {"exim_known_faults": "fail"}, [
            ["exim_known_faults is fail", "CVE-2026-45185: a client", "Update the package: 4.96-15+deb12u8"], ["CVE-2026-48840"],
            *[["On 2026-11-26 no package of bookworm was known without it"]] * 3]),
    ]),
    "files_that_are_not_there": ("exim_files", [
        (files(), NAMED, []),
        *[
            (files(**{NAMED[name]: "directory: root 750"}), {name: NAMED[name]}, [["%s=%s is not on the host" % (name, NAMED[name]), "empty the variable"]])
            for name in ("exim_tls_certificate", "exim_tls_privatekey", "exim_auth_file", "exim_smarthost_password_file")
        ],
        (files(without=["/c", "/k"]), NAMED, [["exim_tls_certificate=/c", "its partner"], ["exim_tls_privatekey=/k", "its partner"]]),
    ]),
    "secrets_for_everybody": ("exim_files", [
        *[
            (files(**{NAMED[name]: "regular file: root 644"}), {name: NAMED[name]},
             [["%s=%s can be read by everybody on the host (regular file: root 644)" % (name, NAMED[name]), "mode 0640"]])
            for name in ("exim_tls_privatekey", "exim_auth_file", "exim_smarthost_password_file")
        ],
    ]),
    "no_sockets": ("exim_files", [
        *[(files(), {name: "/gone"}, [[name + "=/gone is no socket on the host", "Start the scanner"]]) for name in exim.SOCKETS],
        (files(), {"exim_clamd_socket": "/c"}, [["exim_clamd_socket=/c is no socket"]]),
    ]),
    "closed_files": ("exim_files", [
        (files() + "closed=exim_tls_privatekey=/k: Debian-exim cannot pass /root\n", NAMED, [
            ["exim_tls_privatekey=/k: Debian-exim cannot pass /root. Let everybody pass", "chmod go+x"]]),
    ]),
    "files_of_others": ("exim_files", [
        (files() + "others=exim_tls_privatekey=/k srv\n", NAMED, [
            ["exim_tls_privatekey=/k: others than root can write srv on the way there", "chown root"]]),
    ]),
    "certificate_and_key": ("exim_files", [
        (files() + "pair=same\n", NAMED, []),
        (files() + "pair=different\n", NAMED, [["exim_tls_privatekey=/k is not the key of exim_tls_certificate=/c", "Name the two"]]),
        (files() + "pair=no certificate\n", NAMED, [["exim_tls_certificate=/c cannot be read as a certificate", "Give Exim one"]]),
        (files() + "pair=no key\n", NAMED, [["exim_tls_privatekey=/k cannot be read as a private key", "without a passphrase"]]),
    ]),
    "expired": ("exim_files", [
        (files() + "pair=same\nnow=864000\nexpires=864001\n", NAMED, []),
        (files() + "pair=same\nnow=864000\nexpires=1\n", NAMED, [["exim_tls_certificate=/c has expired (10 days ago)", "Renew it"]]),
    ]),
    "name_of_certificate": ("exim_files", [
        (files() + "pair=same\nforeign=lists.example.com\n", NAMED, [
            ["exim_tls_certificate=/c is not for lists.example.com", "exim_primary_hostname"]]),
    ]),
}


def test_each_rule_has_a_case():
    assert sorted(CASES) == sorted(rule.__name__ for rule in exim.RULES + exim.RULES_OF_FILES)


@pytest.mark.parametrize(("look", "text", "inventory", "said"), [(look, *case) for look, cases in CASES.values() for case in cases])
def test_a_rule_speaks_where_it_should_and_no_other_does(look, text, inventory, said):
    dummy, faults = hosts.check(look, text, dict(INVENTORY, **inventory) if look == "exim" else inventory)
    assert len(faults) == len(said), faults
    for fault, words in zip(faults, said):
        assert [word for word in words if word not in fault] == [], fault
        assert "\n" not in fault


@pytest.mark.parametrize(("address", "interfaces", "contended"), [
    ("192.0.2.1", [], True), ("192.0.2.1", ["0.0.0.0"], True), ("192.0.2.1", ["::"], True), ("192.0.2.1", ["192.0.2.1"], True),
    ("192.0.2.1", ["192.0.2.11"], False), ("192.0.2.11", ["192.0.2.1"], False), ("*", ["192.0.2.1"], True), ("0.0.0.0", ["192.0.2.1"], True),
    ("[::]", ["192.0.2.1"], True), ("127.0.0.1%lo", ["127.0.0.1"], True), ("[fe80::1%eth0]", ["fe80::1"], True), ("[fe80::1]%eth0", ["fe80::1"], True),
    ("[::1]", ["::1"], True), ("[::1]", ["127.0.0.1"], False),
])
def test_where_exim_is_to_listen(address, interfaces, contended):
    assert exim.is_contended(address, interfaces) is contended


def test_what_the_look_has_found():
    text = ("Exim version 4.96\npackage=4.96-15\nSupport for: Content_Scanning\nservice=active,enabled\nsendmail=/usr/sbin/sendmail.exim\nqueue=Q='1m'\n"
            "other=*:25 master postfix@-.service\nother=*:587 master postfix@-.service\nother=*:25 nc a.scope\nreplaced=/a\nexisting=/b: x=y\n"
            "file=640 root Debian-exim /e x/exim4.conf\nsum=abc  /e x/exim4.conf\n")
    found, dummy = hosts.check("exim", text, dict(INVENTORY, exim_replace_other_mta=True))
    assert found.pop("others")[0] == {"address": "*", "port": "25", "process": "master", "unit": "postfix@-.service"}
    assert found == {"missing": False, "running": True, "sendmail": "/usr/sbin/sendmail.exim", "queue": "Q='1m'", "other_services": ["postfix.service"],
                     "replaced": ["/a"], "existing": ["/a", "/b: x=y"], "features": ["Content_Scanning"], "version": "4.96", "package": "4.96-15",
                     "self_signed": {"files": [], "good": False, "shared": False, "others": []},
                     "files": {"/e x/exim4.conf": {"sum": "abc", "owner": "root", "group": "Debian-exim", "mode": "0640"}}}


@pytest.mark.parametrize(("changes", "good", "shared"), [
    ({}, True, True), ({"expires": str(30 * 86400 - 1)}, False, True), ({"expires": "-1"}, False, True), ({"expires": ""}, False, True),
    ({"name": ""}, False, True), ({"pair": ""}, False, True), ({"key": "Debian-exim 644"}, False, False), ({"key": "root 600"}, True, False),
    ({"key": "users 640"}, True, False), ({"key": ""}, False, False),
])
def test_the_self_signed_certificate(changes, good, shared):
    lines = ["self_signed.%s=%s\n" % item for item in dict(SELF_SIGNED, **changes).items()]
    assert exim.read_look("".join(lines), INVENTORY)["self_signed"] == {"files": ["/m.key"], "good": good, "shared": shared, "others": []}


def test_blocks_replace_nothing():
    found, faults = hosts.check("exim", "Exim version 4.96\nreplaced=/a\n", dict(INVENTORY, exim_configuration="blocks"))
    assert (found["missing"], found["replaced"], faults) == (False, [], [])


def test_lines_as_a_terminal_has_them():
    """Over SSH the look may have one, and what goes to standard error is among it."""
    text = "Support for: Content_Scanning\r\nFailed to connect to bus: Host is down\r\nservice=active,enabled\r\nsendmail=/s\r\nother=*:25 nc a.service\r\n"
    found, faults = hosts.check("exim", text + "existing=/b\r\n", dict(INVENTORY, exim_replace_other_mta=True, exim_replace_configuration=True))
    assert faults == []
    assert (found["running"], found["sendmail"], found["existing"], found["other_services"]) == (True, "/s", ["/b"], ["a.service"])


def test_a_bare_host():
    found, faults = hosts.check("exim", "service=inactive,\nsendmail=\n", INVENTORY)
    assert faults == []
    assert (found["missing"], found["running"], found["sendmail"]) == (True, False, "")


def test_files_that_are_given_to_exims_group():
    found, dummy = hosts.check("exim_files", files(**{"/k": "regular file: root 600"}), NAMED)
    assert found["unshared"] == ["/k", "/p"]
    found, dummy = hosts.check("exim_files", files(**{"/k": "regular file: ssl-cert 640", "/p": "regular file: root 644"}), NAMED)
    assert found["unshared"] == []


def test_known_faults_are_a_warning():
    found = exim.read_look(OLD, INVENTORY)
    assert (found["version"], found["package"]) == ("4.96", "4.96-15+deb12u8")
    *updates, others = hosts.warnings("exim", found, INVENTORY)
    assert [line.partition(": ")[2].partition(":")[0] for line in updates] == ["CVE-2026-45185", "CVE-2026-48840"]
    assert others.startswith("Exim 4.96-15+deb12u8 has known faults that no update is known to mend: CVE-2026-66140, CVE-2026-66141, CVE-2026-94054")
    for setting in ("ignore", "fail"):
        assert hosts.warnings("exim", found, dict(INVENTORY, exim_known_faults=setting)) == []


@pytest.mark.parametrize("text", ["", "package=package exim is not installed\n", "Exim version 4.100.1 #1 built\npackage=4.100.1-4\n"])
def test_nothing_to_warn_of(text):
    """Neither of an Exim that is not there yet."""
    assert hosts.warnings("exim", exim.read_look(text, INVENTORY), INVENTORY) == []


def test_other_looks_warn_of_nothing():
    assert hosts.warnings("mailman", {}, {}) == []
