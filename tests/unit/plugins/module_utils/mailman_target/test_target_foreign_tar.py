# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tar of any program is read as that program wrote it, or is broken."""

import io
import tarfile

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target.faults import Failure
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target.foreign_tar import open_foreign, parse_extension
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target.tar import Broken

LONG = "d" * 90 + "/" + "e" * 90 + "/é"
FORMATS = {"gnu": tarfile.GNU_FORMAT, "posix": tarfile.PAX_FORMAT, "ustar": tarfile.USTAR_FORMAT}


def tar(*entries, form="gnu", mode="w"):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode, format=FORMATS[form]) as writer:
        for name, content, fields in entries:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1000000000
            for key, value in fields.items():
                setattr(info, key, value)
            writer.addfile(info, io.BytesIO(content))
    return data.getvalue()


def read(data):
    return [(one.name, b"".join(one.chunks())) for one in open_foreign(io.BytesIO(data)).entries()]


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@pytest.mark.parametrize("form", sorted(FORMATS))
def test_all_formats(form, mode):
    entries = [("a", b"x" * 600, {}), (LONG, b"", {}), ("d", b"", {"type": tarfile.DIRTYPE}), ("b", b"y", {"mtime": 1.5} if form == "posix" else {})]
    found = read(tar(*entries, form=form, mode=mode))
    assert [(name.rstrip(b"/").decode("utf-8"), content) for name, content in found] == [(name, content) for name, content, dummy in entries]


def test_kinds():
    data = tar(("f", b"x", {}), ("old", b"x", {"type": tarfile.AREGTYPE}), ("d", b"", {"type": tarfile.DIRTYPE}),
               ("s", b"", {"type": tarfile.SYMTYPE, "linkname": LONG}),
               ("l", b"", {"type": tarfile.LNKTYPE, "linkname": "f"}), ("p", b"", {"type": tarfile.FIFOTYPE}))
    found = [(one.is_file, one.is_directory, one.is_symlink, one.is_link, one.target.decode("utf-8")) for one in open_foreign(io.BytesIO(data)).entries()]
    assert found == [(True, False, False, False, ""), (True, False, False, False, ""), (False, True, False, False, ""), (False, False, True, False, LONG),
                     (False, False, False, True, "f"), (False, False, False, False, "")]


def test_each_bit_of_a_header_counts():
    data = tar(("f", b"x", {}), ("g", b"y", {}))
    for place in (0, 124, 156, 1024, 1024 + 157, 1024 + 400):
        with pytest.raises(Broken):
            read(data[:place] + bytes([data[place] ^ 1]) + data[place + 1:])


@pytest.mark.parametrize("cut", [0, 100, 512, 600, 1024, 1500, 2048, 2500])
def test_each_cut_counts(cut):
    data = tar(("f", b"x" * 600, {}), ("g", b"y" * 10, {}))
    assert len(data) > 2600
    with pytest.raises(Broken):
        read(data[:cut])


@pytest.mark.parametrize(("entries", "words"), [
    ([("f", b"", {"type": tarfile.GNUTYPE_SPARSE})], "holes"),
    ([("f", b"x", {"pax_headers": {"GNU.sparse.major": "1"}})], "holes"),
    ([("f", b"x", {"pax_headers": {"size": "9" * 20}})], "size"),
    ([("f", b"x", {"pax_headers": {"comment": "x" * (2 << 20)}})], "header of"),
])
def test_what_is_refused(entries, words):
    with pytest.raises(Failure) as failure:
        read(tar(*entries, form="posix"))
    assert words in failure.value.text


@pytest.mark.parametrize(("start", "program"), [(b"BZh9", "bzip2"), (b"\xfd7zXZ\0", "xz"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"PK\3\4", "zip")])
def test_other_programs(start, program):
    with pytest.raises(Failure) as failure:
        open_foreign(io.BytesIO(start + b"x" * 600))
    assert "compressed with %s" % program in failure.value.text


def test_extensions():
    assert parse_extension(b"12 path=a\nb\n9 size=7\n") == {b"path": b"a\nb", b"size": b"7"}
    for data in (b"x", b"5 a=b", b"0 a=b\n", b"-1 a\n", b"99 a=b\n", b"2 a", b"2 \n"):
        with pytest.raises(Broken):
            parse_extension(data)
