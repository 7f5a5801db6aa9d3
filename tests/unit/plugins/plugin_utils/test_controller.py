# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of other hosts, as action plugins read them."""

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._controller import Variables
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import Faulty
from ansible_collections.listhost.exim_mailman.tests.unit.roles.conftest import trusted


def test_variables_that_refer_to_others():
    """Also to another host's, by hostvars."""
    said = trusted({"plain": "x", "own": "{{ plain }}y", "other": ["{{ hostvars['b'].address }}"]})
    found = Variables(Templar(DataLoader()), dict(said, hostvars={"b": {"address": "192.0.2.1"}}))
    assert (found["plain"], found["own"], found["other"]) == ("x", "xy", ["192.0.2.1"])
    assert found.get("nothing", "else") == "else"
    assert "own" in found and "nothing" not in found
    assert set(found) == {"plain", "own", "other", "hostvars"} and len(found) == 4
    with pytest.raises(KeyError):
        found["nothing"]


def test_a_variable_that_refers_to_nothing():
    found = Variables(Templar(DataLoader()), trusted({"wrong": "{{ nothing }}"}))
    with pytest.raises(Faulty) as caught:
        found["wrong"]
    assert str(caught.value).startswith("wrong cannot be worked out: ") and "'nothing' is undefined" in str(caught.value)
