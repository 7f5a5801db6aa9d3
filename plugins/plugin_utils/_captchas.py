# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions of the inventory in the form that Mailman has for them."""

import re


def captchas(questions):
    """Return Mailman's CAPTCHAS: pairs of a question and a regular expression, by language. Mailman itself appends $ to the expression."""
    found = {}
    for one in questions:
        answers = "|".join(re.sub(r"([^\w ])", r"\\\1", answer.strip()) for answer in one["answers"])
        found.setdefault(one.get("language", "en"), []).append([one["question"], r"(?i)\s*(?:%s)\s*" % answers])
    return found
