# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import hashlib

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _mailman
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import TargetError
from ansible_collections.listhost.exim_mailman.plugins.modules import mailman_unpack

LIST = {"name": "news", "email_host": "x", "url_host": "y", "members": 1, "held": 0, "queued": 0, "files": 1, "bytes": 2, "program": False, "fault": ""}
ANSWER = {"lists": [dict(LIST, ansible_facts={})], "here": [{"name": "mailman", "arrived": False, "x": 1}], "left_out": ["a"], "ansible_facts": {}}


@pytest.fixture
def unpack(run_module, monkeypatch, tmp_path):
    """Return a function that runs the module on a Mailman that gives this answer, which may be an exception."""
    tar = tmp_path / "x.tar"
    tar.write_bytes(b"a tar")

    def unpack(answer, **arguments):
        asked = {}

        def run_target(module, installation, do, _handles, **given):
            asked.update(given, do=do)
            assert _handles == (asked.pop("descriptor"),)
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(_mailman, "find_installation", lambda prefix: {"prefix": prefix, "python": "/usr/bin/python2.7"})
        monkeypatch.setattr(mailman_unpack, "run_target", run_target)
        monkeypatch.setattr("ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_archive.resolve", str)
        return run_module(mailman_unpack, prefix="/m", root="/r", **dict({"src": str(tar)}, **arguments)), asked

    return unpack


def test_the_sum_of_the_tar_is_its_origin(unpack):
    origin = "sha256:" + hashlib.sha256(b"a tar").hexdigest()
    result, asked = unpack(ANSWER)
    assert asked == {"do": "unpack_lists", "root": "/r", "origin": origin}
    assert (result["origin"], result["lists"], result["here"], result["left_out"]) == (origin, [LIST], [{"name": "mailman", "arrived": False}], ["a"])
    assert result["changed"] and "ansible_facts" not in result


def test_an_origin_that_is_said(unpack):
    result, asked = unpack(ANSWER, origin="host old")
    assert (result["origin"], asked["origin"]) == ("host old", "host old")


@pytest.mark.parametrize("answer", [{}, dict(ANSWER, lists=[{}]), dict(ANSWER, here=["x"]), TargetError("It is torn.")])
def test_what_is_wrong(unpack, answer):
    assert unpack(answer)[0]["failed"]


def test_no_such_file(unpack):
    assert "/nonexistent" in unpack(ANSWER, src="/nonexistent")[0]["msg"]
