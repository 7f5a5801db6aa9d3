# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


class ModuleDocFragment:
    """What the modules of the backup have in common. The options are those of ARGUMENTS in module_utils/_mailman_backup/settings.py."""

    DOCUMENTATION = r"""
options:
  settings:
    description: What the backup is. The same go into the file that the timer's program reads.
    type: dict
    required: true
    suboptions:
      host:
        description: The host that the snapshots are of. Several hosts can have one repository.
        type: str
        required: true
      prefix:
        description: The prefix that Mailman was configured with.
        type: path
        required: true
      python:
        description: The Python that Mailman runs on.
        type: path
        required: true
      directory:
        description: A directory of root's for what the backup knows and works on, as V(/var/lib/listhost-backup).
        type: path
        required: true
      repository:
        description: restic's address of the repository. One of O(settings.repository) and O(settings.repository_file) is needed.
        type: str
        default: ""
      repository_file:
        description: A file of root's with that address, where it has a password in it.
        type: path
        default: ""
      password_file:
        description: A file of root's with the repository's password.
        type: path
        required: true
      paths:
        description: Files and directories that go into the snapshot beside the lists. Those that are not there are left out.
        type: list
        elements: path
        default: []
      own_paths:
        description: Further ones, which no inventory can make again, such as keys.
        type: list
        elements: path
        default: []
      keep:
        description: How many snapshots stay, by the words of restic's C(--keep-) options.
        type: dict
        default: {}
        suboptions:
          last: {description: The newest ones., type: int}
          hourly: {description: Of hours., type: int}
          daily: {description: Of days., type: int}
          weekly: {description: Of weeks., type: int}
          monthly: {description: Of months., type: int}
          yearly: {description: Of years., type: int}
      read_days:
        description: In how many runs all of the repository's data is read once.
        type: int
        default: 30
      max_age_hours:
        description: After how many hours the newest backup is too old.
        type: int
        default: 36
author:
  - listhost.exim_mailman contributors (@listhost)
"""
