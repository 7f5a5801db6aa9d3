# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import textwrap


class ModuleDocFragment:
    """What the modules that install files have in common. The options of a file are those of FILE_ARGUMENTS in module_utils/_file_transaction.py."""

    # One file, whose options are the module's.
    FILE = r"""
author:
  - listhost.exim_mailman contributors (@listhost)
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    description: One difference a file.
  idempotent:
    support: full
    description: A second run changes nothing.
options:
  path:
    description:
      - Absolute path of the file. Its directory must exist.
      - The target of a symbolic link is replaced, the link stays.
    type: path
    required: true
  content:
    description: The whole content, written as UTF-8.
    type: str
    required: true
  owner:
    description: Name of the user who owns the file. When not set, a new file is root's and an old one keeps its owner.
    type: str
  group:
    description: Name of the group. When not set, a new file has the group of the user that the module runs as, and an old one keeps its group.
    type: str
  mode:
    description: Permissions as an octal string, such as V("0644").
    type: str
    default: "0644"
"""


VALIDATE = r"""
  validate:
    description:
      - A command, as a list of arguments, that says with its exit status whether the content is good.
      - In each argument V(%s) stands for the path of the candidate.
    type: list
    elements: str
    default: []
"""

SEVERAL_FILES = r"""
  files:
    description:
      - Files that go live as one transaction.
      - One call is one module execution, however many files it holds.
    type: list
    elements: dict
    suboptions:
"""

head, options = ModuleDocFragment.FILE.split("options:\n")
# Several files; and with VALIDATED, each with a check of its own. What is made of other text cannot stand in the class: ansible-test reads only literals there.
ModuleDocFragment.DOCUMENTATION = head + "options:\n" + SEVERAL_FILES + textwrap.indent(options, 4 * " ")
ModuleDocFragment.VALIDATED = ModuleDocFragment.DOCUMENTATION + textwrap.indent(VALIDATE, 4 * " ")
