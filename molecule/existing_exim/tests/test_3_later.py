# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists are taken out; then the administrator chooses another layout, or role exim's whole configuration.

Each part ends with the administrator's own configuration. In other layouts there is another Mailman, which is put aside and comes back.
"""

import contextlib

import pytest
from conftest import HOSTS, SCENARIO

pytestmark = pytest.mark.one_run_for_all_hosts


@pytest.fixture(scope="module")
def taken_out(run):
    return run(exim_lists_state="absent")


@pytest.fixture(scope="module")
def undone(run, taken_out):
    return run("undo.yml")


def test_lists_are_taken_out_without_a_trace(list_host, taken_out, differences, assert_no_lists):
    assert taken_out[list_host.name] == (1, "")
    assert differences() == []
    assert_no_lists()


def test_there_is_nothing_left_to_undo(list_host, undone, differences):
    assert (undone[list_host.name], differences()) == ((0, ""), [])


# What people have from the HOWTO, by where it stands.
ANOTHER_MAILMAN = {
    "macros": "MM_HOME=/var/lib/mailman\nMM_LISTCHK=MM_HOME/lists/${lc:$local_part}/config.pck\ndomainlist mm_domains = list.example.com\n",
    "acl": "  # Bounces\n  accept\n    condition = ${if exists{MM_HOME/lists/none/config.pck}}\n\n",
    "routers": "lists:\n  driver = accept\n  domains = +mm_domains\n  require_files = MM_LISTCHK\n  transport = mailman_transport\n\n",
    "transports": "mailman_transport:\n  driver = pipe\n  # With its group\n  command = MM_HOME/mail/mailman \\\n    post $local_part\n  user = mail\n\n",
}
PLACES = (
    "-e '/^begin routers/r /root/another/routers' -e '/^begin transports/r /root/another/transports' "
    "-e '/^\\(acl_check_rcpt\\|check_recipient\\):/r /root/another/acl'")
HAND_MADE = ("exim4.conf", "acls", "routers")
THEIR_NAMES = {"local_domains": "our_domains", "relay_hosts": "our_hosts"}


def service(host):
    return "exim" if host.name == "el8" else "exim4"


def arrange(host, setting, macros, *files):
    """Give a host another layout, with another Mailman in it: dc_use_split_config; the file for the macros, and the others in which Mailman is to be."""
    directory = HOSTS[host.name]["existing_directory"]
    host.check_output("mkdir -p /root/another")
    for name, text in ANOTHER_MAILMAN.items():
        host.check_output("printf %%s %s > /root/another/" + name, text)
    if setting:
        host.check_output("cd %s && sed -i \"s/^dc_use_split_config=.*/dc_use_split_config='%s'/\" update-exim4.conf.conf" % (directory, setting))
    if macros in files:
        host.check_output("cd %s && sed -i '1r /root/another/macros' %s" % (directory, macros))
    else:
        host.check_output("cd %s && cp /root/another/macros %s" % (directory, macros))
    host.check_output("cd %s && sed -i %s $(find %s -type f)" % (directory, PLACES, " ".join(files)))
    host.check_output("systemctl restart %s && rm -rf /root/layout && cp --archive %s /root/layout" % (service(host), directory))


def bring_back(host):
    """Give a host the administrator's own configuration back."""
    directory = HOSTS[host.name]["existing_directory"]
    host.check_output("rm -rf %s && cp --archive /root/before %s && systemctl restart %s" % (directory, directory, service(host)))


# A layout gives a host such a configuration, and returns what the inventory must say of it.


def split(host):
    host.check_output("cd /etc/exim4 && rm -f %s" % " ".join(HAND_MADE))
    arrange(host, "true", "conf.d/main/04_exim4-config_mailman", "conf.d")
    return {}


def unsplit(host):
    host.check_output("cd /etc/exim4 && rm -f %s" % " ".join(HAND_MADE))
    arrange(host, "false", "exim4.conf.localmacros", "exim4.conf.template")
    return {}


def made_by_hand(host):
    for name in HAND_MADE:
        text = (SCENARIO / "hand_made" / name).read_text().replace("debian13.example.com", host.fqdn)
        host.check_output("printf %%s %s > /etc/exim4/" + name, text)
    host.check_output("cd /etc/exim4 && chgrp Debian-exim %s && chmod 640 %s" % (" ".join(HAND_MADE), " ".join(HAND_MADE)))
    arrange(host, "", "exim4.conf", "exim4.conf", "acls")
    return THEIR_NAMES


def els(host):
    arrange(host, "", "exim.conf", "exim.conf")
    return {}


class AnotherMailman:
    """Lists are added when the inventory says that another Mailman goes, and all comes back."""

    layouts = {}
    # Where site.yml runs before the inventory says so.
    unasked = ()

    @pytest.fixture(scope="class")
    def each(self, machines, taken_out):
        """The hosts' variables, while they have these layouts."""
        with contextlib.ExitStack() as stack:
            each = {}
            for name, layout in self.layouts.items():
                stack.callback(bring_back, machines[name])
                each[name] = {"exim_anchors": layout(machines[name])}
            yield each

    @pytest.fixture(scope="class")
    def refused(self, run, each):
        return run(hosts=self.unasked, each=each) if self.unasked else {}

    @pytest.fixture(scope="class")
    def added(self, run, each, refused):
        return run(hosts=each, each=each, exim_replace_configuration=True)

    @pytest.fixture(scope="class")
    def removed(self, run, each, added):
        return run("undo.yml", hosts=each, each=each)

    def test_lists_are_added(self, list_host, added, assert_lists_work):
        assert added[list_host.name] == (1, "")
        assert_lists_work()

    def test_all_comes_back(self, list_host, removed, differences, deliver):
        assert removed[list_host.name] == (1, "")
        assert differences("/root/layout") == []
        deliver("info@" + list_host.fqdn)


@pytest.mark.list_hosts("debian11", "debian12", "debian13", "el8")
class TestAnotherMailman(AnotherMailman):
    layouts = {"debian11": split, "debian12": unsplit, "debian13": split, "el8": els}
    unasked = ("el8",)

    @pytest.mark.list_hosts("el8")
    def test_another_mailman_is_not_replaced_unasked(self, list_host, refused):
        changed, said = refused[list_host.name]
        assert changed == 0
        for words in ("macro MM_HOME (line ", "domainlist mm_domains (line ", "router lists (line ", "transport mailman_transport (line "):
            assert words in said


@pytest.mark.list_hosts("debian11", "debian12", "debian13")
class TestAnotherMailmanInOtherLayouts(AnotherMailman):
    layouts = {"debian11": made_by_hand, "debian12": made_by_hand, "debian13": unsplit}


# What role exim's own configuration does not have of each host's.
LOST = {
    "debian12": ["the routers gone, virtual,", "the aliases sales (/etc/exim4/virtual)", "example.edu", "hub.example.com (/etc/exim4/hubbed_hosts)"],
    "debian13": ["the routers remote, aliases, people", "the domains example.edu"],
    "el8": ["the routers gone", "the domains example.edu"],
}


# Its own configuration is known to the role.
WHOLE = {"exim_configuration": "whole", "exim_anchors": {}}


@pytest.fixture(scope="module")
def asked(run, taken_out):
    return run(hosts=LOST, **WHOLE)


@pytest.fixture(scope="module")
def replaced(run, asked):
    return run(hosts=LOST, exim_replace_configuration=True, **WHOLE)


@pytest.fixture(scope="module")
def restored(run, replaced):
    return run("undo.yml", hosts=LOST)


@pytest.mark.list_hosts(*LOST)
def test_what_a_whole_configuration_would_lose_is_said(list_host, asked):
    changed, said = asked[list_host.name]
    assert changed == 0
    assert [words for words in LOST[list_host.name] if words not in said] == [], said


@pytest.mark.list_hosts(*LOST)
def test_a_whole_configuration(list_host, replaced, assert_lists_work):
    changed, said = replaced[list_host.name]
    assert (changed > 0, said) == (True, "")
    assert_lists_work()


@pytest.mark.list_hosts(*LOST)
def test_and_back(list_host, restored, directory, differences, assert_no_lists):
    modes = "cd %s && find . -type f ! -name '*~' -printf '%%p %%m %%u %%g\\n' | sort"
    assert (restored[list_host.name], differences()) == ((1, ""), [])
    assert list_host.check_output(modes % directory) == list_host.check_output(modes % "/root/before")
    assert_no_lists()
