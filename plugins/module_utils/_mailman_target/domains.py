# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which domain each list is in."""

from __future__ import absolute_import, division, print_function

import os
import re

from . import mailman
from .text import plain, readable

# A line of the file that tells the mail server which domain a list is in. A list for which there can be none is in all.
DOMAIN_LINE = re.compile(r"([-+_.=a-z0-9]+): ([a-z0-9.-]+)\Z")


class Domains(object):
    """The file that tells the mail server which domain each list is in, also those that the inventory does not name. It is root's to read and write."""

    def __init__(self, text, seconds):
        self.text, self.time = text, seconds
        # Domain of each list: now, and when the call has done its work.
        self.now, self.then = {}, {}

    def look(self, names):
        """See which domain those lists are in that the call does not name. They are read when they have changed since the file was true."""
        lines = dict(match.groups() for match in map(DOMAIN_LINE.match, self.text.splitlines()) if match)
        for name in set(names) - set(self.now):
            try:
                unchanged = os.stat(os.path.join(mailman.mm_cfg.LIST_DATA_DIR, name, "config.pck")).st_ctime < self.time
                domain = lines[name] if unchanged and name in lines else mailman.MailList.MailList(plain(name), lock=0).host_name
            except (mailman.Errors.MMListError, EnvironmentError, UnicodeError):
                # It may be whole again before anybody writes to it.
                domain = lines.get(name, "")
            self.now[name] = self.then[name] = domain

    def wanted(self):
        """What the file should say."""
        lines = sorted("%s: %s" % (name, readable(domain).lower()) for name, domain in self.then.items())
        return "".join(line + "\n" for line in lines if DOMAIN_LINE.match(line))

    def failed(self, name):
        """A list was left as it was."""
        self.then[name] = self.now.get(name, "")
