# Every target does its own set-up: a virtual environment in .venv with the exact versions of constraints.txt.
PYTHON ?= python3
NEW_ENOUGH := $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "VIPgate needs Python 3.11 or newer: make PYTHON=python3.x")'
BIN := .venv/bin
READY := .venv/ready
# Calls are played in time, and a busy machine may make a caller late: what fails is run once more, and what fails twice
# has failed. A PIN that was told ends a run with another exit code, and with no second chance.
AGAIN := --last-failed --last-failed-no-failures=none

.PHONY: demo test test-freeswitch reliability soak fuzz lint serve check bench format install clean

demo: $(READY)
	$(BIN)/vipgate demo

test: $(READY)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --ignore=tests/reliability || { [ $$? -eq 1 ] && $(BIN)/coverage run --append -m pytest $(AGAIN); }
	$(BIN)/coverage report --fail-under=95

FREESWITCH ?= /usr
test-freeswitch: $(READY)
	VIPGATE_FREESWITCH=$(FREESWITCH) $(BIN)/pytest tests/freeswitch $(if $(REPORT),--report $(REPORT))

reliability: $(READY)
	$(BIN)/pytest tests/reliability --faults docs/reliability.md || { [ $$? -eq 1 ] && $(BIN)/pytest $(AGAIN); }

CALLS ?= 100000
soak: $(READY)
	$(BIN)/python benchmarks/soak.py --calls $(CALLS)

SECONDS ?= 600
fuzz: $(READY)
	$(BIN)/pytest tests/fuzz --fuzz $(SECONDS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

CONFIG ?= examples/vipgate.yaml
serve: $(READY)
	$(BIN)/vipgate serve --config $(CONFIG)

check: $(READY)
	$(BIN)/vipgate check $(CONFIG)

bench: $(READY)
	$(BIN)/python benchmarks/cpu_per_call.py
	$(BIN)/python benchmarks/slow_webservice.py

# For production: the package itself, not this checkout, with the exact versions of constraints.txt.
PREFIX ?= /opt/vipgate
install:
	$(NEW_ENOUGH)
	umask 022 && $(PYTHON) -m venv $(PREFIX) && $(PREFIX)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt .

$(READY): pyproject.toml constraints.txt
	$(NEW_ENOUGH)
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,lint]'
	touch $@

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
