# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""configure, make, make install, and what is there then."""

import re

import pytest
from conftest import CONFIGURE, PREFIX, SOURCE

PYTHON_WITHOUT_DNS = "/usr/local/bin/python-without-dns"


@pytest.fixture(scope="module")
def source(host):
    """A copy of the source to run configure in, so that the one which is installed stays as it was built."""
    host.run(f"cp -a {SOURCE} {SOURCE}-try")
    host.run("mkdir -p /srv/{group,setgid,mode} && chgrp list /srv/{setgid,mode}")
    host.run("chmod 2775 /srv/group && chmod 0775 /srv/setgid && chmod 2755 /srv/mode")
    host.write(PYTHON_WITHOUT_DNS, '#!/bin/sh\nexec /usr/bin/python2.7 -S "$@"\n')
    host.run(f"chmod 755 {PYTHON_WITHOUT_DNS}")
    return f"{SOURCE}-try"


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ({"with_username": "nobody-here"}, 'No "nobody-here" user found'),
        ({"with_groupname": "nothing-here"}, 'No "nothing-here" group found'),
        ({"with_mail_gid": "nothing-here"}, 'No group name "nothing-here" found for the mail wrapper'),
        ({"with_cgi_gid": "nothing-here"}, 'No group name "nothing-here" found for the CGI wrapper'),
        ({"with_python": "/no/such/python"}, "No Python interpreter found"),
        ({"with_python": PYTHON_WITHOUT_DNS}, "dnspython <2.0 not found"),
        ({"with_var_prefix": "/srv/missing"}, "Directory doesn't exist: /srv/missing"),
        ({"with_var_prefix": "/srv/group"}, "Directory must be owned by group list: /srv/group"),
        ({"with_var_prefix": "/srv/setgid"}, "Set-gid bit must be set for directory: /srv/setgid"),
        ({"with_var_prefix": "/srv/mode"}, "Permissions should be at least 02775: /srv/mode"),
    ],
)
def test_configure_stops(host, source, flags, reason):
    done = host.configure(source, **flags)
    assert done.returncode != 0
    assert reason in done.stdout + done.stderr


@pytest.fixture(scope="module")
def staged(host, source):
    """Installed with DESTDIR, for a user, a group and a directory that this host does not have, as for a package."""
    flags = {"with_username": "nobody-here", "with_groupname": "nothing-here", "with_var_prefix": "/var/lib/mm"}
    done = host.configure(source, prefix="/usr/lib/mm", without_permcheck=True, **flags)
    assert done.returncode == 0, done.stderr
    host.run(f"cd {source} && make && make install DESTDIR=/srv/stage")
    return host


def test_staged_install(staged):
    """Nothing outside of DESTDIR, which is not compiled in; nothing is updated."""
    assert not staged.exists("/usr/lib/mm")
    assert not staged.exists("/var/lib/mm")
    assert not staged.exists("/srv/stage/var/lib/mm/data/last_mailman_version")
    defaults = staged.read("/srv/stage/usr/lib/mm/Mailman/Defaults.py")
    assert re.search(r"^VAR_PREFIX\s*= '/var/lib/mm'$", defaults, re.MULTILINE)
    assert "/srv/stage" not in staged.read("/srv/stage/usr/lib/mm/bin/paths.py")


def test_staged_directories(staged):
    """Code under prefix, data under var-prefix."""
    code = {"bin", "cron", "mail", "Mailman", "scripts", "templates", "messages"}
    data = {"archives", "data", "lists", "locks", "logs", "qfiles", "spam"}
    found_code = set(staged.run("ls /srv/stage/usr/lib/mm").stdout.split())
    assert code <= found_code
    assert not data & found_code
    assert set(staged.run("ls /srv/stage/var/lib/mm").stdout.split()) == data


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        (".", "2775"),
        ("lists", "2775"),
        ("qfiles", "2775"),
        ("locks", "2775"),
        ("logs", "2775"),
        ("data", "2775"),
        ("archives", "2775"),
        ("archives/private", "2771"),
        ("archives/public", "2775"),
        ("bin", "2775"),
        ("Mailman", "2775"),
        ("mail/mailman", "2755"),
        ("bin/mailmanctl", "755"),
        ("bin/paths.py", "644"),
        ("cron/checkdbs", "755"),
        ("cron/crontab.in", "644"),
        ("Mailman/mm_cfg.py.dist", "644"),
        ("Mailman/Defaults.py", "644"),
    ],
)
def test_layout(mailman, path, mode):
    assert mailman.run(f"stat -c '%a %G' {PREFIX}/{path}").stdout.split() == [mode, "list"]


def test_everything_belongs_to_root(mailman):
    made_by_install = "bin cron scripts mail Mailman templates messages"
    assert mailman.run(f"cd {PREFIX} && find {made_by_install} ! -user root ! -name '*.pyc'").stdout == ""


def test_commands_are_there(mailman):
    names = (
        "add_members check_perms config_list genaliases list_lists list_members mailman-config mailmanctl"
        " mmsitepass newlist qrunner remove_members rmlist sync_members unshunt update withlist"
    )
    mailman.run(f"cd {PREFIX}/bin && for name in {names}; do test -x $name || exit 1; done")


def test_no_permission_findings_after_fix(mailman):
    """A fresh installation has findings; check_perms exits 0 all the same, so its text is what counts."""
    assert re.search(r"^Problems found: [1-9]", mailman.found_perms.stdout, re.MULTILINE)
    assert "No problems found" not in mailman.fixed_perms.stdout
    assert "No problems found" in mailman.tool("check_perms").stdout


def test_check_perms_finds_and_fixes(mailman):
    broken = f"{PREFIX}/lists {PREFIX}/mail/mailman {PREFIX}/Mailman/Utils.py"
    mailman.run(f"chmod 0755 {PREFIX}/lists; chmod g-s {PREFIX}/mail/mailman; chgrp root {PREFIX}/Mailman/Utils.py")
    found = mailman.tool("check_perms")
    assert "Problems found: 3" in found.stdout
    mailman.tool("check_perms -f")
    assert "No problems found" in mailman.tool("check_perms").stdout
    assert mailman.run(f"stat -c '%a %G' {broken}").stdout.splitlines() == ["2775 list", "2755 list", "644 list"]


def test_first_line_names_the_python(mailman):
    assert mailman.read(f"{PREFIX}/bin/mailmanctl").splitlines()[0].split() == ["#!", CONFIGURE["with-python"]]


def test_mailman_config(mailman):
    shown = mailman.tool("mailman-config").stdout
    for name, value in (
        ("Mailman version", r"2\.1\.39.*"),
        ("prefix", PREFIX),
        ("var_prefix", PREFIX),
        ("mailman_user", "list"),
        ("mailman_group", "list"),
        ("mail_group", "mail"),
        ("cgi_group", "www-data"),
    ):
        assert re.search(rf"^{name}: +{value}$", shown, re.MULTILINE), name
    assert f'configure_opts: "--prefix={PREFIX} ' in shown


def test_mailman_config_can_be_read_without_python_2(mailman):
    """Module mailman_info takes these from the source."""
    source = mailman.read(f"{PREFIX}/bin/mailman-config")
    assert re.search(r"^print.*mail_group: +%s' % 'mail'", source, re.MULTILINE)
    assert re.search(r"""^print.*configure_opts: "%s"' % '--prefix""", source, re.MULTILINE)


def test_files_that_mailman_info_reads(mailman):
    assert re.search(r"^VERSION = '2\.1\.39", mailman.read(f"{PREFIX}/Mailman/Version.py"), re.MULTILINE)
    defaults = mailman.read(f"{PREFIX}/Mailman/Defaults.py")
    for name, value in (
        ("PREFIX", PREFIX),
        ("VAR_PREFIX", PREFIX),
        ("PYTHON", CONFIGURE["with-python"]),
        ("MAILMAN_USER", "list"),
        ("MAILMAN_GROUP", "list"),
    ):
        assert re.search(rf"^{name}\s*= '{value}'$", defaults, re.MULTILINE), name


def test_crontab(mailman):
    """The seven jobs, with five fields, no user, and Python run as it was configured."""
    lines = [line for line in mailman.read(f"{PREFIX}/cron/crontab.in").splitlines() if line and line[0] != "#"]
    run = f"{CONFIGURE['with-python']} -S {PREFIX}/cron/"
    assert dict(reversed(line.split(" " + run)) for line in lines) == {
        "checkdbs": "0 8 * * *",
        "disabled": "0 9 * * *",
        "senddigests": "0 12 * * *",
        "mailpasswds": "0 5 1 * *",
        "gate_news": "0,5,10,15,20,25,30,35,40,45,50,55 * * * *",
        "nightly_gzip": "27 3 * * *",
        "cull_bad_shunt": "30 4 * * *",
    }


@pytest.mark.parametrize("job", ["checkdbs", "disabled", "senddigests", "gate_news", "nightly_gzip", "cull_bad_shunt"])
def test_cron_job_runs_as_the_list_user(mailman, job):
    done = mailman.run(f"{CONFIGURE['with-python']} -S {PREFIX}/cron/{job}", user="list")
    assert done.stdout + done.stderr == ""


def test_installing_again(mailman):
    """mm_cfg.py and the lists stay, the update has nothing to do."""
    mailman.settings(SMTP_MAX_RCPTS=7)
    mailman.newlist("kept", ["one@example.org"])
    before = mailman.read(f"{PREFIX}/Mailman/mm_cfg.py")
    done = mailman.run(f"cd {SOURCE} && make install")
    assert "No updates are necessary." in done.stdout
    assert mailman.read(f"{PREFIX}/Mailman/mm_cfg.py") == before
    assert mailman.tool("list_members kept").stdout == "one@example.org\n"
    mailman.tool("check_perms -f")
    assert "No problems found" in mailman.tool("check_perms").stdout
