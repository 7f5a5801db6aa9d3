# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's package has a new version. What it brings counts as the administrator's afterwards."""

import pytest

pytestmark = pytest.mark.one_run_for_all_hosts

# Debian's package once more, with other files.
REBUILD = """
set -e
mkdir -p /root/rebuilt && cd /root/rebuilt
[ -d package ] || { apt-get download exim4-config && dpkg-deb -R exim4-config_*.deb package; }
sed -i 's/^Version: .*/&+other%(number)d/' package/DEBIAN/control
cd package/etc/exim4
sed -i '/^smtp_max_unknown/d; s/^acl_smtp_rcpt = .*/smtp_max_unknown_commands = %(number)d\\n&/' exim4.conf.template conf.d/main/02_exim4-config_options
dpkg-deb -b /root/rebuilt/package /root/rebuilt/%(number)d.deb
"""
INSTALL = "DEBIAN_FRONTEND=noninteractive dpkg %s < /dev/null"


class Package:
    """Debian's package of the configuration, in versions of these tests."""

    def __init__(self, host):
        self.host = host

    def install(self, number, *options):
        """Have dpkg install a version, with nobody to answer its question; return whether it could."""
        self.host.check_output(REBUILD % {"number": number})
        return self.host.run(INSTALL % " ".join([*options, "--install", "/root/rebuilt/%d.deb" % number])).rc == 0

    def version(self):
        """Which version Exim has read: 3 is the real one."""
        return int(self.host.check_output("exim4 -bP smtp_max_unknown_commands").split()[-1])

    def is_the_administrators(self):
        """Have its files among those with which the administrator's are compared later."""
        self.host.check_output("cd /root/rebuilt/package/etc/exim4 && cp exim4.conf.template /root/before && cp -r conf.d /root/before")
        self.host.check_output("rm -f /etc/exim4/*.dpkg-*")


@pytest.fixture
def package(list_host):
    return Package(list_host)


@pytest.fixture
def run_here(list_host, run):
    return lambda *playbook: run(*playbook, hosts=[list_host.name])[list_host.name]


@pytest.mark.list_hosts("debian11")
def test_a_package_with_another_template(list_host, run_here, package, deliver, assert_lists_work):
    """dpkg asks about it."""
    assert not package.install(4)
    assert_lists_work()
    # The answer that is dpkg's own, and that the documentation names.
    list_host.check_output(INSTALL % "--force-confold --configure exim4-config")
    assert_lists_work()
    assert (package.version(), run_here()) == (3, (0, ""))
    # The other answer.
    assert package.install(5, "--force-confnew")
    # The package only asks its daemon to read the file again, which it does a moment later.
    list_host.check_output("systemctl restart exim4")
    deliver("testlist@list.example.com", code=550)
    assert "no-list-transport" in run_here("verify.yml")[1]
    assert run_here() == (1, "")
    assert_lists_work()
    assert package.version() == 5
    package.is_the_administrators()


@pytest.mark.list_hosts("debian12")
def test_a_package_with_other_parts(list_host, run_here, package, assert_lists_work):
    """Nobody has changed them, and dpkg does not ask."""
    assert package.install(4)
    list_host.check_output("DEBIAN_FRONTEND=noninteractive dpkg-reconfigure exim4-config 2>&1")
    assert_lists_work()
    assert (package.version(), run_here("verify.yml"), run_here()) == (4, (0, ""), (0, ""))
    package.is_the_administrators()
