# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a configuration as Exim does (readconf.c), and knows of each statement in which lines of which file it stands.

Exim itself prints what it has read (-bP config), but not where that stands, and for root with the secrets in it.
"""

import os
import re

from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import EximError

# The most files that are open at once: a file that includes itself has no end.
MOST_INCLUDES = 20
SPACE = " \t\r\n\f\v"
DEFINITION = re.compile(r"([A-Z][A-Za-z0-9_]*)[ \t]*=(=?)[ \t]*(.*)\Z", re.DOTALL)
BUILT_IN = re.compile(r"(?<![A-Za-z0-9])_[A-Z]")
CONDITION = re.compile(r"\.(ifdef|ifndef|elifdef|elifndef|else|endif)(?=[^A-Za-z]|\Z)")
INCLUDE = re.compile(r"\.include(_if_exists)?[ \t]+(.*)\Z", re.IGNORECASE)
SECTION = re.compile(r"begin[ \t]+(\w+)[ \t]*\Z", re.IGNORECASE)
LABEL = re.compile(r"([\w-]+)[ \t]*:[ \t]*(.*)\Z", re.DOTALL)
NAMED_LIST = re.compile(r"(?:hide[ \t]+)?(address|domain|host|localpart)list[ \t]+(\w+)[ \t]*=[ \t]*(.*)\Z", re.DOTALL)
OPTION = re.compile(r"(?:hide[ \t]+)?(\w+)[ \t]*(?:=[ \t]*(.*))?\Z", re.DOTALL)
# Where a line with a name and = defines no macro.
WITHOUT_MACROS = ("retry", "rewrite")


class Statement:
    """A statement: its text without comments, continuations and macros, and where it stands.

    first and last are lines, from 1 on, of the files first_path and path. Exim reads it on some conditions (.ifdef) or always.
    """

    def __init__(self, path, number, section, conditions):
        self.first_path, self.first = path, number
        self.path, self.last = path, number
        self.section, self.conditions = section, conditions
        self.text = ""

    @property
    def place(self):
        """Return where it stands, as a message has it."""
        return "line %d of %s" % (self.first, self.first_path)


class Driver:
    """A router, transport or authenticator."""

    def __init__(self, name, statement):
        self.name, self.statement = name, statement
        self.options = {}
        self.statements = []


class Condition:
    """An .ifdef that has no .endif yet."""

    def __init__(self, around, true):
        self.around, self.seen, self.active = around, true, around and true

    def otherwise(self, true):
        """Go to the next branch."""
        self.active = self.around and true and not self.seen
        self.seen = self.seen or true


class Configuration:
    """What Exim reads: all statements in their order, and what they define."""

    def __init__(self):
        self.statements, self.files = [], []
        # Of both all definitions count: a macro may be given another value, an ACL of the same name is an error.
        self.macros, self.acls = [], []
        self.sections, self.lists, self.options = {}, {}, {}
        # All lines, with those of included files in the place of .include.
        self.lines = []
        self.drivers = {"routers": [], "transports": [], "authenticators": []}

    def names(self, kind):
        """Return the names of what the configuration has of a kind: macro, acl, list, router, transport, authenticator."""
        if kind == "macro":
            return [name for name, dummy in self.macros]
        if kind == "acl":
            return [name for name, dummy in self.acls]
        if kind == "list":
            return ["%slist %s" % key for key in self.lists]
        return [driver.name for driver in self.drivers[kind + "s"]]

    def statement_of(self, kind, name):
        """Return where a name of this kind is defined, or None."""
        if kind in ("macro", "acl"):
            found = [one for other, one in (self.macros if kind == "macro" else self.acls) if other == name]
        elif kind == "list":
            found = [one for key, (dummy, one) in self.lists.items() if "%slist %s" % key == name]
        else:
            found = [driver.statement for driver in self.drivers[kind + "s"] if driver.name == name]
        return found[0] if found else None

    def main_option(self, name):
        """Return the value of a main option that has one, or None."""
        return self.options[name][0] if name in self.options else None


class Reader:
    """Reads files one after the other as one configuration.

    macros are those that Exim knows by itself. opened returns the text of a file, or None where there is none. inserted is a word and a text, which is
    read after a line that begins with the word: so does Debian's update-exim4.conf with the settings of its administrator.
    """

    def __init__(self, macros=(), opened=None, inserted=(None, "")):
        self.built_in = [name for name in macros if name.startswith("_")]
        self.macros = [(name, "") for name in macros if not name.startswith("_")]
        self.opened = opened or text_of
        self.mark, self.inserted = inserted
        self.found = Configuration()
        self.conditions, self.includes = [], []
        self.section, self.open, self.driver = "main", None, None

    def read(self, path):
        """Read a file, and those that it includes."""
        text = self.opened(path)
        if text is None:
            raise EximError("there is no file %s%s." % (path, ", which is included" if self.includes else ""))
        if len(self.includes) == MOST_INCLUDES:
            raise EximError("%s is included in a file that is included, and so on, %d times." % (path, MOST_INCLUDES))
        self.includes.append(path)
        self.found.files.append(path)
        self.read_text(path, text)
        self.includes.pop()

    def read_text(self, path, text):
        """Read the lines of a file."""
        for number, line in enumerate(re.findall(r"[^\n]*\n|[^\n]+\Z", text), 1):
            self.physical(path, number, line)
            if self.mark and line.startswith(self.mark):
                self.read_text(path + " as update-exim4.conf completes it", self.inserted)

    def end(self):
        """Return the configuration after its last file."""
        if self.open:
            self.logical(self.open)
        if self.conditions:
            raise EximError("%s: an .ifdef has no .endif." % self.found.files[0])
        return self.found

    def replace(self, text):
        """Return a line with the values of its macros, and whether it has any."""
        has_macro = bool(BUILT_IN.search(text)) and any(name in text for name in self.built_in)
        for name, value in self.macros:
            if name in text:
                has_macro, text = True, text.replace(name, value)
        return text, has_macro

    def physical(self, path, number, whole):
        """Take one line of a file."""
        line = whole.strip(SPACE)
        index = len(self.found.lines)
        self.found.lines.append(whole.rstrip("\r\n"))
        # The name of a macro that is defined here is not replaced.
        definition = DEFINITION.match(line) if self.open is None else None
        head = line[:definition.end(1)] if definition else ""
        text, has_macro = self.replace(line[len(head):])
        text = (head + text).lstrip(SPACE)
        if text.startswith("#"):
            return
        match = CONDITION.match(text)
        if match:
            self.condition(match.group(1), has_macro, "line %d of %s" % (number, path))
            return
        if self.conditions and not self.conditions[-1].active:
            return
        match = INCLUDE.match(text)
        if match:
            del self.found.lines[index]
            self.include(path, match.group(2).strip(SPACE).strip('"'), bool(match.group(1)), "line %d of %s" % (number, path))
            return
        self.take(path, number, text)

    def condition(self, word, has_macro, place):
        """Take an .ifdef or another line of its kind."""
        if word in ("ifdef", "ifndef"):
            around = not self.conditions or self.conditions[-1].active
            self.conditions.append(Condition(around, has_macro == (word == "ifdef")))
        elif not self.conditions:
            raise EximError("%s: .%s without an .ifdef." % (place, word))
        elif word == "endif":
            self.conditions.pop()
        else:
            self.conditions[-1].otherwise(word == "else" or has_macro == (word == "elifdef"))

    def include(self, path, name, if_exists, place):
        """Take a line that includes a file."""
        if not name.startswith("/"):
            if if_exists:
                raise EximError("%s: Exim wants an absolute path after .include_if_exists, not %s." % (place, name))
            name = os.path.join(os.path.dirname(path), name)
        if not if_exists or self.opened(name) is not None:
            self.read(name)

    def take(self, path, number, text):
        """Add a line to the statement that it belongs to."""
        if self.open is None:
            if not text:
                return
            self.open = Statement(path, number, self.section, len(self.conditions))
        self.open.path, self.open.last = path, number
        self.open.text = (self.open.text + text).rstrip(SPACE)
        if self.open.text.endswith("\\"):
            self.open.text = self.open.text[:-1]
        else:
            self.logical(self.open)

    def logical(self, statement):
        """Take a whole statement."""
        self.open, statement.text = None, statement.text.rstrip(SPACE)
        found = self.found
        found.statements.append(statement)
        match = SECTION.match(statement.text)
        if match:
            self.section, self.driver = match.group(1), None
            found.sections.setdefault(self.section, []).append(statement)
            return
        match = DEFINITION.match(statement.text)
        if match and self.section not in WITHOUT_MACROS:
            self.define(match.group(1), match.group(3), bool(match.group(2)), statement)
        elif self.section == "main":
            self.main(statement)
        elif self.section == "acl":
            match = LABEL.match(statement.text)
            if match:
                found.acls.append((match.group(1), statement))
        elif self.section in found.drivers:
            self.of_driver(statement)

    def define(self, name, value, again, statement):
        """Take the definition of a macro."""
        for index, (other, dummy) in enumerate(self.macros):
            if other == name:
                if not again:
                    raise EximError("%s: the macro %s is there already (== gives it another value)." % (statement.place, name))
                self.macros[index] = (name, value)
                return
            if other in name:
                raise EximError("%s: the macro %s has the name of the macro %s in its own." % (statement.place, name, other))
        self.macros.append((name, value))
        self.found.macros.append((name, statement))

    def main(self, statement):
        """Take a statement of the main section."""
        match = NAMED_LIST.match(statement.text)
        if match:
            self.found.lists[match.group(1), match.group(2)] = (match.group(3), statement)
            return
        match = OPTION.match(statement.text)
        if match:
            self.found.options[match.group(1)] = (match.group(2), statement)

    def of_driver(self, statement):
        """Take a line of a router, a transport or an authenticator."""
        match = LABEL.match(statement.text)
        if match and not match.group(2):
            self.driver = Driver(match.group(1), statement)
            self.found.drivers[self.section].append(self.driver)
        elif self.driver:
            self.driver.statements.append(statement)
            match = OPTION.match(statement.text)
            if match:
                self.driver.options[match.group(1)] = match.group(2)


def text_of(path):
    """Return the text of a file, or None where there is none. Each octet becomes what can be written back as the same octet."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as stream:
            return stream.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EximError("%s cannot be read: %s." % (path, error.strerror)) from None


def read(paths, **keywords):
    """Return the configuration that is in some files, one after the other."""
    reader = Reader(**keywords)
    for path in paths:
        reader.read(path)
    return reader.end()
