# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verify.yml says of DANE without a resolver that validates."""

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify import around
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.report import Report


class Exim:
    """What it says of an answer."""

    def __init__(self, said, features):
        self.said, self.features = said, features

    def run(self, *arguments, **more):
        if arguments == ("-bV",):
            return 0, "Exim version 4.96 #2\nSupport for: crypteq%s SRS\n" % self.features, ""
        assert (arguments[0], more["data"]) == ("-be", "${lookup dnsdb{dnssec_lax,defer_never,ns=arpa}{$lookup_dnssec_authenticated}}\n")
        return 0, "> %s\n> \n" % self.said, ""


@pytest.mark.parametrize(("said", "features", "found"), [
    ("yes", " DANE", {}),
    ("no", " DANE", {"no-dnssec": ["NS of arpa: not validated"]}),
    ("", " DANE", {"no-dnssec": ["NS of arpa: no answer"]}),
    ("yes", "", {"no-dane": ["Exim 4.96"]}),
])
def test_dane(said, features, found):
    report = Report()
    around.check_dane(Exim(said, features), report, "anna@example.org")
    assert (len(report.checks), {fault["fault"]: fault["found"] for fault in report.faults()}) == (1, found)
