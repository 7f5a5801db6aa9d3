# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import contextlib
import shlex

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


class Failed(Exception):
    """A module on the host failed; the argument is its result."""


class HostAction(ActionBase):
    """An action plugin that does several things on one host: by modules, and by commands as the user that the task becomes."""

    _supports_async = False
    SPECIFICATION = {}

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        dummy, arguments = self.validate_argument_spec(self.SPECIFICATION)
        self.variables = task_vars
        try:
            result.update(self.act(**arguments))
        except Failed as failed:
            result.update(failed.args[0])
        return result

    def act(self, **arguments):
        """Return the result of the task."""
        raise NotImplementedError

    def module(self, name, **arguments):
        """Return the result of a module; raise Failed when it failed."""
        result = self._execute_module(module_name=name, module_args=arguments, task_vars=self.variables)
        if result.get("failed"):
            raise Failed(result)
        return result

    def command(self, text, become=True):
        """Return what a command prints, run as the user that the task becomes, or as the one who logs in."""
        ran = self._low_level_execute_command(text, sudoable=become)
        if ran["rc"] != 0:
            raise AnsibleActionFail("%s ended with %s: %s" % (text, ran["rc"], ran.get("stderr") or ran["stdout"]))
        return ran["stdout"].strip()

    @contextlib.contextmanager
    def directory(self):
        """Have a directory on the host that is root's alone, for files with passwords in them."""
        path = self.command("mktemp -d /var/tmp/move-XXXXXXXX")
        try:
            yield path
        except BaseException:
            self.remove(path)
            raise

    def remove(self, path):
        self.command("rm -rf " + shlex.quote(path))
