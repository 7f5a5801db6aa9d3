# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at several domains: what is wrong with one says nothing of another."""

import os
import types

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _mailman_look
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import EximError
from ansible_collections.listhost.exim_mailman.plugins.module_utils._in_parallel import Part, PartError, in_parallel
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import TargetError
from ansible_collections.listhost.exim_mailman.plugins.modules import machine_look

ROUTED = {"outcome": "routed", "reason": None, "routes": [{"router": "mailman_router", "transport": "mailman_transport", "address": "x"}]}


@pytest.fixture
def look(monkeypatch, run_module, tmp_path):
    """Run the module on domains, each without a Mailman, but for what a test says of it, on a host whose Exim routes as told."""
    exim = types.SimpleNamespace(routed={}, verified={})

    def route_tests(dummy, tests, verify):
        return [(exim.verified if verify else exim.routed).get(test["address"], ROUTED) for test in tests]

    monkeypatch.setattr(machine_look.Exim, "from_module", lambda module: None)
    monkeypatch.setattr(machine_look, "route_tests", route_tests)
    monkeypatch.setattr(machine_look, "read_settings", lambda exim, options: {"options": dict.fromkeys(options, "30")})
    monkeypatch.setattr(_mailman_look, "host_name_fault", lambda: "")

    def run(*domains, **options):
        domains = [dict({"name": name, "mailman": {"prefix": str(tmp_path / name)}}, **more) for name, more in domains]
        return run_module(machine_look, domains=domains, exim_options=["smtp_accept_queue_per_connection"], **options)

    run.exim = exim
    return run


def test_several_domains(look, tmp_path):
    (tmp_path / "file").write_text("x")
    os.symlink("file", str(tmp_path / "link"))
    found = look(
        ("a", {"addresses": ["list@a"], "links": [str(tmp_path / "link"), str(tmp_path / "none"), str(tmp_path / "file")]}),
        ("b", {"commands": {"one": ["sh", "-c", 'echo "said=$1"', "look", "it's b"], "other": ["sh", "-c", "exit 1"]}}),
        ("c", {"mailman": {"prefix": "/nowhere", "compare_files": ["/etc/passwd"]}}),
    )
    assert sorted(found["domains"]) == ["a", "b", "c"] and found["changed"] is False
    assert found["exim"] == {"options": {"smtp_accept_queue_per_connection": "30"}}
    assert found["domains"]["a"]["links"] == {str(tmp_path / "link"): os.path.realpath(str(tmp_path / "file"))}
    assert (found["domains"]["a"]["said"], found["domains"]["b"]["said"]) == ({}, {"one": "said=it's b\n", "other": ""})
    assert [found["domains"][name]["mailman"]["prefix"] for name in "abc"] == [str(tmp_path / "a"), str(tmp_path / "b"), "/nowhere"]
    assert not found["domains"]["c"]["mailman"]["installed"]


def test_keys_are_looked_at_and_not_made(look, tmp_path):
    keys = {"directory": str(tmp_path / "one_click"), "group": "nobody here"}
    asked = {"a": keys, "b": dict(keys, number="x"), "c": dict(keys, number=1)}
    found = look(*[(name, {"one_click_keys": one}) for name, one in asked.items()], _ansible_check_mode=False)
    assert {name: one["one_click_keys"] for name, one in found["domains"].items()} == dict.fromkeys(
        "ac", {"changed": True, "pending": True, "numbers": [1], "mail_group": ""}
    )
    assert os.listdir(str(tmp_path)) == []


def test_faults_of_one(look, monkeypatch):
    real = _mailman_look.find_installation

    def find_installation(prefix):
        if prefix.endswith("/broken"):
            raise OSError("I/O error")
        if prefix.endswith("/ended"):
            raise RuntimeError("unheard of")
        return real(prefix)

    monkeypatch.setattr(_mailman_look, "find_installation", find_installation)
    found = look(("broken", {}), ("ended", {}), ("wrong", {"mailman": {"prefix": "/x", "gather": ["nothing"]}}), ("good", {}))
    assert list(found["domains"]) == ["good"]


@pytest.mark.parametrize(
    ("routed", "verified"),
    [
        ({"list@b": dict(ROUTED, outcome="undeliverable", routes=[])}, {}),
        ({"list@b": dict(ROUTED, routes=[dict(ROUTED["routes"][0], router="other")])}, {}),
        ({}, {"list@b": dict(ROUTED, outcome="deferred")}),
    ],
)
def test_what_exim_does_with_each(look, routed, verified):
    """Two processes for all domains."""
    look.exim.routed, look.exim.verified = routed, verified
    found = look(("a", {"addresses": ["list@a"]}), ("b", {"addresses": ["more@b", "list@b"]}), ("c", {}))
    assert {name: one["routed"] for name, one in found["domains"].items()} == {"a": True, "b": False, "c": False}


def test_no_exim(look, monkeypatch):
    def fails(module):
        raise EximError("There is no Exim.")

    monkeypatch.setattr(machine_look.Exim, "from_module", fails)
    found = look(("a", {"addresses": ["list@a"]}))
    assert (found["exim"], found["domains"]["a"]["routed"]) == ({}, False)


def test_no_secret_is_shown(look, monkeypatch):
    logged = []
    monkeypatch.setattr(machine_look.AnsibleModule, "log", lambda module, text, **options: logged.append(text))
    lists = {"lists": [{"name": "x", "password": "not for others"}], "site_password": "nor this"}
    found = look(("a", {"mailman": {"prefix": "/nowhere", "compare_lists": lists}}))
    assert "not for others" not in str([found, logged]) and "nor this" not in str([found, logged])
    assert logged == ["Invoked for a"]


@pytest.mark.parametrize("items", [0, 1, 7, 50])
def test_in_parallel(items):
    def act(number):
        if number % 3 == 1:
            raise TargetError("not this one")
        return {"number": number, "text": "\u00fc" * number}

    assert in_parallel(act, list(range(items))) == [None if number % 3 == 1 else act(number) for number in range(items)]


def test_process_that_ends(monkeypatch):
    """Nobody waits for it, and the others' results count."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert in_parallel(lambda number: os._exit(9) if number == 2 else number, [0, 1, 2, 3]) == [None, 1, None, 3]


def test_part_of_a_module():
    module = type("Module", (), {"check_mode": True, "params": {}, "run_command": len, "get_bin_path": max})()
    part = Part(module, {"prefix": "/x"})
    assert (part.params, part.check_mode) == ({"prefix": "/x"}, True)
    with pytest.raises(PartError, match="why"):
        part.fail_json(msg="why", rc=1)
