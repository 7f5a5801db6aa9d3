# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files about domains that the mail server reads for every message.

They lie in a directory that is root's. In one of Mailman's user that user could put a FIFO or a link in their place, and whoever opens
it, the mail server or root, would hang or read and write something else.
"""

import errno
import os
import re
import stat
import tempfile

from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import Untrusted, resolve

# Where a domain stands that is being moved.
STATES = ("arriving", "leaving", "left")
FROZEN_LINE = re.compile(r"([a-z0-9.-]+): (%s)\Z" % "|".join(STATES))

# No file of an earlier release was ever longer.
LONGEST_FORMER = 65536


def read(path):
    """The text of a file and its time; an empty text of the year 1970 when there is no such file."""
    try:
        with open(path, "rb") as handle:
            return handle.read().decode("utf-8", "replace"), os.fstat(handle.fileno()).st_mtime
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise
        return "", 0


def write(path, text, seconds=None):
    """Put a text in the place of a file, readable for everybody, never with a moment in which there is half of it. Its time can be given."""
    handle, candidate = tempfile.mkstemp(prefix=".%s." % os.path.basename(path), dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode("utf-8"))
            os.fchmod(stream.fileno(), 0o644)
        if seconds is not None:
            os.utime(candidate, (seconds, seconds))
        os.rename(candidate, path)
    except BaseException:
        os.unlink(candidate)
        raise


def directory_fault(path):
    """Why a file should not be where it is to be: somebody else than we can write to its directory. Empty when nobody else can."""
    directory = os.path.dirname(path)
    try:
        status = os.stat(resolve(directory))
    except OSError as error:
        return "" if error.errno == errno.ENOENT else "%s: %s" % (directory, error.strerror)
    except Untrusted as error:
        return str(error)
    # Also with the sticky bit: there need be no file yet.
    return "others than root can write to %s (mode %04o)" % (directory, stat.S_IMODE(status.st_mode)) if status.st_mode & 0o022 else ""


def make_directory(path):
    """Make the directory of a file, for us to write to and for everybody to read."""
    directory = os.path.dirname(path)
    if not os.path.isdir(directory):
        os.makedirs(directory, 0o755)
        # Whatever our umask is.
        os.chmod(directory, 0o755)


def read_former(path):
    """The text of a file of ours that an earlier release kept in a directory of Mailman's user, who may have put anything there since."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        status = os.fstat(handle)
        # A second name of it may be that of something else of ours.
        ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and status.st_nlink == 1
        return os.read(handle, LONGEST_FORMER).decode("utf-8", "replace") if ours and status.st_size <= LONGEST_FORMER else ""
    finally:
        os.close(handle)


def parse_frozen(text):
    """The domains whose mail waits, and where each stands."""
    return dict(match.groups() for match in map(FROZEN_LINE.match, text.splitlines()) if match)


def format_frozen(domains):
    """The file as the mail server reads it."""
    return "".join("%s: %s\n" % item for item in sorted(domains.items()))


def frozen_domains(path, former):
    """The domains whose mail waits, and whether that still stands only in the files of an earlier release."""
    if os.path.lexists(path):
        return parse_frozen(read(path)[0]), False
    domains = {}
    for other in former:
        domains.update(parse_frozen(read_former(other)))
    return domains, bool(domains)
