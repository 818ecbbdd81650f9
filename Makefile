# Runstore's everyday commands. `make` alone lists them.

VENV ?= .venv
DEMO_DIR ?= runstore-demo
PYTEST_ARGS ?=
# The first Python on this machine that is new enough.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt
# A stamp says that an extra was installed; it is older than the files that would change that.
STAMPS := $(VENV)/.runstore
INPUTS := pyproject.toml constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test chromium cluster latex shells lint types docs bench pictures clean distclean

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(STAMPS)/base  ## train real models, log their runs, build the site and open it
	@$(BIN)/runstore demo "$(DEMO_DIR)"
	@.ci/open "$(DEMO_DIR)/_site/index.html"

test: $(STAMPS)/test chromium cluster latex shells  ## every test, in parallel, in real browsers and processes
	@$(BIN)/python -m pytest -n auto $(PYTEST_ARGS)

chromium:
	@.ci/chromium

cluster:
	@.ci/cluster

latex:
	@.ci/latex

shells:
	@.ci/shells

lint: $(STAMPS)/dev  ## ruff: rules and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(STAMPS)/dev  ## mypy, strict
	@$(BIN)/mypy

docs: $(STAMPS)/test  ## the documentation, into site/site
	@DEMO_DIR="$(DEMO_DIR)" NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --config-file site/mkdocs.yml

bench: $(STAMPS)/test chromium  ## the benchmarks: ratios against a baseline run beside them
	@$(BIN)/python -m tests.bench

pictures: docs chromium  ## the documentation's pictures, taken from the pages of its gallery
	@PYTHONPATH=. $(BIN)/python site/take_pictures.py site/gallery/site

clean:  ## remove what the commands above made, but for the virtual environment
	rm -rf build dist _site site/site site/experiments site/gallery "$(DEMO_DIR)" .hypothesis .mypy_cache .pytest_cache .ruff_cache

distclean: clean  ## the same, and the virtual environment
	rm -rf "$(VENV)"

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "make: Runstore needs Python 3.11 or newer; name one: make PYTHON=…" >&2; exit 1; }
	@echo "Creating $(VENV)"
# Debian keeps ensurepip in a package of its own; the pip that is there can furnish the environment as well.
	@$(PYTHON) -m venv "$(VENV)" 2>/dev/null || \
		{ $(PYTHON) -m venv --clear --without-pip "$(VENV)" && $(PYTHON) -m pip --python "$(VENV)" install --quiet pip; }

$(STAMPS)/base: $(INPUTS) | $(BIN)/python
	@echo "Installing Runstore into $(VENV)"
	@$(PIP) -e .
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/test: $(INPUTS) | $(BIN)/python
	@echo "Installing Runstore and what its tests need into $(VENV)"
	@$(PIP) -e '.[test]'
	@mkdir -p $(STAMPS) && touch $(STAMPS)/base $@

$(STAMPS)/dev: $(INPUTS) | $(BIN)/python
	@echo "Installing Runstore and what its developers need into $(VENV)"
	@$(PIP) -e '.[dev]'
	@mkdir -p $(STAMPS) && touch $(STAMPS)/base $(STAMPS)/test $@
