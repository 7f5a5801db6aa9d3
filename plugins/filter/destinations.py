# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._destinations import destinations


class FilterModule:
    """Filters of destinations of mail."""

    def filters(self):
        return {"destinations": destinations}
