# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verify.yml says of a certificate that ends, and of one that is not renewed."""

import ssl
import time

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify import around, certificates
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_verify.report import Report

END = "Nov 26 00:00:00 2026 GMT"
DAY = 86400


@pytest.mark.parametrize(("days", "said"), [(90, ""), (14, ""), (13, "it expires in 13 days"), (0, "it expires in 0 days"), (-1, "it has expired")])
def test_days(days, said):
    assert certificates.said_of_end(END, ssl.cert_time_to_seconds(END) - days * DAY) == said


def test_what_is_no_certificate():
    assert certificates.said_of_end("", 0) == "it has expired"


class Module:
    """A host with systemctl."""

    def __init__(self, **states):
        self.states = dict({"is-active": "active", "is-enabled": "enabled", "is-failed": "inactive"}, **{"is-" + name: state for name, state in states.items()})

    def get_bin_path(self, name, required=False):
        return name

    def run_command(self, argv):
        assert argv[2] == ("certbot.service" if argv[1] == "is-failed" else "certbot.timer")
        return 0, self.states[argv[1]] + "\n", ""


@pytest.mark.parametrize(("states", "used", "faults"), [
    ({}, [b"new", b"new"], {}),
    ({"active": "inactive"}, [b"new", b"new"], {"no-renewal": ["certbot.timer is inactive"]}),
    ({"enabled": "disabled"}, [b"new", b"new"], {"no-renewal": ["certbot.timer is disabled"]}),
    ({"active": "inactive", "enabled": ""}, [b"new", b"new"], {"no-renewal": ["certbot.timer is inactive", "certbot.timer is not there"]}),
    ({"failed": "failed"}, [b"new", b"new"], {"no-renewal": ["certbot.service has failed"]}),
    ({}, [b"new", b"old"], {"unused-certificate": ["1 is not renewed"]}),
    ({}, [b"new", None], {"unused-certificate": ["1 is not renewed"]}),
    ({}, [b"", b""], {"unused-certificate": ["0 is not renewed", "1 is not renewed"]}),
])
def test_renewal(tmp_path, states, used, faults):
    (tmp_path / "renewed").write_bytes(b"new")
    for number, content in enumerate(used):
        if content is not None:
            (tmp_path / str(number)).write_bytes(content)
    report = Report()
    certificates.check_renewal(Module(**states), report, {
        "timer": "certbot.timer", "renewed": str(tmp_path / "renewed"), "used": [str(tmp_path / str(number)) for number in range(len(used))]})
    assert {fault["fault"]: [found.replace(str(tmp_path) + "/", "") for found in fault["found"]] for fault in report.faults()} == faults
    assert report.checks[0]["tested"] == 3 + len(used)


def test_no_certificate_at_all(tmp_path):
    """Two that are not there are not the same certificate."""
    report = Report()
    certificates.check_renewal(Module(), report, {"timer": "certbot.timer", "renewed": str(tmp_path / "renewed"), "used": [str(tmp_path / "used")]})
    assert [fault["fault"] for fault in report.faults()] == ["unused-certificate"]


@pytest.mark.parametrize(("days", "issuer", "faults", "advice"), [
    (90, "an authority", [], []), (3, "an authority", ["old-certificate"], []), (90, "itself", [], ["self-signed"]),
    (3, "itself", ["old-certificate"], ["self-signed"]),
])
def test_exims_certificate(monkeypatch, days, issuer, faults, advice):
    said = []

    class Client:
        sock = property(lambda self: self)

        def __init__(self, *dummy, **more):
            pass

        def starttls(self, context):
            said.append("STARTTLS")

        def quit(self):
            said.append("QUIT")

        def close(self):
            pass

        def getpeercert(self):
            end = time.strftime("%b %d %H:%M:%S %Y GMT", time.gmtime(time.time() + days * DAY + 60))
            return {"notAfter": end, "subject": ((("organizationName", "itself"),),), "issuer": ((("organizationName", issuer),),)}

    options = "tls_advertise_hosts = *\ntls_certificate = /c.pem\ndaemon_smtp_ports = 465 : 25\ntls_on_connect_ports = 465\n"
    monkeypatch.setattr(around, "ask", lambda *dummy: options)
    monkeypatch.setattr(around.smtplib, "SMTP", Client)
    monkeypatch.setattr(around.ssl, "create_default_context", lambda **dummy: type("Context", (), {"verify_flags": 0})())
    report = Report()
    around.check_tls(None, report)
    assert said == ["STARTTLS", "QUIT"]
    assert [fault["fault"] for fault in report.faults()] == faults
    assert all(fault["found"] == ["127.0.0.1 port 25, /c.pem: it expires in 3 days"] for fault in report.faults())
    assert [(one["fault"], one["found"]) for one in report.advice()] == [(name, ["127.0.0.1 port 25, /c.pem"]) for name in advice]
