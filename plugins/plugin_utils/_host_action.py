# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import contextlib
import os
import shlex
import tempfile

from ansible import constants
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

    def fetch(self, path):
        """Fetch a file of root's as the user who logs in: otherwise all of it would be in memory on the way."""
        user = self.command("id -u", become=False)
        self.command("chmod 711 {0} && chown {1} {2}".format(*(shlex.quote(one) for one in (os.path.dirname(path), user, path))))
        # Ansible removes what is in there when the run ends.
        handle, place = tempfile.mkstemp(dir=constants.DEFAULT_LOCAL_TMP)
        os.close(handle)
        self._connection.fetch_file(path, place)
        return place

    def send(self, src, place):
        """Send a file to a place in a directory of root's."""
        arrived = self._transfer_file(src, self._connection._shell.join_path(self._connection._shell.tmpdir, os.path.basename(place)))
        self.command("mv {0} {1} && chown 0:0 {1} && chmod 600 {1}".format(shlex.quote(arrived), shlex.quote(place)))

    def remove(self, path):
        self.command("rm -rf " + shlex.quote(path))
