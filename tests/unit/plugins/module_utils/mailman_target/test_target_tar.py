# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import gzip
import hashlib
import io
import tarfile

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import tar

LONG = b"lists/news/archive/" + b"x" * 300


def write(*files, **options):
    """A tar with these files: (name, content)."""
    handle = io.BytesIO()
    writer = tar.Writer(handle)
    for name, content in files:
        if content is None:
            writer.add_directory(name, 0o2775, 1700000000)
        else:
            writer.add_file(name, len(content), 0o660, 1700000000, io.BytesIO(content), hashlib.sha256())
    writer.finish()
    return handle.getvalue()


def read(data):
    return [(entry.name, None if entry.is_directory else b"".join(entry.chunks()), entry.mode, entry.time)
            for entry in tar.open_tar(io.BytesIO(data)).entries()]


FILES = [(b"a", None), (b"a/b", b"1" * 512), (b"a/c", b""), (LONG, b"long"), (b"a/\xff", b"2" * 1025)]


def test_what_is_written_is_read_again():
    assert [(name.rstrip(b"/"), content) for name, content, _mode, _time in read(write(*FILES))] == FILES
    assert {(mode, time) for _name, _content, mode, time in read(write(*FILES))} == {(0o660, 1700000000), (0o2775, 1700000000)}


def test_what_is_written_is_a_tar_for_others():
    with tarfile.open(fileobj=io.BytesIO(write(*FILES)), mode="r:", encoding="latin-1") as other:
        found = [(one.name.encode("latin-1"), None if one.isdir() else other.extractfile(one).read()) for one in other]
    assert found == FILES


def test_a_tar_of_others_is_read():
    handle = io.BytesIO()
    with tarfile.open(fileobj=handle, mode="w", format=tarfile.GNU_FORMAT) as other:
        for name, content in FILES[1:4]:
            one = tarfile.TarInfo(name.decode("ascii"))
            one.size = len(content)
            other.addfile(one, io.BytesIO(content))
    assert [(name, content) for name, content, _mode, _time in read(handle.getvalue())] == FILES[1:4]


def test_a_time_that_no_file_can_have():
    """Python would not set it."""
    header = bytearray(tar.format_header(b"a", tar.FILE, 0, 0o660, 0))
    header[136:148] = tar.format_size(1 << 63)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    with pytest.raises(tar.Broken) as caught:
        read(bytes(header) + bytes(1024))
    assert "has a file of a time that cannot be: 'a'" in caught.value.text


def test_a_large_file_has_its_size_in_the_header():
    for size in (8 ** 11 - 1, 8 ** 11, 1 << 40):
        header = tar.format_header(b"a", tar.FILE, size, 0o660, 0)
        assert tarfile.TarInfo.frombuf(header, "ascii", "strict").size == size
        assert tar.Reader(io.BytesIO(header)).header()[2] == size


def test_what_shrinks_meanwhile_is_filled_up():
    handle, total = io.BytesIO(), hashlib.sha256()
    writer = tar.Writer(handle)
    assert writer.add_file(b"a", 3000, 0o660, 0, io.BytesIO(b"12345"), total) == 5
    writer.finish()
    assert read(handle.getvalue())[0][1] == b"12345" + b"\0" * 2995
    assert total.hexdigest() == hashlib.sha256(b"12345").hexdigest()


def test_what_is_not_read_is_skipped():
    reader = tar.open_tar(io.BytesIO(write(*FILES)))
    assert [entry.name.rstrip(b"/") for entry in reader.entries()] == [name for name, _content in FILES]


def test_a_file_is_not_all_in_memory():
    data = write((b"a", b"x" * (tar.CHUNK * 3 + 7)))
    [entry] = [(max(map(len, entry.chunks())), entry.size) for entry in tar.open_tar(io.BytesIO(data)).entries()]
    assert entry == (tar.CHUNK, tar.CHUNK * 3 + 7)


@pytest.mark.parametrize("compressed", [False, True])
def test_wherever_it_is_torn_that_is_told(compressed):
    data = write(*FILES)
    if compressed:
        data = gzip.compress(data)
    for size in range(0, len(data), 1 if compressed else 64):
        with pytest.raises(tar.Broken):
            read(data[:size])
    assert len(read(data)) == len(FILES)


def test_a_compressed_one_that_was_altered():
    data = bytearray(gzip.compress(write(*FILES)))
    data[-8] ^= 1
    with pytest.raises(tar.Broken) as caught:
        read(bytes(data))
    assert "cannot be uncompressed" in caught.value.text


def test_an_error_of_the_disk_is_not_the_archives():
    class Disk(io.BytesIO):
        def read(self, size=-1):
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        list(tar.Reader(Disk()).entries())


def header(name=b"a", kind=tar.FILE, size=0, **fields):
    """A header in which fields are otherwise than the writer would have them, with the right sum."""
    block = bytearray(tar.format_header(name, kind, size, 0o660, 0))
    for place, value in fields.items():
        start = int(place[1:])
        block[start:start + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


END = b"\0" * 1024


@pytest.mark.parametrize("data, text", [
    (header(kind=b"1") + END, "something else than files and directories: 'a'"),
    (header(kind=b"2", name=b"link") + END, "something else than files and directories: 'link'"),
    (header(kind=b"3") + END, "something else"),
    (header(kind=b"4") + END, "something else"),
    (header(kind=b"6") + END, "something else"),
    (header(kind=b"7") + END, "something else"),
    (header(kind=b"S") + END, "something else"),
    (header(kind=b"K", size=512) + END, "something else"),
    (header(kind=b"x", size=512) + END, "something else"),
    (header(kind=b"g", size=512) + END, "something else"),
    (header(kind=b"\0") + END, "something else"),
    (header(_257=b"ustar\00000") + END, "something else"),
    (header(_345=b"../../etc") + END, "something else"),
    (header(_124=b"-0000000001\0") + END, "something else"),
    (header(_124=b"\xff" * 12) + END, "something else"),
    (header(_124=b"\x80\xff\xff\xff" + b"\0" * 8) + END, "something else"),
    (header(_136=b"0o1\0") + END, "something else"),
    (header(_100=b"      9\0") + END, "something else"),
    (header(name=b"a\0b") + END, "something else"),
    (header(kind=b"5", size=512) + END, "a directory with content: 'a'"),
    (header(kind=b"L", size=4097) + b"x" * 4608 + END, "a name of 4097 bytes"),
    (header(kind=b"L", size=1 << 40) + END, "a name of 1099511627776 bytes"),
    (header(kind=b"L", size=0) + header() + END, "a name of 0 bytes"),
    (header(kind=b"L", size=1) + b"x" + b"\0" * 511 + END, "a long name for nothing"),
    (header(kind=b"L", size=1) + b"x" + b"\0" * 511 + header(kind=b"L", size=1) + b"x" + b"\0" * 511 + header() + END, "a long name for nothing"),
    (header(kind=b"L", size=3) + b"x\0y" + b"\0" * 509 + header() + END, "a long name for nothing"),
    (header(kind=b"L", size=1) + b"xy" + b"\0" * 510 + header() + END, "something between two files"),
    (header(size=1) + b"xy" + b"\0" * 510 + END, "something between two files"),
    (header() + END + b"x", "goes on after its end"),
    (header() + b"\0" * 512 + header(), "goes on after its end"),
    (b"\1" + header()[1:] + END, "a header has another sum"),
    (b"x" * 1536, "a header has another sum"),
    (b"", "ends in the middle"),
    (header(), "ends in the middle"),
    (header(size=1 << 40) + END, "ends in the middle"),
])
def test_nothing_but_files_and_directories_is_read(data, text):
    with pytest.raises(tar.Broken) as caught:
        read(data)
    assert text in caught.value.text and caught.value.text.endswith("Take another copy of it.")
