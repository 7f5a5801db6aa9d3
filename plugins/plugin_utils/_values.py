# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of a role's variables by its specification (meta/argument_specs.yml): what type they have, what they are as that type, and how a fault says
where it is. Knows nothing of Ansible but what it takes for true and false."""

import difflib
import json
import math

from ansible.module_utils.common.text.converters import to_text
from ansible.module_utils.parsing.convert_bool import boolean

NOUNS = {"str": "a string", "path": "a string", "int": "a whole number", "float": "a number", "bool": "true or false", "list": "a list", "dict": "a mapping"}
SECRET = "(not shown)"


class Faulty(Exception):
    """A value that has a fault of its own: there is nothing more to say about it."""


def shown(value, secret=False):
    """Return a value as a message has it, on one line."""
    if secret:
        return SECRET
    if isinstance(value, str):
        text = "'%s'" % "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in value)
    elif isinstance(value, (dict, list, tuple)):
        text = json.dumps(value, ensure_ascii=False, default=str)
    else:
        text = {True: "true", False: "false", None: "null"}[value] if value is None or isinstance(value, bool) else str(value)
    return text if len(text) < 200 else text[:196] + " ..."


def is_secret(option):
    """Say whether a value may have a secret in it: its own, one of its keys', or one under a name of somebody's choice."""
    options = option.get("options", {})
    free = not options and "dict" in (option.get("type"), option.get("elements"))
    return option.get("no_log", False) or free or any(is_secret(one) for one in options.values())


def noun(value):
    """Return what a value is, in the words of YAML."""
    if value is None:
        return "null"
    for kind, word in ((bool, "a truth value"), (int, "a number"), (float, "a number"), (str, "a string"), (dict, "a mapping"), ((list, tuple), "a list")):
        if isinstance(value, kind):
            return word
    return "a %s" % type(value).__name__


def to_str(value, option):
    if isinstance(value, str):
        return str(value)
    # "no" is a word for what a choice means, and YAML's false.
    if value is False and "no" in option.get("choices", ()):
        return "no"
    raise ValueError("Put it in quotes")


def to_bool(value, dummy):
    if not isinstance(value, (bool, int, float, str)):
        raise ValueError
    try:
        return boolean(str(value) if isinstance(value, str) else value)
    except TypeError as error:
        raise ValueError from error


def to_int(value, dummy):
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or isinstance(value, float) and value != int(value):
        raise ValueError
    return int(value)


def to_float(value, dummy):
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


SCALARS = {"str": to_str, "path": to_str, "bool": to_bool, "int": to_int, "float": to_float}


def convert(where, value, option, complain):
    """Return a value as the type that its option of the specification says; complain(text) is told each fault, and then nothing is returned."""
    kind = option.get("type", "str")
    secret = is_secret(option)
    if value is None:
        complain("%s is null, which is no value. Write %s, or take it out." % (where, NOUNS.get(kind, "one")))
        return None
    if kind in SCALARS:
        return convert_scalar(where, value, option, secret, complain)
    if kind == "list":
        return convert_list(where, value, option, secret, complain)
    if kind == "dict":
        return convert_dict(where, value, option, secret, complain)
    return value


def convert_scalar(where, value, option, secret, complain):
    kind = option.get("type", "str")
    try:
        value = SCALARS[kind](value, option)
    except (ValueError, OverflowError) as error:
        advice = to_text(error) if kind in ("str", "path") and not isinstance(value, (dict, list, tuple)) else "Write %s" % NOUNS[kind]
        complain("%s is %s, which is %s and not %s. %s." % (where, shown(value, secret), noun(value), NOUNS[kind], advice))
        return None
    if "choices" in option and value not in option["choices"]:
        complain("%s is %s. Set it to one of: %s." % (where, shown(value, secret), ", ".join(str(choice) for choice in option["choices"])))
        return None
    return value


def convert_list(where, value, option, secret, complain):
    if isinstance(value, (str, dict)) or not hasattr(value, "__iter__"):
        text = shown(value, secret)
        example = "..." if secret or isinstance(value, dict) else str(value)[:100].strip()
        if example[:1] == "[":
            advice = "Write a list; on the command line that is -e '{\"%s\": %s}'" % (where, example)
        else:
            advice = "Write a list, as in [%s]" % example
        complain("%s is %s, %s. %s." % (where, text, noun(value), advice))
        return None
    element = dict(option, type=option.get("elements", "raw"))
    element.pop("elements", None)
    if element["type"] == "raw":
        return list(value)
    result = []
    for number, one in enumerate(value, 1):
        result.append(convert(label(where, number, one), one, element, complain))
    return result


def label(where, number, entry):
    """Return the place of an entry of a list: its name, or which one it is where it has none."""
    name = entry.get("name") if isinstance(entry, dict) else None
    return "%s (%s)" % (where, shown(name)[1:-1]) if isinstance(name, str) and name else "%s, entry %d," % (where, number)


def convert_dict(where, value, option, secret, complain):
    if not isinstance(value, dict):
        complain("%s is %s, which is %s and not a mapping. Write a mapping, as in {name: value}." % (where, shown(value, secret), noun(value)))
        return None
    result = dict(value)
    options = option.get("options")
    if options is None:
        return result
    for name in value:
        if name not in options:
            complain("%s has '%s', which is none of its keys%s. They are: %s." % (where, name, nearest(name, options), ", ".join(sorted(options))))
    for name, suboption in options.items():
        if name in value:
            result[name] = convert("%s: %s" % (where.rstrip(","), name), value[name], suboption, complain)
        elif suboption.get("required"):
            complain("%s has no %s. Add it: %s." % (where.rstrip(","), name, NOUNS.get(suboption.get("type", "str"), "a value")))
    return result


def nearest(name, names):
    """Return words for the known name that is nearest to an unknown one."""
    found = difflib.get_close_matches(str(name), [str(known) for known in names], 1, 0.7)
    return " (did you mean %s?)" % found[0] if found else ""
