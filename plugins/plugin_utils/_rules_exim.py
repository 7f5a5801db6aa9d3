# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role exim asks of its variables beyond their types: the kind of each, and rules across several. A rule yields faults."""

import re

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _kinds as kinds
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import shown

KINDS = {
    "exim_postmaster": kinds.mail_address,
    "exim_primary_hostname": kinds.domain,
    "exim_qualify_domain": kinds.domain,
    "exim_known_addresses": kinds.mail_address,
    "exim_local_domains": kinds.domain,
    "exim_relay_domains": kinds.domain,
    "exim_relay_from_hosts": kinds.network,
    "exim_interfaces": kinds.ip_address,
    "exim_ports": kinds.port,
    "exim_message_size_limit": kinds.size,
    "exim_smtp_accept_queue_per_connection": kinds.at_least(0, "0 (no limit) or more; 30 is the default"),
    "exim_smtp_accept_max": kinds.at_least(1, "1 or more; 200 is the default, and 1000 for a relay"),
    "exim_smtp_accept_reserve": kinds.at_least(0, "0 (none) or more; 50 is the default, and 800 for a relay"),
    "exim_smtp_accept_max_per_host": kinds.at_least(0, "0 (no limit) or more; 20 is the default"),
    "exim_recipients_max": kinds.recipients,
    "exim_tls_certificate": kinds.path,
    "exim_tls_privatekey": kinds.path,
    "exim_auth_file": kinds.path,
    "exim_auth_failures_per_hour": kinds.at_least(0, "0 (no limit) or more; 20 is the default"),
    "exim_required_headers": kinds.header,
    "exim_dnsbls": kinds.dnsbl,
    "exim_sender_callout_timeout": kinds.at_least(0, "a number of seconds, such as 30, or to 0 for no callouts"),
    "exim_clamd_socket": kinds.path,
    "exim_spamd_socket": kinds.path,
    "exim_spam_mark_score": kinds.anything,
    "exim_spam_reject_score": kinds.anything,
    "exim_dkim_domains": kinds.domain,
    "exim_dkim_selector": kinds.selector,
    "exim_dkim_next_selector": kinds.selector,
    "exim_remote_max_parallel": kinds.at_least(1, "1 or more"),
    "exim_queue_run_max": kinds.at_least(1, "1 or more"),
    "exim_queue_interval": kinds.interval,
    "exim_tls_required_domains": kinds.domain,
    "exim_smarthost": kinds.host,
    "exim_smarthost_port": kinds.port,
    "exim_smarthost_user": kinds.login,
    "exim_smarthost_password_file": kinds.path,
    "exim_log_selector": kinds.log_selector,
    "exim_other_variables": kinds.anything,
}

# What only the whole configuration has.
OF_THE_WHOLE = (
    "exim_relay_domains", "exim_relay_routes", "exim_relay_from_hosts", "exim_tls_certificate", "exim_auth_file", "exim_required_headers", "exim_dnsbls",
    "exim_spf_check", "exim_sender_callout_timeout", "exim_malware_scanning", "exim_spam_scanning", "exim_dkim_domains", "exim_dkim_next_selector",
    "exim_aliases", "exim_tls_required_domains", "exim_dane", "exim_smarthost", "exim_blocks",
    "exim_queue_interval",
)


def listens(v):
    if not v["exim_ports"]:
        yield "exim_ports is empty. Exim must listen on one port at least; 25 is the default."


def routes(v):
    # Those of a mail exchanger are in no variable of the inventory.
    for domain in sorted(set(v["exim_contribution"].get("relay_routes") or ()) - set(v["exim_relay_routes"])):
        if domain in v["exim_local_domains"]:
            yield "exim_relay_routes has %s by the inventory's list hosts, which is also in exim_local_domains. Take it from one of them." % shown(domain)
    for domain, hosts in v["exim_relay_routes"].items():
        if not isinstance(domain, str) or kinds.domain(domain):
            yield "exim_relay_routes has %s%s" % (shown(domain), kinds.domain(str(domain)) or ", which is no string. Put it in quotes.")
        if domain in v["exim_local_domains"]:
            yield "exim_relay_routes has %s, which is also in exim_local_domains. Take it from one of them." % shown(domain)
        if not isinstance(hosts, (list, tuple)) or not hosts:
            yield "exim_relay_routes has %s for %s. Set it to a list of one host or more, by name or IP address." % (shown(hosts), domain)
            continue
        for host in hosts:
            if not isinstance(host, str) or kinds.host(host):
                yield "exim_relay_routes has host %s for %s%s" % (shown(host), domain, kinds.host(str(host)) or ", which is no string. Put it in quotes.")


def aliases(v):
    for alias, target in v["exim_aliases"].items():
        if not (isinstance(alias, str) and re.match(r'[^\s:@#A-Z"]+\Z', alias) and isinstance(target, str) and re.match(r"\S[^\x00-\x1f\x7f]*\Z", target)):
            yield ("exim_aliases has %s for %s. An alias is a lower-case local part without spaces, colons or @; what it stands for is one line, of addresses "
                   "separated by commas. Both are strings." % (shown(alias), shown(target)))
        elif re.search(r'(\A|,)[\s"]*[|/]|:include:', target, re.IGNORECASE):
            yield ("exim_aliases has %s for %s, which is a program, a file or :include:. Name addresses, or :blackhole: for nobody. For mail to a program "
                   "write a router and a transport in exim_blocks; docs/policy.md has an example." % (shown(alias), shown(target)))


def connections(v):
    left = v["exim_smtp_accept_max"] - v["exim_smtp_accept_reserve"]
    if left < 1:
        yield ("exim_smtp_accept_reserve is %d and exim_smtp_accept_max is %d: no connection is left for anybody else. Set the first to less than the second."
               % (v["exim_smtp_accept_reserve"], v["exim_smtp_accept_max"]))
    elif v["exim_smtp_accept_max_per_host"] >= left:
        yield ("exim_smtp_accept_max_per_host is %d, but exim_smtp_accept_max less exim_smtp_accept_reserve is %d: one client could take all connections "
               "that are left for others. Set it to less than that, or to 0 for no limit." % (v["exim_smtp_accept_max_per_host"], left))


def certificate_and_key(v):
    if bool(v["exim_tls_certificate"]) != bool(v["exim_tls_privatekey"]):
        yield ("exim_tls_certificate is '%s' and exim_tls_privatekey is '%s'. Set both, or neither for the self-signed certificate (exim_tls_self_signed)."
               % (v["exim_tls_certificate"], v["exim_tls_privatekey"]))


def tls_at_once(v):
    # In blocks mode the host's own configuration says what Exim does there.
    if v["exim_configuration"] == "whole" and 465 in v["exim_ports"] and not v["exim_tls_certificate"] and not v["certificate_acme"]:
        yield ("exim_ports has 465, where TLS starts at once, but exim_tls_certificate is empty, and people cannot know this host by its self-signed "
               "certificate. Set certificate_acme, or exim_tls_certificate and exim_tls_privatekey, or take the port out.")


def passwords_over_tls(v):
    # Role certificate has one then.
    if v["exim_auth_file"] and not v["exim_tls_certificate"] and not v["certificate_acme"]:
        yield ("exim_auth_file is %s, but exim_tls_certificate is empty: passwords are only taken over TLS, and with a certificate by which people know this "
               "host. Set certificate_acme, or exim_tls_certificate and exim_tls_privatekey, or empty exim_auth_file." % v["exim_auth_file"])


def next_key(v):
    if v["exim_dkim_next_selector"] == v["exim_dkim_selector"]:
        yield ("exim_dkim_next_selector is %s, and so is exim_dkim_selector: there would be no other key. Empty it, or give it another name."
               % shown(v["exim_dkim_selector"]))


def senders(v):
    for login, items in v["exim_auth_senders"].items():
        if not isinstance(login, str) or not re.match(r"[A-Za-z0-9._+@-]+\Z", login):
            yield ("exim_auth_senders has login %s. A login is a string of letters, digits and . _ + - @, as in exim_auth_file. Put one that is a number in "
                   "quotes." % shown(login))
        if not isinstance(items, (list, tuple)) or not items:
            yield "exim_auth_senders has %s for %s. Set it to a list of addresses and domains, or to ['*'] for everything." % (shown(items), login)
            continue
        for item in items:
            local_part, at, domain = item.rpartition("@") if isinstance(item, str) else ("", "@", "")
            # Of characters that Exim gives no meaning.
            if item != "*" and (at and not re.match(r"[A-Za-z0-9._+=-]+\Z", local_part) or not kinds.is_domain(domain.lower())):
                yield ("exim_auth_senders has %s for %s, which is no address and no domain. Write one, as in anna@example.com or lists.example.com, or '*' for "
                       "everything." % (shown(item), login))


def password_for_the_smarthost(v):
    user, file, host = v["exim_smarthost_user"], v["exim_smarthost_password_file"], v["exim_smarthost"]
    if bool(user) != bool(file):
        yield ("exim_smarthost_user is '%s' and exim_smarthost_password_file is '%s'. Set both, or neither for a smarthost that asks for no password."
               % (user, file))
    if user and not kinds.is_domain(host):
        yield "exim_smarthost_user is '%s', but exim_smarthost is '%s'. Set it to the host's name, as the host's certificate has it." % (user, host)


def tls_to_others(v):
    if v["exim_tls_required_domains"] and v["exim_smarthost"]:
        yield ("exim_tls_required_domains is %s, but exim_smarthost is '%s': this host sends to nobody else, and the relay decides about TLS. Take the first "
               "out, and have it on the relay." % (shown(v["exim_tls_required_domains"]), v["exim_smarthost"]))


def header_callouts(v):
    if v["exim_header_sender_callout"] and v["exim_sender_callout_timeout"] == 0:
        yield ("exim_header_sender_callout is true, but exim_sender_callout_timeout is 0, which is no callouts. Set it to a number of seconds, such as 30, or "
               "exim_header_sender_callout to false.")


def spam_scores(v):
    if v["exim_spam_scanning"] and not 0 < v["exim_spam_mark_score"] <= v["exim_spam_reject_score"]:
        yield ("exim_spam_mark_score is %g and exim_spam_reject_score is %g: what is refused cannot be marked. Set the first to more than 0 and to no "
               "more than "
               "the second; 5 and 10 are the defaults." % (v["exim_spam_mark_score"], v["exim_spam_reject_score"]))


def sockets(v):
    for socket, scanning in (("exim_clamd_socket", "exim_malware_scanning"), ("exim_spamd_socket", "exim_spam_scanning")):
        if v[socket] and not v[scanning]:
            yield "%s is %s, but %s is false. Set it to true, or empty %s." % (socket, v[socket], scanning, socket)


def blocks_alone(v):
    if v["exim_configuration"] == "blocks":
        for name in OF_THE_WHOLE:
            # That of SPF is a word when it is off.
            if v[name] and v[name] != "none":
                yield ("%s is %s, but exim_configuration is blocks: this has no effect. Take it out, and have it in the host's own configuration."
                       % (name, shown(v[name])))
        if v["exim_contribution"].get("relay_routes"):
            yield ("exim_configuration is blocks, but this host is in mx_hosts: the routes of a mail exchanger are in the role's own configuration only. Set "
                   "it to whole, or take the host out of mx_hosts.")


def anchors(v):
    for name, value in v["exim_anchors"].items():
        if not re.match(r"[A-Za-z0-9_-]+\Z", value):
            yield "exim_anchors.%s is %s, which is no name that Exim's configuration can have. Correct it, or leave it out." % (name, shown(value))
    if v["exim_anchors"] and v["exim_configuration"] == "whole":
        yield "exim_anchors is set, but exim_configuration is whole: the role knows its own configuration. Take it out."


def block_names(v):
    for block in v["exim_blocks"]:
        fault = kinds.line(block["name"])
        if fault:
            yield "exim_blocks has name %s%s" % (shown(block["name"]), fault)


RULES = (
    listens, routes, aliases, connections, certificate_and_key, tls_at_once, passwords_over_tls, next_key, senders, password_for_the_smarthost,
    tls_to_others, header_callouts, spam_scores, sockets, blocks_alone, anchors, block_names,
)
