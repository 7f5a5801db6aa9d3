# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of site.yml with another inventory, and what Mailman and Exim make of it."""

import copy
import pathlib

import pytest
import yaml
from in_mailman import in_mailman
from running import run_playbook

SCENARIO = pathlib.Path(__file__).parents[1]
FILE = "/etc/listhost/domains"
LISTS = yaml.safe_load((SCENARIO / "inventory.yml").read_text())["all"]["children"]["list_hosts"]["vars"]["mailman_lists"]


def lists_with(name, **changes):
    """The lists of the inventory, one of them otherwise."""
    return [dict(one, **changes) if one["name"] == name else one for one in copy.deepcopy(LISTS)]


def run(*options, **variables):
    return run_playbook(SCENARIO, *options, **variables)


@pytest.fixture(scope="module")
def host(ground):
    return ground.list_hosts[0]


@pytest.fixture(scope="module")
def domains(host):
    """Return a function that tells what the file says."""
    return lambda: dict(line.split(": ") for line in host.check_output("cat " + FILE).splitlines())


@pytest.fixture(scope="module")
def answers(host):
    """Return a function that tells in which of the domains a local part is Mailman's, for Exim as it delivers and as it receives."""

    look = (
        "for domain in lists.example.com lists.test other.test; do"
        " exim -bt %(name)s@$domain | grep -q 'transport = mailman_transport' && echo routed $domain;"
        " runuser -u Debian-exim -- exim -bv %(name)s@$domain >&2 && echo verified $domain; done; true"
    )

    def answers(local_part):
        found = host.check_output(look % {"name": local_part}).split()
        routed, verified = ([domain for kind, domain in zip(found[::2], found[1::2]) if kind == how] for how in ("routed", "verified"))
        assert routed == verified
        return routed

    return answers


@pytest.fixture(scope="module")
def mailman(host):
    return in_mailman(host)


@pytest.fixture(scope="module")
def place(mailman):
    """Return a function that tells mail domain and web host of a list, as Mailman knows them."""
    return lambda name: mailman("m = MailList(%r, lock=0)\nprint json.dumps([m.host_name, m.web_page_url.split('/')[2]])" % name)
