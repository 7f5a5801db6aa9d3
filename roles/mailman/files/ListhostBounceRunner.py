# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mailman's queue runner for bounces, which takes nobody off a list who did nothing wrong.

Role mailman of the Ansible collection listhost.exim_mailman keeps this file here. It is not Mailman's, and a new Mailman leaves it alone. mm_cfg.py names it in
QRUNNERS in the place of BounceRunner. It runs as Mailman's user in Mailman's Python, and differs from BounceRunner in two things:

- A bounce about policy or content (status 5.7.x) says nothing about the member's address. It is logged and not scored.
- On one day delivery is disabled for a part of a list's members at most (LISTHOST_MAX_DISABLED_PERCENT of mm_cfg.py).

module_utils/_mailman_target/bounces.py of the collection reads what this file logs.
"""

import email
import re
import time
from types import MethodType

from Mailman import MemberAdaptor, mm_cfg
from Mailman.Logging.Syslog import syslog
from Mailman.Queue.BounceRunner import BounceRunner

# So many members may lose delivery on one day, however short the list is.
FEW = 3

# An enhanced status code (RFC 3463), and no part of an IP address.
CODE = re.compile(r"(?<![\d.])[45]\.([0-7])\.\d{1,3}(?!\.?\d)")
POLICY = "7"

HEADERS_ONLY = ("text/rfc822-headers", "message/rfc822-headers")


def parts(msg):
    """The parts of a bounce; the message that it is about is one part."""
    if msg.get_content_maintype() != "multipart" or not msg.is_multipart():
        return [msg]
    found = []
    for part in msg.get_payload():
        found.extend(parts(part))
    return found


def recipients(block):
    """The addresses that a block of a delivery status notification is about."""
    values = [block.get(name) or "" for name in ("Final-Recipient", "Original-Recipient")]
    return [value.split(";")[-1].strip().strip("<>").lower() for value in values if value]


def failures(msg):
    """The blocks of a delivery status notification (RFC 3464) about recipients who did not get the message."""
    found = []
    for part in parts(msg):
        if part.get_content_type() == "message/delivery-status" and part.is_multipart():
            found.extend([block for block in part.get_payload() if recipients(block) and (block.get("Action") or "fail").strip().lower().startswith("fail")])
    return found


def code_of(block):
    """The enhanced status code of a block as a match, or None. What the receiver said counts first: Exim's own Status is always 5.0.0."""
    return CODE.search(block.get("Diagnostic-Code") or "") or CODE.search(block.get("Status") or "")


def clean(text):
    """A word as it may be logged."""
    return re.sub(r"[^\w.@+=!#$%&'*/?^`{|}~-]", "?", text)[:200] or "-"


def receiver_of(block, address):
    """The host that refused the message, or else the member's domain."""
    names = (block.get("Remote-MTA") or "").split(";")[-1].split()
    return names and names[0] or address.split("@")[-1]


def sender_of(msg):
    """Who wrote the message that came back."""
    for part in parts(msg):
        returned = None
        if part.get_content_type() == "message/rfc822" and part.is_multipart():
            returned = part.get_payload()[0]
        elif part.get_content_type() in HEADERS_ONLY and not part.is_multipart():
            returned = email.message_from_string(part.get_payload())
        if returned is not None:
            return re.sub(r".*<([^<>]*)>.*", r"\1", " ".join((returned.get("From") or "").split()))
    return ""


def policy_of(msg, address):
    """Who refused a message to this address for policy or content, and with which code; None when the bounce is about something else."""
    blocks = failures(msg)
    # A member who has mail forwarded is not named.
    blocks = [block for block in blocks if address.lower() in recipients(block)] or blocks
    codes = [code_of(block) for block in blocks]
    if not codes or [code for code in codes if code is None or code.group(1) != POLICY]:
        return None
    return codes[0].group(), receiver_of(blocks[0], address)


def spare(listname, msg, address):
    """Whether a bounce is about policy or content. Then it is logged."""
    found = policy_of(msg, address)
    if found is None:
        return False
    syslog("bounce", "%s: %s not scored: %s from %s about mail of %s", listname, clean(address), found[0], clean(found[1]), clean(sender_of(msg)))
    return True


def disabled_on(mlist, today):
    """How many members lost delivery on a day by bounces."""
    members = mlist.getDeliveryStatusMembers((MemberAdaptor.BYBOUNCE,))
    return len([member for member in members if time.localtime(mlist.getDeliveryStatusChangeTime(member))[:3] == today])


class ListhostBounceRunner(BounceRunner):
    def __init__(self, slice=None, numslices=1):
        BounceRunner.__init__(self, slice, numslices)
        # The message in hand; and for each list a day, and how many members lost delivery on it.
        self._bounce = None
        self._disabled = {}

    def _dispose(self, mlist, msg, msgdata):
        self._bounce = msg
        return BounceRunner._dispose(self, mlist, msg, msgdata)

    def _queue_bounces(self, listname, addrs, msg):
        addrs = [address for address in addrs if not spare(listname, msg, address)]
        if addrs:
            BounceRunner._queue_bounces(self, listname, addrs, msg)

    def _probe_bounce(self, mlist, token):
        pended = mlist.pend_confirm(token, expunge=False)
        if not (pended and spare(mlist.internal_name(), self._bounce, pended[1])):
            BounceRunner._probe_bounce(self, mlist, token)

    def _open_list(self, listname):
        mlist = BounceRunner._open_list(self, listname)
        if mlist is not None:
            self._guard(mlist)
        return mlist

    def _guard(self, mlist):
        """Give a list a method of its own, as its extend.py could. Mailman does not save methods."""
        disable = mlist.disableBouncingMember
        before = []

        def disable_some(mlist, member, info, msg):
            today, name = time.localtime()[:3], mlist.internal_name()
            # The list knows what an earlier runner did, and this one those whom Mailman has removed at once.
            if not before:
                before.append(disabled_on(mlist, today))
            day, count = self._disabled.get(name, (today, 0))
            count = max(before[0], day == today and count or 0)
            members = len(mlist.getMembers())
            if count >= max(FEW, members * mm_cfg.LISTHOST_MAX_DISABLED_PERCENT // 100):
                syslog("bounce", "%s: %s stays enabled: %s of %s members were disabled today", name, clean(member), count, members)
                return
            self._disabled[name] = (today, count + 1)
            disable(member, info, msg)

        mlist.disableBouncingMember = MethodType(disable_some, mlist)
