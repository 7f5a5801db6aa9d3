# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import base64

from ansible_collections.listhost.exim_mailman.plugins.modules import exim_dkim_keys


def test_record():
    assert exim_dkim_keys.record(b"public") == "v=DKIM1; k=rsa; p=" + base64.b64encode(b"public").decode()


def test_strings_of_a_zone_file_have_at_most_255_characters():
    line = exim_dkim_keys.zone_line("lists._domainkey.example.com", 255 * "a" + 255 * "b" + "c")
    assert line == 'lists._domainkey.example.com. IN TXT ( "%s" "%s" "c" )\n' % (255 * "a", 255 * "b")
