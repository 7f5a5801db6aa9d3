# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role mailman makes of its variables in mm_cfg.py, and when it has Mailman's jobs run. Little of it shows on the wire."""

import pytest
import yaml

INVENTORY = {"mailman_email_host": "list.example.com", "mailman_site_owner": "postmaster@example.com"}

# Every setting that the role writes, as an inventory has it that says nothing about it.
DEFAULTS = {
    "DEFAULT_EMAIL_HOST": "list.example.com",
    "DEFAULT_URL_HOST": "list.example.com",
    "MTA": None,
    "DELIVERY_MODULE": "SMTPDirect",
    "SMTP_MAX_RCPTS": 15,
    "SMTP_MAX_SESSIONS_PER_CONNECTION": 30,
    "DELIVERY_RETRY_WAIT": 300,
    # tests/contract/test_bounces.py tries them.
    "VERP_REGEXP": "^(?P<bounces>.+?-bounces)[+](?P<mailbox>.+)=(?P<host>[^@=]+)@.*$",
    "VERP_PROBE_REGEXP": "^(?P<bounces>.+?-bounces)[+](?P<token>[^@=]+)@.*$",
    # Exim does it.
    "VERP_PASSWORD_REMINDERS": 1,
    "VERP_PERSONALIZED_DELIVERIES": 1,
    "VERP_CONFIRMATIONS": 1,
    "VERP_DELIVERY_INTERVAL": 0,
    "VERP_PROBES": 0,
    "OWNERS_CAN_ENABLE_PERSONALIZATION": 0,
    "DEFAULT_FROM_IS_LIST": 0,
    "DEFAULT_DMARC_MODERATION_ACTION": 1,
    # The unit may not ask the web for it.
    "DMARC_ORGANIZATIONAL_DOMAIN_DATA_URL": "",
}
NO_VERP = dict.fromkeys(["VERP_PASSWORD_REMINDERS", "VERP_PERSONALIZED_DELIVERIES", "VERP_CONFIRMATIONS"], 0)
RUNNERS = [[name + "Runner", 1] for name in ("Arch", "Bounce", "Command", "Incoming", "News", "Outgoing", "Virgin", "Retry")]


@pytest.mark.parametrize("inventory, changed", [
    ({}, {}),
    ({"mailman_url_host": "www.example.com"}, {"DEFAULT_URL_HOST": "www.example.com"}),
    ({"mailman_smtp_max_rcpts": 500}, {"SMTP_MAX_RCPTS": 500}),
    ({"mailman_smtp_max_sessions_per_connection": 7}, {"SMTP_MAX_SESSIONS_PER_CONNECTION": 7}),
    ({"mailman_delivery_retry_minutes": 2}, {"DELIVERY_RETRY_WAIT": 120}),
    # The interval counts where Mailman does it.
    ({"mailman_verp": "exim", "mailman_verp_interval": 3}, {}),
    ({"mailman_verp": "mailman"}, {"VERP_DELIVERY_INTERVAL": 1}),
    ({"mailman_verp": "mailman", "mailman_verp_interval": 3}, {"VERP_DELIVERY_INTERVAL": 3}),
    ({"mailman_verp": "none", "mailman_verp_interval": 3}, NO_VERP),
    ({"mailman_verp_probes": True}, {"VERP_PROBES": 1}),
    ({"mailman_owners_can_enable_personalization": True}, {"OWNERS_CAN_ENABLE_PERSONALIZATION": 1}),
    ({"mailman_from_is_list": "no"}, {"DEFAULT_FROM_IS_LIST": 0}),
    ({"mailman_from_is_list": "munge"}, {"DEFAULT_FROM_IS_LIST": 1}),
    ({"mailman_from_is_list": "wrap"}, {"DEFAULT_FROM_IS_LIST": 2}),
    ({"mailman_dmarc_moderation_action": "accept"}, {"DEFAULT_DMARC_MODERATION_ACTION": 0}),
    ({"mailman_dmarc_moderation_action": "munge"}, {"DEFAULT_DMARC_MODERATION_ACTION": 1}),
    ({"mailman_dmarc_moderation_action": "wrap"}, {"DEFAULT_DMARC_MODERATION_ACTION": 2}),
    ({"mailman_dmarc_moderation_action": "reject"}, {"DEFAULT_DMARC_MODERATION_ACTION": 3}),
    ({"mailman_dmarc_moderation_action": "discard"}, {"DEFAULT_DMARC_MODERATION_ACTION": 4}),
    ({"mailman_install_method": "existing"}, {"DMARC_ORGANIZATIONAL_DOMAIN_DATA_URL": None}),
    ({"mailman_qrunner_slices": {"Outgoing": 4, "Arch": 2}}, {
        "QRUNNERS": [["ArchRunner", 2]] + RUNNERS[1:5] + [["OutgoingRunner", 4]] + RUNNERS[6:],
    }),
    ({"mailman_shared_domains": {"www.example.org": "lists.example.org"}, "mailman_url_host": "www.example.com"}, {
        "DEFAULT_URL_HOST": "www.example.com",
        "VIRTUAL_HOSTS": {"www.example.com": "list.example.com", "www.example.org": "lists.example.org"},
    }),
], ids=str)
def test_settings(render, inventory, changed):
    """All of them, also those that stay: each variable changes what it is for, and nothing else."""
    found = render("mailman", "{{ __mailman_typed_settings }}", **dict(INVENTORY, **inventory))
    found["QRUNNERS"] = [list(pair) for pair in found["QRUNNERS"]] if "QRUNNERS" in found else None
    found.setdefault("DMARC_ORGANIZATIONAL_DOMAIN_DATA_URL", None)
    assert found == dict(dict(DEFAULTS, QRUNNERS=None), **changed)


def task(role_text, name):
    return [task for task in yaml.safe_load(role_text("mailman", "tasks", "configure.yml")) if task["name"].startswith(name)][0]


@pytest.mark.parametrize("inventory, percent", [({}, 10), ({"mailman_bounce_guard_percent": 3}, 3)])
def test_the_queue_runner_for_bounces(render, role_text, inventory, percent):
    option = task(role_text, "Install Mailman's settings")["listhost.exim_mailman.mailman_config"]["bounce_runner"]
    runner = yaml.safe_load(role_text("mailman", "vars", "main.yml"))["__mailman_bounce_runner"]
    assert int(render("mailman", runner["max_disabled_percent"], **dict(INVENTORY, **inventory))) == percent
    for guard, expected in ((True, "the runner"), (False, "nothing")):
        assert render("mailman", option, omit="nothing", __mailman_bounce_runner="the runner", mailman_bounce_guard=guard, **INVENTORY) == expected


@pytest.mark.parametrize("paths, restarted", [
    ([], False), (["/etc/cron.d/mailman"], False), (["/etc/mailman/mm_cfg.py"], True), (["/usr/lib/mailman/Mailman/Queue/ListhostBounceRunner.py"], True),
])
def test_what_the_queue_runners_are_restarted_for(render, paths, restarted):
    """They know neither new settings nor a new file of ours."""
    installed = {"path": "/etc/mailman/mm_cfg.py", "changed_paths": paths}
    assert render("mailman", "{{ __mailman_settings_changed | bool }}", __mailman_config=installed) is restarted


@pytest.mark.parametrize("name, secret", [
    ("SUBSCRIBE_FORM_SECRET", True), ("RECAPTCHA_PRIVATE_KEY", True), ("SMTP_PASSWD", True), ("SITE_PASSWORD", True),
    ("GEO_API_KEY", True), ("RECAPTCHA_SITE_KEY", False),
    ("VERP_PASSWORD_REMINDERS", False), ("RECAPTCHA_PUBLIC_KEY", False), ("DEFAULT_URL_HOST", False),
])
def test_names_of_secrets(render, name, secret):
    assert render("mailman", "{{ name is search(__mailman_secret) }}", name=name) is secret


# Upstream's cron/crontab.in, which tests/contract reads from the archive.
SCHEDULE = {
    "checkdbs": "0 8 * * *",
    "disabled": "0 9 * * *",
    "senddigests": "0 12 * * *",
    "mailpasswds": "0 5 1 * *",
    "gate_news": "0,5,10,15,20,25,30,35,40,45,50,55 * * * *",
    "nightly_gzip": "27 3 * * *",
    "cull_bad_shunt": "30 4 * * *",
}


def test_jobs_run_when_upstream_has_them_run(render, role_text):
    installation = dict(user="list", python="/usr/bin/python2.7", prefix="/var/lib/mailman")
    table = render("mailman", role_text("mailman", "templates", "cron.j2"), mailman_installation=installation, **INVENTORY)
    jobs = [line.split(None, 5) for line in table.splitlines() if line and line[0] != "#" and "=" not in line]
    every_five = ",".join(str(minute) for minute in range(0, 60, 5))
    found = dict((job[5].rpartition("/")[2], " ".join(job[:5]).replace("*/5", every_five)) for job in jobs)
    assert found == SCHEDULE
    assert len(jobs) == len(SCHEDULE)
    assert set(job[5].rpartition("/")[0] for job in jobs) == {"list /usr/bin/python2.7 -S /var/lib/mailman/cron"}
