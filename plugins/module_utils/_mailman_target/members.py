# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Members of a list."""

from __future__ import absolute_import, division, print_function

import sys

from . import mailman
from .faults import Wrong
from .known import MEMBER_BITS, MEMBER_KEYS, MEMBER_SWITCHES, NAME_AND_ADDRESS
from .text import UNICODE, plain, readable, show
from .values import show_text


def check_member(entry):
    """An entry of members in its long form; Wrong when it is malformed."""
    if isinstance(entry, UNICODE):
        match = NAME_AND_ADDRESS.match(entry)
        entry = {"name": match.group(1), "address": match.group(2)} if match else {"address": entry}
    if not isinstance(entry, dict) or not isinstance(entry.get("address"), UNICODE):
        raise Wrong("must be an address, or a mapping with the key address")
    for key, value in entry.items():
        if key in MEMBER_SWITCHES:
            if not isinstance(value, bool):
                raise Wrong("%s: must be true or false" % key)
        elif key == "name":
            if not isinstance(value, UNICODE) or "\n" in value:
                raise Wrong("name: must be a single line of text")
        elif key == "language":
            if value not in mailman.mm_cfg.LC_DESCRIPTIONS:
                raise Wrong("language: must be one of %s" % ", ".join(sorted(mailman.mm_cfg.LC_DESCRIPTIONS)))
        elif key == "state":
            if value not in ("present", "absent"):
                raise Wrong("state: must be present or absent")
        elif key not in MEMBER_KEYS:
            raise Wrong("%s: is no option of a member; those are %s" % (key, ", ".join(sorted(MEMBER_KEYS))))
    return entry


def check_address(mlist, address):
    """The address of somebody who is to become a member, as Mailman stores it."""
    try:
        address = mailman.Utils.LCDomain(plain(address))
        mailman.Utils.ValidateEmail(address)
    except (mailman.Errors.EmailAddressError, UnicodeError):
        raise Wrong("is no address that Mailman accepts")
    if address.lower() == mlist.GetListEmail().lower():
        raise Wrong("is the list's own address")
    pattern = mlist.GetBannedPattern(address)
    if pattern:
        raise Wrong("is banned by %s in the list's ban_list or in GLOBAL_BAN_LIST" % show(readable(pattern)))
    return address


def default_digest(mlist):
    """Whether a member who says nothing gets digests, as in the web interface."""
    return bool(mlist.digestable and (mlist.digest_is_default or not mlist.nondigestable))


def check_delivery(mlist, digest):
    if digest and not mlist.digestable:
        raise Wrong("digest: the list has no digests (its attribute digestable is off)")
    if not digest and not mlist.nondigestable:
        raise Wrong("digest: the list has only digests (its attribute nondigestable is off)")


def show_member_option(mlist, key, option):
    """What a member's option is now."""
    if option == "name":
        return show_text(mlist, mlist.getMemberName(key) or "")
    if option == "language":
        return readable(mlist.getMemberLanguage(key))
    if option == "nomail":
        return mlist.getDeliveryStatus(key) != mailman.MemberAdaptor.ENABLED
    bit = mailman.mm_cfg.Digests if option == "digest" else getattr(mailman.mm_cfg, MEMBER_BITS[option])
    return bool(mlist.getMemberOption(key, bit))


def set_member_option(mlist, key, option, value):
    if option == "name":
        try:
            value = plain(value)
        except UnicodeError:
            # As the web interface does: names with other characters are the one text that Mailman keeps decoded.
            pass
        mlist.setMemberName(key, value)
    elif option == "language":
        mlist.setMemberLanguage(key, plain(value))
    elif option == "nomail":
        mlist.setDeliveryStatus(key, value and mailman.MemberAdaptor.BYADMIN or mailman.MemberAdaptor.ENABLED)
    elif option == "digest":
        mlist.setMemberOption(key, mailman.mm_cfg.Digests, value)
    else:
        mlist.setMemberOption(key, getattr(mailman.mm_cfg, MEMBER_BITS[option]), value)


def member_options(entry):
    """The options that an entry states, in an order that does not change."""
    return [(option, entry[option]) for option in sorted(entry) if option not in ("address", "state")]


def compare_members(mlist, entries, exact, complain):
    """What must be done for a list to have these members: additions (address, entry), removals (key), changes (key, options).

    complain is called with the place and the text of every fault.
    """
    current = set(mlist.getMembers())
    languages = mlist.GetAvailableLanguages()
    additions, removals, changes, seen = [], [], [], set()
    for number, given in enumerate(entries):
        try:
            entry = check_member(given)
            key = entry["address"].lower()
            if key in seen:
                raise Wrong("is there more than once")
            seen.add(key)
            if entry.get("state") == "absent":
                if key in current:
                    removals.append(plain(key))
                continue
            if "language" in entry and entry["language"] not in languages:
                raise Wrong("language: the list has only %s: add it to the list's available_languages" % ", ".join(languages))
            if key not in current:
                address = check_address(mlist, entry["address"])
                check_delivery(mlist, entry.get("digest", default_digest(mlist)))
                additions.append((address, entry))
            elif len(entry) > 1:
                differing = [
                    (option, show_member_option(mlist, key, option), value)
                    for option, value in member_options(entry)
                    if show_member_option(mlist, key, option) != value
                ]
                for option, _before, value in differing:
                    if option == "digest":
                        check_delivery(mlist, value)
                if differing:
                    changes.append((plain(key), differing))
        except Wrong:
            complain("members[%d]: %s" % (number, show(given)), sys.exc_info()[1].text)
    if exact:
        removals.extend(sorted(current - seen))
    return additions, removals, changes


def change_members(mlist, additions, removals, changes):
    """Do what compare_members found, without a word to anybody but Mailman's own log."""
    # Mailman asserts before every single step that it holds the list's lock, which takes four system calls and is most of the work
    # when there are many members. Saving checks it once more.
    locked = mailman.MailList.MailList.Locked
    mailman.MailList.MailList.Locked = lambda self: True
    try:
        for key in removals:
            mlist.ApprovedDeleteMember(key, "Ansible", 0, 0)
        for address, entry in additions:
            add_member(mlist, address, entry)
        for key, differing in changes:
            for option, _before, value in differing:
                set_member_option(mlist, key, option, value)
    finally:
        mailman.MailList.MailList.Locked = locked


def add_member(mlist, address, entry):
    # Mailman would draw two random passwords for each member if it were not given one.
    person = mailman.UserDesc.UserDesc(address, password=mailman.Utils.MakeRandomPassword())
    person.digest = entry.get("digest", default_digest(mlist))
    mlist.ApprovedAddMember(person, 0, 0, "", "Ansible")
    for option, value in member_options(entry):
        if option != "digest":
            set_member_option(mlist, address.lower(), option, value)
