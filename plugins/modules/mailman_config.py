#!/usr/bin/python
# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: mailman_config
short_description: Keep settings in Mailman 2.1's mm_cfg.py
version_added: 1.0.0
description:
  - Keeps the settings in a marked block at the end of C(mm_cfg.py), where they win over what stands above. All other lines, those of the
    distribution and of the administrator, are kept.
  - Mailman's own Python, as Mailman's own user, loads the new file before it replaces the live one. When that fails, or a value is not of the
    type that Mailman has there, the live one stays.
  - The file is its group's to read, Mailman's, and nobody else's but root's, for it can have secrets in it; so is C(mm_cfg.pyc).
  - Fails when others than root can write Mailman's code or this file.
  - Restarts nothing. The queue runners read the file when they start.
extends_documentation_fragment:
  - listhost.exim_mailman.files
  - listhost.exim_mailman.mailman
attributes:
  check_mode:
    description: Loads the new file, too, when Mailman is there already.
  diff_mode:
    description: Shows the block, without the values of O(secret_settings).
options:
  settings:
    description:
      - Names and values. Strings, numbers, booleans, lists, mappings and null (Python's C(None)) become Python literals.
      - C(add_virtualhost) is called after them when C(DEFAULT_URL_HOST) or C(DEFAULT_EMAIL_HOST) is among them.
      - Names that are no longer given leave the file.
    type: dict
    required: true
  secret_settings:
    description: More of them, whose values are never shown and never logged.
    type: dict
    default: {}
  generated_secrets:
    description:
      - Names of settings that need some secret, whichever it is, such as C(SUBSCRIBE_FORM_SECRET). The module makes it when the file has none, and keeps it.
      - Those that are among O(settings) or O(secret_settings) are what these say.
    type: list
    elements: str
    default: []
  encode_long_lines:
    description:
      - Lets Mailman send text with long lines as quoted-printable.
      - Mailman adds its footer to decoded text, and Python encodes no text in C(us-ascii). A paragraph that somebody's mail program has sent encoded, as
        it should, would become one line, and mail servers refuse lines of more than 998 octets.
      - It holds for all lists, whatever their language. Text with short lines is sent as before.
    type: bool
    default: false
  bounce_runner:
    description:
      - A queue runner for bounces in the place of Mailman's own, which it builds upon. Its file goes to C(Mailman/Queue/ListhostBounceRunner.py), and the last
        line of the settings puts it into C(QRUNNERS), whatever these are. Without this option the file is removed.
      - Queue runners know C(QRUNNERS) only from their start (C(mailmanctl restart) is not enough).
    type: dict
    suboptions:
      source:
        description: The text of the file, with a class C(ListhostBounceRunner), for Mailman's Python.
        type: str
        required: true
      max_disabled_percent:
        description: What the runner finds in C(mm_cfg.LISTHOST_MAX_DISABLED_PERCENT).
        type: int
        required: true
  files:
    description:
      - Files around Mailman, such as the unit of its queue runners, that go live together with C(mm_cfg.py), or not at all.
    default: []
  found:
    description:
      - What M(listhost.exim_mailman.mailman_info) has returned as RV(listhost.exim_mailman.mailman_info#module:configuration) with the paths of O(files).
      - If it shows that nothing would change, nothing is run on the host. Not so with O(secret_settings).
    type: dict
seealso:
  - module: listhost.exim_mailman.mailman_info
  - module: listhost.exim_mailman.file_set
"""

EXAMPLES = r"""
- name: Tell Mailman its domains
  listhost.exim_mailman.mailman_config:
    prefix: /var/lib/mailman
    settings:
      DEFAULT_EMAIL_HOST: list.example.com
      DEFAULT_URL_HOST: www.example.com
      MTA: null
    secret_settings:
      SUBSCRIBE_FORM_SECRET: "{{ vault_subscribe_form_secret }}"
  notify: Restart Mailman
"""

RETURN = r"""
path:
  description: The file, with links resolved.
  returned: success
  type: str
  sample: /etc/mailman/mm_cfg.py
changed_paths:
  description: RV(path) and the O(files[].path) whose content or attributes changed.
  returned: success
  type: list
  elements: str
  sample: [/etc/mailman/mm_cfg.py]
"""

import base64
import os
import re
import secrets as random_secrets

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.text.converters import to_bytes, to_text
from ansible_collections.listhost.exim_mailman.plugins.module_utils._file_transaction import FILES, Transaction
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import (
    TargetError,
    explain,
    find_installation,
    run_target,
    take,
)
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_settings import (
    BEGIN,
    END,
    GENERATED,
    Unrepresentable,
    is_open,
    join,
    literal,
    read,
    render,
    runner_path,
    split,
)
from ansible_collections.listhost.exim_mailman.plugins.module_utils._trust import Untrusted, resolve

NAME = re.compile(r"[A-Z][A-Z0-9_]*\Z")
SETTING = re.compile(r"^(\w+) = .*?(  # secret)?$", re.MULTILINE)


def hide(block, secrets):
    """Return a block as it may be shown: without what is secret now, or was when it was written."""

    def shown(match):
        name, mark = match.groups()
        return "%s = (not shown)%s" % (name, mark or "") if mark or name in secrets else match.group()

    return SETTING.sub(shown, to_text(block, errors="surrogate_or_replace"))


def generate(names, block):
    """Return a secret for each name: that of the block, or a new one."""
    kept = dict(GENERATED.findall(to_text(block or b"", errors="surrogate_or_replace")))
    return dict((name, kept.get(name) or random_secrets.token_hex(32)) for name in names)


def runner_file(prefix, runner):
    """Return the file of the queue runner for bounces, as one of O(files). Without content it is to go."""
    return dict(path=runner_path(prefix), content=runner and runner["source"], owner=None, group=None, mode="0644")


def sent():
    """Name what Mailman's Python runs; see _mailman_program."""
    from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import settings

    return settings


def check(module, installation, path, content, names):
    """Let Mailman's Python load the content and compare the settings with Mailman's own."""
    answer = run_target(module, installation, "check_settings", path=path, content=to_text(base64.b64encode(content)), names=sorted(names))
    take(answer, {"fault": str, "mistyped": list, "unknown": list})
    mistyped, unknown = [", ".join(str(text) for text in answer[name]) for name in ("mistyped", "unknown")]
    if answer["fault"]:
        module.fail_json(
            msg="%s was not changed, because %s cannot load what it would be: %s. Mend the line if it is not between the markers of the role, else the "
            "setting in the inventory." % (path, installation["python"], answer["fault"]),
        )
    if mistyped:
        module.fail_json(msg="%s was not changed: %s. Correct the value in the inventory." % (path, mistyped))
    if unknown:
        module.warn("Mailman %s has no setting %s; nothing will read it" % (installation["version"], unknown))


def main():
    module = AnsibleModule(
        argument_spec=dict(
            prefix=dict(type="path", required=True),
            settings=dict(type="dict", required=True),
            secret_settings=dict(type="dict", default={}, no_log=True),
            generated_secrets=dict(type="list", elements="str", default=[], no_log=False),
            encode_long_lines=dict(type="bool", default=False),
            bounce_runner=dict(type="dict", options=dict(
                source=dict(type="str", required=True),
                max_disabled_percent=dict(type="int", required=True),
            )),
            files=dict(FILES, default=[]),
            # The action plugin compares with it.
            found=dict(type="dict"),
        ),
        supports_check_mode=True,
    )
    prefix, secrets = module.params["prefix"], module.params["secret_settings"]
    settings = dict(module.params["settings"], **secrets)
    generated = [name for name in module.params["generated_secrets"] if name not in settings]
    wrong = sorted(name for name in [*settings, *generated] if not NAME.match(name))
    if wrong:
        module.fail_json(msg="Not the name of a Mailman setting: %s. Names are upper-case letters, digits and _." % ", ".join(wrong))
    for name in settings:
        try:
            literal(settings[name])
        except Unrepresentable as error:
            module.fail_json(msg="Setting %s: %s, and mm_cfg.py takes only strings, numbers, booleans, lists, mappings and null" % (name, error))

    try:
        configure(module, prefix, settings, secrets, generated)
    except Untrusted as e:
        module.fail_json(msg=explain(prefix, e))
    except TargetError as e:
        module.fail_json(msg=str(e))


def configure(module, prefix, settings, secrets, generated):
    """Compare, check, and rename."""
    installation = find_installation(prefix)
    if installation is None and not module.check_mode:
        module.fail_json(msg="There is no Mailman at prefix=%s. Install it first, or correct the prefix." % prefix)
    path = resolve(os.path.join(prefix, "Mailman", "mm_cfg.py"))
    content = read(path)
    foreign, old = split(content)
    if b"\r\n" in content and (BEGIN in foreign or END in foreign):
        module.fail_json(msg="%s has the line ends of Windows, so that the markers of Ansible's settings are no whole lines. Convert it: sed -i 's/\\r$//' %s"
                         % (path, path))
    if BEGIN in foreign or END in foreign:
        module.fail_json(msg="%s has one of the two markers of Ansible's settings without the other. Remove that line: %s" % (path, to_text(END)))
    made = generate(generated, old)
    settings, secrets = dict(settings, **made), dict(secrets, **made)
    runner = module.params["bounce_runner"]
    new = to_bytes(render(settings, secrets, module.params["encode_long_lines"], runner))
    wanted = join(foreign, new)
    files, diffs = module.params["files"] + [runner_file(prefix, runner)], []
    # It has secrets in it; Mailman's programs are all of its group. What Python compiles of it is not to be believed once it has changed: Python compares
    # whole seconds. It is kept as an empty file, which nobody but root can fill, so that it never has another mode.
    mode = dict(owner=None, group=installation and installation["group"], mode="0640")
    compiled = dict(mode, path=os.path.join(resolve(os.path.join(prefix, "Mailman")), "mm_cfg.pyc"), content="")
    own = [dict(mode, path=path, content=wanted)]
    transaction = Transaction(module)
    try:
        transaction.stage(files)
        # What make install has compiled of it would do without it.
        if runner is None and os.path.exists(files[-1]["path"] + "c"):
            transaction.candidates.append((None, files[-1]["path"] + "c"))
        if installation and (wanted != content or not os.path.exists(compiled["path"])):
            transaction.prepare(compiled, compiled["path"])
        if wanted != content:
            if installation:
                check(module, installation, path, wanted, settings)
                transaction.prepare(own[0], path)
            transaction.changed_paths.append(path)
            diffs.append(dict(before_header=path, before=hide(old or b"", secrets), after_header=path, after=hide(new, secrets)))
        if not module.check_mode:
            transaction.commit()
        # EL's package compiles it anew whenever the unit starts, for root's group.
        transaction.settle(files + [spec for spec in own if os.path.exists(spec["path"])] + ([compiled] if is_open(compiled["path"]) else []))
    finally:
        transaction.close()
    module.exit_json(
        changed=bool(transaction.changed_paths), path=path, changed_paths=sorted(transaction.changed_paths), diff=diffs + transaction.diffs,
    )


if __name__ == "__main__":
    main()
