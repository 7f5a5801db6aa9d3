# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import signal
import stat
import threading
import time

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim as exim


@pytest.fixture
def script(tmp_path):
    """Return a function that makes a program of a shell script."""

    def make(text):
        path = tmp_path / "exim4"
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    return make


@pytest.mark.parametrize("value", [
    "", " a@b", "a@b ", "a@b\n", "a@b\nc@d", "a@b\r", "a\x00@b", "a@b\x7f", "a@b\\", "<a@b>", "A <a@b>", "a@b (c)", u"a@b\u2028",
])
def test_what_is_not_a_bare_address_is_refused(value):
    with pytest.raises(exim.EximError) as caught:
        exim.check_address("tests[3].address", value)
    assert str(caught.value).startswith("tests[3].address: ")


@pytest.mark.parametrize("value", [
    "a@b", "testlist", '"quoted part"@example.org', "list-bounces+user=example.org@list.example.com", u"m\xfcller@example.org",
])
def test_bare_addresses_are_left_to_exim(value):
    exim.check_address("address", value)


def test_the_null_sender_is_a_sender():
    exim.check_sender("sender", "<>")
    with pytest.raises(exim.EximError):
        exim.check_sender("sender", "<a@b>")


@pytest.mark.parametrize("value", ["127.0.0.1", "2001:db8::1"])
def test_ip_addresses_are_hosts(value):
    exim.check_host("host", value)


@pytest.mark.parametrize("value", ["localhost", "127.0.0.1/8", "", "127.0.0.1\n"])
def test_what_is_no_ip_address_is_refused(value):
    with pytest.raises(exim.EximError):
        exim.check_host("host", value)


def test_messages_have_no_time_stamps_and_no_trace():
    text = (
        "2026-11-22 19:08:14.125 [1047] Exim configuration error in line 118 of /x:\n  option \"foo\" unknown\n"
        ">>> host in host_lookup? no\nLOG: MAIN PANIC DIE\n  failed to open\n2026-11-22 19:08:14 +0100 the end\n"
    )
    assert exim.message_of(text) == 'Exim configuration error in line 118 of /x: option "foo" unknown failed to open the end'
    assert exim.message_of("") == "(nothing)"


def test_log_lines_are_told_from_the_trace(exim_output):
    assert exim.log_lines(exim_output("smtp_refused.stderr.txt")) == ['H=[203.0.113.66] rejected connection in "connect" ACL: go away']
    panic = exim.log_lines(exim_output("stopped.stderr.txt"))
    assert len(panic) == 1
    assert panic[0].startswith("failed to open /var/lib/mailman/lists for directory search: Permission denied (euid=")
    assert exim.log_lines("LOG: a\n  b\n>>> c\n  d\nLOG: MAIN\n  e\n") == ["a b", "e"]


def test_exim_runs_with_its_configuration_and_without_an_environment(script):
    runner = exim.Exim(script('echo "$@"; env; pwd; cat; echo complaint >&2; exit 3\n'), "/tmp/candidate")
    status, out, err = runner.run("-bt", "-f", "<>", data="a@b\n")
    assert out.splitlines()[0] == "-C /tmp/candidate -bt -f <>"
    # What remains is the shell's own.
    assert set(line.split("=")[0] for line in out.splitlines()[1:-2]) <= {"PWD", "_", "SHLVL", "OLDPWD"}
    assert out.splitlines()[-2:] == ["/", "a@b"]
    assert (status, err) == (3, "complaint\n")


def test_exim_that_hangs_is_ended(script, monkeypatch):
    monkeypatch.setattr(exim, "TIMEOUT", 0.2)
    with pytest.raises(exim.EximError) as caught:
        exim.Exim(script("exec sleep 60\n")).run("-bt")
    assert "did not end within" in str(caught.value)


def test_an_interrupt_ends_exim_and_leaves_nothing_that_the_module_would_wait_for(script):
    def end(number, frame):
        raise SystemExit(number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        start = time.time()
        with pytest.raises(SystemExit):
            exim.Exim(script("kill -TERM $PPID\nexec sleep 60\n")).run("-bt")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert time.time() - start < 10
    assert [thread for thread in threading.enumerate() if not thread.daemon] == [threading.main_thread()]


def test_names_come_in_the_order_of_the_configuration():
    class Lister(exim.Exim):
        def run(self, *arguments, **keywords):
            assert arguments == ("-bP", "router_list")
            return 0, "aliases\nmailman_router\ndnslookup\n", ""

    assert Lister("exim").names("router") == ["aliases", "mailman_router", "dnslookup"]


def test_names_of_a_broken_configuration(script):
    with pytest.raises(exim.EximError) as caught:
        exim.Exim(script("echo 'option \"foo\" unknown' >&2; exit 1\n")).names("router")
    assert str(caught.value) == 'Exim cannot read its configuration: option "foo" unknown'
