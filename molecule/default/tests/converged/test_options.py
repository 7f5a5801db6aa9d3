# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option that Exim is given where the inventory says next to nothing of it: most of them no message shows."""

from configuration import USUAL, assert_configured, changed


def test_options(list_host):
    assert_configured(list_host, changed(USUAL, {"main": {"message_size_limit": "100K"}}))
