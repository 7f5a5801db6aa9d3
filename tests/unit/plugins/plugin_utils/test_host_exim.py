# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong on a host for Exim: each rule has a case in which it speaks, and says nothing otherwise."""

import pytest
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _host_exim as exim
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _hosts as hosts

INVENTORY = {"exim_interfaces": [], "exim_replace_other_mta": False, "exim_replace_configuration": False,
             "files": ["/etc/exim4/exim4.conf", "/etc/exim4/aliases"]}
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
    "other_configuration": ("exim", [
        ("replaced=/etc/exim4/exim4.conf\nexisting=/etc/exim4/own", {}, [
            ["exim_replace_configuration is false", "did not write: /etc/exim4/exim4.conf, /etc/exim4/own.", "set exim_replace_configuration to true",
             "kept beside it as /etc/exim4/exim4.conf.replaced and /etc/exim4/aliases.replaced;"]]),
        ("replaced=/etc/exim4/exim4.conf", {"exim_replace_configuration": True}, []),
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
    text = ("Exim version 4.96\nSupport for: Content_Scanning\nservice=active,enabled\nsendmail=/usr/sbin/sendmail.exim\n"
            "other=*:25 master postfix@-.service\nother=*:587 master postfix@-.service\nother=*:25 nc a.scope\nreplaced=/a\nexisting=/b: x=y\n")
    found, dummy = hosts.check("exim", text, dict(INVENTORY, exim_replace_other_mta=True))
    assert found.pop("others")[0] == {"address": "*", "port": "25", "process": "master", "unit": "postfix@-.service"}
    assert found == {"missing": False, "running": True, "sendmail": "/usr/sbin/sendmail.exim", "other_services": ["postfix.service"], "replaced": ["/a"],
                     "existing": ["/a", "/b: x=y"]}


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
