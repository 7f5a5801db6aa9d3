# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import time

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import bounces

DAY = 86400


@pytest.fixture
def gather(mm_cfg, tmp_path):
    """Return a function that gathers what such a log tells: its lines with their age in days."""
    mm_cfg.LOG_DIR = str(tmp_path)
    mm_cfg.QRUNNERS = [("ArchRunner", 1), ("ListhostBounceRunner", 2)]

    def gather(*lines, log="bounce"):
        text = ""
        for days, line in lines:
            text += time.strftime("%b %d %H:%M:%S %Y", time.localtime(time.time() - days * DAY)) + " (4711) " + line + "\n"
        (tmp_path / log).write_text(text, encoding="latin-1")
        return bounces.gather_bounces()

    return gather


def spared(name="news", member="anna@example.org", code="5.7.26", receiver="mx.example.org", sender="carla@example.edu"):
    return "%s: %s not scored: %s from %s about mail of %s" % (name, member, code, receiver, sender)


def test_what_the_log_tells(gather):
    found = gather(
        (1, spared()), (1, spared(sender="dora@example.org")), (0, spared(member="berta@example.org", code="5.7.1")), (0, spared("other")),
        (0, "news: anna@example.org bounce score: 1.0"), (0, "news: anna@example.org stays enabled: 3 of 4 members were disabled today"),
        (1, "news: anna@example.org stays enabled: 3 of 4 members were disabled today"),
    )
    assert found["guarded"] is True
    news, other = found["lists"]
    assert news == {
        "name": "news", "policy_bounces": 3, "members": 2, "kept": ["anna@example.org"],
        "reasons": [["5.7.26 from mx.example.org", 2], ["5.7.1 from mx.example.org", 1]],
        "senders": [["carla@example.edu", 2], ["dora@example.org", 1]],
    }
    assert (other["name"], other["policy_bounces"], other["kept"]) == ("other", 1, [])


def test_the_log_before_rotation_counts(gather):
    gather((3, spared()), log="bounce.1")
    assert gather((0, spared()))["lists"][0]["policy_bounces"] == 2


def test_what_is_old_does_not_count(gather):
    stop = "news: anna@example.org stays enabled: 3 of 4 members were disabled today"
    assert gather((8, spared()), (3, stop))["lists"] == []
    assert gather((6, spared()), (1, stop))["lists"][0]["policy_bounces"] == 1


def test_the_most_frequent_are_told(gather):
    lines = [(0, spared(code="5.7.%d" % number)) for number in (1, 2, 2, 3, 3, 3, 4, 4, 4, 4)]
    assert gather(*lines)["lists"][0]["reasons"] == [["5.7.%d from mx.example.org" % number, number] for number in (4, 3, 2)]


@pytest.mark.parametrize("line", [
    "Feb 30 25:00:00 2026 (1) " + spared(), "Foo 01 00:00:00 2026 (1) " + spared(), "Nov 01 00:00:00 0000 (1) " + spared(), spared(),
    "\tNov 26 10:00:00 2026 (1) " + spared(), "\xe9" * 100,
])
def test_lines_of_another_form(gather, tmp_path, line):
    gather()
    (tmp_path / "bounce").write_text(line + "\n", encoding="latin-1")
    assert bounces.gather_bounces()["lists"] == []


def test_a_log_that_cannot_be_read(gather, monkeypatch):
    gather((0, spared()))
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert bounces.gather_bounces()["lists"] == []


def test_no_log_and_no_runner(mm_cfg, tmp_path):
    mm_cfg.LOG_DIR = str(tmp_path)
    mm_cfg.QRUNNERS = [("BounceRunner", 1)]
    assert bounces.gather_bounces() == {"guarded": False, "lists": []}
