# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Passwords of lists, and that of the site."""

from __future__ import absolute_import, division, print_function

import os

from . import mailman
from .faults import Wrong
from .text import plain


def hash_password(password):
    return mailman.Utils.sha_new(plain(password)).hexdigest()


def check_password(password):
    """Passwords are typed into web pages of any charset, and Mailman cuts blanks off."""
    try:
        plain(password)
    except UnicodeError:
        raise Wrong("must have ASCII characters only")
    if not password or password != password.strip():
        raise Wrong("must not be empty, nor begin or end with blanks")


def write_whole(path, text, mode):
    """Write a file, never with a moment in which there is half of it."""
    candidate = "%s.%d" % (path, os.getpid())
    try:
        descriptor = os.open(candidate, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        os.rename(candidate, path)
    except BaseException:
        if os.path.exists(candidate):
            os.unlink(candidate)
        raise


def write_site_password(password):
    """What mmsitepass does."""
    # Readable for the web server's processes, which have Mailman's group.
    write_whole(mailman.mm_cfg.SITE_PW_FILE, hash_password(password) + "\n", 0o640)
