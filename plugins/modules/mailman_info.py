#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_info
short_description: Tell what a Mailman 2.1 installation is
version_added: 1.0.0
description:
  - Tells whether there is a Mailman 2.1 at a prefix, and how it was built.
  - Works on every installation, however it came to be, and changes nothing.
options:
  python:
    description:
      - The Python that Mailman is to run on; whether it runs is told in RV(python_available).
      - By default the one that the installation names.
    type: path
  service:
    description: Name of the systemd unit that runs the queue runners, such as V(mailman), for RV(service_running) and RV(service_drop_ins).
    type: str
  frozen_file:
    description:
      - The file that says for which domains the mail server defers mail, for RV(frozen).
    type: path
  gather:
    description:
      - What else to tell. Each topic is returned under its own name.
      - Without any, the module takes a few hundredths of a second, however many lists there are.
    type: list
    elements: str
    choices: [bounces, inventory, lists, queues, runners, settings]
    default: []
  compare_files:
    description:
      - Files around Mailman of which to tell, in RV(configuration), what they are, beside C(mm_cfg.py).
      - Then M(listhost.exim_mailman.mailman_config) can see on the controller that nothing would change.
    type: list
    elements: path
  compare_lists:
    description:
      - Options of M(listhost.exim_mailman.mailman_lists) about lists (O(listhost.exim_mailman.mailman_lists#module:lists) and C(lists_dir), C(purge),
        C(site_password), C(update_urls), C(virtual_hosts)), for RV(lists_differ).
    type: dict
seealso:
  - module: listhost.exim_mailman.mailman_config
  - module: listhost.exim_mailman.mailman_lists
extends_documentation_fragment:
  - listhost.exim_mailman.mailman
  - listhost.exim_mailman.mailman.read_only
"""

EXAMPLES = r"""
- name: Look for Mailman
  listhost.exim_mailman.mailman_info:
    prefix: /var/lib/mailman
  register: mailman_found

- name: Stop when Mailman is too old
  ansible.builtin.assert:
    that:
      - mailman_found.installed
      - mailman_found.version is version('2.1.26', '>=')
"""

RETURN = r"""
installed:
  description: Whether there is a Mailman at O(prefix). When there is none, the values about it are V(null).
  returned: always
  type: bool
  sample: true
version:
  description: Mailman's version.
  returned: always
  type: str
  sample: "2.1.39"
prefix:
  description: The prefix that was asked about.
  returned: always
  type: str
  sample: /var/lib/mailman
var_prefix:
  description: Where Mailman keeps its data.
  returned: always
  type: str
  sample: /var/lib/mailman
lists_dir:
  description: The directory with one directory for each list.
  returned: always
  type: str
  sample: /var/lib/mailman/lists
site_list:
  description: Whether there is a list V(mailman), without which the queue runners do not start.
  returned: always
  type: bool
  sample: true
bin_dir:
  description: The directory of Mailman's commands.
  returned: always
  type: str
  sample: /var/lib/mailman/bin
wrapper:
  description: The program that the mail server hands messages to.
  returned: always
  type: str
  sample: /var/lib/mailman/mail/mailman
mm_cfg_path:
  description: The file C(mm_cfg.py), with links resolved.
  returned: always
  type: str
  sample: /etc/mailman/mm_cfg.py
mm_cfg_error:
  description:
    - Why Mailman could not be asked for the settings in force, such as a fault in C(mm_cfg.py); else V(null).
    - Then RV(lists_dir) is the one that was compiled in.
  returned: always
  type: str
untrusted:
  description:
    - Whether others than root can write the code, the settings or the directories of this Mailman. Then nothing of it is read or run, RV(mm_cfg_error) says
      what it is, and what would be read from there is V(null).
  returned: always
  type: bool
foreign:
  description: What of that has another owner than root. The rest is root's, and just open to others.
  returned: always
  type: list
  elements: str
  sample: ["/var/lib/mailman/Mailman/mm_cfg.py is list's"]
user:
  description: Mailman's user.
  returned: always
  type: str
  sample: list
group:
  description: Mailman's group.
  returned: always
  type: str
  sample: list
mail_groups:
  description: The groups that the wrapper for mail was compiled for; V(null) when Mailman cannot tell (before 2.1.26).
  returned: always
  type: list
  elements: str
  sample: [list]
cgi_group:
  description: The group that the wrappers for the web were compiled for; V(null) when Mailman cannot tell (before 2.1.26).
  returned: always
  type: str
  sample: www-data
configure_options:
  description: What C(configure) was called with; V(null) when Mailman cannot tell (before 2.1.26).
  returned: always
  type: str
host_name_fault:
  description: Why the host's name cannot be looked up at once, as Mailman does for each connection to the mail server; empty when it can.
  returned: always
  type: str
  sample: "lists.example.com: Name or service not known"
service_running:
  description: Whether the unit is active and starts at boot.
  returned: with O(service)
  type: bool
  sample: true
service_drop_ins:
  description: The files that add to the unit.
  returned: with O(service)
  type: list
  elements: str
  sample: [/etc/systemd/system/mailman.service.d/restart.conf]
python:
  description: O(python), or else the Python that the installation names.
  returned: always
  type: str
  sample: /usr/bin/python2.7
python_available:
  description: Whether RV(python) can be run.
  returned: always
  type: bool
  sample: true
python_version:
  description: The version of RV(python); V(null) when it cannot be run.
  returned: always
  type: str
  sample: "2.7.18"
stamp:
  description:
    - The content of the file C(.installed) under O(prefix), which role P(listhost.exim_mailman.mailman#role) writes last when it
      has installed Mailman from an archive; V(null) when there is none.
  returned: always
  type: dict
lists:
  description: The lists, in the order of their names.
  returned: when O(gather) has V(lists) and there is a Mailman
  type: list
  elements: dict
  contains:
    name:
      description: The list's name.
      type: str
      sample: announce
    error:
      description: Why the list cannot be read. Then there is nothing else about it.
      type: str
      returned: when the list cannot be read
    address:
      description: The address for posts.
      type: str
      sample: announce@list.example.com
    members:
      description: How many members get every post.
      type: int
      sample: 217
    digest_members:
      description: How many members get digests.
      type: int
      sample: 12
    disabled_members:
      description: To how many of all members nothing is delivered, by their own wish, the administrator's, or because of bounces.
      type: int
      sample: 3
    held_messages:
      description: How many messages wait for a moderator.
      type: int
      sample: 0
    held_subscriptions:
      description: How many subscriptions wait for a moderator.
      type: int
      sample: 0
    held_unsubscriptions:
      description: How many unsubscriptions wait for a moderator.
      type: int
      sample: 0
    settings:
      description:
        - The attributes in which the list differs from one that would be created now, with names and values as in
          O(listhost.exim_mailman.mailman_lists#module:lists[].settings).
      type: dict
      sample: {description: News for everybody, max_message_size: 200}
inventory:
  description:
    - The lists as O(listhost.exim_mailman.mailman_lists#module:lists) takes them, so that nothing would change. Each has only what a list would not have that
      is created now, and of a member what a new one would not have.
    - No passwords are told, and not who has been disabled by bounces. Topics that members have chosen are theirs.
  returned: when O(gather) has V(inventory) and there is a Mailman
  type: list
  elements: dict
  contains:
    error:
      description: Why the list cannot be read. Then there is only its name.
      type: str
      returned: when the list cannot be read
    left_out:
      description: What the list has and module M(listhost.exim_mailman.mailman_lists) would not take, each with the reason.
      type: list
      elements: str
      sample: ["members: old@localhost is no address that Mailman takes today"]
  sample:
    - {name: announce, owners: [anna@example.org], settings: {max_message_size: 200}, members: [Dora <dora@example.org>], left_out: []}
bounces:
  description: What Mailman's log C(bounce) tells of bounces that did not count against a member, as role mailman's queue runner logs them.
  returned: when O(gather) has V(bounces) and there is a Mailman
  type: dict
  contains:
    guarded:
      description: Whether this queue runner is among Mailman's (C(QRUNNERS)).
      type: bool
    lists:
      description:
        - Of each list that had any in the last seven days, how many bounces were about policy or content (C(policy_bounces)), of how many C(members), the most
          frequent C(reasons) and C(senders), each with its number, and since yesterday the members whom the limit of a day has C(kept).
      type: list
      elements: dict
      sample: [{name: announce, policy_bounces: 3, members: 2, reasons: [["5.7.26 from mx.example.net", 3]], senders: [["anna@example.org", 3]], kept: []}]
frozen:
  description: The domains for which the mail server defers mail, each with V(arriving), V(leaving) or V(left).
  returned: with O(frozen_file)
  type: dict
  sample: {lists.example.org: leaving}
frozen_formerly:
  description: Whether RV(frozen) still stands only in a file of an earlier release, in Mailman's directory, and there is no O(frozen_file).
  returned: with O(frozen_file)
  type: bool
  sample: false
configuration:
  description:
    - What module M(listhost.exim_mailman.mailman_config) compares. Contents are told as sums, and secrets are in none of them.
    - V(null) where there is no Mailman that can be believed.
  returned: with O(compare_files)
  type: dict
lists_differ:
  description:
    - Whether M(listhost.exim_mailman.mailman_lists) would change something with O(compare_lists), or warn of something.
    - V(null) where there is no Mailman that can be asked.
  returned: with O(compare_lists)
  type: bool
  sample: false
queues:
  description: How many messages are in each of Mailman's queues. Those in C(shunt) and C(bad) stay there until somebody looks at them.
  returned: when O(gather) has V(queues) and there is a Mailman
  type: dict
  sample: {in: 0, out: 2, shunt: 0}
runners:
  description: Mailman's processes.
  returned: when O(gather) has V(runners) and there is a Mailman
  type: dict
  contains:
    master_pid:
      description: The process that watches the others; V(null) when it does not run.
      type: int
      sample: 811
    running:
      description: The queue runners that run.
      type: list
      elements: str
      sample: [ArchRunner, BounceRunner]
    missing:
      description: The queue runners that C(mm_cfg.py) names and that do not all run.
      type: list
      elements: str
      sample: []
settings:
  description:
    - The settings in C(mm_cfg.py) that differ from Mailman's own and from those of the build.
    - Passwords, keys and other secrets are not told.
  returned: when O(gather) has V(settings) and there is a Mailman
  type: dict
  sample: {SMTP_MAX_RCPTS: 15}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_look import OPTIONS, look


class InfoModule(AnsibleModule):
    """Keeps the lists out of the system log, as module mailman_lists does."""

    def _log_invocation(self):
        if self.params["compare_lists"] is None:
            super(InfoModule, self)._log_invocation()
        else:
            self.log("Invoked for %s" % self.params["prefix"])

    def fail_json(self, msg, **result):
        super(InfoModule, self).fail_json(msg, invocation={"module_args": {"prefix": self.params.get("prefix")}}, **result)


def main():
    module = InfoModule(argument_spec=OPTIONS, supports_check_mode=True)
    module.exit_json(**look(module))


if __name__ == "__main__":
    main()
