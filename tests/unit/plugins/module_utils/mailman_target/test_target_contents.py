# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import contents


class Score:
    def __init__(self, score):
        self.score = score


def test_the_same_content_has_the_same_text():
    one, other = {"a": [Score(1.5)], "b": ("x", None)}, {"b": ["x", None], "a": (Score(1.5),)}
    assert contents.canonical(one) == contents.canonical(other)
    assert contents.canonical(one) != contents.canonical(dict(one, a=[Score(2.5)]))


def test_a_sum_of_files_has_their_names_and_their_content(tmp_path):
    def total():
        return contents.digest_files(lambda name: str(tmp_path / name), ["one", "two"])

    (tmp_path / "one").write_text("1")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "three").write_text("3")
    before = total()
    assert total() == before
    (tmp_path / "two" / "three").write_text("4")
    changed = total()
    (tmp_path / "two" / "three").rename(tmp_path / "two" / "four")
    assert len({before, changed, total()}) == 3


def test_a_sum_of_files_does_without_those_that_have_gone(tmp_path):
    assert contents.digest_files(lambda name: str(tmp_path / name), ["gone"]) == contents.digest_files(str, [])


def test_archives_are_measured_and_links_are_not_followed(tmp_path):
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "page").write_text("12345")
    (tmp_path / "archive" / "link").symlink_to("/etc")
    (tmp_path / "public").symlink_to(tmp_path / "archive")
    assert contents.measure(str(tmp_path / "archive")) == [1, 5]
    assert contents.measure(str(tmp_path / "public")) == [0, 0]
