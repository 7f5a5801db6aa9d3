# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role exim_lists asks of its variables and of those of the other two roles that it reads."""

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _kinds as kinds
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import label, shown

KINDS = {
    "exim_lists_domains": kinds.domain,
    "exim_lists_in_all_domains": kinds.list_name_or_all,
    "exim_lists_mail_exchangers": kinds.host_name,
    "exim_lists_subscriptions_per_hour": kinds.at_least(0, "0 (no limit) or more; 50 is the default"),
    "exim_lists_retry": kinds.retry_rule,
}


def domains(v):
    if not v["exim_lists_domains"] and not v["mailman_separate_home"]:
        yield "exim_lists_domains is empty. Set it to the mail domains of the lists."
    if v["exim_lists_domains"] and v["mailman_separate_home"]:
        yield ("exim_lists_domains is %s, but mailman_separate_home is '%s': Exim finds the domains there. Take one of the two out."
               % (shown(v["exim_lists_domains"]), v["mailman_separate_home"]))


def domains_of_mailman(v):
    for domain in v["mailman_shared_domains"].values():
        if domain not in v["exim_lists_domains"]:
            yield ("mailman_shared_domains has %s, which is not in exim_lists_domains: no list there would get mail. Add it, or leave exim_lists_domains at "
                   "its default." % shown(domain))


def domains_of_lists(v):
    if not v["mailman_shared_domains"]:
        return
    for number, one in enumerate(v["mailman_lists"], 1):
        if "email_host" in one and one["email_host"] not in v["exim_lists_domains"]:
            yield ("%s has email_host %s, which is none of the domains %s. Correct it, or add the domain and its web host to mailman_shared_domains."
                   % (label("mailman_lists", number, one), shown(one["email_host"]), ", ".join(v["exim_lists_domains"])))


def sessions(v):
    """What Mailman sends at most in one SMTP connection, wherever the inventory says it, and what Exim delivers at once of it."""
    found = v["mailman_settings"].get("SMTP_MAX_SESSIONS_PER_CONNECTION", v["mailman_smtp_max_sessions_per_connection"])
    limit = v["exim_smtp_accept_queue_per_connection"]
    if isinstance(found, int) and (found < 1 or 0 < limit < found):
        yield ("mailman_smtp_max_sessions_per_connection (SMTP_MAX_SESSIONS_PER_CONNECTION) is %d and exim_smtp_accept_queue_per_connection is %d. "
               "Exim queues, "
               "and so delays, what comes beyond its limit in one connection, and 0 is no limit for Mailman. Set Mailman's to 1 or more and at most Exim's; 30 "
               "and 30 are the defaults." % (found, limit))


def loopback(v):
    if v["exim_interfaces"] and not {"127.0.0.1", "0.0.0.0", "::"}.intersection(v["exim_interfaces"]):
        yield ("exim_interfaces is %s: without 127.0.0.1 Mailman cannot hand its mail to Exim. Add it." % shown(v["exim_interfaces"]))


def port_of_mailman(v):
    port = v["mailman_settings"].get("SMTPPORT", 0) or 25
    if port not in v["exim_ports"]:
        yield ("exim_ports is %s: Mailman hands its mail to port %s. Add that port, or set mailman_settings.SMTPPORT to one of these."
               % (shown(v["exim_ports"]), shown(port)))


def taking_out(v):
    if v["exim_lists_state"] == "absent" and v["exim_configuration"] != "blocks":
        yield ("exim_lists_state is absent, but exim_configuration is %s: there are no blocks to take out. Set exim_configuration to blocks; "
               "playbooks/undo.yml brings back what a whole configuration replaced." % v["exim_configuration"])


def one_click(v):
    """Exim writes the link into each member's copy, and signs it."""
    if not v["mailman_web_one_click"]:
        return
    if v["exim_configuration"] == "blocks":
        yield ("mailman_web_one_click is true, but exim_configuration is blocks: an Exim that somebody else configured does not sign the links. Set "
               "mailman_web_one_click to false.")
    elif v["mailman_verp"] != "exim":
        yield ("mailman_web_one_click is true, but mailman_verp is '%s': only the copies that Exim makes for each member have a link of the member's own. Set "
               "mailman_verp to exim, or mailman_web_one_click to false." % v["mailman_verp"])


def one_click_is_signed(v):
    missing = [domain for domain in v["exim_lists_domains"] if domain not in v["exim_dkim_domains"]]
    if v["mailman_web_one_click"] and missing:
        yield ("mailman_web_one_click is true, but exim_dkim_domains does not have %s: receivers accept no link without a DKIM signature. Add the list "
               "domains, publish their keys (playbooks/dns.yml), or set mailman_web_one_click to false." % " and ".join(missing))


RULES = (one_click, one_click_is_signed, taking_out, domains, domains_of_mailman, domains_of_lists, sessions, loopback, port_of_mailman)
