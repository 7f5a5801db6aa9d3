# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks of lists: who has one, for how long, and what a process that was killed leaves."""

import re
import time

import pytest
from conftest import CONFIGURE, PREAMBLE, PREFIX

LOCKS = f"{PREFIX}/locks"


@pytest.fixture(scope="module")
def name(installed):
    return installed.newlist("locked")


@pytest.fixture
def holder(mailman, name):
    """A process that has the list's lock; its pid."""
    mailman.write("/run/hold.py", PREAMBLE + f"m = MailList.MailList({name!r})\nimport time\ntime.sleep(60)\n")
    pid = mailman.run(f"{CONFIGURE['with-python']} /run/hold.py >/dev/null 2>&1 & echo $!").stdout.strip()
    mailman.wait(f"test -e {LOCKS}/{name}.lock")
    yield pid
    mailman.run(f"kill -9 {pid}; rm -f {LOCKS}/*", rc=None)


TAKE = """
import time
start = time.time()
m = MailList.MailList('locked', lock=0)
try:
    m.Lock(1)
    outcome = 'taken'
    m.Unlock()
except LockFile.TimeOutError:
    outcome = 'timed out'
result([outcome, time.time() - start, sorted(os.listdir(mm_cfg.LOCK_DIR))])
"""


def test_lock_files(mailman, name, holder):
    """LIST.lock has two links; the other is LIST.lock.HOST.PID.COUNT, and its path is what both hold."""
    names = mailman.run(f"ls {LOCKS}").stdout.split()
    assert names[0] == f"{name}.lock"
    assert re.fullmatch(rf"{name}\.lock\.list\.example\.com\.{holder}\.\d+", names[1])
    assert len(names) == 2
    assert mailman.read(f"{LOCKS}/{name}.lock") == f"{LOCKS}/{names[1]}"
    inodes = mailman.run(f"cd {LOCKS} && stat -c '%i %h %a' *").stdout.splitlines()
    assert inodes[0] == inodes[1]
    assert inodes[0].split()[1:] == ["2", "664"]


def test_lock_says_when_it_ends(mailman, name, holder):
    ends = int(mailman.run(f"stat -c %Y {LOCKS}/{name}.lock").stdout)
    assert 5 * 3600 - 60 < ends - time.time() < 5 * 3600 + 60


def test_timeout(mailman, holder):
    outcome, seconds, left = mailman.python(TAKE)
    assert outcome == "timed out"
    assert 1 <= seconds < 20
    assert len(left) == 2, "the one who waited left nothing"


def test_reading_needs_no_lock(mailman, name, holder):
    assert mailman.tool(f"list_members {name}").stdout == ""


def test_lock_of_a_killed_process_stays(mailman, name, holder):
    mailman.run(f"kill -9 {holder}")
    mailman.wait(f"! kill -0 {holder}")
    outcome, seconds, left = mailman.python(TAKE)
    assert outcome == "timed out"
    assert left[0] == f"{name}.lock"


def test_lock_is_broken_after_its_end(mailman, name, holder):
    mailman.run(f"kill -9 {holder}; touch -d '20 seconds ago' {LOCKS}/{name}.lock")
    outcome, seconds, left = mailman.python(TAKE)
    assert (outcome, left) == ("taken", [])


def test_unlock_leaves_nothing(mailman):
    outcome, seconds, left = mailman.python(TAKE)
    assert (outcome, left) == ("taken", [])


def test_process_that_ends_without_unlocking_leaves_its_lock(mailman, name):
    mailman.python(f"m = MailList.MailList({name!r})")
    assert mailman.run(f"ls {LOCKS}").stdout.splitlines()[0] == f"{name}.lock"
    mailman.run(f"rm {LOCKS}/*")


def test_locking_twice(mailman, name):
    code = f"""
m = MailList.MailList({name!r})
try:
    m.Lock()
except LockFile.AlreadyLockedError:
    result(m.Locked() and True)
m.Unlock()
"""
    assert mailman.python(code) is True


def test_lock_of_another_user_can_be_taken_over(mailman, name):
    """Programs of root and of the list user take turns."""
    mailman.python(f"m = MailList.MailList({name!r})\nm.Save()\nm.Unlock()")
    mailman.python(f"m = MailList.MailList({name!r})\nm.Save()\nm.Unlock()", user="list")
    assert mailman.run(f"ls {LOCKS}").stdout == ""
