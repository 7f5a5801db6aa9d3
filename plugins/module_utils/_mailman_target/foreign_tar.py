# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A tar that somebody has made of a Mailman's files with a program of theirs.

It can have what tar.py's own never has: links, other kinds of headers, and files of any kind. What is read of it is bounded all the same, and each header
must have its sum, or the archive is Broken.
"""

from __future__ import absolute_import, division, print_function

import gzip

from .faults import Failure
from .tar import BLOCK, DIRECTORY, FILE, HEADER, LARGE, LONG_NAME, LONGEST_NAME, PREFIX, Broken, Entry, Reader, parse_number, show_name

# More than the longest extended header that says something of one file.
LONGEST_EXTENSION = 1 << 20
LINK, SYMLINK, LONG_TARGET, EXTENSION, EXTENSION_OF_ALL, SPARSE = b"1", b"2", b"K", b"x", b"g", b"S"
# What all programs take for a file: without a kind, and one that was to be in one piece on the disk.
FILES = (FILE, b"\0", b"7")
POSIX = b"ustar\x0000"
PACKERS = ((b"BZh", "bzip2"), (b"\xfd7zXZ", "xz"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"PK\x03\x04", "zip"))


class ForeignEntry(Entry):
    """A file, directory, link or something else in such a tar."""

    def __init__(self, reader, name, kind, size, mode, time, target):
        Entry.__init__(self, reader, name, kind, size, mode, time)
        self.is_file, self.is_link, self.is_symlink, self.target = kind in FILES, kind == LINK, kind == SYMLINK, target


class ForeignReader(Reader):
    """Reads such a tar, once."""

    def read_padding(self, size):
        # Some programs leave there what they had in memory.
        self.read(-size % BLOCK)

    def header(self):
        """The next header as (name, kind, size, mode, time, target of a link), or None at the end."""
        block = self.read(BLOCK)
        if not block.strip(b"\0"):
            self.read_end()
            return None
        fields = HEADER.unpack(block)
        if parse_number(fields[6]) != sum(bytearray(block[:148] + b" " * 8 + block[156:])):
            raise Broken("is no tar, or was altered: a header has another sum")
        name, target = (field.split(b"\0")[0] for field in (fields[0], fields[8]))
        prefix = block[PREFIX:PREFIX + 155].split(b"\0")[0]
        if fields[9] == POSIX and prefix:
            name = prefix + b"/" + name
        size, mode, time = parse_number(fields[4]), parse_number(fields[1]), parse_number(fields[5])
        if size < 0:
            raise Broken("has a file of a size that cannot be: %s" % show_name(name))
        return name, fields[7], size, max(mode, 0), time if 0 <= time < LARGE else 0, target

    def read_end(self):
        data = self.read_some(BLOCK)
        while data:
            if data.strip(b"\0"):
                raise Broken("goes on after its end")
            data = self.read_some(BLOCK)

    def read_text(self, size, longest):
        if size > longest:
            raise Broken("has a header of %d bytes" % size)
        data = self.read(size)
        self.read_padding(size)
        return data

    def entries(self):
        """Each entry. What the caller leaves of its content is skipped."""
        said = {}
        while True:
            found = self.header()
            if found is None:
                return
            name, kind, size, mode, time, target = found
            if kind in (LONG_NAME, LONG_TARGET):
                said[b"path" if kind == LONG_NAME else b"linkpath"] = self.read_text(size, LONGEST_NAME).rstrip(b"\0")
                continue
            if kind in (EXTENSION, EXTENSION_OF_ALL):
                found = parse_extension(self.read_text(size, LONGEST_EXTENSION))
                # What is said of all is a comment, mostly.
                said.update(found if kind == EXTENSION else {})
                continue
            if kind == SPARSE or any(key.startswith(b"GNU.sparse") for key in said):
                raise Failure("The archive has a file with holes: %s. Make it again without --sparse." % show_name(said.get(b"path", name)))
            name, target = said.get(b"path", name), said.get(b"linkpath", target)
            size = parse_size(said.get(b"size"), size)
            # Only files have content, whatever the header says.
            entry = ForeignEntry(self, name, DIRECTORY if kind in FILES and name.endswith(b"/") else kind, size if kind in FILES else 0, mode, time, target)
            said = {}
            yield entry
            for _rest in entry.chunks():
                pass


def parse_size(text, size):
    """What an extended header says of the size, where one does."""
    if text is None:
        return size
    if not text.isdigit() or len(text) > 18:
        raise Broken("has a file of a size that cannot be")
    return int(text)


def parse_extension(data):
    """The records of an extended header: {key: value}."""
    found = {}
    while data:
        length = data.partition(b" ")[0]
        end = int(length) if length.isdigit() and len(length) < 8 else 0
        if not len(length) + 1 < end <= len(data) or data[end - 1:end] != b"\n":
            raise Broken("has an extended header that is none")
        key, _equals, value = data[len(length) + 1:end - 1].partition(b"=")
        found[key] = value
        data = data[end:]
    return found


def open_foreign(handle):
    """A reader of such a tar, at its beginning, which may be compressed with gzip."""
    handle.seek(0)
    start = handle.read(8)
    handle.seek(0)
    for magic, program in PACKERS:
        if start.startswith(magic):
            raise Failure("The archive was compressed with %s. Take a tar that is not compressed, or with gzip." % program)
    return ForeignReader(gzip.GzipFile(fileobj=handle, mode="rb") if start.startswith(b"\x1f\x8b") else handle)
