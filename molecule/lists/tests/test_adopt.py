# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a host to an inventory: adopt.yml writes lists into files, and with them a run changes no list."""

import json
import pathlib
import re

import pytest
from conftest import PREFIX
from running import run_playbook
from waiting import until_mailman_is_idle

TASK, LOOK = "Create and update the site list and the inventory's lists", "Look at the whole host"

# As sites write it: none of this is for a template engine.
FOOTER = "{{ not a template }} {# nor this #}\n%(real_name)s\n"


@pytest.fixture
def play(list_host):
    """Return a function that runs a playbook on the list host."""
    scenario = pathlib.Path(__file__).parents[1]
    return lambda name, *options, **variables: run_playbook(scenario, *options, host=list_host, playbook=name, **variables)


@pytest.fixture
def adopted(play, call, list_host, tmp_path, tidy):
    """Return the directory with the files of all lists, also of one that the inventory does not know."""
    directory = tmp_path / "unknown"
    directory.mkdir()
    (directory / "by-hand.yml").write_text(json.dumps({
        "owners": ["otto@example.net"], "description": "Von Hand ☃", "language": "de", "settings": {"msg_footer": FOOTER, "personalize": 1}}))
    (directory / "by-hand.csv").write_text('address,digest,name\nEmil@example.net,true,"Emil, der"\njuergen@example.org,,Jürgen Groß\n')
    assert call(list_host, "mailman_lists", {"lists_dir": str(directory)})["changed"] is True
    directory = tmp_path / "lists"
    run = play("adopt.yml", mailman_lists_dir=str(directory))
    assert (run.changes, run.failure) == (["Write the lists into files on the controller"], "")
    # What it sends to its new owners and members changes its files, too.
    until_mailman_is_idle(list_host, PREFIX + "/qfiles", "shunt")
    return directory


def test_a_host_becomes_an_inventory(adopted, play, fingerprint, attributes, mailman):
    names = {path.name for path in adopted.iterdir()}
    assert {"announce.yml", "announce.csv", "a+b.txt", "by-hand.yml", "by-hand.csv", "digests.csv", "mailman.yml", "mailman.txt"} <= names
    texts = "".join(path.read_text() for path in adopted.iterdir())
    assert not re.search("password|for the tests", texts)
    assert "Emil@example.net,true,\"Emil, der\"\n" in (adopted / "by-hand.csv").read_text()
    before = fingerprint()
    # Without what the inventory says of lists.
    run = play("site.yml", "--check", mailman_lists=[], mailman_lists_dir=str(adopted))
    assert (run.changes, run.failure) == ([], "")
    assert run.results[LOOK]["unchanged"] == ["debian13"]
    assert fingerprint() == before
    # The look before all changes sees what somebody has changed by hand.
    mailman("m = MailList('by-hand')\nm.description = 'by hand'\nm.Save()\nm.Unlock()\nprint 0")
    for changes in ([TASK], []):
        run = play("site.yml", mailman_lists=[], mailman_lists_dir=str(adopted))
        assert (run.changes, run.failure) == (changes, "")
    assert attributes("by-hand", "description") == ["Von Hand &#9731;"]
    # Nothing is overwritten, and nothing need be.
    assert play("adopt.yml", mailman_lists_dir=str(adopted)).changed == 0
    (adopted / "by-hand.yml").write_text("owners: [anna@example.org]\n")
    assert "by-hand.yml is there, with another content." in play("adopt.yml", mailman_lists_dir=str(adopted)).failure
    assert (adopted / "by-hand.yml").read_text() == "owners: [anna@example.org]\n"


def test_a_list_in_files_is_one_of_the_inventory(adopted, call, list_host, attributes, mailman, play):
    assert attributes("by-hand", "msg_footer", "description") == [FOOTER, "Von Hand &#9731;"]
    with (adopted / "by-hand.csv").open("a") as members:
        members.write("fritz@example.org,,\n")
    for expected in (True, False):
        result = call(list_host, "mailman_lists", {"lists_dir": str(adopted)})
        assert result["changed"] is expected, result
    assert [report["members"]["added"] for report in call(list_host, "mailman_lists", {"lists_dir": str(adopted)}, "--check")["lists"]] == []
    assert "fritz@example.org" in mailman("print json.dumps(MailList('by-hand', lock=0).getMembers())")


def test_faults_of_files_stop_a_run(adopted, play, fingerprint):
    before = fingerprint()
    (adopted / "by-hand.csv").write_text("address,digest\nemil@example.net,ja\n")
    (adopted / "announce.yml").write_text(json.dumps({"owners": ["anna"]}))
    (adopted / "notes.yaml").write_text("")
    said = play("site.yml", mailman_lists=[], mailman_lists_dir=str(adopted)).failure
    assert "by-hand.csv has in line 2 'ja' for digest. Write true or false, or nothing." in said
    assert "notes.yaml is no file of a list." in said
    (adopted / "notes.yaml").unlink()
    (adopted / "by-hand.csv").write_text("address\nemil@example.net\nemil@example.net\n")
    said = play("site.yml", mailman_lists_dir=str(adopted)).failure
    for fault in ("mailman_lists (announce) has 'anna' in owners", "mailman_lists has announce more than once", "is there more than once. Take"):
        assert fault in said, said
    assert fingerprint() == before
