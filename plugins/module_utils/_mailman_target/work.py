# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one list needs to be as the request has it."""

from __future__ import absolute_import, division, print_function

import json
import sys

from . import mailman
from .faults import Wrong
from .members import compare_members, member_options
from .passwords import hash_password
from .text import show


def complete(spec):
    """A list that is to be created, with what newlist would choose for what it leaves open."""
    spec = dict(spec)
    spec["language"] = spec["language"] or mailman.mm_cfg.DEFAULT_SERVER_LANGUAGE
    spec["url_host"] = spec["url_host"] or mailman.mm_cfg.DEFAULT_URL_HOST
    spec["email_host"] = spec["email_host"] or mailman.mm_cfg.VIRTUAL_HOSTS.get(spec["url_host"].lower(), mailman.mm_cfg.DEFAULT_EMAIL_HOST)
    return spec


def wanted_attributes(spec, new):
    """What a request says about attributes: (place in the request, attribute, value), in an order in which they can be set."""
    # The language comes first because its charset decides how text is stored.
    for attribute, option in (
        ("preferred_language", "language"),
        ("web_page_url", "url_host"),
        ("host_name", "email_host"),
        ("owner", "owners"),
        ("moderator", "moderators"),
        ("description", "description"),
    ):
        if spec[option] is not None:
            yield option, attribute, spec[option]
    for option in ("initial_settings", "settings"):
        if option == "settings" or new:
            # Mailman allows more variables in the footer of a list that is personalized.
            for name in sorted(spec[option], key=lambda name: (name != "personalize", name)):
                yield "%s.%s" % (option, name), name, spec[option][name]


def set_attributes(attributes, mlist, spec, new, complain):
    """Give a list in memory the attributes of a request and return those that it did not have: {attribute: {before, after}}."""
    changes = {}
    for place, name, value in wanted_attributes(spec, new):
        try:
            if place.startswith(("initial_settings.", "settings.")):
                attributes.check_name(name)
            stored, before = getattr(mlist, name, None), attributes.show(mlist, name)
            attributes.set(mlist, name, value)
        except Wrong:
            complain("%s: %s" % (place, show(value)), sys.exc_info()[1].text)
            continue
        after = attributes.show(mlist, name)
        if new:
            changes[name] = {"before": None, "after": after}
        elif attributes.same(name, before, after):
            # Other line ends or another order: not worth a change.
            setattr(mlist, name, stored)
        else:
            changes[name] = {"before": before, "after": after}
    if changes:
        for complaint in attributes.complaints(mlist):
            complain("settings", complaint)
    return changes


class Work(object):
    """What one list needs, worked out on a copy of it in memory."""

    def __init__(self, attributes, mlist, spec, new, complain):
        self.name, self.new = spec["name"], new
        self.settings = set_attributes(attributes, mlist, spec, new, complain)
        exact = spec["members_mode"] == "exact"
        self.members = ([], [], [])
        if spec["members"] is not None:
            self.members = compare_members(mlist, json.loads(spec["members"]), exact, complain)
        self.password = bool(not new and spec["password"] and spec["update_password"] == "always" and mlist.password != hash_password(spec["password"]))

    def report(self):
        """What is told about the list; None when nothing changes."""
        additions, removals, changes = self.members
        if not (self.new or self.settings or self.password or additions or removals or changes):
            return None
        return {
            "name": self.name,
            "change": "created" if self.new else "changed",
            "password_changed": self.password,
            "settings": self.settings,
            "members": {
                "added": [dict(member_options(entry), address=address) for address, entry in additions],
                "removed": removals,
                "changed": [
                    {"address": key, "options": dict((option, {"before": before, "after": after}) for option, before, after in differing)}
                    for key, differing in changes
                ],
            },
        }


def report_removal(name):
    return {"name": name, "change": "removed"}
