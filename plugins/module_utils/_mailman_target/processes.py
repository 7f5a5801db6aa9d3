# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes of this host."""

from __future__ import absolute_import, division, print_function

import errno
import os
import sys


def is_running(pid):
    """Whether a process still runs; one that has ended but was not waited for does not."""
    try:
        os.kill(pid, 0)
    except OSError:
        return sys.exc_info()[1].errno != errno.ESRCH
    try:
        with open("/proc/%d/stat" % pid) as handle:
            return handle.read().rpartition(")")[2].split()[0] != "Z"
    except IOError:
        return True


def read_command(pid):
    """The command line of a process, or nothing when there is no such process."""
    try:
        with open("/proc/%s/cmdline" % pid) as handle:
            return handle.read().replace("\0", " ")
    except IOError:
        return ""
