# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role mailman tells SELinux. No host of the tests has it."""

import pytest


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
        ({"selinux": {"status": "enabled"}}, "/usr/lib/mailman", "/var/lib/mailman", []),
        ({"selinux": {"status": "disabled"}}, "/virtual/a.org/mailman", "/virtual/a.org/mailman", []),
        ({}, "/virtual/a.org/mailman", "/virtual/a.org/mailman", []),
    ],
)
def test_contexts(render, facts, prefix, var_prefix, contexts):
    variables = dict(ansible_facts=facts, mailman_prefix=prefix, mailman_var_prefix=var_prefix, mailman_separate_home="")
    assert render("mailman", "{{ __mailman_selinux_contexts }}", ("main", "RedHat"), **variables) == contexts


def test_debian_with_selinux(render):
    """Its prefix is the policy's directory of data."""
    variables = dict(ansible_facts={"selinux": {"status": "enabled"}}, mailman_prefix="", mailman_var_prefix="", mailman_separate_home="")
    contexts = render("mailman", "{{ __mailman_selinux_contexts }}", ("main", "Debian"), **variables)
    assert contexts == [["/var/lib/mailman", "/mail/mailman", "mailman_mail_exec_t"]]


def test_what_is_listed(render):
    lines = ["/srv/lists(/.*)?                     all files          system_u:object_r:mailman_data_t:s0 ", "/srv/other  directory  system_u:object_r:x_t:s0"]
    assert render("mailman", "{{ __mailman_selinux_listed }}", __mailman_selinux_told={"stdout_lines": lines}) == ["/srv/lists(/.*)?", "/srv/other"]
