# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Python 2 has neither "raise ... from" nor contextlib.suppress.
# ruff: noqa: B904, SIM105

"""The part of the Mailman modules that runs on the managed host under Mailman's own Python (2.6 or 2.7).

It is sent there on standard input, followed by the request as JSON; the answer is JSON on standard output.
Whoever starts it does so as Mailman's user, never as root: the pickles and the list extensions that Mailman loads can be
written by that user.

Lists are handled in two passes. The first reads every list without a lock, works out what would change and collects every
fault in the request; nothing is written when there is one, nor in check mode. The second takes only the lists that
differ, one at a time: lock, read again, change, save, unlock. Mailman saves a list by renaming a complete file into place,
and a new list becomes one by that same rename, so an interruption leaves each list as it was or as it should be.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import difflib
import errno
import hashlib
import json
import os
import pwd
import re
import shutil
import signal
import socket
import sys
import time

try:
    import cPickle as pickle
except ImportError:
    import pickle

# In Python 2 the text in a request; Mailman itself keeps most text as bytes.
UNICODE = type(b"".decode("ascii"))

# What mail for a list may have after the list's name; Exim's routers of this collection know the same.
SUFFIXES = (
    "admin", "bounces", "confirm", "join", "leave", "owner", "request", "subscribe", "unsubscribe",
)  # fmt: skip
SUFFIX = re.compile(r"^(.+)-(%s|(?:bounces|confirm)\+.*)$" % "|".join(SUFFIXES))

# A list's own name may have + in it, but not so.
AMBIGUOUS_NAME = re.compile(r"(.+?)(-(?:bounces|confirm)\+)")

# The longest local part of an address (RFC 5321).
LONGEST_NAME = 64

# Attributes that have an option of their own.
OPTION_OF = {
    "description": "description",
    "host_name": "email_host",
    "moderator": "moderators",
    "owner": "owners",
    "password": "password",
    "preferred_language": "language",
    "web_page_url": "url_host",
}

# Options of a member, by the names that Mailman's own commands use, and their bits in mm_cfg.
MEMBER_BITS = {
    "ack": "AcknowledgePosts",
    "hide": "ConcealSubscription",
    "moderated": "Moderate",
    "nodupes": "DontReceiveDuplicates",
    "notmetoo": "DontReceiveOwnPosts",
    "plain": "DisableMime",
}
MEMBER_SWITCHES = frozenset(MEMBER_BITS) | frozenset(("digest", "nomail"))
MEMBER_KEYS = MEMBER_SWITCHES | frozenset(("address", "language", "name", "state"))

# A member as in a header of a message.
NAME_AND_ADDRESS = re.compile(r'^"?([^"<>]*?)"?\s*<([^<>]+)>$')

# Attributes that Mailman shows as HTML or decodes itself: there a character that the charset of the list's language lacks may stand as
# a character reference, as it does when it was typed into the web interface. In all others it would be sent as that reference.
REFERENCES_ALLOWED = ("description", "info", "subject_prefix")

# A directory under lists/ with this ending was a list; no list name can have it.
REMOVED = ",removed"

# A line of the file that tells the mail server which domain a list is in. A list for which there can be none is in all.
DOMAIN_LINE = re.compile(r"([-+_.=a-z0-9]+): ([a-z0-9.-]+)\Z")

# Seconds by which the times of two files in one file system may seem to be in another order than they are.
CLOCK_GRAIN = 2

# Settings of mm_cfg.py that are not told to anybody when they are strings.
SECRET_SETTING = re.compile(r"SECRET|PASSW|_KEY$")
ORIGINAL_SETTINGS = {}

# Files of a queue: waiting, being processed, and kept after a failure.
QUEUE_ENDINGS = (".pck", ".bak", ".psv")
RUNNER = re.compile(r"(\S+)/qrunner --runner=(\w+):")

TRUE = ("true", "yes", "on")
FALSE = ("false", "no", "off")


class Failure(Exception):
    """A request that cannot be carried out; the text is for the administrator."""

    def __init__(self, text):
        Exception.__init__(self)
        self.text = text


class Stopped(BaseException):
    """Somebody wants this process to end. Not an Exception, for Mailman catches those."""


def readable(value):
    """Any value or exception as text for the administrator."""
    if isinstance(value, UNICODE):
        return value
    if not isinstance(value, str):
        value = str(value)
    return value if isinstance(value, UNICODE) else value.decode("utf-8", "replace")


def show(value):
    """A value out of the request as it stood there."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def plain(value):
    """The text as Mailman wants names and addresses; UnicodeError when it has other characters than ASCII."""
    return str(value.encode("ascii").decode("ascii"))


# ---- Mailman itself ----


Errors = LockFile = MailList = MemberAdaptor = UserDesc = Utils = i18n = mm_cfg = None


def import_from_mailman(name):
    """Import a module of Mailman and make it known in this one under its own name."""
    __import__("Mailman." + name)
    globals()[name] = sys.modules["Mailman." + name]


def load_mailman(prefix):
    """Find Mailman under its prefix and read the settings in force."""
    sys.path.insert(0, os.path.join(prefix, "bin"))
    try:
        __import__("paths")
        __import__("Mailman.Defaults")
        # As text, for mm_cfg.py may add to the lists and mappings in there.
        ORIGINAL_SETTINGS.update((name, repr(value)) for name, value in vars(sys.modules["Mailman.Defaults"]).items())
        import_from_mailman("mm_cfg")
    except Exception:
        # Whatever an administrator may have written into mm_cfg.py.
        raise Failure("%s/Mailman/mm_cfg.py cannot be read by Mailman: %s: %s" % (prefix, sys.exc_info()[0].__name__, readable(sys.exc_info()[1])))


def load_lists():
    """Import what handles lists; separate because it takes several times as long as the settings."""
    if os.geteuid() != pwd.getpwnam(mm_cfg.MAILMAN_USER).pw_uid:
        raise Failure("Only root and Mailman's user %s may handle lists: run this task as root (become)." % mm_cfg.MAILMAN_USER)
    for name in ("Errors", "LockFile", "MailList", "MemberAdaptor", "UserDesc", "Utils", "i18n"):
        import_from_mailman(name)
    # Mailman's messages become part of ours.
    i18n.set_language("en")


def tie_hands():
    """Make it impossible for Mailman to write to a list or to wait for a lock, and return what undoes that.

    Merely reading a list makes Mailman convert and save it when it comes from an older version, or put a backup in the place of a
    damaged file, and wait for the list's lock without end to do so. Merely initializing one in memory makes directories for archives.
    """

    def archiver_defaults(self):
        self.archive = mm_cfg.DEFAULT_ARCHIVE
        self.archive_private = mm_cfg.DEFAULT_ARCHIVE_PRIVATE
        self.archive_volume_frequency = mm_cfg.DEFAULT_ARCHIVE_VOLUME_FREQUENCY

    stubs = (
        (MailList.Archiver, "InitVars", archiver_defaults),
        (MailList.MailList, "Save", lambda self: None),
        (MailList.MailList, "_MailList__fix_corrupt_pckfile", lambda self, *files: None),
        (LockFile.LockFile, "lock", lambda self, timeout=0: None),
        (LockFile.LockFile, "unlock", lambda self, unconditionally=0: None),
        (MailList.MailList, "Locked", lambda self: True),
    )
    originals = [(owner, name, owner.__dict__[name]) for owner, name, stub in stubs if name in owner.__dict__]
    for owner, name, stub in stubs:
        setattr(owner, name, stub)

    def free_hands():
        for owner, name, original in originals:
            setattr(owner, name, original)

    return free_hands


class Patience(object):
    """Waits for the locks of lists that others hold, for so many seconds in one call."""

    def __init__(self, seconds):
        self.deadline = time.time() + seconds
        wait = LockFile.LockFile.lock

        def lock(lock_file, timeout=0):
            # Zero would wait without end, and Mailman itself calls it so in places.
            wait(lock_file, timeout or max(self.deadline - time.time(), 0.01))

        LockFile.LockFile.lock = lock

    def lock(self, name, lock_name, take):
        """Take a lock for a list; what a process that was killed has left in its place is removed before."""
        lock_path = os.path.join(mm_cfg.LOCK_DIR, lock_name + ".lock")
        holder = read_lock(lock_path)
        if holder and holder["dead"]:
            break_lock(lock_path, holder)
        try:
            take()
        except LockFile.TimeOutError:
            raise Failure(describe_lock(name, lock_path, read_lock(lock_path)))


def read_lock(lock_path):
    """Who holds a lock: claim (the file it was taken with), host, pid, and whether that process is known to be dead."""
    try:
        with open(lock_path) as handle:
            claim = handle.read()
    except IOError:
        return None
    match = re.match(r"\.(.+)\.(\d+)\.\d+$", claim[len(lock_path):])  # fmt: skip
    if not match:
        return {"claim": claim, "host": None, "pid": None, "dead": False}
    host, pid = match.group(1), int(match.group(2))
    return {"claim": claim, "host": host, "pid": pid, "dead": host == socket.gethostname() and not is_running(pid)}


def is_running(pid):
    """Whether a process still runs; one that has ended but was not waited for does not."""
    try:
        os.kill(pid, 0)
    except OSError:
        return sys.exc_info()[1].errno != errno.ESRCH
    try:
        with open("/proc/%d/stat" % pid) as handle:
            return handle.read().rpartition(")")[2].split()[0] != "Z"
    except IOError:
        return True


def break_lock(lock_path, holder):
    """Remove the lock of a process that is dead."""
    for path in (lock_path, holder["claim"]):
        try:
            os.unlink(path)
        except OSError:
            if sys.exc_info()[1].errno != errno.ENOENT:
                raise


def describe_lock(name, lock_path, holder):
    """What to tell the administrator about a lock that was not given up in time."""
    if not holder:
        return "The list %s was locked by others all the time: run again." % name
    if not holder["pid"]:
        return "The list %s is locked by %s. When that is not in use any more, remove %s." % (
            name, holder["claim"] or "an unknown process", lock_path,
        )  # fmt: skip
    return "The list %s is locked by process %d (%s) on host %s. Run again when it has ended; if it does not use Mailman, remove %s." % (
        name, holder["pid"], read_command(holder["pid"]).strip(), holder["host"], lock_path,
    )  # fmt: skip


# ---- Attributes of a list ----


class Wrong(Exception):
    """A value that Mailman would refuse or spoil; the text says why."""

    def __init__(self, text):
        Exception.__init__(self)
        self.text = text


class Complaints(list):
    """Stands in for the web page that Mailman's forms report errors to."""

    def addError(self, text, tag=None, *args):
        text = re.sub(r"<[^>]*>", "", readable(text % args if args else text))
        self.append(" ".join(text.split()))

    def set_language(self, language):
        pass


class Attributes(object):
    """What Mailman's web interface knows of the attributes of a list: types, choices, checks."""

    def __init__(self):
        # The site's administrator may do what owners may not be allowed to do on the web; with open subscription forbidden the web
        # interface also counts the choices of subscribe_policy differently.
        self.open_subscription = mm_cfg.ALLOW_OPEN_SUBSCRIBE
        for name in (
            "ALLOW_OPEN_SUBSCRIBE", "ALLOW_RFC2369_OVERRIDES", "ALLOW_SENDER_OVERRIDES",
            "OWNERS_CAN_ENABLE_PERSONALIZATION", "OWNERS_CAN_PRESERVE_FILTERED_MESSAGES",
        ):  # fmt: skip
            setattr(mm_cfg, name, 1)
        self.known = {}
        model = new_list("model")
        for category, (_label, form) in model.GetConfigCategories().items():
            if not hasattr(form, "GetConfigInfo"):
                continue
            for section in model.GetConfigSubCategories(category) or [(None, None)]:
                for item in form.GetConfigInfo(model, category, section[0]) or ():
                    # Names that begin with an underscore are buttons.
                    if isinstance(item, tuple) and not item[0].startswith("_"):
                        self.known[item[0]] = (form, item[1], item[2])
        # The one attribute that Mailman never lets a form change.
        self.known["web_page_url"] = (None, mm_cfg.String, None)

    def check_name(self, name):
        """Wrong when an attribute cannot be set through settings."""
        if name in OPTION_OF:
            raise Wrong("has an option of its own: use %s" % OPTION_OF[name])
        if name not in self.known:
            near = difflib.get_close_matches(name, self.known, 1)
            raise Wrong("is no attribute of a list%s" % (near and "; did you mean %s?" % near[0] or ""))

    def set(self, mlist, name, value):
        """Give an attribute a value out of the request, the way a form of the web interface would."""
        if name == "web_page_url":
            mlist.web_page_url = (mm_cfg.DEFAULT_URL_PATTERN % plain(value)).rstrip("/") + "/"
            return
        if name == "preferred_language":
            set_language(mlist, value)
            return
        form, kind, choices = self.known[name]
        value = self.convert(mlist, name, kind, choices, value)
        complaints = Complaints()
        try:
            if kind != mm_cfg.Checkbox:
                value = form._getValidValue(mlist, name, kind, value)
            form._setValue(mlist, name, value, complaints)
        except Errors.EmailAddressError:
            raise Wrong("has an address that Mailman refuses: %s" % (readable(sys.exc_info()[1]) or show(value)))
        except ValueError:
            raise Wrong("is refused by Mailman: %s" % readable(sys.exc_info()[1]))
        if complaints:
            raise Wrong("is refused by Mailman: %s" % " ".join(complaints))

    def convert(self, mlist, name, kind, choices, value):
        """The value as the form expects it."""
        if kind in (mm_cfg.Radio, mm_cfg.Toggle):
            return self.convert_choice(name, choices, value)
        if kind == mm_cfg.Number:
            return convert_number(value)
        if kind in (mm_cfg.EmailList, mm_cfg.EmailListEx):
            return "\n".join(convert_addresses(name, value))
        if kind in (mm_cfg.Email, mm_cfg.Host):
            return convert_ascii(value)
        if kind == mm_cfg.Topics:
            return [convert_topic(mlist, topic) for topic in convert_mappings(value, ("name", "pattern", "description"))]
        if kind == mm_cfg.HeaderFilter:
            return [convert_rule(rule) for rule in convert_mappings(value, ("pattern", "action"))]
        if kind == mm_cfg.Checkbox:
            return convert_names(value, name == "available_languages" and mm_cfg.LC_DESCRIPTIONS or mm_cfg.OPTINFO)
        if isinstance(getattr(mlist, name), list):
            value = UNICODE("\n").join(convert_lines(value))
        if kind == mm_cfg.String and isinstance(value, UNICODE) and "\n" in value:
            raise Wrong("must be a single line")
        return convert_text(mlist, value, name in REFERENCES_ALLOWED)

    def convert_choice(self, name, choices, value):
        if isinstance(value, UNICODE):
            # Before ansible-core 2.19 a templated value is always a string.
            if value.lower() in TRUE + FALSE:
                value = value.lower() in TRUE
            elif value.isdecimal():
                value = int(value)
        if isinstance(value, bool) and len(choices) == 2:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < len(choices):
            offered = ", ".join("%d (%s)" % (number, readable(label)) for number, label in enumerate(choices))
            raise Wrong("must be one of %s" % offered)
        if name == "subscribe_policy" and value == 0 and not self.open_subscription:
            raise Wrong("is not allowed at this site unless mm_cfg.py sets ALLOW_OPEN_SUBSCRIBE = 1")
        return value

    def show(self, mlist, name):
        """The value of an attribute as it would be written in a request."""
        form, kind, _choices = self.known[name]
        value = None
        if kind == mm_cfg.Number and hasattr(form, "getValue"):
            # Some numbers are stored in other units.
            value = form.getValue(mlist, kind, name, None)
        if value is None:
            value = getattr(mlist, name)
        if kind in (mm_cfg.Radio, mm_cfg.Toggle):
            return int(value)
        if name == "new_member_options":
            return sorted(option for option, bit in mm_cfg.OPTINFO.items() if value & bit)
        if kind == mm_cfg.Topics:
            return [dict(zip(("name", "pattern", "description"), [show_text(mlist, part) for part in topic[:3]])) for topic in value]
        if kind == mm_cfg.HeaderFilter:
            return [{"pattern": show_text(mlist, rule[0]), "action": show_action(rule[1])} for rule in value]
        if isinstance(value, (list, tuple)):
            return [show_text(mlist, item) for item in value]
        if isinstance(value, (str, UNICODE)):
            return show_text(mlist, value, name in REFERENCES_ALLOWED)
        return value

    def same(self, name, one, other):
        """Whether two shown values mean the same; the order of addresses does not matter."""
        if self.known[name][1] in (mm_cfg.EmailList, mm_cfg.EmailListEx, mm_cfg.Checkbox):
            return sorted(one) == sorted(other)
        return one == other

    def complaints(self, mlist):
        """What Mailman has to say against the attributes taken together."""
        complaints = Complaints()
        for form in set(form for form, _kind, _choices in self.known.values() if form):
            form._postValidate(mlist, complaints)
        return complaints


def set_language(mlist, language):
    if language not in mm_cfg.LC_DESCRIPTIONS:
        raise Wrong("must be one of %s" % ", ".join(sorted(mm_cfg.LC_DESCRIPTIONS)))
    mlist.preferred_language = plain(language)
    if language not in mlist.available_languages:
        mlist.available_languages = mlist.available_languages + [plain(language)]


def convert_text(mlist, value, references=False):
    if not isinstance(value, UNICODE):
        raise Wrong("must be a string")
    charset = Utils.GetCharSet(mlist.preferred_language)
    try:
        return value.encode(charset, references and "xmlcharrefreplace" or "strict")
    except UnicodeError:
        lost = sys.exc_info()[1]
        raise Wrong(
            "has the character %s, which cannot be written in %s, the charset of language %s: choose another language for "
            "the list, or give this one UTF-8 with add_language() in mm_cfg.py" % (show(lost.object[lost.start]), charset, mlist.preferred_language)
        )


def convert_ascii(value):
    try:
        return plain(value)
    except (AttributeError, UnicodeError):
        raise Wrong("must be a string of ASCII characters")


def convert_lines(value):
    lines = value.splitlines() if isinstance(value, UNICODE) else value
    if not isinstance(lines, list) or [line for line in lines if not isinstance(line, UNICODE)]:
        raise Wrong("must be a list of strings")
    return lines


def convert_addresses(name, value):
    """Addresses and patterns of addresses, one a line. Mailman would pass over what is empty, and so take the owners from a list."""
    lines = convert_lines(value)
    if [line for line in lines if not line.strip()]:
        raise Wrong("has an empty address: take it out, or write the address that belongs there")
    if name == "owner" and not lines:
        raise Wrong("must name at least one address: without owners nobody gets what is for the list's administrators")
    return [convert_ascii(line) for line in lines]


def convert_number(value):
    if isinstance(value, UNICODE):
        try:
            value = float(value) if "." in value else int(value)
        except ValueError:
            value = None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise Wrong("must be a number, 0 or more")
    return value


def convert_names(value, known):
    unknown = [item for item in convert_lines(value) if item not in known]
    if unknown:
        raise Wrong("has %s, but must be of %s" % (", ".join(unknown), ", ".join(sorted(known))))
    return [plain(item) for item in value]


def convert_mappings(value, keys):
    if not isinstance(value, list) or [item for item in value if not isinstance(item, dict) or sorted(item) != sorted(keys)]:
        raise Wrong("must be a list of mappings with the keys %s" % ", ".join(keys))
    return value


def convert_pattern(pattern, as_compiled):
    try:
        re.compile(as_compiled)
    except re.error:
        raise Wrong("has the pattern %s, which is no regular expression: %s" % (show(pattern), readable(sys.exc_info()[1])))


def convert_topic(mlist, topic):
    name, pattern, description = [convert_text(mlist, topic[key]) for key in ("name", "pattern", "description")]
    # Mailman takes each line as a pattern of its own.
    convert_pattern(topic["pattern"], "|".join(pattern.splitlines()))
    return (name, pattern, description, False)


RULE_ACTIONS = ("defer", "hold", "reject", "discard", "accept")


def rule_action_codes():
    return dict((action, getattr(mm_cfg, action.upper())) for action in RULE_ACTIONS)


def convert_rule(rule):
    if rule["action"] not in RULE_ACTIONS:
        raise Wrong("has the action %s, but must be of %s" % (show(rule["action"]), ", ".join(RULE_ACTIONS)))
    if not isinstance(rule["pattern"], UNICODE):
        raise Wrong("must have strings as patterns")
    convert_pattern(rule["pattern"], rule["pattern"])
    return (rule["pattern"], rule_action_codes()[rule["action"]], False)


def show_action(code):
    for action, known_code in rule_action_codes().items():
        if code == known_code:
            return action
    return code


def show_text(mlist, value, references=False):
    """Text as Mailman has stored it: in the charset of the list's language, with what browsers do to line ends undone."""
    if not isinstance(value, UNICODE):
        value = value.decode(Utils.GetCharSet(mlist.preferred_language), "replace")
    if references:
        value = re.sub("&#([0-9]+);", dereference, value)
    return value.replace("\r\n", "\n")


def dereference(match):
    try:
        return ("\\U%08x" % int(match.group(1))).encode("ascii").decode("unicode_escape")
    except UnicodeError:
        return match.group(0)


# ---- Members of a list ----


def check_member(entry):
    """An entry of members in its long form; Wrong when it is malformed."""
    if isinstance(entry, UNICODE):
        match = NAME_AND_ADDRESS.match(entry)
        entry = {"name": match.group(1), "address": match.group(2)} if match else {"address": entry}
    if not isinstance(entry, dict) or not isinstance(entry.get("address"), UNICODE):
        raise Wrong("must be an address, or a mapping with the key address")
    for key, value in entry.items():
        if key in MEMBER_SWITCHES:
            if not isinstance(value, bool):
                raise Wrong("%s: must be true or false" % key)
        elif key == "name":
            if not isinstance(value, UNICODE) or "\n" in value:
                raise Wrong("name: must be a single line of text")
        elif key == "language":
            if value not in mm_cfg.LC_DESCRIPTIONS:
                raise Wrong("language: must be one of %s" % ", ".join(sorted(mm_cfg.LC_DESCRIPTIONS)))
        elif key == "state":
            if value not in ("present", "absent"):
                raise Wrong("state: must be present or absent")
        elif key not in MEMBER_KEYS:
            raise Wrong("%s: is no option of a member; those are %s" % (key, ", ".join(sorted(MEMBER_KEYS))))
    return entry


def check_address(mlist, address):
    """The address of somebody who is to become a member, as Mailman stores it."""
    try:
        address = Utils.LCDomain(plain(address))
        Utils.ValidateEmail(address)
    except (Errors.EmailAddressError, UnicodeError):
        raise Wrong("is no address that Mailman accepts")
    if address.lower() == mlist.GetListEmail().lower():
        raise Wrong("is the list's own address")
    pattern = mlist.GetBannedPattern(address)
    if pattern:
        raise Wrong("is banned by %s in the list's ban_list or in GLOBAL_BAN_LIST" % show(readable(pattern)))
    return address


def default_digest(mlist):
    """Whether a member who says nothing gets digests, as in the web interface."""
    return bool(mlist.digestable and (mlist.digest_is_default or not mlist.nondigestable))


def check_delivery(mlist, digest):
    if digest and not mlist.digestable:
        raise Wrong("digest: the list has no digests (its attribute digestable is off)")
    if not digest and not mlist.nondigestable:
        raise Wrong("digest: the list has only digests (its attribute nondigestable is off)")


def show_member_option(mlist, key, option):
    """What a member's option is now."""
    if option == "name":
        return show_text(mlist, mlist.getMemberName(key) or "")
    if option == "language":
        return readable(mlist.getMemberLanguage(key))
    if option == "nomail":
        return mlist.getDeliveryStatus(key) != MemberAdaptor.ENABLED
    bit = mm_cfg.Digests if option == "digest" else getattr(mm_cfg, MEMBER_BITS[option])
    return bool(mlist.getMemberOption(key, bit))


def set_member_option(mlist, key, option, value):
    if option == "name":
        try:
            value = plain(value)
        except UnicodeError:
            # As the web interface does: names with other characters are the one text that Mailman keeps decoded.
            pass
        mlist.setMemberName(key, value)
    elif option == "language":
        mlist.setMemberLanguage(key, plain(value))
    elif option == "nomail":
        mlist.setDeliveryStatus(key, value and MemberAdaptor.BYADMIN or MemberAdaptor.ENABLED)
    elif option == "digest":
        mlist.setMemberOption(key, mm_cfg.Digests, value)
    else:
        mlist.setMemberOption(key, getattr(mm_cfg, MEMBER_BITS[option]), value)


def member_options(entry):
    """The options that an entry states, in an order that does not change."""
    return [(option, entry[option]) for option in sorted(entry) if option not in ("address", "state")]


def compare_members(mlist, entries, exact, complain):
    """What must be done for a list to have these members: additions (address, entry), removals (key), changes (key, options).

    complain is called with the place and the text of every fault.
    """
    current = set(mlist.getMembers())
    languages = mlist.GetAvailableLanguages()
    additions, removals, changes, seen = [], [], [], set()
    for number, given in enumerate(entries):
        try:
            entry = check_member(given)
            key = entry["address"].lower()
            if key in seen:
                raise Wrong("is there more than once")
            seen.add(key)
            if entry.get("state") == "absent":
                if key in current:
                    removals.append(plain(key))
                continue
            if "language" in entry and entry["language"] not in languages:
                raise Wrong("language: the list has only %s: add it to the list's available_languages" % ", ".join(languages))
            if key not in current:
                address = check_address(mlist, entry["address"])
                check_delivery(mlist, entry.get("digest", default_digest(mlist)))
                additions.append((address, entry))
            elif len(entry) > 1:
                differing = [
                    (option, show_member_option(mlist, key, option), value)
                    for option, value in member_options(entry)
                    if show_member_option(mlist, key, option) != value
                ]
                for option, _before, value in differing:
                    if option == "digest":
                        check_delivery(mlist, value)
                if differing:
                    changes.append((plain(key), differing))
        except Wrong:
            complain("members[%d]: %s" % (number, show(given)), sys.exc_info()[1].text)
    if exact:
        removals.extend(sorted(current - seen))
    return additions, removals, changes


def change_members(mlist, additions, removals, changes):
    """Do what compare_members found, without a word to anybody but Mailman's own log."""
    # Mailman asserts before every single step that it holds the list's lock, which takes four system calls and is most of the work
    # when there are many members. Saving checks it once more.
    locked = MailList.MailList.Locked
    MailList.MailList.Locked = lambda self: True
    try:
        for key in removals:
            mlist.ApprovedDeleteMember(key, "Ansible", 0, 0)
        for address, entry in additions:
            add_member(mlist, address, entry)
        for key, differing in changes:
            for option, _before, value in differing:
                set_member_option(mlist, key, option, value)
    finally:
        MailList.MailList.Locked = locked


def add_member(mlist, address, entry):
    # Mailman would draw two random passwords for each member if it were not given one.
    person = UserDesc.UserDesc(address, password=Utils.MakeRandomPassword())
    person.digest = entry.get("digest", default_digest(mlist))
    mlist.ApprovedAddMember(person, 0, 0, "", "Ansible")
    for option, value in member_options(entry):
        if option != "digest":
            set_member_option(mlist, address.lower(), option, value)


# ---- Lists ----


def new_list(name):
    """A list in memory, with the attributes that a list of this name gets when it is created."""
    mlist = MailList.MailList()
    mlist.InitVars(name)
    mlist.available_languages = [mm_cfg.DEFAULT_SERVER_LANGUAGE]
    mlist.owner = []
    return mlist


def hash_password(password):
    return Utils.sha_new(plain(password)).hexdigest()


def check_password(password):
    """Passwords are typed into web pages of any charset, and Mailman cuts blanks off."""
    try:
        plain(password)
    except UnicodeError:
        raise Wrong("must have ASCII characters only")
    if not password or password != password.strip():
        raise Wrong("must not be empty, nor begin or end with blanks")


def check_name(name):
    if name != name.lower():
        raise Wrong("must be in lower case; for capitals set real_name under settings")
    if re.sub(mm_cfg.ACCEPTABLE_LISTNAME_CHARACTERS, "", name) or not name or name[0] in ".-":
        raise Wrong("is no name that Mailman accepts: use letters, digits, and - _ . + inside")
    if len(name) > LONGEST_NAME:
        raise Wrong("is longer than %d characters" % LONGEST_NAME)


def check_host(host):
    try:
        Utils.ValidateEmail("user@" + plain(host))
    except (Errors.EmailAddressError, UnicodeError):
        raise Wrong("is no domain name")


def check_names(specs, existing, purge, complain, warn):
    """Complain about names that Mailman refuses, that are there twice, or that mail would not reach."""
    seen = set()
    for number, spec in enumerate(specs):
        try:
            check_name(spec["name"])
            if spec["name"] in seen:
                raise Wrong("is there more than once")
            if spec["state"] == "absent" and spec["name"] == mm_cfg.MAILMAN_SITE_LIST:
                raise Wrong("is the site list, without which Mailman does not run: it cannot be absent")
        except Wrong:
            complain(number, "name: " + show(spec["name"]), sys.exc_info()[1].text)
        seen.add(spec["name"])
    numbers = dict((spec["name"], number) for number, spec in enumerate(specs) if spec["state"] == "present")
    future = set(numbers)
    if not purge:
        future |= existing - seen
    for name in sorted(future):
        match = SUFFIX.match(name)
        if not match or match.group(1) not in future:
            continue
        shadow = "mail to %s@ goes to the list %s, as %s-%s@ is one of its addresses" % (name, match.group(1), match.group(1), match.group(2))
        new = [one for one in (name, match.group(1)) if one in numbers and one not in existing]
        if new:
            complain(numbers[new[0]], "name: " + show(new[0]), shadow + ": rename one of them")
        else:
            warn("%s: rename one of them" % shadow)
    for name in sorted(future):
        match = AMBIGUOUS_NAME.match(name)
        if match:
            lost = "what comes to its addresses, bounces too, is taken for mail to the list %s" % match.group(1)
            if name in numbers and name not in existing:
                complain(numbers[name], "name: " + show(name), "%s: choose a name without %s" % (lost, match.group(2)))
            else:
                warn("%s: %s: give it a name without %s" % (name, lost, match.group(2)))


def complete(spec):
    """A list that is to be created, with what newlist would choose for what it leaves open."""
    spec = dict(spec)
    spec["language"] = spec["language"] or mm_cfg.DEFAULT_SERVER_LANGUAGE
    spec["url_host"] = spec["url_host"] or mm_cfg.DEFAULT_URL_HOST
    spec["email_host"] = spec["email_host"] or mm_cfg.VIRTUAL_HOSTS.get(spec["url_host"].lower(), mm_cfg.DEFAULT_EMAIL_HOST)
    return spec


def wanted_attributes(spec, new):
    """What a request says about attributes: (place in the request, attribute, value), in an order in which they can be set."""
    # The language comes first because its charset decides how text is stored.
    for attribute, option in (
        ("preferred_language", "language"),
        ("web_page_url", "url_host"),
        ("host_name", "email_host"),
        ("owner", "owners"),
        ("moderator", "moderators"),
        ("description", "description"),
    ):
        if spec[option] is not None:
            yield option, attribute, spec[option]
    for option in ("initial_settings", "settings"):
        if option == "settings" or new:
            # Mailman allows more variables in the footer of a list that is personalized.
            for name in sorted(spec[option], key=lambda name: (name != "personalize", name)):
                yield "%s.%s" % (option, name), name, spec[option][name]


def set_attributes(attributes, mlist, spec, new, complain):
    """Give a list in memory the attributes of a request and return those that it did not have: {attribute: {before, after}}."""
    changes = {}
    for place, name, value in wanted_attributes(spec, new):
        try:
            if place.startswith(("initial_settings.", "settings.")):
                attributes.check_name(name)
            stored, before = getattr(mlist, name, None), attributes.show(mlist, name)
            attributes.set(mlist, name, value)
        except Wrong:
            complain("%s: %s" % (place, show(value)), sys.exc_info()[1].text)
            continue
        after = attributes.show(mlist, name)
        if new:
            changes[name] = {"before": None, "after": after}
        elif attributes.same(name, before, after):
            # Other line ends or another order: not worth a change.
            setattr(mlist, name, stored)
        else:
            changes[name] = {"before": before, "after": after}
    if changes:
        for complaint in attributes.complaints(mlist):
            complain("settings", complaint)
    return changes


class Work(object):
    """What one list needs, worked out on a copy of it in memory."""

    def __init__(self, attributes, mlist, spec, new, complain):
        self.name, self.new = spec["name"], new
        self.settings = set_attributes(attributes, mlist, spec, new, complain)
        exact = spec["members_mode"] == "exact"
        self.members = ([], [], [])
        if spec["members"] is not None:
            self.members = compare_members(mlist, json.loads(spec["members"]), exact, complain)
        self.password = bool(not new and spec["password"] and spec["update_password"] == "always" and mlist.password != hash_password(spec["password"]))

    def report(self):
        """What is told about the list; None when nothing changes."""
        additions, removals, changes = self.members
        if not (self.new or self.settings or self.password or additions or removals or changes):
            return None
        return {
            "name": self.name,
            "change": "created" if self.new else "changed",
            "password_changed": self.password,
            "settings": self.settings,
            "members": {
                "added": [dict(member_options(entry), address=address) for address, entry in additions],
                "removed": removals,
                "changed": [
                    {"address": key, "options": dict((option, {"before": before, "after": after}) for option, before, after in differing)}
                    for key, differing in changes
                ],
            },
        }


def report_removal(name):
    return {"name": name, "change": "removed"}


class Domains(object):
    """The file that tells the mail server which domain each list is in, also those that the inventory does not name."""

    def __init__(self, path):
        self.path, self.text, self.time = path, "", 0
        # Domain of each list: now, and when the call has done its work.
        self.now, self.then = {}, {}
        self.start = time.time() - CLOCK_GRAIN
        try:
            with open(path) as handle:
                self.text, self.time = readable(handle.read()), os.fstat(handle.fileno()).st_mtime
        except IOError:
            # The first run, or somebody has removed it.
            pass

    def look(self, names):
        """See which domain those lists are in that the call does not name. They are read when they have changed since the file was true."""
        lines = dict(match.groups() for match in map(DOMAIN_LINE.match, self.text.splitlines()) if match)
        for name in set(names) - set(self.now):
            try:
                unchanged = os.stat(os.path.join(mm_cfg.LIST_DATA_DIR, name, "config.pck")).st_ctime < self.time
                domain = lines[name] if unchanged and name in lines else MailList.MailList(plain(name), lock=0).host_name
            except (Errors.MMListError, EnvironmentError, UnicodeError):
                # It may be whole again before anybody writes to it.
                domain = lines.get(name, "")
            self.now[name] = self.then[name] = domain

    def wanted(self):
        """What the file should say."""
        lines = sorted("%s: %s" % (name, readable(domain).lower()) for name, domain in self.then.items())
        return "".join(line + "\n" for line in lines if DOMAIN_LINE.match(line))

    def change(self):
        """What is told about the file; None when nothing changes."""
        wanted = self.wanted()
        return None if wanted == self.text else {"before": self.text, "after": wanted}

    def failed(self, name):
        """A list was left as it was."""
        self.then[name] = self.now.get(name, "")

    def write(self):
        """Bring the file up to date, and remember that it was true when this call began."""
        change = self.change()
        if change:
            write_whole(self.path, change["after"], 0o644)
        try:
            os.utime(self.path, (self.start, self.start))
        except OSError:
            # Somebody else's file: the next call reads again what this one has read.
            pass
        return change


def plan(attributes, specs, existing, purge, complain, warn, domains):
    """What the call would change, with nothing written: (reports, specs that need work, names to remove)."""
    check_names(specs, existing, purge, complain, warn)
    reports, to_do, doomed = [], [], []
    for number, spec in enumerate(specs):
        name = spec["name"]
        if spec["state"] == "absent":
            if name in existing:
                doomed.append(name)
            continue

        def complain_here(place, text, number=number):
            complain(number, place, text)

        new = name not in existing
        for option, check in (("password", check_password), ("url_host", check_host)):
            try:
                if spec[option] is not None:
                    check(spec[option])
            except Wrong:
                complain_here(option, sys.exc_info()[1].text)
        try:
            if new:
                spec = complete(spec)
                mlist = new_list(plain(name))
                if spec["owners"] is None:
                    complain_here("owners", "are needed to create the list")
            else:
                mlist = MailList.MailList(plain(name), lock=0)
        except UnicodeError:
            # check_names has complained of the name.
            continue
        except (Errors.MMListError, IOError):
            complain_here("name: " + show(name), "this list cannot be read (%s): restore its config.pck" % readable(sys.exc_info()[1]))
            continue
        domains.now[name] = "" if new else mlist.host_name
        report = Work(attributes, mlist, spec, new, complain_here).report()
        domains.then[name] = mlist.host_name
        if report:
            reports.append(report)
            to_do.append(spec)
    if purge:
        listed = set(spec["name"] for spec in specs)
        doomed.extend(sorted(existing - listed - set((mm_cfg.MAILMAN_SITE_LIST,))))
    reports.extend(report_removal(name) for name in doomed)
    return reports, to_do, doomed


def refuse(place, text):
    """A fault that was not there when all lists were checked."""
    raise Failure("%s: %s. It was good a moment before: run again." % (place, text))


def save(mlist):
    """Save a list, leaving nothing behind when that fails."""
    try:
        mlist.Save()
    except BaseException:
        leftover = os.path.join(mlist.fullpath(), "config.pck.tmp.%s.%d" % (socket.gethostname(), os.getpid()))
        if os.path.exists(leftover):
            os.unlink(leftover)
        raise


def tell_mail_server(mlist, event):
    """Let Mailman write the mail server's aliases, where mm_cfg.py names a server that needs them."""
    # Manual only prints what an administrator should do.
    if mm_cfg.MTA and mm_cfg.MTA != "Manual":
        module = "Mailman.MTA." + mm_cfg.MTA
        __import__(module)
        getattr(sys.modules[module], event)(mlist)


def remove_if_empty(path):
    """A function of its own: after an exception that was caught in it, a caller's bare raise still raises the caller's in Python 2."""
    try:
        os.rmdir(path)
    except OSError:
        # It was not made yet, or there is a list in it.
        pass


def create_list(attributes, patience, spec):
    """Create a list with all that it should have; it does not exist before that is complete."""
    spec = complete(spec)
    name = plain(spec["name"])
    languages = [spec["language"]] + [mm_cfg.DEFAULT_SERVER_LANGUAGE] * (spec["language"] != mm_cfg.DEFAULT_SERVER_LANGUAGE)
    # Without a password in the request only the site password opens the list.
    password = hash_password(spec["password"]) if spec["password"] else Utils.sha_new(os.urandom(64)).hexdigest()
    mlist = MailList.MailList()
    try:
        patience.lock(
            name,
            # One lock for the creation of any list.
            "<site>",
            lambda: mlist.Create(name, plain(spec["owners"][0]), password, [plain(one) for one in languages], plain(spec["email_host"])),
        )
        if Utils.list_exists(name):
            raise Failure("The list %s was created by somebody else at the same time: run again." % name)
        work = Work(attributes, mlist, spec, True, refuse)
        change_members(mlist, *work.members)
        save(mlist)
    except BaseException:
        remove_if_empty(os.path.join(mm_cfg.LIST_DATA_DIR, name))
        raise
    finally:
        mlist.Unlock()
    tell_mail_server(mlist, "create")
    return work.report()


def change_list(attributes, patience, spec):
    """Bring an existing list to what it should be; None when somebody else has done it."""
    mlist = MailList.MailList(plain(spec["name"]), lock=0)
    patience.lock(spec["name"], mlist.internal_name(), mlist.Lock)
    try:
        work = Work(attributes, mlist, spec, False, refuse)
        report = work.report()
        if report:
            change_members(mlist, *work.members)
            if work.password:
                mlist.password = hash_password(spec["password"])
            save(mlist)
    finally:
        mlist.Unlock()
    return report


def remove_list(patience, name, keep_archives):
    """Remove a list; one rename decides, the rest can be finished by a later call."""
    mlist = MailList.MailList(name, lock=0)
    patience.lock(name, name, mlist.Lock)
    try:
        tell_mail_server(mlist, "remove")
        path = os.path.join(mm_cfg.LIST_DATA_DIR, name)
        os.rename(path, path + REMOVED)
    finally:
        mlist.Unlock()
    finish_removal(name, keep_archives)
    return report_removal(name)


def finish_removal(name, keep_archives):
    """Delete what a list that was renamed away has left."""
    held = re.compile(r"heldmsg-%s-\d+\.(pck|txt)$" % re.escape(name), re.IGNORECASE)
    doomed = []
    # By now there may be a new list of this name.
    if not Utils.list_exists(name):
        doomed.extend(os.path.join(mm_cfg.DATA_DIR, entry) for entry in os.listdir(mm_cfg.DATA_DIR) if held.match(entry))
        if not keep_archives:
            for directory in (mm_cfg.PUBLIC_ARCHIVE_FILE_DIR, mm_cfg.PRIVATE_ARCHIVE_FILE_DIR):
                doomed.extend(os.path.join(directory, name + ending) for ending in ("", ".mbox"))
    # Last, because it is what tells a later call that there is work left.
    doomed.append(os.path.join(mm_cfg.LIST_DATA_DIR, name + REMOVED))
    for path in doomed:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)


def unfinished_removals():
    return sorted(entry[: -len(REMOVED)] for entry in os.listdir(mm_cfg.LIST_DATA_DIR) if entry.endswith(REMOVED))


def write_whole(path, text, mode):
    """Write a file, never with a moment in which there is half of it."""
    candidate = "%s.%d" % (path, os.getpid())
    try:
        descriptor = os.open(candidate, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        os.rename(candidate, path)
    except BaseException:
        if os.path.exists(candidate):
            os.unlink(candidate)
        raise


def write_site_password(password):
    """What mmsitepass does."""
    # Readable for the web server's processes, which have Mailman's group.
    write_whole(mm_cfg.SITE_PW_FILE, hash_password(password) + "\n", 0o640)


def manage_lists(lists, purge, keep_archives, site_password, virtual_hosts, domains_file, lock_timeout, check):
    """The request of module mailman_lists."""
    load_lists()
    web_hosts = dict((domain, web_host) for web_host, domain in virtual_hosts.items())
    # The members come as JSON inside the JSON, to be parsed for one list at a time: those of all lists would take most of the memory.
    for spec in lists:
        spec["members"] = spec["members"] and plain(spec["members"])
        spec["url_host"] = spec["url_host"] or web_hosts.get(spec["email_host"])
    faults, warnings, problems = [], [], []

    def complain(number, place, text):
        faults.append((number, "lists (%s): %s: %s" % (lists[number]["name"], place, text)))

    free_hands = tie_hands()
    attributes = Attributes()
    existing = set(readable(name) for name in Utils.list_names())
    if site_password is not None:
        try:
            check_password(site_password)
        except Wrong:
            faults.append((-1, "site_password: " + sys.exc_info()[1].text))
    domains = Domains(domains_file or os.devnull)
    reports, to_do, doomed = plan(attributes, lists, existing, purge, complain, warnings.append, domains)
    crumbs = unfinished_removals()
    reports = [report_removal(name) for name in crumbs if name not in doomed] + reports
    answer = {
        "domains": None,
        "faults": [text for _number, text in sorted(faults, key=lambda fault: fault[0])],
        "lists": reports,
        "problems": problems,
        "site_password_changed": False,
        "unlisted": sorted(existing - set(spec["name"] for spec in lists)),
        "warnings": warnings,
    }
    if faults:
        return answer
    answer["site_password_changed"] = site_password is not None and Utils.get_global_password() != hash_password(site_password)
    if domains_file:
        domains.look(existing)
        for name in doomed:
            del domains.then[name]
    if check:
        answer["domains"] = domains.change() if domains_file else None
        return answer

    free_hands()
    mm_cfg.SYNC_AFTER_WRITE = 1
    patience = Patience(lock_timeout)
    steps = [(name, lambda name=name: (finish_removal(name, keep_archives), report_removal(name))[1]) for name in crumbs]
    for spec in to_do:
        act = change_list if spec["name"] in existing else create_list
        steps.append((spec["name"], lambda act=act, spec=spec: act(attributes, patience, spec)))
    steps.extend((name, lambda name=name: remove_list(patience, plain(name), keep_archives)) for name in doomed)
    done = answer["lists"] = []
    current = "the site password"
    try:
        if answer["site_password_changed"]:
            answer["site_password_changed"] = False
            write_site_password(site_password)
            answer["site_password_changed"] = True
        for current, step in steps:
            try:
                report = step()
            except Failure:
                # One list that is locked or was changed meanwhile is no reason to leave the others as they are.
                problems.append(sys.exc_info()[1].text)
                domains.failed(current)
            except EnvironmentError:
                raise
            except Exception:
                # Mailman has dozens of its own, with no common ancestor.
                problems.append(
                    "The list %s was left as it was: Mailman failed with %s: %s" % (current, sys.exc_info()[0].__name__, readable(sys.exc_info()[1]))
                )
                domains.failed(current)
            else:
                if report:
                    done.append(report)
        if domains_file:
            current = domains_file
            answer["domains"] = domains.write()
    except EnvironmentError:
        problems.append("%s could not be written: %s. Everything after it was left as it was." % (current, readable(sys.exc_info()[1])))
    except Stopped:
        problems.append("Stopped before %s was written. Run again to finish." % current)
    return answer


# ---- What there is ----


def describe(gather):
    """The request of module mailman_info."""
    facts = {
        "lists_dir": mm_cfg.LIST_DATA_DIR,
        "python_version": ".".join(str(part) for part in sys.version_info[:3]),
    }
    for topic in gather:
        facts[topic] = {
            "contents": gather_contents, "lists": gather_lists, "queues": gather_queues, "runners": gather_runners, "settings": gather_settings,
        }[topic]()  # fmt: skip
    return facts


def as_json(value):
    """A value of mm_cfg.py in what JSON knows."""
    if isinstance(value, dict):
        return dict((readable(key), as_json(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return readable(value)


def gather_settings():
    """The settings that differ from upstream's and the build's, without secrets."""
    settings = {}
    for name, value in vars(mm_cfg).items():
        if not name.isupper() or ORIGINAL_SETTINGS.get(name) == repr(value):
            continue
        if isinstance(value, str) and SECRET_SETTING.search(name):
            value = "(secret)"
        settings[name] = as_json(value)
    return settings


def gather_lists():
    """Every list with its counts and with the attributes that a new list of its name would not have."""
    load_lists()
    tie_hands()
    attributes = Attributes()
    found = []
    for name in sorted(Utils.list_names()):
        try:
            mlist = MailList.MailList(name, lock=0)
            waiting = [len(ids) for ids in (mlist.GetHeldMessageIds(), mlist.GetSubscriptionIds(), mlist.GetUnsubscriptionIds())]
        except (Errors.MMListError, EnvironmentError):
            # Still listed: it exists, and somebody has to restore it.
            found.append({"name": name, "error": readable(sys.exc_info()[1]) or sys.exc_info()[0].__name__})
            continue
        model = new_list(name)
        settings = {}
        for attribute in attributes.known:
            if hasattr(mlist, attribute):
                value = attributes.show(mlist, attribute)
                if value != attributes.show(model, attribute):
                    settings[attribute] = value
        found.append(
            {
                "name": name,
                "address": readable(mlist.GetListEmail()),
                "members": len(mlist.getRegularMemberKeys()),
                "digest_members": len(mlist.getDigestMemberKeys()),
                "disabled_members": len(mlist.getDeliveryStatusMembers()),
                "held_messages": waiting[0],
                "held_subscriptions": waiting[1],
                "held_unsubscriptions": waiting[2],
                "settings": settings,
            }
        )
    return found


def gather_contents():
    """What is each list's, so that it can be moved and the copy compared with it."""
    load_lists()
    tie_hands()
    # Not everywhere are they all below Mailman's var prefix.
    directories = {
        "archives/private": mm_cfg.PRIVATE_ARCHIVE_FILE_DIR,
        "archives/public": mm_cfg.PUBLIC_ARCHIVE_FILE_DIR,
        "data": mm_cfg.DATA_DIR,
        "lists": mm_cfg.LIST_DATA_DIR,
        "qfiles": mm_cfg.QUEUE_DIR,
        "templates": mm_cfg.TEMPLATE_DIR,
    }

    def place(name):
        directory, base = re.match(r"(archives/\w+|\w+)/(.*)", name).groups()
        return os.path.join(directories[directory], base)

    queued = find_queued(directories["qfiles"])
    held = os.listdir(directories["data"])
    lists = []
    for name in sorted(Utils.list_names()):
        held_name = re.compile(r"heldmsg-%s-\d+\.(pck|txt)$" % re.escape(name), re.IGNORECASE)
        # By what they hold, for a message keeps its name from queue to queue.
        messages = ["data/" + entry for entry in sorted(held) if held_name.match(entry)] + sorted(queued.get(name, ()))
        archives = ["%s/%s%s" % (directory, name, ending) for directory in ("archives/private", "archives/public") for ending in ("", ".mbox")]
        archives = [entry for entry in archives if os.path.lexists(place(entry))]
        found = {"name": name, "email_host": "", "fault": "", "files": archives + messages + ["lists/" + name]}
        lists.append(found)
        try:
            mlist = MailList.MailList(name, lock=0)
            state = ["lists/%s/%s" % (name, entry) for entry in sorted(os.listdir(mlist.fullpath())) if not entry.startswith("config.pck")]
            found.update(
                {
                    "email_host": readable(mlist.host_name),
                    "members": len(mlist.getMembers()),
                    "messages": len(messages),
                    # Of each archive its files and their bytes: to read them all would take too long.
                    "archives": [[entry] + measure(place(entry)) for entry in archives],
                    # Of all else what is in it.
                    "settings": digest(canonical(dict(item for item in vars(mlist).items() if not item[0].startswith("_")))),
                    "state": digest_files(place, messages + state),
                }
            )
        except (Errors.MMListError, EnvironmentError):
            found["fault"] = "%s: %s" % (sys.exc_info()[0].__name__, readable(sys.exc_info()[1]))
    hosts = ["site"] + sorted(set(one["email_host"] for one in lists if not one["fault"]))
    return {
        "directories": directories,
        "frozen": read_frozen(os.path.join(mm_cfg.VAR_PREFIX, "frozen")),
        "lists": lists,
        "templates": ["templates/" + host for host in hosts if os.path.isdir(place("templates/" + host))],
    }


def find_queued(directory):
    """The files of each list in all queues; those without a list are for the site list."""
    found = {}
    for queue in os.listdir(directory):
        for entry in os.listdir(os.path.join(directory, queue)):
            if entry.endswith(QUEUE_ENDINGS):
                try:
                    with open(os.path.join(directory, queue, entry), "rb") as handle:
                        pickle.load(handle)
                        name = pickle.load(handle).get("listname")
                except Exception:
                    # What Mailman could not read either is in the queue bad.
                    continue
                found.setdefault((name or mm_cfg.MAILMAN_SITE_LIST).lower(), []).append("qfiles/%s/%s" % (queue, entry))
    return found


def canonical(value):
    """Text that is the same for the same content."""
    if isinstance(value, dict):
        return "{%s}" % ",".join(sorted("%s:%s" % (canonical(key), canonical(item)) for key, item in value.items()))
    if isinstance(value, (list, tuple)):
        return "[%s]" % ",".join(canonical(item) for item in value)
    return canonical(vars(value)) if hasattr(value, "__dict__") else repr(value)


def digest(text):
    return hashlib.sha256(text if isinstance(text, bytes) else text.encode("utf-8")).hexdigest()


def digest_files(place, names):
    """One sum of what is in these files and directories, and of their names."""
    parts = []
    for name in names:
        if os.path.isdir(place(name)):
            parts.append(digest_files(place, [name + "/" + entry for entry in sorted(os.listdir(place(name)))]))
        else:
            try:
                with open(place(name), "rb") as handle:
                    parts.append(name + " " + digest(handle.read()))
            except IOError:
                # A message goes from queue to queue while the queue runners run.
                if os.path.exists(place(name)):
                    raise
    return digest("\n".join(parts))


def measure(path):
    """How many files there are, and their bytes. A link counts as itself."""
    count = size = 0
    for directory, _directories, files in os.walk(path) if os.path.isdir(path) and not os.path.islink(path) else ():
        count += len(files)
        paths = [os.path.join(directory, name) for name in files]
        size += sum(os.lstat(path).st_size for path in paths if os.path.lexists(path))
    return [count, size]


def read_frozen(path):
    """The domains for which the mail server defers mail, and what is happening to them."""
    try:
        with open(path) as handle:
            return dict(line.strip().split(": ", 1) for line in handle if ": " in line)
    except IOError:
        return {}


def gather_queues():
    """How many messages wait in every queue; shunt and bad are those that Mailman gave up on."""
    return dict(
        (queue, len([name for name in os.listdir(os.path.join(mm_cfg.QUEUE_DIR, queue)) if name.endswith(QUEUE_ENDINGS)]))
        for queue in os.listdir(mm_cfg.QUEUE_DIR)
        if os.path.isdir(os.path.join(mm_cfg.QUEUE_DIR, queue))
    )


def gather_runners():
    """Whether the master process runs, and which of the queue runners that mm_cfg.py names."""
    try:
        with open(mm_cfg.PIDFILE) as handle:
            master = int(handle.read())
    except (IOError, ValueError):
        master = None
    if master is not None and "mailmanctl" not in read_command(master):
        # Stopping Mailman leaves the file, and the number may have gone to another process.
        master = None
    wanted, running = {}, {}
    for name, count in mm_cfg.QRUNNERS:
        wanted[name] = count
    for pid in os.listdir("/proc"):
        match = pid.isdigit() and RUNNER.search(read_command(pid))
        if match and match.group(1) == mm_cfg.BIN_DIR:
            running[match.group(2)] = running.get(match.group(2), 0) + 1
    return {
        "master_pid": master,
        "running": sorted(running),
        "missing": sorted(name for name in wanted if running.get(name, 0) < wanted[name]),
    }


def read_command(pid):
    """The command line of a process, or nothing when there is no such process."""
    try:
        with open("/proc/%s/cmdline" % pid) as handle:
            return handle.read().replace("\0", " ")
    except IOError:
        return ""


REQUESTS = {"describe": describe, "manage_lists": manage_lists}


def stop(number, frame):
    raise Stopped()


def main():
    """Carry out the request on standard input."""
    request = json.loads(getattr(sys.stdin, "buffer", sys.stdin).read())
    # Mailman prints here and there; only the answer may reach the real standard output.
    answer_to = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        if os.geteuid() == 0:
            raise Failure("Root does not run Mailman's code.")
        # Files of a list are shared with the web server's and the mail server's processes through the group.
        os.umask(0o002)
        load_mailman(request["prefix"])
        answer = {"result": REQUESTS[request["do"]](**dict((str(key), value) for key, value in request["arguments"].items()))}
    except Failure:
        answer = {"error": sys.exc_info()[1].text}
    except Stopped:
        answer = {"error": "Stopped before anything was written."}
    answer_to.write(json.dumps(answer))
    answer_to.close()


if __name__ == "__main__":
    main()
