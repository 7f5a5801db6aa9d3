# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


class ModuleDocFragment:
    """What the action plugins that work on the controller alone have in common."""

    DOCUMENTATION = r"""
author:
  - listhost.exim_mailman contributors (@listhost)
attributes:
  check_mode:
    support: full
    description: Does the same.
  diff_mode:
    support: none
    description: There are no differences to show.
  idempotent:
    support: full
    description: Changes nothing.
"""
