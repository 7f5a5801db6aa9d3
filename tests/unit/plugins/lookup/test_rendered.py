# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import copy

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.listhost.exim_mailman.tests.unit.roles.conftest import trusted

TEXT = "{{ greeting }} {{ known.name }}{% if wanted %}, {{ wanted }}{% endif %}\n"


class Uncopied(dict):
    """A value of which no copy may be made."""

    def __deepcopy__(self, memo):
        raise AssertionError("copied")


@pytest.fixture
def look_up(tmp_path):
    """Return a function that has a lookup make something of a template with these variables."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "one.j2").write_text(TEXT)

    def look_up(plugin, variables):
        templar = Templar(DataLoader(), variables=dict(variables, ansible_search_path=[str(tmp_path)]))
        return templar.template(trusted("{{ lookup('%s', 'one.j2', template_vars=other) }}" % plugin))

    return look_up


@pytest.mark.parametrize("other", [{}, {"wanted": "again"}])
def test_it_renders_as_the_builtin_lookup_does(look_up, other):
    variables = {"greeting": "Good morning", "known": {"name": "Anna"}, "wanted": False, "other": other}
    before = copy.deepcopy(variables)
    expected = "Good morning Anna%s\n" % (", again" if other else "")
    assert [look_up(plugin, variables) for plugin in ("ansible.builtin.template", "listhost.exim_mailman.rendered")] == [expected, expected]
    assert variables == before


def test_it_copies_no_value(look_up):
    variables = {"greeting": "Hello", "known": {"name": "Anna"}, "wanted": "", "other": {}, "facts": Uncopied()}
    with pytest.raises(Exception, match="copied"):
        look_up("ansible.builtin.template", variables)
    assert look_up("listhost.exim_mailman.rendered", variables) == "Hello Anna\n"
