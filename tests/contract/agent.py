# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs command lines inside the container: a JSON object a line in, one a line out.

One `podman exec` for all of them: each of its own would cost more than most of what is run, and podman 4.3 now and then
loses what a program that exits at once has said."""

import json
import subprocess
import sys

for line in sys.stdin:
    request = json.loads(line)
    done = subprocess.run(
        # What hangs is to fail, with exit code 124 or 137.
        ["timeout", "--kill-after=5", "120", "bash", "-c", request["command"]],
        input=request["stdin"].encode("latin-1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=False,
    )
    answer = {
        "returncode": done.returncode,
        "stdout": done.stdout.decode("latin-1"),
        "stderr": done.stderr.decode("latin-1"),
    }
    print(json.dumps(answer), flush=True)
