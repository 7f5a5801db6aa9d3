# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


class ModuleDocFragment:
    """What the modules that run Exim have in common."""

    DOCUMENTATION = r"""
options:
  exim:
    description:
      - Path of the Exim program.
      - When not set, C(exim4) and C(exim) are searched for in the search path, C(/usr/sbin), C(/usr/local/sbin) and C(/usr/exim/bin).
    type: path
requirements:
  - Exim 4.94 or newer on the host.
  - root privileges (C(become)). Exim ignores a stated sender host, and hides its reasons, when it is run by anybody else.
author:
  - listhost.exim_mailman contributors (@listhost)
"""

    CONFIG = r"""
options:
  config:
    description:
      - Absolute path of the configuration file to use instead of the live one, such as a candidate that is to be proven.
      - Exim accepts only a file that belongs to root or to its own user and that nobody else can write to.
    type: path
"""

    READ_ONLY = r"""
attributes:
  check_mode:
    support: full
    description: The module only asks Exim. It does all of its work in check mode.
  diff_mode:
    support: none
    description: The module changes nothing.
"""

    # Those of TEST_ARGUMENTS in module_utils/_exim_proof.py.
    TESTS = r"""
options:
  address_tests:
    description: Tests of how addresses are routed, as in O(listhost.exim_mailman.exim_address_test#module:tests).
    type: list
    elements: dict
    default: []
  smtp_tests:
    description: Tests of SMTP dialogues, as in O(listhost.exim_mailman.exim_smtp_test#module:dialogues).
    type: list
    elements: dict
    default: []
  delivery_tests:
    description: Tests of deliveries, as in O(listhost.exim_mailman.exim_delivery_test#module:tests).
    type: list
    elements: dict
    default: []
"""

    SERVICE = r"""
options:
  service:
    description:
      - Name of Exim's service, which is restarted after the configuration has changed. When it does not start, the previous files are
        brought back and it is started with them.
      - When not set, the caller restarts Exim.
    type: str
"""
