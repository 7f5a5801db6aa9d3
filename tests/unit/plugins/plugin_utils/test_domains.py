# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which virtual domains the roles need not set up: those for which nothing at all differs."""

import copy

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_settings import sum_of
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._domains import LIMIT, Domains, machines, of_the_play
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._wanted import InDoubt
from ansible_collections.listhost.exim_mailman.tests.unit.plugins.plugin_utils.as_found import (
    FACTS,
    KEYS,
    HostVars,
    configuration_of,
    mailman_of,
    web_of,
)

SAID = {
    "ansible_host": "machine.example.com", "ansible_check_mode": False, "inventory_dir": "/inventories/first",
    "mailman_separate_home": "/virtual", "mailman_web": False, "mailman_email_host": "{{ inventory_hostname }}",
    "mailman_url_host": "www.{{ inventory_hostname }}",
    "mailman_archive": "/srv/mailman.tgz", "mailman_archive_checksum": "sha256:" + "a" * 64,
    "mailman_site_owner": "anna@example.org", "mailman_site_password": "not for others",
    "mailman_lists": [{"name": "announce", "owners": ["owner@example.org"], "members": ["dora@example.org"]}],
}
TRANSPORTS = [{"name": "mailman_verp_smtp", "options": {"dkim_domain": "${extract{x}{ xlists.example.org=lists.example.org }{$value}{}}"}}]
EXIM = {"options": {LIMIT: "30"}, "transports": TRANSPORTS}
WEB = {"without web": {}, "with web": {"mailman_web": True}, "with one-click": {"mailman_web": True, "mailman_web_one_click": True}}


def hosts(**said):
    """Return the variables of two domains, the first with more of its own."""
    return HostVars({"lists.example.org": dict(SAID, **said), "lists.example.net": dict(SAID)})


class Asked(Domains):
    """Domains with what a look finds of each that is as the roles would make it. What takes most of the time is done once for all tests."""

    def __init__(self, hostvars):
        super().__init__(DataLoader(), list(hostvars), hostvars, FACTS)
        self.asked = {host: self.start(host) for host in hostvars}
        self.requests = [self.asked[host].request() for host in hostvars]
        self.start = self.once_more

    def once_more(self, host):
        """Return a domain as it is after it was asked."""
        domain = copy.copy(self.asked[host])
        domain.variables = dict(domain.variables)
        domain.request = lambda: {"name": host}
        return domain


def ask(hostvars):
    domains = Asked(hostvars)
    return domains, {host: as_it_should_be(domain) for host, domain in domains.asked.items()}


def unchanged(domains, looked, exim):
    """Return for which of them the roles would change nothing, where a look finds this."""
    return domains.unchanged(lambda requests: (looked, exim), lambda *dummy: None)


def as_it_should_be(domain):
    """Return what a look finds at a domain that is as the roles would make it."""
    prefix = "/virtual/%s/mailman" % domain.domain
    info, domain = mailman_of(domain, prefix)
    said, files, links = web_of(domain, domain.domain)
    info["configuration"] = configuration_of(domain, prefix, files)
    return {"mailman": info, "links": links, "said": said, "routed": True, "one_click_keys": KEYS}


# Two domains, the first without and with web pages and one-click unsubscription, and what a look finds of both. Made here: each test is a process of its own,
# and would make its own.
USUAL = {web: ask(hosts(**said)) for web, said in WEB.items()}


def copy_of(web):
    """Return them as a test may change them."""
    usual, looked = USUAL[web]
    domains = copy.copy(usual)
    domains.doubts = {}
    return domains, copy.deepcopy(looked)


@pytest.fixture(params=WEB)
def found(request):
    return copy_of(request.param)


@pytest.fixture
def found_of_web():
    return copy_of("with web")


@pytest.fixture
def found_of_one_click():
    return copy_of("with one-click")


def test_nothing_is_in_doubt():
    assert not any(domains.doubts for domains, looked in USUAL.values())


def test_what_is_asked():
    first, second = USUAL["with web"][0].requests
    assert first["name"] == "lists.example.org" and first["mailman"]["prefix"] == "/virtual/lists.example.org/mailman"
    assert first["mailman"]["service"] == "mailman@lists.example.org" and first["mailman"]["frozen_file"] == "/virtual/frozen"
    assert [one["name"] for one in first["mailman"]["compare_lists"]["lists"]] == ["mailman", "announce"]
    assert first["mailman"]["compare_lists"]["site_password"] == "not for others"
    assert "mailman-request@lists.example.org" in first["addresses"]
    look = first["commands"]["mailman_web"]
    assert look[:2] == ["sh", "-c"] and look[3] == "look"
    assert look[-4:-2] == ["/etc/apache2/sites-available/listhost_lists.example.org.conf", "/etc/apache2/sites-available/listhost.conf"]
    assert first["links"] == ["/etc/apache2/sites-enabled/listhost_lists.example.org.conf"]
    assert set(look[-4:-2]).intersection(first["mailman"]["compare_files"]) == {look[-4]}
    assert (second["commands"], second["links"]) == ({}, [])
    assert "one_click_keys" not in first


def test_what_is_asked_about_one_click():
    first, second = USUAL["with one-click"][0].requests
    assert first["one_click_keys"]["directory"] == "/etc/listhost/one_click_lists.example.org" and first["one_click_keys"]["group"] == "list"
    assert first["one_click_keys"]["mail_path"] == "/virtual/one_click/lists.example.org"
    assert first["one_click_keys"]["mail_values"] == {"host": "www.lists.example.org", "exceptions": ""}
    unit = "/etc/systemd/system/listhost-one-click-lists.example.org"
    assert {unit + ".socket", unit + "@.service", "/etc/listhost/one_click_lists.example.org/one_click.py"} < set(first["mailman"]["compare_files"])


def test_nothing_differs(found):
    domains, looked = found
    assert unchanged(domains, looked, EXIM) == ["lists.example.org", "lists.example.net"]
    assert not domains.doubts


def mailman(**values):
    return lambda found: found["mailman"].update(values)


def configuration(**values):
    return lambda found: found["mailman"]["configuration"].update(values)


DIFFERENCES = {
    "no Mailman": mailman(installed=False),
    "another build": mailman(stamp={"archive_checksum": "sha256:b"}),
    "no Python": mailman(python_available=False),
    "somebody else can write it": mailman(untrusted=True, foreign=["/x"], mm_cfg_error="others"),
    "mm_cfg.py is broken": mailman(mm_cfg_error="SyntaxError"),
    "mail waits": lambda found: mailman(frozen={found["mailman"]["prefix"].split("/")[2]: "leaving"})(found),
    "mail waited in an earlier release": mailman(frozen_formerly=True),
    "a list": mailman(lists_differ=True),
    "nobody knows of the lists": mailman(lists_differ=None),
    "no queue runners": mailman(service_running=False),
    "the host's name": mailman(host_name_fault="x: not found"),
    "a setting": configuration(sum=sum_of("")),
    "not settled": configuration(settled=False),
    "the queue runner": configuration(runner=None),
    "no configuration": mailman(configuration=None),
    "Exim does not route": lambda found: found.update(routed=False),
    "an answer without anything": lambda found: found.update(mailman={}),
}


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_one_difference_is_of_one_domain(found_of_one_click, difference):
    domains, looked = found_of_one_click
    DIFFERENCES[difference](looked["lists.example.org"])
    assert unchanged(domains, looked, EXIM) == ["lists.example.net"]
    assert list(domains.doubts) == ["lists.example.org"]


def test_each_file_counts(found_of_one_click):
    domains, looked = found_of_one_click
    found = looked["lists.example.org"]
    files = found["mailman"]["configuration"]["files"]
    assert len(files) >= 9
    for file in files.values():
        right = file["sum"]
        file["sum"] = sum_of("by hand")
        with pytest.raises(InDoubt):
            domains.start("lists.example.org").compare(found, EXIM)
        file["sum"] = right
    domains.start("lists.example.org").compare(found, EXIM)


def another_answer(domains, looked, old, new):
    said = looked["lists.example.org"]["said"]
    assert old in said["mailman_web"]
    said["mailman_web"] = said["mailman_web"].replace(old, new)
    assert unchanged(domains, looked, EXIM) == ["lists.example.net"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("shared=yes", ""), ("pair=same", "pair=different"), ("service=active,enabled", "service=active,enabled\nunread=/etc/apache2/x.conf"),
     ("expires=1900000000", "expires=1700086400"), ("DNS:www.lists.example.org", "DNS:other.example.org"), ('name="www-data"', 'name="other"'),
     ("program=yes", "program=yes\none_click=active,enabled")],
)
def test_each_answer_of_the_web_server_counts(found_of_web, old, new):
    another_answer(*found_of_web, old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [("one_click=active,enabled", ""), ("one_click=active,enabled", "one_click=inactive,enabled"), ("one_click=active,enabled", "one_click=active,disabled"),
     ("one_click_group=Debian-exim", "")],
)
def test_each_answer_about_one_click_counts(found_of_one_click, old, new):
    another_answer(*found_of_one_click, old, new)


@pytest.mark.parametrize("keys", [None, dict(KEYS, changed=True, pending=True)])
def test_the_keys_for_one_click_count(found_of_one_click, keys):
    domains, looked = found_of_one_click
    looked["lists.example.org"]["one_click_keys"] = keys
    assert unchanged(domains, looked, EXIM) == ["lists.example.net"]


@pytest.mark.parametrize("differs", [{"group": "other"}, {"mail_groups": ["other"]}])
def test_mailman_has_another_group_than_the_look_asked_about(found_of_one_click, differs):
    domains, looked = found_of_one_click
    looked["lists.example.org"]["mailman"].update(differs)
    assert unchanged(domains, looked, EXIM) == ["lists.example.net"]


@pytest.mark.parametrize("part", [0, 1], ids=["look", "keys"])
def test_the_roles_would_ask_for_something_else(found_of_one_click, part):
    """What was found answers another question."""
    domains, looked = found_of_one_click
    domain = domains.start("lists.example.org")
    domain.asked = {"mailman_web": tuple(None if number == part else one for number, one in enumerate(domain.asked["mailman_web"]))}
    with pytest.raises(InDoubt, match="would look at something else"):
        domain.compare(looked["lists.example.org"], EXIM)


def test_the_link_of_the_web_server_counts(found_of_web):
    domains, looked = found_of_web
    looked["lists.example.org"]["links"] = {}
    assert unchanged(domains, looked, EXIM) == ["lists.example.net"]


@pytest.mark.parametrize("exim", [{}, dict(EXIM, options={}), dict(EXIM, options={LIMIT: "10"})])
def test_what_exim_takes_from_one_connection(found_of_one_click, exim):
    domains, looked = found_of_one_click
    assert unchanged(domains, looked, exim) == []


def test_what_exim_signs(found_of_one_click):
    domains, looked = found_of_one_click
    unsigned = dict(EXIM, transports=[dict(TRANSPORTS[0], options={"dkim_domain": "${extract{x}{ xlists.example.net=lists.example.net }{$value}{}}"})])
    assert unchanged(domains, looked, unsigned) == ["lists.example.net"]


def test_what_could_not_be_looked_at(found_of_one_click):
    domains, looked = found_of_one_click
    del looked["lists.example.org"]
    assert unchanged(domains, looked, EXIM) == ["lists.example.net"]


@pytest.mark.parametrize(
    "said",
    [
        {"mailman_smtp_max_rcpts": "many"},
        {"mailman_lists": "{{ nothing }}"},
        {"mailman_lists": [{"name": "a"}, {"name": "a"}]},
        {"mailman_url_host": "{{ nothing }}"},
        {"mailman_lists_dir": "/nowhere/at/all"},
        {"mailman_install_method": "package"},
        {"mailman_separate_home": ""},
        {"mailman_unknown": 1},
        # Somebody's own, on the command line: the roles' would win here.
        {"__mailman_selinux_contexts": []},
        {"mailman_web": True, "listhost_dns_mta_sts": "testing"},
    ],
)
def test_what_the_roles_are_to_see_themselves(said):
    hostvars, asked = hosts(**said), []
    domains = Domains(DataLoader(), list(hostvars), hostvars, FACTS)

    def look(requests):
        asked.extend(requests)
        return {}, {}

    assert domains.unchanged(look, lambda *dummy: None) == []
    assert [request["name"] for request in asked] == ["lists.example.net"]
    assert domains.doubts.pop("lists.example.net") == "it could not be looked at"
    assert list(domains.doubts) == ["lists.example.org"]
    assert "not for others" not in domains.doubts["lists.example.org"]


def test_secret_settings_are_compared_by_the_module():
    """No look tells anything of them."""
    domains, looked = ask(hosts(mailman_settings={"RECAPTCHA_PRIVATE_KEY": "secret"}))
    assert unchanged(domains, looked, EXIM) == ["lists.example.net"]


def test_what_a_host_says_is_no_template():
    domains, looked = copy_of("without web")
    domain = domains.start("lists.example.org")
    domain.request()
    looked["lists.example.org"]["mailman"]["version"] = "{{ mailman_site_password }}"
    domain.compare(looked["lists.example.org"], EXIM)
    assert domain.value("mailman_installation")["version"] == "{{ mailman_site_password }}"


def test_machines():
    hostvars = HostVars({
        "a": {"ansible_host": "one.example.com"}, "b": {"ansible_host": "{{ 'one' }}.example.com"}, "c": {}, "d": {"ansible_host": "one.example.com"},
        "e": {"ansible_host": "one.example.com", "ansible_user": "anna"}, "f": {"ansible_host": "{{ nothing }}"}, "g": {"ansible_host": "c"},
        "h": {"ansible_host": "one.example.com", "ansible_user": "{{ 'anna' }}"},
    })
    assert machines(Templar(DataLoader()), list(hostvars), hostvars) == {
        "a": "a", "b": "a", "c": "c", "d": "a", "e": "e", "f": "f", "g": "g", "h": "e",
    }


def test_what_the_play_sets():
    said = {"mailman_web": True, "mailman_lists": [{"name": "a"}], "other": 1}
    assert of_the_play(dict(said, ansible_facts={}, more=1), said) == []
    assert of_the_play(dict(said, mailman_web=False), said) == ["mailman_web"]
    assert of_the_play(dict(said, exim_postmaster="x"), said) == ["exim_postmaster"]
