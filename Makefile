# Two commands: `make lab` and `make test`. Everything is set up on first use and quick after that.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
EXTENSION := mlenv_jupyter/labextension/package.json
ROOT_FLAG := $(if $(filter 0,$(shell id -u)),--allow-root)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export NPM_CONFIG_LOGLEVEL := error
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1

# Settings of pip that would send packages elsewhere than into the environment that is set up here.
unexport PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIREMENT PIP_CONSTRAINT PYTHONHOME PYTHONPATH
# uv reads none of pip's settings: hand over an index and a certificate that are set for pip only.
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif
ifdef PIP_CERT
export SSL_CERT_FILE ?= $(PIP_CERT)
endif

.PHONY: help lab demo faults fuzz fuzz-coverage test test-ray test-python test-js test-ui bench lint format lock catalogue clean screenshots tasks setup wheel

help:
	@echo "make lab [ARGS=…]   JupyterLab with the Environments panel"
	@echo "make demo           build mlenv-minimal, install its kernel, run a notebook in it"
	@echo "make test           lint and all tests (browser tests where Chromium is installed)"
	@echo "make bench [ARGS=…] how fast, beside the peers"
	@echo "make lint | format | lock | catalogue | screenshots | tasks | wheel | clean"

# Python: the committed lock, hash-checked, then this checkout in editable form.
$(STAMPS)/python: requirements/bootstrap.txt requirements/dev.txt pyproject.toml
	@echo "Setting up Python in $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and \
		"mlenv needs Python 3.10 or newer; say which: make PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --require-hashes -r requirements/bootstrap.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	@HATCH_JUPYTER_BUILDER_SKIP=1 SKIP_JUPYTER_BUILDER=1 $(BIN)/uv pip install --quiet --python $(BIN)/python \
		--no-deps --no-build-isolation --editable .
	@mkdir -p $(STAMPS) && touch $@

# npm ci, from the committed lock; it begins with removing all, so that half of it is never ready.
node_modules/.ready: package-lock.json
	@echo "Setting up npm packages"
	@npm ci --no-audit --no-fund >/dev/null
	@touch $@

SOURCES := $(shell find src labextension -type f -not -path '*/__tests__/*' 2>/dev/null)
$(EXTENSION): node_modules/.ready $(STAMPS)/python $(SOURCES) tsconfig.json package.json
	@echo "Building the panel"
	@said=$$(PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent build 2>&1) || { echo "$$said"; exit 1; }
	@touch $@

# The editable install brings a directory of that name: a link made over it would land inside.
$(STAMPS)/develop: $(STAMPS)/python $(EXTENSION) jupyter-config/server-config/mlenv_jupyter.json Makefile
	@mkdir -p $(VENV)/share/jupyter/labextensions $(VENV)/etc/jupyter/jupyter_server_config.d
	@rm -rf $(VENV)/share/jupyter/labextensions/mlenv-jupyter
	@ln -s "$(CURDIR)/mlenv_jupyter/labextension" $(VENV)/share/jupyter/labextensions/mlenv-jupyter
	@cp jupyter-config/server-config/mlenv_jupyter.json $(VENV)/etc/jupyter/jupyter_server_config.d/
	@touch $@

setup: $(STAMPS)/python $(STAMPS)/develop

lab: setup
	@$(BIN)/jupyter lab $(ROOT_FLAG) $(ARGS)

demo: $(STAMPS)/python
	@$(BIN)/mlenv build mlenv-minimal
	@$(BIN)/mlenv kernel install mlenv-minimal
	@$(BIN)/python examples/run_notebook.py examples/minimal.ipynb mlenv-minimal

lint: setup
	@failed=; \
	$(BIN)/ruff check --quiet . || failed=1; \
	$(BIN)/ruff format --quiet --check . || { echo "Not formatted: make format"; failed=1; }; \
	$(BIN)/mypy || failed=1; \
	$(BIN)/lint-imports --no-cache >/dev/null || { $(BIN)/lint-imports --no-cache; failed=1; }; \
	npm run --silent lint || failed=1; \
	test -z "$$failed"

format: setup
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .
	@npm run --silent format

# Each step even where one before it failed, with what it took.
test: setup
	@failed=; for step in lint test-js test-python test-ui; do \
		began=$$SECONDS; echo "== $$step"; \
		$(MAKE) --no-print-directory $$step || failed="$$failed $$step"; \
		echo "== $$step took $$((SECONDS - began)) s"; done; \
	if [ -n "$$failed" ]; then echo "Failed:$$failed"; exit 1; fi; echo "All passed."

test-js: node_modules/.ready
	@npm test --silent

test-python: setup
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 2 --dist loadfile -m "not ray" $(PYTEST_ARGS)

test-ui: setup
	@PATH="$(CURDIR)/$(BIN):$$PATH" tests/ui/run $(UI_ARGS)

screenshots: setup
	@PATH="$(CURDIR)/$(BIN):$$PATH" MLENV_UI_SCREENSHOTS=.cache/screenshots tests/ui/run --project screenshots
	@PATH="$(CURDIR)/$(BIN):$$PATH" MLENV_UI_SCREENSHOTS=.cache/screenshots MLENV_UI_WRITE=1 tests/ui/run --project sheet

# The ten tasks of docs/explanation/first-ten-tasks.md, with their presses counted.
tasks: setup
	@PATH="$(CURDIR)/$(BIN):$$PATH" MLENV_UI_WRITE=1 tests/ui/run --project tasks

# Processes killed, calls refused and downloads spoilt, N of them at random: make faults N=1000
# Every call of the system that writes refused once: make faults N=calls
# A process killed at every passage of every point, of images where an engine is: make faults N=kills
faults: setup
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.faults $(or $(N),200) $(SEED)

# Every reader of files, with many more texts than CI tries: make fuzz MLENV_FUZZ=20000
fuzz: setup
	@MLENV_FUZZ=$${MLENV_FUZZ:-3000} $(BIN)/python -m pytest -q --timeout 7200 tests/formats/test_fuzz.py

# The same led by coverage; atheris has wheels for Linux only, and is in a lock of its own.
fuzz-coverage: setup
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/fuzz.txt
	@mkdir -p .cache/corpus
	@PYTHONPATH=. $(BIN)/python tests/formats/coverage_fuzz.py $(or $(ARGS),-max_total_time=60) .cache/corpus

# Ray is large and its cluster slow to start, so it is in a lock and a run of its own, after the others.
test-ray: setup
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/ray.txt
	@MLENV_REQUIRE=ray PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -m ray $(PYTEST_ARGS) tests/runs tests/builds

bench: setup
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m bench $(ARGS)

# A wheel that needs no Node where it is installed, and an sdist, in dist/.
wheel: setup
	@$(BIN)/python -m build --no-isolation --outdir dist . >/dev/null && ls dist

# Refresh the committed locks (names, versions and hashes; no addresses).
lock: $(STAMPS)/python
	@for one in bootstrap dev ray; do \
		source=$$([ $$one = dev ] && echo "pyproject.toml --group dev" || echo requirements/$$one.in); \
		[ $$one != ray ] || source="$$source -c requirements/dev.txt"; \
		$(BIN)/uv pip compile $$source --universal --python-version 3.10 --generate-hashes \
			--no-emit-index-url --no-header --quiet --upgrade -o requirements/$$one.txt; done

# Resolve the curated environments anew. Nobody has an unreleased one: keep its number with ARGS=--replace.
catalogue: $(STAMPS)/python
	@$(BIN)/mlenv catalogue refresh -d mlenv_jupyter/registry/catalogue $(ARGS)

# What was built in .cache/tests is read-only.
clean:
	@if [ -d .cache ]; then chmod -R u+w .cache; fi
	@rm -rf $(VENV) .cache node_modules lib tsconfig.tsbuildinfo mlenv_jupyter/labextension dist test-results \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis
