# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import re

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import EximError
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_blocks import marks

FIRST, SECOND = marks.marked("routers", "one:\n\n  driver = accept\n"), marks.marked("retry", "")


@pytest.mark.parametrize("text", ["", "\n", "a", "a\n", "a\nb", "a\nb\n", "a\r\nb\r\n", "a\r\n\r\nb", "\n\n", "a\n\n", "a\x0b\x0cb\x85\n\u2028\n", "\udce9\n"])
def test_what_is_put_in_is_taken_out_without_a_trace(text):
    lines = len(re.findall(r"[^\n]*\n|[^\n]+\Z", text))
    for first in range(lines + 1):
        for second in range(first, lines + 1):
            found = marks.insert(text, [(first, FIRST), (second, SECOND)])
            assert marks.remove("exim.conf", found) == text
            assert (marks.has_blocks(found), marks.has_blocks(text)) == (True, False)
            # Each line of ours is a line of its own, and they are in order.
            assert re.findall(r"(?m)^# (\w+) exim_mailman (\w+)", found) == [("BEGIN", "routers"), ("END", "routers"), ("BEGIN", "retry"), ("END", "retry")]


def test_where_a_block_stands():
    assert marks.insert("a\nb\n", [(1, FIRST)]) == "a\n" + FIRST + "b\n"
    assert marks.insert("a\nb\n", [(2, FIRST), (0, SECOND), (2, SECOND)]) == SECOND + "a\nb\n" + FIRST + SECOND


IN = marks.insert("a\nb\n", [(1, FIRST), (2, SECOND)])
NO_COUNTERPART = "exim.conf: the mark in line %d has no counterpart. "


@pytest.mark.parametrize(("text", "fault"), [
    (IN.replace("accept", "redirect"), "exim.conf: somebody has changed the block routers, which ends in line 6. "),
    (IN.replace("one:\n", ""), "exim.conf: somebody has changed the block routers, which ends in line 5. "),
    (IN.replace("# END exim_mailman routers\n", ""), NO_COUNTERPART % 7),
    (IN.replace("# END exim_mailman retry\n", ""), "exim.conf: the block retry has no mark at its end. "),
    (re.sub("# BEGIN exim_mailman routers.*\n", "", IN), NO_COUNTERPART % 5),
    (IN.replace("END exim_mailman routers", "END exim_mailman retry"), NO_COUNTERPART % 6),
    (IN.replace("one:\n", SECOND + "one:\n"), NO_COUNTERPART % 3),
])
def test_a_block_that_is_not_as_it_was_written_stays(text, fault):
    with pytest.raises(EximError) as error:
        marks.remove("exim.conf", text)
    assert str(error.value) == fault + "Take what is between the marks, and the marks, out of exim.conf, with what you need of it elsewhere."


def test_what_others_mark_stays():
    text = "# BEGIN ANSIBLE MANAGED BLOCK\na\n# END ANSIBLE MANAGED BLOCK\n# exim_mailman\n#BEGIN exim_mailman x\n"
    assert marks.remove("exim.conf", text) == text


@pytest.mark.parametrize("text", ["a\nb\nc", "a\nb\nc\n", "\na\n\nb", "#a\r\n b\\\r\n c\r\n", "a\udce9\n# END exim_mailman\n\x0c\n"])
def test_what_is_put_aside_comes_back_without_a_trace(text):
    lines = re.findall(r"[^\n]*\n|[^\n]+\Z", text)
    for first in range(1, len(lines) + 1):
        for last in range(first, len(lines) + 1):
            found = marks.put_aside(text, [(first, last)])
            # What Exim reads is the rest.
            assert re.sub(r"(?m)^#[^\n]*(\n|\Z)", "", found) == re.sub(r"(?m)^#[^\n]*(\n|\Z)", "", "".join(lines[:first - 1] + lines[last:]))
            for whole in (found, marks.insert(found, [(0, FIRST), (len(re.findall(r"[^\n]*\n|[^\n]+\Z", found)), SECOND)])):
                assert marks.remove("exim.conf", whole) == text
                assert marks.remove("exim.conf", whole, False) == found
            with pytest.raises(EximError):
                marks.remove("exim.conf", found.replace("taken out.\n#", "taken out.\n#x"))
    assert marks.remove("exim.conf", marks.put_aside(text, [(1, 1), (2, len(lines))])) == text
