# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option that Exim is given with every policy on: most of them no message shows."""

from configuration import USUAL, assert_configured, changed

DKIM = {
    "dkim_domain": "${extract{${sg{x${if or{{eq{$sender_host_address}{}}{match_ip{$sender_host_address}{<; 127.0.0.0/8 ; ::1}}{def:authenticated_id}} "
    "{${lc:${if def:sender_address_domain {$sender_address_domain}{${domain:${address:$h_From:}}}}}}{}}}{[^a-z0-9.-]}{}}}"
    "{xlist.example.com=list.example.com x{fqdn}={fqdn} }{$value}{}}",
    "dkim_private_key": "{etc}/dkim/$dkim_domain.pem",
    "dkim_selector": "lists",
    "dkim_sign_headers": "+From:=Sender:=Reply-To:+Subject:+Date:=Message-ID:=To:=Cc:=MIME-Version:=Content-Type:=Content-Transfer-Encoding:"
    "=In-Reply-To:=References:=List-Id:=List-Help:=List-Unsubscribe:=List-Unsubscribe-Post:=List-Subscribe:=List-Post:=List-Owner:=List-Archive",
}
# For a user that there is not, the hash of the file's first password is computed.
PASSWORD = (
    "${if and{{crypteq{$auth%(password)d}{${lookup{$auth%(user)d}lsearch{/etc/ssl/list/passwords}{$value}{${if match{${readfile{/etc/ssl/list/passwords}}}"
    "{\\N(?m)^[^#:\\n][^:\\n]*:\\s*([$]\\S+)\\N}{$1}{*}}}}}} {bool{${lookup{$auth%(user)d}lsearch{/etc/ssl/list/passwords}{yes}{no}}}}}"
    "{yes}{${acl{acl_wrong_password}}}}"
)


def test_options(list_host, names):
    exchanger = list_host.ip.rpartition(".")[0] + ".6"
    policy = {
        "main": {
            "acl_smtp_auth": "acl_check_auth",
            "auth_advertise_hosts": "${if def:tls_in_cipher {*}{}}",
            "av_scanner": "clamd:" + names.clamd_socket,
            "daemon_smtp_ports": "25 : 587",
            "delay_warning": "5s",
            "queue_run_max": "3",
            "remote_max_parallel": "8",
            "smtp_accept_max": "30",
            "smtp_accept_max_per_host": "${if match_ip{$sender_host_address}{<; +relay_from_hosts ; %s}{0}{6}}" % exchanger,
            "smtp_accept_reserve": "12",
            "smtp_receive_timeout": "${if and{{>{$smtp_count_at_connection_start}{9}} {!match_ip{$sender_host_address}{+relay_from_hosts}}}{30s}{5m}}",
            "smtp_reserve_hosts": "<; +relay_from_hosts ; +ignore_unknown ; %s ; mx.backup.test" % exchanger,
            # The scenario offers it.
            "smtputf8_advertise_hosts": None,
            "split_spool_directory": True,
            "tls_certificate": "/etc/ssl/list/certificate.pem",
            "tls_privatekey": "/etc/ssl/list/key.pem",
        },
        "transports": {"mailman_verp_smtp": DKIM, "remote_smtp": DKIM},
        "authenticators": {
            "plain": {
                "driver": "plaintext",
                "public_name": "PLAIN",
                "server_condition": PASSWORD % {"user": 2, "password": 3},
                "server_prompts": ":",
                "server_set_id": "$auth2",
            },
            "login": {
                "driver": "plaintext",
                "public_name": "LOGIN",
                "server_condition": PASSWORD % {"user": 1, "password": 2},
                "server_prompts": "Username:: : Password::",
                "server_set_id": "$auth1",
            },
        },
        "retry": [rule.replace("F,2h,15m; G,16h,1h,1.5; F,4d,6h", "F,2d,2m") if "senders" in rule else rule for rule in USUAL["retry"]],
    }
    assert_configured(list_host, changed(USUAL, policy))
