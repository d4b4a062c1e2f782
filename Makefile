# The verbs that CI, hooks and people use. A fresh machine needs Python 3.11 or newer, make and a package registry.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help quickstart test lint type format bench docs clean

help:  ## say what each verb does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 14

$(VENV)/made: Makefile
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("error: found Python %d.%d, but 3.11 or newer is needed: give one as make PYTHON=..." % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/installed: $(VENV)/made pyproject.toml constraints.txt
	@echo "Installing abstain and what it needs into $(VENV) (some minutes, about 6 GB) ..."
	$(INSTALL) --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(INSTALL) --editable '.[dev,dask,segmentation]'
	@touch $@

quickstart: $(VENV)/installed  ## install, then train, measure and repair two small models (3 minutes, no network)
	$(BIN)/abstain quickstart

test: $(VENV)/installed-dev  ## install, then run all tests
	$(BIN)/python -m pytest

lint: $(VENV)/installed-dev type  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

type: $(VENV)/installed-dev  ## check types
	$(BIN)/mypy

format: $(VENV)/installed-dev  ## put the code into its standard form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/installed-dev  ## measure speed and memory, and render benchmarks/README.md
	$(BIN)/python benchmarks/run.py

docs: $(VENV)/installed-dev  ## render README and model cards from the result files
	$(BIN)/python docs/render.py
	$(BIN)/python docs/conventions.py

clean:  ## remove the environment and caches
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis
