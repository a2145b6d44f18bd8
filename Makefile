# make up     Fusewatch in a Python environment of its own, watching this machine
# make test   every gate and every test; installs what they need
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
DATA ?= fusewatch-data
ARGS ?=
PYTEST_ARGS ?= -n 2 --dist loadfile
UI_SOURCES := $(shell find ui -type f -not -path '*/node_modules/*' -not -path '*/coverage/*' 2>/dev/null)
# The real parts that tests run against.
DEBIAN := chromium prometheus prometheus-node-exporter prometheus-alertmanager victoria-metrics

.PHONY: up test install lint types ui-test unit debian venv-package constraints clean

up: $(VENV)/.installed
	@$(BIN)/fusewatch up --data $(DATA) $(ARGS)

install: $(VENV)/.installed

test: lint types ui-test unit

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Fusewatch needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); $(MAKE) --no-print-directory venv-package && $(PYTHON) -m venv $(VENV); }

# Debian keeps a part of Python's own venv in a package of its own.
venv-package:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null; \
	else echo "Python's venv is incomplete here: apt-get install python3-venv"; exit 1; fi

$(VENV)/.installed: $(BIN)/python pyproject.toml constraints.txt hatch_build.py $(UI_SOURCES)
	@echo "installing Fusewatch into $(VENV) (the first time takes about a minute)"
	@$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	@$(PIP) install --quiet --constraint constraints.txt $$($(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"])')
	@touch $@

ui/node_modules/.fusewatch-lock: ui/package-lock.json | $(VENV)/.dev
	@cd ui && ../$(BIN)/npm ci --include=dev --ignore-scripts
	@sha256sum ui/package-lock.json | cut -d' ' -f1 | tr -d '\n' > $@

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev
	$(BIN)/mypy

# Node is that of the environment, whatever else the machine has.
ui-test: export PATH := $(CURDIR)/$(BIN):$(PATH)
ui-test: ui/node_modules/.fusewatch-lock
	cd ui && for gate in lint typecheck test budget; do npm run --silent $$gate || exit 1; done

# Kernels are compiled beforehand: tests that start servers side by side would all do it at once.
unit: $(VENV)/.dev debian ui/node_modules/.fusewatch-lock
	@echo "compiling kernels (about a minute where they are not on disk yet)"
	@$(BIN)/python -m fusewatch.server.kernels
	$(BIN)/pytest $(PYTEST_ARGS)

# As root the missing packages are installed; otherwise they are named, and the tests that need them are skipped.
debian:
	@missing=""; for package in $(DEBIAN); do dpkg -s $$package >/dev/null 2>&1 || missing="$$missing $$package"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else echo "some tests will be skipped; to run them all: apt-get install$$missing"; fi

constraints: $(VENV)/.dev
	$(BIN)/uv pip compile --group dev --extra postgresql pyproject.toml --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate --upgrade -o constraints.txt


clean:
	rm -rf $(VENV) ui/node_modules src/fusewatch/server/static build dist
