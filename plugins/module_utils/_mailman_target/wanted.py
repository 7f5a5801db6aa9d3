# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which lists of an archive are wanted here, under which names, and why they cannot come."""

from __future__ import absolute_import, division, print_function

import os
import sys

from . import mailman
from .exporting import Export
from .faults import Failure, Wrong
from .names import check_host, check_name
from .pickles import PROGRAM
from .places import ADDED, ARCHIVES, HELD, TREES, Queued, find_held, held_name, tree
from .staging import has_arrived
from .text import plain, readable


class Wanted(object):
    """A list that is to come out of the archive, and what has come of it."""

    def __init__(self, source, name, email_host, url_host):
        # Its name in the archive, and here.
        self.source, self.name = source, name
        self.email_host, self.url_host = email_host, url_host
        self.facts = None
        # Of each file its size and the sum of it.
        self.files = {}
        self.manifest_sum = ""
        # Whether it has a program of its own.
        self.program = False

    def translate(self, part, path):
        """A path below a part of the list as it is to be here: some files have the list's name, and what Mailman would run gets a name that it does not."""
        if (part, path) == ("list", PROGRAM):
            return PROGRAM + ".arrived"
        if self.source != self.name and path:
            if part in ("mbox", ADDED) and path == self.source + ".mbox":
                return self.name + ".mbox"
            if part == HELD:
                return "heldmsg-%s-%s.%s" % ((self.name,) + held_name(self.source).match(path).groups())
        return path


class Existing(object):
    """What is to become of lists that are here already: the choice of the request, and the lists that were exported before, each with its state then."""

    def __init__(self, choice, exported):
        self.choice, self.exported = choice, exported

    def covers(self, name):
        """Whether a list here may be replaced. One that was made after the export of the others is none of those."""
        return self.choice == "replace_copy" or (self.choice == "replace" and (self.exported is None or readable(name) in self.exported))

    def check(self, names, patience):
        """Raise Failure when one of the lists that are to be replaced has changed since it was exported."""
        queued = Queued()
        changed = [name for name in names if self.exported is not None and Export(name, patience, queued).survey()["state"] != self.exported[readable(name)]]
        if changed:
            raise Failure(
                "There was mail for %s, or another change, after it was exported. Nothing was replaced. Run again; if that happens again, stop the queue "
                "runners before (mailmanctl stop)." % ", ".join(changed)
            )


class Plan(object):
    """Which lists of the archive come here under which names, and why they cannot."""

    def __init__(self, archive, there, asked, site_list, existing):
        self.wanted, self.unchanged, self.replaced, self.faults = {}, [], [], []
        self.existing = existing
        if asked is None:
            names = [name for name in there if not (name == site_list and self.exists(name))]
            asked = [{"name": name, "new_name": None, "email_host": None, "url_host": None} for name in names]
        for one in asked:
            self.add(archive, there, one)
        self.compare_names()

    def exists(self, name):
        return mailman.Utils.list_exists(plain(name))

    def add(self, archive, there, one):
        name = one["new_name"] or one["name"]
        try:
            check_name(name)
            for host in (one["email_host"], one["url_host"]):
                if host is not None:
                    check_host(host)
            source, name = plain(one["name"]), plain(name)
        except (Wrong, UnicodeError):
            self.faults.append("The list %s cannot be called %s here, in the domain %s: %s." % (
                one["name"], name, one["email_host"] or "that it has", getattr(sys.exc_info()[1], "text", "that is no name")))  # fmt: skip
            return
        if source not in there:
            self.faults.append("The archive has no list %s. It has %s." % (source, ", ".join(there) or "none"))
        elif source in self.wanted:
            self.faults.append("The list %s is asked for twice." % source)
        elif self.exists(name) and has_arrived(name, archive):
            self.unchanged.append(name)
        else:
            self.wanted[source] = Wanted(source, name, one["email_host"], one["url_host"])

    def compare_names(self):
        places = {}
        for wanted in sorted(self.wanted.values(), key=lambda one: one.source):
            if self.exists(wanted.name) and self.existing.covers(wanted.name):
                self.replaced.append(wanted.name)
            elif self.exists(wanted.name):
                self.faults.append("There is a list %s here already. Give the one in the archive another name, or remove this one." % wanted.name)
                continue
            left = [tree(wanted.name, part) for part in TREES] + [os.path.join(mailman.mm_cfg.DATA_DIR, entry) for entry in find_held(wanted.name)]
            for path in left if wanted.name not in self.replaced else ():
                if os.path.lexists(path) and (not os.path.isdir(path) or os.listdir(path)):
                    self.faults.append("A former list %s has left %s. Move it away, or remove it." % (wanted.name, readable(path)))
            for part in ARCHIVES:
                place = tree(wanted.name, part)
                if place in places:
                    self.faults.append("The lists %s and %s would have the same name or the same archives here: give one of them another name." % (
                        places[place], wanted.source))  # fmt: skip
                    break
                places[place] = wanted.source
