# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests keep from one run of Ansible to the next (molecule/shared/callback) changes nothing but the time."""

import json
import os
import pathlib
import subprocess
import uuid

import pytest

ROOT = pathlib.Path(__file__).parents[2]
CALLBACKS = ROOT / "molecule/shared/callback"
# What Jinja makes of these differs: the same text stands for several templates.
SETTINGS = [{}, {"trim_blocks": False}, {"lstrip_blocks": True}, {"newline_sequence": "\r\n"}, {"variable_start_string": "[[", "variable_end_string": "]]"}]


@pytest.fixture
def play(tmp_path):
    """A play with texts that no run has seen. Returns what it writes, and which files are kept of it."""
    mark = uuid.uuid4().hex
    (tmp_path / "template").write_text("%s\n  {%% if true %%}\n  {{ 1 + 1 }} [[ 'x\\ny' ]]\n  {%% endif %%}\n" % mark)
    (tmp_path / "inventory").write_text("localhost ansible_connection=local ansible_python_interpreter=/usr/bin/python3\n")
    tasks = [
        {"name": "Write", "ansible.builtin.template": dict(settings, src=str(tmp_path / "template"), dest="{{ place }}/%d" % number)}
        for number, settings in enumerate(SETTINGS)
    ]
    tasks.append({"name": "Write", "ansible.builtin.copy": {"content": "{{ '%s' | regex_replace('^(.)', '\\\\1-') }}" % mark, "dest": "{{ place }}/text"}})
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))

    # Other runs of this tree are at work meanwhile, and keep theirs elsewhere.
    keep = tmp_path / "kept"
    without = {name: value for name, value in os.environ.items() if name != "ANSIBLE_CALLBACK_PLUGINS"} | {"BUILT_ONCE": str(keep)}

    def run(name, **environment):
        place = tmp_path / name
        place.mkdir()
        before = set(keep.glob("*/templates/*"))
        subprocess.run(
            [ROOT / ".venv/bin/ansible-playbook", "-i", tmp_path / "inventory", tmp_path / "play.yml", "-e", json.dumps({"place": str(place)})],
            cwd=ROOT, env=dict(without, **environment), check=True, stdout=subprocess.DEVNULL,
        )
        return {path.name: path.read_bytes() for path in place.iterdir()}, set(keep.glob("*/templates/*")) - before

    return run


def test_what_is_kept_is_what_would_be_built(play):
    wanted, kept = play("without")
    assert len(set(wanted.values())) == len(SETTINGS) + 1 and not kept
    first, kept = play("first", ANSIBLE_CALLBACK_PLUGINS=str(CALLBACKS))
    assert first == wanted and len(kept) > len(SETTINGS)
    second, more = play("second", ANSIBLE_CALLBACK_PLUGINS=str(CALLBACKS))
    # But for the name of the place, each text is one that is kept.
    assert second == wanted and len(more) < len(kept)
