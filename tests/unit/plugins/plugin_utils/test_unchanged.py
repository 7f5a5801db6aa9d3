# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller compares in the place of a module: nothing is left to it that the module would change."""

import grp
import os
import types

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.listhost.exim_mailman.plugins.action import exim_config as exim_action
from ansible_collections.listhost.exim_mailman.plugins.action import mailman_config as mailman_action
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_settings import look_at_configuration, look_at_file
from ansible_collections.listhost.exim_mailman.plugins.modules import exim_config, mailman_config
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._unchanged import is_configured, is_installed

# One of the tests' own, as which they may give a file away.
GROUP = grp.getgrgid(os.getgid()).gr_name


@pytest.fixture
def mailman(tmp_path, monkeypatch, run_module):
    """A Mailman with the settings and files of some options."""

    class Mailman:
        home = tmp_path / "Mailman"
        unit = tmp_path / "mailman.service"
        options = {
            "settings": {"MTA": None, "SMTP_MAX_RCPTS": 15, "TEXT": "it's \"ü\"", "QRUNNERS": [["a", 1]]},
            "generated_secrets": ["SUBSCRIBE_FORM_SECRET"],
            "encode_long_lines": True,
            "bounce_runner": {"source": "# runner\n", "max_disabled_percent": 10},
            "files": [{"path": str(unit), "content": "[Unit]\nDescription=Grüße\n"}],
        }

        def run(self, options, check=False):
            return run_module(mailman_config, prefix=str(tmp_path), _ansible_check_mode=check, **options)

        def look(self, *more):
            return look_at_configuration({"prefix": str(tmp_path), "group": GROUP}, [str(self.unit), *more])

        def differs(self, options):
            """Whether the comparison finds something, which the module does, too."""
            kept = is_configured(options, self.look())
            assert not (kept and self.run(options, check=True)["changed"])
            return not kept

    (tmp_path / "Mailman" / "Queue").mkdir(parents=True)
    (tmp_path / "Mailman" / "mm_cfg.py").write_text("# of the distribution\nfrom Defaults import *\n")
    monkeypatch.setattr(mailman_config, "find_installation", lambda prefix: dict(prefix=prefix, group=GROUP))
    monkeypatch.setattr(mailman_config, "check", lambda *arguments: None)
    mailman = Mailman()
    assert mailman.differs(mailman.options)
    mailman.run(mailman.options)
    return mailman


def test_what_is_as_it_should_be_is_known(mailman):
    assert not mailman.differs(mailman.options)
    # As ansible-core 2.16 has numbers.
    assert not mailman.differs(dict(mailman.options, bounce_runner={"source": "# runner\n", "max_disabled_percent": "10"}))


BY_HAND = {
    "another line": lambda one: (one.home / "mm_cfg.py").write_text((one.home / "mm_cfg.py").read_text() + "SMTP_MAX_RCPTS = 1\n"),
    "another value": lambda one: (one.home / "mm_cfg.py").write_text((one.home / "mm_cfg.py").read_text().replace("RCPTS = 15", "RCPTS = 16")),
    "no secret": lambda one: (one.home / "mm_cfg.py").write_text((one.home / "mm_cfg.py").read_text().replace("  # secret", "")),
    "a marker": lambda one: (one.home / "mm_cfg.py").write_text((one.home / "mm_cfg.py").read_text() + "# END listhost.exim_mailman\n"),
    "its mode": lambda one: (one.home / "mm_cfg.py").chmod(0o644),
    "what is compiled is open": lambda one: (one.home / "mm_cfg.pyc").chmod(0o644),
    "nothing is compiled": lambda one: (one.home / "mm_cfg.pyc").unlink(),
    "a file": lambda one: one.unit.write_text("[Unit]\n"),
    "a file's mode": lambda one: one.unit.chmod(0o600),
    "no file": lambda one: one.unit.unlink(),
    "the queue runner": lambda one: (one.home / "Queue" / "ListhostBounceRunner.py").write_text("# other\n"),
    "the queue runner's mode": lambda one: (one.home / "Queue" / "ListhostBounceRunner.py").chmod(0o600),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_what_somebody_has_changed_on_the_host_is_seen(mailman, name):
    BY_HAND[name](mailman)
    assert mailman.differs(mailman.options)


@pytest.mark.parametrize("changed", [
    {"settings": {"MTA": None}},
    {"generated_secrets": []},
    {"generated_secrets": ["SUBSCRIBE_FORM_SECRET", "OTHER"]},
    {"secret_settings": {"SMTP_PASSWD": "x"}},
    {"encode_long_lines": False},
    {"bounce_runner": None},
    {"bounce_runner": {"source": "# runner\n", "max_disabled_percent": 11}},
    {"bounce_runner": {"source": "# other\n", "max_disabled_percent": 10}},
    {"bounce_runner": {"source": "# runner\n", "max_disabled_percent": "many"}},
    {"settings": {"x": {1, 2}}},
    {"settings": "x"},
    {"files": [{"path": "/etc/hostname", "content": ""}]},
    {"files": [{"content": ""}]},
])
def test_what_somebody_has_changed_in_the_inventory_is_seen(mailman, changed):
    assert not is_configured(dict(mailman.options, **changed), mailman.look())


@pytest.mark.parametrize("changed", [{"owner": "nobody"}, {"group": "nogroup"}, {"mode": "0600"}, {"mode": "600"}, {"mode": "u=rw"}, {"content": ""}])
def test_what_a_file_should_be(mailman, changed):
    assert not is_configured(dict(mailman.options, files=[dict(mailman.options["files"][0], **changed)]), mailman.look())


def test_a_secret_that_was_made_is_in_no_sum(mailman):
    """It is another in each Mailman, and nobody can try which it is."""
    before = mailman.look()["sum"]
    text = (mailman.home / "mm_cfg.py").read_text()
    secret = text.split("SUBSCRIBE_FORM_SECRET = '")[1][:64]
    (mailman.home / "mm_cfg.py").write_text(text.replace(secret, secret[::-1]))
    assert mailman.look()["sum"] == before


def test_a_secret_of_the_inventory_is_in_no_sum_and_is_none_that_was_made(mailman):
    sums = set()
    for secret in ("hush", "other"):
        mailman.run(dict(mailman.options, secret_settings={"SUBSCRIBE_FORM_SECRET": secret}))
        sums.add(mailman.look()["sum"])
        assert mailman.differs(mailman.options)
    assert len(sums) == 1


def test_a_queue_runner_that_is_left(mailman):
    options = dict(mailman.options, bounce_runner=None)
    mailman.run(options)
    assert not mailman.differs(options)
    (mailman.home / "Queue" / "ListhostBounceRunner.pyc").write_text("")
    assert mailman.differs(options)


def test_no_look_is_no_reason_to_leave_anything(mailman):
    assert not is_configured(mailman.options, None)
    assert not is_installed({"path": "/x", "content": "x"}, None)
    assert not is_installed({"path": "/x", "content": "x"}, {})


@pytest.mark.parametrize(("changed", "by_hand", "kept"), [
    ({}, None, True),
    ({"content": "x\n# more\n"}, None, False),
    ({"mode": "0644"}, None, False),
    ({"owner": "nobody"}, None, False),
    ({"files": []}, lambda path: path.with_name("aliases").write_text("root: y\n"), True),
    ({}, lambda path: path.with_name("aliases").write_text("root: y\n"), False),
    ({}, lambda path: path.write_text("y\n"), False),
    ({}, lambda path: path.chmod(0o644), False),
    ({}, lambda path: path.unlink(), False),
])
def test_exims_configuration(tmp_path, run_module, changed, by_hand, kept):
    path = tmp_path / "exim4.conf"
    options = {"path": str(path), "content": "x\n", "files": [{"path": str(tmp_path / "aliases"), "content": "root: x\n"}]}
    path.write_text("x\n")
    path.chmod(0o640)
    (tmp_path / "aliases").write_text("root: x\n")
    (tmp_path / "aliases").chmod(0o644)
    if by_hand:
        by_hand(path)
    options.update(changed)
    assert is_installed(options, {str(one): look_at_file(str(one)) for one in (path, tmp_path / "aliases")}) is kept
    if kept:
        assert run_module(exim_config, **options)["changed"] is False


@pytest.mark.parametrize(("action", "name"), [(mailman_action, "is_configured"), (exim_action, "is_installed")])
@pytest.mark.parametrize("kept", [True, False])
def test_the_module_runs_where_something_differs(monkeypatch, action, name, kept):
    ran = []

    def execute(self, module_args, task_vars):
        ran.append(module_args)
        return {"changed": True}

    monkeypatch.setattr(ActionBase, "run", lambda self, tmp=None, task_vars=None: {})
    monkeypatch.setattr(ActionBase, "_execute_module", execute)
    monkeypatch.setattr(action, name, lambda arguments, found: kept and (arguments, found) == ({"prefix": "/x"}, {"path": "/x/mm_cfg.py"}))
    one = object.__new__(action.ActionModule)
    one._task = types.SimpleNamespace(args={"prefix": "/x", "found": {"path": "/x/mm_cfg.py"}})
    result = one.run(task_vars={})
    assert (result["changed"], result.get("changed_paths")) == ((False, []) if kept else (True, None))
    assert ran == ([] if kept else [{"prefix": "/x"}])
