# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From Mailman's user to root: what Mailman's user does to Mailman's code and files, and what root makes of it."""


def test_the_attacker_is_mailmans_user(victim):
    """Else all that follows would fail for another reason."""
    assert victim.attack("id -un").stdout.strip() == victim.user
    assert victim.attack("touch {0}/data/mine && rm {0}/data/mine".format(victim.prefix)).rc == 0
