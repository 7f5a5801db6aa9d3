# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules mailman_lists and mailman_info ask of Mailman's Python about lists."""

import json

# Options of mailman_lists.
LISTS = dict(
    lists=dict(
        type="list",
        elements="dict",
        default=[],
        options=dict(
            name=dict(type="str", required=True),
            state=dict(type="str", choices=["present", "absent"], default="present"),
            email_host=dict(type="str"),
            url_host=dict(type="str"),
            language=dict(type="str"),
            owners=dict(type="list", elements="str"),
            moderators=dict(type="list", elements="str"),
            description=dict(type="str"),
            settings=dict(type="dict", default={}),
            initial_settings=dict(type="dict", default={}),
            members=dict(type="list", elements="raw"),
            members_mode=dict(type="str", choices=["additive", "exact"], default="additive"),
            password=dict(type="str", no_log=True),
            update_password=dict(type="str", choices=["on_create", "always"], default="on_create", no_log=False),
        ),
    ),
    purge=dict(type="bool", default=False),
    keep_archives=dict(type="bool", default=True),
    site_password=dict(type="str", no_log=True),
    virtual_hosts=dict(type="dict", default={}),
    update_urls=dict(type="bool", default=False),
)


def request(params):
    """Return these options as the request has them. The members of a list are JSON inside the JSON."""
    lists = [dict(spec, members=None if spec["members"] is None else json.dumps(spec["members"])) for spec in params["lists"]]
    return dict(dict((name, params[name]) for name in LISTS), lists=lists)
