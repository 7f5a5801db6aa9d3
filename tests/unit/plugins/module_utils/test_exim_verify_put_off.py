# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import datetime
import pwd
import types

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify import put_off, report

# As exim_dumpdb of 4.96 and 4.98.2 prints it.
RETRY = (r"""  R:c@y.test:<s@h.test> -44 12865 H=127.0.0.1 [127.0.0.1]: SMTP error from remote mail server after RCPT TO:<c@y.test>: 450-4 User\n450 4.2.1 fast
26-Nov-2026 16:17:27  26-Nov-2026 16:17:28  26-Nov-2026 16:32:27
  R:s@y.test:<> -44 12865 H=127.0.0.1 [127.0.0.1]: SMTP error from remote mail server after RCPT TO:<s@h.test>: 450-4 User\n450 4.2.1 fast
26-Nov-2026 16:17:26  26-Nov-2026 16:17:27  26-Nov-2026 16:32:26
  T:mx.greet.test:127.0.0.1:2526 0 65 H=127.0.0.1 [127.0.0.1]: SMTP error from remote mail server after initial connection: 421 4.7.28 Too much \033[31m mail
31-Oct-2026 23:17:26  26-Nov-2026 16:17:26  26-Nov-2026 16:32:26 *
  T:[127.0.0.1]:127.0.0.1:2599 111 65 Connection refused
26-Nov-2026 16:17:26  26-Nov-2026 16:17:26  26-Nov-2026 16:32:26
  R:long.gone.test -1 0 lookup of host failed
20-Nov-2026 16:17:26  24-Nov-2026 16:17:26  26-Nov-2026 16:32:26 *
  R:odd.test -1 0 no time
26-Foo-2026 16:17:26  26-Nov-2026 16:17:26  26-Nov-2026 16:32:26
""").replace(":26\n", ":26 \n").replace(":27\n", ":27 \n")
NOW = datetime.datetime(2026, 11, 26, 17)
PUT_OFF = [
    "y.test since 2026-11-26 16:17:26, next try 2026-11-26 16:32:26: 450-4 User 450 4.2.1 fast (2 addresses or hosts)",
    "127.0.0.1 since 2026-11-26 16:17:26, next try 2026-11-26 16:32:26: Connection refused",
    "mx.greet.test since 2026-10-31 23:17:26, next try 2026-11-26 16:32:26: 421 4.7.28 Too much \\033[31m mail",
]


def test_destinations_that_have_put_mail_off():
    assert put_off.describe(put_off.read_records(RETRY.splitlines()), NOW) == PUT_OFF
    # For a day nobody has tried: that mail is no more.
    assert put_off.describe(put_off.read_records(RETRY.splitlines()), NOW + datetime.timedelta(days=1)) == []
    # What most of them say.
    several = [("a.test", NOW, NOW, NOW, said) for said in ("z", "b", "z", "a")]
    assert put_off.describe(several, NOW) == ["a.test since 2026-11-26 17:00:00, next try 2026-11-26 17:00:00: z (4 addresses or hosts)"]
    assert put_off.reason("x" * 500 + "\x1b") == "x" * 160
    assert put_off.reason("a\x1b\u202eb") == "a??b"


def test_mail_that_waits_for_its_turn():
    """Of exim_lists_destinations, as 4.94.2, 4.96 and 4.98.2 have it."""
    times = "26-Nov-2026 16:17:27  26-Nov-2026 16:17:28  26-Nov-2026 16:18:28 "
    lines = ["  R:anna@slow.test -1 0 at the pace of slow", times, "  R:bob@slow.test -1 0 at the pace of slow", times]
    assert put_off.describe(put_off.read_records(lines), NOW) == [
        "slow.test since 2026-11-26 16:17:27, next try 2026-11-26 16:18:28: at the pace of slow (2 addresses or hosts)"]
    lines = ["  R:anna@warm.test -1 0 warming up warm: 500 a day", times]
    assert put_off.describe(put_off.read_records(lines), NOW) == [
        "warm.test since 2026-11-26 16:17:27, next try 2026-11-26 16:18:28: warming up warm: 500 a day"]
    # One that has many domains takes no line for each of them, and what a receiver of them says has its own.
    lines = [line for domain in ("b.test", "c.test", "a.test", "c.test") for line in ("  R:anna@%s -1 0 warming up others: 500 a day" % domain, times)]
    lines += ["  R:bob@c.test -1 0 at the pace of others", times, "  R:bob@a.test -44 12865 450 4.2.1 fast", times]
    assert put_off.describe(put_off.read_records(lines), NOW) == [
        "c.test and 2 more since 2026-11-26 16:17:27, next try 2026-11-26 16:18:28: warming up others: 500 a day (5 addresses or hosts)",
        "a.test since 2026-11-26 16:17:27, next try 2026-11-26 16:18:28: 450 4.2.1 fast"]


@pytest.mark.parametrize(("options", "asked"), [
    ("spool_directory = /var/spool/exim4\nexim_user = nobody\n", True),
    # Root reads nothing that Exim's user writes, and no user that is not there does.
    ("spool_directory = /var/spool/exim4\nexim_user = root\n", False), ("spool_directory = /var/spool/exim4\nexim_user = 4711\n", False), ("", False),
])
def test_who_reads_what_exim_keeps(monkeypatch, options, asked):
    commands = []

    def run_command(argv, **dummy):
        commands.append(argv)
        return 0, RETRY, ""

    module = types.SimpleNamespace(get_bin_path=lambda name, **dummy: name, run_command=run_command)
    monkeypatch.setattr(put_off, "ask", lambda exim, *arguments: options)
    monkeypatch.setattr(put_off.datetime, "datetime", type("Then", (datetime.datetime,), {"now": classmethod(lambda cls: NOW)}))
    given = report.Report()
    put_off.check_put_off(types.SimpleNamespace(get_bin_path=lambda name, **dummy: None if name == "exim_dumpdb" else name), None, given)
    assert given.checks == []
    put_off.check_put_off(module, None, given)
    user = pwd.getpwnam("nobody")
    expected = ["timeout", "60", "setpriv", "--reuid=%d" % user.pw_uid, "--regid=%d" % user.pw_gid, "--clear-groups", "--"]
    expected += ["exim_dumpdb", "/var/spool/exim4", "retry"]
    assert commands == ([expected] if asked else [])
    assert [(check["tested"], [one["found"] for one in check["findings"]]) for check in given.checks] == ([(3, PUT_OFF)] if asked else [])
    assert given.faults() == []
    assert [one["fault"] for one in given.advice()] == (["put-off"] if asked else [])
