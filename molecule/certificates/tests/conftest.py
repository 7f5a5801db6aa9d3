# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host serves with, by TLS connections that believe the authority alone, and runs of playbooks."""

import contextlib
import hashlib
import http.client
import json
import pathlib
import smtplib
import socket
import ssl
import urllib.request

import pytest
from running import run_playbook

SCENARIO = pathlib.Path(__file__).parents[1]
LIVE = "/etc/letsencrypt/live/listhost/"


def run(host, playbook="site.yml", **variables):
    return run_playbook(SCENARIO, host=host, playbook=playbook, **variables)


class Client(smtplib.SMTP):
    """Goes to an address, and expects a certificate for a name."""

    def __init__(self, name, address):
        self.address = address
        super().__init__(name, 25, local_hostname="client.example.org", timeout=60)

    def _get_socket(self, _host, port, timeout):
        return socket.create_connection((self.address, port), timeout)


class Served:
    """What a host serves with by HTTPS and SMTP."""

    def __init__(self, host, authority):
        self.host = host
        self.has_web = host.name == "debian12"
        self.authority = authority
        self.web_name = "www." + host.fqdn
        self.policy_name = "mta-sts.lists." + host.fqdn
        self.expected = {host.fqdn, self.web_name, self.policy_name} if self.has_web else {host.fqdn}

    def context(self, believe=True):
        context = ssl.create_default_context(cadata=self.authority())
        if not believe:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    @contextlib.contextmanager
    def smtp(self, name=None, believe=True):
        client = Client(name or self.host.fqdn, self.host.ip)
        with contextlib.closing(client):
            client.starttls(context=self.context(believe))
            yield client

    @contextlib.contextmanager
    def https(self, name=None, believe=True):
        connection = socket.create_connection((self.host.ip, 443), timeout=60)
        with self.context(believe).wrap_socket(connection, server_hostname=name or self.web_name) as connection:
            yield connection

    def certificates(self, believe=True):
        """The certificate on each port, as DER."""
        with self.smtp(believe=believe) as client:
            found = [client.sock.getpeercert(binary_form=True)]
        if self.has_web:
            with self.https(believe=believe) as connection:
                found.append(connection.getpeercert(binary_form=True))
        return found

    def names(self):
        """The names in the certificate for mail."""
        with self.smtp() as client:
            return {name for _kind, name in client.sock.getpeercert()["subjectAltName"]}

    def has(self, names):
        """Whether it is an authority's, for these names. Exim serves with a new one some seconds after it is there."""
        try:
            return self.names() == names
        except ssl.SSLCertVerificationError:
            return False

    def ask(self, path, port=443, name=None, believe=True):
        """The answer to a request: status and headers."""
        name = name or self.web_name
        connection = http.client.HTTPConnection(self.host.ip, port, timeout=60)
        with contextlib.ExitStack() as stack:
            if port == 443:
                connection.sock = stack.enter_context(self.https(name, believe))
            connection.request("GET", path, headers={"Host": name})
            answer = connection.getresponse()
            answer.page = answer.read().decode("latin-1")
        return answer

    def key(self):
        """A sum of the public key in the certificate that certbot has."""
        return hashlib.sha256(self.host.check_output("openssl x509 -in %sfullchain.pem -noout -pubkey" % LIVE).encode()).hexdigest()


@pytest.fixture(scope="module")
def authority(ground):
    """Return a function that returns what the authority signs with. pebble makes it anew whenever it starts."""
    machine = ground.machines["authority"]
    context = ssl.create_default_context(cadata=machine.check_output("cat /etc/pebble.pem"))
    context.check_hostname = False

    def root():
        with urllib.request.urlopen("https://%s:15000/roots/0" % machine.ip, context=context, timeout=60) as answer:
            return answer.read().decode()

    return root


@pytest.fixture
def machine(request, ground):
    """Return the host of which a test has the name."""
    return ground.machines[request.param]


@pytest.fixture
def served(machine, authority):
    return Served(machine, authority)


@pytest.fixture
def verify(machine, tmp_path):
    """Return a function that runs verify.yml: what was found of each kind of fault."""

    def verify():
        results = tmp_path / "results.json"
        run(machine, "verify.yml", verify_results=str(results), verify_subscriber="anna@example.net", listhost_dns_addresses=[])
        return {fault["fault"]: fault["found"] for fault in json.loads(results.read_text())[machine.name]["faults"]}

    return verify


@pytest.fixture
def no_authority(machine):
    """The host does not reach the authority."""
    machine.run_expect([0], "cp /etc/hosts /root/hosts && echo 127.0.0.1 authority.example.com >>/etc/hosts")
    yield
    # A file that is mounted cannot be replaced.
    machine.run_expect([0], "cat /root/hosts >/etc/hosts")


@pytest.fixture
def due(machine):
    """The time has come to renew the certificate."""
    conf = "/etc/letsencrypt/renewal/listhost.conf"
    machine.run_expect([0], "sed -i '1i renew_before_expiry = 9000 days' " + conf)
    yield
    machine.run_expect([0], "sed -i /^renew_before_expiry/d " + conf)
