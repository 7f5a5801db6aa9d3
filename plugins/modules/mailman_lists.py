#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_lists
short_description: Manage the lists of a Mailman 2.1 installation
version_added: 1.0.0
description:
  - Creates, changes and removes mailing lists, with their settings and members, all lists of an installation in one call.
  - Works through Mailman's own Python in one process on the managed host, as Mailman's own user. No password appears in an
    argument list, a log, a difference or a result.
  - All values are checked with Mailman's own rules before anything is written. When one is wrong, all wrong ones are named and nothing
    is changed.
  - Nobody is sent a message about what the module does. Mailman's log C(subscribe) records new and removed members.
  - A list that others have locked longer than O(lock_timeout), which counts for all lists together, is left as it is. The others are brought up to date, and
    then the call fails.
  - An interruption leaves every list either as it was or as it should be, and the next call finishes the work.
attributes:
  check_mode:
    description: Does all checks and tells what would change. Where there is no Mailman yet, every list that should be present is told as created.
  diff_mode:
    support: full
    description: One difference a list, with a line for every attribute and every member that differs.
options:
  lists:
    description:
      - The lists. Others on the host are left alone unless O(purge) is set.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The list's name, in lower case, without a domain.
          - A name such as V(x-admin) is refused beside a list V(x), for mail to it would go to the other list's administrators.
        type: str
        required: true
      state:
        description:
          - Whether the list exists. The site list cannot be V(absent).
        type: str
        choices: [present, absent]
        default: present
      email_host:
        description:
          - The domain of the list's addresses.
          - When not set, a new list gets the one that C(newlist) would choose (C(DEFAULT_EMAIL_HOST)) and an old one keeps its own.
        type: str
      url_host:
        description:
          - The host in the addresses of the list's web pages.
          - When not set, a list with O(lists[].email_host) gets what O(virtual_hosts) has for it. Otherwise a new list gets C(DEFAULT_URL_HOST) and an
            old one keeps its own.
        type: str
      language:
        description:
          - The code of the list's preferred language, such as V(de). It is added to the languages that the list offers.
          - When not set, a new list gets C(DEFAULT_SERVER_LANGUAGE) and an old one keeps its own.
        type: str
      owners:
        description:
          - The addresses of the list's administrators. Needed to create a list.
        type: list
        elements: str
      moderators:
        description:
          - The addresses of the list's moderators.
        type: list
        elements: str
      description:
        description:
          - A line that says what the list is for.
        type: str
      settings:
        description:
          - Attributes of the list that are brought to the given value at every call.
          - Names and values are those of C(config_list). Choices are given by their number, or V(true) and V(false) where there are two.
            For attributes that hold several lines, addresses or names, a list.
          - C(new_member_options) is a list of names such as V(nodupes).
          - C(topics) is a list of mappings with C(name), C(pattern) and C(description).
          - C(header_filter_rules) is a list of mappings with C(pattern) and C(action) (V(defer), V(hold), V(reject), V(discard) or
            V(accept)).
        type: dict
        default: {}
      initial_settings:
        description:
          - Like O(lists[].settings), but only given to the list when it is created, for the owners to change afterwards.
        type: dict
        default: {}
      members:
        description:
          - The list's members. Each is an address, a name and an address such as V(Dora Müller <dora@example.org>), or a mapping with
            C(address) and options. Thousands of mappings take Ansible itself several times as long as thousands of strings.
          - C(name) is the member's name and C(language) the code of a language that the list offers.
          - C(digest), C(moderated), C(nomail), C(hide), C(ack), C(notmetoo), C(nodupes) and C(plain) are V(true) or V(false), with the
            meaning that they have in Mailman.
          - C(state) is V(present) or V(absent).
          - An option that is not stated is left to the member. A new member then gets the list's own default.
          - When not set, members are left alone.
        type: list
        elements: raw
      members_mode:
        description:
          - With V(additive), members that are not in O(lists[].members) stay. With V(exact) they are removed.
        type: str
        choices: [additive, exact]
        default: additive
      password:
        description:
          - The password of the list's administrators, in ASCII characters.
          - A list that is created without one can only be administered with the site password, until that is used to set one.
        type: str
      update_password:
        description:
          - With V(on_create), O(lists[].password) is only given to new lists. With V(always), it is set whenever it differs.
        type: str
        choices: [on_create, always]
        default: on_create
  lists_dir:
    description:
      - A directory on the controller with more lists (absolute, or relative to the directory in which C(ansible-playbook) is started). Nothing in its files is
        a template, and each may be encrypted with C(ansible-vault).
      - C(NAME.yml) has the keys of O(lists) for the list NAME. Its members may be in a file beside it, in UTF-8. C(NAME.txt) has one a line, as in
        C(Dora <dora@example.org>); lines that begin with C(#) are left out. C(NAME.csv) has the keys of O(lists[].members) in its first line, and then a
        member a line; an empty field is not stated.
      - A list that is in O(lists), too, has the keys of both, and those of the file win.
    type: str
  purge:
    description:
      - Whether to remove every list that is not in O(lists) or O(lists_dir). The site list always stays.
    type: bool
    default: false
  keep_archives:
    description:
      - Whether the archives of a list stay on the host when the list is removed.
    type: bool
    default: true
  site_password:
    description:
      - The site administrator's password, in ASCII characters. Set when it differs.
    type: str
  virtual_hosts:
    description:
      - Web hosts and the mail domain of each, as in Mailman's C(VIRTUAL_HOSTS). Tells O(lists[].url_host) of a list that has only O(lists[].email_host).
    type: dict
    default: {}
  update_urls:
    description:
      - Whether the address of the web pages of each list that is there, also of those that are not in O(lists), is brought to the form of
        C(DEFAULT_URL_PATTERN). Its host stays, unless O(lists[].url_host) has another.
      - Without it only lists with a host in O(lists) are brought to this form.
    type: bool
    default: false
  web_hosts_file:
    description:
      - File in which to keep the host of each list's web pages, for a web server that serves several. Its lines have a list and a host.
      - Needs O(update_urls). Its directory is root's alone.
    type: path
  web_hosts_directory:
    description:
      - Directory in which to keep the same as O(web_hosts_file) for a web server that can only ask whether a file exists. A list has two empty files there,
        C(LIST) and C(LIST@HOST).
      - Needs O(web_hosts_file). Nothing else may be in it. The directory above it is root's alone.
    type: path
  domains_file:
    description:
      - File in which to keep the mail domain of every list of the installation, also of those that are not in O(lists), for a mail server that serves
        several domains. A line is a list's name, a colon, a space and its domain in lower case.
      - Lists that are not in O(lists) are read only when they have changed since the last call.
      - The mail server reads it for every message, so its directory must be one to which only root can write. It is made when there is none.
        Mailman's own user, which says what stands in the file, does not write it.
    type: path
seealso:
  - module: listhost.exim_mailman.mailman_info
extends_documentation_fragment:
  - listhost.exim_mailman.mailman
  - listhost.exim_mailman.mailman.lock_timeout
  - listhost.exim_mailman.mailman.python
"""

EXAMPLES = r"""
- name: Manage the lists of the site
  listhost.exim_mailman.mailman_lists:
    prefix: /var/lib/mailman
    site_password: "{{ vault_site_password }}"
    lists:
      - name: mailman
        owners: [postmaster@example.com]
        initial_settings:
          advertised: false
      - name: announce
        description: News for everybody
        owners: [anna@example.com, otto@example.com]
        password: "{{ vault_announce_password }}"
        settings:
          default_member_moderation: true
          generic_nonmember_action: 2
          max_message_size: 200
        members:
          - carl@example.org
          - address: dora@example.org
            name: Dora Müller
            digest: true

- name: Make the members of a list exactly those of a file
  listhost.exim_mailman.mailman_lists:
    prefix: /var/lib/mailman
    lists:
      - name: board
        owners: [anna@example.com]
        members: "{{ lookup('ansible.builtin.file', 'board.txt') | split }}"
        members_mode: exact

- name: Retire a list and keep its archives
  listhost.exim_mailman.mailman_lists:
    prefix: /var/lib/mailman
    lists:
      - name: oldies
        state: absent
"""

RETURN = r"""
lists:
  description: The lists that were changed, or would be in check mode, in the order in which that happens.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The list's name.
      type: str
      sample: announce
    change:
      description: What was done, V(created), V(changed) or V(removed).
      type: str
      sample: changed
    settings:
      description: The attributes that differ, by Mailman's names, each with C(before) and C(after). Not for removed lists.
      type: dict
      sample: {max_message_size: {before: 40, after: 200}}
    members:
      description:
        - The members that differ, as C(added) (addresses with their stated options), C(removed) (addresses) and C(changed) (addresses with
          C(options), each C(before) and C(after)). Not for removed lists.
      type: dict
      sample: {added: [{address: dora@example.org, digest: true}], removed: [], changed: []}
    password_changed:
      description: Whether an existing list got another password. Not for removed lists.
      type: bool
      sample: false
domains_changed:
  description: Whether O(domains_file) was changed.
  returned: always
  type: bool
  sample: false
site_password_changed:
  description: Whether the site password was changed.
  returned: always
  type: bool
  sample: false
unlisted:
  description: The lists that were on the host before and are not in O(lists). In check mode there is also a warning that names them.
  returned: always
  type: list
  elements: str
  sample: []
faults:
  description: Every value that was refused. Nothing was changed then.
  returned: failure
  type: list
  elements: str
problems:
  description: What kept single lists from being changed.
  returned: failure
  type: list
  elements: str
"""

import json
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import TargetError, explain, find_installation, run_target, take
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_list_files import (
    keep_domains,
    keep_web_host_names,
    keep_web_hosts,
    look_at_domains,
)
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_lists import LISTS, request
from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import Untrusted

# What Mailman's answer has, and of which type.
ANSWERED = {
    "domains": (str, type(None)),
    "faults": list,
    "lists": list,
    "problems": list,
    "site_password_changed": bool,
    "unlisted": list,
    "warnings": list,
    "web_hosts": (str, type(None)),
}

# Seconds by which the times of two files may seem to be in another order than they are.
CLOCK_GRAIN = 2


def sent():
    """Name what Mailman's Python runs; see _mailman_program."""
    from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import lists

    return lists


class ListsModule(AnsibleModule):
    """Keeps the lists out of the system log, where Ansible would write thousands of members' addresses at every call."""

    def _log_invocation(self):
        self.log("Invoked for %d lists of %s" % (len(self.params["lists"]), self.params["prefix"]))


def announce(specs):
    """What there is to tell in check mode while Mailman is not installed yet."""
    return {
        "domains": None,
        "faults": [],
        "lists": [{"name": spec["name"], "change": "created"} for spec in specs if spec["state"] == "present"],
        "problems": [],
        "site_password_changed": False,
        "unlisted": [],
        "warnings": [],
        "web_hosts": None,
    }


def show(value):
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def difference(report):
    """What --diff shows of one list: a line for every attribute and member that differs."""
    before, after = [], []
    if report["change"] != "created":
        before.append("state: present")
    after.append("state: absent" if report["change"] == "removed" else "state: present")
    for name, change in sorted(report.get("settings", {}).items()):
        if change["before"] is not None:
            before.append("%s: %s" % (name, show(change["before"])))
        after.append("%s: %s" % (name, show(change["after"])))
    if report.get("password_changed"):
        before.append("password: (another)")
        after.append("password: (as given)")
    members = report.get("members", {"added": (), "removed": (), "changed": ()})
    for member in members["changed"]:
        for side, lines in (("before", before), ("after", after)):
            options = dict((option, change[side]) for option, change in member["options"].items())
            lines.append("member %s: %s" % (member["address"], show(options)))
    before.extend("member %s" % address for address in members["removed"])
    for member in members["added"]:
        options = dict((key, value) for key, value in member.items() if key != "address")
        after.append("member %s%s" % (member["address"], ": " + show(options) if options else ""))
    header = "list %s" % report["name"]
    return {
        "before_header": header,
        "after_header": header,
        "before": "".join(line + "\n" for line in before),
        "after": "".join(line + "\n" for line in after),
    }


def main():
    module = ListsModule(
        argument_spec=dict(
            LISTS,
            prefix=dict(type="path", required=True),
            python=dict(type="path"),
            # The action plugin reads it.
            lists_dir=dict(type="str"),
            web_hosts_file=dict(type="path"),
            web_hosts_directory=dict(type="path"),
            domains_file=dict(type="path"),
            lock_timeout=dict(type="int", default=30),
        ),
        supports_check_mode=True,
    )
    params = module.params
    # What Ansible shows of a call with -vvv; the lists would be many times as long as the result.
    shown = {"module_args": {"prefix": params["prefix"], "purge": params["purge"], "keep_archives": params["keep_archives"]}}
    path = params["domains_file"]
    try:
        known, start = look_at_domains(path), time.time() - CLOCK_GRAIN
    except (OSError, TargetError) as e:
        module.fail_json(msg="domains_file: %s" % e, invocation=shown)
    try:
        installation = find_installation(params["prefix"])
        if installation:
            answer = take(
                run_target(
                    module,
                    dict(installation, python=params["python"] or installation["python"]),
                    "manage_lists",
                    domains_file=known,
                    lock_timeout=params["lock_timeout"],
                    check=module.check_mode,
                    **request(params)
                ),
                ANSWERED,
            )
        elif module.check_mode:
            answer = announce(params["lists"])
        else:
            module.fail_json(msg="prefix: there is no Mailman at %s. Install it first." % params["prefix"], invocation=shown)
    except OSError as e:
        module.fail_json(msg="The Mailman at %s cannot be read: %s. Run this task as root." % (params["prefix"], e), invocation=shown)
    except Untrusted as e:
        module.fail_json(msg=explain(params["prefix"], e), invocation=shown)
    except TargetError as e:
        module.fail_json(msg=str(e), invocation=shown)

    for warning in answer.pop("warnings"):
        module.warn(warning)
    if module.check_mode and answer["unlisted"]:
        module.warn(
            "%s has lists that are not among these: %s. %s"
            % (params["prefix"], ", ".join(answer["unlisted"]), "They would be removed." if params["purge"] else "They are left alone.")
        )
    result = dict(answer, invocation=shown)
    faults = result.pop("faults")
    problems = result.pop("problems")
    if faults:
        module.fail_json(
            msg="Nothing was changed, because these values are wrong:\n" + "\n".join(faults),
            faults=faults,
            invocation=shown,
        )
    wanted = result.pop("domains")
    # Not so when the call stopped before it had looked at all lists.
    if path and wanted is not None:
        try:
            keep_domains(path, known["text"], wanted, start, module.check_mode)
        except (OSError, TargetError) as e:
            problems = [*problems, "domains_file: %s" % e]
            wanted = None
    domains_changed = bool(path) and wanted not in (None, known["text"])
    web_hosts, web_hosts_changed = result.pop("web_hosts"), False
    if params["web_hosts_file"] and web_hosts is not None:
        try:
            web_hosts_changed = keep_web_hosts(params["web_hosts_file"], web_hosts, module.check_mode)
            if params["web_hosts_directory"]:
                web_hosts_changed = keep_web_host_names(params["web_hosts_directory"], web_hosts, module.check_mode) or web_hosts_changed
        except (OSError, TargetError) as e:
            problems = [*problems, "web_hosts_file: %s" % e]
    result["domains_changed"] = domains_changed
    result["changed"] = bool(answer["lists"] or answer["site_password_changed"] or domains_changed or web_hosts_changed)
    if module._diff:
        result["diff"] = [difference(report) for report in answer["lists"]]
        if domains_changed:
            result["diff"].append(dict(before=known["text"], after=wanted, before_header=path, after_header=path))
    if problems:
        module.fail_json(msg="\n".join(problems), problems=problems, **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
