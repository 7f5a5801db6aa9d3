# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work for many items on all of the controller's processors, with one question in the middle that is asked for all of them at once."""

import json
import os
from multiprocessing import Pipe
from multiprocessing.connection import wait


def step(talk, value):
    """Let a generator go on with a value. Return whether it asks something, and what it yields or returns; None if it cannot go on."""
    try:
        return True, talk.send(value)
    except StopIteration as end:
        return False, end.value
    except Exception:  # noqa: BLE001 one item's fault is none of the others'
        return False, None


def write(link, value):
    link.send_bytes(json.dumps(value).encode("ascii"))


def read(link):
    return json.loads(link.recv_bytes().decode("ascii"))


def serve(link, talk, items):
    """Be one of the processes: what is worked out of an item for the question is still there for the answer."""
    talks = {item: talk(item) for item in items}
    for item, one in talks.items():
        write(link, (item, *step(one, None)))
    for item, answer in read(link).items():
        write(link, (item, *step(talks[item], answer)))


def start(talk, items):
    """Return the link to a new process, and its number."""
    link, other_end = Pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            link.close()
            serve(other_end, talk, items)
            status = 0
        finally:
            # Nothing that the parent has begun is ended here.
            os._exit(status)
    other_end.close()
    return link, pid


def heard(links):
    """Yield what the processes say of each item: which, whether it asks, and what. For each it is said how many are to come. One that ends says no more."""
    while any(links.values()):
        for link in wait([link for link, number in links.items() if number]):
            try:
                said = read(link)
            except (EOFError, OSError):
                links[link] = 0
                continue
            links[link] -= 1
            yield said


def converse(talk, items, answer, tell):
    """Return what the generator talk(item) returns for each of the items, as JSON has it, or None where it failed. Items whose process ended are left out.

    The items are strings. A generator may yield one question. answer() gets all questions of all items in a mapping, and returns the mapping of what each is
    sent. There are as many processes as processors. After each item tell() is told how many have come to their question or their end, and how many to the end.
    """
    number = max(1, min(len(items), os.cpu_count() or 1))
    said, asked, shares, pids = {}, {}, {}, []
    try:
        for first in range(number):
            link, pid = start(talk, items[first::number])
            shares[link] = items[first::number]
            pids.append(pid)
        for item, asks, value in heard({link: len(share) for link, share in shares.items()}):
            (asked if asks else said)[item] = value
            tell(len(asked) + len(said), len(said))
        begun = len(asked) + len(said)
        answers = answer(asked) if asked else {}
        waiting = {}
        for link, share in shares.items():
            sent = {item: answers.get(item) for item in share if item in asked}
            try:
                write(link, sent)
            except OSError:
                # It has ended.
                continue
            waiting[link] = len(sent)
        for item, dummy, value in heard(waiting):
            said[item] = value
            tell(begun, len(said))
    finally:
        for link in shares:
            link.close()
        for pid in pids:
            os.waitpid(pid, 0)
    return said
