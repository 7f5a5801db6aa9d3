# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the list hosts, by a program and by a browser, and what Mailman knows afterwards."""

import os
import pathlib
import subprocess

import pytest
from asking import Site
from browser import Browser
from in_mailman import in_mailman, user_of
from running import run_playbook

SCENARIO = pathlib.Path(__file__).parents[1]
ROOT = SCENARIO.parents[1]
DOUBLE = "/mailman-double" in os.environ["MAILMAN_ARCHIVE"]
# For tests of pages that only the real Mailman has.
needs_mailman = pytest.mark.skipif(DOUBLE, reason="needs the real Mailman: the double has none of its pages")


def pytest_terminal_summary(terminalreporter):
    left_out = len(terminalreporter.stats.get("skipped", []))
    if left_out:
        terminalreporter.write_sep("!", "%d tests of Mailman's pages were LEFT OUT for want of the real Mailman (MAILMAN_ARCHIVE)" % left_out)


def run(host, *options, **variables):
    """Run a playbook on one host."""
    return run_playbook(SCENARIO, *options, host=host, **variables)


@pytest.fixture(scope="module")
def site(list_host):
    return Site(list_host)


@pytest.fixture(scope="module")
def mailman(list_host):
    return in_mailman(list_host)


@pytest.fixture(scope="module")
def archives(list_host, mailman):
    """Return a function that writes a file as Mailman's archiver would, by its path below archives/private."""
    directory = mailman("print json.dumps(mm_cfg.PRIVATE_ARCHIVE_FILE_DIR)")

    def write(path, content):
        script = 'mkdir -p "$(dirname "$1")" && cat >"$1"'
        command = list_host.enter("runuser", "-u", user_of(list_host), "--", "sh", "-c", script, "-", directory + "/" + path)
        subprocess.run(command, input=content, check=True)

    return write


@pytest.fixture
def browser(ground, list_host):
    """A visitor without a past. What it saw is kept in .cache/web."""
    pictures = ROOT / ".cache/web" / list_host.name
    pictures.mkdir(parents=True, exist_ok=True)
    visitor = Browser(ground.machines["browser"].ip, pictures)
    yield visitor
    visitor.close()
