# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role listhost_dns asks of the variables of one host. What several hosts say together is asked in _dns_inventory.py."""

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _kinds as kinds
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import shown

KINDS = {
    "listhost_dns_addresses": kinds.public_address,
    "listhost_dns_zones": kinds.domain,
    "listhost_dns_directory": kinds.anything,
    "listhost_dns_ttl": kinds.at_least(60, "60 seconds or more; 3600 is the default"),
    "listhost_dns_mail_exchangers": kinds.domain,
    "listhost_dns_spf": kinds.spf_mechanism,
    "listhost_dns_dmarc_reports": kinds.mail_address,
    "listhost_dns_mta_sts_addresses": kinds.public_address,
    "listhost_dns_tls_reports": kinds.mail_address,
    "listhost_dns_tlsa": kinds.tlsa,
    "listhost_dns_caa": kinds.domain,
    "listhost_dns_old_dkim_selectors": kinds.selector,
    "listhost_dns_resolvers": kinds.ip_address,
    "listhost_dns_blocklists": kinds.dnsbl,
}
# Of those that receivers follow in an SPF record (RFC 7208, 4.6.4).
MOST_LOOKUPS = 10


def spf_lookups(v):
    found = [one for one in v["listhost_dns_spf"] if not one.startswith(("ip4:", "ip6:"))]
    if len(found) > MOST_LOOKUPS:
        yield ("listhost_dns_spf has %d mechanisms that receivers look up, and they look up %d: beyond that the record counts for nothing. Name networks "
               "(ip4:, ip6:) instead of some." % (len(found), MOST_LOOKUPS))


def old_selectors(v):
    for name, use in (("exim_dkim_selector", "Exim signs with it"), ("exim_dkim_next_selector", "Exim will sign with it")):
        if v[name] in v["listhost_dns_old_dkim_selectors"]:
            yield "listhost_dns_old_dkim_selectors has %s, which is %s: %s. Take it from one of them." % (shown(v[name]), name, use)


RULES = (spf_lookups, old_selectors)
