# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import time
import types

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import mailman
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target.domains import Domains


@pytest.fixture
def domains(monkeypatch, mm_cfg, tmp_path):
    """A function that makes lists of domains with another domain each, written so many seconds ago, and their file; it counts what is read."""
    mm_cfg.LIST_DATA_DIR = str(tmp_path)

    class MMListError(Exception):
        pass

    def domains(text, age, **lists):
        read = []
        for name in lists:
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / "config.pck").write_text("")

        def load(name, lock):
            read.append(name)
            if lists[name] is None:
                raise MMListError()
            return types.SimpleNamespace(host_name=lists[name])

        monkeypatch.setattr(mailman, "Errors", types.SimpleNamespace(MMListError=MMListError))
        monkeypatch.setattr(mailman, "MailList", types.SimpleNamespace(MailList=load))
        made = Domains(text, time.time() - age)
        made.look(lists)
        return made, sorted(read)

    return domains


def test_domains_are_read_where_the_file_is_older_or_silent(domains):
    assert domains("a: a.test\n", 60, a="x.test", b="B.test")[1] == ["a", "b"]
    made, read = domains("a: a.test\n", -60, a="x.test", b="B.test")
    assert read == ["b"]
    assert made.wanted() == "a: a.test\nb: b.test\n"


def test_lines_that_would_mislead_are_not_written(domains):
    made = domains("", 60, a="a.test\nb: evil.test", b="", c="c test", d=None)[0]
    assert made.wanted() == ""


def test_a_damaged_list_keeps_its_line(domains):
    assert domains("a: a.test\n", 60, a=None)[0].wanted() == "a: a.test\n"


def test_a_list_that_was_left_as_it_was_keeps_its_line(domains):
    made = domains("a: a.test\nb: b.test\n", -60, a="a.test", b="b.test")[0]
    made.then.update(a="new.test", c="c.test")
    del made.then["b"]
    assert made.wanted() == "a: new.test\nc: c.test\n"
    for name in "abc":
        made.failed(name)
    assert made.wanted() == made.text
