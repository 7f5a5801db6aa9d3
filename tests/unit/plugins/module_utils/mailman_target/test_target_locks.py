# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import socket
import subprocess

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import locks


def lock(directory, host, pid):
    path = str(directory / "x.lock")
    claim = "%s.%s.%d.0" % (path, host, pid)
    (directory / os.path.basename(claim)).write_text(claim)
    os.link(claim, path)
    return path


@pytest.fixture
def dead_pid():
    child = subprocess.Popen(["true"])
    child.wait()
    return child.pid


def test_a_lock_of_a_living_process(tmp_path):
    path = lock(tmp_path, socket.gethostname(), os.getpid())
    holder = locks.read_lock(path)
    assert (holder["host"], holder["pid"], holder["dead"]) == (socket.gethostname(), os.getpid(), False)
    text = locks.describe_lock("x", path, holder)
    assert "The list x is locked by process %d (" % os.getpid() in text
    assert "python" in text
    assert path in text


def test_a_lock_of_a_dead_process(tmp_path, dead_pid):
    path = lock(tmp_path, socket.gethostname(), dead_pid)
    holder = locks.read_lock(path)
    assert holder["dead"] is True
    locks.break_lock(path, holder)
    assert list(tmp_path.iterdir()) == []


def test_a_lock_of_a_process_that_nobody_waited_for(tmp_path):
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    try:
        assert locks.read_lock(lock(tmp_path, socket.gethostname(), child.pid))["dead"] is True
    finally:
        child.wait()


def test_a_lock_of_another_host_is_never_dead(tmp_path, dead_pid):
    holder = locks.read_lock(lock(tmp_path, "web.example.1.com", dead_pid))
    assert (holder["host"], holder["dead"]) == ("web.example.1.com", False)


def test_a_lock_that_is_not_mailmans(tmp_path):
    (tmp_path / "x.lock").write_text("")
    holder = locks.read_lock(str(tmp_path / "x.lock"))
    assert holder["dead"] is False
    assert "an unknown process" in locks.describe_lock("x", str(tmp_path / "x.lock"), holder)


def test_no_lock(tmp_path):
    assert locks.read_lock(str(tmp_path / "x.lock")) is None
    assert "run again" in locks.describe_lock("x", str(tmp_path / "x.lock"), None)
