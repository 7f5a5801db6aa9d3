# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Exim routes an address: exim -bt."""

import pytest
from helpers import SUFFIXES


@pytest.mark.parametrize(
    "local_part",
    ["testlist", "testlist-request", "testlist-bounces", "testlist-bounces+luser=example.com"],
)
def test_the_howtos_addresses_to_the_letter(list_host, local_part):
    answer = list_host.run("exim -bt %s@list.example.com", local_part)
    assert answer.stdout == local_part + "@list.example.com\n  router = mailman_router, transport = mailman_transport\n"
    assert answer.rc == 0


def test_every_suffix(exim):
    addresses = ["testlist%s@list.example.com" % suffix for suffix in SUFFIXES]
    assert exim.routes(*addresses) == "".join(address + "\n  router = mailman_router, transport = mailman_transport\n" for address in addresses)


@pytest.mark.parametrize("address", ["TestList@list.example.com", "TESTLIST-Request@LIST.Example.Com", "testlist-Bounces+Luser=Example.COM@list.example.com"])
def test_mixed_case(exim, address):
    assert exim.routes(address).splitlines()[1:] == ["  router = mailman_router, transport = mailman_transport"]


@pytest.mark.parametrize("local_part", ["nolist", "nolist-request", "nolist-bounces+luser=example.com", "testlist-nosuffix", "testlist+luser"])
def test_unknown_list(list_host, local_part):
    answer = list_host.run("exim -bt %s@list.example.com", local_part)
    assert answer.stdout.startswith(local_part + "@list.example.com is undeliverable: ")
    assert answer.rc == 2


def test_lists_of_the_list_domain_only(exim, list_host):
    address = "testlist@" + list_host.fqdn
    assert exim.routes(address).startswith(address + " is undeliverable: ")


def test_list_whose_name_ends_in_a_suffix(exim):
    assert exim.routes("my-admin@list.example.com") == ("my-admin@list.example.com\n  router = mailman_suffix_name_router, transport = mailman_transport\n")
    addresses = ["my-admin%s@list.example.com" % suffix for suffix in SUFFIXES]
    assert exim.routes(*addresses) == "".join(address + "\n  router = mailman_router, transport = mailman_transport\n" for address in addresses)


def test_mailman_loop(exim):
    assert exim.routes("mailman-loop@list.example.com") == (
        "mailman-loop@list.example.com\n  router = mailman_loop_router, transport = mailman_loop_transport\n"
    )


@pytest.mark.parametrize("loopback", ["127.0.0.1", "::1"])
def test_list_mail_takes_the_verp_router(exim, loopback):
    routes = exim.routes("member1@example.org", options="-f testlist-bounces@list.example.com -oMa " + loopback)
    assert "  router = mailman_verp_router, transport = mailman_verp_smtp\n" in routes


@pytest.mark.parametrize(
    ("recipient", "options"),
    [
        ("member1@example.org", "-f testlist-bounces@list.example.com"),
        ("member1@example.org", "-f testlist-bounces@list.example.com -oMa 192.0.2.1"),
        ("member1@example.org", "-f testlist-bounces+member1=example.org@list.example.com -oMa 127.0.0.1"),
        ("member1@example.org", "-f testlist-owner@list.example.com -oMa 127.0.0.1"),
        ("open@list.example.com", "-f testlist-bounces@list.example.com -oMa 127.0.0.1"),
    ],
    ids=["no client", "a stranger", "VERPed already", "another sender", "to a list"],
)
def test_other_mail_does_not(exim, recipient, options):
    routes = exim.routes(recipient, options=options)
    assert "router = " in routes
    assert "mailman_verp" not in routes


@pytest.mark.parametrize(
    ("alias", "reader"),
    [
        ("postmaster", "postmaster@example.org"),
        ("root", "postmaster@example.org"),
        ("mailman", "mailman-administrator@example.net"),
        ("mailman-admin", "mailman-administrator@example.net"),
    ],
)
def test_aliases_of_both_domains(exim, list_host, alias, reader):
    for domain in ["list.example.com", list_host.fqdn]:
        answer = exim.routes("%s@%s" % (alias, domain)).splitlines()
        assert answer[:2] == [reader, "    <-- %s@%s" % (alias, domain)]
        assert answer[2] == "  router = dnslookup, transport = remote_smtp"


def test_accounts_of_the_system_are_read_by_root(exim, list_host):
    """They have no reader of their own."""
    answer = exim.routes("daemon@" + list_host.fqdn).splitlines()
    assert answer[:3] == ["postmaster@example.org", "    <-- root@" + list_host.fqdn, "    <-- daemon@" + list_host.fqdn]
    assert answer[3] == "  router = dnslookup, transport = remote_smtp"


def test_people_of_the_host_have_mailboxes_in_its_own_domain(exim, list_host):
    list_host.check_output("useradd --no-create-home gustav")
    try:
        assert exim.routes("gustav@" + list_host.fqdn) == "gustav@%s\n  router = local_users, transport = local_delivery\n" % list_host.fqdn
        assert exim.routes("gustav@list.example.com").startswith("gustav@list.example.com is undeliverable: ")
    finally:
        list_host.check_output("userdel gustav")
    assert exim.routes("gustav@" + list_host.fqdn) == "gustav@%s is undeliverable: Unknown user\n" % list_host.fqdn
