# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.report import Report, table
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._advisories import advisories, applying
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._controller import ControllerAction

REMEDY = "Update Exim's package. This collection knew of what was published until %s; look for what came later."


class ActionModule(ControllerAction):
    """Says on the controller which published faults an installed Exim has."""

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        dummy, arguments = self.validate_argument_spec({
            "version": {"type": "str", "required": True},
            "package": {"type": "str", "default": ""},
            "distribution": {"type": "str", "required": True},
            "release": {"type": "str", "default": ""},
            "fault": {"type": "bool", "default": False},
        })
        known, fault = advisories(), arguments.pop("fault")
        remedies = {"known-fault": REMEDY % known["kept_until"]}
        report = Report(remedies if fault else {}, {} if fault else remedies)
        found = list(applying(known, **arguments)) if arguments["version"] else []
        report.check("known faults of Exim", len(known["advisories"]), [("known-fault", one) for one in found])
        result.update(ok=not report.faults(), checks=report.checks, faults=report.faults(), advice=report.advice())
        return dict(result, table=table(report, "Exim %s" % (arguments["package"] or arguments["version"] or "of no known version")))
