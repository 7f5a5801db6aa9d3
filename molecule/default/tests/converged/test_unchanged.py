# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an unchanged run costs a host."""

import re


def test_an_unchanged_run_is_the_facts_and_one_module(list_host):
    """Each module leaves a line in the journal."""
    journal = list_host.check_output("journalctl --quiet --no-pager --output=short")
    invoked = re.findall(r"ansible-[\w.]*?(\w+)\[\d+\]: Invoked", journal)
    runs = [run.split() for run in " ".join(invoked).split("setup")]
    assert ["machine_look"] in runs
