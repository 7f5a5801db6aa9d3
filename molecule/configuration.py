# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Exim on a list host is told to do, as Exim itself says: what tests of scenarios find there, and what they should find.

Whoever gives role exim or exim_lists another option writes it down here. MM_... are Exim's macros.
"""

import copy
import re
import subprocess

# A list host whose inventory says nothing of Exim, without what Exim does of its own accord.
USUAL = {
    "main": {
        "acl_smtp_data": "acl_check_data",
        "acl_smtp_rcpt": "acl_check_rcpt",
        "auth_advertise_hosts": "",
        "chunking_advertise_hosts": "",
        "daemon_smtp_ports": "25",
        "ignore_bounce_errors_after": "2d",
        "limits_advertise_hosts": "",
        "log_selector": "+incoming_port +received_recipients +return_path_on_delivery",
        "never_users": "root",
        "received_header_text": "Received: ${if def:sender_rcvhost {from $sender_rcvhost\\n\\t}{${if def:sender_ident {from "
        "${quote_local_part:$sender_ident} }}}}by $primary_hostname ${if def:received_protocol {with $received_protocol }}"
        "${if def:tls_in_cipher {($tls_in_cipher) }}\\n\\t${if def:sender_address {(envelope-from <$sender_address>)\\n\\t}}id $message_exim_id"
        "${if def:received_for {\\n\\tfor $received_for}}",
        "received_headers_max": "60",
        "remote_max_parallel": "4",
        "smtp_accept_max": "200",
        "smtp_accept_max_per_host": "${if match_ip{$sender_host_address}{<; +relay_from_hosts}{0}{20}}",
        "smtp_accept_queue_per_connection": "30",
        "smtp_accept_reserve": "50",
        "smtp_banner": "$smtp_active_hostname ESMTP",
        "smtp_receive_timeout": "${if and{{>{$smtp_count_at_connection_start}{75}} {!match_ip{$sender_host_address}{+relay_from_hosts}}}{30s}{5m}}",
        "smtp_reserve_hosts": "<; +relay_from_hosts",
        "smtputf8_advertise_hosts": "",
        "timeout_frozen_after": "1w",
        "tls_certificate": "/etc/listhost/mail.pem",
        "tls_privatekey": "/etc/listhost/mail.key",
    },
    "lists": {
        "domainlist mm_domains": "list.example.com",
        "domainlist local_domains": "{fqdn}",
        "domainlist alias_domains": "+mm_domains",
        "domainlist routed_domains": "",
        "domainlist relay_to_domains": "+routed_domains",
        "hostlist relay_from_hosts": "<; 127.0.0.0/8 ; ::1",
    },
    "routers": {
        "mailman_verp_router": {
            "driver": "dnslookup",
            "condition": "${if match_ip{$sender_host_address}{<; 127.0.0.0/8 ; ::1}}",
            "domains": "! +local_domains : ! +mm_domains",
            "ignore_target_hosts": "<; 0.0.0.0 ; 127.0.0.0/8 ; ::1/128 ; fe80::/10 ; ff00::/8",
            "self": "fail",
            "senders": "*-bounces@+mm_domains",
            "transport": "mailman_verp_smtp",
        },
        "dnslookup": {
            "driver": "dnslookup",
            "domains": "! +local_domains : ! +alias_domains",
            "ignore_target_hosts": "<; 0.0.0.0 ; 127.0.0.0/8 ; ::1",
            "more": False,
            "self": "fail",
            "transport": "remote_smtp",
        },
        "managed_aliases": {
            "driver": "redirect",
            "domains": "+local_domains : +alias_domains",
            "allow_defer": True,
            "allow_fail": True,
            "data": "${lookup{$local_part}lsearch{{etc}/aliases}}",
            "forbid_file": True,
            "forbid_include": True,
            "forbid_pipe": True,
        },
        "mailman_frozen_router": {
            "driver": "redirect",
            "condition": "${lookup{$domain}lsearch{MM_FROZEN}{yes}{no}}",
            "domains": "+mm_domains",
            "require_files": "MM_FROZEN",
            "allow_defer": True,
            "data": ":defer: This domain is being moved: try again later",
        },
        "mailman_long_line_router": {
            "driver": "redirect",
            "allow_fail": True,
            "condition": "${if >{$max_received_linelength}{998}}",
            "data": ":fail: Maximum allowed line length is 998 octets, got $max_received_linelength",
            "domains": "+mm_domains",
            "local_parts": "! \\N^.*-bounces(\\+.*)?$\\N : ! mailman-loop : *",
            "verify_recipient": False,
            "verify_sender": False,
        },
        "mailman_router": {
            "driver": "accept",
            "domains": "+mm_domains",
            "local_part_suffix": "-admin : -bounces : -bounces+* : -confirm : -confirm+* : -join : -leave : -owner : -request : -subscribe : -unsubscribe",
            "local_part_suffix_optional": True,
            "local_parts": "! ^.*/ : dsearch;MM_LISTS",
            "require_files": "MM_LISTS/$local_part_data/config.pck",
            "transport": "mailman_transport",
        },
        "mailman_suffix_name_router": {
            "driver": "accept",
            "domains": "+mm_domains",
            "local_parts": "! ^.*/ : dsearch;MM_LISTS",
            "require_files": "MM_LISTS/$local_part_data/config.pck",
            "transport": "mailman_transport",
        },
        "mailman_loop_full_router": {
            "driver": "redirect",
            "address_test": False,
            "data": "${if exists{MM_LOOP}{${if >{${extract{size}{${stat:MM_LOOP}}}}{10M}{:blackhole:}}}}",
            "domains": "+mm_domains",
            "local_parts": "mailman-loop",
        },
        "mailman_loop_router": {
            "driver": "accept",
            "domains": "+mm_domains",
            "local_parts": "mailman-loop",
            "transport": "mailman_loop_transport",
        },
        "system_aliases": {
            "driver": "redirect",
            "domains": "+local_domains",
            "require_files": "/etc/aliases",
            "allow_defer": True,
            "allow_fail": True,
            "data": "${lookup{$local_part}lsearch{/etc/aliases}}",
            "forbid_file": True,
            "forbid_include": True,
            "forbid_pipe": True,
        },
        "system_users": {
            "driver": "redirect",
            "check_local_user": True,
            "condition": "${if <{$local_user_uid}{1000}}",
            "domains": "+local_domains",
            "data": "root@$qualify_domain",
        },
        "local_users": {
            "driver": "accept",
            "cannot_route_message": "Unknown user",
            "check_local_user": True,
            "domains": "+local_domains",
            "transport": "local_delivery",
        },
    },
    "transports": {
        "mailman_transport": {
            "driver": "pipe",
            "command": "MM_WRAP '${if !def:local_part_suffix {post} {${if match{$local_part_suffix}{^-bounces} {bounces} "
            "{${if match{$local_part_suffix}{^-confirm} {confirm} {${substr_1:$local_part_suffix}}}}}}}' $local_part_data",
            "current_directory": "MM_HOME",
            "envelope_to_add": True,
            "group": "MM_GID",
            "home_directory": "MM_HOME",
            "log_defer_output": True,
            "temp_errors": "*",
            "user": "MM_UID",
        },
        "mailman_loop_transport": {
            "driver": "appendfile",
            "file": "MM_LOOP",
            "group": "MM_GID",
            "mode": "0660",
            "user": "MM_UID",
        },
        "mailman_verp_smtp": {
            "driver": "smtp",
            "headers_add": "Errors-To: $return_path",
            "headers_remove": "Errors-To",
            "max_rcpt": "1",
            "return_path": "${local_part:$return_path}+$original_local_part=$original_domain@${domain:$return_path}",
        },
        "remote_smtp": {"driver": "smtp"},
        "local_delivery": {
            "driver": "appendfile",
            "delivery_date_add": True,
            "envelope_to_add": True,
            "file": "/var/mail/$local_part_data",
            "group": "mail",
            "mode": "0660",
            "return_path_add": True,
        },
    },
    "authenticators": {},
    "retry": ["* * senders=^.*-bounces[+@] F,2h,15m; G,16h,1h,1.5; F,4d,6h", "* * F,2h,15m; G,16h,1h,1.5; F,4d,6h"],
}
# By the library that Exim has.
TLS = {
    "GnuTLS": {"tls_require_ciphers": "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"},
    "OpenSSL": {"openssl_options": "+no_sslv2 +no_sslv3 +no_tlsv1 +no_tlsv1_1 +single_dh_use +no_ticket +cipher_server_preference"},
}
# As Exim itself shortens them for list mail, VERPed or not, and for other mail: exim -brt.
SENDERS = ["testlist-bounces@list.example.com", "testlist-bounces+x=example.net@list.example.com", "somebody@example.org"]

# What a driver cannot do without, and what it comes to have by what it is told.
NEEDED = {"redirect": "data = x", "accept": "transport = x", "dnslookup": "transport = x", "manualroute": "transport = x", "appendfile": "file = x"}
FOLLOWS = {"check_owner", "retry_use_local_part"}


def changed(usual, changes):
    """A set of options with others; None takes one out."""
    result = copy.deepcopy(usual)
    for name, value in changes.items():
        if value is None:
            del result[name]
        else:
            result[name] = changed(result.get(name, {}), value) if isinstance(value, dict) else value
    return result


def filled(expected, places):
    """The same with the host's own names in their places."""
    if isinstance(expected, dict):
        return {filled(name, places): filled(value, places) for name, value in expected.items()}
    if isinstance(expected, list):
        return [filled(value, places) for value in expected]
    for place, value in places.items() if isinstance(expected, str) else ():
        expected = re.sub(place + r"(?![A-Z])", lambda match, value=value: value, expected)
    return expected


def places(host):
    """What the macros stand for; and where the host has what has no macro."""
    config = host.check_output("exim -bP configure_file")
    macros = dict(line.split("=", 1) for line in host.check_output("exim -bP macros").splitlines() if line.startswith("MM_"))
    return {**macros, r"\{etc\}": config.rpartition("/")[0], r"\{fqdn\}": host.fqdn}


def options(text):
    """The options that exim -bP prints: text, and true or false for a switch."""
    found = {}
    for line in text.splitlines():
        match = re.match(r"\*?(\w+) =(?: (.*))?$", line)
        if match:
            found[match.group(1)] = (match.group(2) or "").strip()
        elif re.match(r"\w+$", line):
            found[re.sub("^no_", "", line)] = not line.startswith("no_")
    return found


def drivers(text):
    """The routers, transports or authenticators that exim -bP prints, in their order."""
    parts = re.split(r"^(\S+) (?:router|transport|authenticator):$", text, flags=re.MULTILINE)
    return {name: options(block) for name, block in zip(parts[1::2], parts[2::2])}


def other(found, usual):
    return {name: value for name, value in found.items() if usual.get(name) != value and name not in FOLLOWS}


def configured(host):
    """What differs from the defaults of this Exim."""
    live = {kind: drivers(host.check_output("exim -bP " + kind)) for kind in ("routers", "transports", "authenticators")}
    lines = []
    for kind, entries in live.items():
        lines.append("begin " + kind)
        for driver in sorted({entry["driver"] for entry in entries.values()}):
            lines += [driver + ":", " driver = " + driver, " " + NEEDED.get(driver, "")]
    command = host.enter("sh", "-c", "cat >/run/empty.conf && chmod 644 /run/empty.conf")
    subprocess.run(command, input="\n".join(lines) + "\n", text=True, check=True)
    empty = "exim -C /run/empty.conf -bP "
    usual = {kind: drivers(host.check_output(empty + kind)) for kind in live}
    found = {"main": other(options(host.check_output("exim -bP")), options(host.check_output(empty)))}
    for kind, entries in live.items():
        found[kind] = {name: {"driver": entry["driver"], **other(entry, usual[kind][entry["driver"]])} for name, entry in entries.items()}
    config = host.check_output("exim -bP config")
    lists = re.findall(r"^(?:hide )?((?:address|domain|host|localpart)list \w+)[ ]*=[ ]*(.*?)[ ]*$", config, re.MULTILINE)
    found["lists"] = dict(lists)
    retry = re.search(r"^begin retry\n(.*?)(^begin |\Z)", config, re.MULTILINE | re.DOTALL).group(1)
    found["retry"] = [" ".join(line.split()) for line in retry.splitlines() if line.strip()]
    return found


def flat(options, prefix=""):
    """The options with their routers and transports in their names."""
    result = {}
    for name, value in options.items():
        result.update(flat(value, prefix + name + ", ") if isinstance(value, dict) else {prefix + name: value})
    return result


def assert_configured(host, expected):
    """As expected, in the same order; and Exim finds the rules of when to try again."""
    expected, found = filled(expected, places(host)), configured(host)
    [library] = [name for name in TLS if name in host.check_output("exim -bV")]
    expected["main"].update(TLS[library])
    live = options(host.check_output("exim -bP"))
    # Of an older Exim that has no such option, and of one that does it of its own accord.
    expected["main"] = {name: value for name, value in expected["main"].items() if name in live}
    found["main"].update({name: value for name, value in expected["main"].items() if live[name] == value})
    names = sorted(set(flat(expected)) | set(flat(found)))
    wrong = [(name, flat(found).get(name), flat(expected).get(name)) for name in names if flat(found).get(name) != flat(expected).get(name)]
    assert wrong == [], "\n".join("%s is %r, expected %r" % line for line in wrong)
    for kind in ("routers", "transports", "lists"):
        assert list(found[kind]) == list(expected[kind])
    rules = ["Retry rule: *  *  %s; " % re.search("[FGH],.*", rule).group() for rule in expected["retry"]]
    answers = [host.run("exim -f %s -brt member@example.net", sender).stdout.rstrip("\n") for sender in SENDERS]
    assert answers == [rules[0], rules[0], rules[-1]]
