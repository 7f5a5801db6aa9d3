# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import members


def test_members():
    assert members.check_member("a@example.org") == {"address": "a@example.org"}
    assert members.check_member("Ä. Ö <a@example.org>") == {"address": "a@example.org", "name": "Ä. Ö"}
    assert members.check_member('"Ä, Ö" <a@example.org>') == {"address": "a@example.org", "name": "Ä, Ö"}
    assert members.check_member("<a@example.org>") == {"address": "a@example.org", "name": ""}
    assert members.check_member("a@b <a@example.org> c") == {"address": "a@b <a@example.org> c"}
    entry = {"address": "a@example.org", "name": "Ä", "digest": True, "language": "de", "state": "absent"}
    assert members.check_member(dict(entry)) == entry


@pytest.mark.parametrize(
    "entry, text",
    [
        (3, "must be an address"),
        ({"name": "x"}, "must be an address"),
        ({"address": 1}, "must be an address"),
        ({"address": "a@b.c", "digest": 1}, "digest: must be true or false"),
        ({"address": "a@b.c", "name": "a\nb"}, "name: must be a single line"),
        ({"address": "a@b.c", "language": "xx"}, "language: must be one of de, en"),
        ({"address": "a@b.c", "state": "gone"}, "state: must be present or absent"),
        ({"address": "a@b.c", "admin": True}, "admin: is no option of a member; those are ack, address,"),
    ],
)
def test_no_members(entry, text, refused):
    assert text in refused(members.check_member, entry)
