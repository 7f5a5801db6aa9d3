# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import re

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _exim_proof as proof_of
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _trust
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_blocks import layouts
from ansible_collections.listhost.exim_mailman.plugins.modules import exim_blocks

CONF = b"""\
# By Anna \xe9
domainlist local_domains = @
hostlist relay_from_hosts = localhost
acl_smtp_rcpt = acl_check_rcpt
.include_if_exists %s/none
begin acl
acl_check_rcpt:
  accept hosts = :
begin routers
dnslookup:
  driver = dnslookup
  transport = remote_smtp
.include routers
begin transports
remote_smtp:
  driver = smtp
  debug_print = "x"
.ifdef _HAVE_TLS
  hosts_try_prdr = *
.endif
  message_size_limit = ${if >{$max_received_linelength}{998}{1}{0}}
begin retry
* * F,1h,1h"""
ROUTERS = b"system_aliases:\n  driver = redirect\n"
BLOCKS = [
    dict(slot="routers_local", name="lists", content="mailman_router:\n  driver = accept\n  transport = mailman_transport\n"),
    dict(slot="main", name="where", content="MM_HOME = /opt/mailman\n"),
    dict(slot="acl_rcpt_local", name="refuse", content="  deny senders = :\n"),
    dict(slot="acl_rcpt_early", name="bounces", content="  accept domains = +mm_domains\n"),
    dict(slot="acl_data", name="data", content="  deny condition = no\n"),
    dict(slot="transports", name="lists", content="mailman_transport:\n  driver = pipe\n  home_directory = MM_HOME\n"),
    dict(slot="retry", name="lists", content="* * senders=a F,1h,1h\n"),
    dict(slot="routers_remote", name="VERP", content="mailman_verp_router:\n  driver = dnslookup\n  transport = remote_smtp\n"),
]
# What update-exim4.conf makes: the files of a split configuration or the template, with the administrator's settings in the middle.
GENERATE = """#!/bin/sh
PATH=/usr/bin:/bin
directory=$2 output=$4
if grep -q unlucky $directory/update-exim4.conf.conf; then echo 'no such luck' >&2; exit 1; fi
{
    if grep -q "split_config='true'" $directory/update-exim4.conf.conf; then
        for section in main acl router transport retry rewrite auth; do
            for file in $(ls $directory/conf.d/$section | LC_ALL=C sort); do
                case $file in *.*) continue ;; esac
                [ -e $directory/conf.d/$section/$file.rul ] && file=$file.rul
                cat $directory/conf.d/$section/$file
            done
        done
    else
        cat $directory/exim4.conf.template
    fi
} | grep -v '^ *#' | sed 's/^\\(UPEX4CmacrosUPEX4C.*\\)$/\\1\\n####\\n# by me\\nDCconfig_internet=1\\n####/' >$output
"""
EXIM = """#!/bin/sh
PATH=/usr/bin:/bin
here=%s
config=$(cat $here/config)
if [ "$1" = -C ]; then config=$2; shift 2; fi
echo "exim $*" >>$here/calls
names() {
    sed -e "/^.include routers/{r $here/etc/routers" -e 'd}' $config |
        awk -v section="$1" '/^begin /{r = $2 == section} r && /^[a-z0-9_]+:$/{sub(":", ""); print}'
}
case "$*" in
    "-bP macros") echo _HAVE_TLS=y ;;
    -bV) cp $config $here/proven
        if grep -q broken $config; then echo "option broken unknown in $config" >&2; exit 1; fi
        echo "Configuration file is $config" ;;
    "-bP router_list") names routers | grep -v "$(cat $here/hidden)" || : ;;
    "-bP transport_list") names transports ;;
    "-bP exim_user exim_group") printf 'exim_user = 0\\nexim_group = 0\\n' ;;
    "-bP smtp_accept_queue_per_connection") echo smtp_accept_queue_per_connection = 10 ;;
    "-bP pid_file_path"*) printf 'pid_file_path = %%s\\nlog_file_path = %%s\\n' "$here/pid" "$here/%%slog" ;;
esac
"""
SYSTEMCTL = """#!/bin/sh
PATH=/usr/bin:/bin
here=%s
echo "systemctl $*" >>$here/calls
case "$1" in
    show) echo SubState=running ;;
    restart) if [ -e $here/etc/update-exim4.conf.conf ]; then $here/update-exim4.conf -d $here/etc -o $here/generated; fi
        if grep -rq failing $here/etc; then echo no luck; exit 1; fi
        [ "$(cat $here/pid)" = %d ] && echo %d >$here/pid || echo %d >$here/pid ;;
esac
"""


class Host:
    """A host with an Exim; files are those of its configuration."""

    def __init__(self, here, run):
        self.here, self.run, self.etc = here, run, here / "etc"
        self.path = self.etc / "exim.conf"

    def write(self, **files):
        for name, content in files.items():
            path = self.etc / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o644)

    def files(self):
        return dict((os.path.relpath(os.path.join(place, name), str(self.etc)), open(os.path.join(place, name), "rb").read())
                    for place, dummy, names in os.walk(str(self.etc)) for name in names)

    def __call__(self, **arguments):
        return self.run(exim_blocks, **dict(dict(path=str(self.path), exim=str(self.here / "exim"), blocks=BLOCKS), **arguments))

    def called(self, word):
        calls = self.here / "calls"
        return [line for line in calls.read_text().splitlines() if word in line] if calls.exists() else []


@pytest.fixture
def host(tmp_path, monkeypatch, run_module):
    """A host whose configuration is one file and one that it includes."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda path, user, group: None)
    monkeypatch.setattr(proof_of, "LISTEN_TIMEOUT", 0.5)
    monkeypatch.setattr(_trust.Look, "end", lambda self: None)
    # test_comparing.py has what it finds.
    monkeypatch.setattr(exim_blocks.comparing, "compare", lambda *arguments: [])
    monkeypatch.setattr(layouts, "GENERATED", str(tmp_path / "generated"))
    monkeypatch.setattr("ansible.module_utils.basic.AnsibleModule.get_bin_path", lambda self, name, required=False, opt_dirs=None: str(tmp_path / name))
    found = Host(tmp_path, run_module)
    found.write(**{"exim.conf": CONF.replace(b"%s", str(tmp_path).encode()), "routers": ROUTERS})
    (tmp_path / "config").write_text(str(found.path))
    (tmp_path / "hidden").write_text("nothing")
    (tmp_path / "pid").write_text(str(os.getppid()))
    scripts = {"exim": EXIM % tmp_path, "systemctl": SYSTEMCTL % (tmp_path, os.getpid(), os.getppid(), os.getpid()), "update-exim4.conf": GENERATE}
    for name, text in scripts.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return found


@pytest.fixture(params=["false", "true"])
def debian(request, host):
    """A host with Debian's configuration, unsplit and split."""
    return as_debian(host, request.param)


def as_debian(host, split):
    text = host.path.read_bytes().replace(b"acl_smtp_rcpt = acl_check_rcpt", b"""\
.ifndef MAIN_ACL_CHECK_RCPT
MAIN_ACL_CHECK_RCPT = acl_check_rcpt
.endif
acl_smtp_rcpt = MAIN_ACL_CHECK_RCPT
.ifndef MAIN_ACL_CHECK_DATA
MAIN_ACL_CHECK_DATA = acl_check_data
.endif
acl_smtp_data = MAIN_ACL_CHECK_DATA
UPEX4CmacrosUPEX4C = 1""").replace(b"begin routers\n", b"acl_check_data:\n  accept\nbegin routers\n").replace(b".include routers\n", ROUTERS)
    host.path.unlink()
    (host.etc / "routers").write_bytes(b"")
    parts = re.split(rb"(?m)^(begin .*\n)", text)
    host.write(**{
        "update-exim4.conf.conf": b"dc_eximconfig_configtype='internet'\ndc_use_split_config='%s'\n" % split.encode(), "exim4.conf.template": text + b"\n",
        **{"conf.d/%s/00_header" % section: part for section, part in zip(("acl", "router", "transport", "retry"), parts[1::2])},
        **{"conf.d/%s/30_all" % section: part + b"\n" for section, part in zip(("main", "acl", "router", "transport", "retry"), parts[0::2])},
        "conf.d/rewrite/README.txt": b"", "conf.d/auth/README.txt": b"",
    })
    (host.here / "config").write_text(layouts.GENERATED)
    generate(host)
    return host


def generate(host):
    """Do what the start of Exim's service does."""
    assert os.system("%s -d %s -o %s" % (host.here / "update-exim4.conf", host.etc, layouts.GENERATED)) == 0


def marked(content):
    return re.findall(r"(?m)^# (BEGIN|END) exim_mailman (\w+)", content.decode("utf-8", "replace"))


def test_blocks_go_into_one_file_and_out_again(host):
    before = host.files()
    result = host(service="exim")
    assert result.get("msg") is None
    assert (result["changed"], result["proven"], result["changed_paths"]) == (True, True, [str(host.path)])
    assert len(host.called("systemctl restart exim")) == 1
    after = host.path.read_bytes()
    names = [name for word, name in marked(after) if word == "BEGIN"]
    assert names == ["main", "acl", "acl_rcpt", "routers", "transports", "retry"]
    # Exim uses the first router and the first retry rule; blocks of one place have the order of their slots.
    order = ["MM_HOME =", "acl_smtp_data = acl_exim_mailman_data", "begin acl", "acl_exim_mailman_data:", "acl_check_rcpt:", "accept domains", "deny senders",
             "accept hosts", "begin routers", "mailman_verp_router:", "mailman_router:", "dnslookup:", "begin transports", "mailman_transport:",
             "remote_smtp:", "begin retry", "senders=a", "* * F,1h,1h"]
    assert sorted(order, key=after.decode("latin-1").index) == order
    # What was proven has what is included.
    assert b"system_aliases:" in (host.here / "proven").read_bytes()
    again = host(service="exim")
    assert (again["changed"], again["proven"], again["changed_paths"]) == (False, False, [])
    assert len(host.called("systemctl restart exim")) == 1
    away = host(state="absent", service="exim")
    assert (away["changed"], away["changed_paths"]) == (True, [str(host.path)])
    assert host.files() == before
    assert host(state="absent")["changed"] is False


def test_blocks_go_into_debians_files_and_out_again(debian):
    before = debian.files()
    result = debian(service="exim4")
    assert result.get("msg") is None
    assert (result["changed"], result["proven"]) == (True, True)
    changed = sorted(os.path.relpath(path, str(debian.etc)) for path in result["changed_paths"])
    split = b"'true'" in before["update-exim4.conf.conf"]
    assert changed == (sorted("conf.d/" + name for name in layouts.SPLIT.values()) if split else ["exim4.conf.template"])
    generate(debian)
    generated = (debian.here / "generated").read_text("latin-1")
    order = ["MM_HOME", "UPEX4C", "DCconfig_internet=1", "begin acl", "accept domains", "deny senders"] + ([] if split else ["accept hosts"]) + [
        "begin routers", "mailman_verp_router", "mailman_router", "dnslookup:", "begin transports", "begin retry", "senders=a"]
    assert sorted(order, key=generated.index) == order
    if split:
        assert "acl_exim_mailman_rcpt:\n\n" in generated
        assert re.search(r"deny senders = :\n+  accept\n    acl = acl_check_rcpt\n", generated)
        assert re.search(r"deny condition = no\n+  accept\n    acl = acl_check_data\n", generated)
    again = debian(service="exim4")
    assert (again["changed"], again["proven"]) == (False, False)
    away = debian(state="absent", service="exim4")
    assert (away["changed"], sorted(away["changed_paths"])) == (True, sorted(result["changed_paths"]))
    assert debian.files() == before


def test_blocks_move_with_the_scheme(host):
    debian = as_debian(host, "true")
    before = debian.files()
    debian(service="exim4")
    debian.write(**{"update-exim4.conf.conf": before["update-exim4.conf.conf"].replace(b"true", b"false")})
    generate(debian)
    debian(service="exim4")
    assert [name for name, content in debian.files().items() if marked(content)] == ["exim4.conf.template"]
    debian(state="absent", service="exim4")
    assert dict(debian.files(), **{"update-exim4.conf.conf": b""}) == dict(before, **{"update-exim4.conf.conf": b""})


def test_routers_of_a_split_configuration_stand_before_the_one_that_is_named(host):
    debian = as_debian(host, "true")
    both = (debian.etc / "conf.d/router/30_all").read_bytes()
    aliases = both.index(b"system_aliases")
    debian.write(**{"conf.d/router/30_all": both[:aliases], "conf.d/router/400_aliases": both[aliases:]})
    generate(debian)

    def files():
        return sorted(os.listdir(str(debian.etc / "conf.d/router")))

    assert debian(anchors={"router": "system_aliases"}, service="exim4").get("msg") is None
    assert files() == ["00_header", "30_all", "310_exim_mailman", "400_aliases"]
    assert debian(anchors={"router": "dnslookup"}, service="exim4").get("msg") is None
    assert files() == ["00_header", "010_exim_mailman", "30_all", "400_aliases"]
    debian(state="absent", service="exim4")
    for old, new in (("00_header", "000_a"), ("30_all", "000_b"), ("400_aliases", "000_c")):
        (debian.etc / "conf.d/router" / old).rename(debian.etc / "conf.d/router" / new)
    assert debian(anchors={"router": "system_aliases"})["msg"].startswith(
        "exim_anchors.router is system_aliases, and no file can have a name that stands between that of %s/conf.d/router/000_c and" % debian.etc)


def test_check_mode_proves_and_changes_nothing(debian):
    before = debian.files()
    result = debian(_ansible_check_mode=True, service="exim4")
    assert (result["changed"], result["proven"], debian.files(), debian.called("systemctl")) == (True, True, before, [])


def test_a_plan_changes_nothing(host):
    before = host.files()
    result = host(state="planned")
    assert (result["changed"], result["options"]) == (False, {"smtp_accept_queue_per_connection": "10"})
    assert host.files() == before


ROUTER_FIRST = b"begin routers\nmailman_router:\n  driver = accept\n"


@pytest.mark.parametrize("state", ["planned", "present"])
@pytest.mark.parametrize(("old", "new", "words"), [
    (b"# By Anna", b"# Ansible managed", ["a file of a configuration management"]),
    (b"# By Anna", b"# Exim's whole configuration. Role exim writes this file: change the inventory.", ["the whole configuration that role exim wrote"]),
    (b"begin routers\n", ROUTER_FIRST, ["has Mailman in its configuration already, not by this collection: router mailman_router (line 10 of "]),
    (b"hostlist", b"MM_HOME_DIR = x\nhostlist", ["macro MM_HOME and macro MM_HOME_DIR (line 3 of "]),
    (b"domainlist local_domains", b"domainlist ours", ["exim_anchors.local_domains is local_domains", "There are: ours."]),
    (b"  driver = smtp\n", b"  driver = smtp\n  dkim_domain = x\n", [
        "transport remote_smtp has options that mail by another transport would lack: dkim_domain.", "for lists that is mailman_verp: mailman"]),
    (b"driver = dnslookup", b"driver = manualroute", ["this host sends its mail by router dnslookup, and not to the hosts that the DNS names"]),
    (b"# By Anna", b"broken", ["Exim does not accept the configuration that it has: option broken unknown"]),
    (b"begin routers\n", b"begin routers\n.include other", ["there is no file "]),
    # A macro of the host's changes what the blocks mean.
    (b"hostlist", b"D = x\nhostlist", []),
    (b"hostlist", b"F = x\nhostlist", ["Exim would not read this of the blocks as it is meant, because of a condition, a macro or the line before: * * "
                                       "senders=a F,1h,1h"]),
])
def test_what_is_wrong_is_named_and_nothing_is_changed(host, state, old, new, words):
    blocks = [dict(block, leads_to="other_hosts") if block["slot"] == "transports" else block for block in BLOCKS]
    host.write(**{"exim.conf": host.path.read_bytes().replace(old, new)})
    before = host.files()
    result = host(state=state, blocks=blocks, service="exim", _ansible_check_mode=state == "planned")
    assert bool(result.get("failed")) == bool(words), result
    assert [word for word in words if word not in result["msg"]] == []
    if words:
        assert host.files() == before
        assert host.called("systemctl") == []


def test_a_configuration_that_exim_reads_otherwise_stays(host):
    (host.here / "hidden").write_text("dnslookup")
    assert host()["msg"] == (
        "Exim reads its configuration otherwise than this module: its routers are system_aliases, here they are dnslookup, system_aliases.")


def test_another_file_than_exim_reads_stays(host):
    (host.here / "config").write_text(str(host.etc / "other"))
    (host.etc / "other").write_bytes(host.path.read_bytes())
    assert host()["msg"] == "Exim reads %s/other, and not %s." % (host.etc, host.path)


@pytest.mark.parametrize(("settings", "words"), [
    (b"dc_eximconfig_configtype='local'\n", "has dc_eximconfig_configtype='local': this host sends and receives no mail"),
    (b"", "has dc_eximconfig_configtype='': "),
    (b"dc_eximconfig_configtype='internet'\nunlucky\n", "update-exim4.conf makes no configuration: no such luck"),
])
def test_settings_of_debians_that_will_not_do(debian, settings, words):
    debian.write(**{"update-exim4.conf.conf": settings})
    assert words in debian()["msg"]


def test_settings_that_exim_has_not_read_yet(debian):
    settings = (debian.etc / "update-exim4.conf.conf").read_bytes()
    name = "conf.d/main/30_all" if b"'true'" in settings else "exim4.conf.template"
    text = (debian.etc / name).read_bytes()
    debian.write(**{name: text + b"message_size_limit = 1M\n" if name.startswith("conf.d") else text.replace(b"begin acl", b"x_y = z\nbegin acl")})
    before = debian.files()
    assert "Exim has not read yet what is in %s now" % debian.etc in debian()["msg"]
    assert debian.files() == before
    debian.write(**{name: text})
    # Comments do not count.
    (debian.here / "generated").write_bytes(b"# of yesterday\n" + (debian.here / "generated").read_bytes())
    assert debian().get("msg") is None


def test_a_host_without_a_configuration(host):
    host.path.unlink()
    assert host()["msg"].startswith("there is neither %s nor %s/update-exim4.conf.conf: " % (host.path, host.etc))


def test_a_file_that_replaces_ours_is_noticed(host):
    debian = as_debian(host, "true")
    debian.write(**{"conf.d/router/01_exim_mailman.rul": b""})
    assert "the routers are dnslookup, system_aliases, but should be mailman_verp_router, mailman_router, dnslookup, system_aliases." in debian()["failures"]


def test_an_acl_that_cannot_be_set_is_noticed(host):
    debian = as_debian(host, "true")
    main = (debian.etc / "conf.d/main/30_all").read_bytes()
    debian.write(**{"conf.d/main/30_all": main.replace(b"acl_smtp_rcpt = MAIN_ACL_CHECK_RCPT", b"acl_smtp_rcpt = acl_check_rcpt")})
    generate(debian)
    assert debian()["failures"] == ["acl_smtp_rcpt is acl_check_rcpt, and cannot be set from conf.d/main."]


def test_files_of_another_mailman_are_put_aside_and_come_back(host):
    debian = as_debian(host, "true")
    debian.write(**{
        "conf.d/main/04_exim4-config_mailman": b"MM_HOME=/var/lib/mailman\n",
        "conf.d/transport/40_exim4-config_mailman": b"mailman_transport:\n  driver = pipe\n",
        "conf.d/router/101_exim4-config_mailman": b"mailman_router:\n  driver = accept\n", "conf.d/router/101_exim4-config_mailman.old": b"older\n"})
    generate(debian)
    before = debian.files()
    said = debian()["msg"]
    assert "has Mailman in its configuration already, not by this collection: macro MM_HOME (line " in said
    assert "set exim_replace_configuration to true: then it is put aside" in said
    assert debian.files() == before
    assert debian(replace_mailman=True).get("msg") is None
    after = debian.files()
    for name in ("main/04", "transport/40", "router/101"):
        name = "conf.d/%s_exim4-config_mailman" % name
        assert (name in after, after[name + ".replaced"]) == (False, before[name])
    generate(debian)
    assert debian(replace_mailman=True)["changed"] is False
    assert debian(state="absent").get("msg") is None
    assert debian.files() == before
    generate(debian)
    assert debian(state="absent")["changed"] is False


LABEL = b"acl_check_rcpt:\n"
# Those of the lists define this list of domains, too.
OF_LISTS = [*BLOCKS, dict(slot="main", name="domains", content="domainlist mm_domains = list.example.com\n")]
# As people have it from the HOWTO, here and there.
HOWTO = {
    b"# By Anna": b"# By Anna\nMM_HOME=/var/lib/mailman\nMM_WRAP=MM_HOME/mail/mailman\ndomainlist mm_domains=list.example.com",
    b"acl_check_rcpt:\n": (b"acl_check_rcpt:\n  # Bounces\n  accept\n    condition = ${if exists{MM_HOME/lists/x/config.pck}}\n  deny domains = +mm_domains\n"
                           b"  warn condition = ${if exists{/lists/config.pck}}\n"),
    b"begin routers\n": b"begin routers\nlists:\n  driver = accept\n  # where\n\n  domains = +mm_domains\n  transport = mailman_transport\n\n",
    b"begin transports\n": b"begin transports\nmailman_transport:\n  driver = pipe\n  command = MM_WRAP \\\n     post\n",
}


def with_howto(text):
    for old, new in HOWTO.items():
        assert old in text
        text = text.replace(old, new)
    return text


def test_another_mailman_in_one_file_is_put_aside_and_comes_back(host):
    """Octet for octet, whatever else has changed meanwhile."""
    host.write(**{"exim.conf": with_howto(host.path.read_bytes())})
    before = host.files()
    said = host()["msg"]
    assert "has Mailman in its configuration already, not by this collection: macro MM_HOME (line 2 of %s), macro MM_WRAP (line 3 of" % host.path in said
    assert "router lists (line " in said
    assert host.files() == before
    result = host(blocks=OF_LISTS, replace_mailman=True, service="exim")
    assert result.get("msg") is None
    after = host.path.read_bytes()
    aside = re.findall(rb"(?ms)^# BEGIN exim_mailman replaced .*?^# END exim_mailman replaced$", after)
    lines = b"\n".join(aside)
    # What stands together has one pair of marks.
    assert len(aside) == 5
    for line in (b"#MM_HOME=/var", b"#domainlist mm_domains=list", b"#  accept\n#    condition", b"#lists:\n#  driver = accept\n#  # where\n#\n#  domains",
                 b"#  command = MM_WRAP \\\n#     post\n", b"#  warn condition"):
        assert line in lines
    # What is not Mailman's alone stays.
    assert b"\n  deny domains = +mm_domains\n" in after
    # It may be secret.
    assert "/var/lib/mailman" not in str(result["diff"])
    for replace_mailman in (True, False):
        assert host(blocks=OF_LISTS, replace_mailman=replace_mailman, service="exim")["changed"] is False
    host.write(**{"exim.conf": host.path.read_bytes().replace(b"# By Anna", b"# By Anna and Berta")})
    assert host(state="absent", service="exim").get("msg") is None
    assert host.path.read_bytes() == before["exim.conf"].replace(b"# By Anna", b"# By Anna and Berta")


def test_another_mailman_in_debians_files_is_put_aside_and_comes_back(debian):
    split = b"'true'" in (debian.etc / "update-exim4.conf.conf").read_bytes()
    if split:
        texts = {name: text for name, text in debian.files().items() if name.endswith(("/30_all", "/00_header"))}
        for name, old in (("main/30_all", b"# By Anna"), ("acl/30_all", b"acl_check_rcpt:\n"), ("router/00_header", b"begin routers\n"),
                          ("transport/00_header", b"begin transports\n")):
            texts["conf.d/" + name] = texts["conf.d/" + name].replace(old, HOWTO[old])
    else:
        template = with_howto((debian.etc / "exim4.conf.template").read_bytes())
        macro = b"MM_HOME=/var/lib/mailman\n"
        texts = {"exim4.conf.localmacros": macro, "exim4.conf.template": template.replace(macro, b"")}
    debian.write(**texts)
    generate(debian)
    before = debian.files()
    assert "router lists (line %d of %s/" % ((2 if split else 27), debian.etc) in debian()["msg"]
    assert debian(blocks=OF_LISTS, replace_mailman=True, service="exim4").get("msg") is None
    generated = (debian.here / "generated").read_bytes()
    assert (b"/var/lib/mailman" in generated, b"\nlists:" in generated, b"MM_HOME = /opt/mailman" in generated) == (False, False, True)
    for replace_mailman in (True, False):
        assert debian(blocks=OF_LISTS, replace_mailman=replace_mailman, service="exim4")["changed"] is False
    assert debian(state="absent", service="exim4").get("msg") is None
    assert debian.files() == before


@pytest.mark.parametrize(("old", "new", "words"), [
    (b"hostlist relay_from_hosts", b"HIS = MM_HOME/x\nhostlist relay_from_hosts",
     "macro MM_HOME (line 2 of {0}) cannot be put aside: line 6 of {0} refers to it"),
    (b"  driver = pipe\n", b".ifdef X\n.endif\n  driver = pipe\n", "transport mailman_transport (line 30 of {0})"),
    (b"  driver = pipe\n", b"  driver = pipe\n.ifdef X\n  x_y\n.endif\n", ""),
    (b"     post\n", b"     post\n\n.ifdef X\n  return_output\n.endif\n", "transport mailman_transport (line 30 of {0}) cannot be put aside: some of it stands "
     "between .ifdef and .endif"),
    (b"dnslookup:\n", b"dnslookup:\n  redirect_router = lists\n", "router lists (line 18 of {0}) cannot be put aside: line 26 of {0} refers to it"),
    (b"@\n", b"@ : +mailman_domains\ndomainlist mailman_domains = x\n",
     "domainlist mailman_domains (line 6 of {0}) cannot be put aside: line 5 of {0} refers to it"),
])
def test_another_mailman_that_cannot_be_put_aside_stays(host, old, new, words):
    host.write(**{"exim.conf": with_howto(host.path.read_bytes()).replace(old, new)})
    before = host.files()
    said = host(blocks=OF_LISTS, replace_mailman=True)["msg"]
    assert words.format(host.path) in said and "cannot be put aside" in said, said
    assert host.files() == before


def test_what_refers_to_files_of_another_mailman_goes_or_stays(host):
    debian = as_debian(host, "true")
    acl = (debian.etc / "conf.d/acl/30_all").read_bytes()
    debian.write(**{"conf.d/main/04_mailman": b"MM_HOME=/var/lib/mailman\n", "conf.d/acl/30_all": acl.replace(LABEL, LABEL + b"  drop condition = MM_HOME\n")})
    generate(debian)
    before = debian.files()
    assert debian(replace_mailman=True, service="exim4").get("msg") is None
    assert b"\n#  drop condition = MM_HOME\n" in (debian.etc / "conf.d/acl/30_all").read_bytes()
    assert debian(state="absent", service="exim4").get("msg") is None
    assert debian.files() == before
    debian.write(**{"conf.d/auth/30_all": b"begin authenticators\nMY = MM_HOME\n"})
    generate(debian)
    assert "macro MM_HOME (line 1 of {0}/main/04_mailman) cannot be put aside: line 2 of {0}/auth/30_all".format(debian.etc / "conf.d") in debian(
        replace_mailman=True)["msg"]


def test_a_block_that_somebody_changed_stays(host):
    host()
    host.write(**{"exim.conf": host.path.read_bytes().replace(b"driver = accept", b"driver = redirect")})
    before = host.files()
    for state in ("present", "absent"):
        assert "somebody has changed the block routers" in host(state=state)["msg"]
    assert host.files() == before


def test_lines_that_somebody_added_to_a_file_of_ours_stay(host):
    debian = as_debian(host, "true")
    debian()
    path = debian.etc / "conf.d/main/00_exim_mailman"
    path.write_bytes(path.read_bytes() + b"MY = 1\n")
    generate(debian)
    debian(state="absent")
    assert path.read_bytes() == b"MY = 1\n"


def test_what_the_tests_refuse_is_not_installed(host, monkeypatch):
    monkeypatch.setattr(proof_of.exim_address, "run_tests", lambda *arguments: ([], ["a@b: expected transport x, found y"]))
    before = host.files()
    result = host(address_tests=[dict(address="a@b")])
    assert result["msg"] == "%s: the new configuration is not installed:\na@b: expected transport x, found y" % host.path
    assert host.files() == before


def test_what_fares_otherwise_than_before_is_not_installed(host, monkeypatch):
    asked = []
    monkeypatch.setattr(exim_blocks.comparing, "compare", lambda *arguments: asked.append(arguments) or ["a@b: x before, y now"])
    before = host.files()
    for state in ("present", "absent"):
        assert bool(host(state=state, known_addresses=["a@b"], domains=["+mm_domains"]).get("failed")) is (state == "present")
        assert host.files() == before
    host.path.write_bytes(before["exim.conf"])
    [(old, new, without, having, configuration, known, domains)] = asked
    assert (old.config, new.config[:5], having, known, domains) == (None, "/tmp/", [new], ["a@b"], ["+mm_domains"])
    assert configuration.names("router") == ["dnslookup", "system_aliases"]


def test_which_of_the_configurations_have_blocks(debian, monkeypatch):
    asked = []

    def compare(old, new, without, having, *dummy):
        asked.append([["old", "new"][(old, new).index(one)] for one in having])
        for exim, has_them in ((new, "new" in asked[-1]), (without, False)):
            with open(exim.config, encoding="latin-1") as stream:
                text = stream.read()
            assert ("mailman_router:" in text, "dnslookup:" in text) == (has_them, True)
        return []

    monkeypatch.setattr(exim_blocks.comparing, "compare", compare)
    debian(service="exim4")
    debian(blocks=BLOCKS[:-1], service="exim4")
    debian(state="absent", service="exim4")
    assert asked == [["new"], ["old", "new"], ["old"]]


def test_what_is_left_of_the_lists_goes_where_the_blocks_have_gone(host, monkeypatch):
    asked = []
    monkeypatch.setattr(exim_blocks.comparing, "compare", lambda *arguments: asked.append(arguments[3]) or [])
    aliases = dict(path=str(host.etc / "aliases"), content="# Role exim writes this file: x\nabuse: root\n")
    host.write(aliases=aliases["content"].encode())
    assert host(state="absent", files=[aliases])["changed_paths"] == [aliases["path"]]
    assert asked == [[]]


def test_a_difference_shows_the_blocks_alone(host):
    host.write(**{"exim.conf": b"hide mysql_servers = localhost/exim/exim/secret\n" + host.path.read_bytes()})
    aliases = dict(path=str(host.etc / "aliases"), content="# Role exim writes this file: x\nabuse: root\n")
    first = host(files=[aliases])
    second = host(files=[aliases], blocks=BLOCKS[:-1])
    assert "secret" not in str(first) + str(second)
    [diff, of_aliases] = first["diff"]
    assert (diff["before_header"], diff["before"], marked(diff["after"].encode())) == (str(host.path), "", marked(host.path.read_bytes()))
    assert (of_aliases["before"], of_aliases["after"]) == ("", aliases["content"])
    [diff] = second["diff"]
    assert ("mailman_verp_router:" in diff["before"], "mailman_verp_router:" in diff["after"]) == (True, False)


def test_what_is_proven_is_exims_alone(host, monkeypatch):
    """Included files may have secrets that the file which includes them has not."""
    monkeypatch.setattr(exim_blocks.comparing, "compare", lambda old, *others: [oct(os.stat(exim.config).st_mode & 0o777) for exim in others[:2]])
    assert host()["failures"] == ["0o640", "0o640"]


def test_the_administrators_files_stay_as_open_as_they_are(host):
    host.path.chmod(0o640)
    host()
    assert host.path.stat().st_mode & 0o777 == 0o640


def test_a_statement_that_would_swallow_a_block_is_noticed(host):
    debian = as_debian(host, "true")
    debian.write(**{"conf.d/transport/00_header": b"begin transports\nfirst:\n  driver = smtp \\\n"})
    generate(debian)
    [lost, *dummy] = debian()["failures"]
    assert re.match(r"the statement in line \d+ of \S+ would be lost\Z", lost)


def test_a_service_that_does_not_start_has_its_files_back(debian):
    before = debian.files()
    blocks = [dict(block, content="# failing\n" + block["content"]) if block["slot"] == "main" else block for block in BLOCKS]
    result = debian(blocks=blocks, service="exim4")
    assert result["msg"].endswith("does not start with the new configuration: no luck. The previous files were brought back, and it runs with them.")
    assert debian.files() == before


def test_files_come_and_go_with_the_blocks(host):
    aliases = dict(path=str(host.etc / "aliases"), content="# Role exim writes this file: x\nabuse: root\n")
    before = host.files()
    assert host(files=[aliases], service="exim")["changed_paths"] == [str(host.path), aliases["path"]]
    assert host(files=[dict(aliases, content=aliases["content"] + "b: c\n")], service="exim")["changed_paths"] == [aliases["path"]]
    # Also where others may write it since.
    os.chmod(aliases["path"], 0o666)
    assert host(files=[dict(aliases, content=aliases["content"] + "b: c\n")])["changed_paths"] == [aliases["path"]]
    assert oct(os.stat(aliases["path"]).st_mode & 0o777) == "0o644"
    # They are read when they are used.
    assert len(host.called("systemctl restart")) == 1
    host(state="absent", files=[aliases])
    assert host.files() == before
    host.write(aliases=b"anna: berta\n")
    assert host(files=[aliases])["msg"].startswith(aliases["path"] + " is there, and role exim did not write it.")
    host(state="absent", files=[aliases])
    assert (host.etc / "aliases").read_bytes() == b"anna: berta\n"


def test_what_others_can_write_is_not_read(host, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr("ansible.module_utils.basic.AnsibleModule.get_bin_path", lambda self, name, required=False, opt_dirs=None: str(host.here / name))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    (host.etc / "routers").chmod(0o666)
    assert "only root should be able to write Exim's configuration, but " in host()["msg"]
    assert "%s/routers can be written by everybody" % host.etc in host()["msg"]
