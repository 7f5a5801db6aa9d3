# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import EximError
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_blocks import reading


def read(text, macros=(), inserted=(None, ""), **files):
    files = {"/etc/exim.conf": text, **files}
    return reading.read(["/etc/exim.conf"], macros=macros, opened=files.get, inserted=inserted)


def texts(text, **keywords):
    return [statement.text for statement in read(text, **keywords).statements]


@pytest.mark.parametrize(("text", "statements"), [
    ("a = 1\n\n  # no\n\tb\n", ["a = 1", "b"]),
    ("a = 1 \\\n   2\nb\n", ["a = 1 2", "b"]),
    ("a = 1 \\  \r\n  2\r\nb\r\n", ["a = 1 2", "b"]),
    # A comment does not end a statement that goes on, an empty line does.
    ("a = 1 \\\n# no\n 2\n", ["a = 1 2"]),
    ("a = 1 \\\n\n 2\n", ["a = 1", "2"]),
    ("a = 1 \\\n", ["a = 1"]),
    ("a = 1 \\", ["a = 1"]),
    ("a = \"x # y\"\n", ["a = \"x # y\""]),
    ("a = \x0b1\x852\n", ["a = \x0b1\x852"]),
])
def test_lines_become_statements(text, statements):
    assert texts(text) == statements


@pytest.mark.parametrize(("text", "statements"), [
    ("X = 1\na = X\n", ["X = 1", "a = 1"]),
    ("X = 1\nX == X2\na = X\n", ["X = 1", "X == 12", "a = 12"]),
    # The value of a macro is replaced where it is defined, its name is not.
    ("X = 1\nY = X\nX == 2\na = Y X\n", ["X = 1", "Y = 1", "X == 2", "a = 1 2"]),
    ("X = #\na\nX b\n", ["X = #", "a"]),
    ("X =\na = bXc\n", ["X =", "a = bc"]),
    ("X = 1 \\\n  X\na = X\n", ["X = 1 X", "a = 1 X"]),
])
def test_macros_are_replaced(text, statements):
    assert texts(text) == statements


@pytest.mark.parametrize(("text", "fault"), [
    ("X = 1\nX = 2\n", "line 2 of /etc/exim.conf: the macro X is there already (== gives it another value)."),
    ("MM = 1\nMM_HOME = 2\n", "line 2 of /etc/exim.conf: the macro MM_HOME has the name of the macro MM in its own."),
    ("a\n.endif\n", "line 2 of /etc/exim.conf: .endif without an .ifdef."),
    (".ifdef X\na\n", "/etc/exim.conf: an .ifdef has no .endif."),
    (".include /etc/none\n", "there is no file /etc/none, which is included."),
    (".include_if_exists none\n", "line 1 of /etc/exim.conf: Exim wants an absolute path after .include_if_exists, not none."),
    (".include /etc/exim.conf\n", "/etc/exim.conf is included in a file that is included, and so on, 20 times."),
])
def test_what_exim_refuses_is_named(text, fault):
    with pytest.raises(EximError) as error:
        read(text)
    assert str(error.value) == fault


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(EximError) as error:
        reading.read(["/none"])
    assert str(error.value) == "there is no file /none."


@pytest.mark.parametrize(("text", "statements"), [
    (".ifdef X\na\n.else\nb\n.endif\nc\n", ["b", "c"]),
    ("X =\n.ifdef X\na\n.else\nb\n.endif\nc\n", ["X =", "a", "c"]),
    # Any macro in the line will do, also as a part of a word.
    ("X =\n.ifdef Y aXb\na\n.endif\n", ["X =", "a"]),
    ("X =\n.ifndef X\na\n.elifdef Y\nb\n.elifdef X\nc\n.elifdef X\nd\n.else\ne\n.endif\n", ["X =", "c"]),
    ("X =\n.ifdef Y\na\n.elifndef Y\nb\n.endif\n", ["X =", "b"]),
    (".ifdef X\n.ifdef Y\na\n.else\nb\n.endif\n.else\nc\n.endif\n", ["c"]),
    # What is not read defines nothing and includes nothing.
    (".ifdef X\nY = 1\n.include /none\n.endif\n  .ifdef Y\na\n.endif\n", []),
    ("a = 1 \\\n.ifdef X\n 2 \\\n.endif\n 3\n", ["a = 1 3"]),
    (".ifdef _HAVE_TLS\na\n.endif\n.ifdef _HAVE_SPF\nb\n.endif\n.ifdef EXIM_VERSION\nc\n.endif\n", ["a", "c"]),
])
def test_conditions_are_followed(text, statements):
    assert texts(text, macros=("_HAVE_TLS", "EXIM_VERSION")) == statements


def test_a_statement_knows_whether_there_is_a_condition():
    assert [one.conditions for one in read("a\n.ifndef X\nb\n.ifndef Y\nc\n.endif\n.endif\nd\n").statements] == [0, 1, 2, 0]


def test_includes_are_followed():
    found = read("D = /etc\na\n.include D/one\n.include \"two\"\n.include_if_exists /etc/none\n.include_if_exists /etc/sub/three\nb\n", **{
        "/etc/one": "x = 1 \\\n", "/etc/two": "  2\nbegin acl\n", "/etc/sub/three": "c:\n.include four\n", "/etc/sub/four": "accept\n",
    })
    assert [(one.text, one.section, one.first_path, one.first, one.path, one.last) for one in found.statements[2:]] == [
        # A statement may begin in one file and end in another one.
        ("x = 1 2", "main", "/etc/one", 1, "/etc/two", 1),
        ("begin acl", "main", "/etc/two", 2, "/etc/two", 2),
        ("c:", "acl", "/etc/sub/three", 1, "/etc/sub/three", 1),
        ("accept", "acl", "/etc/sub/four", 1, "/etc/sub/four", 1),
        ("b", "acl", "/etc/exim.conf", 7, "/etc/exim.conf", 7),
    ]
    assert found.files == ["/etc/exim.conf", "/etc/one", "/etc/two", "/etc/sub/three", "/etc/sub/four"]
    assert found.lines == ["D = /etc", "a", "x = 1 \\", "  2", "begin acl", "c:", "accept", "b"]


def test_what_is_not_included_stays_named():
    assert read(".ifdef X\n.include /none\n.endif\r\na \n").lines == [".ifdef X", ".include /none", ".endif", "a "]


def test_what_debian_inserts_is_read():
    text = "a\nUPEX4CmacrosUPEX4C = 1\n.ifdef DCconfig_internet\nb\n.endif\n"
    assert texts(text, inserted=("UPEX4CmacrosUPEX4C", "DCconfig_internet=1\n")) == ["a", "UPEX4CmacrosUPEX4C = 1", "DCconfig_internet=1", "b"]


WHOLE = """\
M = acl_check_rcpt
domainlist local_domains = @ : localhost
hide hostlist relay_from_hosts = <; 127.0.0.1 ; ::1
acl_smtp_rcpt = M
hide mysql_servers = a
no_smtp_trace
split_spool_directory
begin acl
acl_check_rcpt:
  accept hosts = :
    message = a: b
  !acl = other
other : accept
BEGIN routers
one:
  driver = accept
  transport = t
N = 1
.ifdef Z
gone:
  driver = accept
.endif
two:
  driver = redirect
  data = ${lookup{$local_part}lsearch{/etc/aliases}}
begin transports
t:
  driver = pipe
begin retry
*  *  F,1h,1h
X  = F
begin authenticators
plain:
  driver = plaintext
"""


def test_what_a_configuration_defines():
    found = read(WHOLE)
    assert {kind: found.names(kind) for kind in ("macro", "acl", "list", "router", "transport", "authenticator")} == {
        "macro": ["M", "N"], "acl": ["acl_check_rcpt", "other"], "list": ["domainlist local_domains", "hostlist relay_from_hosts"],
        "router": ["one", "two"], "transport": ["t"], "authenticator": ["plain"],
    }
    assert [found.main_option(name) for name in ("acl_smtp_rcpt", "mysql_servers", "no_smtp_trace", "none")] == ["acl_check_rcpt", "a", None, None]
    assert found.drivers["routers"][1].options == {"driver": "redirect", "data": "${lookup{$local_part}lsearch{/etc/aliases}}"}
    assert {kind: found.statement_of(kind, name).first for kind, name in (
        ("macro", "N"), ("acl", "other"), ("list", "hostlist relay_from_hosts"), ("router", "two"), ("transport", "t"), ("authenticator", "plain"),
    )} == {"macro": 18, "acl": 13, "list": 3, "router": 23, "transport": 27, "authenticator": 33}
    assert found.statement_of("router", "gone") is None
    assert {name: [one.first for one in found.sections[name]] for name in found.sections} == {
        "acl": [8], "routers": [14], "transports": [26], "retry": [29], "authenticators": [32]}


def test_octets_that_are_no_text_stay_what_they_are(tmp_path):
    path = tmp_path / "exim.conf"
    path.write_bytes(b"a = \xe9\r\n")
    assert reading.text_of(str(path)).encode("utf-8", "surrogateescape") == b"a = \xe9\r\n"
    assert reading.text_of(str(tmp_path / "none")) is None
    with pytest.raises(EximError) as error:
        reading.text_of(str(tmp_path))
    assert str(error.value) == "%s cannot be read: Is a directory." % tmp_path
