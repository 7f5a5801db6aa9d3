# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module catches the faults that are planted for it into a real Exim: in check mode, in which it does the same."""

import pytest
from helpers import BOUNCES, LIVE, POST, REFUSED, WRAPPER

# What is sound, and what it becomes.
SUFFIX = "{${substr_1:$local_part_suffix}}}}}}}' \\\n            "
TAINTED = (SUFFIX + "$local_part_data", SUFFIX + "$local_part")
WRONG_SUFFIX = ("{^-bounces} {bounces}", "{^-bounces} {owner}")
INERT_ACL = ("condition = ${if exists{MM_LISTCHK}}", "condition = ${if exists{MM_LISTS/${lc::$local_part}/config.pck}}")
UNKNOWN_TRANSPORT = ("transport = mailman_transport", "transport = mailman_transprot")


@pytest.mark.parametrize("mode", [[], ["--check"]], ids=["run", "check"])
def test_the_live_configuration_is_sound(call, by_site, mode):
    for module, arguments in (
        ("exim_address_test", {"tests": [POST], "verify": True}),
        ("exim_smtp_test", {"dialogues": [REFUSED]}),
        ("exim_delivery_test", {"tests": [BOUNCES]}),
    ):
        result = call(by_site, module, *mode, **arguments)
        assert (result.get("failed"), result["changed"], result["failures"]) == (None, False, [])


def test_a_tainted_argument(call, by_site, plant):
    config = plant(*TAINTED)
    # What makes this fault hard to see.
    assert not call(by_site, "exim_address_test", "--check", config=config, tests=[POST]).get("failed")
    result = call(by_site, "exim_delivery_test", "--check", config=config, tests=[BOUNCES])
    assert result["failures"] == [
        BOUNCES["address"] + ": expected delivered, found failed: Tainted arg 2 for mailman_transport transport command: 'testlist'"
    ]


def test_a_wrong_suffix(call, by_site, plant):
    config = plant(*WRONG_SUFFIX)
    assert not call(by_site, "exim_address_test", "--check", config=config, tests=[POST]).get("failed")
    result = call(by_site, "exim_delivery_test", "--check", config=config, tests=[BOUNCES])
    assert result["failures"] == ["%s: expected command %s bounces testlist, found %s owner testlist" % (BOUNCES["address"], WRAPPER, WRAPPER)]


def test_an_inert_acl(call, by_site, plant):
    result = call(by_site, "exim_smtp_test", "--check", config=plant(*INERT_ACL), dialogues=[REFUSED])
    assert result["failures"] == [
        "dialogues[0] (client 192.0.2.1): RCPT TO:<testlist@list.example.com>: expected 550 with text '^Recipient never', found 250 Accepted"
    ]


def test_an_unknown_transport(call, by_site, plant):
    result = call(by_site, "exim_address_test", "--check", config=plant(*UNKNOWN_TRANSPORT), tests=[POST])
    assert len(result["failures"]) == 1
    assert 'found deferred: transport "mailman_transprot" not found in mailman_router router' in result["failures"][0]


def test_a_closed_lists_directory(call, by_site, closed_lists):
    # root, as whom exim -bt works, can read everything.
    assert not call(by_site, "exim_address_test", "--check", tests=[POST]).get("failed")
    denied = "failed to open /var/lib/mailman/lists for directory search: Permission denied"
    result = call(by_site, "exim_address_test", "--check", tests=[POST], verify=True)
    assert result["msg"].startswith("exim -bv stopped at address 1 of 1, testlist@list.example.com (exit status 1): " + denied)
    result = call(by_site, "exim_smtp_test", "--check", dialogues=[dict(REFUSED, sender="anna@example.net")])
    assert "found no reply, Exim has ended: " + denied in result["failures"][0]


def test_an_expectation_that_can_never_match(call, by_site):
    result = call(by_site, "exim_address_test", tests=[dict(POST, router="mailman_ruoter")])
    assert result["failures"][0].startswith("Exim's configuration has no router mailman_ruoter. It has: ")


def test_a_delivery_test_leaves_nothing_behind(call, by_site):
    look = "find /var/spool/exim4 /var/log/exim4 /var/lib/mailman/qfiles -type f | sort | xargs --no-run-if-empty md5sum"
    before = by_site.check_output(look)
    # The second would bounce.
    tests = [BOUNCES, {"address": "no-such-list@list.example.com", "sender": "anna@example.net", "outcome": "failed"}]
    result = call(by_site, "exim_delivery_test", tests=tests)
    assert result["failures"] == []
    assert by_site.check_output(look) == before
    assert by_site.check_output("exim4 -bpc") == "0"


def test_exim_as_data(call, by_site):
    info = call(by_site, "exim_info", options=["smtp_accept_queue_per_connection"])
    names = [router["name"] for router in info["routers"]]
    assert names.index("mailman_router") < names.index("mailman_suffix_name_router")
    assert (info["config"], info["version"], info["user"]) == (LIVE, "4.96", "Debian-exim")
    assert info["lists"]["domain"]["mm_domains"] == "list.example.com"
    assert info["options"] == {"smtp_accept_queue_per_connection": "30"}


@pytest.fixture
def live(by_site):
    """The live configuration, and what must stay as it is while it is not replaced."""
    look = "md5sum %s; stat -c %%i %s; systemctl show --property=MainPID exim4; ls -A /etc/exim4; exim4 -bpc" % (LIVE, LIVE)
    before = by_site.check_output(look)
    yield by_site.file(LIVE).content_string
    assert by_site.check_output(look) == before


@pytest.mark.parametrize("sound, faulty, failure", [
    ("begin acl", "begin acll", "Exim does not accept it: "),
    (*UNKNOWN_TRANSPORT, "router mailman_router: there is no transport mailman_transprot."),
    (*INERT_ACL, "smtp_tests[0] (client 192.0.2.1): RCPT TO:<testlist@list.example.com>: expected 550"),
    (*TAINTED, BOUNCES["address"] + ": expected delivered, found failed: Tainted arg 2"),
    (*WRONG_SUFFIX, BOUNCES["address"] + ": expected command"),
])
def test_a_faulty_configuration_does_not_go_live(call, by_site, live, sound, faulty, failure):
    assert sound in live
    result = call(
        by_site, "exim_config", path=LIVE, content=live.replace(sound, faulty), address_tests=[POST], smtp_tests=[REFUSED], delivery_tests=[BOUNCES],
        group="Debian-exim", service="exim4",
    )
    assert result["failed"] is True
    assert result["failures"][0].startswith(failure)


def test_a_sound_configuration_in_check_mode(call, by_site, live):
    result = call(
        by_site, "exim_config", "--check", "--diff", path=LIVE, content=live + "\n# A comment.\n", address_tests=[POST], smtp_tests=[REFUSED],
        delivery_tests=[BOUNCES], group="Debian-exim", service="exim4",
    )
    assert (result["changed"], result["proven"]) == (True, True)
    assert result["diff"][0]["after"].endswith("# A comment.\n")


def test_a_sound_configuration_goes_live_and_a_deaf_one_does_not(call, by_site):
    """The daemon runs with the new one. One whose daemon cannot listen is taken back, and Exim serves as before."""
    before = by_site.file(LIVE).content_string
    arguments = {"path": LIVE, "group": "Debian-exim", "service": "exim4", "backups": 1, "address_tests": [POST], "smtp_tests": [REFUSED]}
    try:
        result = call(by_site, "exim_config", content=before + "\n# A comment.\n", **arguments)
        assert (result["changed"], result["proven"]) == (True, True)
        assert by_site.file(result["backup"]).content_string == before
        assert by_site.socket("tcp://127.0.0.1:25").is_listening
        deaf = "local_interfaces = 198.51.100.25\n" + before.replace("local_interfaces", "# local_interfaces")
        result = call(by_site, "exim_config", content=deaf, **arguments)
        assert result["failed"] is True
        assert "the service exim4 does not start with the new configuration: it does not listen" in result["msg"]
        assert result["msg"].endswith("The previous files were brought back, and it runs with them.")
        assert by_site.file(LIVE).content_string == before + "\n# A comment.\n"
        assert by_site.socket("tcp://127.0.0.1:25").is_listening
    finally:
        result = call(by_site, "exim_config", content=before, **dict(arguments, backups=0))
        by_site.run("rm -f /etc/exim4/exim4.conf.*~")
    assert result["changed"] is True
