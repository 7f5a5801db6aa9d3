# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils.mailman import TargetError
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
        nothing = {"domains": None, "lists": [], "site_password_changed": False, "unlisted": [], "warnings": [], "faults": [], "problems": []}
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
    """Which the other half refuses."""
    mailman.run(lists=[{"name": "news", option: ["anna@example.org", None]}])
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


def test_a_changed_file_of_domains_is_a_change(mailman):
    mailman.answer = {"domains": {"before": "", "after": "news: example.org\n"}}
    result = mailman.run(domains_file="/lists/.domains", _ansible_diff=True)
    assert (result["changed"], result["domains_changed"]) == (True, True)
    assert result["diff"] == [
        {"before_header": "/lists/.domains", "after_header": "/lists/.domains", "before": "", "after": "news: example.org\n"}
    ]
    assert "domains" not in result


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
