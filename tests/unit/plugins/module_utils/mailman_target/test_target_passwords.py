# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import passwords


@pytest.mark.parametrize("password", ["", " x", "x ", "pässword"])
def test_passwords_that_nobody_could_type(password, refused):
    assert refused(passwords.check_password, password).startswith("must ")
