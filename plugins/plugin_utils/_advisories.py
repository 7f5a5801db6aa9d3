# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Known faults of Exim (roles/exim/files/advisories.yml) that an installed package has."""

import re

from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._roles import load

# Debian's word for a package that has not got the fault.
NO_FAULT = "no"


def advisories():
    """Return the file's content."""
    return load("exim", "files", "advisories.yml")


def upstream(version):
    """Return a version of upstream's in an order, as 4.98.2."""
    return tuple(int(number) for number in re.match(r"\d+(?:\.\d+)*", version).group().split("."))


def weights(text):
    """Return the characters of a part without digits in the order of Debian's versions: a tilde is before the end, and letters before all else."""
    return [-1 if char == "~" else ord(char) if char.isalpha() else ord(char) + 256 for char in text] + [0]


def debian(version):
    """Return a version of Debian's in its order (deb-version(7)), without an epoch, which Exim's have not got."""
    upstream_version, dash, revision = version.rpartition("-")
    parts = [upstream_version, revision] if dash else [version, ""]
    return [[(weights(text), int(number or "0")) for text, number in re.findall(r"(\D*)(\d*)", part)] for part in parts]


def has_fault(advisory, version):
    """Say whether a version of upstream's has it."""
    return upstream(advisory.get("since", "0")) <= upstream(version) < upstream(advisory["before"])


def mended_in(advisory, package, release):
    """Return the package of a release of Debian's that mends a fault which the installed one has, "" where none is known, None where it has not got it."""
    mending = advisory.get("debian", {}).get(release)
    if mending == NO_FAULT:
        return None
    # Another version of upstream's is not of this release, as a backport.
    if mending and upstream(mending) == upstream(package):
        return mending if debian(package) < debian(mending) else None
    return "" if has_fault(advisory, package) else None


def applying(known, version, package, distribution, release):
    """Yield in words each fault that an Exim has, first those that an update mends. Version is upstream's, and package that of the distribution, if known."""
    later = []
    for advisory in known["advisories"]:
        text = "%s: %s" % (advisory["id"], advisory["about"])
        if distribution == "Debian" and package:
            mending = mended_in(advisory, package, release)
            if mending:
                yield "%s. Update the package: %s has it, and %s does not (%s)." % (text, package, mending, advisory["source"])
            elif mending is not None:
                later.append("%s. On %s no package of %s was known without it (%s)." % (text, known["kept_until"], release, advisory["source"]))
        elif has_fault(advisory, version):
            later.append("%s. Exim %s has it, unless its package mends it without a new version. Exim %s has it no more (%s)."
                         % (text, version, advisory["before"], advisory["source"]))
    yield from later
