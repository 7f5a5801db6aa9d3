# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists are taken out; then the administrator chooses another layout, or role exim's whole configuration.

Each test ends with the administrator's own configuration. In other layouts there is another Mailman, which is put aside and comes back.
"""

import pytest
from conftest import SCENARIO


def test_lists_are_taken_out_without_a_trace(run, differences, assert_no_lists):
    assert run(exim_lists_state="absent") == (1, "")
    assert differences() == []
    assert_no_lists()
    assert run("undo.yml") == (0, "")


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


@pytest.fixture
def arrange(list_host, directory):
    """Give the host another layout, with another Mailman in it."""
    service = "exim4" if directory == "/etc/exim4" else "exim"

    def arrange(setting, macros, *files):
        """dc_use_split_config; the file for the macros, and the others in which Mailman is to be."""
        list_host.check_output("mkdir -p /root/another")
        for name, text in ANOTHER_MAILMAN.items():
            list_host.check_output("printf %%s %s > /root/another/" + name, text)
        if setting:
            list_host.check_output("cd %s && sed -i \"s/^dc_use_split_config=.*/dc_use_split_config='%s'/\" update-exim4.conf.conf" % (directory, setting))
        if macros in files:
            list_host.check_output("cd %s && sed -i '1r /root/another/macros' %s" % (directory, macros))
        else:
            list_host.check_output("cd %s && cp /root/another/macros %s" % (directory, macros))
        list_host.check_output("cd %s && sed -i %s $(find %s -type f)" % (directory, PLACES, " ".join(files)))
        list_host.check_output("systemctl restart %s && rm -rf /root/layout && cp --archive %s /root/layout" % (service, directory))

    yield arrange
    list_host.check_output("rm -rf %s && cp --archive /root/before %s && systemctl restart %s" % (directory, directory, service))


@pytest.fixture
def lists_come_and_go(list_host, run, deliver, differences, assert_lists_work):
    """Lists are added when the inventory says that another Mailman goes, and all comes back."""

    def lists_come_and_go(**anchors):
        assert run(exim_anchors=anchors, exim_replace_configuration=True) == (1, "")
        assert_lists_work()
        assert run("undo.yml", exim_anchors=anchors) == (1, "")
        assert differences("/root/layout") == []
        deliver("info@" + list_host.fqdn)

    return lists_come_and_go


@pytest.mark.list_hosts("debian11", "debian13")
def test_another_mailman_in_a_split_configuration(list_host, directory, arrange, lists_come_and_go):
    list_host.check_output("cd %s && rm -f %s" % (directory, " ".join(HAND_MADE)))
    arrange("true", "conf.d/main/04_exim4-config_mailman", "conf.d")
    lists_come_and_go()


@pytest.mark.list_hosts("debian12", "debian13")
def test_another_mailman_in_an_unsplit_configuration(list_host, directory, arrange, lists_come_and_go):
    list_host.check_output("cd %s && rm -f %s" % (directory, " ".join(HAND_MADE)))
    arrange("false", "exim4.conf.localmacros", "exim4.conf.template")
    lists_come_and_go()


@pytest.mark.list_hosts("debian11", "debian12")
def test_another_mailman_in_a_file_made_by_hand(list_host, directory, arrange, lists_come_and_go):
    for name in HAND_MADE:
        text = (SCENARIO / "hand_made" / name).read_text().replace("debian13.example.com", list_host.fqdn)
        list_host.check_output("printf %%s %s > " + directory + "/" + name, text)
    list_host.check_output("cd %s && chgrp Debian-exim %s && chmod 640 %s" % (directory, " ".join(HAND_MADE), " ".join(HAND_MADE)))
    arrange("", "exim4.conf", "exim4.conf", "acls")
    lists_come_and_go(**THEIR_NAMES)


@pytest.mark.list_hosts("el8")
def test_another_mailman_in_els_file(run, arrange, lists_come_and_go):
    arrange("", "exim.conf", "exim.conf")
    changed, said = run()
    assert changed == 0
    for words in ("macro MM_HOME (line ", "domainlist mm_domains (line ", "router lists (line ", "transport mailman_transport (line "):
        assert words in said
    lists_come_and_go()


# What role exim's own configuration does not have of each host's.
LOST = {
    "debian12": ["the routers gone, virtual,", "the aliases sales (/etc/exim4/virtual)", "example.edu", "hub.example.com (/etc/exim4/hubbed_hosts)"],
    "debian13": ["the routers remote, aliases, people", "the domains example.edu"],
    "el8": ["the routers gone", "the domains example.edu"],
}


@pytest.mark.list_hosts("debian12", "debian13", "el8")
def test_a_whole_configuration_and_back(list_host, run, directory, differences, assert_lists_work, assert_no_lists):
    # Its own configuration is known to the role.
    whole = {"exim_configuration": "whole", "exim_anchors": {}}
    changed, said = run(**whole)
    assert changed == 0
    assert [words for words in LOST[list_host.name] if words not in said] == [], said
    changed, said = run(exim_replace_configuration=True, **whole)
    assert (changed > 0, said) == (True, "")
    assert_lists_work()
    modes = "cd %s && find . -type f ! -name '*~' -printf '%%p %%m %%u %%g\\n' | sort"
    assert (run("undo.yml"), differences()) == ((1, ""), [])
    assert list_host.check_output(modes % directory) == list_host.check_output(modes % "/root/before")
    assert_no_lists()
