# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text of requests, which is Python 2's unicode, and Mailman's, which mostly is bytes there."""

from __future__ import absolute_import, division, print_function

import json
import sys

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


def to_bytes(name):
    """A name of a file as bytes. Python 3 has them as text, in which what is no text stands for itself."""
    return name if isinstance(name, bytes) else name.encode(sys.getfilesystemencoding(), "surrogateescape")


def to_native(name):
    """A name of a file, in bytes, as this Python has it."""
    return name if isinstance(name, str) else name.decode(sys.getfilesystemencoding(), "surrogateescape")


def name_to_json(name):
    """A name of a file as text with a character for each byte, for names need not be text."""
    return to_bytes(name).decode("latin-1")


def name_from_json(text):
    """The name that name_to_json() has made text of."""
    return to_native(text.encode("latin-1"))
