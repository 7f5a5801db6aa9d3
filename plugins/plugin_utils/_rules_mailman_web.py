# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role mailman_web asks of its variables beyond their types: the kind of each, and rules across several. A rule yields faults."""

import re

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _kinds as kinds
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import label, shown

KINDS = {
    "mailman_web_group": kinds.account,
    "mailman_web_fcgiwrap_socket": kinds.path,
    "mailman_web_certificate": kinds.path,
    "mailman_web_certificate_key": kinds.path,
    "mailman_web_forms_per_hour": kinds.at_least(0, "0 (no limit) or more; 30 is the default"),
    "mailman_web_archive_pages_per_minute": kinds.at_least(0, "0 (no limit) or more; 300 is the default"),
    "mailman_web_login_failures_per_hour": kinds.at_least(1, "1 or more; 20 is the default"),
    "mailman_web_trusted_proxies": kinds.network,
    "mailman_web_taken_down": kinds.page,
    "mailman_web_one_click_exceptions": kinds.list_name,
    "mailman_web_one_click_key": kinds.at_least(1, "1 or more; 1 is the default"),
    "mailman_web_one_click_key_days": kinds.at_least(30, "30 or more; 60 is the default. Members look for the link in old mail"),
}
# /run/listhost-one-click-DOMAIN.sock has 107 characters at most.
LONGEST_DOMAIN_WITH_SOCKET = 78


def certificate_and_key(v):
    if bool(v["mailman_web_certificate"]) != bool(v["mailman_web_certificate_key"]):
        yield ("mailman_web_certificate is '%s' and mailman_web_certificate_key is '%s'. Set both, or neither for a self-signed certificate."
               % (v["mailman_web_certificate"], v["mailman_web_certificate_key"]))


def web_servers(v):
    """What only one of the web servers needs is misplaced with the other, which would not follow it."""
    own = {"mailman_web_certificate": "It has its own certificate.", "mailman_web_certificate_key": "It has its own key.",
           "mailman_web_trusted_proxies": "Have it find out the clients' address itself."}
    others = {"mailman_web_group": "Apache itself says as which group it runs.", "mailman_web_fcgiwrap_socket": "Apache needs no fcgiwrap."}
    for name, why in (own if v["mailman_web_server"] == "existing" else others).items():
        if v[name]:
            yield "%s is %s, but mailman_web_server is %s. %s Take it out." % (name, shown(v[name]), v["mailman_web_server"], why)


def web_server_of_separate_domains(v):
    if v["mailman_web"] and v["mailman_web_server"] == "existing" and v["mailman_separate_home"]:
        yield ("mailman_web_server is existing, but mailman_separate_home is '%s': the files for a web server of your own are for one Mailman on a host, and "
               "not yet for several. Set mailman_web_server to apache, or mailman_web to false." % v["mailman_separate_home"])


def addresses_of_pages(v):
    for name in ("DEFAULT_URL_PATTERN", "PUBLIC_ARCHIVE_URL"):
        if v["mailman_web"] and name in v["mailman_settings"]:
            yield ("mailman_settings.%s is %s, but mailman_web is true: the web server says where the pages are. Take it out, or set mailman_web to false."
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
             "RECAPTCHA_SITE_KEY": "The pages' policy lets no foreign script run. Take it out and set mailman_web_questions, or set mailman_web to false."}
    for name, advice in taken.items():
        if v["mailman_web"] and name in v["mailman_settings"] and advice:
            yield "mailman_settings.%s is set, and mailman_web is true. %s" % (name, advice)


def one_click(v):
    if v["mailman_web_one_click"] and not v["mailman_web"]:
        yield ("mailman_web_one_click is true, but mailman_web is false: nothing would answer the links. Set mailman_web to true, or mailman_web_one_click to "
               "false.")


def one_click_of_long_domains(v):
    """The name of a separate domain is in that of its socket, which Unix limits."""
    if v["mailman_web_one_click"] and v["mailman_separate_home"] and len(v["mailman_email_host"]) > LONGEST_DOMAIN_WITH_SOCKET:
        yield ("mailman_email_host has %d characters, but mailman_web_one_click is true: the name of a domain with a socket has %d at most. Set "
               "mailman_web_one_click to false." % (len(v["mailman_email_host"]), LONGEST_DOMAIN_WITH_SOCKET))


def one_click_of_closed_lists(v):
    """A receiver that offers the button expects that it works."""
    for number, one in enumerate(v["mailman_lists"], 1):
        if (v["mailman_web_one_click"] and str(one.get("settings", {}).get("unsubscribe_policy", 0)) not in ("0", "False", "false")
                and one["name"] not in v["mailman_web_one_click_exceptions"]):
            yield ("%s has unsubscribe_policy in settings, so its owners decide who leaves, but mailman_web_one_click is true. Add the list to "
                   "mailman_web_one_click_exceptions, or take unsubscribe_policy out." % label("mailman_lists", number, one))


RULES = (
    certificate_and_key, web_servers, web_server_of_separate_domains, addresses_of_pages, questions, english_question, taken_settings, one_click,
    one_click_of_long_domains, one_click_of_closed_lists,
)
