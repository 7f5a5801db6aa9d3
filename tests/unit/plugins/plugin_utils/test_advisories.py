# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which known faults an installed Exim has, and what the file of them must have."""

import datetime
import re
import shutil
import subprocess

import pytest
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _advisories as advisories

FILE = advisories.advisories()


def test_the_file():
    assert datetime.date.fromisoformat(FILE["kept_until"]) >= datetime.date(2026, 11, 26)
    for one in FILE["advisories"]:
        assert {"id", "about", "before", "source"} <= set(one) <= {"id", "about", "since", "before", "debian", "source"}
        assert all(isinstance(one.get(key, ""), str) for key in ("id", "about", "since", "before", "source")), one["id"]
        assert re.match(r"CVE-20\d\d-\d+", one["id"]) and int(one["id"][4:8]) >= 2019
        assert one["source"].startswith("https://")
        assert advisories.upstream(one.get("since", "4.0")) < advisories.upstream(one["before"])
        for release, package in one.get("debian", {}).items():
            assert release in ("bullseye", "bookworm", "trixie", "forky")
            assert package == "no" or re.match(r"4\.\d+(\.\d+)?-\d+(\+deb1[123]u\d+)?\Z", package), package
    names = [one["id"] for one in FILE["advisories"]]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("older", "newer"), [
    ("4.94.2-7", "4.94.2-7+deb11u1"), ("4.96-15+deb12u9", "4.96-15+deb12u10"), ("4.96-15", "4.96-16"), ("4.98~RC3-1", "4.98-1"),
    ("4.98.2-1~bpo12+1", "4.98.2-1"),
    ("4.98-1", "4.98+ds-1"), ("4.98a-1", "4.98+a-1"), ("4.98", "4.98-1"),
    ("4.99.4-2", "4.100.1-1"), ("4.96-15+deb12u10", "4.96-15+deb12u10+b1"), ("4.96-9", "4.96.1-1"),
])
def test_debians_order_of_versions(older, newer):
    assert advisories.debian(older) < advisories.debian(newer)
    assert not advisories.debian(newer) < advisories.debian(older)
    assert advisories.debian(older) == advisories.debian(older)
    # As Debian itself says, where it is.
    if shutil.which("dpkg"):
        subprocess.run(["dpkg", "--compare-versions", older, "lt", newer], check=True)


def test_upstreams_order():
    assert advisories.upstream("4.98.2") > advisories.upstream("4.98") > advisories.upstream("4.97.1")
    assert advisories.upstream("4.100") > advisories.upstream("4.99.5")
    assert advisories.upstream("4.100_RC1") == advisories.upstream("4.100")


KNOWN = {"kept_until": "2026-11-26", "advisories": [
    {"id": "CVE-1", "about": "x", "since": "4.97", "before": "4.99.3", "debian": {"bookworm": "4.96-15+deb12u9", "trixie": "4.98.2-1+deb13u2"}, "source": "S"},
    {"id": "CVE-2", "about": "y", "before": "4.99.1", "debian": {"trixie": "no"}, "source": "S"},
]}


@pytest.mark.parametrize(("package", "release", "found"), [
    ("4.96-15+deb12u8", "bookworm", [("CVE-1", "Update the package: 4.96-15+deb12u8 has it, and 4.96-15+deb12u9 does not (S)."),
                                     ("CVE-2", "no package of bookworm")]),
    ("4.96-15+deb12u9", "bookworm", [("CVE-2", "On 2026-11-26 no package of bookworm was known without it (S).")]),
    ("4.98.2-1+deb13u1", "trixie", [("CVE-1", "Update the package")]),
    ("4.98.2-1+deb13u2", "trixie", []), ("4.98.2-1+deb13u10", "trixie", []),
    # A backport: by upstream's versions.
    ("4.98.2-1~bpo12+1", "bookworm", [("CVE-1", "no package of bookworm"), ("CVE-2", "no package of bookworm")]),
    ("4.99.3-1~bpo13+1", "trixie", []),
    ("4.94.2-7", "bullseye", [("CVE-2", "no package of bullseye")]),
])
def test_packages_of_debian(package, release, found):
    version = package.partition("-")[0]
    lines = list(advisories.applying(KNOWN, version, package, "Debian", release))
    assert [line.partition(":")[0] for line in lines] == [name for name, dummy in found]
    assert all(words in line for line, (dummy, words) in zip(lines, found))


@pytest.mark.parametrize(("version", "names"), [("4.96", ["CVE-2"]), ("4.97", ["CVE-1", "CVE-2"]), ("4.99.2", ["CVE-1"]), ("4.99.3", [])])
def test_elsewhere_upstreams_version_counts(version, names):
    for package, distribution in (("%s-1.el8" % version, "AlmaLinux"), ("", "Debian")):
        lines = list(advisories.applying(KNOWN, version, package, distribution, "whatever"))
        assert [line.partition(":")[0] for line in lines] == names
        assert all("unless its package mends it" in line for line in lines)


@pytest.mark.parametrize(("package", "release", "updates"), [
    # As installed once, and as they were last.
    ("4.94.2-7", "bullseye", 7), ("4.94.2-7+deb11u6", "bullseye", 0), ("4.96-15", "bookworm", 8), ("4.96-15+deb12u10", "bookworm", 0),
    ("4.98.2-1", "trixie", 6),
    ("4.98.2-1+deb13u5", "trixie", 0),
])
def test_the_files_own_facts(package, release, updates):
    lines = list(advisories.applying(FILE, package.partition("-")[0], package, "Debian", release))
    assert len([line for line in lines if "Update the package" in line]) == updates
    if release == "trixie" and not updates:
        assert lines == []
    assert list(advisories.applying(FILE, "4.100.1", "4.100.1-4", "Debian", "forky")) == []
