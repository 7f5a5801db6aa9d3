# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The request on standard input, and the answer on standard output."""

from __future__ import absolute_import, division, print_function

import json
import os
import signal
import sys

from . import mailman
from .aside import put_aside
from .exporting import export_lists
from .faults import Failure, Stopped
from .importing import import_lists
from .lists import manage_lists
from .settings import check_settings
from .survey import describe
from .takeover import unpack_lists

REQUESTS = {
    "check_settings": check_settings,
    "describe": describe,
    "export_lists": export_lists,
    "import_lists": import_lists,
    "manage_lists": manage_lists,
    "put_aside": put_aside,
    "unpack_lists": unpack_lists,
}


def stop(number, frame):
    raise Stopped()


def main():
    """Carry out the request on standard input."""
    request = json.loads(getattr(sys.stdin, "buffer", sys.stdin).read())
    # Mailman prints here and there; only the answer may reach the real standard output.
    answer_to = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        if os.geteuid() == 0:
            raise Failure("Root does not run Mailman's code.")
        # Files of a list are shared with the web server's and the mail server's processes through the group.
        os.umask(0o002)
        mailman.find(request["prefix"])
        answer = {"result": REQUESTS[request["do"]](**dict((str(key), value) for key, value in request["arguments"].items()))}
    except Failure:
        answer = {"error": sys.exc_info()[1].text}
    except Stopped:
        answer = {"error": "Stopped before anything was written."}
    answer_to.write(json.dumps(answer))
    answer_to.close()
