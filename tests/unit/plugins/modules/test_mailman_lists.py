# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import time

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import TargetError
from ansible_collections.listhost.exim_mailman.plugins.modules import mailman_lists

CREATED = {
    "name": "news",
    "change": "created",
    "password_changed": False,
    "settings": {"description": {"before": None, "after": "Grüße"}, "max_message_size": {"before": None, "after": 200}},
    "members": {"added": [{"address": "a@example.org"}, {"address": "b@example.org", "digest": True}], "removed": [], "changed": []},
}
CHANGED = {
    "name": "news",
    "change": "changed",
    "password_changed": True,
    "settings": {"owner": {"before": ["a@example.org"], "after": ["b@example.org"]}},
    "members": {
        "added": [],
        "removed": ["c@example.org"],
        "changed": [{"address": "d@example.org", "options": {"digest": {"before": False, "after": True}}}],
    },
}
REMOVED = {"name": "news", "change": "removed"}


@pytest.fixture
def mailman(monkeypatch, run_module):
    """Run the module on a Mailman that gives the answer set before."""

    class Mailman:
        installation = {"python": "/usr/bin/python2.7"}
        answer = {}
        error = None
        request = None

        def run(self, **arguments):
            return run_module(mailman_lists, prefix="/var/lib/mailman", **arguments)

    mailman = Mailman()

    def run_target(module, installation, do, **request):
        mailman.request = dict(request, do=do, python=installation["python"])
        if mailman.error:
            raise TargetError(mailman.error)
        nothing = {"domains": None, "lists": [], "site_password_changed": False, "unlisted": [], "warnings": [], "faults": [], "problems": [],
                   "web_hosts": None}
        return dict(nothing, **mailman.answer)

    monkeypatch.setattr(mailman_lists, "find_installation", lambda prefix: mailman.installation)
    monkeypatch.setattr(mailman_lists, "run_target", run_target)
    return mailman


def test_nothing_to_do(mailman):
    result = mailman.run(lists=[{"name": "news"}])
    assert result["changed"] is False
    assert result["lists"] == []
    assert "faults" not in result
    assert "problems" not in result
    request = mailman.request
    assert (request["do"], request["check"], request["purge"], request["keep_archives"]) == ("manage_lists", False, False, True)
    assert (request["virtual_hosts"], request["domains_file"], result["domains_changed"]) == ({}, None, False)
    assert request["lists"][0] == {
        "name": "news",
        "state": "present",
        "email_host": None,
        "url_host": None,
        "language": None,
        "owners": None,
        "moderators": None,
        "description": None,
        "settings": {},
        "initial_settings": {},
        "members": None,
        "members_mode": "additive",
        "password": None,
        "update_password": "on_create",
    }


@pytest.mark.parametrize("option", ["owners", "moderators"])
def test_null_as_an_address_is_empty(mailman, option):
    """Which the other half refuses. ansible-core 2.16 refuses it itself."""
    result = mailman.run(lists=[{"name": "news", option: ["anna@example.org", None]}])
    if mailman.request is None:
        assert "Elements value for option '%s'" % option in result["msg"]
    else:
        assert mailman.request["lists"][0][option] == ["anna@example.org", ""]


@pytest.mark.parametrize("members, sent", [(None, None), ([], "[]"), (["a@example.org"], '["a@example.org"]')])
def test_members_are_sent_as_text(mailman, members, sent):
    mailman.run(lists=[{"name": "news", "members": members}])
    assert mailman.request["lists"][0]["members"] == sent


def test_changes_are_told(mailman):
    mailman.answer = {"lists": [CREATED], "unlisted": ["other"]}
    result = mailman.run(_ansible_check_mode=True)
    assert (result["changed"], result["lists"], result["unlisted"]) == (True, [CREATED], ["other"])
    assert mailman.request["check"] is True
    assert "diff" not in result
    # What a warning looks like depends on the version of ansible-core.
    assert "/var/lib/mailman has lists that are not among these: other. They are left alone." in str(result["warnings"])


def test_lists_of_others_are_no_warning_of_a_real_run(mailman):
    mailman.answer = {"lists": [CREATED], "unlisted": ["other"]}
    assert not mailman.run().get("warnings")


def test_a_changed_site_password_is_a_change(mailman):
    mailman.answer = {"site_password_changed": True}
    assert mailman.run(site_password="xyzzy")["changed"] is True


@pytest.fixture
def domains_file(tmp_path):
    path = tmp_path / "known" / "domains"
    path.parent.mkdir()
    path.write_text("old: example.org\n")
    os.utime(str(path), (1000000000, 1000000000))
    return path


def test_mailman_is_told_what_the_file_says_and_since_when(mailman, domains_file):
    mailman.run(domains_file=str(domains_file))
    assert mailman.request["domains_file"] == {"text": "old: example.org\n", "seconds": 1000000000}


def test_a_changed_file_of_domains_is_a_change(mailman, domains_file):
    mailman.answer = {"domains": "news: example.org\n"}
    for check_mode in (True, False):
        before = time.time()
        result = mailman.run(domains_file=str(domains_file), _ansible_diff=True, _ansible_check_mode=check_mode)
        assert (result["changed"], result["domains_changed"]) == (True, True)
        header = {"before_header": str(domains_file), "after_header": str(domains_file)}
        assert result["diff"] == [dict(header, before="old: example.org\n", after="news: example.org\n")]
        assert "domains" not in result
        assert domains_file.read_text() == ("old: example.org\n" if check_mode else "news: example.org\n")
    # A list that was saved while the call ran is read by the next one.
    assert before - 3 < domains_file.stat().st_mtime <= before - 1.9
    assert domains_file.stat().st_mode & 0o777 == 0o644


def test_an_unchanged_file_is_not_written(mailman, domains_file):
    mailman.answer = {"domains": "old: example.org\n"}
    before = domains_file.stat()
    result = mailman.run(domains_file=str(domains_file))
    assert (result["changed"], result["domains_changed"]) == (False, False)
    assert domains_file.stat().st_ino == before.st_ino
    # But it is true of a later moment.
    assert domains_file.stat().st_mtime > before.st_mtime


def test_a_new_file_gets_its_directory(mailman, tmp_path):
    path = tmp_path / "etc" / "listhost" / "domains"
    mailman.answer = {"domains": "news: example.org\n"}
    assert mailman.run(domains_file=str(path))["domains_changed"]
    assert mailman.request["domains_file"] == {"text": "", "seconds": 0}
    assert (path.read_text(), path.parent.stat().st_mode & 0o777) == ("news: example.org\n", 0o755)


def test_a_call_that_stopped_leaves_the_file_and_its_time(mailman, domains_file):
    mailman.answer = {"domains": None, "problems": ["Stopped before news was written."]}
    assert mailman.run(domains_file=str(domains_file))["failed"]
    assert domains_file.stat().st_mtime == 1000000000


@pytest.mark.parametrize("line", ["../x: example.org", "news: ${run{/bin/sh}}", "news: ", "news", "News: example.org", "news: a.test b.test", "*: a.test"])
def test_the_mail_server_gets_no_other_lines(mailman, domains_file, line):
    mailman.answer = {"domains": "a: a.test\n%s\n" % line}
    result = mailman.run(domains_file=str(domains_file))
    assert result["failed"]
    assert "domains_file: Mailman's user gave a line that is no list and its domain, %r" % line in result["msg"]
    assert result["domains_changed"] is False
    assert domains_file.read_text() == "old: example.org\n"


def test_the_file_is_where_only_root_can_write(mailman, domains_file):
    domains_file.parent.chmod(0o775)
    result = mailman.run(domains_file=str(domains_file))
    assert "domains_file: others than root can write to %s" % domains_file.parent in result["msg"]
    assert mailman.request is None


@pytest.mark.parametrize(
    "report, before, after",
    [
        (
            CREATED,
            "",
            'state: present\ndescription: Grüße\nmax_message_size: 200\nmember a@example.org\nmember b@example.org: {"digest": true}\n',
        ),
        (
            CHANGED,
            'state: present\nowner: ["a@example.org"]\npassword: (another)\nmember d@example.org: {"digest": false}\nmember c@example.org\n',
            'state: present\nowner: ["b@example.org"]\npassword: (as given)\nmember d@example.org: {"digest": true}\n',
        ),
        (REMOVED, "state: present\n", "state: absent\n"),
    ],
)
def test_difference(mailman, report, before, after):
    mailman.answer = {"lists": [report]}
    assert mailman.run(_ansible_diff=True)["diff"] == [{"before_header": "list news", "after_header": "list news", "before": before, "after": after}]


def test_faults_stop_the_call(mailman):
    mailman.answer = {"lists": [CREATED], "faults": ["lists (x): one", "lists (y): two"]}
    result = mailman.run()
    assert result["failed"] is True
    assert result["msg"] == "Nothing was changed, because these values are wrong:\nlists (x): one\nlists (y): two"
    assert result["faults"] == ["lists (x): one", "lists (y): two"]
    assert "changed" not in result


def test_problems_fail_the_call_and_tell_what_was_done(mailman):
    mailman.answer = {"lists": [CHANGED], "problems": ["The list x is locked."]}
    result = mailman.run(_ansible_diff=True)
    assert (result["failed"], result["changed"], result["msg"]) == (True, True, "The list x is locked.")
    assert result["lists"] == [CHANGED]
    assert len(result["diff"]) == 1


def test_warnings(mailman):
    mailman.answer = {"warnings": ["mail to x-admin@ goes elsewhere"]}
    assert "mail to x-admin@ goes elsewhere" in str(mailman.run()["warnings"])


def test_an_error_of_the_program_on_the_target(mailman):
    mailman.error = "Mailman's Python cannot be run"
    assert mailman.run()["msg"] == "Mailman's Python cannot be run"


def test_the_python_given_is_used(mailman):
    mailman.run()
    assert mailman.request["python"] == "/usr/bin/python2.7"
    mailman.run(python="/opt/python2.7")
    assert mailman.request["python"] == "/opt/python2.7"


def test_no_mailman(mailman):
    mailman.installation = None
    result = mailman.run(lists=[{"name": "news"}])
    assert result["failed"] is True
    assert "prefix: there is no Mailman at /var/lib/mailman" in result["msg"]


def test_no_mailman_yet_in_check_mode(mailman):
    mailman.installation = None
    result = mailman.run(lists=[{"name": "news"}, {"name": "old", "state": "absent"}], _ansible_check_mode=True, _ansible_diff=True)
    assert (result["changed"], result["lists"]) == (True, [{"name": "news", "change": "created"}])
    assert result["diff"][0]["after"] == "state: present\n"


def test_members_and_passwords_are_neither_logged_nor_returned(mailman, monkeypatch):
    logged = []
    monkeypatch.setattr(AnsibleModule, "log", lambda self, message, log_args=None: logged.append("%s %s" % (message, log_args)))
    result = mailman.run(lists=[{"name": "news", "members": ["secretly@example.org"], "password": "xyzzy"}], site_password="plugh")
    assert any("1 lists" in line for line in logged)
    for text in logged + [str(result)]:
        for secret in ("secretly@example.org", "xyzzy", "plugh"):
            assert secret not in text


def test_a_file_of_web_hosts(mailman, tmp_path):
    path = tmp_path / "listhost" / "web_hosts"
    mailman.answer = {"web_hosts": "news www.example.com\n"}
    assert mailman.run(web_hosts_file=str(path), update_urls=True, _ansible_check_mode=True)["changed"] and not path.exists()
    assert mailman.run(web_hosts_file=str(path), update_urls=True)["changed"]
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("news www.example.com\n", 0o644)
    assert mailman.run(web_hosts_file=str(path), update_urls=True)["changed"] is False
    assert mailman.request["update_urls"] is True
    # No file is asked for.
    assert mailman.run(update_urls=True)["changed"] is False


@pytest.mark.parametrize("line", ["news www.example.com x", "../x www.example.com", "news a/b", "news", "news www.example.com\r"])
def test_a_line_that_is_no_list_and_its_web_host(mailman, tmp_path, line):
    mailman.answer = {"web_hosts": line + "\n"}
    result = mailman.run(web_hosts_file=str(tmp_path / "web_hosts"), update_urls=True)
    assert "is no list and its web host" in result["msg"] and not (tmp_path / "web_hosts").exists()


def test_a_file_of_web_hosts_where_others_can_write(mailman, tmp_path):
    tmp_path.chmod(0o777)
    mailman.answer = {"web_hosts": "news www.example.com\n"}
    assert "Name a file in a directory that is root's alone" in mailman.run(web_hosts_file=str(tmp_path / "web_hosts"), update_urls=True)["msg"]


def test_a_directory_of_web_hosts(mailman, tmp_path):
    """For nginx, which can ask whether there is a file, and nothing else."""
    path = tmp_path / "listhost" / "web_hosts.d"
    arguments = {"web_hosts_file": str(tmp_path / "listhost" / "web_hosts"), "web_hosts_directory": str(path), "update_urls": True}
    mailman.answer = {"web_hosts": "news www.example.com\nold www.example.net\n"}
    assert mailman.run(_ansible_check_mode=True, **arguments)["changed"] and not path.exists()
    assert mailman.run(**arguments)["changed"]
    assert sorted(os.listdir(str(path))) == ["news", "news@www.example.com", "old", "old@www.example.net"]
    assert (path.stat().st_mode & 0o777, (path / "news").stat().st_mode & 0o777) == (0o755, 0o644)
    assert mailman.run(**arguments)["changed"] is False
    # A list moves, another is removed, and somebody has removed a file.
    mailman.answer = {"web_hosts": "news www.example.net\n"}
    assert mailman.run(**arguments)["changed"]
    assert sorted(os.listdir(str(path))) == ["news", "news@www.example.net"]
    (path / "news").unlink()
    assert mailman.run(**arguments)["changed"] and (path / "news").exists()
    # What is no list's name stays within.
    mailman.answer = {"web_hosts": ".. www.example.net\n"}
    assert "web_hosts_file" in mailman.run(**arguments)["msg"]
