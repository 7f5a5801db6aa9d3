# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the specification accepts is what the templates see: every truth value, number and list of numbers, in every spelling, from a YAML inventory, an INI
inventory and the command line, rendered by the real templates. And what is wrong with groups and names is said before any host is looked at.

Runs ansible-playbook on this machine alone, with each ansible-core that the project supports. No containers.
"""

import json
import os
import pathlib
import subprocess

import pytest
import yaml

# A network of the run's own, in which nothing listens: on this machine, other stages' mail servers do.
ALONE = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
CORES = {"newest": ROOT / ".venv/bin/ansible-playbook", "oldest": ROOT / ".cache/venv-oldest/bin/ansible-playbook"}

# All alike: what is not about spellings.
COMMON = {
    "ansible_connection": "local",
    "ansible_python_interpreter": "/usr/bin/python3",
    "exim_postmaster": "admin@example.com",
    "exim_primary_hostname": "lists.example.com",
    "exim_smarthost": "2001:db8::1",
    "mailman_email_host": "list.example.com",
    "mailman_site_owner": "admin@example.com",
    "mailman_site_password": "correct horse",
    # Nothing is looked for here that this machine may not have.
    "mailman_install_method": "package",
}
# Whatever else this machine is.
NEVER = {"exim_replace_other_mta": True}
# The unit tests have all. "t" and "n" are what the filter bool of Ansible does not know.
TRUE = {"native": True, "word": "yes", "letter": "t"}
FALSE = {"native": False, "word": "no", "letter": "n"}


def options():
    found = {}
    for role in ("exim", "mailman", "exim_lists"):
        found.update(yaml.safe_load((ROOT / "roles" / role / "meta/argument_specs.yml").read_text())["argument_specs"]["variables"]["options"])
    return found


OPTIONS = options()
SWITCHES = [name for name, option in OPTIONS.items() if option["type"] == "bool" and name not in NEVER]
# Numbers that are no default, and can be together with each other.
NUMBERS = {
    "exim_auth_failures_per_hour": 7,
    "exim_ports": [25, 587],
    "exim_queue_run_max": 7,
    "exim_recipients_max": 150,
    "exim_remote_max_parallel": 6,
    "exim_sender_callout_timeout": 30,
    "exim_smarthost_port": 26,
    "exim_smtp_accept_max": 300,
    "exim_smtp_accept_max_per_host": 0,
    "exim_smtp_accept_queue_per_connection": 0,
    "exim_smtp_accept_reserve": 60,
    "exim_spam_mark_score": 4.5,
    "exim_spam_reject_score": 9.0,
    "exim_lists_subscriptions_per_hour": 0,
    "mailman_bounce_guard_percent": 7,
    "mailman_delivery_retry_minutes": 7,
    "mailman_smtp_max_rcpts": 0,
    "mailman_smtp_max_sessions_per_connection": 40,
    "mailman_verp_interval": 2,
}


def spelt(truth, spelling):
    """All variables with spellings, in one of them."""
    values = dict.fromkeys(SWITCHES, truth[spelling])
    for name, value in NUMBERS.items():
        values[name] = value if spelling == "native" else [25, "587"] if isinstance(value, list) else str(value)
    return values


def playbook(core, *arguments, **environment):
    command = [*ALONE, CORES[core], *arguments]
    environment = dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_STDOUT_CALLBACK="ansible.builtin.default", **environment)
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(params=CORES)
def core(request):
    return request.param


@pytest.fixture(scope="module", params=CORES)
def rendered(request, tmp_path_factory):
    """Return what each spelling of each truth became, by name: three runs for all."""
    here = tmp_path_factory.mktemp(request.param)
    (here / "rendered").mkdir()
    hosts = {}
    for truth, spellings in (("true", TRUE), ("false", FALSE)):
        for spelling in spellings:
            hosts["%s-yaml-%s" % (truth, spelling)] = dict(COMMON, **NEVER, **spelt(spellings, spelling))
    inventory = here / "inventory.yml"
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
    # In an INI inventory what looks like Python is Python, and false is a string.
    lines = []
    for truth in ("true", "false"):
        values = dict(COMMON, **NEVER, **dict.fromkeys(SWITCHES, truth), **NUMBERS)
        lines += ["[%s]" % truth, "%s-ini" % truth, "[%s:vars]" % truth] + ["%s=%s" % item for item in values.items()]
    ini = here / "inventory.ini"
    ini.write_text("\n".join(lines) + "\n")
    runs = [["-i", inventory, "-i", ini]]
    # On the command line everything is a string.
    for truth in ("true", "false"):
        said = here / (truth + ".yml")
        said.write_text(json.dumps({"all": {"hosts": {truth + "-e": dict(COMMON, **NEVER, exim_ports=NUMBERS["exim_ports"])}}}))
        values = dict(dict.fromkeys(SWITCHES, truth), **{name: value for name, value in NUMBERS.items() if name != "exim_ports"})
        runs.append(["-i", said] + [argument for item in values.items() for argument in ("-e", "%s=%s" % item)])
    for arguments in runs:
        run = playbook(request.param, HERE / "render.yml", "-e", json.dumps({"rendered": str(here / "rendered")}), *arguments)
        assert run.returncode == 0, run.stdout + run.stderr
    return {file.name: file.read_text() for file in (here / "rendered").iterdir()}


def test_every_variable_with_spellings_is_in_the_table():
    numbers = [name for name, option in OPTIONS.items() if option["type"] in ("int", "float") or option.get("elements") in ("int", "float")]
    assert sorted(numbers) == sorted(NUMBERS)
    assert all(OPTIONS[name].get("default") != value for name, value in NUMBERS.items())


@pytest.mark.parametrize("truth", ["true", "false"])
@pytest.mark.parametrize("spelling", ["yaml-word", "yaml-letter", "ini", "e"])
def test_all_spellings_mean_the_same(rendered, truth, spelling):
    assert rendered["%s-%s" % (truth, spelling)] == rendered["%s-yaml-native" % truth]


def test_true_and_false_do_not(rendered):
    """And what they mean is there: spam scanning and HELO, the split spool, the limit that is none, the port for those who log in."""
    on, off = rendered["true-yaml-native"], rendered["false-yaml-native"]
    syntax = "condition = ${if !eq{$acl_m_exempt}{yes}}\n    ! verify = header_syntax"
    for words in ("spam = ", "split_spool_directory = true", syntax, "verify = header_sender"):
        assert (words in on, words in off) == (True, False), words
    for text in (on, off):
        assert "daemon_smtp_ports = 25 : 587\n" in text
        assert "ratelimit = 0" not in text
        assert "smtp_accept_queue_per_connection = 0\n" in text
        assert "smtp_accept_max_per_host =" not in text
        # Exim's own router and that of the lists' mail, with Exim's way to write an IPv6 address and a port.
        assert text.count('SMARTHOST_ROUTE = * "<+ [2001:db8::1]:26"\n') == 1
        assert text.count("route_list = SMARTHOST_ROUTE\n") == 2


def names(run):
    return run.stdout + run.stderr


@pytest.mark.parametrize("playbook_name", ["site.yml", "verify.yml", "undo.yml"])
def test_groups_without_hosts(core, playbook_name, tmp_path):
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(json.dumps({"list_host": {"hosts": {"somewhere.invalid": {}}}}))
    run = playbook(core, ROOT / "playbooks" / playbook_name, "-i", inventory)
    assert run.returncode != 0
    assert "No host is in list_hosts" in names(run) and "has the groups list_host. Correct the name" in names(run).replace("\n", " ").replace("        ", "")
    assert "Gathering Facts" not in names(run)


@pytest.mark.parametrize("name", ["remove_domain", "move_domain"])
def test_a_domain_that_is_not_there(core, name, tmp_path):
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(json.dumps({"list_domains": {"hosts": {"lists.example.org": {"ansible_host": "somewhere.invalid"}}}}))
    run = playbook(core, ROOT / "playbooks" / (name + ".yml"), "-i", inventory, "-e", name + "=typo")
    assert run.returncode != 0
    assert name + " is 'typo'" in names(run)
    assert "Gathering Facts" not in names(run)


def test_hosts_with_and_without_virtual_domains(core, tmp_path):
    """In one run. One with virtual domains has none of Mailman's own variables."""
    inventory = tmp_path / "hosts.yml"
    virtual = {name: value for name, value in COMMON.items() if not name.startswith("mailman_")}
    inventory.write_text(json.dumps({"list_hosts": {"hosts": {"one": dict(COMMON), "virtual": dict(virtual, mailman_separate_home="/virtual")}}}))
    plays = yaml.safe_load((ROOT / "playbooks/site.yml").read_text())
    [(variables, task)] = [(play["vars"], task) for play in plays for task in play["tasks"] if task["name"] == "Check the values of all variables"]
    play = tmp_path / "play.yml"
    play.write_text(json.dumps([{"hosts": "all", "gather_subset": ["!all", "network"], "vars": variables, "tasks": [task]}]))
    run = playbook(core, play, "-i", inventory)
    assert run.returncode == 0, names(run)
    virtual["exim_postmaster"] = "me"
    inventory.write_text(json.dumps({"list_hosts": {"hosts": {"one": dict(virtual), "virtual": dict(virtual, mailman_separate_home="virtual")}}}))
    run = playbook(core, play, "-i", inventory)
    assert names(run).count("mailman_email_host is not set") == names(run).count("mailman_separate_home is 'virtual'") > 0
    assert "cannot be worked out" not in names(run)


RENAMED = {"new": ("mailman_separate_home", "mailman_shared_domains"), "old": ("mailman_virtual_home", "mailman_virtual_hosts")}
SHARED = {"www.example.org": "lists.example.org"}


def test_old_names_of_variables_mean_what_the_new_ones_do(core, tmp_path):
    """In an inventory and on the command line, in templates and in defaults that are made of them. There is a warning, and not both can be set."""
    (tmp_path / "rendered").mkdir()
    hosts = {}
    for spelling, (home, shared) in RENAMED.items():
        hosts["separate-" + spelling] = dict(COMMON, mailman_install_method="auto", mailman_archive="/nowhere", mailman_archive_checksum="sha256:" + 64 * "a",
                                          **{home: "/virtual"})
        hosts["shared-" + spelling] = dict(COMMON, **{shared: SHARED})
    play = tmp_path / "play.yml"
    play.write_text(json.dumps([{
        "hosts": "all",
        "gather_subset": ["!all", "network"],
        "tasks": [
            # Before the role has its defaults, and then with them.
            {"listhost.exim_mailman.role_values": {"parts": ["exim", "mailman", "exim_lists"]}},
            {"include_role": {"name": "listhost.exim_mailman.mailman", "tasks_from": "separate_preflight", "public": True}},
            {"listhost.exim_mailman.role_values": {"parts": ["exim", "mailman", "exim_lists"]}},
            {"copy": {"content": "{{ [mailman_separate_home, mailman_shared_domains] | to_json }}", "dest": "%s/rendered/{{ inventory_hostname }}" % tmp_path}},
        ],
    }]))
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
    run = playbook(core, play, "-i", inventory)
    assert run.returncode == 0, run.stdout + run.stderr
    rendered = {path.name: json.loads(path.read_text()) for path in (tmp_path / "rendered").iterdir()}
    assert rendered["separate-old"] == rendered["separate-new"] == ["/virtual", {}]
    assert rendered["shared-old"] == rendered["shared-new"] == ["", SHARED]
    warnings = " ".join(run.stderr.split())
    for new, old in zip(*RENAMED.values()):
        assert warnings.count("%s is called %s now. Rename it." % (old, new)) == 1, warnings
    assert "2.0.0" in warnings

    inventory.write_text(json.dumps({"all": {"hosts": {"new": hosts["shared-new"], "none": COMMON,
                                                            "wrong": dict(COMMON, mailman_virtual_home="virtual")}}}))
    run = playbook(core, play, "-i", inventory, "-e", json.dumps({"mailman_virtual_hosts": {"www.example.net": "lists.example.net"}}))
    assert "fatal: [new]" in run.stdout and "ok: [none]" in run.stdout
    # By the first check, before the role has its defaults: only the facts were read.
    assert "mailman_separate_home is 'virtual'. Set it to an absolute path" in names(run) and run.stdout.count("ok: [wrong]") == 1
    assert "mailman_shared_domains and mailman_virtual_hosts are both set" in names(run)
    assert json.loads((tmp_path / "rendered/none").read_text()) == ["", {"www.example.net": "lists.example.net"}]


def test_secrets_in_a_vault_are_read_and_not_shown(core, tmp_path):
    """An encrypted value is neither a string nor a template; a wrong one is named without its content."""
    password = tmp_path / "password"
    password.write_text("of the vault")
    inventory = tmp_path / "hosts.yml"
    values = {"all": {"hosts": {"right": dict(COMMON), "wrong": dict(COMMON)}}}
    encrypt = [CORES[core].with_name("ansible-vault"), "encrypt_string", "--vault-password-file", password]
    for host, secret in (("right", "correct horse"), ("wrong", "längliches Geheimnis")):
        lines = subprocess.run([*encrypt, secret], capture_output=True, text=True, check=True).stdout.replace("!vault |", "").split()
        values["all"]["hosts"][host]["mailman_site_password"] = values["all"]["hosts"][host]["vaulted"] = "VAULT" + "\n".join(lines)
        values["all"]["hosts"][host]["mailman_lists"] = [{"name": "announce", "owners": ["a@example.org"], "password": "{{ vaulted }}"}]
    dumper = type("Dumper", (yaml.SafeDumper,), {})
    dumper.add_representer(str, lambda dump, text: dump.represent_scalar("!vault", text[5:]) if text.startswith("VAULT")
                           else yaml.SafeDumper.represent_str(dump, text))
    inventory.write_text(yaml.dump(values, Dumper=dumper))
    play = tmp_path / "play.yml"
    play.write_text(json.dumps([{"hosts": "all", "gather_subset": ["!all"], "tasks": [{"listhost.exim_mailman.role_values": {"parts": ["mailman"]}}]}]))
    run = playbook(core, play, "-i", inventory, "-vvv", "--vault-password-file", password)
    assert "mailman_lists (announce) has a password that Mailman does not take" in names(run)
    assert "ok: [right]" in names(run)
    assert "horse" not in names(run) and "Geheimnis" not in names(run)


def test_role_exim_lists_alone(core, tmp_path):
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(json.dumps({"all": {"hosts": {"alone": dict(COMMON)}}}))
    play = tmp_path / "play.yml"
    play.write_text(json.dumps([{"hosts": "all", "gather_subset": ["!all", "network"], "roles": ["listhost.exim_mailman.exim_lists"]}]))
    run = playbook(core, play, "-i", inventory)
    assert run.returncode != 0
    assert "mailman_installation is not set" in names(run)


MACHINE = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}


def test_routes_of_a_mail_exchanger(core, tmp_path):
    """A role makes them of other hosts' variables."""
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(json.dumps({
        "list_hosts": {"hosts": {"lists": {"exim_lists_domains": "{{ [domain] }}", "domain": "list.example.com"}}},
        "mx_hosts": {"hosts": {"mx": dict(MACHINE, exim_relay_routes={"list.example.net": ["192.0.2.1"]})}},
    }))
    play = tmp_path / "play.yml"
    play.write_text(json.dumps([{"hosts": "mx_hosts", "gather_subset": ["!all"], "tasks": [
        {"ansible.builtin.include_role": {"name": "listhost.exim_mailman.exim_lists", "tasks_from": "mail_exchanger"}},
        {"ansible.builtin.copy": {"content": "{{ exim_lists_contribution | to_json }}", "dest": str(tmp_path / "found")}},
    ]}]))
    run = playbook(core, play, "-i", inventory)
    assert run.returncode == 0, names(run)
    found = json.loads((tmp_path / "found").read_text())
    assert found["relay_routes"] == {"list.example.com": ["lists"]}
    assert found["tests"]["address_tests"][0]["addresses"] == ["postmaster@list.example.com", "postmaster@list.example.net"]
    run = playbook(core, play, "-i", inventory, "-e", "exim_relay_routes={{ nothing }}")
    assert "exim_relay_routes cannot be worked out: 'nothing' is undefined" in names(run)


def test_virtual_domains_that_are_one(core, tmp_path):
    inventory = tmp_path / "hosts.yml"
    domain = dict(MACHINE, ansible_host="machine", mailman_email_host="lists.example.org")
    inventory.write_text(json.dumps({"list_domains": {"hosts": {"one": domain, "other": domain}}}))
    [play] = [play for play in yaml.safe_load((ROOT / "playbooks/site.yml").read_text()) if play["name"] == "Set up virtual domains"]
    run = playbook(core, ROOT / "playbooks/site.yml", "-i", inventory, "--start-at-task", play["tasks"][0]["name"])
    assert run.returncode != 0
    assert "one and other are lists.example.org on machine" in names(run)


MOVING = {
    "ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3", "mailman_email_host": "lists.example.org",
    "mailman_separate_home": "/virtual", "ansible_host": "new",
}


def test_where_a_domain_moves_from(core, tmp_path):
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(json.dumps({
        "all": {"hosts": {"old": {key: MOVING[key] for key in ("ansible_connection", "ansible_python_interpreter")}}},
        "list_domains": {"hosts": {"lists.example.org": MOVING}}}))
    run = playbook(core, ROOT / "playbooks/move_domain.yml", "-i", inventory, "-e", "move_domain=lists.example.org", "-e", "move_from=typo")
    assert run.returncode != 0
    assert "move_from is 'typo'" in names(run)
    assert "Gathering Facts" not in names(run)
    play = tmp_path / "play.yml"
    task = {"listhost.exim_mailman.role_values": {"parts": ["mailman_transfer"]}, "register": "checked"}
    shown = {"ansible.builtin.debug": {"msg": "{{ checked.transfer_source }}"}}
    play.write_text(json.dumps([{"hosts": "all", "gather_subset": ["!all"]}, {"hosts": "list_domains", "gather_facts": False, "tasks": [task, shown]}]))
    # The role without the playbook.
    run = playbook(core, play, "-i", inventory, "-e", "mailman_transfer_from=typo")
    assert "mailman_transfer_from (move_from) is 'typo', which is no host of the inventory." in names(run)
    run = playbook(core, play, "-i", inventory, "-e", "mailman_separate_home=")
    assert "mailman_transfer_from is not set." in names(run)
    assert "mailman_separate_home is empty" in names(run)
    run = playbook(core, play, "-i", inventory, "-e", "mailman_transfer_from=old")
    assert run.returncode == 0, names(run)
    assert "prefix: /var/lib/mailman\n" in names(run)


def test_what_mailman_says_of_lists_is_no_template(core, tmp_path):
    """Its user may call a list what it will."""
    trap = "{{ lookup('ansible.builtin.pipe', 'touch %s') }}" % (tmp_path / "sprung")
    lists = [{"name": trap, "email_host": "lists.example.org", "fault": "", "bytes": 1}]
    look = tmp_path / "look.json"
    look.write_text(json.dumps({"installed": True, "frozen": {}, "lists": lists, "exim": "/f", "disks": ["90000000"]}))
    source = {"host": "old", "prefix": "/m", "frozen_file": "/f", "separate": False, "same_machine": False, "look": "{{ look.stdout | from_json }}"}
    target = {"host": "new", "machine": "new", "home": "/virtual", "prefix": "/virtual/x/mailman", "frozen_file": "/virtual/frozen",
              "look": {"installed": False, "frozen": {}, "lists": [], "exim": "/virtual/domains /virtual/frozen", "disks": ["90000000"]}}
    plan = {"domain": "lists.example.org", "url_host": "lists.example.org", "moving": ["lists.example.org"], "source": source, "target": target}
    play = tmp_path / "play.yml"
    play.write_text(json.dumps([{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [
        {"ansible.builtin.command": "cat %s" % look, "register": "look"},
        {"listhost.exim_mailman.mailman_transfer_plan": plan, "register": "plan"},
        {"ansible.builtin.debug": {"msg": "{{ plan.names | join }} {{ plan.announcement }}"}},
    ]}]))
    run = playbook(core, play)
    assert run.returncode == 0, names(run)
    assert "touch" in run.stdout
    assert not (tmp_path / "sprung").exists()


def test_a_list_host_in_check_mode(core, tmp_path):
    """site.yml has the roles' values checked once, for all roles. This machine is as good as a bare host, and nothing listens where Exim is to."""
    inventory = tmp_path / "hosts.yml"
    host = dict(COMMON, **NEVER, exim_replace_configuration=True, exim_interfaces=["127.0.0.1"], exim_ports=[61025], mailman_settings={"SMTPPORT": 61025})
    inventory.write_text(json.dumps({"list_hosts": {"hosts": {"lists": host}}}))
    run = playbook(core, ROOT / "playbooks/site.yml", "-i", inventory, "--check")
    assert run.returncode == 0, names(run)
    assert names(run).count("Check the values of") == 1
    assert "Package mailman would be installed" in names(run)
