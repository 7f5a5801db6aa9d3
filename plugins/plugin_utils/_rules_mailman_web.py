# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role mailman_web asks of its variables beyond their types: the kind of each, and rules across several. A rule yields faults."""

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _kinds as kinds
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import shown

KINDS = {
    "mailman_web_certificate": kinds.path,
    "mailman_web_certificate_key": kinds.path,
    "mailman_web_trusted_proxies": kinds.network,
    "mailman_web_taken_down": kinds.page,
}


def certificate_and_key(v):
    if bool(v["mailman_web_certificate"]) != bool(v["mailman_web_certificate_key"]):
        yield ("mailman_web_certificate is '%s' and mailman_web_certificate_key is '%s'. Set both, or neither for a self-signed certificate."
               % (v["mailman_web_certificate"], v["mailman_web_certificate_key"]))


def addresses_of_pages(v):
    for name in ("DEFAULT_URL_PATTERN", "PUBLIC_ARCHIVE_URL"):
        if v["mailman_web"] and name in v["mailman_settings"]:
            yield ("mailman_settings.%s is %s, but mailman_web is true: the web server says where the pages are. Take it out."
                   % (name, shown(v["mailman_settings"][name])))


RULES = (certificate_and_key, addresses_of_pages)
