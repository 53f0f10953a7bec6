# `make run` needs Python 3.11 or later (python3-venv), make and git; everything else it brings itself.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.NOTPARALLEL:

# More arguments for pytest, for example: make test ARGS="tests/services --engine sqlite"
ARGS ?=

.PHONY: help run test test-long check fix screens lock clean
help: ## what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1\t\2/' | expand -t 18

run: ## everything from a fresh checkout to a served demo (HOST, PORT, CONCORDAT_DATA)
	@tools/bootstrap.sh runtime
	@exec .venv/bin/concordat run

test: ## install what only tests need, then run all tests but the long ones
	@tools/test.sh $(ARGS)

test-long: ## the full counts: soak, fuzzing, ten kills of the server
	@tools/system.sh office
	@tools/test.sh -m long --timeout 1800 $(ARGS)

check: ## what CI runs: formatting, types, import rule, templates, vendored scripts, then make test
	@tools/check.sh

fix: ## let the formatters and the safe fixes of the linters change the code
	@tools/bootstrap.sh test
	@.venv/bin/ruff check --quiet --fix --exit-zero .
	@.venv/bin/ruff format --quiet .

screens: ## a contact sheet of every page at 390, 1366 and 1920 wide, in screens/
	@tools/bootstrap.sh test
	@tools/system.sh browser
	@.venv/bin/python tools/screens.py $(ARGS)

lock: ## write the lock files anew (ARGS=--upgrade for the newest versions allowed)
	@tools/lock.sh $(ARGS)

clean: ## remove what was built and installed; data in var/ stays
	@rm -rf .venv node_modules frontend/node_modules tests/node/node_modules screens \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
