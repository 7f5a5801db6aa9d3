# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What variables do to Exim's configuration that no scenario sets. What they do to mail is in molecule/."""

import re

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._known import FOR_ROLES
from ansible_collections.listhost.exim_mailman.tests.unit.roles.conftest import read_role, trusted

GIVEN = {
    "ansible_managed": "managed",
    "ansible_facts": {"fqdn": "lists.example.com", "distribution_major_version": "12"},
    "groups": {},
    "exim_postmaster": "admin@example.org",
    "exim_lists_domains": ["list.example.com"],
    "mailman_separate_home": "",
    "mailman_verp": "exim",
    "__exim_lists_domains_file": "",
    "__exim_lists_known": FOR_ROLES,
}


def render(role, template, **variables):
    """Return a template's text with the defaults of the roles, and the given variables."""
    values = {}
    for path in (("exim", "defaults", "main.yml"), ("exim", "vars", "main.yml"), ("exim", "vars", "Debian.yml"), ("exim_lists", "defaults", "main.yml")):
        values.update(trusted(yaml.safe_load(read_role(*path))))
    values.update(GIVEN, **variables)
    # As the lookup of templates does.
    return Templar(DataLoader(), variables=values).template(trusted(read_role(role, "templates", template)), escape_backslashes=False)


def options(text, name):
    return [value.strip() for value in re.findall("(?m)^ *%s *=(.*)$" % name, text)]


@pytest.mark.parametrize("variables, wanted", [
    ({}, {"chunking_advertise_hosts": [""], "smtp_accept_max": ["200"], "smtp_accept_reserve": ["50"], "smtp_connect_backlog": []}),
    (
        {"exim_offer_chunking": True, "exim_relay_from_hosts": ["192.0.2.1"]},
        {"chunking_advertise_hosts": ["*"], "smtp_accept_max": ["1000"], "smtp_accept_reserve": ["800"], "smtp_connect_backlog": ["1024"]},
    ),
    ({"exim_smtp_accept_max_per_host": 0, "exim_smtp_accept_max": 7}, {"smtp_accept_max_per_host": [], "smtp_accept_max": ["7"]}),
    ({}, {"self": ["fail"]}),
    ({"exim_smarthost": "relay.example.com"}, {"self": ["defer"]}),
    ({"exim_smarthost": "relay.example.com", "exim_relay_routes": {"list.example.net": ["192.0.2.2"]}}, {"self": ["defer", "defer"]}),
])
def test_options(variables, wanted):
    text = render("exim", "exim.conf.j2", **variables)
    assert dict((name, options(text, name)) for name in wanted) == wanted


def test_half_of_what_strangers_may_have():
    text = render("exim", "exim.conf.j2", exim_smtp_accept_max=21, exim_smtp_accept_reserve=10)
    assert "{>{$smtp_count_at_connection_start}{5}}" in options(text, "smtp_receive_timeout")[0]


@pytest.mark.parametrize("smarthost, answer", [("", "fail"), ("relay.example.com", "defer")])
def test_mail_that_would_come_back_to_this_host_with_verp(smarthost, answer):
    assert options(render("exim_lists", "routers_remote.j2", exim_smarthost=smarthost), "self") == [answer]


@pytest.mark.parametrize("variable, role, template, word", [
    ("exim_recipients_max", "exim", "exim.conf.j2", "rcpt_count"),
    ("exim_auth_failures_per_hour", "exim", "exim.conf.j2", "ratelimit|acl_smtp_auth|acl_wrong_password"),
    ("exim_lists_subscriptions_per_hour", "exim_lists", "acl_rcpt_local.j2", "ratelimit|acl_m_answers"),
    ("exim_lists_subscriptions_per_hour", "exim_lists", "acl_data.j2", "ratelimit|acl_m_answers"),
])
def test_no_limit_is_none(variable, role, template, word):
    values = {"exim_auth_file": "/etc/exim4/passwords", "exim_tls_certificate": "/c", "exim_tls_privatekey": "/k"}
    assert re.search(word, render(role, template, **values))
    assert not re.search(word, render(role, template, **dict(values, **{variable: 0})))


def test_suffixes_of_a_list():
    """What the role says with its own words is what Python knows."""
    assert options(render("exim_lists", "routers_local.j2"), "local_part_suffix") == [
        "-admin : -bounces : -bounces+* : -confirm : -confirm+* : -join : -leave : -owner : -request : -subscribe : -unsubscribe"
    ]
    local_parts = options(render("exim_lists", "acl_rcpt_local.j2"), "local_parts")
    for words in ("admin|join|leave|owner|request|subscribe|unsubscribe", "join|leave|request|subscribe|unsubscribe",
                  r"confirm(\+.*)?|join|leave|request|subscribe|unsubscribe"):
        assert r"\N^.*-(%s)$\N" % words in local_parts


@pytest.mark.parametrize("verp, sent", [("exim", ["remote_smtp", "smarthost_smtp", "mailman_verp_smtp"]), ("mailman", ["remote_smtp", "smarthost_smtp"])])
def test_what_leaves_is_signed_and_goes_to_the_smarthost_alone(verp, sent):
    given = dict(exim_dkim_domains=["list.example.com"], exim_dkim_selector="lists", exim_smarthost="relay.example.com", exim_smarthost_user="anna",
                 exim_smarthost_password_file="/etc/exim4/password", exim_smarthost_port=465, mailman_verp=verp)
    [task] = [task for task in yaml.safe_load(read_role("exim_lists", "tasks", "apply.yml")) if "ansible.builtin.set_fact" in task]
    blocks = task["ansible.builtin.set_fact"]["exim_lists_contribution"]["blocks"]
    [leads_to] = [block["leads_to"] for block in blocks if block["slot"] == "transports"]
    block = dict(slot="transports", name="lists", content=render("exim_lists", "transports.j2", **given).strip("\n"),
                 leads_to=Templar(DataLoader(), variables=dict(GIVEN, **given)).template(trusted(leads_to)))
    text = render("exim", "exim.conf.j2", exim_contribution={"blocks": [block]}, **given)
    transports = dict(re.findall(r"(?m)^(\w+):\n((?:  .*\n)+)", text[text.index("begin transports"):text.index("begin retry")]))
    signed = [name for name, options in transports.items() if "  dkim_sign_headers = DKIM_SIGN_HEADERS\n" in options]
    assert sorted(signed) == sorted(sent)
    confined = [name for name, options in transports.items() if "  protocol = smtps\n" in options and "  tls_verify_hosts = *\n" in options]
    assert sorted(confined) == sorted(name for name in sent if name != "remote_smtp")
    assert re.findall("(?m)^SMARTHOST_ROUTE = (.*)", text) == ["* relay.example.com::465"]
    assert options(text, "route_list") == ["SMARTHOST_ROUTE"]
