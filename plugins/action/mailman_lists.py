# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible.plugins.action import ActionBase
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._list_files import with_files
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import Faulty


class ActionModule(ActionBase):
    """Reads lists from files of the controller and hands them to the module: thousands of members never pass a template engine."""

    TRANSFERS_FILES = False
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        try:
            arguments = with_files(self._task.args, self._loader)
        except Faulty as error:
            return dict(result, failed=True, msg="Nothing was changed, because these files have faults:\n" + "\n".join(error.args))
        result.update(self._execute_module(module_args=arguments, task_vars=task_vars))
        return result
