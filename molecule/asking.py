# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the tests of all scenarios ask a web server."""

import http.client
import re
import socket
import ssl
import types
import urllib.parse


def link_of(copy):
    """What a copy of a post says of leaving the list: web host, path, and the rest of the header. None where it has no link for one click."""
    [header] = copy.content.get_all("List-Unsubscribe")
    match = re.fullmatch(r"<https://([^/>]+)(/mailman/one-click\?t=[\w.-]+)>(?:,\s+<(mailto:[^>]*)>)?", header)
    return types.SimpleNamespace(host=match.group(1), path=match.group(2), mailto=match.group(3)) if match else None


class Site:
    """The web host of a list host, or another name of its Apache's. What a request asks for and what it says are the test's; certificates are believed."""

    def __init__(self, host, name=None):
        self.host, self.name = host, name or "www." + host.fqdn
        self.url = "https://" + self.name

    def connect(self, port=443, name=None):
        """A connection of its own, as TLS for port 443: (socket, certificate as DER)."""
        connection = socket.create_connection((self.host.ip, port), timeout=60)
        if port != 443:
            return connection, None
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = context.wrap_socket(connection, server_hostname=name or self.name)
        return connection, connection.getpeercert(binary_form=True)

    def ask(self, path, form=None, method=None, port=443, **headers):
        """The answer to one request: status, headers, and the page as text."""
        for name in list(headers):
            headers[name.replace("_", "-")] = headers.pop(name)
        name = headers.setdefault("Host", self.name)
        body = None if form is None else urllib.parse.urlencode(form)
        if body is not None:
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection = http.client.HTTPConnection(self.host.ip, port)
        connection.sock, _certificate = self.connect(port, name)
        try:
            connection.request(method or ("GET" if form is None else "POST"), path, body=body, headers=headers)
            answer = connection.getresponse()
            # One character per byte: what is said of a charset is looked at, not used.
            answer.page = answer.read().decode("latin-1")
            return answer
        finally:
            connection.close()
