# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._host_action import HostAction


class ActionModule(HostAction):
    """Writes lists into an archive, and fetches it to the controller unless it is to stay on the host."""

    _supports_check_mode = False
    SPECIFICATION = {
        "prefix": {"type": "path", "required": True},
        "lists": {"type": "list", "elements": "str", "required": True},
        "stay": {"type": "bool", "default": False},
    }

    def act(self, prefix, lists, stay):
        with self.directory() as directory:
            path = directory + "/lists.tgz"
            exported = self.module("listhost.exim_mailman.mailman_export", prefix=prefix, lists=lists, dest=path, compressed=True)
            answer = {"changed": True, "src": path, "stayed": stay, "checksum": exported["archive"]["checksum"]}
            answer.update((key, exported[key]) for key in ("lists", "templates"))
            if exported["left_out"]:
                answer["warnings"] = ["These are no files, and stay where they are: %s" % ", ".join(exported["left_out"])]
            if not stay:
                answer["src"] = self.fetch(path)
                self.remove(directory)
        return answer
