# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible.plugins.action import ActionBase
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._unchanged import is_installed


class ActionModule(ActionBase):
    """Compares with what is known of the files on the host, and runs the module where something differs."""

    TRANSFERS_FILES = False
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        if is_installed(arguments, arguments.pop("found", None)):
            return dict(result, changed=False, changed_paths=[], proven=False, diff=[])
        result.update(self._execute_module(module_args=arguments, task_vars=task_vars))
        return result
