# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role certificate finds on a host: the lines of its look, and what is wrong with it. A rule yields faults.

v has what the certificate is to be: names, the authority's server, webroot (empty: certbot itself listens on port 80), and what certbot is to run (hook).
"""

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._certificates import days_left
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._host_exim import LISTENER, values_of
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._host_mailman_web import first


def renewal(v):
    """Return what certbot's file about renewals is to have, by its own names."""
    wanted = {"server": v["server"], "authenticator": "webroot" if v["webroot"] else "standalone", "renew_hook": v["hook"]}
    if v["webroot"]:
        wanted["webroot_path"] = v["webroot"]
    return wanted


def read_look(text, v):
    """Return what files/look.sh has found, and whether the authority is to be asked for a certificate."""
    names = {name[len("dns:"):] for name in first(text, "names").lower().split(",") if name.startswith("dns:")}
    days = days_left(first(text, "now"), first(text, "expires"))
    as_wanted = all(first(text, "renewal." + name).rstrip(",") == value for name, value in renewal(v).items())
    return {
        "absent": values_of(text, "absent"),
        "renews": first(text, "timer") == "active,enabled",
        "hook": first(text, "hook"),
        "made": first(text, "made") == "yes",
        "group": first(text, "group"),
        "deployed": first(text, "deployed") == "yes",
        # A timer renews it long before it expires.
        "wanted": names != set(v["names"]) or days is None or days < 0 or not as_wanted,
        "writable": values_of(text, "others"),
        "unknown": values_of(text, "unknown"),
        "others": [one.groupdict() for one in map(LISTENER.fullmatch, values_of(text, "other")) if one],
    }


def no_names(dummy, v):
    if not v["names"]:
        yield "certificate_acme is true, but certificate_names is empty and no other role contributes a name. Set it to the names that the host has."


def unknown_names(found, dummy):
    for name in found["unknown"]:
        yield ("certificate_acme is true, but this host finds no address of %s in the DNS, so an authority could not ask for it. Publish one, or set "
               "certificate_names to the names that the world knows." % name)


def webroot_is_there(found, v):
    if v["certificate_acme_webroot"] and v["certificate_acme_webroot"] in found["absent"]:
        yield ("certificate_acme_webroot=%s is not on the host. Make the directory of which a web server serves /.well-known/acme-challenge/ first, or empty "
               "the variable." % v["certificate_acme_webroot"])


def webroot_of_others(found, v):
    for part in found["writable"]:
        yield ("Others than root can write %s on the way to %s/.well-known/acme-challenge, where certbot writes as root. Take that from them (chown root, "
               "chmod go-w), or set certificate_acme_webroot to a directory of root's alone." % (part, v["webroot"]))


def port_80(found, dummy):
    for one in found["others"]:
        yield ("%(process)s (%(unit)s) listens on port 80 of %(address)s, where the authority is to find certbot. Set certificate_acme_webroot to a directory "
               "that it serves, or stop and disable it." % one)


RULES = (no_names, unknown_names, webroot_is_there, webroot_of_others, port_80)
