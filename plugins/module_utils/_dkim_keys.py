# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys with which Exim signs mail (DKIM)."""

import base64
import grp
import os
import stat

from ansible_collections.listhost.exim_mailman.plugins.module_utils._file_transaction import write_candidate
from ansible_collections.listhost.exim_mailman.plugins.module_utils._zone_text import line, txt

# Options of exim_dkim_keys.
OPTIONS = dict(
    directory=dict(type="path", required=True),
    domains=dict(type="list", elements="str", required=True),
    selector=dict(type="str", required=True),
    next_selector=dict(type="str", default=""),
    group=dict(type="str", required=True),
)

BITS = 2048
# A public key of 1024 bits, as DER. Shorter ones count for nothing (RFC 8301).
SHORTEST = 162


class BadKey(Exception):
    """What is wrong with a key, and what to do about it."""


def record(public):
    """Return the content of a TXT record for a public key in DER form."""
    return "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()


class Keys:
    def __init__(self, module):
        self.module = module
        self.directory = module.params["directory"]
        self.openssl = module.get_bin_path("openssl")
        self.gid = self.find_group()
        self.changed = False

    def find_group(self):
        try:
            return grp.getgrnam(self.module.params["group"]).gr_gid
        except KeyError:
            if self.module.check_mode:
                return None
            raise BadKey("group: there is no group %s on the host. Name the one that Exim runs as." % self.module.params["group"]) from None

    def check_stat(self, path):
        """See that nobody but Exim can have read the key, and that Exim can."""
        status = os.stat(path)
        if stat.S_IMODE(status.st_mode) & 0o007:
            raise BadKey(
                "%s can be read by everybody on the host (mode %04o), so it is no secret. Make a new key, or if nobody can have read it: chmod 0640 %s."
                % (path, stat.S_IMODE(status.st_mode), path)
            )
        if (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) != (0o640, 0, self.gid):
            self.changed = True
            if not self.module.check_mode:
                os.chown(path, 0, self.gid)
                os.chmod(path, 0o640)

    def public(self, path):
        """Return the public key in DER form, or None where it cannot be known yet."""
        if not self.openssl:
            if self.module.check_mode:
                return None
            raise BadKey("openssl is not on the host. Install it.")
        rc, out, err = self.module.run_command(
            [self.openssl, "rsa", "-in", path, "-passin", "pass:", "-pubout", "-outform", "DER"], encoding=None
        )
        if rc != 0:
            raise BadKey(
                "%s is no RSA private key in PEM form without a passphrase. Put one there, or remove the file to have a key made." % path
            )
        if len(out) < SHORTEST:
            raise BadKey("%s is a key of less than 1024 bits, which counts for nothing. Remove the file to have one of %d made." % (path, BITS))
        return out

    def make(self, path):
        self.changed = True
        if self.module.check_mode:
            return
        if not self.openssl:
            raise BadKey("openssl is not on the host. Install it.")
        rc, out, err = self.module.run_command([self.openssl, "genrsa", str(BITS)], check_rc=True)
        self.write(path, out, 0o640)

    def write(self, path, content, mode):
        """Write a file so that it is never there in part."""
        candidate = write_candidate(content, path, os.path.dirname(path))
        os.chown(candidate, 0, self.gid)
        os.chmod(candidate, mode)
        os.rename(candidate, path)

    def own_directory(self, selector):
        return os.path.join(self.directory, selector)

    def directory_of(self, selector):
        """Return where the keys of a selector are: when they were made as the next ones, they are by themselves."""
        own = self.own_directory(selector)
        return own if os.path.isdir(own) else self.directory

    def ensure_directory(self, path):
        there = os.path.isdir(path)
        # One that came back from a backup before Exim's group was there is root's alone.
        if not there or os.stat(path).st_gid != self.gid:
            self.changed = True
            if not self.module.check_mode:
                if not there:
                    os.mkdir(path, 0o750)
                os.chown(path, 0, self.gid)

    def settle(self):
        """Return the records, once all is as it should be."""
        params = self.module.params
        self.ensure_directory(self.directory)
        records = self.records_of(params["selector"], self.directory_of(params["selector"]))
        if params["next_selector"]:
            self.ensure_directory(self.own_directory(params["next_selector"]))
            records.update(self.records_of(params["next_selector"], self.own_directory(params["next_selector"])))
        self.publish(records)
        return records

    def records_of(self, selector, directory):
        records = {}
        for domain in self.module.params["domains"]:
            path = os.path.join(directory, domain + ".pem")
            if os.path.exists(path):
                self.check_stat(path)
            else:
                self.make(path)
            public = self.public(path) if os.path.exists(path) else None
            if public:
                records["%s._domainkey.%s" % (selector, domain)] = record(public)
        return records

    def publish(self, records):
        path = os.path.join(self.directory, "records.txt")
        content = "".join(line(name, None, "TXT", txt(records[name])) for name in sorted(records))
        try:
            with open(path) as stream:
                same = stream.read() == content
        except OSError:
            same = False
        # Without openssl nobody knows yet.
        if same or (self.module.check_mode and not self.openssl):
            return
        self.changed = True
        if not self.module.check_mode:
            self.write(path, content, 0o644)


def keep_keys(module):
    """Ensure that there are the keys, and return what exim_dkim_keys returns. A fault in them ends the module."""
    try:
        keys = Keys(module)
        records = keys.settle()
    except (BadKey, OSError) as error:
        module.fail_json(msg=str(error))
    key_directory = keys.directory_of(module.params["selector"])
    return {"changed": keys.changed, "key_directory": key_directory, "pending": keys.changed and module.check_mode, "records": records}
