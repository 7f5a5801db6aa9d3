# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The request of module mailman_info."""

from __future__ import absolute_import, division, print_function

import importlib
import sys

from . import mailman
from .known import TOPICS


def describe(gather, compare=None):
    """The request of module mailman_info: topics, and what one of them, differences, is about."""
    mailman.load_settings()
    facts = {
        "lists_dir": mailman.mm_cfg.LIST_DATA_DIR,
        "python_version": ".".join(str(part) for part in sys.version_info[:3]),
    }
    for topic in gather:
        part = importlib.import_module("%s.%s" % (__package__, TOPICS[topic]))
        facts[topic] = getattr(part, "gather_" + topic)(**(compare if topic == "differences" else {}))
    return facts
