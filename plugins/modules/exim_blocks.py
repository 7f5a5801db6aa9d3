#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: exim_blocks
short_description: Add blocks to a configuration of Exim that somebody else wrote
version_added: 1.0.0
description:
  - Adds blocks to Exim's configuration, or takes them out, as one transaction. The configuration may be one file with what it includes, or
    Debian's, split or not.
  - The places of the blocks are found by reading the configuration as Exim does. What is not certain is named, and nothing is changed.
  - The new configuration must be accepted by Exim, must have all statements that it had before, and must pass all tests, before any file is
    replaced. When something is wrong, all files and the running daemon are as they were.
  - Blocks that are taken out leave the files octet for octet what they were.
extends_documentation_fragment:
  - listhost.exim_mailman.exim
  - listhost.exim_mailman.exim.tests
  - listhost.exim_mailman.exim.service
  - listhost.exim_mailman.files
attributes:
  check_mode:
    description: Everything is done but the last steps, in which the files are renamed and the service is restarted.
  diff_mode:
    description: One difference a file, of the blocks in it alone. What the administrator has written may be secret.
options:
  path:
    description:
      - Absolute path of the file that Exim reads, such as V(/etc/exim/exim.conf).
      - Where it is not there, Debian's C(update-exim4.conf) makes the configuration from the files in the same directory.
    type: path
    required: true
  state:
    description:
      - V(present) adds the blocks, or replaces those of an earlier run. V(absent) takes them out.
      - V(planned) changes nothing, and tests nothing. It looks for the places of the blocks.
    type: str
    choices: [present, absent, planned]
    default: present
  blocks:
    description: The blocks. Several of a slot have this order.
    type: list
    elements: dict
    default: []
    suboptions:
      slot:
        description: Place in the configuration.
        type: str
        choices: [main, acl_rcpt_early, acl_rcpt_local, acl_data, routers_remote, routers_local, transports, retry]
        required: true
      name:
        description: What the block is for, as a comment.
        type: str
        required: true
      content:
        description: Its lines.
        type: str
        required: true
      leads_to:
        description: Whether its last transport sends mail to other hosts.
        type: str
        choices: [this_host, other_hosts]
        default: this_host
  anchors:
    description: What the configuration calls the things to which blocks are tied.
    type: dict
    default: {}
    suboptions:
      local_domains:
        description: Named list of the domains whose mail stays on this host.
        type: str
        default: local_domains
      relay_hosts:
        description: Named list of the hosts that may send mail to anywhere.
        type: str
        default: relay_from_hosts
      acl_rcpt:
        description: The ACL that Exim asks about each recipient. When empty, C(acl_smtp_rcpt) says so.
        type: str
        default: ""
      acl_data:
        description: The ACL that Exim asks about each message. When empty, C(acl_smtp_data) says so.
        type: str
        default: ""
      router:
        description: The router before which those of the blocks stand. When empty, they are the first.
        type: str
        default: ""
  files:
    description:
      - Files that go live together with the blocks, such as aliases, and go with them when they are taken out.
      - One that is there and was not written by role exim is not replaced.
    default: []
  domains:
    description:
      - Domains that the blocks are about, as in a list of domains of Exim's, such as V(+mm_domains).
      - Mail for them may fare otherwise than before, if without blocks it would be nobody's on this host. All other mail must not.
    type: list
    elements: str
    default: []
  known_addresses:
    description:
      - Addresses that must fare as before, besides those that the module finds (users, aliases, and some of each named domain).
    type: list
    elements: str
    default: []
  replace_mailman:
    description:
      - Whether another Mailman in the configuration is put aside when the blocks are added. Its macros, lists of domains, routers, transports, and
        statements of ACLs become comments where they stand.
      - Files of Debian's split configuration that have C(mailman) in their names are kept as NAME.replaced instead.
      - With O(state=absent) all of it comes back in any case, octet for octet.
    type: bool
    default: false
seealso:
  - module: listhost.exim_mailman.exim_config
"""

EXAMPLES = r"""
- name: Add a router to the configuration that is there
  listhost.exim_mailman.exim_blocks:
    path: /etc/exim4/exim4.conf
    blocks:
      - slot: routers_local
        name: a domain that is gone
        content: |
          old_domain:
            driver = redirect
            domains = old.example.com
            allow_fail
            data = :fail: This domain is no more
    address_tests:
      - address: anybody@old.example.com
        outcome: undeliverable
    service: exim4

- name: Take it out again
  listhost.exim_mailman.exim_blocks:
    path: /etc/exim4/exim4.conf
    state: absent
    service: exim4
"""

RETURN = r"""
changed_paths:
  description: The path of every file that was changed, added or removed.
  returned: success
  type: list
  elements: str
  sample: [/etc/exim4/conf.d/main/00_exim_mailman]
proven:
  description: Whether the new configuration was tested. It is not when nothing changes.
  returned: success
  type: bool
options:
  description: Main options of the configuration that blocks depend on.
  returned: when O(state=planned)
  type: dict
  sample: {smtp_accept_queue_per_connection: "10"}
failures:
  description: One line for each thing that is wrong with the configuration, or with the new one.
  returned: when it is not accepted
  type: list
  elements: str
  sample: ["router mailman_router is there already (line 212 of /etc/exim/exim.conf)."]
"""

import grp
import os
import re

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.listhost.exim_mailman.plugins.module_utils import _trust
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim import Exim, EximError, message_of
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_blocks import aside, comparing, layouts, marks, others, places, reading
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_delivery import exim_user
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_proof import (
    TEST_ARGUMENTS,
    Proof,
    checked_tests,
    prove_files,
    put_into_operation,
)
from ansible_collections.listhost.exim_mailman.plugins.module_utils._exim_settings import parse_options
from ansible_collections.listhost.exim_mailman.plugins.module_utils._file_transaction import FILES, Transaction

# Slots in the order in which blocks of one place stand, with their place and the section of the configuration.
SLOTS = (
    ("main", "main", "main"), ("acl_rcpt_early", "acl_rcpt", "acl"), ("acl_rcpt_local", "acl_rcpt", "acl"), ("acl_data", "acl_data", "acl"),
    ("routers_remote", "routers", "routers"), ("routers_local", "routers", "routers"), ("transports", "transports", "transports"),
    ("retry", "retry", "retry"),
)
BLOCK_ARGUMENTS = dict(
    slot=dict(type="str", choices=[slot for slot, dummy, dummy in SLOTS], required=True),
    name=dict(type="str", required=True),
    content=dict(type="str", required=True),
    leads_to=dict(type="str", choices=["this_host", "other_hosts"], default="this_host"),
)
ANCHORS = dict((name, dict(type="str", default=default)) for name, default in places.DEFAULTS.items())
# The statements of a split configuration that another ACL takes the place of.
REPLACED = (r"acl_smtp_(rcpt|data) = ", r"MAIN_ACL_CHECK_(RCPT|DATA) =")


class Refused(EximError):
    """Several things that are wrong."""

    def __init__(self, head, failures):
        EximError.__init__(self, "%s:\n%s" % (head, "\n".join(failures)))
        self.failures = failures


def gathered(blocks):
    """Return the text for each place."""
    contents = {}
    for slot, place, dummy in SLOTS:
        for block in blocks:
            if block["slot"] == slot and block["content"].strip():
                text = "# block: %s\n%s\n# end of block: %s\n\n" % (block["name"], block["content"].strip("\n"), block["name"])
                contents[place] = contents.get(place, "") + text
    return contents


def alone(blocks):
    """Return the configuration that the blocks would be by themselves."""
    sections = {}
    for slot, dummy, section in SLOTS:
        sections.setdefault(section, []).extend(block["content"] for block in blocks if block["slot"] == slot)
    text = "".join(
        ("" if section == "main" else "begin %s\n" % section) + "".join(content + "\n\n" for content in contents) for section, contents in sections.items())
    return reading.read(["the blocks"], opened=lambda dummy: text)


def check_trust(paths):
    """Stop where others can write what root's Exim reads."""
    look = _trust.Look()
    for path in paths:
        look.follow(path)
    try:
        look.end()
    except _trust.Untrusted as error:
        raise EximError("only root should be able to write Exim's configuration, but %s." % error) from None


class Work:
    """What the module does, step by step."""

    def __init__(self, module):
        self.module = module
        self.exim = Exim.from_module(module)
        self.blocks, self.anchors = module.params["blocks"], dict(places.DEFAULTS, **module.params["anchors"])
        self.layout = layouts.layout_of(module.params["path"], lambda directory: layouts.generate(module, directory))
        self.layout.bring_back = module.params["state"] == "absent"
        self.macros = re.findall(r"^(_\w+)=", self.exim.run("-C", os.devnull, "-bP", "macros")[1], re.MULTILINE)
        # Debian's program executes the file of settings.
        check_trust(self.layout.candidates())
        self.before = self.layout.load(self.macros)
        check_trust(self.before.files)

    def faults(self):
        """Return what is wrong with the configuration as a place for blocks; the places go to self.places."""
        blocks = alone(self.blocks)
        if self.module.params["replace_mailman"]:
            faults = self.layout.put_aside([name for kind in aside.KINDS for name in blocks.names(kind)])
            if faults:
                return faults
            self.before = self.layout.effective({})
        sources = self.layout.sources(self.before)
        texts = dict((path, self.layout.pristine[path]) for path in self.layout.in_effect(sources))
        own = [path for path, text in texts.items() if marks.OWN.search(text)]
        if own:
            return ["%s is the whole configuration that role exim wrote (exim_configuration: whole). Bring back what was there before "
                    "(playbooks/undo.yml), then run this again." % own[0]]
        faults = list(others.faults_of_tools(texts))
        search = places.Search(sources, self.layout.first, self.anchors)
        self.places = search.places
        if self.layout.split:
            self.places["before_router"] = self.anchors["router"]
        faults += search.faults
        mailman = others.of_mailman(self.layout.in_files())
        if mailman:
            faults.append("Exim has Mailman in its configuration already, not by this collection: %s. Take it out, or set exim_replace_configuration to true: "
                          "then it is put aside, and comes back when the lists are taken out." % ", ".join(mailman))
        else:
            faults += places.is_taken(self.before, blocks)
        leading = [block["name"] for block in self.blocks if block["leads_to"] == "other_hosts"]
        return faults + list(others.faults_of_ways_out(self.before, leading))

    def new_texts(self):
        """Return the texts of files with the blocks in them."""
        old = dict((phase, self.anchors["acl_" + phase] or self.before.main_option("acl_smtp_" + phase)) for phase in layouts.PHASES)
        return self.layout.put(self.places, gathered(self.blocks), old)

    def faults_of_new(self, new):
        """Return what is wrong with the new configuration, as it is read."""
        after = self.layout.effective(new)
        blocks = alone(self.blocks)
        # What stands there may be secret.
        missing = places.differences(self.before, after, REPLACED if self.layout.split else ())
        faults = ["the statement in %s would be lost" % one.place for one in missing]
        texts = set(statement.text for statement in after.statements)
        faults += ["Exim would not read this of the blocks as it is meant, because of a condition, a macro or the line before: %s" % one.text[:200]
                   for one in blocks.statements if one.text not in texts]
        order = places.order_of(self.before, after, blocks.names("router"), self.anchors["router"])
        faults += [order] if order else []
        if self.layout.split:
            faults += ["%s is %s, and cannot be set from conf.d/main." % (option, after.main_option(option)) for option in ("acl_smtp_rcpt", "acl_smtp_data")
                       if option[9:] in [slot[4:8] for slot in (block["slot"] for block in self.blocks)]
                       and not (after.main_option(option) or "").startswith("acl_exim_mailman_")]
        self.after = after
        return faults

    def specification(self, path, text):
        """Return a file for a transaction. What is there keeps its attributes."""
        new = not os.path.exists(path)
        content = None if text is None else text.encode("utf-8", "surrogateescape")
        return dict(path=path, content=content, owner="root" if new else None, group="root" if new else None, mode="0644" if new else None)

    def files(self):
        """Return the other files for a transaction."""
        specs = []
        for spec in self.module.params["files"]:
            text = reading.text_of(spec["path"])
            own = text is not None and marks.OWN.search(text)
            if self.module.params["state"] == "absent":
                specs += [dict(spec, content=None)] if own else []
            elif text is not None and not own and text != spec["content"]:
                raise EximError("%s is there, and role exim did not write it. Exim would read it for addresses of the lists' domains. Move it away."
                                % spec["path"])
            else:
                specs.append(spec)
        return specs

    def proof_file(self, configuration):
        """Return the one file that is proven. It has what is included in it, which may be secret where the file that Exim reads first is not."""
        group = grp.getgrgid(exim_user(self.exim)[1]).gr_name
        return dict(path=self.layout.live_config, content="\n".join(configuration.lines) + "\n", owner="root", group=group, mode="0640")

    def check_live(self):
        """Stop where Exim does not accept the configuration that it has, or has another one than this module has read."""
        status, out, err = self.exim.run("-bV")
        if status != 0:
            raise EximError("Exim does not accept the configuration that it has: %s" % message_of(err))
        path = re.search(r"^Configuration file is (.*)$", out, re.MULTILINE)
        if not path or path.group(1) != self.layout.live_config:
            raise EximError("Exim reads %s, and not %s." % (path.group(1) if path else "another file", self.layout.live_config))
        if self.layout.is_stale():
            raise EximError("Exim has not read yet what is in %s now: update-exim4.conf makes another configuration of it. Restart Exim, and see that it works."
                            % self.layout.directory)
        live = reading.read([self.layout.live_config], macros=self.macros)
        found = self.exim.names("router")
        if live.names("router") != found:
            raise EximError("Exim reads its configuration otherwise than this module: its routers are %s, here they are %s."
                            % (places.choices(found), places.choices(live.names("router"))))

    def run(self):
        """Do the work and return the result."""
        module, state = self.module, self.module.params["state"]
        tests = checked_tests(module)
        new = {}
        if state == "absent":
            new = self.layout.put_back()
            self.after = self.layout.effective(new)
        else:
            faults = self.faults()
            if not faults:
                new = self.new_texts()
                faults = self.faults_of_new(new)
            if faults:
                raise Refused("The lists cannot be added to the configuration of Exim on this host; nothing was changed", faults)
        if state == "planned":
            self.check_live()
            dummy, out, dummy = self.exim.run("-bP", "smtp_accept_queue_per_connection")
            return dict(changed=False, options=parse_options(out, set()))
        specs, files = [self.specification(path, text) for path, text in sorted(self.layout.all_texts(new).items())], self.files()
        transaction = Transaction(module)
        proven = False
        try:
            transaction.stage(specs + files)
            if transaction.changed_paths:
                self.check_live()
                self.prove(tests, files, transaction.changed_paths)
                proven = True
                if not module.check_mode:
                    put_into_operation(module, self.exim, transaction, module.params["service"] if specs else None, self.layout.live_config)
            transaction.settle(files)
        finally:
            transaction.close()
        changed, own = transaction.changed_paths, [spec["path"] for spec in files]
        # The administrator's own lines may be secret.
        diffs = [diff if diff["before_header"] in own else dict(diff, before=marks.blocks_of(diff["before"]), after=marks.blocks_of(diff["after"]))
                 for diff in transaction.diffs]
        return dict(changed=bool(changed), changed_paths=changed, proven=proven, diff=diffs)

    def prove(self, tests, files, changed_paths):
        """Stop where the new configuration does not do what it should, or does otherwise what it did before."""
        with Proof([self.proof_file(self.after)] + [spec for spec in files if spec["content"] is not None]) as proof:
            failures = prove_files(proof, self.exim, changed_paths, tests)
            if not failures:
                failures = self.compare(Exim(self.exim.program, proof.paths[self.layout.live_config]))
        if failures:
            raise Refused("%s: the new configuration is not installed" % self.layout.live_config, failures)

    def compare(self, after):
        """Return what becomes of the host's other mail that did not before. after is the Exim that is to be."""
        module = self.module
        having = [self.exim] if self.layout.has_blocks(self.before) else []
        having += [after] if module.params["state"] == "present" else []
        with Proof([self.proof_file(self.before)]) as without:
            return comparing.compare(
                self.exim, after, Exim(self.exim.program, without.config([])), having, self.before, module.params["known_addresses"], module.params["domains"])


def main():
    """Add blocks, or take them out."""
    module = AnsibleModule(
        argument_spec=dict(
            path=dict(type="path", required=True),
            state=dict(type="str", choices=["present", "absent", "planned"], default="present"),
            blocks=dict(type="list", elements="dict", default=[], options=BLOCK_ARGUMENTS),
            anchors=dict(type="dict", default={}, options=ANCHORS),
            files=dict(FILES, default=[]),
            domains=dict(type="list", elements="str", default=[]),
            known_addresses=dict(type="list", elements="str", default=[]),
            replace_mailman=dict(type="bool", default=False),
            service=dict(type="str"),
            exim=dict(type="path"),
            **TEST_ARGUMENTS
        ),
        supports_check_mode=True,
    )
    try:
        result = Work(module).run()
    except EximError as error:
        module.fail_json(msg=str(error), failures=getattr(error, "failures", [str(error)]))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
