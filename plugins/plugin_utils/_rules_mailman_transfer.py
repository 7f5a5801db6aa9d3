# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role mailman_transfer asks of its variables and of those of role mailman that it reads."""

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _kinds as kinds

KINDS = {
    # Whether there is such a host, _transfer.py knows.
    "mailman_transfer_from": kinds.anything,
}


def separate_home(v):
    if not v["mailman_separate_home"]:
        yield ("mailman_separate_home is empty: %s would have no Mailman of its own to move to. Set it to the directory of domains on the machine."
               % v["mailman_email_host"])


RULES = (separate_home,)
