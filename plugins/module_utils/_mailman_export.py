# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An export of lists into a file, as module mailman_export and the backup's program do it. Of the module only params, check_mode and warn are used."""

from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman import TargetError, run_target, take
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_archive import CHECKSUM, find_place, new_archive

ANSWERED = {"faults": list, "id": str, "left_out": list, "lists": list, "size": int, "sum": str, "templates": list}
# What it says of each list.
OF_LIST = {"bytes": int, "email_host": str, "fault": str, "files": int, "held": int, "members": int, "name": str, "queued": int, "state": str}


def sent():
    """Name what Mailman's Python runs; see _mailman_program."""
    from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import exporting

    return exporting


def export(module, installation, handle):
    """What Mailman says when it is asked to write the lists into this file."""
    params = module.params
    answer = take(
        run_target(
            module,
            installation,
            "export_lists",
            _handles=() if handle is None else (handle,),
            descriptor=handle,
            root=params["root"],
            lists=params["lists"],
            compressed=params["compressed"],
            site_passwords=params["site_passwords"],
            unreadable=params["unreadable"],
            lock_timeout=params["lock_timeout"],
            check=module.check_mode,
            origin=params["origin"],
        ),
        ANSWERED,
    )
    expected = OF_LIST if handle is None else dict(OF_LIST, locked_seconds=(int, float))
    return dict(answer, lists=[take(one, expected) for one in answer["lists"]])


def judge(module, answer):
    """Fail when there is what cannot be read, or warn."""
    faults = [str(fault) for fault in answer["faults"]]
    if faults and module.params["unreadable"] == "fail":
        raise TargetError("\n".join(faults) + "\nNothing was written. Mend or remove them, or take the rest with unreadable: include.")
    for fault in faults:
        module.warn(fault)


def write(module, installation):
    """Write the archive and return what Mailman says of it."""
    if module.check_mode:
        find_place(module.params["dest"])
        answer = export(module, installation, None)
        judge(module, answer)
        return answer
    with new_archive(module.params["dest"]) as (handle, keep):
        answer = export(module, installation, handle)
        judge(module, answer)
        answer["sum"] = "sha256:" + answer["sum"]
        if not CHECKSUM.match(answer["sum"]):
            raise TargetError("Mailman's answer has no checksum.")
        keep()
    return answer
