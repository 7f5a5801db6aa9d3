# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the backup's program is told, and where its unit may write."""

import pytest

INSTALLATION = {"prefix": "/usr/lib/mailman", "var_prefix": "/var/lib/mailman", "python": "/usr/bin/python2.7"}


@pytest.fixture
def backup(render):
    """Return a function that renders something for a host with this inventory."""

    def backup(template, platform="Debian", **inventory):
        given = {"mailman_installation": INSTALLATION, "inventory_hostname": "lists", "ansible_facts": {"python": {"executable": "/usr/bin/python3"}}}
        return render("mailman_backup", template, vars_files=("main", platform), **dict(given, **inventory))

    return backup


def test_the_unit_may_write_to_a_repository_on_the_host(backup, role_text):
    unit = role_text("mailman_backup", "templates", "backup.service.j2")
    assert "ReadWritePaths=/var/lib/listhost-backup /var/lib/mailman -/srv/backup\n" in backup(unit, mailman_backup_repository="/srv/backup")
    for elsewhere in ("sftp:backup@vault.example.com:/srv/backup", "rest:https://vault.example.com/lists"):
        assert "ReadWritePaths=/var/lib/listhost-backup /var/lib/mailman\n" in backup(unit, mailman_backup_repository=elsewhere)
    assert "ExecStart=/usr/bin/python3 -I -B /usr/local/lib/listhost/backup.pyz /etc/listhost/backup.json\n" in backup(unit)


def test_a_backup_that_fails_starts_the_mail(backup, role_text):
    assert "OnFailure=listhost-backup-report.service\n" in backup(role_text("mailman_backup", "templates", "backup.service.j2"))
    unit = backup(role_text("mailman_backup", "templates", "report.service.j2"))
    assert "ExecStart=/usr/bin/python3 -I -B /usr/local/lib/listhost/backup.pyz /etc/listhost/backup.json report\n" in unit
    assert backup("{{ __mailman_backup_timers }}") == ["listhost-backup.timer", "listhost-backup-report.timer"]


def test_the_timer(backup, role_text):
    assert "OnCalendar=weekly\n" in backup(role_text("mailman_backup", "templates", "backup.timer.j2"), mailman_backup_schedule="weekly")


@pytest.mark.parametrize(("platform", "exim"), [("Debian", "/etc/exim4"), ("RedHat", "/etc/exim")])
def test_keys_are_named_apart_from_what_the_inventory_makes(backup, platform, exim):
    settings = backup("{{ __mailman_backup_settings }}", platform, exim_tls_privatekey="/etc/ssl/key.pem", mailman_backup_paths=["/etc/letsencrypt"])
    assert settings["own_paths"] == [exim + "/dkim", "/etc/ssl/key.pem", "/etc/letsencrypt"]
    assert settings["paths"][:2] == ["/usr/lib/mailman/Mailman/mm_cfg.py", exim]
    assert settings["keep"] == {"last": 7, "daily": 14, "weekly": 8, "monthly": 12}
    # With ansible-core 2.16 a number in a template is text, of which the module makes a number.
    assert (settings["host"], settings["python"], int(settings["read_days"])) == ("lists", "/usr/bin/python2.7", 30)


@pytest.mark.parametrize(("platform", "ssh"), [("Debian", "openssh-client"), ("RedHat", "openssh-clients")])
def test_a_repository_over_sftp_needs_ssh(backup, platform, ssh):
    assert backup("{{ __mailman_backup_packages }}", platform, mailman_backup_repository="sftp:backup@vault.example.com:lists") == ["restic", ssh]
    for elsewhere in ("/srv/sftp:backup", "rest:https://vault.example.com/lists", ""):
        assert backup("{{ __mailman_backup_packages }}", platform, mailman_backup_repository=elsewhere) == ["restic"]


@pytest.mark.parametrize(("found", "expected"), [
    ({}, False), ({"pending": True}, True), ({"active": False}, True), ({"restic": False}, True), ({"taken": False}, True),
])
def test_an_unchanged_run_looks_and_does_no_more(backup, found, expected):
    found = dict({"pending": False, "active": True, "restic": True, "taken": True}, **found)
    assert backup("{{ __mailman_backup_unprepared }}", __mailman_backup_installed=found) is expected
