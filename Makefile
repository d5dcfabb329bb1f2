# perfkit's workshop. `make` lists the targets.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
CONTENDER ?= optimized

# Without bytecode every process would compile perfkit again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help profile compare report view test check format browser benchmark calibration hyperfine clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

profile: $(VENV)/.installed ## The main job: measure, verify and profile the bundled pipeline; leaves a report
	$(BIN)/perfkit compare baseline $(CONTENDER) --pipeline ml_training

compare: $(VENV)/.installed ## Measure and verify the bundled pipeline, without profiles
	$(BIN)/perfkit compare baseline $(CONTENDER) --pipeline ml_training --no-profile

report: $(VENV)/.installed ## Render the latest report again
	$(BIN)/perfkit report --pipeline ml_training

view: $(VENV)/.installed ## Open the baseline's latest profile in snakeviz
	$(BIN)/perfkit view --pipeline ml_training

test: $(VENV)/.installed-dev browser ## Run the tests
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(VENV)/.installed-dev ## Check style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/.installed-dev ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmark: $(VENV)/.installed-dev ## Measure perfkit's own costs
	$(BIN)/python benchmarks/overhead.py

calibration: $(VENV)/.installed-calibration hyperfine ## Measure how often verdicts are right, beside other tools (hours)
	$(BIN)/python benchmarks/calibration.py --raw build/calibration.jsonl --resume --output docs/calibration.md $(CALIBRATION)

clean: ## Remove the environment, caches and stored runs (reports stay)
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache
	rm -rf reports/*/runs reports/*/comparisons reports/*/verifications reports/*/scalings reports/*/.staging reports/.index
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# torch is pinned in the constraints: left to choose, pip takes gigabytes of CUDA packages.
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable ".[examples]" --config-settings editable_mode=compat
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) --editable ".[examples,dev]" --config-settings editable_mode=compat
	@touch $@

$(VENV)/.installed-calibration: $(VENV)/.installed
	$(PIP) --editable ".[calibration]" --config-settings editable_mode=compat
	@touch $@

# One of the other tools. Root on Debian gets it; elsewhere it is left out, with a word, where there is none.
hyperfine:
	@if ! command -v hyperfine >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends hyperfine >/dev/null; \
	fi

# One test looks at snakeviz in a real browser. Root on Debian gets one; elsewhere it is skipped without.
browser:
	@if ! command -v chromium >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null; \
	fi
