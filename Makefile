# `make run` and `make test` do all their own set-up into .venv on a machine with Python 3.11 or newer.
PYTHON ?= python3
UV_VERSION = 0.13.9
BIN = .venv/bin
READY = .venv/.ready

.PHONY: run test test-long test-soak bench bench-curves check fmt lock sbom audit

run: $(READY)
	@$(BIN)/briefbot run

test: $(READY)
	$(BIN)/pytest -n 4 --dist worksteal

# What takes long to try, and the program left running, updated and installed: an hour each, on slow cores nearer two.
test-long: $(READY)
	$(BIN)/pytest -n 3 --dist worksteal -m long --timeout 7200

test-soak: $(READY)
	$(BIN)/pytest -n 3 --dist worksteal -m soak --timeout 3600

# Measures the product beside its floors and prints one table; under 10 minutes. MODULES names some of them.
bench: $(READY)
	@$(BIN)/python -m tests.benchmarks $(MODULES)

# Draws the curves in tests/benchmarks/curves/ anew, as CSV and SVG; MODULES names some of them.
bench-curves: $(READY)
	@$(BIN)/python -m tests.benchmarks.curves $(MODULES)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

# Formats the code and writes the generated files anew.
fmt: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python -m tests.generated

# Takes up the newest versions: the pins in pyproject.toml and the hashes for the image.
lock: $(READY)
	$(BIN)/python deploy/lock.py

# Writes what the image holds, and under which licences, into dist/.
sbom: $(READY)
	$(BIN)/python deploy/sbom.py

# Asks for known vulnerabilities of what the image holds; status 2 if nobody could be asked.
audit: $(READY)
	$(BIN)/python deploy/audit.py

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.12 run" >&2; exit 1; }
	@echo "Setting up .venv, once ..." >&2
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --editable . --group dev
	@touch $@
