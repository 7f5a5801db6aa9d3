# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A receiver with TLS."""

import hashlib
import json
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from waiting import eventually

RECEIVER = """
import asyncio, json, ssl
from aiosmtpd.smtp import SMTP

class Handler:
    async def handle_DATA(self, server, session, envelope):
        what = dict(address=session.peer[0], helo=session.host_name, sender=envelope.mail_from, recipients=envelope.rcpt_tos, tls=session.ssl is not None,
                    message=envelope.content.decode("latin-1"))
        with open("/root/received.jsonl", "a") as file:
            file.write(json.dumps(what) + "\\n")
        return "250 OK"

async def main():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain("/root/mx.pem", "/root/mx.key")
    session = lambda: SMTP(Handler(), hostname="mx.secure.test", tls_context=context, require_starttls=True)
    await asyncio.get_running_loop().create_server(session, "0.0.0.0", 25)
    await asyncio.Event().wait()

asyncio.run(main())
"""


# Each has the receiver as its mail exchanger: with its key in the DNS, with another one, and with none.
ZONE = """$TTL 60
@ SOA ns.test. postmaster.example.org. {serial} 3600 600 86400 60
@ NS ns.test.
match MX 10 mx.match
mismatch MX 10 mx.mismatch
silent MX 10 mx.silent
mx.match A {address}
mx.mismatch A {address}
mx.silent A {address}
_25._tcp.mx.match TLSA 3 1 1 {digest}
_25._tcp.mx.mismatch TLSA 3 1 1 {other}
"""


@pytest.fixture(scope="module")
def received(ground):
    """Return a function that returns what a receiver that demands TLS got with a subject. Its certificate is for mx.secure.test alone."""
    server, host = ground.machines["ns"], ground.machines["debian12"]
    server.check_output("cd /root && openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=mx.secure.test -addext subjectAltName=DNS:mx.secure.test "
                        "-keyout mx.key -out mx.pem")
    host.check_output("echo %s > /usr/local/share/ca-certificates/mx.crt && update-ca-certificates", server.file("/root/mx.pem").content_string)
    subprocess.run(server.enter("sh", "-c", "cat > /root/receiver.py"), input=RECEIVER, text=True, check=True)
    server.check_output("touch /root/received.jsonl && systemd-run --quiet --unit receiver python3 /root/receiver.py")
    key = x509.load_pem_x509_certificate(server.file("/root/mx.pem").content).public_key()
    digest = hashlib.sha256(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)).hexdigest()
    zone = ZONE.format(serial=int(time.time()), address=server.ip, digest=digest, other=64 * "0")
    subprocess.run(server.enter("sh", "-c", "cat > /srv/zones/signed.test.zone && knotc --blocking zone-reload signed.test"), input=zone, text=True, check=True)
    eventually(lambda: server.socket("tcp://0.0.0.0:25").is_listening)
    yield lambda subject: [one for one in map(json.loads, server.check_output("cat /root/received.jsonl").splitlines()) if subject in one["message"]]
    server.check_output("systemctl stop receiver")
