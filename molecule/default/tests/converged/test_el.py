# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is on EL alone."""

import pytest


@pytest.fixture(scope="module")
def el8(ground):
    return ground.machines["el8"]


def test_packages(el8):
    """From the repository and the module stream that the inventory allows."""
    assert {el8.package(name).is_installed for name in ["exim", "mailman", "epel-release"]} == {True}
    assert "mailman" in el8.check_output("dnf --quiet module list --enabled mailman")


def test_the_choice_of_the_mail_server_is_made_by_hand(el8):
    """A package of another mail server does not change it."""
    assert el8.file("/etc/alternatives/mta").linked_to == "/usr/sbin/exim"
    assert el8.check_output("head -1 /var/lib/alternatives/mta") == "manual"
    assert el8.package("postfix").is_installed


def test_the_settings_are_behind_those_of_the_package(el8):
    """Compiled by root, as Mailman may not write there."""
    settings = el8.file("/etc/mailman/mm_cfg.py").content_string
    assert settings.index("from Defaults import *") < settings.index("# BEGIN listhost.exim_mailman")
    assert el8.file("/usr/lib/mailman/Mailman/mm_cfg.py").linked_to == "/etc/mailman/mm_cfg.py"
    assert el8.file("/usr/lib/mailman/Mailman/mm_cfg.pyc").user == "root"


def test_the_unit_has_the_cron_jobs_to_write_again(el8):
    jobs = el8.file("/etc/cron.d/mailman").content_string
    assert "MAILTO=mailman-administrator@example.net" in jobs
    assert el8.file("/usr/lib/mailman/cron/crontab.in").content_string == jobs


def test_the_packages_unit_is_confined(el8):
    """It begins as root, and goes on doing what it does as root."""
    shown = el8.check_output("systemctl show --property ProtectSystem,ProtectHome,PrivateTmp,RestrictNamespaces mailman").splitlines()
    assert sorted(shown) == ["PrivateTmp=yes", "ProtectHome=yes", "ProtectSystem=strict", "RestrictNamespaces=yes"]
    inside = "nsenter --target $(systemctl show --property MainPID --value mailman) --mount -- touch "
    assert "Read-only file system" in el8.run(inside + "/usr/lib/mailman/bin/mine").stderr
    assert "Read-only file system" in el8.run(inside + "/etc/mine").stderr


def test_mailmans_group_cannot_replace_the_settings(el8):
    """It can write to their directory, for that is where the package has Mailman's passwords."""
    refused = el8.run("runuser -u mailman -- sh -c 'cd /etc/mailman && touch mine && rm mine && mv mm_cfg.py mine'")
    assert (refused.rc != 0, "not permitted" in refused.stderr) == (True, True)
    assert el8.check_output("stat -c '%U:%G %a' /etc/mailman/mm_cfg.py") == "root:mailman 640"
    # The package's unit makes it anew, of whatever group.
    assert el8.check_output("stat -c '%U %a' /usr/lib/mailman/Mailman/mm_cfg.pyc") == "root 640"
