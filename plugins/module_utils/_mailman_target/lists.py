# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The request of module mailman_lists."""

from __future__ import absolute_import, division, print_function

import re
import sys

from . import mailman
from .attributes import Attributes, web_page_url
from .domains import Domains
from .faults import Failure, Stopped, Wrong
from .locks import Patience
from .names import check_host, check_names
from .passwords import check_password, hash_password, write_site_password
from .steps import change_list, create_list, finish_removal, remove_list, unfinished_removals
from .text import plain, readable, show
from .work import Work, complete, report_removal

# The scheme and the port are the pattern's.
URL_HOST = re.compile(r"\w+://([^/:]+)")
# A request that leaves a list as it is.
UNCHANGED = dict(
    dict.fromkeys(("email_host", "language", "owners", "moderators", "description", "members", "password")),
    state="present", settings={}, initial_settings={}, members_mode="additive", update_password="on_create",
)  # fmt: skip


def plan(attributes, specs, existing, purge, complain, warn, domains, web_hosts=None):
    """What the call would change, with nothing written: (reports, specs that need work, names to remove)."""
    check_names(specs, existing, purge, complain, warn)
    reports, to_do, doomed = [], [], []
    for number, spec in enumerate(specs):
        name = spec["name"]
        if spec["state"] == "absent":
            if name in existing:
                doomed.append(name)
            continue

        def complain_here(place, text, number=number):
            complain(number, place, text)

        new = name not in existing
        for option, check in (("password", check_password), ("url_host", check_host)):
            try:
                if spec[option] is not None:
                    check(spec[option])
            except Wrong:
                complain_here(option, sys.exc_info()[1].text)
        try:
            if new:
                spec = complete(spec)
                mlist = mailman.new_list(plain(name))
                if spec["owners"] is None:
                    complain_here("owners", "are needed to create the list")
            else:
                mlist = mailman.MailList.MailList(plain(name), lock=0)
                if web_hosts is not None and spec["url_host"] is None:
                    spec = dict(spec, url_host=url_host(mlist))
        except UnicodeError:
            # check_names has complained of the name.
            continue
        except (mailman.Errors.MMListError, IOError):
            complain_here("name: " + show(name), "this list cannot be read (%s): restore its config.pck" % readable(sys.exc_info()[1]))
            continue
        domains.now[name] = "" if new else mlist.host_name
        report = Work(attributes, mlist, spec, new, complain_here).report()
        domains.then[name] = mlist.host_name
        if web_hosts is not None:
            web_hosts[name] = url_host(mlist)
        if report:
            reports.append(report)
            to_do.append(spec)
    if purge:
        listed = set(spec["name"] for spec in specs)
        doomed.extend(sorted(existing - listed - set((mailman.mm_cfg.MAILMAN_SITE_LIST,))))
    reports.extend(report_removal(name) for name in doomed)
    return reports, to_do, doomed


def url_host(mlist):
    """The host in the address of a list's web pages."""
    match = URL_HOST.match(mlist.web_page_url)
    return match and readable(match.group(1))


def with_old_urls(names, web_hosts):
    """Requests for those of some lists whose web pages have an address of another form than DEFAULT_URL_PATTERN's: their hosts stay, and are noted."""
    for name in sorted(names):
        try:
            mlist = mailman.MailList.MailList(plain(name), lock=0)
        except (mailman.Errors.MMListError, EnvironmentError, UnicodeError):
            # Somebody has to restore it. It is not in the request.
            continue
        host = web_hosts[name] = url_host(mlist)
        if host and mlist.web_page_url != web_page_url(host):
            yield dict(UNCHANGED, name=name, url_host=host)


def manage_lists(lists, purge, keep_archives, site_password, virtual_hosts, update_urls, domains_file, lock_timeout, check):
    """The request of module mailman_lists."""
    mailman.load_settings()
    mailman.load_lists()
    web_hosts = dict((domain, web_host) for web_host, domain in virtual_hosts.items())
    # The members come as JSON inside the JSON, to be parsed for one list at a time: those of all lists would take most of the memory.
    for spec in lists:
        spec["members"] = spec["members"] and plain(spec["members"])
        spec["url_host"] = spec["url_host"] or web_hosts.get(spec["email_host"])
    faults, warnings, problems = [], [], []

    def complain(number, place, text):
        faults.append((number, "lists (%s): %s: %s" % (lists[number]["name"], place, text)))

    free_hands = mailman.tie_hands()
    attributes = Attributes()
    existing = set(readable(name) for name in mailman.Utils.list_names())
    if site_password is not None:
        try:
            check_password(site_password)
        except Wrong:
            faults.append((-1, "site_password: " + sys.exc_info()[1].text))
    domains = Domains(**(domains_file or {"text": "", "seconds": 0}))
    unlisted = existing - set(spec["name"] for spec in lists)
    # The host of each list's web pages, when the call has done its work.
    hosts = {} if update_urls else None
    if update_urls and not purge:
        lists = lists + list(with_old_urls(unlisted, hosts))
    reports, to_do, doomed = plan(attributes, lists, existing, purge, complain, warnings.append, domains, hosts)
    crumbs = unfinished_removals()
    reports = [report_removal(name) for name in crumbs if name not in doomed] + reports
    answer = {
        "domains": None,
        "faults": [text for _number, text in sorted(faults, key=lambda fault: fault[0])],
        "lists": reports,
        "problems": problems,
        "site_password_changed": False,
        "unlisted": sorted(unlisted),
        "warnings": warnings,
        "web_hosts": hosts and "".join("%s %s\n" % (name, hosts[name].lower()) for name in sorted(hosts) if hosts[name] and name not in doomed),
    }
    if faults:
        return answer
    answer["site_password_changed"] = site_password is not None and mailman.Utils.get_global_password() != hash_password(site_password)
    if domains_file:
        domains.look(existing)
        for name in doomed:
            del domains.then[name]
    if check:
        answer["domains"] = domains.wanted() if domains_file else None
        return answer

    free_hands()
    mailman.mm_cfg.SYNC_AFTER_WRITE = 1
    patience = Patience(lock_timeout)
    steps = [(name, lambda name=name: (finish_removal(name, keep_archives), report_removal(name))[1]) for name in crumbs]
    for spec in to_do:
        act = change_list if spec["name"] in existing else create_list
        steps.append((spec["name"], lambda act=act, spec=spec: act(attributes, patience, spec)))
    steps.extend((name, lambda name=name: remove_list(patience, plain(name), keep_archives)) for name in doomed)
    done = answer["lists"] = []
    current = "the site password"
    try:
        if answer["site_password_changed"]:
            answer["site_password_changed"] = False
            write_site_password(site_password)
            answer["site_password_changed"] = True
        for current, step in steps:
            try:
                report = step()
            except Failure:
                # One list that is locked or was changed meanwhile is no reason to leave the others as they are.
                problems.append(sys.exc_info()[1].text)
                domains.failed(current)
            except EnvironmentError:
                raise
            except Exception:
                # Mailman has dozens of its own, with no common ancestor.
                problems.append(
                    "The list %s was left as it was: Mailman failed with %s: %s" % (current, sys.exc_info()[0].__name__, readable(sys.exc_info()[1]))
                )
                domains.failed(current)
            else:
                if report:
                    done.append(report)
        if domains_file:
            answer["domains"] = domains.wanted()
    except EnvironmentError:
        problems.append("%s could not be written: %s. Everything after it was left as it was." % (current, readable(sys.exc_info()[1])))
    except Stopped:
        problems.append("Stopped before %s was written. Run again to finish." % current)
    return answer


def gather_differences(check_mode, **wanted):
    """Whether module mailman_lists would have anything to do or to say. Where that cannot be told, the module will."""
    try:
        answer = manage_lists(domains_file=None, lock_timeout=0, check=True, **wanted)
    except Exception:
        return True
    said = [name for name in ("faults", "lists", "problems", "site_password_changed", "warnings") if answer[name]]
    return bool(said or (check_mode and answer["unlisted"]))
