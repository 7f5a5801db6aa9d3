# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists in files of the controller: for each a mapping in NAME.yml, and beside it its members, one a line in NAME.txt or with their options in NAME.csv.

Nothing in them is a template. Each of them may be encrypted with ansible-vault.
"""

import csv
import io
import os
import tempfile

import yaml
from ansible.errors import AnsibleError
from ansible.module_utils.common.text.converters import to_text
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target.known import MEMBER_KEYS, MEMBER_SWITCHES
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._values import Faulty, nearest, noun, shown

# In the order in which a file has them.
KEYS = ("description", "email_host", "url_host", "language", "owners", "moderators", "settings")
SUFFIXES = {".yml": "a list", ".txt": "members", ".csv": "members"}


# --- Reading -------------------------------------------------------------------------------------


def combine(lists, others):
    """Return lists with the keys of others of their names, and the others after them."""
    keys = {one["name"]: one for one in others}
    combined = [dict(one, **keys.pop(one.get("name"), {})) for one in lists]
    return combined + [one for one in others if one["name"] in keys]


def with_files(arguments, loader):
    """Return the options of mailman_lists with the lists of its lists_dir in them."""
    arguments = dict(arguments)
    directory = arguments.pop("lists_dir", None)
    if directory:
        arguments["lists"] = combine(arguments.get("lists") or [], read_lists(directory, loader))
    return arguments


def read_lists(directory, loader):
    """Return the lists that a directory has files of, each as an entry of mailman_lists. Raises Faulty with all that is wrong."""
    # A loader would look beside the playbook.
    place = os.path.abspath(os.path.expanduser(directory))
    try:
        names = sorted(name for name in os.listdir(place) if not (name.startswith((".", "README")) or name.endswith("~")))
    except OSError as error:
        raise Faulty("mailman_lists_dir is %s, which cannot be read as a directory of the controller: %s. Correct it, or make the directory."
                     % (shown(directory), error.strerror)) from error
    faults, entries, members = [], {}, {}
    for name in names:
        stem, suffix = os.path.splitext(name)
        try:
            if suffix not in SUFFIXES:
                raise Faulty("is no file of a list. Call it NAME.yml, or NAME.txt or NAME.csv if it has members, or take it away.")
            path = loader.get_real_file(os.path.join(place, name))
            if suffix == ".yml":
                entries[stem] = read_list(loader, path, stem)
                continue
            if stem + ".yml" not in names:
                raise Faulty("has members of a list that is not there. Write %s.yml, or take it away." % stem)
            if stem in members:
                raise Faulty("is beside another file with members of %s. Take one of the two away." % stem)
            members[stem] = []
            members[stem] = read_text(path) if suffix == ".txt" else read_csv(path)
        except Faulty as error:
            faults.extend("mailman_lists_dir: %s %s" % (os.path.join(directory, name), text) for text in error.args)
        except (AnsibleError, OSError, UnicodeDecodeError, csv.Error) as error:
            reason = " ".join(to_text(getattr(error, "strerror", None) or error).split())
            faults.append("mailman_lists_dir: %s cannot be read: %s. Correct it." % (os.path.join(directory, name), reason))
    for stem, found in members.items():
        if "members" in entries.get(stem, ()):
            faults.append("mailman_lists_dir: %s has members, and there is a file with members beside it. Take one of the two away."
                          % os.path.join(directory, stem + ".yml"))
        elif stem in entries:
            entries[stem]["members"] = found
    if faults:
        raise Faulty(*faults)
    return [entries[stem] for stem in sorted(entries)]


def read_list(loader, path, stem):
    entry = plain(loader.load_from_file(path))
    if entry is None:
        entry = {}
    if not isinstance(entry, dict):
        raise Faulty("has %s and not a mapping. Write the list's options, as in owners: [anna@example.org]." % noun(entry))
    if entry.setdefault("name", stem) != stem:
        raise Faulty("has name %s, but the file is called after the list. Take the line out, or give the file another name." % shown(entry["name"]))
    return entry


def plain(value):
    """Return what was loaded without what Ansible has noted of it; what is encrypted in it is decrypted."""
    if isinstance(value, dict):
        return {plain(name): plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    # Not str(), which leaves it a string of Ansible's own.
    return "%s" % (value,)


def read_text(path):
    with io.open(path, encoding="utf-8-sig") as stream:
        lines = [line.strip() for line in stream]
    return [line for line in lines if line and not line.startswith("#")]


def read_csv(path):
    with io.open(path, encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, strict=True)
        columns = reader.fieldnames or []
        known = ", ".join(sorted(MEMBER_KEYS))
        faults = ["has a column %s, which is no key of a member%s. Those are %s." % (shown(column), nearest(column, MEMBER_KEYS), known)
                  for column in columns if column not in MEMBER_KEYS]
        if "address" not in columns:
            faults.append("has no column address in its first line. Write one, as in address,name,digest.")
        if len(set(columns)) < len(columns):
            faults.append("has a column twice. Take one of the two out.")
        if faults:
            raise Faulty(*faults)
        return [read_row(row, "line %d" % reader.line_num) for row in reader]


def read_row(row, where):
    if None in row or None in row.values():
        raise Faulty("has in %s another number of fields than in the first line. Put what has a comma in it in quotes." % where)
    entry = {}
    for column, text in row.items():
        text = text.strip()
        if column in MEMBER_SWITCHES and text:
            if text.lower() not in ("true", "false"):
                raise Faulty("has in %s %s for %s. Write true or false, or nothing." % (where, shown(text), column))
            entry[column] = text.lower() == "true"
        elif text or column == "address":
            entry[column] = text
    return entry


# --- Writing -------------------------------------------------------------------------------------


def format_files(described):
    """Return the files of lists as module mailman_info describes them: their contents by their names."""
    files = {}
    for one in described:
        entry = {key: one[key] for key in KEYS if one.get(key)}
        files[one["name"] + ".yml"] = yaml.safe_dump(entry, allow_unicode=True, sort_keys=False, width=120, explicit_start=True)
        if any(isinstance(member, dict) for member in one["members"]):
            files[one["name"] + ".csv"] = format_csv([member if isinstance(member, dict) else named(member) for member in one["members"]])
        else:
            files[one["name"] + ".txt"] = "".join(member + "\n" for member in one["members"])
    return files


def named(member):
    """Return a member's line as the keys that it stands for."""
    name, bracket, address = member.rpartition("<")
    return {"name": name.strip(), "address": address.rstrip(">")} if bracket else {"address": member}


def format_csv(members):
    columns = ["address"] + sorted({key for member in members for key in member} - {"address"})
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    for member in members:
        values = [member.get(column, "") for column in columns]
        writer.writerow([str(value).lower() if isinstance(value, bool) else value for value in values])
    return stream.getvalue()


def write_files(directory, files, check):
    """Write files that are not there yet, and return their names. Raises Faulty where one is there with another content, and then writes none."""
    directory = os.path.expanduser(directory)
    there = set(os.listdir(directory)) if os.path.isdir(directory) else set()
    faults = []
    for name, text in files.items():
        stem, suffix = os.path.splitext(name)
        other = {".txt": stem + ".csv", ".csv": stem + ".txt"}.get(suffix)
        if other in there:
            faults.append("%s is there, and the list's members would be written to %s." % (os.path.join(directory, other), name))
        elif name in there:
            with io.open(os.path.join(directory, name), encoding="utf-8", newline="", errors="replace") as stream:
                if stream.read() != text:
                    faults.append("%s is there, with another content." % os.path.join(directory, name))
    if faults:
        raise Faulty(*faults)
    new = [name for name in files if name not in there]
    if new and not check:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        for name in new:
            # Whole or not at all: a file that is there is not written again.
            handle, path = tempfile.mkstemp(dir=directory, prefix=".")
            with io.open(handle, "w", encoding="utf-8", newline="") as stream:
                stream.write(files[name])
            os.replace(path, os.path.join(directory, name))
    return new
