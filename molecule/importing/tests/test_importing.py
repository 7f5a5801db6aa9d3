# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of a Mailman that somebody else has set up are looked at, and taken over as they are."""

import pathlib

LONG = "news_old.example"
DOMAINS = [{"domain": "old.example", "email_host": "list.example.com", "url_host": "www.example.com"},
           {"domain": "former.example", "email_host": "other.test", "url_host": "www.other.test"}]
PLACE = "/var/lib/listhost-takeover"


def said(run):
    return "\n".join(run.results["Show what becomes of the lists"]["msg"])


def snapshot(host):
    """All that Mailman has on a host, by names, owners and times, without what it makes itself as it runs."""
    find = "cd /var/lib/mailman; find lists archives data qfiles -type f ! -name '*.pid' -printf '%p %u %s %T@\\n' | sort; ls -A /var/lib /var/tmp"
    return host.check_output(find)


def test_files_are_looked_at_and_come(host, old, play, files):
    old.make_list(LONG, "old.example", "alice@example.org", "bob@example.net")
    old.make_list("board_old.example", "old.example", "alice@example.org")
    before = old.list(LONG)
    src = files(LONG, "board_old.example")
    state = snapshot(host)
    run = play("--check", mailman_takeover_files=src)
    assert "The list %s is in the domain old.example, of which this host gets no mail" % LONG in run.failure
    rules = {"mailman_takeover_files": src, "mailman_takeover_domains": DOMAINS, "mailman_takeover_lists": [{"name": "board_old.example", "new_name": "news"}]}
    assert "The lists board_old.example, %s would all be called news here" % LONG in play(**rules).failure
    rules["mailman_takeover_lists"] = [{"name": "board_old.example", "new_name": "announce"}]
    assert "There is a list announce here already" in play(**rules).failure
    rules["mailman_takeover_lists"] = [{"name": "board_old.example", "leave_out": True}]
    run = play("--check", **rules)
    assert (run.failure, run.changed) == ("", 0)
    assert "%s (old.example): news@list.example.com comes. 2 members, 1 held messages" % LONG in said(run)
    assert "board_old.example (old.example): is left out. 1 members" in said(run)
    assert snapshot(host) == state
    run = play(**rules)
    assert (run.failure, host.lists()) == ("", ["announce", "mailman", "news"])
    assert host.list("news") == before
    assert host.addresses("news") == ["list.example.com", host.addresses("announce")[1]]
    assert not host.file(PLACE).exists


def test_a_second_run_changes_nothing(host, play, old, files):
    old.make_list("more_old.example", "old.example", "alice@example.org")
    src = files("more_old.example")
    rules = {"mailman_takeover_files": src, "mailman_takeover_domains": DOMAINS}
    assert play(**rules).failure == ""
    host.check_output("echo late@example.org | runuser -u list -- /var/lib/mailman/bin/add_members -w n -a n -r - more")
    before = host.list("more")
    run = play(**rules)
    assert (run.failure, run.changes, host.list("more")) == ("", [], before)
    assert "more@list.example.com came before" in said(run)


def test_a_torn_archive_changes_nothing(host, play, old, files, tmp_path):
    old.make_list("torn_old.example", "old.example", "alice@example.org")
    whole = pathlib.Path(files("torn_old.example"))
    torn = tmp_path / "torn.tar.gz"
    torn.write_bytes(whole.read_bytes()[:-300])
    state = snapshot(host)
    run = play(mailman_takeover_files=str(torn), mailman_takeover_domains=DOMAINS)
    assert "The archive is not whole" in run.failure or "The archive ends in the middle" in run.failure
    assert snapshot(host) == state


def test_a_host_is_looked_at(host, old, play):
    old.make_list("club", "old.example", "alice@example.org", "bob@example.net")
    old.make_list("staff", "former.example", "carol@example.edu")
    state, there = snapshot(host), snapshot(old)
    run = play("--check", mailman_takeover_from="old", mailman_takeover_domains=DOMAINS, mailman_takeover_freeze=True)
    assert (run.failure, run.changed) == ("", 0)
    assert "club (old.example): club@list.example.com comes. 2 members, 1 held messages" in said(run)
    assert "staff (former.example): staff@other.test comes" in said(run)
    assert "mailman (list.example.com): is left out" in said(run)
    assert (snapshot(host), snapshot(old)) == (state, there)
    assert old.service("mailman").is_running
    assert "is no host of the inventory" in play(mailman_takeover_from="typo").failure


def test_the_old_mailman_runs_again_if_the_takeover_fails(old, play, host):
    # What is found only when the lists are put into their places.
    host.check_output("install -d -o list -g list /var/lib/mailman/archives/private/club; echo x > /var/lib/mailman/archives/private/club/x")
    run = play(mailman_takeover_from="old", mailman_takeover_domains=DOMAINS, mailman_takeover_freeze=True)
    host.check_output("rm -r /var/lib/mailman/archives/private/club")
    assert "A former list club has left" in run.failure and "their Mailman runs there again" in run.failure
    assert old.service("mailman").is_running and host.lists() == ["announce", "mailman", "more", "news"]


def test_a_host_is_stopped_and_its_lists_come(host, old, play):
    before = old.list("club")
    rules = {"mailman_takeover_from": "old", "mailman_takeover_domains": DOMAINS, "mailman_takeover_freeze": True}
    run = play(mailman_takeover_lists=[{"name": "staff", "leave_out": True}], **rules)
    assert (run.failure, host.lists(), host.list("club")) == ("", ["announce", "club", "mailman", "more", "news"], before)
    assert not old.service("mailman").is_running and not old.service("mailman").is_enabled
    assert "is stopped and disabled" in run.results["Show what is left to do"]["msg"]


def test_queues_are_where_el_has_them(host, old, play, sink):
    before, mark = old.list("staff")["held"], sink.mark()
    # It waits for a queue runner.
    message = "From: carol@example.edu\nTo: staff@former.example\nSubject: on its way\n\nHello\n"
    old.check_output("printf %%s %s | runuser -u list -- /var/lib/mailman/mail/mailman post staff; mv /var/lib/mailman/qfiles /var/spool/mailman", message)
    run = play(mailman_takeover_from="old", mailman_takeover_domains=DOMAINS, mailman_takeover_freeze=True)
    assert (run.failure, host.list("staff")["held"], list(host.list("staff")["members"])) == ("", before, ["carol@example.edu"])
    assert "club@list.example.com came before" in said(run) and "staff@other.test comes. 1 members, 1 held messages, 1 in queues" in said(run)
    assert host.addresses("staff")[0] == "other.test"
    assert sink.wait(recipients=1, since=mark, host=host, subject="on its way")


def test_lists_that_came_get_mail_here(host, send, sink, old):
    assert not old.service("mailman").is_running
    mark = sink.mark()
    data = "From: carol@example.edu\nTo: staff@other.test\nSubject: here\n\nHi\n"
    assert send(host, "staff@other.test", sender="carol@example.edu", data=data).code == 250
    assert sink.wait(recipients=1, since=mark, host=host, subject="here")
