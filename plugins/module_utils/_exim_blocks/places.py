# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where blocks go in a configuration, and what becomes of the rest. What is not certain is a fault, with the choices that there are."""

import re

# What is asked for where it cannot be found: name, kind of what it names, what it is for.
LISTS = (
    ("local_domains", "domainlist", "the domains whose mail stays on this host"),
    ("relay_hosts", "hostlist", "the hosts that may send mail to anywhere"),
)
DEFAULTS = {"local_domains": "local_domains", "relay_hosts": "relay_from_hosts", "acl_rcpt": "", "acl_data": "", "router": ""}


class Place:
    """Where a block goes: after a line of a file (0: before the first), and what is written before the block itself."""

    def __init__(self, path, line, before=""):
        self.path, self.line, self.before = path, line, before

    def __repr__(self):
        return "Place(%r, %d, %r)" % (self.path, self.line, self.before)


def choices(names):
    """Return names as a message has them."""
    return ", ".join(names) or "none"


def conditional(statement, what):
    """Yield that a block would come and go with a condition."""
    if statement.conditions:
        yield ("%s stands between .ifdef and .endif (%s): the lists would come and go with that condition. Move it out of there."
               % (what, statement.place))


class Search:
    """Looks for the places of blocks; what it finds is in places, and what is wrong in faults.

    wanted has what the inventory says of anchors. path is the file that Exim, or update-exim4.conf, reads first.
    """

    def __init__(self, configuration, path, wanted):
        self.configuration, self.wanted = configuration, dict(DEFAULTS, **wanted)
        self.places, self.faults = {}, []
        self.places["main"] = Place(path, 0)
        self.named_lists()
        self.acl("rcpt")
        self.acl("data")
        self.routers()
        self.section("transports")
        self.section("retry")

    def after(self, place, statement):
        """Have a block stand after a statement."""
        self.places[place] = Place(statement.path, statement.last)

    def named_lists(self):
        """Look for the named lists that blocks refer to."""
        for anchor, kind, meaning in LISTS:
            name = "%s %s" % (kind, self.wanted[anchor])
            names = [one for one in self.configuration.names("list") if one.startswith(kind + " ")]
            if name not in names:
                self.faults.append("exim_anchors.%s is %s, but the configuration has no %s. Set it to the list of %s. There are: %s." % (
                    anchor, self.wanted[anchor], name, meaning, choices(one.split(" ")[1] for one in names)))

    def section(self, name):
        """Look for the beginning of a section, and return its statement."""
        found = self.configuration.sections.get(name, [])
        if not found and name == "retry":
            # A section at the end of the last line of the file that is read first.
            self.places[name] = Place(self.places["main"].path, -1, "begin retry\n\n")
        elif len(found) != 1:
            self.faults.append("the configuration has %s line 'begin %s'%s. It must have one." % (
                "more than one" if found else "no", name, "".join(": " + one.place for one in found[:1])))
        else:
            self.faults.extend(conditional(found[0], "'begin %s'" % name))
            self.after(name, found[0])
            return found[0]
        return None

    def routers(self):
        """Look for the place of the routers: before the one that the inventory names, else before all."""
        name, begin = self.wanted["router"], self.section("routers")
        if not begin or not name:
            return
        router = self.configuration.statement_of("router", name)
        if not router:
            self.faults.append("exim_anchors.router is %s, but the configuration has no such router. Set it to the router before which those of the lists "
                               "are to stand, or leave it empty for the first. There are: %s." % (name, choices(self.configuration.names("router"))))
            return
        self.faults.extend(conditional(router, "router %s" % name))
        self.places["routers"] = Place(router.first_path, router.first - 1)

    def acl(self, phase):
        """Look for the ACL of a phase of SMTP."""
        anchor, option = "acl_" + phase, "acl_smtp_" + phase
        said, value = self.wanted[anchor], self.configuration.main_option(option)
        if not said and value is None and phase == "data":
            # It gets one.
            self.section("acl")
            return
        names = self.configuration.names("acl")
        advice = "There are: %s." % choices(names)
        name = said or value
        if not said and value is None:
            self.faults.append("%s is not set: Exim refuses all mail that comes by SMTP. Give the configuration an ACL first." % option)
        elif not said and not re.match(r"[\w-]+\Z", value):
            self.faults.append("%s is %s, which is no name of an ACL of this configuration. Set exim_anchors.%s to the ACL that begins it. %s"
                               % (option, value, anchor, advice))
        elif names.count(name) != 1:
            self.faults.append("%s is %s, and the configuration has %s ACL of this name. %s"
                               % ("exim_anchors." + anchor if said else option, name, "more than one" if name in names else "no", advice))
        else:
            label = self.configuration.statement_of("acl", name)
            if label.text.partition(":")[2].strip():
                self.faults.append("the ACL %s begins on the line of its name (%s). Put its first statement on a line of its own." % (name, label.place))
            self.faults.extend(conditional(label, "the ACL %s" % name))
            self.after(anchor, label)


def is_taken(before, block):
    """Yield the names of a block that the configuration has already. Both are configurations."""
    for kind in ("macro", "list", "acl", "router", "transport"):
        there = before.names(kind)
        for name in block.names(kind):
            if name in there:
                yield "%s %s is there already (%s)." % (kind, name, before.statement_of(kind, name).place)
            elif kind == "macro":
                for other in there:
                    if name in other or other in name:
                        yield "macro %s and macro %s (%s): Exim allows no name of a macro within another." % (
                            name, other, before.statement_of("macro", other).place)


def differences(before, after, allowed=()):
    """Return the statements of one configuration that another one lacks or has in another order.

    allowed are regular expressions of statements that need not be there.
    """
    missing, place = [], 0
    texts = [statement.text for statement in after.statements]
    for statement in before.statements:
        try:
            place = texts.index(statement.text, place) + 1
        except ValueError:
            if not any(re.match(one, statement.text) for one in allowed):
                missing.append(statement)
    return missing


def order_of(before, after, ours, wanted):
    """Return what is wrong with the order of routers after blocks have been put in: all of ours together, before the one that is wanted or before all."""
    names = before.names("router")
    index = names.index(wanted) if wanted else 0
    expected = names[:index] + ours + names[index:]
    if after.names("router") != expected:
        return "the routers are %s, but should be %s." % (choices(after.names("router")), choices(expected))
    return None
