# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files in which module mailman_lists keeps the mail domain and the web host of each list, for the mail server and the web server.

Mailman's user says what stands in them, and the servers believe it. So each line is looked at.
"""

import os
import re

from ansible_collections.listhost.exim_mailman.plugins.module_utils import _mailman_domains as mailman_domains
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import TargetError
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target.domains import DOMAIN_LINE

WEB_HOST_LINE = re.compile(r"[-+_.=a-z0-9]+ [a-z0-9.-]+\Z")


def check_directory(path):
    """Raise TargetError when others than root can put another file in the place of one."""
    fault = mailman_domains.directory_fault(path)
    if fault:
        raise TargetError("%s. Name a file in a directory that is root's alone." % fault)


def check_lines(text, pattern, what):
    """Raise TargetError for the first line that is none of the file's."""
    wrong = [line for line in text.split("\n") if line and not pattern.match(line)]
    if wrong:
        raise TargetError("Mailman's user gave a line that is no list and its %s, %r. Look at what that user runs." % (what, wrong[0]))


def look_at_domains(path):
    """Return the file of domains as it is, and since when that is true; None when none is wanted."""
    if not path:
        return None
    check_directory(path)
    text, seconds = mailman_domains.read(path)
    return {"text": text, "seconds": seconds}


def keep_domains(path, before, after, start, check_mode):
    """Bring the file of domains up to date, and let its time say since when it is true."""
    check_lines(after, DOMAIN_LINE, "domain")
    if check_mode:
        return
    if after != before or not os.path.exists(path):
        mailman_domains.make_directory(path)
        mailman_domains.write(path, after, start)
    else:
        os.utime(path, (start, start))


def keep_web_hosts(path, text, check_mode):
    """Bring the file of web hosts up to date, and say whether it was another."""
    check_lines(text, WEB_HOST_LINE, "web host")
    check_directory(path)
    if mailman_domains.read(path)[0] == text:
        return False
    if not check_mode:
        mailman_domains.make_directory(path)
        mailman_domains.write(path, text)
    return True


def keep_web_host_names(path, text, check_mode):
    """Bring the directory of web hosts up to date, and say whether it had other files."""
    check_directory(path)
    wanted = set(name for line in text.splitlines() for name in (line.split()[0], "@".join(line.split())))
    present = set(os.listdir(path)) if os.path.isdir(path) else set()
    if not check_mode:
        mailman_domains.make_directory(os.path.join(path, "list"))
        # In this order, and a list's own host before the list, no list is found to be on another host than its own.
        for name in sorted(wanted - present, key=lambda name: "@" not in name):
            mailman_domains.write(os.path.join(path, name), "")
        for name in sorted(present - wanted, key=lambda name: "@" in name):
            os.unlink(os.path.join(path, name))
    return wanted != present
