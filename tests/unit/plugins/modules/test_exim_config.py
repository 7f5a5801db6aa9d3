# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import grp
import os
import pwd
import re

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_proof as proof_of
from ansible_collections.listhost.exim_mailman.plugins.modules import exim_config

GOOD = dict(address="testlist@list.example.com", transport="mailman_transport")
ROUTED = "> testlist@list.example.com\n  router = mailman_router, transport = mailman_transport\n> "
TRANSPORTS = "mailman_transport\nremote_smtp\n"


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host with a configuration, with aliases, an Exim that runs, and a systemctl.

    Exim refuses a configuration with the word "broken", and its daemon does not come up with the word "deaf" in it.
    """
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda path, user, group: None)
    monkeypatch.setattr(proof_of, "LISTEN_TIMEOUT", 0.5)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))

    class Host:
        path = tmp_path / "etc" / "exim4.conf"
        aliases = tmp_path / "etc" / "aliases"
        calls = tmp_path / "calls"
        temporary = tmp_path / "tmp"
        before = "old configuration\n"

        def arguments(self, content="new configuration\n", **arguments):
            return dict(dict(path=str(self.path), content=content, exim=str(tmp_path / "exim4"), mode="0644"), **arguments)

        def called(self):
            return self.calls.read_text().splitlines() if self.calls.exists() else []

        def files(self):
            return sorted(os.listdir(str(self.path.parent)))

    Host.path.parent.mkdir()
    Host.temporary.mkdir()
    Host.path.write_text(Host.before)
    Host.path.chmod(0o644)
    Host.aliases.write_text("old aliases\n")
    Host.aliases.chmod(0o644)
    (tmp_path / "mainlog").write_text("first\nsocket bind() failed\n")
    (tmp_path / "pid").write_text(str(os.getppid()))
    script = """#!/bin/sh
PATH=/usr/bin:/bin
here=%s
config=$here/etc/exim4.conf
if [ "$1" = -C ]; then config=$2; shift 2; fi
echo "exim $*" >>$here/calls
if grep -q broken "$config"; then echo "option broken unknown in $config" >&2; exit 1; fi
if line=$(grep -n bad_option "$config"); then
    printf '2026-11-22 19:08:14 Exim configuration error in line %%s of %%s:\\n  option "bad_option" unknown\\n' "${line%%%%:*}" "$config" >&2; exit 1
fi
case "$*" in
    "-bP pid_file_path"*) printf 'pid_file_path = %%s\\nlog_file_path = %%s\\n' "$here/pid" "$here/%%slog" ;;
    "-bP transport_list") printf '%s' ;;
    "-bP routers") printf 'r router:\\ndriver = accept\\ntransport = %%s\\n' "$(sed -n 's/^transport //p' "$config")" ;;
    "-bP router_list") echo mailman_router ;;
    -bt) cp "$config" $here/proven; printf '%s' ;;
esac
""" % (tmp_path, TRANSPORTS.replace("\n", "\\n"), ROUTED.replace("\n", "\\n"))
    systemctl = """#!/bin/sh
PATH=/usr/bin:/bin
here=%s
echo "systemctl $*" >>$here/calls
case "$1" in
    show) echo SubState=running ;;
    restart) if grep -q deaf $here/etc/exim4.conf; then exit 0; fi; if grep -q failing $here/etc/exim4.conf; then echo no luck; exit 1; fi
        [ "$(cat $here/pid)" = %d ] && echo %d >$here/pid || echo %d >$here/pid ;;
esac
""" % (tmp_path, os.getpid(), os.getppid(), os.getpid())
    for name, text in (("exim4", script), ("systemctl", systemctl)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr("ansible.module_utils.basic.AnsibleModule.get_bin_path", lambda self, name, required=False, opt_dirs=None: str(tmp_path / name))
    return Host()


def test_a_proven_configuration_goes_live(run_module, host):
    result = run_module(exim_config, **host.arguments(address_tests=[GOOD], service="exim4"))
    assert not result.get("failed")
    assert (result["changed"], result["changed_paths"], result["proven"]) == (True, [str(host.path)], True)
    assert host.path.read_text() == "new configuration\n"
    assert [(item["before"], item["after"]) for item in result["diff"]] == [(host.before, "new configuration\n")]
    backup = os.path.basename(result["backup"])
    assert re.match(r"exim4\.conf\.\d{8}-\d{6}~$", backup)
    assert host.files() == ["aliases", "exim4.conf", backup]
    with open(result["backup"]) as stream:
        assert stream.read() == host.before
    calls = host.called()
    # The proof comes before the restart.
    assert calls.index("exim -bV") < calls.index("exim -bt") < calls.index("systemctl restart exim4")
    assert os.listdir(str(host.temporary)) == []


def test_an_unchanged_configuration_costs_nothing(run_module, host):
    result = run_module(exim_config, **host.arguments(host.before, address_tests=[GOOD], service="exim4"))
    assert (result["changed"], result["changed_paths"], result["proven"], "backup" in result) == (False, [], False, False)
    assert host.called() == []


def test_check_mode_proves_and_changes_nothing(run_module, host):
    result = run_module(exim_config, _ansible_check_mode=True, **host.arguments(address_tests=[GOOD], service="exim4"))
    assert (result["changed"], result["proven"], "backup" in result) == (True, True, False)
    assert host.files() == ["aliases", "exim4.conf"]
    assert host.path.read_text() == host.before
    assert "exim -bt" in host.called()
    assert not [call for call in host.called() if call.startswith("systemctl")]
    result = run_module(exim_config, _ansible_check_mode=True, **host.arguments("broken\n"))
    assert result["failed"] is True


def test_check_mode_where_there_is_no_exim_yet(run_module, host):
    arguments = host.arguments(address_tests=[GOOD], exim="/nonexistent/exim")
    result = run_module(exim_config, _ansible_check_mode=True, **arguments)
    assert (result["changed"], result["proven"]) == (True, False)
    result = run_module(exim_config, **arguments)
    assert result["failed"] is True
    assert result["msg"].startswith("exim: /nonexistent/exim is not a program.")
    assert host.files() == ["aliases", "exim4.conf"]
    assert host.path.read_text() == host.before


@pytest.mark.parametrize("content, words", [
    ("first\n  bad_option = 1\n", "This line is: bad_option = 1"),
    ("# block: the one\nx\n# end of block: the one\n# block: own lists\nbad_option = é\n", "This line of block 'own lists' is: bad_option = é"),
    ("# block: the one\nx\n# end of block: the one\nbad_option = 2\n", "This line is: bad_option = 2"),
])
def test_an_error_shows_the_line_that_it_is_about(run_module, host, content, words):
    number = [line.strip().split(" ")[0] for line in content.splitlines()].index("bad_option") + 1
    result = run_module(exim_config, **host.arguments(content))
    assert result["failures"] == [
        "Exim does not accept it: Exim configuration error in line %d of %s: option \"bad_option\" unknown. %s" % (number, host.path, words)
    ]


@pytest.mark.parametrize("content, tests, failure", [
    ("broken\n", [], "Exim does not accept it: option broken unknown in {path}"),
    ("transport nosuch\n", [], "router r: there is no transport nosuch. There are: mailman_transport, remote_smtp."),
    (
        "wrong\n", [dict(GOOD, transport="remote_smtp")],
        "testlist@list.example.com: expected transport remote_smtp, found mailman_transport",
    ),
])
def test_what_is_not_proven_does_not_go_live(run_module, host, content, tests, failure):
    failure = failure.format(path=host.path)
    result = run_module(exim_config, **host.arguments(content, address_tests=tests, service="exim4"))
    assert result["failed"] is True
    assert result["failures"] == [failure]
    assert result["msg"] == "%s: the new configuration is not installed:\n%s" % (host.path, failure)
    assert host.files() == ["aliases", "exim4.conf"]
    assert host.path.read_text() == host.before
    assert not [call for call in host.called() if call.startswith("systemctl")]
    assert os.listdir(str(host.temporary)) == []


@pytest.mark.parametrize("utility, option, test", [
    ("exim_smtp", "smtp_tests", dict(client="192.0.2.1")),
    ("exim_delivery", "delivery_tests", dict(address="a@b")),
])
def test_all_kinds_of_tests_count(run_module, host, monkeypatch, utility, option, test):
    name = "run_dialogues" if utility == "exim_smtp" else "run_tests"
    monkeypatch.setattr(getattr(proof_of, utility), name, lambda *arguments: ([], ["it fails"]))
    result = run_module(exim_config, **host.arguments(**{option: [test]}))
    assert result["failures"] == ["it fails"]
    assert host.path.read_text() == host.before


def test_the_tests_find_the_new_aliases(run_module, host):
    aliases = dict(path=str(host.aliases), content="new aliases\n")
    content = "data = ${lookup{$local_part}lsearch{%s}} and not %s.db\n" % (host.aliases, host.aliases)
    result = run_module(exim_config, **host.arguments(content, files=[aliases], address_tests=[GOOD]))
    assert result["changed_paths"] == [str(host.path), str(host.aliases)]
    proven = (host.calls.parent / "proven").read_text()
    assert re.match(r"data = \$\{lookup\{\$local_part\}lsearch\{%s/\S+aliases\}\} and not %s\.db\n$" % (host.temporary, host.aliases), proven)
    # What goes live names the real file.
    assert host.path.read_text() == content
    assert host.aliases.read_text() == "new aliases\n"


def test_aliases_alone_are_proven_too_and_need_no_restart(run_module, host):
    aliases = dict(path=str(host.aliases), content="new aliases\n")
    result = run_module(exim_config, **host.arguments(host.before, files=[aliases], address_tests=[GOOD], service="exim4"))
    assert (result["changed_paths"], result["proven"], "backup" in result) == ([str(host.aliases)], True, False)
    assert "exim -bt" in host.called()
    assert not [call for call in host.called() if call.startswith("systemctl")]


@pytest.mark.parametrize("content, fault", [
    ("deaf\n", "it does not listen (SubState=running), {here}/mainlog ends with: socket bind() failed"),
    ("failing\n", "no luck"),
])
def test_a_service_that_does_not_start_has_its_old_files_back(run_module, host, content, fault):
    aliases = dict(path=str(host.aliases), content="new aliases\n")
    result = run_module(exim_config, **host.arguments(content, files=[aliases], service="exim4"))
    assert result["failed"] is True
    assert result["msg"] == (
        "%s: the service exim4 does not start with the new configuration: %s. The previous files were brought back, and it runs with them."
        % (host.path, fault.format(here=host.calls.parent))
    )
    assert host.path.read_text() == host.before
    assert host.aliases.read_text() == "old aliases\n"
    actions = [call for call in host.called() if call.startswith("systemctl") and "show" not in call]
    assert actions == ["systemctl restart exim4", "systemctl stop exim4", "systemctl kill exim4", "systemctl restart exim4"]
    assert [name for name in host.files() if not name.endswith("~")] == ["aliases", "exim4.conf"]


def test_a_service_that_does_not_start_with_the_old_files_either(run_module, host):
    host.path.write_text("deaf before\n")
    result = run_module(exim_config, **host.arguments("deaf\n", service="exim4"))
    assert result["failed"] is True
    assert "The previous files were brought back, and it does not start with them either: it does not listen" in result["msg"]
    assert host.path.read_text() == "deaf before\n"


def test_a_service_that_hangs(run_module, host, monkeypatch):
    monkeypatch.setattr(proof_of, "SERVICE_TIMEOUT", 0.2)
    (host.calls.parent / "systemctl").write_text("#!/bin/sh\n[ $1 = restart ] && exec /bin/sleep 30\n")
    result = run_module(exim_config, **host.arguments(service="exim4"))
    assert result["failed"] is True
    assert "it did not start within 0 seconds" in result["msg"]
    assert host.path.read_text() == host.before


OLDER = ["exim4.conf.20240101-000000~", "exim4.conf.20250101-000000~"]


@pytest.mark.parametrize("backups, kept", [(0, OLDER), (2, OLDER[1:] + ["new"]), (9, OLDER + ["new"])])
def test_backups_are_bounded(run_module, host, backups, kept):
    for name in OLDER + ["exim4.conf.mine~"]:
        (host.path.parent / name).write_text("older\n")
    result = run_module(exim_config, **host.arguments(backups=backups))
    expected = [os.path.basename(result["backup"]) if name == "new" else name for name in kept]
    assert host.files() == sorted(["aliases", "exim4.conf", "exim4.conf.mine~"] + expected)


def test_a_new_configuration_has_no_backup(run_module, host):
    host.path.unlink()
    result = run_module(exim_config, **host.arguments())
    assert (result["changed"], "backup" in result) == (True, False)
    assert host.path.read_text() == "new configuration\n"


def test_attributes_alone_change_without_a_proof(run_module, host):
    host.path.chmod(0o600)
    result = run_module(exim_config, **host.arguments(host.before))
    assert (result["changed"], result["changed_paths"], result["proven"]) == (True, [str(host.path)], False)
    assert host.path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("arguments, message", [
    (dict(backups=-1), "backups: -1 is not a number of files to keep."),
    (dict(mode="rw-r-----"), "{path}: mode 'rw-r-----' is not a permission in octal digits."),
    (dict(address_tests=[dict(address="a@b", colour="red")]), "address_tests: address_tests.colour. Supported parameters include: address, "),
    (dict(address_tests=[dict(address="a@b"), dict(address="a\nb")]), "address_tests[1].address: 'a\\nb' has a control character."),
    (dict(address_tests=[dict(router="x")]), "address_tests: missing required arguments: address found in address_tests"),
    (dict(smtp_tests=[dict(client="here")]), "smtp_tests[0].client: 'here' is not an IP address."),
    (dict(delivery_tests=[dict(address="a@b", user="nosuchuser")]), "delivery_tests[0] (a@b): this host has no user nosuchuser."),
])
def test_bad_input(run_module, host, arguments, message):
    result = run_module(exim_config, **host.arguments(**arguments))
    assert result["failed"] is True
    assert result["msg"].startswith(message.format(path=host.path))
    assert host.path.read_text() == host.before
    assert host.called() == []


def test_the_owners_of_the_proof_must_exist(host):
    spec = dict(path="/etc/exim4/exim4.conf", owner="nosuchuser", group=None, mode="0640", content="")
    with pytest.raises(proof_of.EximError) as caught, proof_of.Proof([spec]) as proof:
        proof.config([])
    assert str(caught.value) == "/etc/exim4/exim4.conf: this host has no user nosuchuser or no group None."


def test_the_proof_has_the_owners_of_the_file(host, monkeypatch):
    owners = []
    monkeypatch.setattr(os, "chown", lambda path, user, group: owners.append((user, group)))
    spec = dict(path="/etc/exim4/exim4.conf", owner=pwd.getpwuid(0)[0], group=grp.getgrgid(0)[0], mode="0640", content="x")
    with proof_of.Proof([spec]) as proof:
        path = proof.config([])
        assert os.stat(path).st_mode & 0o777 == 0o640
        assert os.stat(proof.directory).st_mode & 0o777 == 0o711
        assert proof.real("error in " + path) == "error in /etc/exim4/exim4.conf"
    assert owners == [(0, 0)]
