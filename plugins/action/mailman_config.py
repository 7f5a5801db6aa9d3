# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible.plugins.action import ActionBase
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._unchanged import is_configured


class ActionModule(ActionBase):
    """Compares with what module mailman_info has found, and runs the module where something differs."""

    TRANSFERS_FILES = False
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        found = arguments.pop("found", None)
        if is_configured(arguments, found):
            return dict(result, changed=False, path=found["path"], changed_paths=[], diff=[])
        result.update(self._execute_module(module_args=arguments, task_vars=task_vars))
        return result
