# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the backup is told, by the modules and by the file that the timer's program reads, and what it says of itself."""

import json
import os
import tempfile

from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import Untrusted, resolve

# What the timer's program is told. Only root can change it.
SETTINGS = "/etc/listhost/backup.json"
# The tag of our snapshots: others may be in the same repository.
TAG = "listhost"
# What says in the backup's directory how it went and what root was told, and what is in the repository beside the lists.
STATE = "state.json"
MAILED = "mailed.json"
LISTS = "lists.tar"
MANIFEST = "manifest.json"

ARGUMENTS = dict(
    host=dict(type="str", required=True),
    prefix=dict(type="path", required=True),
    python=dict(type="path", required=True),
    directory=dict(type="path", required=True),
    repository=dict(type="str", default=""),
    repository_file=dict(type="path", default=""),
    # Where it is, on the host.
    password_file=dict(type="path", required=True, no_log=False),
    paths=dict(type="list", elements="path", default=[]),
    own_paths=dict(type="list", elements="path", default=[]),
    keep=dict(type="dict", default={}, options={name: dict(type="int") for name in ("last", "hourly", "daily", "weekly", "monthly", "yearly")}),
    read_days=dict(type="int", default=30),
    max_age_hours=dict(type="int", default=36),
)


class Fault(Exception):
    """What went wrong, for the administrator."""


def read_json(path):
    """Return what is in a file of ours, or nothing where there is none."""
    try:
        with open(path, encoding="utf-8") as handle:
            return json.load(handle)
    except FileNotFoundError:
        return {}
    except ValueError as e:
        raise Fault("%s cannot be read: %s. Remove it." % (path, e)) from e


def write_json(path, value):
    """Write a file for root alone, so that it is never there in part."""
    handle, candidate = tempfile.mkstemp(prefix=".", dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(value, stream, sort_keys=True, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        os.rename(candidate, path)
    except BaseException:
        os.unlink(candidate)
        raise


def read_state(directory):
    """How the last backups went: taken and snapshot of the last that was, tried, verified, and faults as pairs of their kind and what was found."""
    return read_json(os.path.join(directory, STATE))


def write_state(directory, state):
    write_json(os.path.join(directory, STATE), state)


def check_secret(option, path):
    """Raise Fault unless a file with a secret is there, and only root can read and replace it."""
    try:
        place = resolve(path)
        status = os.stat(place)
    except Untrusted as e:
        raise Fault("%s: others can change %s: %s. Let only root do that." % (option, path, e)) from e
    except OSError as e:
        raise Fault("%s: %s cannot be read: %s. Put it there, for root alone (mode 0600)." % (option, path, e.strerror)) from e
    if status.st_mode & 0o077:
        raise Fault("%s: others can read %s (mode %04o). Let only root do that: chmod 0600." % (option, path, status.st_mode & 0o7777))
    if not status.st_size:
        raise Fault("%s: %s is empty." % (option, path))


def check_secrets(settings):
    """Raise Fault where the password, or the address of the repository, is not on the host or not root's alone."""
    for option in ("password_file", "repository_file"):
        if settings[option]:
            check_secret(option, settings[option])
