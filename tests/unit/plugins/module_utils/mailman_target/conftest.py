# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import types

import pytest
from ansible_collections.listhost.exim_mailman.plugins.module_utils._mailman_target import faults, mailman


@pytest.fixture
def refused():
    """A function that returns what is said against a value."""

    def refused(function, *arguments):
        with pytest.raises(faults.Wrong) as caught:
            function(*arguments)
        return caught.value.text

    return refused


@pytest.fixture(autouse=True)
def mm_cfg(monkeypatch, tmp_path):
    """The part of Mailman's settings that pure functions look at."""
    settings = types.SimpleNamespace(
        ACCEPTABLE_LISTNAME_CHARACTERS="[-+_.=a-z0-9]",
        MAILMAN_SITE_LIST="mailman",
        LC_DESCRIPTIONS={"en": (), "de": ()},
        LOCK_DIR=str(tmp_path),
        DEFER=0, APPROVE=1, REJECT=2, DISCARD=3, HOLD=6, ACCEPT=7,
    )  # fmt: skip
    monkeypatch.setattr(mailman, "mm_cfg", settings)
    return settings


@pytest.fixture
def mlist(monkeypatch):
    """A list in a language with a small charset."""
    monkeypatch.setattr(mailman, "Utils", types.SimpleNamespace(GetCharSet=lambda language: "latin-1"))
    return types.SimpleNamespace(preferred_language="de")
