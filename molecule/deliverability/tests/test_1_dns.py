# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A name server loads what dns.yml prints, and verify.yml finds nothing. Then each record is broken, one at a time, and is named, and nothing else."""

import email
import hashlib
import importlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import uuid

import dkim
import dns.resolver
import pytest
from waiting import eventually

SCENARIO = pathlib.Path(__file__).parents[1]
ROOT = SCENARIO.parents[1]
HOST = "debian12.example.com"
# Each with what says the version of its Exim's package.
DPKG = "dpkg-query -W -f '${Version}' exim4-daemon-heavy"
HOSTS = {"debian12": DPKG, "debian13": DPKG, "el8": "rpm -q --qf '%{VERSION}-%{RELEASE}' exim"}
# What is not of the inventory.
OTHERS = """
mx.test. IN A 192.0.2.25
spf.test. IN TXT "v=spf1 ip4:192.0.2.0/24 -all"
2.0.0.127.bl.test. IN A 127.0.0.2
"""
HEAD = "$TTL 60\n@ SOA ns.test. postmaster.example.org. %d 3600 600 86400 60\n@ NS ns.test.\n"
# One zone is in another.
ZONES = ("example.com", "list.example.edu", "example.edu", "10.in-addr.arpa", "0.0.d.f.ip6.arpa", "test")
# What the name server's host says of clients by pyspf: each has its address, the sender and the name in HELO.
JUDGE = """
import json, sys, dns.resolver, spf
dns.resolver.get_default_resolver().nameservers = ["127.0.0.1"]
print(json.dumps([spf.check2(*client)[0] for client in json.loads(sys.argv[1])]))
"""
# The list host has no web server, but the DNS can have its names.
WITH_WEB = ["--extra-vars", "mailman_web=true"]
# Each serial is another one.
SERIAL = iter(range(int(time.time()), 2**32))


def judged(server, *clients):
    return json.loads(server.check_output("python3 -W ignore -c %s %s", JUDGE, json.dumps(clients)))


def play(playbook, *options):
    command = ["ansible-playbook", *options, playbook]
    for file in [ROOT / "molecule/shared/ground.yml", SCENARIO / "inventory.yml"]:
        command += ["--inventory", file]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=os.environ)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The files that dns.yml writes, by their names."""
    directory = tmp_path_factory.mktemp("dns")
    run = play(ROOT / "playbooks/dns.yml", *WITH_WEB, "--extra-vars", "listhost_dns_directory=%s" % directory)
    assert run.returncode == 0, run.stdout + run.stderr
    return {path.name: path.read_text() for path in directory.iterdir()}


@pytest.fixture(scope="module")
def publish(ground, written):
    """Return a function that gives the name server what was written, changed by a function, and waits until it answers with that."""
    server = ground.machines["ns"]

    def put(path, text):
        subprocess.run(server.enter("sh", "-c", "cat > " + path), input=text, text=True, check=True)

    def publish(change=lambda text: text, others=OTHERS):
        lines = (change("".join(text for name, text in written.items() if name.endswith(".zone"))) + others).splitlines()
        for zone in ZONES:
            mine = [line for line in lines if re.match(r"\S*(\A|\.)%s\. " % re.escape(zone), line)]
            lines = [line for line in lines if line not in mine]
            put("/srv/zones/%s.zone" % zone, HEAD % next(SERIAL) + "\n".join(mine) + "\n")
        server.check_output("knotc --blocking zone-reload")

    return publish


@pytest.fixture(scope="module")
def compare(tmp_path_factory):
    """Return a function that returns what is found in the DNS: the kinds of faults and of advice, each with what was found.

    It is what dns_compare has of the comparison; its attribute spf is what that has to judge SPF. A run of Ansible for each would take minutes.
    """
    results = tmp_path_factory.mktemp("results") / "results.json"
    run = play(SCENARIO / "tests/read.yml", *WITH_WEB, "--extra-vars", "results=%s" % results)
    assert run.returncode == 0, run.stdout + run.stderr
    read = json.loads(results.read_text())
    sys.path.insert(0, str(ROOT / ".collections"))
    here = "ansible_collections.listhost.exim_mailman.plugins.plugin_utils."
    inventory, comparison, ask, spf = [importlib.import_module(here + name) for name in ("_dns_inventory", "_dns_compare", "_dns_ask", "_dns_spf")]
    found = inventory.names({"list_hosts": ["debian12"]}, {"debian12": read["variables"]})

    def resolver_of(resolvers=None):
        return ask.Resolver(resolvers or read["variables"]["listhost_dns_resolvers"])

    def compare(resolvers=None):
        resolver = resolver_of(resolvers)
        report = comparison.compare(found, "debian12", read["keys"], resolver.ask)
        return {kind: {one["fault"]: one["found"] for one in ones} for kind, ones in (("faults", report.faults()), ("advice", report.advice()))}

    compare.spf = lambda address, domain: spf.evaluate(address, domain, resolver_of().ask)[0]
    return compare


def test_files(written):
    assert sorted(written) == ["example.com.zone", "example.edu.zone", "list.example.edu.zone", "mta-sts.list.example.com.txt", "mta-sts.list.example.edu.txt",
                               "reverse.zone"]


def test_the_server_loads_it_as_it_is_written(ground, written):
    """Each file by itself, included in a zone."""
    server = ground.machines["ns"]
    for name, text in written.items():
        if name.endswith(".zone"):
            # Addresses of two versions are in two zones.
            zones = [name[:-5]] if name != "reverse.zone" else ["10.in-addr.arpa", "0.0.d.f.ip6.arpa"]
            for zone in zones:
                lines = "\n".join(line for line in text.splitlines() if line.startswith(";") or zone + ". " in line)
                zone_file = HEAD % 1 + (text if len(zones) == 1 else lines)
                subprocess.run(server.enter("sh", "-c", "cat > /tmp/zone"), input=zone_file, text=True, check=True)
                check = server.run("kzonecheck --origin %s /tmp/zone", zone)
                assert check.rc == 0, check.stdout + check.stderr + zone_file


def verify(path, *options):
    run = play(ROOT / "playbooks/verify.yml", "--extra-vars", "verify_results=%s" % path, *options)
    assert path.exists(), run.stdout + run.stderr
    return run, json.loads(path.read_text())


def test_all_is_well(publish, tmp_path):
    publish()
    run, results = verify(tmp_path / "results.json")
    assert sorted(results) == sorted(HOSTS)
    for result in results.values():
        # The certificate of these hosts is the ground's.
        advice = [one["fault"] for one in result["advice"] if one["fault"] != "known-fault"]
        assert (result["faults"], advice) == ([], ["self-signed"]), run.stdout
    assert run.returncode == 0
    checks = {name: {check["check"]: check["tested"] for check in result["checks"] if check["check"].startswith("DNS: ")} for name, result in results.items()}
    assert checks["debian13"] == checks["el8"] == {
        "DNS: addresses": 1, "DNS: names of addresses": 1, "DNS: SPF": 1, "DNS: DKIM": 1, "DNS: TLSA": 1, "DNS: DNSSEC": 1,
    }
    assert checks["debian12"] == {
        "DNS: MX": 2, "DNS: other mail exchangers": 1, "DNS: addresses": 1, "DNS: names of addresses": 2, "DNS: SPF": 3, "DNS: DKIM": 2,
        "DNS: next DKIM keys": 2, "DNS: signed mail": 2, "DNS: old DKIM keys": 2, "DNS: DMARC": 2, "DNS: MTA-STS": 2,
        "DNS: web server of MTA-STS": 2, "DNS: TLSRPT": 2, "DNS: TLSA": 1, "DNS: CAA": 1, "DNS: DNSSEC": 3, "DNS: block lists": 2,
    }


def test_a_receiver_finds_what_it_demands(publish, ground, received):
    """By libraries of others, which ask the name server that loaded the zones: TLS, SPF, DKIM, DMARC, and the host's names."""
    publish()
    host, server = ground.machines["debian12"], ground.machines["ns"]
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [server.ip]

    def texts(name):
        return [b"".join(record.strings) for record in resolver.resolve(name, "TXT")]

    subject = uuid.uuid4().hex
    letter = "From: testlist-owner@list.example.com\nTo: anna@secure.test\nSubject: %s\n\nA notice.\n" % subject
    subprocess.run(host.enter("exim", "-f", "testlist-bounces@list.example.com", "anna@secure.test"), input=letter, text=True, check=True)
    # It takes mail over TLS alone.
    eventually(lambda: received(subject))
    [message] = received(subject)
    address, helo, sender = message["address"], message["helo"], message["sender"]
    # The name in HELO, the PTR of the address and the address of the name agree.
    assert [name.target.to_text() for name in resolver.resolve_address(address)] == [helo + "."] == [HOST + "."]
    assert address in [record.address for record in resolver.resolve(helo, "A")]
    # As the list domain and as the host, which is what sends bounces.
    assert judged(server, [address, sender, helo], [address, "", helo], ["198.51.100.77", sender, helo]) == ["pass", "pass", "softfail"]
    assert dkim.verify(message["message"].encode("latin-1"), dnsfunc=lambda name, timeout=5: texts(name.decode())[0])
    # Both are of the domain in From, as DMARC wants.
    signature = email.message_from_string(message["message"])["DKIM-Signature"]
    assert sender.rpartition("@")[2] == re.search(r"\bd=([^;]+);", signature).group(1) == "list.example.com"
    assert texts("_dmarc.list.example.com") == [b"v=DMARC1; p=quarantine; rua=mailto:dmarc@example.com"]


# Of each the result for 192.0.2.1.
SPF = {
    "ip4:192.0.2.0/24 -all": "pass", "-ip4:192.0.2.1 +all": "fail", "ip4:192.0.2.2 ~all": "softfail", "?all": "neutral", "": "neutral",
    "a -all": "fail", "a:near.test/24 -all": "pass", "mx:mx-of.test -all": "pass", "include:spf.test ~all": "pass", "include:no.test -all": "permerror",
    "redirect=spf.test": "pass", "redirect=no.test": "permerror", "redirect=spf.test -all": "fail", "include:loop.test -all": "permerror",
    "ip4:x -all": "permerror", "nothing -all": "permerror", "unknown=x ip4:192.0.2.1 -all": "pass", "exp=why.test -all": "fail",
    "include:two.test -all": "permerror",
}
OF_SPF = """
near.test. IN A 192.0.2.99
mx-of.test. IN MX 10 one.test.
one.test. IN A 192.0.2.1
loop.test. IN TXT "v=spf1 include:loop.test -all"
two.test. IN TXT "v=spf1 -all"
two.test. IN TXT "v=spf1 +all"
"""


def test_spf_is_judged_as_by_pyspf(publish, compare, ground):
    """What verify.yml says of a record is what receivers say."""
    names = {text: "s%d.test" % number for number, text in enumerate(SPF)}
    publish(others=OTHERS + OF_SPF + "".join('%s. IN TXT "v=spf1%s"\n' % (name, " " + text if text else "") for text, name in names.items()))
    found = dict(zip(SPF, judged(ground.machines["ns"], *[["192.0.2.1", "anna@" + name, "x.test"] for name in names.values()])))
    assert found == SPF
    assert {text: compare.spf("192.0.2.1", name) for text, name in names.items()} == SPF


def without(pattern):
    """Return a function that takes lines out."""
    return lambda text: re.sub(r"(?m)^%s.*\n" % pattern, "", text)


def instead(pattern, replacement):
    """Return a function that replaces something once."""
    def change(text):
        changed = re.sub(pattern, replacement, text, count=1)
        assert changed != text, pattern
        return changed

    return change


def also(line):
    return lambda text: text + line + "\n"


LIST = r"list\.example\.com\. "
# What is done to the text: the kind, whether it is a fault, and a word of each thing that is found.
BROKEN = {
    "no MX": (without(LIST + ".*MX"), "faults", {
        "wrong-mx": ["debian13.example.com is not in the DNS", "el8.example.com is not in the DNS", "mx.test is not in the DNS",
                     "in no MX record: debian13.example.com, el8.example.com, mx.test"]}),
    "another MX": (instead(LIST + r"(.*)MX 10 mx.test", r"list.example.com. \1MX 10 mx.elsewhere.test"), "faults", {
        "wrong-mx": ["the DNS has mx.elsewhere.test, and", "mx.test is not in the DNS", "policy of MTA-STS has hosts that are in no MX record: mx.test"]}),
    "null MX": (lambda text: without(LIST + ".*MX")(text) + "list.example.com. 60 IN MX 0 .\n", "faults", {
        "wrong-mx": ["the DNS has that there is none (null MX)", "debian13.example.com", "el8.example.com", "mx.test", "in no MX record"]}),
    "no A": (without(r"debian12\.example\.com\. .* A "), "faults", {"wrong-address": ["is not in the DNS"]}),
    "another A": (also("%s. 60 IN A 192.0.2.99" % HOST), "faults", {"wrong-address": ["the DNS has 192.0.2.99"]}),
    "no AAAA": (without(r"debian12\.example\.com\. .* AAAA "), "faults", {"wrong-address": ["fd00::12 is not in the DNS"]}),
    "no PTR": (without(r"[0-9.]+\.10\.in-addr"), "faults", {"wrong-ptr": ["is without a name, not " + HOST]}),
    "another PTR": (instead(r"(ip6\.arpa\. .*PTR) \S+", r"\1 generic.test."), "faults", {"wrong-ptr": ["fd00::12 is generic.test, not " + HOST]}),
    "no SPF": (without(LIST + ".*spf1"), "faults", {"no-spf": ["list.example.com"]}),
    "no SPF of the host": (without(r"debian12\.example\.com\. .*spf1"), "faults", {"no-spf": [HOST]}),
    "SPF without an address": (instead("(" + LIST + ".*v=spf1) ip4:[0-9.]+", r"\1"), "faults", {"wrong-spf": ["list.example.com: softfail for 10."]}),
    "SPF twice": (also('list.example.com. 60 IN TXT "v=spf1 mx -all"'), "faults", {"wrong-spf": ["permerror", "2 records of SPF"]}),
    "SPF for all": (instead("(" + LIST + ".*)~all", r"\1+all"), "faults", {"open-spf": ["list.example.com: pass for 198.51.100.77"]}),
    "no DKIM": (without(r"lists\._domainkey\.list\.example\.com"), "faults", {"no-dkim": ["lists._domainkey.list.example.com"]}),
    "another DKIM key": (instead(r"(lists\._domainkey\.list\.example\.com\. .*p=)....", r"\1XXXX"), "faults", {"wrong-dkim": ["has another key"]}),
    "a key that is taken back": (instead(r'(lists\._domainkey\.list\.example\.com\. .*)\(.*\)', r'\1"v=DKIM1; p="'), "faults", {
        "wrong-dkim": ["takes it back"]}),
    "no DMARC": (without(r"_dmarc\.list\.example\.com"), "faults", {"no-dmarc": ["_dmarc.list.example.com"]}),
    "DMARC twice": (also('_dmarc.list.example.com. 60 IN TXT "v=DMARC1; p=none"'), "faults", {"two-dmarc": ["2 records"]}),
    "weaker DMARC": (instead("(_dmarc.*)p=quarantine", r"\1p=none"), "advice", {"other-dmarc": ["p is none, not quarantine"]}),
    "DMARC from above": (lambda text: without(r"_dmarc\.list\.example\.com")(text) + '_dmarc.example.com. 60 IN TXT "v=DMARC1; p=none"\n', "advice", {
        "other-dmarc": ["there is none, and that of _dmarc.example.com counts"]}),
    "no MTA-STS": (without(r"_mta-sts\.list\.example\.com"), "advice", {"mta-sts": ["is not in the DNS"]}),
    "an older MTA-STS": (instead("(_mta-sts.*id=)....", r"\g<1>0000"), "advice", {"mta-sts": ["the DNS has v=STSv1; id=0000", "is not in the DNS"]}),
    "no web server of MTA-STS": (without(r"mta-sts\.list\.example\.com\. .* AAAA "), "advice", {"mta-sts": ["fd00::12 is not in the DNS"]}),
    "no web pages": (without(r"www\.example\.edu\. .* A "), "advice", {"web-address": ["www.example.edu: 10."]}),
    "other web pages": (instead(r"(www\.example\.edu\. .* AAAA) \S+", r"\1 fd00::99"), "advice", {
        "web-address": ["www.example.edu: the DNS has fd00::99", "www.example.edu: fd00::12 is not in the DNS"]}),
    "no TLSRPT": (without(r"_smtp\._tls\.list\.example\.com"), "advice", {"tlsrpt": ["is not in the DNS"]}),
    "no TLSA": (without("_25"), "advice", {"no-tlsa": ["_25._tcp." + HOST]}),
    "another TLSA": (instead("(TLSA 3 1 1) .{64}", r"\1 " + 64 * "0"), "faults", {"wrong-tlsa": ["the DNS has 3 1 1 000", "is not in the DNS"]}),
    "no CAA": (without(r"debian12\.example\.com\. .* CAA "), "advice", {"no-caa": ["ca.example is not in the DNS"]}),
    "another CAA": (instead('"ca.example"', '"other.example"'), "faults", {"wrong-caa": ["ca.example is not in the DNS"]}),
    "no next key": (without(r"next\._domainkey\.list\.example\.com"), "advice", {"next-key": ["next._domainkey.list.example.com"]}),
    "another next key": (instead(r"(next\._domainkey\.list\.example\.com\. .*p=)....", r"\1XXXX"), "advice", {"next-key": ["has another key"]}),
    "an old key": (also('lists2025._domainkey.list.example.com. 60 IN TXT "v=DKIM1; p=AAAA"'), "advice", {
        "old-key": ["lists2025._domainkey.list.example.com"]}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_named_and_nothing_else(publish, compare, name):
    change, kind, wanted = BROKEN[name]
    publish(change)
    found = compare()
    other = {"faults": "advice", "advice": "faults"}[kind]
    assert (list(found[kind]), found[other]) == (list(wanted), {}), found
    for fault, words in wanted.items():
        assert len(found[kind][fault]) == len(words) or len(found[kind][fault]) == 1, found
        assert [word for word in words if not any(word in one for one in found[kind][fault])] == [], found


def test_names_that_are_others(publish, compare):
    publish(others=OTHERS.replace("mx.test. IN A 192.0.2.25", "mx.test. IN CNAME real.test.\nreal.test. IN A 192.0.2.25"))
    assert compare() == {"faults": {"lost-exchanger": ["mx.test is a CNAME of real.test"]}, "advice": {}}
    publish(others=OTHERS.replace("mx.test. IN A 192.0.2.25", ""))
    assert compare() == {"faults": {"lost-exchanger": ["mx.test has no address"]}, "advice": {}}


def test_block_lists(publish, compare, ground):
    reverse = ".".join(reversed(ground.machines["debian12"].ip.split(".")))
    for answers, found in ((["127.0.0.2"], "faults"), (["127.255.255.254"], "advice"), (["127.0.0.1"], "advice"), (["127.255.255.254", "127.0.0.4"], "faults")):
        publish(others=OTHERS + "".join("%s.bl.test. IN A %s\n" % (reverse, answer) for answer in answers))
        result = compare()
        assert list(result[found]) == [{"faults": "listed", "advice": "blocklist-refuses"}[found]], result
        assert result[{"faults": "advice", "advice": "faults"}[found]] == {}


def test_a_resolver_that_does_not_answer(compare, ground):
    """Is no finding about records."""
    found = compare([ground.machines["ns"].ip.rpartition(".")[0] + ".99"])
    assert (found["faults"], list(found["advice"])) == ({}, ["not-asked"])
    assert all("does not answer" in one for one in found["advice"]["not-asked"])


@pytest.fixture
def no_validation(ground):
    """The list host asks the ground's resolver, which does not validate."""
    host = ground.machines["debian12"]
    host.check_output("cp /etc/resolv.conf /root/resolv.conf && echo nameserver %s >/etc/resolv.conf", ground.machines["internet"].ip)
    yield
    # A file that is mounted cannot be replaced.
    host.check_output("cat /root/resolv.conf >/etc/resolv.conf")


def test_everything_is_gone(publish, tmp_path, ground, no_validation):
    """As before anything was published, and without the resolver that validates: verify.yml fails, and says all of it.

    Known faults of Exim are faults where the inventory wants that. Which there are depends on the day's package.
    """
    publish(lambda text: "")
    run, results = verify(tmp_path / "results.json", "--extra-vars", "exim_known_faults=fail")
    assert run.returncode == 2
    of_a_host = {"wrong-address", "wrong-ptr", "no-spf", "no-dkim"}
    of_a_list_host = {"wrong-mx", "no-dmarc", "no-dnssec"}
    for name, package in HOSTS.items():
        [check] = [check for check in results[name]["checks"] if check["check"] == "known faults of Exim"]
        known = [one["found"] for one in check["findings"]]
        assert [one for one in known if not one.startswith("CVE-20")] == []
        assert {fault["fault"] for fault in results[name]["faults"]} == {
            *of_a_host, *(of_a_list_host if name == "debian12" else []), *(["known-fault"] if known else [])}
        version = ground.machines[name].check_output(package)
        assert ("Exim %s: %s" % (version, "kinds of faults: 1" if known else "all is well")) in run.stdout
    assert {fault["fault"] for fault in results["debian12"]["advice"]} == {"next-key", "mta-sts", "tlsrpt", "no-tlsa", "no-caa", "self-signed"}
    assert [fault["found"] for fault in results["debian12"]["faults"] if fault["fault"] == "no-dnssec"] == [["NS of arpa: no answer"]]
    assert "debian12 in the DNS: kinds of faults: 6" in run.stdout


def test_bad_input_is_named_and_nothing_is_written(tmp_path):
    wrong = {"listhost_dns_addresses": ["127.0.0.1"], "exim_dkim_selector": "lists.", "listhost_dns_directory": str(tmp_path / "dns")}
    run = play(ROOT / "playbooks/dns.yml", "--extra-vars", json.dumps(wrong))
    assert run.returncode == 2
    for words in ("listhost_dns_addresses has '127.0.0.1'", "exim_dkim_selector is 'lists.'"):
        assert words in run.stdout
    assert not (tmp_path / "dns").exists()


def test_the_digest_is_what_the_inventory_has(written):
    assert "TLSA 3 1 1 " + hashlib.sha256(b"a key").hexdigest() in written["example.com.zone"]
