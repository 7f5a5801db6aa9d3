# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with Exim's configuration whatever mail comes."""

import os
import re

from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import message_of
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_settings import ask, broken_signatures, read_settings, unknown_transports
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.addresses import address_of

# A server that is down over a night must not cost its subscribers their membership.
SHORTEST_RETRY = 24 * 3600


def check_configuration(report, exim, sender):
    """See that Exim can work with its configuration. Return what it says of itself, or None when it refuses it."""
    status, dummy, err = exim.run("-bV")
    if status != 0:
        message = message_of(err)
        report.check("configuration", 1, [("unknown-acl-verb" if "reject" in message else "configuration", message)])
        return None
    settings = read_settings(exim, ["smtp_accept_queue_per_connection"])
    findings = [("unknown-transport", line) for line in unknown_transports(exim)]
    findings += [("broken-signature", line) for line in broken_signatures(exim, sender)]
    report.check("configuration", len(settings["routers"]), findings)
    return settings


def check_limits(report, settings, wanted):
    """See that Exim does not put list mail aside because too much of it comes in one connection."""
    if wanted["max_sessions"] is None:
        return
    limit = int(settings["options"]["smtp_accept_queue_per_connection"] or 0)
    sessions = wanted["max_sessions"]
    findings = []
    if limit and (sessions == 0 or sessions > limit):
        findings.append((
            "too-many-sessions",
            "SMTP_MAX_SESSIONS_PER_CONNECTION is %s, smtp_accept_queue_per_connection is %d" % (sessions or "0 (no limit)", limit),
        ))
    report.check("limits", 1, findings)


def check_retry(report, exim, wanted):
    """See that list mail waits for a server that is down."""
    sender = address_of(wanted, wanted["lists"][0], "-bounces")
    rule = re.sub(r"^Retry rule: ", "", ask(exim, "-f", sender, "-brt", wanted["subscriber"]).strip())
    seconds = [duration(words[1]) for words in re.findall(r"\b([FGH]),(\w+),", rule)]
    what = "%s to %s: %s" % (sender, wanted["subscriber"], rule or "nothing")
    findings = []
    if not seconds:
        findings.append(("no-retry", what))
    elif max(seconds) < SHORTEST_RETRY:
        findings.append(("short-retry", what))
    report.check("times to try again", 1, findings)


def duration(text):
    """Return the seconds of a time as Exim prints it, such as 4d or 1h30m."""
    units = dict(w=7 * 24 * 3600, d=24 * 3600, h=3600, m=60, s=1)
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([wdhms])", text))


def list_transports(settings):
    """Return the names of the transports that run Mailman's wrapper."""
    return [
        transport["name"]
        for transport in settings["transports"]
        if transport["driver"] == "pipe" and os.path.basename((transport["options"].get("command") or "").split(" ")[0]) == "mailman"
    ]


def check_pipes(report, settings, names):
    """See that the transports to Mailman lose neither bounces nor mail."""
    findings = []
    for transport in settings["transports"]:
        if transport["name"] in names:
            if not transport["options"].get("envelope_to_add"):
                findings.append(("no-envelope-to", "transport %s: no_envelope_to_add" % transport["name"]))
            if transport["options"].get("temp_errors") != "*":
                findings.append(("bounced-failures", "transport %s: temp_errors = %s" % (transport["name"], transport["options"].get("temp_errors"))))
    report.check("transports to Mailman", len(names), findings)
