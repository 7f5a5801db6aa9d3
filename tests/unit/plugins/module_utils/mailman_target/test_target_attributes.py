# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import types

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import mailman
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target.attributes import Attributes, Complaints

KINDS = (
    "Checkbox", "Email", "EmailList", "EmailListEx", "HeaderFilter", "Host", "Number", "Radio", "String", "Text", "Toggle", "Topics",
)  # fmt: skip


def choose(value, choices=("No", "Yes"), name="advertised", open_subscription=0):
    attributes = types.SimpleNamespace(open_subscription=open_subscription)
    return Attributes.convert_choice(attributes, name, choices, value)


@pytest.mark.parametrize("value, number", [(0, 0), (1, 1), (True, 1), (False, 0), ("yes", 1), ("Off", 0), ("1", 1)])
def test_choices_of_two(value, number):
    chosen = choose(value)
    assert chosen == number
    assert not isinstance(chosen, bool)


@pytest.mark.parametrize("value", [2, -1, "maybe", None, 1.0, "2"])
def test_no_choices_of_two(value, refused):
    assert refused(choose, value) == "must be one of 0 (No), 1 (Yes)"


def test_choices_of_three(refused):
    assert choose(2, ("A", "B", "C")) == 2
    assert refused(choose, True, ("A", "B", "C")) == "must be one of 0 (A), 1 (B), 2 (C)"


def test_open_subscription_must_be_allowed_by_the_site(refused):
    choices = ("None", "Confirm", "Require approval")
    assert choose(0, choices, "subscribe_policy", open_subscription=1) == 0
    assert choose(1, choices, "subscribe_policy") == 1
    assert "ALLOW_OPEN_SUBSCRIBE" in refused(choose, 0, choices, "subscribe_policy")


def test_an_empty_list_of_lines(mlist):
    """In Python 2 nothing joined by a string of bytes is a string of bytes, which no request has."""
    attributes = object.__new__(Attributes)
    mailman.mm_cfg.__dict__.update((kind, number) for number, kind in enumerate(KINDS))
    mlist.filter_mime_types = ["text/html"]
    assert attributes.convert(mlist, "filter_mime_types", mailman.mm_cfg.Text, None, []) == b""


def test_complaints_are_freed_of_html():
    complaints = Complaints()
    complaints.addError("<b>real_name</b> attribute\n     not %s!", None, "changed")
    assert complaints == ["real_name attribute not changed!"]
