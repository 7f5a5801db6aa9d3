# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
name: rendered
short_description: What templates make of the variables, without a copy of all variables for each
version_added: 1.0.0
description:
  - Does the same as P(ansible.builtin.template#lookup), in a third of the time. That plugin copies all variables for each template, and all that is in them
    (facts, results of tasks), so that a template could change them. The templates of these roles change nothing, and get the variables themselves.
author:
  - listhost.exim_mailman contributors (@listhost)
options:
  _terms:
    description: Names of templates.
    type: list
    elements: str
    required: true
  template_vars:
    description: Variables that win over all others.
    type: dict
    default: {}
seealso:
  - plugin: ansible.builtin.template
    plugin_type: lookup
"""

EXAMPLES = r"""
cron_jobs: "{{ lookup('listhost.exim_mailman.rendered', 'cron.j2') }}"
"""

RETURN = r"""
_raw:
  description: The text of each.
  type: list
  elements: str
"""

from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase


class Variables(dict):
    """Variables of which a deep copy is one of the names only: whoever makes it adds names, and changes no value."""

    def __deepcopy__(self, memo):
        return dict(self)


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        template = lookup_loader.get("ansible.builtin.template", loader=self._loader, templar=self._templar)
        return template.run(terms, Variables(variables), **kwargs)
