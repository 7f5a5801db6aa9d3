# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role mailman_web asks of its variables beyond their types: the kind of each, and rules across several. A rule yields faults."""

import re

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _kinds as kinds
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import shown

KINDS = {
    "mailman_web_certificate": kinds.path,
    "mailman_web_certificate_key": kinds.path,
    "mailman_web_forms_per_hour": kinds.at_least(0, "0 (no limit) or more; 30 is the default"),
    "mailman_web_archive_pages_per_minute": kinds.at_least(0, "0 (no limit) or more; 300 is the default"),
    "mailman_web_login_failures_per_hour": kinds.at_least(1, "1 or more; 20 is the default"),
    "mailman_web_trusted_proxies": kinds.network,
    "mailman_web_taken_down": kinds.page,
}


def certificate_and_key(v):
    if bool(v["mailman_web_certificate"]) != bool(v["mailman_web_certificate_key"]):
        yield ("mailman_web_certificate is '%s' and mailman_web_certificate_key is '%s'. Set both, or neither for a self-signed certificate."
               % (v["mailman_web_certificate"], v["mailman_web_certificate_key"]))


def addresses_of_pages(v):
    for name in ("DEFAULT_URL_PATTERN", "PUBLIC_ARCHIVE_URL"):
        if v["mailman_web"] and name in v["mailman_settings"]:
            yield ("mailman_settings.%s is %s, but mailman_web is true: the web server says where the pages are. Take it out."
                   % (name, shown(v["mailman_settings"][name])))


def questions(v):
    for number, one in enumerate(v["mailman_web_questions"], 1):
        where = "mailman_web_questions, entry %d," % number
        if not re.match(r"[a-z]{2}(_[A-Z]{2})?\Z", one.get("language", "en")):
            yield "%s has language %s, which is no code of a language. Write one of Mailman's, as in de or pt_BR." % (where, shown(one["language"]))
        if not is_plain(one["question"]):
            yield ("%s has question %s. Write one line of ASCII characters: Mailman shows it on pages of several charsets." % (where, shown(one["question"])))
        if not one["answers"]:
            yield "%s has no answers. Write one at least, or nobody could subscribe." % where
        for answer in one["answers"]:
            if not is_plain(answer):
                yield "%s has answer %s. Write ASCII characters on one line: browsers send others in several ways." % (where, shown(answer))


def is_plain(text):
    return re.match(r"[ -~]*[!-~][ -~]*\Z", text) is not None


def english_question(v):
    """Mailman asks these where a language has none, and knows no other way."""
    languages = [one.get("language", "en") for one in v["mailman_web_questions"]]
    if languages and "en" not in languages:
        yield ("mailman_web_questions has none in English (en), which Mailman asks where a list's language has none: nobody could subscribe there. Add one.")


def taken_settings(v):
    taken = {"CAPTCHAS": "mailman_web_questions says it, too; take one of them out." if v["mailman_web_questions"] else "",
             "RECAPTCHA_SITE_KEY": "The pages' policy lets no foreign script run. Take it out, and set mailman_web_questions."}
    for name, advice in taken.items():
        if v["mailman_web"] and name in v["mailman_settings"] and advice:
            yield "mailman_settings.%s is set, and mailman_web is true. %s" % (name, advice)


RULES = (certificate_and_key, addresses_of_pages, questions, english_question, taken_settings)
