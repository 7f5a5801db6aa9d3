# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each item is asked about once and answered once, and what ends one process is no other's concern."""

import os

import pytest
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._conversation import converse


@pytest.fixture(autouse=True)
def two_processors(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


class Answers:
    """Answers each question with its double, and keeps what was asked and told."""

    def __init__(self):
        self.asked, self.told = [], []

    def answer(self, questions):
        self.asked.append(questions)
        return {item: 2 * question for item, question in questions.items()}

    def tell(self, *numbers):
        self.told.append(numbers)

    def converse(self, talk, items):
        return converse(talk, items, self.answer, self.tell)


def doubles(item):
    found = yield int(item)
    return [item, found, os.getpid()]


@pytest.mark.parametrize("number", [0, 1, 2, 7, 50])
def test_each_item_gets_its_own_answer(number):
    answers, items = Answers(), [str(item) for item in range(number)]
    said = answers.converse(doubles, items)
    assert {item: value[:2] for item, value in said.items()} == {item: [item, 2 * int(item)] for item in items}
    assert answers.asked == ([{item: int(item) for item in items}] if number else [])
    assert answers.told == [(done, 0) for done in range(1, number + 1)] + [(number, done) for done in range(1, number + 1)]
    pids = {value[2] for value in said.values()}
    assert len(pids) == min(number, 2) and os.getpid() not in pids
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_what_is_long():
    """Neither side waits for the other where a pipe is full."""
    long = 1000000 * "\u00fc"

    def talk(item):
        return (yield item + long) + item

    answers = {item: item + long for item in "abcd"}
    assert converse(talk, list("abcd"), lambda questions: questions if questions == answers else {}, print) == {item: item + long + item for item in "abcd"}


def test_nothing_is_asked():
    def talk(item):
        yield from ()
        return item

    answers = Answers()
    assert answers.converse(talk, ["1", "2"]) == {"1": "1", "2": "2"}
    assert not answers.asked


@pytest.mark.parametrize("after", [False, True], ids=["before its question", "after its answer"])
def test_one_that_fails(after):
    def talk(item):
        if item == "2" and not after:
            raise KeyError(item)
        found = yield int(item)
        if item == "2":
            raise KeyError(item)
        return found

    assert Answers().converse(talk, ["1", "2", "3", "4"]) == {"1": 2, "2": None, "3": 6, "4": 8}


@pytest.mark.parametrize("after", [False, True], ids=["before its question", "after its answer"])
def test_process_that_ends(after):
    """The others' results count, and nobody waits for it."""

    def talk(item):
        if item == "2" and not after:
            os._exit(0)
        found = yield int(item)
        if item == "2":
            os._exit(0)
        return found

    assert Answers().converse(talk, ["1", "2", "3", "4"]) == {"1": 2, "3": 6}


def test_no_answer():
    said = converse(doubles, ["1", "2"], lambda questions: {"1": 5}, lambda *dummy: None)
    assert [said[item][:2] for item in ("1", "2")] == [["1", 5], ["2", None]]


def test_no_process_stays_where_the_answer_fails():
    def answer(questions):
        raise RuntimeError("no look")

    with pytest.raises(RuntimeError, match="no look"):
        converse(doubles, ["1", "2", "3"], answer, lambda *dummy: None)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
