# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role mailman tells SELinux. No host of the tests has it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import subprocess
import sys

import pytest

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
def test_contexts(facts, prefix, var_prefix, contexts, tmp_path):
    command = [sys.executable, "-m", "ansible", "adhoc", "localhost", "-m", "debug", "-a", "msg={{ __mailman_selinux_contexts | to_json }}"]
    for name in ("main", "RedHat"):
        command += ["-e", "@" + os.path.join(VARS, name + ".yml")]
    command += ["-e", json.dumps(dict(ansible_facts=facts, mailman_prefix=prefix, mailman_var_prefix=var_prefix, mailman_virtual_home=""))]
    environment = dict(os.environ, ANSIBLE_CALLBACK_RESULT_FORMAT="json", ANSIBLE_HOME=str(tmp_path))
    output = subprocess.check_output(command, universal_newlines=True, env=environment)
    assert json.loads(json.loads(output[output.index("{"):])["msg"]) == contexts
