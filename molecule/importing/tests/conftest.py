# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host that takes lists over, the old one, and runs of the playbook."""

import json
import pathlib
import subprocess

import pytest
from running import run_playbook

SCENARIO = pathlib.Path(__file__).parents[1]

# What of a list must be the same when it has come.
STATE = """
import sys, os, json, hashlib
prefix, name = '/var/lib/mailman', sys.argv[1]
sys.path.insert(0, os.path.join(prefix, 'bin'))
import paths
from Mailman import mm_cfg
from Mailman.MailList import MailList
mlist = MailList(name)
mbox = os.path.join(mm_cfg.PRIVATE_ARCHIVE_FILE_DIR, name + '.mbox', name + '.mbox')
print(json.dumps({
    'members': dict((one, [mlist.getMemberPassword(one), mlist.getMemberName(one), one in mlist.getDigestMemberKeys()]) for one in mlist.getMembers()),
    'password': mlist.password, 'description': mlist.description,
    'held': sorted([one[1], one[2], hashlib.md5(open(os.path.join(mm_cfg.DATA_DIR, one[4]), 'rb').read()).hexdigest()]
                   for one in map(mlist.GetRecord, mlist.GetHeldMessageIds())),
    'archive': os.path.exists(mbox) and hashlib.md5(open(mbox, 'rb').read()).hexdigest(),
    'host': mlist.host_name, 'url': mlist.web_page_url,
}, sort_keys=True))
mlist.Unlock()
"""
HOLD = """
import sys, os, email
sys.path.insert(0, '/var/lib/mailman/bin')
import paths
from Mailman import Message
from Mailman.MailList import MailList
mlist = MailList(sys.argv[1])
text = 'From: stranger@example.org\\nSubject: held\\n\\nHello.\\n'
mlist.HoldMessage(email.message_from_string(text, Message.Message), 'why', {'listname': sys.argv[1]})
mlist.Save()
mlist.Unlock()
"""
# Addresses that are the same when a list has another name.
ADDRESSES = ("host", "url")


class Host:
    """A host with a Mailman."""

    def __init__(self, machine):
        self.machine = machine

    def __getattr__(self, name):
        return getattr(self.machine, name)

    def python(self, program, *arguments):
        return self.check_output("runuser -u list -- /usr/bin/python2.7 -B -c %s " + " ".join(["%s"] * len(arguments)), program, *arguments)

    def list(self, name):
        """What a list has, without its addresses."""
        return {key: value for key, value in json.loads(self.python(STATE, name)).items() if key not in ADDRESSES}

    def addresses(self, name):
        found = json.loads(self.python(STATE, name))
        return [found[key] for key in ADDRESSES]

    def lists(self):
        return sorted(self.tool("list_lists -b").split())

    def tool(self, line):
        return self.check_output("cd / && runuser -u list -- /var/lib/mailman/bin/" + line)

    def make_list(self, name, email_host, *members):
        """A list that has what lists have, made with Mailman itself."""
        self.tool("newlist -q -e %s -u www.%s %s owner@example.org secret" % (email_host, email_host, name))
        self.check_output("printf '%%s\\n' %s | runuser -u list -- /var/lib/mailman/bin/add_members -w n -a n -r - " + name, "\n".join(members))
        self.python(HOLD, name)
        self.check_output("d=/var/lib/mailman/archives/private/%s.mbox; echo From x >$d/%s.mbox; chown list:list $d/%s.mbox", name, name, name)


@pytest.fixture(scope="module")
def host(list_host):
    return Host(list_host)


@pytest.fixture(scope="module")
def old(ground):
    """The old host, on which a Mailman runs that sends nothing."""
    old = Host(ground.machines["old"])
    old.check_output("runuser -u list -- /var/lib/mailman/bin/newlist -q mailman owner@example.org secret && systemctl enable --now mailman")
    return old


@pytest.fixture
def files(old, tmp_path):
    """Return a function that packs some of the old Mailman's lists as cPanel has them, and removes them there."""

    def files(*names):
        base = "/root/usr/local/cpanel/3rdparty/mailman"
        old.check_output("mkdir -p %s/archives/private %s/lists %s/data", base, base, base)
        for name in names:
            old.check_output(
                "cd /var/lib/mailman; mv lists/%s {0}/lists/; mv archives/private/%s archives/private/%s.mbox {0}/archives/private/;"
                " mv data/heldmsg-%s-* {0}/data/; rm -rf archives/public/%s*".format(base), name, name, name, name, name)
        place = tmp_path / "cpanel.tar.gz"
        with place.open("wb") as handle:
            subprocess.run(old.enter("tar", "-C", "/root", "-czf", "-", "usr"), stdout=handle, check=True)
        old.check_output("rm -r /root/usr")
        return str(place)

    return files


@pytest.fixture
def play(host):
    """Return a function that takes lists over."""
    return lambda *options, **variables: run_playbook(SCENARIO, *options, host=host, playbook="import.yml", old_without_python=True, **variables)
