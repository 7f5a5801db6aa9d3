# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines of a configuration are another Mailman's, so that they can be put aside where they stand."""

import re

from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_blocks import others, reading

VERB = re.compile(r"(?:accept|defer|deny|discard|drop|require|warn)(?![\w-])")
KINDS = ("macro", "list", "router", "transport")


class Part:
    """Statements that go together: a macro, a list, a router, a transport, or what an ACL does with one verb."""

    def __init__(self, kind, name, statements):
        self.kind, self.name = kind, name
        self.path, self.first, self.last = statements[0].first_path, statements[0].first, max(one.last for one in statements)
        self.paths = set(path for one in statements for path in (one.first_path, one.path))

    def __str__(self):
        return "%s (line %d of %s)" % (" ".join(word for word in (self.kind, self.name) if word), self.first, self.path)


def in_acls(configuration):
    """Yield a part for each verb of each ACL."""
    group = []
    for statement in configuration.statements:
        text = statement.text
        other = statement.section != "acl" or reading.SECTION.match(text) or reading.DEFINITION.match(text) or reading.LABEL.match(text)
        if group and (other or VERB.match(text)):
            yield Part("the ACL statement", "", group)
            group = []
        if not other and (group or VERB.match(text)):
            group.append(statement)
    if group:
        yield Part("the ACL statement", "", group)


def lines_of(text):
    """Return the lines of a text without the space around them, a comment as an empty one."""
    return ["" if line.lstrip().startswith("#") else line.strip() for line in text.split("\n")]


def is_conditional(lines, first, last):
    """Say whether some of the lines, or what comes after them and belongs to them, stands between .ifdef and .endif."""
    if any(reading.CONDITION.match(line) for line in lines[first - 1:last]):
        return True
    after = [line for line in lines[last:] if line]
    while after and reading.CONDITION.match(after[0]):
        after = after[1:]
        begins = not after or reading.CONDITION.match(after[0]) or any(
            one.match(after[0]) for one in (reading.LABEL, reading.SECTION, reading.DEFINITION, reading.INCLUDE, VERB))
        if not begins:
            return True
    return False


def find(configuration, opened, ours, gone):
    """Return ({path: [(first line, last line)]}, faults) for what is another Mailman's, besides files that go as a whole.

    configuration has what Exim reads, opened returns the text of a file. ours are the names that the blocks define.
    """
    found = []
    for kind in KINDS:
        for name in others.names_of_mailman(configuration, kind):
            statement = configuration.statement_of(kind, name)
            driver = next((one for one in configuration.drivers.get(kind + "s", ()) if one.name == name), None)
            found.append(Part(kind if kind != "list" else "", name, [statement] + (driver.statements if driver else [])))
    macros = [one.name for one in found if one.kind == "macro"]
    texts = dict((path, lines_of(opened(path))) for path in set(configuration.files) if opened(path) is not None)

    def speaks_of_mailman(part):
        text = " ".join(texts[part.path][part.first - 1:part.last])
        return "config.pck" in text or any(name in text for name in macros)

    found += [part for part in in_acls(configuration) if part.path in texts and speaks_of_mailman(part)]
    faults, ranges = [], {}
    for part in found:
        if part.path not in gone:
            faults += ["%s cannot be put aside: %s. Take it out yourself." % (part, reason) for reason in faults_of(part, texts)]
            ranges.setdefault(part.path, []).append((part.first, part.last))
    for path, lines in sorted(texts.items()):
        if path in gone:
            continue
        for number, line in enumerate(lines, 1):
            if any(first <= number <= last for first, last in ranges.get(path, ())):
                continue
            for part in found:
                if refers_to(line, part, ours):
                    faults.append("%s cannot be put aside: line %d of %s refers to it, and is not Mailman's alone. Change that line first."
                                  % (part, number, path))
    return dict((path, merged(some)) for path, some in ranges.items()), faults


def merged(ranges):
    """Return ranges of lines, with those that touch as one."""
    found = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def faults_of(part, texts):
    """Yield why the lines of a part cannot become comments."""
    if part.path not in texts or len(part.paths) > 1:
        yield "it does not stand in one file"
    elif part.kind in ("macro", ""):
        return
    elif is_conditional(texts[part.path], part.first, part.last):
        yield "some of it stands between .ifdef and .endif"


def refers_to(line, part, ours):
    """Say whether a line that stays needs a part that does not."""
    if part.kind == "macro":
        return part.name in line
    name = part.name.split(" ")[-1]
    if not name or part.name in ours:
        return False
    return re.search(r"(?<![\w-])%s%s(?![\w-])" % ("" if part.kind else r"\+", re.escape(name)), line) is not None
