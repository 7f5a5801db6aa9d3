# Copyright: listhost.exim_mailman contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx's configuration for `make docs`."""

project = "listhost.exim_mailman"
copyright = "listhost.exim_mailman contributors"
extensions = ["sphinx_antsibull_ext"]
exclude_patterns = ["environment_variables.rst"]
html_theme = "alabaster"
html_theme_options = {"page_width": "1200px", "description": "List hosts with Exim 4 and Mailman 2.1"}
html_copy_source = False
# ref.ref: labels of Ansible's own site, where a site that is built offline cannot look. toc.no_title: the changelog before the first release.
suppress_warnings = ["ref.ref", "toc.no_title"]
