# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program that Mailman's Python is started with: it makes the other files of this package modules and lets the last carry out a request.

On standard input are the length of what follows, pairs of a name and a source text as JSON, and the request.
"""

from __future__ import absolute_import, division, print_function

import json
import sys
import types

PACKAGE = "_mailman_target"


def load(parts):
    """Make modules of these parts, each of which imports only parts before it, and return the last."""
    package = sys.modules[PACKAGE] = types.ModuleType(PACKAGE)
    package.__path__ = []
    for name, source in parts:
        module = types.ModuleType(str("%s.%s" % (PACKAGE, name)))
        module.__package__ = PACKAGE
        sys.modules[module.__name__] = module
        exec(compile(source, "%s/%s.py" % (PACKAGE, name), "exec", 0, True), module.__dict__)
        setattr(package, str(name), module)
    return module


if __name__ == "__main__":
    stream = getattr(sys.stdin, "buffer", sys.stdin)
    load(json.loads(stream.read(int(stream.readline())).decode("ascii"))).main()
