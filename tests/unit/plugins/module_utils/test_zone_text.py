# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _zone_text as zone_text


@pytest.mark.parametrize(("content", "data"), [
    ("", '""'),
    ("v=spf1 -all", '"v=spf1 -all"'),
    (255 * "a", '"%s"' % (255 * "a")),
    (256 * "a", '( "%s" "a" )' % (255 * "a")),
    (255 * "a" + 255 * "b" + "c", '( "%s" "%s" "c" )' % (255 * "a", 255 * "b")),
    # The octets that are written before one count for nothing.
    (254 * "a" + '"' + "b", '( "%s\\"" "b" )' % (254 * "a")),
    # What is not printable, and what is no ASCII: 128 characters of two octets.
    ("a\nb\x7f", '"a\\010b\\127"'),
    (128 * "\xe9", '( "%s\\195" "\\169" )' % (127 * "\\195\\169")),
    ('a\\b"c', '"a\\\\b\\"c"'),
])
def test_strings_of_a_txt_record(content, data):
    assert zone_text.txt(content) == data


def test_a_line_has_the_full_name():
    assert zone_text.line("list.example.com", 3600, "MX", "10 lists.example.com.") == "list.example.com. 3600 IN MX 10 lists.example.com.\n"
    assert zone_text.line("list.example.com", None, "TXT", '"x"') == 'list.example.com. IN TXT "x"\n'
