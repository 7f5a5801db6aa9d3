# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A snapshot comes back: all of it into a directory of root's, and from there, where nothing is, what no inventory can make again."""

import grp
import hashlib
import json
import os
import pwd
import shutil
import time

from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.restic import Repository
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.settings import LISTS, MANIFEST, Fault
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.taking import FORMAT, only_one
from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import Untrusted, resolve

CHUNK = 1 << 20
MOMENTS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")


def moment(text):
    """A moment of the past, in the host's own time, as seconds since 1970."""
    for form in MOMENTS:
        try:
            return time.mktime(time.strptime(text, form))
        except ValueError:
            pass
    raise Fault("before: %s is no moment. Write it as in 2026-11-26 14:30, in the host's own time." % text)


def show(seconds):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def choose(snapshots, before, host):
    """The newest snapshot, or the newest that is not younger than a moment."""
    if not snapshots:
        raise Fault("The repository has no backup of %s. See which it has (restic snapshots), and whether this is the repository." % host)
    found = [one for one in snapshots if not before or one[0] <= moment(before)]
    if not found:
        raise Fault("There is no backup from before %s. The oldest is of %s." % (before, show(snapshots[0][0])))
    return found[-1]


def read_manifest(text):
    try:
        manifest = json.loads(text)
        version = manifest["format"]
    except (ValueError, LookupError, TypeError) as e:
        raise Fault("The snapshot has no manifest that can be read.") from e
    if version != FORMAT:
        raise Fault("The snapshot is of format %s, which this release of the collection does not know." % version)
    return manifest


def fetch(module, settings, before, place):
    """Put a snapshot into a new directory, compare its archive with its manifest, and return what is there. In check mode only say what would be."""
    repository = Repository(module, settings)
    repository.open(make=False)
    taken, snapshot = choose(repository.snapshots(), before, settings["host"])
    directory = settings["directory"]
    manifest = read_manifest(repository.read(snapshot, os.path.join(directory, MANIFEST)))
    found = dict(manifest, snapshot=snapshot[:8], taken=show(taken), archive=dict(manifest["archive"], path=place + os.path.join(directory, LISTS)))
    if module.check_mode:
        return found
    with only_one(directory):
        remove(place)
        os.mkdir(place, 0o700)
        try:
            repository.restore(snapshot, place)
            checksum = checksum_of(found["archive"]["path"])
            if checksum != manifest["archive"]["checksum"]:
                raise Fault("The snapshot %s is damaged: its lists have the checksum %s, and not %s. Take another one (before)." % (
                    snapshot[:8], checksum, manifest["archive"]["checksum"]))
        except BaseException:
            remove(place)
            raise
    return found


def remove(place):
    if os.path.lexists(place):
        shutil.rmtree(place)


def checksum_of(path):
    total = hashlib.sha256()
    try:
        with open(path, "rb") as handle:
            for data in iter(lambda: handle.read(CHUNK), b""):
                total.update(data)
    except FileNotFoundError as e:
        raise Fault("The snapshot has no lists in it.") from e
    return "sha256:" + total.hexdigest()


def number(find, name):
    """The number of a user or group on this host, or root's where there is none of this name yet."""
    try:
        return find(name)[2]
    except KeyError:
        return 0


def put_back(module, settings, manifest, place):
    """Copy what no inventory can make again to where it was, if nothing is there now. Return what was copied, and what has stayed as it is."""
    copied, kept = [], []
    for path in settings["own_paths"]:
        if not os.path.lexists(place + path) and not (module.check_mode and path in manifest["owners"]):
            continue
        if os.path.lexists(path):
            kept.append(path)
            continue
        copied.append(path)
        if not module.check_mode:
            copy(manifest["owners"], place + path, path)
    return copied, kept


def copy(owners, source, path):
    """Copy a file, or a directory with all that is in it. It is whole before it has its name."""
    try:
        parent = resolve(os.path.dirname(path))
    except Untrusted as e:
        raise Fault("%s was not put back: others can change what is there: %s." % (path, e)) from e
    os.makedirs(parent, 0o755, exist_ok=True)
    candidate = os.path.join(parent, ".%s.restoring" % os.path.basename(path))
    if os.path.lexists(candidate):
        (shutil.rmtree if os.path.isdir(candidate) else os.unlink)(candidate)
    # Nobody can read it before its owner has it.
    if os.path.isdir(source) and not os.path.islink(source):
        os.mkdir(candidate, 0o700)
        names = sorted(owners)
        for name in [name for name in names if name.startswith(path + "/")]:
            copy_one(source + name[len(path):], candidate + name[len(path):])
        for name in [name for name in reversed(names) if name.startswith(path + "/") or name == path]:
            give(candidate + name[len(path):], owners[name])
    else:
        copy_one(source, candidate)
        give(candidate, owners[path])
    os.rename(candidate, os.path.join(parent, os.path.basename(path)))


def copy_one(source, target):
    if os.path.islink(source):
        os.symlink(os.readlink(source), target)
    elif os.path.isdir(source):
        os.mkdir(target, 0o700)
    elif os.path.isfile(source):
        with open(source, "rb") as stream, os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copied:
            shutil.copyfileobj(stream, copied)


def give(path, owner):
    """Let a file be whose it was. A group that is not here yet would be root's."""
    if not os.path.lexists(path):
        return
    user, group, mode = owner
    os.chown(path, number(pwd.getpwnam, user), number(grp.getgrnam, group), follow_symlinks=False)
    if not os.path.islink(path):
        os.chmod(path, mode)
