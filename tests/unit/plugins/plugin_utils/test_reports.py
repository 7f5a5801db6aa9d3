# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible_collections.listhost.exim_mailman.plugins.filter.joined_reports import FilterModule

joined_reports = FilterModule().filters()["joined_reports"]


def test_one_report_a_host():
    hostvars = {
        "a": {"exim": {"ok": True, "checks": [1], "faults": [], "table": ["x"]}, "dns": {"ok": False, "checks": [2], "faults": [3], "advice": [4]}},
        # Skipped, and not there at all.
        "b": {"exim": {"ok": True, "checks": [5], "faults": []}, "dns": {"skipped": True}},
        "c": {},
        "d": {},
    }
    assert joined_reports(["a", "b", "c"], hostvars, ["exim", "dns"]) == {
        "a": {"ok": False, "checks": [1, 2], "faults": [3], "advice": [4]},
        "b": {"ok": True, "checks": [5], "faults": [], "advice": []},
        "c": {"ok": True, "checks": [], "faults": [], "advice": []},
    }
