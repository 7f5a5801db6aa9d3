# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of the Mailman modules that runs on the managed host under Mailman's own Python (2.6, 2.7).

It is sent there on standard input, followed by the request as JSON; the answer is JSON on standard output.
Nothing of Mailman is imported before main() has become Mailman's user: the pickles and the list extensions that Mailman
loads can be written by that user, so they must never be loaded by root.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import grp
import json
import os
import pwd
import sys


class Failure(Exception):
    """A request that cannot be carried out; the message is for the administrator."""


def become(user, group):
    """Be Mailman's user from here on, when started as root."""
    try:
        uid, gid = pwd.getpwnam(user).pw_uid, grp.getgrnam(group).gr_gid
    except KeyError:
        raise Failure("Mailman's user %s or group %s does not exist on this host" % (user, group))
    os.setgroups([gid])
    os.setgid(gid)
    os.setuid(uid)


def describe():
    """The paths and names that mm_cfg.py may have changed since the build."""
    from Mailman import mm_cfg

    return {
        "lists_dir": mm_cfg.LIST_DATA_DIR,
        "python_version": ".".join(str(part) for part in sys.version_info[:3]),
    }


REQUESTS = {"describe": describe}


def main():
    """Carry out the request on standard input."""
    request = json.loads(getattr(sys.stdin, "buffer", sys.stdin).read().decode("ascii"))
    # Mailman prints here and there; only the answer may reach the real standard output.
    answer_to = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        if os.geteuid() == 0:
            become(request["user"], request["group"])
        # Files of a list are shared with the web server's and the mail server's processes through the group.
        os.umask(0o002)
        sys.path.insert(0, os.path.join(request["prefix"], "bin"))
        try:
            __import__("paths")
            __import__("Mailman.mm_cfg")
        except Exception:
            raise Failure(
                "%s/Mailman/mm_cfg.py cannot be read by Mailman: %s: %s"
                % (request["prefix"], sys.exc_info()[0].__name__, sys.exc_info()[1])
            )
        answer = {"result": REQUESTS[request["do"]](**request.get("arguments", {}))}
    except Failure:
        answer = {"error": str(sys.exc_info()[1])}
    answer_to.write(json.dumps(answer))
    answer_to.close()


if __name__ == "__main__":
    main()
