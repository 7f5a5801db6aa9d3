# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role mailman asks of its variables beyond their types: the kind of each, and rules across several. A rule yields faults."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import re

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _kinds as kinds
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import shown

KINDS = {
    "mailman_archive": kinds.line,
    "mailman_archive_checksum": kinds.anything,
    "mailman_package": kinds.package,
    "mailman_python": kinds.directory,
    "mailman_python_repository": kinds.mirror,
    "mailman_prefix": kinds.directory,
    "mailman_var_prefix": kinds.directory,
    "mailman_virtual_home": kinds.home,
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
    "mailman_verp_interval": kinds.at_least(1, "1 (every post) or more, or set mailman_verp to none"),
    "mailman_reachable_addresses": kinds.network,
    "mailman_other_variables": kinds.anything,
}
# Who must not be Mailman's user: whoever breaks into Mailman becomes that.
USERS_OF_OTHERS = ("root", "Debian-exim", "exim", "www-data", "apache", "nginx")
QUEUES = ("Arch", "Bounce", "Command", "Incoming", "News", "Outgoing", "Virgin", "Retry")
# Names of settings whose strings are secrets, such as SUBSCRIBE_FORM_SECRET, RECAPTCHA_PRIVATE_KEY and SMTP_PASSWD.
SECRET_SETTING = re.compile("SECRET|PASSWD|PASSWORD\\Z|PRIVATE_KEY")


def method(v):
    """How Mailman gets onto the host, where that is left to the platform as well."""
    if v["mailman_install_method"] != "auto":
        return v["mailman_install_method"]
    return "archive" if v["mailman_virtual_home"] else v.platform.get("__mailman_default_method", "archive")


def virtual_hosts(v):
    hosts = v["mailman_virtual_hosts"]
    first, web = v["mailman_email_host"], v["mailman_url_host"] or v["mailman_email_host"]
    for name in dict.fromkeys(list(hosts) + list(hosts.values())):
        if not isinstance(name, str) or kinds.domain(name):
            yield "mailman_virtual_hosts has %s%s" % (shown(name), kinds.domain(str(name)) or ", which is no string. Put it in quotes.")
    domains = [first] + list(hosts.values())
    for name in dict.fromkeys(domains):
        if hosts and domains.count(name) > 1:
            yield ("mailman_virtual_hosts has %s more than once, or again although it is mailman_email_host. Give each mail domain one web host: that of "
                   "mailman_email_host is mailman_url_host." % name)
    if web in hosts:
        yield ("mailman_virtual_hosts has %s, which is the web host of %s (mailman_url_host). Give each web host one mail domain." % (web, first))


def one_kind_of_domains(v):
    if v["mailman_virtual_home"] and v["mailman_virtual_hosts"]:
        yield ("mailman_virtual_hosts is %s, but mailman_virtual_home is '%s', which gives each domain a Mailman of its own. Take one of the two out."
               % (shown(v["mailman_virtual_hosts"]), v["mailman_virtual_home"]))


def place_of_virtual_domain(v):
    for name in ("mailman_prefix", "mailman_var_prefix"):
        if v["mailman_virtual_home"] and v[name]:
            yield ("%s is '%s', but mailman_virtual_home is '%s': there the mail server looks for each domain, and this one is in %s/%s/mailman. Take %s out."
                   % (name, v[name], v["mailman_virtual_home"], v["mailman_virtual_home"], v["mailman_email_host"], name))


def method_of_virtual_domain(v):
    if v["mailman_virtual_home"] and method(v) != "archive":
        yield ("mailman_install_method is %s, but mailman_virtual_home is '%s', and only what is built from the archive can be there. Set "
               "mailman_install_method "
               "to archive." % (v["mailman_install_method"], v["mailman_virtual_home"]))


def site_password(v):
    if method(v) != "existing" and not v["mailman_site_password"]:
        yield "mailman_site_password is empty. Set it, in a vault."


def archive(v):
    if method(v) == "archive":
        if not v["mailman_archive"]:
            yield ("mailman_archive is empty. Set it to Mailman's release archive, a URL or a file on the controller, or set mailman_install_method "
                   "to package or "
                   "existing.")
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
                   "string, number, "
                   "boolean, list, mapping or null." % name)


def taken_settings(v):
    """Settings that another variable states, or that break what Exim does in their place."""
    taken = {
        "DEFAULT_EMAIL_HOST": "Set mailman_email_host instead.",
        "DEFAULT_URL_HOST": "Set mailman_url_host instead.",
        "VERP_DELIVERY_INTERVAL": "Set mailman_verp and mailman_verp_interval instead.",
    }
    if v["mailman_qrunner_slices"]:
        taken["QRUNNERS"] = "mailman_qrunner_slices says it, too; take one of them out."
    if v["mailman_virtual_hosts"]:
        taken["VIRTUAL_HOSTS"] = "mailman_virtual_hosts says it, too; take one of them out."
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
    virtual_hosts, one_kind_of_domains, place_of_virtual_domain, method_of_virtual_domain, site_password, archive, settings, taken_settings, sessions, slices,
    users_of_others, reachable_addresses,
)
