# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program for Mailman's Python, as it is sent there: package _mailman_target, file by file, and the request."""

import inspect
import json

# Imported so that Ansible sends them along; only their texts are used here.
from ._mailman_target import (
    aside,
    attributes,
    bounces,
    domains,
    exporting,
    faults,
    foreign_tar,
    importing,
    inventory,
    known,
    lists,
    loader,
    locks,
    mailman,
    members,
    names,
    passwords,
    pickles,
    places,
    processes,
    queues,
    request,
    settings,
    staging,
    steps,
    survey,
    takeover,
    tar,
    text,
    values,
    wanted,
    work,
)

# In an order in which each imports only those before it. The last one has main().
PARTS = (
    known,
    faults,
    text,
    mailman,
    processes,
    locks,
    values,
    attributes,
    members,
    names,
    passwords,
    domains,
    work,
    steps,
    lists,
    inventory,
    queues,
    pickles,
    bounces,
    tar,
    foreign_tar,
    places,
    staging,
    exporting,
    wanted,
    importing,
    takeover,
    aside,
    settings,
    survey,
    request,
)


def pack(asked):
    """Return the loader, as the program that Mailman's Python is started with, and what that reads: the other files, and what is asked of them."""
    parts = json.dumps([(part.__name__.rpartition(".")[2], inspect.getsource(part)) for part in PARTS])
    return inspect.getsource(loader), ("%d\n%s%s" % (len(parts), parts, json.dumps(asked))).encode("ascii")
