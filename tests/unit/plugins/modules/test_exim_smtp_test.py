# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest
from ansible_collections.listhost.exim_mailman.plugins.modules import exim_smtp_test

OUTPUT = os.path.join(os.path.dirname(__file__), "..", "module_utils", "exim_output")


@pytest.fixture
def replay(tmp_path, exim_output, monkeypatch):
    """Return the path of an Exim that says what a real one said, whatever it hears."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    path = tmp_path / "exim4"
    path.write_text(
        "#!/bin/sh\nPATH=/usr/bin:/bin\necho run >>%s/runs\ncat %s/%s/smtp_dialogue.txt\ncat >/dev/null\n" % (tmp_path, OUTPUT, exim_output.version)
    )
    path.chmod(0o755)
    return str(path)


REFUSED = dict(client="192.0.2.9", sender="<>", recipients=[dict(address="testlist@list.example.com", code=550)])


def test_dialogues_that_are_as_expected_pass(run_module, replay, tmp_path):
    result = run_module(exim_smtp_test, exim=replay, dialogues=[REFUSED, dict(client="192.0.2.9")])
    assert not result.get("failed")
    assert result["changed"] is False
    assert result["failures"] == []
    assert [[step["step"] for step in item["steps"]] for item in result["results"]] == [["connect", "helo", "sender", "recipient"], ["connect", "helo"]]
    assert (tmp_path / "runs").read_text() == "run\nrun\n"


def test_each_failure_has_its_line(run_module, replay):
    accepted = dict(REFUSED, recipients=[dict(address="testlist@list.example.com")])
    result = run_module(exim_smtp_test, _ansible_check_mode=True, exim=replay, dialogues=[accepted, REFUSED, dict(accepted, name="the third")])
    assert result["failed"] is True
    found = "RCPT TO:<testlist@list.example.com>: expected 250, found 550 Recipient never sends mail so cannot cause bounces"
    assert result["failures"] == ["dialogues[0] (client 192.0.2.9): " + found, "the third: " + found]
    assert result["msg"] == "Exim does not answer as expected:\n" + "\n".join(result["failures"])


@pytest.mark.parametrize("arguments, message", [
    (dict(dialogues=[]), "dialogues is empty: nothing would be tested."),
    (dict(dialogues=[REFUSED], timeout=0), "timeout: 0 is not a number of seconds to wait."),
    (dict(dialogues=[REFUSED, dict(REFUSED, helo="a\nQUIT")]), "dialogues[1].helo: 'a\\nQUIT' has a control character."),
    (dict(dialogues=[REFUSED], config="/nonexistent"), "config: there is no file /nonexistent."),
])
def test_bad_input(run_module, replay, tmp_path, arguments, message):
    result = run_module(exim_smtp_test, exim=replay, **arguments)
    assert result["failed"] is True
    assert result["msg"] == message
    assert not (tmp_path / "runs").exists()
