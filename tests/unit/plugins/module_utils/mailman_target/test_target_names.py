# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import names
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target.text import show


def spec(name, **options):
    return dict({"name": name, "state": "present"}, **options)


def judge(specs, existing=(), purge=False):
    """The complaints and warnings about names."""
    complaints, warnings = [], []
    names.check_names(specs, set(existing), purge, lambda number, place, text: complaints.append((number, place, text)), warnings.append)
    return complaints, warnings


def test_good_names():
    assert judge([spec(name) for name in ("mailman", "my-admin", "a.b_c+d", "x" * 64)], existing=["m"]) == ([], [])


@pytest.mark.parametrize(
    "name, text",
    [
        ("Upper", "lower case"),
        ("..", "no name that Mailman accepts"),
        ("-x", "no name that Mailman accepts"),
        ("a/b", "no name that Mailman accepts"),
        ("späm", "no name that Mailman accepts"),
        ("", "no name that Mailman accepts"),
        ("x" * 65, "longer than 64"),
    ],
)
def test_bad_names(name, text):
    (complaint,) = judge([spec(name)])[0]
    assert complaint[:2] == (0, "name: " + show(name))
    assert text in complaint[2]


def test_a_name_twice():
    ((number, dummy, text),) = judge([spec("x"), spec("x")])[0]
    assert (number, text) == (1, "is there more than once")


def test_the_site_list_stays():
    assert "cannot be absent" in judge([spec("mailman", state="absent")])[0][0][2]


@pytest.mark.parametrize("suffix", ["admin", "bounces", "bounces+a=b", "confirm", "confirm+1", "join", "leave", "owner", "request", "subscribe", "unsubscribe"])
def test_a_new_name_hidden_by_a_suffix_of_another_list(suffix):
    hidden = "x-" + suffix
    for specs, existing in (([spec("x"), spec(hidden)], []), ([spec(hidden)], ["x"]), ([spec("x")], [hidden])):
        complaints = [complaint for complaint in judge(specs, existing)[0] if "goes to" in complaint[2]]
        assert len(complaints) == 1
        assert "mail to %s@ goes to the list x" % hidden in complaints[0][2]


def test_hidden_names_that_are_there_already_or_go_away():
    assert judge([spec("x"), spec("x-admin")], existing=["x", "x-admin"])[0] == []
    assert "mail to x-admin@ goes to the list x" in judge([spec("x")], existing=["x", "x-admin"])[1][0]
    assert judge([spec("x", state="absent"), spec("x-admin")], existing=["x"]) == ([], [])
    assert judge([spec("x-admin")], existing=["x"], purge=True) == ([], [])
    assert judge([spec("x-admin")], existing=["x"], purge=False)[0] != []


@pytest.mark.parametrize("name", ["x-bounces+y", "x-confirm+y", "a+b-bounces+c"])
def test_a_name_that_exim_takes_for_an_address_of_another_list(name):
    """Its bounces would be lost. One that is there already is named."""
    ((number, place, text),) = judge([spec("other"), spec(name)])[0]
    assert (number, place) == (1, "name: " + show(name))
    assert "is taken for mail to the list %s: choose a name without -" % name.split("-")[0] in text
    for specs in ([spec(name)], []):
        complaints, (warning,) = judge(specs, existing=[name])
        assert complaints == []
        assert name in warning
    assert judge([spec(name, state="absent")], existing=[name]) == ([], [])
