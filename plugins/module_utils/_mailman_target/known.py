# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all sides know of Mailman: the controller, Exim's side (modules and templates), and what runs in Mailman's Python."""

from __future__ import absolute_import, division, print_function

import re

# What mail for a list may have after the list's name and a hyphen. It is the command of Mailman's wrapper, too.
SUFFIXES = (
    "admin", "bounces", "confirm", "join", "leave", "owner", "request", "subscribe", "unsubscribe",
)  # fmt: skip
# After these a + and more may follow: the address of a subscriber, the cookie of a request.
SUFFIXES_WITH_MORE = ("bounces", "confirm")
# Mailman answers mail to these, and writes to whoever the mail says that it is from.
SUFFIXES_THAT_ANSWER = ("join", "leave", "request", "subscribe", "unsubscribe")

WITH_MORE = r"(?:%s)\+" % "|".join(SUFFIXES_WITH_MORE)
SUFFIX = re.compile(r"(.+)-(%s|%s.*)\Z" % ("|".join(SUFFIXES), WITH_MORE))
# A list's own name may have + in it, but not so: Exim takes it for an address of another list.
AMBIGUOUS_NAME = re.compile(r"(.+?)(-%s)" % WITH_MORE)

# The file of this package that carries out a request, in a function of the request's name; and for describe the file of each topic, with gather_TOPIC.
REQUESTS = {
    "check_settings": "settings",
    "describe": "survey",
    "export_lists": "exporting",
    "import_lists": "importing",
    "manage_lists": "lists",
    "put_aside": "aside",
    "unpack_lists": "takeover",
}
TOPICS = {
    "bounces": "bounces",
    "differences": "lists",
    "inventory": "inventory",
    "lists": "overview",
    "queues": "queues",
    "runners": "queues",
    "settings": "settings",
}

# Mailman's queues that have runners, in the order of its QRUNNERS.
QUEUES = ("Arch", "Bounce", "Command", "Incoming", "News", "Outgoing", "Virgin", "Retry")

# The queue runner in the place of BounceRunner that role mailman brings.
BOUNCE_RUNNER = "ListhostBounceRunner"

# Settings of mm_cfg.py whose strings are secrets, such as SUBSCRIBE_FORM_SECRET, RECAPTCHA_PRIVATE_KEY and SMTP_PASSWD.
SECRET_SETTING = re.compile(r"SECRET|PASSWD|PASSWORD\Z|PRIVATE_KEY|(?<!PUBLIC)(?<!SITE)_KEY\Z")

# Attributes of a list that have an option of their own.
OPTION_OF = {
    "description": "description",
    "host_name": "email_host",
    "moderator": "moderators",
    "owner": "owners",
    "password": "password",
    "preferred_language": "language",
    "web_page_url": "url_host",
}

# Options of a member, by the names that Mailman's own commands use, and their bits in mm_cfg.
MEMBER_BITS = {
    "ack": "AcknowledgePosts",
    "hide": "ConcealSubscription",
    "moderated": "Moderate",
    "nodupes": "DontReceiveDuplicates",
    "notmetoo": "DontReceiveOwnPosts",
    "plain": "DisableMime",
}
MEMBER_SWITCHES = frozenset(MEMBER_BITS) | frozenset(("digest", "nomail"))
MEMBER_KEYS = MEMBER_SWITCHES | frozenset(("address", "language", "name", "state"))

# A member as in a header of a message.
NAME_AND_ADDRESS = re.compile(r'"?([^"<>]*?)"?\s*<([^<>]+)>\Z')
