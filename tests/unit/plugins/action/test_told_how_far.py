# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at many domains shows that it lives and what it is at. One at few says nothing, and nothing stands where others read JSON."""

import types

from ansible_collections.listhost.exim_mailman.plugins.action import machine_look


def test_a_word_every_few_seconds(monkeypatch):
    seconds, told = iter([0, 1, 4.9, 5, 6, 9.9, 10, 20]), []
    monkeypatch.setattr(machine_look, "time", types.SimpleNamespace(monotonic=lambda: next(seconds)))
    monkeypatch.setattr(machine_look.display, "display", lambda text, stderr=False: told.append((text, stderr)))
    action = object.__new__(machine_look.ActionModule)
    action.own = "lists.example.org"
    tell = action.teller(50)
    for begun, ended in [(1, 0), (20, 0), (21, 0), (50, 7), (50, 8)]:
        tell(begun, ended)
    assert told == [("[lists.example.org] of 50 domains, what 21 should be is worked out, and 0 are compared", True)]
    tell(50, 49)
    assert len(told) == 2 and "50 should be" in told[1][0] and "49 are compared" in told[1][0]
    tell(50, 50)
    assert len(told) == 2
