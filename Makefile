# The two commands are `make run` and `make test`. Everything they need lands in .venv and .cauce.
PYTHON ?= python3
BIN := .venv/bin
SHELL := /bin/bash

.DEFAULT_GOAL := help
.PHONY: help run test test-fast test-browser lint types architecture sql diagrams departures lock bench clean runtime dev

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: runtime ## Install, start everything, and serve the app with demo data
	@exec $(BIN)/cauce start

test: dev lint types architecture sql ## Tests, lint, types and architecture rules
	@$(BIN)/python -m pytest -n 2 -m "not browser" tests

test-browser: dev ## Tests in Chromium (needs it installed)
	@$(BIN)/python -m pytest -m browser tests

lint: dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: dev
	@$(BIN)/mypy

architecture: dev
	@$(BIN)/lint-imports

sql: dev
	@cd dbt_project && ../$(BIN)/sqlfluff lint -q --processes 2 .

diagrams: dev ## Write the diagrams of the schema anew from the models
	@$(BIN)/python -m migrations.diagrams

bench: dev ## Measure loads, counters and invoices against their bounds
	@$(BIN)/python -m benchmarks.usage_load
	@$(BIN)/python -m benchmarks.row_insert
	@$(BIN)/python -m benchmarks.invoices

departures: dev ## Write the differences from the schema specification anew
	@CAUCE_WRITE_DEPARTURES=1 $(BIN)/python -m pytest -q tests/migrations/test_specification.py

lock: dev ## Write the lock files anew from pyproject.toml
	@for target in "requirements.lock --group build" "requirements-dev.lock --group build --group dev -c requirements.lock"; do \
	  set -- $$target; file=$$1; shift; \
	  $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    pyproject.toml "$$@" -o $$file || exit 1; done
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --group installer -o requirements-installer.lock

clean: ## Remove the environment and caches; the data in .cauce stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

runtime:
	@$(PYTHON) cauce/install.py requirements.lock

dev:
	@$(PYTHON) cauce/install.py requirements-dev.lock
