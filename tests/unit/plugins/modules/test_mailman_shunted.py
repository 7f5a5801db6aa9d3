# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import TargetError
from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import Untrusted
from ansible_collections.listhost.exim_mailman.plugins.modules import mailman_shunted

PREFIX = "/var/lib/mailman"
INSTALLATION = {"prefix": PREFIX, "python": "/usr/bin/python2.7"}


def give(value):
    """Return a value, or raise it."""
    if isinstance(value, Exception):
        raise value
    return value


@pytest.fixture
def readdress(run_module, monkeypatch):
    """Return a function that runs the module on a Mailman that gives this answer, which may be an exception."""

    def readdress(answer, found=(INSTALLATION,), **arguments):
        asked = {}

        def run_target(module, installation, do, **given):
            asked.update(given, do=do, python=installation["python"])
            return give(answer)

        def find_installation(prefix):
            return give(*found)

        monkeypatch.setattr(mailman_shunted, "find_installation", find_installation)
        monkeypatch.setattr(mailman_shunted, "run_target", run_target)
        return run_module(mailman_shunted, prefix=PREFIX, **arguments), asked

    return readdress


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("messages", [[], ["1.pck", "2.pck"]])
def test_messages_are_told(readdress, check, messages):
    result, asked = readdress({"messages": messages, "ansible_facts": {}}, _ansible_check_mode=check)
    assert asked == dict(do="readdress_shunted", check=check, python="/usr/bin/python2.7")
    assert (result["changed"], result["messages"], "ansible_facts" in result) == (bool(messages), messages, False)


def test_another_python(readdress):
    assert readdress({"messages": []}, python="/opt/python2.7")[1]["python"] == "/opt/python2.7"


@pytest.mark.parametrize("answer", [{}, {"messages": "1.pck"}])
def test_an_answer_of_another_form_is_refused(readdress, answer):
    result = readdress(answer)[0]
    assert result["failed"] and "Mailman's answer has no messages" in result["msg"]


@pytest.mark.parametrize("installation, answer, text", [
    (None, {}, "prefix: there is no Mailman at %s. Install it first." % PREFIX),
    (Untrusted(["Mailman is bin's"], []), {}, "The Mailman at %s is not root's alone, and root would run and believe what others write there: " % PREFIX),
    (OSError(13, "Permission denied"), {}, "The Mailman at %s cannot be read: [Errno 13] Permission denied. Run this task as root." % PREFIX),
    (dict(python="x"), TargetError("It is broken."), "It is broken."),
], ids=["none", "untrusted", "unreadable", "broken"])
def test_what_is_in_the_way_is_told(readdress, installation, answer, text):
    result = readdress(answer, [installation])[0]
    assert result["failed"] and text in result["msg"]
