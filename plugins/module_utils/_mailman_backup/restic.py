# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""restic, as the backup calls it: the password and the address are never among its arguments."""

import calendar
import json
import re
import time

from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_backup.settings import TAG, Fault, check_secrets

# What restic says of a place that answers and has no repository. Each kind of place has words of its own.
NO_REPOSITORY = re.compile(r"^Fatal: .*(config file|repository).*(no such file or directory|does not exist)", re.MULTILINE | re.IGNORECASE)
# A file of the snapshot could not be read; the rest is in it.
INCOMPLETE = 3
TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))\Z")


def seconds(text):
    """A time as restic writes it, in seconds since 1970."""
    found = TIME.match(text)
    if not found:
        raise Fault("restic has a snapshot of %s, which is no time." % text)
    moment = time.strptime(found.group(1), "%Y-%m-%dT%H:%M:%S")
    offset = 0 if found.group(2) is None else int(found.group(2) + "1") * (int(found.group(3)) * 3600 + int(found.group(4)) * 60)
    return calendar.timegm(moment) - offset


def is_there(module, settings):
    """Whether restic is on the host, with the program that it needs for this repository."""
    programs = ["restic"] + ["ssh"] * settings["repository"].startswith("sftp:")
    return all(module.get_bin_path(program) for program in programs)


def unread(said):
    """The files that restic could not read, of what it says of them, or all that it says."""
    found = sorted(set(re.findall(r'^{"message_type":"error",.*"item":"([^"]+)"', said, re.MULTILINE)))
    return "These files cannot be read: %s" % ", ".join(found) if found else said


class Repository:
    """The repository, in which other hosts and programs may have backups, too."""

    def __init__(self, module, settings):
        check_secrets(settings)
        self.module, self.settings = module, settings
        self.restic = module.get_bin_path("restic")
        if not self.restic:
            raise Fault("restic is not on the host. Install it.")
        self.own = ["--host", settings["host"], "--tag", TAG]

    def address(self):
        """Return the repository's address, in which there may be a password."""
        if not self.settings["repository_file"]:
            return self.settings["repository"]
        with open(self.settings["repository_file"], encoding="utf-8") as handle:
            return handle.read().strip()

    def call(self, command, *arguments):
        environment = {"RESTIC_PASSWORD_FILE": self.settings["password_file"], "RESTIC_CACHE_DIR": self.settings["directory"] + "/cache"}
        # In restic 0.11 (Debian 11) init is the one command that does not read the file.
        if self.settings["repository_file"] and command != "init":
            environment["RESTIC_REPOSITORY_FILE"] = self.settings["repository_file"]
        else:
            environment["RESTIC_REPOSITORY"] = self.address()
        return self.module.run_command([self.restic, command, *arguments], environ_update=environment, cwd="/", handle_exceptions=False)

    def ask(self, what, *arguments, allowed=()):
        """Return what restic says, or raise Fault with what it has against it."""
        rc, out, err = self.call(*arguments)
        if rc and rc not in allowed:
            raise Fault("%s: %s" % (what, self.explain(err or out)))
        return out

    def explain(self, said):
        """What restic has said, for the administrator. The address may have a password in it."""
        if self.settings["repository_file"]:
            said = said.replace(self.address(), "the repository")
        said = " ".join(said.split())[-600:]
        if "wrong password" in said:
            said = "%s has another password than the repository. Put the one there with which it was made" % self.settings["password_file"]
        elif "already locked" in said:
            said += ". Another process works on it: try again when it has ended"
        return said + "."

    def open(self, make):
        """See that there is a repository with this password. Make one where there is none, if that may be; in check mode it is no fault then."""
        rc, out, err = self.call("cat", "config", "--no-lock")
        if rc and NO_REPOSITORY.search(err):
            if not make:
                raise Fault(
                    "There is no repository where there was one: %s See that its disk or its server is there. Where it is lost, remove %s to begin a new one."
                    % (self.explain(err), self.settings["directory"] + "/state.json"))
            if not self.module.check_mode:
                self.ask("The repository cannot be made", "init", "--quiet")
        elif rc:
            raise Fault("The repository cannot be opened: %s" % self.explain(err))

    def back_up(self, paths):
        """Take a snapshot of these paths; return its short name, and whether all of them could be read."""
        # A process that was killed leaves a lock. restic removes only those of processes that are gone.
        self.ask("The repository cannot be unlocked", "unlock", "--quiet")
        rc, out, err = self.call("backup", "--quiet", "--json", *self.own, "--", *paths)
        if rc not in (0, INCOMPLETE):
            raise Fault("The snapshot was not taken: %s" % self.explain(err))
        summary = [json.loads(line) for line in out.splitlines() if '"summary"' in line]
        return summary[-1]["snapshot_id"], "" if rc == 0 else self.explain(unread(err))

    def check(self, part, parts):
        """Let restic see that all of the repository is there, and read one part of its data."""
        self.ask("The repository does not verify", "check", "--quiet", "--read-data-subset=%d/%d" % (part, parts))

    def forget(self, keep):
        """Remove snapshots, and what only they have, as the retention says."""
        kept = ["--keep-%s=%d" % (name, number) for name, number in sorted(keep.items()) if number]
        self.ask("Old snapshots were not removed", "forget", "--quiet", "--prune", "--group-by", "host,tags", *self.own, *kept)

    def snapshots(self):
        """The snapshots of this backup, the oldest first: their names and times."""
        found = json.loads(self.ask("The repository cannot be read", "snapshots", "--json", "--no-lock", *self.own) or "[]")
        return sorted((seconds(one["time"]), one["id"]) for one in found or [])

    def restore(self, snapshot, place):
        """Put all of a snapshot into a directory, each file at its own path there."""
        # A host that was lost may have left a lock.
        self.ask("The snapshot %s was not restored" % snapshot[:8], "restore", "--no-lock", snapshot, "--quiet", "--target", place)

    def read(self, snapshot, path):
        """The text of a file in a snapshot."""
        return self.ask("The snapshot %s cannot be read" % snapshot[:8], "dump", "--no-lock", snapshot, path)
