# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Ansible's modules on a host of the ground, each in a fork of this process, which has imported what all of them import.

fork_server.py SOCKET < ARCHIVE: the archive has the package ansible with its module_utils. Returns when the socket listens, also if another one does that.

Who connects sends two descriptors, for output and errors, with the length of a program in eight bytes, and then the program. It is told the exit code
when the program has ended. ../connection/ground.py does so.
"""

import array
import contextlib
import fcntl
import gc
import importlib
import os
import signal
import socket
import struct
import sys

IMPORTED = [
    "ansible.module_utils._internal._ansiballz._loader",
    "ansible.module_utils.basic",
    "ansible.module_utils.facts.default_collectors",
    "ansible.module_utils.facts.namespace",
    "ansible.module_utils.urls",
]


class InTheModulesArchive:
    """Where a package looks for what was not imported here: in the archive that the module comes in, the first of Python's path."""

    def __init__(self, package):
        self.package = package

    def __iter__(self):
        yield os.path.join(sys.path[0], self.package)


def import_from(archive):
    sys.path.insert(0, archive)
    for name in IMPORTED:
        importlib.import_module(name)
    del sys.path[0]
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "ansible" and hasattr(module, "__path__"):
            module.__path__ = InTheModulesArchive(name.replace(".", "/"))


def receive(connection, size):
    data = b""
    while len(data) < size:
        data += connection.recv(size - len(data)) or sys.exit("the program did not come whole")
    return data


def python_of_now():
    """Return what differs when a package has replaced Python."""
    return [(found.st_ino, found.st_ctime_ns) for found in map(os.stat, (sys.executable, os.__file__))]


def serve(path, listener, waiting=None):
    """Return, in a process of its own for each, the programs that come."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    python = python_of_now()
    while True:
        connection = waiting or listener.accept()[0]
        waiting = None
        if python_of_now() != python:
            # What is imported here would not go with what the module still has to import.
            sockets = [listener.fileno(), connection.fileno()]
            for descriptor in sockets:
                os.set_inheritable(descriptor, True)
            environment = dict(os.environ, PYTHONPATH=os.path.dirname(__file__))
            os.execve(sys.executable, [sys.executable, __file__, path, *map(str, sockets)], environment)
        if os.fork() == 0:
            break
        connection.close()
    listener.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, [(_level, _type, data), *_more], _flags, _address = connection.recvmsg(8, socket.CMSG_SPACE(8))
    program = receive(connection, *struct.unpack("!Q", size))
    process = os.fork()
    if process:
        status = os.waitpid(process, 0)[1]
        connection.sendall(struct.pack("!i", -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)))
        os._exit(0)
    connection.close()
    for number, descriptor in enumerate(array.array("i", data), 1):
        os.dup2(descriptor, number)
        os.close(descriptor)
    return program


def listen(path, archive):
    """Return a listening socket in a process that stays. This one ends, now or when another one listens."""
    with open(path + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        listener = socket.socket(socket.AF_UNIX)
        if listener.connect_ex(path) == 0:
            sys.exit()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        with open(path + ".zip", "wb") as file:
            file.write(archive)
        import_from(file.name)
        listener.bind(path)
        listener.listen(64)
        if os.fork():
            os._exit(0)
    os.setsid()
    for number in 0, 1, 2:
        os.dup2(os.open(os.devnull, os.O_RDWR), number)
    return listener


def program():
    path, *descriptors = sys.argv[1:]
    if descriptors:
        # This Python has taken the place of one that was replaced.
        import_from(path + ".zip")
        sockets = [socket.socket(fileno=int(descriptor)) for descriptor in descriptors]
    else:
        sockets = [listen(path, sys.stdin.buffer.read())]
    gc.collect()
    gc.freeze()
    received = serve(path, *sockets)
    # As when Python reads it from standard input.
    sys.argv, sys.path[0] = [""], ""
    return compile(received, "<stdin>", "exec")


if __name__ == "__main__":
    exec(program(), {"__name__": "__main__"})
