# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have the environments that ansible-test makes get their pip from Python itself, and what they install from where the other environments have it.

ansible-test would download a script for pip, to a file with pip's version in its name. Here is one for each version that this ansible-test may ask for.
It hands no PIP_CACHE_DIR on.
"""

import importlib.util
import os
import pathlib
import re

internal = pathlib.Path(importlib.util.find_spec("ansible_test").origin).parent / "_internal"
cache = pathlib.Path("~/.ansible/test/cache").expanduser()
cache.mkdir(parents=True, exist_ok=True)
for path in internal.rglob("*.py"):
    for version in re.findall(r"['\"](2\d(?:\.\d+){1,2})['\"]", path.read_text()):
        (cache / "get_pip_{}.py".format(version.replace(".", "_"))).write_text("import ensurepip; ensurepip.bootstrap()\n")

downloads = pathlib.Path("~/.cache/pip").expanduser()
if "PIP_CACHE_DIR" in os.environ and not os.path.lexists(downloads):
    downloads.parent.mkdir(parents=True, exist_ok=True)
    downloads.symlink_to(os.environ["PIP_CACHE_DIR"])
