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
    talks = [talk(item) for item in items]
    for number, one in enumerate(talks):
        write(link, (number, *step(one, None)))
    for number, answer in read(link):
        write(link, (number, *step(talks[number], answer)))


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
    """Yield what the processes say: of which item (as the number of its process, and its own number there), whether they ask, and what.

    For each process it is said how many items are to come. One that ends says no more.
    """
    while any(links.values()):
        for link in wait([link for link, number in links.items() if number]):
            try:
                number, *said = read(link)
            except (EOFError, OSError):
                links[link] = 0
                continue
            links[link] -= 1
            yield (link, number, *said)


def converse(talk, items, answer, tell):
    """Return what the generator talk(item) returns for each of the items, as JSON has it, or None where it failed. Items whose process ended are left out.

    A generator may yield one question. answer() gets all questions of all items in a mapping, and returns the mapping of what each is sent. There are as many
    processes as processors. tell() is told after each item how many have come to their question or their end, and how many to their end.
    """
    number = max(1, min(len(items), os.cpu_count() or 1))
    shares = [items[first::number] for first in range(number)]
    said, asked, processes = {}, {}, {}
    try:
        for share in shares:
            link, pid = start(talk, share)
            processes[link] = (pid, share)
        for link, index, asks, value in heard({link: len(share) for link, (dummy, share) in processes.items()}):
            (asked if asks else said)[processes[link][1][index]] = value
            tell(len(asked) + len(said), len(said))
        begun, answers = len(asked) + len(said), answer(asked) if asked else {}
        waiting = {}
        for link, (dummy, share) in processes.items():
            questions = [(index, answers.get(item)) for index, item in enumerate(share) if item in asked]
            try:
                write(link, questions)
            except OSError:
                # It has ended.
                continue
            waiting[link] = len(questions)
        for link, index, dummy, value in heard(waiting):
            said[processes[link][1][index]] = value
            tell(begun, len(said))
    finally:
        for link in processes:
            link.close()
        for pid, dummy in processes.values():
            os.waitpid(pid, 0)
    return said
