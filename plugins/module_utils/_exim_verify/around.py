# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is around Exim and Mailman on the host: services, scanners, the DNS, files."""

import contextlib
import glob
import grp
import ipaddress
import os
import re
import smtplib
import socket
import ssl
import stat
import time

from ansible_collections.listhost.exim_mailman.plugins.module_utils._dnsbl import is_listed, is_refusal, question
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_settings import ask, expand, parse_drivers, parse_options, parse_version
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.addresses import address_of
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.asking import STRANGERS
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.certificates import said_of_end
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import host_name_fault

# A zone that is signed as long as the root is.
SIGNED_ZONE = "arpa"


def neighbours():
    """Return the address by which this host reaches the world, and one beside it. Nothing is sent."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect((STRANGERS[0], 9))
        except OSError:
            return []
        own = ipaddress.ip_address(probe.getsockname()[0])
    return [] if own.is_loopback else [str(own), str(ipaddress.ip_address(int(own) ^ 1))]


def package_of(module, program):
    """Return the version of the package that has a program, as the distribution writes it, or nothing."""
    tools = (("dpkg-query", ["-S"], ["-W", "-f", "${Version}"]), ("rpm", ["-qf", "--qf", "%{NAME}"], ["-q", "--qf", "%{VERSION}-%{RELEASE}"]))
    for name, owner, version in tools:
        tool = module.get_bin_path(name)
        if tool:
            rc, out, dummy = module.run_command([tool] + owner + [os.path.realpath(program)])
            if rc == 0 and out.strip():
                rc, out, dummy = module.run_command([tool] + version + [out.partition(":")[0].strip()])
                return out.strip() if rc == 0 else ""
    return ""


def version_of(exim):
    """Return the version of Exim as upstream writes it, or nothing."""
    return "".join(re.findall(r"^Exim version (\d[\d.]*)", exim.run("-bV")[1], re.M)[:1])


def check_queues(queues, report):
    """See that there is no mail that Mailman gave up on: nobody else hears of it."""
    if queues is None:
        return
    given_up = (("shunted-mail", "shunt"), ("unreadable-mail", "bad"))
    findings = [(fault, "messages in Mailman's queue %s: %d" % (queue, queues[queue])) for fault, queue in given_up if queues.get(queue)]
    report.check("Mailman's queues", len(queues), findings)


def check_runners(runners, report):
    """See that each queue has its runner. Where none runs, the service is down."""
    if runners is None or runners["master_pid"] is None:
        return
    report.check("queue runners", len(runners["running"] + runners["missing"]), [("runner-missing", name) for name in runners["missing"]])


def counted(things):
    """Return things that were counted as text."""
    return ", ".join("%s (%d)" % (thing, count) for thing, count in things)


def check_bounces(bounces, report):
    """See that no day was one on which too many members would have lost delivery; and tell what was not scored."""
    if bounces is None or not bounces["guarded"]:
        return
    findings = []
    for one in bounces["lists"]:
        if one["policy_bounces"]:
            findings.append(("policy-bounces", "%s: %d bounces of %d members in 7 days: %s; about mail of %s" % (
                one["name"], one["policy_bounces"], one["members"], counted(one["reasons"]), counted(one["senders"]))))
        if one["kept"]:
            kept = ", ".join(one["kept"][:3]) + (" and %d more" % (len(one["kept"]) - 3) if len(one["kept"]) > 3 else "")
            findings.append(("bounce-storm", "%s: beyond the limit of a day, delivery went on for %s" % (one["name"], kept)))
    report.check("bounces of members", len(bounces["lists"]), findings)


def check_services(module, report):
    """See that the services run, and will after a reboot."""
    services = module.params["services"]
    if not services:
        return
    systemctl = module.get_bin_path("systemctl", required=True)
    findings = []
    for service in services:
        dummy, out, dummy = module.run_command([systemctl, "is-active", service])
        if out.strip() != "active":
            findings.append(("service-down", "%s is %s" % (service, out.strip() or "unknown")))
        # Its exit status is 0 for a unit that is static, too, which nothing starts. Of a service that is not there enough has been said.
        dummy, out, dummy = module.run_command([systemctl, "is-enabled", service])
        state = (out.split() or ["not-found"])[-1]
        if state not in ("enabled", "not-found"):
            findings.append(("not-at-boot", "%s is %s" % (service, state)))
    report.check("services", len(services), findings)


def check_connection(report, wanted):
    """See that Mailman, which is no test mode, can hand over mail. Ends before there is any."""
    if wanted["smtp_host"] is None:
        return
    sender, port = address_of(wanted, wanted["lists"][0], "-bounces"), wanted["smtp_port"] or smtplib.SMTP_PORT
    where = "%s port %d" % (wanted["smtp_host"], port)
    # What is known to be refused would only come into Exim's log.
    refused = {"no-loopback-trust", "ipv4-only-loopback"} & {fault["fault"] for fault in report.faults()}
    findings = []
    try:
        with contextlib.closing(smtplib.SMTP(wanted["smtp_host"], port, local_hostname="localhost", timeout=30)) as client:
            client.ehlo()
            code, text = (250, b"") if refused else client.mail(sender)
            if code == 250 and not refused:
                code, text = client.rcpt(wanted["subscriber"])
            if code != 250:
                reply = "%d %s" % (code, text.decode("utf-8", "replace"))
                findings.append(("no-connection", "%s: %s to %s: %s" % (where, sender, wanted["subscriber"], reply)))
            client.rset()
            client.quit()
    except OSError as error:
        findings.append(("no-connection", "%s: %s" % (where, error)))
    report.check("connection of Mailman's", 1, findings)


def check_scanners(exim, report):
    """See that what Exim asks about malware and spam answers."""
    options = parse_options(ask(exim, "-bP", "av_scanner", "spamd_address"), set())
    addresses = [(options.get("av_scanner") or "").replace("clamd:", "", 1), options.get("spamd_address") or ""]
    # A scanner is asked only where the configuration has such a condition; av_scanner has a default.
    conditions = re.findall(r"^\s*(malware|spam)\s*=", ask(exim, "-bP", "config"), re.M)
    asked = [address for address, name in zip(addresses, ("malware", "spam")) if name in conditions and re.match(r"/\S+|[\d.]+ \d+", address)]
    findings = []
    for address in asked:
        words = address.split()
        if address.startswith("/"):
            client, target = socket.socket(socket.AF_UNIX), words[0]
        else:
            client, target = socket.socket(), (words[0], int(words[1]))
        with contextlib.closing(client):
            client.settimeout(10)
            try:
                client.connect(target)
            except OSError as error:
                findings.append(("scanner-down", "%s: %s" % (address, error.strerror or error)))
    if asked:
        report.check("scanners", len(asked), findings)


def check_dnsbls(exim, report):
    """See that the DNS block lists are there, serve this host, and do not list everybody."""
    items = []
    for value in re.findall(r"^\s*!?\s*dnslists\s*=\s*(.*)$", ask(exim, "-bP", "config"), re.M):
        items += [re.match(r"\s*([\w.-]*)\s*(?:=+\s*([\d.,]+))?", item).groups() for item in value.split(":")]
    items = sorted(set((zone, counting or "") for zone, counting in items if re.match(r"[\w-]+(\.[\w-]+)+\Z", zone)))
    findings = []
    for zone, counting in items:
        everybody = answers("127.0.0.2", zone)
        if any(is_listed(answer) or is_listed(answer, counting) for answer in everybody):
            if any(is_listed(answer, counting) for answer in answers("127.0.0.1", zone)):
                findings.append(("dead-dnsbl", "%s lists 127.0.0.1" % zone))
        elif any(is_refusal(answer) for answer in everybody):
            findings.append(("refusing-dnsbl", "%s says %s" % (zone, ", ".join(everybody))))
        else:
            findings.append(("dead-dnsbl", "%s does not list 127.0.0.2" % zone))
    if items:
        report.check("DNS block lists", len(items), findings)


def answers(address, zone):
    """Return what a DNS block list says of an address."""
    try:
        return socket.gethostbyname_ex(question(address, zone) + ".")[2]
    except OSError:
        return []


def check_tls(exim, report):
    """See that other servers get TLS from Exim, with a certificate that does not expire soon."""
    options = parse_options(ask(exim, "-bP", "tls_advertise_hosts", "tls_certificate", "daemon_smtp_ports", "tls_on_connect_ports"), set())
    certificate = options.get("tls_certificate") or ""
    # One that depends on the client cannot be known here.
    if not options.get("tls_advertise_hosts") or not re.match(r"/[^$]+\Z", certificate):
        return
    # Where TLS starts at once nobody asks for it.
    at_once = re.findall(r"\d+", options.get("tls_on_connect_ports") or "")
    port = ([port for port in re.findall(r"\d+", options.get("daemon_smtp_ports") or "") if port not in at_once] or ["25"])[0]
    findings = []
    try:
        context = ssl.create_default_context(cafile=certificate)
        context.check_hostname = False
        # Whoever has signed it: X509_V_FLAG_PARTIAL_CHAIN, which Python names from 3.10 on.
        context.verify_flags |= 0x80000
        with contextlib.closing(smtplib.SMTP("127.0.0.1", int(port), timeout=30)) as client:
            client.starttls(context=context)
            served = client.sock.getpeercert()
            # Or Exim writes to its log that the connection was lost.
            client.quit()
            ending = said_of_end(served["notAfter"], time.time())
            if ending:
                findings.append(("old-certificate", "127.0.0.1 port %s, %s: %s" % (port, certificate, ending)))
            if served["subject"] == served["issuer"]:
                findings.append(("self-signed", "127.0.0.1 port %s, %s" % (port, certificate)))
    except OSError as error:
        findings.append(("no-tls", "127.0.0.1 port %s, %s: %s" % (port, certificate, error)))
    report.check("TLS", 1, findings)


def check_dane(exim, report, sender):
    """See that the resolver validates, and that Exim believes it: else Exim asks nobody for TLSA records. Exim itself says what it believes."""
    said = expand(exim, sender, "${lookup dnsdb{dnssec_lax,defer_never,ns=%s}{$lookup_dnssec_authenticated}}" % SIGNED_ZONE)
    findings = [] if said == "yes" else [("no-dnssec", "NS of %s: %s" % (SIGNED_ZONE, "not validated" if said == "no" else "no answer"))]
    if "DANE" not in parse_version(ask(exim, "-bV"))["features"]:
        findings.append(("no-dane", "Exim %s" % version_of(exim)))
    report.check("DANE", 2, findings)


def dkim_keys(exim, sender):
    """Return the files with the keys that Exim signs with, and the one that it wants for mail of the sender."""
    paths = []
    for transport in parse_drivers(ask(exim, "-bP", "transports"), "transport", set()):
        options = transport["options"]
        if options.get("dkim_private_key") and options.get("dkim_domain"):
            domain = expand(exim, sender, options["dkim_domain"])
            paths += glob.glob(options["dkim_private_key"].replace("$dkim_domain", "*"))
            paths += [options["dkim_private_key"].replace("$dkim_domain", domain)] if domain else []
    return paths


def check_secrets(exim, report, sender):
    """See that Exim, and nobody else, can read its keys."""
    paths = [parse_options(ask(exim, "-bP", "tls_privatekey"), set()).get("tls_privatekey") or ""] + dkim_keys(exim, sender)
    paths = sorted(set(path for path in paths if re.match(r"/[^${}]+\Z", path)))
    group = parse_options(ask(exim, "-bP", "exim_group"), set()).get("exim_group") or "0"
    gid = int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
    findings = []
    for path in paths:
        try:
            status = os.stat(path)
        except OSError as error:
            findings.append(("unreadable-secret", "%s: %s" % (path, error.strerror)))
            continue
        if status.st_mode & stat.S_IROTH:
            findings.append(("open-secret", "%s has mode %04o" % (path, stat.S_IMODE(status.st_mode))))
        elif not (status.st_gid == gid and status.st_mode & stat.S_IRGRP):
            findings.append(("unreadable-secret", "%s is not Exim's group's to read" % path))
    if paths:
        report.check("secrets", len(paths), findings)


def check_host_name(report):
    """See that Mailman's SMTP, which asks for the host's name, need not wait for it."""
    fault = host_name_fault()
    report.check("host name", 1, [("slow-host-name", fault)] if fault else [])
