# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role mailman_web finds on a host: the lines of its look, and what is wrong with it. A rule yields faults.

v has what the inventory, the platform and the fact mailman_installation say.
"""

import re

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._certificates import days_left, faults_of_days, faults_of_pair
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._host_exim import LISTENER, values_of

# A virtual host as Apache lists it: one that is alone on its addresses, or one of several.
VIRTUAL_HOST = re.compile(r"\s*(?:\S+:\d+|port \d+ namevhost)\s+(\S+) \((.+):\d+\)")
ALIAS = re.compile(r"\s+alias (\S+)")


def read_virtual_hosts(lines):
    """Yield each name that Apache serves, with the file that says so."""
    path = ""
    for line in lines:
        host, alias = VIRTUAL_HOST.fullmatch(line), ALIAS.fullmatch(line)
        if host:
            path = host.group(2)
        if host or alias:
            yield (host or alias).group(1).lower(), path


def first(text, name):
    """Return what the first line of a name has, or an empty string."""
    return (values_of(text, name) or [""])[0]


def covers(names, host):
    """Say whether a certificate is for a host."""
    return host in names or "*." + host.partition(".")[2] in names


def read_look(text, v):
    """Return what files/look.sh has found."""
    said = values_of(text, "said")
    groups = [match.group(1) for match in (re.match(r'Group: name="(.+?)"', line) for line in said) if match]
    names = [name[len("dns:"):] for name in first(text, "names").lower().split(",") if name.startswith("dns:")]
    return {
        "missing": first(text, "program") != "yes",
        "running": first(text, "service") == "active,enabled",
        "absent": values_of(text, "absent"),
        "bans": first(text, "fail2ban") == "active,enabled",
        "has_auth_log": first(text, "auth.log") == "yes",
        "runs_programs": first(text, "programs") == "yes",
        "missing_modules": values_of(text, "missing"),
        "group": (groups or [v["web_group"]])[0],
        "virtual_hosts": [one for one in read_virtual_hosts(said) if one[1] not in v["own_files"]],
        "others": [one.groupdict() for one in map(LISTENER.fullmatch, values_of(text, "other")) if one],
        "files": values_of(text, "file"),
        "owners": values_of(text, "others"),
        "readable": values_of(text, "readable"),
        "shared": first(text, "shared"),
        "one_click_group": first(text, "one_click_group"),
        "unread": values_of(text, "unread"),
        "pair": first(text, "pair"),
        "names": names,
        "days": days_left(first(text, "now"), first(text, "expires")),
    }


def machine_of_domain(found, v):
    if v["domain"] and not found["shared"]:
        yield ("mailman_web is true for %s, but its machine has no web server yet. First run site.yml with the machine's own inventory, in which it is in "
               "list_hosts and has mailman_web: true, or set mailman_web to false here." % v["domain"])
    if v["domain"] and found["shared"] == "limits" and v["mailman_web_trusted_proxies"]:
        yield ("mailman_web_trusted_proxies is set for %s, but its machine limits each client's requests, and all that come through a proxy would count as one "
               "client's. Set mailman_web_trusted_proxies for the machine (in list_hosts), too, and run site.yml there first." % v["domain"])


def machine_of_one_click(found, v):
    """Its mail server makes the links, and its group is that of the directory as soon as it does."""
    if v["domain"] and v["one_click"] and found["shared"] and found["one_click_group"] in ("", "root"):
        yield ("mailman_web_one_click is true for %s, but its machine's mail server makes no links yet. First run site.yml with the machine's own inventory, "
               "in which it is in list_hosts and has mailman_web_one_click: true, or set mailman_web_one_click to false here." % v["domain"])


def group_of_wrappers(found, v):
    """The wrappers refuse every other group, with a page that is no error to the web server."""
    if v["web_server"] == "existing" and v["cgi_group"] not in ("", found["group"]):
        yield ("The programs in %s/cgi-bin were compiled for the web server's group %s, and your web server is to run them as group %s (mailman_web_group): "
               "they would answer each request with 'Mailman CGI error'. Have it run them as %s, and set mailman_web_group to %s."
               % (v["prefix"], v["cgi_group"], found["group"], v["cgi_group"], v["cgi_group"]))
    elif v["cgi_group"] not in ("", found["group"]):
        yield ("The programs in %s/cgi-bin were compiled for the web server's group %s, and Apache's group here is %s: they would answer each request with "
               "'Mailman CGI error'. Build Mailman with --with-cgi-gid=%s, or let Apache run as group %s, or set mailman_web to false."
               % (v["prefix"], v["cgi_group"], found["group"], found["group"], v["cgi_group"]))


def other_web_server(found, dummy):
    for one in found["others"]:
        yield ("%(process)s (%(unit)s) listens on port %(port)s of %(address)s, where Apache is to listen. Stop and disable it, or have it serve "
               "the pages itself (mailman_web_server: existing), or set mailman_web to false." % one)


def names_of_others(found, v):
    for host, path in found["virtual_hosts"]:
        if host in v["url_hosts"]:
            yield ("%s is a virtual host in %s already, and would be one of Mailman's, too. Give Mailman a host name of its own (mailman_url_host), take the "
                   "name out of that file, or have that Apache serve the pages itself (mailman_web_server: existing)." % (host, path))
        if host in v["policy_hosts"]:
            yield ("%s is a virtual host in %s already, and would be the one with the policy of MTA-STS, too. Take the name out of that file, or set "
                   "listhost_dns_mta_sts_addresses to the addresses of the web server that serves the policy." % (host, path))


def certificate_is_there(found, v):
    for name in ("mailman_web_certificate", "mailman_web_certificate_key"):
        if v[name] and v[name] not in found["files"]:
            yield "%s=%s is not on the host. Put the file there first, or empty both variables for a self-signed certificate." % (name, v[name])


def files_of_others(found, v):
    for one in found["owners"]:
        path, dummy, place = one.partition(" ")
        yield ("%s: others than root can write %s, and so choose what Apache serves with. Take it from them (chown root, chmod go-w)." % (path, place))


def readable_key(found, v):
    for path in found["readable"]:
        yield "mailman_web_certificate_key=%s can be read by everybody on the host. Take that from them (chmod o=)." % path


def named(name, v):
    return "%s=%s" % (name, v[name])


def pair(found, v):
    if v["mailman_web_certificate"]:
        yield from faults_of_pair(found["pair"], named("mailman_web_certificate", v), named("mailman_web_certificate_key", v), "Apache")


def expired(found, v):
    if v["mailman_web_certificate"]:
        yield from faults_of_days(found["days"], named("mailman_web_certificate", v))


def names_of_certificate(found, v):
    if v["mailman_web_certificate"] and found["days"] is not None:
        for host in [*v["url_hosts"], *v["policy_hosts"]]:
            if not covers(found["names"], host):
                yield ("mailman_web_certificate=%s is for %s and not for %s. Have one made that has this name, too."
                       % (v["mailman_web_certificate"], ", ".join(found["names"]) or "no host name (subjectAltName)", host))


RULES = (
    machine_of_domain, machine_of_one_click, group_of_wrappers, other_web_server, names_of_others, certificate_is_there, files_of_others, readable_key, pair,
    expired, names_of_certificate,
)
