# Two commands on a fresh clone: `make demo` and `make test`. Neither installs anything outside .venv.
export UV_PYTHON_DOWNLOADS := never
# Images of containers often set it. Then each of the hundreds of processes of the tests compiles everything it imports.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin

# Many tests wait (for a retry, a browser, a process), so more of them run than there are cores.
WORKERS := $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 2)))

.PHONY: help
help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /\t/' | expand -t 18

# python-ldap comes as source: it is built where a compiler and its headers are (make system-packages), in CI always.
LDAP_BUILDS := $(shell printf '\043include <ldap.h>\n\043include <sasl/sasl.h>\n' | cc -E - >/dev/null 2>&1 && echo yes)

.PHONY: setup
setup: .venv/.done $(if $(LDAP_BUILDS)$(CI),.venv/.ldap) ## .venv from hashed requirement files

# Without ensurepip (bare Debian) and without touching the system's packages: pip installs uv into .venv, uv the rest.
.venv/.done: requirements/uv.txt requirements/dev.txt pyproject.toml
	python3 -m venv --without-pip .venv
	python3 -m pip --python $(BIN)/python install -q --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@

# What builds it, and us, is held to hashes as well.
.venv/.ldap: .venv/.done requirements/ldap.txt requirements/build.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/ldap.txt \
		--build-constraints requirements/build.txt
	touch $@

.PHONY: demo
demo: setup ## a sample organization into an emulated Identity Center, with the pages (Ctrl-C ends it)
	$(BIN)/scim-bridge demo

.PHONY: test
test: setup scimmy lint ## lint, types, imports, all tests but the slow ones
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m "not slow and not samba and not ds389 and not image"

.PHONY: test-postgres
test-postgres: setup ## all tests that have a state, over PostgreSQL (make system-packages)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --state postgresql \
		-m "not slow and not samba and not ds389 and not state_file and not browser" \
		tests/state tests/laws tests/scenarios tests/e2e tests/worker tests/service

# A SCIM server of others, for the contract tests; where there is no npm they are skipped (CI has it).
.PHONY: scimmy
scimmy: $(if $(shell command -v npm),.venv/scimmy/.done)

.venv/scimmy/.done: tests/scimmy/package.json tests/scimmy/server.mjs | .venv/.done
	rm -rf .venv/scimmy && cp -r tests/scimmy .venv/scimmy
	cd .venv/scimmy && npm install --silent --no-package-lock --no-audit --no-fund --ignore-scripts
	touch $@

.PHONY: test-slow
test-slow: setup scimmy ## large and long tests, and the laws with thirty times the examples
	HISTORIES=400 $(BIN)/python -m pytest -m slow
	HISTORIES=400 HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -m "not samba and not ds389 and not image" tests/laws tests/mapping tests/source

.PHONY: test-samba
test-samba: setup ## Active Directory, as Samba speaks it (make samba-packages; needs root)
	$(BIN)/python -m pytest -m samba

.PHONY: test-ds389
test-ds389: setup ## 389 Directory Server, and so FreeIPA's (make ds389-packages)
	$(BIN)/python -m pytest -m ds389

.PHONY: test-image
test-image: setup ## the container image, built and run without a daemon (make image-packages; needs root)
	IMAGE_BASE=debian $(BIN)/python -m pytest -m image

.PHONY: image
image: ## the container image, without a daemon (make image-packages; needs root)
	deploy/image.sh

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
RELEASE ?= dist

.PHONY: release
release: setup ## wheel, image, bill of materials, licenses and checksums into dist/ (image: as `make image`)
	rm -rf $(RELEASE) && mkdir -p $(RELEASE)
	$(BIN)/python -m hatchling build -t wheel -d $(RELEASE)
	$(BIN)/python -m tests.supply.bill $(RELEASE)/scim-bridge-$(VERSION).cdx.json
	cp docs/licenses.md $(RELEASE)/
	deploy/image.sh $(RELEASE)/scim-bridge-$(VERSION)-image.tar
	cd $(RELEASE) && sha256sum * > SHA256SUMS

.PHONY: lint
lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture --min-confidence 80 scim_bridge
	$(BIN)/deptry .
	$(BIN)/hadolint Dockerfile
	$(BIN)/python -m tests.docs.plain_english

.PHONY: system-packages
system-packages: ## what a few tests need from Debian: Chromium, fonts, Node.js, PostgreSQL, OpenLDAP with headers (needs root)
	apt-get update -q
	apt-get install -y -q --no-install-recommends chromium fonts-noto-cjk fonts-noto-color-emoji
	apt-get install -y -q --no-install-recommends gcc libc6-dev python3-dev libldap-dev libsasl2-dev slapd ldap-utils
	# a server for each session of the tests; the one that comes with the package need not run
	RUNLEVEL=1 apt-get install -y -q --no-install-recommends postgresql
	# for promtool; the server that comes with it need not run
	RUNLEVEL=1 apt-get install -y -q --no-install-recommends prometheus
	# a Node.js from elsewhere brings its own npm, and Debian's npm will not stand beside it
	command -v npm >/dev/null || apt-get install -y -q --no-install-recommends nodejs npm

.PHONY: samba-packages
samba-packages: ## what test-samba needs from Debian (needs root)
	apt-get update -q
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends samba samba-dsdb-modules \
		samba-vfs-modules winbind samba-ad-provision ldb-tools krb5-user libsasl2-modules-gssapi-mit iproute2

.PHONY: ds389-packages
ds389-packages: ## what test-ds389 needs from Debian (needs root)
	apt-get update -q
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends 389-ds-base

.PHONY: image-packages
image-packages: ## what building the image needs from Debian (needs root)
	apt-get update -q
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends buildah debootstrap

.PHONY: bench
bench: setup ## planning 100,000 people against the bare minimum of the same work; pace against permitted rate
	$(BIN)/python -m bench.plan
	$(BIN)/python -m bench.startup
	$(BIN)/python -m bench.rate
	$(BIN)/python -m bench.shared
	$(BIN)/python -m bench.sync
	$(BIN)/python -m bench.entra
	$(BIN)/python -m bench.scrape
	$(BIN)/python -m bench.pages
	$(if $(wildcard /usr/lib/postgresql/*/bin/initdb),$(BIN)/python -m bench.states && $(BIN)/python -m bench.fleet)
	$(BIN)/python -m bench.growth --sources csv entra google $(if $(shell command -v slapd),ldap)
	$(if $(shell command -v slapd),$(BIN)/python -m bench.ldap)

.PHONY: lock
lock: setup ## renew the requirement files from pyproject.toml (keeps pins; delete a file to upgrade)
	$(BIN)/uv pip compile -q pyproject.toml --universal --generate-hashes --no-header -o requirements/run.txt
	$(BIN)/uv pip compile -q pyproject.toml --group dev --universal --generate-hashes --no-header -o requirements/dev.txt
	$(BIN)/uv pip compile -q pyproject.toml --extra ldap --universal --generate-hashes --no-header \
		-c requirements/dev.txt -o requirements/ldap.txt
	printf 'hatchling>=1.27\nsetuptools>=80\n' | $(BIN)/uv pip compile -q - --generate-hashes --no-header -o requirements/build.txt
	echo uv==0.13.9 | $(BIN)/uv pip compile -q - --generate-hashes --no-header -o requirements/uv.txt

.PHONY: check-lock
check-lock: lock
	git diff --exit-code requirements/
