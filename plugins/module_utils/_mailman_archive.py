# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files in which lists travel, as root opens them: Mailman's user gets them open, and need not see where they are."""

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import stat

from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import TargetError
from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import Untrusted, resolve

CHUNK = 1 << 20
CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}\Z")


@contextlib.contextmanager
def new_archive(dest, option="dest"):
    """A file that is to become dest. keep() makes it that; else nothing is left of it."""
    place = find_place(dest, option)
    part = place + ".part"
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as e:
        raise TargetError("%s: %s cannot be written: %s." % (option, part, e.strerror)) from e
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_nlink != 1:
            raise TargetError("%s: %s is there, and is no file that this module has left. Remove it." % (option, part))
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            raise TargetError("%s: another process writes %s: run again when it has ended." % (option, part)) from e
        # What an earlier call that was killed has left.
        os.ftruncate(handle, 0)
        os.fchmod(handle, 0o600)
        try:
            yield handle, lambda: os.rename(part, place)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)
    finally:
        os.close(handle)


def find_place(dest, option="dest"):
    """Where dest is, without links. Raise TargetError when others can change that, or what is there is no file."""
    if not os.path.isabs(dest):
        raise TargetError("%s: %s is not absolute." % (option, dest))
    directory, name = os.path.split(os.path.normpath(dest))
    try:
        directory = resolve(directory)
    except Untrusted as e:
        raise TargetError(
            "%s: others can change what is in %s: %s. The archive has passwords in it: name a directory of root's." % (option, directory, e)
        ) from e
    if not os.path.isdir(directory):
        raise TargetError("%s: there is no directory %s. Make it first." % (option, directory))
    place = os.path.join(directory, name)
    if os.path.lexists(place) and not (os.path.isfile(place) and not os.path.islink(place)):
        raise TargetError("%s: %s is there, and is no file." % (option, place))
    return place


@contextlib.contextmanager
def existing_archive(src, checksum):
    """A file that is there, open, when nobody but root can change it, and it has this checksum or none is asked for.

    Mailman's user gets it open. So nobody may choose which file that is, or write it after its sum was taken.
    """
    if checksum and not CHECKSUM.match(checksum):
        raise TargetError("checksum: must be sha256: and 64 digits, as module mailman_export returns it.")
    if not os.path.isabs(src):
        raise TargetError("src: %s is not absolute." % src)
    try:
        place = resolve(src)
    except Untrusted as e:
        raise TargetError(
            "src: others can change %s: %s. Who writes an archive decides what its lists are: see where it is from, and copy it to a directory of "
            "root's." % (src, e)
        ) from e
    try:
        handle = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as e:
        raise TargetError("src: %s cannot be read: %s." % (src, os.strerror(e.errno or errno.EIO))) from e
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise TargetError("src: %s is no file." % src)
        if checksum:
            found = checksum_of(handle)
            if found != checksum:
                raise TargetError("src: %s has the checksum %s, and not %s. Take another copy of it." % (src, found, checksum))
        yield handle
    finally:
        os.close(handle)


def checksum_of(handle):
    """The checksum of an open file, which is at its beginning again afterwards."""
    total = hashlib.sha256()
    while True:
        data = os.read(handle, CHUNK)
        if not data:
            break
        total.update(data)
    os.lseek(handle, 0, os.SEEK_SET)
    return "sha256:" + total.hexdigest()
