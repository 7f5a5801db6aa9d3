# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import Exim, EximError
from ansible_collections.listhost.exim_mailman.plugins.modules import exim_delivery_test

RESULTS = [dict(address="a@b", outcome="failed")]


@pytest.fixture
def outcome(monkeypatch):
    """Return a list of the results and the failures that the tests will have; the tests that were run are appended."""
    outcome = [RESULTS, []]

    def run_tests(exim, tests):
        outcome.append((exim, tests))
        return outcome[0], outcome[1]

    monkeypatch.setattr(Exim, "from_module", lambda module: "the Exim")
    monkeypatch.setattr(exim_delivery_test, "run_tests", run_tests)
    return outcome


@pytest.mark.parametrize("check_mode", [False, True])
def test_success(run_module, outcome, check_mode):
    result = run_module(exim_delivery_test, _ansible_check_mode=check_mode, tests=[dict(address="a@b", sender="<>")])
    assert not result.get("failed")
    assert (result["changed"], result["failures"], result["results"]) == (False, [], RESULTS)
    # It would be long, and Ansible looks at each value of it. (ansible-core 2.21 has no invocation there.)
    assert "tests" not in result.get("invocation", {"module_args": {}})["module_args"]
    exim, tests = outcome[2]
    assert exim == "the Exim"
    assert [(test["address"], test["outcome"], test["sender"]) for test in tests] == [("a@b", "delivered", "<>")]


def test_failure(run_module, outcome):
    outcome[1] = ["a@b: expected x, found y", "a@b: expected z, found y"]
    result = run_module(exim_delivery_test, tests=[dict(address="a@b")])
    assert result["failed"] is True
    assert result["msg"] == "Exim does not deliver as expected:\na@b: expected x, found y\na@b: expected z, found y"
    assert result["failures"] == outcome[1]
    assert result["results"] == RESULTS


def test_a_fault_that_prevents_the_test(run_module, monkeypatch, outcome):
    def run_tests(exim, tests):
        raise EximError("no such thing")

    monkeypatch.setattr(exim_delivery_test, "run_tests", run_tests)
    result = run_module(exim_delivery_test, tests=[dict(address="a@b")])
    assert result["failed"] is True
    assert result["msg"] == "no such thing"


@pytest.mark.parametrize("tests, message", [
    ([], "tests is empty: nothing would be tested."),
    ([dict(address="a@b"), dict(address="c@d\n")], "tests[1].address: 'c@d\\n' has a control character."),
])
def test_bad_input(run_module, outcome, tests, message):
    result = run_module(exim_delivery_test, tests=tests)
    assert result["failed"] is True
    assert result["msg"] == message
    assert len(outcome) == 2
