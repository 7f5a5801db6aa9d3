# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import shlex
import tarfile
import tempfile

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _takeover
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._host_action import HostAction

DOMAIN = {"domain": {"type": "str", "required": True}, "email_host": {"type": "str"}, "url_host": {"type": "str"}}
LIST = {
    "name": {"type": "str", "required": True}, "new_name": {"type": "str"}, "email_host": {"type": "str"}, "url_host": {"type": "str"},
    "leave_out": {"type": "bool", "default": False},
}  # fmt: skip


def pack(directory):
    """Return a tar of a directory on the controller, in which the same files always have the same bytes."""
    handle, place = tempfile.mkstemp(dir=constants.DEFAULT_LOCAL_TMP)
    with os.fdopen(handle, "wb") as stream, tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as tar:
        tar.add(directory, arcname=".")
    return place


class ActionModule(HostAction):
    """Unpacks the lists of another Mailman beside this one, and says what becomes of each."""

    TRANSFERS_FILES = True
    SPECIFICATION = {
        "mailman": {"type": "dict", "required": True},
        "directory": {"type": "path", "required": True},
        "src": {"type": "str", "required": True},
        "remote_src": {"type": "bool", "default": False},
        "fetched": {"type": "bool", "default": False},
        "origin": {"type": "str"},
        "served": {"type": "list", "elements": "str", "required": True},
        "short_names": {"type": "bool", "required": True},
        "domains": {"type": "list", "elements": "dict", "options": DOMAIN, "required": True},
        "lists": {"type": "list", "elements": "dict", "options": LIST, "required": True},
    }

    def act(self, mailman, directory, src, remote_src, fetched, origin, **rules):
        # In check mode, too: nothing is changed but this directory, which is removed afterwards.
        self._task.check_mode = False
        self.make_directory(mailman, directory)
        if not remote_src:
            src = self.bring(src, fetched, directory + "/files.tar")
        root = directory + "/files"
        found = self.module("listhost.exim_mailman.mailman_unpack", prefix=mailman["prefix"], python=mailman["python"], src=src, root=root, origin=origin)
        planned, faults = _takeover.plan(found["lists"], found["here"], **rules)
        said = _takeover.say(planned, found["left_out"])
        coming = [one for one in planned if one["state"] != _takeover.STAYS]
        answer = {
            "changed": False, "root": root, "origin": found["origin"], "lists": planned, "left_out": found["left_out"], "said": said,
            "names": [one["name"] for one in coming],
            "arriving": [{key: one[key] for key in ("name", "new_name", "email_host", "url_host")} for one in coming],
            "addresses": [one["new_name"] + suffix + "@" + one["email_host"] for one in coming for suffix in ("", "-request")],
        }  # fmt: skip
        if not faults and not coming:
            faults = ["There is no list to take over: only what is left out is there."]
        if faults:
            answer.update(failed=True, msg="No list was taken over. What was found:\n%s\nWhat is in the way:\n%s" % ("\n".join(said), "\n".join(faults)))
        return answer

    def make_directory(self, mailman, directory):
        """Make the directory anew, which is root's, and in it an empty one of Mailman's user's."""
        self.command("rm -rf {0} && mkdir -m 711 {0} && mkdir -m 700 {0}/files && chown {1} {0}/files".format(
            shlex.quote(directory), shlex.quote("%s:%s" % (mailman["user"], mailman["group"]))))

    def bring(self, src, fetched, place):
        """Send a tar, or a tar of a directory, from the controller."""
        path = os.path.abspath(os.path.expanduser(src))
        if not os.path.exists(path):
            raise AnsibleActionFail("mailman_takeover_files is %s, and the controller has no such file or directory. Name the tar or the directory." % src)
        if not os.path.isdir(path):
            self.send(path, place)
            if fetched:
                os.unlink(path)
            return place
        try:
            packed = pack(path)
        except OSError as error:
            raise AnsibleActionFail("mailman_takeover_files is %s, which cannot be read: %s" % (src, error)) from error
        self.send(packed, place)
        os.unlink(packed)
        return place
