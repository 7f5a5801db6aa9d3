# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks of an administrator's own that would undo a policy do not go live: the run stops, and Exim's configuration stays as it is."""

import pytest

# What the blocks do; the blocks by slot; what the message must hold.
CASES = {
    "ask for passwords without TLS": ({"main": "auth_advertise_hosts = *"}, ['"auth_advertise_hosts" option set for the second time']),
    "refuse bounces, and sign with what cannot be expanded": (
        {
            "main": "acl_smtp_mail = no_null_senders",
            "acl": "no_null_senders:\n  deny\n    senders = :\n  accept",
            "transports": "signed:\n  driver = smtp\n  dkim_domain = ${lower:$sender_address_domain}\n  dkim_selector = x\n  dkim_private_key = /x",
        },
        ["bounces from everywhere: MAIL FROM:<>: expected 250, found 550", "transport signed: dkim_domain cannot be expanded: unknown expansion operator"],
    ),
}


# Both hosts have the same Exim.
@pytest.mark.list_hosts("debian12")
@pytest.mark.parametrize("case", CASES)
def test_does_not_go_live(list_host, names, run_site, case):
    state = "sha256sum $(exim -bP configure_file); systemctl show --property=ActiveEnterTimestamp " + names.exim
    before = list_host.check_output(state)
    blocks, words = CASES[case]
    _stats, results = run_site(list_host.name, exim_blocks=[{"slot": slot, "name": case, "content": content} for slot, content in blocks.items()])
    [failed] = [result for result in results[list_host.name] if result.get("failed")]
    assert "the new configuration is not installed" in failed["msg"]
    assert [word for word in words if word not in failed["msg"]] == [], failed["msg"]
    assert list_host.check_output(state) == before
