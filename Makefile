# Every command runs in the project's own environment, .venv/, which uv builds from uv.lock on first use.
# scripts/uv brings uv where it is missing. Nothing outside this folder is changed.

UV := scripts/uv
# --frozen installs what uv.lock says, whatever package index this machine is set up for; `make lock` checks the lock.
RUN := $(UV) run --frozen

.DEFAULT_GOAL := help
unexport VIRTUAL_ENV

.PHONY: help demo ui jaeger test test-slow check lint format-check types imports lock workflows docs format clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

demo: ## run the demo pipeline against a local stand-in for the API and show what it cost
	@$(RUN) --no-default-groups python -m dagster_openai_otel.demo

ui: ## the same in the Dagster UI
	@$(RUN) --no-default-groups --group ui python -m dagster_openai_otel.demo ui

jaeger: ## collector, Jaeger, Prometheus and Grafana in containers, on this machine only; needs Docker
	@docker compose up --detach
	@echo "Jaeger: http://localhost:16686, Grafana: http://localhost:3001. To use them, set"
	@echo "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318"
	@echo "DAGSTER_OPENAI_OTEL_TRACE_URL='http://localhost:16686/trace/{trace_id}'"
	@echo "docker compose down stops them."

test: ## run the tests, but for those that take long
	@$(RUN) pytest -n auto -m "not slow"

test-slow: ## run the tests that take long: other processes, the demo, the Dagster UI
	@$(RUN) pytest -n auto -m slow

check: lint format-check types imports lock workflows docs ## everything that CI checks besides the tests

lint: ## ruff: faults and style
	@$(RUN) ruff check

format-check: ## ruff: layout
	@$(RUN) ruff format --check

types: ## mypy, strict
	@$(RUN) mypy

imports: ## import-linter: which module may import which
	@$(RUN) lint-imports --no-logo

# A mirror that this machine is set up for is no reason to write another lock.
lock: ## uv.lock fits pyproject.toml
	@env -u UV_INDEX -u UV_INDEX_URL -u UV_DEFAULT_INDEX -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS \
		$(UV) lock --check

workflows: ## the workflows of GitHub are what GitHub takes
	@$(RUN) check-jsonschema -q --builtin-schema vendor.github-workflows .github/workflows/*.yml

docs: ## build the documentation into docs/_build/, every broken reference an error
	@$(RUN) sphinx-build -q -W -n --keep-going docs docs/_build

format: ## mend what ruff can mend
	@$(RUN) ruff check --fix
	@$(RUN) ruff format

clean: ## remove what was built and cached; .venv/ and .tools/ stay
	@rm -rf .demo dist docs/_build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name .venv -prune -o -name .tools -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
