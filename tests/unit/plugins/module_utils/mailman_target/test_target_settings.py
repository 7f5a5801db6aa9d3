# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import base64
import sys
import types

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import mailman, settings
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target.faults import Stopped

DEFAULTS = dict(NUMBER=1, TEXT="x", LIST=[], MAPPING={}, NOTHING=None, PUBLIC_EXTERNAL_ARCHIVER=0)
PATH = "/etc/mailman/mm_cfg.py"


@pytest.fixture(autouse=True)
def package(monkeypatch):
    """Mailman's package, with default settings alone."""
    package = types.ModuleType("Mailman")
    monkeypatch.setitem(sys.modules, "Mailman", package)
    monkeypatch.setitem(sys.modules, "Mailman.mm_cfg", None)
    monkeypatch.setattr(mailman, "Defaults", types.SimpleNamespace(**DEFAULTS))
    return package


def check(text, *names):
    return settings.check_settings(PATH, base64.b64encode(text.encode()).decode(), names)


def test_good_settings(package):
    assert check("NUMBER = 2.5\nTEXT = 'y'\nLIST = ()\nMAPPING = {1: 2}\n", "NUMBER", "TEXT", "LIST", "MAPPING") == dict(fault="", mistyped=[], unknown=[])
    # What Mailman's other modules import is the file that is tried.
    assert package.mm_cfg.NUMBER == sys.modules["Mailman.mm_cfg"].NUMBER == 2.5
    assert package.mm_cfg.__file__ == PATH


def test_settings_that_mailman_lacks_are_named():
    assert check("NUMBER = 2\nNUMBR = 'x'\n", "NUMBER", "NUMBR")["unknown"] == ["NUMBR"]


@pytest.mark.parametrize("name, value, fault", [
    ("NUMBER", "'1'", "NUMBER is a string where Mailman has a number"),
    ("TEXT", "5", "TEXT is a number where Mailman has a string"),
    ("TEXT", "['x']", "TEXT is a list where Mailman has a string"),
    ("LIST", "{'a': 1}", "LIST is a mapping where Mailman has a list"),
    ("MAPPING", "'x'", "MAPPING is a string where Mailman has a mapping"),
])
def test_values_of_another_type_are_named(name, value, fault):
    assert check("%s = %s\n" % (name, value), name) == dict(fault="", mistyped=[fault], unknown=[])


@pytest.mark.parametrize("name, value", [
    ("TEXT", "None"), ("LIST", "0"), ("MAPPING", "False"), ("NOTHING", "['a', 'b']"), ("PUBLIC_EXTERNAL_ARCHIVER", "'command'"),
])
def test_what_is_switched_off_may_have_any_type(name, value):
    assert check("%s = %s\n" % (name, value), name)["mistyped"] == []


@pytest.mark.parametrize("text, fault", [
    ("NUMBER = 1\nNUMBER = = 2\n", 'File "%s", line 2: SyntaxError: invalid syntax' % PATH),
    ("\n\nTEXT = nothing\n", 'File "%s", line 3, in <module>: NameError: name \'nothing\' is not defined' % PATH),
    ("import sys\nsys.exit('enough')\n", 'File "%s", line 2, in <module>: SystemExit: enough' % PATH),
])
def test_a_fault_is_told_with_its_line(text, fault):
    assert check(text, "NUMBER") == dict(fault=fault, mistyped=[], unknown=[])


def test_an_interrupt_is_no_fault_of_the_file(package):
    package.stopped = Stopped
    with pytest.raises(Stopped):
        check("import Mailman\nraise Mailman.stopped()\n")
