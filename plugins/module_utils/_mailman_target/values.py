# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of a request as Mailman stores them, and the way back."""

from __future__ import absolute_import, division, print_function

import re
import sys

from . import mailman
from .faults import Wrong
from .text import UNICODE, plain, readable, show

TRUE = ("true", "yes", "on")

FALSE = ("false", "no", "off")


def set_language(mlist, language):
    if language not in mailman.mm_cfg.LC_DESCRIPTIONS:
        raise Wrong("must be one of %s" % ", ".join(sorted(mailman.mm_cfg.LC_DESCRIPTIONS)))
    mlist.preferred_language = plain(language)
    if language not in mlist.available_languages:
        mlist.available_languages = mlist.available_languages + [plain(language)]


def convert_text(mlist, value, references=False):
    if not isinstance(value, UNICODE):
        raise Wrong("must be a string")
    charset = mailman.Utils.GetCharSet(mlist.preferred_language)
    try:
        return value.encode(charset, references and "xmlcharrefreplace" or "strict")
    except UnicodeError:
        lost = sys.exc_info()[1]
        raise Wrong(
            "has the character %s, which cannot be written in %s, the charset of language %s: choose another language for "
            "the list, or give this one UTF-8 with add_language() in mm_cfg.py" % (show(lost.object[lost.start]), charset, mlist.preferred_language)
        )


def convert_ascii(value):
    try:
        return plain(value)
    except (AttributeError, UnicodeError):
        raise Wrong("must be a string of ASCII characters")


def convert_lines(value):
    lines = value.splitlines() if isinstance(value, UNICODE) else value
    if not isinstance(lines, list) or [line for line in lines if not isinstance(line, UNICODE)]:
        raise Wrong("must be a list of strings")
    return lines


def convert_addresses(name, value):
    """Addresses and patterns of addresses, one a line. Mailman would pass over what is empty, and so take the owners from a list."""
    lines = convert_lines(value)
    if [line for line in lines if not line.strip()]:
        raise Wrong("has an empty address: take it out, or write the address that belongs there")
    if name == "owner" and not lines:
        raise Wrong("must name at least one address: without owners nobody gets what is for the list's administrators")
    return [convert_ascii(line) for line in lines]


def convert_number(value):
    if isinstance(value, UNICODE):
        try:
            value = float(value) if "." in value else int(value)
        except ValueError:
            value = None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise Wrong("must be a number, 0 or more")
    return value


def convert_names(value, known):
    unknown = [item for item in convert_lines(value) if item not in known]
    if unknown:
        raise Wrong("has %s, but must be of %s" % (", ".join(unknown), ", ".join(sorted(known))))
    return [plain(item) for item in value]


def convert_mappings(value, keys):
    if not isinstance(value, list) or [item for item in value if not isinstance(item, dict) or sorted(item) != sorted(keys)]:
        raise Wrong("must be a list of mappings with the keys %s" % ", ".join(keys))
    return value


def convert_pattern(pattern, as_compiled):
    try:
        re.compile(as_compiled)
    except re.error:
        raise Wrong("has the pattern %s, which is no regular expression: %s" % (show(pattern), readable(sys.exc_info()[1])))


def convert_topic(mlist, topic):
    name, pattern, description = [convert_text(mlist, topic[key]) for key in ("name", "pattern", "description")]
    # Mailman takes each line as a pattern of its own.
    convert_pattern(topic["pattern"], "|".join(pattern.splitlines()))
    return (name, pattern, description, False)


RULE_ACTIONS = ("defer", "hold", "reject", "discard", "accept")


def rule_action_codes():
    return dict((action, getattr(mailman.mm_cfg, action.upper())) for action in RULE_ACTIONS)


def convert_rule(rule):
    if rule["action"] not in RULE_ACTIONS:
        raise Wrong("has the action %s, but must be of %s" % (show(rule["action"]), ", ".join(RULE_ACTIONS)))
    if not isinstance(rule["pattern"], UNICODE):
        raise Wrong("must have strings as patterns")
    convert_pattern(rule["pattern"], rule["pattern"])
    return (rule["pattern"], rule_action_codes()[rule["action"]], False)


def show_action(code):
    for action, known_code in rule_action_codes().items():
        if code == known_code:
            return action
    return code


def show_text(mlist, value, references=False):
    """Text as Mailman has stored it: in the charset of the list's language, with what browsers do to line ends undone."""
    if not isinstance(value, UNICODE):
        value = value.decode(mailman.Utils.GetCharSet(mlist.preferred_language), "replace")
    if references:
        value = re.sub("&#([0-9]+);", dereference, value)
    return value.replace("\r\n", "\n")


def dereference(match):
    try:
        return ("\\U%08x" % int(match.group(1))).encode("ascii").decode("unicode_escape")
    except UnicodeError:
        return match.group(0)
