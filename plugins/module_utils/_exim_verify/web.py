# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What visitors get of Mailman's web interface, and what keeps robots from it."""

import base64
import contextlib
import hmac
import http.client
import os
import re
import socket
import ssl
import time

from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.certificates import said_of_end

# No page that is looked for is longer.
LONGEST_PAGE = 1000000
# Where the web server is asked, whatever the host's address is in the DNS.
PLACE = ("127.0.0.1", 443)
# The site list is there on every host.
PAGES = ("/mailman/listinfo", "/mailman/admin/mailman")


def ask(host, path):
    """Ask the web server on this host for a page: status, text and certificate."""
    context = ssl.create_default_context()
    # The certificate is looked at by itself.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with contextlib.closing(context.wrap_socket(socket.create_connection(PLACE, timeout=30), server_hostname=host)) as channel:
        # Before the answer, with which the server may end the connection.
        certificate = channel.getpeercert(binary_form=True)
        client = http.client.HTTPConnection(host, timeout=30)
        client.sock = channel
        client.request("GET", path)
        answer = client.getresponse()
        return answer.status, answer.read(LONGEST_PAGE).decode("latin-1"), certificate


def has_field(page, name):
    """Say whether a page has a form with a field. What a list's owner or a poster has written is no field: Mailman escapes it."""
    return re.search(r'<input\b[^>]*\bname="?%s\b' % name, page, re.IGNORECASE) is not None


def fault_of_page(path, status, page):
    """Return the fault of one of Mailman's pages and what was found, or nothing."""
    # These two come with status 200.
    if "<title>Mailman CGI error" in page:
        said = " ".join(re.sub("<[^>]*>", " ", page.partition("<pre>")[2] or page).split())[:300]
        return "wrong-web-group" if said.startswith("Group mismatch error") else "no-web", said
    if "<title>Bug in Mailman version" in page:
        return "no-web", "Mailman's program fails. Its log error says why"
    if status != 200:
        return "no-web", "status %d" % status
    if path.startswith("/mailman/admin/") and not has_field(page, "adminpw"):
        return "no-web", "it asks for no password of Mailman's"
    return None


def check_pages(report, hosts):
    """See that Mailman's programs run, and return the certificate that visitors of each host get."""
    findings, certificates = [], {}
    for host in hosts:
        for path in PAGES:
            try:
                status, page, certificates[host] = ask(host, path)
                fault = fault_of_page(path, status, page)
            except (OSError, http.client.HTTPException) as error:
                fault = "no-web", str(error) or type(error).__name__
            if fault:
                findings.append((fault[0], "https://%s%s: %s" % (host, path, fault[1])))
                break
    report.check("web pages", len(hosts) * len(PAGES), findings)
    return certificates


def faults_of_certificate(said, now):
    """Yield the faults of a certificate by what openssl says of its end and of a host's name."""
    end = re.search(r"^notAfter=(.*)$", said, re.MULTILINE)
    ending = said_of_end(end.group(1) if end else "", now)
    if ending:
        yield "old-certificate", ending
    if "does match certificate" not in said:
        yield "foreign-certificate", "the certificate is not for this name"


def check_certificates(module, report, certificates):
    """See that browsers can believe the certificates, whoever has signed them."""
    openssl = module.get_bin_path("openssl")
    if not openssl or not certificates:
        return
    findings = []
    for host, certificate in sorted(certificates.items()):
        dummy, said, dummy = module.run_command([openssl, "x509", "-noout", "-enddate", "-checkhost", host], data=ssl.DER_cert_to_PEM_cert(certificate))
        findings += [(fault, "https://%s: %s" % (host, found)) for fault, found in faults_of_certificate(said, time.time())]
    report.check("web certificates", len(certificates), findings)


def private_lists(lists, settings):
    """Return the names of the lists whose archive is for members, of those that mailman_info has found."""
    default = settings.get("DEFAULT_ARCHIVE_PRIVATE", 0)
    return [one["name"] for one in lists if "settings" in one and one["settings"].get("archive_private", default)]


def check_archives(report, hosts, names, public, sample):
    """See that nobody gets the archive of a private list without a password. Pages are asked for of some lists, links are looked for of all."""
    findings = []
    for name in names:
        if os.path.lexists(os.path.join(public, name)):
            findings.append(("open-archive", "%s/%s is there, and the list's archive is private" % (public, name)))
    for name in names[:sample]:
        for path in ("/pipermail/%s/" % name, "/mailman/private/%s/" % name):
            for host in hosts:
                try:
                    status, page, dummy = ask(host, path)
                except (OSError, http.client.HTTPException) as error:
                    findings.append(("no-web", "https://%s%s: %s" % (host, path, error)))
                    continue
                # A program that fails shows nothing.
                if fault_of_page(path, status, page) is None and not has_field(page, "password"):
                    findings.append(("open-archive", "https://%s%s asks for no password" % (host, path)))
    report.check("private archives", len(names), findings)


def check_jails(module, report, jails):
    """See that fail2ban has the jails."""
    if not jails:
        return
    client, findings = module.get_bin_path("fail2ban-client"), []
    for jail in jails:
        status, out, err = module.run_command([client, "status", jail]) if client else (1, "", "there is no fail2ban-client")
        if status != 0:
            findings.append(("no-jail", "%s: %s" % (jail, " ".join((err or out).split()))))
    report.check("jails", len(jails), findings)


def link_of(key, *addresses):
    """Return a link for one-click unsubscription as Exim makes it, with the content of the file of the mail server's key."""
    # Where each domain has such a file, the key is one line of several.
    match = re.search(r"^(?:key: )?(\d+):(\S+)$", key, re.MULTILINE)
    number, secret = match.groups() if match else ("0", "")
    token = hmac.new(secret.encode(), " ".join((number, *addresses)).encode(), "sha1").hexdigest()
    coded = [base64.urlsafe_b64encode(address.encode()).decode().rstrip("=") for address in addresses]
    return "/mailman/one-click?t=" + ".".join([number, *coded, token])


def check_one_click(report, hosts, path, lists):
    """See that a link that Exim makes now is accepted. It is for nobody, and nothing is changed."""
    if not path:
        return
    findings = []
    try:
        with open(path) as stream:
            link = link_of(stream.read(), "verify@listhost.invalid", "nobody@listhost.invalid")
    except OSError as error:
        findings.append(("no-one-click", str(error)))
        hosts = []
    for host in hosts:
        try:
            status, page, dummy = ask(host, link)
            found = "" if has_field(page, "List-Unsubscribe") else "status %d" % status
        except (OSError, http.client.HTTPException) as error:
            found = str(error) or type(error).__name__
        if found:
            findings.append(("no-one-click", "https://%s/mailman/one-click: %s" % (host, found)))
    findings += [("personal-posts", one["name"]) for one in lists if one.get("settings", {}).get("personalize")]
    report.check("one-click unsubscription", len(hosts), findings)


def check_web(module, report, web, sample):
    """See that the web interface works, and is closed to whom it should be."""
    certificates = check_pages(report, web["hosts"])
    check_certificates(module, report, certificates)
    # Where nobody answers nothing is open.
    answering = [host for host in web["hosts"] if host in certificates]
    check_archives(report, answering, private_lists(web["lists"], web["settings"]), web["public_archives"], sample)
    check_jails(module, report, web["jails"])
    check_one_click(report, web["hosts"], web["one_click_key"], web["lists"])
    secret = web["settings"].get("SUBSCRIBE_FORM_SECRET")
    report.check("form for subscriptions", 1, [] if secret else [("open-form", "SUBSCRIBE_FORM_SECRET is not set")])
