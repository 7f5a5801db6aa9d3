# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of mail at the end of its way: Mailman's wrapper, and VERP."""

import os
import re

from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_delivery as exim_delivery
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.addresses import KINDS, address_of
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.asking import LOOPBACK, delivery_test


def check_deliveries(report, exim, wanted, routed):
    """See that mail for the first list reaches every command of the wrapper, and mail for the others the command post."""
    kinds = [(wanted["lists"][0], suffix, command) for suffix, command in KINDS]
    kinds += [(name, "", "post") for name in wanted["lists"][1:wanted["sample"]]]
    kinds = [(name, suffix, command) for name, suffix, command in kinds if address_of(wanted, name, suffix) in routed]
    tests = [delivery_test(address_of(wanted, name, suffix)) for name, suffix, dummy in kinds]
    results = exim_delivery.run_tests(exim, tests)[0]
    findings = []
    post_is_tainted = any("Tainted" in (result["reason"] or "") for (dummy, suffix, dummy), result in zip(kinds, results) if not suffix)
    for (name, suffix, command), result in zip(kinds, results):
        if result["outcome"] != "delivered":
            findings.append((delivery_fault(result["reason"] or "", suffix, post_is_tainted), "%s: %s" % (result["address"], result["reason"])))
            continue
        delivery = result["deliveries"][0]
        expected = [wanted["wrapper"], command, name]
        # A link to the wrapper is as good.
        real = [os.path.realpath(argument) if number == 0 else argument for number, argument in enumerate(delivery["command"] or [])]
        if real != [os.path.realpath(wanted["wrapper"])] + expected[1:]:
            found = " ".join(delivery["command"] or ["no command"])
            findings.append(("wrong-command", "%s: %s instead of %s" % (result["address"], found, " ".join(expected))))
        elif wanted["mail_groups"] and delivery["group"] not in wanted["mail_groups"]:
            findings.append((
                "wrong-group", "%s: group %s, but the wrapper takes %s" % (result["address"], delivery["group"], " or ".join(wanted["mail_groups"])),
            ))
    report.check("deliveries to Mailman", len(tests), findings)


def delivery_fault(reason, suffix, post_is_tainted):
    """Return the fault behind Exim's reason."""
    if "Tainted" in reason or "tainted" in reason:
        return "tainted-suffix" if suffix and not post_is_tainted else "tainted-arguments"
    if "failed to chdir" in reason and "/:" in reason:
        return "double-colon-path"
    if "there is no program" in reason:
        return "split-home"
    return "not-delivered"


def check_verp(report, exim, wanted, settings):
    """See that Exim puts the subscriber's address into the envelope sender, if it is Exim that does it."""
    verp = [transport for transport in settings["transports"] if "local_part" in (transport["options"].get("return_path") or "")]
    if wanted["verp"] not in (None, "exim") or (wanted["verp"] is None and not verp):
        return
    sender, subscriber = address_of(wanted, wanted["lists"][0], "-bounces"), wanted["subscriber"]
    expected = address_of(wanted, wanted["lists"][0], "-bounces+" + subscriber.replace("@", "="))
    tests = [delivery_test(subscriber, sender=sender, sender_host=client) for client in LOOPBACK]
    findings = []
    found = {}
    for test, result in zip(tests, exim_delivery.run_tests(exim, tests)[0]):
        client = test["sender_host"]
        delivery = result["deliveries"][0]
        found[client] = delivery["return_path"]
        if result["outcome"] != "delivered":
            findings.append(("not-delivered", "%s to %s from %s: %s" % (sender, subscriber, client, result["reason"])))
        elif delivery["return_path"] != expected:
            fault = "ipv4-only-loopback" if client == "::1" and found["127.0.0.1"] == expected else "no-verp"
            how = "leaves from %s through %s" % (delivery["return_path"], delivery["transport"])
            findings.append((fault, "%s to %s from %s: %s" % (sender, subscriber, client, how)))
    for transport in verp:
        name, options = transport["name"], transport["options"]
        if options.get("max_rcpt") != "1":
            findings.append(("verp-in-bulk", "transport %s: max_rcpt = %s" % (name, options.get("max_rcpt"))))
        if re.search(r"\$\{?(local_part|domain)\b(?!:)", options["return_path"]):
            findings.append(("verp-of-alias", "transport %s: return_path = %s" % (name, options["return_path"])))
        if not re.search(r"(?i)(^|:)\s*errors-to\s*(:|$)", options.get("headers_remove") or ""):
            findings.append(("two-errors-to", "transport %s: headers_remove = %s" % (name, options.get("headers_remove") or "")))
        # Exim tells all headers on one line. Others may have the address in them.
        header = re.search(r"Errors-To:((?:(?!\\n).)*)", transport["options"].get("headers_add") or "")
        if header and "local_part" in header.group(1):
            findings.append(("double-errors-to", "transport %s: headers_add = Errors-To:%s" % (transport["name"], header.group(1))))
    report.check("VERP", len(tests), findings)
