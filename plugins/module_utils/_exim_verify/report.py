# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is found wrong, and what to do about it."""

# What is known to go wrong, most of it with the configuration of the HOWTO on a current Exim, and what to do about it.
REMEDIES = {
    "configuration": "Correct the configuration where Exim says so.",
    "unknown-acl-verb": "Exim 4 has no ACL verb reject: write deny.",
    "unknown-transport": "Name a transport that is in the configuration.",
    "unknown-domain": "Set the virtual domain up again (site.yml): its run ends with the file that makes it known.",
    "no-list-transport": "Add a pipe transport whose command is Mailman's wrapper, and a router that uses it.",
    "not-routed": "Let a router accept this address and hand it to the transport for Mailman.",
    "foreign-host-name":
        "Give the list the mail domain by which Exim knows it (its host_name: mailman_lists, email_host): replies go where Mailman says that it is.",
    "suffix-name": "After the router with suffixes add one without, for lists whose own name ends like one.",
    "unknown-list": "Let the router require the list's config.pck, so that mail for other names is refused.",
    "loop-address": "Route mailman-loop in the list domains: Mailman sends its own notices with it as envelope sender.",
    "unreadable-lists": "Let Exim's own user read and enter the lists directory (mode 2775), without which its SMTP process fails.",
    "not-delivered": "Correct the transport as Exim says.",
    "tainted-arguments": "Exim from 4.96 on refuses $local_part in a command: look the list up in its directory and use $local_part_data.",
    "tainted-suffix": "A suffix that a wildcard matched is tainted too: have the command use the words bounces and confirm for it.",
    "double-colon-path": "In this option ${lc::...} has one colon too many; $domain_data needs no lc.",
    "split-home": "Name the wrapper and the lists directory where they are: they are not below one home on this host.",
    "wrong-command": "Have the transport run Mailman's wrapper with the command that belongs to the suffix and with the list's name.",
    "wrong-group": "Run the transport as a group for which the wrapper was compiled (--with-mail-gid).",
    "no-envelope-to": "Set envelope_to_add on the transport to Mailman: bounces whose To says something else have the subscriber there alone.",
    "bounced-failures": "Set temp_errors = * on the transport to Mailman: else a full disk or a wrong group bounces mail instead of delaying it.",
    "inert-null-sender-acl": "In exists{} a path needs ${lc:...} with one colon, unlike in require_files. As it is, the statement never applies.",
    "null-sender-accepted": "Deny null senders for the addresses of a list that send no mail themselves.",
    "null-sender-refused": "Accept null senders for -bounces, -confirm and mailman-loop: that is how Mailman learns of bounces.",
    "quoted-message": "Remove the quotes from message in the ACL: they become part of the reply.",
    "refused": "Accept mail from everywhere for the addresses of a list.",
    "not-relayed": "Route the domain to its list host by name (exim_relay_routes, or the list host in the inventory): by the DNS its mail comes back here.",
    "unasked-host": "See that the list host answers on port 25, and ask it about each recipient (callout): mail for any name is taken now, and bounced later.",
    "open-relay": "Deny recipients that are neither local nor in a list domain to hosts that may not relay.",
    "private-relay": "Take the address out of what may relay, or name it in exim_relay_from_hosts if it is meant to send to everybody through this host.",
    "no-loopback-trust": "Accept all mail from 127.0.0.1 and ::1 early: it is Mailman's.",
    "ipv4-only-loopback": "Add ::1 to what names 127.0.0.1, in lists separated by semicolons (<; 127.0.0.1 ; ::1).",
    "no-connection": "Have Exim listen on loopback where Mailman hands over its mail (SMTPHOST and SMTPPORT in mm_cfg.py), and take it from there.",
    "no-verp": "Let a router before dnslookup hand mail from *-bounces over loopback to a transport that sets return_path.",
    "verp-in-bulk": "Set max_rcpt = 1 on the transport for VERP: a message for several has one envelope sender, which can name but one of them.",
    "verp-of-alias": "Write $original_local_part=$original_domain in return_path: the others name what an alias made of the address that is subscribed.",
    "two-errors-to": "Set headers_remove = Errors-To on the transport for VERP: the one that Mailman wrote names no subscriber.",
    "double-errors-to": "Set Errors-To: $return_path: the header already sees the rewritten return path.",
    "too-many-sessions": "Set SMTP_MAX_SESSIONS_PER_CONNECTION to at most smtp_accept_queue_per_connection: what comes beyond it waits for a queue run.",
    "no-retry": "Add a retry rule for all addresses (*  *  F,2h,15m; G,16h,1h,1.5; F,4d,6h): without one mail bounces when a server is busy for a moment.",
    "short-retry": "Let Exim try for a day or longer (exim_lists_retry): a server that is down over a night would cost its subscribers their membership.",
    "shunted-mail":
        "Read in Mailman's log error why it could not process this mail (bin/show_qfiles shows it), and when that is mended run bin/unshunt as Mailman's user: "
        "Mailman tries it again. Mailman's cron job deletes it after a week.",
    "unreadable-mail": "Look at the files in qfiles/bad, which Mailman could not read from its queues. Mailman's cron job deletes them after a week.",
    "runner-missing":
        "Read in Mailman's logs qrunner and error why this queue runner ended, and restart Mailman: as it is, what is in its queue waits. If the file of "
        "ListhostBounceRunner is gone, site.yml puts it back.",
    "bounce-storm":
        "Read in Mailman's log bounce and in Exim's log what was refused, and by whom: so many members at once are seldom gone. If they are, they lose "
        "delivery on the days after, or raise mailman_bounce_guard_percent.",
    "service-down": "Start the service.",
    "not-at-boot": "Enable the service, so that it also starts at the next boot (systemctl enable). A unit that is static needs a section [Install] for that.",
    "scanner-down": "Start the scanner, or correct av_scanner or spamd_address: as it is, mail is put off or taken unscanned.",
    "open-passwords": "Offer AUTH over TLS alone, as with auth_advertise_hosts = ${if def:tls_in_cipher {*}{}}: passwords travel in the clear.",
    "no-tls": "Give Exim a certificate that is valid and belongs to its key, both readable for Exim's group, and restart it.",
    "no-dnssec":
        "Give the host a resolver that validates DNSSEC, best one of its own (unbound), and write nameserver 127.0.0.1 and options trust-ad into "
        "/etc/resolv.conf; or set exim_dane to false. As it is, no TLSA record counts (DANE).",
    "no-dane": "Set exim_dane to false: this Exim is built without DANE.",
    "broken-signature": "Correct the option: as it is, mail leaves unsigned.",
    "dead-dnsbl": "Take the block list out, or correct its domain: one that works lists 127.0.0.2 and does not list 127.0.0.1 (RFC 5782).",
    "refusing-dnsbl": "Look the block list up through a resolver of your own, or take it out: it does not tell this host anything, so it stops nobody.",
    "open-secret": "Let nobody but root and Exim's group read the file (chmod 0640), and make a new key if somebody can have read this one.",
    "unreadable-secret": "Put the file there, and let Exim's group read it (chgrp, chmod 0640).",
    "slow-host-name": "Put the host's name into the DNS or /etc/hosts: Mailman looks it up for each connection to Exim.",
    "no-web":
        "Have the web server answer HTTPS for this host, and run Mailman's programs (cgi-bin) at /mailman/, as site.yml does; or set mailman_web to false.",
    "wrong-web-group": "Build Mailman with --with-cgi-gid and the group as which the web server runs programs.",
    "old-certificate":
        "Renew the certificate and reload what uses it. site.yml makes a self-signed one of the roles exim and mailman_web anew. One of role certificate is "
        "renewed by certbot (certbot renew --cert-name listhost), which says what keeps it from that.",
    "foreign-certificate": "Have a certificate made that has this host's name, too (mailman_web_certificate).",
    "no-renewal":
        "Start certbot's timer and enable it (systemctl enable --now), read in /var/log/letsencrypt why a renewal has failed, mend that, and start the timer's "
        "service: the certificate ends some day.",
    "unused-certificate":
        "Run site.yml, or certbot's deploy hook /etc/listhost/deploy-certificate: services do not have the certificate that certbot has. It says what fails.",
    "open-archive":
        "Let only Mailman serve private archives (/mailman/private/): remove the link in archives/public, and what else in the web server leads there.",
    "no-jail": "Start fail2ban with the jails of role mailman_web (site.yml), or set mailman_web_fail2ban to false.",
    "no-backup": "Run site.yml, which sets the backup up and starts it; systemctl status listhost-backup says what it does. Or set mailman_backup to false.",
    "failed-backup":
        "Mend what the backup says, and run it again: systemctl start listhost-backup. Until then the newest backup is the one before.",
    "incomplete-backup": "Mend or remove what cannot be read, and run the backup again. All else is in it.",
    "broken-backup":
        "Ask restic what of the repository is damaged (restic check --read-data), mend its disk, and take a new backup. Until then no older one is removed.",
    "old-backup": "See whether the timer runs (systemctl list-timers) and what the last run said (journalctl -u listhost-backup).",
    "no-one-click":
        "Run site.yml, and read what systemctl status listhost-one-click.socket and journalctl -t listhost-one-click say (of a domain with a Mailman of its "
        "own listhost-one-click-DOMAIN): the links in the mail that Exim sends now do not work, and receivers count that against the host.",
    "open-form": "Set SUBSCRIBE_FORM_SECRET in mm_cfg.py: without it programs send the form as often as they like. site.yml does that.",
}

# What is no fault of the host's, and what can be done about it.
ADVICE = {
    "put-off":
        "Mail for these destinations waits, and Exim tries again by itself. For codes such as 421, 450 or 4.7.28 they take no more for now: docs/receivers.md "
        "has a table. At the pace of one of exim_lists_destinations mail waits for its turn, and while one warms up for the next day. For no connection or no "
        "name see whether the domain still exists.",
    "policy-bounces":
        "These members did not get all mail, and stay on the list. For codes such as 5.7.26 see that the list changes From (dmarc_moderation_action) and "
        "that Exim signs (exim_dkim_domains). For other codes ask the receiver, or the member. docs/receivers.md has a table.",
    "self-signed":
        "Mail to this host is encrypted, but by the certificate alone no sender can tell that it is this host. MTA-STS and passwords need another. Have an "
        "authority issue one (certificate_acme: true), or name one (exim_tls_certificate).",
    "personal-posts":
        "Posts to these lists have no link for one-click unsubscription, since Mailman makes each copy itself. Set personalize to 0 if they should have one.",
}


class Report:
    """The checks, each with what was found wrong. Of what is advice only a host is no worse."""

    def __init__(self, remedies=None, advice=None):
        self.checks = []
        self.remedies = REMEDIES if remedies is None else remedies
        self.hints = ADVICE if advice is None else advice

    def check(self, name, tested, findings):
        """Add a check: how many things it looked at, and pairs of a fault and what was found."""
        self.checks.append(dict(check=name, tested=tested, findings=[dict(fault=fault, found=found) for fault, found in findings]))

    def kinds(self, remedies):
        """Return each kind of finding once, with its remedy and all that was found of it."""
        found = {}
        for check in self.checks:
            for finding in check["findings"]:
                found.setdefault(finding["fault"], []).append(finding["found"])
        return [dict(fault=fault, remedy=remedies[fault], found=found[fault]) for fault in remedies if fault in found]

    def faults(self):
        return self.kinds(self.remedies)

    def advice(self):
        return self.kinds(self.hints)

    def state(self, check):
        """Return the word for a check."""
        faults = [finding for finding in check["findings"] if finding["fault"] in self.remedies]
        if faults:
            return "FAULTS: %d" % len(faults)
        return "advice: %d" % len(check["findings"]) if check["findings"] else "ok"


def verdict(report):
    """Return what is said first. Where something was not looked at, or could be better, not all is well."""
    if report.faults():
        return "kinds of faults: %d" % len(report.faults())
    return "no fault, but there is advice" if report.advice() else "all is well"


def table(report, title):
    """Return the report as lines for a terminal."""
    width = max(len(check["check"]) for check in report.checks)
    lines = ["%s: %s" % (title, verdict(report))]
    for check in report.checks:
        lines.append("  %-*s  %-10s  %s" % (width, check["check"], "%d tested" % check["tested"], report.state(check)))
    for word, findings in (("", report.faults()), ("advice, ", report.advice())):
        for one in findings:
            lines.append("%s%s: %s" % (word, one["fault"].upper(), one["remedy"]))
            lines += ["    " + found for found in one["found"][:3]]
            if len(one["found"]) > 3:
                lines.append("    and %d more" % (len(one["found"]) - 3))
    return lines
