# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import subprocess
import time

import pytest
from ansible_collections.listhost.exim_mailman.plugins.modules import host_lock


@pytest.fixture
def lock(monkeypatch, tmp_path):
    path = str(tmp_path / "lock")
    monkeypatch.setattr(host_lock, "LOCK", path)
    # Should a test fail.
    monkeypatch.setattr(host_lock, "HOLDER", "sleep 20")
    return path


def is_free(path):
    """Say whether another program gets the lock."""
    return subprocess.call(["flock", "--nonblock", path, "true"]) == 0


def test_a_lock_is_held_until_it_is_released(run_module, lock):
    taken = run_module(host_lock)
    assert taken["changed"] is False
    assert not is_free(lock)
    assert run_module(host_lock, state="released", holder=taken["holder"])["changed"] is False
    deadline = time.time() + 10
    while not is_free(lock):
        assert time.time() < deadline
        time.sleep(0.01)


def test_another_run_waits(run_module, lock):
    holder = subprocess.Popen(["flock", "--no-fork", lock, "sleep", "1"])
    while is_free(lock):
        time.sleep(0.01)
    result = run_module(host_lock, timeout=0)
    assert result["failed"] is True
    assert result["msg"].startswith("Another run on this host has held the lock %s for 0 seconds." % lock)
    taken = run_module(host_lock)
    assert holder.wait() == 0
    assert not is_free(lock)
    run_module(host_lock, state="released", holder=taken["holder"])


def test_a_holder_that_is_gone_is_no_fault(run_module, lock):
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert "failed" not in run_module(host_lock, state="released", holder=ended.pid)


def test_which_one_to_release_must_be_said(run_module, lock):
    assert "holder" in run_module(host_lock, state="released")["msg"]
