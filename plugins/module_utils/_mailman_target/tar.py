# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file in which lists travel: a tar of regular files and directories, and nothing else.

GNU tar reads what is written here. What is read here is less than tar can hold: no links, no devices, no extensions but that for long names. So what a
stranger has made can say nothing that is not looked at here, and no header makes the reader keep more than a path's length in memory.
"""

from __future__ import absolute_import, division, print_function

import gzip
import hashlib
import struct
import sys
import zlib

from .faults import Failure

BLOCK = 512
# How much of a file is in memory at once.
CHUNK = 1 << 18
LONGEST_NAME = 4096
LONGEST_SHORT_NAME = 100
# Name, mode, user, group, size, time, sum, type, target of a link, magic and version; then what is left empty.
HEADER = struct.Struct("100s8s8s8s12s12s8sc100s8s247x")
MAGIC = b"ustar  \0"
NOBODY = b"%07o\0" % 0
# Where the sum of a header is, and what stands for it as it is reckoned.
SUM, NO_SUM = slice(148, 156), b" " * 8
# From here on are what GNU tar has for sparse files, and what others have for long names.
PREFIX = 345
FILE, DIRECTORY, LONG_NAME = b"0", b"5", b"L"
LONG_LINK = b"././@LongLink"
# Sizes from here on do not fit into the octal digits of a header.
LARGE = 8 ** 11


class Broken(Failure):
    """The file is not as it was written."""

    def __init__(self, text):
        Failure.__init__(self, "The archive %s. Take another copy of it." % text)


class Sink(object):
    """Where a tar is written to: it knows how much that is, and the sum of it."""

    def __init__(self, handle):
        self.handle, self.size, self.sum = handle, 0, hashlib.sha256()

    def write(self, data):
        self.handle.write(data)
        self.size += len(data)
        self.sum.update(data)

    def flush(self):
        """What gzip asks for."""
        self.handle.flush()


def compress(sink):
    """A file that is compressed on its way to the sink. Without a name and a time in it, so that the same content has the same bytes."""
    return gzip.GzipFile(filename="", mode="wb", compresslevel=3, fileobj=sink, mtime=0)


def format_size(size):
    return b"%011o\0" % size if size < LARGE else b"\x80" + struct.pack(">3xQ", size)


def format_header(name, kind, size, mode, time):
    """The block before the content of a file; the name is not longer than its place."""
    block = HEADER.pack(name, b"%07o\0" % mode, NOBODY, NOBODY, format_size(size), b"%011o\0" % time, NO_SUM, kind, b"", MAGIC)
    return block[:SUM.start] + b"%06o\0 " % sum(bytearray(block)) + block[SUM.stop:]


def padding(size):
    return b"\0" * (-size % BLOCK)


class Writer(object):
    """Writes a tar into a file."""

    def __init__(self, handle):
        self.handle = handle

    def header(self, name, kind, size=0, mode=0o660, time=0):
        """The header of a file or directory, which is for the caller to write. Names are bytes."""
        header = format_header(name[:LONGEST_SHORT_NAME], kind, size, mode & 0o7777, min(max(int(time), 0), LARGE - 1))
        if len(name) <= LONGEST_SHORT_NAME:
            return header
        long_name = name + b"\0"
        return format_header(LONG_LINK, LONG_NAME, len(long_name), 0, 0) + long_name + padding(len(long_name)) + header

    def add_directory(self, name, mode, time):
        self.handle.write(self.header(name + b"/", DIRECTORY, 0, mode, time))

    def add_file(self, name, size, mode, time, source, total):
        """Copy so many bytes of a file and update the sum with them. Return how many of them there were; what was missing is zeros."""
        # In one piece, if the file is no larger than that: a write for each part would cost more than all else.
        waiting, left = self.header(name, FILE, size, mode, time), size
        while left:
            data = source.read(min(left, CHUNK))
            if not data:
                break
            total.update(data)
            left -= len(data)
            if left:
                self.handle.write(waiting + data)
                waiting = b""
            else:
                waiting += data
        there = size - left
        while left:
            self.handle.write(waiting + b"\0" * min(left, CHUNK))
            waiting = b""
            left -= min(left, CHUNK)
        self.handle.write(waiting + padding(size))
        return there

    def add_text(self, name, data, time=0):
        """A small file, whose content is at hand."""
        self.handle.write(self.header(name, FILE, len(data), 0o600, time) + data + padding(len(data)))

    def finish(self):
        self.handle.write(b"\0" * BLOCK * 2)


def parse_number(field):
    """A number as tar has it: octal digits, or for large ones binary."""
    if field[:1] == b"\x80":
        return struct.unpack(">Q", field[-8:])[0] if not field[1:-8].strip(b"\0") else -1
    digits = field.strip(b" \0")
    return int(digits, 8) if digits and not digits.strip(b"01234567") else -1


class Entry(object):
    """A file or directory in a tar: its name in bytes, and what the header says. The content of a file is read with chunks()."""

    def __init__(self, reader, name, kind, size, mode, time):
        self.reader, self.name, self.size, self.mode, self.time = reader, name, size, mode, time
        self.is_directory = kind == DIRECTORY
        self.left = size

    def chunks(self):
        """The content, piece by piece. What is not read is skipped."""
        while self.left:
            data = self.reader.read(min(self.left, CHUNK))
            self.left -= len(data)
            if not self.left:
                self.reader.read_padding(self.size)
            yield data

    def text(self, longest):
        """The content of a file that is not longer than this."""
        if self.size > longest:
            raise Broken("has a file %s of %d bytes" % (show_name(self.name), self.size))
        return b"".join(self.chunks())


def show_name(name):
    """A name in an archive, which may be anything, for the administrator."""
    return repr(name.decode("latin-1")).lstrip("u")


class Reader(object):
    """Reads a tar, once, from its beginning to its end. What is wrong with it is Broken."""

    def __init__(self, handle):
        self.handle = handle

    def read(self, size):
        """So many bytes, exactly."""
        data = self.read_some(size)
        if len(data) != size:
            raise Broken("ends in the middle")
        return data

    def read_some(self, size):
        try:
            return self.handle.read(size)
        except (EOFError, EnvironmentError, TypeError, struct.error, zlib.error):
            # The disk's own errors have a number, and gzip's have none. Python 2's knows no end of the file in a header, nor in the sum at the end.
            if getattr(sys.exc_info()[1], "errno", None):
                raise
            raise Broken("is not whole, so that it cannot be uncompressed")

    def read_padding(self, size):
        if self.read(-size % BLOCK).strip(b"\0"):
            raise Broken("has something between two files")

    def header(self):
        """The next header as (name, kind, size, mode, time), or None at the end."""
        block = self.read(BLOCK)
        if not block.strip(b"\0"):
            data = self.read(BLOCK)
            # Some programs fill up the last ten thousand bytes.
            while data:
                if data.strip(b"\0"):
                    raise Broken("goes on after its end")
                data = self.read_some(CHUNK)
            return None
        fields = HEADER.unpack(block)
        if parse_number(fields[6]) != sum(bytearray(block[:SUM.start] + NO_SUM + block[SUM.stop:])):
            raise Broken("was altered: a header has another sum")
        name, kind, magic = fields[0].rstrip(b"\0"), fields[7], fields[9]
        size, mode, time = parse_number(fields[4]), parse_number(fields[1]), parse_number(fields[5])
        if magic != MAGIC or kind not in (FILE, DIRECTORY, LONG_NAME) or min(size, mode, time) < 0 or b"\0" in name or block[PREFIX:].strip(b"\0"):
            raise Broken("has something else than files and directories: %s" % show_name(name))
        if time >= LARGE:
            raise Broken("has a file of a time that cannot be: %s" % show_name(name))
        return name, kind, size, mode, time

    def entries(self):
        """Each file and directory. What the caller leaves of its content is skipped."""
        while True:
            found = self.header()
            if found is None:
                return
            name, kind, size, mode, time = found
            if kind == LONG_NAME:
                if not 0 < size <= LONGEST_NAME:
                    raise Broken("has a name of %d bytes" % size)
                name = self.read(size).rstrip(b"\0")
                self.read_padding(size)
                found = self.header()
                if found is None or found[1] == LONG_NAME or b"\0" in name:
                    raise Broken("has a long name for nothing")
                _short, kind, size, mode, time = found
            if kind == DIRECTORY and size:
                raise Broken("has a directory with content: %s" % show_name(name))
            entry = Entry(self, name, kind, size, mode, time)
            yield entry
            for _rest in entry.chunks():
                pass


def open_tar(handle):
    """A reader of a file that may be compressed, at its beginning."""
    start = handle.read(2)
    handle.seek(0)
    return Reader(handle if start != b"\x1f\x8b" else gzip.GzipFile(fileobj=handle, mode="rb"))
