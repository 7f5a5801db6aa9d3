# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import json
import os
import subprocess
import sys

from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import request

PROGRAM = """
import os, sys
sys.path.insert(0, %r)
from _mailman_target import mailman, request
mailman.find = lambda prefix: order.append("load")
order = []
# Root is refused, and may run the tests.
os.geteuid = lambda: 1000
def write(path):
    os.mkdir(path)
    open(path + "/config.pck", "w").close()
    return order
request.REQUESTS["write"] = "mailman"
mailman.write = write
request.main()
"""


def test_what_is_written_is_the_groups_too_whatever_the_caller_is_like(tmp_path):
    """The web server and the mail server share it."""
    program = PROGRAM % os.path.dirname(os.path.dirname(request.__file__))
    asked = dict(user="list", group="list", prefix="/", do="write", arguments=dict(path=str(tmp_path / "new")))
    command = ["/bin/sh", "-c", "umask 077; exec \"$@\"", "sh", sys.executable, "-c", program]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    answer = json.loads(process.communicate(json.dumps(asked).encode())[0])
    assert answer == {"result": ["load"]}
    assert [oct((tmp_path / name).stat().st_mode & 0o777) for name in ("new", "new/config.pck")] == ["0o775", "0o664"]
