# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take one member off one list, in Mailman's own Python and as Mailman's user.

one_click.py, which has seen that the link is good, runs this program. Argument: Mailman's prefix. Standard input: the list's address and the member's, a line
each. It prints one word for what has become of it.
"""

from __future__ import print_function

import os
import sys

# How long, in seconds, to wait for somebody else who works with the list.
PATIENCE = 15


def remove(address, member):
    """Return removed, no-member, no-list, closed or busy."""
    from Mailman import Errors, LockFile, MailList

    try:
        mlist = MailList.MailList(address.split("@")[0].lower(), lock=0)
        # One that has moved to another domain is not the list that the link is about.
        if mlist.GetListEmail().lower() != address.lower():
            return "no-list"
        mlist.Lock(PATIENCE)
    except Errors.MMUnknownListError:
        return "no-list"
    except LockFile.TimeOutError:
        return "busy"
    try:
        if mlist.unsubscribe_policy:
            return "closed"
        if not mlist.isMember(member):
            return "no-member"
        # Whether it says goodbye, and tells the owners, are the list's own settings.
        mlist.ApprovedDeleteMember(member, "one-click unsubscription")
        mlist.Save()
    finally:
        mlist.Unlock()
    return "removed"


def main():
    # Mailman's files are its group's to write.
    os.umask(2)
    sys.path.insert(0, os.path.join(sys.argv[1], "bin"))
    __import__("paths")
    address, member = sys.stdin.read().splitlines()
    print(remove(address, member))


if __name__ == "__main__":
    main()
