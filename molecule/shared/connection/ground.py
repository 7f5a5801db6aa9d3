# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection to a host of the ground, which is a container. By shared/enter, and with pipelining."""

import array
import hashlib
import io
import os
import pathlib
import re
import selectors
import shlex
import socket
import struct
import subprocess
import zipfile

import ansible
from ansible.errors import AnsibleError
from ansible.plugins.connection import ConnectionBase, ensure_connect

DOCUMENTATION = """
name: ground
short_description: Runs commands in a container of the ground
description: Runs commands in a container as podman exec does, at a fraction of its cost.
author: listhost.exim_mailman contributors (@listhost)
options:
  remote_addr:
    description: Name of the container.
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: ansible_host
"""

ENTER = str(pathlib.Path(__file__).resolve().parents[1] / "enter")
RECORDS = pathlib.Path(__file__).resolve().parents[3] / ".cache/enter"
# For modules: shared/python, which create.yml has mounted there. Benchmarks go without.
AIDED = "GROUND_UNAIDED" not in os.environ
AID = ["env", "PYTHONPATH=/srv/python"] if AIDED else []
PACKAGE = pathlib.Path(ansible.__path__[0])
# Ansible-core 2.19 is the first whose modules come with what the fork server imports.
FORKED = AIDED and (PACKAGE / "module_utils/_internal").exists()
# A module that comes through a pipe.
MODULE = re.compile(r"/bin/sh -c '(/[\w./-]+) && sleep 0'")


def archive_of_ansible():
    """Return what a fork server imports, as a zip file."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for path in [PACKAGE / "release.py", *PACKAGE.glob("module_utils/**/*.py")]:
            file.write(path, path.relative_to(PACKAGE.parent))
        # Its own imports what no module gets.
        file.writestr("ansible/__init__.py", "from ansible.release import __version__, __author__\n")
    return archive.getvalue()


class Connection(ConnectionBase):
    transport = "ground"
    has_pipelining = True

    def _connect(self):
        super()._connect()
        self._connected = True

    def _run(self, argv, **streams):
        run = subprocess.run([ENTER, self.get_option("remote_addr"), *argv], stderr=subprocess.PIPE, check=False, **streams)
        return run.returncode, run.stdout, run.stderr

    def _fork_server(self, python):
        """Return a connection to the host's, which is started if it does not run: before the first module, and after a reboot."""
        path = "/dev/shm/fork_server-" + hashlib.sha256(repr((python, PACKAGE, ansible.__version__)).encode()).hexdigest()[:8]

        def connect():
            # By the host's first process, as enter has recorded it: its start tells it from another that has its number.
            process, started, *_more = (RECORDS / self.get_option("remote_addr")).read_text().split()
            if pathlib.Path("/proc", process, "stat").read_text().rpartition(")")[2].split()[19] != started:
                raise ConnectionRefusedError
            connection = socket.socket(socket.AF_UNIX)
            connection.connect("/proc/%s/root%s" % (process, path))
            return connection

        try:
            return connect()
        except OSError:
            code, _stdout, stderr = self._run([*AID, python, "/srv/python/fork_server.py", path], stdout=subprocess.PIPE, input=archive_of_ansible())
            if code != 0:
                raise AnsibleError("The fork server did not start: " + stderr.decode()) from None
            return connect()

    def _fork(self, python, program):
        """Run a program as `_run` does, in a fork of a Python that has imported what modules do."""
        ends, output = [os.pipe(), os.pipe()], [b"", b""]
        with self._fork_server(python) as connection, selectors.DefaultSelector() as selector:
            rights = array.array("i", [written for _read, written in ends])
            connection.sendmsg([struct.pack("!Q", len(program))], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
            connection.sendall(program)
            for number, (read, written) in enumerate(ends):
                os.close(written)
                selector.register(read, selectors.EVENT_READ, number)
            while selector.get_map():
                for key, _events in selector.select():
                    data = os.read(key.fd, 65536)
                    output[key.data] += data
                    if not data:
                        selector.unregister(key.fd)
                        os.close(key.fd)
            return (*struct.unpack("!i", connection.recv(4)), *output)

    @ensure_connect
    def exec_command(self, cmd, in_data=None, sudoable=True):
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        module = FORKED and in_data and MODULE.fullmatch(cmd)
        if module:
            return self._fork(module[1], in_data)
        return self._run([*AID, *shlex.split(cmd)], stdout=subprocess.PIPE, input=in_data or b"")

    @ensure_connect
    def put_file(self, in_path, out_path):
        super().put_file(in_path, out_path)
        with open(in_path, "rb") as source:
            code, _stdout, stderr = self._run(["dd", "status=none", "of=" + out_path], stdin=source, stdout=subprocess.PIPE)
        if code != 0:
            raise AnsibleError("%s was not written: %s" % (out_path, stderr.decode()))

    @ensure_connect
    def fetch_file(self, in_path, out_path):
        super().fetch_file(in_path, out_path)
        with open(out_path, "wb") as target:
            code, _stdout, stderr = self._run(["cat", in_path], stdin=subprocess.DEVNULL, stdout=target)
        if code != 0:
            raise AnsibleError("%s was not read: %s" % (in_path, stderr.decode()))

    def close(self):
        super().close()
        self._connected = False
