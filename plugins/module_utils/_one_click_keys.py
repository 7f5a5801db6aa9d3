# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys with which links for one-click unsubscription are signed."""

import grp
import os
import secrets
import stat
import time

from ansible_collections.listhost.exim_mailman.plugins.module_utils._file_transaction import write_candidate
from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import Untrusted, resolve

# Options of mailman_one_click_keys.
OPTIONS = dict(
    directory=dict(type="path", required=True),
    number=dict(type="int", default=1),
    days=dict(type="int", default=60),
    group=dict(type="str", required=True),
    mail_path=dict(type="path"),
    mail_values=dict(type="dict"),
)

DAY = 86400


class BadKeys(Exception):
    """What is wrong with the keys, and what to do about it."""


def read(path, lengths):
    """Return the lines of a file as lists of words, or None where there is none. Without a number of words a line may be any."""
    try:
        resolve(path)
        status = os.stat(path)
        with open(path, encoding="ascii") as stream:
            lines = [line.replace(":", " ").split() for line in stream]
    except FileNotFoundError:
        return None
    except Untrusted as error:
        raise BadKeys("%s: %s. Take that from others (chown root, chmod go-w), and make a new key (raise the number)." % (path, error)) from None
    except ValueError:
        lines = [[]]
    if status.st_mode & stat.S_IROTH:
        raise BadKeys(
            "%s can be read by everybody on the host (mode %04o), so everybody can take members off lists. Take that from them (chmod 0640 %s), and raise "
            "mailman_web_one_click_key to have a new key made." % (path, stat.S_IMODE(status.st_mode), path)
        )
    if lengths and not (lines and all(len(line) == lengths and all(word.isdigit() for word in line[:-1]) for line in lines)):
        raise BadKeys("%s is damaged. Bring it back from a backup, or remove it: then there is a new key, and no link that was sent before works." % path)
    return lines


class Keys:
    """The two files."""

    def __init__(self, module):
        self.module = module
        self.directory = module.params["directory"]
        self.mail = module.params["mail_path"] or os.path.join(self.directory, "mail")
        self.keys = os.path.join(self.directory, "keys")
        self.changed = False

    def wanted(self, now):
        """Return the keys that there are to be, each with its number, when it ends, and the key itself."""
        number = self.module.params["number"]
        known = [(int(line[0]), int(line[1]), line[2]) for line in read(self.keys, 3) or []]
        highest = max([one[0] for one in known] or [0])
        if number < highest:
            raise BadKeys(
                "mailman_web_one_click_key is %d, but the host has had key %d: links that were sent with another key of that number would not work. Set it "
                "to %d, or more for a new key." % (number, highest, highest)
            )
        if number > highest:
            end = now + self.module.params["days"] * DAY
            known = [(old, until or end, key) for old, until, key in known] + [(number, 0, secrets.token_hex(32))]
        return [one for one in known if not 0 < one[1] <= now]

    def settle(self, path, content, gid):
        """Have a file with this content, which root writes and a group can read."""
        mode = 0o640 if gid else 0o600
        try:
            status = os.stat(path)
            with open(path, encoding="ascii", errors="replace") as stream:
                same = stream.read() == content
            if same and (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) == (mode, os.geteuid(), gid):
                return
        except FileNotFoundError:
            pass
        self.changed = True
        if not self.module.check_mode:
            candidate = write_candidate(content, path, os.path.dirname(path))
            os.chown(candidate, os.geteuid(), gid)
            os.chmod(candidate, mode)
            os.rename(candidate, path)

    def keep(self):
        """Bring both files up to date, and return the numbers of the keys."""
        keys = self.wanted(int(time.time()))
        values = self.module.params["mail_values"]
        # One with values is made anew where it is damaged: the key is in the other file.
        read(self.mail, None if values else 2)
        try:
            gid = grp.getgrnam(self.module.params["group"]).gr_gid
        except KeyError:
            if not self.module.check_mode:
                raise BadKeys("group: there is no group %s on the host. Name Mailman's." % self.module.params["group"]) from None
            gid = 0
        if not os.path.isdir(self.directory):
            self.changed = True
            if not self.module.check_mode:
                os.mkdir(self.directory, 0o755)
        # First who accepts links, then who makes them.
        self.settle(self.keys, "".join("%d %d %s\n" % one for one in keys), gid)
        key = "%d:%s\n" % (keys[-1][0], keys[-1][2])
        lines = ["%s: %s\n" % one for one in sorted(values.items())] + ["key: " + key] if values else [key]
        self.settle(self.mail, "".join(lines), self.gid_of_mail())
        return [one[0] for one in keys]

    def gid_of_mail(self):
        """Return the group that can read the mail server's key, or is to, by its number."""
        for path in (self.mail, os.path.dirname(self.mail)):
            if os.path.exists(path):
                return os.stat(path).st_gid
        return 0

    def mail_group(self):
        """Return the name of the group that can read the mail server's key."""
        if not os.path.exists(self.mail):
            return ""
        gid = os.stat(self.mail).st_gid
        try:
            return grp.getgrgid(gid).gr_name
        except KeyError:
            return str(gid)


def keep_keys(module):
    """Do what the module's options ask for, and return what module mailman_one_click_keys tells. Ends as the module does where something is wrong."""
    keys = Keys(module)
    try:
        numbers = keys.keep()
    except (BadKeys, OSError) as error:
        module.fail_json(msg=str(error))
    return dict(changed=keys.changed, pending=keys.changed and module.check_mode, numbers=numbers, mail_group=keys.mail_group())
