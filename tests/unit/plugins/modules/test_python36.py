# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EL 8 runs modules under Python 3.6, which no ansible-test that knows Debian 13's Python still tests."""

import ast
import pathlib

import pytest

PLUGINS = pathlib.Path(__file__).parents[4] / "plugins"
ON_THE_HOST = sorted([*PLUGINS.glob("modules/*.py"), *PLUGINS.glob("module_utils/**/*.py")])


@pytest.mark.parametrize("path", ON_THE_HOST, ids=lambda path: str(path.relative_to(PLUGINS)))
def test_syntax_of_python_36(path):
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 6))
