# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import values


@pytest.mark.parametrize("value, number", [(0, 0), (7, 7), (1.5, 1.5), ("12", 12), ("1.5", 1.5)])
def test_numbers(value, number):
    assert values.convert_number(value) == number


@pytest.mark.parametrize("value", [-1, True, "x", "", None, [1], "-1"])
def test_no_numbers(value, refused):
    assert refused(values.convert_number, value) == "must be a number, 0 or more"


def test_text_is_stored_in_the_charset_of_the_language(mlist, refused):
    assert values.convert_text(mlist, "Grüße\n") == b"Gr\xfc\xdfe\n"
    assert values.convert_text(mlist, "Grüße ☃", references=True) == b"Gr\xfc\xdfe &#9731;"
    complaint = refused(values.convert_text, mlist, "Grüße ☃")
    assert '"☃"' in complaint
    assert "latin-1, the charset of language de" in complaint
    assert refused(values.convert_text, mlist, 3) == "must be a string"


def test_text_is_shown_as_it_was_meant(mlist):
    assert values.show_text(mlist, b"Gr\xfc\xdfe &#9731;\r\n", references=True) == "Grüße ☃\n"
    assert values.show_text(mlist, b"&#9731; &#99999999;") == "&#9731; &#99999999;"
    assert values.show_text(mlist, "&#99999999;", references=True) == "&#99999999;"
    assert values.show_text(mlist, "schon ☃") == "schon ☃"


def test_lines(refused):
    assert values.convert_lines("a\nb\n") == ["a", "b"]
    assert values.convert_lines(["a", "b"]) == ["a", "b"]
    assert refused(values.convert_lines, ["a", 1]) == "must be a list of strings"
    assert refused(values.convert_lines, None) == "must be a list of strings"


def test_addresses():
    assert values.convert_addresses("owner", ["a@example.org", "b@example.org"]) == ["a@example.org", "b@example.org"]
    assert values.convert_addresses("owner", "a@example.org\nb@example.org\n") == ["a@example.org", "b@example.org"]
    assert values.convert_addresses("moderator", []) == []


@pytest.mark.parametrize("value", [[""], ["a@example.org", " "], "\n", "a@example.org\n\nb@example.org"])
@pytest.mark.parametrize("name", ["owner", "moderator", "accept_these_nonmembers"])
def test_addresses_that_are_empty(name, value, refused):
    """Mailman would pass over them: a list with the owner "" would have none."""
    assert refused(values.convert_addresses, name, value).startswith("has an empty address")


@pytest.mark.parametrize("value", [[], ""])
def test_a_list_keeps_an_owner(value, refused):
    assert refused(values.convert_addresses, "owner", value).startswith("must name at least one address")


def test_no_addresses_at_all(refused):
    assert refused(values.convert_addresses, "owner", [None]) == "must be a list of strings"


def test_header_filter_rules(refused):
    assert values.convert_rule({"pattern": "^X-Spam: [yY]", "action": "discard"}) == ("^X-Spam: [yY]", 3, False)
    assert values.show_action(6) == "hold"
    assert "must be of defer, hold" in refused(values.convert_rule, {"pattern": "x", "action": "burn"})
    assert 'the pattern "(", which is no regular expression' in refused(values.convert_rule, {"pattern": "(", "action": "hold"})
    assert refused(values.convert_rule, {"pattern": 1, "action": "hold"}) == "must have strings as patterns"


def test_topics(mlist, refused):
    topic = {"name": "n", "pattern": "one\ntwo", "description": "ä"}
    assert values.convert_mappings([topic], ("name", "pattern", "description")) == [topic]
    for wrong in ("x", ["x"], [{"name": "n"}], [dict(topic, more=1)]):
        assert "list of mappings with the keys" in refused(values.convert_mappings, wrong, ("name", "pattern", "description"))
