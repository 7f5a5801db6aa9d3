# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each task has a name, and the name says on a terminal what will be true: it begins with one of these verbs, and holds no riddle."""

import io
import os
import re

import pytest
import yaml

ROOT = os.path.join(os.path.dirname(__file__), "..", "..", "..")
VERBS = set("""
    Add Allow Announce Apply Archive Ask Build Check Collect Compare Compile Configure Copy Create Download Enable End Ensure Fail Fetch Freeze Gather Give
    Install List Load Look Make Mark Move Pack Plan Prepare Put Read Release Reload Remove Restart Restore Save Set Show Skip Start Stop Take Test Thaw Unpack
    Update Verify Wait Write
""".split())
RIDDLES = re.compile(r"Let |[Ss]ay |Say so|Leave |know$|at that|what the inventory says|next run")
LISTS_OF_TASKS = ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always")


def files():
    """Return the files with tasks, by their paths."""
    found = []
    for folder in ("roles", "playbooks"):
        for directory, dummy, names in os.walk(os.path.join(ROOT, folder)):
            if os.path.basename(directory) in ("tasks", "handlers", "playbooks"):
                found += [os.path.relpath(os.path.join(directory, name), ROOT) for name in names if name.endswith(".yml")]
    return sorted(found)


def named(entries):
    """Yield plays and tasks with all that are in them."""
    for entry in entries:
        yield entry
        for key in LISTS_OF_TASKS:
            yield from named(entry.get(key) or ())


def test_there_are_files():
    assert {"roles/exim/tasks/main.yml", "playbooks/site.yml", "playbooks/verify.yml"}.issubset(files())


@pytest.mark.parametrize("path", files())
def test_names_of_tasks(path):
    with io.open(os.path.join(ROOT, path), encoding="utf-8") as stream:
        names = [entry.get("name") for entry in named(yaml.safe_load(stream))]
    assert None not in names
    assert [name for name in names if name.split()[0] not in VERBS or RIDDLES.search(name)] == []
