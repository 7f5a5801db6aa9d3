# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible.plugins.action import ActionBase
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._list_files import with_files
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import Faulty


class ActionModule(ActionBase):
    """Reads the lists that the module is to compare from files of the controller, as that of mailman_lists does."""

    TRANSFERS_FILES = False
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        if arguments.get("compare_lists"):
            try:
                arguments["compare_lists"] = with_files(arguments["compare_lists"], self._loader)
            except Faulty:
                # Module mailman_lists says what is wrong with them.
                del arguments["compare_lists"]
        result.update(self._execute_module(module_args=arguments, task_vars=task_vars))
        return result
