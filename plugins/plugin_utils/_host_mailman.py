# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the Mailman that role mailman finds on a host. A rule yields faults.

found is what module mailman_info returns; v has what the inventory and the platform say. What is to be installed anew may differ from what is there.
"""


def is_adopted(found, v):
    """Say whether it is a Mailman that others installed."""
    return found["installed"] and not found["untrusted"] and v["method"] != "archive"


def open_to_others(found, v):
    """What is just open the role closes, before it runs any of it. What others wrote it does not touch."""
    if found["foreign"] or found["untrusted"] and v["method"] == "existing":
        yield found["mm_cfg_error"]


def host_name(found, dummy):
    if found["host_name_fault"]:
        yield ("The host's name cannot be looked up at once (%s), and Mailman does so for each connection to the mail server: posts would stall. Put the name "
               "into /etc/hosts or the DNS." % found["host_name_fault"])


def none_to_adopt(found, v):
    if v["method"] == "existing" and not found["installed"]:
        yield ("mailman_install_method is existing, but there is no Mailman at mailman_prefix=%s. Correct the prefix, or choose archive or package."
               % v["prefix"])


def of_others(found, v):
    if v["method"] == "archive" and found["installed"] and found["stamp"] is None:
        yield ("mailman_install_method is %s, but the Mailman at mailman_prefix=%s was not installed by this role. Choose existing to adopt it, or another "
               "prefix." % (v["method_said"], v["prefix"]))


def of_another_inventory(found, v):
    other = (found["stamp"] or {}).get("inventory", v["inventory"])
    if v["separate"] and other != v["inventory"]:
        yield ("%s is in two inventories: %s (directory/host) set it up, and this one is %s. Take it out of one of them. To hand it over to this one, write %s "
               "for the other in %s/.installed on the host." % (v["email_host"], other, v["inventory"], v["inventory"], v["prefix"]))


def no_python(found, v):
    if v["method"] != "archive" or found["python_available"] or v["python_from_role"] and v["python_offered"]:
        return
    start = "There is no Python that Mailman 2.1 can run on: mailman_python=%s is not on the host, and " % v["python"]
    if v["python_from_role"]:
        yield "%s%s has no package of it. %s" % (start, v["platform"], v["python_advice"])
    else:
        yield (start + "the role can install only /usr/bin/python2.7. Install it with its headers and dnspython below 2.0, or leave mailman_python at its "
               "default.")


def python_of_adopted(found, v):
    if is_adopted(found, v) and not found["python_available"]:
        yield ("The Mailman at mailman_prefix=%s runs on %s, which cannot be run. Install that Python." % (v["prefix"], found["python"]))


def settings(found, v):
    """Where Mailman's Python cannot be run nothing can be said of its settings."""
    if v["kept"] and found["mm_cfg_error"] and not found["untrusted"] and (found["python_available"] or not is_adopted(found, v)):
        yield "%s. Mend that file by hand." % found["mm_cfg_error"]


def built_for_others(found, v):
    for name in ("var_prefix", "user", "group"):
        said = v["mailman_" + name]
        if is_adopted(found, v) and said and said != found[name]:
            yield ("mailman_%s is '%s', but the Mailman at mailman_prefix=%s was built for '%s'. Take the variable out to use what is there."
                   % (name, said, v["prefix"], found[name]))


def wrapper(found, v):
    said, groups = v["mailman_mail_group"], found["mail_groups"]
    # A wrapper may not say.
    if is_adopted(found, v) and said and groups and said not in groups:
        yield ("mailman_mail_group is '%s', but %s was built for %s and refuses every other group. Take the variable out to use what is there, or build with "
               "--with-mail-gid=%s." % (said, found["wrapper"], ", ".join(groups), said))


RULES = (
    open_to_others, host_name, none_to_adopt, of_others, of_another_inventory, no_python, python_of_adopted, settings, built_for_others, wrapper,
)
