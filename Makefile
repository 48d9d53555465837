# One environment for everything, made on first use. `make help` tells what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export DAGSTER_HOME := $(CURDIR)

.DEFAULT_GOAL := help

.PHONY: help
help: ## Tell what there is
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

.PHONY: install
install: $(VENV)/installed ## Install everything into .venv

.PHONY: demo
demo: $(VENV)/installed ## Sync invented charts cold and a day later, and show what it cost (no account needed)
	@$(BIN)/soundcharts-assets demo

.PHONY: dev
dev: $(VENV)/installed ## Open Dagster's UI with the daemon on http://127.0.0.1:3000
	@$(BIN)/soundcharts-assets dev

.PHONY: sandbox
sandbox: $(VENV)/installed ## Serve a local Soundcharts API on invented data
	@$(BIN)/soundcharts-assets sandbox

.PHONY: test
test: $(VENV)/installed ## Run the tests
	@$(BIN)/python -m pytest -n auto
	@# In processes of their own: Playwright keeps an event loop running, beside which Dagster starts none.
	@$(BIN)/python -m pytest -m browser -n 2

.PHONY: test-slow
test-slow: $(VENV)/installed ## Run the tests that take minutes: the live system, kills, faults, simulated days, whole budgets
	@$(BIN)/python -m pytest -m 'slow and not lake' -n 3 --dist loadfile

.PHONY: test-lake
test-lake: $(VENV)/installed ## Run the tests that take a Postgres, which they start: the lake, the instance on Postgres
	@$(BIN)/python -m pytest -m lake -n 3 --dist loadfile

.PHONY: test-duckdb2
test-duckdb2: .venv-duckdb2/installed ## Run the warehouse tests on DuckDB 2.0
	@PYTHONPATH=. .venv-duckdb2/bin/python -m pytest tests/warehouse

.venv-duckdb2/installed: constraints.txt
	$(PYTHON) -m venv .venv-duckdb2
	grep -v '^duckdb==' constraints.txt > .venv-duckdb2/constraints.txt
	.venv-duckdb2/bin/python -m pip install --quiet --disable-pip-version-check -c .venv-duckdb2/constraints.txt \
		'duckdb>=2.0,<2.1' pandas pytz filelock tenacity pytest hypothesis
	@touch $@

.PHONY: bench
bench: $(VENV)/installed-bench ## Compare with a plain downloader and with dlt (hours; benchmarks/README.md)
	@$(BIN)/python -m benchmarks.bench

.PHONY: bench-quick
bench-quick: $(VENV)/installed ## The same in a minute; fails where more is asked for than needed
	@$(BIN)/python -m benchmarks.bench --quick

$(VENV)/installed-bench: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,bench]'
	@touch $@

.PHONY: growth
growth: $(VENV)/installed ## Measure what a batch and a work list cost as the warehouse grows (see docs/growth.md)
	@$(BIN)/python -m benchmarks.growth

.PHONY: scale
scale: $(VENV)/installed ## Print the tables of docs/scale.md
	@$(BIN)/python -m benchmarks.scale

.PHONY: lint
lint: $(VENV)/installed ## Check format, style and types
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy

.PHONY: format
format: $(VENV)/installed ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

.PHONY: data
data: $(VENV)/installed ## Generate the sandbox's invented data anew
	@$(BIN)/python -m soundcharts_assets.sandbox.generate --out data/sandbox --seed 28

.PHONY: clean
clean: ## Remove the environments and everything under data that is not part of the project
	rm -rf $(VENV) .venv-duckdb2 .mypy_cache .pytest_cache .ruff_cache data/dagster data/demo.duckdb*

.PHONY: snapshot
snapshot: $(VENV)/installed ## Take the asset graph, the tables and the column lineage as they are for what the tests expect
	@$(BIN)/python -c "from tests.test_definitions import SNAPSHOT, asset_graph; SNAPSHOT.write_text(asset_graph())"
	@$(BIN)/python -c "from tests.warehouse.test_schema import SNAPSHOT, schema_text; SNAPSHOT.write_text(schema_text())"
	@$(BIN)/python -c "from tests.test_lineage import SNAPSHOT, column_lineage; SNAPSHOT.write_text(column_lineage())"

.PHONY: docs
docs: $(VENV)/installed ## Write docs/tables.md from the table specification
	@$(BIN)/python -c "from soundcharts_assets.warehouse.tables import as_markdown; print(as_markdown(), end='')" > docs/tables.md

.PHONY: control-plane
control-plane: $(VENV)/installed ## Time a tick of sensor and condition at 200 and at 2,000 charts
	@$(BIN)/python -m benchmarks.control_plane

.PHONY: month
month: $(VENV)/installed ## Simulate a month of 60 charts and print what it cost (about an hour)
	@$(BIN)/python -m tests.month
