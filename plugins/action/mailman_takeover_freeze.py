# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible.errors import AnsibleActionFail
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _old_host
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._host_action import HostAction


class ActionModule(HostAction):
    """Stops services of a host that somebody else has set up, or starts those again."""

    _supports_check_mode = False
    SPECIFICATION = {
        "services": {"type": "list", "elements": "str", "required": True},
        "state": {"type": "str", "choices": ["frozen", "thawed", "left"], "required": True},
    }

    def act(self, services, state):
        names = _old_host.words(services)
        if state != "frozen":
            if services:
                self.command(_old_host.shell((_old_host.THAW if state == "thawed" else _old_host.DISABLE) % names))
            return {"changed": bool(services), "services": services}
        stopped = self.command(_old_host.shell(_old_host.FREEZE % names)).split()
        if int(self.command(_old_host.shell(_old_host.RUNNERS)) or 0):
            if stopped:
                self.command(_old_host.shell(_old_host.THAW % _old_host.words(stopped)))
            raise AnsibleActionFail(
                "Queue runners of Mailman still run when %s is stopped. Stop them with mailmanctl stop, or name the service that runs them in "
                "mailman_takeover_services." % (", ".join(services) or "no service"))
        return {"changed": bool(stopped), "services": stopped}
