# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a module would change nothing, by what the look at the host has found. Where that is in doubt the module runs, and says so itself."""

from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_settings import Unrepresentable, render, sum_of, sum_of_block

# In the place of a secret that the module has made, which nobody here knows.
MADE = "0" * 64


def is_same(spec, found):
    """Say whether a file, one of an option like files, is as it should be."""
    mode = str(spec.get("mode") or "0644")
    return bool(found) and found["sum"] == sum_of(spec["content"]) and found["mode"] == mode.zfill(4) and all(
        spec.get(name) in (None, found[name]) for name in ("owner", "group")
    )


def are_same(files, found):
    return all(is_same(spec, found.get(spec["path"])) for spec in files)


def is_settings_text(text, arguments):
    """Say whether this is the sum of the block that mailman_config would write."""
    settings, runner = dict(arguments["settings"]), arguments.get("bounce_runner")
    made = dict((name, MADE) for name in arguments.get("generated_secrets") or [] if name not in settings)
    if runner:
        runner = dict(runner, max_disabled_percent=int(runner["max_disabled_percent"]))
    return sum_of_block(render(dict(settings, **made), made, arguments.get("encode_long_lines"), runner)) == text


def is_configured(arguments, found):
    """Say whether mailman_config would change nothing. Of the values of secret settings no look tells anything."""
    runner = arguments.get("bounce_runner")
    try:
        return bool(
            found and found["settled"] and not arguments.get("secret_settings") and is_settings_text(found["sum"], arguments)
            and (is_same({"content": runner["source"]}, found["runner"]) if runner else not found["runner_left"])
            and are_same(arguments.get("files") or [], found["files"])
        )
    except (KeyError, TypeError, ValueError, AttributeError, Unrepresentable):
        # The module says what is wrong with its options.
        return False


def is_installed(arguments, found):
    """Say whether exim_config would change nothing."""
    try:
        return bool(found) and are_same([dict(arguments, mode=arguments.get("mode") or "0640"), *(arguments.get("files") or [])], found)
    except (KeyError, TypeError, AttributeError):
        return False
