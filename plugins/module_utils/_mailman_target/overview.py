# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What module mailman_info tells of each list."""

from __future__ import absolute_import, division, print_function

import sys

from . import mailman
from .attributes import Attributes
from .text import readable


def gather_lists():
    """Every list with its counts and with the attributes that a new list of its name would not have."""
    mailman.load_lists()
    mailman.tie_hands()
    attributes = Attributes()
    found = []
    for name in sorted(mailman.Utils.list_names()):
        try:
            mlist = mailman.MailList.MailList(name, lock=0)
            waiting = [len(ids) for ids in (mlist.GetHeldMessageIds(), mlist.GetSubscriptionIds(), mlist.GetUnsubscriptionIds())]
        except (mailman.Errors.MMListError, EnvironmentError):
            # Still listed: it exists, and somebody has to restore it.
            found.append({"name": name, "error": readable(sys.exc_info()[1]) or sys.exc_info()[0].__name__})
            continue
        model = mailman.new_list(name)
        settings = {}
        for attribute in attributes.known:
            if hasattr(mlist, attribute):
                value = attributes.show(mlist, attribute)
                if value != attributes.show(model, attribute):
                    settings[attribute] = value
        found.append(
            {
                "name": name,
                "address": readable(mlist.GetListEmail()),
                "members": len(mlist.getRegularMemberKeys()),
                "digest_members": len(mlist.getDigestMemberKeys()),
                "disabled_members": len(mlist.getDeliveryStatusMembers()),
                "held_messages": waiting[0],
                "held_subscriptions": waiting[1],
                "held_unsubscriptions": waiting[2],
                "settings": settings,
            }
        )
    return found
