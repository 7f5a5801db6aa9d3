# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take each statement of the ACLs, and each line of each, out of Exim's configuration in turn, and look whether any of the given dialogues notices.

Runs on a list host, with the path of the configuration and the dialogues as JSON on standard input and the answer as JSON on standard output. Nothing
is delivered, and the live configuration is left alone: the dialogues are those of exim -bhc, which also makes callouts, with candidates.

A dialogue is a list of sessions, one after the other; a session has a client's address, options for Exim, and the client's commands.
"""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import time

VERB = re.compile(r"\s*(accept|defer|deny|discard|drop|require|warn)\b")
# Exim's trace of a dialogue: which statement it came to, and whether the statement applied.
TRACE = re.compile(r'processing "\w+" \(\S+ (\d+)\)|condition test (succeeded|failed)')
# Lines that decide nothing: they count where the statement applies.
MODIFIER = re.compile(r"(add_header|control|delay|log_message|logwrite|message|remove_header|set)\b")


def parts(lines):
    """The statements of all ACLs, each with the numbers of its verb's line and of its other lines; a continued line is one."""
    begin = next(number for number, line in enumerate(lines) if re.match(r"begin\s+acl\s*$", line)) + 1
    statements, name, number = [], None, begin
    while number < len(lines) and not re.match(r"begin\s", lines[number]):
        last = number
        while lines[last].rstrip().endswith("\\"):
            last += 1
        line = lines[number].strip()
        if re.match(r"\w+:$", line):
            name = line[:-1]
        elif VERB.match(line):
            statements.append({"acl": name, "verb": (number, last), "lines": []})
        elif line and not line.startswith("#"):
            statements[-1]["lines"].append((number, last))
        number = last + 1
    return statements


def text(lines, part):
    return " ".join(line.strip().rstrip("\\").strip() for line in lines[part[0]:part[1] + 1])


def without(lines, *taken):
    """The configuration without some lines. All others keep their numbers."""
    gone = {number for first, last in taken for number in range(first, last + 1)}
    return "\n".join("" if number in gone else line for number, line in enumerate(lines)) + "\n"


def talk(config, dialogue):
    """The replies, and for the lines of the statements that were come to whether they applied."""
    replies, applied = [], []
    # What Exim remembers of others (limits by the hour, callouts): each time as if it were the first.
    for path in glob.glob("/var/spool/exim*/db/ratelimit*") + glob.glob("/var/spool/exim*/db/callout*"):
        os.unlink(path)
    for session in dialogue:
        run = subprocess.run(
            ["/usr/sbin/exim", "-C", config, *session["options"], "-bhc", session["client"]], env={}, timeout=60,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            input="\r\n".join([*session["commands"], "QUIT", ""]).encode(),
        )
        for reply in re.findall(r"^(?:\d{3}-.*\n)*\d{3} .*$", run.stdout.decode("utf-8", "replace"), re.MULTILINE):
            # The greeting has the time, and an accepted message an identity of its own.
            replies.append(re.sub(r"id=\S+|^220 .*", "id", reply.replace("\r", "")))
        line = None
        for number, result in TRACE.findall(run.stderr.decode("utf-8", "replace")):
            if number:
                line = int(number)
            elif line:
                applied.append((line, result == "succeeded"))
                line = None
    return replies, applied


class Trial:
    """A directory with candidates that Exim's own user can read."""

    def __init__(self, directory, lines, dialogues):
        self.directory, self.lines = directory, lines
        whole = self.write("whole", without(lines))
        self.before = [talk(whole, dialogue) for dialogue in dialogues]
        # What differs from one time to the next would seem to be noticed always.
        again, took = [], []
        for dialogue in dialogues:
            started = time.monotonic()
            again.append(talk(whole, dialogue)[0])
            took.append(time.monotonic() - started)
        self.unstable = [(replies, other) for (replies, _applied), other in zip(self.before, again) if replies != other]
        # The quickest first: a scanner, or a hundred recipients, are asked only where nothing else notices.
        self.order = sorted(zip(took, dialogues, self.before), key=lambda one: one[0])

    def write(self, name, content):
        path = os.path.join(self.directory, name)
        with open(path, "w") as candidate:
            candidate.write(content)
        os.chmod(path, 0o644)
        return path

    def noticed(self, statement, *taken):
        """Whether a dialogue has other replies without these lines. Those are asked first for which they have most likely decided."""
        first = statement["verb"][0]
        whole = statement["verb"] in taken
        decisive = (text(self.lines, statement["verb"]) != "require") == (whole or bool(MODIFIER.match(text(self.lines, taken[0]))))
        candidate = self.write("%d-%d" % (first, taken[-1][0]), without(self.lines, *taken))
        for applied in (decisive, not decisive):
            for _took, dialogue, (replies, seen) in self.order:
                if (first + 1, applied) in seen and talk(candidate, dialogue)[0] != replies:
                    return True
        return False


def main():
    request = json.load(sys.stdin)
    with open(request["config"]) as live:
        lines = live.read().splitlines()
    unnoticed = []
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        trial = Trial(directory, lines, request["dialogues"])
        for statement in parts(lines):
            what = "%s: %s" % (statement["acl"], " | ".join(text(lines, part) for part in [statement["verb"], *statement["lines"]]))
            if not trial.noticed(statement, statement["verb"], *statement["lines"]):
                unnoticed.append(what)
            elif len(statement["lines"]) > 1:
                unnoticed += ["%s, without %s" % (what, text(lines, part)) for part in statement["lines"] if not trial.noticed(statement, part)]
    json.dump({"replies": [replies for replies, _applied in trial.before], "unnoticed": unnoticed, "unstable": trial.unstable}, sys.stdout)


if __name__ == "__main__":
    main()
