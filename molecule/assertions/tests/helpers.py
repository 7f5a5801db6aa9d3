# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things are, and what the tests expect of a sound list."""

import pathlib

SCENARIO = pathlib.Path(__file__).resolve().parent.parent
ROOT = SCENARIO.parent.parent
LIVE = "/etc/exim4/exim4.conf"
PLANTED = "/etc/exim4/planted.conf"
WRAPPER = "/var/lib/mailman/mail/mailman"

POST = {"address": "testlist@list.example.com", "transport": "mailman_transport"}
BOUNCES = {"address": "testlist-bounces+anna=example.net@list.example.com", "command": [WRAPPER, "bounces", "testlist"], "group": "list"}
REFUSED = {"client": "192.0.2.1", "sender": "<>", "recipients": [{"address": "testlist@list.example.com", "code": 550, "text": "^Recipient never"}]}
