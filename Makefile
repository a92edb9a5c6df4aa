# Everything a developer types. `make` alone lists it.
.DEFAULT_GOAL := help
.SUFFIXES:
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# Tests run in as many processes; much of their time is waiting for programs that they start.
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n < 4 ? n : 4)))
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

.PHONY: help setup demo test test-servers lint format bench docs clean

help: ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 21

setup: $(STAMP) ## make .venv with everything for development
	@echo "Ready. Next:  make demo   or   source $(BIN)/activate && aigc --help"

demo: $(STAMP) ## run the main job on examples/mug.yaml (the first run fetches the default models, 100 MB)
	@$(BIN)/aigc campaign examples/mug.yaml -o out/
	@echo "Open out/index.html in a browser."

test: $(STAMP) ## run the tests (ARGS="tests/cli -x" to choose)
	@$(PYTEST) $(ARGS)

test-servers: $(STAMP) ## test against real servers, installed for it (Debian, as root; docs/how-to/test-servers.md)
	@$(BIN)/python -m tests.servers --install
	@AIGC_TEST_SERVERS=1 $(PYTEST) tests/servers $(ARGS)

lint: $(STAMP) ## check style, types and who imports whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(STAMP) ## fix style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(STAMP) ## measure, side by side with peers (docs/benchmarks.md)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev,bench]'
	@for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script; done

docs: $(STAMP) ## write the generated pages anew, then build the site into site/
	@$(BIN)/python docs/generate_cli.py
	@$(BIN)/python docs/generate_models.py
	@$(BIN)/python docs/generate_test_kit.py
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "Open site/index.html in a browser."

clean: ## remove .venv, caches and built files (not the models: aigc store list)
	@rm -rf $(VENV) out site dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A change of either file installs anew; otherwise the stamp makes this a no-op.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "aigc-sdk needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true)." \
	         "Try: make setup PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "Could not make $(VENV). On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Installing into $(VENV) (a few minutes the first time) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
