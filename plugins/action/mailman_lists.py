# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible.plugins.action import ActionBase
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._list_files import read_lists
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import Faulty


def combine(lists, others):
    """Return lists with the keys of others of their names, and the others after them."""
    keys = {one["name"]: one for one in others}
    combined = [dict(one, **keys.pop(one.get("name"), {})) for one in lists]
    return combined + [one for one in others if one["name"] in keys]


class ActionModule(ActionBase):
    """Reads lists from files of the controller and hands them to the module: thousands of members never pass a template engine."""

    TRANSFERS_FILES = False
    _supports_async = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        directory = arguments.pop("lists_dir", None)
        if directory:
            try:
                arguments["lists"] = combine(arguments.get("lists") or [], read_lists(directory, self._loader))
            except Faulty as error:
                return dict(result, failed=True, msg="Nothing was changed, because these files have faults:\n" + "\n".join(error.args))
        result.update(self._execute_module(module_args=arguments, task_vars=task_vars))
        return result
