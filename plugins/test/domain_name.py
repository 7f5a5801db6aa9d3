# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
DOMAIN = re.compile(r"(?=.{1,253}\Z)(%s\.)+(?=.*[a-z])%s\Z" % (LABEL, LABEL))


def is_domain_name(value):
    """Say whether a value is a fully qualified domain name in lower case."""
    return isinstance(value, str) and DOMAIN.match(value) is not None


class TestModule:
    """Jinja tests of the collection."""

    def tests(self):
        return {"domain_name": is_domain_name}
