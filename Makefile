# `make` lists the targets. Each works by itself on a machine with Node 20 or newer, Go 1.26, git and openssl.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The bundled Node 24, or the one on PATH. Looked up when a recipe runs, as the first recipe may be what installs it.
NODE = $$(ls node_modules/node-*/bin/node 2>/dev/null || command -v node)

# The Kubernetes version stands in go.mod only.
KUBERNETES := $(shell sed -n 's|^[[:space:]]*k8s.io/kubernetes \(v[0-9.]*\)$$|\1|p' tools/controlplane/go.mod)
NUMBERS := $(subst ., ,$(KUBERNETES:v%=%))
VERSION := k8s.io/component-base/version
LDFLAGS := -s -w -X $(VERSION).gitVersion=$(KUBERNETES) \
	-X $(VERSION).gitMajor=$(word 1,$(NUMBERS)) -X $(VERSION).gitMinor=$(word 2,$(NUMBERS))

ZLINT := v3.6.1
HELM3 := v3.22.0
HELM4 := v4.3.1
# A newer one is taken where Debian has this one no more.
PROMTOOL := 3.5.3+ds1-6

# $(call need,program,how to get it)
need = command -v $(1) >/dev/null || { echo "$(1) is missing: $(2)" >&2; exit 1; }

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: deps
deps: node_modules/.package-lock.json ## install the npm packages and Node 24

# Not `npm ci`: it refuses a lock file that leaves out optional packages of other platforms which a registry does not have.
# With --no-save the lock file decides all the same, and stays as it is.
node_modules/.package-lock.json: package-lock.json
	@$(call need,npm,install Node 24 from https://nodejs.org)
	npm install --no-save --loglevel=error
	@touch $@
	@"$(NODE)" -e 'process.exit(parseInt(process.versions.node) >= 24 ? 0 : 1)' || \
		{ rm $@; echo 'No Node 24 comes with Sifaka for this platform: install it from https://nodejs.org' >&2; exit 1; }

.PHONY: controlplane
controlplane: bin/controlplane ## build the Kubernetes control plane for demo and tests

bin/controlplane: $(wildcard tools/controlplane/*)
	@$(call need,go,install Go 1.26 from https://go.dev/dl)
	cd tools/controlplane && go build -trimpath -ldflags '$(LDFLAGS)' -o ../../$@ .

.PHONY: check
check: deps ## format, lint, types, walls, unused code, generated files: under a minute
	@$(call need,git,install it with your package manager)
	@$(call need,gofmt,install Go 1.26 from https://go.dev/dl)
	@$(NODE) scripts/check.ts

.PHONY: test
test: check judges controlplane helm ## check, then every test once
	@$(NODE) scripts/test.ts

.PHONY: test-long
test-long: check judges controlplane helm ## every test with exhaustive plans, long clocks and fuzzing
	@$(NODE) scripts/test.ts --long

.PHONY: bench
bench: deps controlplane ## measure against docs/performance.md; SIZES=200 for a short one
	@$(NODE) scripts/bench.ts $(if $(SIZES),--sizes $(SIZES))

.PHONY: demo
demo: deps controlplane ## run the operator against a control plane of its own and show what it does
	@$(NODE) scripts/demo.ts

.PHONY: generate
generate: deps ## write the generated files anew
	@$(NODE) scripts/generate.ts

.PHONY: kustomize
kustomize: deps .cache/helm4-$(HELM4) ## write config/base anew from the chart
	@$(NODE) scripts/kustomize.ts

.PHONY: fmt
fmt: deps ## format all files and mend what the linter can
	@$(NODE) node_modules/@biomejs/biome/bin/biome check --write
	@gofmt -w tools

.PHONY: clean
clean: ## remove everything that make has built or installed
	rm -rf node_modules bin/controlplane .cache coverage

# Programs that judge what Sifaka makes: they read its certificates and keystores and say what is wrong with them.
.PHONY: judges
judges: .cache/zlint-$(ZLINT) .cache/bin/kstatus
	@missing=; command -v openssl >/dev/null || missing=openssl; \
	command -v keytool >/dev/null || missing="$${missing:+$$missing }default-jre-headless"; \
	[ -z "$$missing" ] && exit; \
	if [ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $$missing; \
	else echo "The tests need openssl and keytool (of any Java runtime); on Debian: apt-get install $$missing" >&2; exit 1; fi

.cache/zlint-$(ZLINT):
	@$(call need,go,install Go 1.26 from https://go.dev/dl)
	GOBIN='$(CURDIR)/.cache/bin' go install github.com/zmap/zlint/v3/cmd/zlint@$(ZLINT)
	@touch $@

.cache/bin/kstatus: $(wildcard tools/kstatus/*)
	@$(call need,go,install Go 1.26 from https://go.dev/dl)
	cd tools/kstatus && go build -trimpath -ldflags '-s -w' -o ../../$@ .

judges: .cache/bin/promtool

# Out of a newer suite of the machine's own Debian mirror than the machine has: unpacked here, and never installed.
.cache/bin/promtool:
	@mkdir -p $(@D)
	@if command -v promtool >/dev/null; then ln -s "$$(command -v promtool)" $@; \
	elif [ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then sh scripts/promtool.sh $(PROMTOOL) $@; \
	else echo 'The tests need promtool of Prometheus 3: put it on PATH' >&2; exit 1; fi

judges: .cache/bin/judge .cache/pkilint

.cache/bin/judge: $(wildcard tools/judge/*)
	@$(call need,go,install Go 1.26 from https://go.dev/dl)
	cd tools/judge && go build -trimpath -o ../../$@ .

.cache/pkilint: test/judges/requirements.txt
	@if python3 -c 'import ensurepip, venv' 2>/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends python3-venv; \
	else echo 'pkilint needs Python 3 with its venv module; on Debian: apt-get install python3-venv' >&2; exit 1; fi
	rm -rf $@ && python3 -m venv $@ && $@/bin/pip install --quiet --requirement $<
	@touch $@

# The real Helm, of both versions that are in use: the tests of the chart run them.
.PHONY: helm
helm: .cache/helm3-$(HELM3) .cache/helm4-$(HELM4)

# $(call build-helm,major,version)
define build-helm
	@$(call need,go,install Go 1.26 from https://go.dev/dl)
	GOBIN='$(CURDIR)/.cache/bin/new$(1)' go install -trimpath helm.sh/helm/v$(1)/cmd/helm@$(2)
	mv .cache/bin/new$(1)/helm .cache/bin/helm$(1)
	@rmdir .cache/bin/new$(1)
	@touch $@
endef

.cache/helm3-$(HELM3):
	$(call build-helm,3,$(HELM3))

.cache/helm4-$(HELM4):
	$(call build-helm,4,$(HELM4))
