# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import places


@pytest.mark.parametrize("name, parts", [
    (b"lists/news/list/", ("news", "list", None)),
    (b"lists/news/list/config.pck", ("news", "list", "config.pck")),
    (b"lists/x.y-z+1/archive/2024-May/000001.html", ("x.y-z+1", "archive", "2024-May/000001.html")),
    (b"lists/news/archive/a\nb", ("news", "archive", "a\nb")),
    (b"lists/news/mbox-added/news.mbox", ("news", "mbox-added", "news.mbox")),
    (b"lists/news/held/heldmsg-news-17.pck", ("news", "held", "heldmsg-news-17.pck")),
    (b"lists/news/queues/in/1.5+ab.pck", ("news", "queues", "in/1.5+ab.pck")),
])
def test_names_of_lists_are_taken_apart(name, parts):
    assert places.parse_name(name, name.endswith(b"/")) == parts
    assert places.parse_name(name.rstrip(b"/"), True) == (parts if parts[1] in ("list", "archive", "mbox") else None)
    assert places.to_bytes(places.format_name(*parts)) == name.rstrip(b"/")


@pytest.mark.parametrize("name", [
    b"", b"/", b"lists", b"lists/news", b"lists/news/", b"lists/news/other/x", b"/lists/news/list/config.pck", b"x/lists/news/list/config.pck",
    b"lists/../list/config.pck", b"lists/./list/config.pck", b"lists/News/list/config.pck", b"lists/a,b/list/config.pck", b"lists/a b/list/x",
    b"lists/news/list/../../../etc/passwd", b"lists/news/list/..", b"lists/news/list/.", b"lists/news/list//x", b"lists/news/list/x//",
    b"lists/news/list/x/../y",
    b"lists/news/list/x\0", b"lists/news\n/list/x", b"lists/news/list\n", b"../lists/news/list/x",
    b"lists/news/held/heldmsg-other-17.pck", b"lists/news/held/adm.pw", b"lists/news/held/heldmsg-news-1.pck/x", b"lists/news/held/", b"lists/news/held",
    b"lists/news/held/heldmsg-news-1.pck/", b"lists/news/held/heldmsg-news-\xd9\xa1.pck",
    b"lists/news/queues/in", b"lists/news/queues/1.pck", b"lists/news/queues/in/1.pck/", b"lists/news/queues/in/x.py", b"lists/news/queues/../1.pck",
    b"lists/news/queues/in/a/1.pck", b"lists/news/queues/,x/1.pck", b"lists/news/queues/.x/1.pck",
    b"lists/news/mbox-added", b"lists/news/mbox-added/", b"lists/news/mbox-added/x/",
    b"lists/\xd9\xa1/list/x", b"lists/n\xc3\xa9ws/list/x", b"lists/news/list/" + b"a/" * 100 + b"x",
])
def test_no_other_name_is_a_lists(name):
    assert places.parse_name(name, False) is None
    assert places.parse_name(name, True) is None


@pytest.mark.parametrize("name", [b"lists/news/list", b"lists/news/archive", b"lists/news/mbox", b"templates/site", b"templates/lists.example.org"])
def test_no_file_is_at_the_place_of_a_directory(name):
    assert places.parse_name(name, False) is places.parse_site_name(name, False) is None
    assert places.parse_name(name, True) or places.parse_site_name(name, True)


@pytest.mark.parametrize("name, expected", [
    (b"templates/site/en/verify.txt", "templates/site/en/verify.txt"),
    (b"templates/site/", "templates/site"),
    (b"passwords/adm.pw", "passwords/adm.pw"),
    (b"templates/../en/x", None), (b"templates/site/../../x", None), (b"templates", None), (b"templates/", None), (b"templates/.x/y", None),
    (b"passwords/other.pw", None), (b"passwords/adm.pw/x", None), (b"passwords/../adm.pw", None), (b"templates/site/x\0y", None), (b"templates/a,b/x", None),
])
def test_names_that_are_no_lists(name, expected):
    assert places.parse_site_name(name, name.endswith(b"/")) == expected
    if name.startswith(b"passwords"):
        assert places.parse_site_name(name, True) is None


def test_templates_are_those_of_hosts(mm_cfg, tmp_path):
    mm_cfg.TEMPLATE_DIR = str(tmp_path / "templates")
    for name in ("templates/site", "templates/lists.example.org", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    assert places.find_templates(["lists.example.org", "other.example.org", "../elsewhere", ""]) == ["site", "lists.example.org"]


def test_a_message_is_found_while_a_runner_works_on_it(mm_cfg, tmp_path):
    mm_cfg.QUEUE_DIR = str(tmp_path)
    (tmp_path / "in").mkdir()
    message = places.Queued()
    path = tmp_path / "in" / "1+a.pck"
    path.write_bytes(places.read_list_name.__globals__["pickle"].dumps("m", 1) + places.read_list_name.__globals__["pickle"].dumps({"listname": "News"}, 1))
    assert message.find("news") == [("in", "1+a.pck")]
    path.rename(tmp_path / "in" / "1+a.bak")
    assert message.find("news") == [("in", "1+a.bak")]
    assert places.find_message(str(tmp_path / "in"), "1+a.pck") == str(tmp_path / "in" / "1+a.bak")
    (tmp_path / "in" / "1+a.bak").unlink()
    assert places.find_message(str(tmp_path / "in"), "1+a.pck") is None
    os.mkfifo(str(tmp_path / "in" / "4+d.pck"))
    (tmp_path / "in" / "2+b.pck.tmp").write_bytes(b"")
    (tmp_path / "in" / "3+c.pck").write_bytes(b"rubbish")
    assert message.find("news") == message.find("mailman") == []
