# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import re

from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import (
    EximError,
    check_address,
    check_host,
    check_sender,
    envelope,
    envelope_arguments,
    message_of,
    unknown_names,
)

# The address tests of exim_address_test, which exim_config runs as well.
TEST_ARGUMENTS = dict(
    address=dict(type="list", elements="str", required=True, aliases=["addresses"]),
    outcome=dict(type="str", choices=["routed", "undeliverable", "deferred", "discarded"], default="routed"),
    router=dict(type="str"),
    transport=dict(type="str"),
    redirected_to=dict(type="list", elements="str"),
    sender=dict(type="str"),
    sender_host=dict(type="str"),
)

# What Exim prints. Nearly always that is PLAIN, so the rest is compiled only where it is needed.
# Exim marks what it has seen before as a duplicate, also from one address of a batch to the next, so that the mark says nothing.
ADDRESS = r"^(.*?)(?:   \[duplicate, would not be delivered\])?$"
FAULT = (
    r"^(?P<address>.*?) (?:(?P<undeliverable>is undeliverable|failed to verify)|cannot be resolved at this time)(?:: (?P<reason>.*))?$"
)
GENERATED = r"^(?P<parent>.*?) -> (?P<address>[|/].*?|mail .*?)(?P<forbidden> \*\*\* forbidden \*\*\*)?$"
HOST = r"^  host (?P<name>\S+) +(?:\[(?P<address>[^]]*)\])?(?: +MX=(?P<mx>\d+))?(?: +port=(?P<port>\d+))?"
PARENT = r"^    <-- (.*)$"
ROUTER = r"^  router = (\S+), transport = (\S+)$"
TRANSPORT = r"^  transport = (\S+)$"
PLAIN = r"^(.*)\n  router = (\S+), transport = (\S+)\Z"
GENERATED_FAULT = "*** Error in setting up pipe, file, or autoreply:"


def run_tests(exim, tests, verify=False):
    """Run checked tests; return a result for each address, and a line for each expectation that was not met."""
    tests = [dict(test, address=address) for test in tests for address in test["address"]]
    results = route_tests(exim, tests, False)
    failures = []
    for test, result in zip(tests, results):
        for difference in compare(test, result):
            failures.append("%s: expected %s, found %s" % ((envelope(test),) + difference))
    if failures:
        # A name that does not exist is never found, so that this needs a look only now.
        failures = unknown_names(exim, tests) + failures
    if verify:
        for test, result, verified in zip(tests, results, route_tests(exim, tests, True)):
            if verified["outcome"] != result["outcome"]:
                failures.append(
                    "%s: expected %s also when Exim's own user verifies it, found %s" % (envelope(test), result["outcome"], found(verified))
                )
    return results, failures


def check_test(item, test):
    """Refuse a test that could not mean what it says. The item is its name in messages."""
    if not test["address"]:
        raise EximError("%s.address is empty: nothing would be tested." % item)
    for address in test["address"]:
        check_address(item + ".address", address)
    if test["sender"] is not None:
        check_sender(item + ".sender", test["sender"])
    if test["sender_host"] is not None:
        check_host(item + ".sender_host", test["sender_host"])
    if test["outcome"] != "routed":
        for name in ("router", "transport", "redirected_to"):
            if test[name] is not None:
                raise EximError("%s (%s): %s cannot be met, because the outcome should be %s." % (item, test["address"][0], name, test["outcome"]))
    elif test["redirected_to"] is not None and not test["redirected_to"]:
        raise EximError("%s (%s): redirected_to is empty. For mail that is thrown away, expect the outcome discarded." % (item, test["address"][0]))


def route_tests(exim, tests, verify):
    """Return a result for each test, in their order. Tests that share an envelope share a process."""
    groups = {}
    for number, test in enumerate(tests):
        groups.setdefault((test["sender"], test["sender_host"]), []).append(number)
    results = [None] * len(tests)
    for (sender, sender_host), numbers in groups.items():
        addresses = [tests[number]["address"] for number in numbers]
        for number, result in zip(numbers, route_addresses(exim, addresses, sender, sender_host, verify)):
            results[number] = dict(result, sender=sender, sender_host=sender_host)
    return results


def found(result):
    """Say what became of an address."""
    return result["outcome"] + (": " + result["reason"] if result["reason"] else "")


def compare(test, result):
    """Return what is not as expected, as pairs of what was expected and what was found."""
    if result["outcome"] != test["outcome"]:
        return [(test["outcome"], found(result))]
    differences = []
    for name in ("router", "transport"):
        names = set(route[name] or "none" for route in result["routes"])
        if test[name] is not None and names != set([test[name]]):
            differences.append(("%s %s" % (name, test[name]), ", ".join(sorted(names))))
    if test["redirected_to"] is not None:
        addresses = sorted(set(route["address"] for route in result["routes"]))
        if addresses != sorted(set(test["redirected_to"])):
            differences.append(("redirected to " + ", ".join(test["redirected_to"]), ", ".join(addresses)))
    return differences


def route_addresses(exim, addresses, sender=None, sender_host=None, verify=False):
    """Have one Exim route all addresses; return a result for each, in their order.

    With verify, Exim does it as its own user, the way it verifies recipients while it receives a message.
    """
    mode = ["-bv", "-v"] if verify else ["-bt"]
    # Exim reads the addresses from its standard input and prompts for each: their number has no limit, and each result has its place.
    status, out, err = exim.run(*(mode + envelope_arguments(sender, sender_host)), data="".join(address + "\n" for address in addresses))
    results = out.split("\n> ")
    if not results[0].startswith("> "):
        raise EximError("Exim tested no address: %s" % message_of(err + out))
    results[0] = results[0][2:]
    if len(results) <= len(addresses):
        raise EximError(
            "exim %s stopped at address %d of %d, %s (exit status %d): %s"
            % (mode[0], len(results), len(addresses), addresses[len(results) - 1], status, message_of(err))
        )
    if len(results) != len(addresses) + 1 or results.pop().strip():
        raise EximError("Exim's output for %d addresses cannot be told apart: %s" % (len(addresses), message_of(err + out)))
    return [parse_address_test(address, text) for address, text in zip(addresses, results)]


def parse_address_test(address, text):
    """Return what Exim prints for one address as data."""
    match = re.match(PLAIN, text)
    if match and match.group(1) == address and match.group(3) != "unset":
        routes = [new_route(address, router=match.group(2), transport=match.group(3))]
        return dict(address=address, outcome="routed", reason=None, rewritten=None, routes=routes)
    routes = []
    rewritten = None
    malformed = None
    discarded = generated = False
    lines = text.splitlines()
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        route = routes[-1] if routes else None
        match = re.match(PARENT, line)
        if match and route:
            route["parents"].append(match.group(1))
            continue
        match = re.match(ROUTER, line)
        if match and route:
            route["router"] = match.group(1)
            route["transport"] = None if match.group(2) == "unset" else match.group(2)
            continue
        match = re.match(HOST, line)
        if match and route:
            route["hosts"].append(dict(match.groupdict(), mx=number_or_none(match.group("mx")), port=number_or_none(match.group("port"))))
            continue
        match = re.match(TRANSPORT, line)
        if match and route:
            route["transport"] = match.group(1)
            continue
        if re.match(PARENT, following) or re.match(ROUTER, following):
            # A fault below an alias is followed by its parents as well.
            match = re.match(FAULT, line)
            if not match:
                routes.append(new_route(re.match(ADDRESS, line).group(1)))
                continue
        match = re.match(FAULT, line)
        if match:
            outcome = "undeliverable" if match.group("undeliverable") else "deferred"
            routes.append(new_route(match.group("address"), outcome=outcome, reason=match.group("reason")))
            continue
        match = re.match(GENERATED, line)
        if match:
            generated = True
            routes.append(new_route(match.group("address"), parents=[match.group("parent")]))
            if match.group("forbidden"):
                routes[-1].update(outcome="undeliverable", reason="forbidden")
            continue
        if line == GENERATED_FAULT and route:
            route.update(outcome="deferred", reason="")
        elif line.startswith("Address rewritten as: "):
            rewritten = line.partition(": ")[2]
        elif line.startswith("syntax error: "):
            malformed = line
        elif line.startswith("mail to ") and line.endswith(" is discarded"):
            discarded = True
        elif route and route["outcome"] != "routed":
            # The reason that an alias or a filter gives may have several lines.
            route["reason"] = ((route["reason"] or "") + " " + line).strip()
        else:
            raise EximError("Exim's output for %s cannot be understood: %s" % (address, line))

    outcomes = [route["outcome"] for route in routes]
    if malformed:
        outcome = "malformed"
    elif discarded:
        outcome = "discarded"
    elif not routes:
        raise EximError("Exim says nothing about %s." % address)
    else:
        # One recipient that fails below an alias is a fault of the alias.
        outcome = next((bad for bad in ("undeliverable", "deferred") if bad in outcomes), "routed")
    # Of a chain of aliases that ends in a file or a program Exim names the last one only.
    if not (malformed or rewritten or generated or address.lower() in text.lower()):
        raise EximError("Exim answers for another address than %s: %s" % (address, text.strip()))
    reason = malformed or next((route["reason"] for route in routes if route["outcome"] == outcome and route["reason"]), None)
    return dict(address=address, outcome=outcome, reason=reason, rewritten=rewritten, routes=routes)


def new_route(address, **values):
    """Return a place where the routing of an address can end."""
    route = dict(address=address, outcome="routed", reason=None, router=None, transport=None, parents=[], hosts=[])
    route.update(values)
    return route


def number_or_none(text):
    """Return the number that the text holds, if any."""
    return int(text) if text else None


def grouped(results):
    """Return results in which the addresses that fared alike are together, without what they do not have.

    Ansible looks at each value that a module returns. For a thousand addresses one by one that takes longer than all that Exim does.
    """
    groups = {}
    for result in results:
        address = result["address"]
        routes = tuple(
            (
                route["address"] if route["address"] != address else None, route["outcome"], route["reason"], route["router"], route["transport"],
                tuple(route["parents"]), repr(route["hosts"]) if route["hosts"] else None,
            )
            for route in result["routes"]
        )
        key = (result["sender"], result["sender_host"], result["outcome"], result["reason"], result["rewritten"], routes)
        groups.setdefault(key, []).append(result)
    items = []
    for alike in groups.values():
        first = alike[0]
        item = dict((name, value) for name, value in first.items() if name != "address" and value not in (None, []))
        item["routes"] = [
            dict((name, value) for name, value in route.items() if value not in (None, []) and value != first["address"]) for route in first["routes"]
        ]
        items.append(dict(item, addresses=[result["address"] for result in alike]))
    return items
