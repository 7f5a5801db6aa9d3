# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import collections.abc

from ansible.errors import AnsibleError
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.action import ActionBase
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import Faulty


class Variables(collections.abc.Mapping):
    """What the variables of a host mean, or Faulty. Unlike the hosts' in hostvars they may refer to other hosts' hostvars."""

    def __init__(self, templar, said):
        self.templar, self.said = templar.copy_with_new_env(available_variables=said), said

    def __getitem__(self, name):
        try:
            return self.templar.template(self.said[name])
        except AnsibleError as error:
            raise Faulty("%s cannot be worked out: %s. Correct it, or set what it refers to." % (name, to_text(error).split(". ")[0].rstrip("."))) from error

    def __iter__(self):
        return iter(self.said)

    def __len__(self):
        return len(self.said)


class ControllerAction(ActionBase):
    """An action plugin that works on the controller alone, and costs no execution on a host."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_async = False

    def variables_of(self, hosts, hostvars):
        """Return the variables of hosts, by the hosts' names."""
        return {host: Variables(self._templar, dict(hostvars.raw_get(host), hostvars=hostvars)) for host in hosts}
