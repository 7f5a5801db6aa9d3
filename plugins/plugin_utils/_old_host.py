# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a host that somebody else has set up, and that need not have a Python: where its Mailman has lists, how they are packed, what it stops.

The commands are shell's. Root looks at directories there, and reads no file that others can write: Mailman's own user there packs them.
"""

import shlex

# Debian and EL, upstream, cPanel, and where people put it by hand.
DIRECTORIES = ("/var/lib/mailman", "/usr/local/mailman", "/usr/local/cpanel/3rdparty/mailman", "/opt/mailman", "/home/mailman", "/usr/lib/mailman")
# EL has the queues elsewhere.
QUEUES = "/var/spool/mailman"
NOBODY = 65534

LOOK = """
for directory in %s; do
    for file in "$directory"/lists/*/config.pck "$directory"/lists/*/config.db; do
        if [ -f "$file" ]; then
            cd "$directory" && pwd -P && stat -c '%%u %%g' lists && for part in lists archives/private data qfiles; do [ ! -d $part ] || echo $part; done
            [ -d qfiles ] || [ ! -d %s ] || echo queues
            echo .
            break
        fi
    done
done
"""
FREEZE = """
for unit in %s; do
    if [ -d /run/systemd/system ]; then
        if systemctl is-active --quiet "$unit"; then systemctl stop "$unit" && echo "$unit"; fi
    elif service "$unit" status >/dev/null 2>&1; then service "$unit" stop >/dev/null && echo "$unit"
    fi || exit 1
done
"""
THAW = "for unit in %s; do if [ -d /run/systemd/system ]; then systemctl start $unit; else service $unit start; fi; done"
# No reboot starts them again.
DISABLE = "for unit in %s; do if [ -d /run/systemd/system ]; then systemctl disable $unit; else chkconfig $unit off || update-rc.d $unit disable; fi; done"
# Without a match for the command line of the shell itself.
RUNNERS = "grep -l -a -- '--runne[r]=' /proc/[0-9]*/cmdline 2>/dev/null | wc -l"


def shell(text):
    """Return a command for a connection that may have no shell itself."""
    return "/bin/sh -c " + shlex.quote(text)


def words(names):
    return " ".join(shlex.quote(name) for name in names)


def look(directory):
    return shell(LOOK % (words([directory] if directory else DIRECTORIES), QUEUES))


def parse(text):
    """Return the Mailmans that look() has found: directory, user, group, and the parts that are there."""
    found = {}
    for lines in text.split("\n.\n"):
        lines = lines.strip("\n").split("\n")
        if len(lines) > 1:
            user, group = lines[1].split()
            found[lines[0]] = {"directory": lines[0], "user": int(user), "group": int(group), "parts": [part for part in lines[2:] if part != "."]}
    return list(found.values())


def faults(found, host, directory):
    """Yield why lists cannot be fetched from what was found."""
    if not found:
        yield ("%s has no lists of a Mailman in %s: no lists/NAME/config.pck is there. Say in mailman_takeover_directory where the old Mailman has them."
               % (host, directory or ", ".join(DIRECTORIES)))
    elif len(found) > 1:
        yield "%s has lists in %s. Say in mailman_takeover_directory which of them are meant." % (host, ", ".join(one["directory"] for one in found))
    elif found[0]["group"] == 0:
        yield ("%s/lists on %s is of root's group, so nobody can say who may read lists but root. Make a tar of lists, archives and data there, and name it in "
               "mailman_takeover_files." % (found[0]["directory"], host))


def pack(found, place):
    """Return the command that packs the lists into a file in a directory of root's, as Mailman's user or, where root owns them, as nobody in its group."""
    tar = ["tar", "-C", found["directory"], "-czf", "-", "--exclude=data/*.pw", *(part for part in found["parts"] if part != "queues")]
    if "queues" in found["parts"]:
        parent, dummy, name = QUEUES.rpartition("/")
        tar += ["--transform=flags=r;s,^%s/,qfiles/," % name, "-C", parent, name]
    as_user = ["setpriv", "--reuid=%d" % (found["user"] or NOBODY), "--regid=%d" % found["group"], "--clear-groups", "--"]
    # What changed while it was read is no fault: the look is not the takeover, and what stands still does not change.
    return shell("umask 077; cd /; %s >%s || [ $? = 1 ]" % (words(as_user + tar), shlex.quote(place)))
