# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection to a host of the ground, which is a container. By shared/enter, and with pipelining."""

import os
import pathlib
import shlex
import subprocess

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
# For modules: shared/python/sitecustomize.py, which create.yml has mounted there. Benchmarks go without.
AID = [] if "GROUND_UNAIDED" in os.environ else ["env", "PYTHONPATH=/srv/python"]


class Connection(ConnectionBase):
    transport = "ground"
    has_pipelining = True

    def _connect(self):
        super()._connect()
        self._connected = True

    def _run(self, argv, **streams):
        run = subprocess.run([ENTER, self.get_option("remote_addr"), *argv], stderr=subprocess.PIPE, check=False, **streams)
        return run.returncode, run.stdout, run.stderr

    @ensure_connect
    def exec_command(self, cmd, in_data=None, sudoable=True):
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
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
