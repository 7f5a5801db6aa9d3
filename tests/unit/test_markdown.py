# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages of the documentation as they are rendered: each row of a table has the cells of its header, and each link leads somewhere."""

import io
import os
import re

import pytest

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))


def pages():
    """Return the paths of all pages, by the root of the collection."""
    found = []
    for directory, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [os.path.relpath(os.path.join(directory, name), ROOT) for name in names if name.endswith(".md")]
    return sorted(found)


def prose(path):
    """Return the lines of a page that are no code."""
    with io.open(os.path.join(ROOT, path), encoding="utf-8") as stream:
        text = re.sub(r"^( *)```.*?^\1```$", "", stream.read(), flags=re.DOTALL | re.MULTILINE)
    return text.split("\n")


def cells(row):
    """Return how many cells a row of a table has. A bar separates cells within code, too, unless it is escaped."""
    return len(re.findall(r"(?<!\\)\|", row.strip())) - 1


def anchors(path):
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = [line.lstrip("#").strip().lower() for line in prose(path) if re.match("#+ ", line)]
    return [re.sub(r"[^\w -]", "", heading).replace(" ", "-") for heading in headings]


def test_there_are_pages():
    assert {"README.md", "docs/architecture.md", "roles/exim/README.md"}.issubset(pages())


def test_a_bar_in_code_is_one():
    assert cells("| `a | b` | c |") == 3
    assert cells(r"| `a \| b` | c |") == 2


@pytest.mark.parametrize("path", pages())
def test_each_row_has_the_cells_of_its_header(path):
    wanted = None
    for row in prose(path):
        if not row.strip().startswith("|"):
            wanted = None
            continue
        wanted = wanted or cells(row)
        assert row.strip().endswith("|") and cells(row) == wanted, row


@pytest.mark.parametrize("path", pages())
def test_each_link_leads_to_a_file_and_a_heading(path):
    text = re.sub("`[^`]*`", "", "\n".join(prose(path)))
    for target in re.findall(r"\]\(([^()\s]+)\)", text):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, dummy, anchor = target.partition("#")
        page = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
        assert os.path.exists(os.path.join(ROOT, page)), target
        assert not anchor or anchor in anchors(page), target
