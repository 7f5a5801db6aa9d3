# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import grp
import os
import pwd
import signal
import stat

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_delivery as exim_delivery
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import Exim, EximError

WRAPPER = "/var/lib/mailman/mail/mailman"
ROOT = "root@list.example.com"


@pytest.fixture
def names(monkeypatch):
    """Give names to the users and groups of the hosts that the output comes from. Exim's own user differs from one to the next."""
    monkeypatch.setattr(pwd, "getpwuid", lambda number: (dict([(38, "list")]).get(number, "exim"),))
    monkeypatch.setattr(grp, "getgrgid", lambda number: (dict([(38, "list"), (8, "mail")]).get(number, "exim"),))


def delivery(address, router=None, transport=None, **values):
    return dict(dict(
        address=address, outcome="delivered", reason=None, router=router, transport=transport, host=None, return_path=ROOT, command=None,
        user="list", group="list",
    ), **values)


def fault(address, outcome, reason, router, transport=None, return_path=None):
    return delivery(address, router, transport, outcome=outcome, reason=reason, return_path=return_path, user=None, group=None)


def piped(address, command, **values):
    return delivery(address, "mailman_router", "mailman_transport", command=[WRAPPER, command, "testlist"], **values)


def sent(address, router="dnslookup", transport="remote_smtp", return_path=ROOT):
    return delivery(address, router, transport, return_path=return_path, host="mx1.example.org [2001:db8::25]", user="exim", group="exim")


DELIVERIES = {
    "post": [piped("testlist@list.example.com", "post")],
    "bounces": [piped("testlist-bounces+luser=example.com@list.example.com", "bounces", return_path="<>")],
    "verp": [
        sent("author@example.org", "mailman_verp_router", "mailman_verp_smtp", "testlist-bounces+author=example.org@list.example.com")
    ],
    "team": [piped("testlist@list.example.com", "post"), sent("admin@example.org")],
    # Exim reports a failure to route before it delivers the rest.
    "mixed": [
        fault("nosuch@list.example.com", "failed", "Unrouteable address", None),
        piped("testlist@list.example.com", "post"),
        delivery("/var/mail/archive", "system_aliases", "address_file"),
        delivery("|/bin/true", "system_aliases", "address_pipe", command=["/bin/true"]),
    ],
    "hole": [fault("hole@list.example.com", "discarded", None, "system_aliases")],
    "gone": [fault("gone@list.example.com", "failed", "this user has left", "system_aliases")],
    "soon": [fault("soon@list.example.com", "deferred", "try again soon", "system_aliases")],
    "piped": [
        delivery("|/usr/bin/logger -t x y", "system_aliases", "address_pipe", command=["/usr/bin/logger", "-t", "x", "y"])
    ],
    "filed": [delivery("/var/mail/archive", "system_aliases", "address_file")],
    "forbidden": [fault("|/bin/true", "failed", "delivery to pipe forbidden", "forbidden_pipe", "address_pipe")],
    "bad-expansion": [fault(
        "author@bad-expansion.example", "deferred",
        'Expansion of "${nosuchoperator:post}" from command "/var/lib/mailman/mail/mailman ${nosuchoperator:post}" in bad_expansion transport failed: '
        'unknown expansion operator "nosuchoperator"',
        "bad_expansion", "bad_expansion",
    )],
    "no-directory": [fault(
        "author@no-directory.example", "deferred", "No such file or directory: failed to chdir to /nonexistent", "no_directory", "no_directory",
    )],
    "no-transport": [
        fault("author@no-transport.example", "deferred", 'transport "nosuch" not found in no_transport router', "no_transport")
    ],
    # Exim does not look for the program before it runs it: program_fault does.
    "no-program": [delivery("author@no-program.example", "no_program", "no_program", command=["/nonexistent/mailman", "post"], group="mail")],
    "shell": [delivery("author@shell.example", "shell", "shell", command=["/bin/sh", "-c", "echo shell.example | cat"])],
}

# Exim up to 4.95 lets tainted arguments pass, and from 4.95 on -N ends before the name of a mailbox is checked: taint_fault does.
TAINTED = {
    "4.94.2": {
        "tainted-command": [delivery("author@tainted-command.example", "tainted_command", "tainted_command", command=[WRAPPER, "post", "author"])],
        "tainted-file": [fault(
            "author@tainted-file.example", "deferred", "Tainted '/var/mail/author' (file or directory name for tainted_file transport) not permitted",
            "tainted_file", "tainted_file",
        )],
    },
    "4.96": {
        "tainted-command": [fault(
            "author@tainted-command.example", "failed", "Tainted arg 2 for tainted_command transport command: 'author'", "tainted_command",
            "tainted_command", ROOT,
        )],
        "tainted-file": [delivery("author@tainted-file.example", "tainted_file", "tainted_file")],
    },
}
TAINTED["4.98.2"] = TAINTED["4.96"]


def test_traces(exim_output, names):
    expected = dict(DELIVERIES, **TAINTED[exim_output.version])
    assert {name: exim_delivery.parse_trace(exim_output("delivery_%s.txt" % name)) for name in expected} == expected


def test_a_bounce_is_no_delivery(exim_output):
    trace = exim_output("delivery_gone.txt")
    assert "<= <> R=" in trace
    assert len(exim_delivery.parse_trace(trace)) == 1


@pytest.fixture
def host(exim_output, tmp_path, monkeypatch):
    """Return an Exim that says what a real one said, on a host whose users and groups are those of the test."""
    monkeypatch.setattr(os, "chown", lambda path, user, group: None)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)

    class Host(Exim):
        """Receives a message when it can, and delivers with the trace of the given name."""

        trace = "post"
        refusal = None
        calls = []

        def run(self, *arguments, **keywords):
            self.calls.append((self.config, arguments, keywords.get("data")))
            if arguments == ("-bP", "config"):
                return 0, exim_output("config.txt"), ""
            if arguments == ("-bP", "exim_user", "exim_group"):
                return 0, "exim_user = %d\nexim_group = 0\n" % os.getuid(), ""
            if arguments[:2] == ("-bP", "transport"):
                return 0, exim_output("transport.txt") if arguments[2] == "tainted_file" else "driver = pipe\n", ""
            if arguments[0] == "-odq":
                if self.refusal:
                    return 1, "", self.refusal
                directory = os.path.join(os.path.dirname(self.config), "spool", "input", "x")
                os.makedirs(directory)
                for kind in "DH":
                    with open(os.path.join(directory, "1abc-%s" % kind), "w"):
                        pass
                return 0, "", ""
            assert arguments == ("-N", "-d-all+transport+uid", "-M", "1abc")
            with open(self.config) as stream:
                probing = "current_directory = ${lookup" in stream.read()
            if probing:
                return 0, "", "LOG: MAIN PANIC\n  Tainted filename for search: '/var/mail/author'\nLOG: MAIN\n  == author ...\n"
            return 0, "", exim_output("delivery_%s.txt" % self.trace)

    Host.calls = []
    monkeypatch.setattr(exim_delivery, "Exim", Host)
    return Host("exim4")


def test(**values):
    given = dict((name, None) for name in exim_delivery.TEST_ARGUMENTS)
    given.update(dict(address="testlist@list.example.com", outcome="delivered"), **values)
    return given


test.__test__ = False


def test_the_configuration_is_private(host, exim_output):
    with exim_delivery.PrivateExim(host) as private:
        with open(private.delivering.config) as stream:
            lines = stream.read().splitlines()
        spool = os.path.join(private.directory, "spool")
        assert lines[:5] == [
            "spool_directory = " + spool, "log_file_path = %s/log/%%s" % private.directory, "log_selector = +return_path_on_delivery", "queue_only",
            "remote_max_parallel = 1",
        ]
        # The options that it replaces, macros and comments are gone. Everything else is there.
        original = exim_output("config.txt").splitlines()
        kept = [line for line in original if not line.startswith(("#", "MM_HOME", "log_selector", "remote_max_parallel", "queue_only"))]
        assert len(kept) == len(original) - 6
        assert lines[5:] == kept
        assert stat.S_IMODE(os.stat(private.directory).st_mode) == 0o711
        assert stat.S_IMODE(os.stat(spool).st_mode) == 0o700
        assert stat.S_IMODE(os.stat(private.delivering.config).st_mode) == 0o640
        directory = private.directory
    assert not os.path.exists(directory)


def test_no_test_knows_of_the_one_before(host):
    """Neither its message nor hints, by which mail to a destination with a pace would wait."""
    with exim_delivery.PrivateExim(host) as private:
        left = [os.path.join(private.directory, "spool", name) for name in ("db", "input", "msglog")]
        for path in left:
            os.makedirs(path)
        private.clear()
        assert [path for path in left if os.path.exists(path)] == []


@pytest.mark.parametrize("line", [
    "spool_directory = /x", "hide log_file_path = syslog", "no_queue_only", "queue_only = true", "event_action = ${acl{x}}", "  log_selector = +all",
])
def test_what_would_lead_out_of_the_private_directory_is_left_out(host, monkeypatch, line):
    monkeypatch.setattr(type(host), "run", lambda self, *arguments: (0, "%s\nqualify_domain = a\nbegin routers\n  spool_directory:\n" % line, ""))
    assert exim_delivery.private_lines(host) == ["qualify_domain = a", "begin routers", "  spool_directory:"]


def test_nothing_is_left_after_an_interrupt(host, tmp_path):
    with pytest.raises(SystemExit), exim_delivery.PrivateExim(host):
        assert len(list(tmp_path.iterdir())) == 1
        exim_delivery.stop(15, None)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_when_exim_cannot_read_its_configuration(host, tmp_path, monkeypatch):
    monkeypatch.setattr(type(host), "run", lambda self, *arguments: (1, "", "option unknown"))
    with pytest.raises(EximError) as caught:
        exim_delivery.run_tests(host, [test()])
    assert str(caught.value) == "Exim cannot read its configuration: option unknown"
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def programs_exist(monkeypatch):
    monkeypatch.setattr(exim_delivery, "program_fault", lambda delivery: None)


def test_what_is_as_expected(host, names, programs_exist, tmp_path):
    results, failures = exim_delivery.run_tests(host, [test(
        router="mailman_router", transport="mailman_transport", command=[WRAPPER, "post", "testlist"], user="list", group="list", return_path=ROOT,
        sender="a@b", sender_host="127.0.0.1",
    )])
    assert failures == []
    assert results == [dict(
        address="testlist@list.example.com", sender="a@b", sender_host="127.0.0.1", outcome="delivered", reason=None,
        deliveries=[piped("testlist@list.example.com", "post")],
    )]
    received = [call for call in host.calls if call[1][0] == "-odq"]
    assert len(received) == 1
    assert received[0][0].startswith(str(tmp_path))
    assert received[0][1] == ("-odq", "-oi", "-oep", "-f", "a@b", "-oMa", "127.0.0.1", "--", "testlist@list.example.com")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("trace, values, failure", [
    ("bounces", dict(command=[WRAPPER, "post", "testlist"]), "expected command %s post testlist, found %s bounces testlist" % (WRAPPER, WRAPPER)),
    ("post", dict(router="dnslookup"), "expected router dnslookup, found mailman_router"),
    ("post", dict(transport="remote_smtp"), "expected transport remote_smtp, found mailman_transport"),
    ("post", dict(user="mail"), "expected user mail, found list"),
    ("post", dict(group="daemon"), "expected group daemon, found list"),
    ("verp", dict(return_path="<>"), "expected return path <>, found testlist-bounces+author=example.org@list.example.com"),
    ("bounces", dict(return_path="a@b"), "expected return path a@b, found <>"),
    ("team", dict(transport="remote_smtp"), "expected transport remote_smtp, found mailman_transport, remote_smtp"),
    ("filed", dict(command=["/bin/true"]), "expected command /bin/true, found none"),
    ("gone", dict(), "expected delivered, found failed: this user has left"),
    ("soon", dict(), "expected delivered, found deferred: try again soon"),
    ("hole", dict(), "expected delivered, found discarded"),
    ("mixed", dict(), "expected delivered, found failed: Unrouteable address"),
    ("post", dict(outcome="failed"), "expected failed, found delivered"),
    ("no-directory", dict(), "expected delivered, found deferred: No such file or directory: failed to chdir to /nonexistent"),
])
def test_what_is_not_as_expected(host, names, programs_exist, monkeypatch, trace, values, failure):
    monkeypatch.setattr(type(host), "trace", trace)
    monkeypatch.setattr(type(host), "names", lambda self, kind: [
        "dnslookup", "mailman_router", "system_aliases", "mailman_transport", "remote_smtp",
    ])
    assert exim_delivery.run_tests(host, [test(**values)])[1] == ["testlist@list.example.com: " + failure]


def test_an_unknown_transport_is_named(host, names, programs_exist, monkeypatch):
    monkeypatch.setattr(type(host), "names", lambda self, kind: ["the_only_" + kind])
    assert exim_delivery.run_tests(host, [test(transport="mailman_transprot")])[1] == [
        "Exim's configuration has no transport mailman_transprot. It has: the_only_transport.",
        "testlist@list.example.com: expected transport mailman_transprot, found mailman_transport",
    ]


def test_a_message_that_is_not_received(host, monkeypatch):
    monkeypatch.setattr(type(host), "refusal", "2026-01-01 12:00:00 rejected by non-SMTP ACL: go away\n")
    monkeypatch.setattr(type(host), "names", lambda self, kind: [])
    results, failures = exim_delivery.run_tests(host, [test()])
    assert failures == ["testlist@list.example.com: expected delivered, found failed: not received: rejected by non-SMTP ACL: go away"]
    assert results[0]["deliveries"][0]["router"] is None


def test_a_delivery_that_exim_says_nothing_about(host, monkeypatch):
    class Silent(type(host)):
        def run(self, *arguments, **keywords):
            if arguments[0] == "-N":
                return 0, "", "configuration file is x\nadmin user\nLOG: MAIN\n  Message is frozen\n"
            return super(Silent, self).run(*arguments, **keywords)

    monkeypatch.setattr(exim_delivery, "Exim", Silent)
    with pytest.raises(EximError) as caught:
        exim_delivery.run_tests(host, [test()])
    assert str(caught.value) == "testlist@list.example.com: Exim delivers to nothing: Message is frozen"


def test_the_tainted_name_of_a_mailbox_is_found_on_every_version(host, exim_output, names, programs_exist, monkeypatch):
    monkeypatch.setattr(type(host), "trace", "tainted-file")
    monkeypatch.setattr(type(host), "names", lambda self, kind: [])
    assert exim_delivery.run_tests(host, [test()])[1] == [
        "testlist@list.example.com: expected delivered, found " + (
            "deferred: Tainted '/var/mail/author' (file or directory name for tainted_file transport) not permitted"
            if exim_output.version == "4.94.2"
            else "failed: the name of the mailbox is tainted: /var/mail/author (/var/mail/$local_part)"
        )
    ]


@pytest.mark.parametrize("options, path", [
    ("driver = appendfile\nfile = /var/mail/$local_part\ndirectory = \n", "/var/mail/$local_part"),
    ("driver = appendfile\nfile = \ndirectory = /home/$local_part/Maildir\n", "/home/$local_part/Maildir"),
    ("driver = appendfile\nfile = /var/mail/archive\n", None),
    ("driver = appendfile\nfile = /var/mail/$local_part\ncurrent_directory = /x\n", None),
    ("driver = pipe\nfile = $x\n", None),
])
def test_only_mailboxes_named_by_variables_can_be_tainted(options, path):
    class Private:
        class exim:
            @staticmethod
            def run(*arguments):
                assert arguments == ("-bP", "transport", "local_delivery")
                return 0, options, ""

    assert exim_delivery.private_path(Private, "local_delivery") == path


@pytest.fixture
def pipe(tmp_path):
    """Return a function that makes a delivery to a program with the given mode, as the user who runs the tests."""

    def make(mode):
        program = tmp_path / "program"
        program.write_text("#!/bin/sh\n")
        program.chmod(mode)
        return delivery("a@b", command=[str(program), "x"], user=str(os.getuid()), group=str(os.getgid()))

    return make


def test_programs_that_can_be_started(pipe, monkeypatch):
    monkeypatch.setattr(os, "setgroups", lambda groups: None)
    assert exim_delivery.program_fault(pipe(0o755)) is None
    assert exim_delivery.program_fault(delivery("a@b", command=None)) is None
    assert exim_delivery.program_fault(delivery("a@b", command=["relative"])) is None


def test_programs_that_cannot_be_started(pipe, monkeypatch):
    monkeypatch.setattr(os, "setgroups", lambda groups: None)
    assert exim_delivery.program_fault(delivery("a@b", command=["/nonexistent/program"])) == "there is no program /nonexistent/program"
    closed = pipe(0o644)
    assert exim_delivery.program_fault(closed) == "user %s, group %s cannot execute %s" % (closed["user"], closed["group"], closed["command"][0])
    folder = delivery("a@b", command=["/"], user=closed["user"], group=closed["group"])
    assert exim_delivery.program_fault(folder) == "user %s, group %s cannot execute /" % (closed["user"], closed["group"])


@pytest.mark.parametrize("values, message", [
    (dict(address="a@b\nc@d"), "tests[0].address: 'a@b\\nc@d' has a control character."),
    (dict(address="a@b, c@d"), "tests[0].address: 'a@b, c@d' is not one bare mail address."),
    (dict(address="a@b,c@d"), "tests[0].address: 'a@b,c@d' is not one bare mail address."),
    (dict(sender="nobody\n"), "tests[0].sender: 'nobody\\n' has a control character."),
    (dict(sender_host="mail.example.org"), "tests[0].sender_host: 'mail.example.org' is not an IP address."),
    (dict(user="nosuchuser"), "tests[0] (testlist@list.example.com): this host has no user nosuchuser."),
    (dict(group="nosuchgroup"), "tests[0] (testlist@list.example.com): this host has no group nosuchgroup."),
    (dict(command=["a\nb"]), "tests[0].command: 'a\\nb' has a control character."),
    (dict(outcome="failed", router="r"), "tests[0] (testlist@list.example.com): router cannot be met, because the outcome should be failed."),
    (dict(outcome="discarded", command=["x"]), "tests[0] (testlist@list.example.com): command cannot be met, because the outcome should be discarded."),
])
def test_a_test_that_cannot_mean_what_it_says_is_refused(values, message):
    with pytest.raises(EximError) as caught:
        exim_delivery.check_test("tests[0]", test(**values))
    assert str(caught.value) == message


def test_a_quoted_local_part_may_have_spaces():
    exim_delivery.check_test("tests[0]", test(address='"two words, one comma"@example.org'))


@pytest.mark.parametrize("out, message", [
    ("exim_user = nosuchuser\nexim_group = root\n", "Exim runs as user nosuchuser and group root, of which this host lacks one."),
    ("exim_user = root\n", "Exim does not say which user it runs as: exim_user = root"),
])
def test_an_exim_without_a_user(out, message):
    class Nobody:
        @staticmethod
        def run(*arguments):
            return 0, out, ""

    with pytest.raises(EximError) as caught:
        exim_delivery.exim_user(Nobody)
    assert str(caught.value) == message
