# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program for Mailman's Python, as it is sent there: of package _mailman_target the files that a request needs, and the request.

Of these files only the texts are used, so nothing here imports them: Python would compile them in each module that may not need them. A module says in a
function named sent which file carries out its requests. Nobody calls it: it is there because Ansible sends along what any import names, and what that imports.
"""

import json
import pkgutil
import re

from ._mailman_target.known import REQUESTS, TOPICS

PACKAGE = __name__.rpartition(".")[0] + "._mailman_target"
IMPORT = re.compile(r"^from (?:\.(\w+) import |\. import (\w+)$)", re.MULTILINE)


def sent():
    from ._mailman_target import loader, request

    return loader, request


def read(name):
    """Return the text of a file of the package."""
    return pkgutil.get_data(PACKAGE, name + ".py").decode("ascii")


def needed(do, topics=()):
    """Return the names and texts of the files that a request needs, in an order in which each imports only those before it. The last one has main()."""
    parts = {}

    def add(name):
        if name not in parts:
            text = read(name)
            for names in IMPORT.findall(text):
                add("".join(names))
            parts[name] = text

    for name in [REQUESTS[do]] + [TOPICS[topic] for topic in topics] + ["request"]:
        add(name)
    return list(parts.items())


def pack(asked):
    """Return the loader, as the program that Mailman's Python is started with, and what that reads: the other files, and what is asked of them."""
    parts = json.dumps(needed(asked["do"], asked["arguments"].get("gather", ())))
    return read("loader"), ("%d\n%s%s" % (len(parts), parts, json.dumps(asked))).encode("ascii")
