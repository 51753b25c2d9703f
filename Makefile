# Two commands: `make run` and `make test`. Each first brings what it lacks and says what it does.
TOOLS := .ci/tools

.PHONY: help run build test lint bench watch
.DEFAULT_GOAL := help

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' Makefile

run: build ## Build the release and start it: console on http://127.0.0.1:3000, SIP on port 5060
	@exec target/release/patchbay

build: ## target/release/patchbay, which carries its site files and migrations inside
	@$(TOOLS)/site
	@cargo build --release -p server --bin patchbay

test: ## Everything: format, lints, unit and integration tests, SIP peers, browser
	@$(TOOLS)/test

lint: ## Format and lints, native and for the browser
	@$(TOOLS)/lint

bench: ## The benchmarks, as a table with the machine they ran on
	@$(TOOLS)/test-needs
	@$(TOOLS)/node-modules end2end/lighthouse || echo 'npm ci failed: Lighthouse is left out' >&2
	@$(TOOLS)/site
	@$(TOOLS)/with-postgres --durable cargo bench --quiet -p server

watch: ## A development server, built again whenever a file is saved
	@$(TOOLS)/watch
