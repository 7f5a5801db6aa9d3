# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where mail for lists goes."""

import re

from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_address as exim_address
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import EximError
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.addresses import KINDS, address_of, has_suffix
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.asking import address_test, denied, describe


def check_routing(report, exim, wanted, transports):
    """See that the addresses of the lists, and only those, reach Mailman; also for the user as whom Exim receives mail.

    Return the addresses that do: what is not routed is not to be reported again and again.
    """
    domain = wanted["domain"]
    tests = [address_test(address_of(wanted, name, suffix)) for name in wanted["lists"] for suffix, dummy in KINDS]
    tests += [address_test(address_of(wanted, name).upper()) for name in wanted["lists"][:1]]
    findings = []
    results = exim_address.route_tests(exim, tests, False)
    for test, result in zip(tests, results):
        found = set(route["transport"] for route in result["routes"])
        if result["outcome"] != "routed" or not found <= set(transports):
            fault = "suffix-name" if has_suffix(test["address"].partition("@")[0], wanted["lists"]) else "not-routed"
            findings.append((fault, "%s: %s" % (test["address"], describe(result))))
    report.check("addresses of the lists", len(tests), findings)

    findings = []
    try:
        for result, verified in zip(results, exim_address.route_tests(exim, tests, True)):
            if result["outcome"] == "routed" and verified["outcome"] != "routed":
                findings.append((denied(verified["reason"]) or "not-routed", "%s: %s" % (result["address"], describe(verified))))
    except EximError as error:
        findings.append((denied(str(error)) or "not-routed", str(error)))
    report.check("addresses, for Exim's user", len(tests), findings)

    unknown = "no-such-list-%s@%s" % ("x" * 8, domain)
    result = exim_address.route_tests(exim, [address_test(unknown)], False)[0]
    report.check("a list that does not exist", 1, [("unknown-list", "%s: %s" % (unknown, describe(result)))] if result["outcome"] == "routed" else [])

    loop = "mailman-loop@" + domain
    result = exim_address.route_tests(exim, [address_test(loop)], False)[0]
    report.check("mailman-loop", 1, [] if result["outcome"] == "routed" else [("loop-address", "%s: %s" % (loop, describe(result)))])
    return set(result["address"] for result in results if result["outcome"] == "routed")


def check_list_domains(report, exim, wanted, transports):
    """See that the addresses that Mailman itself has for its lists, in the headers of mail and on its pages, are those that Exim has."""
    addresses = wanted["posting_addresses"]
    if not addresses:
        return
    # A list's own data: it may hold anything.
    asked = [address for address in addresses if re.match(r"[^@\s]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\Z", address)]
    findings = [("foreign-host-name", "%r is no address" % address) for address in addresses if address not in asked]
    # Those that are as they should be have been tested with all others of their lists.
    tested = set(address_of(wanted, name) for name in wanted["lists"])
    for result in exim_address.route_tests(exim, [address_test(address) for address in asked if address not in tested], False):
        if result["outcome"] != "routed" or not set(route["transport"] for route in result["routes"]) <= set(transports):
            findings.append(("foreign-host-name", "Mailman has %s: %s" % (result["address"], describe(result))))
    report.check("the lists' own domains", len(addresses), findings)


def check_routes(report, exim, domains, settings):
    """See that mail for the domains goes to hosts that the configuration names."""
    drivers = dict((router["name"], router["driver"]) for router in settings["routers"])
    findings = []
    for result in exim_address.route_tests(exim, [address_test("postmaster@" + domain) for domain in domains], False):
        # What is undeliverable has a route without a router.
        routers = sorted(set(route["router"] for route in result["routes"] if route["router"]))
        if result["outcome"] != "routed" or [router for router in routers if drivers.get(router) != "manualroute"]:
            findings.append(("not-relayed", "%s: %s%s" % (result["address"], describe(result), " by router " + ", ".join(routers) if routers else "")))
    report.check("routes to the list hosts", len(domains), findings)
