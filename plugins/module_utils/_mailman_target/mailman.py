# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mailman's own modules, as attributes of this one, and what is done to them.

The other files import this one and say mailman.mm_cfg, for mm_cfg is None until Mailman is loaded.
"""

from __future__ import absolute_import, division, print_function

import os
import pwd
import sys

from .faults import Failure
from .text import readable

Defaults = Errors = LockFile = MailList = MemberAdaptor = UserDesc = Utils = i18n = mm_cfg = None

# The settings of Mailman's own and of the build.
ORIGINAL_SETTINGS = {}


def import_from_mailman(name):
    """Import a module of Mailman and make it known in this one under its own name."""
    __import__("Mailman." + name)
    globals()[name] = sys.modules["Mailman." + name]


def find(prefix):
    """Make the Mailman under this prefix the one that is imported, and import its default settings."""
    sys.path.insert(0, os.path.join(prefix, "bin"))
    try:
        __import__("paths")
        import_from_mailman("Defaults")
    except Exception:
        raise Failure("The Mailman at %s cannot be loaded: %s: %s" % (prefix, sys.exc_info()[0].__name__, readable(sys.exc_info()[1])))
    # As text, for mm_cfg.py may add to the lists and mappings in there.
    ORIGINAL_SETTINGS.update((name, repr(value)) for name, value in vars(Defaults).items())


def load_settings():
    """Import the settings in force."""
    try:
        import_from_mailman("mm_cfg")
    except Exception:
        # Whatever an administrator may have written into mm_cfg.py.
        path = os.path.join(os.path.dirname(Defaults.__file__), "mm_cfg.py")
        raise Failure("%s cannot be read by Mailman: %s: %s" % (path, sys.exc_info()[0].__name__, readable(sys.exc_info()[1])))


def load_lists():
    """Import what handles lists; separate because it takes several times as long as the settings."""
    if os.geteuid() != pwd.getpwnam(mm_cfg.MAILMAN_USER).pw_uid:
        raise Failure("Only root and Mailman's user %s may handle lists: run this task as root (become)." % mm_cfg.MAILMAN_USER)
    for name in ("Errors", "LockFile", "MailList", "MemberAdaptor", "UserDesc", "Utils", "i18n"):
        import_from_mailman(name)
    # Mailman's messages become part of ours.
    i18n.set_language("en")


def tie_hands():
    """Make it impossible for Mailman to write to a list or to wait for a lock, and return what undoes that.

    Merely reading a list makes Mailman convert and save it when it comes from an older version, or put a backup in the place of a
    damaged file, and wait for the list's lock without end to do so. Merely initializing one in memory makes directories for archives.
    """

    def archiver_defaults(self):
        self.archive = mm_cfg.DEFAULT_ARCHIVE
        self.archive_private = mm_cfg.DEFAULT_ARCHIVE_PRIVATE
        self.archive_volume_frequency = mm_cfg.DEFAULT_ARCHIVE_VOLUME_FREQUENCY

    stubs = (
        (MailList.Archiver, "InitVars", archiver_defaults),
        (MailList.MailList, "Save", lambda self: None),
        (MailList.MailList, "_MailList__fix_corrupt_pckfile", lambda self, *files: None),
        (LockFile.LockFile, "lock", lambda self, timeout=0: None),
        (LockFile.LockFile, "unlock", lambda self, unconditionally=0: None),
        (MailList.MailList, "Locked", lambda self: True),
    )
    originals = [(owner, name, owner.__dict__[name]) for owner, name, stub in stubs if name in owner.__dict__]
    for owner, name, stub in stubs:
        setattr(owner, name, stub)

    def free_hands():
        for owner, name, original in originals:
            setattr(owner, name, original)

    return free_hands


def new_list(name):
    """A list in memory, with the attributes that a list of this name gets when it is created."""
    mlist = MailList.MailList()
    mlist.InitVars(name)
    mlist.available_languages = [mm_cfg.DEFAULT_SERVER_LANGUAGE]
    mlist.owner = []
    return mlist
