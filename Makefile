# Needs Python 3.11 or newer and make. `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --disable-pip-version-check --quiet
# Tests wait half of their time for sockets, browsers and processes: three keep two processors busy.
WORKERS ?= 3
TESTS ?=
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install runtime demo schema test test-postgres test-pgbouncer bench lint format lock messages check clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; this is $$($(PYTHON) --version). Name another: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' \
	  || { echo "Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Creating $(VENV) …"
	@$(PYTHON) -m venv $(VENV)

# $(call installed,LOCK): installs a lock unless exactly this lock was installed before.
define installed
	@stamp="$(VENV)/.$(1).sum"; sum="$$(cksum < $(1))"; \
	if [ "$$(cat "$$stamp" 2>/dev/null)" != "$$sum" ]; then \
	  echo "Installing $(1) …"; $(PIP) --no-deps --require-hashes -r $(1) && echo "$$sum" > "$$stamp"; \
	fi
endef

runtime: $(PY) ## what the product needs to run
	$(call installed,requirements.lock)

install: runtime ## what development and tests need
	$(call installed,requirements-dev.lock)

demo: runtime ## the whole product on this machine (RESET=1 or ARGS=--reset starts over; PORT, SANDBOX_PORT, DATABASE_URL)
	@exec $(PY) manage.py demo $(if $(RESET),--reset) $(ARGS)

# With TESTS the coverage of a part would mean nothing, so only a whole run is held to it.
test: install ## the whole suite on SQLite (TESTS=path to run some, WORKERS=n processes)
	@exec env -u DATABASE_URL $(PY) -m pytest -n $(WORKERS) --dist loadgroup $(if $(TESTS),$(TESTS),--cov --cov-fail-under=95 --cov-report=term:skip-covered) $(ARGS)

test-postgres: install ## the whole suite on PostgreSQL (DATABASE_URL, else the local server)
	@DATABASE_URL="$${DATABASE_URL:-postgres://postgres@127.0.0.1:5432/postgres}"; export DATABASE_URL; \
	exec $(PY) -m pytest -n $(WORKERS) --dist loadgroup $(TESTS) $(ARGS)

test-pgbouncer: install ## a part of the suite through a pgbouncer of its own, in transaction mode (DATABASE_URL)
	@exec $(PY) -m tests.pooler $(TESTS) $(ARGS)

schema: install ## the API of a running demo against its own schema (two minutes)
	@exec $(PY) -m tests.schema_run $(ARGS)

bench: install ## what the product costs and keeps, as ratios
	@exec $(PY) -m tests.bench $(ARGS)

lint: install ## ruff, mypy and import-linter
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check --quiet .
	@$(VENV)/bin/mypy .
	@$(VENV)/bin/lint-imports --no-logo --no-cache

format: install ## let ruff put the code in order
	@$(VENV)/bin/ruff check --fix --quiet .
	@$(VENV)/bin/ruff format .

# Production's own checks, with settings like production's.
check: install ## makemigrations --check and check --deploy
	@DEBUG=1 $(PY) manage.py makemigrations --check --dry-run
	@ENV_FILE=/dev/null DEBUG=0 SECRET_KEY="$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(60))')" \
	  HASH_KEY="$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(60))')" \
	  CREDENTIAL_KEYS="$$($(PY) -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')" \
	  PUBLIC_BASE_URL=https://shop.example.com ALLOWED_HOSTS=shop.example.com TRUSTED_PROXIES=1 PROXY_BUFFERS=1 \
	  SILENCED_SYSTEM_CHECKS=coupons.W001 $(PY) manage.py check --deploy --fail-level WARNING

LOCK := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header
lock: $(PY) ## renew both lock files (needs uv, which is installed on first use)
	@test -x $(VENV)/bin/uv || $(PIP) uv
	@$(VENV)/bin/uv $(LOCK) $(ARGS) pyproject.toml -o requirements.lock
	@$(VENV)/bin/uv $(LOCK) $(ARGS) --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

messages: install ## collect and compile the translations (needs gettext)
	@DEBUG=1 DJANGO_SETTINGS_MODULE=config.settings $(PY) -m tests.catalogues

clean: ## remove what was generated, except the demo's data
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis htmlcov .coverage .coverage.*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
