# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.listhost.exim_mailman.plugins.modules import exim_info


@pytest.fixture
def replay(exim_output, monkeypatch):
    """Make the module ask an Exim that says what a real one said."""

    class Replay:
        program = "/usr/sbin/exim4"
        config = None
        status = 0

        def run(self, *arguments):
            names = {"-bV": "version", "config": "config", "exim_user": "options", "routers": "routers", "transports": "transports"}
            name = names.get(arguments[min(1, len(arguments) - 1)], "options")
            text = exim_output(name + ".txt")
            if "nosuch" in arguments:
                return 1, text, "nosuch is not a known option\n"
            return self.status, text, ""

    replay = Replay()
    monkeypatch.setattr(exim_info.Exim, "from_module", lambda module: replay)
    replay.version = exim_output.version
    return replay


@pytest.mark.parametrize("check_mode", [False, True])
def test_what_exim_is(run_module, replay, check_mode):
    info = run_module(exim_info, _ansible_check_mode=check_mode)
    assert info["changed"] is False
    assert (info["program"], info["config"], info["user"], info["group"]) == (
        "/usr/sbin/exim4", "/etc/exim4/exim4.conf", "Debian-exim", "Debian-exim",
    )
    assert info["version"] == replay.version
    assert {"Content_Scanning", "DKIM", "IPv6", "GnuTLS"} <= set(info["features"])
    assert {"lsearch", "dsearch", "sqlite"} <= set(info["lookups"])
    assert {"plaintext", "dovecot"} <= set(info["authenticator_drivers"])
    assert info["router_drivers"] == ["accept", "dnslookup", "ipliteral", "iplookup", "manualroute", "queryprogram", "redirect"]
    assert info["transport_drivers"] == ["appendfile", "autoreply", "lmtp", "pipe", "smtp"]
    assert info["options"] == {}


def test_how_it_is_configured(run_module, replay):
    info = run_module(exim_info)
    assert info["acls"] == ["acl_check_connect", "acl_check_rcpt", "acl_check_data"]
    assert info["lists"] == {
        "address": {}, "domain": {"mm_domains": "list.example.com", "local_domains": "@"},
        "host": {"relay_from_hosts": "<; 127.0.0.1 ; ::1", "friends": "(hidden)"}, "localpart": {},
    }
    assert [router["name"] for router in info["routers"]] == [
        "verify_only", "fail_in_lines", "autoreply", "forbidden_pipe", "nameless_pipe", "system_aliases", "mailman_router", "tainted_command",
        "tainted_file", "bad_expansion", "no_directory", "no_transport", "no_program", "shell", "mailman_verp_router", "dnslookup",
    ]
    mailman_router = info["routers"][6]
    assert mailman_router["driver"] == "accept"
    wanted = dict(
        domains="+mm_domains", local_part_suffix="-bounces : -bounces+* : -confirm+* : -request", local_part_suffix_optional=True,
        # What is a macro in the file.
        local_parts="dsearch;/var/lib/mailman/lists", caseful_local_part=False, more=True, senders=None, transport="mailman_transport",
    )
    assert {name: mailman_router["options"][name] for name in wanted} == wanted
    assert [(transport["name"], transport["driver"]) for transport in info["transports"]] == [
        ("mailman_transport", "pipe"), ("tainted_command", "pipe"), ("tainted_file", "appendfile"), ("bad_expansion", "pipe"),
        ("no_directory", "pipe"), ("no_program", "pipe"), ("shell", "pipe"), ("mailman_verp_smtp", "smtp"), ("remote_smtp", "smtp"),
        ("address_file", "appendfile"), ("address_pipe", "pipe"), ("address_reply", "autoreply"),
    ]
    options = info["transports"][0]["options"]
    assert options["command"].startswith("/var/lib/mailman/mail/mailman '${if !def:local_part_suffix{post}")
    assert (options["user"], options["group"], options["current_directory"], options["envelope_to_add"]) == ("list", "list", "/var/lib/mailman", False)
    assert info["transports"][8]["options"]["port"] == "2525"


def test_what_is_hidden_stays_hidden(run_module, replay):
    info = run_module(exim_info, options=["tls_privatekey", "message_size_limit"])
    assert info["options"]["tls_privatekey"] == "(hidden)"
    assert info["transports"][8]["options"]["hosts_try_auth"] == "(hidden)"
    assert "secret" not in str(info)


def test_chosen_options(run_module, replay):
    info = run_module(exim_info, options=["message_size_limit", "queue_only", "split_spool_directory"])
    wanted = {"message_size_limit": "50M", "queue_only": True, "split_spool_directory": False}
    assert {name: info["options"][name] for name in wanted} == wanted


def test_another_configuration_is_named(run_module, replay):
    replay.config = "/etc/exim4/exim4.conf.new"
    assert run_module(exim_info)["config"] == "/etc/exim4/exim4.conf.new"


@pytest.mark.parametrize("options, message", [
    (["queue_only", "nosuch"], "options: this Exim has no option nosuch."),
    (["queue_only", "-be"], "options[1]: '-be' is not the name of an option."),
    (["queue_only", "message_size_limit\n"], "options[1]: 'message_size_limit\\n' is not the name of an option."),
    (["queue_only", "a b"], "options[1]: 'a b' is not the name of an option."),
])
def test_bad_options(run_module, replay, options, message):
    info = run_module(exim_info, options=options)
    assert info["failed"] is True
    assert info["msg"] == message


def test_a_configuration_that_exim_cannot_read(run_module, replay):
    replay.status = 1
    info = run_module(exim_info)
    assert info["failed"] is True
    assert info["msg"].startswith("Exim cannot read its configuration: ")


def test_a_program_that_is_no_exim(run_module, monkeypatch):
    class Other:
        program = config = "x"

        @staticmethod
        def run(*arguments):
            return 0, "Postfix\n", ""

    monkeypatch.setattr(exim_info.Exim, "from_module", lambda module: Other)
    assert run_module(exim_info)["msg"] == "This program does not say that it is an Exim: Postfix"


def test_files_are_read_when_asked_for(run_module, replay, monkeypatch):
    asked = []
    monkeypatch.setattr(exim_info, "look_up", lambda *arguments: asked.append(arguments) or ["found"])
    assert "files" not in run_module(exim_info)
    info = run_module(exim_info, files=True)
    assert info["files"] == ["found"]
    assert asked == [(info["routers"], info["lists"]["domain"])]
