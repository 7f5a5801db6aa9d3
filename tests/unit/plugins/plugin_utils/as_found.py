# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a look finds at a host that is as the roles would make it."""

import copy

from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_settings import render, sum_of, sum_of_block
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._unchanged import MADE
from ansible_collections.listhost.exim_mailman.plugins.plugin_utils._wanted import OURS, arguments_of, without_omitted
from ansible_collections.listhost.exim_mailman.tests.unit.roles.conftest import trusted

FACTS = {
    "os_family": "Debian", "distribution": "Debian", "distribution_version": "12.5", "distribution_major_version": "12", "distribution_release": "bookworm",
    "pkg_mgr": "apt", "selinux": {"status": "disabled"}, "dns": {"nameservers": ["192.0.2.53"]}, "fqdn": "machine.example.com",
    "python": {"executable": "/usr/bin/python3"},
}
LOOK = "program=yes\nservice=active,enabled\nfail2ban=active,enabled\nprograms=yes\nshared=yes\nsaid=Group: name=\"www-data\" id=33\n" \
       "now=1700000000\nexpires=1900000000\nnames=DNS:www.lists.example.org\npair=same\n"
LOOK_AT_ONE_CLICK = "one_click=active,enabled\none_click_group=Debian-exim\n"
KEYS = {"changed": False, "pending": False, "numbers": [1], "mail_group": "Debian-exim"}


class HostVars(dict):
    def raw_get(self, host):
        return dict(trusted(self[host]), inventory_hostname=host)


def of_file(spec):
    return {"sum": sum_of(spec["content"]), "mode": spec.get("mode", "0644"), "owner": "root", "group": "root"}


def mailman_of(host, prefix):
    """Return what a look finds of Mailman, and the host with that, as it is when the rest is compared."""
    info = {
        "installed": True, "untrusted": False, "foreign": [], "mm_cfg_error": None, "host_name_fault": "", "prefix": prefix, "var_prefix": prefix,
        "lists_dir": prefix + "/lists", "bin_dir": prefix + "/bin", "wrapper": prefix + "/mail/mailman", "user": "list", "group": "list",
        "mail_groups": ["list"], "cgi_group": "www-data", "python": "/usr/bin/python2.7", "python_available": True, "version": "2.1.39", "site_list": True,
        "stamp": host.value("__mailman_stamp"), "frozen": {}, "frozen_formerly": False, "service_running": True, "service_drop_ins": [],
        "lists_differ": False,
    }
    host = copy.copy(host)
    host.variables = dict(host.variables, __mailman_info=info)
    host.variables["mailman_installation"] = host.value("__mailman_as_found")
    return info, host


def web_of(host, name):
    """Return what a look says of the web server, and its files and links."""
    if not host.typed["mailman_web"]:
        return {}, [], {}
    said = LOOK.replace("lists.example.org", name) + (LOOK_AT_ONE_CLICK if host.typed["mailman_web_one_click"] else "")
    host.variables.update(__mailman_web_keys=KEYS)
    host.variables.update(__mailman_web_look={"stdout": said}, __mailman_web_found=host.judge("mailman_web", said, "mailman_web", "look"))
    host.variables.update(host.mean(arguments_of("mailman_web", "look", "ansible.builtin.set_fact"), "mailman_web"))
    host.variables["mailman_contribution"] = host.variables["mailman_web_contribution"]
    wanted = host.mean(arguments_of("mailman_web", "configure", OURS + "apache_config"), "mailman_web")
    return {"mailman_web": said}, [wanted, *wanted["files"]], {wanted["link"]: wanted["path"]}


def configuration_of(host, prefix, files):
    """Return what a look says of Mailman's settings, and of its files and others."""
    arguments = without_omitted(host.mean(arguments_of("mailman", "configure", OURS + "mailman_config")))
    settings, runner = arguments["settings"], arguments["bounce_runner"]
    made = dict.fromkeys(arguments["generated_secrets"], MADE)
    block = render(dict(settings, **made), made, True, dict(runner, max_disabled_percent=int(runner["max_disabled_percent"])))
    return {
        "path": prefix + "/Mailman/mm_cfg.py", "sum": sum_of_block(block), "settled": True, "runner": of_file({"content": runner["source"]}),
        "runner_left": True, "files": {spec["path"]: of_file(spec) for spec in [*arguments["files"], *files]},
    }
