# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How Mailman sends text with long lines: mailman_config writes _encode_body into mm_cfg.py, where it runs whenever Mailman or one of its tools does.

It has no name that a setting could have. This file is not sent with requests.
"""

import binascii
import email.charset
import inspect


def _encode_body(message, _encode=email.charset.encode_7or8bit):
    # Mail servers refuse lines of more than 998 octets. Python asks here how to send text of a charset that needs no encoding.
    body = message.get_payload(decode=True)
    if body and max([len(line) for line in body.splitlines()] + [0]) > 990:
        message.set_payload(str(binascii.b2a_qp(body).decode('ascii')))
        message['Content-Transfer-Encoding'] = 'quoted-printable'
    else:
        _encode(message)


def render():
    """Return the lines for mm_cfg.py."""
    return """
import binascii
import email.charset

%s
email.charset.encode_7or8bit = _encode_body
""" % inspect.getsource(_encode_body)
