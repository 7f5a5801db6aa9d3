# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release needs the record of a full run with the real Mailman, and only such a run writes one."""

import importlib.util
import io
import json
import os
import pathlib
import subprocess
import tarfile

import pytest

SOURCE = os.path.join(os.path.dirname(__file__), "..", "release.py")
SPECIFICATION = importlib.util.spec_from_file_location("release", SOURCE)
release = importlib.util.module_from_spec(SPECIFICATION)
SPECIFICATION.loader.exec_module(release)

FILES = {
    "galaxy.yml": "version: 1.0.0\n",
    "requirements.txt": "ansible-core==2.19.14\n",
    "changelogs/changelog.yaml": "releases: {1.0.0: {}}\n",
    "roles/exim/tasks/main.yml": "[]\n",
    "docs/howto.md": "text\n",
    "molecule/default/molecule.yml": "{}\n",
    "molecule/mx/molecule.yml": "{}\n",
    ".gitignore": "/logs/\n/*.tgz\n",
}


def git(root, *arguments):
    subprocess.run(["git", "-C", str(root), "-c", "user.name=x", "-c", "user.email=x@example.com", *arguments], check=True, stdout=subprocess.DEVNULL)


def write(root, name, content):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def commit(root, name, content):
    write(root, name, content)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", name)


def archive(root, name, content):
    path = root / name
    with tarfile.open(str(path), "w:gz") as tar:
        for member in ("mailman-2.1.39/Mailman/Version.py", "mailman-2.1.39/README"):
            entry = tarfile.TarInfo(member)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return str(path)


@pytest.fixture
def root(tmp_path):
    """A small repository, and the logs of a run in it in which all stages passed."""
    git(tmp_path, "init", "--quiet")
    for name, content in FILES.items():
        write(tmp_path, name, content)
    write(tmp_path, "molecule/shared/upstream", "known=%s\n" % release.files_sum(archive(tmp_path, "real.tgz", b"real")))
    commit(tmp_path, "README.md", "text\n")
    for name in ("lint", "contract", "molecule-default", "molecule-mx"):
        result(tmp_path, name)
    write(tmp_path, "logs/commit", release.git(tmp_path, "rev-parse", "HEAD")[1] + "\n")
    (tmp_path / "tests").mkdir()
    return tmp_path


def result(root, name, verdict="passed", failed=0):
    write(root, "logs/%s.result" % name, "%-24s %-7s %4d passed %4d failed %5d s\n" % (name, verdict, 3, failed, 17))


def run(root, name="real.tgz"):
    return release.record(root, root / "logs", str(root / name))


def faults(root):
    return [*release.unproven(root), *release.unreleased(root)]


def recorded(root):
    assert run(root) == []
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "record")
    return root


def test_the_sum_is_that_of_the_script_that_downloads(tmp_path):
    path = archive(tmp_path, "a.tgz", b"text")
    with tarfile.open(path) as tar:
        for member in tar.getmembers():
            write(tmp_path, member.name, "text")
    shell = "find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1"
    printed = subprocess.run(shell, shell=True, cwd=str(tmp_path / "mailman-2.1.39"), stdout=subprocess.PIPE, check=True).stdout.decode().strip()
    assert release.files_sum(path) == printed


def test_a_full_run_with_the_real_mailman_is_recorded(root):
    assert run(root) == []
    content = json.loads((root / release.RECORD).read_text(encoding="utf-8"))
    assert content["commit"] == release.git(root, "rev-parse", "HEAD")[1]
    assert content["ansible_core"] == "2.19.14"
    assert content["stages"]["molecule-mx"] == {"passed": 3, "failed": 0, "seconds": 17}


@pytest.mark.parametrize("break_it, said", [
    (lambda root: result(root, "molecule-mx", verdict="FAILED"), "stage molecule-mx did not pass"),
    (lambda root: result(root, "molecule-mx", failed=1), "stage molecule-mx did not pass"),
    (lambda root: result(root, "lint", verdict="DIED"), "stage lint did not pass"),
    (lambda root: (root / "logs/molecule-mx.result").unlink(), "stage molecule-mx did not run"),
    (lambda root: (root / "logs/contract.result").unlink(), "stage contract did not run"),
    (lambda root: archive(root, "real.tgz", b"double"), "is not upstream's Mailman 2.1.39"),
    (lambda root: (root / "real.tgz").unlink(), "is not upstream's Mailman 2.1.39"),
    (lambda root: write(root, "roles/exim/tasks/main.yml", "[1]\n"), "have changes that are not committed"),
    (lambda root: write(root, "roles/exim/tasks/new.yml", "[]\n"), "have changes that are not committed"),
    (lambda root: commit(root, "roles/exim/tasks/main.yml", "[1]\n"), "another commit was checked out"),
])
def test_any_other_run_is_not(root, break_it, said):
    break_it(root)
    [fault] = run(root)
    assert said in fault
    assert not (root / release.RECORD).exists()


def test_a_release_with_a_fresh_record_lacks_nothing(root):
    assert faults(recorded(root)) == []


def test_what_is_not_proven_by_the_run_may_change(root):
    commit(recorded(root), "docs/howto.md", "other text\n")
    assert faults(root) == []


@pytest.mark.parametrize("break_it, said", [
    (lambda root: commit(root, "roles/exim/tasks/main.yml", "[1]\n"), "have changed since tests/real-mailman.json"),
    (lambda root: commit(root, "plugins/modules/exim_info.py", "\n"), "have changed since tests/real-mailman.json"),
    (lambda root: commit(root, "molecule/new/molecule.yml", "{}\n"), "has no stage molecule-new"),
    (lambda root: commit(root, "galaxy.yml", "version: 1.1.0\n"), "has no release 1.1.0"),
    (lambda root: commit(root, "changelogs/fragments/new.yml", "minor_changes: []\n"), "changelogs/fragments/new.yml is in no release"),
    (lambda root: write(root, "docs/howto.md", "x\n"), "There are changes that are not committed"),
])
def test_a_release_without_is_refused(root, break_it, said):
    break_it(recorded(root))
    [fault] = faults(root)
    assert said in fault


def test_a_record_of_another_history_is_refused(root):
    recorded(root)
    content = json.loads((root / release.RECORD).read_text(encoding="utf-8"))
    content["commit"] = 40 * "0"
    commit(root, str(release.RECORD), json.dumps(content))
    [fault] = faults(root)
    assert "not in the history" in fault


def test_no_record_is_refused(root):
    [fault] = faults(root)
    assert "make test MAILMAN_ARCHIVE=" in fault


def test_main_says_what_is_missing(root, monkeypatch, capsys):
    monkeypatch.setattr(release, "ROOT", pathlib.Path(str(root)))
    assert release.main(["check"]) == 1
    assert "tests/real-mailman.json is missing" in capsys.readouterr().err
    monkeypatch.setenv("MAILMAN_ARCHIVE", str(root / "real.tgz"))
    assert release.main(["record", str(root / "logs")]) == 0
    assert "written. Commit it" in capsys.readouterr().out
