# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


class ModuleDocFragment:
    """What the modules for a Mailman have in common."""

    DOCUMENTATION = r"""
options:
  prefix:
    description:
      - The prefix that Mailman was configured with, such as V(/var/lib/mailman) on Debian.
    type: path
    required: true
attributes:
  check_mode:
    support: full
  idempotent:
    support: full
    description: A second run changes nothing.
author:
  - listhost.exim_mailman contributors (@listhost)
"""

    PYTHON = r"""
options:
  python:
    description:
      - The Python that Mailman runs on.
      - By default the one that the installation names.
    type: path
"""

    LOCK_TIMEOUT = r"""
options:
  lock_timeout:
    description:
      - How many seconds the call may wait for a list that others have locked. Then it fails and tells which process holds the lock.
      - A lock left behind by a process that was killed is removed at once.
    type: int
    default: 30
"""

    READ_ONLY = r"""
attributes:
  check_mode:
    support: full
    description: The module only looks. It does all of its work in check mode.
  diff_mode:
    support: none
    description: The module changes nothing.
"""
