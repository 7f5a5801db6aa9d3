# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks between marks in the text of a file: they are put in, found again, and taken out so that the text is octet for octet what it was.

Lines of the file itself can be put aside: they stay where they are, as comments between marks.
"""

import hashlib
import re

from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import EximError

NAME = "exim_mailman"
BEGIN = "# BEGIN %s %%s %%s: site.yml writes this block. Do not change it here." % NAME
END = "# END %s %%s" % NAME
ASIDE = "replaced"
BEGIN_ASIDE = "# BEGIN %s %s %%s: site.yml has put these lines aside. They come back when the lists are taken out." % (NAME, ASIDE)
MARK = re.compile(r"# (BEGIN|END) %s (\w+)(?: ([0-9a-f]{16}):.*)?\Z" % NAME)

# In a file that role exim writes as a whole.
OWN = re.compile(r"^#.*Role exim writes this file", re.MULTILINE)


def sum_of(content):
    """Return what the first mark says of what is between the marks."""
    return hashlib.sha256(content.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def marked(name, content):
    """Return a block with its marks. Content is whole lines."""
    return "%s\n%s%s\n" % (BEGIN % (name, sum_of(content)), content, END % name)


def insert(text, blocks):
    """Put blocks into a text. Blocks are (line after which it stands, block), the line 0 for the beginning."""
    lines = re.findall(r"[^\n]*\n|[^\n]+\Z", text)
    for number in sorted(set(number for number, dummy in blocks), reverse=True):
        together = "".join(block for line, block in blocks if line == number)
        if number and number == len(lines) and not lines[-1].endswith("\n"):
            # What follows a last line without an end begins with its end and has none of its own.
            together = "\n" + together[:-1]
        lines.insert(number, together)
    return "".join(lines)


def put_aside(text, ranges):
    """Return a text in which some lines are comments. Ranges are (first line, last line), from 1 on."""
    lines = re.findall(r"[^\n]*\n|[^\n]+\Z", text)
    for first, last in sorted(ranges, reverse=True):
        inside = "".join("#" + line for line in lines[first - 1:last])
        # The last line of a file may have no end.
        end = "\n" if inside.endswith("\n") else ""
        inside += "" if end else "\n"
        lines[first - 1:last] = [BEGIN_ASIDE % sum_of(inside) + "\n" + inside + END % ASIDE + end]
    return "".join(lines)


def remove(path, text, bring_back=True):
    """Return a text without its blocks, and with the lines that were put aside, or as they are; stop where somebody has changed one, or a mark."""
    kept, inside, name = [], [], None
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        match = MARK.match(line)
        if not match:
            (kept if name is None else inside).append(line)
            continue
        word, found = match.group(1), match.group(2)
        if (word == "BEGIN") == (name is not None) or (word == "END" and found != name):
            raise EximError("%s: the mark in line %d has no counterpart. %s" % (path, number, advice(path)))
        if word == "BEGIN":
            name, wanted, begin = found, match.group(3), line
            continue
        if sum_of("".join(one + "\n" for one in inside)) != wanted:
            raise EximError("%s: somebody has changed the block %s, which ends in line %d. %s" % (path, name, number, advice(path)))
        if name == ASIDE:
            kept += [one[1:] for one in inside] if bring_back else [begin] + inside + [line]
        inside, name = [], None
    if name is not None:
        raise EximError("%s: the block %s has no mark at its end. %s" % (path, name, advice(path)))
    return "\n".join(kept)


def advice(path):
    """Return what to do about a block that is not as it was written."""
    return "Take what is between the marks, and the marks, out of %s, with what you need of it elsewhere." % path


def has_blocks(text):
    """Say whether there is a mark in a text."""
    return any(MARK.match(line) for line in text.split("\n"))


def blocks_of(text):
    """Return the blocks in a text, with their marks, and nothing else of it. Of lines that were put aside it has the marks alone."""
    found, inside = [], False
    for line in text.splitlines(True):
        match = MARK.match(line.rstrip("\n"))
        if inside or match:
            found.append(line)
        inside = match.groups()[:2] != ("BEGIN", ASIDE) and match.group(1) == "BEGIN" if match else inside
    return "".join(found)
