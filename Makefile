# `make` lists what there is to do. Runs as root (containers, system packages) on Debian 12 or newer.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON := /usr/bin/python3
SCENARIO := $(sort $(patsubst molecule/%/molecule.yml,%,$(wildcard molecule/*/molecule.yml)))

# The project's own tools, and the system's: not what else the caller has.
export PATH := $(CURDIR)/.venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export ANSIBLE_HOME := $(CURDIR)/.cache/ansible
# Facts are read as ansible_facts['x'] only; what relies on the old names breaks here first.
export ANSIBLE_INJECT_FACT_VARS := False
# How to reach the containers of the tests.
export ANSIBLE_CONNECTION_PLUGINS := $(CURDIR)/molecule/shared/connection
# Archives of modules and the code of templates are kept from run to run.
export ANSIBLE_CALLBACK_PLUGINS := $(CURDIR)/molecule/shared/callback
export ANSIBLE_CALLBACKS_ENABLED := built_once
export MOLECULE_COMMAND_BORDERS := false
export CONTAINERS_CONF := $(CURDIR)/molecule/shared/containers.conf
# Also for the environments that ansible-test makes, which have homes of their own.
export PIP_CACHE_DIR := $(CURDIR)/.cache/pip

# Mailman in the tests and the demo: upstream's release when MAILMAN_ARCHIVE names one, else the double.
DOUBLE := .cache/mailman-double.tgz
MAILMAN_ARCHIVE ?= $(DOUBLE)
override MAILMAN_ARCHIVE := $(abspath $(MAILMAN_ARCHIVE))
export MAILMAN_ARCHIVE
export MAILMAN_ARCHIVE_CHECKSUM = sha256:$(firstword $(shell sha256sum $(MAILMAN_ARCHIVE) 2>/dev/null))
export DEBIAN_MIRROR := $(shell molecule/shared/images/mirror)

# Containers and networks have names and addresses of this clone's, so that those of two clones do not collide.
CLONE := $(shell printf %s "$(CURDIR)" | sha256sum | cut -c 1-4)
export GROUND_CLONE := listhost-$(CLONE)
export GROUND_NET := $(shell GROUND_CLONE=$(GROUND_CLONE) molecule/shared/net)

.PHONY: help
help:
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "Variables: SCENARIO=name, ANSIBLE=oldest (make molecule), MAILMAN_ARCHIVE=/path/to/mailman-2.1.39.tgz (the real Mailman)"

# --- What the rest stands on ---------------------------------------------------------------------

PACKAGES := podman runc netavark iptables debootstrap debian-archive-keyring python3-venv openssh-client
WHEEL := .cache/wheels/dnspython-1.16.0-py2.py3-none-any.whl

.PHONY: packages images mailman repository ground
packages:
	@missing=$$(for package in $(PACKAGES); do \
	    dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || echo $$package; done); \
	if [ -n "$$missing" ]; then \
	    echo "Installing Debian packages:" $$missing; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $$missing >/dev/null; \
	fi

.venv/complete: requirements.txt | packages
	@echo "Installing requirements.txt in .venv"
	@test -x .venv/bin/pip || $(PYTHON) -m venv .venv
	@pip install -qq --disable-pip-version-check --requirement $<
	@touch $@

# The last dnspython for Python 2.7, which Mailman's configure asks for. The list hosts in containers install it from here.
$(WHEEL): | .venv/complete
	@pip download -qq --disable-pip-version-check --no-deps --dest $(@D) dnspython==1.16.0

$(DOUBLE): $(shell find molecule/shared/double -type f)
	@molecule/shared/double/pack.sh $@

images: packages
	@molecule/shared/images/build $(IMAGES)

mailman: $(if $(filter %/$(DOUBLE),$(MAILMAN_ARCHIVE)),$(DOUBLE))
	@if [ "$(MAILMAN_ARCHIVE)" = "$(abspath $(DOUBLE))" ]; then \
	    echo "*** Mailman: THE PROJECT'S DOUBLE, not the real one. For that: MAILMAN_ARCHIVE=/path/to/mailman-2.1.39.tgz ***"; \
	else \
	    echo "*** Mailman: $(MAILMAN_ARCHIVE) ***"; test -r "$(MAILMAN_ARCHIVE)"; \
	fi

# What every host in a container needs. tests/run makes it once for all its stages.
GROUND := $(if $(GROUND_MADE),,.venv/complete $(WHEEL) images mailman)

# By the archive: a run with the double takes nothing away from one with the real Mailman.
repository: $(GROUND)
	@molecule/shared/images/el8/repository .cache/repository/$$(cut -c 8-19 <<<$(MAILMAN_ARCHIVE_CHECKSUM))

ground: repository

# --- The demo ------------------------------------------------------------------------------------

DEMO := ansible-playbook -i molecule/shared/ground.yml -i inventories/demo/hosts.yml
UPSTREAM := $(CURDIR)/.cache/mailman-2.1.39.tgz

# With the real Mailman where it can be had: that of MAILMAN_ARCHIVE, or upstream's.
.PHONY: demo proof
demo: ## Set up a list host and the internet in containers, and show that mail flows and pages open
	@mkdir -p .cache; \
	if [ "$(MAILMAN_ARCHIVE)" = "$(abspath $(DOUBLE))" ] && molecule/shared/upstream $(UPSTREAM); then \
	    $(MAKE) --no-print-directory proof MAILMAN_ARCHIVE=$(UPSTREAM); \
	else \
	    $(MAKE) --no-print-directory proof; \
	fi

proof: IMAGES := debian12 internet browser
proof: export DEMO_PORT = $(shell GROUND_CLONE=$(GROUND_CLONE) inventories/demo/port)
proof: $(GROUND)
	$(DEMO) molecule/shared/create.yml
	$(DEMO) playbooks/site.yml
	@inventories/demo/proof

# --- Tests ---------------------------------------------------------------------------------------

.PHONY: test lint docs sanity unit values build contract molecule oldest newest bench
test: ## Run all of the following; sanity and unit tests with the oldest and the newest ansible-core
	@tests/run

# What runs on a list host is for its Python, down to 3.6, or for Mailman's: neither need be on this machine to find what they lack.
VERMIN := vermin --quiet --no-tips --violations
lint: .venv/complete tree ## Check playbooks, YAML, Python, documentation and changelog fragments
	ansible-lint --nocolor -q
	yamllint .
	ruff check --quiet .
	$(VERMIN) --target=3.6- --exclude-regex '/_mailman_target/' plugins/modules plugins/module_utils roles/mailman_web/files/one_click.py
	$(VERMIN) --target=2.7- plugins/module_utils/_mailman_target roles/mailman/files roles/mailman_web/files/one_click_remove.py
	antsibull-changelog lint
	@# Without the hundred collections of .venv, which it would all read.
	cd $(TREE) && ANSIBLE_COLLECTIONS_SCAN_SYS_PATH=False antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs dependent --disallow-unknown-collection-refs .
	pre-commit validate-config

# ansible-test wants its collection in a repository below ansible_collections. It is given what is shipped and its
# own tests; ruff checks the rest.
TREE := .cache/tree/ansible_collections/listhost/exim_mailman
NOT_IN_TREE := .ci .collections benchmarks inventories/demo molecule tests/build tests/contract tests/cores tests/run tests/values
.PHONY: tree
tree:
	@rm -rf $(TREE) && mkdir -p $(TREE)
	@git ls-files --cached --others --exclude-standard -z -- $(NOT_IN_TREE:%=':!%') | \
	    tar --null --files-from - --ignore-failed-read -c | tar -C $(TREE) -x
	@git -C $(TREE) init --quiet && git -C $(TREE) add --all

docs: .venv/complete tree ## Make the documentation of modules and roles, in .cache/docs/html
	@rm -rf .cache/docs && mkdir -p .cache/docs/rst
	antsibull-docs collection --use-current --squash-hierarchy --fail-on-error --dest-dir .cache/docs/rst listhost.exim_mailman
	@cp docs/docsite/conf.py .cache/docs/rst
	sphinx-build -q -W --keep-going .cache/docs/rst .cache/docs/html

# ansible-test keeps what it makes in its home.
HOME_OF_TESTS := HOME=$(CURDIR)/.cache/home
sanity: .venv/complete tree ## Run ansible-test sanity
	@$(HOME_OF_TESTS) python tests/cores/get_pip.py
	cd $(TREE) && $(HOME_OF_TESTS) ansible-test sanity --venv --color no

unit: .venv/complete tree ## Run the unit tests
	@$(HOME_OF_TESTS) python tests/cores/get_pip.py
	cd $(TREE) && $(HOME_OF_TESTS) ansible-test units --venv --color no

values: .venv/complete .cache/venv-oldest/complete ## Test on this machine that every spelling of a variable means the same
	pytest -p no:cacheprovider -ra tests/values

build: .venv/complete ## Build the collection, see what is in it, install it elsewhere and check site.yml there
	tests/build

contract: ground ## Test what the collection relies on in Mailman, with the archive or the double
	pytest -p no:cacheprovider -ra tests/contract

OLDEST := .cache/venv-oldest
$(OLDEST)/complete: tests/cores/oldest.txt | packages
	@echo "Installing $< in $(@D)"
	@test -x $(@D)/bin/pip || $(PYTHON) -m venv $(@D)
	@$(@D)/bin/pip install -qq --disable-pip-version-check --requirement $<
	@touch $@

molecule: ground $(if $(filter oldest,$(ANSIBLE)),$(OLDEST)/complete) ## Run all Molecule scenarios, or SCENARIO=name
	@PATH=$(if $(filter oldest,$(ANSIBLE)),$(CURDIR)/$(OLDEST)/bin:)$$PATH; \
	failed=; for scenario in $(SCENARIO); do molecule test -s $$scenario || failed="$$failed $$scenario"; done; \
	if [ -n "$$failed" ]; then echo "Scenarios failed:$$failed" >&2; exit 1; fi

# --- Releases ------------------------------------------------------------------------------------

.PHONY: changelog release
changelog: .venv/complete ## Take the changelog fragments into the release that galaxy.yml names
	antsibull-changelog release --update-existing

release: .venv/complete ## Build the tarball, if tests/real-mailman.json and the changelog are those of this version
	@python tests/release.py check
	tests/build
	@mkdir -p .cache/release && cp .cache/build/*.tar.gz .cache/release/ && ls .cache/release

# --- More ----------------------------------------------------------------------------------------

.PHONY: shell
shell: ground ## A shell with what these run in: `molecule converge -s default`, `pytest tests/contract` and so on
	@$(SHELL)

oldest: ground $(OLDEST)/complete ## Test with the oldest ansible-core: sanity, unit tests, an EL list host
	@tests/cores/run oldest

newest: ground ## Test with the newest ansible-core: sanity, unit tests, a Debian 13 list host by SSH
	@tests/cores/run newest

bench: ground ## Measure what the collection costs
	@set -e; for benchmark in benchmarks/*/run; do $$benchmark; done

.PHONY: clean
clean: ## Remove all that make made here: containers, networks, images, .cache and .venv
	@podman ps --all --quiet --filter name=^$(GROUND_CLONE)- | xargs --no-run-if-empty podman rm --force --volumes
	@podman network ls --quiet --filter name=^$(GROUND_CLONE)- | xargs --no-run-if-empty podman network rm
	@# Not those that another clone's containers use.
	@podman images --quiet --filter 'reference=localhost/listhost-*' | sort -u | xargs --no-run-if-empty podman rmi >/dev/null 2>&1 || true
	@rm -rf .cache .venv .ansible
