# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the answers of DNS block lists mean (RFC 5782)."""

import ipaddress

ANSWERS = ipaddress.ip_network(u"127.0.0.0/8")
# Lists answer so to whom they do not serve: a public resolver, or one that asks too much. 127.0.0.1 is no entry of any list.
REFUSALS = (ipaddress.ip_network(u"127.255.255.0/24"), ipaddress.ip_network(u"127.0.0.1/32"))


def is_refusal(answer):
    """Say whether a list refuses to tell."""
    return any(ipaddress.ip_address(answer) in network for network in REFUSALS)


def is_listed(answer, counting=""):
    """Say whether an answer means that the address is listed. Counting are those that count, separated by commas, if not all do."""
    address = ipaddress.ip_address(answer)
    if counting:
        return any(address in ipaddress.ip_network(one, strict=False) for one in counting.split(",") if one)
    return address in ANSWERS and not is_refusal(answer)


def question(address, zone):
    """Return the name to ask for: the address in reverse, below the list's domain."""
    name = ipaddress.ip_address(address).reverse_pointer
    return name.rpartition("." + ("ip6" if ":" in address else "in-addr") + ".arpa")[0] + "." + zone
