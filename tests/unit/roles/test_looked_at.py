# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run does to a list host is known to the look that may end it. Who adds a task adds to plugin_utils/_list_host.py what it changes and names it here."""

import os

import pytest
import yaml
from ansible_collections.listhost.exim_mailman.tests.unit.roles.conftest import ROLES, read_role

ACCOUNTED_FOR = {
    ("certificate", "look"): [
        "Load the platform's values", "Collect the state of the certificate and of certbot", "Check that an authority could ask this host",
        "Set the fact with the places of the certificate",
    ],
    ("certificate", "prepare"): ["Prepare the host for the certificate"],
    ("certificate", "apply"): ["Ensure that the certificate is the authority's"],
    ("exim", "look"): [
        "Load the platform's values",
        "Collect the state of Exim, its service and its ports",
        "Ask Exim what a configuration has that would be replaced",
        "Check that no other mail server has Exim's ports, that no configuration is replaced unasked, and which known faults Exim has",
        "Check the files and keys that the inventory names",
    ],
    ("exim", "look_at_files"): [
        "Collect the state of the files that the inventory names", "Check that the files exist and have the right form", "Check the DKIM keys that exist",
    ],
    ("exim", "apply"): [
        "Prepare the host for Exim's configuration",
        "Configure Exim",
        "Remove the self-signed certificate that Exim no longer uses",
        "Add the blocks to the configuration that the host has",
        "Set how often Exim runs its queue",
        "Start Exim and enable it at boot",
    ],
    ("exim", "configure"): ["Test and install Exim's configuration and aliases, and reload Exim when they changed"],
    ("exim", "service"): ["Start Exim and enable it at boot"],
    ("exim_lists", "apply"): ["Show the domains whose mail waits", "Set the fact with the blocks for role exim"],
    ("mailman", "look"): ["Check the Mailman on the host", "Check what is to be installed"],
    ("mailman", "discover"): [
        "Collect the state of the Mailman on the host", "Check that the role can work with the Mailman on the host", "Set the fact mailman_installation",
    ],
    ("mailman", "apply"): ["Prepare the host for Mailman's configuration", "Configure Mailman, create the lists and start the queue runners"],
    ("mailman", "configure"): ["Create the directory of the unit's drop-in", "Install Mailman's settings, unit, cron jobs and log rotation"],
    ("mailman", "lists"): ["Create and update the site list and the inventory's lists"],
    ("mailman", "service"): ["Start the queue runners with the present settings and enable them at boot"],
    ("mailman_backup", "look"): ["Load the platform's values", "Check the password and the repository, and what is installed"],
    ("mailman_backup", "install"): ["Install the backup's program, settings and units"],
    ("mailman_backup", "apply"): ["Set up the backup"],
    ("mailman_web", "look"): [
        "Load the platform's values",
        "Collect the state of Apache, its ports and the certificate",
        "Look for the files of an Apache that the role has set up",
        "Check that the web server can serve Mailman's pages",
        "Check the keys for one-click unsubscription",
        "Set the facts with Mailman's settings for the web and with the web server",
    ],
    ("mailman_web", "keys"): ["Create the keys for one-click unsubscription", "Create the directory of the domains' keys for the mail server"],
    ("mailman_web", "apply"): [
        "Prepare the host for Apache's configuration",
        "Create the directory of the domain's keys",
        "Configure Apache",
        "Create the files for a web server of the administrator's",
        "Start the answers to one-click unsubscription",
        "Create the domain's keys for one-click unsubscription",
        "Remove the answers to one-click unsubscription",
        "Remove the directory of the domains' keys",
    ],
    ("mailman_web", "configure"): [
        "Test and install the virtual hosts, and have Apache read them", "Start Apache and enable it at boot",
        "Start fail2ban with the present jails and enable it at boot",
    ],
}
PLAY = [
    "Check the values of all variables",
    "Look at the whole host",
    "Set the fact mailman_installation",
    "End the play for a host that is as it should be",
    "Collect the policies of MTA-STS",
    "Check the host for Exim",
    "Check the Mailman on the host",
    "Check the configuration of Exim that the lists are to be added to",
    "Check the host for its certificate",
    "Check the host for Apache",
    "Check the host for the backup",
    "Set up Mailman",
    "Prepare the certificate",
    "Create the keys for one-click unsubscription",
    "Set the fact with Exim's blocks for the lists",
    "Set up Exim",
    "Set up the web interface",
    "Set up the backup",
    "Ensure that the certificate is the authority's",
]


@pytest.mark.parametrize(("role", "tasks"), ACCOUNTED_FOR)
def test_tasks_of_a_role(role, tasks):
    assert [task["name"] for task in yaml.safe_load(read_role(role, "tasks", tasks + ".yml"))] == ACCOUNTED_FOR[role, tasks]


def test_tasks_of_the_play():
    with open(os.path.join(ROLES, "..", "playbooks", "site.yml"), encoding="utf-8") as stream:
        plays = yaml.safe_load(stream)
    assert [task["name"] for play in plays if play["name"] == "Set up list hosts" for task in play["tasks"]] == PLAY
