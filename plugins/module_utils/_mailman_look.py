# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What module mailman_info tells of a Mailman."""

import json
import os
import re
import stat

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import (
    TargetError,
    check_python,
    explain,
    find_installation,
    host_name_fault,
    look_up,
    run_target,
    take,
)
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_domains import frozen_domains
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_lists import LISTS, request
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_paths import check_lists_dir
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_settings import look_at_configuration
from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import Untrusted, owned

# Options of mailman_info.
OPTIONS = dict(
    prefix=dict(type="path", required=True),
    python=dict(type="path"),
    service=dict(type="str"),
    frozen_file=dict(type="path"),
    gather=dict(type="list", elements="str", choices=["bounces", "inventory", "lists", "queues", "runners", "settings"], default=[]),
    compare_files=dict(type="list", elements="path"),
    compare_lists=dict(type="dict"),
)

# What Mailman's answer has, and of which type.
ANSWERED = {"lists_dir": str, "python_version": str}
GATHERED = {"bounces": dict, "differences": bool, "inventory": list, "lists": list, "queues": dict, "runners": dict, "settings": dict}

COMPILED_IN = (
    "bin_dir",
    "cgi_group",
    "configure_options",
    "group",
    "lists_dir",
    "mail_groups",
    "mm_cfg_path",
    "python",
    "user",
    "var_prefix",
    "version",
    "wrapper",
)

LONGEST_STAMP = 65536
PYTHON_VERSION = "import sys; sys.stdout.write('.'.join(str(part) for part in sys.version_info[:3]))"


def sent():
    """Name what Mailman's Python runs; see _mailman_program."""
    from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import bounces, inventory, lists, overview, queues, settings, survey

    return bounces, inventory, lists, overview, queues, settings, survey


def read_stamp(prefix):
    """What the role noted after its last complete installation from an archive, or None."""
    try:
        handle = os.open(os.path.join(prefix, ".installed"), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as stream:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or not owned(status):
            return None
        try:
            stamp = json.loads(stream.read(LONGEST_STAMP).decode("utf-8"))
        except (ValueError, RecursionError):
            return None
    return stamp if isinstance(stamp, dict) else None


def python_version(module, python):
    """The version of a Python, or None when it cannot be run."""
    if not python or not os.access(python, os.X_OK):
        return None
    check_python(python)
    rc, out, err = module.run_command([python, "-E", "-S", "-s", "-c", PYTHON_VERSION], cwd="/")
    return out if rc == 0 else None


def ask_systemd(module, unit):
    """Whether a unit is active and enabled, and the files that add to it."""
    rc, out, err = module.run_command(["systemctl", "show", "--property=ActiveState,UnitFileState,DropInPaths", unit])
    state = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
    return dict(
        service_running=(state.get("ActiveState"), state.get("UnitFileState")) == ("active", "enabled"),
        service_drop_ins=state.get("DropInPaths", "").split(),
    )


def to_compare(module):
    """The lists to compare as the request has them, or None. Module mailman_lists says what is wrong with its options."""
    if module.params["compare_lists"] is None:
        return None
    result = ArgumentSpecValidator(LISTS).validate(module.params["compare_lists"])
    return None if result.error_messages else dict(request(result.validated_parameters), check_mode=module.check_mode)


def ask_mailman(module, installation):
    """What Mailman itself says, as far as it can be believed."""
    gather, compare = module.params["gather"], to_compare(module)
    more = {}
    if compare is not None:
        gather, more = [*gather, "differences"], {"compare": compare}
    expected = dict(ANSWERED, **dict((topic, GATHERED[topic]) for topic in gather))
    answer = take(run_target(module, installation, "describe", gather=gather, **more), expected)
    if not re.match(r"\d+(\.\d+)*\Z", answer["python_version"]):
        raise TargetError("Mailman's Python, %s, does not say its version." % installation["python"])
    if answer["lists_dir"] != installation["lists_dir"]:
        answer["lists_dir"] = check_lists_dir(installation, answer["lists_dir"])
    if more:
        answer["lists_differ"] = answer.pop("differences")
    return answer


def look_at_configuration_of(module, installation):
    """What module mailman_config compares, or None where nothing can be believed."""
    try:
        return installation and look_at_configuration(installation, module.params["compare_files"])
    except (OSError, Untrusted):
        return None


def look(module):
    """Return all that is asked of the Mailman at the module's prefix."""
    prefix = module.params["prefix"]
    facts = dict.fromkeys(COMPILED_IN)
    installation, untrusted = None, None
    try:
        installation = find_installation(prefix)
    except OSError as e:
        module.fail_json(msg="The Mailman at %s cannot be read: %s. Run this task as root." % (prefix, e))
    except Untrusted as e:
        untrusted = e
    facts.update(installation or {})
    facts.update(
        changed=False,
        host_name_fault=host_name_fault(),
        installed=bool(installation or untrusted),
        mm_cfg_error=explain(prefix, untrusted) if untrusted else None,
        prefix=prefix,
        python=module.params["python"] or facts["python"],
        stamp=read_stamp(prefix),
        untrusted=untrusted is not None,
        foreign=untrusted.foreign if untrusted else [],
    )
    if module.params["compare_files"] is not None:
        facts["configuration"] = look_at_configuration_of(module, installation)
    if module.params["compare_lists"] is not None:
        # There are passwords in them.
        facts.update(lists_differ=None, invocation={"module_args": {"prefix": prefix}})
    try:
        if installation:
            look_up(installation["user"], installation["group"])
            facts.update(ask_mailman(module, dict(installation, python=facts["python"])))
    except TargetError as e:
        facts["mm_cfg_error"] = str(e)
    facts["site_list"] = bool(facts["lists_dir"]) and os.path.exists(os.path.join(facts["lists_dir"], "mailman", "config.pck"))
    if facts["mm_cfg_error"] and module.params["gather"]:
        module.fail_json(msg=facts["mm_cfg_error"])
    if "python_version" not in facts:
        try:
            facts["python_version"] = python_version(module, facts["python"])
        except TargetError as e:
            module.fail_json(msg=str(e))
    facts["python_available"] = facts["python_version"] is not None
    if module.params["frozen_file"]:
        # Of a Mailman that cannot be believed yet nothing else is known.
        former = [os.path.join(facts["var_prefix"] or prefix, "frozen")]
        facts["frozen"], facts["frozen_formerly"] = frozen_domains(module.params["frozen_file"], former)
    if module.params["service"]:
        facts.update(ask_systemd(module, module.params["service"]))
    return facts
