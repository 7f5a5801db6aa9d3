# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles say of a host before they change it: each rule has a case in which it speaks, and says nothing otherwise."""

import os
import re

import pytest
import yaml

VARS = os.path.join(os.path.dirname(__file__), "..", "..", "..", "roles")
FACTS = {"os_family": "Debian", "distribution": "Debian", "distribution_major_version": "12", "pkg_mgr": "apt"}

# A Mailman that the role has installed.
MAILMAN = {
    "installed": True, "version": "2.1.39", "prefix": "/var/lib/mailman", "var_prefix": "/var/lib/mailman", "lists_dir": "/var/lib/mailman/lists",
    "bin_dir": "/var/lib/mailman/bin", "wrapper": "/var/lib/mailman/mail/mailman", "user": "list", "group": "list", "mail_groups": ["list"],
    "python": "/usr/bin/python2.7", "python_available": True, "mm_cfg_error": None, "host_name_fault": None,
    "untrusted": False, "foreign": False,
    "stamp": {"archive_checksum": "", "configure_options": []},
}
NONE = dict(MAILMAN, installed=False, version="", stamp=None)


def mailman(found, **inventory):
    return dict({"mailman_email_host": "list.example.com", "inventory_hostname": "lists", "ansible_facts": FACTS, "__mailman_info": found}, **inventory)


def exim(look="", files=None, **inventory):
    """What look.sh has found, and what stat says of each file."""
    named = {"exim_tls_certificate": "", "exim_tls_privatekey": "", "exim_auth_file": "", "exim_clamd_socket": "", "exim_spamd_socket": ""}
    lines = ["%s|%s" % item for item in (files or {}).items()]
    return dict(named, __exim_look={"stdout": look}, __exim_stat={"stdout_lines": lines}, exim_interfaces=[], **inventory)


FILES = {"/k": "regular file: root 640", "/c": "regular file: root 644", "/p": "regular file: root 640", "/s": "socket: clamav 666"}
NAMED = {"exim_tls_certificate": "/c", "exim_tls_privatekey": "/k", "exim_auth_file": "/p", "exim_clamd_socket": "/s", "exim_spamd_socket": "/s"}
# Variables, and what is said: words of each rule that speaks.
CASES = {
    ("exim", "__exim_host_faults"): [
        (exim(), []),
        (exim("other=*:25 exim4 session-1.scope"), [["exim4, which is no service, listens on port 25 of *"]]),
        (exim("other=127.0.0.1:587 master postfix@-.service"), [
            ["exim_replace_other_mta is false, but postfix@-.service (master)", "port 587 of 127.0.0.1"],
        ]),
        (exim("other=127.0.0.1:587 master postfix@-.service", exim_replace_other_mta=True), []),
        (exim("other=192.0.2.1:25 nc a.scope\nother=192.0.2.2:25 nc b.scope") | {"exim_interfaces": ["192.0.2.2"]}, [
            ["nc, which", "port 25 of 192.0.2.2"],
        ]),
    ],
    ("exim", "__exim_file_faults"): [
        (exim(), []),
        (exim(files=FILES) | NAMED, []),
        *[
            (exim(files=dict(FILES, **{NAMED[name]: "directory: root 750"})) | NAMED, [["%s=%s is not on the host" % (name, NAMED[name])]])
            for name in ("exim_tls_certificate", "exim_tls_privatekey", "exim_auth_file")
        ],
        *[
            (exim(files=dict(FILES, **{NAMED[name]: "regular file: root 644"})) | NAMED, [["%s=%s can be read by everybody" % (name, NAMED[name])]])
            for name in ("exim_tls_privatekey", "exim_auth_file")
        ],
        *[
            (exim(files=FILES) | NAMED | {name: "/gone"}, [[name + "=/gone is no socket on the host"]])
            for name in ("exim_clamd_socket", "exim_spamd_socket")
        ],
        (exim(files={path: said for path, said in FILES.items() if path == "/s"}) | NAMED, [
            ["exim_tls_certificate=/c", "exim_tls_privatekey=/k", "exim_auth_file=/p"],
        ]),
    ],
    ("mailman", "__mailman_host_faults"): [
        (mailman(MAILMAN), []),
        (mailman(NONE), []),
        (mailman(dict(MAILMAN, untrusted=True, foreign=True, mm_cfg_error="mm_cfg.py is another's")), [["mm_cfg.py is another's"]]),
        (mailman(dict(MAILMAN, untrusted=True, mm_cfg_error="mm_cfg.py is open"), mailman_install_method="existing"), [["mm_cfg.py is open"]]),
        (mailman(dict(MAILMAN, untrusted=True, mm_cfg_error="mm_cfg.py is open")), []),
        (mailman(dict(MAILMAN, host_name_fault="lists: Name or service not known")), [["cannot be looked up at once (lists: Name or service not known)"]]),
        (mailman(NONE, mailman_install_method="existing", mailman_prefix="/opt/mm"), [
            ["mailman_install_method is existing, but there is no Mailman at mailman_prefix=/opt/mm"],
        ]),
        (mailman(MAILMAN, mailman_install_method="existing"), []),
        (mailman(dict(MAILMAN, stamp=None)), [["mailman_install_method is auto, which is archive here", "was not installed by this role"]]),
        (mailman(dict(MAILMAN, stamp={"inventory": "other/lists"}), mailman_separate_home="/virtual", inventory_dir="/etc/mine"), [
            ["list.example.com is in two inventories: other/lists", "this one is mine/lists"],
        ]),
        (mailman(dict(MAILMAN, stamp={"inventory": "mine/lists"}), mailman_separate_home="/virtual", inventory_dir="/etc/mine"), []),
        (mailman(dict(NONE, python_available=False)), [
            ["mailman_python=/usr/bin/python2.7 is not on the host", "Debian 12 has no package of it", "mailman_python_repository"],
        ]),
        (mailman(dict(NONE, python_available=False), mailman_python_repository="http://mirror.example.com/debian"), []),
        (mailman(dict(NONE, python_available=False), mailman_python="/opt/python"), [
            ["mailman_python=/opt/python is not on the host", "the role can install only /usr/bin/python2.7"],
        ]),
        (mailman(dict(NONE, python_available=False), mailman_install_method="package"), []),
        (mailman(dict(MAILMAN, python_available=False), mailman_install_method="existing"), [["runs on /usr/bin/python2.7, which cannot be run"]]),
        (mailman(dict(MAILMAN, mm_cfg_error="mm_cfg.py, line 3: no"), mailman_install_method="existing"), [["mm_cfg.py, line 3: no. Mend that file"]]),
        *[
            (mailman(dict(MAILMAN), mailman_install_method="existing", **{"mailman_" + name: "other"}), [
                ["mailman_%s is 'other'" % name, "was built for '%s'" % MAILMAN[name]],
            ])
            for name in ("var_prefix", "user", "group")
        ],
        (mailman(dict(MAILMAN, mail_groups=["list", "mail"]), mailman_install_method="existing", mailman_mail_group="sys"), [
            ["mailman_mail_group is 'sys'", "was built for list, mail and refuses", "--with-mail-gid=sys"],
        ]),
        (mailman(dict(MAILMAN, mail_groups=["list", "mail"]), mailman_install_method="existing", mailman_mail_group="mail"), []),
        # A wrapper that does not say.
        (mailman(dict(MAILMAN, mail_groups=None), mailman_install_method="existing", mailman_mail_group="mail"), []),
    ],
}


def spoken(render, role, name, variables):
    """What the rules say, by their numbers."""
    texts = render(role, "{{ %s }}" % name, ("main", "Debian"), **variables)
    return dict((number, " ".join(text.split())) for number, text in enumerate(texts) if text and text.strip())


@pytest.mark.parametrize("role, name, variables, said", [(*rules, *case) for rules, cases in CASES.items() for case in cases])
def test_a_rule_speaks_where_it_should_and_nowhere_else(render, role, name, variables, said):
    found = spoken(render, role, name, variables)
    assert [len([text for text in found.values() if all(word in text for word in words)]) for words in said] == [1] * len(said), found
    assert len(found) == len(said), found


def test_each_rule_has_a_case(render):
    """Of whatever list of faults there is in a role's variables."""
    rules = {}
    for role in os.listdir(VARS):
        with open(os.path.join(VARS, role, "vars", "main.yml")) as stream:
            for name, value in yaml.safe_load(stream).items():
                if re.search("_faults$", name):
                    rules[role, name] = set(range(len(value)))
    found = {(role, name): {number for variables, dummy in cases for number in spoken(render, role, name, variables)} for (role, name), cases in CASES.items()}
    assert found == rules
