# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A backup: the lists are exported into one file, and restic takes it, with the host's configuration, into the repository.

The file is made anew each time. restic cuts it by its content, and finds what it has already: so an archive that has not changed takes no space again.
"""

import contextlib
import fcntl
import grp
import os
import pwd
import stat
import time

from ansible_collections.listhost.exim_mailman.plugins.module_utils import _mailman_export
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import TargetError, explain, find_installation
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.restic import Repository
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.settings import (
    LISTS,
    MAILED,
    MANIFEST,
    Fault,
    read_state,
    write_json,
    write_state,
)
from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import Untrusted

FORMAT = 1
DAY = 86400


@contextlib.contextmanager
def only_one(directory):
    """Be the only process that works in a backup's directory."""
    handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            raise Fault("Another process makes a backup, or restores one: try again when it has ended.") from e
        yield
    finally:
        os.close(handle)


def take(module, settings):
    """Take a backup, and note how it went. Raise Fault with all that went wrong."""
    directory = settings["directory"]
    with only_one(directory):
        state = read_state(directory)
        state.update(tried=int(time.time()), faults=[])
        try:
            take_snapshot(module, settings, state)
        except Untrusted as e:
            state["faults"].append(["failed-backup", explain(settings["prefix"], e)])
        except (Fault, TargetError, OSError) as e:
            state["faults"].append(["failed-backup", str(e)])
        write_state(directory, state)
    if state["faults"]:
        raise Fault("\n".join(found for _kind, found in state["faults"]))
    # The next fault is another one.
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(directory, MAILED))
    return state


def take_snapshot(module, settings, state):
    """Fill in the state with what was done."""
    installation = find_installation(settings["prefix"])
    if installation is None:
        raise Fault("There is no Mailman at %s." % settings["prefix"])
    repository = Repository(module, settings)
    repository.open(make="snapshot" not in state)
    lists, manifest = (os.path.join(settings["directory"], name) for name in (LISTS, MANIFEST))
    try:
        module.params = {
            "compressed": False,
            "dest": lists,
            "lists": None,
            "lock_timeout": 300,
            "root": None,
            "origin": None,
            "site_passwords": True,
            # One list that cannot be read does not cost the others their backup.
            "unreadable": "include",
        }
        answer = _mailman_export.write(module, dict(installation, python=settings["python"]))
        paths = [path for path in settings["paths"] + settings["own_paths"] if os.path.lexists(path)]
        write_json(manifest, describe(settings, answer))
        state["snapshot"], unread = repository.back_up([lists, manifest, *paths])
        state["taken"] = int(time.time())
    finally:
        for path in (lists, manifest):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
    for found in [str(fault) for fault in answer["faults"]] + [unread] * bool(unread):
        state["faults"].append(["incomplete-backup", found])
    try:
        repository.check(int(time.time() // DAY) % settings["read_days"] + 1, settings["read_days"])
        state["verified"] = int(time.time())
    except Fault as e:
        # What is broken now may be all that there is: nothing is removed.
        state["faults"].append(["broken-backup", str(e)])
    else:
        repository.forget(settings["keep"])


def describe(settings, answer):
    """What is in the snapshot, for who restores it."""
    return {
        "archive": {"checksum": answer["sum"], "id": answer["id"], "size": answer["size"]},
        "created": int(time.time()),
        "format": FORMAT,
        "lists": [{key: one[key] for key in ("bytes", "email_host", "fault", "files", "held", "members", "name", "queued")} for one in answer["lists"]],
        "owners": owners(settings["own_paths"]),
        "templates": [str(name) for name in answer["templates"]],
    }


def owners(roots):
    """The names of the user and the group of each file that no inventory can make again: on another host they have other numbers."""
    found = {}
    for root in roots:
        for path in [root] if os.path.lexists(root) else []:
            found[path] = owner(path)
            for directory, directories, files in os.walk(path):
                for name in directories + files:
                    found[os.path.join(directory, name)] = owner(os.path.join(directory, name))
    return found


def owner(path):
    status = os.lstat(path)
    with contextlib.suppress(KeyError):
        return [pwd.getpwuid(status.st_uid).pw_name, grp.getgrgid(status.st_gid).gr_name, stat.S_IMODE(status.st_mode)]
    return ["root", "root", stat.S_IMODE(status.st_mode) & 0o700]
