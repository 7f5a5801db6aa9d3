# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The request on standard input, and the answer on standard output."""

from __future__ import absolute_import, division, print_function

import importlib
import json
import os
import signal
import sys

from . import mailman
from .faults import Failure, Stopped
from .known import REQUESTS


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
        part = importlib.import_module("%s.%s" % (__package__, REQUESTS[request["do"]]))
        answer = {"result": getattr(part, request["do"])(**dict((str(key), value) for key, value in request["arguments"].items()))}
    except Failure:
        answer = {"error": sys.exc_info()[1].text}
    except Stopped:
        answer = {"error": "Stopped before anything was written."}
    answer_to.write(json.dumps(answer))
    answer_to.close()
