# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a list's files may make Mailman do when it reads them. They are looked at here before Mailman sees them.

A pickle names the classes and functions that are called when it is read. Here nothing is called: in the place of each class that Mailman writes there is a
stand-in, and any other name is refused. So this reader comes as far in a pickle as Mailman's does, with the same names, or says that it cannot.
"""

from __future__ import absolute_import, division, print_function

import io
import marshal
import numbers
import os
import re

try:
    import cPickle as pickle
except ImportError:
    import pickle

from .faults import Failure
from .text import UNICODE, readable

# What a message has wrong.
DEFECT = re.compile(r"email\.[Ee]rrors\.[A-Za-z]+Defect\Z")
# What Mailman 2.1 writes. The email package had other names for its modules before Python 2.5.
CLASSES = {
    "Mailman.Archiver.HyperArch": ("Article",),
    "Mailman.Archiver.pipermail": ("Article",),
    "Mailman.Bouncer": ("_BounceInfo",),
    "Mailman.Message": ("Message", "OwnerNotification", "UserNotification"),
    "Mailman.UserDesc": ("UserDesc",),
    "email.Charset": ("Charset",),
    "email.Header": ("Header",),
    "email.MIMEAudio": ("MIMEAudio",),
    "email.MIMEBase": ("MIMEBase",),
    "email.MIMEImage": ("MIMEImage",),
    "email.MIMEMessage": ("MIMEMessage",),
    "email.MIMEMultipart": ("MIMEMultipart",),
    "email.MIMENonMultipart": ("MIMENonMultipart",),
    "email.MIMEText": ("MIMEText",),
    "email.Message": ("Message",),
    "email.charset": ("Charset",),
    "email.header": ("Header",),
    "email.message": ("Message",),
    "email.mime.audio": ("MIMEAudio",),
    "email.mime.base": ("MIMEBase",),
    "email.mime.image": ("MIMEImage",),
    "email.mime.message": ("MIMEMessage",),
    "email.mime.multipart": ("MIMEMultipart",),
    "email.mime.nonmultipart": ("MIMENonMultipart",),
    "email.mime.text": ("MIMEText",),
}
if pickle.__name__ == "pickle":
    # In Python 3 an object of each class comes with these.
    CLASSES.update({"__builtin__": ("object",), "_codecs": ("encode",), "copy_reg": ("_reconstructor",), "email._policybase": ("Compat32",)})

# Below each part of a list, what Mailman reads as pickles and as what marshal has written.
SETTINGS = re.compile(r"lists/[^/]+/list/config\.(pck|db)(\.last)?\Z")
REQUESTS = re.compile(r"lists/[^/]+/list/request\.(pck|db)\Z")
QUEUED = re.compile(r"lists/[^/]+/queues/.*\Z", re.DOTALL)
ARCHIVE = re.compile(r"lists/[^/]+/archive/pipermail\.pck\Z")
ARTICLES = re.compile(r"lists/[^/]+/archive/.*-article\Z", re.DOTALL)
PICKLES = re.compile(r"lists/[^/]+/(list|held|queues)/.*\.(pck|bak|psv)(\.last)?\Z|%s" % ARCHIVE.pattern, re.DOTALL)
MARSHALLED = re.compile(r"lists/[^/]+/list/[^/]+\.db(\.last)?\Z")
# A program of the list's own, which Mailman runs.
PROGRAM = "extend.py"


class Unsafe(Exception):
    """A file says what Mailman never writes; the text says what."""


class StandIn(object):
    """What there is instead of an object of Mailman's. It can be made of anything, and be given any state."""

    def __new__(cls, *_arguments):
        return object.__new__(cls)

    def __setstate__(self, state):
        self.state = state


class Article(StandIn):
    """A message in an archive, which names the list that Mailman then opens, and the file that it writes."""

    state = None

    def __setstate__(self, state):
        self.state = state
        self.check("__listname")

    def check(self, key):
        name = self.state.get(key) if isinstance(self.state, dict) else None
        if name is not None and not is_entry(name):
            raise Unsafe("an article with the name %s" % readable(name))


def is_text(value):
    return isinstance(value, (str, UNICODE))


def is_entry(name):
    """Whether a name leads to something in the directory that it is taken for."""
    return is_text(name) and "/" not in name and name not in ("", ".", "..")


def find_class(module, name):
    if name not in CLASSES.get(module, ()) and not DEFECT.match("%s.%s" % (module, name)):
        raise Unsafe("%s.%s" % (readable(module), readable(name)))
    return Article if name == "Article" else StandIn


if hasattr(pickle.Unpickler, "find_class"):

    class Unpickler(pickle.Unpickler):
        def find_class(self, module, name):
            return find_class(module, name)

else:

    def Unpickler(handle):
        unpickler = pickle.Unpickler(handle)
        unpickler.find_global = find_class
        return unpickler


def read_pickles(handle):
    """All that is in an open file, up to where it ends or is broken. Raise Unsafe when there is a name that is none of Mailman's."""
    found = []
    while True:
        try:
            # Each has names of its own for what it repeats.
            found.append(Unpickler(handle).load())
        # What the file itself has wrong, for Mailman as well: it reads no further than this reader.
        except (EOFError, IndexError, KeyError, MemoryError, OverflowError, ValueError, pickle.UnpicklingError):
            return found
        except Unsafe:
            raise
        except Exception as error:
            # Mailman's reader may come further.
            raise Unsafe("something that cannot be looked at (%s)" % readable(error))


def read_marshalled(handle):
    try:
        return [marshal.load(handle)]
    except (EOFError, MemoryError, OverflowError, TypeError, ValueError):
        return []


def check_settings(found):
    """What is not kept in a list's settings, such as where the list is, Mailman would take from there all the same. It gives the host name to a shell."""
    for name, value in found.items() if isinstance(found, dict) else ():
        if is_text(name) and (name.startswith("_") or (name == "host_name" and not (is_text(value) and re.match(r"[A-Za-z0-9._-]*\Z", value)))):
            raise Unsafe("the setting %s" % readable(name))
    check_pipeline(found)


def check_pipeline(data):
    """Mailman runs these handlers of its own. The one that is called Sendmail gives addresses to a shell, and is none of those that a pipeline has."""
    handlers = data.get("pipeline") if isinstance(data, dict) else None
    if handlers is not None and not (
        isinstance(handlers, (list, tuple)) and all(is_text(one) and re.match(r"\w+\Z", one) and one != "Sendmail" for one in handlers)
    ):
        raise Unsafe("the pipeline %s" % readable(handlers))


def check_requests(found):
    """Each held message is a file in Mailman's directory for data, and not elsewhere."""
    for request in found.values() if isinstance(found, dict) else ():
        # A release of Mailman has left out what kind of request it is.
        record = request[1] if isinstance(request, (list, tuple)) and len(request) == 2 else request
        # The version of the file, or the address of who wants to leave.
        if not isinstance(record, (list, tuple, bytes, str, UNICODE, numbers.Integral)):
            raise Unsafe("a request that is none")
        fields = record if isinstance(record, (list, tuple)) else ()
        if len(fields) > 4 and "/" in readable(fields[4]):
            raise Unsafe("a held message in %s" % readable(fields[4]))
        for field in fields:
            check_pipeline(field)


def check_archive(found):
    """The periods of an archive are directories in it. Names in capitals are settings of Mailman's own."""
    for name, value in found.items() if isinstance(found, dict) else ():
        if is_text(name) and name.upper() == name:
            raise Unsafe("the setting %s" % readable(name))
        if name in ("archives", "_dirty_archives") and not (isinstance(value, list) and all(is_entry(period) for period in value)):
            raise Unsafe("the periods %s" % readable(value))


def check_articles(found):
    """Each article in the index of an archive is a pickle of its own."""
    for pickled in found.values() if isinstance(found, dict) else ():
        for article in read_pickles(io.BytesIO(pickled))[:1] if isinstance(pickled, bytes) else ():
            if not isinstance(article, Article):
                raise Unsafe("an article that is none")
            article.check("filename")


# Which of the pickles in a file is looked at. A message in a queue comes before what is noted about it.
CHECKS = (
    (SETTINGS, 0, check_settings),
    (REQUESTS, 0, check_requests),
    (QUEUED, 1, check_pipeline),
    (ARCHIVE, 0, check_archive),
    (ARTICLES, 0, check_articles),
)


def check_file(name, path, shown=None):
    """Raise Failure when a file of a list, which travels under this name, would have Mailman do what Mailman never writes."""
    articles = ARTICLES.match(name)
    if not (articles or PICKLES.match(name) or MARSHALLED.match(name)):
        return
    try:
        with open(path, "rb") as handle:
            found = (read_marshalled if articles or MARSHALLED.match(name) else read_pickles)(handle)
        for pattern, number, check in CHECKS:
            if pattern.match(name) and len(found) > number:
                check(found[number])
    except Unsafe as error:
        raise Failure(
            "%s has what Mailman never writes there, and what would have it run or read something else: %s. Mailman has not read it. Find out who has written "
            "that, and leave the list out." % (readable(shown or os.path.normpath(name)), readable(error))
        )
