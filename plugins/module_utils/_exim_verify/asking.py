# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests in which nothing in particular is expected, and what Exim's answers mean."""

from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_address as exim_address
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_delivery as exim_delivery
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_smtp as exim_smtp

# Addresses of no host in the world (RFC 5737, RFC 3849).
STRANGERS = ("192.0.2.1", "2001:db8::1")
LOOPBACK = ("127.0.0.1", "::1")
REPLY_TIMEOUT = 60


def address_test(address, **values):
    """Return an address test, with what is not given as the module has it by default."""
    test = dict((name, None) for name in exim_address.TEST_ARGUMENTS)
    test.update(address=address, outcome="routed", **values)
    return test


def describe(result):
    """Say in one line what became of an address."""
    if result["outcome"] == "routed":
        return "routed to " + ", ".join(sorted(set(route["transport"] or "none" for route in result["routes"])))
    return result["outcome"] + (": " + result["reason"] if result["reason"] else "")


def denied(text):
    """Return the fault of a directory that Exim's own user cannot use, if that is what the text is about."""
    return "unreadable-lists" if "Permission denied" in (text or "") else None


def delivery_test(address, **values):
    """Return a delivery test, with what is not given as the module has it by default."""
    test = dict((name, None) for name in exim_delivery.TEST_ARGUMENTS)
    test.update(address=address, outcome="delivered", **values)
    return test


def dialogue(client, sender, recipients, callouts=False):
    """Return an SMTP dialogue in which nothing in particular is expected."""
    given = dict(name=None, client=client, callouts=callouts, helo=None, sender=sender, data=None, expect=None)
    given["recipients"] = [dict(address=address, code=None, text=None) for address in recipients]
    exim_smtp.check_dialogue("dialogue", given)
    return given


def replies(exim, client, sender, recipients, callouts=False):
    """Return the reply to each recipient; for those that the dialogue does not reach, the reply that ended it."""
    result = exim_smtp.run_dialogue(exim, "dialogue", dialogue(client, sender, recipients, callouts), REPLY_TIMEOUT)[0]
    steps = [step for step in result["steps"] if step["step"] == "recipient"]
    steps += [result["steps"][-1]] * (len(recipients) - len(steps))
    return list(zip(recipients, steps))


def reply_text(step):
    """Return a reply in one line."""
    return " ".join(word for word in (step["code"], step["text"].replace("\n", " ")) if word)


def accepted(step):
    """Say whether the reply is an acceptance of a recipient."""
    return step["step"] == "recipient" and (step["code"] or "").startswith("2")
