# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind takes what is right, and says of what is wrong what to do."""

import inspect

import pytest
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _kinds as kinds

LONG = "a" * 63
# Kind: what it takes, and what it does not. A newline at the end is wrong everywhere.
CASES = {
    "domain": (["example.com", "a.example", "xn--bcher-kva.example", LONG + ".example.com", "1.example"],
               ["", "com", "Example.com", "example..com", "-a.example", "a-.example", "a_b.example", "a" + LONG + ".com", "192.0.2.1", "a.example.",
                   "bücher.example"]),
    "host": (["lists.example.com", "192.0.2.1", "2001:db8::1", "::1"], ["lists", "192.0.2.1:25", "192.0.2.256", "dead", "fe80::1%eth0", ""]),
    "host_name": (["lists", "mx_1.example.com", "192.0.2.1", "2001:db8::1"], ["", "a b", "a;b", "-a"]),
    "ip_address": (["127.0.0.1", "0.0.0.0", "::", "2001:db8::1"], ["dead", "1.2.3", "1.2.3.4/24", "fe80::1%eth0", "", "localhost", "010.0.0.1"]),
    "public_address": (["192.0.2.1", "10.0.0.1", "2001:db8::1"], ["127.0.0.1", "::1", "0.0.0.0", "169.254.0.1", "fe80::1", "224.0.0.1", "lists", ""]),
    "spf_mechanism": (["include:spf.example.net", "a", "mx", "mx/24", "a:lists.example.com", "ip4:192.0.2.0/24", "ip6:2001:db8::/32",
                       "exists:%{i}.example.net", "include:_spf.example.net", "a:lists.example.com/28"],
                      ["include:a..b", "include:spf", "ip4:300.0.0.1", "ip4:2001:db8::1", "ip6:192.0.2.1", "include:spf.example.net/24", "ip4:192.0.2.0/33",
                       "-all", "~all", "redirect=x.example.net", "include:", "ip4", "-ip4:192.0.2.1", "a b", "192.0.2.1", ""]),
    "tlsa": (["3 1 1 " + 64 * "a", "2 0 2 " + 128 * "0"], ["", "1 1 1 " + 64 * "a", "3 1 1 " + 63 * "a", "3 1 1 " + 64 * "A", "3 1 2 " + 64 * "a", "3 1 0 00"]),
    "network": (["192.0.2.1", "192.0.2.0/24", "192.0.2.1/24", "2001:db8::/32", "10.0.0.0/8"],
                ["999.999.1.1/99", "0.0.0.0/0", "0.0.0.0/00", "::/0", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/255.255.255.0", "2001:db8::/129",
                    "example.com", ""]),
    "mail_address": (["admin@example.com", "a.b+c=d@Example.com", "o'hara@example.com"],
                     ["me", "admin@-bad-", "@example.com", "a@b@example.com", "a b@example.com", "|sh@example.com", "/tmp/x@example.com", "a,b@example.com",
                      ".a@example.com", "a..b@example.com", "admin@localhost", ":include:/x@example.com", '"a"@example.com']),
    "port": ([1, 25, 65535], [0, -1, 65536]),
    "path": (["/etc/ssl/list.pem", "/etc/ssl/a..b", "/run/clamd.scan/clamd.sock"],
             ["", "etc", "/", "/etc/../x", "/etc/.", "/etc/..", "/a b", "/a:b", "/a$b", "//a", "/a/"]),
    "directory": (["/var/lib/mailman", "/opt/.hidden"], ["mailman", "/var/lib/../x", "/a b", "/a@b", ""]),
    "home": (["/virtual", "/srv/a-b"], ["virtual", "/virtual/", "/.virtual", "/a/.b", "/a@b"]),
    "account": (["list", "Debian-exim", "_x", "a.b"], ["", "1a", "a b", "-a", "a:b", "ü"]),
    "recipients": ([0, 100, 5000], [1, 99, -1]),
    "size": (["100", "50M", "1G", "5K"], ["large", "50 M", "M", "-1", "1T", ""]),
    "header": (["From", "Message-ID", "X-1"], ["From:", "", "1-X", "A B"]),
    "dnsbl": (["bl.example.net", "bl.example.net=127.0.0.2", "bl.example.net=127.0.0.2,127.0.0.4"],
              ["127.0.0.2", "=127.0.0.2", "bl.example.net=", "bl.example.net=x", "bl.example.net=127.0.0.2=1", ""]),
    "selector": (["lists", "a-1.b"], ["a b", "", "-a", "a.", "A"]),
    "log_selector": (["+incoming_port", "-retry_defer"], ["incoming_port", "+a b", "+", ""]),
    "line": (["some text", "ü"], ["", "a\nb", "a\x7f"]),
    "retry_rule": (["F,2h,15m", "F,2h,15m; G,16h,1h,1.5"], ["often", "F", "F,2h\nx", ""]),
    "interval": (["1m", "1h30m", "5s"], ["", "0s", "1", "1 m", "1m\n", "soon"]),
    "list_name": (["announce", "a.b-c_d+e=f", "_x", "7", "x" * 64], ["Announce", "a@b", ".a", "-a", "", "a b", "x" * 65, "a/b"]),
    "list_name_or_all": (["*", "announce"], ["**", "Announce", "a@b", ""]),
    "checksum": (["sha256:" + 64 * "0"], ["", 64 * "0", "sha256:" + 63 * "0", "md5:" + 64 * "0", "sha256:" + 64 * "A"]),
    "mirror": (["http://mirror.example.com/debian", "file:/srv/debian"], ["mirror.example.com", "ftp://x", "http://a b", ""]),
    "https_address": (["https://acme.example.com/dir", "https://acme.example.com", "https://[2001:db8::1]:14000/dir?x"],
                      ["", "http://acme.example.com/", "acme.example.com", "https://", "https:///dir", "https://a b/", "https://a/b c", "https://x/ü",
                       "https://x/a,b", "https://x/#a"]),
    "unit": (["dovecot", "postfix@-.service", "a:b_c"], ["", "-x", "a b", "a;b", "a/b"]),
    "login": (["anna", "anna@example.net", "1a.b-c_d+e=f%g/h"], ["", "a b", "a^b", "a:b", "a$b", "a}b", "a;b", "ü"]),
    "wheel": (["dnspython-1.16.0-py2.py3-none-any.whl", "/srv/files/dnspython-1.16.0-py2.py3-none-any.whl"],
              ["", "README.md", "dnspython-2.9.2-py3-none-any.whl", "dnspython-1.16.0-py3-none-any.whl", "other-1.0-py2-none-any.whl",
                  "dnspython-1.16.0-py2.py3-none-any.whl/x"]),
    "page": (["announce/2026-November/000012.html", "a+b/attachments/20261126/0a1b/x.bin", "announce.mbox/announce.mbox"],
             ["", "announce", "/announce/x", "announce/", "announce/../x", "../x", "announce/.", "announce//x", "announce/a b", 'a/"', "A/x", "a/x\n"]),
    "percent": ([1, 10, 100], [0, -1, 101]),
    "package": (["mailman", "python3.11-dev"], ["", "-x", "a b", "a;b"]),
}


def names_of_kinds():
    return [name for name, value in vars(kinds).items() if inspect.isfunction(value) and not name.startswith("is_") and name not in ("at_least", "anything")]


def test_every_kind_has_cases():
    assert sorted(CASES) == sorted(names_of_kinds())


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, (right, _wrong) in CASES.items() for value in right])
def test_what_is_right(name, value):
    assert getattr(kinds, name)(value) is None


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, (right, wrong) in CASES.items()
                                             for value in wrong + [one + "\n" for one in right if isinstance(one, str)]])
def test_what_is_wrong_is_said_as_the_rest_of_a_sentence(name, value):
    text = getattr(kinds, name)(value)
    assert text[:2] in (", ", ". ") and text.endswith("."), text
    assert "\n" not in text


def test_bounds():
    kind = kinds.at_least(1, "1 or more")
    assert kind(1) is None
    assert kind(0) == ". Set it to 1 or more."


def test_free_text():
    assert kinds.anything("x") is None
