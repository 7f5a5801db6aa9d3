# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role certificate asks of its variables beyond their types: the kind of each, and rules across several. A rule yields faults."""

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _kinds as kinds

KINDS = {
    "certificate_acme_contact": kinds.mail_address,
    "certificate_acme_server": kinds.https_address,
    "certificate_acme_webroot": kinds.path,
    "certificate_names": kinds.domain,
    "certificate_services": kinds.unit,
}


def contact(v):
    if v["certificate_acme"] and not v["certificate_acme_contact"]:
        yield ("certificate_acme is true, but certificate_acme_contact is empty. Set it to the address of a person whom the authority may write to, or "
               "certificate_acme to false.")


RULES = (contact,)
