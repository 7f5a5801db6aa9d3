#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_directories
short_description: Give Mailman's code to root, and its directories for data to Mailman
version_added: 1.0.0
description:
  - Takes code and settings of a Mailman 2.1 from all but root, so that root may run and believe them, and removes what others had Python compile.
    Upstream's C(make install) and C(check_perms -f) leave them to Mailman's group.
  - Makes the directories for data, with the owner and mode that they should have. What is in them is Mailman's, and stays as it is.
  - Goes from directory to directory by descriptor and follows no link that others could have made.
  - Fails when it finds something of another user's among the code, and leaves that as it is.
attributes:
  check_mode:
    description: Tells whether something would be changed.
  diff_mode:
    support: none
    description: There is no text to compare.
options:
  var_prefix:
    description:
      - The prefix of the directories for data. These are made, as is O(prefix).
      - Without it, as for a package that has made its own, only code and settings are looked at.
    type: path
  group:
    description: Mailman's group.
    type: str
    required: true
  web_user:
    description: The web server's user, who owns C(archives/private). Required with O(var_prefix).
    type: str
  private:
    description: Whether to close to all others what has messages and settings in it. The names of lists can still be seen, as the mail server must.
    type: bool
    default: false
seealso:
  - module: listhost.exim_mailman.mailman_info
extends_documentation_fragment:
  - listhost.exim_mailman.mailman
"""

EXAMPLES = r"""
- name: Let nobody but root change Mailman's code
  listhost.exim_mailman.mailman_directories:
    prefix: /usr/lib/mailman
    group: mailman
"""

RETURN = r"""
changed_paths:
  description: What was changed, made or removed.
  returned: success
  type: list
  elements: str
  sample: [/usr/lib/mailman/bin]
"""

import errno
import grp
import os
import pwd
import stat

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import (
    CODE,
    COMPILED,
    Look,
    Untrusted,
    name_of,
    owned,
    resolve,
)

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

# The directories for data with their modes, as others may see them and of a virtual domain. What is in archives is root's: only so can nobody put something
# else there in the place of archives/private.
DATA = (
    ("archives", 0o2755, 0o2755),
    ("archives/private", 0o2770, 0o2770),
    ("archives/public", 0o2775, 0o2775),
    ("data", 0o2775, 0o2770),
    ("lists", 0o2775, 0o2775),
    ("locks", 0o2775, 0o2770),
    ("logs", 0o2775, 0o2770),
    ("qfiles", 0o2775, 0o2770),
    ("spam", 0o2775, 0o2775),
)

# Which version lists and queues are up to date with.
VERSION = "last_mailman_version"

# Programs that the mail server and the web server run, and that become Mailman's group.
WRAPPERS = ("mail", "cgi-bin")

# Settings, which have secrets in them, and what Python compiles of them.
SETTINGS = ("mm_cfg.py", "mm_cfg.pyc")


def is_own_templates(parent, name):
    """Say whether this directory among the templates is the site's or a domain's. Those that a domain brought when it moved are Mailman's user's."""
    return (name == "site" or "." in name) and stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)


class Directories:
    """What is done, by descriptors."""

    def __init__(self, module, gid):
        self.module, self.gid = module, gid
        self.changed_paths, self.foreign = [], []

    def change(self, path):
        """Note a change, and say whether to make it."""
        if path not in self.changed_paths:
            self.changed_paths.append(path)
        return not self.module.check_mode

    def give(self, handle, path, uid, gid, mode):
        """Let what is open have owner, group and mode."""
        status = os.fstat(handle)
        if (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) != (uid, gid, mode) and self.change(path):
            os.fchown(handle, uid, gid)
            # After the owner, whose change takes away the set-group-id bit.
            os.fchmod(handle, mode)

    def data_directory(self, parent, name, path, uid, mode):
        """Make a directory for data."""
        try:
            handle = os.open(name, DIRECTORY, dir_fd=parent)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                self.foreign.append("%s is a link or a file where Mailman has a directory; to have it elsewhere, mount that there" % path)
                return
            if error.errno != errno.ENOENT:
                raise
            if not self.change(path):
                return
            os.mkdir(name, 0o700, dir_fd=parent)
            handle = os.open(name, DIRECTORY, dir_fd=parent)
        try:
            self.give(handle, path, uid, self.gid, mode)
            if name == "data":
                self.version(handle, path)
        finally:
            os.close(handle)

    def version(self, parent, path):
        """Let Mailman's user write the version, which make install left to root."""
        try:
            handle = os.open(VERSION, FILE, dir_fd=parent)
        except OSError:
            # None, or a link, which is not root's to follow.
            return
        try:
            status = os.fstat(handle)
            if stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and owned(status):
                self.give(handle, os.path.join(path, VERSION), status.st_uid, self.gid, 0o664)
        finally:
            os.close(handle)

    def code(self, parent, name, path, whole):
        """Take a file or directory among the code, and what is in it, from all but root. Of a package owner and group stay as its maker wants them."""
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if not owned(status):
            if name.endswith(COMPILED) and not stat.S_ISDIR(status.st_mode):
                if self.change(path):
                    os.unlink(name, dir_fd=parent)
            else:
                self.foreign.append("%s is %s's" % (path, name_of(pwd.getpwuid, status.st_uid)))
            return
        if stat.S_ISLNK(status.st_mode):
            return
        if not stat.S_ISDIR(status.st_mode) and not (stat.S_ISREG(status.st_mode) and status.st_nlink == 1):
            self.foreign.append("%s is no plain file with one name" % path)
            return
        handle = os.open(name, DIRECTORY if stat.S_ISDIR(status.st_mode) else FILE, dir_fd=parent)
        try:
            # Another file may have taken its name.
            status = os.fstat(handle)
            if not owned(status) or (stat.S_ISREG(status.st_mode) and status.st_nlink != 1):
                self.foreign.append("%s was changed meanwhile" % path)
                return
            mode = stat.S_IMODE(status.st_mode) & ~(stat.S_IWGRP | stat.S_IWOTH)
            if whole:
                mode = self.mode_of_installed(path, status, mode)
            self.give(handle, path, status.st_uid, self.gid if whole else status.st_gid, mode)
            if stat.S_ISDIR(status.st_mode):
                for entry in sorted(os.listdir(handle)):
                    if not (whole and os.path.basename(path) == "templates" and is_own_templates(handle, entry)):
                        self.code(handle, entry, os.path.join(path, entry), whole)
        finally:
            os.close(handle)

    def mode_of_installed(self, path, status, mode):
        """Return the mode of what make install has made, whatever its umask was."""
        directory, name = os.path.split(path)
        if stat.S_ISDIR(status.st_mode):
            return 0o2755
        if name in SETTINGS and os.path.basename(directory) == "Mailman":
            return 0o640
        if os.path.basename(directory) in WRAPPERS:
            return 0o2755
        return mode | 0o444

    def top(self, path, whole):
        """Return a descriptor of a directory whose parents are root's, which it becomes, too."""
        parent = os.open(resolve(os.path.dirname(path)), DIRECTORY)
        name = os.path.basename(path)
        try:
            if whole:
                self.data_directory(parent, name, path, 0 if os.geteuid() == 0 else os.geteuid(), 0o2755)
            handle = os.open(name, DIRECTORY, dir_fd=parent)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return None
            raise
        finally:
            os.close(parent)
        status = os.fstat(handle)
        if not owned(status):
            self.foreign.append("%s is %s's" % (path, name_of(pwd.getpwuid, status.st_uid)))
        else:
            self.give(handle, path, status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode) & ~(stat.S_IWGRP | stat.S_IWOTH))
        return handle

    def package(self, prefix):
        """Close the code of a package, which may be elsewhere: root's links in root's directories lead there."""
        handle = self.top(prefix, False)
        if handle is None:
            return
        os.close(handle)
        for name in CODE:
            place = self.follow(os.path.join(prefix, name))
            if os.path.isdir(place):
                with Opened(resolve(os.path.dirname(place))) as parent:
                    self.code(parent, os.path.basename(place), place, False)
        self.settings(self.follow(os.path.join(prefix, "Mailman", "mm_cfg.py")))

    def follow(self, path):
        """Return the path without links, all of which are root's."""
        look = Look()
        real = look.follow(path)
        if look.foreign:
            raise Untrusted([], sorted(look.foreign.values()))
        return real

    def settings(self, path):
        """Keep mm_cfg.py where it is. On EL Mailman's passwords are in the same directory, and Mailman itself writes these."""
        directory, name = os.path.split(path)
        with Opened(resolve(os.path.dirname(directory))) as parent, Opened(os.path.basename(directory), parent) as handle:
            status = os.fstat(handle)
            if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                self.give(handle, directory, status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode) | stat.S_ISVTX)
            if name in os.listdir(handle):
                self.code(handle, name, path, False)

    def archive(self, prefix, var_prefix, web_uid, private):
        """Settle what the role has built, or is about to."""
        for path in (prefix, var_prefix):
            handle = self.top(path, True)
            if handle is None:
                continue
            try:
                if path == var_prefix:
                    self.data(handle, path, web_uid, private)
                if path == prefix:
                    for name in sorted(set(os.listdir(handle)) - set(name for name, dummy, dummy in DATA if prefix == var_prefix)):
                        self.code(handle, name, os.path.join(path, name), True)
            finally:
                os.close(handle)

    def data(self, top, path, web_uid, private):
        """Make the directories for data."""
        for name, mode, private_mode in DATA:
            parent = top
            if "/" in name:
                try:
                    parent = os.open(os.path.dirname(name), DIRECTORY, dir_fd=top)
                except OSError:
                    # Not made in check mode, or reported.
                    continue
            try:
                uid = web_uid if name == "archives/private" else 0 if os.geteuid() == 0 else os.geteuid()
                self.data_directory(parent, os.path.basename(name), os.path.join(path, name), uid, private_mode if private else mode)
            finally:
                if parent != top:
                    os.close(parent)


class Opened:
    """A directory, open as long as it is needed."""

    def __init__(self, name, parent=None):
        self.handle = os.open(name, DIRECTORY, dir_fd=parent)

    def __enter__(self):
        return self.handle

    def __exit__(self, *dummy):
        os.close(self.handle)


def main():
    """Go through the directories."""
    module = AnsibleModule(
        argument_spec=dict(
            prefix=dict(type="path", required=True),
            var_prefix=dict(type="path"),
            group=dict(type="str", required=True),
            web_user=dict(type="str"),
            private=dict(type="bool", default=False),
        ),
        required_by=dict(var_prefix=["web_user"]),
        supports_check_mode=True,
    )
    params = module.params
    prefix, var_prefix = params["prefix"].rstrip("/"), (params["var_prefix"] or "").rstrip("/")
    try:
        directories = Directories(module, grp.getgrnam(params["group"]).gr_gid)
        if var_prefix:
            directories.archive(prefix, var_prefix, pwd.getpwnam(params["web_user"]).pw_uid, params["private"])
        else:
            directories.package(prefix)
        if directories.foreign:
            raise Untrusted([], directories.foreign)
    except KeyError as error:
        module.fail_json(msg="There is no such user or group on this host: %s" % error)
    except Untrusted as error:
        module.fail_json(msg="Others than root have a hand in the Mailman at %s: %s. Look at it, then remove it or chown it to root." % (prefix, error))
    module.exit_json(changed=bool(directories.changed_paths), changed_paths=directories.changed_paths)


if __name__ == "__main__":
    main()
