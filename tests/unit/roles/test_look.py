# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles' looks at a host find. molecule/first_hour has them on a real one."""

import grp
import hashlib
import os
import shutil
import stat
import subprocess
import tempfile

import pytest
import yaml
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_settings import look_at_file
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._host_exim import read_own_files

ROLES = os.path.join(os.path.dirname(__file__), "..", "..", "..", "roles")
DEFAULTS = """# A comment
dc_eximconfig_configtype='local'
dc_other_hostnames='lists.example.com'
dc_local_interfaces='127.0.0.1 ; ::1'
dc_readhost=''
dc_relay_domains=''
dc_minimaldns='false'
dc_relay_nets=''
dc_smarthost=''
CFILEMODE='644'
dc_use_split_config='false'
dc_hide_mailname=''
dc_mailname_in_oh='true'
dc_localdelivery='mail_spool'
"""


@pytest.fixture
def host(tmp_path):
    """A host with the directory of Exim's configuration, and with the programs of its package manager."""

    class Host:
        etc = tmp_path / "exim4"
        configuration = etc / "exim4.conf"
        aliases = etc / "aliases"
        packaged = {}

        def program(self, name, text):
            path = tmp_path / "bin" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text("#!/bin/sh\n" + text)
            path.chmod(0o755)

        def put(self, name, content, packaged=None):
            path = self.etc / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
            if packaged is not None:
                self.packaged[str(path)] = hashlib.md5(packaged.encode()).hexdigest()
            return str(path)

        def found(self):
            conffiles = "".join(" %s %s\n" % pair for pair in self.packaged.items())
            self.program("dpkg-query", "cat << END\n%s\nEND\n" % conffiles)
            look = os.path.join(ROLES, "exim", "files", "look.sh")
            environment = {"PATH": "%s:/usr/sbin:/usr/bin:/sbin:/bin" % (tmp_path / "bin")}
            out = subprocess.run(
                ["sh", look, "/nonexistent/exim", "exim", "sport = :1", str(self.configuration), str(self.aliases)], env=environment, cwd="/",
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
            ).stdout.decode()
            # Whoever runs the tests may forward mail.
            return [line for line in out.splitlines() if line.startswith(("existing=", "replaced=")) and not line.endswith("/.forward")]

    host = Host()
    host.packaged = {}
    return host


def debian(host):
    """What Debian's package brings."""
    host.put("exim4.conf.template", "template", "template")
    host.put("conf.d/acl/30_exim4-config_check_mail", "acl", "acl")
    host.put("passwd.client", "", "")
    host.put("update-exim4.conf.conf", DEFAULTS)


def test_a_bare_host(host):
    assert host.found() == []


def test_debians_package(host):
    debian(host)
    host.put("exim4.conf.template.dpkg-old", "x")
    host.put("exim4.conf.20260131-235959~", "x")
    host.put("dkim/list.example.com.pem", "x")
    assert host.found() == []
    others = DEFAULTS.replace("'local'", "'none'").replace("127.0.0.1 ; ::1", "127.0.0.1").replace("split_config='false", "split_config='true")
    host.put("update-exim4.conf.conf", others)
    assert host.found() == []


@pytest.mark.parametrize(("default", "changed", "found"), [
    ("configtype='local'", "configtype='internet'", "dc_eximconfig_configtype=internet"),
    ("relay_nets=''", 'relay_nets="192.0.2.0/24"', "dc_relay_nets=192.0.2.0/24"),
    ("smarthost=''", "smarthost='mail.example.net'", "dc_smarthost=mail.example.net"),
    ("'lists.example.com'", "'lists.example.com:example.com'", "dc_other_hostnames=lists.example.com:example.com"),
    ("'127.0.0.1 ; ::1'", "''", "dc_local_interfaces="),
    ("'mail_spool'", "'maildir_home'", "dc_localdelivery=maildir_home"),
])
def test_debians_settings(host, default, changed, found):
    debian(host)
    assert default in DEFAULTS
    path = host.put("update-exim4.conf.conf", DEFAULTS.replace(default, changed))
    assert host.found() == ["existing=%s: %s" % (path, found)]


def test_debians_files(host):
    debian(host)
    host.put("exim4.conf.template", "changed", "template")
    host.put("conf.d/router/999_own", "own")
    host.put("exim4.conf.localmacros", "own")
    os.unlink(str(host.etc / "conf.d/acl/30_exim4-config_check_mail"))
    names = ("conf.d/acl/30_exim4-config_check_mail", "conf.d/router/999_own", "exim4.conf.localmacros", "exim4.conf.template")
    assert host.found() == ["existing=%s/%s" % (host.etc, name) for name in names]


def test_a_configuration_in_one_file(host):
    debian(host)
    # Beside it these have no effect.
    host.put("exim4.conf.localmacros", "own")
    configuration, aliases = host.put("exim4.conf", "own"), host.put("aliases", "own")
    assert host.found() == ["replaced=" + configuration, "replaced=" + aliases]


def test_the_roles_own(host):
    """As the templates have it."""
    debian(host)
    host.put("exim4.conf.localmacros", "own")
    for name, template in (("exim4.conf", "exim.conf.j2"), ("aliases", "aliases.j2")):
        with open(os.path.join(ROLES, "exim", "templates", template)) as stream:
            host.put(name, "".join(stream.readlines()[:3]))
    assert host.found() == []
    # Only its aliases are left of it.
    os.unlink(str(host.configuration))
    assert host.found() == ["existing=%s/exim4.conf.localmacros" % host.etc]


@pytest.mark.parametrize(("rpm", "found"), [
    ("case $1 in -qf) exit 0 ;; esac", False),
    ("case $1 in -qf) exit 0 ;; esac\necho '.......T.  c '$2", False),
    ("case $1 in -qf) exit 0 ;; esac\necho 'S.5....T.  c '$2", True),
    ("case $1 in -qf) exit 0 ;; esac\necho 'S.5....T.  c '$2.other", False),
    ("exit 1", True),
])
def test_els_file(host, rpm, found):
    host.program("rpm", rpm)
    configuration = host.put("exim4.conf", "some")
    assert host.found() == (["replaced=" + configuration] if found else [])


def test_what_els_package_leaves_behind(host):
    """When it is removed. It has no effect, nor do Debian's names there."""
    host.put("exim4.conf.rpmsave", "some")
    assert host.found() == []


@pytest.mark.parametrize(("dpkg", "package"), [("test $3 = '${Version}' && test $4 = exim4 && printf 4.96-15", "4.96-15"), ("exit 1", "")])
def test_the_package_of_exim(host, tmp_path, dpkg, package):
    host.program("dpkg-query", dpkg)
    host.program("rpm", "printf 4.96-3.el8")
    arguments = ["/nonexistent/exim", "exim", "sport = :1", str(host.configuration), str(host.aliases), "exim4"]
    environment = {"PATH": "%s:/usr/sbin:/usr/bin:/sbin:/bin" % (tmp_path / "bin")}
    out = subprocess.run(
        ["sh", os.path.join(ROLES, "exim", "files", "look.sh"), *arguments], env=environment, cwd="/", stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, check=False,
    ).stdout.decode()
    assert [line for line in out.splitlines() if line.startswith("package=")] == ["package=" + package]


@pytest.mark.parametrize("aliases", [True, False])
def test_what_the_controller_compares(tmp_path, aliases):
    """The same of a file as a module would see."""
    paths = [str(tmp_path / "exim4.conf"), str(tmp_path / "aliases")]
    for path in paths[:2 if aliases else 1]:
        with open(path, "w") as stream:
            stream.write("in %s\n" % path)
        os.chmod(path, 0o640)
    arguments = ["/nonexistent/exim", "exim", "sport = :1", *paths, "exim4"]
    out = subprocess.run(
        ["sh", os.path.join(ROLES, "exim", "files", "look.sh"), *arguments], cwd="/", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
    ).stdout.decode()
    assert read_own_files(out) == ({path: look_at_file(path) for path in paths} if aliases else {})


@pytest.mark.parametrize(("setting", "found"), [
    (None, ""), ("", ""), ("# QUEUE='1m'\nQUEUER='2m'\n", ""), ("QUEUE='1m'\n", "QUEUE='1m'"), ("QUEUE='1m'\nOTHER=x\nQUEUE='5m'", "QUEUE='5m'"),
])
def test_how_often_exim_runs_its_queue(tmp_path, setting, found):
    """As who reads the file has it: the last line counts."""
    path = tmp_path / "exim"
    if setting is not None:
        path.write_text(setting)
    arguments = ["/nonexistent/exim", "exim", "sport = :1", *["/nonexistent/x"] * 2, "exim4", "", "", "", str(path), "QUEUE"]
    out = subprocess.run(
        ["sh", os.path.join(ROLES, "exim", "files", "look.sh"), *arguments], cwd="/", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
    ).stdout.decode()
    assert [line for line in out.splitlines() if line.startswith("queue=")] == ["queue=" + found]


@pytest.fixture
def self_signed(tmp_path):
    """The look at the certificate that role exim makes itself, in a place that is root's as namei sees it."""

    class SelfSigned:
        certificate, key = tmp_path / "mail.pem", tmp_path / "mail.key"
        way = " drwxr-xr-x root root /\n drwxr-xr-x root root etc\n                 x - No such file or directory\n"

        def make(self, host="lists.example.com", key=None):
            """As the role does."""
            with open(os.path.join(ROLES, "certificate", "tasks", "self_signed.yml")) as stream:
                [block] = [task["block"] for task in yaml.safe_load(stream) if "block" in task]
            sh, option, script, name, *dummy = block[-1]["ansible.builtin.command"]["argv"]
            group = grp.getgrgid(os.getgid()).gr_name
            arguments = [script, name, "subjectAltName=DNS:%s,DNS:www.example.com" % host, str(key or self.key), str(self.certificate), group]
            subprocess.run([sh, option, *arguments], check=True, stderr=subprocess.DEVNULL)

        def look(self, host="lists.example.com"):
            """What is said of it, without the times."""
            (tmp_path / "bin").mkdir(exist_ok=True)
            (tmp_path / "way").write_text("f: x\n" + self.way)
            (tmp_path / "bin" / "namei").write_text("#!/bin/sh\ncat %s\n" % (tmp_path / "way"))
            (tmp_path / "bin" / "namei").chmod(0o755)
            arguments = ["/nonexistent/exim", "exim", "sport = :1", "/nonexistent/e/exim4.conf", "/nonexistent/aliases", "exim4"]
            out = subprocess.run(
                ["sh", os.path.join(ROLES, "exim", "files", "look.sh"), *arguments, str(self.certificate), str(self.key), host], check=False, cwd="/",
                env={"PATH": "%s:/usr/sbin:/usr/bin:/sbin:/bin" % (tmp_path / "bin")}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
            found = [line[len("self_signed."):].split("=", 1) for line in out.splitlines() if line.startswith("self_signed.")]
            values = dict(found)
            if "now" in values:
                assert int(values["expires"]) - int(values["now"]) in range(3650 * 86400 - 60, 3650 * 86400 + 60)
            return [("%s=%s" % (name, value)).replace(str(tmp_path), "") for name, value in found if name not in ("now", "expires")]

    return SelfSigned()


FILES_OF_SELF_SIGNED = ["file=/mail.pem", "file=/mail.key"]


def test_no_self_signed_certificate(self_signed):
    assert self_signed.look() == []


def test_the_self_signed_certificate_that_the_role_makes(self_signed):
    self_signed.make()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (self_signed.certificate, self_signed.key)] == [0o644, 0o640]
    about = "key=%s 640" % grp.getgrgid(os.getgid()).gr_name
    for host in ("lists.example.com", "www.example.com"):
        assert self_signed.look(host) == [*FILES_OF_SELF_SIGNED, about, "pair=same", "name=same"]
    # Of another name, with a key of another, and with one that everybody can read.
    assert self_signed.look("mail.example.com") == [*FILES_OF_SELF_SIGNED, about, "pair=same"]
    self_signed.key.chmod(0o644)
    assert self_signed.look()[2] == about.replace("640", "644")
    self_signed.make(key=self_signed.key.with_name("other.key"))
    assert self_signed.look() == [*FILES_OF_SELF_SIGNED, about.replace("640", "644")]
    self_signed.key.unlink()
    assert self_signed.look() == FILES_OF_SELF_SIGNED[:1]
    # A link to nowhere is something, too.
    self_signed.key.symlink_to("/nonexistent")
    assert self_signed.look() == FILES_OF_SELF_SIGNED


def test_nothing_is_opened_where_others_can_write(self_signed):
    self_signed.make()
    self_signed.way = " drwxr-xr-x root root /\n drwxrwxrwx root root srv\n -rw-r----- root root x\n"
    assert self_signed.look() == [*FILES_OF_SELF_SIGNED, "others=/mail.pem srv", "others=/mail.key srv"]
    self_signed.way = " drwxr-xr-x root root /\n lrwxrwxrwx anna anna y -> /srv/y\n"
    assert self_signed.look()[2:] == ["others=/mail.pem y", "others=/mail.key y"]


# As roles/mailman/vars has it, with the checksums of what was published.
REQUIREMENT = ("dnspython==1.16.0 --hash=sha256:f69c21288a962f4da86e56c4905b49d11aba7938d3d740e80d9e366ee4f1632d "
               "--hash=sha256:36c5e8e38d4369a08b6780b7f27d790a292b2b08eea01607865bf0936c558e01")


@pytest.fixture
def before_build(tmp_path):
    """The look before Mailman is built, with what the host's programs say."""

    def before_build(directory, group="", mirror="", python="", requirement=REQUIREMENT, files=(), manager="apt", **programs):
        (tmp_path / "bin").mkdir(exist_ok=True)
        for name, text in dict({"dpkg_query": "echo 'un '"}, **programs).items():
            (tmp_path / "bin" / name.replace("_", "-")).write_text("#!/bin/sh\n" + text)
            (tmp_path / "bin" / name.replace("_", "-")).chmod(0o755)
        look = os.path.join(ROLES, "mailman", "files", "look_before_build.sh")
        run = subprocess.run(
            ["sh", look, str(directory), group, mirror, python, requirement, manager, "gcc make", *files],
            env={"PATH": "%s:/usr/bin:/bin" % (tmp_path / "bin")}, stdout=subprocess.PIPE, check=True,
        )
        return run.stdout.decode().splitlines()

    return before_build


def test_the_build_has_what_it_needs(before_build, tmp_path):
    where = tmp_path / "build"
    where.mkdir()
    assert before_build(where, group="root", python="/bin/true") == []
    # The system's own, and one with pip that finds the wheel.
    assert before_build("", python="/bin/false", pip3="exit 0") == []
    assert os.listdir(str(where)) == []


def test_what_the_packages_bring_is_there(before_build, tmp_path):
    """Then neither the mirror nor pip's index is asked. One thing that is missing is enough for all of it to be installed."""
    (tmp_path / "mailman.sources").write_text("one\ntwo\\n\n")
    there = {"python": "/bin/true", "files": [str(tmp_path / "mailman.sources"), "one\ntwo\\n\n"], "dpkg_query": 'for name; do echo "ii "; done'}
    assert before_build("", mirror="http://192.0.2.1", **there) == ["prepared=yes"]
    for lacks in (
        {"files": [str(tmp_path / "mailman.sources"), "one\nthree\n"]}, {"files": [str(tmp_path / "none"), "one\n"]}, {"python": "/bin/false"},
        {"dpkg_query": "echo 'ii '; echo 'rc '"}, {"dpkg_query": "echo 'ii '; echo no package >&2; exit 1"},
    ):
        assert before_build("", requirement="", **dict(there, **lacks)) == [], lacks


@pytest.mark.parametrize(("status", "said"), [(0, ["prepared=yes"]), (1, [])])
def test_what_rpm_knows(before_build, status, said):
    assert before_build("", manager="dnf", rpm='[ "$*" = "--query --quiet gcc make" ] && exit %d' % status) == said


def test_pip_takes_no_other_file_than_what_was_published(before_build, render, tmp_path):
    assert render("mailman", "{{ __mailman_dnspython_requirement }}") == REQUIREMENT
    said = tmp_path / "said"
    assert before_build("", python="/bin/false", pip3='echo "$@" > {0}; cat >> {0}'.format(said)) == []
    arguments, requirement = said.read_text().splitlines()
    assert arguments.endswith("--require-hashes --requirement /dev/stdin")
    assert requirement == REQUIREMENT


def test_the_build_lacks_something(before_build, tmp_path):
    where = tmp_path / "build"
    where.mkdir()
    [line] = before_build(where, group="no.such.group")
    assert line.startswith("mailman_mail_group is 'no.such.group', and the host has no such group.")
    [line] = before_build(where / "nowhere")
    assert line.startswith("mailman_build_directory: %s/nowhere cannot be used (failed to create directory" % where)
    [line] = before_build(where, df="printf 'Filesystem\\nx 1 1 40960 1%% /\\n'")
    assert line.startswith("mailman_build_directory: %s has 40 MB free, and Mailman needs 100 to be built." % where)
    os.unlink(str(tmp_path / "bin" / "df"))
    [line] = before_build(where, python="/bin/false", pip3="echo no index >&2; echo ERROR: No matching distribution >&2; exit 1")
    assert line.startswith("mailman_dnspython_wheel is empty, and the host's pip finds no dnspython 1.16.0 (ERROR: No matching distribution). Name a file")
    [line] = before_build(where, python="/bin/false", pip3="echo ERROR: THESE PACKAGES DO NOT MATCH THE HASHES; echo Got 12; exit 1")
    assert "finds no dnspython 1.16.0 (what it finds under that name is another file, by its checksum). Name a file" in line
    # What cannot be run there, as chmod is not obeyed by a file system without permissions.
    [line] = before_build(where, chmod="exit 0")
    assert line.startswith("mailman_build_directory: no program can be run in %s" % where)
    assert os.listdir(str(where)) == []


@pytest.mark.parametrize(("mode", "trusted"), [(0o755, True), (0o1777, True), (0o777, False), (0o757, False)])
def test_others_cannot_write_where_root_builds(before_build, tmp_path, mode, trusted):
    above = tmp_path / "above"
    (above / "build").mkdir(parents=True)
    above.chmod(mode)
    lines = before_build(above / "build")
    if trusted:
        assert lines == []
    else:
        [line] = lines
        assert line.startswith("mailman_build_directory: others than root can write to %s, and root runs what is built in %s/build. Take" % (above, above))


@pytest.fixture
def named_files():
    """A place that everybody can pass, and the look at files in it, for a user that is not there yet."""
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    where = tempfile.mkdtemp()
    os.chmod(where, 0o755)

    class Files:
        def put(self, name, mode=0o644, directory=0o755, to=None):
            path = os.path.join(where, name)
            if not os.path.isdir(os.path.dirname(path)):
                os.makedirs(os.path.dirname(path))
            if to:
                os.symlink(to, path)
            else:
                with open(path, "w") as stream:
                    stream.write("x")
                os.chmod(path, mode)
            os.chmod(os.path.dirname(path), directory)
            return path

        def closed(self, **named):
            look = os.path.join(ROLES, "exim", "files", "look_at_files.sh")
            arguments = ["%s=%s" % pair for pair in sorted(named.items())]
            out = subprocess.run(
                ["sh", look, "no.such.user", "lists.example.com"] + arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout.decode()
            return [line.replace(where, "") for line in out.splitlines() if line.startswith("closed=")]

    yield Files()
    shutil.rmtree(where)


def test_files_that_exim_can_read(named_files):
    certificate, key = named_files.put("ssl/certificate.pem"), named_files.put("ssl/key.pem", 0o600)
    assert named_files.closed(exim_tls_certificate=certificate, exim_tls_privatekey=key, exim_auth_file="/nonexistent") == []


def test_files_in_closed_directories(named_files):
    """As certbot has them."""
    named_files.put("archive/one/fullchain1.pem")
    link = named_files.put("live/one/fullchain.pem", to="../../archive/one/fullchain1.pem")
    assert named_files.closed(exim_tls_certificate=link) == []
    for name in ("archive", "live"):
        os.chmod(os.path.join(os.path.dirname(link), "../..", name), 0o700)
    message = "closed=exim_tls_certificate=/live/one/fullchain.pem: no.such.user cannot pass /"
    assert named_files.closed(exim_tls_certificate=link) == [message + "archive", message + "live"]
    # A socket is connected to, not read.
    assert named_files.closed(exim_clamd_socket=link) == []


@pytest.mark.parametrize(("variable", "mode", "group", "closed"), [
    # Nobody's secret: the role leaves it as it is.
    ("exim_tls_certificate", 0o600, 0, True),
    ("exim_tls_certificate", 0o604, 0, False),
    # The role gives these to Exim's group.
    ("exim_tls_privatekey", 0o640, 0, False),
    ("exim_smarthost_password_file", 0o400, 0, False),
    # These are others'.
    ("exim_tls_privatekey", 0o640, 1, True),
    ("exim_auth_file", 0o600, 1, True),
])
def test_files_that_exim_cannot_read(named_files, variable, mode, group, closed):
    path = named_files.put("file", mode)
    os.chown(path, 0, group)
    found = named_files.closed(**{variable: path})
    assert [line.partition(" (")[0] for line in found] == (["closed=%s=/file: no.such.user cannot read it" % variable] if closed else [])


@pytest.mark.parametrize(("groups", "apart"), [("clamav Debian-exim", False), ("clamav", True), ("clamav Debian-exim-old", True)])
def test_scanners(tmp_path, groups, apart):
    (tmp_path / "bin").mkdir()
    for name, text in (("systemctl", 'case $1 in is-active) echo active ;; *) echo enabled ;; esac'), ("id", "echo " + groups)):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\n" + text + "\n")
        (tmp_path / "bin" / name).chmod(0o755)
    look = ["sh", os.path.join(ROLES, "exim", "files", "look_at_scanners.sh"), "clamav-daemon", "clamav=Debian-exim"]
    environment = {"PATH": "%s:/usr/bin:/bin" % (tmp_path / "bin")}
    assert subprocess.check_output(look, env=environment).decode().splitlines() == ["clamav-daemon=active,enabled"] + apart * ["apart"]
    # No such socket.
    assert subprocess.check_output(look[:3] + ["/nonexistent"], env=environment).decode().splitlines() == ["clamav-daemon=active,enabled", "apart"]


class Files:
    """Files that an inventory names, with an openssl that is real, and a host on which it does not matter who runs the tests."""

    def __init__(self, directory):
        self.directory = directory
        (directory / "bin").mkdir()
        # Instead of another user, whoever runs the tests; and what namei would say of the way to a file.
        for name, text in (
            ("setpriv", 'while case $1 in --*) ;; *) false ;; esac; do shift; done\nexec "$@"\n'), ("stat", "echo regular file: root 640\n"),
            ("namei", "cat %s/way\n" % directory), ("id", "false\n"),
        ):
            (directory / "bin" / name).write_text("#!/bin/sh\n" + text)
            (directory / "bin" / name).chmod(0o755)
        (directory / "way").write_text("f: x\n drwxr-xr-x root root /\n")

    def make(self, name, days=9, san="DNS:lists.example.com"):
        """Make a certificate and its key."""
        more = ["-addext", "subjectAltName=" + san] if san else []
        subprocess.check_call(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", str(days), "-subj",
             "/CN=lists.example.com", *more, "-keyout", name + ".key", "-out", name + ".pem"], stderr=subprocess.DEVNULL, cwd=str(self.directory))

    def look(self, certificate, key):
        script = os.path.join(ROLES, "exim", "files", "look_at_files.sh")
        out = subprocess.run(
            ["sh", script, "Debian-exim", "lists.example.com", "exim_tls_certificate=%s/%s" % (self.directory, certificate),
             "exim_tls_privatekey=%s/%s" % (self.directory, key)],
            env={"PATH": "%s/bin:/usr/sbin:/usr/bin:/sbin:/bin" % self.directory}, stdout=subprocess.PIPE, check=True).stdout.decode()
        return dict(line.split("=", 1) for line in out.splitlines() if "|" not in line)


@pytest.fixture
def named(tmp_path):
    return Files(tmp_path)


def test_exims_certificate_and_its_key(named):
    named.make("good")
    found = named.look("good.pem", "good.key")
    assert (found["pair"], int(found["expires"]) - int(found["now"]) in range(9 * 86400 - 60, 9 * 86400 + 60), "foreign" in found) == ("same", True, False)
    named.make("other", san="DNS:www.example.com")
    assert named.look("other.pem", "other.key")["foreign"] == "lists.example.com"
    named.make("wild", san="DNS:*.example.com")
    assert "foreign" not in named.look("wild.pem", "wild.key")
    # As openssl makes one that is asked for nothing else.
    named.make("plain", san="")
    assert "foreign" not in named.look("plain.pem", "plain.key")
    # What is wrong with a certificate is said whatever the key is.
    for key, pair in (("good.key", "different"), ("good.pem", "no key")):
        found = named.look("other.pem", key)
        assert (found["pair"], found["foreign"], sorted(found)) == (pair, "lists.example.com", ["expires", "foreign", "now", "pair"])
    assert named.look("good.key", "good.key") == {"pair": "no certificate"}


@pytest.mark.parametrize("part", ["drwxr-xr-x anna root srv", "drwxrwxr-x root staff srv", "drwxr-xrwx root root srv", "lrwxrwxrwx anna root srv -> /a"])
def test_a_key_where_others_can_write_is_not_opened(named, part):
    named.make("good")
    (named.directory / "way").write_text("f: x\n drwxr-xr-x root root /\n %s\n" % part)
    assert named.look("good.pem", "good.key") == {"others": "exim_tls_privatekey=%s/good.key srv" % named.directory}
    (named.directory / "way").write_text("f: x\n drwxr-xr-x root root /\n lrwxrwxrwx root root srv -> /a\n   -rw-r----- root root good.key\n")
    assert named.look("good.pem", "good.key")["pair"] == "same"
