# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A value as its specification means it, or what is wrong with it."""

import datetime

import pytest
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import SCALARS, convert

BLOCKS = {"type": "list", "elements": "dict", "options": {"name": {"type": "str", "required": True}, "port": {"type": "int"}}}


def result(value, **option):
    faults = []
    return convert("x", value, option, faults.append), faults


@pytest.mark.parametrize(("kind", "value", "converted"), [
    *[("bool", value, True) for value in (True, "true", "True", "TRUE", "yes", "Yes", "on", "y", "t", "1", 1, 1.0)],
    *[("bool", value, False) for value in (False, "false", "False", "FALSE", "no", "No", "off", "n", "f", "0", 0, 0.0)],
    ("int", 25, 25), ("int", "25", 25), ("int", 25.0, 25), ("int", "-1", -1),
    ("float", 5, 5.0), ("float", 5.5, 5.5), ("float", "5.5", 5.5), ("float", "5", 5.0),
    ("str", "x", "x"), ("str", "", ""), ("path", "/x", "/x"),
])
def test_spellings(kind, value, converted):
    found, faults = result(value, type=kind)
    assert (found, type(found), faults) == (converted, type(converted), [])


@pytest.mark.parametrize(("kind", "value", "words"), [
    ("bool", "perhaps", ["x is 'perhaps'", "a string and not true or false"]), ("bool", 2, ["x is 2"]), ("bool", [], ["x is []", "a list"]),
    ("int", "many", ["x is 'many'", "Write a whole number"]), ("int", True, ["x is true", "a truth value"]), ("int", 2.5, ["x is 2.5"]),
    ("int", "2.5", ["'2.5'"]),
    ("int", [1], ["x is [1]"]), ("int", float("inf"), ["x is inf"]),
    ("float", "nan", ["x is 'nan'"]), ("float", float("inf"), ["x is inf"]), ("float", False, ["x is false"]), ("float", "high", ["x is 'high'"]),
    ("str", 7, ["x is 7", "a number and not a string", "Put it in quotes"]), ("str", True, ["x is true", "a truth value", "Put it in quotes"]),
    ("str", 45000, ["x is 45000", "Put it in quotes"]), ("str", 1.5, ["x is 1.5", "Put it in quotes"]),
    ("str", datetime.date(2026, 1, 2), ["x is 2026-01-02", "a date", "Put it in quotes"]),
    ("str", ["a"], ['x is ["a"]', "a list and not a string", "Write a string"]),
    ("str", {}, ["a mapping and not a string", "Write a string"]), ("path", 5, ["x is 5", "Put it in quotes"]),
    ("str", None, ["x is null", "Write a string, or take it out"]), ("list", None, ["x is null", "Write a list"]), ("bool", None, ["x is null"]),
    ("list", "From", ["x is 'From', a string. Write a list, as in [From]."]), ("list", 25, ["x is 25, a number. Write a list, as in [25]."]),
    ("list", "[25, 587]", ["x is '[25, 587]', a string", "on the command line that is -e '{\"x\": [25, 587]}'"]),
    ("list", {"a": 1}, ["a mapping", "Write a list"]), ("list", True, ["Write a list"]),
    ("dict", "a=b", ["x is (not shown)", "a string and not a mapping"]), ("dict", ["a"], ["a list and not a mapping"]),
])
def test_what_is_wrong(kind, value, words):
    found, faults = result(value, type=kind)
    assert found is None
    assert len(faults) == 1 and "\n" not in faults[0]
    assert [word for word in words if word not in faults[0]] == [], faults


def test_every_type_has_cases():
    assert set(SCALARS) == {"bool", "int", "float", "str", "path"}


def test_choices():
    assert result("b", type="str", choices=["a", "b"]) == ("b", [])
    assert result("c", type="str", choices=["a", "b"]) == (None, ["x is 'c'. Set it to one of: a, b."])


def test_a_choice_that_yaml_takes_for_false():
    assert result(False, type="str", choices=["no", "munge"]) == ("no", [])
    assert "Put it in quotes" in result(False, type="str", choices=["a"])[1][0]


def test_entries_of_a_list():
    assert result([25, "587"], type="list", elements="int") == ([25, 587], [])
    assert result(["a", 7], type="list", elements="str")[1] == ["x, entry 2, is 7, which is a number and not a string. Put it in quotes."]


def test_nested_options():
    assert result([{"name": "a", "port": "25"}], **BLOCKS) == ([{"name": "a", "port": 25}], [])
    assert result([{"name": "a", "port": "many", "prot": 1}, {"nam": "b"}, {"name": None}, 7], **BLOCKS)[1] == [
        "x (a) has 'prot', which is none of its keys (did you mean port?). They are: name, port.",
        "x (a): port is 'many', which is a string and not a whole number. Write a whole number.",
        "x, entry 2, has 'nam', which is none of its keys (did you mean name?). They are: name, port.",
        "x, entry 2 has no name. Add it: a string.",
        "x, entry 3: name is null, which is no value. Write a string, or take it out.",
        "x, entry 4, is 7, which is a number and not a mapping. Write a mapping, as in {name: value}.",
    ]


def test_a_secret_is_not_shown():
    for value in (1234, ["1234"], {"a": "1234"}):
        assert "1234" not in result(value, type="str", no_log=True)[1][0]
    assert "1234" not in result("1234", type="list", no_log=True)[1][0]
    nested = {"type": "list", "elements": "dict", "options": {"name": {"type": "str"}, "password": {"type": "str", "no_log": True}}}
    for value in ({"name": "a", "password": "1234"}, "password=1234", ["1234"], [{"name": "a", "password": 1234}], [{"name": "a", "password": ["1234"]}],
                  [["1234"]], [{"name": "a", "pasword": "1234"}]):
        [fault] = result(value, **nested)[1]
        assert "1234" not in fault
    # Under names of somebody's choice, as in mailman_settings.
    assert "1234" not in result("SMTP_PASSWD=1234", type="dict")[1][0]


def test_a_value_is_shown_on_one_line_and_not_for_ever():
    assert "'a\\nb" in result("a\nb" + "c" * 500, type="int")[1][0]
    assert len(result("a\nb" + "c" * 500, type="int")[1][0]) < 300
