# make help shows the targets. Everything runs through hack/onyx-env, which brings what is missing.
.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

env := hack/onyx-env
bed := hack/onyx-env --bed
image ?= onyx-operator:dev

.PHONY: help
help: ## Show this help
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z][a-z0-9-]*:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ See it work

.PHONY: demo
demo: ## Two clusters, two clouds, one YAML: the whole story in under three minutes (the first time builds for 15 to 30)
	@$(bed) node hack/demo.ts

.PHONY: demo-down
demo-down: clusters-down ## End everything that the demo left running

.PHONY: clusters-up
clusters-up: ## Boot an EKS-like and a GKE-like cluster with KEDA, and an emulator of each cloud
	@$(bed) node hack/testbed/cli.ts up

.PHONY: clusters-status
clusters-status: ## Show what runs and how to reach it
	@$(env) node hack/testbed/cli.ts status

.PHONY: clusters-down
clusters-down: ## End everything that this clone started
	@$(env) node hack/testbed/cli.ts down

##@ Check it

.PHONY: test
test: ## Every test; ends in 'N passed, N failed'
	@$(bed) node hack/test.ts

.PHONY: test-unit
test-unit: ## Tests of the code alone
	@$(bed) node hack/test.ts unit

.PHONY: test-conformance
test-conformance: ## Each adapter against its cloud's emulator
	@$(bed) node hack/test.ts conformance

.PHONY: test-integration
test-integration: ## Against a real API server
	@$(bed) node hack/test.ts integration

.PHONY: test-e2e
test-e2e: ## The operator against real clusters, clouds and KEDA
	@$(bed) node hack/test.ts e2e

.PHONY: chaos
chaos: ## Break what can break, at length (arguments: make chaos args="--faults=1,2 --kinds=Queue --clouds=aws --seed=1")
	@$(bed) node test/chaos/main.ts $(args)

.PHONY: soak
soak: ## Churn and trouble for hours; does one operator grow? (arguments: make soak args="--minutes=480 --cloud=gcp")
	@$(bed) node test/chaos/soak.ts $(args)

.PHONY: chaos-plants
chaos-plants: ## Plant bugs in a copy of the sources and see whether make chaos finds each
	@$(bed) node test/chaos/try-plants.ts $(args)

.PHONY: test-chaos
test-chaos: ## Faults in the short form, those that are part of make test
	@$(bed) node hack/test.ts chaos

.PHONY: test-second-opinion
test-second-opinion: ## The adapters against emulators of other makers (not part of make test)
	@$(bed) node hack/test.ts second-opinion

.PHONY: verify
verify: ## Types, lint, import rules, generated files up to date
	@$(env) node hack/verify.ts

.PHONY: bench
bench: ## Measure the operator next to its peers (make bench args="--scenarios=all --runs=1"; bench/README.md)
	@$(bed) node bench/main.ts $(args)

.PHONY: bench-ingest
bench-ingest: ## Measure the ingest of cost reports next to DuckDB (make bench-ingest args="--rows=10000000 --runs=3")
	@$(env) node bench/ingest/main.ts $(args)

##@ Change it

.PHONY: generate
generate: ## Write what follows from the schemas: CRDs, RBAC, reference pages, Argo CD health
	@$(env) node hack/generate.ts

.PHONY: lint
lint: ## Format and lint, repairing what can be repaired
	@$(env) biome check --write .

##@ Ship it

.PHONY: bundle
bundle: ## Put each program with all it needs into dist/
	@$(env) node hack/bundle.ts

.PHONY: sbom
sbom: ## List all packages that are shipped, as CycloneDX, in dist/sbom.cdx.json
	@mkdir -p dist
	@$(env) node hack/sbom.ts >dist/sbom.cdx.json
	@echo "Wrote dist/sbom.cdx.json."

.PHONY: image
image: ## Build the container image (needs Docker; image=NAME:TAG)
	@command -v docker >/dev/null || { echo "make image needs Docker: https://docs.docker.com/get-docker" >&2; exit 1; }
	@docker info >/dev/null 2>&1 || { echo "Docker is installed but does not run: start it, then call make image again." >&2; exit 1; }
	docker build --tag $(image) .

ingest_image ?= onyx-ingest:dev
.PHONY: image-ingest
image-ingest: ## Build the image of the worker that takes cost reports in (needs Docker; ingest_image=NAME:TAG)
	docker build --target ingest --tag $(ingest_image) .
