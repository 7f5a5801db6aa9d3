# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attributes of a list, by what Mailman's web interface knows of them."""

from __future__ import absolute_import, division, print_function

import difflib
import re
import sys

from . import mailman
from .faults import Wrong
from .known import OPTION_OF
from .text import UNICODE, plain, readable, show
from .values import (
    FALSE,
    TRUE,
    convert_addresses,
    convert_ascii,
    convert_lines,
    convert_mappings,
    convert_names,
    convert_number,
    convert_rule,
    convert_text,
    convert_topic,
    set_language,
    show_action,
    show_text,
)

# Attributes that Mailman shows as HTML or decodes itself: there a character that the charset of the list's language lacks may stand as
# a character reference, as it does when it was typed into the web interface. In all others it would be sent as that reference.
REFERENCES_ALLOWED = ("description", "info", "subject_prefix")


def web_page_url(host):
    """The address of a list's web pages on a host."""
    return (mailman.mm_cfg.DEFAULT_URL_PATTERN % plain(host)).rstrip("/") + "/"


class Complaints(list):
    """Stands in for the web page that Mailman's forms report errors to."""

    def addError(self, text, tag=None, *args):
        text = re.sub(r"<[^>]*>", "", readable(text % args if args else text))
        self.append(" ".join(text.split()))

    def set_language(self, language):
        pass


class Attributes(object):
    """What Mailman's web interface knows of the attributes of a list: types, choices, checks."""

    def __init__(self):
        # The site's administrator may do what owners may not be allowed to do on the web; with open subscription forbidden the web
        # interface also counts the choices of subscribe_policy differently.
        self.open_subscription = mailman.mm_cfg.ALLOW_OPEN_SUBSCRIBE
        for name in (
            "ALLOW_OPEN_SUBSCRIBE", "ALLOW_RFC2369_OVERRIDES", "ALLOW_SENDER_OVERRIDES",
            "OWNERS_CAN_ENABLE_PERSONALIZATION", "OWNERS_CAN_PRESERVE_FILTERED_MESSAGES",
        ):  # fmt: skip
            setattr(mailman.mm_cfg, name, 1)
        self.known = {}
        model = mailman.new_list("model")
        for category, (_label, form) in model.GetConfigCategories().items():
            if not hasattr(form, "GetConfigInfo"):
                continue
            for section in model.GetConfigSubCategories(category) or [(None, None)]:
                for item in form.GetConfigInfo(model, category, section[0]) or ():
                    # Names that begin with an underscore are buttons.
                    if isinstance(item, tuple) and not item[0].startswith("_"):
                        self.known[item[0]] = (form, item[1], item[2])
        # The one attribute that Mailman never lets a form change.
        self.known["web_page_url"] = (None, mailman.mm_cfg.String, None)

    def check_name(self, name):
        """Wrong when an attribute cannot be set through settings."""
        if name in OPTION_OF:
            raise Wrong("has an option of its own: use %s" % OPTION_OF[name])
        if name not in self.known:
            near = difflib.get_close_matches(name, self.known, 1)
            raise Wrong("is no attribute of a list%s" % (near and "; did you mean %s?" % near[0] or ""))

    def set(self, mlist, name, value):
        """Give an attribute a value out of the request, the way a form of the web interface would."""
        if name == "web_page_url":
            mlist.web_page_url = web_page_url(value)
            return
        if name == "preferred_language":
            set_language(mlist, value)
            return
        form, kind, choices = self.known[name]
        value = self.convert(mlist, name, kind, choices, value)
        complaints = Complaints()
        try:
            if kind != mailman.mm_cfg.Checkbox:
                value = form._getValidValue(mlist, name, kind, value)
            form._setValue(mlist, name, value, complaints)
        except mailman.Errors.EmailAddressError:
            raise Wrong("has an address that Mailman refuses: %s" % (readable(sys.exc_info()[1]) or show(value)))
        except ValueError:
            raise Wrong("is refused by Mailman: %s" % readable(sys.exc_info()[1]))
        if complaints:
            raise Wrong("is refused by Mailman: %s" % " ".join(complaints))

    def convert(self, mlist, name, kind, choices, value):
        """The value as the form expects it."""
        if kind in (mailman.mm_cfg.Radio, mailman.mm_cfg.Toggle):
            return self.convert_choice(name, choices, value)
        if kind == mailman.mm_cfg.Number:
            return convert_number(value)
        if kind in (mailman.mm_cfg.EmailList, mailman.mm_cfg.EmailListEx):
            return "\n".join(convert_addresses(name, value))
        if kind in (mailman.mm_cfg.Email, mailman.mm_cfg.Host):
            return convert_ascii(value)
        if kind == mailman.mm_cfg.Topics:
            return [convert_topic(mlist, topic) for topic in convert_mappings(value, ("name", "pattern", "description"))]
        if kind == mailman.mm_cfg.HeaderFilter:
            return [convert_rule(rule) for rule in convert_mappings(value, ("pattern", "action"))]
        if kind == mailman.mm_cfg.Checkbox:
            return convert_names(value, name == "available_languages" and mailman.mm_cfg.LC_DESCRIPTIONS or mailman.mm_cfg.OPTINFO)
        if isinstance(getattr(mlist, name), list):
            value = UNICODE("\n").join(convert_lines(value))
        if kind == mailman.mm_cfg.String and isinstance(value, UNICODE) and "\n" in value:
            raise Wrong("must be a single line")
        return convert_text(mlist, value, name in REFERENCES_ALLOWED)

    def convert_choice(self, name, choices, value):
        if isinstance(value, UNICODE):
            # Before ansible-core 2.19 a templated value is always a string.
            if value.lower() in TRUE + FALSE:
                value = value.lower() in TRUE
            elif value.isdecimal():
                value = int(value)
        if isinstance(value, bool) and len(choices) == 2:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < len(choices):
            offered = ", ".join("%d (%s)" % (number, readable(label)) for number, label in enumerate(choices))
            raise Wrong("must be one of %s" % offered)
        if name == "subscribe_policy" and value == 0 and not self.open_subscription:
            raise Wrong("is not allowed at this site unless mm_cfg.py sets ALLOW_OPEN_SUBSCRIBE = 1")
        return value

    def show(self, mlist, name):
        """The value of an attribute as it would be written in a request."""
        form, kind, _choices = self.known[name]
        value = None
        if kind == mailman.mm_cfg.Number and hasattr(form, "getValue"):
            # Some numbers are stored in other units.
            value = form.getValue(mlist, kind, name, None)
        if value is None:
            value = getattr(mlist, name)
        if kind in (mailman.mm_cfg.Radio, mailman.mm_cfg.Toggle):
            return int(value)
        if name == "new_member_options":
            return sorted(option for option, bit in mailman.mm_cfg.OPTINFO.items() if value & bit)
        if kind == mailman.mm_cfg.Topics:
            return [dict(zip(("name", "pattern", "description"), [show_text(mlist, part) for part in topic[:3]])) for topic in value]
        if kind == mailman.mm_cfg.HeaderFilter:
            return [{"pattern": show_text(mlist, rule[0]), "action": show_action(rule[1])} for rule in value]
        if isinstance(value, (list, tuple)):
            return [show_text(mlist, item) for item in value]
        if isinstance(value, (str, UNICODE)):
            return show_text(mlist, value, name in REFERENCES_ALLOWED)
        return value

    def same(self, name, one, other):
        """Whether two shown values mean the same; the order of addresses does not matter."""
        if self.known[name][1] in (mailman.mm_cfg.EmailList, mailman.mm_cfg.EmailListEx, mailman.mm_cfg.Checkbox):
            return sorted(one) == sorted(other)
        return one == other

    def complaints(self, mlist):
        """What Mailman has to say against the attributes taken together."""
        complaints = Complaints()
        for form in set(form for form, _kind, _choices in self.known.values() if form):
            form._postValidate(mlist, complaints)
        return complaints
