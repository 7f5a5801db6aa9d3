# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exim and Mailman on a list host, mail, and runs of site.yml, for the tests of this scenario."""

import collections
import json
import re
import uuid

import pytest
from waiting import until_mailman_is_idle

LIST_DOMAIN = "list.example.com"
# The eleven suffixes of mailman_router, and what a wildcard stands for.
SUFFIXES = [
    "-admin",
    "-bounces",
    "-bounces+luser=example.com",
    "-confirm",
    "-confirm+0123456789abcdef",
    "-join",
    "-leave",
    "-owner",
    "-request",
    "-subscribe",
    "-unsubscribe",
]
CERTIFICATE, CERTIFICATE_KEY = "/etc/listhost/mail.pem", "/etc/listhost/mail.key"
MEMBERS = ["member%d@example.org" % number for number in range(1, 33)]
MEMBERS += ["anna@example.net", "berta@example.net", "carla@example.edu"]

RUNNERS = sorted(name + "Runner" for name in "Arch Command Incoming ListhostBounce News Outgoing Retry Virgin".split())


def letter(subject, body="A test.\n", **headers):
    """A message with an identity of its own, by which Exim's log and the sink tell it from others."""
    lines = ["Subject: " + subject, "Message-ID: <%s@test.example.org>" % uuid.uuid4()]
    lines += ["%s: %s" % (name.replace("_", "-"), value) for name, value in headers.items()]
    return "\n".join(lines) + "\n\n" + body


def assert_verp(copies, list_name):
    """Each copy has one recipient, named in its envelope sender."""
    expected = ["%s-bounces+%s@list.example.com" % (list_name, copy.rcpt_tos[0].replace("@", "=")) for copy in copies]
    assert [copy.mail_from for copy in copies] == expected
    assert {len(copy.rcpt_tos) for copy in copies} == {1}


def delivery_failure(list_name, failed):
    """What a mail server sends back when it cannot deliver (RFC 3464)."""
    return """\
From: Mail Delivery System <mailer-daemon@mx.example.org>
To: {list}-bounces@list.example.com
Subject: Delivery Status Notification (Failure)
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

The message could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; {failed}
Action: failed
Status: 5.1.1
--b--
""".format(list=list_name, failed=failed)


# What TLS a client gets: the certificate, and the replies to a password and to a recipient.
STARTTLS = """
import json, smtplib, ssl, sys
server, recipient = sys.argv[1:]
smtp = smtplib.SMTP(server, timeout=30)
smtp.ehlo("client.example.org")
found = {"offered": smtp.has_extn("starttls")}
if found["offered"]:
    smtp.starttls(context=ssl._create_unverified_context())
    found["certificate"] = ssl.DER_cert_to_PEM_cert(smtp.sock.getpeercert(binary_form=True))
    smtp.ehlo("client.example.org")
    found.update(passwords=smtp.has_extn("auth"), password=smtp.docmd("AUTH", "PLAIN AGEAYg==")[0])
    found["recipient"] = (smtp.mail("gustav@example.org"), smtp.rcpt(recipient))[1][0]
smtp.quit()
print(json.dumps(found))
"""

# smtplib reads each reply before it goes on, and is on every machine of the ground.
DIALOGUE = """
import json, smtplib, sys
server, sender, recipients, data = json.load(sys.stdin)
smtp = smtplib.SMTP(server, timeout=30)
smtp.ehlo("client.example.org")
replies = {"EHLO": [250, smtp.ehlo_resp.decode()], "MAIL": smtp.mail(sender)}
for recipient in recipients:
    replies[recipient] = smtp.rcpt(recipient)
if data:
    replies["DATA"] = smtp.data(data)
smtp.quit()
json.dump({k: [code, text if isinstance(text, str) else text.decode()] for k, (code, text) in replies.items()}, sys.stdout)
"""


class Exim:
    """Paths and names are as Exim itself says."""

    def __init__(self, host):
        self.host = host
        self.configuration = host.check_output("exim -bP configure_file")
        self.service = "exim4" if self.configuration == "/etc/exim4/exim4.conf" else "exim"

    def setting(self, name):
        return self.host.check_output("exim -n -bP " + name)

    def macro(self, name):
        return self.host.check_output("exim -bP macro " + name).partition("=")[2]

    def routes(self, *addresses, options=""):
        """What exim -bt prints."""
        return self.host.run("exim -bt " + options + " " + " ".join("'%s'" % address for address in addresses)).stdout

    def pid(self):
        return int(self.host.run("cat " + self.setting("pid_file_path")).stdout)

    def log_file(self, name="main"):
        return self.host.file(self.setting("log_file_path") % name)

    def log(self):
        return self.log_file().content_string

    def arrivals(self, message_id):
        """How Mailman handed a post to Exim: for each connection, by its port, the recipients of each message."""
        connections = collections.defaultdict(list)
        line = re.compile(r" <= \S+ H=.*\[(?:127\.0\.0\.1|::1)\]:(\d+) .* id=%s .*for (.*)$" % re.escape(message_id))
        for match in filter(None, map(line.search, self.log().splitlines())):
            connections[match.group(1)].append(match.group(2).split())
        return dict(connections)


class Mailman:
    """Paths and names are as Mailman itself says."""

    PREFIXES = ("/usr/lib/mailman", "/var/lib/mailman")

    def __init__(self, host):
        self.host = host
        self.prefix = next(prefix for prefix in self.PREFIXES if host.file(prefix + "/bin/mailmanctl").exists)
        names = ["VAR_PREFIX", "LOG_DIR", "QUEUE_DIR", "MAILMAN_USER", "MAILMAN_GROUP"]
        self.var, self.logs, self.queue, self.user, self.group = self.python("[getattr(mm_cfg, name) for name in %r]" % names)

    def python(self, expression, preparation="pass"):
        """The value of an expression in Mailman's own Python."""
        code = "import sys; sys.path.insert(0, '%s/bin'); import json, os, struct, paths\nfrom Mailman import MailList, mm_cfg\n%s\nprint json.dumps(%s)"
        return json.loads(self.host.check_output("/usr/bin/python2.7 -B -c %s", code % (self.prefix, preparation, expression)))

    def tool(self, line):
        return self.host.check_output(self.prefix + "/bin/" + line)

    def log(self, name):
        return self.host.file("%s/%s" % (self.logs, name)).content_string

    def permission_faults(self):
        """What others than root can write of the code, and on EL what RPM's check finds besides. That is settings, jobs, and their directory's sticky bit."""
        places = " ".join("%s/%s" % (self.prefix, name) for name in ("Mailman", "bin", "cgi-bin", "cron", "mail", "pythonlib", "scripts"))
        faults = self.host.check_output("find -L %s -perm /022 -o ! -user root" % places).split()
        if self.host.file("/etc/redhat-release").exists:
            changed = self.host.run("rpm --verify --nomtime mailman").stdout.splitlines()
            faults += [line for line in changed if not re.match(".{9}  c ", line) and not line.endswith(("/mm_cfg.pyc", " /etc/mailman"))]
        return faults

    def members(self, name):
        return self.tool("list_members " + name).split()

    def add_members(self, name, *addresses):
        self.host.check_output("printf '%%s\\n' %s | %s/bin/add_members -w n -a n -r - %s" % (" ".join(addresses), self.prefix, name))

    def remove_list(self, name):
        until_mailman_is_idle(self.host, self.queue)
        self.tool("rmlist -a " + name)

    def bounce_scores(self, name):
        """The members with a bounce score."""
        return self.python("dict((a, m.getBounceInfo(a).score) for a in m.getBouncingMembers())", "m = MailList.MailList(%r, lock=0)" % name)

    def pid(self):
        """The master's."""
        return int(self.host.check_output("systemctl show --property MainPID --value mailman"))

    def runners(self):
        """The queue runners' names and pids."""
        processes = self.host.run("pgrep --full --list-full -- '--runner='").stdout
        return {name: int(pid) for pid, name in re.findall(r"^(\d+) .*--runner=(\w+):", processes, re.MULTILINE)}


class Run:
    """A run of site.yml, and what it said of each host."""

    def __init__(self, output, errors):
        if not output.startswith("{"):
            pytest.fail("ansible-playbook printed:\n" + output + errors)
        report = json.loads(output)
        self.changes = {host: stats["changed"] for host, stats in report["stats"].items()}
        self._results = [task["hosts"] for play in report["plays"] for task in play["tasks"]]

    def failure(self, host):
        """What the task that failed said; empty if none did."""
        failures = [results[host] for results in self._results if host in results and results[host].get("failed")]
        return " ".join(str(failures[-1].get(key, "")) for key in ("msg", "stderr")).strip() if failures else ""
