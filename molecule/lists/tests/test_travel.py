# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists are written into a file and come back, as an administrator has it done in a playbook."""

import json
import time

import pytest
from conftest import PREFIX
from waiting import until_mailman_is_idle

BACKUPS = "/var/backups/lists"
ARCHIVE = BACKUPS + "/lists.tar"
NAME = "travelling"
MAIL = "To: travelling@list.example.com\nSubject: %s\n\nHello\n"
# What a list has; its config.pck is compared by what is in it.
FILES = (
    "cd {0}; find lists/{1} archives/private/{1} archives/private/{1}.mbox data/heldmsg-{1}-* -type f ! -name config.pck\\* ! -name arrived"
    " -printf '%p %u %g %m\\n' -exec md5sum {{}} + | sort"
).format(PREFIX, NAME)
# All that Mailman has; directories have another time when something was in them.
ALL_FILES = "cd %s; find lists data archives locks qfiles -type f -printf '%%p %%u %%g %%m %%T@ %%s\\n' | sort" % PREFIX


@pytest.fixture
def export(call, list_host):
    return lambda *options, **arguments: call(list_host, "mailman_export", dict({"dest": ARCHIVE, "lists": [NAME]}, **arguments), *options)


@pytest.fixture
def bring(call, list_host):
    return lambda *options, **arguments: call(list_host, "mailman_import", dict({"src": ARCHIVE}, **arguments), *options)


@pytest.fixture
def travelling(list_host, manage, info_of, send, tidy):
    """A list with a message in its archive and one that is held."""
    list_host.check_output("rm -rf %s; install -d -m 700 %s" % (BACKUPS, BACKUPS))
    manage([{"name": NAME, "owners": ["anna@example.org"], "password": "secret of the list", "members": ["dora@example.org", "emil@example.net"]}])
    for sender in ("dora", "stranger"):
        assert send(list_host, NAME + "@list.example.com", sender=sender + "@example.org", data=MAIL % sender).code == 250
    deadline = time.monotonic() + 30
    archive = "test -s {0}/archives/private/{1}.mbox/{1}.mbox && ls {0}/archives/private/{1}/*/000000.html".format(PREFIX, NAME)
    while not (info_of(NAME)["held_messages"] and list_host.run(archive).rc == 0) and time.monotonic() < deadline:
        pass
    assert info_of(NAME)["held_messages"] == 1
    # The post goes to members, and the owner is told of the one that is held.
    until_mailman_is_idle(list_host, PREFIX + "/qfiles", "shunt")
    yield
    list_host.check_output("rm -rf %s %s/data/moved" % (BACKUPS, PREFIX))


@pytest.fixture
def info_of(call, list_host):
    return lambda name: [one for one in call(list_host, "mailman_info", {"gather": ["lists"]})["lists"] if one["name"] == name][0]


def test_a_list_that_was_lost_comes_back(list_host, travelling, export, bring, manage, info_of, mailman, send, sink, fingerprint):
    before, files, facts = fingerprint(), list_host.check_output(FILES), info_of(NAME)
    assert (export("--check")["changed"], list_host.file(ARCHIVE).exists) == (True, False)
    assert fingerprint() == before
    before = list_host.check_output(ALL_FILES)
    exported = export()
    assert [(one["name"], one["members"], one["held"], one["email_host"], one["fault"]) for one in exported["lists"]] == [(NAME, 2, 1, "list.example.com", "")]
    assert exported["lists"][0]["locked_seconds"] < 1
    assert (oct(list_host.file(ARCHIVE).mode), list_host.file(ARCHIVE).user, list_host.check_output("ls " + BACKUPS)) == ("0o600", "root", "lists.tar")
    assert exported["archive"]["checksum"] == "sha256:" + list_host.file(ARCHIVE).sha256sum
    assert list_host.check_output(ALL_FILES) == before
    assert "There is a list %s here already" % NAME in bring()["msg"]
    assert list_host.check_output(ALL_FILES) == before

    manage([{"name": NAME, "state": "absent"}], keep_archives=False)
    gone = fingerprint()
    assert "has the checksum" in bring(checksum="sha256:" + "0" * 64)["msg"]
    options = {"checksum": exported["archive"]["checksum"], "queued_messages": False}
    assert [one["new_name"] for one in bring("--check", **options)["lists"]] == [NAME]
    assert fingerprint() == gone
    result = bring(**options)
    assert (result["changed"], [(one["new_name"], one["members"], one["held"]) for one in result["lists"]]) == (True, [(NAME, 2, 1)])
    assert (list_host.check_output(FILES), info_of(NAME)) == (files, facts)
    password = "print json.dumps(MailList(%r, lock=0).Authenticate([mm_cfg.AuthListAdmin], 'secret of the list') != mm_cfg.UnAuthorized)"
    assert mailman(password % NAME)
    again = bring(**options)
    assert (again["changed"], again["unchanged"]) == (False, [NAME])
    mark = sink.mark()
    assert send(list_host, NAME + "@list.example.com", sender="dora@example.org", data=MAIL % "after").code == 250
    assert len(sink.wait(recipients=2, since=mark, host=list_host, subject="after")) >= 1
    assert "secret of the list" not in json.dumps([exported, result])


def test_an_older_state_comes_into_the_place_of_a_list_or_beside_it(list_host, travelling, export, bring, manage, info_of):
    export()
    manage([{"name": NAME, "owners": ["anna@example.org"], "members": ["late@example.org"], "description": "later"}])
    beside = [{"name": NAME, "new_name": NAME + "-in-may", "email_host": "list.example.net"}]
    assert bring(lists=beside, queued_messages=False)["changed"]
    assert [info_of(name)["members"] for name in (NAME, NAME + "-in-may")] == [3, 2]
    result = bring(existing="replace", backup=BACKUPS, queued_messages=False)
    assert (result["changed"], result["replaced"], info_of(NAME)["members"]) == (True, [NAME], 2)
    assert list_host.check_output("stat -c '%a %U' " + result["backup"]) == "600 root"
    # Which can be undone.
    assert bring(src=result["backup"], existing="replace", backup=BACKUPS, queued_messages=False)["replaced"] == [NAME]
    assert info_of(NAME)["members"] == 3


def test_an_archive_that_others_can_change_is_not_opened(list_host, travelling, export, bring):
    """Neither what Mailman's user has put there in its place: that user would get it open."""
    export()
    list_host.check_output("install -d -o list /srv/others; ln -s /etc/shadow /srv/others/lists.tar; cp %s /srv/others/copy.tar" % ARCHIVE)
    try:
        for name in ("lists.tar", "copy.tar"):
            assert "src: others can change /srv/others/%s: /srv/others is list's" % name in bring(src="/srv/others/" + name)["msg"]
        assert "dest: others can change what is in /srv/others: /srv/others is list's" in export(dest="/srv/others/new.tar")["msg"]
    finally:
        list_host.check_output("rm -r /srv/others")


def test_a_trial_and_a_full_disk(list_host, travelling, export, bring, fingerprint):
    def privileged(command):
        list_host.backend.run_local("podman exec --privileged %s sh -ec %s", list_host.container, command)

    list_host.check_output("head -c 3M /dev/urandom >{0}/archives/private/{1}/big; chown list: {0}/archives/private/{1}/big".format(PREFIX, NAME))
    export()
    before = fingerprint()
    privileged("mkdir /srv/small && mount -t tmpfs -o size=2m,mode=755 tmpfs /srv/small && install -d -m 700 -o list -g list /srv/small/trial")
    try:
        assert "The archive was not written: [Errno 28] No space left on device." in export(dest="/srv/small/lists.tar")["msg"]
        assert list_host.check_output("ls /srv/small") == "trial"
        assert "No space left on device. Nothing has changed." in bring(root="/srv/small/trial")["msg"].replace("u'", "'")
        assert list_host.check_output("find /srv/small/trial -type f -o -name '*,*'") == ""
        privileged("mount -o remount,size=20m /srv/small")
        assert bring(root="/srv/small/trial")["lists"][0]["members"] == 2
        assert list_host.check_output("cd /srv/small/trial; ls lists archives/private").split() == [
            "archives/private:", NAME, NAME + ".mbox", "lists:", NAME]
    finally:
        privileged("umount /srv/small && rmdir /srv/small")
    assert fingerprint() == before


def test_a_list_is_put_aside(call, list_host, travelling, send, names):
    arguments = {"lists": [NAME], "label": "gone"}
    before = names()
    assert (call(list_host, "mailman_aside", arguments, "--check")["lists"], names()) == ([NAME], before)
    result = call(list_host, "mailman_aside", arguments)
    assert (result["changed"], result["lists"], result["place"]) == (True, [NAME], PREFIX + "/data/moved/gone")
    assert names() == [name for name in before if name != NAME]
    assert send(list_host, NAME + "@list.example.com", sender="dora@example.org").code == 550
    assert list_host.file(result["place"] + "/lists/%s/config.pck" % NAME).exists
    assert list_host.check_output("cd %s; find lists archives -name '%s*'; ls data | grep heldmsg-%s- || :" % (PREFIX, NAME, NAME)) == ""
    assert not call(list_host, "mailman_aside", arguments)["changed"]


def test_check_mode_without_a_mailman(call, list_host):
    for module, arguments, changed in (
        ("mailman_export", {"dest": ARCHIVE}, True), ("mailman_import", {"src": ARCHIVE}, True), ("mailman_aside", {"lists": ["x"], "label": "x"}, False),
    ):
        assert "there is no Mailman at /opt" in call(list_host, module, dict(arguments, prefix="/opt"))["msg"]
        result = call(list_host, module, dict(arguments, prefix="/opt"), "--check")
        assert (result["changed"], result["lists"]) == (changed, [])
