# The verbs that CI, hooks and people use. A fresh machine needs Python 3.11 or newer, make and a package registry.

PYTHON ?= python3
VENV := .venv
LOWEST := .venv-lowest
BIN := $(VENV)/bin
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help quickstart test test-release test-lowest test-browser release release-check wheel-check chromium lint type format bench docs site clean

help:  ## say what each verb does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 16

$(VENV)/made: Makefile
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("error: found Python %d.%d, but 3.11 or newer is needed: give one as make PYTHON=..." % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/installed: $(VENV)/made pyproject.toml constraints.txt
	@echo "Installing abstain and what it needs into $(VENV) (some minutes, about 6 GB) ..."
	$(INSTALL) --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(INSTALL) --editable '.[dev,app,dask,docs,examples,onnx,sam,segmentation,skops,trackers]'
	@touch $@

$(VENV)/installed-browser: $(VENV)/installed-dev
	$(INSTALL) --editable '.[browser]'
	@touch $@

quickstart: $(VENV)/installed  ## install, then train, measure and repair two small models (a minute, no network)
	$(BIN)/abstain register
	$(BIN)/abstain quickstart

# One thread of torch in each worker of the tests: they share the processors among themselves.
# One process more than there are cores: some tests wait for processes that they start.
PYTEST := -m pytest --numprocesses $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )) --dist worksteal

test: $(VENV)/installed-dev  ## install, then run all tests but the long ones
	OMP_NUM_THREADS=1 $(BIN)/python $(PYTEST)

$(VENV)/installed-release: $(VENV)/installed-dev
	$(INSTALL) --editable '.[harness,site]'
	@touch $@

test-release: $(VENV)/installed-release  ## the long tests: the package as it is installed from a wheel, and language models
	OMP_NUM_THREADS=1 $(BIN)/python $(PYTEST) -m release
	OMP_NUM_THREADS=1 $(BIN)/python $(PYTEST) tests/logits/test_answers.py

$(LOWEST)/made: Makefile
	$(PYTHON) -m venv $(LOWEST)
	@touch $@

$(LOWEST)/installed-dev: $(LOWEST)/made pyproject.toml constraints-lowest.txt
	@echo "Installing the oldest versions that pyproject.toml allows into $(LOWEST) (some minutes, about 6 GB) ..."
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints-lowest.txt \
		--editable '.[dev,dask,sam,segmentation]'
	@touch $@

# Old libraries use what has since been deprecated, and datasets 4 leaves a CSV file to the garbage collector to close.
test-lowest: $(LOWEST)/installed-dev  ## install the oldest versions that pyproject.toml allows, then run the tests with them
	OMP_NUM_THREADS=1 $(LOWEST)/bin/python $(PYTEST) -W ignore::DeprecationWarning -W 'ignore:unclosed file:ResourceWarning'

release-check: lint test test-release test-lowest test-browser wheel-check  ## everything that is checked before a release (about an hour)

# With HUB_USER=name the cards link to the repositories of that user; without, they load what comes with the package.
release: $(VENV)/installed-dev  ## wheel and sdist into dist, and into dist/hub every released checkpoint as it goes to the Hub
	$(INSTALL) --editable '.[release]'
	rm -rf dist
	$(BIN)/python -m build --outdir dist
	$(BIN)/twine check --strict dist/*.whl dist/*.tar.gz
	$(BIN)/python model_cards/release.py build dist/hub $(if $(HUB_USER),--user $(HUB_USER))

# From a folder outside of the checkout, so that nothing but the wheel can be imported.
wheel-check: release  ## install the wheel into an empty environment, and let a released model answer and abstain there
	$(PYTHON) -m venv dist/environment
	dist/environment/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt dist/*.whl
	cd / && "$(CURDIR)/dist/environment/bin/python" -I "$(CURDIR)/docs/abstaining.py"

test-browser: $(VENV)/installed-browser  ## install Chromium (apt-get: as root or by sudo), test the page, write its screenshot
	@command -v chromium || command -v chromium-browser || command -v google-chrome || $(MAKE) chromium
	ABSTAIN_WRITE_SCREENSHOT=1 $(BIN)/python -m pytest tests/metrics

chromium:
	@command -v apt-get >/dev/null || { echo "error: found neither Chromium nor apt-get: install Chromium, then run this again" >&2; exit 1; }
	$(SUDO) apt-get update --quiet
	$(SUDO) apt-get install --quiet --yes --no-install-recommends chromium

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

docs: $(VENV)/installed-dev  ## render README, model cards and docs from the result files
	$(BIN)/python docs/code_blocks.py
	$(BIN)/python docs/scale.py
	$(BIN)/python docs/conventions.py
	$(BIN)/python docs/scores.py
	$(BIN)/python docs/thresholds.py
	$(BIN)/python docs/monitoring.py
	$(BIN)/python docs/intervals.py
	$(BIN)/python docs/beyond.py
	$(BIN)/python docs/file_types.py
	$(BIN)/python docs/languages.py
	$(BIN)/python docs/recipes.py
	$(BIN)/python docs/diagnosis.py
	$(BIN)/python docs/mechanism.py
	$(BIN)/python docs/shift.py
	$(BIN)/python docs/segmentation.py
	$(BIN)/python docs/render.py
	$(BIN)/python docs/results.py
	$(BIN)/python docs/architecture.py

$(VENV)/installed-site: $(VENV)/installed
	$(INSTALL) --editable '.[site]'
	@touch $@

site: $(VENV)/installed-site  ## build the documentation as a site, into the folder site; a link or name that leads nowhere fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

clean:  ## remove the environment and caches
	rm -rf $(VENV) $(LOWEST) site .pytest_cache .ruff_cache .mypy_cache .hypothesis
