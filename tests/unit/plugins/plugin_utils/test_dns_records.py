# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records that an inventory asks for, and the text of its zones."""

import pytest
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils import _dns_records as dns
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._dns_inventory import names

KEY = "v=DKIM1; k=rsa; p=" + 300 * "A"
DIGEST = 64 * "0"


def inventory(groups=None, **variables):
    lists = dict({"mailman_email_host": "list.example.com", "listhost_dns_addresses": ["192.0.2.1", "2001:db8::1"]}, **variables)
    return names(groups or {"list_hosts": ["lists.example.com"]}, {"lists.example.com": lists, "mx.example.net": {"listhost_dns_addresses": ["192.0.2.2"]}})


def test_the_smallest_inventory():
    assert dns.files(inventory(), {}) == {
        "example.com.zone":
            "; Zone example.com. Each line has its full name: it can be pasted into the zone, or the file included.\n"
            "\n"
            "; lists.example.com\n"
            "lists.example.com. 3600 IN A 192.0.2.1\n"
            "lists.example.com. 3600 IN AAAA 2001:db8::1\n"
            'lists.example.com. 3600 IN TXT "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 ~all"\n',
        "list.example.com.zone":
            "; Zone list.example.com. Each line has its full name: it can be pasted into the zone, or the file included.\n"
            "\n"
            "; list.example.com\n"
            "list.example.com. 3600 IN MX 10 lists.example.com.\n"
            'list.example.com. 3600 IN TXT "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 ~all"\n'
            '_dmarc.list.example.com. 3600 IN TXT "v=DMARC1; p=none"\n'
            "list.example.com. 3600 IN A 192.0.2.1\n"
            "list.example.com. 3600 IN AAAA 2001:db8::1\n",
        "reverse.zone":
            "; Ask the provider of the addresses for these names.\n"
            "\n"
            "; lists.example.com\n"
            "1.2.0.192.in-addr.arpa. 3600 IN PTR lists.example.com.\n"
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 3600 IN PTR lists.example.com.\n",
    }


def lines(files, about):
    return [line for text in files.values() for line in text.split("\n") if about in line]


def test_all_that_can_be_asked_for():
    found = dns.files(inventory(
        listhost_dns_zones=["example.com"], listhost_dns_ttl=300, listhost_dns_spf=["include:spf.example.net"], listhost_dns_spf_others="fail",
        listhost_dns_dmarc_policy="reject", listhost_dns_dmarc_reports="d@example.com", listhost_dns_mta_sts="testing", exim_tls_certificate="/c",
        listhost_dns_mta_sts_addresses=["192.0.2.1", "2001:db8::1"], mailman_url_host="www.example.com",
        listhost_dns_tls_reports="t@example.com", listhost_dns_tlsa=["3 1 1 " + DIGEST], listhost_dns_caa=["ca.example", "other.example"],
    ), {})
    assert sorted(found) == ["example.com.zone", "mta-sts.list.example.com.txt", "reverse.zone"]
    assert found["mta-sts.list.example.com.txt"] == "version: STSv1\nmode: testing\nmx: lists.example.com\nmax_age: 604800\n"
    assert lines(found, "IN") == [
        "list.example.com. 300 IN MX 10 lists.example.com.",
        'list.example.com. 300 IN TXT "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 include:spf.example.net -all"',
        '_dmarc.list.example.com. 300 IN TXT "v=DMARC1; p=reject; rua=mailto:d@example.com"',
        '_mta-sts.list.example.com. 300 IN TXT "%s"' % dns.sts(found["mta-sts.list.example.com.txt"]),
        "mta-sts.list.example.com. 300 IN A 192.0.2.1",
        "mta-sts.list.example.com. 300 IN AAAA 2001:db8::1",
        '_smtp._tls.list.example.com. 300 IN TXT "v=TLSRPTv1; rua=mailto:t@example.com"',
        "www.example.com. 300 IN A 192.0.2.1",
        "www.example.com. 300 IN AAAA 2001:db8::1",
        "lists.example.com. 300 IN A 192.0.2.1",
        "lists.example.com. 300 IN AAAA 2001:db8::1",
        'lists.example.com. 300 IN TXT "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 include:spf.example.net -all"',
        "_25._tcp.lists.example.com. 300 IN TLSA 3 1 1 " + DIGEST,
        'lists.example.com. 300 IN CAA 0 issue "ca.example"',
        'lists.example.com. 300 IN CAA 0 issue "other.example"',
        "1.2.0.192.in-addr.arpa. 300 IN PTR lists.example.com.",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 300 IN PTR lists.example.com.",
    ]
    assert lines(found, "mta-sts.list.example.com.txt") == [
        "; Serve the file mta-sts.list.example.com.txt as https://mta-sts.list.example.com/.well-known/mta-sts.txt."]


def test_web_pages():
    assert len(lines(dns.files(inventory(mailman_web=False), {}), " A ")) == 1
    # The host's own name has its addresses once.
    assert lines(dns.files(inventory(mailman_url_host="lists.example.com"), {}), " A ") == ["lists.example.com. 3600 IN A 192.0.2.1"]
    assert "www.example.org. 3600 IN A 192.0.2.1\n" in dns.files(inventory(mailman_url_host="www.example.org"), {})["example.org.zone"]


def test_another_policy_has_another_number():
    policies = [dns.sts_policy(*one) for one in (("testing", ["a.example"]), ("enforce", ["a.example"]), ("enforce", ["b.example"]))]
    numbers = [dns.sts(policy) for policy in policies]
    assert len(set(numbers)) == 3
    # As RFC 8461, 3.1 has it.
    assert all(number.startswith("v=STSv1; id=") and number.endswith(";") and number[12:-1].isalnum() and len(number) < 50 for number in numbers)


def test_keys():
    names_ = inventory(exim_dkim_domains=["list.example.com", "lists.example.com"])
    found = dns.files(names_, {"lists.example.com": {"lists._domainkey.list.example.com": KEY}})
    assert lines(found, "_domainkey") == [
        'lists._domainkey.list.example.com. 3600 IN TXT ( "%s" "%s" )' % (KEY[:255], KEY[255:])]
    assert 'lists._domainkey' in found["list.example.com.zone"]
    assert lines(found, "not known") == ["; The DKIM key is not known: let site.yml make it on lists.example.com, and run this again."]
    assert "not known" in found["example.com.zone"]


def test_keys_that_nobody_asked_for():
    """A host says what its keys are, and not what else is in the zone."""
    keys = {"lists._domainkey.list.example.com": 'v=DKIM1; p="A"\nexample.com. IN NS evil.test.', "x._domainkey.list.example.com": "v=DKIM1; p=B",
            "lists._domainkey.example.org": "v=DKIM1; p=C"}
    found = dns.files(inventory(exim_dkim_domains=["list.example.com"]), {"lists.example.com": keys})
    assert lines(found, "_domainkey") == [
        'lists._domainkey.list.example.com. 3600 IN TXT "v=DKIM1; p=\\"A\\"\\010example.com. IN NS evil.test."']


def test_the_key_in_use_is_missing():
    found = dns.files(inventory(exim_dkim_domains=["list.example.com"], exim_dkim_next_selector="next"),
                      {"lists.example.com": {"next._domainkey.list.example.com": "v=DKIM1; p=B"}})
    assert len(lines(found, "not known")) == 1


def test_old_keys_are_named_for_removal():
    found = dns.files(inventory(exim_dkim_domains=["list.example.com"], listhost_dns_old_dkim_selectors=["lists2025"]),
                      {"lists.example.com": {"lists._domainkey.list.example.com": "v=DKIM1"}})
    assert lines(found, "Remove") == ["; Remove a week after the last mail that it signed: lists2025._domainkey.list.example.com. IN TXT"]


def test_a_name_has_one_spf_record():
    found = dns.files(inventory(mailman_email_host="lists.example.com"), {})
    assert lines(found, "spf1") == ['lists.example.com. 3600 IN TXT "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 ~all"']
    assert sorted(found) == ["lists.example.com.zone", "reverse.zone"]


@pytest.mark.parametrize(("name", "zone"), [
    ("list.example.com", "example.com"), ("example.com", "example.com"), ("a.sub.example.com", "sub.example.com"), ("list.example.org", "list.example.org"),
    ("mx.list.example.org", "list.example.org"), ("mx.example.net", "example.net"), ("badexample.com", "badexample.com"),
    ("mx.badexample.com", "badexample.com"),
])
def test_zones(name, zone):
    zones = dns.Zones(inventory(listhost_dns_zones=["example.com", "sub.example.com"], mailman_shared_domains={"www.example.org": "list.example.org"}))
    assert zones.of(name) == zone


def test_mail_exchangers():
    found = dns.files(inventory({"list_hosts": ["lists.example.com"], "mx_hosts": ["mx.example.net"]}), {})
    assert lines(found, " MX ") == ["list.example.com. 3600 IN MX 10 mx.example.net."]
    assert lines(found, "mx.example.net. 3600 IN A") == ["mx.example.net. 3600 IN A 192.0.2.2"]
    assert lines(found, "PTR mx") == ["2.2.0.192.in-addr.arpa. 3600 IN PTR mx.example.net."]


def policy_of(found, domain="list.example.com"):
    """Return the policy of MTA-STS as it is written, and its number in the DNS."""
    [record] = lines(found, "_mta-sts.%s. " % domain)
    return found["mta-sts.%s.txt" % domain], record.partition("id=")[2]


def test_a_policy_has_the_hosts_of_the_mx_records_and_a_number_of_its_own():
    given = {"listhost_dns_mta_sts": "testing", "certificate_acme": True}
    seen = set()
    for more in ({}, {"listhost_dns_mta_sts": "enforce"}, {"listhost_dns_mail_exchangers": ["mx.example.net", "in.example.org"]}):
        found = dns.files(inventory(**dict(given, **more)), {})
        text, number = policy_of(found)
        assert ["mx: " + line.split()[-1].rstrip(".") for line in lines(found, " MX ")] == [line for line in text.splitlines() if line.startswith("mx: ")]
        seen.add(number)
        # The same policy has the same number.
        assert policy_of(dns.files(inventory(listhost_dns_ttl=600, **dict(given, **more)), {})) == (text, number)
    assert len(seen) == 3


def test_policies_that_a_host_serves():
    given = {"listhost_dns_mta_sts": "testing", "certificate_acme": True, "mailman_shared_domains": {"www.example.org": "list.example.org"}}
    found = inventory(**given)
    text = "version: STSv1\nmode: testing\nmx: lists.example.com\nmax_age: 604800\n"
    assert dns.policies(found, "lists.example.com") == {"mta-sts.list.example.com": text, "mta-sts.list.example.org": text}
    assert dns.policies(found, "mx.example.net") == {}
    assert "; Run site.yml before you publish _mta-sts.list.example.com: it has the web server serve the policy." in lines(dns.files(found, {}), "site.yml")
    assert dns.policies(inventory(**dict(given, listhost_dns_mta_sts_addresses=["192.0.2.9"])), "lists.example.com") == {}


@pytest.mark.parametrize(("address", "others"), [("d@example.com", 0), ("d@list.example.com", 0), ("d@mail.list.example.com", 0), ("d@example.org", 1)])
def test_reports_that_another_zone_must_allow(address, others):
    found = lines(dns.files(inventory(listhost_dns_dmarc_reports=address), {}), "_report._dmarc")
    assert len(found) == others
    assert all('list.example.com._report._dmarc.example.org. IN TXT "v=DMARC1"' in line for line in found)


def test_the_next_key_is_published_before_it_is_used():
    keys = {"lists._domainkey.list.example.com": "v=DKIM1; p=A", "next._domainkey.list.example.com": "v=DKIM1; p=B"}
    text = dns.files(inventory(exim_dkim_domains=["list.example.com"], exim_dkim_next_selector="next"), {"lists.example.com": keys})["list.example.com.zone"]
    assert ('lists._domainkey.list.example.com. 3600 IN TXT "v=DKIM1; p=A"\n'
            "; The next key (exim_dkim_next_selector): Exim does not sign with it yet.\n"
            'next._domainkey.list.example.com. 3600 IN TXT "v=DKIM1; p=B"\n') in text


def test_variables_that_virtual_domains_inherit():
    """Exim and its keys are their machine's."""
    said = {"mailman_separate_home": "/virtual", "ansible_host": "m", "listhost_dns_addresses": ["192.0.2.1"], "exim_dkim_domains": ["one.test"],
            "listhost_dns_old_dkim_selectors": ["old"]}
    hostvars = {"lists.example.com": said, "one": dict(said, mailman_email_host="one.test"), "two": dict(said, mailman_email_host="two.test")}
    found = dns.files(names({"list_hosts": ["lists.example.com"], "list_domains": ["one", "two"]}, hostvars), {})
    assert lines(found, "Remove") == ["; Remove a week after the last mail that it signed: old._domainkey.one.test. IN TXT"]
    assert lines(found, "not known") == ["; The DKIM key is not known: let site.yml make it on lists.example.com, and run this again."]


def test_the_key_of_a_virtual_domain_is_its_own():
    """The machine has it, and the domain says how long it may be remembered."""
    said = {"mailman_separate_home": "/virtual", "ansible_host": "m", "listhost_dns_addresses": ["192.0.2.1"], "exim_dkim_domains": ["one.test"]}
    hostvars = {"lists.example.com": said, "one": dict(said, mailman_email_host="one.test", listhost_dns_ttl=60)}
    found = dns.files(names({"list_hosts": ["lists.example.com"], "list_domains": ["one"]}, hostvars),
                      {"lists.example.com": {"lists._domainkey.one.test": "v=DKIM1; p=A"}})
    assert lines(found, "_domainkey") == ['lists._domainkey.one.test. 60 IN TXT "v=DKIM1; p=A"']


def test_advice_stands_with_the_domain_that_it_is_about():
    zone = dns.files(inventory(listhost_dns_zones=["example.com"], listhost_dns_dmarc_reports="d@example.net"), {})["example.com.zone"]
    about = [part for part in zone.split("\n\n") if "of one owner" in part]
    assert [part.split("\n")[0] for part in about] == ["; list.example.com"]
