# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""verify.yml finds what goes wrong with scanners and keys after site.yml has run."""

import json

import pytest

BREAKS = {
    "": {},
    "chmod 0644 /etc/{exim}/dkim/list.example.com.pem": {"open-secret": "/dkim/list.example.com.pem has mode 0644"},
    "chgrp root /etc/ssl/list/key.pem": {"unreadable-secret": "/etc/ssl/list/key.pem is not Exim's group's to read"},
    "systemctl stop {clamd}": {"scanner-down": "/clamd."},
    "systemctl stop {spamd}": {"scanner-down": "127.0.0.1 783: Connection refused"},
}
MEND = "chmod 0640 /etc/{exim}/dkim/list.example.com.pem; chgrp {exim_group} /etc/ssl/list/key.pem; systemctl start {clamd} {spamd}"


@pytest.mark.parametrize("broken", BREAKS)
def test_verify(list_host, names, run_site, tmp_path, broken):
    words = {name: value if isinstance(value, str) else " ".join(value) for name, value in vars(names).items()}
    results = tmp_path / "results.json"
    try:
        list_host.check_output(broken.format(**words) or "true")
        run_site(list_host.name, playbook="verify.yml", verify_results=str(results), verify_subscriber="anna@example.net")
    finally:
        list_host.check_output(MEND.format(**words))
    faults = json.loads(results.read_text())[list_host.name]["faults"]
    assert [fault["fault"] for fault in faults] == list(BREAKS[broken])
    for fault in faults:
        assert BREAKS[broken][fault["fault"]] in fault["found"][0]
