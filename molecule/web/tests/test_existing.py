# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An administrator's own Apache and nginx, which include the role's files: they are asked what the role's Apache is asked in the other tests.

The host has the role's Apache before, and gets it back."""

import json
import types

import pytest
import test_apache
import test_domains
import test_story
from asking import Site
from conftest import needs_mailman, run
from waiting import eventually

pytestmark = pytest.mark.list_hosts("debian13")
EXISTING = {"mailman_web_server": "existing"}
# What a person writes who has read the head of the role's file, with settings that could spoil what it says.
SERVERS = {
    "apache": (
        "apache2",
        "/etc/apache2/sites-enabled/own.conf",
        """
<VirtualHost *:443>
    ServerName %(name)s
    ServerAlias %(other)s
    DocumentRoot /var/www/html
    SSLEngine on
    SSLCertificateFile /etc/listhost/web.pem
    SSLCertificateKeyFile /etc/listhost/web.key
    RedirectMatch ^/$ /mailman/listinfo
    MergeSlashes Off
    <FilesMatch "\\.svg$">
        SetHandler server-status
    </FilesMatch>
    Include /etc/listhost/apache.conf
</VirtualHost>
""",
    ),
    "nginx": (
        "nginx",
        "/etc/nginx/sites-enabled/default",
        """
server {
    listen 443 ssl;
    server_name %(name)s %(other)s;
    root /var/www/html;
    ssl_certificate /etc/listhost/web.pem;
    ssl_certificate_key /etc/listhost/web.key;
    charset utf-8;
    merge_slashes off;
    add_header Content-Security-Policy "default-src *";
    location = / { return 302 /mailman/listinfo; }
    location ~ \\.(html|php|gz)$ { return 403; }
    include /etc/listhost/nginx.conf;
}
""",
    ),
}


@pytest.fixture(scope="module")
def files(list_host):
    """Return a function that tells which files Apache and fail2ban have, and since when Apache runs."""
    command = "find /etc/apache2 /etc/fail2ban -type f -exec md5sum {} + -o -type l -print; systemctl show --property=MainPID apache2"
    return lambda: set(list_host.check_output(command).splitlines())


@pytest.fixture(scope="module", autouse=True)
def existing(list_host, files):
    """What a run has done that makes the role's Apache the administrator's."""
    before = files()
    done = types.SimpleNamespace(foreseen=run(list_host, "--check", **EXISTING), before=before, foreseen_files=files())
    done.ended, done.after = run(list_host, **EXISTING), files()
    done.again = run(list_host, **EXISTING)
    yield done
    list_host.check_output("rm -f %s; systemctl stop nginx fcgiwrap.socket; systemctl start apache2", " ".join(path for _unit, path, _text in SERVERS.values()))
    list_host.check_output("rm -f %s", SERVERS["apache"][1])
    assert run(list_host).failure == ""
    assert eventually(lambda: Site(list_host).ask("/mailman/listinfo").status == 200)


@pytest.fixture(scope="module")
def installed(list_host, existing):
    """nginx and fcgiwrap, as the distribution has them."""
    install = "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends nginx fcgiwrap"
    list_host.check_output("(%s && systemctl start fcgiwrap.socket) 2>&1" % install)


@pytest.fixture(scope="module", params=list(SERVERS))
def site(request, list_host, installed, archives):
    """The web host, served by one of the two. What is posted with the one becomes a page of the archive, so the other gets its pages anew."""
    for path, content in {**test_apache.CONTENT, "guests/2026-November/000000.html": b"a post"}.items():
        archives(path, content)
    site = Site(list_host)
    unit, path, text = SERVERS[request.param]
    list_host.check_output("systemctl stop apache2 nginx")
    list_host.check_output("printf %%s %s >%s && systemctl start %s", text % {"name": site.name, "other": "www.other." + list_host.fqdn}, path, unit)
    yield site
    list_host.check_output("systemctl stop %s && rm %s", unit, path)


@pytest.fixture(scope="module", params=["news", "guests"])
def place(request, site):
    """The web host of a list, the list, and a list of the other domain."""
    other = Site(site.host, "www.other." + site.host.fqdn)
    return (site, "news", "guests") if request.param == "news" else (other, "guests", "news")


def test_the_virtual_hosts_go_away_and_nothing_else(list_host, existing):
    assert existing.ended.failure == ""
    gone = {line.split()[-1] for line in existing.before - existing.after}
    ours = ["apache2/sites-available/listhost.conf", "apache2/sites-enabled/listhost.conf"]
    ours += ["fail2ban/filter.d/listhost-login.conf", "fail2ban/filter.d/listhost-limits.conf", "fail2ban/jail.d/listhost.conf"]
    assert gone == {"/etc/" + name for name in ours}
    # Without auth.log the jail of sshd needs what is said of it there.
    assert {line.split()[-1] for line in existing.after - existing.before} == {"/etc/fail2ban/jail.d/listhost.conf"}
    assert list_host.service("fail2ban").is_running
    assert "listhost" not in list_host.check_output("fail2ban-client status")
    assert list_host.file("/etc/listhost/web.pem").exists


def test_runs_before_and_after(existing):
    assert (existing.foreseen.failure, existing.foreseen_files) == ("", existing.before)
    assert existing.foreseen.changed > 0
    assert (existing.again.failure, existing.again.changes) == ("", [])


def test_the_group_of_the_programs(list_host):
    ended = run(list_host, mailman_web_group="nginx", **EXISTING)
    assert "compiled for the web server's group www-data, and your web server is to run them as group nginx" in ended.failure
    assert ended.changed == 0


def test_verify(site, tmp_path):
    """It looks for Mailman's pages and not for the role's Apache and jails."""
    results = tmp_path / "results.json"
    run(site.host, playbook="verify.yml", verify_results=str(results), verify_subscriber="anna@example.net", **EXISTING)
    assert json.loads(results.read_text())[site.host.name]["faults"] == []


@pytest.mark.parametrize("path", ["//mailman/listinfo/%s", "/mailman//listinfo/%s", "/mailman/listinfo//%s", "/pipermail//%s/2026-November/000000.html"])
def test_slashes_that_the_server_does_not_merge(place, path):
    site, _own, foreign = place
    assert site.ask(path % foreign).status == 404


@pytest.mark.parametrize("header", ["Proxy", "Forwarded-For", "X_Forwarded_For"])
def test_headers_that_a_program_may_believe(site, header):
    assert "forged.example" not in site.ask("/mailman/listinfo/news", **{header: "forged.example"}).page


def test_other_pages_are_the_administrators(site):
    assert "default-src 'none'" not in str(site.ask("/no-such").headers)


# The rest is what the role's own Apache is asked.
owner = test_story.owner
QUESTIONS = [
    test_apache.test_old_and_short_paths,
    test_apache.test_programs_run_as_the_group_that_they_expect,
    test_apache.test_unknown_list,
    test_apache.test_host_with_a_port_and_in_capitals,
    test_apache.test_headers,
    test_apache.test_cookies_are_kept_from_scripts_and_other_sites,
    test_apache.test_address_cannot_be_forged,
    test_apache.test_public_archive,
    test_apache.test_private_archive_is_closed,
    test_apache.test_private_archive_asks_for_a_password,
    test_apache.test_pages_say_their_charset_themselves,
    test_apache.test_text_and_mailboxes_are_downloads,
    test_apache.test_a_posters_script_does_not_run,
    test_apache.test_no_directory_is_listed,
    test_apache.test_icons,
    test_apache.test_what_was_taken_down,
    test_apache.test_methods,
    test_apache.test_the_overview_has_the_hosts_lists,
    test_domains.test_a_list_is_under_its_own_name,
    test_domains.test_however_it_is_spelt,
    test_domains.test_overview,
]
STORY = [
    test_story.test_log_in_and_change_an_option,
    test_story.test_cookie,
    test_story.test_approve_a_held_post_and_read_it,
    test_story.test_log_out,
    test_story.test_wrong_password,
    test_story.test_private_archive_is_for_members,
    test_story.test_member_options,
]
globals().update((question.__name__, question) for question in QUESTIONS)
globals().update((part.__name__, needs_mailman(part)) for part in STORY)
