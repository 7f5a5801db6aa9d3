# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two domains of one Mailman: each list has its pages and its archive under its own host name only."""

import re

import pytest
from asking import Site

pytestmark = pytest.mark.list_hosts("debian12")
POST = "/pipermail/%s/2026-November/000000.html"


@pytest.fixture(scope="module", autouse=True)
def archived(archives):
    for name in ("news", "guests"):
        archives(name + "/2026-November/000000.html", b"a post")


@pytest.fixture(scope="module", params=["news", "guests"])
def place(request, list_host):
    """The web host of a list, the list, and a list of the other domain."""
    first, second = Site(list_host), Site(list_host, "www.other." + list_host.fqdn)
    return (first, "news", "guests") if request.param == "news" else (second, "guests", "news")


@pytest.mark.parametrize("path", ["/mailman/listinfo/%s", "/mailman/admin/%s", "/mailman/private/%s/", "/mailman/options/%s", "/mailman/subscribe/%s", POST])
def test_a_list_is_under_its_own_name(place, path):
    site, own, foreign = place
    assert site.ask(path % own).status == 200
    assert site.ask(path % foreign).status == 404


@pytest.mark.parametrize(
    "spelling",
    [
        str.upper, lambda name: "/" + name, lambda name: "%%%02x%s" % (ord(name[0]), name[1:]), lambda name: "./" + name, lambda name: name + "/%0a",
        lambda name: name + "%0a", lambda name: name[0] + "%80" + name[1:],
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/mailman/listinfo/%s", "/mailman/private/%s/2026-November/000000.html", POST])
def test_however_it_is_spelt(place, path, spelling):
    site, _own, foreign = place
    assert site.ask(path % spelling(foreign)).status in (301, 302, 404)


def test_overview(place):
    site, own, foreign = place
    names = set(re.findall(r'listinfo/([a-z]+)"', site.ask("/mailman/listinfo").page))
    assert own in names
    assert foreign not in names


def test_lists_know_their_address(place, mailman):
    site, own, _foreign = place
    assert mailman("print json.dumps(MailList(%r, lock=0).web_page_url)" % own) == site.url + "/mailman/"
