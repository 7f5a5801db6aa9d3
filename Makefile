# `make` lists what there is to do. Runs as root (containers, system packages) on Debian 12 or newer.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON := /usr/bin/python3
SCENARIO := $(sort $(patsubst molecule/%/molecule.yml,%,$(wildcard molecule/*/molecule.yml)))

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export ANSIBLE_HOME := $(CURDIR)/.cache/ansible
export CONTAINERS_CONF := $(CURDIR)/molecule/shared/containers.conf

# Mailman in the tests and the demo: upstream's release when MAILMAN_ARCHIVE names one, else the double.
DOUBLE := .cache/mailman-double.tgz
MAILMAN_ARCHIVE ?= $(DOUBLE)
override MAILMAN_ARCHIVE := $(abspath $(MAILMAN_ARCHIVE))
export MAILMAN_ARCHIVE

.PHONY: help
help:
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "Variables: SCENARIO=name (make molecule), MAILMAN_ARCHIVE=/path/to/mailman-2.1.39.tgz (the real Mailman)"

# --- What the rest stands on ---------------------------------------------------------------------

PACKAGES := podman runc netavark iptables debootstrap debian-archive-keyring python3-venv
COLLECTION := .cache/collections/ansible_collections/listhost/exim_mailman
WHEEL := .cache/wheels/dnspython-1.16.0-py2.py3-none-any.whl

.PHONY: packages images mailman ground
packages:
	@missing=$$(for package in $(PACKAGES); do \
	    dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || echo $$package; done); \
	if [ -n "$$missing" ]; then \
	    echo "Installing Debian packages:" $$missing; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $$missing >/dev/null; \
	fi

.venv/complete: requirements.txt | packages
	@echo "Making .venv from requirements.txt"
	@rm -rf .venv && $(PYTHON) -m venv .venv
	@pip install -qq --disable-pip-version-check --requirement $<
	@touch $@

$(COLLECTION):
	@mkdir -p $(@D) && ln -s $(CURDIR) $@

# The last dnspython for Python 2.7, which Mailman's configure asks for. The list hosts in containers install it from here.
$(WHEEL): | .venv/complete
	@pip download -qq --disable-pip-version-check --no-deps --dest $(@D) dnspython==1.16.0

$(DOUBLE): $(shell find molecule/shared/double -type f)
	@mkdir -p $(@D)
	@tar -C molecule/shared/double --transform 's,^\.,mailman-double,' --owner=0 --group=0 -czf $@ .

images: packages
	@molecule/shared/images/build

mailman: $(if $(filter %/$(DOUBLE),$(MAILMAN_ARCHIVE)),$(DOUBLE))
	@if [ "$(MAILMAN_ARCHIVE)" = "$(abspath $(DOUBLE))" ]; then \
	    echo "*** Mailman: THE PROJECT'S DOUBLE, not the real one. For that: MAILMAN_ARCHIVE=/path/to/mailman-2.1.39.tgz ***"; \
	else \
	    echo "*** Mailman: $(MAILMAN_ARCHIVE) ***"; test -r "$(MAILMAN_ARCHIVE)"; \
	fi

ground: .venv/complete $(COLLECTION) $(WHEEL) images mailman
