# covidxray: what a person does with the project every day. `make help` lists it; docs/development.md has the rest.

VENV ?= .venv
PORT ?= 8000

PYTHON := $(VENV)/bin/python
MANAGE := $(PYTHON) manage.py
# The checks never see the developer's .env: they bring their own settings.
CHECKED := DJANGO_SETTINGS_MODULE=tests.settings
# A file's tests stay together, or each process would make what they share (tests/distribution.py). More processes than
# the two cores that CI has: some tests wait.
IN_PROCESSES := --numprocesses=4 --dist=loadfile --no-loadscope-reorder

BACKENDS := $(VENV)/backends/bin/python
# Neither Django nor TensorFlow is there: without the settings and fixtures of the other tests.
BACKENDS_TESTED := -c /dev/null --rootdir=. --confcutdir=tests/training -p no:cacheprovider -q -W ignore \
	tests/training/fitting/test_tuning.py tests/training/fitting/test_trainer.py

# What needs Redis or an S3 server: `make test` skips it.
NEED_SERVERS := tests/jobs/test_kills.py tests/jobs/test_storage.py tests/backup/test_bucket.py tests/diagnosis/files/test_object_storage.py

MODEL := $(shell sed -n 's/.*"version": *"\([^"]*\)".*/\1/p' models/current.json 2>/dev/null)
BUILT_MODEL := $(if $(MODEL),models/$(MODEL)/built.json)
# npm's own record of what it has installed
FRONT_END := node_modules/.package-lock.json

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
ifndef SIDE_BY_SIDE
.NOTPARALLEL:
endif
# Hundreds of programs are started by the tests: without this, a machine that says otherwise compiles the project in each.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: fuzz help ready run database test test-mysql test-pacs test-identity test-jobs test-container test-backends quick lint types deploy-check format messages audit-dependencies bench bench-quick load clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

run: $(VENV)/.requirements $(FRONT_END) .env $(BUILT_MODEL) database samples/chest.jpg ## install, prepare and start the site on PORT (8000)
	@$(PYTHON) -c "import socket; socket.create_server(('127.0.0.1', $(PORT)))" 2>/dev/null || \
		{ echo "Port $(PORT) is taken by another program. Choose one: PORT=8001 make run" >&2; exit 1; }
	@echo "Starting on http://127.0.0.1:$(PORT) (Ctrl-C stops it). Radiographs to try: samples/"
	@echo "A forgotten password: $(MANAGE) changepassword radiographer"
	@MALLOC_ARENA_MAX=2 $(MANAGE) run_jobs --with-parent & MALLOC_ARENA_MAX=2 exec $(PYTHON) -W "ignore:No directory at" -m gunicorn covidxray.wsgi --bind 127.0.0.1:$(PORT) \
		--worker-class operations.connections.PatientWorker --workers 1 --threads 24 --timeout 120 --log-level warning

test: $(VENV)/.requirements-ldap ## everything that checks the code, browser tests included
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target SIDE_BY_SIDE=yes types ready
	@scripts/ensure-chromium
	@scripts/ensure-nginx
	@scripts/ensure-dicom-tools
	@scripts/ensure-pacs-tools
	@scripts/ensure-identity-tools
	REQUIRE_BROWSER=1 REQUIRE_IDENTITY=1 $(PYTHON) -m pytest $(IN_PROCESSES)

# What one core can do while another checks the types.
ready: $(BUILT_MODEL) $(VENV)/load/.requirements $(VENV)/oracles/.requirements $(FRONT_END) lint deploy-check

test-mysql: $(VENV)/.requirements-mysql $(FRONT_END) $(BUILT_MODEL) ## the tests whose outcome a database server can change, on a MariaDB of its own
	@scripts/ensure-chromium
	@scripts/ensure-nginx
	@scripts/ensure-pacs-tools
	@scripts/ensure-mariadb $(PYTHON)
	REQUIRE_BROWSER=1 $(PYTHON) scripts/with_mariadb.py $(PYTHON) -m pytest $(IN_PROCESSES) -m "repeated or mariadb" \
		$$($(PYTHON) -m tests.on_mariadb)

test-pacs: $(VENV)/.requirements-dev $(VENV)/oracles/.requirements $(FRONT_END) ## only what drives Orthanc and dcmtk; `make test` has it too
	@scripts/ensure-chromium
	@scripts/ensure-pacs-tools
	REQUIRE_BROWSER=1 $(PYTHON) -m pytest -n0 tests/pacs

test-identity: $(VENV)/.requirements-ldap $(FRONT_END) ## only what drives an identity provider, slapd, rsyslogd and promtool; `make test` has it too
	@scripts/ensure-chromium
	@scripts/ensure-identity-tools
	REQUIRE_BROWSER=1 REQUIRE_IDENTITY=1 $(PYTHON) -m pytest -n0 -m identity

test-jobs: $(VENV)/.requirements-queue $(VENV)/.requirements-s3 $(VENV)/moto/.requirements $(FRONT_END) ## the tests that need Redis or S3; TEST_JOBS_ITEMS (30): radiographs amid which everything is killed
	@scripts/ensure-redis
	@scripts/ensure-mariadb $(PYTHON)
	REQUIRE_REDIS=1 REQUIRE_S3=1 $(PYTHON) -m pytest -n0 $(NEED_SERVERS)

test-container: $(VENV)/.requirements-dev $(VENV)/containers/.requirements ## builds the images of compose.yaml, starts them with podman, and uploads a radiograph; needs root and 9 GB of disk
	@scripts/ensure-containers
	$(VENV)/containers/bin/hadolint Dockerfile tests/containers/Dockerfile
	scripts/containers build
	TEST_CONTAINERS=1 $(PYTHON) -m pytest -n0 tests/containers

test-backends: $(VENV)/backends/.requirements ## training on JAX without TensorFlow, and on PyTorch where it is installed in .venv/backends; no part of `make test`
	KERAS_BACKEND=jax $(BACKENDS) -m pytest $(BACKENDS_TESTED)
	@if $(BACKENDS) -c "import torch" 2>/dev/null; then KERAS_BACKEND=torch $(BACKENDS) -m pytest $(BACKENDS_TESTED); \
		else echo "PyTorch was not tried: $(BACKENDS) -m pip install torch"; fi

quick: $(VENV)/.requirements-dev $(FRONT_END) ## the tests that take seconds
	$(PYTHON) -m pytest -m "not slow and not browser"

lint: $(VENV)/.requirements-dev
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(VENV)/bin/lint-imports

types: $(VENV)/.requirements-dev
	$(PYTHON) -m mypy

deploy-check: $(VENV)/.requirements-dev $(FRONT_END)
	$(CHECKED) $(MANAGE) makemigrations --check --dry-run
	scripts/deploy-check $(PYTHON)

format: $(VENV)/.requirements-dev ## put the code into the project's form
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

messages: $(VENV)/.requirements-dev ## collect the strings for translation and compile them (needs GNU gettext)
	$(CHECKED) $(MANAGE) makemessages --all --no-wrap --no-location --no-obsolete \
		--ignore '.venv' --ignore node_modules --ignore tests --ignore staticfiles
	$(PYTHON) scripts/compile_messages.py

audit-dependencies: $(VENV)/audit/.requirements
	@scripts/audit-dependencies $(VENV)/audit/bin/python

fuzz: $(VENV)/.requirements-dev ## damaged and altered files by the thousand for SECONDS (300); `make test` does it for 60
	$(PYTHON) -W ignore -m tests.diagnosis.imaging.fuzzing $(or $(SECONDS),300) $(SEED)

bench: $(VENV)/.requirements $(FRONT_END) $(BUILT_MODEL) ## how fast everything is on this machine: build/bench.json, docs/performance-tables.md
	-@$(MAKE) --no-print-directory $(VENV)/.requirements-mysql
	$(PYTHON) -m bench --refresh

bench-quick: $(VENV)/.requirements $(FRONT_END) $(BUILT_MODEL)
	$(PYTHON) -m bench --quick

load: $(VENV)/.requirements-dev $(VENV)/load/.requirements $(FRONT_END) $(BUILT_MODEL) ## twenty radiographers at once on this machine: build/load.json, docs/performance-tables.md (DATABASE_URL: an empty database)
	@scripts/ensure-nginx
	$(PYTHON) -m bench.load $(if $(ABUSIVE),--abusive $(ABUSIVE),--refresh) --locust $(VENV)/load/bin/python --database "$(DATABASE_URL)"

clean: ## remove what was installed and what the tools left (never data, settings or models)
	rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .pytest_cache htmlcov .coverage build

database: $(VENV)/.requirements .env
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) create_demo_accounts

$(PYTHON):
	@scripts/create-venv $(VENV)

$(VENV)/.requirements: requirements.txt | $(PYTHON)
	@echo "Installing the packages of requirements.txt (once; about 1 GB to download) ..."
	@scripts/pip-install $(PYTHON) -m pip install -r requirements.txt
	@touch $@

$(VENV)/.requirements-dev: requirements-dev.txt $(VENV)/.requirements
	@scripts/pip-install $(PYTHON) -m pip install -r requirements-dev.txt
	@touch $@

$(VENV)/.requirements-mysql: requirements-mysql.txt $(VENV)/.requirements-dev
	@scripts/ensure-mariadb $(PYTHON)
	@scripts/pip-install $(PYTHON) -m pip install -r requirements-mysql.txt
	@touch $@

$(VENV)/.requirements-ldap: requirements-ldap.txt $(VENV)/.requirements-dev
	@scripts/ensure-identity-tools
	@scripts/pip-install $(PYTHON) -m pip install -r requirements-ldap.txt
	@touch $@

$(VENV)/.requirements-queue: requirements-queue.txt $(VENV)/.requirements-mysql
	@scripts/pip-install $(PYTHON) -m pip install -r requirements-queue.txt
	@touch $@

$(VENV)/.requirements-s3: requirements-s3.txt $(VENV)/.requirements
	@scripts/pip-install $(PYTHON) -m pip install -r requirements-s3.txt
	@touch $@

$(VENV)/moto/.requirements: requirements-moto.txt | $(PYTHON)
	@$(PYTHON) -m venv $(VENV)/moto
	@scripts/pip-install $(VENV)/moto/bin/python -m pip install -r requirements-moto.txt
	@touch $@

$(VENV)/containers/.requirements: requirements-containers.txt | $(PYTHON)
	@$(PYTHON) -m venv $(VENV)/containers
	@scripts/pip-install $(VENV)/containers/bin/python -m pip install -r requirements-containers.txt
	@touch $@

$(VENV)/backends/.requirements: requirements-backends.txt | $(PYTHON)
	@$(PYTHON) -m venv $(VENV)/backends
	@scripts/pip-install $(BACKENDS) -m pip install -r requirements-backends.txt
	@touch $@

$(VENV)/load/.requirements: requirements-load.txt requirements.txt | $(PYTHON)
	@$(PYTHON) -m venv $(VENV)/load
	@scripts/pip-install $(VENV)/load/bin/python -m pip install -r requirements-load.txt
	@touch $@

$(VENV)/oracles/.requirements: requirements-oracles.txt requirements.txt | $(PYTHON)
	@$(PYTHON) -m venv $(VENV)/oracles
	@scripts/pip-install $(VENV)/oracles/bin/python -m pip install -r requirements-oracles.txt
	@touch $@

$(VENV)/audit/.requirements: requirements-audit.txt requirements.txt requirements-dev.txt | $(PYTHON)
	@$(PYTHON) -m venv $(VENV)/audit
	@scripts/pip-install $(VENV)/audit/bin/python -m pip install -r requirements-audit.txt
	@touch $@

.PHONY: node_modules
node_modules: $(FRONT_END)

$(FRONT_END): package.json package-lock.json .npmrc | $(VENV)/.requirements
	@scripts/npm $(PYTHON) ci
	@touch $@

.env: | $(PYTHON)
	@$(PYTHON) scripts/write_env.py $@

$(BUILT_MODEL): models/current.json $(wildcard models/$(MODEL)/model_card.json models/$(MODEL)/trained.npz models/$(MODEL)/int8.npz) | $(VENV)/.requirements
	@COVIDXRAY_ENV_FILE= SECRET_KEY=not-needed-to-build $(MANAGE) build_model
	@touch $@

samples/chest.jpg: | $(VENV)/.requirements .env
	@$(MANAGE) place_samples
