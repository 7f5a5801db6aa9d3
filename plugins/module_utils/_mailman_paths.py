# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths that Mailman's user names: whether they may be Mailman's, before root, the mail server or a playbook goes there."""

import os
import stat

from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import TargetError, look_up
from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import Untrusted, resolve


def check_lists_dir(installation, path):
    """Return the path, as it may be used. Raise TargetError when Mailman's user may have made up where the lists are: root and the mail server look there."""
    wrong = "Mailman's lists (LIST_DATA_DIR) are in %s, which cannot be believed: %s."
    if not path.startswith("/"):
        raise TargetError(wrong % (path, "it does not begin with a /"))
    path = "/" + os.path.normpath(path).lstrip("/")
    try:
        status = os.lstat(os.path.join(resolve(os.path.dirname(path)), os.path.basename(path)))
    except (OSError, Untrusted, ValueError) as e:
        raise TargetError(wrong % (path, e)) from e
    uid, gid = look_up(installation["user"], installation["group"])
    if not stat.S_ISDIR(status.st_mode) or (status.st_uid != uid and status.st_gid != gid):
        raise TargetError(wrong % (path, "it is no directory of Mailman's"))
    return path
