# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mail/mailman, which the MTA runs: who may, what it exits with, and where the message goes."""

import re

import pytest
from conftest import PREFIX, message

QUEUES = {
    "post": "in",
    "owner": "in",
    "admin": "bounces",
    "bounces": "bounces",
    "confirm": "commands",
    "join": "commands",
    "leave": "commands",
    "request": "commands",
    "subscribe": "commands",
    "unsubscribe": "commands",
}
# What the queue runner is told about a message that came by a command.
DATA = {
    "post": {"tolist": 1},
    "owner": {"toowner": 1, "envsender": "mailman-bounces@list.example.com"},
    "confirm": {"toconfirm": 1},
    "join": {"tojoin": 1},
    "subscribe": {"tojoin": 1},
    "leave": {"toleave": 1},
    "unsubscribe": {"toleave": 1},
    "request": {"torequest": 1},
}


@pytest.fixture(scope="module")
def name(installed):
    return installed.newlist("wrapped")


@pytest.mark.parametrize("command", sorted(QUEUES))
def test_message_is_queued(mailman, name, command):
    mailman.clear_mail()
    text = message(name)
    done = mailman.wrapper(f"{command} {name}", text)
    assert done.stdout + done.stderr == ""
    files = mailman.run(f"cd {PREFIX}/qfiles && find . -type f -printf '%P %m %g\n'").stdout.splitlines()
    assert len(files) == 1
    path, mode, group = files[0].split()
    assert re.fullmatch(rf"{QUEUES[command]}/[0-9]+\.[0-9]+\+[0-9a-f]{{40}}\.pck", path)
    assert (mode, group) == ("660", "list")
    data, queued = mailman.python(
        f"import cPickle\nstream = open('{PREFIX}/qfiles/{path}')\ntext, data = cPickle.load(stream), cPickle.load(stream)\nresult([data, text])"
    )
    assert queued == text
    assert data["listname"] == name
    for key, value in DATA.get(command, {}).items():
        assert data[key] == value


def test_queue_directories(mailman, name):
    mailman.wrapper(f"post {name}", message(name))
    assert mailman.run(f"stat -c '%a %G' {PREFIX}/qfiles/in").stdout.split() == ["2770", "list"]
    mailman.clear_mail()


def test_wrong_group(mailman, name):
    """Exit 2, said on stderr, which Exim logs, and to syslog."""
    done = mailman.wrapper(f"post {name}", message(name), group="daemon", rc=2)
    assert "Group mismatch error." in done.stderr
    assert re.search(r'expected the mail\s+wrapper script to be executed as group\s+"mail"', done.stderr)
    assert '"daemon"' in done.stderr
    assert "--with-mail-gid" in done.stderr
    mailman.wait("journalctl -q -p err | grep -q 'Group mismatch error'")


def test_user_does_not_matter(mailman, name):
    mailman.wrapper(f"post {name}", message(name), user="root")
    mailman.wrapper(f"post {name}", message(name), user="daemon")
    mailman.clear_mail()


def test_group_without_a_name(mailman, name):
    assert "GID 4242" in mailman.wrapper(f"post {name}", group="4242", rc=8).stderr


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ("", 5, "Usage: "),
        ("mailbox wrapped", 6, "Illegal command: mailbox"),
        ("bounces+user=example.org wrapped", 6, "Illegal command: bounces+user=example.org"),
        ("post", 1, "post script got no listname."),
        ("post missing", 1, "post script, list not found: missing"),
        ("post Wrapped", 1, "post script, list not found: Wrapped"),
        ("post ../wrapped", 1, "post script, list not found: ../wrapped"),
    ],
)
def test_refusals(mailman, name, arguments, status, said):
    assert said in mailman.wrapper(arguments, message(name), rc=status).stderr
    assert mailman.run(f"find {PREFIX}/qfiles -name '*.pck'").stdout == ""


@pytest.mark.parametrize("ending", ["pck", "pck.last"])
def test_list_exists_while_its_configuration_does(mailman, ending):
    mailman.run(f"cd {PREFIX}/lists && mkdir -p ghost && : >ghost/config.{ending}")
    mailman.wrapper("post ghost", message("ghost"))
    mailman.run(f"rm -r {PREFIX}/lists/ghost")
    mailman.wrapper("post ghost", message("ghost"), rc=1)
    mailman.clear_mail()
