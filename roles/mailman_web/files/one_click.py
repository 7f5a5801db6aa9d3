# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let members leave a list by one click (RFC 8058).

systemd starts this program as Mailman's user for each connection of the web server's, with the connection as standard input. It answers one request and ends.
Arguments: the file with the keys, Mailman's Python, the program that removes a member, and Mailman's prefix.

A link is /mailman/one-click?t=NUMBER.LIST.MEMBER.TOKEN: the number of a key, the two addresses in URL-safe base64 without its padding, and HMAC-SHA1 of "NUMBER
LIST MEMBER" by that key in hexadecimal digits. Exim writes it into each copy of a post. GET shows a page with a button and changes nothing, since programs
look at links, too. POST with List-Unsubscribe=One-Click removes the member.
"""

import base64
import email.parser
import email.policy
import hmac
import html
import http.server
import re
import socket
import subprocess
import sys
import time
import urllib.parse

PATH = "/mailman/one-click"
LINK = re.compile(r"([1-9][0-9]{0,8})\.([A-Za-z0-9_-]{1,1000})\.([A-Za-z0-9_-]{1,1000})\.([0-9a-f]{40})")
# What is posted is a few octets long.
LONGEST_FORM = 10000
# A web server that still sends does not listen to an answer.
LONGEST_LOOK = 1000000
# Seconds for the program that removes a member. It waits for a list that is in use.
PATIENCE = 40

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta name="viewport" content="width=device-width"><title>%s</title></head>
<body><h1>%s</h1>
%s
</body></html>
"""
BUTTON = """<p>%s would get no more mail from the list %s.</p>
<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><input type="submit" value="Unsubscribe"></form>"""
# What has become of it: status, title, text for the member and the list.
ANSWERS = {
    "removed": (200, "Unsubscribed", "%(member)s gets no more mail from the list %(list)s."),
    "no-member": (200, "Not subscribed", "%(member)s is not subscribed to the list %(list)s, or not any more."),
    "no-list": (404, "No such list", "There is no list %(list)s here, or not any more. Nothing was changed."),
    "closed": (403, "Ask the owners", "The owners of the list %(list)s decide who leaves it. Please write to %(owner)s. Nothing was changed."),
    "busy": (503, "Try again", "The list %(list)s is in use. Nothing was changed. Please try again in a minute."),
    "failed": (503, "Try again", "Nothing was changed, because something is wrong here. Please try again later, or write to %(owner)s."),
}
REFUSED = "This link is not complete, or too old, or not for this host. Nothing was changed. A link in a newer mail from the list may work."


class Refused(Exception):
    """Why a link is not accepted."""


def decode(text):
    """Return an address of a link, in octets."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def read_keys(path, now):
    """Return the keys that are valid, by their numbers. A line has a number, when the key ends in seconds (0: not yet known), and the key."""
    with open(path, encoding="ascii") as lines:
        keys = [line.split() for line in lines]
    return {number: key for number, end, key in keys if int(end) == 0 or int(end) > now}


def read_link(query, keys):
    """Return the addresses of the list and the member that a link is about; raise Refused unless it was made here."""
    match = LINK.fullmatch(urllib.parse.parse_qs(query).get("t", [""])[0])
    if match is None:
        raise Refused("not a link of ours")
    number, *addresses, token = match.groups()
    if number not in keys:
        raise Refused("no key %s" % number)
    try:
        addresses = [decode(address) for address in addresses]
        wanted = hmac.new(keys[number].encode(), b" ".join([number.encode(), *addresses]), "sha1").hexdigest()
        if not hmac.compare_digest(wanted, token):
            raise Refused("forged, key %s" % number)
        addresses = [address.decode("utf-8") for address in addresses]
    except ValueError:
        raise Refused("not a link of ours") from None
    if not all(re.fullmatch(r"[^\s\x00-\x1f\x7f]+@[^\s\x00-\x1f\x7f@]+", address) for address in addresses):
        raise Refused("no addresses")
    return addresses


def read_form(content_type, body):
    """Return the fields of a form, in either of the two ways that RFC 8058 allows."""
    if content_type.lower().startswith("multipart/form-data"):
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(b"Content-Type: " + content_type.encode("latin-1") + b"\r\n\r\n" + body)
        parts = message.get_payload() if message.is_multipart() else []
        return {part.get_param("name", header="content-disposition"): part.get_payload().strip() for part in parts if not part.is_multipart()}
    return {name: values[0] for name, values in urllib.parse.parse_qs(body.decode("latin-1")).items()}


def remove(python, program, prefix, address, member):
    """Have Mailman's Python remove the member, and return what has become of it."""
    try:
        done = subprocess.run(
            [python, program, prefix], input="%s\n%s\n" % (address, member), stdout=subprocess.PIPE, encoding="utf-8", timeout=PATIENCE, check=True,
            env={"PATH": "/usr/bin:/bin"}, cwd="/",
        )
        outcome = done.stdout.strip()
    except (OSError, subprocess.SubprocessError, UnicodeError) as error:
        outcome = str(error)
    if outcome in ANSWERS:
        return outcome
    print("Mailman's program failed: %s" % outcome, file=sys.stderr)
    return "failed"


class Handler(http.server.BaseHTTPRequestHandler):
    # Seconds for each step of the web server's.
    timeout = 15
    # Who says nothing of a version gets headers, too.
    default_request_version = "HTTP/1.0"

    def do_GET(self):
        with_link = self.read_link()
        if with_link:
            address, member = with_link
            self.answer(200, "Unsubscribe", BUTTON % (html.escape(member), html.escape(address)))

    do_HEAD = do_GET

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch("[0-9]{1,9}", length):
            self.send_error(411)
            return
        body = self.rfile.read(min(int(length), LONGEST_LOOK))
        if len(body) > LONGEST_FORM:
            self.send_error(413)
            return
        fields = read_form(self.headers.get("Content-Type", ""), body)
        with_link = self.read_link()
        if with_link and fields.get("List-Unsubscribe") != "One-Click":
            self.answer(400, "Not unsubscribed", "<p>The form is not complete. Nothing was changed.</p>")
        elif with_link:
            address, member = with_link
            outcome = remove(*self.programs, address, member)
            print("%s: %s, %s" % (outcome, address, member), file=sys.stderr)
            status, title, text = ANSWERS[outcome]
            names = {"list": address, "member": member, "owner": "-owner@".join(address.rsplit("@", 1))}
            self.answer(status, title, "<p>%s</p>" % html.escape(text % names))

    def read_link(self):
        """Return the two addresses of the link that was asked for, or answer that it is not accepted."""
        path, dummy, query = self.path.partition("?")
        if path != PATH:
            self.send_error(404)
            return None
        try:
            return read_link(query, read_keys(self.keys, time.time()))
        except Refused as error:
            print("refused: %s" % error, file=sys.stderr)
            self.answer(403, "Not unsubscribed", "<p>%s</p>" % REFUSED)
        except (OSError, ValueError) as error:
            # Without the line of a file that is no text of ours.
            print("no keys: %s" % (error if isinstance(error, OSError) else "%s is damaged" % self.keys), file=sys.stderr)
            self.answer(503, "Try again", "<p>Nothing was changed, because something is wrong here. Please try again later.</p>")
        return None

    def answer(self, status, title, text):
        page = (PAGE % (title, title, text)).encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page)

    def send_error(self, code, message=None, explain=None):
        """A method that is not here is no fault of this program's, as 501 would say."""
        self.close_connection = True
        self.answer(405 if code == 501 else code, "Not unsubscribed", "<p>This is no request that can be answered here. Nothing was changed.</p>")

    def version_string(self):
        return "one-click"

    def log_message(self, format, *args):
        """What is worth a line says so itself; the web server logs the requests."""


def main():
    dummy, Handler.keys, *Handler.programs = sys.argv
    with socket.fromfd(0, socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        Handler(connection, "", None)


if __name__ == "__main__":
    main()
