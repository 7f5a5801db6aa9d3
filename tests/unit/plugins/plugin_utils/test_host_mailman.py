# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the Mailman on a host: each rule has a case in which it speaks, and says nothing otherwise."""

import pytest
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _host_mailman as mailman
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _hosts as hosts

# One that the role has installed.
FOUND = {
    "installed": True, "version": "2.1.39", "prefix": "/var/lib/mailman", "var_prefix": "/var/lib/mailman", "wrapper": "/var/lib/mailman/mail/mailman",
    "user": "list", "group": "list", "mail_groups": ["list"], "python": "/usr/bin/python2.7", "python_available": True, "mm_cfg_error": None,
    "host_name_fault": None, "untrusted": False, "foreign": False, "stamp": {"archive_checksum": "", "configure_options": []},
}
NONE = dict(FOUND, installed=False, version="", stamp=None, mail_groups=None)
INVENTORY = {
    "method": "archive", "method_said": "auto, which is archive here", "kept": True, "prefix": "/var/lib/mailman", "separate": False,
    "email_host": "list.example.com", "inventory": "mine/lists", "platform": "Debian 12", "python": "/usr/bin/python2.7", "python_from_role": True,
    "python_offered": False, "python_advice": "Set mailman_python_repository.", "mailman_var_prefix": "", "mailman_user": "", "mailman_group": "",
    "mailman_mail_group": "",
}
EXISTING = {"method": "existing", "method_said": "existing"}
# Rule: what was found, what the inventory says, and words of its fault.
CASES = {
    "open_to_others": [
        (FOUND, {}, []), (NONE, {"kept": False}, []),
        (dict(FOUND, untrusted=True, foreign=True, mm_cfg_error="mm_cfg.py is another's"), {}, ["mm_cfg.py is another's"]),
        (dict(FOUND, untrusted=True, mm_cfg_error="mm_cfg.py is open"), EXISTING, ["mm_cfg.py is open"]),
        # Of what is open nothing else is believed.
        (dict(FOUND, untrusted=True, python_available=False, mm_cfg_error="mm_cfg.py is open"), dict(EXISTING, mailman_user="other"), ["mm_cfg.py is open"]),
        (dict(FOUND, untrusted=True, mm_cfg_error="mm_cfg.py is open"), {"kept": False}, []),
    ],
    "host_name": [
        (dict(FOUND, host_name_fault="lists: Name or service not known"), {}, ["looked up at once (lists: Name or service not known)", "/etc/hosts"]),
    ],
    "none_to_adopt": [
        (NONE, dict(EXISTING, kept=False, prefix="/opt/mm"), [
            "mailman_install_method is existing, but there is no Mailman at mailman_prefix=/opt/mm", "choose archive or package"]),
        (FOUND, EXISTING, []),
    ],
    "of_others": [
        (dict(FOUND, stamp=None), {"kept": False}, ["mailman_install_method is auto, which is archive here", "was not installed by this role", "existing"]),
    ],
    "of_another_inventory": [
        (dict(FOUND, stamp={"inventory": "other/lists"}), {"separate": True}, [
            "list.example.com is in two inventories: other/lists", "this one is mine/lists", "/var/lib/mailman/.installed"]),
        (dict(FOUND, stamp={"inventory": "mine/lists"}), {"separate": True}, []),
        (dict(FOUND, stamp={"inventory": "other/lists"}), {}, []), (FOUND, {"separate": True}, []),
        (NONE, {"separate": True, "kept": False}, []),
    ],
    "no_python": [
        (dict(NONE, python_available=False), {"kept": False}, [
            "mailman_python=/usr/bin/python2.7 is not on the host", "Debian 12 has no package of it", "Set mailman_python_repository"]),
        (dict(NONE, python_available=False), {"kept": False, "python_offered": True}, []),
        (dict(NONE, python_available=False), {"kept": False, "python": "/opt/python", "python_from_role": False, "python_offered": True}, [
            "mailman_python=/opt/python is not on the host", "the role can install only /usr/bin/python2.7", "leave mailman_python at its default"]),
        (dict(NONE, python_available=False), {"kept": False, "method": "package"}, []),
    ],
    "python_of_adopted": [
        (dict(FOUND, python_available=False), EXISTING, ["runs on /usr/bin/python2.7, which cannot be run", "Install that Python"]),
        (dict(FOUND, python_available=False, mm_cfg_error="cannot be run"), EXISTING, ["Install that Python"]),
    ],
    "settings": [
        (dict(FOUND, mm_cfg_error="mm_cfg.py, line 3: no"), EXISTING, ["mm_cfg.py, line 3: no. Mend that file"]),
        (dict(FOUND, mm_cfg_error="mm_cfg.py, line 3: no"), {}, ["mm_cfg.py, line 3: no. Mend that file"]),
        (dict(FOUND, mm_cfg_error="mm_cfg.py, line 3: no"), {"kept": False}, []),
    ],
    "built_for_others": [
        *[(FOUND, dict(EXISTING, **{"mailman_" + name: "other"}), ["mailman_%s is 'other'" % name, "was built for '%s'" % FOUND[name], "Take the variable out"])
          for name in ("var_prefix", "user", "group")],
        (FOUND, dict(EXISTING, mailman_user="list"), []), (FOUND, {"mailman_user": "other"}, []),
    ],
    "wrapper": [
        (dict(FOUND, mail_groups=["list", "mail"]), dict(EXISTING, mailman_mail_group="sys"), [
            "mailman_mail_group is 'sys'", "was built for list, mail and refuses", "--with-mail-gid=sys"]),
        (dict(FOUND, mail_groups=["list", "mail"]), dict(EXISTING, mailman_mail_group="mail"), []),
        # A wrapper that does not say.
        (dict(FOUND, mail_groups=None), dict(EXISTING, mailman_mail_group="mail"), []),
        (FOUND, {"mailman_mail_group": "sys"}, []),
    ],
}


def test_each_rule_has_a_case():
    assert sorted(CASES) == sorted(rule.__name__ for rule in mailman.RULES)


@pytest.mark.parametrize(("found", "inventory", "words"), [case for cases in CASES.values() for case in cases])
def test_a_rule_speaks_where_it_should_and_no_other_does(found, inventory, words):
    dummy, faults = hosts.check("mailman", found, dict(INVENTORY, **inventory))
    assert len(faults) == (1 if words else 0), faults
    assert [word for word in words if word not in faults[0]] == [], faults
    assert "\n" not in "".join(faults)
