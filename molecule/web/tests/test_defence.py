# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What robots get: from addresses of their own on the internet, so that people are not shut out with them."""

import collections
import json
import re
import subprocess
import textwrap
import time
import uuid

import pytest
import yaml
from conftest import DOUBLE, SCENARIO
from waiting import eventually

INVENTORY = yaml.safe_load((SCENARIO / "inventory.yml").read_text())["all"]["children"]["list_hosts"]["vars"]
FORMS = INVENTORY["mailman_web_forms_per_hour"]
FAILURES = INVENTORY["mailman_web_login_failures_per_hour"]
PAGES = INVENTORY["mailman_web_archive_pages_per_minute"]
# The addresses that have been asked for a confirmation.
PENDING = """
import cPickle
pending = cPickle.load(open(MailList('news', lock=0).fullpath() + '/pending.pck'))
print json.dumps([data[1].address for cookie, data in pending.items() if cookie not in ('evictions', 'version') and data[0] == 'S'])
"""
ROBOT = textwrap.dedent("""
    import http.client, json, socket, ssl, sys
    order = json.load(sys.stdin)
    context = ssl._create_unverified_context()
    headers = {"Host": order["name"], "Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-For": "198.51.100.1"}
    statuses, page = [], ""
    for path, body in order["requests"]:
        connection = http.client.HTTPSConnection(order["ip"])
        try:
            plain = socket.create_connection((order["ip"], 443), timeout=5, source_address=(order["source"], 0))
            connection.sock = context.wrap_socket(plain, server_hostname=order["name"])
            connection.request("GET" if body is None else "POST", path, body=body, headers=headers)
            answer = connection.getresponse()
            page = answer.read().decode("latin-1")
            statuses.append(answer.status)
        except OSError as error:
            # Banned. The kernel refuses one connection in a second, so that all the others would take a minute.
            statuses += [type(error).__name__] * (len(order["requests"]) - len(statuses))
            break
        finally:
            connection.close()
    print(json.dumps([statuses, page]))
""")


@pytest.fixture(scope="module")
def robot(ground, site):
    """Return a function that makes requests one after the other from one of the internet's addresses: how often each status was answered, and the last page."""

    def robot(source, requests):
        order = {"name": site.name, "ip": site.host.ip, "source": ground.mail_servers[source], "requests": requests}
        command = ground.internet.enter("python3", "-c", ROBOT)
        done = subprocess.run(command, input=json.dumps(order), capture_output=True, text=True, timeout=300, check=True)
        statuses, page = json.loads(done.stdout)
        return collections.Counter(statuses), page

    return robot


@pytest.fixture(scope="module", autouse=True)
def nobody_is_known(list_host):
    """Whoever was counted or banned by an earlier run of these tests starts anew."""
    unit, log = ("httpd", "/var/log/httpd") if list_host.name == "el8" else ("apache2", "/var/log/apache2")
    list_host.check_output("fail2ban-client unban --all; : >%s/listhost_access.log; systemctl restart fail2ban %s", log, unit)


def test_settings(mailman):
    names = "REFUSE_SECOND_PENDING", "WARN_MEMBER_OF_SUBSCRIBE"
    assert mailman("print json.dumps([bool(getattr(mm_cfg, name)) for name in %r])" % (names,)) == [True, False]


def test_secret_of_the_form(list_host, mailman):
    """Long, of this host, and nobody's but Mailman's."""
    secret = mailman("print json.dumps(mm_cfg.SUBSCRIBE_FORM_SECRET)")
    assert len(secret) >= 32
    files = list_host.check_output("grep -rlsF %s /etc /var/lib/mailman/Mailman /usr/lib/mailman/Mailman || true", secret).split()
    modes = {list_host.file(name).mode & 0o007 for name in files}
    assert files
    assert modes == {0}


def test_a_form_posted_a_hundred_times(list_host, robot, sink, mailman):
    """Different victims, and a form that was asked for as a browser does."""
    mark = sink.mark()
    _statuses, page = robot("example.net", [["/mailman/listinfo/news", None]])
    token = "".join(re.findall(r'name="sub_form_token" value="([^"]*)"', page))
    assert token or DOUBLE
    # A program that takes its time as a person does.
    time.sleep(0 if DOUBLE else 6)
    victims = ["victim%d-%s@example.org" % (number, uuid.uuid4().hex) for number in range(100)]
    forms = [["/mailman/subscribe/news", "email=%s&sub_form_token=%s" % (victim, token)] for victim in victims]
    statuses, _page = robot("example.net", forms)
    # When it has been refused often enough it is banned. The kernel says so to one connection in a second.
    assert (statuses[200], statuses[429] + statuses["ConnectionRefusedError"] + statuses["TimeoutError"]) == (FORMS, 100 - FORMS), statuses
    assert statuses[429] > 0

    def asked():
        return {message.rcpt_tos[0] for message in sink.messages(since=mark, host=list_host)} & set(victims)

    assert eventually(lambda: len(asked()) >= FORMS)
    # Mailman knows of no more that would get a mail.
    assert asked() == set(mailman(PENDING)) & set(victims)


def test_people_are_not_shut_out_with_robots(site):
    assert site.ask("/mailman/listinfo/news").status == 200
    assert site.ask("/mailman/subscribe/news", {"email": "nobody"}).status == 200


def test_guesses_end_in_a_ban(ground, list_host, robot, site):
    """Each program that takes a password counts, by GET too."""
    guesses = [["/mailman/admin/news", "adminpw=guess%d" % number] for number in range(FAILURES // 2)]
    guesses += [["/mailman/private/staff/?username=a&password=guess&submit=1", None] for _number in range(FAILURES - len(guesses))]
    statuses, _page = robot("example.edu", guesses)
    assert statuses == {401: FAILURES}

    def banned():
        statuses, _page = robot("example.edu", [["/mailman/listinfo", None]])
        return 200 not in statuses

    eventually(banned, timeout=30)
    assert site.ask("/mailman/listinfo").status == 200
    assert ground.mail_servers["example.edu"] in list_host.check_output("fail2ban-client status listhost-login")


def test_guesses_that_mailman_does_not_refuse_with_401(robot):
    """Without the button's field a wrong password is answered with 200."""
    statuses, _page = robot("example.org", [["/mailman/edithtml/news", "adminpw=guess%d" % number] for number in range(FORMS)])
    assert statuses == {200: FORMS}
    statuses, _page = robot("example.org", [["/mailman/private/staff/?username=anna@example.org&password=guess%d" % number, None] for number in range(5)])
    assert statuses == {429: 5}


def test_crawlers_are_slowed_down(robot, archives):
    archives("news/2026-November/000001.html", b"a post")
    statuses, _page = robot("example.org", [["/pipermail/news/2026-November/000001.html", None]] * (PAGES + 5))
    assert statuses == {200: PAGES, 429: 5}


def test_robots_txt(site):
    answer = site.ask("/robots.txt")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "Disallow: /mailman/" in answer.page
