# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _mailman
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import TargetError
from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import Untrusted
from ansible_collections.listhost.exim_mailman.plugins.modules import mailman_aside

PREFIX = "/var/lib/mailman"
INSTALLATION = {"prefix": PREFIX, "python": "/usr/bin/python2.7"}


def give(value):
    """Return a value, or raise it."""
    if isinstance(value, Exception):
        raise value
    return value


@pytest.fixture
def put_aside(run_module, monkeypatch):
    """Return a function that runs the module on a Mailman that gives this answer, which may be an exception."""

    def put_aside(answer, found=(INSTALLATION,), **arguments):
        asked = {}

        def run_target(module, installation, do, **given):
            asked.update(given, do=do, python=installation["python"])
            return give(answer)

        def find_installation(prefix):
            return give(*found)

        monkeypatch.setattr(_mailman, "find_installation", find_installation)
        monkeypatch.setattr(mailman_aside, "run_target", run_target)
        return run_module(mailman_aside, prefix=PREFIX, lists=["news"], label="x", **arguments), asked

    return put_aside


def test_check_mode_on_a_bare_host(put_aside):
    result = put_aside({}, found=(None,), _ansible_check_mode=True)[0]
    assert (result["changed"], result["lists"], result.get("failed")) == (False, [], None)


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("lists", [[], ["news"]])
def test_lists_are_put_aside(put_aside, check, lists):
    result, asked = put_aside({"lists": lists, "place": "/data/moved/x", "ansible_facts": {}}, _ansible_check_mode=check, lock_timeout=7)
    assert asked == dict(do="put_aside", check=check, python="/usr/bin/python2.7", lists=["news"], label="x", lock_timeout=7)
    assert (result["changed"], result["lists"], result["place"], "ansible_facts" in result) == (bool(lists), lists, "/data/moved/x", False)


def test_another_python(put_aside):
    assert put_aside({"lists": [], "place": ""}, python="/opt/python2.7")[1]["python"] == "/opt/python2.7"


@pytest.mark.parametrize("answer", [{}, {"lists": "news", "place": ""}])
def test_an_answer_of_another_form_is_refused(put_aside, answer):
    result = put_aside(answer)[0]
    assert result["failed"] and "Mailman's answer has no lists" in result["msg"]


@pytest.mark.parametrize("installation, answer, text", [
    (None, {}, "prefix: there is no Mailman at %s. Install it first." % PREFIX),
    (Untrusted(["Mailman is bin's"], []), {}, "The Mailman at %s is not root's alone, and root would run and believe what others write there: " % PREFIX),
    (OSError(13, "Permission denied"), {}, "The Mailman at %s cannot be read: [Errno 13] Permission denied. Run this task as root." % PREFIX),
    (dict(python="x"), TargetError("It is broken."), "It is broken."),
], ids=["none", "untrusted", "unreadable", "broken"])
def test_what_is_in_the_way_is_told(put_aside, installation, answer, text):
    result = put_aside(answer, [installation])[0]
    assert result["failed"] and text in result["msg"]
