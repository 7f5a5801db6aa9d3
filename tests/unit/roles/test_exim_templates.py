# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What variables do to Exim's configuration that no scenario sets. What they do to mail is in molecule/."""

import os
import re

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._destinations import destinations
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._known import FOR_ROLES
from ansible_collections.listhost.exim_mailman.tests.unit.roles.conftest import ROLES, read_role, trusted

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
    "__exim_lists_own_names": {},
    "__exim_lists_one_click": {},
    # What role_values and the look have found.
    "__exim_values": {"exim_tls_self_signed": True},
    "__exim_found": {"self_signed": {"files": [], "good": True, "shared": True}},
    "__exim_lists_destinations": [],
    "__exim_lists_paced": [],
}


def render(role, template, **variables):
    """Return a template's text with the defaults of the roles, and the given variables."""
    values = {}
    for path in (("exim", "defaults", "main.yml"), ("exim", "vars", "main.yml"), ("exim", "vars", "Debian.yml"), ("exim_lists", "defaults", "main.yml")):
        values.update(trusted(yaml.safe_load(read_role(*path))))
    values.update(GIVEN, **variables)
    # As the lookup of templates does.
    return Templar(DataLoader(), variables=values).template(trusted(read_role(role, "templates", template)), escape_backslashes=False)


def defaults_and_vars(**variables):
    """Return the role's variables on Debian, with the given ones."""
    values = {}
    for path in (("defaults", "main.yml"), ("vars", "main.yml"), ("vars", "Debian.yml")):
        values.update(trusted(yaml.safe_load(read_role("exim", *path))))
    return dict(values, **dict(GIVEN, **variables))


def options(text, name):
    return [value.strip() for value in re.findall("(?m)^ *%s *=(.*)$" % name, text)]


@pytest.mark.parametrize("variables, wanted", [
    ({}, {"chunking_advertise_hosts": [""], "smtp_accept_max": ["200"], "smtp_accept_reserve": ["50"], "smtp_connect_backlog": []}),
    (
        {"exim_offer_chunking": True, "exim_relay_from_hosts": ["192.0.2.1"]},
        {"chunking_advertise_hosts": ["*"], "smtp_accept_max": ["1000"], "smtp_accept_reserve": ["800"], "smtp_connect_backlog": ["1024"]},
    ),
    ({"exim_smtp_accept_max_per_host": 0, "exim_smtp_accept_max": 7}, {"smtp_accept_max_per_host": [], "smtp_accept_max": ["7"]}),
    ({}, {"self": ["fail"], "dns_dnssec_ok": []}), ({"exim_dane": True}, {"dns_dnssec_ok": ["1"]}),
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


BLOCKS = {"__exim_lists_own_names": {"local_domains": "our_domains", "relay_hosts": "our_hosts"}}


def test_blocks_name_the_lists_of_the_host():
    """In a configuration that somebody else wrote nothing stands around the blocks that says which hosts and domains they are for."""
    texts = dict((name, render("exim_lists", name + ".j2", **BLOCKS)) for name in ("acl_rcpt_local", "routers_local", "routers_remote"))
    assert "our_" not in "".join(render("exim_lists", name + ".j2") for name in texts)
    assert not [name for name, text in texts.items() if "+local_domains" in text or "+relay_from_hosts" in text]
    statements = texts["acl_rcpt_local"].split("\n\n")
    # Limits are for strangers, what is refused is refused from all hosts.
    assert [("! hosts = : +our_hosts" in statement) for statement in statements] == [False, False, False, True, True, True, True]
    assert statements[-1].split("accept\n")[1] == (
        "    domains = ! +our_domains : +mm_domains\n    ! hosts = : +our_hosts\n    endpass\n    verify = recipient\n")
    # A list of domains that ends in a negation would match all others.
    assert options(texts["routers_local"], "domains")[-1] == "! +our_domains : +mm_domains"
    assert texts["routers_local"].rstrip().endswith("data = :fail: Unrouteable address\n  allow_fail")
    assert "domains = ! +our_domains : ! +mm_domains\n" in texts["routers_remote"]


def test_blocks_leave_the_smarthost_to_the_host():
    assert "driver = dnslookup" in render("exim_lists", "routers_remote.j2", exim_smarthost="relay.example.com", **BLOCKS)


def test_aliases_of_blocks_are_for_domains_that_have_only_lists():
    given = {"__exim_alias_domains": ["+mm_domains"], "exim_anchors": {"local_domains": "our_domains"}}
    assert options(render("exim", "blocks_routers_local.j2", **given), "domains") == ["! +our_domains : +mm_domains"]
    # Nothing is a line feed with ansible-core 2.16, and None with newer ones.
    assert not (render("exim", "blocks_routers_local.j2", __exim_alias_domains=[]) or "").strip()


@pytest.mark.parametrize("verp, sent", [("exim", ["remote_smtp", "smarthost_smtp", "mailman_verp_smtp"]), ("mailman", ["remote_smtp", "smarthost_smtp"])])
def test_what_leaves_is_signed_and_goes_to_the_smarthost_alone(verp, sent):
    given = dict(exim_dkim_domains=["list.example.com"], exim_dkim_selector="lists", exim_smarthost="relay.example.com", exim_smarthost_user="anna",
                 exim_smarthost_password_file="/etc/exim4/password", exim_smarthost_port=465, mailman_verp=verp)
    [task] = [task for task in yaml.safe_load(read_role("exim_lists", "tasks", "apply.yml")) if "ansible.builtin.set_fact" in task]
    blocks = task["vars"]["__exim_lists_blocks"]
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


def test_domains_to_which_mail_goes_over_tls_only():
    given = dict(exim_tls_required_domains=["bank.example", "tax.example"], exim_dkim_domains=["list.example.com"], exim_dkim_selector="lists",
                 exim_relay_routes={"list.example.net": ["192.0.2.2"]}, mailman_verp="exim")
    text = render("exim", "exim.conf.j2", **given)
    assert options(text, "domainlist tls_required_domains") == ["bank.example : tax.example"]
    # Both routers that lead to other hosts.
    transport = "${if match_domain{$domain}{+tls_required_domains}{remote_smtp_tls}{remote_smtp}}"
    assert options(text[:text.index("begin transports")], "transport")[:2] == [transport, transport]
    transports = dict(re.findall(r"(?m)^(\w+):\n((?:  .*\n)+)", text[text.index("begin transports"):text.index("begin retry")]))
    wanted = ["*", "*", "system"]
    names = ("hosts_require_tls", "tls_verify_hosts", "tls_verify_certificates")
    assert [options(transports["remote_smtp_tls"], name)[0] for name in names] == wanted
    assert "dkim_sign_headers" in transports["remote_smtp_tls"]
    assert [options(transports["remote_smtp"], name) for name in names] == [[], [], []]
    verp = render("exim_lists", "transports.j2", **given)
    only = "${if match_domain{$domain}{+tls_required_domains}{*}}"
    assert [options(verp, name) for name in (*names, "connection_max_messages")] == [[only], [only], ["system"], ["1"]]


def test_nobody_is_asked_for_tls():
    text = render("exim", "exim.conf.j2") + render("exim_lists", "transports.j2", mailman_verp="exim")
    assert [name for name in ("tls_required_domains", "remote_smtp_tls", "hosts_require_tls", "connection_max_messages") if name in text] == []


@pytest.mark.parametrize(("ports", "at_once", "closed"), [([25], [], False), ([25, 587], [], True), ([25, 465], ["465"], True)])
def test_ports_for_submission(ports, at_once, closed):
    text = render("exim", "exim.conf.j2", exim_ports=ports)
    assert options(text, "tls_on_connect_ports") == at_once
    assert ("condition = ${if inlist{$received_port}{465 : 587}}" in text) is closed


ISSUED = {"tls": {"certificate": "/etc/listhost/certificate.pem", "key": "/etc/listhost/certificate.key", "key_group": "root"}}
OWN = {"exim_tls_certificate": "/c", "exim_tls_privatekey": "/k"}


NO_SELF_SIGNED = {"__exim_values": {"exim_tls_self_signed": False}}
MAIL = ["/etc/listhost/mail.pem", "/etc/listhost/mail.key"]
OVER_TLS = "${if def:tls_in_cipher {*}{}}"


@pytest.mark.parametrize(("variables", "certificate", "key", "advertised", "passwords"), [
    # People cannot know the host by it: no passwords, whatever authenticators a block has.
    ({}, MAIL[:1], MAIL[1:], "*", ""),
    (NO_SELF_SIGNED, [], [], "", OVER_TLS),
    (OWN, ["/c"], ["/k"], "*", OVER_TLS),
    ({"exim_contribution": ISSUED}, ["/etc/listhost/certificate.pem"], ["/etc/listhost/certificate.key"], "*", OVER_TLS),
    # The inventory's own wins.
    (dict(OWN, exim_contribution=ISSUED), ["/c"], ["/k"], "*", OVER_TLS),
])
def test_which_certificate(variables, certificate, key, advertised, passwords):
    text = render("exim", "exim.conf.j2", **variables)
    names = ("tls_certificate", "tls_privatekey", "tls_advertise_hosts", "auth_advertise_hosts")
    assert [options(text, name) for name in names] == [certificate, key, [advertised], [passwords]]


@pytest.mark.parametrize(("good", "shared", "variables", "missing", "left"), [
    (True, True, {}, False, []), (False, True, {}, True, []), (True, False, {}, False, []),
    # What is there goes where something else is used, unless the inventory names it.
    (True, True, NO_SELF_SIGNED, False, MAIL), (False, False, OWN, False, MAIL), (True, True, {"exim_contribution": ISSUED}, False, MAIL),
    (True, True, {"exim_tls_certificate": MAIL[0], "exim_tls_privatekey": MAIL[1]}, False, []),
    # The host's own configuration may have come to use it.
    (True, True, {"exim_configuration": "blocks"}, False, []), (False, True, {"exim_configuration": "blocks"}, False, []),
])
def test_the_self_signed_certificate(good, shared, variables, missing, left):
    values = defaults_and_vars(__exim_found={"self_signed": {"files": MAIL, "good": good, "shared": shared}}, **variables)
    words = ("__exim_self_signed_missing", "__exim_self_signed_left")
    assert [Templar(DataLoader(), variables=values).template(trusted("{{ %s }}" % word)) for word in words] == [missing, left]


@pytest.mark.parametrize(("variables", "unshared"), [
    ({}, []), ({"exim_contribution": ISSUED}, ["/etc/listhost/certificate.key"]),
    ({"exim_contribution": {"tls": dict(ISSUED["tls"], key_group="Debian-exim")}}, []),
    (dict(OWN, exim_contribution=ISSUED, __exim_files={"found": {"unshared": ["/k"]}}), ["/k"]),
    # A configuration that somebody else wrote does not name it.
    ({"exim_contribution": ISSUED, "exim_configuration": "blocks"}, []),
    # The role's own, once it is there. It is made for the group.
    ({"__exim_found": {"self_signed": {"good": True, "shared": False}}}, MAIL[1:]),
    ({"__exim_found": {"self_signed": {"good": False, "shared": False}}}, []),
    (dict(OWN, __exim_files={"found": {"unshared": []}}, __exim_found={"self_signed": {"good": True, "shared": False}}), []),
])
def test_keys_that_are_given_to_exims_group(variables, unshared):
    values = defaults_and_vars(**variables)
    assert Templar(DataLoader(), variables=values).template(trusted("{{ __exim_unshared_files }}")) == unshared


def test_block_lists():
    """Answers that the inventory names count as they are; of others not those that mean something else."""
    text = render("exim", "exim.conf.j2", exim_dnsbls=["a.test=127.0.0.2", "b.test", "c.test", "d.test=127.0.0.4,127.0.0.5"])
    assert options(text, "dnslists") == ["a.test=127.0.0.2 : d.test=127.0.0.4,127.0.0.5", "b.test", "c.test"]
    condition = r"${if forany{<, $dnslist_value}{!match{$item}{\N^\s*127\.(255\.255\.\d+|0\.0\.1)$\N}}}"
    assert [line for line in options(text, "condition") if "dnslist_value" in line] == [condition, condition]
    assert options(render("exim", "exim.conf.j2"), "dnslists") == []


@pytest.mark.parametrize(("setting", "exchangers", "asked", "hosts"), [
    ("none", ["192.0.2.1"], [], []),
    ("header", [], ["pass : fail : softfail : neutral : none : permerror : temperror"], []),
    ("refuse", ["192.0.2.1", "mx.test"], ["fail", "pass : fail : softfail : neutral : none : permerror : temperror"],
     2 * ["<; +ignore_unknown ; 192.0.2.1 ; mx.test"]),
])
def test_spf(setting, exchangers, asked, hosts):
    text = render("exim", "exim.conf.j2", exim_spf_check=setting, exim_contribution={"mail_exchangers": exchangers})
    assert options(text, "spf") == asked
    assert [line for line in options(text, "! hosts") if "ignore_unknown" in line] == hosts
    assert (":at_start:$spf_received" in options(text, "add_header")) == (setting != "none")


def test_the_guide_names_each_limit():
    """What has a name like these is a limit."""
    text = render("exim", "exim.conf.j2", exim_relay_from_hosts=["192.0.2.1"])
    names = set(re.findall(r"(?m)^(\w*(?:_max|_limit|_timeout|_after|_backlog|_per_)\w*|\w+_reserve|remote_max_parallel) *=", text))
    assert {"smtp_accept_max", "message_size_limit", "timeout_frozen_after", "smtp_connect_backlog"} <= names
    with open(os.path.join(ROLES, "..", "docs", "limits.md"), encoding="utf-8") as stream:
        guide = stream.read()
    assert sorted(name for name in names if "| `%s` |" % name not in guide) == []
    defaults = {**yaml.safe_load(read_role("exim", "defaults", "main.yml")), **yaml.safe_load(read_role("exim_lists", "defaults", "main.yml"))}
    found = re.findall(r"\| (\d+M?)(?=[ ;])[^|]*\| `(exim_\w+)` \|", guide)
    assert len(found) > 8
    for value, variable in found:
        default = str(defaults[variable])
        # What a relay has is beside it.
        assert value in re.findall(r"\w+", default) or variable == "exim_lists_retry", (variable, value, default)


ONE_CLICK = {"key": "/k/mail", "group": "root", "exceptions": []}


def test_one_click_unsubscription():
    """What Exim makes of it is in molecule/receivers."""
    given = {"__exim_lists_installation": {name: "/x" for name in ("prefix", "var_prefix", "user", "mail_group", "wrapper", "lists_dir", "frozen_file")},
             "__exim_lists_web_hosts": {"www.example.com": "list.example.com", "www.example.org": "1.example.org"}}
    for name in ("main.j2", "transports.j2"):
        assert "LEAVE" not in render("exim_lists", name, **given)
    text = render("exim_lists", "main.j2", **dict(given, __exim_lists_one_click=ONE_CLICK))
    assert options(text, "MM_LEAVE_FILE") == ["/k/mail"]
    assert options(text, "MM_LEAVE_HOST") == [
        "${extract{x$sender_address_domain}{xlist.example.com=www.example.com x1.example.org=www.example.org }{$value}{}}"]
    assert options(text, "MM_LEAVE_OFFERED") == ["and{{exists{MM_LEAVE_FILE}}{!eq{MM_LEAVE_HOST}{}}}"]
    text = render("exim_lists", "main.j2", **dict(given, __exim_lists_one_click=dict(ONE_CLICK, exceptions=["board", "a+b"])))
    assert options(text, "MM_LEAVE_OFFERED") == ["and{{exists{MM_LEAVE_FILE}}{!eq{MM_LEAVE_HOST}{}}{!inlisti{MM_LEAVE_NAME}{<, board, a+b}}}"]
    # Exim takes a macro whose name begins with that of an earlier one for that.
    names = re.findall("(?m)^(MM_[A-Z_]+) =", text)
    assert [(one, other) for number, one in enumerate(names) for other in names[:number] if other in one] == []
    # Exim splits this at colons first.
    removed = options(render("exim_lists", "transports.j2", **dict(given, __exim_lists_one_click=ONE_CLICK)), "headers_remove")
    assert removed[1] == "${if MM_LEAVE_OFFERED {List-Unsubscribe}{}} : List-Unsubscribe-Post"
    assert not any(":" in value for name in ("OFFERED", "FILE", "HOST", "NAME") for value in options(text, "MM_LEAVE_" + name))


def test_one_click_unsubscription_of_separate_domains():
    """Exim asks the files of the domain, and knows none itself. What it makes of it is in molecule/virtual_domains."""
    given = {"mailman_separate_home": "/virtual", "exim_lists_domains": [], "__exim_lists_installation": INSTALLATION}
    for name in ("main.j2", "routers_remote.j2", "transports.j2"):
        assert "LEAVE" not in render("exim_lists", name, **given)
    given["__exim_lists_one_click"] = {"key": "/virtual/one_click", "group": "Debian-exim"}
    main = render("exim_lists", "main.j2", **given)
    assert options(main, "MM_LEAVE_DIRECTORY") == ["/virtual/one_click"]
    assert options(main, "MM_LEAVE_FILE") == ["MM_LEAVE_DIRECTORY/$address_data"]
    assert options(main, "MM_LEAVE_OFFERED") == [
        "and{{!eq{$address_data}{}}{exists{MM_LEAVE_FILE}}{!inlisti{MM_LEAVE_NAME}{<, ${lookup{exceptions}lsearch{MM_LEAVE_FILE}}}}}"]
    names = re.findall("(?m)^(MM_[A-Z_]+) =", main)
    assert {"MM_LEAVE_" + name for name in ("FILE", "HOST", "NAME", "OFFERED", "KEY", "NUMBER", "LIST", "MEMBER", "TOKEN", "LINK")} < set(names)
    assert [(one, other) for number, one in enumerate(names) for other in names[:number] if other in one] == []
    # Exim splits headers_remove at colons first.
    assert not any(":" in value for name in ("OFFERED", "FILE", "HOST", "NAME") for value in options(main, "MM_LEAVE_" + name))
    [found] = options(render("exim_lists", "routers_remote.j2", **given), "address_data")
    assert found == "${lookup{${lc:$sender_address_domain}}dsearch,filter=file{MM_LEAVE_DIRECTORY}{$value}{}}"
    given.update(mailman_separate_home="", exim_lists_domains=["a.test"])
    assert "address_data" not in render("exim_lists", "routers_remote.j2", **given)


@pytest.mark.parametrize("domains", [[], ["a.test"], ["b.test", "a.test"]])
def test_what_exim_says_it_signs(domains):
    """As role exim writes it, and Exim tells it."""
    text = render("exim", "exim.conf.j2", exim_dkim_domains=domains, exim_contribution={}, __exim_dkim={})
    [macro] = re.findall(r"(?m)^DKIM_DOMAIN = ((?:.*\\\n)*.*)$", text) or [""]
    variables = trusted(yaml.safe_load(read_role("exim_lists", "vars", "main.yml")))
    variables.update(mailman_email_host="list.example.com")

    def signed(**found):
        return Templar(DataLoader(), variables=dict(variables, __exim_lists_exim=found)).template(trusted("{{ __exim_lists_signed }}"))

    other = {"name": "remote_smtp", "options": {"dkim_domain": "${extract{x}{xc.test=c.test }{$value}{}}"}}
    options_said = {"dkim_domain": wrap_var(macro)} if domains else {}
    assert signed(transports=[other, {"name": "mailman_verp_smtp", "options": options_said}]) == domains
    assert signed(failed=True) == ["list.example.com"]


@pytest.mark.parametrize(("platform", "version", "line"), [
    ("Debian", "11", "QUEUEINTERVAL='1m'"), ("Debian", "12", "QUEUEINTERVAL='1m'"), ("Debian", "13", "EXIMSERVICE='-bdf -q1m'"), ("RedHat", "8", "QUEUE='1m'"),
])
def test_time_between_queue_runs(platform, version, line):
    values = trusted(dict(yaml.safe_load(read_role("exim", "vars", "main.yml")), **yaml.safe_load(read_role("exim", "vars", platform + ".yml"))))
    values.update(ansible_facts={"distribution_major_version": version}, exim_queue_interval="1m")
    task = yaml.safe_load(read_role("exim", "tasks", "queue.yml"))[0]["ansible.builtin.lineinfile"]
    found, pattern = [Templar(DataLoader(), variables=values).template(trusted(task[name])) for name in ("line", "regexp")]
    assert found == line
    assert re.match(pattern, line) and not re.match(pattern, "# " + line)


INSTALLATION = {name: "/x" for name in ("prefix", "var_prefix", "user", "mail_group", "wrapper", "lists_dir", "frozen_file")}
DESTINATIONS = destinations([
    {"name": "big", "domains": ["a.test"], "mx_hosts": ["big.test"], "pace": "20/1m", "wait": "5m", "connections": 2},
    {"name": "small", "domains": ["b.test", "c.test"], "messages_per_connection": 3, "recipients_per_message": 50},
], "F,4d,6h")
OF_LISTS = ("main.j2", "retry.j2", "routers_remote.j2", "transports.j2")


def test_no_destinations_are_no_line():
    for name in OF_LISTS:
        assert not re.search("(?i)mm_to|pace|destination|mm_day", render("exim_lists", name, __exim_lists_installation=INSTALLATION))
    assert render("exim_lists", "retry.j2").strip() == "*  *  senders=^.*-bounces[+@]  F,2h,15m; G,16h,1h,1.5; F,4d,6h"


def test_destinations():
    """What Exim makes of it is in molecule/receivers."""
    given = {"__exim_lists_destinations": DESTINATIONS, "__exim_lists_paced": DESTINATIONS[:1], "__exim_lists_installation": INSTALLATION}
    text = render("exim_lists", "main.j2", **given)
    assert options(text, "MM_DESTINATION") == ["${if match_domain{$domain}{+mm_to_big}{big}{${if match_domain{$domain}{+mm_to_small}{small}{}}}}"]
    assert options(text, "domainlist mm_to_small") == ["b.test : c.test"]
    assert options(text, "domainlist mm_to_big") == [
        "a.test : ${if match{${lookup dnsdb{>: defer_never,mxh=$domain}}}{\\N(?i)(^|[.:])(big\\.test)(:|$)\\N}{*}{}}"]
    assert options(render("exim_lists", "acl_pace.j2", **given), "ratelimit") == ["20 / 1m / per_cmd / leaky / mm-pace-big"]
    text = render("exim_lists", "routers_remote.j2", **given)
    assert options(text, "transport") == ["mailman_verp_smtp${if eq{MM_DESTINATION}{}{}{_MM_DESTINATION}}", "mailman_smtp_MM_DESTINATION"]
    assert re.findall(r"(?m)^(\w+):", text) == ["mailman_pace_router", "mailman_verp_router", "mailman_destination_router"]
    assert options(text, "data") == ["${if acl{{mm_pace}{MM_DESTINATION}}{}{:defer: $value}}"]
    assert re.findall(r"(?m)^([^#\n].*?)  senders=\S+  (.*)$", render("exim_lists", "retry.j2", exim_lists_retry="F,1d,1h", **given)) == [
        (r"\N^\*@(a\.test|([^@]*\.)?big\.test)$\N  *", "G,2h35m,5m,2; F,4d,2h"),
        (r"\N^.*@(a\.test)$\N  rcpt_4xx", "G,2h35m,5m,2; F,4d,2h"), (r"\N^.*@(a\.test)$\N  *", "F,30d,1m"),
        (r"\N^\*@(b\.test|c\.test)$\N  *", "F,4d,6h"), (r"\N^.*@(b\.test|c\.test)$\N  rcpt_4xx", "F,4d,6h"), (r"\N^.*@(b\.test|c\.test)$\N  *", "F,4d,6h"),
        # Of those that belong to one by their mail servers Exim does not know it here.
        (r"\N^\*@\N  *", "F,1d,1h"), ("*@+mm_domains  *", "F,1d,1h"), ("*@+local_domains  *", "F,1d,1h"), ("*  rcpt_4xx", "F,1d,1h"), ("*  *", "F,30d,1m"),
    ]
    # Without a pace nothing waits for its turn.
    unpaced = {**given, "__exim_lists_paced": []}
    text = render("exim_lists", "retry.j2", **unpaced)
    assert re.findall(r"(?m)^\*.*  (\S.*)$", text) == ["F,2h,15m; G,16h,1h,1.5; F,4d,6h"]
    text = render("exim_lists", "routers_remote.j2", **unpaced)
    assert re.findall(r"(?m)^(\w+):", text) == ["mailman_verp_router", "mailman_destination_router"]


def test_destinations_that_warm_up():
    # A filter returns them, so their braces are no template in any ansible-core.
    given = wrap_var(destinations([
        {"name": "big", "domains": ["a.test"], "mx_hosts": ["big.test"], "pace": "20/1m",
         "warm_up": {"from": "2026-12-01", "messages": 10, "growth": 2, "until": 30}},
        {"name": "new", "domains": ["b.test"], "warm_up": {"from": "2026-12-02", "messages": 5, "growth": 2, "until": 6}},
        {"name": "small", "domains": ["c.test"], "pace": "30/2m"},
    ], "F,4d,6h"))
    given = {"__exim_lists_destinations": given, "__exim_lists_paced": given, "__exim_lists_installation": INSTALLATION}
    assert options(render("exim_lists", "main.j2", **given), "MM_DAY") == ["${eval10:$tod_epoch/86400}"]
    pace, today = render("exim_lists", "acl_pace.j2", **given).split("mm_today:")
    big, new = "${listextract{${eval10:$acl_arg2-20787}}{<, 10, 20}}", "${listextract{${eval10:$acl_arg2-20788}}{<, 5}}"
    assert options(pace, "ratelimit") == [
        "20 / 1m / per_cmd / leaky / mm-pace-big", big + ".5 / 100w / per_cmd / leaky / mm-warm-up-big-$acl_arg2",
        new + ".5 / 100w / per_cmd / leaky / mm-warm-up-new-$acl_arg2", "30 / 2m / per_cmd / leaky / mm-pace-small"]
    assert options(pace, "message") == ["at the pace of big", "warming up big: %s a day" % big, "warming up new: %s a day" % new, "at the pace of small"]
    assert options(today, "ratelimit") == [
        "${eval10:%s-1}.5 / 100w / per_cmd / readonly / mm-warm-up-%s-$acl_arg2" % one for one in ((big, "big"), (new, "new"))]
    assert options(today, "message") == ["warming up big: %s a day" % big, "warming up new: %s a day" % new]
    days = ["${if and{{>={$acl_arg2}{20788}}{<{$acl_arg2}{20790}}}}", "${if and{{>={$acl_arg2}{20789}}{<{$acl_arg2}{20790}}}}"]
    assert options(today, "condition") == ["${if eq{$acl_arg1}{big}}", days[0], "${if eq{$acl_arg1}{new}}", days[1]]
    assert options(render("exim_lists", "routers_remote.j2", **given).replace("\\\n    ", ""), "data") == [
        "${if !acl{{mm_today}{MM_DESTINATION}{MM_DAY}}{:defer: $value}{${if acl{{mm_pace}{MM_DESTINATION}{MM_DAY}}{}{:defer: $value}}}}"]
    text = render("exim_lists", "retry.j2", exim_lists_retry="F,1d,1h", **given).partition("rcpt_4xx")[2]
    assert re.findall(r"(?m)^(\S+  \S+)  senders=\S+  (.*)$", text) == [
        (r"${if!acl{{mm_today}{big}{MM_DAY}}{\N^.*@(a\.test)$\N}}  *", "F,30d,1h"), (r"\N^.*@(a\.test)$\N  *", "F,30d,1m"),
        (r"\N^\*@(b\.test)$\N  *", "F,4d,6h"), (r"\N^.*@(b\.test)$\N  rcpt_4xx", "F,4d,6h"), (r"\N^.*@(b\.test)$\N  *", "F,30d,1h"),
        (r"\N^\*@(c\.test)$\N  *", "F,4d,6h"), (r"\N^.*@(c\.test)$\N  rcpt_4xx", "F,4d,6h"), (r"\N^.*@(c\.test)$\N  *", "F,30d,2m"),
        (r"\N^\*@\N  *", "F,1d,1h"), ("*@+mm_domains  *", "F,1d,1h"), ("*@+local_domains  *", "F,1d,1h"), ("*  rcpt_4xx", "F,1d,1h"),
        ("${if!acl{{mm_today}{big}{MM_DAY}}{*}}  *", "F,30d,10m"), ("*  *", "F,30d,1m"),
    ]


def rules_of(text):
    """Return pattern and error, and the rest of each retry rule for list mail."""
    return re.findall(r"(?m)^(\S+  \S+)  senders=\S+  (.*)$", text)


def test_a_destination_for_all_other_domains():
    given = wrap_var(destinations([
        {"name": "named", "domains": ["a.test"], "pace": "20/1m"},
        {"name": "others", "domains": ["*"], "pace": "60/1m", "wait": "5m", "longest_wait": "1h",
         "warm_up": {"from": "2026-12-01", "messages": 10, "growth": 2, "until": 30}},
    ], "F,4d,6h"))
    given = {"__exim_lists_destinations": given, "__exim_lists_paced": given, "__exim_lists_installation": INSTALLATION}
    text = render("exim_lists", "main.j2", **given)
    assert options(text, "domainlist mm_to_others") == ["*"]
    assert options(text, "MM_DESTINATION") == ["${if match_domain{$domain}{+mm_to_named}{named}{${if match_domain{$domain}{+mm_to_others}{others}{}}}}"]
    # What has a route goes there, whatever the router is that sends list mail to destinations.
    text = render("exim_lists", "main.j2", exim_relay_routes={"b.test": ["192.0.2.1"]}, **given)
    assert [options(text, "domainlist mm_to_" + name) for name in ("named", "others")] == [["a.test"], ["! +routed_domains : *"]]
    assert options(render("exim_lists", "acl_pace.j2", **given), "ratelimit")[1] == "60 / 1m / per_cmd / leaky / mm-pace-others"
    named = [(r"\N^\*@(a\.test)$\N  *", "F,4d,6h"), (r"\N^.*@(a\.test)$\N  rcpt_4xx", "F,4d,6h"), (r"\N^.*@(a\.test)$\N  *", "F,30d,1m")]
    at_home = [("*@+mm_domains  *", "F,1d,1h"), ("*@+local_domains  *", "F,1d,1h")]
    assert rules_of(render("exim_lists", "retry.j2", exim_lists_retry="F,1d,1h", **given)) == [
        *named, (r"\N^\*@\N  *", "G,1h15m,5m,2; F,4d,1h"), *at_home, ("*  rcpt_4xx", "G,1h15m,5m,2; F,4d,1h"),
        ("${if!acl{{mm_today}{others}{MM_DAY}}{*}}  *", "F,30d,1h"), ("*  *", "F,30d,1m"),
    ]


def test_a_destination_for_all_other_domains_without_a_pace():
    """Alone, and beside one that Exim knows by its mail servers."""
    given = [{"name": "big", "mx_hosts": ["big.test"], "pace": "20/1m"}, {"name": "others", "domains": ["*"], "wait": "5m", "longest_wait": "1h"}]
    waits, retry = "G,1h15m,5m,2; F,4d,1h", "F,4d,6h"
    rest = [(r"\N^\*@\N  *", waits), ("*@+mm_domains  *", retry), ("*@+local_domains  *", retry), ("*  rcpt_4xx", waits)]
    alone = destinations(given[1:], retry)
    text = render("exim_lists", "retry.j2", exim_lists_retry=retry, __exim_lists_destinations=alone, __exim_lists_paced=[])
    assert rules_of(text) == [*rest, ("*  *", waits)]
    both = destinations(given, retry)
    text = render("exim_lists", "retry.j2", exim_lists_retry=retry, __exim_lists_destinations=both, __exim_lists_paced=both[:1])
    assert rules_of(text) == [(r"\N^\*@(([^@]*\.)?big\.test)$\N  *", retry), *rest, ("*  *", "F,30d,1m")]


def test_destinations_that_pause():
    given = [{"name": "big", "domains": ["a.test"], "pause": "10m", "refusal_texts": ["4.7.28", "rate"]}, {"name": "small", "wait": "5m"}]
    given = destinations(given, "F,4d,6h")
    given = {"__exim_lists_destinations": given, "__exim_lists_paced": given[:1], "__exim_lists_installation": INSTALLATION}
    text = render("exim_lists", "acl_pace.j2", **given)
    assert re.findall(r"(?m)^(\w+):", text) == ["mm_pace", "mm_refused"]
    assert options(text, "ratelimit") == ["0.37 / 10m / per_cmd / readonly / mm-pause-big", "1 / $acl_arg2 / per_cmd / strict / mm-pause-$acl_arg1"]
    events = options(render("exim_lists", "transports_destinations.j2", exim_tls_required_domains=[], **given).replace("\\\n    ", ""), "event_action")
    assert events == [
        r"${if and{{inlist{$event_name}{<, msg:rcpt:host:defer, msg:defer}}{match{$event_data}{\N(?is): 4[0-9][0-9][ -].*(4\.7\.28|rate)\N}}}"
        "{${if acl{{mm_refused}{big}{10m}}{}}}}"] * 2


@pytest.mark.parametrize(("variables", "names"), [
    ({}, ["mailman_verp_smtp_big", "mailman_smtp_big", "mailman_verp_smtp_small", "mailman_smtp_small"]),
    ({"mailman_verp": "none"}, ["mailman_smtp_big", "mailman_smtp_small"]),
    ({"mailman_verp": "none", "mailman_separate_home": "/virtual"},
     ["mailman_verp_smtp_big", "mailman_smtp_big", "mailman_verp_smtp_small", "mailman_smtp_small"]),
])
def test_transports_of_destinations(variables, names):
    """Each has its limits, and all that the one for other destinations has."""
    given = dict(variables, __exim_lists_destinations=DESTINATIONS, __exim_lists_one_click=ONE_CLICK, exim_tls_required_domains=[])
    # No template, as what a lookup returns is none.
    content = wrap_var(render("exim_lists", "transports_destinations.j2", **given))
    block = {"slot": "transports", "name": "x", "content": content, "leads_to": "other_hosts", "each_paragraph": True}
    text = render("exim", "exim.conf.j2", exim_contribution={"blocks": [block]}, exim_dkim_domains=["list.example.com"], __exim_dkim_key_directory="/k")
    transports = re.search("(?s)# block: x\n(.*)# end of block: x", text).group(1).strip().split("\n\n")
    assert [transport.split(":")[0] for transport in transports] == names
    verp = render("exim_lists", "transports.j2", __exim_lists_one_click=ONE_CLICK, __exim_lists_installation=INSTALLATION).partition("mailman_verp_smtp:\n")[2]
    for transport in transports:
        assert options(transport, "max_parallel") == (["2"] if "_big" in transport else [])
        assert options(transport, "connection_max_messages") == (["3"] if "_small" in transport else [])
        assert transport.count("dkim_domain") == 1
        if "verp" in transport:
            assert [line for line in verp.splitlines() if line not in transport] == []
        else:
            assert options(transport, "max_rcpt") == (["50"] if "_small" in transport else [])


def test_transports_of_destinations_with_tls():
    text = render("exim_lists", "transports_destinations.j2", __exim_lists_destinations=DESTINATIONS, exim_tls_required_domains=["a.test"])
    assert options(text, "connection_max_messages") == ["1"] * 4
    assert len(options(text, "hosts_require_tls")) == 4


@pytest.mark.parametrize(("contribution", "unshared"), [
    ({}, []), ({"secret_files": {}}, []), ({"secret_files": {"/k": "Debian-exim"}}, []), ({"secret_files": {"/k": "root", "/l": ""}}, ["/k", "/l"]),
])
def test_secret_files_of_other_roles(contribution, unshared):
    values = defaults_and_vars(exim_contribution=contribution)
    assert Templar(DataLoader(), variables=values).template(trusted("{{ __exim_unshared_files }}")) == unshared
