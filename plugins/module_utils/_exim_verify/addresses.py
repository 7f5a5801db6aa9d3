# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists of a host, and the addresses that they have."""

import os

from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import EximError
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target.known import SUFFIXES, SUFFIXES_WITH_MORE

# Some of what may follow a + there.
MORE = {
    # The last two have characters that a subscriber's address may have, and that a configuration likes to refuse.
    "bounces": ("someone=example.org", "some!one=example.org", "some/one=example.org"),
    "confirm": ("0123456789abcdef",),
}
# What addresses of a list have after its name, and the command of Mailman's wrapper that they should run.
KINDS = (("", "post"),) + tuple(
    (kind, suffix) for suffix in SUFFIXES for kind in ["-" + suffix] + ["-%s+%s" % (suffix, more) for more in MORE.get(suffix, ())]
)
# Addresses that never send mail cannot cause bounces. The others get them for good reasons.
BOUNCED_TO = tuple(suffix for suffix, command in KINDS if command in SUFFIXES_WITH_MORE)


def lists_of(directory):
    """Return the names of the lists in Mailman's directory, those first whose names do not end in a suffix, without the site list."""
    try:
        names = sorted(os.listdir(directory))
    except OSError as error:
        raise EximError("lists_dir: %s cannot be read: %s." % (directory, error.strerror)) from None
    names = [name for name in names if name != "mailman" and os.path.exists(os.path.join(directory, name, "config.pck"))]
    if not names:
        raise EximError("lists_dir: there is no list in %s. Name the directory of Mailman's lists, or make a list first." % directory)
    return sorted(names, key=lambda name: has_suffix(name, [name]))


def domains_of(path):
    """Return the domain of each list that the file of module mailman_lists names."""
    if not path:
        return {}
    try:
        with open(path, encoding="ascii") as lines:
            return dict(line.rstrip("\n").split(": ") for line in lines)
    except (OSError, ValueError) as error:
        raise EximError("domains_file: %s cannot be read: %s." % (path, error)) from None


def address_of(wanted, name, suffix=""):
    """Return an address of a list in its own domain."""
    return "%s%s@%s" % (name, suffix, wanted["domains"].get(name, wanted["domain"]))


def has_suffix(local_part, lists):
    """Say whether this is the name of a list, or an address of a list, whose name ends in a suffix."""
    return any(name.endswith(tuple("-" + suffix for suffix in SUFFIXES)) and local_part.startswith(name) for name in lists)
