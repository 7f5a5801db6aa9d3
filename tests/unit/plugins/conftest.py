# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import io
import json
import os

import pytest
from ansible.module_utils import basic

OUTPUT = os.path.join(os.path.dirname(__file__), "module_utils", "exim_output")
VERSIONS = ("4.94.2", "4.96", "4.98.2")


@pytest.fixture(params=VERSIONS)
def exim_output(request):
    """Return a function that reads what an Exim printed. A test that uses it runs once for each version."""

    def read(name):
        with io.open(os.path.join(OUTPUT, request.param, name), encoding="utf-8") as stream:
            return stream.read()

    read.version = request.param
    return read


@pytest.fixture
def run_module(monkeypatch, capsys):
    """Return a function that runs a module's main() and returns what the module would return to Ansible."""

    def run(module, _ansible_check_mode=False, **arguments):
        arguments.update(_ansible_check_mode=_ansible_check_mode)
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode("utf-8"))
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        with pytest.raises(SystemExit):
            module.main()
        return json.loads(capsys.readouterr().out)

    return run


class Killed(BaseException):
    """Here somebody ended the process."""


@pytest.fixture
def fail_at():
    """Return a function that has one call of some functions end the process. Its `killed` is the exception."""

    def fail_at(patch, owners, number):
        """Have the call of this number fail, counted over the functions {name: module}; return the list that they write their names into."""
        calls = []

        def failing(name, real):
            def call(*arguments, **keywords):
                calls.append(name)
                if len(calls) == number:
                    raise Killed
                return real(*arguments, **keywords)

            return call

        for name, owner in owners.items():
            patch.setattr(owner, name, failing(name, getattr(owner, name)))
        return calls

    fail_at.killed = Killed
    return fail_at
