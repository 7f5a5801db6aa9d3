#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: exim_known_faults
short_description: Say which published faults an installed Exim has
version_added: 1.0.0
description:
  - Compares a version of Exim with the faults that its authors have published since 2019 (CVE), as this collection knows them from
    C(roles/exim/files/advisories.yml). The file says until when it was kept.
  - For a package of Debian counts which package of the release mends a fault. Elsewhere counts the version of upstream's, and the package may have mended it.
  - It does not fail when there are faults.
  - Looks at no host and changes nothing. It is an action plugin, which runs on the controller alone.
extends_documentation_fragment:
  - listhost.exim_mailman.controller
options:
  version:
    description: Version of Exim, as 4.98.2. When it is empty, nothing is known of it.
    type: str
    required: true
  package:
    description: Version of the package, as the distribution writes it.
    type: str
    default: ""
  distribution:
    description: The fact C(distribution).
    type: str
    required: true
  release:
    description: The fact C(distribution_release).
    type: str
    default: ""
  fault:
    description: Whether what is found counts as a fault, and not as advice.
    type: bool
    default: false
seealso:
  - module: listhost.exim_mailman.exim_mailman_verify
"""

EXAMPLES = r"""
- name: Look for known faults
  listhost.exim_mailman.exim_known_faults:
    version: "4.96"
    package: 4.96-15+deb12u8
    distribution: Debian
    release: bookworm
  register: known
"""

RETURN = r"""
ok:
  description: Whether nothing was found that counts as a fault.
  returned: success
  type: bool
checks:
  description: What was compared, as in module M(listhost.exim_mailman.exim_mailman_verify).
  returned: success
  type: list
  elements: dict
faults:
  description: What was found, if O(fault).
  returned: success
  type: list
  elements: dict
advice:
  description: What was found otherwise.
  returned: success
  type: list
  elements: dict
table:
  description: All of it as lines for people.
  returned: success
  type: list
  elements: str
"""
