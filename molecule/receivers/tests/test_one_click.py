# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members leave a list by one click (RFC 8058). The tests come one after the other: the last ones take it away.

Runs of site.yml are without the lists: who is a member by the inventory would be one again."""

import base64
import collections
import concurrent.futures
import http.client
import json
import re

import pytest
from asking import Site, link_of
from conftest import run

FORM = {"List-Unsubscribe": "One-Click"}
AT_FIRST = {"news": ["a+b=c@example.net", "anna@example.org", "carla@example.edu", "dora@example.org"], "my-bounces": ["anna@example.org"],
            "board": ["anna@example.org"]}
KEYS = "/etc/listhost/one_click/"


@pytest.fixture(scope="module")
def copies(post):
    """What each member of news has got."""
    return post("news@list.example.com", 4, headers="List-Unsubscribe-Post: of the author\n")


@pytest.fixture(scope="module")
def links(copies):
    return {member: link_of(copy) for member, copy in copies.items()}


def decoded(link):
    number, address, member, token = link.path.partition("?t=")[2].split(".")
    return (number, *[base64.urlsafe_b64decode(text + "===").decode() for text in (address, member)], token)


def test_each_member_has_a_link(list_host, copies, links):
    assert sorted(copies) == AT_FIRST["news"]
    assert {member: decoded(link)[:3] for member, link in links.items()} == {member: ("1", "news@list.example.com", member) for member in AT_FIRST["news"]}
    assert {link.host for link in links.values()} == {"www." + list_host.fqdn}
    assert {link.mailto.partition("?")[0] for link in links.values()} == {"mailto:news-request@list.example.com"}
    for copy in copies.values():
        assert copy.content.get_all("List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"]


def test_it_is_signed(copies, is_signed):
    for copy in copies.values():
        message = copy.message.encode("latin-1")
        assert is_signed(message)
        assert not is_signed(message.replace(b"one-click?t=1", b"one-click?t=2"))
        assert not is_signed(message.replace(b"=One-Click", b"=Two-Clicks"))


def test_a_list_of_another_domain(post, is_signed):
    [copy] = post("my-bounces@list.other.test", 1).values()
    assert is_signed(copy.message.encode("latin-1"))
    link = link_of(copy)
    assert (link.host, decoded(link)[1]) == ("www.other.test", "my-bounces@list.other.test")


def test_a_list_without_it(post):
    [copy] = post("board@list.example.com", 1, headers="List-Unsubscribe-Post: List-Unsubscribe=One-Click\n").values()
    assert link_of(copy) is None
    assert "<mailto:board-request@list.example.com" in copy.content["List-Unsubscribe"]
    assert copy.content["List-Unsubscribe-Post"] is None


def test_notices_have_no_link(list_host, mailman, sink):
    mark = sink.mark()
    assert mailman("mlist = MailList('news')\nmlist.SendSubscribeAck('dora@example.org', 'x', 0)\nmlist.Unlock()\nprint 1") == 1
    [notice] = sink.wait(1, since=mark, host=list_host, to="dora@example.org")
    assert (notice.content["List-Unsubscribe"], notice.content["List-Unsubscribe-Post"]) == (None, None)


def test_programs_look_at_links(site, links, members):
    for method in ("GET", "HEAD"):
        answer = site.ask(links["anna@example.org"].path, method=method)
        assert answer.status == 200
        assert ('name="List-Unsubscribe" value="One-Click"' in answer.page) is (method == "GET")
    assert members() == AT_FIRST


@pytest.mark.parametrize(("form", "method", "status"), [
    ({}, "POST", 400), ({"List-Unsubscribe": "Two-Clicks"}, "POST", 400), ({"x": 10001 * "x"}, "POST", 413), (FORM, "PUT", 405), (FORM, "DELETE", 405),
    (FORM, "BREW", 405),
])
def test_other_requests(site, links, members, form, method, status):
    assert site.ask(links["anna@example.org"].path, form=form, method=method).status == status
    assert members() == AT_FIRST


def test_links_that_nobody_sent(list_host, site, links, members):
    anna, carla = links["anna@example.org"].path, links["carla@example.edu"].path
    other_list = base64.urlsafe_b64encode(b"my-bounces@list.other.test").decode().rstrip("=")
    parts = anna.split(".")
    forged = [
        anna[:-1] + ("0" if anna[-1] != "0" else "1"), anna.rpartition(".")[0] + "." + carla.rpartition(".")[2], anna.replace("t=1.", "t=2."),
        ".".join([parts[0], other_list, *parts[2:]]), anna[:-3], "/mailman/one-click", "/mailman/one-click?t=", "/mailman/one-click?t=" + 3000 * "a",
    ]  # fmt: skip
    before = list_host.check_output("date +%s")
    for path in forged:
        for form in (None, FORM):
            answer = site.ask(path, form=form)
            assert (answer.status, "Nothing was changed" in answer.page) == (403, True), path
    assert members() == AT_FIRST
    lines = list_host.check_output("journalctl --sync; journalctl -q -t listhost-one-click -o cat --since @%s", before).splitlines()
    counts = collections.Counter(re.sub(r"key \d+", "key", line) for line in lines)
    assert counts == {"refused: forged, key": 6, "refused: no key": 2, "refused: not a link of ours": 8}
    assert not any("@" in line for line in lines)


def test_other_paths_are_mailmans(site):
    assert site.ask("/mailman/one-click/x").status == 404
    assert site.ask("/mailman/one-clickx").status in (403, 404)


def test_a_member_leaves(list_host, site, links, members, sink):
    """As Gmail does it."""
    mark = sink.mark()
    answer = site.ask(links["a+b=c@example.net"].path, form=FORM, User_Agent="Mozilla/5.0 (compatible; Google-One-Click)")
    assert (answer.status, "gets no more mail" in answer.page) == (200, True)
    assert answer.headers["Content-Security-Policy"]
    left = dict(AT_FIRST, news=AT_FIRST["news"][1:])
    assert members() == left
    [goodbye] = sink.wait(1, since=mark, host=list_host, to="a+b=c@example.net", subject="nsubscribed")
    assert goodbye.mail_from
    answer = site.ask(links["a+b=c@example.net"].path, form=FORM)
    assert (answer.status, "is not subscribed" in answer.page) == (200, True)
    assert members() == left
    assert "a+b=c@example.net; one-click" in list_host.check_output("tail -n 1 /var/lib/mailman/logs/subscribe").lower()


def test_a_form_in_parts(list_host, site, links, members):
    """RFC 8058 recommends it."""
    body = '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
    connection = http.client.HTTPConnection(list_host.ip)
    connection.sock, _certificate = site.connect()
    connection.request("POST", links["carla@example.edu"].path, body=body, headers={"Host": site.name, "Content-Type": "multipart/form-data; boundary=x"})
    assert connection.getresponse().status == 200
    assert members()["news"] == ["anna@example.org", "dora@example.org"]


def test_a_link_answers_on_each_host(list_host, links):
    assert Site(list_host, "www.other.test").ask(links["anna@example.org"].path).status == 200


def test_many_at_once(site, links):
    """The web server says when it is too much."""
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        counts = collections.Counter(pool.map(lambda _number: site.ask(links["anna@example.org"].path).status, range(80)))
    assert set(counts) <= {200, 429, 502, 503} and counts[200] >= 16, counts
    assert site.ask(links["anna@example.org"].path).status == 200


def test_who_can_read_the_keys(list_host):
    found = list_host.check_output("stat -c '%%n %%U %%G %%a' %smail %skeys %sone_click.py /run/listhost-one-click.sock", KEYS, KEYS, KEYS).splitlines()
    assert found == [KEYS + "mail root Debian-exim 640", KEYS + "keys root list 640", KEYS + "one_click.py root root 644",
                     "/run/listhost-one-click.sock root www-data 660"]


def test_a_key_that_others_can_read(list_host):
    list_host.check_output("chmod o+r %smail", KEYS)
    done = run(list_host)
    list_host.check_output("chmod o-r %smail", KEYS)
    assert "mail can be read by everybody on the host (mode 0644)" in done.failure
    assert done.changed == 0


def test_a_new_key(list_host, site, post, links, members):
    """Old links work on for a time."""
    secrets = list_host.check_output("cat %skeys %smail", KEYS, KEYS).split()
    done = run(list_host, mailman_lists=[], mailman_web_one_click_key=2)
    secrets = [word.partition(":")[2] or word for word in secrets + list_host.check_output("cat %skeys %smail", KEYS, KEYS).split() if len(word) > 20]
    assert done.failure == ""
    assert len(set(secrets)) == 2
    assert not any(secret in done.output for secret in secrets)
    new = link_of(post("news@list.example.com", 2)["dora@example.org"])
    assert decoded(new)[0] == "2"
    assert site.ask(new.path).status == site.ask(links["dora@example.org"].path).status == 200
    # The old key ends.
    list_host.check_output("sed -i 's/^1 [0-9]*/1 1000000000/' %skeys", KEYS)
    assert site.ask(links["dora@example.org"].path, form=FORM).status == 403
    assert members()["news"] == ["anna@example.org", "dora@example.org"]
    assert site.ask(new.path, form=FORM).status == 200
    assert members()["news"] == ["anna@example.org"]


def test_a_list_that_is_gone(list_host, site, post, mailman):
    link = link_of(post("news@list.example.com", 1)["anna@example.org"])
    list_host.check_output("mv /var/lib/mailman/lists/news /var/lib/mailman/lists/olds")
    answer = site.ask(link.path, form=FORM)
    list_host.check_output("mv /var/lib/mailman/lists/olds /var/lib/mailman/lists/news")
    assert (answer.status, "There is no list news@list.example.com here" in answer.page) == (404, True)
    assert mailman("print json.dumps(MailList('news', lock=0).getMembers())") == ["anna@example.org"]


def test_what_verify_finds(list_host, tmp_path):
    def verify():
        results = tmp_path / "results.json"
        assert run(list_host, playbook="verify.yml", verify_results=str(results), verify_subscriber="anna@example.net").changed == 0
        found = json.loads(results.read_text())[list_host.name]["faults"]
        return {fault["fault"]: len(fault["found"]) for fault in found if not fault["fault"].startswith("dns")}

    assert verify().get("no-one-click") is None
    list_host.check_output("systemctl stop listhost-one-click.socket")
    found = verify()
    list_host.check_output("systemctl start listhost-one-click.socket")
    assert found["no-one-click"] == 2


def test_off_means_absent(list_host, post):
    done = run(list_host, mailman_lists=[], mailman_web_one_click=False, exim_lists_destinations=[])
    assert done.failure == ""
    assert not list_host.file(KEYS).exists
    assert list_host.run("ls /etc/systemd/system/listhost-one-click* /run/listhost-one-click.sock").stdout == ""
    assert list_host.run("grep -rl -e one-click -e one_click /etc/apache2/sites-enabled /etc/exim4/exim4.conf").stdout == ""
    assert list_host.run("grep -i -e mm_to_ -e destination -e mm.pace -e pace_router /etc/exim4/exim4.conf").stdout == ""
    copy = post("news@list.example.com", 1)["anna@example.org"]
    assert link_of(copy) is None
    assert "<mailto:news-request@list.example.com" in copy.content["List-Unsubscribe"]
