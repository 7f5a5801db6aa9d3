# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles' templates and tasks are told of what Python knows, so that it is written once."""

from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import known

FOR_ROLES = {
    "suffixes": list(known.SUFFIXES),
    "suffixes_with_more": list(known.SUFFIXES_WITH_MORE),
    "suffixes_that_answer": list(known.SUFFIXES_THAT_ANSWER),
    "queues": list(known.QUEUES),
    "secret_setting": known.SECRET_SETTING.pattern,
}
