# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that is verified of a host of one kind or the other."""

import os

from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.addresses import address_of
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.configuration import (
    check_configuration,
    check_limits,
    check_pipes,
    check_retry,
    list_transports,
)
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.deliveries import check_deliveries, check_verp
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.dialogues import (
    check_asking,
    check_loopback,
    check_neighbours,
    check_null_senders,
    check_passwords,
    check_strangers,
)
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.report import Report
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.routing import check_list_domains, check_routes, check_routing


def verify(exim, wanted):
    """Return the report on a host. Wanted says what is known of it, as the options of exim_mailman_verify."""
    report = Report()
    settings = check_configuration(report, exim, address_of(wanted, wanted["lists"][0], "-bounces"))
    if not settings:
        return report
    check_limits(report, settings, wanted)
    check_retry(report, exim, wanted)
    if wanted["virtual_domain_file"]:
        missing = not os.path.isfile(wanted["virtual_domain_file"])
        report.check("virtual domain", 1, [("unknown-domain", "%s: there is no %s" % (wanted["domain"], wanted["virtual_domain_file"]))] if missing else [])
        if missing:
            return report
    transports = list_transports(settings)
    if not transports:
        report.check("routing", 1, [("no-list-transport", "no pipe transport runs Mailman's wrapper %s" % wanted["wrapper"])])
        return report
    check_pipes(report, settings, transports)
    routed = check_routing(report, exim, wanted, transports)
    check_list_domains(report, exim, wanted, transports)
    check_deliveries(report, exim, wanted, routed)
    check_null_senders(report, exim, wanted, routed)
    if not check_strangers(report, exim, wanted, routed):
        check_neighbours(report, exim, wanted)
    check_passwords(report, exim)
    check_loopback(report, exim, wanted)
    check_verp(report, exim, wanted, settings)
    return report


def verify_exchanger(exim, wanted):
    """Return the report on a mail exchanger in front of list hosts: it has no lists, but domains that it relays."""
    report = Report()
    settings = check_configuration(report, exim, "postmaster@" + wanted["routed_domains"][0])
    if settings:
        check_routes(report, exim, wanted["routed_domains"], settings)
        check_asking(report, exim, wanted)
        check_passwords(report, exim)
    return report
