# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text of requests, which is Python 2's unicode, and Mailman's, which mostly is bytes there."""

from __future__ import absolute_import, division, print_function

import json

# In Python 2 the text in a request; Mailman itself keeps most text as bytes.
UNICODE = type(b"".decode("ascii"))


def readable(value):
    """Any value or exception as text for the administrator."""
    if isinstance(value, UNICODE):
        return value
    if not isinstance(value, str):
        value = str(value)
    return value if isinstance(value, UNICODE) else value.decode("utf-8", "replace")


def show(value):
    """A value out of the request as it stood there."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def plain(value):
    """The text as Mailman wants names and addresses; UnicodeError when it has other characters than ASCII."""
    return str(value.encode("ascii").decode("ascii"))
