# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be wrong: with a request, with a value in it."""

from __future__ import absolute_import, division, print_function


class Failure(Exception):
    """A request that cannot be carried out; the text is for the administrator."""

    def __init__(self, text):
        Exception.__init__(self)
        self.text = text


class Wrong(Exception):
    """A value that Mailman would refuse or spoil; the text says why."""

    def __init__(self, text):
        Exception.__init__(self)
        self.text = text


class Stopped(BaseException):
    """Somebody wants this process to end. Not an Exception, for Mailman catches those."""
