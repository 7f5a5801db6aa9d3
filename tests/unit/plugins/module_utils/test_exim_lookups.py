# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_lookups as lookups
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _trust


@pytest.mark.parametrize(("option", "value", "found"), [
    ("data", "${lookup{$local_part}lsearch{/a}}", ("/a", "lsearch", "local_parts")),
    ("data", "${lookup{${lc:$local_part}@$domain}lsearch*@{/a}{$value}fail}", ("/a", "lsearch", "local_parts")),
    ("data", "${expand:${lookup{$local_part}nwildlsearch,ret=full{/a}}}", ("/a", "nwildlsearch", "local_parts")),
    # Debian's hubbed_hosts, as Exim prints it.
    ("route_data", "${lookup{$domain}partial-lsearch{/a}}", ("/a", "partial-lsearch", "domains")),
    ("domains", "${if exists{/a}{partial-lsearch;/a}fail}", ("/a", "partial-lsearch", "domains")),
    ("domains", "!+local_domains : dsearch;/a", ("/a", "dsearch", "domains")),
    ("local_parts", "lsearch;/a", ("/a", "lsearch", "local_parts")),
    ("senders", "lsearch;/a", None),
    ("condition", "${lookup{$sender_address_domain}lsearch{/a}}", None),
    ("data", "${lookup{$local_part}lsearch{/a/$domain}}", None),
    ("driver_option", None, None),
    ("more", True, None),
])
def test_where_something_is_looked_up(option, value, found):
    assert list(lookups.uses([{"name": "x", "options": {option: value}}], {})) == ([found] if found else [])


def test_lists_of_domains():
    assert list(lookups.uses([], {"relay": "example.net : lsearch;/a", "none": None})) == [("/a", "lsearch", "domains")]


def router(path, option="data", value="${lookup{$local_part}lsearch{%s}}"):
    return {"name": "x", "options": {option: value % path}}


def test_what_is_in_files(tmp_path, monkeypatch):
    monkeypatch.setattr(_trust.Look, "end", lambda self: None)
    aliases, hubs, names = tmp_path / "aliases", tmp_path / "hubs", tmp_path / "names"
    aliases.write_text('# no: one\ninfo: anna,\n  berta\n"Sales": anna\nbackup: "|/usr/bin/x"\nnews :  :include:/x\nlog: /var/x\ninfo: again\n'
                       'testlist: "|/var/lib/mailman/mail/mailman post testlist"\nodd one\ncarla: c/d@example.net\n\n*: root')
    hubs.write_text("example.net: mx.example.net\n*.example.com mx byname\n")
    (names / "old.example.com").mkdir(parents=True)
    found = lookups.look_up(
        [router(aliases), router(aliases), router(hubs, "route_data", "${lookup{$domain}lsearch{%s}}"), router(tmp_path / "none"), router("/dev/null")],
        {"d": "dsearch;%s" % names})
    assert found == [
        {"path": str(aliases), "of": "local_parts", "names": ["info", "Sales", "backup", "news", "log", "testlist", "odd", "carla", "*"],
         "programs": ["backup", "news", "log"], "lists": ["testlist"]},
        {"path": str(hubs), "of": "domains", "names": ["example.net", "*.example.com"], "programs": [], "lists": []},
        {"path": str(names), "of": "domains", "names": ["old.example.com"], "programs": [], "lists": []},
    ]


def test_not_more_than_so_many(tmp_path, monkeypatch):
    monkeypatch.setattr(_trust.Look, "end", lambda self: None)
    (tmp_path / "aliases").write_text("".join("a%d: root\n" % number for number in range(2000)))
    [found] = lookups.look_up([router(tmp_path / "aliases")], {})
    assert len(found["names"]) == 1000


def test_what_others_could_have_chosen(tmp_path):
    aliases = tmp_path / "aliases"
    aliases.write_text("info: anna\n")
    tmp_path.chmod(0o755)
    aliases.chmod(0o666)
    assert lookups.look_up([router(aliases)], {}) == []
