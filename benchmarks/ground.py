# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every benchmark on a host does: a host in a container of the tests' ground, playbooks for it, commands on it."""

import os
import pathlib
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
CLONE = os.environ["GROUND_CLONE"]
ARCHIVE = os.environ.get("MAILMAN_ARCHIVE", "the double of Mailman")
# Nobody but the tests has what makes their runs cheaper: neither on the controller (built_once) nor on the hosts (the connection's bytecode).
os.environ.pop("ANSIBLE_CALLBACK_PLUGINS", None)
os.environ.pop("ANSIBLE_CALLBACKS_ENABLED", None)
os.environ["GROUND_UNAIDED"] = "yes"


def call(*argv, check=True, **options):
    """Run a command in the project's root and return what it printed; stop when it fails."""
    done = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if check and done.returncode:
        raise SystemExit("%s exits %d:\n%s" % (" ".join(map(str, argv)), done.returncode, done.stdout[-5000:]))
    return done.stdout


def timed(work, *arguments, **options):
    """Return how many seconds the call took, and what it returned."""
    start = time.monotonic()
    result = work(*arguments, **options)
    return time.monotonic() - start, result


class Host:
    """A host of an inventory of the tests', in a ground of its own. As a context it is removed at the end, however that comes."""

    def __init__(self, ground, number, inventory, host, *variables):
        self.ground = "%s-%s" % (CLONE, ground)
        self.name = "%s-%s" % (self.ground, host)
        self.inventory = ["-i", "molecule/shared/ground.yml", "-i", inventory, "-e", "ground=%s ground_number=%d" % (ground, number), *variables]

    def __enter__(self):
        return self

    def __exit__(self, *dummy):
        self.playbook("molecule/shared/destroy.yml", check=False)

    def create(self, *argv):
        """Create it, and run these playbooks for it."""
        self.playbook("molecule/shared/create.yml", *argv)

    def playbook(self, *argv, **options):
        """Run playbooks for it and return what they printed."""
        return call("ansible-playbook", *self.inventory, *argv, **options)

    def run(self, script, *arguments, **options):
        """Run a script of the shell on it and return what it printed."""
        return call("podman", "exec", "-i", self.name, "sh", "-ec", script, *arguments, **options)
