# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The package as a whole: it is loaded as on the host, and fit for both Pythons."""

import ast
import json
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _mailman_program as program
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target.known import REQUESTS, TOPICS

PACKAGE = pathlib.Path(program.__file__).parent / "_mailman_target"
FILES = sorted(PACKAGE.glob("[a-z]*.py"))
# Of these only the text is taken: by the process that Mailman's Python runs, and for mm_cfg.py.
NO_PARTS = {"loader", "long_lines"}


def answer_of(python, asked, **options):
    """What the program answers when this Python runs it."""
    loader, given = program.pack(asked)
    command = [python, "-B", "-W", "error", "-c", loader]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/", **options)
    out, err = process.communicate(given)
    assert (process.returncode, err) == (0, b"")
    return json.loads(out)


def pythons():
    """Those with which the program is tried: this one, and a Python 2.7 if there is one that runs."""
    yield sys.executable
    found = shutil.which("python2.7")
    reason = None if found and subprocess.call([found, "-c", ""], stderr=subprocess.DEVNULL) == 0 else "no python2.7 here; make contract has one"
    yield pytest.param(found, marks=pytest.mark.skipif(bool(reason), reason=str(reason)))


@pytest.mark.parametrize("python", list(pythons()))
def test_the_program_is_loaded_and_answers(python, tmp_path):
    """It needs no file but those of Mailman, and says what it lacks of them."""
    answer = answer_of(python, {"prefix": str(tmp_path), "do": "describe", "arguments": {"gather": []}})
    assert "Root does not run Mailman's code." in answer["error"] or "The Mailman at %s cannot be loaded" % tmp_path in answer["error"]


def imported(path, package):
    """The files of the package that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.level, node.module) == package:
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and package == (1, None) and node.level == 1:
            yield node.module


@pytest.mark.parametrize("do", sorted(REQUESTS))
def test_a_request_is_sent_what_it_needs_in_order(do):
    names = [name for name, dummy in program.needed(do, TOPICS if do == "describe" else ())]
    assert names[-1] == "request" and REQUESTS[do] in names
    for number, name in enumerate(names):
        assert set(imported(PACKAGE / (name + ".py"), (1, None))) <= set(names[:number]), name


def test_every_file_is_sent_to_some_request_and_few_to_most_runs():
    sent = {name for do in REQUESTS for name, dummy in program.needed(do, TOPICS if do == "describe" else ())}
    assert sent == {path.stem for path in FILES} - NO_PARTS
    assert {name for name, dummy in program.needed("describe")} == {"faults", "known", "mailman", "request", "survey", "text"}


def test_ansible_sends_along_what_a_request_needs():
    """What of the package a module names, and what that imports."""
    sources = PACKAGE.parent.parent
    asking = {path: re.findall(r'^(?:.*run_target.* | +)"(%s)",' % "|".join(REQUESTS), path.read_text(encoding="utf-8"), re.MULTILINE)
              for path in [*sources.glob("modules/*.py"), *sources.glob("module_utils/_*.py")]}
    assert {do for found in asking.values() for do in found} == set(REQUESTS)
    for path, found in asking.items():
        along = list(imported(path, (0, "ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target")))
        for do in found:
            assert {REQUESTS[do], *(TOPICS.values() if do == "describe" else ())} <= set(along), path


def test_a_part_that_is_sent_too_early_is_told():
    """What a part imports has to be before it."""
    parts = [["locks", "from . import faults\n"]]
    given = "%d\n%s" % (len(json.dumps(parts)), json.dumps(parts))
    process = subprocess.Popen([sys.executable, "-c", program.read("loader")], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    err = process.communicate(given.encode())[1]
    assert process.returncode == 1
    assert b"_mailman_target/locks.py" in err and b"faults" in err


def test_it_can_be_told_from_others_in_the_list_of_processes():
    assert "_mailman_target" in program.read("loader")


def handlers_that_hide(tree):
    """Bare raises after an inner try in the same handler: in Python 2 they raise what the inner one has caught."""
    for handler in (node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)):
        within = [node for statement in handler.body for node in ast.walk(statement)]
        inner = [node.lineno for node in within if isinstance(node, ast.Try) and node.handlers]
        own = [node for node in within if isinstance(node, ast.Raise) and node.exc is None]
        for node in own:
            if any(line < node.lineno for line in inner):
                yield node.lineno


def test_an_exception_that_hides_another_in_python_2_is_found():
    assert list(handlers_that_hide(ast.parse("try:\n  x\nexcept E:\n  try:\n    y\n  except F:\n    pass\n  raise\n"))) == [8]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_exception_hides_another_in_python_2(path):
    assert list(handlers_that_hide(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_file_means_the_same_in_python_2(path):
    """Division, print and imports; and no text but ASCII, which Python 2 takes for an error without a declaration."""
    source = path.read_bytes().decode("ascii")
    if path.stem != "long_lines":
        assert "\nfrom __future__ import absolute_import, division, print_function\n" in source
