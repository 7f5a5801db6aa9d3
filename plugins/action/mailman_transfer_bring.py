# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._host_action import HostAction


class ActionModule(HostAction):
    """Puts the lists of an archive, which mailman_transfer_fetch has made, into a Mailman."""

    TRANSFERS_FILES = True
    _supports_check_mode = False
    SPECIFICATION = {
        "archive": {"type": "dict", "required": True},
        "mailman": {"type": "dict", "required": True},
        "lists": {"type": "list", "elements": "dict", "required": True},
    }

    def act(self, archive, mailman, lists):
        src = archive["src"] if archive["stayed"] else self.send_archive(archive["src"])
        try:
            self.make_directories(mailman, sorted({"site", *(one["email_host"] for one in lists)}.intersection(archive["templates"])))
            return self.module(
                "listhost.exim_mailman.mailman_import", prefix=mailman["prefix"], python=mailman["python"], src=src, checksum=archive["checksum"], lists=lists,
                # Those of a run that did not come to its end may be there. Nobody has used them.
                templates=True, existing="replace_copy",
            )  # fmt: skip
        finally:
            self.remove(os.path.dirname(src))

    def send_archive(self, src):
        """Send the archive to a directory of root's."""
        with self.directory() as directory:
            place = directory + "/lists.tgz"
            self.send(src, place)
            os.unlink(src)
        return place

    def make_directories(self, mailman, names):
        """Make the directories of the site's and the domain's own templates. They are among Mailman's, which are root's."""
        for name in names:
            path = os.path.join(mailman["prefix"], "templates", name)
            self.module("ansible.builtin.file", path=path, state="directory", owner=mailman["user"], group=mailman["group"], mode="2775")
