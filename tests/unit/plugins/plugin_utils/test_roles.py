# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults across the variables of the roles: each is named with variable, value and remedy, and each rule has a case."""

import datetime

import pytest
import yaml
from ansible_collections.listhost.exim_mailman.plugins.modules import exim_address_test, exim_delivery_test, exim_smtp_test, mailman_lists
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _roles as roles
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import Faulty

FACTS = {
    "Debian 12": {"os_family": "Debian", "distribution": "Debian", "distribution_version": "12.5", "distribution_major_version": "12",
                  "distribution_release": "bookworm"},
    "Ubuntu": {"os_family": "Debian", "distribution": "Ubuntu", "distribution_version": "22.04", "distribution_major_version": "22",
               "distribution_release": "jammy"},
    "Raspbian": {"os_family": "Debian", "distribution": "Raspbian", "distribution_version": "12", "distribution_major_version": "12",
                 "distribution_release": "bookworm"},
    "EL 8": {"os_family": "RedHat", "distribution": "AlmaLinux", "distribution_version": "8.10", "distribution_major_version": "8",
             "distribution_release": "Cerulean Leopard"},
    "EL 9": {"os_family": "RedHat", "distribution": "Rocky", "distribution_version": "9.1", "distribution_major_version": "9",
             "distribution_release": "Blue Onyx"},
    "SUSE": {"os_family": "Suse", "distribution": "openSUSE Leap", "distribution_version": "15.5", "distribution_major_version": "15",
             "distribution_release": ""},
}
# What has no default, and what defaults refer to.
INVENTORY = {
    "exim_postmaster": "admin@example.com",
    "exim_primary_hostname": "lists.example.com",
    "exim_qualify_domain": "lists.example.com",
    "exim_local_domains": ["lists.example.com"],
    "exim_smtp_accept_queue_per_connection": 30,
    "exim_smtp_accept_max": 200,
    "exim_smtp_accept_reserve": 50,
    "exim_lists_domains": ["list.example.com"],
    "exim_lists_mail_exchangers": [],
    "mailman_email_host": "list.example.com",
    "mailman_site_owner": "admin@example.com",
    "mailman_site_password": "correct horse",
    "mailman_archive": "mailman.tgz",
    "mailman_archive_checksum": "sha256:" + 64 * "a",
}
ALL = ["exim", "mailman", "exim_lists", "mailman_web", "certificate", "mailman_backup"]


SPECIFICATIONS = {role: roles.specification(role) for role in roles.RULES}
OPTIONS = {name: option for options in SPECIFICATIONS.values() for name, option in options.items()}


def reader(variables):
    inventory = dict(INVENTORY, **variables)

    def read(name):
        if name not in inventory and "default" not in OPTIONS[name]:
            raise Faulty("%s is not set." % name)
        return inventory[name] if name in inventory else OPTIONS[name]["default"]

    return inventory, read


def check(variables, parts=None, platform="Debian 12"):
    return roles.check(parts or ALL, *reader(variables), FACTS[platform])


def test_a_good_inventory_has_no_fault():
    typed, faults = check({})
    assert faults == []
    assert typed["exim_ports"] == [25]


# Rule: variables, and what the one fault must hold. Those that hold nothing are right.
def lists(**one):
    return {"mailman_lists": [dict({"name": "announce", "owners": ["a@example.org"]}, **one)]}


def to(*others, **changes):
    """A destination, with changes to it, and others beside it."""
    one = {"name": "big", "domains": ["big.test"], "pace": "20/1m", **changes}
    return {"exim_lists_destinations": [{key: value for key, value in one.items() if value is not None}, *others]}


def warm(**changes):
    """A destination that warms up."""
    return to(warm_up={"from": "2126-12-01", "messages": 100, "growth": 1.5, "until": 5000, **changes})


# Another destination, members in two domains that nothing names, and others that do not count where these do.
OTHER = {"name": "other", "domains": ["other.test"], "connections": 3}
AWAY = ["m%d@%s.test" % (number, ("one", "two")[number % 2]) for number in range(60)]
AT_HOME = ["h%d@%s" % (number, domain) for number in range(9) for domain in ("big.test", "List.example.com", "local.test", "routed.test")]
HOME = {"exim_local_domains": ["local.test"], "exim_relay_routes": {"routed.test": ["192.0.2.1"]}}
SLOWLY = {"from": "2126-12-01", "messages": 5, "growth": 1.1, "until": 5000}

# One character longer than the name of a socket can have it.
LONG_DOMAIN = 50 * "a" + "." + 20 * "b" + ".example"
CASES = {
    "exim.next_key": [
        ({"exim_dkim_next_selector": "lists"}, ["exim_dkim_next_selector is 'lists', and so is exim_dkim_selector", "another name"]),
        ({"exim_dkim_next_selector": "lists2027"}, []), ({"exim_dkim_next_selector": ""}, []),
    ],
    "listhost_dns.spf_lookups": [
        ({"listhost_dns_spf": 6 * ["include:a.example.net", "a:b.example.net"]}, ["listhost_dns_spf has 12 mechanisms", "look up 10", "ip4:"]),
        ({"listhost_dns_spf": 5 * ["include:a.example.net", "mx"] + 6 * ["ip4:192.0.2.0/24", "ip6:2001:db8::/32"]}, []),
    ],
    "listhost_dns.old_selectors": [
        ({"listhost_dns_old_dkim_selectors": ["lists"]}, ["listhost_dns_old_dkim_selectors has 'lists'", "exim_dkim_selector", "Take it from one"]),
        ({"listhost_dns_old_dkim_selectors": ["next"], "exim_dkim_next_selector": "next"}, ["has 'next', which is exim_dkim_next_selector"]),
        ({"listhost_dns_old_dkim_selectors": ["lists2025"]}, []),
    ],
    "mailman.list_names": [
        (lists(name="Announce"), ["mailman_lists, entry 1, has name 'Announce'", "lower-case"]),
        (lists(name="../x"), ["has name '../x'", "no name of a list"]),
        (lists(name=""), ["has name ''", "no name of a list"]),
        ({"mailman_lists": [{"name": "a"}, {"name": "b"}, {"name": "a"}]}, ["mailman_lists has a more than once", "mailman_separate_home"]),
        (lists(name="mailman", state="absent"), ["mailman_lists (mailman) is absent", "Take it out"]),
        (lists(), []),
    ],
    "mailman.list_addresses": [
        (lists(owners=["a@example.org", "me"]), ["mailman_lists (announce) has 'me' in owners", "admin@example.com"]),
        (lists(owners=[""]), ["mailman_lists (announce) has '' in owners"]),
        (lists(moderators=["a b@example.org"]), ["mailman_lists (announce) has 'a b@example.org' in moderators"]),
        (lists(owners=["a@example"]), ["has 'a@example' in owners"]),
        (lists(owners=["a@-example.org"]), ["has 'a@-example.org' in owners"]),
        (lists(email_host="lists_x"), ["mailman_lists (announce) has email_host 'lists_x'", "lists.example.com"]),
        (lists(email_host="List.Example.com", moderators=["A+b=c@Example.org"]), []),
    ],
    "mailman.list_passwords": [
        (lists(password="geheim für alle"), ["mailman_lists (announce) has a password", "ASCII"]),
        (lists(password=" x"), ["blanks"]), (lists(password=""), ["blanks"]),
        (lists(password="correct horse"), []),
    ],
    "mailman.list_settings": [
        (lists(settings={"advertized": 1}), ["mailman_lists (announce) has 'advertized' in settings", "did you mean advertised?", "config_list"]),
        (lists(initial_settings={7: 1}), ["mailman_lists (announce) has 7 in initial_settings"]),
        (lists(settings={"host_name": "x"}), ["has 'host_name' in settings", "write it as email_host"]),
        (lists(settings={"include_rfc2369_headers": False, "topics": []}), []),
    ],
    "mailman.dmarc_actions": [
        (lists(settings={"dmarc_moderation_action": 0}),
         ["mailman_lists (announce) has dmarc_moderation_action 0 in settings", "is 'munge'", "Write 1 or more"]),
        (lists(initial_settings={"dmarc_moderation_action": "0"}), ["has dmarc_moderation_action 0 in initial_settings"]),
        (dict(lists(settings={"dmarc_moderation_action": 2}), mailman_settings={"DEFAULT_DMARC_MODERATION_ACTION": 3}), ["below its number, 3"]),
        (lists(settings={"dmarc_moderation_action": 1}), []),
        (dict(lists(settings={"dmarc_moderation_action": 0}), mailman_dmarc_moderation_action="accept"), []),
        (dict(lists(settings={"dmarc_moderation_action": 0}), mailman_settings={"DEFAULT_DMARC_MODERATION_ACTION": None}), []),
        (lists(settings={"dmarc_moderation_action": "munge"}), []),
    ],
    "mailman.list_members": [
        (lists(members=["me"]), ["mailman_lists (announce): member 1 is 'me', which is no mail address", "alice@example.org"]),
        (lists(members=["a@example.org", "A@Example.org"]), ["mailman_lists (announce): member 2 is 'A@Example.org'", "more than once"]),
        (lists(members=[{"adress": "a@example.org"}]), ["has 'adress'", "did you mean address?"]),
        (lists(members=[{"address": "a@example.org", "digest": "yes"}]), ["has 'yes' for digest", "without quotes"]),
        (lists(members=[{"address": "a@example.org", "name": 7}]), ["has 7 for name", "Put it in quotes"]),
        (lists(members=[{"address": "a@example.org", "name": "a\nb"}]), ["for name", "one line"]),
        (lists(members=[{"address": "a@example.org", "state": "gone"}]), ["has 'gone' for state", "present or absent"]),
        (lists(members=[{"name": "A"}]), ["is '(no address)', which is no address and"]),
        (lists(members=[None]), ["is null, which is no address"]), (lists(members=[7]), ["member 1 is 7"]),
        (lists(members=["Dora Müller <dora@example.org>", '"E" <e@example.org>', {"address": "f@example.org", "digest": True, "state": "absent"},
                        {"address": "what was there", "state": "absent"}]), []),
    ],
    "certificate.contact": [
        ({"certificate_acme": "yes"}, ["certificate_acme is true, but certificate_acme_contact is empty", "Set it to the address"]),
        ({"certificate_acme": True, "certificate_acme_contact": "admin@example.com"}, []), ({"certificate_acme": "no"}, []),
    ],
    "exim.listens": [({"exim_ports": []}, ["exim_ports is empty", "25 is the default"])],
    "exim.routes": [
        ({"exim_relay_routes": {"List.example.net": ["192.0.2.1"]}}, ["exim_relay_routes has 'List.example.net'", "lower-case"]),
        ({"exim_relay_routes": {"list.example.net": []}}, ["exim_relay_routes has [] for list.example.net", "a list of one host"]),
        ({"exim_relay_routes": {"list.example.net": "lists1.example.com"}},
         ["exim_relay_routes has 'lists1.example.com' for list.example.net", "a list of one"]),
        ({"exim_relay_routes": {"list.example.net": ["lists1"]}}, ["exim_relay_routes has host 'lists1'", "lists.example.com", "IP address"]),
        ({"exim_relay_routes": {"lists.example.com": ["192.0.2.1"]}}, ["exim_relay_routes has 'lists.example.com'", "exim_local_domains", "Take it from one"]),
        ({"exim_relay_routes": {7: ["192.0.2.1"]}}, ["exim_relay_routes has 7"]),
        ({"exim_contribution": {"relay_routes": {"lists.example.com": ["192.0.2.1"]}}},
         ["exim_relay_routes has 'lists.example.com' by the inventory's list hosts", "exim_local_domains", "Take it from one"]),
        ({"exim_relay_routes": {"list.example.net": [7]}}, ["exim_relay_routes has host 7"]),
        ({"exim_relay_routes": {"list.example.net": ["192.0.2.1", "2001:db8::1", "lists1.example.com"]}}, []),
    ],
    "exim.aliases": [
        ({"exim_aliases": {"Sales": "sales@example.org"}}, ["exim_aliases has 'Sales' for 'sales@example.org'", "lower-case"]),
        ({"exim_aliases": {"sales": "a@example.org\nroot: b@example.org"}}, ["exim_aliases has 'sales'", "one line"]),
        ({"exim_aliases": {"sales": 7}}, ["exim_aliases has 'sales' for 7", "strings"]),
        ({"exim_aliases": {7: "a@example.org"}}, ["exim_aliases has 7 for 'a@example.org'", "strings"]),
        ({"exim_aliases": {"sales": "a@example.org, b@example.org"}}, []),
        ({"exim_aliases": {"sales": ":blackhole:", "none": ":fail: gone | away", "slash": "a/b@example.org"}}, []),
        ({"exim_aliases": {"sales": "|/usr/bin/procmail"}}, ["exim_aliases has 'sales' for '|/usr/bin/procmail'", "a program", "exim_blocks"]),
        ({"exim_aliases": {"sales": 'a@example.org, "|/usr/bin/procmail -f"'}}, ["exim_aliases has 'sales'", "a program"]),
        ({"exim_aliases": {"sales": "a@example.org ,/var/mail/sales"}}, ["exim_aliases has 'sales'", "a file", ":blackhole:"]),
        ({"exim_aliases": {"sales": "a@example.org, :Include:/home/anna/list"}}, ["exim_aliases has 'sales'", ":include:"]),
    ],
    "exim.connections": [
        ({"exim_smtp_accept_max": 50}, ["exim_smtp_accept_reserve is 50 and exim_smtp_accept_max is 50", "less than the second"]),
        ({"exim_smtp_accept_max": "51", "exim_smtp_accept_max_per_host": 0}, []),
        ({"exim_smtp_accept_max_per_host": 150}, ["exim_smtp_accept_max_per_host is 150", "is 150: one client could take all", "less than that"]),
        ({"exim_smtp_accept_max_per_host": "149"}, []),
    ],
    "exim.certificate_and_key": [
        ({"exim_tls_certificate": "/etc/ssl/list.pem"}, ["exim_tls_certificate is '/etc/ssl/list.pem'", "exim_tls_privatekey is ''", "Set both"])],
    "exim.senders": [
        ({"exim_auth_senders": {"anna": "anna@example.com"}}, ["exim_auth_senders has 'anna@example.com' for anna", "Set it to a list"]),
        ({"exim_auth_senders": {"anna": []}}, ["exim_auth_senders has [] for anna", "Set it to a list"]),
        ({"exim_auth_senders": {7: ["anna@example.com"]}}, ["exim_auth_senders has login 7", "in quotes"]),
        ({"exim_auth_senders": {"an na": ["anna@example.com"]}}, ["exim_auth_senders has login 'an na'"]),
        ({"exim_auth_senders": {"anna\n": ["anna@example.com"]}}, ["exim_auth_senders has login"]),
        ({"exim_auth_senders": {"anna": ["${run{x}}@example.com"]}}, ["which is no address and no domain"]),
        ({"exim_auth_senders": {"anna": ["@example.com"]}}, ["exim_auth_senders has '@example.com' for anna", "no address and no domain"]),
        ({"exim_auth_senders": {"anna": ["anna@localhost"]}}, ["exim_auth_senders has 'anna@localhost' for anna"]),
        ({"exim_auth_senders": {"anna": [7]}}, ["exim_auth_senders has 7 for anna"]),
        ({"exim_auth_senders": {"anna": ["a:b@example.com"]}}, ["exim_auth_senders has 'a:b@example.com' for anna"]),
        ({"exim_auth_senders": {"Anna.x@Example.com": ["Anna+x@Example.com", "lists.example.com"], "news": ["*"]}}, []),
    ],
    "exim.tls_at_once": [
        # Exim's self-signed certificate does not count.
        ({"exim_ports": [25, 465]}, ["exim_ports has 465", "exim_tls_certificate is empty", "self-signed", "take the port out"]),
        ({"exim_ports": [25, 465], "certificate_acme": True}, []), ({"exim_ports": [25, 587]}, []),
        ({"exim_ports": [25, 465], "exim_configuration": "blocks"}, []),
        ({"exim_ports": [25, 465], "exim_tls_certificate": "/c", "exim_tls_privatekey": "/k"}, []),
    ],
    "exim.passwords_over_tls": [({"exim_auth_file": "/etc/exim/passwords"}, ["exim_auth_file is /etc/exim/passwords", "exim_tls_certificate is empty"]),
                                ({"exim_auth_file": "/etc/exim/passwords", "certificate_acme": True}, [])],
    "exim.password_for_the_smarthost": [
        ({"exim_smarthost": "mail.example.net", "exim_smarthost_user": "anna"},
         ["exim_smarthost_user is 'anna' and exim_smarthost_password_file is ''", "Set both"]),
        ({"exim_smarthost": "mail.example.net", "exim_smarthost_password_file": "/etc/p"}, ["exim_smarthost_password_file is '/etc/p'", "Set both"]),
        ({"exim_smarthost": "192.0.2.1", "exim_smarthost_user": "anna", "exim_smarthost_password_file": "/etc/p"},
         ["exim_smarthost is '192.0.2.1'", "as the host's certificate has it"]),
        ({"exim_smarthost_user": "anna", "exim_smarthost_password_file": "/etc/p"}, ["exim_smarthost is ''"]),
        ({"exim_smarthost": "mail.example.net", "exim_smarthost_user": "anna@example.net", "exim_smarthost_password_file": "/etc/p"}, []),
    ],
    "exim.header_callouts": [
        ({"exim_header_sender_callout": True}, ["exim_header_sender_callout is true", "exim_sender_callout_timeout is 0", "such as 30"]),
        ({"exim_header_sender_callout": "no"}, []),
        ({"exim_header_sender_callout": "yes", "exim_sender_callout_timeout": "30"}, []),
    ],
    "exim.spam_scores": [
        ({"exim_spam_scanning": True, "exim_spam_mark_score": 12}, ["exim_spam_mark_score is 12", "exim_spam_reject_score is 10", "cannot be marked"]),
        ({"exim_spam_scanning": True, "exim_spam_mark_score": "0"}, ["exim_spam_mark_score is 0"]),
        ({"exim_spam_scanning": "false", "exim_spam_mark_score": 12}, []),
        ({"exim_spam_scanning": True, "exim_spam_mark_score": "9.5", "exim_spam_reject_score": "10"}, []),
    ],
    "exim.sockets": [
        ({"exim_clamd_socket": "/run/c"}, ["exim_clamd_socket is /run/c", "exim_malware_scanning is false", "Set it to true"]),
        ({"exim_spamd_socket": "/run/s", "exim_spam_scanning": "no"}, ["exim_spamd_socket is /run/s", "exim_spam_scanning is false"]),
    ],
    "exim.block_names": [({"exim_blocks": [{"slot": "main", "name": "a\nb", "content": ""}]}, ["exim_blocks has name 'a\\nb'", "one line"])],
    "mailman.virtual_hosts": [
        ({"mailman_shared_domains": {"www.example.org": "Lists.example.org"}, "exim_lists_domains": ["list.example.com", "Lists.example.org"]},
         ["mailman_shared_domains has 'Lists.example.org'", "lower-case"]),
        ({"mailman_shared_domains": {"www": "lists.example.org"}, "exim_lists_domains": ["list.example.com", "lists.example.org"]},
         ["mailman_shared_domains has 'www'", "lower-case"]),
        ({"mailman_shared_domains": {"www.example.org": "list.example.com"}}, ["mailman_shared_domains has list.example.com more than once", "one web host"]),
        ({"mailman_shared_domains": {"list.example.com": "lists.example.org"}, "exim_lists_domains": ["list.example.com", "lists.example.org"]},
         ["mailman_shared_domains has list.example.com", "the web host of list.example.com", "one mail domain"]),
        ({"mailman_shared_domains": {"www.example.org": "lists.example.org"}, "exim_lists_domains": ["list.example.com", "lists.example.org"]}, []),
    ],
    "mailman.one_kind_of_domains": [
        ({"mailman_separate_home": "/virtual", "mailman_shared_domains": {"www.example.org": "lists.example.org"}, "exim_lists_domains": []},
         ["mailman_shared_domains is", "mailman_separate_home is '/virtual'", "Take one of the two out"])],
    "mailman.place_of_virtual_domain": [
        ({"mailman_separate_home": "/virtual", "mailman_prefix": "/opt", "exim_lists_domains": []},
         ["mailman_prefix is '/opt'", "/virtual/list.example.com/mailman", "Take mailman_prefix out"]),
        ({"mailman_separate_home": "/virtual", "mailman_var_prefix": "/opt", "exim_lists_domains": []}, ["mailman_var_prefix is '/opt'"]),
    ],
    "mailman.method_of_virtual_domain": [
        ({"mailman_separate_home": "/virtual", "mailman_install_method": "package", "exim_lists_domains": []},
         ["mailman_install_method is package", "Set mailman_install_method to archive"]),
        ({"mailman_separate_home": "/virtual", "exim_lists_domains": []}, []),
    ],
    "mailman.site_password": [
        ({"mailman_site_password": ""}, ["mailman_site_password is empty", "vault"]),
        ({"mailman_site_password": "", "mailman_install_method": "existing"}, [])],
    "mailman.archive": [
        ({"mailman_archive": ""}, ["mailman_archive is empty", "package or existing"]),
        ({"mailman_archive_checksum": "md5:1"}, ["mailman_archive_checksum is 'md5:1'", "sha256sum prints"]),
        ({"mailman_archive": "", "mailman_archive_checksum": "", "mailman_install_method": "package"}, []),
    ],
    "mailman.settings": [
        ({"mailman_settings": {"smtphost": "x"}}, ["mailman_settings has 'smtphost'", "upper-case"]),
        ({"mailman_settings": {"SMTPHOST\n": "x"}}, ["mailman_settings has 'SMTPHOST\\n'", "upper-case"]),
        ({"mailman_settings": {7: "x"}}, ["mailman_settings has 7", "upper-case"]),
        ({"mailman_settings": {"X": {7: 1}}}, ["mailman_settings.X", "cannot hold", "Write a string"]),
        ({"mailman_settings": {"X": {1, 2}}}, ["mailman_settings.X", "cannot hold"]),
    ],
    "mailman.taken_settings": [
        ({"mailman_settings": {"DEFAULT_EMAIL_HOST": "x"}}, ["mailman_settings.DEFAULT_EMAIL_HOST is 'x'", "Set mailman_email_host instead"]),
        ({"mailman_settings": {"DELIVERY_RETRY_WAIT": 60}},
         ["mailman_settings.DELIVERY_RETRY_WAIT is 60", "Set mailman_delivery_retry_minutes instead"]),
        ({"mailman_settings": {"QRUNNERS": []}, "mailman_qrunner_slices": {"Outgoing": 2}}, ["mailman_settings.QRUNNERS is []", "take one of them out"]),
        ({"mailman_settings": {"VIRTUAL_HOSTS": {}}, "mailman_shared_domains": {"www.example.org": "lists.example.org"},
          "exim_lists_domains": ["list.example.com", "lists.example.org"]}, ["mailman_settings.VIRTUAL_HOSTS is {}", "take one of them out"]),
        ({"mailman_settings": {"VERP_REGEXP": "x"}}, ["mailman_settings.VERP_REGEXP is 'x'", "set mailman_verp to mailman"]),
        ({"mailman_settings": {"VERP_REGEXP": "x"}, "mailman_verp": "mailman"}, []),
    ],
    "mailman.sessions": [
        ({"mailman_settings": {"SMTP_MAX_SESSIONS_PER_CONNECTION": "many"}}, ["SMTP_MAX_SESSIONS_PER_CONNECTION is 'many'", "from 1 on"]),
        ({"mailman_settings": {"SMTP_MAX_SESSIONS_PER_CONNECTION": True}}, ["SMTP_MAX_SESSIONS_PER_CONNECTION is true"]),
    ],
    "mailman.users_of_others": [
        ({"mailman_user": "root"}, ["mailman_user is 'root'", "choose neither"]),
        ({"mailman_group": "www-data"}, ["mailman_group is 'www-data'"]),
        ({"mailman_user": "Debian-exim"}, ["mailman_user is 'Debian-exim'"]),
        ({"mailman_user": "list-org", "mailman_group": "list-org"}, []),
    ],
    "mailman.reachable_addresses": [
        ({"mailman_settings": {"SMTPHOST": "192.0.2.1"}}, ["mailman_settings.SMTPHOST is '192.0.2.1'", "mailman_reachable_addresses"]),
        ({"mailman_settings": {"DEFAULT_NNTP_HOST": "news.example.org"}}, ["mailman_settings.DEFAULT_NNTP_HOST is 'news.example.org'"]),
        ({"mailman_settings": {"SMTPHOST": "192.0.2.1"}, "mailman_reachable_addresses": ["192.0.2.1", "2001:db8::/32"]}, []),
        ({"mailman_settings": {"SMTPHOST": "127.0.0.1", "DEFAULT_NNTP_HOST": ""}}, []),
        ({"mailman_settings": {"SMTPHOST": "192.0.2.1"}, "mailman_install_method": "existing"}, []),
    ],
    "mailman.slices": [
        ({"mailman_qrunner_slices": {"Outgoing": 3}}, ["mailman_qrunner_slices has 3 for 'Outgoing'", "powers of two"]),
        ({"mailman_qrunner_slices": {"Web": 2}}, ["mailman_qrunner_slices has 2 for 'Web'", "Arch, Bounce"]),
        ({"mailman_qrunner_slices": {"Outgoing": "4"}}, ["mailman_qrunner_slices has '4' for 'Outgoing'"]),
        ({"mailman_qrunner_slices": {"Outgoing": True}}, ["mailman_qrunner_slices has true"]),
    ],
    "mailman_transfer.separate_home": [
        ({"mailman_separate_home": ""}, ["mailman_separate_home is empty", "list.example.com", "Set it to the directory of domains"]),
        ({"mailman_separate_home": "/virtual"}, []),
    ],
    "mailman_takeover.one_source": [
        ({}, ["Nothing says where the lists are", "mailman_takeover_files, "]),
        ({"mailman_takeover_files": "x.tar", "mailman_takeover_from": "old"}, ["mailman_takeover_files and mailman_takeover_from are set", "Set one of"]),
        ({"mailman_takeover_files_on_host": "/root/x.tar"}, []),
    ],
    "mailman_takeover.of_a_host": [
        ({"mailman_takeover_freeze": "yes"}, ["mailman_takeover_freeze is set without mailman_takeover_from", "Leave it out"]),
        ({"mailman_takeover_directory": "/opt/mailman"}, ["mailman_takeover_directory is set without mailman_takeover_from"]),
        ({"mailman_takeover_freeze": True, "mailman_takeover_directory": "/opt/mailman", "mailman_takeover_from": "old"}, []),
    ],
    "mailman_takeover.one_mailman": [
        ({"mailman_separate_home": "/virtual"}, ["mailman_separate_home is set", "move_domain.yml"]), ({}, []),
    ],
    "mailman_takeover.domains": [
        ({"mailman_takeover_domains": [{"domain": "localhost", "email_host": "example.com"}]}, []),
        ({"mailman_takeover_domains": [{"domain": "a", "email_host": "B.C"}]}, ["mailman_takeover_domains (a): email_host is 'B.C', which is no"]),
        ({"mailman_takeover_domains": [{"domain": "a"}]}, ["mailman_takeover_domains (a): nothing says what becomes of a", "Give it email_host"]),
        ({"mailman_takeover_domains": [{"domain": "a", "url_host": "x.org"}, {"domain": "A", "url_host": "x.org"}]}, ["there is a rule for A already"]),
    ],
    "mailman_takeover.lists": [
        ({"mailman_takeover_lists": [{"name": "a", "new_name": "A"}]}, ["mailman_takeover_lists (a): new_name is 'A', which is no name of a list"]),
        ({"mailman_takeover_lists": [{"name": "a", "url_host": "-"}]}, ["mailman_takeover_lists (a): url_host is '-'"]),
        ({"mailman_takeover_lists": [{"name": "a"}, {"name": "a"}]}, ["there is a rule for a already"]),
        ({"mailman_takeover_lists": [{"name": "a", "leave_out": "yes"}, {"name": "b", "new_name": "c"}]}, []),
    ],
    "exim_lists.domains": [
        ({"exim_lists_domains": []}, ["exim_lists_domains is empty", "mail domains of the lists"]),
        ({"mailman_separate_home": "/virtual"}, ["exim_lists_domains is", "Exim finds the domains there"]),
    ],
    "exim_lists.domains_of_mailman": [
        ({"mailman_shared_domains": {"www.example.org": "lists.example.org"}}, ["mailman_shared_domains has 'lists.example.org'", "would get mail", "Add it"])],
    "exim_lists.domains_of_lists": [
        ({"mailman_shared_domains": {"www.example.org": "lists.example.org"}, "exim_lists_domains": ["list.example.com", "lists.example.org"],
          "mailman_lists": [{"name": "a", "owners": ["a@example.org"], "email_host": "else.example.org"}]},
         ["mailman_lists (a) has email_host 'else.example.org'", "list.example.com, lists.example.org", "mailman_shared_domains"])],
    "exim_lists.sessions": [
        ({"mailman_smtp_max_sessions_per_connection": 31}, ["mailman_smtp_max_sessions_per_connection", "is 31", "per_connection is 30", "at most Exim's"]),
        ({"mailman_settings": {"SMTP_MAX_SESSIONS_PER_CONNECTION": 40}}, ["SMTP_MAX_SESSIONS_PER_CONNECTION) is 40", "at most Exim's"]),
        ({"exim_smtp_accept_queue_per_connection": "0", "mailman_smtp_max_sessions_per_connection": "500"}, []),
    ],
    "exim.blocks_alone": [
        ({"exim_configuration": "blocks", "exim_smarthost": "relay.example.com"}, [
            "exim_smarthost is 'relay.example.com', but exim_configuration is blocks", "no effect", "host's own configuration"]),
        ({"exim_configuration": "blocks", "exim_spf_check": "header"}, ["exim_spf_check is 'header', but exim_configuration is blocks", "no effect"]),
        ({"exim_configuration": "blocks", "exim_dkim_next_selector": "next"}, ["exim_dkim_next_selector is 'next', but exim_configuration is blocks"]),
        ({"exim_configuration": "blocks", "exim_blocks": [{"slot": "main", "name": "x", "content": "X = 1"}]}, ["exim_blocks is [", "Take it out"]),
        ({"exim_configuration": "blocks", "exim_contribution": {"relay_routes": {"list.example.com": ["lists1"]}}}, ["in mx_hosts", "Set it to whole"]),
        ({"exim_configuration": "blocks"}, []), ({"exim_smarthost": "relay.example.com"}, []),
    ],
    "exim.tls_to_others": [
        ({"exim_tls_required_domains": ["bank.example"], "exim_smarthost": "relay.example.com"}, [
            'exim_tls_required_domains is ["bank.example"]', "exim_smarthost is 'relay.example.com'", "have it on the relay"]),
        ({"exim_tls_required_domains": ["bank.example"]}, []), ({"exim_smarthost": "relay.example.com"}, []),
    ],
    "exim.anchors": [
        ({"exim_configuration": "blocks", "exim_anchors": {"router": "dns lookup"}}, ["exim_anchors.router is 'dns lookup'", "Correct it"]),
        ({"exim_anchors": {"router": "dnslookup"}}, ["exim_anchors is set, but exim_configuration is whole", "Take it out"]),
        ({"exim_configuration": "blocks", "exim_anchors": {"router": "dnslookup", "local_domains": "our_domains"}}, []),
    ],
    "exim_lists.taking_out": [
        ({"exim_lists_state": "absent"}, ["exim_lists_state is absent, but exim_configuration is whole", "playbooks/undo.yml"]),
        ({"exim_lists_state": "absent", "exim_configuration": "blocks"}, []),
    ],
    "exim_lists.loopback": [
        ({"exim_interfaces": ["192.0.2.1"]}, ["exim_interfaces is", "without 127.0.0.1", "Add it"]),
        ({"exim_interfaces": ["::"]}, []), ({"exim_interfaces": ["0.0.0.0"]}, []), ({"exim_interfaces": ["192.0.2.1", "127.0.0.1"]}, []),
    ],
    # That it speaks test_verification_without_an_address shows.
    "verify.subscriber": [({"verify_subscriber": "anna@example.net"}, []), ({}, [])],
    "mailman_web.certificate_and_key": [
        ({"mailman_web_certificate": "/c"}, ["mailman_web_certificate is '/c' and mailman_web_certificate_key is ''", "Set both"]),
        ({"mailman_web_certificate_key": "/k"}, ["mailman_web_certificate is ''", "self-signed"]),
        ({"mailman_web_certificate": "/c", "mailman_web_certificate_key": "/k"}, []),
    ],
    "mailman_backup.one_mailman": [
        ({"mailman_backup": "yes", "mailman_separate_home": "/virtual"}, ["mailman_backup is true", "mailman_separate_home", "Set it to false"]),
        ({"mailman_backup": False, "mailman_separate_home": "/virtual"}, []), ({"mailman_backup": True}, []),
    ],
    "mailman_backup.one_repository": [
        ({"mailman_backup": "yes"}, ["mailman_backup_repository and mailman_backup_repository_file are both empty", "Set one of them"]),
        ({"mailman_backup": True, "mailman_backup_repository": "/srv/backup", "mailman_backup_repository_file": "/f"}, ["are both set"]),
        ({"mailman_backup": True, "mailman_backup_repository": "/srv/backup"}, []), ({"mailman_backup": False}, []),
    ],
    "mailman_backup.retention": [
        ({"mailman_backup_keep": {}}, ["mailman_backup_keep keeps no backup", "daily: 14"]),
        ({"mailman_backup_keep": {"daily": 0}}, ["keeps no backup"]),
        ({"mailman_backup_keep": {"daily": 1, "last": -1}}, ["mailman_backup_keep has last: -1", "0 (none) or more"]),
        ({"mailman_backup_keep": {"yearly": "1"}}, []),
    ],
    "mailman_web.web_servers": [
        ({"mailman_web_server": "existing", "mailman_web_certificate": "/c"},
         ["mailman_web_certificate is '/c', but mailman_web_server is existing", "Take it out"]),
        ({"mailman_web_server": "existing", "mailman_web_certificate_key": "/k"}, ["mailman_web_certificate_key is '/k'", "its own key"]),
        ({"mailman_web_server": "existing", "mailman_web_trusted_proxies": ["192.0.2.1"]}, ['mailman_web_trusted_proxies is ["192.0.2.1"]', "itself"]),
        ({"mailman_web_group": "nginx"}, ["mailman_web_group is 'nginx', but mailman_web_server is apache", "Take it out"]),
        ({"mailman_web_fcgiwrap_socket": "/s"}, ["mailman_web_fcgiwrap_socket is '/s', but mailman_web_server is apache"]),
        ({"mailman_web_server": "existing", "mailman_web_group": "nginx", "mailman_web_fcgiwrap_socket": "/s"}, []),
    ],
    "mailman_web.web_server_of_separate_domains": [
        ({"mailman_web": "yes", "mailman_web_server": "existing", "mailman_separate_home": "/virtual"},
         ["mailman_web_server is existing, but mailman_separate_home is '/virtual'", "Set mailman_web_server to apache, or mailman_web to false"]),
        ({"mailman_web": False, "mailman_web_server": "existing", "mailman_separate_home": "/virtual"}, []),
        ({"mailman_web": True, "mailman_separate_home": "/virtual"}, []), ({"mailman_web": True, "mailman_web_server": "existing"}, []),
    ],
    "mailman_web.addresses_of_pages": [
        ({"mailman_web": "yes", "mailman_settings": {"DEFAULT_URL_PATTERN": "http://%s/"}},
         ["mailman_settings.DEFAULT_URL_PATTERN is 'http://%s/'", "mailman_web is true", "Take it out"]),
        ({"mailman_web": True, "mailman_settings": {"PUBLIC_ARCHIVE_URL": "x"}}, ["mailman_settings.PUBLIC_ARCHIVE_URL"]),
        ({"mailman_web": False, "mailman_settings": {"DEFAULT_URL_PATTERN": "http://%s/"}}, []),
    ],
    "mailman_web.questions": [
        ({"mailman_web_questions": [{"question": "Two?", "answers": ["2"]}, {"language": "german", "question": "Zwei?", "answers": ["2"]}]},
         ["mailman_web_questions, entry 2, has language 'german'", "pt_BR"]),
        ({"mailman_web_questions": [{"question": "Größe?", "answers": ["2"]}]}, ["entry 1, has question 'Größe?'", "ASCII"]),
        ({"mailman_web_questions": [{"question": "Two?\n", "answers": ["2"]}]}, ["has question", "one line"]),
        ({"mailman_web_questions": [{"question": "Two?", "answers": []}]}, ["entry 1, has no answers", "nobody could subscribe"]),
        ({"mailman_web_questions": [{"question": "Two?", "answers": ["zwölf"]}]}, ["entry 1, has answer 'zwölf'", "ASCII"]),
        ({"mailman_web_questions": [{"question": "Two?", "answers": [" "]}]}, ["entry 1, has answer ' '"]),
        ({"mailman_web_questions": [{"question": "Two?", "answers": ["2", "two"]}, {"language": "pt_BR", "question": "Dois?", "answers": ["2"]}]}, []),
    ],
    "mailman_web.english_question": [
        ({"mailman_web_questions": [{"language": "de", "question": "Zwei?", "answers": ["2"]}]}, ["mailman_web_questions has none in English", "Add one"]),
    ],
    "mailman_web.taken_settings": [
        ({"mailman_web": True, "mailman_settings": {"RECAPTCHA_SITE_KEY": "x"}}, ["mailman_settings.RECAPTCHA_SITE_KEY is set", "mailman_web_questions"]),
        ({"mailman_web": True, "mailman_settings": {"CAPTCHAS": {}}, "mailman_web_questions": [{"question": "Two?", "answers": ["2"]}]},
         ["mailman_settings.CAPTCHAS is set", "take one of them out"]),
        ({"mailman_web": False, "mailman_settings": {"RECAPTCHA_SITE_KEY": "x"}}, []), ({"mailman_web": True, "mailman_settings": {"CAPTCHAS": {}}}, []),
    ],
    "mailman_web.one_click": [
        ({"mailman_web_one_click": "yes", "mailman_web": False}, ["mailman_web_one_click is true, but mailman_web is false", "Set mailman_web to true"]),
        ({"mailman_web_one_click": False, "mailman_web": False}, []), ({"mailman_web_one_click": True}, []),
    ],
    "mailman_web.one_click_of_long_domains": [
        ({"mailman_web_one_click": True, "mailman_separate_home": "/virtual", "mailman_email_host": LONG_DOMAIN},
         ["mailman_email_host has 79 characters", "78 at most", "mailman_web_one_click to false"]),
        ({"mailman_web_one_click": True, "mailman_separate_home": "/virtual", "mailman_email_host": LONG_DOMAIN[1:]}, []),
        ({"mailman_web_one_click": True, "mailman_email_host": LONG_DOMAIN}, []),
        ({"mailman_separate_home": "/virtual", "mailman_email_host": LONG_DOMAIN}, []),
    ],
    "mailman_web.one_click_of_closed_lists": [
        (dict(lists(settings={"unsubscribe_policy": 1}), mailman_web_one_click=True),
         ["mailman_lists (announce) has unsubscribe_policy in settings", "mailman_web_one_click_exceptions"]),
        (dict(lists(settings={"unsubscribe_policy": True}), mailman_web_one_click=True), ["mailman_lists (announce) has unsubscribe_policy"]),
        (dict(lists(settings={"unsubscribe_policy": 1}), mailman_web_one_click=True, mailman_web_one_click_exceptions=["announce"]), []),
        (dict(lists(settings={"unsubscribe_policy": 0}), mailman_web_one_click=True), []), (dict(lists(), mailman_web_one_click=True), []),
        (lists(settings={"unsubscribe_policy": 1}), []),
    ],
    "exim_lists.destinations": [
        (to(name="Big one"), ["exim_lists_destinations (Big one) has this name", "underscores"]),
        (to(domains=[]), ["exim_lists_destinations (big) has no domains and no mx_hosts", "Add domains"]),
        (to(domains=["big..test"]), ["(big) has 'big..test' in domains, which is no domain name"]),
        (to(mx_hosts=["*.big.test"]), ["(big) has '*.big.test' in mx_hosts, which is no domain name"]),
        (to(pace=None), ["(big) limits nothing. Add one of pace, warm_up, pause, connections,"]),
        *((to(pace=pace), ["(big) has pace '%s', which is none" % pace, "as in 20/1m", "For no limit take it out"])
          for pace in ("0/1m", "20/0m", "20", "20/m", "-1/1m", "1.5/1m", "20/1 m", "a/1m", "20/1y")),
        (to(connections=0), ["(big) has connections 0. Set it to 1 or more"]),
        (to(messages_per_connection=-1), ["(big) has messages_per_connection -1"]), (to(recipients_per_message="0"), ["recipients_per_message 0"]),
        (to(wait="soon"), ["(big) has wait 'soon', which is no time"]), (to(wait="5m", longest_wait="0s"), ["(big) has longest_wait '0s', which is no time"]),
        (to(mx_hosts=["*"]), ["(big) has '*' in mx_hosts, which is no domain name"]), (to(domains=["*"]), []),
        (to(domains=["*"], pace=None), ["(big) limits nothing"]),
        (to(), []), (to(domains=None, mx_hosts=["big.test"]), []), (to(pace=None, connections="2"), []), (to(pace="600 / 1h30m"), []), ({}, []),
    ],
    "exim_lists.warm_ups": [
        (warm(**{"from": "2026-02-29"}), ["exim_lists_destinations (big) has warm_up from '2026-02-29', which is no day", "as in 2026-12-01"]),
        (warm(**{"from": "next week"}), ["has warm_up from 'next week', which is no day"]),
        (warm(messages=0), ["has warm_up with 0 messages: nothing would leave on the first day", "1 or more"]),
        (warm(messages=-5), ["has warm_up with -5 messages"]),
        (warm(growth=1), ["has warm_up with growth 1.0", "more than 1"]), (warm(growth=0.5), ["growth 0.5"]), (warm(growth=50), ["growth 50.0", "10 at most"]),
        (warm(until=100), ["has warm_up with 100 messages until 100: it ends before it begins", "take warm_up out"]), (warm(until=0), ["until 0"]),
        (warm(growth=1.001), ["has warm_up with 100 messages, growth 1.001, until 5000: that takes more than 366 days"]),
        (warm(), []), (warm(**{"from": datetime.date(2026, 12, 1)}), []), (warm(growth="2", messages="1"), []), (to(), []),
    ],
    "exim_lists.pauses": [
        (to(pause="soon", refusal_texts=["4.7.28"]), ["exim_lists_destinations (big) has pause 'soon'"]),
        (to(pause="0s", refusal_texts=["4.7.28"]), ["has pause '0s'"]),
        (to(pause="10m"), ["exim_lists_destinations (big) has pause alone", "Set both"]), (to(pause="10m", refusal_texts=[]), ["has pause alone"]),
        (to(refusal_texts=["4.7.28"]), ["has refusal_texts alone"]),
        *((to(pause="10m", refusal_texts=[text]), ["(big) has '%s' in refusal_texts" % text])
          for text in ("a}b", "a$b", "a\\Nb", "ab", " 4.7.28", "4.7.28 ", "", "a|b")),
        (to(pause="10m", refusal_texts=["a\nb"]), ["has 'a\\nb' in refusal_texts"]), (to(pause="10m", refusal_texts=["x" * 101]), ["in refusal_texts"]),
        (to(pause="10m", refusal_texts=["4.7.28", "unusual rate (of mail): come again"]), []), (to(), []),
    ],
    "exim_lists.members_while_it_warms_up": [
        (dict(warm(), **lists(members=["a%d@big.test" % number for number in range(500)])),
         ["exim_lists_destinations (big) warms up with 100 messages a day, and mailman_lists (announce) has 500 members there: one post takes 4d, ",
          "gives up after 4d", "Set messages or growth to more"]),
        (dict(warm(), **lists(members=["a%d@big.test" % number for number in range(475)])), []),
        (dict(warm(), **lists(members=["a%d@small.test" % number for number in range(9999)])), []),
        (dict(to(dict(OTHER, domains=["*"], warm_up=SLOWLY)), **lists(members=AWAY[:17])), ["(other) warms up with 5 messages a day", "has 17 members there"]),
        (dict(to(dict(OTHER, domains=["*"], warm_up=SLOWLY)), **lists(members=AWAY[:16] + AT_HOME), **HOME), []),
        (dict(to(domains=["*"], warm_up=SLOWLY), **lists(members=AWAY[:40])), ["(big) warms up with 5 messages a day", "has 40 members there"]),
        # It is over.
        (dict(warm(**{"from": "2020-12-01"}), **lists(members=["a%d@big.test" % number for number in range(500)])), []),
        # What is wrong with it is said elsewhere.
        (dict(warm(**{"from": "soon"}), **lists(members=["a@big.test"])), []), (dict(warm(growth=1), **lists(members=["a@big.test"])), []),
        (dict(warm(messages=0), **lists(members=["a@big.test"])), []),
    ],
    "exim_lists.waits_of_destinations": [
        (to(longest_wait="1h"), ["(big) has longest_wait but no wait"]),
        (to(wait="1h", longest_wait="5m"), ["(big) has wait 1h and longest_wait 5m", "no less than the first"]),
        (dict(to(wait="5m"), exim_lists_retry="F,soon,15m"), ["(big) has wait 5m, but exim_lists_retry is 'F,soon,15m'", "F,4d,6h"]),
        (to(wait="5m", longest_wait="4d"), ["(big) has waits of up to 4d, but by exim_lists_retry Exim gives up after 4d", "Set longest_wait to less"]),
        (to(wait="5m", longest_wait="5m"), []), (to(wait="5m"), []), (to(wait="3d23h"), []), (dict(to(), exim_lists_retry="F,soon,15m"), []),
    ],
    "exim_lists.one_destination_each": [
        (to({"name": "big", "domains": ["other.test"]}), ["exim_lists_destinations (big) has the name of entry 1"]),
        (to({"name": "other", "domains": ["other.test", "big.test"]}), ["(other) has 'big.test' in domains, as entry 1 has", "Take it from one of them"]),
        (to(dict(OTHER, domains=["*"]), domains=["*"]), ["(other) has '*' in domains, as entry 1 has"]),
        (to({"name": "other", "mx_hosts": ["mx.big.test"]}, mx_hosts=["big.test"]),
         ["(other) has 'mx.big.test' in mx_hosts, and entry 1 has 'big.test': both are for the same hosts"]),
        (to({"name": "other", "mx_hosts": ["big.test"]}, mx_hosts=["mx.big.test"]), ["(other) has 'big.test' in mx_hosts, and entry 1 has 'mx.big.test'"]),
        (to({"name": "other", "domains": ["a.big.test"], "mx_hosts": ["bigbig.test"]}, mx_hosts=["big.test", "mx.big.test"]), []), ({}, []),
    ],
    "exim_lists.all_other_destinations": [
        (to(domains=["*", "big.test"]), ["exim_lists_destinations (big) has '*' in domains beside others", "have it alone"]),
        (to(domains=["*"], mx_hosts=["big.test"]), ["(big) has '*' in domains and also mx_hosts", "in an entry before"]),
        (to(OTHER, domains=["*"]), ["(big) has '*' in domains, so no mail is for the entries after it", "Put it last"]),
        (to(dict(OTHER, domains=["*"])), []), (to(domains=["*"]), []), (to(OTHER), []), (to(domains=None, mx_hosts=["big.test"]), []), ({}, []),
        # That there are two is said by the rule before.
        (to(dict(OTHER, domains=["*"]), domains=["*"]), []),
    ],
    "exim_lists.destinations_that_exim_reaches": [
        (dict(to(), exim_configuration="blocks"), ["exim_configuration is blocks", "Take it out"]),
        (dict(to(), exim_smarthost="relay.example.com"), ["exim_smarthost is 'relay.example.com'", "have it on the relay"]),
        (to(), []), ({"exim_configuration": "blocks"}, []), ({"exim_smarthost": "relay.example.com"}, []),
    ],
    "exim_lists.recipients_of_copies": [
        (to(recipients_per_message=50), ["(big) has recipients_per_message 50, but mailman_verp is exim", "set mailman_verp to none"]),
        (dict(to(recipients_per_message=50), mailman_verp="none"), []), (to(), []),
    ],
    "exim_lists.queue_runs_at_that_pace": [
        (to(), ["(big) has pace 20/1m, but exim_queue_interval is ''", "set it to 1m, or"]),
        (dict(to(pace="20/10s"), exim_queue_interval="1m"), ["exim_queue_interval is '1m'", "set it to 10s, or"]),
        (dict(to(), exim_queue_interval="1m"), []), (to(pace=None, wait="5m"), []), (dict(to(pace="600/1h"), exim_queue_interval="10m"), []),
    ],
    "exim_lists.members_at_that_pace": [
        (dict(to(pace="1/2h"), **lists(members=["m%d@Big.test" % number for number in range(48)] + ["a@other.test"]), exim_queue_interval="1m"),
         ["(big) has pace 1/2h, and mailman_lists (announce) has 48 members there: one post takes 4d, but by exim_lists_retry Exim gives up after 4d"]),
        (dict(to(pace="1/2h"), **lists(members=[{"address": "m%d@big.test" % number} for number in range(47)]), exim_queue_interval="1m"), []),
        # A queue run lets no more pass.
        (dict(to(pace="1/1s"), **lists(members=["m%d@big.test" % number for number in range(48)]), exim_queue_interval="2h"), ["one post takes 4d"]),
        (dict(to(), **lists(members=["a@other.test"] * 9)), []), (dict(to(pace=None, wait="5m"), exim_queue_interval="1m"), []),
        # All members that no other destination names, together. Some are at home, or their domain has a route.
        (dict(to(dict(OTHER, domains=["*"], pace="1/2h")), **lists(members=AWAY[:48]), exim_queue_interval="1m"),
         ["(other) has pace 1/2h, and mailman_lists (announce) has 48 members there"]),
        (dict(to(dict(OTHER, domains=["*"], pace="1/2h")), **lists(members=AWAY[:47] + AT_HOME), **HOME, exim_queue_interval="1m"), []),
    ],
    "exim_lists.one_click": [
        ({"mailman_web_one_click": True, "mailman_verp": "mailman"}, ["mailman_verp is 'mailman'", "Set mailman_verp to exim"]),
        ({"mailman_web_one_click": True, "mailman_verp": "none"}, ["mailman_verp is 'none'"]),
        ({"mailman_web_one_click": True, "exim_configuration": "blocks"}, ["exim_configuration is blocks", "Set mailman_web_one_click to false"]),
        ({"mailman_web_one_click": True}, []), ({"mailman_verp": "none", "exim_configuration": "blocks"}, []),
        # A machine of separate domains, and one of these.
        ({"mailman_web_one_click": True, "mailman_separate_home": "/virtual", "mailman_verp": "none", "exim_lists_domains": []}, []),
        ({"mailman_web_one_click": True, "mailman_separate_home": "/virtual", "exim_configuration": "blocks"}, ["exim_configuration is blocks"]),
        ({"mailman_web_one_click": True, "mailman_separate_home": "/virtual", "mailman_verp": "none", "exim_lists_domains": ["a.test"]},
         ["mailman_verp is 'none'"]),
    ],
    "exim_lists.one_click_is_signed": [
        ({"mailman_web_one_click": True}, ["exim_dkim_domains does not have list.example.com", "publish their keys"]),
        ({"mailman_web_one_click": True, "exim_lists_domains": ["a.test", "b.test", "c.test"], "exim_dkim_domains": ["b.test"]}, ["a.test and c.test"]),
        ({"mailman_web_one_click": True, "exim_dkim_domains": ["list.example.com"]}, []), ({}, []),
        ({"mailman_web_one_click": True, "mailman_separate_home": "/virtual", "exim_lists_domains": ["a.test"], "exim_dkim_domains": ["b.test"]},
         ["exim_dkim_domains of the machine does not have a.test"]),
        ({"mailman_web_one_click": True, "mailman_separate_home": "/virtual", "exim_lists_domains": []}, []),
    ],
    "exim_lists.port_of_mailman": [
        ({"exim_ports": [587]}, ["exim_ports is [587]", "port 25", "Add that port"]),
        ({"mailman_settings": {"SMTPPORT": 2525}}, ["exim_ports is [25]", "port 2525", "mailman_settings.SMTPPORT"]),
        ({"exim_ports": ["25", 587]}, []), ({"exim_ports": [2525], "mailman_settings": {"SMTPPORT": 2525}}, []),
    ],
}


def test_every_rule_has_a_case():
    assert sorted(CASES) == sorted("%s.%s" % (role, rule.__name__) for role, rules in roles.RULES.items() for rule in rules.RULES)


@pytest.mark.parametrize(("rule", "variables", "words"), [(rule, *case) for rule, cases in CASES.items() for case in cases])
def test_fault_names_variable_value_and_remedy(rule, variables, words):
    role, name = rule.split(".")
    values = roles.Values(SPECIFICATIONS, *reader(variables))
    faults = list(roles.faults_of_rules([getattr(roles.RULES[role], name)], values))
    assert len(faults) == (1 if words else 0), faults
    assert [word for word in words if word not in faults[0]] == [], faults
    assert "\n" not in "".join(faults)


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_every_text_and_number_has_a_kind(name):
    option = OPTIONS[name]
    needs = option.get("elements", option["type"]) in ("str", "path", "int", "float") and "choices" not in option
    assert (name in roles.KINDS) == needs


# Of each kind one variable, with what its message must hold beside its name.
@pytest.mark.parametrize(("name", "value", "words"), [
    ("exim_local_domains", ["example..com"], ["has 'example..com'", "lists.example.com"]),
    ("exim_smarthost", "192.0.2.1:25", ["is '192.0.2.1:25'", "IP address"]),
    ("exim_postmaster", "admin@-bad-", ["is 'admin@-bad-'", "admin@example.com"]),
    ("exim_queue_interval", "1 minute", ["is '1 minute'", "1m or 1h30m"]),
    ("exim_queue_interval", "0m", ["is '0m'", "no time"]),
    ("exim_interfaces", ["dead"], ["has 'dead'", "no IP address"]),
    ("exim_relay_from_hosts", ["999.999.1.1/99"], ["has '999.999.1.1/99'", "192.0.2.0/24"]),
    ("exim_relay_from_hosts", ["0.0.0.0/0"], ["has '0.0.0.0/0'", "192.0.2.0/24"]),
    ("exim_ports", [25, 0], ["has 0", "from 1 to 65535"]),
    ("mailman_backup_repository", "backup", ["mailman_backup_repository is (not shown)", "/srv/backup", "sftp:", "rest:"]),
    ("mailman_backup_repository", "rest:https://me:secret@vault.example.com/", ["(not shown), which has a password", "mailman_backup_repository_file"]),
    ("mailman_backup_schedule", "daily\nx", ["is 'daily\\nx'", "*-*-* 03:30:00"]),
    ("mailman_backup_restore_before", "yesterday", ["is 'yesterday'", "2026-11-26 14:30"]),
    ("exim_smarthost_port", "65536", ["is 65536", "from 1 to 65535"]),
    ("exim_required_headers", "From", ["is 'From', a string", "[From]"]),
    ("exim_remote_max_parallel", 0, ["is 0", "1 or more"]),
    ("exim_lists_subscriptions_per_hour", -1, ["is -1", "0 (no limit)"]),
    ("exim_lists_in_all_domains", ["A"], ["has 'A'", "* for all"]),
    ("mailman_prefix", "mailman", ["is 'mailman'", "absolute path"]),
    ("certificate_acme_contact", "me", ["is 'me'", "admin@example.com"]),
    ("certificate_acme_server", "http://acme.example.com/", ["is 'http://acme.example.com/'", "https://"]),
    ("certificate_acme_server", "https://acme.example.com/ --x", ["https://"]),
    ("certificate_names", ["*.example.com"], ["has '*.example.com'", "lists.example.com"]),
    ("certificate_services", ["dovecot; reboot"], ["has 'dovecot; reboot'", "as in dovecot"]),
    ("mailman_user", "a b", ["is 'a b'", "user or group"]),
    ("mailman_delivery_retry_minutes", "0", ["is 0", "1 or more; 5 is the default"]),
    ("mailman_verp_interval", 0, ["is 0", "1 (every post)"]),
    ("mailman_bounce_guard_percent", 0, ["is 0", "1 to 100"]),
    ("mailman_site_owner", "you", ["is 'you'", "admin@example.com"]),
])
def test_kinds_of_variables(name, value, words):
    dummy, faults = check({name: value})
    assert [word for word in [name] + words if word not in faults[0]] == [] and len(faults) == 1, faults


def test_all_faults_of_all_roles_at_once():
    dummy, faults = check({"exim_postmaster": "me", "exim_queue_run_max": 0, "mailman_site_owner": "you", "exim_lists_retry": "often"})
    assert [fault.split(" ")[0] for fault in faults] == ["exim_postmaster", "exim_queue_run_max", "mailman_site_owner", "exim_lists_retry"]


def test_a_faulty_value_is_named_once_and_by_its_own_part():
    assert len(check({"exim_ports": "25"})[1]) == 1
    assert check({"exim_ports": "25"}, ["mailman"])[1] == []


def test_a_default_made_of_a_faulty_value_is_not_named():
    faults = check({"exim_primary_hostname": "localhost", "exim_qualify_domain": OPTIONS["exim_qualify_domain"]["default"],
                    "exim_local_domains": OPTIONS["exim_local_domains"]["default"]})[1]
    assert [fault.split(",")[0] for fault in faults] == ["exim_primary_hostname is 'localhost'"]


def test_a_variable_that_must_be_set():
    assert check({"mailman_email_host": None})[1] == ["mailman_email_host is null, which is no value. Write a string, or take it out."]


def test_typed_values():
    typed, faults = check({"exim_ports": [25, "587"], "exim_spam_scanning": "no", "exim_spam_mark_score": "4", "exim_lists_subscriptions_per_hour": "0",
                           "mailman_from_is_list": False})
    assert faults == []
    assert typed["exim_ports"] == [25, 587]
    assert typed["exim_spam_scanning"] is False
    assert typed["exim_spam_mark_score"] == 4.0
    assert typed["exim_lists_subscriptions_per_hour"] == 0
    assert typed["mailman_from_is_list"] == "no"
    assert "mailman_site_password" not in typed


@pytest.mark.parametrize("platform", ["Debian 12", "EL 8"])
def test_platforms_with_values(platform):
    assert check({}, platform=platform)[1] == []


@pytest.mark.parametrize(("platform", "words"), [
    ("Ubuntu", ["Ubuntu 22.04", "Debian bullseye, bookworm, trixie and EL 8"]), ("Raspbian", ["Raspbian 12"]), ("EL 9", ["Rocky 9.1"]),
    ("SUSE", ["openSUSE Leap"])])
def test_platforms_without_values(platform, words):
    dummy, faults = check({}, ["exim"], platform)
    assert [word for word in words + ["Role exim has no values for", "Take the host out"] if word not in faults[0]] == [], faults


def test_the_platform_says_how_mailman_is_installed():
    assert check({"mailman_archive": ""}, platform="EL 8")[1] == []


@pytest.mark.parametrize(("name", "words"), [
    ("exim_smarthos", ["did you mean exim_smarthost?", "exim_other_variables"]),
    ("exim_lists_domain", ["did you mean exim_lists_domains?"]),
    ("mailman_list", ["did you mean mailman_lists?", "mailman_other_variables"]),
    ("mailman_xyzzy", ["mailman_xyzzy is no variable of these roles. Correct it"]),
])
def test_misspelt_variables(name, words):
    dummy, faults = check({name: 1})
    assert len(faults) == 1
    assert [word for word in [name] + words if word not in faults[0]] == [], faults


def test_names_that_are_allowed():
    assert check({"exim_mine": 1, "exim_other_variables": ["exim_mine"], "mailman_mine": 1, "mailman_other_variables": ["mailman_mine"]})[1] == []
    assert check({"mailman_installation": {}, "exim_lists_contribution": {}, "eximius": 1, "vault_mailman_x": 1})[1] == []
    assert check({"mailman_list": 1}, ["exim"])[1] == []


def test_verification_without_an_address():
    """Of a host that was set up by hand the inventory may say nothing."""
    said = {}

    def read(name):
        if name == "verify_subscriber" and name not in said:
            raise Faulty("verify_subscriber cannot be worked out.")
        return said.get(name, OPTIONS[name].get("default"))

    assert roles.check(["verify"], said, read, FACTS["SUSE"])[1] == [
        "verify_subscriber is not set. Set it to an address in a foreign domain that receives mail; nothing is sent to it."]
    said["exim_postmaster"] = said["verify_subscriber"] = "admin@example.com"
    assert roles.check(["verify"], said, read, FACTS["SUSE"])[1] == []
    for name in ("mailman_web", "certificate_acme"):
        [fault] = roles.check(["verify"], dict(said, **{name: "perhaps"}), lambda one, name=name: "perhaps" if one == name else read(one), FACTS["SUSE"])[1]
        assert name in fault and "perhaps" in fault


@pytest.mark.parametrize(("platform", "service", "group", "keys", "prefix", "web", "timer"), [
    ("Debian 12", "exim4", "Debian-exim", "/etc/exim4/dkim", "/var/lib/mailman", "apache2", "certbot.timer"),
    ("Ubuntu", "exim4", "Debian-exim", "/etc/exim4/dkim", "/var/lib/mailman", "apache2", "certbot.timer"),
    ("EL 8", "exim", "exim", "/etc/exim/dkim", "/usr/lib/mailman", "httpd", "certbot-renew.timer"),
    ("SUSE", "exim4", "Debian-exim", "/etc/exim4/dkim", "/var/lib/mailman", "apache2", "certbot.timer")])
def test_what_is_verified_on_a_platform(platform, service, group, keys, prefix, web, timer):
    assert roles.for_verification(FACTS[platform]) == {
        "exim_service": service, "exim_group": group, "exim_dkim_directory": keys, "exim_dkim_selector": "lists", "mailman_prefix": prefix,
        "web_service": web, "certificate_timer": timer}


def test_both_names_of_a_variable():
    [fault] = check({"mailman_separate_home": "/virtual", "mailman_virtual_home": "/other", "exim_lists_domains": []})[1]
    assert fault == ("mailman_separate_home and mailman_virtual_home are both set, and are the same variable: mailman_virtual_home is its old name. "
                     "Take mailman_virtual_home out.")
    # As the role's default has it.
    assert check({"mailman_virtual_home": "", "mailman_separate_home": "{{ mailman_virtual_home | default('') }}"}, ["exim"])[1] == []


def test_lists_without_mailman():
    [fault] = check({}, ["exim_lists"])[1]
    assert "mailman_installation is not set" in fault and "put listhost.exim_mailman.mailman before" in fault
    assert check({"mailman_installation": {}}, ["exim_lists"])[1] == []
    assert check({"mailman_separate_home": "/virtual", "exim_lists_domains": []}, ["exim_lists"])[1] == []


def test_a_host_of_virtual_domains():
    """It has none of Mailman's own variables."""
    variables = {"mailman_separate_home": "virtual", "mailman_email_host": None, "mailman_site_owner": None}
    assert [fault[:32] for fault in check(variables, ["virtual_host"])[1]] == ["mailman_separate_home is 'virtua"]
    variables.update(mailman_separate_home="/virtual", exim_lists_domains=[])
    assert check(variables, ["exim", "virtual_host", "exim_lists"])[1] == []


def test_a_directory_to_write_lists_into():
    [fault] = check({}, ["adopt"])[1]
    assert fault.startswith("mailman_lists_dir is empty. Set it to the directory on the controller")
    assert check({"mailman_lists_dir": "lists"}, ["adopt"])[1] == []


def test_lists_that_are_all_new():
    assert check(lists(owners=[]), ["new_lists"])[1] == [
        "mailman_lists (announce) has no owners, and is to be created. Write the address of one at least."]
    assert check(lists(owners=[], state="absent"), ["new_lists"])[1] == []
    assert check({"mailman_lists": [{"name": "mailman"}]}, ["new_lists"])[1] == []
    two = [{"name": "my", "owners": ["a@example.org"]}, {"name": "my-admin", "owners": ["a@example.org"]}]
    [fault] = check({"mailman_lists": two}, ["new_lists"])[1]
    assert "mailman_lists has my and my-admin: mail to my-admin@ goes to the list my" in fault and "Rename one" in fault
    assert check({"mailman_lists": two[1:]}, ["new_lists"])[1] == []
    [fault] = check({"mailman_lists": [{"name": "x-confirm+y", "owners": ["a@example.org"]}]}, ["new_lists"])[1]
    assert "is taken for mail to the list x. Choose a name without -confirm+." in fault
    # Where they are there, Mailman has them, and module mailman_lists warns.
    assert check({"mailman_lists": two})[1] == []


def test_keys_of_a_list():
    wrong = [{"nam": "a"}, {"name": None}, {"name": 7}, {"name": "b", "owners": "a@example.org"}, {"name": "c", "owners": [None]}]
    assert check({"mailman_lists": wrong})[1] == [
        "mailman_lists, entry 1, has 'nam', which is none of its keys (did you mean name?). They are: description, email_host, initial_settings, language, "
        "members, members_mode, moderators, name, owners, password, settings, state, update_password, url_host.",
        "mailman_lists, entry 1 has no name. Add it: a string.",
        "mailman_lists, entry 2: name is null, which is no value. Write a string, or take it out.",
        "mailman_lists, entry 3: name is 7, which is a number and not a string. Put it in quotes.",
        "mailman_lists (b): owners is 'a@example.org', a string. Write a list, as in [a@example.org].",
        "mailman_lists (c): owners, entry 1, is null, which is no value. Write a string, or take it out.",
    ]


def test_a_list_password_is_not_shown():
    for wrong in (lists(password=12345), lists(members=[{"address": "a@example.org", "password": "12345"}]), lists(pasword="12345"),
                  {"mailman_lists": {"name": "a", "password": "12345"}}, {"mailman_settings": "SMTP_PASSWD=12345"}):
        [fault] = check(wrong)[1]
        assert "12345" not in fault


def without_words(options):
    return {name: {key: value for key, value in option.items() if key not in ("description", "no_log", "default")} for name, option in options.items()}


def test_a_list_has_the_keys_that_the_module_takes():
    suboptions = yaml.safe_load(mailman_lists.DOCUMENTATION)["options"]["lists"]["suboptions"]
    assert without_words(suboptions) == without_words(OPTIONS["mailman_lists"]["options"])


@pytest.mark.parametrize(("name", "module", "option"), [
    ("address_tests", exim_address_test, "tests"), ("smtp_tests", exim_smtp_test, "dialogues"), ("delivery_tests", exim_delivery_test, "tests")])
def test_a_test_has_the_keys_that_the_module_takes(name, module, option):
    """Also those of what is in it. The module takes a number for a code, a string for a list of addresses, and either name of these."""

    def keys(options, below):
        found = {}
        for key, one in options.items():
            either = key == "addresses" or "aliases" in one
            for alias in [key, *one.get("aliases", ())]:
                found[alias] = ("raw" if key in ("address", "addresses", "code") else one["type"], one.get("choices"),
                                not either and one.get("required", False), keys(one.get(below) or {}, below))
        return found

    said = OPTIONS["exim_tests"]["options"][name]["options"]
    taken = yaml.safe_load(module.DOCUMENTATION)["options"][option]["suboptions"]
    assert keys(said, "options") == keys(taken, "suboptions")


def test_tests_of_an_inventory():
    right = {"address_tests": [{"addresses": ["a@example.com", "b@example.com"], "router": "r"}, {"address": "a@example.com"}],
             "smtp_tests": [{"client": "192.0.2.1", "recipients": [{"address": "a@example.com", "code": 550}], "expect": {"data": {"code": "5xx"}}}],
             "delivery_tests": [{"address": "a@example.com", "command": ["x"]}]}
    assert check({"exim_tests": right})[1] == []
    wrong = {"address_tests": [{"adress": "a@example.com"}], "smtp_tests": [{"client": "192.0.2.1", "recipients": [{"code": 550}]}],
             "delivery_tests": [{"address": "a@example.com", "outcome": "routed"}]}
    assert check({"exim_tests": wrong})[1] == [
        "exim_tests: address_tests, entry 1, has 'adress', which is none of its keys (did you mean address?). They are: address, addresses, outcome, "
        "redirected_to, router, sender, sender_host, transport.",
        "exim_tests: smtp_tests, entry 1: recipients, entry 1 has no address. Add it: a string.",
        "exim_tests: delivery_tests, entry 1: outcome is 'routed'. Set it to one of: delivered, failed, deferred, discarded.",
    ]


def test_a_default_need_not_use_what_is_not_set():
    """The domains of a host of virtual domains are none, without mailman_email_host."""
    said = {name: value for name, value in INVENTORY.items() if not name.startswith("mailman_") and name != "exim_lists_domains"}
    said["mailman_separate_home"] = "/virtual"

    def read(name):
        if name not in said and "default" not in OPTIONS[name]:
            raise Faulty("%s is not set." % name)
        return [] if name == "exim_lists_domains" else said.get(name, OPTIONS[name].get("default"))

    assert roles.check(["exim", "virtual_host", "exim_lists"], said, read, FACTS["Debian 12"])[1] == []
    del said["mailman_separate_home"]

    def read_in_vain(name):
        if name == "exim_lists_domains":
            raise Faulty("exim_lists_domains cannot be worked out.")
        return read(name)

    assert [fault for fault in roles.check(ALL, said, read_in_vain, FACTS["Debian 12"])[1] if "_host" in fault or "domains" in fault] == [
        "mailman_email_host is not set."]


def test_a_virtual_domain_beside_its_machine():
    assert check({"exim_smtp_accept_queue_per_connection": "30", "exim_ports": []}, ["virtual_domain"])[1] == []
    assert "is 30 and exim_smtp_accept_queue_per_connection is 10" in check({"exim_smtp_accept_queue_per_connection": "10"}, ["virtual_domain"])[1][0]


def test_a_domain_that_moves():
    """Of role mailman only what says where it is to be."""
    variables = {"mailman_transfer_from": "old", "mailman_separate_home": "/virtual", "mailman_site_password": ""}
    assert check(variables, ["mailman_transfer"])[1] == []
    variables.update(mailman_transfer_from=7, mailman_separate_home="virtual")
    assert [fault.split(" is ")[0] for fault in check(variables, ["mailman_transfer"])[1]] == ["mailman_transfer_from", "mailman_separate_home"]
    [fault] = check(dict(variables, mailman_transfer_from="old", mailman_separate_home="/virtual", mailman_transfer_form="old"), ["mailman_transfer"])[1]
    assert "did you mean mailman_transfer_from?" in fault
