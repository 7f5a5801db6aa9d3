# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role verify asks of its variables. It looks at hosts of any platform, and of the other roles' variables at those that are there."""

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _kinds as kinds

KINDS = {
    "verify_subscriber": kinds.mail_address,
    "verify_services": kinds.anything,
    "verify_sample": kinds.at_least(0, "0 (none) or more; 5 is the default"),
    "verify_results": kinds.anything,
}


def subscriber(v):
    sources = v.sources("verify_subscriber")
    if sources and not any(v.is_set(name) for name in sources):
        yield "verify_subscriber is not set. Set it to an address in a foreign domain that receives mail; nothing is sent to it."


RULES = (subscriber,)
