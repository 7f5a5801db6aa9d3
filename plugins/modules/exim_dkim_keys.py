#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: exim_dkim_keys
short_description: See that there are DKIM keys that Exim can use
version_added: 1.0.0
description:
  - Makes an RSA key of 2048 bits for each domain that has none, lets Exim's group read the keys and nobody else, and writes what to publish
    in the DNS to the file C(records.txt) beside them.
  - The keys of a selector are in O(directory), or in a directory of the selector's name below it where there is one. That of O(next_selector) is made, so
    that these keys can be published before they are used.
  - A key that is there is used, and never replaced. One that is no RSA key, or that everybody could have read, is an error.
  - Keys are made by C(openssl), and do not leave the host.
author:
  - listhost.exim_mailman contributors (@listhost)
attributes:
  check_mode:
    support: full
    description: The keys that are there are checked, with C(openssl) where it is installed.
  diff_mode:
    support: none
    description: There is no diff.
options:
  directory:
    description: Where the keys are, each as DOMAIN.pem. It is created when it is missing.
    type: path
    required: true
  domains:
    description: The domains.
    type: list
    elements: str
    required: true
  selector:
    description: Name of the keys in the DNS.
    type: str
    required: true
  next_selector:
    description: Name in the DNS of keys that are to be used later. Empty means that there are none.
    type: str
    default: ""
  group:
    description: Name of the group that Exim runs as. It need not exist in check mode.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Make keys for two list domains
  listhost.exim_mailman.exim_dkim_keys:
    directory: /etc/exim4/dkim
    domains: [list.example.com, lists.example.org]
    selector: lists
    group: Debian-exim
"""

RETURN = r"""
key_directory:
  description: Where the keys of O(selector) are.
  returned: success
  type: str
  sample: /etc/exim4/dkim
pending:
  description: Whether there is something to do, in check mode.
  returned: success
  type: bool
records:
  description: The names and contents of the TXT records to publish, also of O(next_selector). Keys that are still to be made are missing.
  returned: success
  type: dict
  sample: {lists._domainkey.list.example.com: "v=DKIM1; k=rsa; p=MIIB..."}
"""

import base64
import grp
import os
import stat

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._file_transaction import write_candidate
from ansible_collections.listhost.exim_mailman.plugins.module_utils._zone_text import line, txt

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


def main():
    module = AnsibleModule(
        argument_spec=dict(
            directory=dict(type="path", required=True),
            domains=dict(type="list", elements="str", required=True),
            selector=dict(type="str", required=True),
            next_selector=dict(type="str", default=""),
            group=dict(type="str", required=True),
        ),
        supports_check_mode=True,
    )
    try:
        keys = Keys(module)
        records = keys.settle()
    except (BadKey, OSError) as error:
        module.fail_json(msg=str(error))
    key_directory = keys.directory_of(module.params["selector"])
    module.exit_json(changed=keys.changed, key_directory=key_directory, pending=keys.changed and module.check_mode, records=records)


if __name__ == "__main__":
    main()
