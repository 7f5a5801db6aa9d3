# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of a zone file, as RFC 1035 has them."""

import re

# What one string of a TXT record may have, in octets (RFC 1035, 3.3.14).
LONGEST = 255


def quoted(text):
    """Return a character string of a zone file. What is no printable ASCII is its number, so a line remains one."""
    return '"%s"' % re.sub(r'["\\]|[^ -~]', lambda found: "\\" + (found.group() if found.group() in '"\\' else "%03d" % ord(found.group())), text)


def txt(content):
    """Return the data of a TXT record. Who reads it joins the strings without a blank between them."""
    # A character is an octet.
    content = content.encode().decode("latin-1")
    strings = [content[start:start + LONGEST] for start in range(0, len(content), LONGEST)] or [""]
    return quoted(strings[0]) if len(strings) == 1 else "( %s )" % " ".join(quoted(string) for string in strings)


def line(name, ttl, kind, data):
    """Return a line with the full name, which means the same in whichever zone it stands."""
    return "%s. %sIN %s %s\n" % (name, "%d " % ttl if ttl is not None else "", kind, data)
