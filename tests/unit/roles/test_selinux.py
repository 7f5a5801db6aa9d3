# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role mailman tells SELinux. No host of the tests has it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io
import os

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19

    def trust_as_template(text):
        return text


VARS = os.path.join(os.path.dirname(__file__), "..", "..", "..", "roles", "mailman", "vars")


@pytest.mark.parametrize(
    "facts, prefix, var_prefix, contexts",
    [
        ({"selinux": {"status": "enabled"}}, "", "", []),
        (
            {"selinux": {"status": "enabled"}},
            "/virtual/a.org/mailman",
            "/virtual/a.org/mailman",
            [["/virtual/a\\.org/mailman", "(/.*)?", "mailman_data_t"], ["/virtual/a\\.org/mailman", "/mail/mailman", "mailman_mail_exec_t"]],
        ),
        ({"selinux": {"status": "enabled"}}, "", "/srv/lists", [["/srv/lists", "(/.*)?", "mailman_data_t"]]),
        ({"selinux": {"status": "disabled"}}, "/virtual/a.org/mailman", "/virtual/a.org/mailman", []),
        ({}, "/virtual/a.org/mailman", "/virtual/a.org/mailman", []),
    ],
)
def test_contexts(facts, prefix, var_prefix, contexts):
    variables = dict(ansible_facts=facts, mailman_prefix=prefix, mailman_var_prefix=var_prefix, mailman_virtual_home="")
    for name in ("main", "RedHat"):
        with io.open(os.path.join(VARS, name + ".yml"), encoding="utf-8") as stream:
            for variable, value in yaml.safe_load(stream).items():
                variables[variable] = trust_as_template(value) if isinstance(value, str) else value
    templar = Templar(DataLoader(), variables=variables)
    assert templar.template(variables["__mailman_selinux_contexts"]) == contexts
