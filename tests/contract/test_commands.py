# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs in bin/: what they print and what they exit with."""

import hashlib
import re

import pytest
from conftest import PREFIX


@pytest.fixture(scope="module")
def name(installed):
    return installed.newlist("tools", ["one@example.org", "Two@Example.NET"])


def test_newlist(mailman):
    done = mailman.tool("newlist -q -u web.example.net -e lists.example.net fresh owner@example.com secret")
    assert done.stdout + done.stderr == ""
    state = mailman.python(
        "m = MailList.MailList('fresh', lock=0)\nresult([m.host_name, m.web_page_url, m.owner, m.real_name, m.password, m.preferred_language])"
    )
    sha = hashlib.sha1(b"secret").hexdigest()
    assert state == ["lists.example.net", "http://web.example.net/mailman/", ["owner@example.com"], "Fresh", sha, "en"]
    assert mailman.run(f"stat -c '%a %G' {PREFIX}/lists/fresh{{,/config.pck}}").stdout.split() == (["2775", "list", "660", "list"])
    assert mailman.run(f"stat -c %a {PREFIX}/archives/private/fresh{{,.mbox}}").stdout.split() == ["2775", "2775"]
    assert mailman.run(f"readlink {PREFIX}/archives/public/fresh").stdout.strip() == f"{PREFIX}/archives/private/fresh"
    assert mailman.run(f"ls {PREFIX}/locks").stdout == ""


@pytest.mark.parametrize(
    ("arguments", "host_name", "web_host"),
    [
        ("-u www.lists.test a", "lists.test", "www.lists.test"),
        ("b@www.lists.test", "lists.test", "www.lists.test"),
        ("-e lists.test c", "lists.test", "www.example.com"),
        ("-u web.example.net d", "list.example.com", "web.example.net"),
    ],
)
def test_newlist_takes_the_domain_from_virtual_hosts(mailman, arguments, host_name, web_host):
    mailman.settings(VIRTUAL_HOSTS={"www.example.com": "list.example.com", "www.lists.test": "lists.test"})
    mailman.tool(f"newlist -q {arguments} owner@example.com secret")
    name = re.search(r"(\w+)(@|$)", arguments.split()[-1]).group(1)
    assert mailman.python(f"m = MailList.MailList({name!r}, lock=0)\nresult([m.host_name, m.web_page_url])") == [host_name, f"http://{web_host}/mailman/"]


def test_newlist_language(mailman):
    mailman.tool("newlist -q -l de german owner@example.com secret")
    state = mailman.python("m = MailList.MailList('german', lock=0)\nresult([m.preferred_language, m.available_languages])")
    assert state == ["de", ["de", "en"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("tools owner@example.com secret", "List already exists: tools"),
        ("TOOLS owner@example.com secret", "List already exists: tools"),
        ("'a b' owner@example.com secret", "Illegal list name: a b"),
        ("'a/b' owner@example.com secret", "Illegal list name: a/b"),
        ("other owner secret", "Bad owner email address: owner"),
        ("other owner@example.com ' '", "The list password cannot be empty"),
        ("-l xx other owner@example.com secret", "Unknown language: xx"),
    ],
)
def test_newlist_refuses(mailman, name, arguments, said):
    assert said in mailman.tool(f"newlist -q {arguments}", rc=1).stderr
    assert not mailman.exists(f"{PREFIX}/lists/other/config.pck")


def test_newlist_prints_aliases_unless_mta_is_none(mailman):
    mailman.settings(MTA="Manual")
    shown = mailman.tool("newlist -q manual owner@example.com secret").stdout
    assert re.search(rf'^manual-request: +"\|{PREFIX}/mail/mailman request manual"$', shown, re.MULTILINE)


def test_newlist_waits_for_enter_without_quiet(mailman):
    assert "Hit enter to notify asked owner..." in mailman.tool("newlist asked owner@example.com secret").stdout
    mailman.clear_mail()


def test_rmlist(mailman):
    mailman.newlist("doomed")
    assert "Not removing archives." in mailman.tool("rmlist doomed").stdout
    assert not mailman.exists(f"{PREFIX}/lists/doomed")
    assert mailman.exists(f"{PREFIX}/archives/private/doomed.mbox")
    assert "No such list (or list already deleted): doomed" in mailman.tool("rmlist doomed", rc=1).stderr
    assert "No such list: doomed.  Removing its residual archives." in mailman.tool("rmlist -a doomed").stdout
    assert not mailman.exists(f"{PREFIX}/archives/private/doomed.mbox")


def test_list_lists(mailman, name):
    names = mailman.tool("list_lists -b").stdout.splitlines()
    assert names == sorted(names)
    assert {"mailman", name} <= set(names)
    assert re.search(r"^ +Tools - \[no description available\]$", mailman.tool("list_lists").stdout, re.MULTILINE)


def test_list_members(mailman, name):
    assert mailman.tool(f"list_members {name}").stdout == "one@example.org\ntwo@example.net\n"
    assert mailman.tool(f"list_members -p {name}").stdout == "Two@example.net\none@example.org\n"
    assert "No such list: missing" in mailman.tool("list_members missing", rc=1).stderr


def test_list_members_kinds(mailman):
    mailman.newlist("kinds", ["plain@example.org", "late@example.org", "away@example.org"])
    mailman.python(
        "m = MailList.MailList('kinds')\nm.setMemberOption('late@example.org', mm_cfg.Digests, 1)\n"
        "m.setMemberName('plain@example.org', 'Plain Person')\n"
        "m.setDeliveryStatus('away@example.org', MemberAdaptor.BYADMIN)\nm.Save()\nm.Unlock()"
    )
    for flags, wanted in (
        ("-f -r", "away@example.org\nPlain Person <plain@example.org>\n"),
        ("-d", "late@example.org\n"),
        ("-n", "away@example.org\n"),
        ("-n byadmin", "away@example.org\n"),
        ("-n bybounce", ""),
        ("", "away@example.org\nplain@example.org\nlate@example.org\n"),
    ):
        assert mailman.tool(f"list_members {flags} kinds").stdout == wanted, flags


def test_add_members(mailman):
    mailman.newlist("adding", ["old@example.org"])
    mailman.clear_mail()
    lines = "new@example.org\nold@example.org\nno-at-sign\nbad|char@example.org\nNew Person <person@Example.ORG>\n\n"
    said = mailman.tool("add_members -r - -w n -a n adding", stdin=lines).stdout.splitlines()
    assert said == [
        "Subscribed: new@example.org",
        "Already a member: old@example.org",
        "Bad/Invalid email address: no-at-sign",
        "Hostile address (illegal characters): bad|char@example.org",
        "Subscribed: New Person <person@Example.ORG>",
    ]
    assert mailman.tool("list_members -f adding").stdout.splitlines() == [
        "new@example.org",
        "old@example.org",
        "New Person <person@example.org>",
    ]
    assert mailman.run(f"find {PREFIX}/qfiles -name '*.pck'").stdout == "", "no message to anybody"
    log = mailman.read(f"{PREFIX}/logs/subscribe").splitlines()[-1]
    assert re.fullmatch(r"\w{3} \d\d \d\d:\d\d:\d\d \d{4} \(\d+\) adding: new New Person <person@example.org>, bin/add_members", log)


def test_add_members_with_welcome_and_disabled(mailman):
    mailman.newlist("welcoming")
    mailman.clear_mail()
    mailman.tool("add_members -r - -w y -a n -n welcoming", stdin="guest@example.org\n")
    assert mailman.tool("list_members -n byadmin welcoming").stdout == "guest@example.org\n"
    assert len(mailman.run(f"ls {PREFIX}/qfiles/virgin").stdout.splitlines()) == 1
    mailman.clear_mail()


def test_add_members_without_list(mailman):
    assert "No such list: missing" in mailman.tool("add_members -r - missing", stdin="a@example.org\n", rc=1).stderr


def test_remove_members(mailman):
    mailman.newlist("removing", ["a@example.org", "b@example.org"])
    mailman.clear_mail()
    assert mailman.tool("remove_members -n -N removing A@example.org x@example.org").stdout == ("No such member: x@example.org\n")
    assert mailman.tool("list_members removing").stdout == "b@example.org\n"
    assert mailman.run(f"find {PREFIX}/qfiles -name '*.pck'").stdout == ""
    assert "Error opening list missing... skipping." in mailman.tool("remove_members -n -N missing a@example.org").stdout


def test_sync_members(mailman):
    mailman.newlist("syncing", ["stay@example.org", "go@example.org"])
    command = "sync_members -w=no -g=no -a=no -f - syncing"
    wanted = "stay@example.org\nCome In <come@example.org>\n"
    expected = {"Added  : Come In <come@example.org>", "Removed: go@example.org"}
    assert expected <= set(mailman.tool(command.replace("-w", "-n -w"), stdin=wanted).stdout.splitlines())
    assert mailman.tool("list_members syncing").stdout == "go@example.org\nstay@example.org\n"
    assert set(mailman.tool(command, stdin=wanted).stdout.splitlines()) == expected
    assert mailman.tool("list_members syncing").stdout == "come@example.org\nstay@example.org\n"
    assert mailman.tool(command, stdin=wanted).stdout == "Nothing to do.\n"
    assert "You must fix the preceding invalid addresses first." in mailman.tool(command, stdin="bad\n", rc=1).stdout


def test_mmsitepass(mailman):
    for flag, path in (("", "adm.pw"), ("-c", "creator.pw")):
        assert mailman.tool(f"mmsitepass {flag} open-sesame").stdout == "Password changed.\n"
        assert mailman.read(f"{PREFIX}/data/{path}") == hashlib.sha1(b"open-sesame").hexdigest() + "\n"
        assert mailman.run(f"stat -c '%a %G' {PREFIX}/data/{path}").stdout.split() == ["640", "list"]


def test_genaliases_without_mta(mailman):
    assert "genaliases can't do anything useful with mm_cfg.MTA = None." in mailman.tool("genaliases", rc=2).stderr


def test_config_list_round_trip(mailman):
    mailman.newlist("round", ["a@example.org"], description='It\'s "round"', info="two\nlines")
    shown = mailman.tool("config_list -o - round").stdout
    assert re.search(r'^## "round" mailing list configuration settings$', shown, re.MULTILINE)
    assert re.search(r"^## captured on \w{3} \w{3} .+ \d{4}$", shown, re.MULTILINE)
    values = {}
    exec(shown, values)  # it is Python, and there is no other way to read it
    assert values["description"] == 'It\'s "round"'
    assert values["info"] == "two\nlines"
    assert values["owner"] == ["owner@example.com"]
    assert values["bounce_info_stale_after"] == 7, "shown in days"
    assert values["subscribe_policy"] == 1
    assert "personalize" not in values, "hidden unless owners may set it"
    state = "m = MailList.MailList('round', lock=0)\nresult([m.description, m.info, m.bounce_info_stale_after])"
    before = mailman.python(state)
    mailman.write("/run/round.py", shown)
    done = mailman.tool("config_list -i /run/round.py round")
    assert done.stdout + done.stderr == ""
    assert mailman.python(state) == before


def test_config_list_shows_personalize_when_owners_may_set_it(mailman, name):
    mailman.settings(OWNERS_CAN_ENABLE_PERSONALIZATION=1)
    assert re.search(r"^personalize = 0$", mailman.tool(f"config_list -o - {name}").stdout, re.MULTILINE)


def test_config_list_reports_and_goes_on(mailman, name):
    """Exit 0 whatever was wrong, and the rest is saved; a list of addresses that is a Python list is not checked."""
    mailman.write(
        "/run/bad.py",
        "no_such_setting = 1\nmax_message_size = 'large'\nreply_to_address = 'nobody'\nowner = ['not an address']\ndescription = 'saved'\n",
    )
    said = mailman.tool(f"config_list -i /run/bad.py {name}").stderr
    assert 'attribute "no_such_setting" ignored' in said
    assert "Invalid value for property: max_message_size" in said
    assert "Bad email address for option reply_to_address: nobody" in said
    state = mailman.python(f"m = MailList.MailList({name!r}, lock=0)\nresult([m.description, m.max_message_size, m.reply_to_address, m.owner])")
    assert state == ["saved", 40, "", ["not an address"]]


def test_config_list_check_only(mailman, name):
    mailman.write("/run/check.py", "description = 'not saved'\n")
    mailman.tool(f"config_list -c -i /run/check.py {name}")
    assert mailman.python(f"result(MailList.MailList({name!r}, lock=0).description)") != "not saved"


def test_config_list_refusals(mailman, name):
    mailman.tool(f"config_list {name}", rc=1)
    mailman.tool(f"config_list -i /run/x -o /run/y {name}", rc=1)
    assert "No such list" in mailman.tool("config_list -o - missing", rc=1).stderr


def test_config_list_that_fails_saves_nothing(mailman, name):
    mailman.write("/run/fail.py", "description = 'half'\n1 / 0\n")
    mailman.tool(f"config_list -i /run/fail.py {name}", rc=1)
    assert mailman.python(f"result(MailList.MailList({name!r}, lock=0).description)") != "half"
    assert mailman.run(f"ls {PREFIX}/locks").stdout == ""


def test_withlist(mailman, name):
    mailman.write(
        f"{PREFIX}/bin/contract.py",
        "def show(mlist, word):\n    print word, mlist.internal_name(), mlist.Locked() and 'locked' or 'unlocked'\n"
        "def change(mlist, save):\n    mlist.description = 'by withlist'\n    if save == 'yes':\n        mlist.Save()\n",
    )
    assert mailman.tool(f"withlist -q -r contract.show {name} hello").stdout == f"hello {name} unlocked\n"
    assert mailman.tool(f"withlist -q -l -r contract.show {name} hello").stdout == f"hello {name} locked\n"
    description = f"result(MailList.MailList({name!r}, lock=0).description)"
    mailman.tool(f"withlist -q -l -r contract.change {name} no")
    assert mailman.python(description) != "by withlist"
    mailman.tool(f"withlist -q -l -r contract.change {name} yes")
    assert mailman.python(description) == "by withlist"
    assert mailman.run(f"ls {PREFIX}/locks").stdout == ""
    mailman.run(f"rm {PREFIX}/bin/contract.py*")
