# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a module does the same for several things of a host, on all its processors."""

import json
import os
import tempfile


class PartError(Exception):
    """Something that would have ended a module which is about one of the things."""


class Part:
    """What a module offers, for one of the things: with options of its own, and without an end of the module."""

    def __init__(self, module, params):
        self.params, self.check_mode = params, module.check_mode
        self.run_command, self.get_bin_path = module.run_command, module.get_bin_path

    def fail_json(self, msg, **dummy):
        raise PartError(msg)


def tried(act, item):
    """Return what act says of an item, or None where it cannot."""
    try:
        return act(item)
    except Exception:  # noqa: BLE001 one item's fault is none of the others'
        return None


def in_parallel(act, items):
    """Return what act says of each item, as JSON has it, or None where it could not. As many processes share the items as there are processors."""
    number = max(1, min(len(items), os.cpu_count() or 1))
    results, children = [None] * len(items), []
    for first in range(number):
        # Without a name: nobody else on the host sees it.
        out = tempfile.TemporaryFile()  # noqa: SIM115
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                out.write(json.dumps([tried(act, item) for item in items[first::number]]).encode("ascii"))
                out.flush()
                status = 0
            finally:
                # Nothing that the parent has begun is ended here.
                os._exit(status)
        children.append((first, pid, out))
    for first, pid, out in children:
        with out:
            if os.waitpid(pid, 0)[1] == 0:
                out.seek(0)
                results[first::number] = json.loads(out.read().decode("ascii"))
    return results
