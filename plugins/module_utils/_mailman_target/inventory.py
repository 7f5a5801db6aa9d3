# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Existing lists as module mailman_lists takes them: what a request has to say of each, and nothing that it would change."""

from __future__ import absolute_import, division, print_function

import json
import sys

from . import mailman
from .attributes import Attributes, web_page_url
from .faults import Stopped
from .known import MEMBER_BITS, NAME_AND_ADDRESS, OPTION_OF
from .lists import UNCHANGED, url_host
from .members import default_digest, show_member_option
from .text import readable
from .work import set_attributes


def gather_inventory():
    """Every list with what distinguishes it from one that would be created now, and with its members."""
    mailman.load_lists()
    mailman.tie_hands()
    attributes = Attributes()
    return [describe_list(attributes, name) for name in sorted(mailman.Utils.list_names())]


def describe_list(attributes, name):
    """One list: its options, and in left_out what it has that no request can say."""
    try:
        mlist = mailman.MailList.MailList(name, lock=0)
        left_out = []
        described = dict(describe_attributes(attributes, mlist, mailman.new_list(name), left_out), name=readable(name))
        described["members"] = list(describe_members(mlist, left_out))
        described["left_out"] = left_out
        return described
    except Stopped:
        raise
    except Exception:
        # Whatever is in its config.pck: somebody has to restore it.
        return {"name": readable(name), "error": readable(sys.exc_info()[1]) or sys.exc_info()[0].__name__}


def describe_attributes(attributes, mlist, model, left_out):
    """The attributes in which a list differs from a new one, by the options of a request."""
    described = {"settings": {}}
    for name in sorted(attributes.known):
        if not hasattr(mlist, name) or name == "password":
            continue
        value = attributes.show(mlist, name)
        # A list without owners is refused, whoever the model's are.
        if value == attributes.show(model, name) and name != "owner":
            continue
        option = OPTION_OF.get(name)
        if name == "web_page_url":
            value = url_host(mlist)
        why = refused(attributes, mlist, option, name, value)
        if why:
            left_out.append("%s: %s" % (option or "settings.%s" % name, why))
        elif option:
            described[option] = value
        else:
            described["settings"][name] = value
    return described


def refused(attributes, mlist, option, name, value):
    """Why module mailman_lists would not take a value, or would make another of it; empty when it would leave the list as it is."""
    if name == "web_page_url" and (value is None or mlist.web_page_url != web_page_url(value)):
        return "%s is of another form than DEFAULT_URL_PATTERN's" % readable(mlist.web_page_url)
    if name == "owner" and not value:
        return "the list has none"
    spec = dict(UNCHANGED, name=readable(mlist.internal_name()), url_host=None)
    # As it would be in a request.
    value = json.loads(json.dumps(value))
    if option:
        spec[option] = value
    else:
        spec["settings"] = {name: value}
    faults = []
    changes = set_attributes(attributes, mlist, spec, False, lambda place, text: faults.append(text))
    return "; ".join(faults) or ("what would be set is another value" if changes else "")


def describe_members(mlist, left_out):
    """A list's members, each with the options that a new member would not have."""
    usual = {
        "digest": default_digest(mlist),
        "language": readable(mlist.preferred_language),
        "moderated": bool(mlist.default_member_moderation),
        "name": "",
        "nomail": False,
        "plain": not mlist.mime_is_default_digest,
    }
    for option in set(MEMBER_BITS) - set(usual):
        usual[option] = bool(mlist.new_member_options & getattr(mailman.mm_cfg, MEMBER_BITS[option]))
    for key in sorted(mlist.getMembers()):
        address = mlist.getMemberCPAddress(key)
        try:
            mailman.Utils.ValidateEmail(address)
        except mailman.Errors.EmailAddressError:
            left_out.append("members: %s is no address that Mailman takes today" % readable(address))
            continue
        entry = {"address": readable(address)}
        for option in sorted(usual):
            value = show_member_option(mlist, key, option)
            if value != usual[option]:
                entry[option] = value
        # That is no wish of anybody's, and ends when the address works again.
        if mlist.getDeliveryStatus(key) == mailman.MemberAdaptor.BYBOUNCE:
            entry.pop("nomail", None)
        yield shorten(entry)


def shorten(entry):
    """A member as text, where that says all."""
    if set(entry) == set(["address"]):
        return entry["address"]
    if set(entry) == set(["address", "name"]):
        text = "%s <%s>" % (entry["name"], entry["address"])
        match = NAME_AND_ADDRESS.match(text)
        if match and match.groups() == (entry["name"], entry["address"]):
            return text
    return entry
