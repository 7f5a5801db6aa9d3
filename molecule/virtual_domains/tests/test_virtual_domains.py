# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Domains with a Mailman each on one host, from inventories of their own.

The tests stand in the order of a host's life: bad input, two more domains, mail, changes, the end of one of them.
"""

import os
import re
import shutil
import ssl
import uuid

import pytest
from asking import Site, link_of
from conftest import LOCK, SCENARIO, Run, letter, run
from waiting import eventually

FORM = {"List-Unsubscribe": "One-Click"}
# What the role works out for a host with SELinux; the EL layout has none, but a stand-in for what tells it.
SELINUX = [["/virtual/el\\.example\\.com/mailman", "(/.*)?", "mailman_data_t"],
           ["/virtual/el\\.example\\.com/mailman", "/mail/mailman", "mailman_mail_exec_t"]]


# The first three run for domains of Debian 12, and not beside its other tests: some of those ask what ran on the host.
@pytest.mark.usefixtures("list_host")
@pytest.mark.list_hosts("debian12")
@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"mailman_separate_home": "/elsewhere", "mailman_web_one_click": False},
         "there is no /elsewhere/domains on " + os.environ["GROUND_CLONE"] + "-virtual-debian12: it was not set up"),
        ({"mailman_separate_home": "virtual"}, "mailman_separate_home is 'virtual'. Set it to an absolute path"),
        ({"mailman_separate_home": "/virtual/../srv"}, "mailman_separate_home is '/virtual/../srv'. Set it to an absolute path"),
        ({"mailman_prefix": "/opt/mailman"}, "mailman_prefix is '/opt/mailman', but mailman_separate_home is '/virtual'"),
        ({"mailman_install_method": "package"}, "only what is built from the archive can be there"),
        ({"mailman_lists": [{"name": "news", "owners": ["a@example.org"]}, {"name": "news"}]}, "mailman_lists has news more than once"),
        ({"mailman_web_taken_down": ["../x"]}, "mailman_web_taken_down"),
        ({"mailman_shared_domains": {"www.example.net": "lists.example.net"}}, "mailman_separate_home is '/virtual', which gives each domain a Mailman"),
        ({"mailman_smtp_max_sessions_per_connection": 31}, "is 31 and exim_smtp_accept_queue_per_connection is 30"),
        ({"mailman_web_one_click": True, "mailman_verp": "none"}, "mailman_verp is 'none': only the copies that Exim makes"),
        ({"mailman_web_one_click": True, "mailman_email_host": "lists.example.info", "mailman_url_host": "www.lists.example.info"},
         "exim_dkim_domains of the machine does not have lists.example.info"),
        ({"mailman_email_host": "Lists.example.org"}, "mailman_email_host is 'Lists.example.org', which is no domain name. Write lower-case"),
        ({"mailman_email_host": "b\u00fccher.example.org"}, "an internationalised name in its form with xn--"),
    ],
)
def test_bad_input_is_named_before_anything_changes(variables, complaint):
    ended = run("first", "--limit", "lists.example.org", **variables)
    assert complaint in ended.failures["lists.example.org"]
    assert ended.changes == {"lists.example.org": 0}


@pytest.mark.usefixtures("list_host")
@pytest.mark.list_hosts("debian12")
def test_two_domains_in_one_directory():
    ended = run("first", "--limit", "lists.*", mailman_email_host="lists.example.org")
    assert "Two hosts of the group list_domains have the same mailman_email_host" in " ".join(ended.failures.values())
    assert set(ended.changes.values()) == {0}


@pytest.mark.usefixtures("list_host")
@pytest.mark.list_hosts("debian12")
@pytest.mark.parametrize("playbook", ["site.yml", "remove_domain.yml"])
def test_domain_in_two_inventories(tmp_path, playbook):
    shutil.copytree(SCENARIO / "first", tmp_path / "another")
    ended = run(tmp_path / "another", "--limit", "lists.example.org", playbook=playbook, mailman_verp="none", remove_domain="lists.example.org")
    assert "lists.example.org is in two inventories: first/lists.example.org (directory/host) set it up" in ended.failures["lists.example.org"]
    assert ended.changes == {"lists.example.org": 0}


@pytest.fixture
def not_yet(virtual, host, domains):
    """The two are not there, even when the tests run once more by hand."""
    for inventory, name in {"second": domains["edu"].name, "third": domains["com"].name}.items():
        if host.file("/virtual/" + name).exists:
            assert not virtual.run(inventory, playbook="remove_domain.yml", remove_domain=name).failures


@pytest.mark.usefixtures("not_yet")
def test_two_inventories_at_the_same_time(virtual, host, domains):
    """Each brings a domain. What they share on the host is done by one after the other; Exim and the other domains notice nothing."""
    before = virtual.state("org", "net")
    # A machine that has all that a build needs is not prepared once more. Nothing else here needs this package.
    host.check_output("rpm --erase gettext" if virtual.el else "DEBIAN_FRONTEND=noninteractive apt-get remove -qq gettext")
    selinux = {"__mailman_selinux_contexts": SELINUX} if virtual.el else {}
    with virtual.lock_held():
        runs = [virtual.start("second"), virtual.start("third", **selinux)]
        eventually(lambda: virtual.waiting_runs() == 2, timeout=300)
    for process in runs:
        output, errors = process.communicate(timeout=900)
        assert process.returncode == 0, output + errors
    assert virtual.state("org", "net") == before
    for domain in domains.values():
        assert host.service(domain.unit).is_running
        # Not `static`, which testinfra takes for enabled.
        assert host.run("systemctl is-enabled " + domain.unit).stdout == "enabled\n"
    assert host.run("flock --nonblock %s true" % LOCK).rc == 0
    assert host.run("rpm --query gettext" if virtual.el else "dpkg-query --show --showformat '${db:Status-Abbrev}' gettext | grep ^ii").rc == 0
    if virtual.el:
        told = [line.split() for line in host.file("/var/lib/semanage").content_string.splitlines()]
        assert [(line[0], line[-1]) for line in told] == [(path + rest, "system_u:object_r:%s:s0" % label) for path, rest, label in SELINUX]


@pytest.mark.parametrize("inventory", ["second", "third"])
def test_second_run_of_an_inventory_changes_nothing(virtual, inventory):
    ended = virtual.run(inventory)
    assert not ended.failures
    assert set(ended.changes.values()) == {0}


def invoked(host, since):
    """Return the modules that Ansible has run on the host since then, by their names. Each leaves a line in the journal."""
    return re.findall(r"ansible-(?:[\w.]+[.])?(\w+)(?:\[\d+\])?: Invoked", host.check_output("journalctl --output=short --since=@%s", since))


@pytest.mark.parametrize("options", [(), ("--check",)], ids=["run", "check"])
def test_unchanged_run_looks_once_at_a_machine(virtual, host, domains, options):
    """However many domains are on it."""
    since = host.check_output("date +%s.%N")
    ended = virtual.run("first", *options)
    assert not ended.failures
    assert ended.changes == {domains["org"].name: 0, domains["net"].name: 0}
    assert invoked(host, since) == ["setup", "machine_look"]


# What somebody may change by hand.
BY_HAND = {
    "file": "echo '# by hand' >> /etc/cron.d/mailman-{file_name}",
    "list": "runuser -u {user} -- {home}/mailman/bin/remove_members -n -N announce {member}",
    "setting": "echo 'SMTP_MAX_RCPTS = 3' >> {home}/mailman/Mailman/mm_cfg.py",
    "queue runners": "systemctl stop {unit}",
    "web page": "echo '# by hand' >> {web_file}",
}


@pytest.mark.parametrize("what", BY_HAND)
def test_change_by_hand_is_seen(virtual, host, domains, what):
    """The roles set up this domain, and no other one."""
    org, net = domains["org"], domains["net"]
    host.check_output(BY_HAND[what].format(
        file_name=net.name.replace(".", "_"), home=net.home, member=net.member, unit=net.unit, user="list-net", web_file=virtual.web_file("net")))
    since, before = host.check_output("date +%s.%N"), virtual.state("org")
    checked = virtual.run("first", "--check")
    assert not checked.failures
    assert checked.changes[org.name] == 0 and checked.changes[net.name] > 0
    ended = virtual.run("first")
    assert not ended.failures
    assert ended.changes[org.name] == 0 and ended.changes[net.name] > 0
    assert invoked(host, since).count("mailman_info") == 2
    assert virtual.state("org") == before


def test_broken_domain_fails_alone(virtual, host, domains):
    org, net = domains["org"].name, domains["net"].name
    path = domains["net"].home + "/mailman/Mailman/mm_cfg.py"
    host.check_output("cp --preserve=all %s /root/mm_cfg.py && echo 'this is no Python' >> %s", path, path)
    ended = virtual.run("first")
    host.check_output("mv /root/mm_cfg.py %s", path)
    assert list(ended.failures) == [net] and path in ended.failures[net]
    assert ended.changes == {org: 0, net: 0}
    assert set(virtual.run("first").changes.values()) == {0}


def test_files_around_a_domain(host, domains):
    """Cron runs its jobs as its user, log rotation tells its queue runners, and the next boot removes its locks."""
    for name, domain in domains.items():
        file_name = "mailman-%s" % domain.name.replace(".", "_")
        user = host.check_output("sed -n 's/user: //p' /virtual/domains/%s" % domain.name)
        jobs = [line.split(maxsplit=6) for line in host.file("/etc/cron.d/" + file_name).content_string.splitlines() if line[:1] in "0123456789*"]
        assert {job[5] for job in jobs} == {user}, name
        assert {job[6].rpartition("/")[0] for job in jobs} == {"/usr/bin/python2.7 -S %s/mailman/cron" % domain.home}
        assert host.run("logrotate --debug /etc/logrotate.d/" + file_name).rc == 0
        assert domain.home + "/mailman/logs/smtp\n" in host.file("/etc/logrotate.d/" + file_name).content_string
        assert host.check_output("grep -v '^#' /etc/tmpfiles.d/%s.conf" % file_name) == "r! %s/mailman/locks/*" % domain.home
        assert host.check_output("systemctl show --property PIDFile --value " + domain.unit) == domain.home + "/mailman/data/master-qrunner.pid"
        assert host.check_output("stat -c %U $(find {0}/mailman/data -name master-qrunner.pid)".format(domain.home)) == user


def test_start_while_systemd_is_reloaded(host, domains):
    """As a run for another domain does. Ten times, since not every time is the moment one that matters."""
    unit = domains["net"].unit
    host.check_output(
        "for turn in 1 2 3 4 5 6 7 8 9 10; do systemctl reset-failed %s; systemctl restart --no-block %s;"
        "for reload in 1 2 3 4 5 6 7 8; do systemctl daemon-reload; done; timeout 20 systemctl start %s || exit; done",
        unit,
        unit,
        unit,
    )
    assert domains["net"].pid() == int(host.file(domains["net"].home + "/mailman/data/master-qrunner.pid").content_string)


def test_no_path_of_another_domain(host, domains):
    """In no file that was installed, be it the code, compiled Python or a program."""
    for domain in domains.values():
        others = "|".join(re.escape(other.name) for other in domains.values() if other is not domain)
        found = host.run("grep --recursive --extended-regexp --files-with-matches '%s' %s/mailman --exclude-dir=logs --exclude-dir=qfiles "
                         # One of upstream's sample bounces, in tests, was sent by a list of this name.
                         "--exclude-dir=archives --exclude-dir=lists --exclude-dir=tests" % (others, domain.home))
        assert (found.rc, found.stdout) == (1, "")


def test_verification(virtual, host, domains, tmp_path):
    """Each domain for itself: what is broken in one is that one's fault. The machine has no Mailman to look at."""
    results, org, net = tmp_path / "results.json", domains["org"].name, domains["net"].name
    assert virtual.verify(results) == {org: set(), net: set()}
    host.check_output("systemctl stop mailman@%s; mv /virtual/domains/%s /root/" % (org, net))
    host.check_output("cp -p %s /root/web; sed -i 's/ServerName .*/ServerName gone.invalid/' %s; systemctl reload %s",
                      virtual.web_file("org"), virtual.web_file("org"), virtual.web)
    broken = virtual.verify(results)
    host.check_output("mv /root/web %s; systemctl reload %s", virtual.web_file("org"), virtual.web)
    host.check_output("mv /root/%s /virtual/domains/; systemctl start mailman@%s; chmod 2770 %s/mailman/lists" % (net, org, domains["net"].home))
    assert broken == {org: {"service-down", "no-web", "foreign-certificate", "no-one-click"}, net: {"unknown-domain"}}
    host.check_output("systemctl stop listhost-one-click-%s.socket", org)
    unreadable = virtual.verify(results)
    host.check_output("chmod 2775 %s/mailman/lists; systemctl start listhost-one-click-%s.socket" % (domains["net"].home, org))
    assert unreadable[org] == {"no-one-click"}
    assert "unreadable-lists" in unreadable[net]


@pytest.mark.parametrize("name", ["org", "net", "edu"])
def test_routing(virtual, host, domains, name):
    for suffix in ["", "-bounces", "-bounces+luser=example.com", "-confirm+0123456789", "-request"]:
        address = "announce%s@%s" % (suffix, domains[name].name)
        assert host.check_output("exim -bt '%s'" % address) == address + "\n  router = mailman_router, transport = mailman_transport"
        # As Exim's own user, who must read the directories.
        assert host.run("runuser -u %s -- exim -bv '%s'" % (virtual.exim_user, address)).rc == 0


def test_what_is_no_domain(host, send):
    """Whatever else lies about in the directory."""
    host.check_output("mkdir -p /virtual/half.example.org /virtual/domains/directory.example.org /virtual/lost+found; touch /virtual/file.example.org")
    for domain in ["half.example.org", "directory.example.org", "file.example.org", "domains", "removed", "frozen"]:
        assert send(host, "postmaster@" + domain, sender="gustav@example.org").code == 550
    host.check_output("rm -r /virtual/half.example.org /virtual/domains/directory.example.org /virtual/lost+found /virtual/file.example.org")


@pytest.mark.parametrize(("name", "router", "verp"), [
    ("org", "mailman_verp_router", True), ("net", "dnslookup", True), ("edu", "mailman_verp_router", True), ("com", "dnslookup", False),
])  # fmt: skip
def test_post(host, domains, send, sink, name, router, verp):
    """It reaches the members of that domain alone; VERP is done by who does it there."""
    domain, subject = domains[name], "post " + uuid.uuid4().hex
    mark = sink.mark()
    data = letter(Subject=subject, From="gustav@example.org", To="announce@" + domain.name)
    assert send(host, "announce@" + domain.name, sender="gustav@example.org", data=data).code == 250
    [copy] = sink.wait(1, since=mark, host=host, subject=subject)
    assert copy.rcpt_tos == [domain.member]
    assert copy.content["List-Id"] == "<announce.%s>" % domain.name
    assert copy.mail_from == "announce-bounces%s@%s" % ("+" + domain.member.replace("@", "=") if verp else "", domain.name)
    for spelling in [domain.name, domain.name.upper()]:
        assert "router = %s," % router in host.check_output("exim -bt -f announce-bounces@%s -oMa 127.0.0.1 x@example.org" % spelling)


@pytest.mark.parametrize("name", ["org", "net", "edu"])
def test_verp_bounce_scores_the_member_of_that_domain(host, domains, send, name):
    """Its text names nobody."""
    domain = domains[name]
    others = {other: domains[other].bounce_scores() for other in domains if other != name}
    recipient = "announce-bounces+%s@%s" % (domain.member.replace("@", "="), domain.name)
    assert send(host, recipient, sender="", data=letter("Sorry.\n", Subject="Undelivered", To=recipient)).code == 250
    assert eventually(domain.bounce_scores) == {domain.member: 1.0}
    assert {other: domains[other].bounce_scores() for other in others} == others


@pytest.mark.parametrize("name", ["org", "net", "edu"])
def test_membership_by_mail(host, domains, send, sink, name):
    """-join, -confirm and -request are those of that domain."""
    domain, address = domains[name], "heidi-%s@example.net" % uuid.uuid4().hex[:8]

    def write(local_part, subject):
        recipient = local_part + "@" + domain.name
        mark = sink.mark()
        assert send(host, recipient, sender=address, data=letter(Subject=subject, From=address, To=recipient)).code == 250
        [answer] = sink.wait(1, since=mark, host=host, to=address)
        assert domain.name in answer.mail_from
        return answer

    asked = write("announce-join", "")
    cookie = re.search(r"announce-confirm\+[0-9a-f]+(?=@%s)" % re.escape(domain.name), asked.message).group()
    assert "Welcome" in write(cookie, "Re: confirm").content["Subject"]
    assert [other for other in domains if address in domains[other].members()] == [name]
    assert "announce" in write("announce-request", "help").message


@pytest.mark.parametrize("name", ["org", "net", "edu"])
def test_null_sender(host, domains, send, name):
    """Each domain's own lists are protected: a list of one is none of another."""
    domain = domains[name]
    domain.host.check_output("%s/mailman/bin/newlist -q only-%s owner@example.org secret" % (domain.home, name))
    for other in domains.values():
        reply = send(host, "only-%s@%s" % (name, other.name), sender="")
        assert reply.code == 550
        assert ("Recipient never sends mail" in reply.reply) == (other is domain)


@pytest.mark.parametrize(("owner", "stranger"), [("org", "net"), ("net", "org"), ("net", "edu"), ("edu", "net")])
def test_users_cannot_read_what_other_domains_have(host, domains, owner, stranger):
    """Of another domain a user finds the names of its lists and Mailman's code."""
    home = domains[owner].home + "/mailman"
    user, other_user = (host.check_output("sed -n 's/user: //p' /virtual/domains/%s" % domains[name].name) for name in [owner, stranger])
    find = "runuser -u %s -- find %s/{lists,data,logs,qfiles,locks,archives,Mailman/mm_cfg.py,Mailman/mm_cfg.pyc} -type f -readable 2>/dev/null"
    own = host.run("bash -c '%s'" % find % (user, home)).stdout.split()
    assert {"config.pck", "mm_cfg.py", "adm.pw", "post"} <= {path.split("/")[-1] for path in own}
    assert host.run("bash -c '%s'" % find % (other_user, home)).stdout.split() == []


@pytest.mark.parametrize(("own", "foreign"), [("org", "net"), ("net", "org"), ("edu", "org")])
def test_web_pages_of_each_domain(host, domains, own, foreign):
    """Under its own name, with a certificate of its own, and no list of another domain's."""
    site = Site(host, "www." + domains[own].name)
    overview = site.ask("/mailman/listinfo")
    assert (overview.status, "listinfo/announce" in overview.page, "listinfo/only-%s" % own in overview.page) == (200, True, True)
    for path in ("/mailman/listinfo/only-%s", "/mailman/admin/only-%s"):
        assert site.ask(path % own).status == 200
        assert site.ask(path % foreign).status == 404
    certificate = ssl.DER_cert_to_PEM_cert(site.connect()[1])
    assert host.file("/etc/listhost/web_%s.pem" % domains[own].name).content_string == certificate
    assert site.ask("/mailman/listinfo", Host="www.unknown.example").status == 404


def test_archives_of_each_domain(host, domains):
    """Public ones, by a web server that is in no domain's group."""
    for domain in domains.values():
        archive = domain.home + "/mailman/archives/private/announce/post.html"
        user = host.check_output("sed -n 's/user: //p' /virtual/domains/%s" % domain.name)
        host.check_output("echo 'a post of %s' | runuser -u %s -- tee %s", domain.name, user, archive)
        assert "a post of " + domain.name in Site(host, "www." + domain.name).ask("/pipermail/announce/post.html").page


@pytest.mark.parametrize(("own", "foreign"), [("org", "edu"), ("edu", "org")])
def test_one_member_leaves_by_one_click(host, domains, post, own, foreign):
    """By the link of this member's copy, at its own domain. To look at it changes nothing, and neither does another domain's web host."""
    domain, other = domains[own], domains[foreign]

    def journal(one):
        return host.check_output("journalctl --sync; journalctl -q -t listhost-one-click-%s -o cat", one.name).splitlines()

    earlier = [len(journal(one)) for one in (domain, other)]
    before = {name: one.members() for name, one in domains.items()}
    links = {member: link_of(copy) for member, copy in post(domain).items()}
    assert sorted(links) == sorted(before[own])
    assert {link.host for link in links.values()} == {"www." + domain.name}
    [leaver] = set(before[own]) - {domain.member}
    site, path = Site(host, "www." + domain.name), links[leaver].path
    assert "Unsubscribe" in site.ask(path).page
    assert Site(host, "www." + other.name).ask(path).status == 403
    assert Site(host, "www." + other.name).ask(path, form=FORM).status == 403
    assert {name: one.members() for name, one in domains.items()} == before
    answer = site.ask(path, form=FORM, User_Agent="Mozilla/5.0 (compatible; Google-One-Click)")
    assert (answer.status, "gets no more mail" in answer.page) == (200, True)
    assert {name: one.members() for name, one in domains.items()} == dict(before, **{own: [domain.member]})
    assert [journal(one)[number:] for one, number in zip((domain, other), earlier)] == [
        ["removed: announce@%s, %s" % (domain.name, leaver)], 2 * ["refused: forged, key 1"]]


@pytest.mark.parametrize("name", ["net", "com"])
def test_a_domain_without_one_click(host, domains, post, name):
    domain = domains[name]
    assert [(link_of(copy), copy.content["List-Unsubscribe-Post"]) for copy in post(domain).values()] == [(None, None)] * len(domain.members())
    assert Site(host, "www." + domain.name).ask("/mailman/one-click", form=FORM).status == 404
    assert domain.files_for_one_click() == []


def test_who_can_read_the_keys(virtual, host, domains):
    """The mail server those with which it makes links, and each domain its own. They are root's."""
    with_it = [domains["org"], domains["edu"]]
    mail = ["/virtual/one_click/" + domain.name for domain in with_it]
    keys = ["/etc/listhost/one_click_%s/keys" % domain.name for domain in with_it]
    assert sorted(host.file("/virtual/one_click").listdir()) == sorted(domain.name for domain in with_it)
    assert host.check_output("stat -c '%%U %%G %%a' /virtual/one_click %s" % " ".join(mail)).splitlines() == [
        "root %s 750" % virtual.exim_user, *2 * ["root %s 640" % virtual.exim_user]]
    assert host.check_output("stat -c '%%U %%a' %s" % " ".join(keys)).splitlines() == 2 * ["root 640"]
    assert len({host.check_output("cut -d ' ' -f 3 %s", path) for path in keys}) == 2
    web_user = "apache" if virtual.el else "www-data"
    readers = dict({domain.user(): [] for domain in domains.values()}, **{virtual.exim_user: mail, web_user: []}, **{
        domain.user(): [path] for domain, path in zip(with_it, keys)})
    for user, files in readers.items():
        found = host.run("runuser -u %s -- sh -c 'for file in %s; do test -r $file && echo $file; done'" % (user, " ".join(mail + keys))).stdout
        assert found.split() == files, user


def test_one_domain_changes(virtual, host, domains, post):
    """Exim sees it without a restart, and Apache after a reload. The other domains notice nothing."""
    before, pid, web_file = virtual.state("org", "net", "edu"), domains["com"].pid(), host.file(virtual.web_file("com")).content_string
    ended = virtual.run("third", mailman_verp="exim", mailman_web_taken_down=["announce/post.html"], mailman_web_one_click=True)
    assert not ended.failures
    assert host.file(virtual.web_file("com")).content_string != web_file
    assert Site(host, "www." + domains["com"].name).ask("/pipermail/announce/post.html").status == 451
    assert Site(host, "www." + domains["org"].name).ask("/pipermail/announce/post.html").status == 200
    assert domains["com"].pid() != pid
    assert "router = mailman_verp_router," in host.check_output("exim -bt -f announce-bounces@%s -oMa 127.0.0.1 x@example.org" % domains["com"].name)
    link = link_of(post(domains["com"])[domains["com"].member])
    assert (link.host, Site(host, link.host).ask(link.path).status) == ("www." + domains["com"].name, 200)
    assert virtual.state("org", "net", "edu") == before


def test_one_click_is_switched_off(virtual, host, domains, post):
    """Nothing of it remains, and the other domains notice nothing."""
    before, domain = virtual.state("org", "net"), domains["edu"]
    assert not virtual.run("second", mailman_web_one_click=False).failures
    assert [link_of(copy) for copy in post(domain).values()] == [None] * len(domain.members())
    assert Site(host, "www." + domain.name).ask("/mailman/one-click", form=FORM).status == 404
    assert domain.files_for_one_click() == []
    assert virtual.state("org", "net") == before


def test_removal(virtual, host, domains, send):
    """It is in the archive, and its mail is refused; Exim and the other domains notice nothing."""
    domain = domains["com"]
    before = virtual.state("org", "net", "edu")
    selinux = {"__mailman_selinux_contexts": SELINUX} if virtual.el else {}
    assert not virtual.run("third", playbook="remove_domain.yml", remove_domain=domain.name, **selinux).failures
    assert virtual.state("org", "net", "edu") == before
    assert send(host, "announce@" + domain.name, sender="gustav@example.org").code == 550
    assert Site(host, "www." + domain.name).ask("/mailman/listinfo").status == 404
    assert host.run("find %s /etc/listhost -name '*example.com*'", virtual.web_files).stdout == ""
    assert host.run("systemctl is-active " + domain.unit).stdout.strip() == "inactive"
    assert host.check_output("find /etc/systemd /etc/cron.d /etc/logrotate.d /etc/tmpfiles.d -name '*example?com*'; ls -d /virtual/*.*") == "\n".join(
        domains[name].home for name in ["edu", "net", "org"])
    [archive] = host.file("/virtual/removed").listdir()
    assert re.fullmatch(re.escape(domain.name) + r"-\d{8}T\d{6}\.tgz", archive)
    assert host.file("/virtual/removed").mode == 0o700
    archived = host.check_output("tar --list --file /virtual/removed/" + archive).split()
    assert {domain.name + "/mailman/lists/announce/config.pck", domain.name + "/mailman/data/adm.pw"} <= set(archived)
    assert not virtual.el or host.file("/var/lib/semanage").content_string == ""
    again = virtual.run("third", playbook="remove_domain.yml", remove_domain=domain.name, **selinux)
    assert not again.failures
    assert set(again.changes.values()) == {0}
    assert host.file("/virtual/removed").listdir() == [archive]


def test_machine_is_set_up_anew_while_domains_are_installed(virtual, host):
    """Exim's package waits for what a domain's run installs, and the domains stay as they are."""
    pids = virtual.state("org", "net", "edu")[-1]
    host.check_output("rpm --erase exim" if virtual.el else "dpkg --force-depends --remove $(dpkg-query -W -f '${Package}\n' 'exim4-daemon-*')")
    with virtual.lock_held():
        machine = virtual.start_machine()
        waited = eventually(lambda: virtual.waiting_runs() == 1 or machine.poll() is not None, timeout=300) and machine.poll() is None
    ended = Run(machine)
    assert not ended.failures
    assert waited
    assert host.check_output("exim -bt announce@%s" % virtual.domains["org"].name).endswith("transport = mailman_transport")
    assert virtual.state("org", "net", "edu")[-1] == pids


@pytest.mark.parametrize("name", ["list_domains", "all", "typo"])
def test_removal_is_of_one_named_domain(name):
    ended = run("first", playbook="remove_domain.yml", remove_domain=name)
    assert set(ended.changes.values()) == {0}
    assert "remove_domain is '%s'. Set it to the name of one host of the group list_domains" % name in " ".join(ended.failures.values())
