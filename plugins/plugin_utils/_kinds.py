# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a single value may be: each kind is a function that returns nothing, or what is wrong with the value and what to do, as the rest of a
sentence that begins with the variable and the value ("exim_ports has 0" or "exim_postmaster is 'me'")."""

import ipaddress
import re

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _destinations

LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
DOMAIN = re.compile(r"(?=.{1,253}\Z)(%s\.)+(?=.*[a-z])%s\Z" % (LABEL, LABEL))
LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+=?^_`{}~-][A-Za-z0-9!#$%&'*+/=?^_`{|}~-]*(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
PATH = re.compile(r"(/(?!\.{1,2}(/|\Z))[A-Za-z0-9._+@-]+)+\Z")
# Mailman's ACCEPTABLE_LISTNAME_CHARACTERS, no longer than a local part may be.
LIST_NAME = re.compile(r"[a-z0-9+_=][-+_.=a-z0-9]{0,63}\Z")


def is_domain(value):
    return DOMAIN.match(value) is not None


def is_ip_address(value):
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return "%" not in value


def is_mail_address(value):
    local_part, at, host = value.rpartition("@")
    return at == "@" and LOCAL_PART.match(local_part) is not None and is_domain(host.lower())


def domain(value):
    if not is_domain(value):
        return (", which is no domain name. Write lower-case labels of letters, digits and hyphens with dots between them, as in lists.example.com, "
                "an internationalised name in its form with xn--.")
    return None


def host(value):
    if not is_domain(value) and not is_ip_address(value):
        return ", which is no full name of a host, as in lists.example.com, and no IP address. Set it to one of these."
    return None


def host_name(value):
    """Also one that is no fully qualified name: hosts are called what they are in the inventory."""
    if not is_ip_address(value) and not re.match(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?\Z", value):
        return ", which is no name and no IP address of a host. Write one of these."
    return None


def ip_address(value):
    if not is_ip_address(value):
        return ", which is no IP address. Write one, as in 192.0.2.1 or 2001:db8::1."
    return None


def public_address(value):
    """One that others can reach, or at least could: those of private networks are for the tests of a whole inventory."""
    if not is_ip_address(value):
        return ", which is no IP address. Write one, as in 192.0.2.1 or 2001:db8::1."
    address = ipaddress.ip_address(value)
    if address.is_loopback or address.is_unspecified or address.is_link_local or address.is_multicast:
        return ", which no other host can reach. Write the address that others see."
    return None


def network(value):
    """An address or a network, but not all there are."""
    address, slash, length = value.partition("/")
    bits = 32 if "." in address and ":" not in address else 128
    if not is_ip_address(address) or slash and not (re.match(r"[0-9]{1,3}\Z", length) and 0 < int(length) <= bits):
        return ", which is no IP address or network. Write one, as in 192.0.2.1 or 192.0.2.0/24."
    return None


def mail_address(value):
    if not is_mail_address(value):
        return ", which is no mail address. Set it to the address of a person, as in admin@example.com."
    return None


def port(value):
    if not 0 < value < 65536:
        return ". A port is a number from 1 to 65535."
    return None


def path(value):
    if not PATH.match(value):
        return ". Set it to an absolute path of letters, digits and . _ + - @, without a part that is . or .."
    return None


def directory(value):
    """One that becomes part of commands and of Mailman's own files, and of cron's."""
    if not PATH.match(value) or "@" in value:
        return ". Set it to an absolute path of letters, digits and . _ + -, without a part that is . or .."
    return None


def home(value):
    """A directory whose entries Exim looks up by a domain's name."""
    if not PATH.match(value) or "@" in value or "/." in value:
        return ". Set it to an absolute path of letters, digits and . _ + -, as in /virtual, or empty it for one Mailman on the host."
    return None


def account(value):
    if not re.match(r"[a-zA-Z_][a-zA-Z0-9_.-]*\Z", value):
        return ", which is no name of a user or group. Write letters, digits and . _ -, beginning with a letter or _."
    return None


def login(value):
    """A name that becomes part of an expanded string of Exim's, in a list, with ^ for NUL."""
    if not re.match(r"[A-Za-z0-9._@%+=/-]+\Z", value):
        return ", which is no name to log in with. Write letters, digits and . _ @ % + = / -."
    return None


def size(value):
    if not re.match(r"[0-9]+[KMG]?\Z", value):
        return ". Set it to a number of bytes, or to one with K, M or G behind it, as in 50M."
    return None


def header(value):
    if not re.match(r"[A-Za-z][A-Za-z0-9-]*\Z", value):
        return ", which is no name of a header. Write it as in Message-ID."
    return None


def dnsbl(value):
    zone = value.partition("=")[0]
    if not is_domain(zone) or not re.match(r"[^=]+(=[0-9.,/]+)?\Z", value):
        return (", which names no domain. Write the list's domain, as in bl.example.net, and behind = the answers that count if not all do, as in "
                "bl.example.net=127.0.0.2.")
    return None


def spf_mechanism(value):
    """One that adds senders, not one for the others: "all" is the end of the record, and "redirect" is another record."""
    name, dummy, argument = value.partition(":")
    where = argument.partition("/")[0]
    if name in ("ip4", "ip6"):
        right = not network(argument) and (":" in where) == (name == "ip6")
    else:
        # A macro makes a name of what it is about.
        right = re.match(r"(include|exists|a|mx):[A-Za-z0-9._%{}-]+\Z|(a|mx)(:[A-Za-z0-9._%{}-]+)?(/[0-9]+)?\Z", value) and (
            not where or "%{" in where or is_domain(where.replace("_", "x").lower()))
    if not right:
        return ", which is no SPF mechanism that allows senders. Write one, as in include:spf.example.net or ip4:192.0.2.0/24."
    return None


def tlsa(value):
    """Of the two usages that count for mail (RFC 7672, 3.1)."""
    if not re.match(r"[23] [01] (1 [0-9a-f]{64}|2 [0-9a-f]{128})\Z", value):
        return (", which is no TLSA record for a mail server. Write usage 2 or 3, selector 0 or 1, matching type 1 or 2 and its checksum in lower-case "
                "hexadecimal digits, as in 3 1 1 and the 64 digits of the public key's SHA-256.")
    return None


def selector(value):
    if not re.match(r"%s(\.%s)*\Z" % (LABEL, LABEL), value):
        return ". It is part of a name in the DNS: write lower-case letters, digits and hyphens, as in lists."
    return None


def log_selector(value):
    if not re.match(r"[+-][a-z0-9_]+\Z", value):
        return ". Write + or - and a word of Exim's log_selector, as in +incoming_port."
    return None


def line(value):
    """A text that must not become two lines of a file."""
    if not re.match(r"[^\x00-\x1f\x7f]+\Z", value):
        return ". Write one line, without control characters."
    return None


def retry_rule(value):
    if not re.match(r"[FGH],[^\x00-\x1f\x7f]+\Z", value):
        return ", which is no retry rule of Exim's. Write one as in F,2h,15m; G,16h,1h,1.5; F,4d,6h."
    return None


def interval(value):
    """A time of Exim's that is more than none."""
    if not _destinations.parse_time(value):
        return ", which is no time. Write one of Exim's, as in 1m or 1h30m."
    return None


def list_name(value):
    if not LIST_NAME.match(value):
        return ", which is no name of a list. Write lower-case letters, digits and - + _ . = inside, no more than 64, without a domain."
    return None


def list_name_or_all(value):
    if value != "*" and not LIST_NAME.match(value):
        return ", which is no name of a list. Write it in lower case and without a domain, or * for all lists."
    return None


def page(value):
    """A page of an archive, in a list of Apache's."""
    if not re.match(r"(?!\.{1,2}/)[-+_.=a-z0-9]+(/(?!\.{1,2}(/|\Z))[A-Za-z0-9._+=-]+)+\Z", value):
        return ", which is no page of an archive. Write its path below /pipermail/, as in announce/2026-November/000012.html."
    return None


def checksum(value):
    if not re.match(r"sha256:[0-9a-f]{64}\Z", value):
        return ". Set it to sha256: and the 64 hexadecimal digits that sha256sum prints for an archive that you trust."
    return None


def mirror(value):
    if not re.match(r"(https?://|file:/)[\x21-\x7e]+\Z", value):
        return ". Set it to the URI of a Debian 11 mirror, as in http://mirror.example.com/debian."
    return None


def https_address(value):
    if not re.match(r"https://[a-z0-9.:\[\]-]+(/[A-Za-z0-9._~/?=&%+:@-]*)?\Z", value):
        return ". Set it to an address that begins with https://, as in https://acme-v02.api.letsencrypt.org/directory."
    return None


def unit(value):
    if not re.match(r"[A-Za-z0-9][A-Za-z0-9@:._-]*\Z", value):
        return ", which is no name of a unit of systemd. Write one, as in dovecot."
    return None


def wheel(value):
    """A file that pip takes for what its name says."""
    if not re.match(r"([^\x00-\x1f\x7f]*/)?dnspython-1\.[A-Za-z0-9.]+-[a-z0-9.]*py2[a-z0-9.]*-none-any\.whl\Z", value):
        return (", which is no wheel of dnspython for Python 2. Name the file as the package index does, dnspython-1.16.0-py2.py3-none-any.whl, or empty it "
                "to have the host's pip get it.")
    return None


def package(value):
    if not re.match(r"[A-Za-z0-9][A-Za-z0-9._+:~-]*\Z", value):
        return ", which is no name of a package."
    return None


def recipients(value):
    """How many a message may have. A client may count on a hundred (RFC 5321, 4.5.3.1.8)."""
    return None if value == 0 or value >= 100 else ". Set it to 0 (no limit) or to 100 or more; 100 is the default."


def anything(dummy):
    """Free text, or a value whose rule needs others as well."""
    return


def percent(value):
    return None if 1 <= value <= 100 else ". Set it to 1 to 100; with 100 there is no limit."


def at_least(least, advice):
    def kind(value):
        return None if value >= least else ". Set it to %s." % advice

    return kind
