# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What root may execute, read and believe: only what no other user can write.

A path is followed from / on, link by link. Once a directory is seen to be root's, and nobody else's to write, nobody can put anything else
in the place of what it holds; so what is found here cannot change until it is used.
"""

import grp
import os
import pwd
import stat

# Where Mailman's code is, under its prefix.
CODE = ("Mailman", "bin", "cgi-bin", "cron", "mail", "pythonlib", "scripts")

# What Python compiles for itself, and can do without.
COMPILED = (".pyc", ".pyo")

# The most links that a path may lead through.
MOST_LINKS = 40


class Untrusted(Exception):
    """Others can write what root would believe.

    writable: paths that are root's, but that others can write, with the reason; root can take that away from them.
    foreign: paths whose content is others' already; a person must look at them.
    """

    def __init__(self, writable, foreign):
        self.writable, self.foreign = writable, foreign
        Exception.__init__(self, enumerate_faults(foreign + writable))


def enumerate_faults(faults):
    """Return a few of the faults, and how many more there are."""
    return "; ".join(faults[:5]) + ("; and %d more" % (len(faults) - 5) if len(faults) > 5 else "")


def name_of(find, number):
    """Return the name of a user or group, or its number when it has none."""
    try:
        return find(number)[0]
    except KeyError:
        return str(number)


def owned(status):
    """Say whether a file is root's, or whose this process is."""
    return status.st_uid in (0, os.geteuid())


def writers(status):
    """Return who else can write to a file, in words, or an empty string."""
    if stat.S_ISLNK(status.st_mode):
        return ""
    if status.st_mode & stat.S_IWOTH:
        return "can be written by everybody"
    if status.st_mode & stat.S_IWGRP and status.st_gid != 0:
        return "can be written by group %s" % name_of(grp.getgrgid, status.st_gid)
    return ""


class Look:
    """What was found wrong on the way to some paths."""

    def __init__(self):
        self.writable, self.foreign = {}, {}

    def judge(self, path, status):
        """Note what is wrong with one file. Of a directory with the sticky bit others can only write what is not there yet."""
        if not owned(status):
            self.foreign[path] = "%s is %s's" % (path, name_of(pwd.getpwuid, status.st_uid))
        elif writers(status) and not (stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX):
            self.writable[path] = "%s %s" % (path, writers(status))

    def follow(self, path):
        """Return the path without links, and note what is wrong on the way."""
        waiting, place, links = path.split("/")[::-1], "/", 0
        while waiting:
            name = waiting.pop()
            if name in ("", "."):
                continue
            if name == "..":
                place = os.path.dirname(place)
                continue
            here = os.path.join(place, name)
            try:
                status = os.lstat(here)
            except OSError:
                # Not there. Whoever can write to the directory could make it.
                if writers(os.lstat(place)):
                    self.writable.setdefault(place, "%s %s" % (place, writers(os.lstat(place))))
                return os.path.join(here, *waiting[::-1])
            self.judge(here, status)
            if stat.S_ISLNK(status.st_mode):
                links += 1
                if links > MOST_LINKS:
                    self.foreign[here] = "%s is a link that leads nowhere" % here
                    return here
                target = os.readlink(here)
                place = "/" if target.startswith("/") else place
                waiting.extend(target.split("/")[::-1])
            elif stat.S_ISDIR(status.st_mode) or not any(waiting):
                place = here
            else:
                return os.path.join(here, *waiting[::-1])
        return place

    def walk(self, directory):
        """Look at all that is in a directory. Links in it are not followed."""
        with os.scandir(directory) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                if not owned(status) and entry.name.endswith(COMPILED):
                    self.writable[entry.path] = "%s is %s's" % (entry.path, name_of(pwd.getpwuid, status.st_uid))
                else:
                    self.judge(entry.path, status)
                if stat.S_ISDIR(status.st_mode) and owned(status):
                    self.walk(entry.path)

    def end(self):
        """Raise Untrusted when something is wrong."""
        if self.writable or self.foreign:
            raise Untrusted([self.writable[path] for path in sorted(self.writable)], [self.foreign[path] for path in sorted(self.foreign)])


def resolve(path):
    """Return the path without links; raise Untrusted when others can change where it leads or what is there."""
    look = Look()
    real = look.follow(path)
    look.end()
    return real


def check_code(prefix):
    """Raise Untrusted when somebody else can write the code or the settings of the Mailman at prefix."""
    look = Look()
    for name in CODE + ("Mailman/mm_cfg.py", ".installed"):
        place = look.follow(os.path.join(prefix, name))
        if name in CODE and os.path.isdir(place):
            look.walk(place)
    # Directories for data are not root's to write in, but where they are is.
    for name in ("archives", "archives/private", "archives/public", "data", "lists", "locks", "logs", "qfiles", "spam"):
        place = os.path.join(prefix, name)
        if os.path.islink(place):
            look.judge(place, os.lstat(place))
    look.end()
