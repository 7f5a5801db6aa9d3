# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of lists, and of their hosts."""

from __future__ import absolute_import, division, print_function

import re
import sys

from . import mailman
from .faults import Wrong
from .known import AMBIGUOUS_NAME, SUFFIX
from .text import plain, show

# The longest local part of an address (RFC 5321).
LONGEST_NAME = 64


def check_name(name):
    if name != name.lower():
        raise Wrong("must be in lower case; for capitals set real_name under settings")
    if re.sub(mailman.mm_cfg.ACCEPTABLE_LISTNAME_CHARACTERS, "", name) or not name or name[0] in ".-":
        raise Wrong("is no name that Mailman accepts: use letters, digits, and - _ . + inside")
    if len(name) > LONGEST_NAME:
        raise Wrong("is longer than %d characters" % LONGEST_NAME)


def check_host(host):
    try:
        mailman.Utils.ValidateEmail("user@" + plain(host))
    except (mailman.Errors.EmailAddressError, UnicodeError):
        raise Wrong("is no domain name")


def check_names(specs, existing, purge, complain, warn):
    """Complain about names that Mailman refuses, that are there twice, or that mail would not reach."""
    seen = set()
    for number, spec in enumerate(specs):
        try:
            check_name(spec["name"])
            if spec["name"] in seen:
                raise Wrong("is there more than once")
            if spec["state"] == "absent" and spec["name"] == mailman.mm_cfg.MAILMAN_SITE_LIST:
                raise Wrong("is the site list, without which Mailman does not run: it cannot be absent")
        except Wrong:
            complain(number, "name: " + show(spec["name"]), sys.exc_info()[1].text)
        seen.add(spec["name"])
    numbers = dict((spec["name"], number) for number, spec in enumerate(specs) if spec["state"] == "present")
    future = set(numbers)
    if not purge:
        future |= existing - seen
    for name in sorted(future):
        match = SUFFIX.match(name)
        if not match or match.group(1) not in future:
            continue
        shadow = "mail to %s@ goes to the list %s, as %s-%s@ is one of its addresses" % (name, match.group(1), match.group(1), match.group(2))
        new = [one for one in (name, match.group(1)) if one in numbers and one not in existing]
        if new:
            complain(numbers[new[0]], "name: " + show(new[0]), shadow + ": rename one of them")
        else:
            warn("%s: rename one of them" % shadow)
    for name in sorted(future):
        match = AMBIGUOUS_NAME.match(name)
        if match:
            lost = "what comes to its addresses, bounces too, is taken for mail to the list %s" % match.group(1)
            if name in numbers and name not in existing:
                complain(numbers[name], "name: " + show(name), "%s: choose a name without %s" % (lost, match.group(2)))
            else:
                warn("%s: %s: give it a name without %s" % (name, lost, match.group(2)))
