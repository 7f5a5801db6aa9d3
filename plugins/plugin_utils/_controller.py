# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible.plugins.action import ActionBase


class ControllerAction(ActionBase):
    """An action plugin that works on the controller alone, and costs no execution on a host."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_async = False
