# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release stands on: the record of a full run with the real Mailman, and a changelog that has it.

release.py record LOGS   at the end of tests/run: writes tests/real-mailman.json where all stages passed with upstream's Mailman 2.1.39
release.py check         says what a release lacks, and fails when it lacks something
"""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import time

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[1]
RECORD = pathlib.Path("tests/real-mailman.json")
# What a run with the real Mailman proves.
PROVEN = ("playbooks", "plugins", "roles")


def git(root, *arguments):
    """Run git. Return whether it succeeded, and what it printed."""
    run = subprocess.run(["git", "-C", str(root), *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return run.returncode == 0, run.stdout.decode().strip()


def has_changes(root, commit):
    """Say whether what is proven differs from that of a commit, in the working tree too."""
    same, dummy = git(root, "diff", "--quiet", commit, "--", *PROVEN)
    return not same or git(root, "ls-files", "--others", "--exclude-standard", "--", *PROVEN)[1] != ""


def files_sum(archive):
    """Return the sum of the sums of an archive's files, as molecule/shared/upstream has it: it does not depend on the compression."""
    lines = []
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile():
                name = "./" + member.name.partition("/")[2]
                lines.append((name.encode(), hashlib.sha256(tar.extractfile(member).read()).hexdigest()))
    return hashlib.sha256(b"".join(b"%s  %s\n" % (checksum.encode(), name) for name, checksum in sorted(lines))).hexdigest()


def is_upstream(root, archive):
    """Say whether an archive is upstream's Mailman 2.1.39, whatever its name is."""
    known = re.search(r"^known=(\w+)$", (root / "molecule/shared/upstream").read_text(encoding="utf-8"), re.MULTILINE).group(1)
    try:
        return files_sum(archive) == known
    except (OSError, tarfile.TarError):
        return False


def results(logs):
    """Return what tests/run wrote about its stages."""
    stages = {}
    for path in sorted(logs.glob("*.result")):
        name, verdict, passed, dummy, failed, dummy, seconds, dummy = path.read_text(encoding="utf-8").split()
        stages[name] = {"verdict": verdict, "passed": int(passed), "failed": int(failed), "seconds": int(seconds)}
    return stages


def stages_of(root):
    """Return the stages that have Mailman in them, and that a full run therefore has."""
    return {"contract"} | {"molecule-" + path.parent.name for path in root.glob("molecule/*/molecule.yml")}


def not_recorded(root, logs, archive):
    """Yield why a run is no proof for a release."""
    stages = results(logs)
    for name in sorted(stages_of(root) - set(stages)):
        yield "stage %s did not run" % name
    for name, stage in stages.items():
        if stage["verdict"] != "passed" or stage["failed"]:
            yield "stage %s did not pass" % name
    if not is_upstream(root, archive):
        yield "%s is not upstream's Mailman 2.1.39" % archive
    commit = (logs / "commit").read_text(encoding="utf-8").strip()
    if git(root, "rev-parse", "HEAD")[1] != commit:
        yield "another commit was checked out during the run"
    elif has_changes(root, commit):
        yield "%s have changes that are not committed" % ", ".join(PROVEN)


def record(root, logs, archive):
    """Write the record. Return why there is none."""
    faults = list(not_recorded(root, logs, archive))
    if not faults:
        core = re.search(r"^ansible-core==(.+)$", (root / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE).group(1)
        content = {
            "date": time.strftime("%Y-%m-%d", time.gmtime()),
            "commit": (logs / "commit").read_text(encoding="utf-8").strip(),
            "ansible_core": core,
            "mailman": {"version": "2.1.39", "sha256": hashlib.sha256(pathlib.Path(archive).read_bytes()).hexdigest()},
            "stages": {name: {key: stage[key] for key in ("passed", "failed", "seconds")} for name, stage in results(logs).items()},
        }
        (root / RECORD).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return faults


def unproven(root):
    """Yield why the record is no proof of what is there now."""
    try:
        content = json.loads((root / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        yield "%s is missing. Run all tests with the real Mailman, which writes it: make test MAILMAN_ARCHIVE=/path/to/mailman-2.1.39.tgz" % RECORD
        return
    commit = content["commit"]
    for name in sorted(stages_of(root) - set(content["stages"])):
        yield "%s has no stage %s. Run all tests with the real Mailman again" % (RECORD, name)
    if not git(root, "merge-base", "--is-ancestor", commit, "HEAD")[0]:
        yield "%s is about commit %s, which is not in the history of this one. Run all tests with the real Mailman again" % (RECORD, commit[:12])
    elif has_changes(root, commit):
        yield "%s have changed since %s of %s. Run all tests with the real Mailman again" % (", ".join(PROVEN), RECORD, content["date"])


def unreleased(root):
    """Yield what the changelog lacks."""
    version = yaml.safe_load((root / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    releases = yaml.safe_load((root / "changelogs/changelog.yaml").read_text(encoding="utf-8"))["releases"]
    if version not in releases:
        yield "changelogs/changelog.yaml has no release %s. Run make changelog, and commit what it writes" % version
    for path in sorted((root / "changelogs/fragments").glob("*.y*ml")):
        yield "changelogs/fragments/%s is in no release. Run make changelog, and commit what it writes" % path.name
    if git(root, "status", "--porcelain")[1]:
        yield "There are changes that are not committed"


def main(arguments):
    if arguments[:1] == ["record"]:
        faults = record(ROOT, pathlib.Path(arguments[1]), os.environ["MAILMAN_ARCHIVE"])
        print("%s: %s" % (RECORD, "not written, because " + "; ".join(faults) if faults else "written. Commit it: it is the proof for a release"))
        return 0
    faults = [*unproven(ROOT), *unreleased(ROOT)]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
