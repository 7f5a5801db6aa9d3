# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role mailman asks of its variables beyond their types: the kind of each, and rules across several. A rule yields faults."""

import json
import re

from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target.known import (
    AMBIGUOUS_NAME,
    MEMBER_KEYS,
    MEMBER_SWITCHES,
    NAME_AND_ADDRESS,
    OPTION_OF,
    QUEUES,
    SUFFIX,
)
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _kinds as kinds
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import label, nearest, noun, shown

KINDS = {
    "mailman_archive": kinds.line,
    "mailman_archive_checksum": kinds.anything,
    "mailman_package": kinds.package,
    "mailman_python": kinds.directory,
    "mailman_python_repository": kinds.mirror,
    "mailman_dnspython_wheel": kinds.wheel,
    "mailman_build_directory": kinds.directory,
    "mailman_prefix": kinds.directory,
    "mailman_var_prefix": kinds.directory,
    "mailman_separate_home": kinds.home,
    "mailman_user": kinds.account,
    "mailman_group": kinds.account,
    "mailman_mail_group": kinds.account,
    "mailman_email_host": kinds.domain,
    "mailman_url_host": kinds.domain,
    "mailman_site_owner": kinds.mail_address,
    "mailman_site_password": kinds.anything,
    "mailman_smtp_max_rcpts": kinds.at_least(0, "0 (no limit) or more; 15 is the default"),
    "mailman_smtp_max_sessions_per_connection": kinds.at_least(
        1, "1 or more; 30 is the default. Mailman takes 0 as no limit, and the mail server then delays list mail"),
    "mailman_delivery_retry_minutes": kinds.at_least(1, "1 or more; 5 is the default"),
    "mailman_verp_interval": kinds.at_least(1, "1 (every post) or more, or set mailman_verp to none"),
    "mailman_bounce_guard_percent": kinds.percent,
    "mailman_reachable_addresses": kinds.network,
    "mailman_lists_dir": kinds.line,
    "mailman_other_variables": kinds.anything,
}
# Who must not be Mailman's user: whoever breaks into Mailman becomes that.
USERS_OF_OTHERS = ("root", "Debian-exim", "exim", "www-data", "apache", "nginx")
# What lists have in Mailman 2.1.39, as its web interface and config_list name it (Mailman/Gui/*.py), without what has an option of its own.
ATTRIBUTES = frozenset("""
    accept_these_nonmembers acceptable_aliases admin_immed_notify admin_member_chunksize admin_notify_mchanges administrivia advertised
    anonymous_list archive archive_private archive_volume_frequency autorespond_admin autorespond_postings autorespond_requests
    autoresponse_admin_text autoresponse_graceperiod autoresponse_postings_text autoresponse_request_text available_languages ban_list
    bounce_info_stale_after bounce_matching_headers bounce_notify_owner_on_bounce_increment bounce_notify_owner_on_disable
    bounce_notify_owner_on_removal bounce_processing bounce_score_threshold bounce_unrecognized_goes_to_list_owner
    bounce_you_are_disabled_warnings bounce_you_are_disabled_warnings_interval collapse_alternatives convert_html_to_plaintext
    default_member_moderation digest_footer digest_header digest_is_default digest_send_periodic digest_size_threshhold
    digest_volume_frequency digestable discard_these_nonmembers dmarc_moderation_action dmarc_moderation_addresses dmarc_moderation_notice
    dmarc_none_moderation_action dmarc_quarantine_moderation_action dmarc_wrapped_message_text drop_cc emergency encode_ascii_prefixes
    equivalent_domains filter_action filter_content filter_filename_extensions filter_mime_types first_strip_reply_to forward_auto_discards
    from_is_list gateway_to_mail gateway_to_news generic_nonmember_action goodbye_msg header_filter_rules hold_these_nonmembers
    include_list_post_header include_rfc2369_headers include_sender_header info linked_newsgroup max_days_to_hold max_message_size
    max_num_recipients member_moderation_action member_moderation_notice member_verbosity_interval member_verbosity_threshold
    mime_is_default_digest msg_footer msg_header new_member_options news_moderation news_prefix_subject_too nntp_host nondigestable
    nonmember_rejection_notice obscure_addresses pass_filename_extensions pass_mime_types personalize private_roster real_name
    regular_exclude_ignore regular_exclude_lists regular_include_lists reject_these_nonmembers reply_goes_to_list reply_to_address
    require_explicit_destination respond_to_post_requests scrub_nondigest send_goodbye_msg send_reminders send_welcome_msg subject_prefix
    subscribe_auto_approval subscribe_policy topics topics_bodylines_limit topics_enabled umbrella_list umbrella_member_suffix
    unsubscribe_policy welcome_msg
""".split())
# The numbers of DMARC actions begin at 0.
DMARC_ACTIONS = ("accept", "munge", "wrap", "reject", "discard")
# What Mailman takes for an address (Utils.ValidateEmail).
ADDRESS = re.compile(r'(?!-)[^][()<>|:;^,\\"\x00- \x7f-\U0010ffff@]+@([A-Za-z0-9][A-Za-z0-9-]*\.)+[A-Za-z0-9][A-Za-z0-9-]*\Z')


def method(v):
    """How Mailman gets onto the host, where that is left to the platform as well."""
    if v["mailman_install_method"] != "auto":
        return v["mailman_install_method"]
    return "archive" if v["mailman_separate_home"] else v.platform.get("__mailman_default_method", "archive")


def virtual_hosts(v):
    hosts = v["mailman_shared_domains"]
    first, web = v["mailman_email_host"], v["mailman_url_host"] or v["mailman_email_host"]
    for name in dict.fromkeys(list(hosts) + list(hosts.values())):
        if not isinstance(name, str) or kinds.domain(name):
            yield "mailman_shared_domains has %s%s" % (shown(name), kinds.domain(str(name)) or ", which is no string. Put it in quotes.")
    domains = [first] + list(hosts.values())
    for name in dict.fromkeys(domains):
        if hosts and domains.count(name) > 1:
            yield ("mailman_shared_domains has %s more than once, or again although it is mailman_email_host. Give each mail domain one web host: that of "
                   "mailman_email_host is mailman_url_host." % name)
    if web in hosts:
        yield ("mailman_shared_domains has %s, which is the web host of %s (mailman_url_host). Give each web host one mail domain." % (web, first))


def one_kind_of_domains(v):
    if v["mailman_separate_home"] and v["mailman_shared_domains"]:
        yield ("mailman_shared_domains is %s, but mailman_separate_home is '%s', which gives each domain a Mailman of its own. Take one of the two out."
               % (shown(v["mailman_shared_domains"]), v["mailman_separate_home"]))


def place_of_virtual_domain(v):
    for name in ("mailman_prefix", "mailman_var_prefix"):
        if v["mailman_separate_home"] and v[name]:
            yield ("%s is '%s', but mailman_separate_home is '%s': there the mail server looks for each domain, and this one is in %s/%s/mailman. Take %s out."
                   % (name, v[name], v["mailman_separate_home"], v["mailman_separate_home"], v["mailman_email_host"], name))


def method_of_virtual_domain(v):
    if v["mailman_separate_home"] and method(v) != "archive":
        yield ("mailman_install_method is %s, but mailman_separate_home is '%s', and only what is built from the archive can be there. Set "
               "mailman_install_method to archive." % (v["mailman_install_method"], v["mailman_separate_home"]))


def site_password(v):
    if method(v) != "existing" and not v["mailman_site_password"]:
        yield "mailman_site_password is empty. Set it, in a vault."


def archive(v):
    if method(v) == "archive":
        if not v["mailman_archive"]:
            yield ("mailman_archive is empty. Set it to Mailman's release archive, a URL or a file on the controller, or set mailman_install_method "
                   "to package or existing.")
        if kinds.checksum(v["mailman_archive_checksum"]):
            yield "mailman_archive_checksum is %s%s" % (shown(v["mailman_archive_checksum"]), kinds.checksum(v["mailman_archive_checksum"]))


def settings(v):
    for name, value in v["mailman_settings"].items():
        if not isinstance(name, str) or not re.match(r"[A-Z][A-Z0-9_]*\Z", name):
            yield ("mailman_settings has %s, which is no name of a Mailman setting: those are upper-case letters, digits and _." % shown(name))
            continue
        try:
            holds = json.loads(json.dumps(value)) == value
        except (TypeError, ValueError):
            holds = False
        if not holds:
            yield ("mailman_settings.%s is a value that mm_cfg.py cannot hold, such as a date or a mapping with keys that are no strings. Write a "
                   "string, number, boolean, list, mapping or null." % name)


def taken_settings(v):
    """Settings that another variable states, or that break what Exim does in their place."""
    taken = {
        "DEFAULT_EMAIL_HOST": "Set mailman_email_host instead.",
        "DEFAULT_URL_HOST": "Set mailman_url_host instead.",
        "DELIVERY_RETRY_WAIT": "Set mailman_delivery_retry_minutes instead.",
        "VERP_DELIVERY_INTERVAL": "Set mailman_verp and mailman_verp_interval instead.",
    }
    if v["mailman_qrunner_slices"]:
        taken["QRUNNERS"] = "mailman_qrunner_slices says it, too; take one of them out."
    if v["mailman_shared_domains"]:
        taken["VIRTUAL_HOSTS"] = "mailman_shared_domains says it, too; take one of them out."
    if v["mailman_verp"] == "exim":
        advice = "Exim writes the addresses and keeps to the default form; take it out, or set mailman_verp to mailman."
        taken.update({"VERP_FORMAT": advice, "VERP_REGEXP": advice})
    for name in v["mailman_settings"]:
        if name in taken:
            yield ("mailman_settings.%s is %s, but mailman_verp is '%s' and mailman_email_host '%s'. %s"
                   % (name, shown(v["mailman_settings"][name]), v["mailman_verp"], v["mailman_email_host"], taken[name]))


def sessions(v):
    value = v["mailman_settings"].get("SMTP_MAX_SESSIONS_PER_CONNECTION", 1)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        yield ("mailman_settings.SMTP_MAX_SESSIONS_PER_CONNECTION is %s. Set it to a number from 1 on, or take it out: "
               "mailman_smtp_max_sessions_per_connection says it." % shown(value))


def slices(v):
    for queue, number in v["mailman_qrunner_slices"].items():
        if queue not in QUEUES or isinstance(number, bool) or number not in (1, 2, 4, 8, 16, 32, 64):
            yield ("mailman_qrunner_slices has %s for %s. Name one of %s, and give it 1, 2, 4, 8, 16, 32 or 64 processes: Mailman divides a queue in powers of "
                   "two." % (shown(number), shown(queue), ", ".join(QUEUES)))


def directory_to_adopt_into(v):
    if not v["mailman_lists_dir"]:
        yield ("mailman_lists_dir is empty. Set it to the directory on the controller that the lists are to be written into, as in "
               "\"{{ inventory_dir }}/lists\".")


def list_names(v):
    """A list's name exists once in a Mailman, whatever its domain."""
    seen = set()
    for number, one in enumerate(v["mailman_lists"], 1):
        name = one["name"]
        fault = kinds.list_name(name)
        if fault:
            yield "mailman_lists, entry %d, has name %s%s" % (number, shown(name), fault)
        elif name in seen:
            yield ("mailman_lists has %s more than once. A list's name exists once in a Mailman, whatever its domain: rename one, or give each domain a "
                   "Mailman of its own with mailman_separate_home." % name)
        if name == "mailman" and one.get("state") == "absent":
            yield "mailman_lists (mailman) is absent, but it is the site list, without which Mailman does not run. Take it out."
        seen.add(name)


def list_addresses(v):
    for number, one in enumerate(v["mailman_lists"], 1):
        where = label("mailman_lists", number, one)
        for key in ("owners", "moderators"):
            for address in one.get(key, ()):
                if not ADDRESS.match(address):
                    yield "%s has %s in %s, which is no mail address. Write one, as in admin@example.com." % (where, shown(address), key)
        if "email_host" in one and not kinds.is_domain(one["email_host"].lower()):
            yield "%s has email_host %s%s" % (where, shown(one["email_host"]), kinds.domain(one["email_host"]))


def list_passwords(v):
    for number, one in enumerate(v["mailman_lists"], 1):
        password = one.get("password")
        if password is not None and (not password.isascii() or not password or password != password.strip()):
            yield ("%s has a password that Mailman does not take. Write one of ASCII characters that neither begins nor ends with blanks."
                   % label("mailman_lists", number, one))


def list_settings(v):
    for number, one in enumerate(v["mailman_lists"], 1):
        for option in ("settings", "initial_settings"):
            for name in one.get(option, ()):
                if name in ATTRIBUTES:
                    continue
                where = "%s has %s in %s" % (label("mailman_lists", number, one), shown(name), option)
                if name in OPTION_OF:
                    yield "%s. It has a key of its own: write it as %s beside the list's name." % (where, OPTION_OF[name])
                else:
                    yield "%s, which is no attribute of a list%s. Take one that config_list knows." % (where, nearest(name, ATTRIBUTES))


def dmarc_actions(v):
    """Mailman takes no weaker action for a list than the site's."""
    site = v["mailman_settings"].get("DEFAULT_DMARC_MODERATION_ACTION", DMARC_ACTIONS.index(v["mailman_dmarc_moderation_action"]))
    for number, one in enumerate(v["mailman_lists"], 1):
        for option in ("settings", "initial_settings"):
            action = str(one.get(option, {}).get("dmarc_moderation_action", ""))
            if action.isdigit() and isinstance(site, int) and int(action) < site:
                yield ("%s has dmarc_moderation_action %s in %s, but mailman_dmarc_moderation_action is '%s', and Mailman takes nothing below its number, %d. "
                       "Write %d or more, or set mailman_dmarc_moderation_action to accept."
                       % (label("mailman_lists", number, one), action, option, v["mailman_dmarc_moderation_action"], site, site))


def member_fault(entry):
    """Return what is wrong with an entry of members, and the address that it has."""
    address = entry
    if isinstance(entry, dict):
        address = entry.get("address")
        for key, value in entry.items():
            if key not in MEMBER_KEYS:
                return " has %s, which is no key of a member%s. Those are %s." % (shown(key), nearest(key, MEMBER_KEYS), ", ".join(sorted(MEMBER_KEYS))), None
            if key in MEMBER_SWITCHES and not isinstance(value, bool):
                return " has %s for %s. Write true or false, without quotes." % (shown(value), key), None
            if key not in MEMBER_SWITCHES and not isinstance(value, str):
                return " has %s for %s, which is %s and not a string. Put it in quotes." % (shown(value), key, noun(value)), None
        if entry.get("state", "present") not in ("present", "absent"):
            return " has %s for state. Write present or absent." % shown(entry["state"]), None
        if "\n" in entry.get("name", ""):
            return " has %s for name. Write one line." % shown(entry["name"]), None
    elif isinstance(entry, str):
        match = NAME_AND_ADDRESS.match(entry)
        address = match.group(2) if match else entry
    if not isinstance(address, str):
        return ", which is no address and no mapping with the key address. Write one, as in alice@example.org.", None
    # One that is to go may be what it is.
    if not ADDRESS.match(address) and not (isinstance(entry, dict) and entry.get("state") == "absent"):
        return ", which is no mail address. Write one, as in alice@example.org or Dora <dora@example.org>.", None
    return None, address.lower()


def list_members(v):
    for number, one in enumerate(v["mailman_lists"], 1):
        seen = set()
        for place, entry in enumerate(one.get("members", ()), 1):
            fault, address = member_fault(entry)
            if not fault and address in seen:
                fault = ", which is there more than once. Take all but one out."
            if fault:
                # Under a wrong key there may be a password.
                known = entry.get("address", "(no address)") if isinstance(entry, dict) else entry
                yield "%s: member %d is %s%s" % (label("mailman_lists", number, one), place, shown(known), fault)
            seen.add(address)


def owners_of_new_lists(v):
    for number, one in enumerate(v["mailman_lists"], 1):
        if not one.get("owners") and one.get("state") != "absent" and one["name"] != "mailman":
            yield "%s has no owners, and is to be created. Write the address of one at least." % label("mailman_lists", number, one)


def clashes_of_new_lists(v):
    """Mailman takes x-admin for the administrators of list x."""
    names = {one["name"] for one in v["mailman_lists"] if one.get("state") != "absent"} | {"mailman"}
    for name in sorted(names):
        match = SUFFIX.match(name)
        if match and match.group(1) in names:
            yield ("mailman_lists has %s and %s: mail to %s@ goes to the list %s, as %s-%s@ is one of its addresses. Rename one of them."
                   % (match.group(1), name, name, match.group(1), match.group(1), match.group(2)))


def ambiguous_names_of_new_lists(v):
    for one in v["mailman_lists"]:
        match = AMBIGUOUS_NAME.match(one["name"])
        if match and one.get("state") != "absent":
            yield ("mailman_lists has %s: what comes to its addresses, bounces too, is taken for mail to the list %s. Choose a name without %s."
                   % (one["name"], match.group(1), match.group(2)))


def users_of_others(v):
    platform = v.platform.get("__mailman_platform", {})
    for kind in ("user", "group"):
        name = v["mailman_" + kind] or platform.get(kind)
        if name in USERS_OF_OTHERS:
            yield ("mailman_%s is '%s'. Whoever breaks into Mailman becomes that: choose neither root's, nor the mail server's or the web server's."
                   % (kind, name))


def reachable_addresses(v):
    for name in ("SMTPHOST", "DEFAULT_NNTP_HOST"):
        host = v["mailman_settings"].get(name)
        if method(v) != "existing" and host and host not in ("localhost", "127.0.0.1", "::1") and not v["mailman_reachable_addresses"]:
            yield ("mailman_settings.%s is %s, but the queue runners may connect to no host outside this one. Name its addresses in "
                   "mailman_reachable_addresses." % (name, shown(host)))


RULES = (
    list_names, list_addresses, list_passwords, list_settings, dmarc_actions, list_members,
    virtual_hosts, one_kind_of_domains, place_of_virtual_domain, method_of_virtual_domain, site_password, archive, settings, taken_settings, sessions, slices,
    users_of_others, reachable_addresses,
)
# Where there is no Mailman yet, all lists are new.
RULES_OF_NEW_LISTS = (owners_of_new_lists, clashes_of_new_lists, ambiguous_names_of_new_lists)
